"""What the whole organisation suffers from: late indexes, and not being there at all.

Unlike a fault, a condition strikes no single call; it lasts until it is lifted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args
from urllib.parse import quote

import orjson

from infra.local.azure_devops.boards.store import Store, WorkItem
from infra.local.azure_devops.clock import Clock, stamp
from infra.local.azure_devops.errors import bad_argument, stopped
from infra.local.azure_devops.routing import Answer

type State = Literal["running", "stopped", "conditional_access"]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
CONDITIONAL_ACCESS_PAGE = b"""<!DOCTYPE html>
<html lang="en-US"><head><title>Azure DevOps Services | Access Denied</title></head>
<body><h1>You cannot access this right now</h1>
<p>Your sign-in does not meet the criteria of a conditional access policy of your organization.</p></body></html>
"""


@dataclass(frozen=True, slots=True)
class Lag:
    """How many seconds a write takes to show: in the revisions feed, in the links feed, in queries."""

    revisions: float = 0
    links: float = 0
    queries: float = 0

    def until(self, seconds: float, clock: Clock) -> datetime | None:
        """The latest moment whose writes have arrived; None is now."""
        return clock() - timedelta(seconds=seconds) if seconds else None

    def queried(self, store: Store) -> Iterator[WorkItem]:
        """The live items as the query index knows them."""
        until = self.until(self.queries, store.clock)
        if until is None:
            yield from store.live()
            return
        for item in store.items.values():
            then = item.as_of(stamp(until))
            if then is not None and "System.IsDeleted" not in then.fields:
                yield then

    def with_uri(self, store: Store, uri: str) -> list[WorkItem]:
        """The items the index knows to have a hyperlink or artifact link to `uri`, lowest id first."""
        if not self.queries:
            return store.with_uri(uri)
        wanted = uri.casefold()
        found = [
            item for item in self.queried(store) if any((r.uri or "").casefold() == wanted for r in item.relations)
        ]
        return sorted(found, key=lambda item: item.id)


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether the organisation answers. `status` is that of the conditional access page."""

    state: State = "running"
    status: int = 203

    def __post_init__(self) -> None:
        if self.state not in get_args(State.__value__):
            raise bad_argument(f"'state' is one of {', '.join(get_args(State.__value__))}, not '{self.state}'.")

    def refuse(self, organisation: str) -> Answer | None:
        """The answer to every call, whoever makes it; None while the organisation runs."""
        if self.state == "running":
            return None
        if self.state == "conditional_access":
            return Answer(CONDITIONAL_ACCESS_PAGE, self.status, {}, "text/html; charset=utf-8")
        error = stopped(organisation)
        headers = {"x-tfs-serviceerror": quote(str(error), safe="")}
        return Answer(BYTE_ORDER_MARK + orjson.dumps(error.envelope), error.status, headers, "application/json")
