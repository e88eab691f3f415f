"""A push arrives: who sent it, what it says, stored, a hint left. Nothing is asked of any board or product here.

Separate from `service` because the sender waits: two storage calls for a ticket, and an answer that is true.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from textwrap import shorten
from typing import Any

from shared.configuration import Configuration, ItsmConnection
from shared.errors import NoTicket, Park, Refused, RetryLater
from shared.model import Hint, Push, Quarantined
from shared.ports import Clock, Hints, Quarantine, Secrets, TicketStore
from shared.tickets.bodies import parse
from shared.tickets.history import delivery_key
from shared.tickets.mapping import Sender, the_ticket, understand, without_comments
from shared.tickets.preset import Preset, preset
from shared.tickets.signatures import Scheme, wrong_password, wrong_signature, wrong_token

log = logging.getLogger(__name__)

LONGEST_REASON = 350  # characters, so that where the body is kept is told whole
WHOLE = frozenset({"title", "status", "body"})  # what a push says at least if it is more than a part of its ticket

type Check = Callable[[list[str]], str | None]


class Intake:
    def __init__(
        self,
        *,
        store: TicketStore,
        hints: Hints,
        quarantine: Quarantine,
        secrets: Secrets,
        configuration: Callable[[], tuple[Configuration, str]],
        clock: Clock,
        new_id: Callable[[], str],
        status_url: Callable[[str, str], str],
    ) -> None:
        self._store = store
        self._hints = hints
        self._quarantine = quarantine
        self._secrets = secrets
        self._configuration = configuration
        self._clock = clock
        self._new_id = new_id
        self._status_url = status_url

    def connection(self, name: str) -> ItsmConnection:
        itsm = self._configuration()[0].itsm
        if name not in itsm:
            raise Refused(404, f"there is no ITSM connection '{name}'; known: {', '.join(itsm) or 'none'}")
        return itsm[name]

    def accept(self, connection: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        """Keep what a body says of its tickets and leave hints. `headers` have lower-case names.

        Raises `Refused` with the answer to give; `RetryLater` only when it could not be stored. A body in which
        nothing is understood goes into quarantine; of a batch, what is understood is taken.
        """
        itsm = self.connection(connection)
        self._check_sender(itsm, body, headers)
        try:
            found = understand(
                parse(body, headers.get("content-type")), preset_of(itsm), self._sender(itsm, body, headers)
            )
        except Refused as unreadable:
            raise self._quarantined(connection, body, headers, [unreadable]) from unreadable
        nothing = [each for each in found if isinstance(each, NoTicket)]
        if len(nothing) == len(found):
            raise self._quarantined(connection, body, headers, nothing) from nothing[0]
        taken = [each for each in found if isinstance(each, Push)]
        told = [self._take(connection, itsm, push) for push in taken]
        for ticket_id in dict.fromkeys(push.ticket_id for push in taken):
            # A repeat leaves its hint too: the first delivery may have died between storing and hinting.
            self._hints.send(Hint(connection, ticket_id))
        if len(found) == 1:
            return {**told[0], "connection": connection}
        if nothing:
            reason = self._quarantined(connection, body, headers, nothing).reason
            told.append({"result": "quarantined", "reason": reason})
        return {"result": "accepted", "connection": connection, "tickets": told}

    def read(self, connection: str, body: bytes, headers: Mapping[str, str]) -> Push:
        """What a body says of its one ticket; nothing is kept."""
        itsm = self.connection(connection)
        sender = self._sender(itsm, body, headers)
        return the_ticket(parse(body, headers.get("content-type")), preset_of(itsm), sender)

    def _take(self, connection: str, itsm: ItsmConnection, push: Push) -> dict[str, str]:
        # Unsigned, or a part of its ticket, where we can ask the product itself: then it is a hint and no more.
        unread = itsm.access is not None and (itsm.signature is None or not push.fields.keys() >= WHOLE)
        push = self._wanted(replace(push, unread=unread))
        fresh = self._store.add_push(connection, push, delivery_key(push))
        return {
            "result": "accepted" if fresh else "duplicate",
            "ticket": push.ticket_id,
            "status_url": self._status_url(connection, push.ticket_id),
        }

    def _wanted(self, push: Push) -> Push:
        """Without the comments that no route may copy: what is not needed is not kept."""
        copied = self._configuration()[0].comments
        return push if copied == "all" else without_comments(push, only_internal=copied == "public")

    def _sender(self, itsm: ItsmConnection, body: bytes, headers: Mapping[str, str]) -> Sender:
        return Sender(headers, self._clock(), hashlib.sha256(body).hexdigest(), itsm.url or "")

    # ---------------------------------------------------------------- who sent it

    def _check_sender(self, itsm: ItsmConnection, body: bytes, headers: Mapping[str, str]) -> None:
        if itsm.signature:
            scheme = signature_scheme(itsm)
            now = self._clock()
            self._prove(
                itsm.signature.secret,
                lambda secrets: wrong_signature(scheme, secrets, body, headers, now),
            )
        if itsm.token:
            token = itsm.token
            self._prove(token.secret, lambda secrets: wrong_token(token.header, token.prefix, secrets, headers))
        if itsm.basic:
            user = itsm.basic.user
            self._prove(itsm.basic.secret, lambda secrets: wrong_password(user, secrets, headers))

    def _prove(self, names: tuple[str, ...], wrong: Check) -> None:
        """Raise `Refused` 401 unless one of the secrets proves the sender; they may just have been rotated."""
        reason: str | None = None
        for read in (self._secrets.get, self._secrets.refresh):
            reason = wrong(self._values(names, read))
            if reason is None:
                return
        raise Refused(401, reason or "")

    def _values(self, names: tuple[str, ...], read: Callable[[str], Any]) -> list[str]:
        """The values of those secrets that are there: while one is renewed, the other need not exist."""
        values, missing = [], []
        for name in names:
            try:
                values.append(read(name).value)
            except Park as absent:
                missing.append(absent)
        if not values:  # ours to put right: the sender must keep the push and try again
            log.error("pushes cannot be checked: %s", missing[0].reason)
            raise RetryLater("the sender cannot be checked right now", 60) from missing[0]
        return values

    # ---------------------------------------------------------------- what nobody understands

    def _quarantined(
        self, connection: str, body: bytes, headers: Mapping[str, str], why: list[Refused] | list[NoTicket]
    ) -> Refused:
        """Keep the body as it came, and give the refusal that says so."""
        id = self._new_id()
        faults = tuple(fault for each in why for fault in each.faults)
        reason = shorten("; ".join(dict.fromkeys(each.reason for each in why)), LONGEST_REASON, placeholder=" …")
        told = {name: headers[name] for name in ("content-type", "user-agent") if name in headers}
        self._quarantine.keep(Quarantined(id, connection, self._clock(), reason, faults, body, told))
        return Refused(why[0].status, f"{reason}; the body is kept in quarantine as {id}", faults)


def preset_of(itsm: ItsmConnection) -> Preset:
    """The preset of a connection's kind with the connection's own words before it."""
    return preset(itsm.kind).extended(itsm.fields, itsm.statuses, itsm.priorities)


def signature_scheme(itsm: ItsmConnection) -> Scheme:
    """How a connection's sender signs: what it says itself, else as its product does, else as GitHub made usual."""
    assert itsm.signature is not None
    usual = {"header": "x-hub-signature", "prefix": "sha256="}
    product = preset(itsm.kind).signature
    own = {name: value for name, value in itsm.signature.model_dump(exclude={"secret"}).items() if value is not None}
    return Scheme(**{**(product or usual), **own})
