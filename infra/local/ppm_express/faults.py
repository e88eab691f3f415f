"""What goes wrong on demand: errors before or after a write, lost answers, writes that land late, too many requests.

Apart from the endpoints, which never know of it.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

DROP = "drop"


@dataclass(slots=True)
class Fault:
    """Strikes requests whose `METHOD /path` matches `call`, `times` times, None for ever.

    before: nothing is done; after: done, then the `status`; late: the status now, done `late_seconds` later. A status
    of "drop" closes the connection without an answer, None is the true answer. `edit` is what a person does right after
    the request, as for `PATCH tasks` of `control.py`.
    """

    call: str = ""
    when: Literal["before", "after", "late"] = "before"
    status: int | str | None = 503
    retry_after: int | None = None
    late_seconds: float = 0
    times: int | None = 1
    edit: dict[str, Any] | None = None


@dataclass(slots=True)
class Limit:
    """At most `requests` within `seconds`, then 429; no limit without `requests`."""

    requests: int | None = None
    seconds: float = 60
    _seen: deque[datetime] = field(default_factory=deque)

    def wait(self, now: datetime) -> int | None:
        """Seconds until another request is taken; None if this one is."""
        if self.requests is None:
            return None
        window = timedelta(seconds=self.seconds)
        while self._seen and self._seen[0] <= now - window:
            self._seen.popleft()
        if len(self._seen) >= self.requests:
            return max(1, round((self._seen[0] + window - now).total_seconds()))
        self._seen.append(now)
        return None


@dataclass(slots=True)
class Faults:
    """The faults in force, oldest first: the first that matches strikes."""

    limit: Limit = field(default_factory=Limit)
    latency_seconds: float = 0
    in_force: list[Fault] = field(default_factory=list)

    def strike(self, call: str) -> Fault | None:
        for fault in self.in_force:
            if re.search(fault.call, call, re.IGNORECASE):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self.in_force.remove(fault)
                return fault
        return None
