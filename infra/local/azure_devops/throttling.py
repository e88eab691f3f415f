"""The service's own brake: headers near the limit, then late answers, then 429.

Two things brake. `Throttle` is an order of a test, for the next calls, whatever they cost. `Budget` is the service's
own arithmetic: what an identity spent within a sliding window, in TSTU. It is off until a test or a person sets it, so
that nothing is slow without being asked to be.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from infra.local.azure_devops.errors import bad_argument, throttled
from infra.local.azure_devops.routing import Answer

RESOURCE = "DefaultRateLimit"


@dataclass(frozen=True, slots=True)
class Brake:
    """What a braked caller sees. `delay_seconds` 0 with no `retry_after` is only a warning in the headers."""

    limit: float
    remaining: float
    reset: int  # epoch seconds
    delay_seconds: float = 0
    retry_after: int | None = None
    blocked: bool = False

    def headers(self) -> dict[str, str]:
        wait = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        return wait | {
            "x-ratelimit-resource": RESOURCE,
            "x-ratelimit-delay": f"{self.delay_seconds:g}",
            "x-ratelimit-limit": f"{self.limit:g}",
            "x-ratelimit-remaining": f"{self.remaining:.6g}",
            "x-ratelimit-reset": str(self.reset),
        }

    def refusal(self) -> Answer:
        error = throttled(RESOURCE)
        return Answer(error.envelope, error.status, self.headers())


@dataclass(slots=True)
class Throttle:
    """By order. delay: answers come late but are good; block: 429 until `times` calls were refused."""

    mode: Literal["off", "delay", "block"] = "off"
    seconds: float = 0
    retry_after: int = 5
    times: int | None = None
    limit: int = 200

    def brake(self, now: float) -> Brake | None:
        """How this call is braked; counts it."""
        if self.mode == "off" or self.times == 0:
            return None
        if self.times is not None:
            self.times -= 1
        reset = int(now) + self.retry_after
        return Brake(self.limit, 0, reset, self.seconds, self.retry_after, blocked=self.mode == "block")


@dataclass(slots=True)
class Budget:
    """By arithmetic. `limit` is what an identity may spend in the window (the service: 200); None is no limit.

    From `warn_share` of the limit on, answers carry the headers. Above the limit they come late, the later the more is
    spent, up to `longest_delay_seconds`; above `block_share` of it they are 429. A refused call costs nothing.
    `per_item` is what each work item after the first adds to the cost of a call. The service publishes the limit and
    the window; the other shares are this simulator's.
    """

    limit: float | None = None
    window_seconds: float = 300
    warn_share: float = 0.8
    block_share: float = 1.5
    longest_delay_seconds: float = 30
    per_item: float = 0.001
    spent: dict[str, "Spending"] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit <= 0:
            raise bad_argument("'limit' is above 0, or null for no limit.")
        if self.block_share <= 1 or not 0 <= self.warn_share <= 1:
            raise bad_argument("'warn_share' is between 0 and 1, and 'block_share' above 1.")

    def cost(self, base: float, items: int) -> float:
        return base + self.per_item * max(items - 1, 0)

    def brake(self, who: str, now: float) -> Brake | None:
        """How a call of `who` is braked by what was spent before it."""
        if self.limit is None:
            return None
        spending = self._spending(who, now)
        share = spending.total / self.limit
        if share < self.warn_share:
            return None
        remaining, reset = max(self.limit - spending.total, 0), int(now + self.window_seconds) + 1
        if share < 1:
            return Brake(self.limit, remaining, reset)
        wait = max(int(spending.below(self.limit, self.window_seconds) - now) + 1, 1)
        over = min((share - 1) / (self.block_share - 1), 1)
        delay = round(self.longest_delay_seconds * over, 3)
        if share < self.block_share:
            return Brake(self.limit, remaining, reset, delay, wait)
        return Brake(self.limit, remaining, reset, self.longest_delay_seconds, wait, blocked=True)

    def charge(self, who: str, now: float, cost: float) -> None:
        if self.limit is not None:
            self._spending(who, now).add(now, cost)

    def _spending(self, who: str, now: float) -> "Spending":
        spending = self.spent.setdefault(who, Spending())
        spending.forget(now - self.window_seconds)
        return spending


@dataclass(slots=True)
class Spending:
    """What one identity spent within the window, oldest first."""

    calls: deque[tuple[float, float]] = field(default_factory=deque)
    total: float = 0

    def add(self, now: float, cost: float) -> None:
        self.calls.append((now, cost))
        self.total += cost

    def forget(self, before: float) -> None:
        while self.calls and self.calls[0][0] <= before:
            self.total -= self.calls.popleft()[1]
        if not self.calls:
            self.total = 0

    def below(self, limit: float, window_seconds: float) -> float:
        """The moment at which the spending is below `limit` again, if nothing is added; long ago if it is already."""
        left = self.total
        for when, cost in self.calls:
            left -= cost
            if left < limit:
                return when + window_seconds
        return 0
