"""The product over memory: `somewhere()` has its service, boards, stores and clock, and breaks where it is told to."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from shared.connectors.gate import Gate
from shared.errors import RetryLater
from shared.model import Secret
from shared.places import PlaceMemory
from shared.tickets.run import Outcome
from shared.tickets.service import TicketService
from tests.memory.boards import MemoryBoards
from tests.memory.itsm import MemoryItsm
from tests.memory.storage import MemoryCursors, MemoryHealthBoard, MemoryHints, MemoryQuarantine, MemoryTickets
from tests.simulation.world import CONFIGURATION, TIMING

JSON = {"content-type": "application/json"}


class Vault:
    value = "s3cret"

    def get(self, name: str) -> Secret:
        return Secret(self.value, "1")

    refresh = get


def somewhere() -> SimpleNamespace:
    """The product over memory, with a list of the calls it makes and a switch to make the next ones fail."""
    place = SimpleNamespace(
        now=datetime(2026, 3, 2, 8, tzinfo=UTC), calls=[], failing=set(), configuration=CONFIGURATION, generation="1"
    )

    def on_call(name: str) -> None:
        if name.startswith("before "):
            place.calls.append(name.removeprefix("before "))
        if name in place.failing:
            raise RetryLater("storage gives no answer", 5)

    def clock() -> datetime:
        return place.now

    place.store, place.hints, place.vault = MemoryTickets(on_call), MemoryHints(clock, on_call), Vault()
    place.boards, place.quarantine = MemoryBoards(clock, on_call), MemoryQuarantine(on_call)
    place.itsm = MemoryItsm(clock, on_call)
    place.product = Gate("generic", "token", place.itsm, MemoryHealthBoard(), place.vault, clock, 15)
    place.gate = Gate("contoso", "pat", place.boards, MemoryHealthBoard(), place.vault, clock, 15)
    place.service = TicketService(
        store=place.store, hints=place.hints, quarantine=place.quarantine, secrets=place.vault, boards=place.gate,
        configuration=lambda: (place.configuration, place.generation), clock=clock, new_id=lambda: "an-id",
        timing=TIMING, public_url="https://app.example", cursors=MemoryCursors(), places=PlaceMemory(MemoryCursors()),
        products=lambda name: place.product,
    )  # fmt: skip
    return place


def push(at, id="T-1", **fields) -> dict:
    body = {"id": id, "title": "VPN down", "team": "Network", "status": "open", "version": 1, **fields}
    return at.service.accept("generic", json.dumps(body).encode(), JSON)


def work(at) -> Outcome | None:
    hint = at.hints.take()
    return hint and at.service.handle(hint)


def settle(at: SimpleNamespace) -> None:
    """Follow every hint, however much later it is due."""
    while (due := at.hints.next_due()) is not None:
        at.now = max(at.now, due)
        work(at)


def only(at: SimpleNamespace) -> Any:
    """The one work item there is."""
    [item] = at.boards.live()
    return item


def talk(at: SimpleNamespace) -> list[str]:
    """What the discussion of the one work item says."""
    return [comment.html for comment in at.boards.comments(only(at).id)]
