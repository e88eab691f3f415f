"""Faults a test asks for: errors before or after the write, dropped connections, writes that land late.

Separate from the endpoints, which never know of them: a fault decides whether, and when, the endpoint runs, and what
the caller is told instead.
"""

import random
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from infra.local.azure_devops.auth import sign_in_page
from infra.local.azure_devops.boards.refusals import revision_mismatch
from infra.local.azure_devops.errors import (
    Dropped,
    access_denied,
    bad_argument,
    expired_token,
    throttled,
    unavailable,
)
from infra.local.azure_devops.routing import Answer, Call

type When = Literal["before", "after", "late"]

DROP = "drop"


@dataclass(slots=True)
class Fault:
    """`call` is an endpoint's name or `*`. `status` is what the caller sees, or "drop": the connection is closed.

    before: nothing is written; after: written, then the status; late: the status now, the write `late_seconds` later.
    `rate` is the share of matching calls it strikes; `times` how often at most, None for ever. `item` is a work item
    id, or part of a title or body. `message` replaces the sentence of an error, for example by one with another code.
    """

    id: int
    call: str = "*"
    when: When = "before"
    status: int | str = 503
    retry_after: int | None = None
    late_seconds: float = 0
    rate: float = 1
    times: int | None = None
    item: int | str | None = None
    message: str | None = None
    struck: int = 0

    def __post_init__(self) -> None:
        if self.when not in ("before", "after", "late"):
            raise bad_argument(f"'when' is before, after or late, not '{self.when}'.")
        if self.status != DROP and not isinstance(self.status, int):
            raise bad_argument(f"'status' is a number or \"drop\", not '{self.status}'.")

    def matches(self, name: str, call: Call) -> bool:
        return (
            self.call in ("*", name)
            and (self.times is None or self.struck < self.times)
            and (self.item is None or _mentions(call, self.item))
        )

    def answer(self) -> Answer:
        """What the caller is told. Raises Dropped."""
        headers = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        match self.status:
            case "drop":
                raise Dropped
            case 203:
                return replace(sign_in_page(), headers=headers)
            case 401:
                error = expired_token()
            case 403:
                error = access_denied()
            case 409:
                error = revision_mismatch()
            case 429:
                error = throttled("DefaultRateLimit")
            case int(status):
                error = unavailable(status)
        return Answer(error.envelope | ({"message": self.message} if self.message else {}), error.status, headers)


def _mentions(call: Call, item: int | str) -> bool:
    if isinstance(item, str):
        addressed = call.world.store.items.get(int(call.route["id"])) if call.route.get("id", "").isdecimal() else None
        title = str(addressed.fields.get("System.Title", "")) if addressed else ""
        return item.casefold() in title.casefold() or item.casefold().encode() in call.content.lower()
    listed = call.query.get("ids", "").split(",")
    if call.method == "POST" and call.content.startswith(b"{"):
        ids = call.body.get("ids", [])
        listed += [str(id) for id in ids] if isinstance(ids, list) else []
    return str(item) in (call.route.get("id"), call.route.get("workItemId"), *listed)


@dataclass(slots=True)
class Faults:
    """The faults in force, oldest first; the first that matches and whose rate strikes wins."""

    seed: int = 1
    in_force: dict[int, Fault] = field(default_factory=dict)
    next_id: int = 1
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def add(self, wanted: dict[str, Any]) -> Fault:
        try:
            fault = Fault(id=self.next_id, **wanted)
        except TypeError as error:
            raise bad_argument(f"A fault cannot be made of {sorted(wanted)}: {error}") from error
        self.in_force[fault.id] = fault
        self.next_id += 1
        return fault

    def strike(self, name: str, call: Call) -> Fault | None:
        for fault in self.in_force.values():
            if fault.matches(name, call) and (fault.rate >= 1 or self.dice.random() < fault.rate):
                fault.struck += 1
                return fault
        return None

    def listed(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self.in_force.values()]
