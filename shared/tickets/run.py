"""One run over one ticket: what was read, what is saved, and the steps between, each of which a worker may die after.

The rules cited are those of the sync algorithm; `reconciler` lists them.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import partial

from shared.errors import InDoubt, NotFound, Park, RetryLater, Stale, StopConnection
from shared.model import Hyperlink, Link, LinkState, Push, Ticket, WorkItem, WorkItemDraft, WorkItemType
from shared.ports import Boards, Clock, Record, TicketStore
from shared.tickets import planning
from shared.tickets.discussion import without_told
from shared.tickets.history import fold, unmapped
from shared.tickets.routing import TRIAGE, Decision

MOST_WRITES_PER_RUN = 8  # one for the fields and one for each further transition of state; more is a loop


class Outcome(StrEnum):
    """What became of one hint; "nothing to do" is a result like the others."""

    CREATED = "created"
    ADOPTED = "adopted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    PARKED = "parked"
    POSTPONED = "postponed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Timing:
    """Bounds that keep a doubtful create from being repeated too early; all in seconds."""

    request_timeout_seconds: float = 30
    late_landing_seconds: float = 30

    @property
    def lease_seconds(self) -> float:
        """Time for one read and one write, and for the write to land late (C6)."""
        return 2 * self.request_timeout_seconds + self.late_landing_seconds


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a ticket should be and why: the decision, the wishes that follow from it, the type they are written to.

    `area` and `iteration` are the paths that the wishes lead to now; `unsettled` is what has to be looked at again.
    """

    decision: Decision
    wanted: Mapping[str, str]
    type: WorkItemType
    ticket_link: Hyperlink | None
    marker: Hyperlink
    organisation: str
    area: str
    iteration: Callable[[], str | None]
    unsettled: str = ""

    def draft(self) -> WorkItemDraft:
        links = (self.marker,) if self.ticket_link is None else (self.ticket_link, self.marker)
        return planning.draft(self.wanted, self.type, self.area, self.iteration(), links)


@dataclass(frozen=True, slots=True)
class Worker:
    """What a run works with."""

    store: TicketStore
    clock: Clock
    new_id: Callable[[], str]
    timing: Timing


class Run:
    """The record as last saved, and the steps that move it on. `item` is the work item as last seen or written."""

    def __init__(self, worker: Worker, record: Record, link: Link) -> None:
        self._worker = worker
        self._record = record
        self._taken = False
        self.ticket = record.ticket or Ticket(record.ticket_id)
        self.link = link
        self.item: WorkItem | None = None

    def take(self, read: tuple[Push, ...]) -> None:
        """Fold what was pushed, and what was `read` back, into the ticket; the next save keeps it."""
        pushes = (*self._record.pushes, *read)
        if pushes:
            self.ticket = fold(self.ticket, pushes)
            self._taken = True

    def release(self) -> None:
        """Give the lease back with the next save, whatever that says."""
        self.link = replace(self.link, **NO_LEASE)

    def save(self, **changes: object) -> None:
        """Save the link with `changes`; the first save after `take` also keeps the folded ticket (S2)."""
        self.link = replace(self.link, **{"waiting": "", **changes})
        if self.link == self._record.link and not self._taken:
            return
        ticket = without_told(self.ticket, self.link.baseline) if self._taken else None
        self._record = self._worker.store.save(self._record, ticket, self.link)
        self._taken = False

    def note(self, reason: str) -> None:
        """Say on the ticket why it waits; whoever wrote to it meanwhile knows better, and storage may be what fails."""
        with suppress(Stale, RetryLater):
            self.save(waiting=reason)

    # ---------------------------------------------------------------- create once

    def create(self, boards: Boards, goal: Goal) -> Outcome:
        self.link = replace(self.link, **self._told(goal))
        if self.link.attempted_at is not None:  # C4: a create may have happened
            found = boards.find_by_hyperlink([self.link.marker]).get(self.link.marker, ())
            if found:
                item = boards.work_item(min(found))
                self._commit_create(item, goal, self.link.intent or {})
                self.update(boards, goal)
                return Outcome.ADOPTED
        draft = goal.draft()
        intent = planning.met_by_creating(goal.wanted, goal.type)
        # C1, C2 and C5 in one save: whoever finds it knows that a create may have happened, and what it was to make.
        self.save(attempted_at=self._worker.clock(), intent=intent, **self.lease())
        item = self.write(lambda: boards.create(draft))
        self._commit_create(item, goal, intent)
        self.update(boards, goal)
        return Outcome.CREATED

    def _commit_create(self, item: WorkItem, goal: Goal, baseline: Mapping[str, str]) -> None:
        """The work item is ours; the ticket is applied if this left nothing to write, such as a later state."""
        self.item = item
        done = not planning.unmet(goal.wanted, baseline)
        self.save(
            state=LinkState.SYNCED,
            work_item_id=item.id,
            work_item_url=item.url,
            project=item.project,
            organisation=goal.organisation,
            baseline=baseline,
            answered={"state": str(planning.initial_category(goal.type))},
            **_SETTLED,
            **NO_LEASE,
            **(self._applied() if done else {}),
        )

    # ---------------------------------------------------------------- keep current

    def update(self, boards: Boards, goal: Goal, *, look: bool = False) -> Outcome:
        """`look`: make sure that the work item is there even if nothing has to be written."""
        self.link = replace(self.link, **self._told(goal))
        self._ensure_same_organisation(goal)
        if look:
            self._work_item(boards)
        self._settle(boards)
        self._take_in_echo(goal)
        outcome = Outcome.UNCHANGED
        for _ in range(MOST_WRITES_PER_RUN):
            if not planning.unmet(goal.wanted, self.link.baseline):
                break
            item = self._work_item(boards)
            iteration = goal.iteration() if "iteration" in goal.wanted else None
            type = boards.work_item_type(item.project, item.type)
            change, after = planning.change(
                goal.wanted, self.link.baseline, item, type, goal.area, iteration, goal.ticket_link
            )
            if change is None:
                self.link = replace(self.link, baseline=after, answered=self._agreed(type, after, None))
                break
            fields = planning.intent_fields(change)
            self.save(intent=after, intent_fields=fields, intent_rev=item.rev, **self.lease())
            self.item = written = self.write(partial(boards.update, change))
            self.save(
                baseline=after,
                work_item_url=written.url,
                project=written.project,
                answered=self._agreed(type, after, change.fields.get("System.State")),
                **_SETTLED,
                **NO_LEASE,
            )
            outcome = Outcome.UPDATED
        else:
            raise Park(f"the work item still is not as asked after {MOST_WRITES_PER_RUN} writes")  # I7
        self.save(**self._applied(), waiting=goal.unsettled)
        return outcome

    def _ensure_same_organisation(self, goal: Goal) -> None:
        """The same number is another work item elsewhere."""
        made_at = self.link.organisation
        if made_at != goal.organisation:
            raise Park(
                f"work item {self.link.work_item_id} was made in {made_at}, and the configuration now names "
                f"{goal.organisation}: its work items are not touched"
            )

    def _settle(self, boards: Boards) -> None:
        """Decide what became of a write that a dead run left (W4, W5)."""
        link = self.link
        if link.intent is None or link.intent_rev is None:
            return
        item = self._work_item(boards)
        happened = item.rev > link.intent_rev and planning.landed(
            link.intent_fields, boards.revision(item.id, link.intent_rev + 1)
        )
        if happened:
            type = boards.work_item_type(item.project, item.type)
            answered = self._agreed(type, link.intent, link.intent_fields.get("System.State"))
            self.link = replace(link, baseline=link.intent, answered=answered, **_SETTLED)
        else:
            self.link = replace(link, **_SETTLED)

    def _agreed(self, type: WorkItemType, after: Mapping[str, str], written: str | None) -> Mapping[str, str]:
        """What the ticket knows of the board's state once it shows `after`: what it asked for needs not be told."""
        if "state" in after and after["state"] != self.link.baseline.get("state"):
            return {**self.link.answered, "state": str(planning.category(type, after["state"]))}
        if written is not None:  # a step on the way
            return {**self.link.answered, "state": str(type.states.get(written, ""))}
        return self.link.answered

    def _take_in_echo(self, goal: Goal) -> None:
        """A status that the ticket has because we told it so asks nothing of the board (see `answering`)."""
        told, _, expected = self.link.answered.get("state?", "").partition("=")
        if told and goal.wanted.get("state") == expected:
            answered = {name: value for name, value in self.link.answered.items() if name != "state?"}
            baseline = {**self.link.baseline, "state": expected}
            self.link = replace(self.link, answered={**answered, "state": told}, baseline=baseline)

    def _work_item(self, boards: Boards) -> WorkItem:
        id = self.link.work_item_id
        assert id is not None, "a synced link has a work item"
        try:
            self.item = boards.work_item(id)
        except NotFound as gone:
            raise Park(
                f"work item {id} was deleted or hidden from us; restore it, then look again: {gone.reason}"
            ) from gone
        return self.item

    # ---------------------------------------------------------------- writing

    def write[T](self, write: Callable[[], T]) -> T:
        """Write to the board or the product under the lease just saved; what became of it in doubt is settled later."""
        timing, link = self._worker.timing, self.link
        needed = timedelta(seconds=timing.request_timeout_seconds + timing.late_landing_seconds)
        if link.lease_until is None or link.lease_until - self._worker.clock() < needed:
            # W1: a slow save has used up the lease; this write could land after somebody looked for it.
            raise RetryLater("storage was too slow for a safe write", timing.lease_seconds)
        try:
            return write()
        except InDoubt as doubt:  # C6: nobody looks what became of it before it can have landed
            raise RetryLater(doubt.reason, timing.lease_seconds) from doubt
        except (Park, RetryLater, StopConnection, Stale):
            # Refused, so nothing lands later; but what stands between us and the server may have made the answer up.
            self.save(**NO_LEASE)
            raise

    # ---------------------------------------------------------------- what each save says

    def lease(self) -> dict[str, object]:
        """W1: taken anew before each remote write, for the whole of its time."""
        until = self._worker.clock() + timedelta(seconds=self._worker.timing.lease_seconds)
        return {"lease_owner": self._worker.new_id(), "lease_until": until}

    def _told(self, goal: Goal) -> dict[str, object]:
        decision = goal.decision
        return {
            "route": decision.route,
            "why": decision.why,
            "team": decision.destination.team or "",
            "unmapped": unmapped(self.ticket, decision.destination.priorities, decision.route != TRIAGE),
        }

    def _applied(self) -> dict[str, object]:
        unchanged = self.link.applied == self.ticket.order and not self.link.parked
        return {
            "applied": self.ticket.order,
            "applied_at": self.link.applied_at if unchanged else self._worker.clock(),
            "parked": "",
            "parked_on": "",
        }


NO_LEASE = {"lease_owner": "", "lease_until": None}
_SETTLED = {"intent": None, "intent_fields": {}, "intent_rev": None, "attempted_at": None}
