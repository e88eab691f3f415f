"""Lists read in pieces: the same as read at once, wherever the pieces end; never one that looks shorter than it is."""

import json
import random
import tracemalloc
from collections.abc import Iterator

import pytest

from shared.connectors import lists
from shared.connectors.lists import members

NAME = "data"
TASK = {"id": "1", "name": 'Größe 😀 "]}{[', "values": [1, -2.5e-3, True, None, {}, []], "few": 12345678901234567890}
DOCUMENTS = [
    {"data": []},
    {"data": [TASK]},
    {"data": [TASK] * 20, "total": 20},
    {"total": 1.25e2, "about": {"data": [1, 2]}, "none": None, "yes": True, "data": [12, 345, -1.5, "x", [7], None]},
    {"data": ["\ud83d", "", "\\"]},  # half a character, as JSON can say it
]


def pieces(text: bytes, length: int) -> Iterator[bytes]:
    return (text[start : start + length] for start in range(0, len(text), length))


@pytest.mark.parametrize("length", [1, 2, 3, 7, 64, 65536])
@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii", [True, False])
def test_members_are_those_that_the_whole_text_has(document, length, indent, ascii):
    text = json.dumps(document, indent=indent, ensure_ascii=ascii).encode(errors="replace")
    assert list(members(pieces(text, length), NAME)) == json.loads(text)[NAME]


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\r\n\t ", b"\xef\xbb\xbf \n"])
def test_what_may_stand_before_and_after(mark):
    assert list(members(pieces(mark + b' {"data" : [ 1 ,\n2 ] } \n', 2), NAME)) == [1, 2]


@pytest.mark.parametrize("length", [1, 5, 65536])
def test_a_text_that_ends_too_early_is_never_a_shorter_list(length):
    text = json.dumps({"before": 1, "data": [TASK, 12, "x"], "after": [1]}, ensure_ascii=False).encode()
    for end in range(len(text)):
        with pytest.raises(ValueError):
            list(members(pieces(text[:end], length), NAME))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>",
        b"[1]",
        b"null",
        b"{}",
        b'{"data": null}',
        b'{"data": {"item": 1}}',
        b'{"other": [1]}',
        b'{"about": {"data": [1]}}',
        b'{"data": [1,]}',
        b'{"data": [,1]}',
        b'{"data": [1 2]}',
        b'{"data": [{"a" 1}]}',
        b'{"data": [1]]',
        b'{"data": [1]} {"data": [2]}',
        b'{"data": [1],}',
        b'{"data": ["\xff"]}',
        b'{"data": [1]}\x00',
    ],
)
@pytest.mark.parametrize("length", [1, 65536])
def test_what_is_not_an_object_with_the_list_is_refused(text, length):
    with pytest.raises(ValueError):
        list(members(pieces(text, length), NAME))


def test_a_text_with_any_byte_changed_is_read_as_a_whole_or_not_at_all():
    text, dice = json.dumps({"data": [TASK] * 5}).encode(), random.Random(1)
    for _ in range(500):
        changed = bytearray(text)
        changed[dice.randrange(len(text))] = dice.randrange(256)
        try:
            whole = json.loads(changed.decode())[NAME]
        except (ValueError, KeyError):
            with pytest.raises(ValueError):
                list(members(pieces(bytes(changed), 16), NAME))
        else:
            assert list(members(pieces(bytes(changed), 16), NAME)) == whole


def test_of_a_long_list_little_is_held():
    def long() -> Iterator[bytes]:
        yield b'{"data": [0'
        for _ in range(2_000):
            yield b"," + b",".join([json.dumps(TASK).encode()] * 20)
        yield b"]}"

    tracemalloc.start()
    try:
        assert sum(1 for _ in members(long(), NAME)) == 40_001
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("member", ["nope", "[" * 2000, '"endless'])
def test_of_a_malformed_list_little_is_read(member, monkeypatch):
    monkeypatch.setattr(lists, "LONGEST_VALUE", 2**16)
    coming = pieces(b'{"data": [1, ' + member.encode() + b"x" * 2**20, 2**10)
    with pytest.raises(ValueError, match="malformed"):
        list(members(coming, NAME))
    assert sum(map(len, coming)) > 2**19
