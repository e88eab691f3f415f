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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from shared.configuration import Configuration, Destination, Route, live_faults
from shared.errors import Park, RetryLater
from shared.model import Hint, Hyperlink, Link, LinkState, Push, Team, Ticket
from shared.places import PlaceMemory
from shared.ports import Boards, BoardsDoor, Hints, Record
from shared.tickets import planning
from shared.tickets.answering import Answering
from shared.tickets.history import describes, fold, values
from shared.tickets.reading import Reading
from shared.tickets.routing import TRIAGE, Decision, decide
from shared.tickets.run import NO_LEASE, Goal, Outcome, Run, Worker

LOOK_AGAIN_SECONDS = 5.0  # while somebody else holds the lease


class Reconciler:
    def __init__(
        self,
        *,
        worker: Worker,
        hints: Hints,
        boards: BoardsDoor,
        configuration: Callable[[], tuple[Configuration, str]],
        reading: Reading,
        answering: Answering,
        places: PlaceMemory,
        status_url: Callable[[str, str], str],
    ) -> None:
        self._worker = worker
        self._hints = hints
        self._boards = boards
        self._configuration = configuration
        self._reading = reading
        self._answering = answering
        self._places = places
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
        if link.attempted_at and not hint.retry:
            # A work item may be there, and what the team did with it has been told to nobody. A hint to look at it
            # outlives whatever happens from here on.
            self._hints.send(replace(hint, retry=True))
            return Outcome.POSTPONED
        run = Run(self._worker, record, replace(link, generation=generation))
        try:
            run.take(self._read_back(run, configuration, record))
            with self._boards.open() as boards:
                return self._bring(run, boards, configuration, hint)
        except Park as refusal:
            run.save(parked=refusal.reason, parked_on=tried, **NO_LEASE)
            return Outcome.PARKED
        except RetryLater as wait:
            run.note(wait.reason)
            raise

    def _read_back(self, run: Run, configuration: Configuration, record: Record) -> tuple[Push, ...]:
        """Under a lease, because a ticket that changes often has many hints, and one reading serves them all."""
        if any(push.unread for push in record.pushes):
            run.save(**run.lease())
        try:
            return self._reading.back(configuration, record)
        finally:
            run.release()

    def _bring(self, run: Run, boards: Boards, configuration: Configuration, hint: Hint) -> Outcome:
        """The work item to where the ticket wants it, then the ticket to what the team did with it."""
        goal = self._goal_of(run, boards, configuration, hint.connection)
        if run.link.state is LinkState.CREATING:
            outcome = run.create(boards, goal)
        else:
            outcome = run.update(boards, goal, look=hint.retry)
        self._answering.tell(run, boards, configuration, hint.connection, look=hint.retry)
        if run.link.applied != run.ticket.order:  # it was read anew
            goal = self._goal_of(run, boards, configuration, hint.connection)
            run.update(boards, goal)
        return outcome

    def _goal_of(self, run: Run, boards: Boards, configuration: Configuration, connection: str) -> Goal:
        return self.goal(boards, configuration, connection, run.ticket, run.link.marker, run.link.answered)

    def goal(
        self,
        boards: Boards,
        configuration: Configuration,
        connection: str,
        ticket: Ticket,
        marker: str,
        told: Mapping[str, str] = MappingProxyType({}),
    ) -> Goal:
        """What the ticket asks for under `configuration`; `told` is what it heard from us (`Link.answered`).

        Raises `Park` where that cannot be had.
        """
        fields = values(ticket)
        decision, area = self._place(boards, configuration, decide(fields, connection, configuration))
        destination = decision.destination
        duplicate_of, unsettled = self._survivor(connection, ticket.id, fields.get("merged_into"))
        label = f"{fields.get('number') or ticket.id} in {connection}"
        return Goal(
            decision=decision,
            wanted=planning.wishes(
                fields, ticket.id, destination, _node(boards, destination.project, area), duplicate_of, told
            ),
            type=boards.work_item_type(destination.project, destination.type),
            ticket_link=Hyperlink(fields["url"], label) if fields.get("url") else None,
            marker=Hyperlink(marker, f"Boardbridge: {label}"),
            organisation=configuration.boards[1].url,
            area=area,
            iteration=lambda: self._iteration(boards, destination),
            unsettled=unsettled,
        )

    def _place(self, boards: Boards, configuration: Configuration, decision: Decision) -> tuple[Decision, str]:
        """The decision with team and area as they are called now, and the area's path; triage where it was deleted."""
        destination = decision.destination
        teams = boards.teams(destination.project)
        if destination.team:
            live = {team.id: team.name for team in teams}
            name = self._places.locate("team", destination.project, destination.team, live)
            destination = destination.model_copy(update={"team": name or destination.team})
        if destination.area:
            live = boards.areas(destination.project)
            area = self._places.locate("area", destination.project, destination.area, live)
            if area is None:
                return self._in_triage(boards, configuration, decision)
            destination = destination.model_copy(update={"area": area})
        return replace(decision, destination=destination), _checked_area(configuration, destination, teams)

    def _in_triage(self, boards: Boards, configuration: Configuration, decision: Decision) -> tuple[Decision, str]:
        missing = f"the area '{decision.destination.area}' does not exist any more"
        if decision.route == TRIAGE:
            raise Park(f"{missing}, and tickets of no route go there: give triage another area")
        why = f"route '{decision.route}' took it, but {missing}: give the route another area"
        return self._place(boards, configuration, Decision(TRIAGE, configuration.triage, why, decision.passed_over))

    def _survivor(self, connection: str, ticket_id: str, merged_into: str | None) -> tuple[int | None, str]:
        """The work item of the ticket that a ticket was merged into, or why there is none yet.

        Tickets that were merged in a circle have none: links of duplicates must not close one.
        """
        chain: dict[str, Record] = {}
        id = merged_into
        while id and (other := self._known(connection, id)) and other.ticket_id not in chain:
            if other.ticket_id == ticket_id:
                return None, ""
            chain[other.ticket_id] = other
            id = values(other.ticket).get("merged_into") if other.ticket else None
        survivor = next(iter(chain.values()), None)
        if survivor is None:
            return None, f"it was merged into {merged_into}, of which nothing is known yet" if merged_into else ""
        work_item_id = survivor.link.work_item_id if survivor.link else None
        return work_item_id, "" if work_item_id else f"it was merged into {merged_into}, which has no work item yet"

    def _known(self, connection: str, id_or_number: str) -> Record | None:
        """A ticket by its id or its number, which on a connection of any product stands after the product's name."""
        record = self._worker.store.read(connection, id_or_number)
        if record.ticket is None and record.link is None:
            family, of_family, number = id_or_number.rpartition(":")
            alias = record.alias_of or (of_family and self._worker.store.read(connection, number).alias_of) or ""
            if not alias.startswith(family + of_family):
                return None
            record = self._worker.store.read(connection, alias)
        return record if record.ticket or record.link else None

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
            # Mostly it is done long before its lease ends; only a write in doubt keeps it to the end.
            reason = "another worker has it in hand, or its last write ended without an answer"
            raise RetryLater(reason, min(seconds, LOOK_AGAIN_SECONDS))


def _checked_area(configuration: Configuration, destination: Destination, teams: Sequence[Team]) -> str:
    """The area of a destination. Teams may have changed since the configuration was taken: look again."""
    routes = (destination,) if isinstance(destination, Route) else ()
    alone = configuration.model_copy(update={"routes": routes, "triage": destination})
    for _, fault in live_faults(alone, {destination.project: teams}):
        raise Park(fault)
    named = str(destination.team).casefold()
    return destination.area or next(team.default_area for team in teams if team.name.casefold() == named) or ""


def _node(boards: Boards, project: str, area: str) -> str:
    """What an area is remembered by: a rename is not a wish of the ticket, and the team may have moved the item on."""
    return next((node for node, path in boards.areas(project).items() if path.casefold() == area.casefold()), area)
