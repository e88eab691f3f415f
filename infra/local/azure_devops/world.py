"""Everything one simulator knows, in one place, so that a reset is a new one."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from infra.local.azure_devops.auth import Tokens
from infra.local.azure_devops.boards.identities import EVERYONE, Directory
from infra.local.azure_devops.boards.organisation import Organisation
from infra.local.azure_devops.boards.rules import Rules
from infra.local.azure_devops.boards.seed import seeded
from infra.local.azure_devops.boards.store import Store
from infra.local.azure_devops.clock import Clock, wall_clock
from infra.local.azure_devops.faults import Faults, Throttle

LOG_LENGTH = 2_000


@dataclass(slots=True)
class Latency:
    seconds: float = 0
    per_item_seconds: float = 0


@dataclass(slots=True)
class Requests:
    """What was asked: counts by call name, and the latest requests."""

    counts: Counter[str] = field(default_factory=Counter)
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))

    def add(self, name: str, method: str, path: str, status: int | None) -> None:
        """`status` None is a connection closed without an answer."""
        self.counts[name] += 1
        self.log.append({"call": name, "method": method, "path": path, "status": status})


class World:
    """The clock may be replaced by a test; `organisation` and `token` are what a reset returns to."""

    def __init__(self, organisation: str = "contoso", token: str = "local-pat", clock: Clock = wall_clock) -> None:
        self.name = organisation
        self.token = token
        self.clock = clock
        self.directory = Directory(EVERYONE)
        self.reset()

    def reset(self) -> None:
        self.organisation: Organisation = seeded(self.name, self.clock())
        self.store = Store(self.clock)
        self.tokens = Tokens(self.token)
        self.rules = Rules()
        self.faults = Faults()
        self.throttle = Throttle()
        self.latency = Latency()
        self.requests = Requests()
