"""What holds for every product: which bodies are taken, absent against cleared, dates, a connection's own words."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import NoTicket, Refused
from shared.model import Comment, Push, Ticket
from shared.tickets.history import fold, values
from shared.tickets.mapping import Sender, comments_of, the_ticket, understand, without_comments
from shared.tickets.notation import moment
from shared.tickets.preset import PRESETS, kinds, preset, recognisable

RECEIVED = datetime(2026, 3, 3, tzinfo=UTC)
FIXTURES = Path(__file__).parents[1] / "fixtures" / "itsm"
BODIES = {
    file.stem: (file.stem.split(".")[0], json.loads(file.read_text(encoding="utf-8")))
    for file in sorted(FIXTURES.glob("*.json"))
}


def read(document: Any, kind: str = "generic", headers: Mapping[str, str] | None = None, **own: Any) -> Push:
    return the_ticket(document, preset(kind).extended(**own), Sender(headers or {}, RECEIVED, "hash"))


# ---------------------------------------------------------------- the ticket in the body


@pytest.mark.parametrize(
    ("kind", "document", "place", "said"),
    [
        ("generic", {"title": "x"}, "id", "looked at `id`, found no identifier; there are the keys title"),
        ("generic", {"id": " "}, "id", "found no identifier"),
        ("generic", {"id": None}, "id", "found no identifier"),
        ("generic", {"id": {"a": 1}}, "id", "found no identifier"),
        ("generic", {"id": True}, "id", "found no identifier"),
        ("generic", {"id": "9" * 129}, "id", "longer than 128"),
        ("generic", {}, "id", "the object is empty"),
        ("generic", [], "ticket", "there is an empty list"),
        ("generic", [{"id": 1}, {"id": 2}], "ticket", "here are 2 tickets; send one"),
        ("servicenow", {"records": [{"sys_id": "1"}] * 3}, "ticket", "here are 3 tickets; send one"),
        ("servicenow", {"result": {"number": "INC1"}}, "id", "there are the keys number"),
        ("request_tracker", {"id": 1}, "ticket", "looked at `ticket`, found no object; there are the keys id"),
        ("jira", {"id": "1", "webhookEvent": "sprint_created"}, "id", "there are the keys id, webhookEvent"),
    ],
)
def test_a_body_without_a_ticket_is_told_where_it_was_looked_for(
    kind: str, document: Any, place: str, said: str
) -> None:
    with pytest.raises(NoTicket) as refused:
        read(document, kind)
    ((name, fault),) = refused.value.faults
    assert name == place
    assert said in fault
    assert kind in refused.value.reason
    assert refused.value.status == 422


def test_a_list_of_one_is_that_one() -> None:
    assert read([{"id": 7}]).ticket_id == "7"


def test_a_body_that_is_nested_without_end_is_no_ticket() -> None:
    document: dict[str, Any] = {"id": "1"}
    for _ in range(200):
        document = {"id": "1", "inner": document}
    with pytest.raises(NoTicket) as refused:
        read(document)
    assert refused.value.faults == (("ticket", "it is nested more than 100 levels deep"),)


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ("  Facilities ", "Facilities"),
        ("", ""),
        ("  ", ""),
        (None, ""),
        (3, "3"),
        (3.0, "3"),
        (-0.5, "-0.5"),
        (True, "true"),
        (False, "false"),
        ([], ""),
        (["a", None, 2, ["b"]], "a; 2; b"),
        ({"b": 1, "a": [None]}, '{"a": [""], "b": 1}'),
        ("a\x00b\x1bc\x85\ud800d\ufffe", "abcd"),
        ("a\tb\r\nc\rd", "a\tb\nc\nd"),
    ],
)
def test_every_value_becomes_clean_text(given: Any, read_as: str) -> None:
    assert read({"id": "1", "team": given}).fields["team"] == read_as


def test_absent_is_not_cleared() -> None:
    assert read({"id": "1"}).fields == {}
    assert read({"id": "1", "assignee": None, "status": "", "priority": None}).fields == {
        "assignee": "",
        "status": "",
        "status_category": "",
        "priority": "",
        "priority_level": "",
    }


@pytest.mark.parametrize("title", [None, "", " \r\n ", "\x00"])
def test_an_empty_title_takes_nothing_away(title: str | None) -> None:
    assert "title" not in read({"id": "1", "title": title}).fields


def test_a_title_is_one_line() -> None:
    assert read({"id": "1", "title": " VPN\r\n is\tdown "}).fields["title"] == "VPN is down"


@pytest.mark.parametrize("priority", [2, 2.0, "2", " 2 ", "2.0"])
def test_a_number_means_the_same_however_it_is_written(priority: Any) -> None:
    assert read({"id": "1", "priority": priority}).fields["priority_level"] == "2"


@pytest.mark.parametrize(("status", "priority"), [("Waiting for vendor", "P7"), (42, 0)])
def test_what_is_unknown_is_kept_and_not_guessed(status: Any, priority: Any) -> None:
    assert read({"id": "1", "status": status, "priority": priority}).fields == {
        "status": str(status),
        "priority": str(priority),
    }


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://desk.example.org/T-1?a=b", True),
        ("HTTP://desk.example.org", True),
        ("", True),
        ("javascript:alert(1)", False),
        ("ftp://desk.example.org/T-1", False),
        ("//desk.example.org/T-1", False),
        ("https://", False),
        ("https://[desk", False),
        ("https://desk.example.org/a b", False),
        (17, False),
    ],
)
def test_only_web_addresses_are_taken_as_links(url: Any, taken: bool) -> None:
    assert ("url" in read({"id": "1", "url": url}).fields) is taken


@pytest.mark.parametrize(
    ("version", "read_as"),
    [
        (0, 0),
        (4, 4),
        (4.0, 4),
        ("4", 4),
        ("10.0", 10),
        ("x", None),
        (-1, None),
        (1.5, None),
        (True, None),
        (2**63, None),
    ],
)
def test_a_version_is_a_count(version: Any, read_as: int | None) -> None:
    assert read({"id": "1", "version": version}).version == read_as


# ---------------------------------------------------------------- moments

QUARTER_PAST = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2026-03-02T08:15:00Z", QUARTER_PAST),
        ("2026-03-02 08:15:00", QUARTER_PAST),
        ("2026-3-2 8:15:00", QUARTER_PAST),
        ("2026-03-02 08:15:00 UTC", QUARTER_PAST),
        ("2026-03-02T00:15:00.000-0800", QUARTER_PAST),
        ("2026-03-02T13:45:00+05:30", QUARTER_PAST),
        ("2026-03-02 09:15 +0100", QUARTER_PAST),
        (1772439300, QUARTER_PAST),
        (1772439300000, QUARTER_PAST),
        ("1772439300000", QUARTER_PAST),
        (1772439300.0, QUARTER_PAST),
        ("2026-3-2 08:15:00,870", QUARTER_PAST + timedelta(milliseconds=870)),
        ("2026-03-02T08:15:00.8836446Z", QUARTER_PAST + timedelta(microseconds=883644)),
        ("2026-03-02T08:15:00.0+0000", QUARTER_PAST),
        ("2026-03-02T08:15:00.5Z", QUARTER_PAST + timedelta(milliseconds=500)),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", None),
        (0, None),
        (1, None),
        ("02/03/2026", None),
        ("2026-02-30T00:00:00Z", None),
        ("9999-12-31T23:59:59-2300", None),
        ("yesterday", None),
        (10**17, None),
        (True, None),
        ({"a": 1}, None),
        (None, None),
    ],
)
def test_moments(written: Any, found: datetime | None) -> None:
    assert moment(written) == found


def test_a_date_that_cannot_be_read_is_kept_as_it_came() -> None:
    found = read({"id": "1", "changed_at": "last Tuesday"})
    assert (found.changed_at, found.fields) == (None, {"changed_at_raw": "last Tuesday"})
    assert read({"id": "1", "changed_at": None}).fields == {}
    endless = read({"id": "1", "changed_at": "2026-03-02" + " " * 500_000 + "x"})
    assert len(endless.fields["changed_at_raw"]) < 1000


@given(st.datetimes(datetime(1990, 1, 2), datetime(9000, 1, 1), timezones=st.timezones()))
def test_any_moment_is_read_back_from_its_iso_form(given: datetime) -> None:
    given = given.astimezone(UTC)
    assert moment(given.isoformat()) == given
    assert moment(given.isoformat().replace("+00:00", "").replace("T", " ").replace(".", ",")) == given


# ---------------------------------------------------------------- a connection's own words


def test_a_connection_adds_fields_and_replaces_the_presets() -> None:
    found = read(
        {"sys_id": "1", "short_description": "x", "u_region": {"display_value": "EMEA", "value": "3"}, "u_title": "y"},
        "servicenow",
        fields={"region": "shown(u_region)", "title": "u_title", "delivery_id": 'headers."x-delivery"'},
        headers={"x-delivery": "d-1"},
    )
    assert found.fields == {"region": "EMEA", "title": "y"}
    assert found.delivery_id == "d-1"


def test_a_connection_can_say_where_the_ticket_is() -> None:
    body = {"event": {"at": 1772439300, "data": {"key": "A-1", "name": "VPN"}}}
    own = {"ticket": "event.data", "id": "key", "title": "name", "changed_at": "document.event.at"}
    found = read(body, fields=own)
    assert (found.ticket_id, found.fields, found.changed_at) == ("A-1", {"title": "VPN"}, QUARTER_PAST)


@pytest.mark.parametrize(
    ("statuses", "category"),
    [
        ({}, "in_progress"),
        ({"waiting  for Vendor": "open"}, "open"),
        ({"indeterminate": "resolved"}, "resolved"),
        ({"Bug:Waiting for vendor": "cancelled", "Waiting for vendor": "open"}, "cancelled"),
        ({"Story:Waiting for vendor": "cancelled"}, "in_progress"),
    ],
)
def test_a_connections_own_statuses_come_first(statuses: dict[str, str], category: str) -> None:
    status = {"name": "Waiting for vendor", "statusCategory": {"key": "indeterminate"}}
    issue = {"id": "1", "key": "A-1", "fields": {"status": status, "issuetype": {"name": "Bug"}}}
    assert read(issue, "jira", statuses=statuses).fields["status_category"] == category


def test_a_connections_own_priorities_come_first() -> None:
    own = {"urgent": 2, "P1": 1}
    assert read({"id": "1", "priority": "Urgent"}, priorities=own).fields["priority_level"] == "2"
    assert read({"id": "1", "priority": "p1"}, priorities=own).fields["priority_level"] == "1"
    assert read({"id": "1", "priority": "low"}, priorities=own).fields["priority_level"] == "4"


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("fields.[", r"`fields\.\[` .* it ends too early at column 9"),
        ("a b", r"`a b` .* 'b' is not expected at column 3"),
        ("a ? b", r"`a \? b` .* '\? b' is not expected at column 3"),
        ("", "an empty text"),
        ("a || shwon(b)", r"there is no function 'shwon' \(column 6\)"),
        ("a || shown(b, c)", r"shown\(\) takes 1 arguments, not 2 \(column 6\)"),
        ("not_null()", r"not_null\(\) takes 1 arguments, not 0"),
    ],
)
def test_a_wrong_expression_is_refused_with_the_place(expression: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        preset("generic").extended(fields={"region": expression})


@pytest.mark.parametrize("name", ["status_category", "priority_level", "changed_at_raw"])
def test_what_follows_from_other_fields_is_not_written(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} follows from other fields"):
        preset("generic").extended(fields={name: "'open'"})


def test_an_expression_that_does_not_fit_a_body_finds_nothing_there() -> None:
    own = {"region": "join(',', team)", "size": "contains(team, `1`)", "sum": "sum(team)"}
    assert read({"id": "1", "team": "x"}, fields=own).fields == {"team": "x"}


def test_there_is_a_preset_for_each_kind_and_no_other() -> None:
    files = {file.stem for file in PRESETS.glob("*.toml")}
    assert {*kinds()} == {"auto", *files}
    for unknown in ("remedy", "../presets/jira", ""):
        with pytest.raises(Refused, match="choose one of auto, "):
            preset(unknown)


# ---------------------------------------------------------------- several tickets, comments, any product


def read_all(document: Any, kind: str = "generic") -> list[Push | NoTicket]:
    return understand(document, preset(kind), Sender({}, RECEIVED, "hash"))


def test_each_ticket_of_a_batch_has_a_fate_of_its_own_and_keeps_its_place() -> None:
    one, broken, other = read_all([{"id": 1, "title": "a"}, {"title": "no id"}, {"id": 2, "title": "b"}])
    assert isinstance(one, Push)
    assert isinstance(other, Push)
    assert (one.ticket_id, other.ticket_id) == ("1", "2")
    assert one.received_at < other.received_at
    assert one.body_hash != other.body_hash
    assert isinstance(broken, NoTicket)
    assert broken.reason.startswith("ticket 2 of 3: no generic ticket in this body")


def test_the_same_ticket_twice_in_a_batch_is_two_statements_in_their_order() -> None:
    first, second = read_all([{"id": 1, "status": "open"}, {"id": 1, "status": "resolved"}])
    assert isinstance(first, Push)
    assert isinstance(second, Push)
    folded = fold(Ticket("1"), [second, first])
    assert values(folded)["status"] == "resolved"


def talk(*comments: dict[str, Any]) -> list[Comment]:
    return comments_of(read({"id": "1", "comments": [*comments]}).fields)


def test_comments_are_fields_of_their_own_by_their_id() -> None:
    said = {"id": 7, "body": "<p>Hi</p>", "format": "html", "author": "Ann", "public": True, "at": "2026-03-02"}
    assert talk(said) == [Comment("7", "<p>Hi</p>", "html", "Ann", True, "2026-03-02")]


@pytest.mark.parametrize(
    ("public", "seen"),
    [
        *((yes, True) for yes in (True, "true", 1, "1", "yes")),
        *((no, False) for no in (False, "false", None, "", 0, "maybe")),
    ],
)
def test_only_what_is_called_public_is_public(public: Any, seen: bool) -> None:
    assert [comment.public for comment in talk({"id": 1, "body": "x", "public": public})] == [seen]


def test_a_comment_without_an_id_is_known_by_what_it_says_and_one_without_words_is_none() -> None:
    (one,) = talk({"body": "x"})
    assert [one] == talk({"body": "x"})
    assert [one.id] != [comment.id for comment in talk({"body": "y"})]
    assert talk({"id": 1}, {"id": 2, "body": " "}) == []


def test_comments_with_long_ids_stay_apart() -> None:
    first, second = talk({"id": "https://x.example/" + "a" * 60 + "1", "body": "x"}, {"id": "b" * 80, "body": "x"})
    assert len({first.id, second.id}) == 2
    assert max(len(first.id), len(second.id)) <= 64


def test_placeholders_that_were_not_filled_in_say_nothing() -> None:
    push = read({"id": "1", "title": "{{ticket.title}}", "status": "${status}", "body": "costs ${5}? {{no}} doubt",
                 "priority": "#{ticket.priority}", "delivery_id": "{{delivery}}", "team": "$5 Fund"})  # fmt: skip
    assert push.fields == {"body": "costs ${5}? {{no}} doubt", "body_format": "auto", "team": "$5 Fund"}
    assert push.delivery_id is None


def test_comments_are_cut_to_a_length_that_can_be_kept() -> None:
    (long,) = talk({"id": 1, "body": "x" * 50_000})
    assert len(long.body) == 30_000
    assert long.body.endswith("x…")


def test_internal_comments_are_left_out_where_nobody_may_copy_them() -> None:
    push = read({"id": "1", "comments": [{"id": 1, "body": "a", "public": True}, {"id": 2, "body": "b"}]})
    kept = comments_of(without_comments(push, only_internal=True).fields)
    assert [(c.id, c.body, c.public) for c in kept] == [("1", "a", True), ("2", "", False)], "that it is internal is"
    assert comments_of(without_comments(push, only_internal=False).fields) == []


def test_the_product_becomes_part_of_an_id_that_was_told_by_its_shape() -> None:
    name = "jira.issue_created"
    (push,) = read_all(BODIES[name][1], "auto")
    plain = read(BODIES[name][1], "jira")
    assert isinstance(push, Push)
    assert (push.ticket_id, push.fields) == (f"jira:{plain.ticket_id}", {**plain.fields, "product": "jira"})


def test_so_it_does_of_the_ticket_that_one_was_merged_into() -> None:
    event = {"type": "zen:event-type:ticket.merged", "id": "e", "subject": "zen:ticket:6",
             "detail": {"id": "6", "status": "CLOSED"}, "event": {"target_ticket_id": "5"}}  # fmt: skip
    (push,) = read_all(event, "auto")
    assert isinstance(push, Push)
    assert (push.ticket_id, push.fields["merged_into"]) == ("zendesk:6", "zendesk:5")


def test_a_shape_that_nobody_knows_is_refused_with_what_was_looked_for_of_each_product() -> None:
    (nothing,) = read_all({"alert": "disk full"}, "auto")
    assert isinstance(nothing, NoTicket)
    assert "no product that we know sends this; there are the keys alert" in nothing.reason
    assert {kind for kind, _ in nothing.faults} == {known.kind for known in recognisable()}


def test_a_connection_of_any_product_may_have_words_of_its_own() -> None:
    own = preset("auto").extended(fields={"floor": "'3'"}, statuses={"Zu erledigen": "in_progress"})
    (push,) = understand(BODIES["jira.issue_created"][1], own, Sender({}, RECEIVED, "hash"))
    assert isinstance(push, Push)
    assert (push.fields["floor"], push.fields["status_category"]) == ("3", "in_progress")


# ---------------------------------------------------------------- properties

WORDS = st.sampled_from([
    "id", "key", "fields", "result", "records", "ticket", "issue", "comment", "self", "sys_id", "number", "state",
    "value", "display_value", "link", "status", "priority", "title", "url", "version", "changed_at", "description",
    "type", "content", "text", "attrs", "assignment_group", "webhookEvent", "timestamp", "event", "owner", "kind",
])  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["INC1", "doc", "https://x.example/rest/api/2/issue/1/comment/2", "1772439300000", "2026-3-2"])
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=6),
    max_leaves=20,
)


def outcome(document: Any, kind: str, headers: Mapping[str, str]) -> Push | str:
    try:
        return read(document, kind, headers)
    except NoTicket as refused:
        assert refused.faults
        return refused.reason


def is_sound(found: Push | str) -> bool:
    return isinstance(found, str) or (
        bool(found.ticket_id)
        and all(isinstance(value, str) and value == value.strip() for value in found.fields.values())
        and not {"comments", "work_notes"} & found.fields.keys()
    )


@given(document=JSON, kind=st.sampled_from(kinds()), headers=st.dictionaries(st.text(max_size=3), st.text()))
def test_no_json_is_too_strange_to_be_judged(document: Any, kind: str, headers: dict[str, str]) -> None:
    found = outcome(document, kind, headers)
    assert is_sound(found)
    assert outcome(document, kind, headers) == found


@settings(max_examples=200)
@given(name=st.sampled_from(sorted(BODIES)), data=st.data())
def test_no_damage_to_a_true_body_is_too_strange_to_be_judged(name: str, data: st.DataObject) -> None:
    kind, body = BODIES[name]
    assert is_sound(outcome(damaged(body, data), kind, {}))


@given(name=st.sampled_from(sorted(BODIES)), random=st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(name: str, random: Any) -> None:
    kind, body = BODIES[name]
    assert outcome(shuffled(body, random), kind, {}) == outcome(body, kind, {})


def damaged(value: Any, data: st.DataObject) -> Any:
    """The document with one thing in it, on a random way down, replaced by any other."""
    inner = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    if not inner or data.draw(st.integers(0, 4)) == 0:
        return data.draw(JSON)
    at = data.draw(st.sampled_from(inner))
    copy = value.copy()
    copy[at] = damaged(value[at], data)
    return copy


def shuffled(value: Any, random: Any) -> Any:
    if isinstance(value, list):
        return [shuffled(item, random) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    random.shuffle(keys)
    return {key: shuffled(value[key], random) for key in keys}
