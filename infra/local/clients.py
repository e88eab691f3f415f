"""What people and products outside see of the local stack: the app over HTTP, and the board. Nothing knows its code."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter

PATIENCE_SECONDS = 120
MOST_AT_ONCE = 32


class Product:
    """`url` is the Functions app, `key` its function key."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.mount("http://", HTTPAdapter(pool_maxsize=MOST_AT_ONCE))
        self._session.headers["x-functions-key"] = key

    def close(self) -> None:
        self._session.close()

    def configure(self, document: str) -> requests.Response:
        return self._session.put(f"{self.url}/api/configuration", data=document.encode(), timeout=30)

    def configuration(self) -> str:
        return self.get("configuration").text

    def push(
        self, connection: str, body: bytes | Mapping[str, Any], *, secret: str | None = None, **headers: str
    ) -> requests.Response:
        """Send a ticket as a product would, signed if there is a secret; headers are named like `Content_Type`."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
        if secret is not None:
            given["X-Hub-Signature"] = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        return self._session.post(f"{self.url}/api/itsm/{connection}", data=raw, headers=given, timeout=30)

    def explain(self, connection: str, body: bytes) -> requests.Response:
        url = f"{self.url}/api/routes/explain?connection={connection}"
        return self._session.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=30)

    def get(self, path: str) -> requests.Response:
        return self._session.get(f"{self.url}/api/{path}", timeout=30)

    def ticket(self, status_url: str) -> dict[str, Any]:
        response = self._session.get(status_url, timeout=30)
        response.raise_for_status()
        return response.json()

    def look_again(self, status_url: str) -> None:
        self._session.post(status_url, timeout=30).raise_for_status()

    def settled(self, status_url: str, *states: str) -> dict[str, Any]:
        """The ticket once it is in one of `states`."""
        return wait_for(lambda: self.ticket(status_url), lambda ticket: ticket["state"] in states, " or ".join(states))


def wait_for[T](look: Callable[[], T], good: Callable[[T], bool], what: str) -> T:
    """What `look` sees once it is good; `TimeoutError` tells what was seen instead."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not good(seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not {what} after {PATIENCE_SECONDS} s: {json.dumps(seen)}")
        time.sleep(0.1)
    return seen


class Board:
    """Azure DevOps as a team member sees it."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._session = requests.Session()
        self.use_token(token)

    def use_token(self, token: str) -> None:
        self._session.auth = ("", token)

    def close(self) -> None:
        self._session.close()

    def work_item(self, id: int) -> dict[str, Any]:
        url = f"{self.url}/_apis/wit/workitems/{id}?$expand=all&api-version=7.1"
        response = self._session.get(url, timeout=30)
        response.raise_for_status()
        return response.json()

    def edit(self, id: int, **fields: Any) -> None:
        """Set `System.…` fields, named without the prefix."""
        patch = [{"op": "add", "path": f"/fields/System.{name}", "value": value} for name, value in fields.items()]
        self._session.patch(
            f"{self.url}/_apis/wit/workitems/{id}?api-version=7.1",
            data=json.dumps(patch),
            headers={"Content-Type": "application/json-patch+json"},
            timeout=30,
        ).raise_for_status()

    def everything(self) -> list[int]:
        url = f"{self.url}/_apis/wit/wiql?api-version=7.1"
        query = {"query": "SELECT [System.Id] FROM WorkItems ORDER BY [System.Id]"}
        response = self._session.post(url, json=query, timeout=30)
        response.raise_for_status()
        return [item["id"] for item in response.json()["workItems"]]
