"""Promise 1: a ticket becomes one work item on the right team's board, once, and stays current.

`intake` stores what a push says and leaves a hint; `reconciler` looks at all that is stored of the ticket and brings
the work item there; `reading` asks the product, `answering` tells it. Here is what the outside asks for: take a push,
explain a route, look a ticket up, follow a hint, look for what nobody told.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import quote

from shared.configuration import Configuration, Route
from shared.errors import BoardbridgeError, Park, Refused, RetryLater, Stale
from shared.model import Hint, LinkState, Order, Ticket
from shared.places import PlaceMemory
from shared.ports import BoardsDoor, Clock, Cursors, Hints, ItsmDoor, Quarantine, Record, Secrets, TicketStore
from shared.tickets import planning
from shared.tickets.answering import Answering
from shared.tickets.history import describes, fold, values
from shared.tickets.intake import Intake
from shared.tickets.reading import Reading
from shared.tickets.reconciler import Reconciler
from shared.tickets.run import Outcome, Timing, Worker

log = logging.getLogger(__name__)

MOST_BATCHES_PER_LOOK = 20  # of changed work items; then the rest gets a hint of its own
BOARDS_CURSOR = "boards"

# Percent signs, backslashes and what is not printed; empty, `.` and `..` as a segment; half a surrogate pair.
REWRITTEN_IN_PATHS = re.compile(r"[%\\\x00-\x1f\x7f\ud800-\udfff]|(?:^|/)\.{0,2}(?:/|$)")


class TicketService:
    """`public_url` is the address of this app, `new_id` gives a fresh unique text each time.

    `products` opens the way to the ITSM product behind a connection.
    """

    def __init__(
        self,
        *,
        store: TicketStore,
        hints: Hints,
        quarantine: Quarantine,
        cursors: Cursors,
        secrets: Secrets,
        boards: BoardsDoor,
        products: Callable[[str], ItsmDoor],
        configuration: Callable[[], tuple[Configuration, str]],
        clock: Clock,
        new_id: Callable[[], str],
        timing: Timing,
        places: PlaceMemory,
        public_url: str,
    ) -> None:
        self._store = store
        self._hints = hints
        self._cursors = cursors
        self._boards = boards
        self._configuration = configuration
        self._clock = clock
        self._public_url = public_url
        self._intake = Intake(
            store=store,
            hints=hints,
            quarantine=quarantine,
            secrets=secrets,
            configuration=configuration,
            clock=clock,
            new_id=new_id,
            status_url=self.status_url,
        )
        self._reading = Reading(store=store, hints=hints, cursors=cursors, products=products, clock=clock)
        self._reconciler = Reconciler(
            worker=Worker(store, clock, new_id, timing),
            hints=hints,
            boards=boards,
            configuration=configuration,
            reading=self._reading,
            answering=Answering(products, self._reading),
            places=places,
            status_url=self.status_url,
        )

    def status_url(self, connection: str, ticket_id: str) -> str:
        """Where `look_up` answers for a ticket. An id that would be rewritten in a path goes into the query."""
        address = f"{self._public_url}/api/tickets/{quote(connection, safe='')}"
        if REWRITTEN_IN_PATHS.search(ticket_id):
            return f"{address}?id={quote(ticket_id, safe='', errors='surrogatepass')}"
        return f"{address}/{quote(ticket_id, safe='/')}"

    def accept(self, connection: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        """Keep what a push says and leave a hint; see `Intake.accept`."""
        return self._intake.accept(connection, body, headers)

    # ---------------------------------------------------------------- questions

    def explain(self, connection: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        """Where a ticket with this body would go and why, and the exact work item that would be written."""
        push = self._intake.read(connection, body, headers)
        configuration, _ = self._configuration()
        ticket = fold(Ticket(push.ticket_id), [push])
        marker = self._reconciler.marker(connection, push.ticket_id)
        with self._boards.open() as boards:
            goal = self._reconciler.goal(boards, configuration, connection, ticket, marker)
            draft = goal.draft()
        decision, destination = goal.decision, goal.decision.destination
        state = goal.wanted.get("state")
        return {
            "route": decision.route,
            "why": decision.why,
            "passed_over": [{"route": name, "why": why} for name, why in decision.passed_over],
            "audience": destination.audience if isinstance(destination, Route) else "technical",
            "team": destination.team,
            "ticket": {"id": push.ticket_id, **dict(sorted(push.fields.items()))},
            "work_item": {
                "project": draft.project,
                "type": draft.type,
                "state_category": planning.category(goal.type, state) if state else None,
                "fields": dict(draft.fields),
                "hyperlinks": [{"url": link.url, "comment": link.comment} for link in draft.hyperlinks],
                "parent": draft.parent,
            },
        }

    def look_up(self, connection: str, id_or_number: str) -> dict[str, Any]:
        """What is known of a ticket: its work item, team, route and why, the version applied, or why it waits."""
        record = self._known(connection, id_or_number)
        ticket = fold(record.ticket or Ticket(record.ticket_id), record.pushes)
        fields, link = values(ticket), record.link
        state, reason = self._standing(record)
        return {
            "connection": connection,
            "ticket": ticket.id,
            "number": fields.get("number"),
            "title": fields.get("title"),
            "status": fields.get("status"),
            "state": state,
            "reason": reason,
            "work_item": {"id": link.work_item_id, "url": link.work_item_url} if link and link.work_item_id else None,
            "team": link.team or None if link else None,
            "route": link.route or None if link else None,
            "why": link.why or None if link else None,
            "version_received": _version(ticket.order),
            "version_applied": _version(link.applied) if link and link.applied else None,
            "applied_at": link.applied_at.isoformat() if link and link.applied_at else None,
            "not_told": link.unanswered or None if link else None,
            "unmapped": list(link.unmapped) if link else [],
        }

    def _standing(self, record: Record) -> tuple[str, str | None]:
        """Where a ticket stands, in one word, and the reason if it is not in step."""
        link = record.link
        if link and link.parked:
            return "parked", link.parked
        if not record.pushes and _applied(record):
            return "synced", None
        if shut := self._boards.why_shut():
            return "waiting", shut
        if link and link.waiting:
            return "waiting", link.waiting
        if link and link.lease_until and link.lease_until > self._clock():
            return "creating" if link.state is LinkState.CREATING else "updating", "a write is under way"
        if not describes(fold(record.ticket or Ticket(record.ticket_id), record.pushes)):
            return "accepted", "nothing but its id is known yet; its title will come with the next full push"
        return "accepted", "it is stored and will be worked on next"

    # ---------------------------------------------------------------- hints

    def handle(self, hint: Hint) -> Outcome:
        """Reconcile one ticket, or put the hint back with a delay: waiting costs no attempt.

        Anything unforeseen is noted on the ticket and raised, so that the platform retries and finally poisons it.
        """
        try:
            if not hint.ticket_id:
                self._look_over_there(hint.connection)
                return Outcome.UNCHANGED
            return self._reconciler.reconcile(hint)
        except RetryLater as wait:
            log.info("%s/%s waits %.0f s: %s", hint.connection, hint.ticket_id, wait.after_seconds, wait.reason)
            self._hints.send(hint, wait.after_seconds)
            return Outcome.POSTPONED
        except Stale:
            self._hints.send(hint, delay_seconds=1)
            return Outcome.POSTPONED
        except Exception as error:
            if hint.ticket_id:
                self._note(hint, f"{type(error).__name__}: {error}")
            raise

    def look_again(self, connection: str, id_or_number: str) -> None:
        """An operator asks to try a ticket again, parked or not."""
        record = self._known(connection, id_or_number)
        self._hints.send(Hint(connection, record.ticket_id, retry=True))

    def sweep(self, *, whole: bool = True) -> int:
        """Hint at every ticket that is not in step, parked ones included: what makes lost hints harmless.

        The `whole` sweep also looks at each ticket that was last held against an older configuration, and asks the
        products and the boards what changed there.
        """
        configuration, generation = self._configuration()
        # While the boards are shut, every hint of before is still on its way; one more is enough to try the door.
        most = 1 if self._boards.why_shut() else None
        count = 0
        for connection, itsm in configuration.itsm.items():
            for ticket_id in islice(self._store.waiting(connection, generation if whole else None), most):
                self._hints.send(Hint(connection, ticket_id, retry=True))
                count += 1
            if whole and itsm.access:
                self._hints.send(Hint(connection))
        if whole and self._answering(configuration):
            self._hints.send(Hint(configuration.boards[0]))
        return count

    def board_changed(self, work_item_id: int) -> int:
        """Somebody says that a work item changed: leave a hint at each ticket it belongs to; returns how many."""
        return self._hint_at_linked(self._configuration()[0], [work_item_id])

    def unmapped(self, connection: str) -> list[dict[str, Any]]:
        """Statuses, priorities and teams of the product that nobody mapped, with the number of tickets, most first."""
        self._intake.connection(connection)
        counted = sorted(self._store.unmapped(connection).items(), key=lambda each: (-each[1], each[0]))
        return [dict(zip(("field", "value"), what.split("=", 1), strict=True)) | {"tickets": n} for what, n in counted]

    def _look_over_there(self, connection: str) -> None:
        """Follow a hint without a ticket: what changed in that product, or on the boards?"""
        configuration, _ = self._configuration()
        if connection != configuration.boards[0]:
            self._reading.catch_up(configuration, connection)
            return
        cursor = self._cursors.read(BOARDS_CURSOR) or None
        for _ in range(MOST_BATCHES_PER_LOOK):
            try:
                with self._boards.open() as boards:
                    changes = boards.changed(cursor)
            except Park as refusal:  # a place in the feed that the server does not know any more
                if cursor is None:
                    raise
                log.warning("the feed of the boards begins anew: %s", refusal.reason)
                cursor = None
                continue
            if cursor is None:  # the feed begins here: what the team did before has to be looked for
                self._hint_at_all(configuration)
            self._hint_at_linked(configuration, changes.ids)
            cursor = changes.cursor
            self._cursors.write(BOARDS_CURSOR, cursor)
            if not changes.more:
                return
        self._hints.send(Hint(connection))

    def _hint_at_all(self, configuration: Configuration) -> None:
        for connection in self._answering(configuration):
            for ticket_id in self._store.waiting(connection, generation=""):
                self._hints.send(Hint(connection, ticket_id, retry=True))

    def _hint_at_linked(self, configuration: Configuration, work_item_ids: Sequence[int]) -> int:
        count = 0
        for connection in self._answering(configuration) if work_item_ids else ():
            for ticket_id in self._store.linked(connection, work_item_ids).values():
                self._hints.send(Hint(connection, ticket_id, retry=True))
                count += 1
        return count

    def _answering(self, configuration: Configuration) -> list[str]:
        """The connections whose tickets are told of the board."""
        return [name for name, itsm in configuration.itsm.items() if itsm.answers and itsm.access]

    def _note(self, hint: Hint, reason: str) -> None:
        """Leave the reason where an operator looks; the failure itself is told by whoever raised it."""
        try:
            self._reconciler.note(hint, reason)
        except BoardbridgeError as error:
            log.warning("could not note the failure of %s/%s: %s", hint.connection, hint.ticket_id, error.reason)

    # ---------------------------------------------------------------- common

    def _known(self, connection: str, id_or_number: str) -> Record:
        record = self._store.read(connection, id_or_number)
        if record.ticket is None and not record.pushes and record.alias_of is not None:
            record = self._store.read(connection, record.alias_of)
        if record.ticket is None and not record.pushes:
            raise Refused(404, f"no ticket '{id_or_number}' has come from '{connection}'")
        return record


def _applied(record: Record) -> bool:
    link, ticket = record.link, record.ticket
    return link is not None and ticket is not None and link.intent is None and link.applied == ticket.order


def _version(order: Order) -> str:
    """The product's own version where it has one, else the time of the change."""
    return order.at if order.version is None else str(order.version)
