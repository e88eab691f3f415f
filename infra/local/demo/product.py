"""The product as a stranger's client sees it: HTTP and nothing else."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests

PAYLOADS = Path(__file__).parent / "payloads"
PATIENCE_SECONDS = 60


class Product:
    """`url` is the Functions app, `key` its function key."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.headers["x-functions-key"] = key

    def close(self) -> None:
        self._session.close()

    def configure(self, document: str) -> requests.Response:
        return self._session.put(f"{self.url}/api/configuration", data=document.encode(), timeout=30)

    def push(self, connection: str, payload: str, *, secret: str | None = None) -> requests.Response:
        """Send a payload of this folder as the ITSM product would, signed if there is a secret."""
        body = (PAYLOADS / f"{payload}.json").read_bytes()
        headers = {"Content-Type": "application/json"}
        if secret is not None:
            headers["X-Hub-Signature"] = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return self.send(connection, body, headers)

    def send(self, connection: str, body: bytes, headers: Mapping[str, str]) -> requests.Response:
        return self._session.post(f"{self.url}/api/itsm/{connection}", data=body, headers=headers, timeout=30)

    def send_json(self, connection: str, ticket: Mapping[str, Any]) -> requests.Response:
        return self.send(connection, json.dumps(ticket).encode(), {"Content-Type": "application/json"})

    def explain(self, connection: str, payload: str) -> dict[str, Any]:
        body = (PAYLOADS / f"{payload}.json").read_bytes()
        headers = {"Content-Type": "application/json"}
        url = f"{self.url}/api/routes/explain?connection={connection}"
        return self._session.post(url, data=body, headers=headers, timeout=30).json()

    def ticket(self, status_url: str) -> dict[str, Any]:
        return self._session.get(status_url, timeout=30).json()

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
