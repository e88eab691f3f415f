"""Three hundred tickets through the great shuffle; `tests/bench/test_two_thousand.py` is the same with two thousand."""

import pytest

from tests.stories.shuffle import shuffle

TICKETS = 300


@pytest.mark.slow
def test_every_ticket_becomes_one_work_item_in_its_newest_version():
    shuffled = shuffle(TICKETS, kills=5, patience_seconds=240)
    assert (shuffled.wrong, shuffled.work_items) == ([], TICKETS)
    assert shuffled.kills >= 2, "the host was killed while there was work"
