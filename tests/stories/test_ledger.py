"""What the judge of worlds takes for lost, come back or rewritten: without this, a world in step would show little."""

import pytest

from tests.stories.ledger import Ledger, token
from tests.stories.people import Edited

BOARD, TASK = ("boards", "1"), ("ppm", "a")
ITEMS = (BOARD, TASK)


@pytest.fixture
def ledger() -> Ledger:
    """The board's people typed one and then two, those of the PPM tool three in the place of one."""
    ledger = Ledger()
    ledger.enter(BOARD, "title", " One ", Edited(None, "One"))
    ledger.enter(BOARD, "title", "two", Edited("One", "two"))
    ledger.enter(TASK, "title", "three", Edited("ONE", "three"))
    return ledger


@pytest.mark.parametrize(
    ("final", "known", "faults"),
    [
        ("two", {"three"}, []),
        ("three", {"two"}, []),
        ("two", set(), ["{'three'} vanished"]),
        ("four", {"two", "three"}, ["'four' is nobody's"]),
        ("one", {"two"}, ["'one' came back", "{'three'} vanished"]),
    ],
)
def test_a_text_is_lost_if_nobody_replaced_it_and_it_is_nowhere_to_be_found(ledger, final, known, faults):
    found = list(ledger.lost(ITEMS, "title", final, known))
    assert [fault.partition(" after ")[0] for fault in found] == faults


def test_what_one_side_alone_edited_is_left_as_it_was(ledger):
    ledger.enter(TASK, "effort", 3, Edited(None, 3))
    assert list(ledger.rewritten(ITEMS, "effort", {BOARD: 3.0, TASK: 3})) == []
    assert list(ledger.rewritten(ITEMS, "effort", {BOARD: 4, TASK: 4})) == ["was left as 3 and is 4"]
    assert list(ledger.rewritten(ITEMS, "title", {BOARD: "x", TASK: "x"})) == [], "both sides edited it"


def test_a_text_is_what_its_typist_meant():
    assert token("<div> Two words</div>\n") == "two words"
    assert token(None) == ""
