"""The engine and the connector of Azure DevOps by themselves: what remains of the cost without host and storage.

The pair of a roadmap once more, with the same work items in the same simulator; the tasks, the rows and the queue are
in memory.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from infra.local.cloud import TOKEN, Cloud
from shared.connectors.azure_devops.side import AzureDevOpsSide, Organisation
from shared.links import Look
from shared.ports import Side
from shared.sync.hand import Outcome, Timing
from shared.sync.rules import BOARDS, PPM
from shared.sync.service import SyncService
from tests.bench.roadmap import NAME, PROJECTS, Known, Roadmap, in_step, laid_out, now
from tests.memory.sides import MemorySide
from tests.memory.storage import MemoryCursors
from tests.memory.sync_storage import MemorySyncStore

MESSAGES_AT_ONCE = 64  # batchSize and newBatchThreshold of host.json


@dataclass(frozen=True, slots=True)
class ByItself:
    """What became of the hints of a sweep, the seconds they took with it, and the calls of Azure DevOps."""

    outcomes: Mapping[Outcome, int]
    seconds: float
    of_boards: int


class Engine:
    def __init__(self, cloud: Cloud, roadmap: Roadmap) -> None:
        self._boards = _Counting(pool_maxsize=MESSAGES_AT_ONCE)
        organisation = Organisation(
            cloud.azure_devops_url, Known(TOKEN), connection="contoso", clock=now, adapter=self._boards
        )
        boards, rules = AzureDevOpsSide(organisation, PROJECTS), roadmap.rules
        self._ppm = MemorySide(PPM, now, infos=roadmap.sides[PPM].fields())
        self._looks = _Looks()
        store, cursors, sides = MemorySyncStore(), MemoryCursors(), {BOARDS: boards, PPM: self._ppm}
        self._sync = SyncService(
            store=store,
            looks=self._looks,
            cursors=cursors,
            rules=lambda pair: rules,
            doors=lambda pair: {side: _Door(there) for side, there in sides.items()},
            clock=now,
            new_id=lambda: uuid4().hex,
            timing=Timing(),
            address="",
        )
        work_items = boards.read(list(roadmap.task_of), rules.keys(BOARDS))
        self._task_of = laid_out(work_items, lambda said, parent: self._ppm.add("Task", said, parent))
        tasks = self._ppm.read(list(self._task_of.values()), rules.keys(PPM))
        for id, task in self._task_of.items():
            link = in_step(rules, work_items[id], tasks[task])
            store.save(store.read(NAME, link.id), link)
        for side, there in sides.items():
            cursors.write(f"{NAME}/{side}", there.changed(None).cursor)

    def rename_and_sweep(self) -> ByItself:
        """As people do it to every task."""
        for id, task in self._task_of.items():
            self._ppm.edit(task, {"Name": f"In memory: {id}"})
        self._boards.asked.clear()
        begun = time.perf_counter()
        self._sync.sweep(NAME)
        with ThreadPoolExecutor(MESSAGES_AT_ONCE) as pool:
            outcomes = Counter(pool.map(self._sync.handle, self._looks.taken()))
        return ByItself(outcomes, time.perf_counter() - begun, len(self._boards.asked))


class _Counting(HTTPAdapter):
    """The network; `asked` are the addresses that were called."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.asked: list[str | None] = []

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
