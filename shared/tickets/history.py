"""A ticket is the sum of what its pushes said, whatever order and however often they arrived.

Each push states some fields at one place in the ticket's history; per field the latest statement stands. That makes
folding commutative, associative and idempotent for pushes with a version or a time of change, so shuffles and repeats
are harmless by construction, and a partial body never clears what it does not mention.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta

from shared.model import Order, Push, Said, Ticket
from shared.tickets.mapping import COMMENT

REMEMBERED_DELIVERIES = 100
ABOUT_THE_PUSH = ("changed_at_raw", "product")  # fields that say nothing of the ticket itself
FUTURE = timedelta(days=1)  # a time of change that lies further ahead is a mistake: no zone is so far from another
MOST_TALK = 300_000  # characters of comments kept with a ticket; those that were copied are not kept at all


def delivery_key(push: Push) -> str:
    """What makes two deliveries the same delivery: their delivery id, version, time and body.

    A push with none of these is news each time it arrives: without a version or a time, arrival is the only order
    there is, and "open, resolved, open" must not lose its third word.
    """
    told = (push.version, push.changed_at, push.delivery_id)
    identity = (*told, push.body_hash, push.received_at if told == (None, None, None) else None)
    return hashlib.sha256(repr((push.ticket_id, *identity)).encode()).hexdigest()[:32]


def fold(ticket: Ticket, pushes: Iterable[Push]) -> Ticket:
    """The ticket with `pushes` added to it. Those that are only hints say nothing, but are known afterwards."""
    fresh = {key: push for push in pushes if (key := delivery_key(push)) not in ticket.seen}
    if not fresh:
        return ticket
    said, latest, read = dict(ticket.said), ticket.order, ticket.read
    for push in fresh.values():
        if push.unread:
            continue
        order = order_of(push)
        latest = order if newer(order, latest) else latest
        read = order if push.read and newer(order, read) else read
        for name, value in push.fields.items():
            if name not in said or newer(order, said[name].order):
                said[name] = Said(value, order)
    said = _bounded(said)
    seen = (*ticket.seen, *sorted(fresh))[-REMEMBERED_DELIVERIES:]
    return replace(ticket, said=said, order=latest, seen=seen, read=read)


def _bounded(said: dict[str, Said]) -> dict[str, Said]:
    """Without the words of the oldest comments where a row cannot take them all; they can be read in the product."""
    comments = sorted((name for name in said if name.startswith(COMMENT)), key=lambda name: said[name].order.at)
    room, dropped = MOST_TALK, set()
    for name in reversed(comments):
        room -= len(said[name].value)
        dropped |= {name} if room < 0 else set()
    return {name: replace(each, value="") if name in dropped else each for name, each in said.items()}


def newer(one: Order, other: Order) -> bool:
    """Whether `one` comes after `other`: by version where both have one, else by the moment of change.

    Changes of the same moment are taken in the order of their arrival. For a product whose versions and clock agree,
    this is one order over all pushes, with and without versions.
    """
    moments = (one.at, one.received, one.tie), (other.at, other.received, other.tie)
    if one.version is not None and other.version is not None:
        return (one.version, *moments[0]) > (other.version, *moments[1])
    return moments[0] > moments[1]


def is_news(push: Push, last: Order) -> bool:
    """Whether a push says that the ticket changed after `last`: by version, else by time."""
    order = order_of(push)
    if order.version is not None and last.version is not None:
        return (order.version, order.at) > (last.version, last.at)
    return order.at > last.at


def values(ticket: Ticket) -> dict[str, str]:
    """The ticket's fields as they stand now."""
    return {name: said.value for name, said in ticket.said.items()}


def unmapped(ticket: Ticket, priorities: Collection[str], routed: bool) -> tuple[str, ...]:
    """What the ticket says that nobody has told us the meaning of: `status=Waiting for parts`.

    `priorities` are those that its route has a level for, in any case.
    """
    fields = values(ticket)
    own = {name.casefold() for name in priorities}
    priority_known = fields.get("priority", "").casefold() in own or _is_mapped(ticket, "priority", "priority_level")
    team = "team" if fields.get("team") else "team_id"
    known = {"status": _is_mapped(ticket, "status", "status_category"), "priority": priority_known, team: routed}
    return tuple(f"{name}={fields[name]}" for name, mapped in known.items() if not mapped and fields.get(name))


def _is_mapped(ticket: Ticket, name: str, meaning: str) -> bool:
    """Whether what is known of the meaning belongs to the value of now, not to one before."""
    said = ticket.said
    return meaning in said and not (name in said and newer(said[name].order, said[meaning].order))


def describes(ticket: Ticket) -> bool:
    """Whether anything is known of the ticket but its id: a comment on an unknown ticket tells no more."""
    return any(name not in ABOUT_THE_PUSH and not name.startswith(COMMENT) for name in ticket.said)


def order_of(push: Push) -> Order:
    """The push's place in the history of its ticket."""
    received = push.received_at.isoformat(timespec="microseconds")
    told = push.changed_at if push.changed_at and push.changed_at < push.received_at + FUTURE else None
    at = told.isoformat(timespec="microseconds") if told else received
    return Order(push.version, at, received, push.body_hash)
