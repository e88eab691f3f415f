"""What keeping many links in step costs: calls of Azure DevOps, of the PPM tool and of storage, seconds and memory.

Counts are asserted. Seconds are this machine's, which also runs storage, both simulators and whoever measures, so only
their ratio within one run says something. Azure DevOps takes 100 ms a call. A worker is warm: it knows types and
fields, which a new one asks for once (`Cost.of_boards` of the first row).
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.cloud import TOKEN, Cloud
from infra.local.ppm_express.running import RunningPpmExpress
from shared.model import SideName
from shared.sync.rules import BOARDS, PPM
from tests.bench.roadmap import Roadmap
from tests.bench.worker import Cost, Worker
from tests.stories.conftest import started

# The official client was last released in 2023; its warnings are not ours to mend.
pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("ignore")]

MOST = 1_000
CHANGES = {1_000: (0, 100, MOST), 10_000: (0, MOST)}  # by links; the emulator looks through all of them for each row
LINKS = tuple(CHANGES)
WARMING = 20
SECONDS_A_CALL = 0.1
QUIET_SWEEP_CALLS = 5
MANY_CHANGES_CALLS = 60
TIMES_FASTER = 10
ONE_BY_ONE = 200
MEGABYTES_MORE = 32  # that a worker may be larger with the most links than with the fewest


@dataclass(frozen=True, slots=True)
class Measured:
    """By links, the side that people changed, and how many items; `one_by_one` is in seconds an item."""

    costs: dict[tuple[int, SideName, int], Cost]
    one_by_one: float


@contextmanager
def laid_down(links: int) -> Iterator[tuple[Cloud, Worker, Roadmap]]:
    with ExitStack() as running:
        ppm = running.enter_context(RunningPpmExpress())
        vault = {"ppm-token": ppm.token}
        cloud = running.enter_context(started(settings={"REQUEST_TIMEOUT_SECONDS": "30"}, secrets=vault))
        cloud.host.stop()
        roadmap = Roadmap(cloud, ppm, links)
        worker = Worker(cloud, ppm, roadmap, running)
        cloud.control.latency(SECONDS_A_CALL)
        yield cloud, worker, roadmap


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    costs = {}
    print(
        f"\n{'links':>8}{'changed':>16}{'hints':>8}{'seconds':>9}{'boards':>8}{'PPM':>8}{'tables':>8}{'queue':>8}{'MB':>6}"
    )
    for links in LINKS:
        with laid_down(links) as (cloud, worker, roadmap):
            for side, number in [(PPM, WARMING), *((PPM, number) for number in CHANGES[links]), (BOARDS, MOST)]:
                roadmap.catch_up()
                costs[links, side, number] = cost = worker.rename_and_sweep(side, number)
                assert roadmap.names_differ(number) == 0
                tell(links, f"{number:,} on {side}", cost)
            if links == LINKS[0]:  # where storage is fast, as the real one is however many rows there are
                one_by_one = with_the_official_client(cloud, roadmap, tmp_path_factory.mktemp("discovered"))
    return Measured(costs, one_by_one)


def tell(links: int, what: str, cost: Cost) -> None:
    counts = f"{cost.of_boards:8,}{cost.of_ppm:8,}{cost.of_tables:8,}{cost.of_queues:8,}{cost.megabytes:6,}"
    print(f"{links:8,}{what:>16}{cost.hints:8,}{cost.seconds:9.1f}{counts}")


def with_the_official_client(cloud: Cloud, roadmap: Roadmap, cache: Path) -> float:
    """Seconds an item, when work items are updated one after the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AZURE_DEVOPS_CACHE_DIR", str(cache))
        from azure.devops.connection import Connection
        from azure.devops.v7_1.work_item_tracking.models import JsonPatchOperation
        from msrest.authentication import BasicAuthentication

        connection = Connection(base_url=cloud.azure_devops_url, creds=BasicAuthentication("", TOKEN))
        client = connection.clients_v7_1.get_work_item_tracking_client()
        begun = time.perf_counter()
        for id in roadmap.latest(ONE_BY_ONE):
            renaming = JsonPatchOperation(op="add", path="/fields/System.Title", value=f"One by one: {id}")
            client.update_work_item([renaming], int(id))
        return (time.perf_counter() - begun) / ONE_BY_ONE


def test_a_sweep_that_finds_nothing_is_a_few_calls_however_many_links_there_are(measured):
    quiet = [measured.costs[links, PPM, 0] for links in LINKS]
    assert [cost.hints for cost in quiet] == [0] * len(LINKS)
    assert max(cost.of_boards for cost in quiet) <= QUIET_SWEEP_CALLS


@pytest.mark.parametrize("side", [PPM, BOARDS])
def test_many_changes_are_some_dozen_calls(measured, side):
    assert max(measured.costs[links, side, MOST].of_boards for links in LINKS) <= MANY_CHANGES_CALLS


def test_many_changes_are_faster_than_one_by_one(measured):
    an_item = measured.costs[LINKS[0], PPM, MOST].seconds / MOST
    times = measured.one_by_one / an_item
    print(f"\nwork items written a second: {1 / an_item:.0f}; by the official client: {1 / measured.one_by_one:.0f}")
    print(f"{times:.1f} times as fast (aim: {TIMES_FASTER})")
    assert times > 1


def test_the_memory_of_a_worker_does_not_grow_with_the_links(measured):
    largest = {links: max(cost.megabytes for key, cost in measured.costs.items() if key[0] == links) for links in LINKS}
    assert largest[LINKS[-1]] <= largest[LINKS[0]] + MEGABYTES_MORE
