"""Two listings of a project compared by a cursor that does not grow with it."""

import random

import pytest

from shared.connectors.ppm_express.feed import Listing
from shared.errors import Park

LARGEST_CELL = 32_000  # characters of text in Table Storage


def listing(count: int, seed: int = 1) -> dict[str, str]:
    dice = random.Random(seed)
    return {f"{dice.getrandbits(128):032x}": f"{dice.getrandbits(64):x}" for _ in range(count)}


def listed(versions: dict[str, str]) -> Listing:
    listing = Listing()
    for id, version in versions.items():
        listing.add(id, version)
    return listing


@pytest.mark.parametrize("count", [0, 1, 300, 5_000])
def test_every_change_is_named_and_little_else(count: int) -> None:
    before = listing(count)
    edited = sorted(before)[: count // 20 + 1]
    now = {**before, **dict.fromkeys(edited, "edited"), "new": "1"}
    named = set(listed(now).changed_since(listed(before).cursor()))
    assert {*edited, "new"} <= named
    assert len(named) <= 3 * (len(edited) + 1)


def test_nothing_changed_in_whatever_order_it_is_listed() -> None:
    before = listing(2_000)
    now = dict(reversed(before.items()))
    assert listed(now).cursor() == listed(before).cursor()
    assert listed(now).changed_since(listed(before).cursor()) == ()


def test_tasks_that_take_over_one_another_s_words_are_all_named() -> None:
    before = {id: str(number % 2) for number, id in enumerate(listing(5_000))}
    now = {id: str(1 - int(version)) for id, version in before.items()}
    assert listed(now).changed_since(listed(before).cursor()) == (*now,)


def test_an_edit_of_a_task_that_is_listed_twice_is_named() -> None:
    before, now = Listing(), Listing()
    for listing, version in ((before, "1"), (before, "1"), (now, "2"), (now, "2")):
        listing.add("twice", version)
    assert now.changed_since(before.cursor()) == ("twice",)


@pytest.mark.parametrize("count", [0, 10, 5_000, 50_000])
def test_a_cursor_fits_into_a_cell(count: int) -> None:
    assert len(listed(listing(count)).cursor()) <= LARGEST_CELL


@pytest.mark.parametrize("strange", ["", "1:", "1:####", "1:eJw=", "2:AAAA", "yesterday"])
def test_a_strange_cursor_is_refused(strange: str) -> None:
    with pytest.raises(Park, match="begin again without one"):
        Listing().changed_since(strange)
