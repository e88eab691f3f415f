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
from collections.abc import Callable
from dataclasses import replace

from shared.areas import AreaMemory
from shared.configuration import Configuration, Destination, Route, live_faults
from shared.errors import Park, RetryLater
from shared.model import Hint, Hyperlink, Link, LinkState, Ticket
from shared.ports import Boards, BoardsDoor
from shared.tickets import planning
from shared.tickets.answering import Answering
from shared.tickets.history import describes, fold, values
from shared.tickets.reading import Reading
from shared.tickets.routing import TRIAGE, Decision, decide
from shared.tickets.run import NO_LEASE, Goal, Outcome, Run, Worker


class Reconciler:
    def __init__(
        self,
        *,
        worker: Worker,
        boards: BoardsDoor,
        configuration: Callable[[], tuple[Configuration, str]],
        reading: Reading,
        answering: Answering,
        areas: AreaMemory,
        status_url: Callable[[str, str], str],
    ) -> None:
        self._worker = worker
        self._boards = boards
        self._configuration = configuration
        self._reading = reading
        self._answering = answering
        self._areas = areas
        self._status_url = status_url

    def reconcile(self, hint: Hint) -> Outcome:
        """Bring the ticket's work item to what the ticket asks for now. Raises `RetryLater` and `Stale`."""
        record = self._worker.store.read(hint.connection, hint.ticket_id)
        if record.ticket is None and not record.pushes:
            return Outcome.UNKNOWN
        configuration, generation = self._configuration()
        told = fold(record.ticket or Ticket(hint.ticket_id), record.pushes)
        if not describes(told) and not any(push.unread for push in record.pushes):
            return Outcome.UNKNOWN
        link = record.link or self._reserve(hint)
        self._wait_for_lease(link)
        tried = hashlib.sha256(repr((told.order, told.seen[-1:], generation)).encode()).hexdigest()
        if link.parked and link.parked_on == tried and not hint.retry:
            return Outcome.PARKED
        run = Run(self._worker, record, replace(link, generation=generation))
        try:
            run.take(self._reading.back(configuration, record))
            with self._boards.open() as boards:
                return self._bring(run, boards, configuration, hint)
        except Park as refusal:
            run.save(parked=refusal.reason, parked_on=tried, **NO_LEASE)
            return Outcome.PARKED
        except RetryLater as wait:
            run.note(wait.reason)
            raise

    def _bring(self, run: Run, boards: Boards, configuration: Configuration, hint: Hint) -> Outcome:
        """The work item to where the ticket wants it, then the ticket to what the team did with it."""
        goal = self.goal(boards, configuration, hint.connection, run.ticket, run.link.marker)
        if run.link.state is LinkState.CREATING:
            outcome = run.create(boards, goal)
        else:
            outcome = run.update(boards, goal, look=hint.retry)
        if self._answering.tell(run, boards, configuration, hint.connection, look=hint.retry):
            goal = self.goal(boards, configuration, hint.connection, run.ticket, run.link.marker)
            run.update(boards, goal)
        return outcome

    def goal(self, boards: Boards, configuration: Configuration, connection: str, ticket: Ticket, marker: str) -> Goal:
        """What the ticket asks for under `configuration`. Raises `Park` where that cannot be had."""
        fields = values(ticket)
        decision, area = self._place(boards, configuration, decide(fields, connection, configuration))
        destination = decision.destination
        duplicate_of = self._survivor(connection, fields.get("merged_into"))
        label = f"{fields.get('number') or ticket.id} in {connection}"
        return Goal(
            decision=decision,
            wanted=planning.wishes(fields, ticket.id, destination, area, duplicate_of),
            type=boards.work_item_type(destination.project, destination.type),
            ticket_link=Hyperlink(fields["url"], label) if fields.get("url") else None,
            marker=Hyperlink(marker, f"Boardbridge: {label}"),
            organisation=configuration.boards[1].url,
            iteration=lambda: self._iteration(boards, destination),
        )

    def _place(self, boards: Boards, configuration: Configuration, decision: Decision) -> tuple[Decision, str]:
        """The decision and the area it leads to now; triage where the area of its route was deleted."""
        destination = decision.destination
        if not destination.area:
            return decision, self._checked_area(boards, configuration, destination)
        live = boards.areas(destination.project)
        area = self._areas.locate(destination.project, destination.area, live)
        if area:
            return decision, self._checked_area(boards, configuration, destination.model_copy(update={"area": area}))
        missing = f"the area '{destination.area}' does not exist any more"
        if decision.route == TRIAGE:
            raise Park(f"{missing}, and tickets of no route go there: give triage another area")
        to_triage = Decision(
            TRIAGE,
            configuration.triage,
            f"route '{decision.route}' took it, but {missing}: give the route another area",
            decision.passed_over,
        )
        return self._place(boards, configuration, to_triage)

    def _checked_area(self, boards: Boards, configuration: Configuration, destination: Destination) -> str:
        """The area of a destination. Teams may have changed since the configuration was taken: look again."""
        teams = boards.teams(destination.project)
        routes = (destination,) if isinstance(destination, Route) else ()
        alone = configuration.model_copy(update={"routes": routes, "triage": destination})
        for _, fault in live_faults(alone, {destination.project: teams}):
            raise Park(fault)
        named = str(destination.team).casefold()
        return destination.area or next(t.default_area for t in teams if t.name.casefold() == named) or ""

    def _survivor(self, connection: str, merged_into: str | None) -> int | None:
        """The work item of the ticket that a ticket was merged into, where that has one."""
        if not merged_into:
            return None
        other = self._worker.store.read(connection, merged_into)
        if other.link is None and other.alias_of is not None:
            other = self._worker.store.read(connection, other.alias_of)
        return other.link.work_item_id if other.link else None

    def _iteration(self, boards: Boards, destination: Destination) -> str | None:
        if destination.iteration == "current":
            return boards.current_iteration(destination.project, destination.team)
        return destination.iteration

    def note(self, hint: Hint, reason: str) -> None:
        """Write on the ticket's link why it is not in step."""
        record = self._worker.store.read(hint.connection, hint.ticket_id)
        link = record.link or self._reserve(hint)
        self._worker.store.save(record, None, replace(link, waiting=reason))

    def _reserve(self, hint: Hint) -> Link:
        return Link(
            id=f"{hint.connection}:{hint.ticket_id}",
            state=LinkState.CREATING,
            marker=self.marker(hint.connection, hint.ticket_id),
        )

    def marker(self, connection: str, ticket_id: str) -> str:
        """The status address with a digest: a search that ignores case must not take `ab` for `aB`."""
        address = self._status_url(connection, ticket_id)
        digest = hashlib.sha256(f"{connection}:{ticket_id}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
        return f"{address}{'&' if '?' in address else '?'}link={digest}"

    def _wait_for_lease(self, link: Link) -> None:
        seconds = (link.lease_until - self._worker.clock()).total_seconds() if link.lease_until else 0
        if seconds > 0:
            raise RetryLater("another worker has it in hand, or its last write ended without an answer", seconds)
