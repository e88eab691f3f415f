"""Asking the product itself: what a ticket says now where a push was only a hint, and what pushes missed.

Separate from the reconciler, which needs to know nothing of products but what they say.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.configuration import Configuration, ItsmConnection
from shared.errors import NotFound, NoTicket, Park
from shared.model import Hint, Push, TicketAddress
from shared.ports import Clock, Cursors, Hints, ItsmDoor, Record, TicketStore
from shared.tickets.history import delivery_key, fold, is_news, values
from shared.tickets.intake import preset_of
from shared.tickets.mapping import Sender, the_ticket, without_comments

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=5)  # clocks differ, and searches of products lag behind their records
FIRST_LOOK = timedelta(hours=1)  # how far the first catch-up of a connection goes back
SAVE_EVERY = 100  # tickets; a catch-up that dies goes on from there


class Reading:
    """`products` opens the way to the product behind a connection."""

    def __init__(
        self,
        *,
        store: TicketStore,
        hints: Hints,
        cursors: Cursors,
        products: Callable[[str], ItsmDoor],
        clock: Clock,
    ) -> None:
        self._store = store
        self._hints = hints
        self._cursors = cursors
        self._products = products
        self._clock = clock

    def back(self, configuration: Configuration, record: Record) -> tuple[Push, ...]:
        """What the product says of the ticket now, if one of its pushes was only a hint; () if none was.

        Raises `Park` if the product knows no such ticket, unless a push said that it was deleted.
        """
        hints = [push for push in record.pushes if push.unread]
        itsm = configuration.itsm.get(record.connection)
        if itsm is None or itsm.access is None:  # not any more: what was pushed is all there is to go by
            return tuple(replace(push, unread=False) for push in hints)
        if not hints:
            return ()
        try:
            push = self.now(configuration, record.connection, address(record))
        except NotFound as missing:
            if any(push.fields.get("deleted") == "true" for push in hints):
                return (self._gone(record, "Deleted", deleted="true"),)
            raise Park(f"it was pushed, but cannot be read back, so nothing is written: {missing.reason}") from missing
        if push.ticket_id != record.ticket_id:  # asked for one, some products answer with what it was merged into
            return (self._gone(record, "Merged", merged_into=push.ticket_id),)
        if record.ticket and values(record.ticket).get("deleted") == "true":  # it is there again, whenever it changed
            return (replace(push, changed_at=self._after(record), fields={**push.fields, "deleted": "false"}),)
        return (push,)

    def understood(self, itsm: ItsmConnection, document: Mapping[str, Any]) -> Push:
        """A document of the product's API as a push that we made ourselves. `Park` if no ticket is found in it."""
        digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
        try:
            return the_ticket(document, preset_of(itsm), Sender({}, self._clock(), digest, itsm.url or ""))
        except NoTicket as nothing:
            raise Park(f"what the product answered cannot be read: {nothing.reason}") from nothing

    def now(self, configuration: Configuration, connection: str, ticket: TicketAddress) -> Push:
        """What the product says of a ticket at this moment."""
        with self._products(connection).open() as product:
            document = product.read(ticket, comments=_wanted(configuration))
        push = replace(self.understood(configuration.itsm[connection], document), read=True)
        return push if configuration.comments == "all" else without_comments(push, only_internal=_wanted(configuration))

    def catch_up(self, configuration: Configuration, connection: str) -> int:
        """Take in every ticket of the connection that changed and is not known so; returns how many."""
        itsm = configuration.itsm.get(connection)
        if itsm is None or itsm.access is None:
            return 0
        name, started = f"caught up|{connection}", self._clock()
        told = self._cursors.read(name)
        since = datetime.fromisoformat(told) - OVERLAP if told else started - FIRST_LOOK
        missed = 0
        with self._products(connection).open() as product:
            for number, document in enumerate(product.changed_since(since, comments=False), start=1):
                try:
                    push = self.understood(itsm, document)
                except Park as odd:  # one that nobody understands must not hide the others
                    log.error("%s: %s", connection, odd.reason)
                    continue
                missed += self._take(connection, push, unread=_wanted(configuration))
                if number % SAVE_EVERY == 0 and push.changed_at:
                    self._cursors.write(name, push.changed_at.isoformat())
        self._cursors.write(name, started.isoformat())
        log.info("%s: %d tickets changed of which no push told", connection, missed)
        return missed

    def _take(self, connection: str, push: Push, *, unread: bool) -> bool:
        """Whether the push is news.

        Where comments are copied it is a hint, because a list of tickets does not hold them, and what counts is when
        the ticket was read last: pushes may have told of later changes and not of a comment before them.
        """
        record = self._store.read(connection, push.ticket_id)
        known = fold(record.ticket, record.pushes) if record.ticket else None
        if any(push.unread for push in record.pushes) or (
            known and not is_news(push, known.read if unread else known.order)
        ):
            return False
        news = replace(push, unread=unread)
        self._store.add_push(connection, news, delivery_key(news))
        self._hints.send(Hint(connection, push.ticket_id))
        return True

    def _gone(self, record: Record, status: str, **fields: str) -> Push:
        told = {"status": status, "status_category": "cancelled", **fields}
        return Push(record.ticket_id, self._clock(), f"{status} {fields}", told, changed_at=self._after(record))

    def _after(self, record: Record) -> datetime:
        """Now, or right after the last that the product said: its clock may be ahead of ours."""
        last = record.ticket.order.at if record.ticket else ""
        return max(self._clock(), datetime.fromisoformat(last) + timedelta(milliseconds=1)) if last else self._clock()


def address(record: Record) -> TicketAddress:
    """How the product's API finds the ticket, by all that its pushes said."""
    fields: dict[str, str] = {}
    for each in _told(record):
        fields |= {name: each[name] for name in ("kind", "number") if each.get(name)}
    return TicketAddress(record.ticket_id, **fields)


def _told(record: Record) -> Iterable[Mapping[str, str]]:
    yield from (push.fields for push in record.pushes)
    if record.ticket:
        yield values(record.ticket)


def _wanted(configuration: Configuration) -> bool:
    """Whether comments are."""
    return configuration.comments != "none"
