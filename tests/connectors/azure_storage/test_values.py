"""Nouns come back from a row as they were, whatever their size and whichever release wrote them."""

import json
import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.connectors.azure_storage.values import CHUNK_BYTES, MAX_TEXT_BYTES, TEXT, pack, restore, unpack
from shared.errors import Refused
from shared.model import Health, Link, LinkState, Push, Quarantined, Ticket

NOUNS = (Push, Ticket, Link, Health, Quarantined)
TIMES = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-8)), timezone(timedelta(hours=5.5))]))
st.register_type_strategy(datetime, TIMES)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize("noun", NOUNS)
def test_nouns_come_back(noun: type[Any]) -> None:
    @given(st.from_type(noun))
    def comes_back(value: Any) -> None:
        restored = restore(noun, unpack(pack(value)))
        assert restored == value
        assert type(restored) is noun

    comes_back()


@given(JSON)
def test_json_comes_back(document: Any) -> None:
    assert unpack(pack(document)) == document


@pytest.mark.parametrize("letter", ["x", "ü", "🎫", "\n"])
@pytest.mark.parametrize("length", [0, 15_000, 30_000, 30_718, 30_719, 32_766, 33_000, 70_000, 300_000])
def test_every_property_fits_its_limit(letter: str, length: int) -> None:
    noise = random.Random(1).choices(letter + "abcdefgh" * (length > 70_000), k=length)
    entity = pack("".join(noise))
    for value in entity.values():
        assert len(value.encode("utf-16-le") if isinstance(value, str) else value) <= 64 * 1024
    assert unpack(entity) == "".join(noise)


def test_short_text_can_be_read_in_the_portal() -> None:
    assert pack({"title": "Größe"}) == {TEXT: '{"title":"Größe"}'}


def test_long_text_is_compressed_and_cut() -> None:
    quotes = len('""')
    assert list(pack("x" * (MAX_TEXT_BYTES // 2 - quotes))) == [TEXT]
    assert list(pack("x" * (MAX_TEXT_BYTES // 2 - quotes + 1))) == ["document0"]
    noise = random.Random(1).randbytes(CHUNK_BYTES * 2)
    assert list(pack(noise)) == ["document0", "document1", "document2"]


def test_half_a_surrogate_pair_is_kept() -> None:
    entity = pack({"title": "\ud83c"})
    assert isinstance(entity[TEXT], str)
    assert entity[TEXT].isascii()
    assert unpack(entity) == {"title": "\ud83c"}


def test_what_no_entity_can_hold_is_refused() -> None:
    with pytest.raises(Refused, match=r"too large to store: \d+ bytes when compressed, 983040 at most") as refused:
        pack(random.Random(1).randbytes(1_000_000))
    assert refused.value.status == 413


def test_a_time_without_zone_is_a_fault() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        pack(Health(paused_until=datetime(2026, 11, 20)))


def test_rows_of_other_releases() -> None:
    older = {"id": "T1", "state": "synced", "marker": "m"}
    newer = older | {"mood": "good", "work_item_id": 7}
    assert restore(Link, older) == Link("T1", LinkState.SYNCED, "m")
    assert restore(Link, newer) == Link("T1", LinkState.SYNCED, "m", work_item_id=7)


def test_times_are_written_in_utc() -> None:
    health = Health(paused_until=datetime(2026, 11, 20, 8, 0, tzinfo=timezone(timedelta(hours=-8))))
    assert json.loads(str(pack(health)[TEXT]))["paused_until"] == "2026-11-20T16:00:00+00:00"
