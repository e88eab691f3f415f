"""A ticket is the sum of what its pushes said, whatever order and however often they arrived.

Each push states some fields at one place in the ticket's history; per field the latest statement stands. That makes
folding commutative, associative and idempotent for pushes with a version or a time of change, so shuffles and repeats
are harmless by construction, and a partial body never clears what it does not mention.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from shared.model import Order, Push, Said, Ticket

REMEMBERED_DELIVERIES = 100


def delivery_key(push: Push) -> str:
    """What makes two deliveries the same delivery: their delivery id, or their version, time and body.

    A push with none of these is news each time it arrives: without a version or a time, arrival is the only order
    there is, and "open, resolved, open" must not lose its third word.
    """
    told = (push.version, push.changed_at, push.delivery_id)
    identity = (
        *told,
        None if push.delivery_id else push.body_hash,
        push.received_at if told == (None, None, None) else None,
    )
    return hashlib.sha256(repr((push.ticket_id, *identity)).encode()).hexdigest()[:32]


def fold(ticket: Ticket, pushes: Iterable[Push]) -> Ticket:
    """The ticket with `pushes` added to it."""
    fresh = {key: push for push in pushes if (key := delivery_key(push)) not in ticket.seen}
    if not fresh:
        return ticket
    orders = _orders(ticket, fresh.values())
    said = dict(ticket.said)
    for push, order in orders:
        for name, value in push.fields.items():
            if name not in said or said[name].order < order:
                said[name] = Said(value, order)
    return replace(
        ticket,
        said=said,
        order=max([ticket.order, *(order for _, order in orders)]),
        seen=(*ticket.seen, *sorted(fresh))[-REMEMBERED_DELIVERIES:],
    )


def values(ticket: Ticket) -> dict[str, str]:
    """The ticket's fields as they stand now."""
    return {name: said.value for name, said in ticket.said.items()}


def _orders(ticket: Ticket, pushes: Iterable[Push]) -> list[tuple[Push, Order]]:
    """Place each push in history. One without a version is taken to follow the latest version known at its time."""
    pushes = list(pushes)
    known = [(ticket.order.at, ticket.order.version)]
    known += [(said.order.at, said.order.version) for said in ticket.said.values()]
    known += [(_at(push), push.version) for push in pushes if push.version is not None]

    def version(push: Push) -> int:
        if push.version is not None:
            return push.version
        return max((version for at, version in known if at <= _at(push)), default=0)

    return [(push, Order(version(push), _at(push), push.body_hash)) for push in pushes]


def _at(push: Push) -> str:
    return (push.changed_at or push.received_at).isoformat(timespec="microseconds")
