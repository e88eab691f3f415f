"""What people and products outside see of the local stack: the app over HTTP, and the board. Nothing knows its code."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from itertools import batched
from typing import Any

import requests
from requests.adapters import HTTPAdapter

EVENTS_HEADER = "X-Boardbridge-Secret"  # by which whoever tells of changes is known
PATIENCE_SECONDS = 120
MOST_AT_ONCE = 32
MOST_IN_A_BATCH = 200
MOST_TRIES = 5


class Product:
    """`url` is the Functions app, `key` its function key; `check` sees every answer, as hooks of `requests` do."""

    def __init__(self, url: str, key: str, check: Callable[..., None] | None = None) -> None:
        self.url = url
        self._session = requests.Session()
        if check is not None:
            self._session.hooks["response"].append(check)
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

    def tell_of_board(self, event: bytes, *, secret: str) -> requests.Response:
        """Send a service hook event as Azure DevOps would."""
        headers = {"Content-Type": "application/json", EVENTS_HEADER: secret}
        return self._session.post(f"{self.url}/api/boards/events", data=event, headers=headers, timeout=30)

    def explain(self, connection: str, body: bytes) -> requests.Response:
        url = f"{self.url}/api/routes/explain?connection={connection}"
        return self._session.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=30)

    def get(self, path: str, **params: str) -> requests.Response:
        return self._session.get(f"{self.url}/api/{path}", params=params, timeout=60)

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        return self._session.post(f"{self.url}/api/{path}", json=body, timeout=60)

    def ticket(self, status_url: str) -> dict[str, Any]:
        response = self._session.get(status_url, timeout=30)
        response.raise_for_status()
        return response.json()

    def look_again(self, status_url: str) -> None:
        self._session.post(status_url, timeout=30).raise_for_status()

    def settled(self, status_url: str, *states: str) -> dict[str, Any]:
        """The ticket once it is in one of `states`."""
        return wait_for(lambda: self.ticket(status_url), lambda ticket: ticket["state"] in states, " or ".join(states))

    def connection(self, name: str) -> dict[str, Any]:
        """How a connection stands."""
        return next(each for each in self.get("connections").json()["connections"] if each["name"] == name)

    def strike_the_hour(self) -> None:
        """Run the hourly look now; it has begun when this returns."""
        self._session.post(f"{self.url}/admin/functions/progress_sync", json={}, timeout=30).raise_for_status()


def taken(send: Callable[[], requests.Response]) -> requests.Response:
    """The answer to what is sent as products send it: again while they are told to come later."""
    for _ in range(MOST_TRIES):
        answer = send()
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            break
    return answer


def wait_for[T](
    look: Callable[[], T],
    good: Callable[[T], bool],
    what: str,
    *,
    every_seconds: float = 0.1,
    patience_seconds: float = PATIENCE_SECONDS,
) -> T:
    """What `look` sees once it is good; `TimeoutError` tells what was seen instead."""
    deadline = time.monotonic() + patience_seconds
    while not good(seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not {what} after {patience_seconds} s: {json.dumps(seen)}")
        time.sleep(every_seconds)
    return seen


class Board:
    """Azure DevOps as a team member sees it. `asked` counts the calls, so that they can be told from the product's."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.asked = 0
        self._session = requests.Session()
        self._session.hooks["response"].append(self._count)
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

    def work_items(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        return [item for batch in batched(ids, MOST_IN_A_BATCH, strict=False) for item in self._batch(batch)]

    def edit(self, id: int, **fields: Any) -> None:
        """Set `System.…` fields, named without the prefix."""
        patch = [{"op": "add", "path": f"/fields/System.{name}", "value": value} for name, value in fields.items()]
        self._session.patch(
            f"{self.url}/_apis/wit/workitems/{id}?api-version=7.1",
            data=json.dumps(patch),
            headers={"Content-Type": "application/json-patch+json"},
            timeout=30,
        ).raise_for_status()

    def comment(self, id: int, html: str) -> int:
        """Say something in the discussion; the comment's id."""
        response = self._session.post(self._discussion(id), json={"text": html}, timeout=30)
        response.raise_for_status()
        return response.json()["id"]

    def comments(self, id: int) -> list[str]:
        """The discussion as HTML, oldest first."""
        response = self._session.get(f"{self._discussion(id)}&order=asc", timeout=30)
        response.raise_for_status()
        return [comment["text"] for comment in response.json()["comments"]]

    def _discussion(self, id: int) -> str:
        project = self.work_item(id)["fields"]["System.TeamProject"]
        return f"{self.url}/{project}/_apis/wit/workItems/{id}/comments?api-version=7.1-preview.4"

    def subscribe(self, event: str, to: str, header: str, **filters: str) -> None:
        """Have events such as `workitem.updated` posted to an address by a service hook, with a `name: value`."""
        subscription = {
            "publisherId": "tfs",
            "eventType": event,
            "consumerId": "webHooks",
            "consumerActionId": "httpRequest",
            "publisherInputs": filters,
            "consumerInputs": {"url": to, "httpHeaders": header},
        }
        url = f"{self.url}/_apis/hooks/subscriptions?api-version=7.1"
        self._session.post(url, json=subscription, timeout=30).raise_for_status()

    def everything(self) -> list[int]:
        url = f"{self.url}/_apis/wit/wiql?api-version=7.1"
        query = {"query": "SELECT [System.Id] FROM WorkItems ORDER BY [System.Id]"}
        response = self._session.post(url, json=query, timeout=30)
        response.raise_for_status()
        return [item["id"] for item in response.json()["workItems"]]

    def _count(self, response: requests.Response, **_: Any) -> None:
        self.asked += 1

    def _batch(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        url = f"{self.url}/_apis/wit/workitemsbatch?api-version=7.1"
        response = self._session.post(url, json={"ids": list(ids), "$expand": "all"}, timeout=30)
        response.raise_for_status()
        return response.json()["value"]
