"""One ticket's work item, brought to what the ticket asks for now: created once, then kept current.

Every step is saved before the next, so that a worker may die between any two of them. The rules cited are those of the
sync algorithm:

    S2  every save is conditional; losing one ends the run, and the hint goes back
    C1  reserve the link      C4  search before a create is repeated      C5  record the attempt, create, commit
    C6  a lease outlives any late landing, and a write in doubt keeps it      C7  an adopted work item's baseline is
    what we meant to create      W1  no write on a lease about to end      W2  intent, write, baseline: three saves
    W3  writes test the revision      W4, W5  an unsettled intent is settled before anything is planned
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import partial

from shared.configuration import Configuration, Destination, Route, live_faults
from shared.errors import InDoubt, NotFound, Park, RetryLater, Stale, StopConnection
from shared.model import Hint, Hyperlink, Link, LinkState, Ticket, WorkItem, WorkItemDraft, WorkItemType
from shared.ports import Boards, BoardsDoor, Clock, Record, TicketStore
from shared.tickets import planning
from shared.tickets.history import describes, fold, values
from shared.tickets.routing import Decision, decide

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
    """Where a ticket should be and why: the decision, the wishes that follow from it, the type they are written to."""

    decision: Decision
    wanted: Mapping[str, str]
    type: WorkItemType
    ticket_link: Hyperlink | None
    marker: Hyperlink
    organisation: str
    iteration: Callable[[], str | None]

    def draft(self) -> WorkItemDraft:
        links = (self.marker,) if self.ticket_link is None else (self.ticket_link, self.marker)
        return planning.draft(self.wanted, self.type, self.iteration(), links)


class Reconciler:
    def __init__(
        self,
        *,
        store: TicketStore,
        boards: BoardsDoor,
        configuration: Callable[[], tuple[Configuration, str]],
        clock: Clock,
        new_id: Callable[[], str],
        timing: Timing,
        status_url: Callable[[str, str], str],
    ) -> None:
        self.store = store
        self.boards = boards
        self.configuration = configuration
        self.clock = clock
        self.new_id = new_id
        self.timing = timing
        self.status_url = status_url

    def reconcile(self, hint: Hint) -> Outcome:
        """Bring the ticket's work item to what the ticket asks for now. Raises `RetryLater` and `Stale`."""
        record = self.store.read(hint.connection, hint.ticket_id)
        if record.ticket is None and not record.pushes:
            return Outcome.UNKNOWN
        configuration, generation = self.configuration()
        ticket = fold(record.ticket or Ticket(hint.ticket_id), record.pushes)
        if not describes(ticket):
            return Outcome.UNKNOWN
        link = record.link or self._reserve(hint)
        self._wait_for_lease(link)
        tried = hashlib.sha256(repr((ticket.order, generation)).encode()).hexdigest()
        if link.parked and link.parked_on == tried and not hint.retry:
            return Outcome.PARKED
        run = _Run(self, record, ticket, replace(link, generation=generation))
        with self.boards.open() as boards:
            try:
                goal = self.goal(boards, configuration, hint.connection, ticket, link.marker)
                if link.state is LinkState.CREATING:
                    return run.create(boards, goal)
                return run.update(boards, goal, look=hint.retry)
            except Park as refusal:
                run.save(parked=refusal.reason, parked_on=tried, **_NO_LEASE)
                return Outcome.PARKED
            except RetryLater as wait:
                run.note(wait.reason)
                raise

    def goal(self, boards: Boards, configuration: Configuration, connection: str, ticket: Ticket, marker: str) -> Goal:
        """What the ticket asks for under `configuration`. Raises `Park` where that cannot be had."""
        fields = values(ticket)
        decision = decide(fields, connection, configuration)
        destination = decision.destination
        area = self._area(boards, configuration, destination)
        label = f"{fields.get('number') or ticket.id} in {connection}"
        return Goal(
            decision=decision,
            wanted=planning.wishes(fields, ticket.id, destination, area),
            type=boards.work_item_type(destination.project, destination.type),
            ticket_link=Hyperlink(fields["url"], label) if fields.get("url") else None,
            marker=Hyperlink(marker, f"Boardbridge: {label}"),
            organisation=configuration.boards[1].url,
            iteration=lambda: self._iteration(boards, destination),
        )

    def _area(self, boards: Boards, configuration: Configuration, destination: Destination) -> str:
        """The area the ticket lands in. Teams may have changed since the configuration was taken: look again."""
        teams = boards.teams(destination.project)
        routes = (destination,) if isinstance(destination, Route) else ()
        alone = configuration.model_copy(update={"routes": routes, "triage": destination})
        for _, fault in live_faults(alone, {destination.project: teams}):
            raise Park(fault)
        named = str(destination.team).casefold()
        return destination.area or next(t.default_area for t in teams if t.name.casefold() == named) or ""

    def _iteration(self, boards: Boards, destination: Destination) -> str | None:
        if destination.iteration == "current":
            return boards.current_iteration(destination.project, destination.team)
        return destination.iteration

    def note(self, hint: Hint, reason: str) -> None:
        """Write on the ticket's link why it is not in step."""
        record = self.store.read(hint.connection, hint.ticket_id)
        link = record.link or self._reserve(hint)
        self.store.save(record, None, replace(link, waiting=reason))

    def _reserve(self, hint: Hint) -> Link:
        return Link(
            id=f"{hint.connection}:{hint.ticket_id}",
            state=LinkState.CREATING,
            marker=self.marker(hint.connection, hint.ticket_id),
        )

    def marker(self, connection: str, ticket_id: str) -> str:
        """The status address with a digest: a search that ignores case must not take `ab` for `aB`."""
        address = self.status_url(connection, ticket_id)
        digest = hashlib.sha256(f"{connection}:{ticket_id}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
        return f"{address}{'&' if '?' in address else '?'}link={digest}"

    def _wait_for_lease(self, link: Link) -> None:
        seconds = (link.lease_until - self.clock()).total_seconds() if link.lease_until else 0
        if seconds > 0:
            raise RetryLater("another worker has it in hand, or its last write ended without an answer", seconds)


class _Run:
    """One run over one ticket: the record as last saved, and the steps that move it on."""

    def __init__(self, reconciler: Reconciler, record: Record, ticket: Ticket, link: Link) -> None:
        self._of = reconciler
        self._record = record
        self._ticket = ticket
        self._link = link

    def save(self, **changes: object) -> None:
        """Save the link with `changes`; the first save of a run also keeps the folded ticket (S2)."""
        self._link = replace(self._link, **{"waiting": "", **changes})
        if self._link == self._record.link and not self._record.pushes:
            return
        ticket = self._ticket if self._record.pushes else None
        self._record = self._of.store.save(self._record, ticket, self._link)

    def note(self, reason: str) -> None:
        """Say on the ticket why it waits; whoever wrote to it meanwhile knows better, and storage may be what fails."""
        with suppress(Stale, RetryLater):
            self.save(waiting=reason)

    # ---------------------------------------------------------------- create once

    def create(self, boards: Boards, goal: Goal) -> Outcome:
        self._link = replace(self._link, **self._told(goal))
        if self._link.attempted_at is not None:  # C4: a create may have happened
            found = boards.find_by_hyperlink([self._link.marker]).get(self._link.marker, ())
            if found:
                item = boards.work_item(min(found))
                self._commit_create(item, goal, self._link.intent or {})
                self.update(boards, goal)
                return Outcome.ADOPTED
        draft = goal.draft()
        intent = planning.met_by_creating(goal.wanted, goal.type)
        # C1, C2 and C5 in one save: whoever finds it knows that a create may have happened, and what it was to make.
        self.save(attempted_at=self._of.clock(), intent=intent, **self._lease())
        item = self._write(lambda: boards.create(draft))
        self._commit_create(item, goal, intent)
        self.update(boards, goal)
        return Outcome.CREATED

    def _commit_create(self, item: WorkItem, goal: Goal, baseline: Mapping[str, str]) -> None:
        """The work item is ours; the ticket is applied if this left nothing to write, such as a later state."""
        done = not planning.unmet(goal.wanted, baseline)
        self.save(
            state=LinkState.SYNCED,
            work_item_id=item.id,
            work_item_url=item.url,
            project=item.project,
            organisation=goal.organisation,
            baseline=baseline,
            **_SETTLED,
            **_NO_LEASE,
            **(self._applied() if done else {}),
        )

    # ---------------------------------------------------------------- keep current

    def update(self, boards: Boards, goal: Goal, *, look: bool = False) -> Outcome:
        """`look`: make sure that the work item is there even if nothing has to be written."""
        self._link = replace(self._link, **self._told(goal))
        self._ensure_same_organisation(goal)
        if look:
            self._work_item(boards)
        self._settle(boards)
        outcome = Outcome.UNCHANGED
        for _ in range(MOST_WRITES_PER_RUN):
            if not planning.unmet(goal.wanted, self._link.baseline):
                break
            item = self._work_item(boards)
            iteration = goal.iteration() if "iteration" in goal.wanted else None
            type = boards.work_item_type(item.project, item.type)
            change, after = planning.change(goal.wanted, self._link.baseline, item, type, iteration, goal.ticket_link)
            if change is None:
                self._link = replace(self._link, baseline=after)
                break
            fields = planning.intent_fields(change)
            self.save(intent=after, intent_fields=fields, intent_rev=item.rev, **self._lease())
            written = self._write(partial(boards.update, change))
            self.save(baseline=after, work_item_url=written.url, project=written.project, **_SETTLED, **_NO_LEASE)
            outcome = Outcome.UPDATED
        else:
            raise Park(f"the work item still is not as asked after {MOST_WRITES_PER_RUN} writes")  # I7
        self.save(**self._applied())
        return outcome

    def _ensure_same_organisation(self, goal: Goal) -> None:
        """The same number is another work item elsewhere."""
        made_at = self._link.organisation
        if made_at != goal.organisation:
            raise Park(
                f"work item {self._link.work_item_id} was made in {made_at}, and the configuration now names "
                f"{goal.organisation}: its work items are not touched"
            )

    def _settle(self, boards: Boards) -> None:
        """Decide what became of a write that a dead run left (W4, W5)."""
        link = self._link
        if link.intent is None or link.intent_rev is None:
            return
        item = self._work_item(boards)
        happened = item.rev > link.intent_rev and planning.landed(
            link.intent_fields, boards.revision(item.id, link.intent_rev + 1)
        )
        self._link = replace(link, baseline=link.intent if happened else link.baseline, **_SETTLED)

    def _work_item(self, boards: Boards) -> WorkItem:
        id = self._link.work_item_id
        assert id is not None, "a synced link has a work item"
        try:
            return boards.work_item(id)
        except NotFound as gone:
            raise Park(
                f"work item {id} was deleted or hidden from us; restore it, then look again: {gone.reason}"
            ) from gone

    # ---------------------------------------------------------------- writing

    def _write(self, write: Callable[[], WorkItem]) -> WorkItem:
        """Write to Azure DevOps under the lease and intent just saved; what became of the intent is settled later."""
        timing, link = self._of.timing, self._link
        needed = timedelta(seconds=timing.request_timeout_seconds + timing.late_landing_seconds)
        if link.lease_until is None or link.lease_until - self._of.clock() < needed:
            # W1: a slow save has used up the lease; this write could land after somebody looked for it.
            raise RetryLater("storage was too slow for a safe write", timing.lease_seconds)
        try:
            return write()
        except InDoubt as doubt:  # C6: nobody looks what became of it before it can have landed
            raise RetryLater(doubt.reason, timing.lease_seconds) from doubt
        except (Park, RetryLater, StopConnection, Stale):
            # Refused, so nothing lands later; but what stands between us and the server may have made the answer up.
            self.save(**_NO_LEASE)
            raise

    # ---------------------------------------------------------------- what each save says

    def _lease(self) -> dict[str, object]:
        """W1: taken anew before each remote write, for the whole of its time."""
        until = self._of.clock() + timedelta(seconds=self._of.timing.lease_seconds)
        return {"lease_owner": self._of.new_id(), "lease_until": until}

    def _told(self, goal: Goal) -> dict[str, object]:
        decision = goal.decision
        return {"route": decision.route, "why": decision.why, "team": decision.destination.team or ""}

    def _applied(self) -> dict[str, object]:
        unchanged = self._link.applied == self._ticket.order and not self._link.parked
        return {
            "applied": self._ticket.order,
            "applied_at": self._link.applied_at if unchanged else self._of.clock(),
            "parked": "",
            "parked_on": "",
        }


_NO_LEASE = {"lease_owner": "", "lease_until": None}
_SETTLED = {"intent": None, "intent_fields": {}, "intent_rev": None, "attempted_at": None}
