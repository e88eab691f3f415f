"""One run over one link: both items read, a plan made, and the steps that carry it out, each of which may be the last.

W2  intent, write, baseline: three saves    W3  writes test the version    F1, F2, F6  what is written and what is kept
H2, H4, H5  parents that wait, cross, or are refused
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.errors import Circular, NotFound, Park, Refused, RetryLater, Stale
from shared.links import Asked, Conflict, Look, SyncState
from shared.model import Item, ItemChange, Move, SideName
from shared.sync import agreements, copies, deletions, guard, intents, parents, plan
from shared.sync.guard import Fate
from shared.sync.hand import AGAIN_SECONDS, ALIVE, NO_LEASE, Hand, Outcome
from shared.sync.parents import NONE, ParentDecision, Views
from shared.sync.plan import EVERYTHING, Plan, Request, Scope, Surroundings
from shared.sync.rules import SIDES

PASSING = (Circular, NotFound)  # a parent refused for now: what is in the way may move, what is in the bin be restored


class Run(Hand):
    """The steps that move a link on."""

    def bring(self, look: Look, request: Request = EVERYTHING, expected: str | None = None) -> Outcome:
        """The two items to where the rules want them. `expected` is the fingerprint of the only plan to be applied."""
        if self.link.state is SyncState.CREATING:
            outcome = copies.make(self, look)
            if self.link.state is SyncState.SYNCED:
                self.bring(look)
            return outcome
        if self.link.state is SyncState.UNLINKED and not self.link.deleted:
            return Outcome.UNLINKED
        if len(self.link.ids) < len(SIDES):
            return self.bring(look) if deletions.revived(self) else Outcome.GONE
        items = self._read()
        if self.link.intent and self.link.intent.bin and items[self.link.intent.bin].in_bin:
            # W4: that it is in the bin is our doing, and says nothing against the other item.
            deletions.gone(self, self.link.intent.bin)
        edited = deletions.edited(self, items)
        match guard.fate(self.link, items, self.rules.deletes, edited=edited):
            case Fate.TOGETHER:
                return self._agree(look, items, request, expected)
            case Fate.REOPEN:
                self.save(state=SyncState.SYNCED, **ALIVE)
                return self._agree(look, items, request, expected)
            case Fate.REMAKE:
                return deletions.remake(self, items)
            case Fate.APART:
                return Outcome.GONE if self.link.state is SyncState.GONE else Outcome.UNLINKED
            case Fate.GONE:
                self.save(state=SyncState.GONE, deleted=SIDES, doomed=False, **NO_LEASE)
                return Outcome.GONE
            case Fate.UNLINK:
                return deletions.unlink(self, look, items, edited=edited)
            case Fate.FOLLOW:
                return deletions.follow(self, look, items)

    def preview(self, request: Request) -> Plan:
        """What `bring` would write now, without writing or saving anything."""
        if self.link.state is not SyncState.SYNCED:
            raise Refused(409, f"link {self.link.id} is {self.link.state}: there is nothing to plan")
        found = {side: self.look_up(side) for side in SIDES}
        items = {side: item for side, item in found.items() if item is not None and not item.in_bin}
        if len(items) < len(SIDES):
            raise Refused(409, f"an item of link {self.link.id} is in the bin, or not to be found")
        around = self.around(items, request.parents)
        self.settle(items, around)
        return plan.make(self.rules, self.link, items, around, request)

    def _read(self) -> Mapping[SideName, Item]:
        """Both items as they are now (D1)."""
        found = {side: self.look_up(side) for side in SIDES}
        items = {side: item for side, item in found.items() if item is not None}
        lost = [side for side in SIDES if side not in items]
        if lost:
            self.count_missing(lost)
        if self.link.missing:
            self.link = replace(self.link, missing={}, parked="", parked_on="")
        return items

    # ---------------------------------------------------------------- two items in step

    def _agree(self, look: Look, items: Mapping[SideName, Item], request: Request, expected: str | None) -> Outcome:
        around = self.around(items, request.parents)
        self.settle(items, around)
        self.link = replace(self.link, deleted=(), doomed=False, approved=False)
        self.link, over = agreements.renewed(self.rules, self.link, self.worker.clock())
        if over:
            self.save(over)
        made = self._plan(items, around, request, asked=expected is not None)
        if expected is not None and plan.fingerprint(made) != expected:
            return self._applied_before(made, request)
        asked = look.retry or expected is not None
        if made.writes and self.link.parked and self.link.parked_on == plan.tried(made) and not asked:
            self.save(**NO_LEASE)
            return Outcome.PARKED
        return self._apply(made, items, request)

    def _plan(self, items: Mapping[SideName, Item], around: Surroundings, request: Request, *, asked: bool) -> Plan:
        """A pair that does not sync by itself puts a new copy in its place, and else notes only what agrees."""
        if asked or self.rules.continuous:
            return plan.make(self.rules, self.link, items, around, request)
        if not self.link.placed:
            return plan.make(self.rules, self.link, items, around, Request(Scope.HIERARCHY))
        return plan.quiet(plan.make(self.rules, self.link, items, around, request))

    def _applied_before(self, made: Plan, request: Request) -> Outcome:
        """The plan was applied by a run that died before it could say so; or the items have moved since."""
        if self.worker.store.read(self.link.pair, self.link.id).token != self._record.token:
            raise Stale(f"link {self.link.id} was saved by another worker meanwhile")
        self.save(**NO_LEASE)
        if request.asked.plan and self.link.plan == request.asked.plan and not made.writes:
            return Outcome.UPDATED
        raise Refused(409, f"link {self.link.id} has moved since the plan was made: make another one")

    def _apply(self, made: Plan, items: Mapping[SideName, Item], request: Request) -> Outcome:
        self.link = plan.agreed(self.link, made)
        self.link, rows = plan.conflicts(self.link, made, self.worker.clock())
        intent = plan.intent(made, request.asked)
        if intent is None:
            waits = made.parent is not None and made.parent.waits
            self._rest(rows, made.held, self.link.refusals + 1 if waits else 0, placed=self.link.placed or not waits)
            self._wait_for_parents(made, items)
            return Outcome.PARKED if self.link.parked else Outcome.UNCHANGED
        versions = {side: items[side].version for side in SIDES}
        self.save(rows, intent=intent, versions=versions, **self.lease())  # W2, W4, F6
        returned, refused = self._write_fields(made, items)
        landed, refused_move = self._write_parents(made.parent, {**items, **returned})
        self._commit(made, items, returned, landed, refused, refused_move)
        self._wait_for_parents(made, items)
        if isinstance(refused_move, PASSING) and not self.link.parked:
            raise RetryLater(refused_move.reason, AGAIN_SECONDS)
        return Outcome.PARKED if self.link.parked else Outcome.UPDATED

    def _rest(self, rows: Sequence[Conflict], held: str, refusals: int, *, placed: bool) -> None:
        """Nothing to write. A parent that is never linked is waited for as long as one that never fits (H5)."""
        patient = refusals < parents.MOST_REFUSALS
        parked = "; ".join(filter(None, [held, "" if patient else "its parent does not get linked"]))
        refusals = min(refusals, parents.MOST_REFUSALS)
        self.save(rows, parked=parked, parked_on="", refusals=refusals, placed=placed, **NO_LEASE)

    def _write_fields(
        self, made: Plan, items: Mapping[SideName, Item]
    ) -> tuple[dict[SideName, Item], dict[SideName, Park]]:
        """Exactly the fields whose verdict asks for it (F2); what one side refuses does not hold up the other."""
        returned: dict[SideName, Item] = {}
        refused: dict[SideName, Park] = {}
        for side in SIDES:
            fields = made.sent(side)
            if not fields:
                continue
            change = ItemChange(self.link.ids[side], items[side].version, fields)
            try:
                returned[side] = self.update(side, change, items[side])
            except Park as park:
                refused[side] = park
        return returned, refused

    def _write_parents(
        self, decision: ParentDecision | None, items: Mapping[SideName, Item]
    ) -> tuple[Views, Park | None]:
        """The views that landed, and why one did not."""
        landed: dict[SideName, str] = {}
        for side, parent in decision.sent.items() if decision else ():
            try:
                landed[side] = self._move(side, parent, items[side])
            except Circular as refusal:
                undone = parents.undo(self.rules.hierarchy, decision, side) if decision else None
                if undone is None:
                    return landed, refusal
                return self._undo(undone, items)
            except Park as refusal:
                return landed, refusal
        return landed, None

    def _undo(self, undone: ParentDecision, items: Mapping[SideName, Item]) -> tuple[Views, Park | None]:
        """H4: the loser's move is taken back; the intent is replaced, for the refused move never happened."""
        assert self.link.intent is not None, "a move was just refused"
        _, rows = plan.conflicts(self.link, Plan(self.link.id, (), undone), self.worker.clock())
        intent = replace(self.link.intent, parent=plan.moving(undone))
        self.save(rows, intent=intent, **self.lease())
        ((side, parent),) = undone.sent.items()
        try:
            return {side: self._move(side, parent, items[side])}, None
        except Park as refusal:
            return {}, refusal

    def _move(self, side: SideName, parent: str, item: Item) -> str:
        """A new parent, in link space; what is shown afterwards."""
        target = NONE if parent == NONE else self.id_of(parent, side)
        returned = self.update(side, ItemChange(item.id, item.version, move=Move(target or None)), item)
        if (returned.parent or NONE) != target:
            raise Park(f"refused by target: {side} took a new parent for {item.id} and did not move it")
        self.link = replace(self.link, versions={**self.link.versions, side: returned.version})
        return parent

    def _commit(
        self,
        made: Plan,
        items: Mapping[SideName, Item],
        returned: Mapping[SideName, Item],
        landed: Views,
        refused: Mapping[SideName, Park],
        refused_move: Park | None,
    ) -> None:
        """W2, the third save: what the servers returned is the baseline (F1)."""
        stored = {side: intents.by_rule(self.named, side, item.fields) for side, item in returned.items()}
        stored |= {side: self._taken_all_the_same(side) for side in refused}
        whole = [d for d in made.fields if d.sent and set(d.sent) <= set(returned)]
        now = self.worker.clock()
        rows = [row for d in whole if (row := plan.refused(self.link, d, returned, now)) is not None]
        tried = plan.tried(plan.remaining(made, stored, landed))
        waits = isinstance(refused_move, PASSING) and self.link.refusals + 1 < parents.MOST_REFUSALS
        self.tell(stored, landed, refused, None if waits else refused_move)
        asked = self.link.intent.asked if self.link.intent else Asked()
        self.link = intents.settled(self.link, self.named, stored, landed)
        moved = {side: returned[side].version for side in returned if side not in landed}
        refusal = next(iter(refused.values()), refused_move)
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
            placed=self.link.placed or not (passing or (made.parent and made.parent.waits)),
            plan=asked.plan or self.link.plan,
            parked=parked,
            parked_on=tried if refusal is not None and parked == refusal.reason else "",
            **NO_LEASE,
        )

    def _taken_all_the_same(self, side: SideName) -> Mapping[str, Any]:
        """What a side shows of the fields that it refused: some take the others of the same write."""
        item = self.write(lambda: self.look_up(side))
        return intents.shows(self.link.intent, self.named, side, item) if item and self.link.intent else {}

    def _wait_for_parents(self, made: Plan, items: Mapping[SideName, Item]) -> None:
        """H2: look at the parents that are not linked yet, then come back."""
        if made.parent is None or not made.parent.waits or self.link.refusals >= parents.MOST_REFUSALS:
            return
        for side, seen in made.parent.shown.items():
            if seen == parents.UNKNOWN and (parent := items[side].parent):
                self.worker.looks.send(Look(self.link.pair, side, parent))
        raise RetryLater(made.parent.why, AGAIN_SECONDS)
