"""The engine and its connectors in this process, without the Functions host: what a message costs by itself.

    with_storage    rows in the storage emulator, tasks in the simulator of PPM Express
    in_memory       rows and tasks in memory, so that only Azure DevOps is left

Work items are in the simulator of Azure DevOps, and hints in a list. As many are followed at once as the host would.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from infra.local.cloud import TOKEN, Cloud
from infra.local.running import REPOSITORY
from shared.connectors.azure_devops.side import AzureDevOpsSide, Organisation
from shared.connectors.azure_storage.clients import connect
from shared.connectors.azure_storage.cursors import TableCursors
from shared.connectors.azure_storage.links import TableSyncStore
from shared.links import Look
from shared.ports import Cursors, Side, SyncStore
from shared.sync.hand import Outcome, Timing
from shared.sync.rules import BOARDS, PPM, PairRules
from shared.sync.service import SyncService
from tests.bench.roadmap import NAME, PROJECTS, Known, Roadmap, in_step, laid_out, now
from tests.memory.sides import MemorySide
from tests.memory.storage import MemoryCursors
from tests.memory.sync_storage import MemorySyncStore

_QUEUES = json.loads((REPOSITORY / "host.json").read_text())["extensions"]["queues"]
MESSAGES_AT_ONCE = _QUEUES["batchSize"] + _QUEUES["newBatchThreshold"]


@dataclass(frozen=True, slots=True)
class ByItself:
    """What became of the hints of a sweep, the seconds they took with it, and the calls of Azure DevOps."""

    outcomes: Mapping[Outcome, int]
    seconds: float
    of_boards: int


class Engine:
    """`rename` is what people do to every task before each sweep."""

    def __init__(
        self,
        store: SyncStore,
        cursors: Cursors,
        rules: PairRules,
        boards: "_Boards",
        ppm: Side,
        rename: Callable[[], None],
    ) -> None:
        self._boards = boards
        self._rename = rename
        self._looks = _Looks()
        doors = {BOARDS: _Door(boards.side), PPM: _Door(ppm)}
        self._sync = SyncService(
            store=store,
            looks=self._looks,
            cursors=cursors,
            rules=lambda pair: rules,
            doors=lambda pair: doors,
            clock=now,
            new_id=lambda: uuid4().hex,
            timing=Timing(),
            address="",
        )

    def rename_and_sweep(self) -> ByItself:
        self._rename()
        self._boards.asked.clear()
        begun = time.perf_counter()
        self._sync.sweep(NAME)
        with ThreadPoolExecutor(MESSAGES_AT_ONCE) as pool:
            outcomes = Counter(pool.map(self._sync.handle, self._looks.taken()))
        return ByItself(outcomes, time.perf_counter() - begun, len(self._boards.asked))


def with_storage(cloud: Cloud, roadmap: Roadmap) -> Engine:
    tables = connect(cloud.settings).tables
    everything = len(roadmap.task_of)

    def rename() -> None:
        roadmap.catch_up()
        roadmap.rename(PPM, everything, f"With storage, at {time.monotonic()}:")

    store, cursors = TableSyncStore(tables), TableCursors(tables)
    return Engine(store, cursors, roadmap.rules, _Boards(cloud), roadmap.sides[PPM], rename)


def in_memory(cloud: Cloud, roadmap: Roadmap) -> Engine:
    boards, rules = _Boards(cloud), roadmap.rules
    ppm = MemorySide(PPM, now, infos=roadmap.sides[PPM].fields())
    work_items = boards.side.read(list(roadmap.task_of), rules.keys(BOARDS))
    task_of = laid_out(work_items, lambda said, parent: ppm.add("Task", said, parent))
    tasks = ppm.read(list(task_of.values()), rules.keys(PPM))
    store, cursors = MemorySyncStore(), MemoryCursors()
    for id, task in task_of.items():
        link = in_step(rules, work_items[id], tasks[task])
        store.save(store.read(NAME, link.id), link)
    for side, there in ((BOARDS, boards.side), (PPM, ppm)):
        cursors.write(f"{NAME}/{side}", there.changed(None).cursor)

    def rename() -> None:
        for id, task in task_of.items():
            ppm.edit(task, {"Name": f"In memory, at {time.monotonic()}: {id}"})

    return Engine(store, cursors, rules, boards, ppm, rename)


class _Boards(HTTPAdapter):
    """`side` with the network between; `asked` are the addresses that were called."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(pool_maxsize=MESSAGES_AT_ONCE)
        self.asked: list[str | None] = []
        url, token = cloud.azure_devops_url, Known(TOKEN)
        self.side = AzureDevOpsSide(Organisation(url, token, connection="contoso", clock=now, adapter=self), PROJECTS)

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        self.asked.append(request.url)
        return super().send(request, *args, **options)


class _Looks:
    """`Looks` for whom nothing has to wait."""

    def __init__(self) -> None:
        self._sent: list[Look] = []

    def send(self, look: Look, delay_seconds: float = 0) -> None:
        self._sent.append(look)

    def send_all(self, looks: Iterable[Look]) -> int:
        before = len(self._sent)
        self._sent.extend(looks)
        return len(self._sent) - before

    def taken(self) -> list[Look]:
        taken, self._sent = self._sent, []
        return taken


@dataclass(frozen=True, slots=True)
class _Door:
    """A `SideDoor` that is never shut."""

    side: Side

    def open(self) -> AbstractContextManager[Side]:
        return nullcontext(self.side)
