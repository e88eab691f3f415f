"""The `Itsm` port in memory: tickets in the generic shape, with comments, and the hook of the other ports.

`change` and `say` are what people do in the product: they pass no hook. Every change counts the ticket's version up.
Raised before a write, `Late` sets it aside until the test calls `land_late`, as in `tests.memory.boards`.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from shared.errors import NotFound
from shared.model import TicketAddress
from shared.ports import Clock
from tests.memory.boards import Late, OnCall, undisturbed


class MemoryItsm:
    def __init__(self, clock: Clock, on_call: OnCall = undisturbed) -> None:
        self.tickets: dict[str, dict[str, Any]] = {}
        self.introduced: dict[str, tuple[int, str]] = {}
        self._clock = clock
        self._on_call = on_call
        self._late: list[Callable[[], object]] = []

    # ---------------------------------------------------------------- the port

    def check(self) -> None:
        self._call("check", lambda: None)

    def read(self, ticket: TicketAddress, *, comments: bool) -> Mapping[str, Any]:
        return self._call("read", lambda: self._shown(ticket.id, comments))

    def changed_since(self, since: datetime, *, comments: bool) -> Iterator[Mapping[str, Any]]:
        changed = sorted(
            (ticket["changed_at"], id)
            for id, ticket in self.tickets.items()
            if datetime.fromisoformat(ticket["changed_at"]) >= since
        )
        return iter(self._call("changed_since", lambda: [self._shown(id, comments) for _, id in changed]))

    def introduce(self, ticket: TicketAddress, work_item_id: int, url: str) -> None:
        self._call("introduce", lambda: self._introduce(ticket.id, work_item_id, url))

    def comment(self, ticket: TicketAddress, text: str, *, public: bool) -> None:
        self._call("comment", lambda: self.say(ticket.id, text, public=public, author="Boardbridge"))

    def has_comment(self, ticket: TicketAddress, mark: str) -> bool:
        return self._call(
            "has_comment", lambda: any(mark in comment["body"] for comment in self._ticket(ticket.id)["comments"])
        )

    def set_status(self, ticket: TicketAddress, status: str, more: Mapping[str, str]) -> None:
        self._call("set_status", lambda: self.change(ticket.id, status=status, **more))

    # ---------------------------------------------------------------- what people and time do

    def change(self, id: str, **fields: Any) -> dict[str, Any]:
        """Make a ticket or change it; what changes nothing makes no version."""
        ticket = self.tickets.setdefault(id, {"id": id, "version": 0, "comments": []})
        if any(ticket.get(name) != value for name, value in fields.items()):
            ticket |= fields
            self._touch(ticket)
        return ticket

    def say(self, id: str, body: str, *, public: bool, author: str = "Ann") -> None:
        ticket = self._ticket(id)
        number = len(ticket["comments"]) + 1
        said = {"id": str(number), "body": body, "format": "text", "author": author, "public": public}
        ticket["comments"].append(said | {"at": self._clock().isoformat()})
        self._touch(ticket)

    def delete(self, id: str) -> None:
        del self.tickets[id]

    def land_late(self) -> int:
        """Let every write that was set aside reach the product now, in order; returns how many."""
        late, self._late = self._late, []
        for write in late:
            write()
        return len(late)

    # ---------------------------------------------------------------- within

    def _call[T](self, name: str, act: Callable[[], T]) -> T:
        try:
            self._on_call(f"before itsm.{name}")
        except Late as late:
            self._late.append(act)
            raise late.error from None
        answer = act()
        self._on_call(f"after itsm.{name}")
        return answer

    def _introduce(self, id: str, work_item_id: int, url: str) -> None:
        self._ticket(id)
        self.introduced[id] = (work_item_id, url)

    def _touch(self, ticket: dict[str, Any]) -> None:
        ticket |= {"version": ticket["version"] + 1, "changed_at": self._clock().isoformat()}

    def _ticket(self, id: str) -> dict[str, Any]:
        if id not in self.tickets:
            raise NotFound(f"there is no ticket {id}")
        return self.tickets[id]

    def _shown(self, id: str, comments: bool) -> dict[str, Any]:
        ticket = copy.deepcopy(self._ticket(id))
        return ticket if comments else {name: value for name, value in ticket.items() if name != "comments"}
