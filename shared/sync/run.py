"""One run over one link: what was read, what is saved, and the steps between, each of which a worker may die after.

S2  every save is conditional; losing one ends the run        D5  a read older than the last is not planned on
C4  search before a create is repeated  C5  record the attempt, create, commit C6  a doubtful write keeps its lease
C7  a found copy's baseline is what we made                   C9  a surplus copy goes if nobody touched it
W1  no write on a lease about to end     W2  intent, write, baseline: three saves  W3  writes test the version
W4, W5  an intent found is settled before anything is planned W6  without conditional writes: read, write, read
H2, H4, H5  parents that wait, cross, or are refused          X1, X2  deletions
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from shared.errors import Circular, InDoubt, NotFound, Park, Refused, RetryLater, Stale, StopConnection
from shared.links import Conflict, Intent, Look, ParentIntent, SyncLink, SyncState
from shared.model import Item, ItemChange, Move, SideName
from shared.ports import Clock, Looks, Side, SyncRecord, SyncStore
from shared.sync import create, guard, intents, parents, plan
from shared.sync.guard import Fate
from shared.sync.parents import NONE, ParentDecision, Views
from shared.sync.plan import EVERYTHING, Plan, Request, Surroundings
from shared.sync.rules import SIDES, PairRules, named, other

PASSING = (Circular, NotFound)  # a parent refused for now: what is in the way may move, what is in the bin be restored
BEFORE_THE_FIRST = "0"  # the version after which all revisions come
BINNING = "bin"  # what was tried when a side refused to put an item into the bin
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


class Run:
    """The link as last saved, and the steps that move it on."""

    def __init__(self, worker: Worker, rules: PairRules, record: SyncRecord, sides: Mapping[SideName, Side]) -> None:
        assert record.link is not None, "a run is over a link"
        self._worker = worker
        self._rules = rules
        self._named = named(rules.active)
        self._record = record
        self._sides = sides
        self.link: SyncLink = record.link

    def save(self, conflicts: Sequence[Conflict] = (), **changes: object) -> None:
        """S2. What is saved already is not saved again."""
        self.link = replace(self.link, **changes)
        if self.link != self._record.link or conflicts:
            self._record = self._worker.store.save(self._record, self.link, conflicts)

    # ---------------------------------------------------------------- the way of a link

    def bring(self, look: Look, request: Request = EVERYTHING, expected: str | None = None) -> Outcome:
        """The two items to where the rules want them. `expected` is the fingerprint of the only plan to be applied."""
        if self.link.state is SyncState.CREATING:
            return self._create(look)
        if self.link.state is SyncState.UNLINKED and not self.link.deleted:
            return Outcome.UNLINKED
        if len(self.link.ids) < len(SIDES):
            return self._revive(look)
        items = self._read()
        if self.link.intent and self.link.intent.bin and items[self.link.intent.bin].in_bin:
            self._gone()  # W4: that it is in the bin is our doing, and says nothing against the other item
        edited = self._edited(items)
        match guard.fate(self.link, items, self._rules.deletes, edited=edited):
            case Fate.TOGETHER:
                return self._agree(look, items, request, expected)
            case Fate.REOPEN:
                self.save(state=SyncState.SYNCED, **_ALIVE)
                return self._agree(look, items, request, expected)
            case Fate.REMAKE:
                return self._remake(items)
            case Fate.APART:
                return Outcome.GONE if self.link.state is SyncState.GONE else Outcome.UNLINKED
            case Fate.GONE:
                self.save(state=SyncState.GONE, deleted=SIDES, doomed=False, **NO_LEASE)
                return Outcome.GONE
            case Fate.UNLINK:
                return self._unlink(items, edited=edited)
            case Fate.FOLLOW:
                return self._follow(look, items)

    def preview(self, request: Request) -> Plan:
        """What `bring` would write now, without writing or saving anything."""
        if self.link.state is not SyncState.SYNCED:
            raise Refused(409, f"link {self.link.id} is {self.link.state}: there is nothing to plan")
        found = {side: self._look_up(side) for side in SIDES}
        items = {side: item for side, item in found.items() if item is not None and not item.in_bin}
        if len(items) < len(SIDES):
            raise Refused(409, f"an item of link {self.link.id} is in the bin, or not to be found")
        around = self._around(items)
        self.link = self._settled(items, around)
        return plan.make(self._rules, self.link, items, around, request)

    def _read(self) -> Mapping[SideName, Item]:
        """Both items as they are now (D1)."""
        found = {side: self._look_up(side) for side in SIDES}
        items = {side: item for side, item in found.items() if item is not None}
        lost = [side for side in SIDES if side not in items]
        if lost:
            self._count_missing(lost)
        if self.link.missing:
            self.link = replace(self.link, missing={}, parked="", parked_on="")
        return items

    def _look_up(self, side: SideName) -> Item | None:
        id = self.link.ids[side]
        item = self._sides[side].read([id], self._rules.keys(side)).get(id)
        if item is not None and older(item.version, self.link.versions.get(side, "")):
            raise RetryLater(f"{side} answered with an older state of {id} than it gave before", AGAIN_SECONDS)  # D5
        return item

    def _count_missing(self, lost: Sequence[SideName]) -> None:
        """X1: not found is no evidence."""
        missing = {side: min(self.link.missing.get(side, 0) + 1, guard.MOST_SIGHTINGS) for side in lost}
        names = ", ".join(f"{side} {self.link.ids[side]}" for side in lost)
        if max(missing.values()) >= guard.MOST_SIGHTINGS:
            self.save(missing=missing)
            raise Park(f"{names} was not found {guard.MOST_SIGHTINGS} times: deleted for good, or hidden from us")
        self.save(missing=missing)
        raise RetryLater(f"{names} was not found", LOOK_AGAIN_SECONDS)

    # ---------------------------------------------------------------- two items in step

    def _agree(self, look: Look, items: Mapping[SideName, Item], request: Request, expected: str | None) -> Outcome:
        around = self._around(items)
        self.link = replace(self._settled(items, around), deleted=(), doomed=False, approved=False)
        made = plan.make(self._rules, self.link, items, around, request)
        if expected is not None and plan.fingerprint(made) != expected:
            raise Refused(409, f"link {self.link.id} has moved since the plan was made: make another one")
        asked = look.retry or expected is not None
        if made.writes and self.link.parked and self.link.parked_on == plan.tried(made) and not asked:
            self.save(**NO_LEASE)
            return Outcome.PARKED
        return self._apply(made, items)

    def _apply(self, made: Plan, items: Mapping[SideName, Item]) -> Outcome:
        self.link = plan.agreed(self.link, made)
        self.link, rows = plan.conflicts(self.link, made, self._worker.clock())
        intent = plan.intent(made)
        if intent is None:
            waits = made.parent is not None and made.parent.waits
            self._rest(rows, made.held, self.link.refusals + 1 if waits else 0)
            self._wait_for_parents(made, items)
            return Outcome.PARKED if self.link.parked else Outcome.UNCHANGED
        versions = {side: items[side].version for side in SIDES}
        self.save(rows, intent=intent, versions=versions, **self._lease())  # W2, W4, F6
        returned, refusal = self._write_fields(made, items)
        landed, move_refusal = self._write_parents(made.parent, {**items, **returned})
        self._commit(made, items, returned, landed, refusal or move_refusal)
        self._wait_for_parents(made, items)
        if isinstance(move_refusal, PASSING) and not self.link.parked:
            raise RetryLater(move_refusal.reason, AGAIN_SECONDS)
        return Outcome.PARKED if self.link.parked else Outcome.UPDATED

    def _rest(self, rows: Sequence[Conflict], held: str, refusals: int) -> None:
        """Nothing to write. A parent that is never linked is waited for as long as one that never fits (H5)."""
        patient = refusals < parents.MOST_REFUSALS
        parked = "; ".join(filter(None, [held, "" if patient else "its parent does not get linked"]))
        self.save(rows, parked=parked, parked_on="", refusals=min(refusals, parents.MOST_REFUSALS), **NO_LEASE)

    def _write_fields(self, made: Plan, items: Mapping[SideName, Item]) -> tuple[dict[SideName, Item], Park | None]:
        """Exactly the fields whose verdict asks for it (F2); what one side refuses does not hold up the other."""
        returned, refusal = {}, None
        for side in SIDES:
            fields = made.sent(side)
            if not fields:
                continue
            change = ItemChange(self.link.ids[side], items[side].version, fields)
            try:
                returned[side] = self._update(side, change, items[side])
            except Park as park:
                refusal = park
        return returned, refusal

    def _write_parents(
        self, decision: ParentDecision | None, items: Mapping[SideName, Item]
    ) -> tuple[Views, Park | None]:
        """The views that landed, and why one did not."""
        landed: dict[SideName, str] = {}
        for side, parent in decision.sent.items() if decision else ():
            try:
                landed[side] = self._move(side, parent, items[side])
            except Circular as refusal:
                undone = parents.undo(self._rules.hierarchy, decision, side) if decision else None
                if undone is None:
                    return landed, refusal
                return self._undo(undone, items)
            except Park as refusal:
                return landed, refusal
        return landed, None

    def _undo(self, undone: ParentDecision, items: Mapping[SideName, Item]) -> tuple[Views, Park | None]:
        """H4: the loser's move is taken back; the intent is replaced, for the refused move never happened."""
        assert self.link.intent is not None, "a move was just refused"
        _, rows = plan.conflicts(self.link, Plan(self.link.id, (), undone), self._worker.clock())
        intent = replace(self.link.intent, parent=ParentIntent(undone.shown, undone.sent))
        self.save(rows, intent=intent, **self._lease())
        ((side, parent),) = undone.sent.items()
        try:
            return {side: self._move(side, parent, items[side])}, None
        except Park as refusal:
            return {}, refusal

    def _move(self, side: SideName, parent: str, item: Item) -> str:
        """A new parent, in link space; what is shown afterwards."""
        target = NONE if parent == NONE else self._id_of(parent, side)
        returned = self._update(side, ItemChange(item.id, item.version, move=Move(target or None)), item)
        if (returned.parent or NONE) != target:
            raise Park(f"refused by target: {side} took a new parent for {item.id} and did not move it")
        self.link = replace(self.link, versions={**self.link.versions, side: returned.version})
        return parent

    def _id_of(self, link: str, side: SideName) -> str:
        found = self._worker.store.read(self.link.pair, link).link
        if found is None or side not in found.ids:
            raise Park(f"link {link} has no item on {side} yet")
        return found.ids[side]

    def _commit(
        self,
        made: Plan,
        items: Mapping[SideName, Item],
        returned: Mapping[SideName, Item],
        landed: Views,
        refusal: Park | None,
    ) -> None:
        """W2, the third save: what the servers returned is the baseline (F1)."""
        stored = {side: intents.by_rule(self._named, side, item.fields) for side, item in returned.items()}
        whole = [d for d in made.fields if d.sent and set(d.sent) <= set(returned)]
        now = self._worker.clock()
        rows = [row for d in whole if (row := plan.refused(self.link, d, returned, now)) is not None]
        self.link = intents.settled(self.link, self._named, stored, landed)
        moved = {side: returned[side].version for side in returned if side not in landed}
        passing = isinstance(refusal, PASSING)
        refusals = min(self.link.refusals + 1, parents.MOST_REFUSALS) if passing else 0
        parked = made.held
        if refusal is not None and (not passing or refusals >= parents.MOST_REFUSALS):
            parked = refusal.reason
        self.save(
            rows,
            versions={**self.link.versions, **moved},
            urls={side: item.url for side, item in items.items()},
            refusals=refusals,
            parked=parked,
            parked_on=plan.tried(made) if refusal is not None and parked == refusal.reason else "",
            **NO_LEASE,
        )

    def _wait_for_parents(self, made: Plan, items: Mapping[SideName, Item]) -> None:
        """H2: look at the parents that are not linked yet, then come back."""
        if made.parent is None or not made.parent.waits or self.link.refusals >= parents.MOST_REFUSALS:
            return
        for side, seen in made.parent.shown.items():
            if seen == parents.UNKNOWN and (parent := items[side].parent):
                self._worker.looks.send(Look(self.link.pair, side, parent))
        raise RetryLater(made.parent.why, AGAIN_SECONDS)

    # ---------------------------------------------------------------- what became of an intent

    def _settled(self, items: Mapping[SideName, Item], around: Surroundings) -> SyncLink:
        """W4, W5: what landed is folded into the baselines; the next save keeps both that and a new intent."""
        if (intent := self.link.intent) is None:
            return self.link
        stored = {}
        for side, item in items.items():
            sent = intents.fields_sent(intent, self._named, side)
            if not sent or item.in_bin:
                continue
            ours = self._sides[side].written_by_us(item.id, self.link.versions.get(side, ""), sent)
            shown = intents.shows(intent, self._named, side, item) if ours is None else None
            stored[side] = intents.by_rule(self._named, side, ours) if ours is not None else shown or {}
        return intents.settled(self.link, self._named, stored, around.views)

    def _around(self, items: Mapping[SideName, Item]) -> Surroundings:
        """Parents in link space, and the dead among those of the baseline (H1, H3)."""
        if not self._rules.hierarchy.active or not all(side.capabilities().parents for side in self._sides.values()):
            return Surroundings({})
        former = {id: self._worker.store.read(self.link.pair, id).link for id in {*self.link.parents.values()} - {NONE}}
        views = {side: self._view(side, items[side].parent, former.values()) for side in SIDES}
        return Surroundings(views, frozenset(id for id, link in former.items() if not (link and link.state.alive)))

    def _view(self, side: SideName, parent_id: str | None, former: Iterable[SyncLink | None]) -> str:
        link = self._owner(side, parent_id, former) if parent_id is not None else None
        will_be_linked = side in self._rules.adopt
        if link and link.state is SyncState.CREATING:
            return parents.UNKNOWN
        return parents.view(parent_id, link, will_be_linked=will_be_linked)

    def _owner(self, side: SideName, item: str, former: Iterable[SyncLink | None]) -> SyncLink | None:
        """The link of a parent: mostly still that of the baseline, which was read for both sides at once."""
        for link in former:
            if link and link.ids.get(side) == item:
                return link
        record = self._worker.store.of_item(self.link.pair, side, item)
        return record.link if record else None

    # ---------------------------------------------------------------- create once

    def _create(self, look: Look) -> Outcome:
        target = other(self.link.origin)
        origin = self._look_up(self.link.origin)
        if origin is None:
            self._count_missing([self.link.origin])
        former = self._look_up(target) if target in self.link.ids else None
        assert origin is not None, "a missing origin has ended the run"
        found = self._find(target) if self.link.attempted_at is not None else None  # C4
        if former is not None and not former.in_bin and not origin.in_bin:  # its counterpart was restored, too
            if found is not None:
                self.remove_surplus(target, found)
            self.save(state=SyncState.SYNCED, **_ALIVE, **_SETTLED, **NO_LEASE)
            return self.bring(look)
        if origin.in_bin:
            self.save(state=SyncState.GONE, deleted=(self.link.origin,), **NO_LEASE)
            if found is not None:  # C9
                self._worker.looks.send(Look(self.link.pair, target, found.id))
            return Outcome.GONE
        if found is not None:
            first = self._sides[target].first_shown(found.id, self._rules.keys(target))
            self.link = intents.adopted(replace(self.link, baseline={}), self._named, target, first, found)
            self._own(origin, found)
            self.bring(look)
            return Outcome.ADOPTED
        parent = self._id_of(self.link.copy.parent, target) if self.link.copy.parent else None
        draft, intent = create.draft(self._rules, self.link, origin, parent)
        tried = plan.attempt(draft)
        if self.link.parked and self.link.parked_on == tried and not look.retry:
            return Outcome.PARKED
        self.link = replace(self.link, parked="", parked_on=tried)
        self.save(attempted_at=self._worker.clock(), intent=intent, **self._lease())  # C5, in one save with C2
        made = self._write(lambda: self._sides[target].create(draft, self._rules.keys(target)))
        stored = {target: intents.by_rule(self._named, target, made.fields)}
        self.link = intents.settled(replace(self.link, baseline={}), self._named, stored, {})
        self._own(origin, made)
        self.bring(look)
        return Outcome.CREATED

    def _find(self, target: SideName) -> Item | None:
        """The lowest item bearing our marker that no link owns."""
        for id in self._sides[target].find([self.link.marker]).get(self.link.marker, ()):
            if self._worker.store.of_item(self.link.pair, target, id) is None:
                return self._sides[target].read([id], self._rules.keys(target)).get(id)
        return None

    def _own(self, origin: Item, made: Item) -> None:
        """The copy is ours, under no parent as yet: where it belongs is settled like any other move (C11)."""
        target = other(self.link.origin)
        self.save(
            state=SyncState.SYNCED,
            ids={self.link.origin: origin.id, target: made.id},
            versions={self.link.origin: origin.version, target: made.version},
            urls={self.link.origin: origin.url, target: made.url},
            parents=dict.fromkeys(SIDES, NONE),
            **_ALIVE,
            **_SETTLED,
            **NO_LEASE,
        )

    def remove_surplus(self, side: SideName, item: Item) -> bool:
        """C9: a copy that the link does not own goes, if nobody has touched it; under the link's own lease.

        Only history can tell it from a person's clone of it, so without one it stays.
        """
        first = self._sides[side].first_shown(item.id, self._rules.keys(side))
        if first is None or first.version != item.version or not self._sides[side].capabilities().bins:
            return False
        said = {key: value for key, value in first.fields.items() if value is not None}
        if not self._sides[side].written_by_us(item.id, BEFORE_THE_FIRST, said):
            return False
        self.save(**self._lease())
        try:
            self._write(lambda: self._sides[side].put_in_bin(item.id, item.version))
        except Park as refusal:
            self.save(parked=f"{side} {item.id} is a copy that nobody needs: {refusal.reason}", **NO_LEASE)
        else:
            self.save(**NO_LEASE)
        return True

    # ---------------------------------------------------------------- deletions

    def _edited(self, items: Mapping[SideName, Item]) -> bool:
        """Whether the item that is left, where one is, says something which the deleted one never said (I5)."""
        live = [side for side in SIDES if not items[side].in_bin]
        if len(live) != 1 or self.link.state is not SyncState.SYNCED:
            return False
        (side,) = live
        intent = self.link.intent
        if intent and intent.bin is side and items[side].version != self.link.versions.get(side, ""):
            return True  # somebody restored what we had binned, or worked on it meanwhile
        around = self._around(items)
        settled = self._settled(items, around)
        moved = side in around.views and around.views[side] not in (
            settled.parents.get(side, NONE),
            parents.OUTSIDE,
            *([NONE] if settled.parents.get(side) in around.dead else []),
        )
        return moved or bool(settled.open) or intents.touched(settled, self._named, side, items[side])

    def _unlink(self, items: Mapping[SideName, Item], *, edited: bool) -> Outcome:
        deleted = tuple(side for side in SIDES if items[side].in_bin)
        row = plan.deletion(self.link, deleted[0], items, self._worker.clock(), edited=edited)
        self.save([row], state=SyncState.UNLINKED, deleted=deleted, doomed=False, **NO_LEASE)
        return Outcome.UNLINKED

    def _follow(self, look: Look, items: Mapping[SideName, Item]) -> Outcome:
        """The untouched item follows the deleted one into the bin, once the deletions were counted (X3)."""
        side = next(side for side in SIDES if not items[side].in_bin)
        if not self._sides[side].capabilities().bins or items[side].read_only:
            return self._unlink(items, edited=False)
        if self.link.parked and self.link.parked_on == BINNING and not look.retry:
            return Outcome.PARKED
        if not (self.link.approved or (self.link.doomed and look.swept)):
            self.save(deleted=(other(side),), doomed=True)
            return Outcome.DOOMED
        self.link = self._settled(items, self._around(items))
        versions = {**self.link.versions, side: items[side].version}
        self.save(intent=Intent(bin=side), versions=versions, parked="", parked_on=BINNING, **self._lease())
        self._write(lambda: self._put_in_bin(side, items[side]))
        self._gone()
        return Outcome.GONE

    def _put_in_bin(self, side: SideName, seen: Item) -> None:
        if not self._sides[side].capabilities().conditional_writes:
            self._look_once_more(side, self._rules.keys(side), seen)
        self._sides[side].put_in_bin(seen.id, seen.version)

    def _gone(self) -> None:
        self.save(state=SyncState.GONE, **{**_ALIVE, "deleted": SIDES}, **_SETTLED, **NO_LEASE)

    def _revive(self, look: Look) -> Outcome:
        """The origin of a copy that was never made: deleted then, and restored now, or not."""
        origin = self._look_up(self.link.origin)
        if origin is None:
            self._count_missing([self.link.origin])
        elif not origin.in_bin:
            self.save(state=SyncState.CREATING, **_ALIVE)
            return self._create(look)
        return Outcome.GONE

    def _remake(self, items: Mapping[SideName, Item]) -> Outcome:
        """X2: one item was restored; it gets its counterpart back if that was restored, too, and else a new one."""
        side = next(side for side in SIDES if not items[side].in_bin)
        self.save(
            state=SyncState.CREATING,
            origin=side,
            attempted_at=self._worker.clock(),
            intent=None,
            copy=replace(self.link.copy, parent=""),
            **_ALIVE,
        )
        self._worker.looks.send(Look(self.link.pair, link=self.link.id))
        return Outcome.REOPENED

    # ---------------------------------------------------------------- writing

    def _update(self, side: SideName, change: ItemChange, seen: Item) -> Item:
        def update() -> Item:
            if not self._sides[side].capabilities().conditional_writes:
                self._look_once_more(side, change.fields, seen)
            return self._sides[side].update(change, self._rules.keys(side))

        return self._write(update)

    def _look_once_more(self, side: SideName, fields: Collection[str], seen: Item) -> None:
        """W6: what would be overwritten is still what the plan was made from; see L1 for the moment that is left."""
        now = self._sides[side].read([seen.id], self._rules.keys(side)).get(seen.id)
        if now is None or now.in_bin or now.parent != seen.parent:
            raise Stale(f"{side} {seen.id} was moved by somebody else")
        if any(now.fields.get(key) != seen.fields.get(key) for key in fields):
            raise Stale(f"{side} {seen.id} was changed by somebody else")

    def _write[T](self, write: Callable[[], T]) -> T:
        """Write under the lease just saved; what became of it in doubt is settled by the next run."""
        timing, until = self._worker.timing, self.link.lease_until
        needed = timedelta(seconds=timing.request_timeout_seconds + timing.late_landing_seconds)
        if until is None or until - self._worker.clock() < needed:  # W1
            raise RetryLater("storage was too slow for a safe write", timing.lease_seconds)
        try:
            return write()
        except InDoubt as doubt:  # C6
            raise RetryLater(doubt.reason, timing.lease_seconds) from doubt
        except (RetryLater, StopConnection, Stale):
            self.save(**NO_LEASE)
            raise

    def _lease(self) -> dict[str, object]:
        until = self._worker.clock() + timedelta(seconds=self._worker.timing.lease_seconds)
        return {"lease_owner": self._worker.new_id(), "lease_until": until}


def older(version: str, known: str) -> bool:
    """Whether a version comes before another; versions that do not count do not tell."""
    return version.isdigit() and known.isdigit() and int(version) < int(known)


NO_LEASE = {"lease_owner": "", "lease_until": None}
_SETTLED = {"intent": None, "attempted_at": None}
_IN_STEP = {"missing": {}, "parked": "", "parked_on": "", "refusals": 0}
_ALIVE = {"deleted": (), "doomed": False, "approved": False, **_IN_STEP}
