"""The calls of PPM Express's public API that the product makes, one method each, with the documents as they come."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from requests.adapters import BaseAdapter

from shared.connectors.rest import Rest, bearer, path
from shared.errors import Park
from shared.ports import Clock, Secrets

log = logging.getLogger(__name__)

FRESH = timedelta(minutes=1)
LATEST = timedelta(seconds=5)  # for a second look: so many words that nobody knows do not make as many calls
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)  # all ids are

type Document = Mapping[str, Any]


class PpmExpressApi:
    """A tenant, at `url`, such as https://api-us.ppm.express/@contoso/v1.0. Safe to share between threads."""

    def __init__(
        self,
        url: str,
        secrets: Secrets,
        secret: str,
        *,
        connection: str,
        clock: Clock,
        timeout_seconds: float = 30,
        adapter: BaseAdapter | None = None,
    ) -> None:
        self._rest = Rest(
            "PPM Express",
            url,
            secrets,
            secret,
            bearer,
            connection=connection,
            clock=clock,
            timeout_seconds=timeout_seconds,
            adapter=adapter,
        )
        self.url = self._rest.url
        self.timeout_seconds = timeout_seconds
        self.task_fields = _Remembered(lambda: self._get("Fields/Task"), clock)
        self.resources = _Remembered(self._resources, clock)

    def close(self) -> None:
        self._rest.close()

    def require_credential(self) -> None:
        """Raises what stands in the way of having a token at all."""
        self._rest.require_credential()

    def me(self) -> Document:
        """Whose the token is, and the token itself: its expiry and scopes."""
        return self._get("Me")

    def token_expires_at(self) -> datetime | None:
        """When the token stops working; None where PPM Express does not say."""
        return expires_at(self.me())

    # ---------------------------------------------------------------- tasks

    def project(self, project: str) -> Document:
        return self._get(path("projects", project))

    def tasks(self, project: str) -> Iterator[Document]:
        """All of them, as they come: the API knows neither pages nor filters. One that is missing shows at the end."""
        return self._rest.members(path("projects", project, "tasks"), "data")

    def task(self, project: str, id: str) -> Document:
        return self._get(path("projects", project, "tasks", id))

    def create_task(self, project: str, attributes: Document) -> Document:
        return self._rest.write("POST", path("projects", project, "tasks"), {"attributes": attributes})["data"]

    def update_task(self, project: str, id: str, updates: Document) -> Document:
        return self._rest.write("PATCH", path("projects", project, "tasks", id), {"updates": updates})["data"]

    # ---------------------------------------------------------------- webhooks

    def webhooks(self) -> Sequence[Document]:
        """Those of the whole tenant. On the vendor's help page, though not in the swagger."""
        return self._get("Webhooks")

    def create_webhook(self, wanted: Document) -> Document:
        return self._rest.write("POST", "Webhooks", wanted)["data"]

    def delete_webhook(self, id: str) -> None:
        """Without an id this would be the call that deletes every webhook of the tenant."""
        if not id:
            raise ValueError("the webhook to delete has no id")
        self._rest.write("DELETE", path("Webhooks", id), None)

    def _resources(self) -> Sequence[Document]:
        """None where the token may not see them: people are known by their names then, and nobody can be assigned."""
        try:
            return self._get("Resources")
        except Park as hidden:
            log.warning("resources cannot be read: %s", hidden.reason)
            return ()

    def _get(self, address: str) -> Any:
        return self._rest.get(address)["data"]


def expires_at(me: Document) -> datetime | None:
    expires = (me.get("token") or {}).get("expirationDate")
    return datetime.fromisoformat(expires) if expires else None


class _Remembered:
    """What `ask` answered not longer ago than the caller will have it."""

    def __init__(self, ask: Callable[[], Sequence[Document]], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = Lock()
        self._known: tuple[datetime, Sequence[Document]] | None = None

    def __call__(self, age: timedelta = FRESH) -> Sequence[Document]:
        with self._lock:
            if self._known is None or self._clock() - self._known[0] > age:
                self._known = self._clock(), self._ask()
            return self._known[1]
