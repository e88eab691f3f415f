"""What keeping many links in step costs: calls of Azure DevOps, of the PPM tool and of storage, seconds and memory.

Counts are asserted. Seconds are this machine's, so only their ratio within one run says something. Azure DevOps takes
100 ms a call. What is compared with the official client:

whole product    host, worker, storage emulator, both simulators and the relays that count, all on this one machine; of
                 what a message takes, most is the work of those that Azure runs elsewhere. A worker is warm: it knows
                 types and fields, which a new one asks for once (`Cost.of_boards` of the first row).
engine           `tests.bench.engine`: sweep, reconciliation and connector in this process, 64 messages at once, with
                 rows, queue and tasks in memory. Only the simulator of Azure DevOps is still beside it.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.cloud import TOKEN, Cloud
from infra.local.ppm_express.running import RunningPpmExpress
from shared.model import SideName
from shared.sync.hand import Outcome
from shared.sync.rules import BOARDS, PPM
from tests.bench.engine import ByItself, Engine
from tests.bench.roadmap import Roadmap
from tests.bench.worker import Cost, Worker
from tests.stories.conftest import started

# The official client was last released in 2023; its warnings are not ours to mend.
pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("ignore")]

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
TIMES_FASTER = 10
ONE_BY_ONE = 200
MEGABYTES_MORE = 32  # that a worker may be larger with many links than with the fewest


@dataclass(frozen=True, slots=True)
class Measured:
    """`costs` by links, the side that people changed, and how many items."""

    costs: Mapping[tuple[int, SideName, int], Cost]
    engine: ByItself


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
    found = {}
    columns = f"{'boards':>8}{'PPM':>8}{'tables':>8}{'queue':>8}{'MB':>6}{'most':>6}"
    print(f"\n{'links':>8}{'changed':>16}{'hints':>8}{'seconds':>9}{columns}")
    for links, changes in CHANGES.items():
        with laid_down(links) as (cloud, worker, roadmap):
            for side, number in ((PPM, WARMING), *changes):
                roadmap.catch_up()
                found[links, side, number] = cost = worker.rename_and_sweep(side, number)
                assert roadmap.names_differ(number) == 0
                tell(links, f"{number:,} on {side}", cost)
            if links == FEWEST:
                one_by_one = with_the_official_client(cloud, roadmap, tmp_path_factory.mktemp("discovered"))
                engine = Engine(cloud, roadmap).rename_and_sweep()
    print(f"official client, one by one: {1 / one_by_one:.1f} work items a second")
    for what, seconds in (("whole product", found[FEWEST, PPM, MOST].seconds), ("engine", engine.seconds)):
        print(f"{what}: {MOST / seconds:.1f}, {one_by_one * MOST / seconds:.1f} times as many (aim: {TIMES_FASTER})")
    return Measured(found, engine)


def tell(links: int, what: str, cost: Cost) -> None:
    counts = f"{cost.of_boards:8,}{cost.of_ppm:8,}{cost.of_tables:8,}{cost.of_queues:8,}"
    memory = f"{cost.megabytes:6,}{cost.most_megabytes:6,}"
    print(f"{links:8,}{what:>16}{cost.hints:8,}{cost.seconds:9.1f}{counts}{memory}")


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
    for links in CHANGES:
        assert measured.costs[links, PPM, 0].hints == 0
        assert measured.costs[links, PPM, 0].of_boards <= QUIET_SWEEP_CALLS


@pytest.mark.parametrize("side", [PPM, BOARDS])
def test_many_changes_are_some_dozen_calls(measured, side):
    assert measured.costs[FEWEST, side, MOST].of_boards <= MANY_CHANGES_CALLS


def test_the_engine_writes_many_changes_by_a_few_calls(measured):
    assert measured.engine.outcomes == {Outcome.UPDATED: MOST}
    assert measured.engine.of_boards <= MANY_CHANGES_CALLS


@pytest.mark.parametrize("changed", [0, MOST])
def test_the_memory_of_a_worker_does_not_grow_with_the_links(measured, changed):
    few, *more = (measured.costs[links, PPM, changed] for links in CHANGES)
    for many in more:
        assert many.megabytes <= few.megabytes + MEGABYTES_MORE
        assert many.most_megabytes <= few.most_megabytes + MEGABYTES_MORE
