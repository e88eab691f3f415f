"""Two thousand tickets through the great shuffle: how long it takes, and what a ticket costs in calls of Azure DevOps.

The seconds are this machine's. The calls per ticket are the same on any: both versions of a ticket and all that a kill
made the host do again, without the looks of this test at the board.
"""

import pytest

from tests.stories.shuffle import shuffle

pytestmark = pytest.mark.bench

TICKETS = 2000
KILLS = 30


def test_two_thousand_tickets_become_two_thousand_work_items():
    shuffled = shuffle(TICKETS, KILLS, patience_seconds=1800)
    print(
        f"\n{TICKETS:,} tickets, {shuffled.pushes:,} pushes ({shuffled.sent_again} sent again, for want of an answer), "
        f"{shuffled.kills} kills: {shuffled.work_items:,} work items, each right, after {shuffled.seconds:.0f} s\n"
        f"{TICKETS / shuffled.seconds:.1f} tickets a second; {shuffled.calls_per_ticket:.2f} calls of Azure DevOps per "
        f"ticket; {shuffled.poisoned} messages in the poison queue"
    )
    assert (shuffled.wrong, shuffled.work_items) == ([], TICKETS)
    assert shuffled.kills >= KILLS // 2, "the host was killed while there was work"
