"""Promise 1: a ticket becomes one work item on the right team's board, once, and stays current.

Intake stores what a push says and leaves a hint; `reconciler` looks at all that is stored of the ticket and brings the
work item there. Here is what the outside asks for: take a push, explain a route, look a ticket up, follow a hint.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from shared.configuration import Configuration, ItsmConnection, Route, Signature
from shared.errors import BoardbridgeError, NoTicket, Park, Refused, RetryLater, Stale
from shared.model import Hint, LinkState, Order, Push, Quarantined, Ticket
from shared.ports import BoardsDoor, Clock, Hints, Quarantine, Record, Secrets, TicketStore
from shared.tickets import planning
from shared.tickets.history import delivery_key, describes, fold, values
from shared.tickets.mapping import parse, preset, understand
from shared.tickets.reconciler import Outcome, Reconciler, Timing
from shared.tickets.signatures import verify

log = logging.getLogger(__name__)

# Percent signs, backslashes and what is not printed; empty, `.` and `..` as a segment; half a surrogate pair.
REWRITTEN_IN_PATHS = re.compile(r"[%\\\x00-\x1f\x7f\ud800-\udfff]|(?:^|/)\.{0,2}(?:/|$)")


class TicketService:
    """`public_url` is the address of this app, `new_id` gives a fresh unique text each time."""

    def __init__(
        self,
        *,
        store: TicketStore,
        hints: Hints,
        quarantine: Quarantine,
        secrets: Secrets,
        boards: BoardsDoor,
        configuration: Callable[[], tuple[Configuration, str]],
        clock: Clock,
        new_id: Callable[[], str],
        timing: Timing,
        public_url: str,
    ) -> None:
        self._store = store
        self._hints = hints
        self._quarantine = quarantine
        self._secrets = secrets
        self._boards = boards
        self._configuration = configuration
        self._clock = clock
        self._new_id = new_id
        self._public_url = public_url
        self._reconciler = Reconciler(
            store=store,
            boards=boards,
            configuration=configuration,
            clock=clock,
            new_id=new_id,
            timing=timing,
            status_url=self.status_url,
        )

    def status_url(self, connection: str, ticket_id: str) -> str:
        """Where `look_up` answers for a ticket. An id that would be rewritten in a path goes into the query."""
        address = f"{self._public_url}/api/tickets/{quote(connection, safe='')}"
        if REWRITTEN_IN_PATHS.search(ticket_id):
            return f"{address}?id={quote(ticket_id, safe='', errors='surrogatepass')}"
        return f"{address}/{quote(ticket_id, safe='/')}"

    # ---------------------------------------------------------------- intake: store, hint, answer

    def accept(self, connection: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        """Keep what a push says and leave a hint: two storage calls. `headers` have lower-case names.

        Raises `Refused` with the answer to give; `RetryLater` only when the push could not be stored.
        """
        itsm = self._itsm(connection)
        self._check_signature(itsm.signature, body, headers)
        try:
            push = self._understand(itsm, body, headers)
        except NoTicket as nothing:
            kept = self._keep_in_quarantine(connection, body, headers, nothing)
            raise NoTicket(f"{nothing.reason}; the body is kept in quarantine as {kept}", nothing.faults) from nothing
        fresh = self._store.add_push(connection, push, delivery_key(push))
        # A repeat leaves its hint too: the first delivery may have died between storing and hinting.
        self._hints.send(Hint(connection, push.ticket_id))
        return {
            "result": "accepted" if fresh else "duplicate",
            "connection": connection,
            "ticket": push.ticket_id,
            "status_url": self.status_url(connection, push.ticket_id),
        }

    def _check_signature(self, signature: Signature | None, body: bytes, headers: Mapping[str, str]) -> None:
        if signature is None:
            return
        given = headers.get(signature.header.lower())
        for read in (self._secrets.get, self._secrets.refresh):  # the secret may just have been rotated
            try:
                secret = read(signature.secret).value
            except Park as missing:  # ours to put right: the sender must keep the push and try again
                log.error("signatures cannot be checked: %s", missing.reason)
                raise RetryLater("the signature cannot be checked right now", 60) from missing
            if verify(
                secret,
                body,
                given,
                algorithm=signature.algorithm,
                encoding=signature.encoding,
                prefix=signature.prefix,
            ):
                return
        what = "is missing" if given is None else "does not fit the body"
        raise Refused(401, f"the signature in {signature.header} {what}")

    def _understand(self, itsm: ItsmConnection, body: bytes, headers: Mapping[str, str]) -> Push:
        document = parse(body, headers.get("content-type"))
        extended = preset(itsm.kind).extended(itsm.fields, itsm.statuses, itsm.priorities)
        digest = hashlib.sha256(body).hexdigest()
        return understand(document, headers, extended, self._clock(), digest, base_url=itsm.url or "")

    def _keep_in_quarantine(self, connection: str, body: bytes, headers: Mapping[str, str], nothing: NoTicket) -> str:
        id = self._new_id()
        told = {name: headers[name] for name in ("content-type", "user-agent") if name in headers}
        self._quarantine.keep(Quarantined(id, connection, self._clock(), nothing.reason, nothing.faults, body, told))
        return id

    # ---------------------------------------------------------------- questions

    def explain(self, connection: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        """Where a ticket with this body would go and why, and the exact work item that would be written."""
        itsm = self._itsm(connection)
        configuration, _ = self._configuration()
        push = self._understand(itsm, body, headers)
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
            return self._reconciler.reconcile(hint)
        except RetryLater as wait:
            log.info("%s/%s waits %.0f s: %s", hint.connection, hint.ticket_id, wait.after_seconds, wait.reason)
            self._hints.send(hint, wait.after_seconds)
            return Outcome.POSTPONED
        except Stale:
            self._hints.send(hint, delay_seconds=1)
            return Outcome.POSTPONED
        except Exception as error:
            self._note(hint, f"{type(error).__name__}: {error}")
            raise

    def look_again(self, connection: str, id_or_number: str) -> None:
        """An operator asks to try a ticket again, parked or not."""
        record = self._known(connection, id_or_number)
        self._hints.send(Hint(connection, record.ticket_id, retry=True))

    def sweep(self, *, whole: bool = True) -> int:
        """Hint at every ticket that is not in step, parked ones included: what makes lost hints harmless.

        The `whole` sweep also looks at each ticket that was last held against an older configuration.
        """
        configuration, generation = self._configuration()
        count = 0
        for connection in configuration.itsm:
            for ticket_id in self._store.waiting(connection, generation if whole else None):
                self._hints.send(Hint(connection, ticket_id, retry=True))
                count += 1
        return count

    def _note(self, hint: Hint, reason: str) -> None:
        """Leave the reason where an operator looks; the failure itself is told by whoever raised it."""
        try:
            self._reconciler.note(hint, reason)
        except BoardbridgeError as error:
            log.warning("could not note the failure of %s/%s: %s", hint.connection, hint.ticket_id, error.reason)

    # ---------------------------------------------------------------- common

    def _itsm(self, connection: str) -> ItsmConnection:
        itsm = self._configuration()[0].itsm
        if connection not in itsm:
            raise Refused(404, f"there is no ITSM connection '{connection}'; known: {', '.join(itsm) or 'none'}")
        return itsm[connection]

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
