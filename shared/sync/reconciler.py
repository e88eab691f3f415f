"""One hint followed to its end: which link it is about, and that link brought into step under its lease.

D1  the hint says where to look, never what to write     S1, C1  an item that nobody owns is reserved for one link
C8, C9  an item bearing a marker is ours, a person's clone of ours, or surplus     W1  one worker per link
X3  a pair on hold is left alone
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from shared.errors import Park, RetryLater
from shared.links import Copy, Look
from shared.model import SideName
from shared.ports import Side, SideDoor, SyncRecord, SyncStore
from shared.sync import copies, create
from shared.sync.hand import NO_LEASE, Hand, Outcome, Worker
from shared.sync.plan import EVERYTHING, Plan, Request
from shared.sync.rules import SIDES, PairRules
from shared.sync.run import Run

HELD_SECONDS = 600  # between two looks while a pair waits for a person

type Sides = Mapping[SideName, Side]


class Reconciler:
    def __init__(
        self,
        *,
        worker: Worker,
        rules: Callable[[str], PairRules],
        doors: Callable[[str], Mapping[SideName, SideDoor]],
    ) -> None:
        self._worker = worker
        self._rules = rules
        self._doors = doors

    def reconcile(self, look: Look, request: Request = EVERYTHING, expected: str | None = None) -> Outcome:
        """Bring what the hint is about into step. Raises `RetryLater` and `Stale`."""
        if (hold := self._worker.store.hold(look.pair)) is not None:
            raise RetryLater(f"the pair waits for a person: {hold.reason}", HELD_SECONDS)
        record = self._record(look)
        with self.sides(look.pair) as sides:
            if record is None or record.link is None:
                return self._newcomer(look, sides)
            return self._follow(look, record, sides, request, expected)

    def preview(self, pair: str, link: str, request: Request) -> Plan:
        record = self._worker.store.read(pair, link)
        if record.link is None:
            raise Park(f"pair {pair} has no link {link}")
        with self.sides(pair) as sides:
            return Run(self._worker, self._rules(pair), record, sides).preview(request)

    @contextmanager
    def sides(self, pair: str) -> Iterator[Sides]:
        """Both sides, through their doors."""
        doors = self._doors(pair)
        with ExitStack() as stack:
            yield {side: stack.enter_context(doors[side].open()) for side in SIDES}

    def _record(self, look: Look) -> SyncRecord | None:
        if look.link:
            return self._worker.store.read(look.pair, look.link)
        return self._worker.store.of_item(look.pair, look.side, look.item) if look.side else None

    def _follow(
        self,
        look: Look,
        record: SyncRecord,
        sides: Sides,
        request: Request = EVERYTHING,
        expected: str | None = None,
    ) -> Outcome:
        self._wait_for_lease(record)
        run = Run(self._worker, self._rules(look.pair), record, sides)
        try:
            return run.bring(look, request, expected)
        except Park as refusal:
            run.save(parked=refusal.reason, **NO_LEASE)
            return Outcome.PARKED

    def _newcomer(self, look: Look, sides: Sides) -> Outcome:
        """An item that no link owns: the copy of a link, or something new."""
        rules = self._rules(look.pair)
        if look.side is None:
            return Outcome.UNKNOWN
        item = sides[look.side].read([look.item], rules.keys(look.side)).get(look.item)
        if item is None or item.in_bin:
            return Outcome.UNKNOWN
        for id in create.marked(self._worker.address, look.pair, item.markers):
            record = self._worker.store.read(look.pair, id)
            if record.link is None:
                continue
            if create.owns(record.link, look.side, look.item):
                return self._follow(look, record, sides)
            self._wait_for_lease(record)
            if copies.remove_surplus(Hand(self._worker, rules, record, sides), look.side, item):
                return Outcome.REMOVED
        if look.side not in rules.adopt:
            return Outcome.UNLINKED
        record = free(self._worker.store, look.pair, look.side, look.item)
        if record.link is None:  # C1; somebody else who is quicker makes the save `Stale`
            link = create.reserved(self._worker.address, look.pair, record.link_id, look.side, look.item, Copy())
            record = self._worker.store.save(record, link)
        return self._follow(look, record, sides)

    def _wait_for_lease(self, record: SyncRecord) -> None:
        until = record.link.lease_until if record.link else None
        seconds = (until - self._worker.clock()).total_seconds() if until else 0
        if seconds > 0:
            raise RetryLater("another worker has it in hand, or its last write ended without an answer", seconds)


def free(store: SyncStore, pair: str, side: SideName, item: str) -> SyncRecord:
    """The row for an item's link: the first that is not there yet, or is the item's own already."""
    records = (store.read(pair, id) for id in create.link_ids(side, item))
    return next(record for record in records if record.link is None or record.link.ids.get(side) == item)
