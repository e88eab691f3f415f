"""`SyncStore` and `Looks` in memory: the same contract, deterministic, with the hook of `tests.memory.storage`."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from threading import Lock

from shared.errors import Stale
from shared.links import Conflict, Hold, Look, SyncLink, SyncState, Write
from shared.model import SideName
from shared.ports import SyncRecord
from tests.memory.storage import OnCall, undisturbed


@dataclass(slots=True)
class _Partition:
    """All that is kept of one pair; `versions` count the saves of each link."""

    links: dict[str, SyncLink] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    aliases: dict[tuple[SideName, str], str] = field(default_factory=dict)
    conflicts: dict[tuple[str, str], Conflict] = field(default_factory=dict)
    writes: dict[tuple[str, str], Write] = field(default_factory=dict)
    hold: Hold | None = None


class MemorySyncStore:
    """`SyncStore`; `of` lets a test look at everything."""

    def __init__(self, on_call: OnCall = undisturbed) -> None:
        self._pairs: dict[str, _Partition] = {}
        self._on_call = on_call
        self._lock = Lock()

    def of(self, pair: str) -> _Partition:
        return self._pairs.setdefault(pair, _Partition())

    def read(self, pair: str, link_id: str) -> SyncRecord:
        return self._call("sync.read", lambda: self._record(pair, link_id))

    def some(self, pair: str, link_ids: Collection[str]) -> Mapping[str, SyncLink]:
        return {id: link for id in link_ids if (link := self.read(pair, id).link)}

    def of_item(self, pair: str, side: SideName, item_id: str) -> SyncRecord | None:
        def read() -> SyncRecord | None:
            id = self.of(pair).aliases.get((side, item_id))
            return self._record(pair, id) if id is not None else None

        return self._call("sync.of_item", read)

    def save(
        self,
        record: SyncRecord,
        link: SyncLink,
        conflicts: Sequence[Conflict] = (),
        releases: Sequence[SyncRecord] = (),
        writes: Sequence[Write] = (),
    ) -> SyncRecord:
        return self._call("sync.save", lambda: self._save(record, link, conflicts, releases, writes))

    def links(self, pair: str) -> Iterator[SyncLink]:
        yield from self._call("sync.links", lambda: sorted(self.of(pair).links.values(), key=lambda link: link.id))

    def unsettled(self, pair: str) -> Iterator[SyncLink]:
        def found() -> list[SyncLink]:
            return sorted((link for link in self.of(pair).links.values() if _unsettled(link)), key=lambda link: link.id)

        yield from self._call("sync.unsettled", found)

    def conflicts(self, pair: str, link_id: str) -> Iterator[Conflict]:
        rows = [row for (link, _), row in self.of(pair).conflicts.items() if link == link_id]
        yield from sorted(rows, key=lambda row: (row.at, row.id))

    def history(self, pair: str, *, link: str = "", plan: str = "", after: str = "") -> Iterator[tuple[str, Write]]:
        rows = sorted(self.of(pair).writes.values(), key=lambda row: (row.at, row.link, row.id), reverse=True)
        places = [(f"{number:06}", row) for number, row in enumerate(rows)]
        for place, row in places:
            if link in ("", row.link) and plan in ("", row.asked.plan) and place > after:
                yield place, row

    def hold(self, pair: str) -> Hold | None:
        return self._call("sync.hold", lambda: self.of(pair).hold)

    def set_hold(self, pair: str, hold: Hold | None) -> None:
        self._call("sync.set_hold", lambda: setattr(self.of(pair), "hold", hold))

    def _call[T](self, name: str, act: Callable[[], T]) -> T:
        self._on_call(f"before {name}")
        with self._lock:
            answer = act()
        self._on_call(f"after {name}")
        return answer

    def _record(self, pair: str, id: str) -> SyncRecord:
        partition = self.of(pair)
        return SyncRecord(pair, id, partition.links.get(id), partition.versions.get(id, 0))

    def _save(
        self,
        record: SyncRecord,
        link: SyncLink,
        conflicts: Sequence[Conflict],
        releases: Sequence[SyncRecord],
        writes: Sequence[Write],
    ) -> SyncRecord:
        partition = self.of(record.pair)
        assert link.id == record.link_id, "a link is saved over its own record"
        for read in (record, *releases):
            if partition.versions.get(read.link_id, 0) != read.token:
                raise Stale(f"link {read.link_id} was saved by somebody else")
        given_up = {release.link_id for release in releases}
        mine = set(link.ids.items())
        for item in mine:
            if partition.aliases.get(item, link.id) not in {link.id, *given_up}:
                raise Stale(f"item {item} belongs to link {partition.aliases[item]}")
        for release in releases:
            assert release.link is not None, "what is given up was owned"
            kept = {side: id for side, id in release.link.ids.items() if (side, id) not in mine}
            self._put(partition, replace(release.link, ids=kept))
        self._put(partition, link)
        for row in conflicts:
            partition.conflicts[link.id, row.id] = row
        for write in writes:
            partition.writes[link.id, write.id] = write
        return self._record(record.pair, link.id)

    def _put(self, partition: _Partition, link: SyncLink) -> None:
        for item in [item for item, owner in partition.aliases.items() if owner == link.id]:
            del partition.aliases[item]
        partition.links[link.id] = link
        partition.versions[link.id] = partition.versions.get(link.id, 0) + 1
        partition.aliases |= dict.fromkeys(link.ids.items(), link.id)


def _unsettled(link: SyncLink) -> bool:
    unfinished = link.state is SyncState.CREATING or (link.intent is not None and link.state is SyncState.SYNCED)
    return unfinished or bool(link.parked or link.doomed or link.missing or link.refusals)


class MemoryLooks:
    """`Looks`; as `tests.memory.storage.MemoryHints`."""

    def __init__(self, clock: Callable[[], datetime], on_call: OnCall = undisturbed) -> None:
        self.messages: list[tuple[datetime, int, Look]] = []
        self._numbers = count()
        self._clock = clock
        self._on_call = on_call

    def send(self, look: Look, delay_seconds: float = 0) -> None:
        self._on_call("before looks.send")
        self.put(look, delay_seconds)
        self._on_call("after looks.send")

    def send_all(self, looks: Iterable[Look], delay_seconds: float = 0) -> int:
        sent = 0
        for look in looks:
            self.send(look, delay_seconds)
            sent += 1
        return sent

    def put(self, look: Look, delay_seconds: float = 0) -> None:
        """`send` without the hook: what the queue itself does."""
        self.messages.append((self._clock() + timedelta(seconds=delay_seconds), next(self._numbers), look))

    def take(self) -> Look | None:
        """Remove and return the hint that has been due longest; None if none is."""
        first = min(self.messages, default=None, key=lambda message: message[:2])
        if first is None or first[0] > self._clock():
            return None
        self.messages.remove(first)
        return first[2]

    def next_due(self) -> datetime | None:
        """When the earliest hint is due; None if the queue is empty."""
        return min((due for due, _, _ in self.messages), default=None)
