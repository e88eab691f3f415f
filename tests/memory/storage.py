"""The six storage ports in memory: the same contract, deterministic, and one hook through which a test breaks in.

`on_call("before tickets.save")` runs before that operation touches anything, `on_call("after tickets.save")` once it
is done and before its caller hears of it. A simulation yields to another worker there, or raises: before, nothing was
done; after, it was, and the answer is lost. `waiting` and `list` are one operation each, at the first item.

Written from the contract in `shared.ports`, not from the tables, so that each can show the other to be wrong.
"""

import copy
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from threading import Lock

from shared.errors import Stale
from shared.model import Health, Hint, Link, LinkState, Push, Quarantined, Ticket
from shared.ports import Record

type OnCall = Callable[[str], None]


def undisturbed(_: str) -> None:
    """The hook of a test in which nothing goes wrong."""


@dataclass(slots=True)
class _Calls:
    """Announces an operation, and lets one at a time touch the data; the hook itself runs outside of the lock."""

    on_call: OnCall
    lock: Lock = field(default_factory=Lock)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        self.on_call(f"before {name}")
        with self.lock:
            yield
        self.on_call(f"after {name}")


@dataclass(slots=True)
class _Rows:
    """All that is kept of one ticket; `version` counts its saves."""

    ticket: Ticket | None = None
    link: Link | None = None
    version: int = 0
    pushes: dict[str, Push] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Token:
    version: int
    pushes: tuple[str, ...]


class MemoryTickets:
    """`TicketStore`; `rows` lets a test look at everything."""

    def __init__(self, on_call: OnCall = undisturbed) -> None:
        self.rows: dict[tuple[str, str], _Rows] = {}
        self.aliases: dict[tuple[str, str], str] = {}
        self._call = _Calls(on_call)

    def add_push(self, connection: str, push: Push, key: str) -> bool:
        with self._call("tickets.add_push"):
            pushes = self.rows.setdefault((connection, push.ticket_id), _Rows()).pushes
            if key in pushes:
                return False
            pushes[key] = push
            return True

    def read(self, connection: str, ticket_id: str) -> Record:
        with self._call("tickets.read"):
            rows = self.rows.get((connection, ticket_id), _Rows())
            keys = tuple(sorted(rows.pushes, key=lambda key: (rows.pushes[key].received_at, key)))
            pushes = tuple(rows.pushes[key] for key in keys)
            alias_of = self.aliases.get((connection, ticket_id))
            return Record(connection, ticket_id, rows.ticket, pushes, rows.link, _Token(rows.version, keys), alias_of)

    def save(self, record: Record, ticket: Ticket | None, link: Link) -> Record:
        was = record.token
        assert isinstance(was, _Token), "a record is saved to the store that read it"
        with self._call("tickets.save"):
            rows = self.rows.setdefault((record.connection, record.ticket_id), _Rows())
            if rows.version != was.version:
                raise Stale(f"ticket {record.ticket_id} was saved by somebody else")
            rows.version += 1
            rows.link = link
            if ticket is None:
                return replace(record, link=link, token=replace(was, version=rows.version))
            rows.ticket = ticket
            if "number" in ticket.said and ticket.said["number"].value not in ("", ticket.id):
                self.aliases[record.connection, ticket.said["number"].value] = ticket.id
            for key in was.pushes:
                del rows.pushes[key]
            return replace(record, ticket=ticket, pushes=(), link=link, token=_Token(rows.version, ()))

    def linked(self, connection: str, work_item_ids: Collection[int]) -> Mapping[int, str]:
        with self._call("tickets.linked"):
            links = {id: rows.link for (of, id), rows in self.rows.items() if of == connection and rows.link}
            return {link.work_item_id: id for id, link in links.items() if link.work_item_id in work_item_ids}

    def unmapped(self, connection: str) -> Mapping[str, int]:
        with self._call("tickets.unmapped"):
            links = [rows.link for (of, _), rows in self.rows.items() if of == connection and rows.link]
            return Counter(what for link in links for what in link.unmapped)

    def waiting(self, connection: str, generation: str | None = None) -> Iterator[str]:
        with self._call("tickets.waiting"):
            found = sorted(id for (of, id), rows in self.rows.items() if of == connection and _waits(rows, generation))
        yield from found


def _waits(rows: _Rows, generation: str | None) -> bool:
    if rows.pushes:
        return True
    if (link := rows.link) is None:
        return False
    if generation is not None and link.generation != generation:
        return True
    if rows.ticket is not None and link.applied != rows.ticket.order:
        return True
    return (
        link.state is LinkState.CREATING
        or link.intent is not None
        or bool(link.waiting or link.parked or link.unanswered)
    )


class MemoryHints:
    """`Hints`; a message is due at a moment of `clock`, and `take` hands out what is due, oldest first.

    A worker that dies with a hint in its hands `put`s it back, as the queue would.
    """

    def __init__(self, clock: Callable[[], datetime], on_call: OnCall = undisturbed) -> None:
        self.messages: list[tuple[datetime, int, Hint]] = []
        self._numbers = count()
        self._clock = clock
        self._call = _Calls(on_call)

    def send(self, hint: Hint, delay_seconds: float = 0) -> None:
        with self._call("hints.send"):
            self._put(hint, delay_seconds)

    def put(self, hint: Hint, delay_seconds: float = 0) -> None:
        """`send` without the hook: what the queue itself does."""
        with self._call.lock:
            self._put(hint, delay_seconds)

    def take(self) -> Hint | None:
        """Remove and return the hint that has been due longest; None if none is."""
        with self._call.lock:
            if not self.messages or min(self.messages)[0] > self._clock():
                return None
            first = min(self.messages)
            self.messages.remove(first)
            return first[2]

    def next_due(self) -> datetime | None:
        """When the earliest hint is due; None if the queue is empty."""
        with self._call.lock:
            return min((due for due, _, _ in self.messages), default=None)

    def _put(self, hint: Hint, delay_seconds: float) -> None:
        due = self._clock() + timedelta(seconds=delay_seconds)
        self.messages.append((due, next(self._numbers), hint))


class MemoryCursors:
    """`Cursors`."""

    def __init__(self, on_call: OnCall = undisturbed) -> None:
        self._cursors: dict[str, str] = {}
        self._call = _Calls(on_call)

    def read(self, name: str) -> str | None:
        with self._call("cursors.read"):
            return self._cursors.get(name)

    def write(self, name: str, cursor: str) -> None:
        with self._call("cursors.write"):
            self._cursors[name] = cursor


class MemoryHealthBoard:
    """`HealthBoard`."""

    def __init__(self, on_call: OnCall = undisturbed) -> None:
        self._rows: dict[str, Health] = {}
        self._call = _Calls(on_call)

    def read(self, connection: str) -> Health:
        with self._call("health.read"):
            return self._rows.get(connection, Health())

    def write(self, connection: str, health: Health) -> None:
        with self._call("health.write"):
            self._rows[connection] = health


class MemoryQuarantine:
    """`Quarantine`."""

    def __init__(self, on_call: OnCall = undisturbed) -> None:
        self._items: dict[tuple[datetime, str], Quarantined] = {}
        self._call = _Calls(on_call)

    def keep(self, item: Quarantined) -> None:
        with self._call("quarantine.keep"):
            self._items[item.received_at, item.id] = item

    def list(self, limit: int) -> Iterator[Quarantined]:
        with self._call("quarantine.list"):
            newest_first = [self._items[key] for key in sorted(self._items, reverse=True)]
        yield from newest_first[:limit]


class MemoryConfigurationStore:
    """`ConfigurationStore`; always fresh."""

    def __init__(self, on_call: OnCall = undisturbed) -> None:
        self._document: Mapping[str, object] = {}
        self._number = 0
        self._call = _Calls(on_call)

    def read(self, *, fresh: bool = False) -> tuple[Mapping[str, object], str]:
        with self._call("configuration.read"):
            document, generation = copy.deepcopy(self._document), self._generation
        return document, generation

    def replace(self, document: Mapping[str, object], expected: str | None) -> str:
        with self._call("configuration.replace"):
            if expected is not None and expected != self._generation:
                raise Stale(f"the configuration in force is {self._generation or 'empty'}, not {expected or 'empty'}")
            self._document = copy.deepcopy(document)
            self._number += 1
            return self._generation

    @property
    def _generation(self) -> str:
        return str(self._number) if self._number else ""
