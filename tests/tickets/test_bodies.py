"""Which request bodies are taken as JSON, and what is said of those that are not."""

import pytest

from shared.errors import NoTicket, Refused
from shared.tickets.bodies import parse


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "Application/JSON; charset=utf-8",
        "text/json",
        "application/vnd.acme.v2+json",
        "application/problem+json;x=y",
    ],
)
def test_json_is_taken_under_its_names(content_type: str | None) -> None:
    assert parse(b'{"id": "1"}', content_type) == {"id": "1"}


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "text/html", "json"])
def test_json_is_taken_under_any_other_name_too(content_type: str) -> None:
    assert parse(b'{"id": "1"}', content_type) == {"id": "1"}


@pytest.mark.parametrize(
    ("content_type", "body"), [("text/xml", b"<ticket/>"), ("application/x-www-form-urlencoded", b"id=1&title=x")]
)
def test_what_is_neither_called_json_nor_is_any_is_refused_with_what_to_send(content_type: str, body: bytes) -> None:
    with pytest.raises(Refused, match=f"send the ticket as application/json, not as {content_type}") as refused:
        parse(body, content_type)
    assert refused.value.status == 415


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"a": "x\ny\tz"}', "x\ny\tz"),
        ('{"a": "<p class="x y">Hi <a href="https://x.example/?a=1">there</a></p>"}',
         '<p class="x y">Hi <a href="https://x.example/?a=1">there</a></p>'),
        ('{"a": "<p class=\\"x\\">Hi</p> <i id="y">"}', '<p class="x">Hi</p> <i id="y">'),
        ('{"a": "one < two", "b": "c > d"}', "one < two"),
    ],
)  # fmt: skip
def test_templates_that_escape_nothing_are_read_where_there_is_one_way_to_read_them(body: str, text: str) -> None:
    assert parse(body.encode(), "application/json")["a"] == text


def test_a_byte_order_mark_is_no_part_of_the_body() -> None:
    assert parse(b"\xef\xbb\xbf" + '{"title": "Größe"}'.encode(), None) == {"title": "Größe"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "line 1, column 1, where the end of the body stands"),
        (b'{"a": 1,\n "b": tru}', "line 2, column 7, where 'tru}' stands"),
        (b'{"a": "he said "no" to me"}', "line 1, column 17"),
        (b'{"a": 1} {"b"', "Extra data at line 1, column 10"),
        (b'{"a": "\xff"}', "not UTF-8: byte 8 is 0xff"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8: byte 1 is 0xff"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": -Infinity}', "-Infinity is no JSON number"),
        (b'{"a": 1, "b": 2, "a": 3}', "the key 'a' stands twice in one object"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digits"),
        (b"[" * 200_000, "recursion"),
    ],
)
def test_what_is_no_json_is_refused_with_the_place(body: bytes, said: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(body, "application/json")
    assert refused.value.status == 400
    assert said in refused.value.reason


@pytest.mark.parametrize("body", [b"1", b'"INC1"', b"null", b"true"])
def test_a_single_value_is_no_ticket(body: bytes) -> None:
    with pytest.raises(NoTicket, match="a ticket is a JSON object"):
        parse(body, None)
