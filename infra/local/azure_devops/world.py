"""Everything one simulator knows, in one place, so that a reset is a new one."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from infra.local.azure_devops.auth import Tokens
from infra.local.azure_devops.boards.bulk import fill
from infra.local.azure_devops.boards.identities import EVERYONE, Directory
from infra.local.azure_devops.boards.organisation import Organisation
from infra.local.azure_devops.boards.queries import Queries
from infra.local.azure_devops.boards.rules import Rules
from infra.local.azure_devops.boards.seed import seeded
from infra.local.azure_devops.boards.store import Store
from infra.local.azure_devops.clock import Clock, SteeredClock, wall_clock
from infra.local.azure_devops.conditions import Availability, Lag
from infra.local.azure_devops.faults import Faults
from infra.local.azure_devops.hooks.delivery import Hooks
from infra.local.azure_devops.throttling import Budget, Throttle

LOG_LENGTH = 2_000


@dataclass(slots=True)
class Latency:
    """How much later answers come: all of them, by the item, and more for some calls, by name."""

    seconds: float = 0
    per_item_seconds: float = 0
    calls: dict[str, float] = field(default_factory=dict)


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
        self.clock = SteeredClock(clock)
        self.directory = Directory(EVERYONE)
        self.hooks = Hooks(self.clock)
        self.reset()

    def seed(self, items: int) -> None:
        """So many more work items (see `boards.bulk`)."""
        if items:
            fill(self.store, self.organisation, self.directory.people, items)
            self.store.journal.tell()  # nobody has subscribed to the past

    def reset(self) -> None:
        self.clock.release()
        self.organisation: Organisation = seeded(self.name, self.clock())
        self.store = Store(self.clock)
        self.queries = Queries()
        self.tokens = Tokens(self.token)
        self.rules = Rules()
        self.faults = Faults()
        self.throttle = Throttle()
        self.budget = Budget()
        self.latency = Latency()
        self.lag = Lag()
        self.hooks.close()
        self.hooks = Hooks(self.clock)
        self.availability = Availability()
        self.requests = Requests()
        self.templates: dict[str, dict[str, dict[str, Any]]] = {}  # by team, then by their own id
