"""What keeping many links in step costs: calls of Azure DevOps, of the PPM tool and of storage, and memory.

Azure DevOps takes 100 ms a call. Seconds are this machine's, which runs storage, both simulators and the relays that
count, too; `test_sync_speed.py` compares. A worker is warm: it knows types and fields, which a new one asks for once.
"""

from collections.abc import Mapping

import pytest

from shared.model import SideName
from shared.sync.rules import BOARDS, PPM
from tests.bench.roadmap import laid_down
from tests.bench.worker import Cost, fresh

pytestmark = pytest.mark.bench

MOST = 1_000
WARMING = 20  # changes that a new worker follows first
CHANGES = {  # by links
    1_000: ((PPM, 0), (PPM, 100), (PPM, MOST), (BOARDS, MOST)),
    10_000: ((PPM, 0), (PPM, 100), (PPM, MOST)),
    50_000: ((PPM, 0), (PPM, 100), (PPM, MOST)),
}
FEWEST = min(CHANGES)
SECONDS_A_CALL = 0.1
QUIET_SWEEP_CALLS = 5
MANY_CHANGES_CALLS = 60
MEGABYTES_MORE = 32  # that a worker may be larger with many links than with the fewest

type Costs = Mapping[tuple[int, SideName, int], Cost]  # by links, the side that people changed, and how many items


@pytest.fixture(scope="module")
def costs() -> Costs:
    found = {}
    columns = f"{'boards':>8}{'PPM':>8}{'tables':>8}{'queue':>8}{'MB':>6}{'most':>6}"
    print(f"\n{'links':>8}{'changed':>16}{'hints':>8}{'seconds':>9}{columns}")
    for links, changes in CHANGES.items():
        with laid_down(links, SECONDS_A_CALL) as (cloud, ppm, roadmap), fresh(cloud, ppm, roadmap) as worker:
            for side, number in ((PPM, WARMING), *changes):
                roadmap.catch_up()
                found[links, side, number] = cost = worker.rename_and_sweep(side, number)
                assert roadmap.names_differ(number) == 0
                tell(links, f"{number:,} on {side}", cost)
    return found


def tell(links: int, what: str, cost: Cost) -> None:
    counts = f"{cost.of_boards:8,}{cost.of_ppm:8,}{cost.of_tables:8,}{cost.of_queues:8,}"
    memory = f"{cost.megabytes:6,}{cost.most_megabytes:6,}"
    print(f"{links:8,}{what:>16}{cost.hints:8,}{cost.seconds:9.1f}{counts}{memory}")


def test_a_sweep_that_finds_nothing_is_a_few_calls_however_many_links_there_are(costs):
    for links in CHANGES:
        assert costs[links, PPM, 0].hints == 0
        assert costs[links, PPM, 0].of_boards <= QUIET_SWEEP_CALLS


@pytest.mark.parametrize(("links", "side"), [(FEWEST, PPM), (FEWEST, BOARDS), (10_000, PPM)])
def test_many_changes_are_some_dozen_calls(costs, links, side):
    assert costs[links, side, MOST].of_boards <= MANY_CHANGES_CALLS


@pytest.mark.parametrize("changed", [0, MOST])
def test_the_memory_of_a_worker_does_not_grow_with_the_links(costs, changed):
    few, *more = (costs[links, PPM, changed] for links in CHANGES)
    for many in more:
        assert many.megabytes <= few.megabytes + MEGABYTES_MORE
        assert many.most_megabytes <= few.most_megabytes + MEGABYTES_MORE
