"""A link in one worker's hand: as it was last saved, both its sides, and the few ways to read, save and write.

S2  every save is conditional; losing one ends the run        D5  a read older than the last is not planned on
C6  a doubtful write keeps its lease                          W1  no write on a lease about to end
W4, W5  an intent found is settled before anything is planned W6  without conditional writes: read, write, read
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from shared.errors import InDoubt, Park, RetryLater, Stale, StopConnection
from shared.links import Conflict, Intent, SyncLink, SyncState, Write
from shared.model import Item, ItemChange, SideName
from shared.ports import Clock, Looks, Side, SyncRecord, SyncStore
from shared.sync import guard, history, intents, parents
from shared.sync.intents import Stored
from shared.sync.parents import NONE, Views
from shared.sync.plan import Surroundings
from shared.sync.rules import SIDES, PairRules, named

AGAIN_SECONDS = 30  # after a parent that is not linked yet, or a move that did not fit
LOOK_AGAIN_SECONDS = 60  # after an item was not found


class Outcome(StrEnum):
    """What became of one hint; "nothing to do" is a result like the others."""

    CREATED = "created"
    ADOPTED = "adopted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    PARKED = "parked"
    POSTPONED = "postponed"
    MOVED = "moved"
    HELD = "held"
    GONE = "gone"
    DOOMED = "doomed"
    UNLINKED = "unlinked"
    REOPENED = "reopened"
    REMOVED = "removed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Timing:
    """Bounds that keep a doubtful write from being repeated too early; all in seconds."""

    request_timeout_seconds: float = 30
    late_landing_seconds: float = 30

    @property
    def lease_seconds(self) -> float:
        """Time for the reads and writes of one run, and for the last write to land late (C6)."""
        return 4 * self.request_timeout_seconds + self.late_landing_seconds


@dataclass(frozen=True, slots=True)
class Worker:
    """What a run works with; `address` is where the product is reached, and what markers begin with."""

    store: SyncStore
    looks: Looks
    clock: Clock
    new_id: Callable[[], str]
    timing: Timing
    address: str


class Hand:
    """What all steps over one link work with. `link` is what the next save makes of it."""

    def __init__(self, worker: Worker, rules: PairRules, record: SyncRecord, sides: Mapping[SideName, Side]) -> None:
        assert record.link is not None, "a run is over a link"
        self.worker = worker
        self.rules = rules
        self.named = named(rules.active)
        self._record = record
        self.sides = sides
        self.told: list[Write] = []  # what is history with the next save
        self.link: SyncLink = record.link

    def save(self, conflicts: Sequence[Conflict] = (), **changes: object) -> None:
        """S2. What is saved already is not saved again."""
        self.link = replace(self.link, **changes)
        if self.link != self._record.link or conflicts or self.told:
            self._record = self.worker.store.save(self._record, self.link, conflicts, writes=self.told)
            self.told = []

    # ---------------------------------------------------------------- what is there

    def look_up(self, side: SideName) -> Item | None:
        id = self.link.ids[side]
        item = self.sides[side].read([id], self.rules.keys(side)).get(id)
        if item is not None and older(item.version, self.link.versions.get(side, "")):
            raise RetryLater(f"{side} answered with an older state of {id} than it gave before", AGAIN_SECONDS)  # D5
        return item

    def count_missing(self, lost: Sequence[SideName]) -> None:
        """X1: not found is no evidence."""
        missing = {side: min(self.link.missing.get(side, 0) + 1, guard.MOST_SIGHTINGS) for side in lost}
        names = ", ".join(f"{side} {self.link.ids[side]}" for side in lost)
        if max(missing.values()) >= guard.MOST_SIGHTINGS:
            self.save(missing=missing)
            raise Park(f"{names} was not found {guard.MOST_SIGHTINGS} times: deleted for good, or hidden from us")
        self.save(missing=missing)
        raise RetryLater(f"{names} was not found", LOOK_AGAIN_SECONDS)

    def around(self, items: Mapping[SideName, Item], also: Collection[str] = ()) -> Surroundings:
        """Parents in link space, and the dead among those of the baseline and of these (H1, H3)."""
        if not self.rules.hierarchy.active or not all(side.capabilities().parents for side in self.sides.values()):
            return Surroundings({})
        known = {*self.link.parents.values(), *also} - {NONE}
        former = self.worker.store.some(self.link.pair, known)
        views = {side: self._view(side, items[side].parent, former.values()) for side in SIDES}
        return Surroundings(views, known - {id for id, link in former.items() if link.state.alive})

    def _view(self, side: SideName, parent_id: str | None, former: Iterable[SyncLink]) -> str:
        link = self._owner(side, parent_id, former) if parent_id is not None else None
        will_be_linked = side in self.rules.adopt
        if link and link.state is SyncState.CREATING:
            return parents.UNKNOWN
        return parents.view(parent_id, link, will_be_linked=will_be_linked)

    def _owner(self, side: SideName, item: str, former: Iterable[SyncLink]) -> SyncLink | None:
        """The link of a parent: mostly still that of the baseline, which was read for both sides at once."""
        for link in former:
            if link.ids.get(side) == item:
                return link
        record = self.worker.store.of_item(self.link.pair, side, item)
        return record.link if record else None

    def id_of(self, link: str, side: SideName) -> str:
        found = self.worker.store.read(self.link.pair, link).link
        if found is None or side not in found.ids:
            raise Park(f"link {link} has no item on {side} yet")
        return found.ids[side]

    # ---------------------------------------------------------------- what became of an intent

    def settle(self, items: Mapping[SideName, Item], around: Surroundings) -> None:
        """W4: what landed is history with the next save, which keeps both that and a new intent."""
        if (intent := self.link.intent) is None:
            return
        stored = self.landed(intent, items)
        told = len(self.told)
        self.tell(stored, around.views, {})
        plan = intent.asked.plan if len(self.told) > told else ""
        settled = intents.settled(self.link, self.named, stored, around.views)
        self.link = replace(settled, plan=plan or self.link.plan)

    def landed(self, intent: Intent, items: Mapping[SideName, Item]) -> Stored:
        """W5: what landed of an intent, as each side stored it."""
        stored = {}
        for side, item in items.items():
            sent = intents.fields_sent(intent, self.named, side)
            if not sent or item.in_bin:
                continue
            ours = self.sides[side].written_by_us(item.id, self.link.versions.get(side, ""), sent)
            shown = intents.shows(intent, self.named, side, item) if ours is None else None
            stored[side] = intents.by_rule(self.named, side, ours) if ours is not None else shown or {}
        return stored

    def tell(
        self, stored: Stored, landed: Views, refused: Mapping[SideName, Park], refused_move: Park | None = None
    ) -> None:
        """What became of the intent is history with the next save."""
        moves = self.link.intent.parent.sent if self.link.intent and self.link.intent.parent else ()
        self.told += history.of_intent(
            self.link,
            stored,
            landed,
            {side: park.reason for side, park in refused.items()},
            dict.fromkeys(moves, refused_move.reason) if refused_move else {},
            self.worker.clock(),
        )

    # ---------------------------------------------------------------- writing

    def update(self, side: SideName, change: ItemChange, seen: Item) -> Item:
        def update() -> Item:
            if not self.sides[side].capabilities().conditional_writes:
                self.look_once_more(side, change.fields, seen)
            return self.sides[side].update(change, self.rules.keys(side))

        return self.write(update)

    def look_once_more(self, side: SideName, fields: Collection[str], seen: Item) -> None:
        """W6: what would be overwritten is still what the plan was made from; see L1 for the moment that is left."""
        now = self.sides[side].read([seen.id], self.rules.keys(side)).get(seen.id)
        if now is None or now.in_bin or now.parent != seen.parent:
            raise Stale(f"{side} {seen.id} was moved by somebody else")
        if any(now.fields.get(key) != seen.fields.get(key) for key in fields):
            raise Stale(f"{side} {seen.id} was changed by somebody else")

    def write[T](self, write: Callable[[], T]) -> T:
        """Write under the lease just saved; what became of it in doubt is settled by the next run."""
        timing, until = self.worker.timing, self.link.lease_until
        needed = timedelta(seconds=timing.request_timeout_seconds + timing.late_landing_seconds)
        if until is None or until - self.worker.clock() < needed:  # W1
            raise RetryLater("storage was too slow for a safe write", timing.lease_seconds)
        try:
            return write()
        except InDoubt as doubt:  # C6
            raise RetryLater(doubt.reason, timing.lease_seconds) from doubt
        except (RetryLater, StopConnection, Stale):
            self.save(**NO_LEASE)
            raise

    def lease(self) -> dict[str, object]:
        until = self.worker.clock() + timedelta(seconds=self.worker.timing.lease_seconds)
        return {"lease_owner": self.worker.new_id(), "lease_until": until}


def older(version: str, known: str) -> bool:
    """Whether a version comes before another; versions that do not count do not tell."""
    return version.isdigit() and known.isdigit() and int(version) < int(known)


NO_LEASE = {"lease_owner": "", "lease_until": None}
SETTLED = {"intent": None, "attempted_at": None}
IN_STEP = {"missing": {}, "parked": "", "parked_on": "", "refusals": 0}
ALIVE = {"deleted": (), "doomed": False, "approved": False, **IN_STEP}
