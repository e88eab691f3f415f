"""One call to Azure DevOps: who asks, which version, and what the answer means. Knows nothing of work items."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from requests.adapters import BaseAdapter

from shared.connectors.azure_devops.auth import Authenticator
from shared.connectors.azure_devops.errors import failure, sign_in, unreadable
from shared.connectors.http import Answer, Http, pause_seconds
from shared.errors import BoardbridgeError, StopConnection
from shared.ports import Clock

log = logging.getLogger(__name__)

API_VERSION = "7.1"
JSON_PATCH = "application/json-patch+json"

type Patch = Sequence[Mapping[str, Any]]
type Params = Mapping[str, Any]


def path(*segments: object) -> str:
    """Segments as one path, each escaped: names of projects, teams and types hold spaces, `&`, `/` and umlauts."""
    return "/".join(quote(str(segment), safe="") for segment in segments)


class Api:
    """Calls to the organisation at `url`, `https://dev.azure.com/contoso`. Safe to share between threads.

    `on_throttle` is told how many seconds everyone on the connection should wait when an answer says so, even one that
    succeeded.
    """

    def __init__(
        self,
        url: str,
        authenticator: Authenticator,
        *,
        connection: str,
        clock: Clock,
        timeout_seconds: float,
        on_throttle: Callable[[float], None],
        adapter: BaseAdapter | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._authenticator = authenticator
        self._connection = connection
        self._clock = clock
        self._on_throttle = on_throttle
        self._http = Http("Azure DevOps", timeout_seconds, adapter)

    def close(self) -> None:
        self._http.close()

    def get(self, address: str, params: Params | None = None, version: str = API_VERSION) -> Any:
        """The JSON at `address`, a path below the organisation."""
        return self._call("GET", address, params or {}, writes=False, version=version)

    def query(self, address: str, body: Mapping[str, Any]) -> Any:
        """A POST that changes nothing."""
        return self._call("POST", address, {}, writes=False, content_type="application/json", body=body)

    def patch(self, method: str, address: str, patch: Patch, params: Params) -> Any:
        """Send a JSON patch by POST (create) or PATCH (update)."""
        return self._call(method, address, params, writes=True, content_type=JSON_PATCH, body=patch)

    def _call(
        self,
        method: str,
        address: str,
        params: Params,
        *,
        writes: bool,
        version: str = API_VERSION,
        content_type: str | None = None,
        body: Any = None,
    ) -> Any:
        # Suppress: a refused token is answered where it was sent instead of by a redirect to a sign-in page.
        headers = {"Accept": "application/json", "X-TFS-FedAuthRedirect": "Suppress"}
        if content_type:
            headers["Content-Type"] = content_type
        request: dict[str, Any] = {
            "method": method,
            "url": f"{self.url}/{address}",
            "params": {**params, "api-version": version},
            "headers": headers,
            "body": None if body is None else json.dumps(body).encode(),
        }
        answer = self._authenticated(request, writes)
        self._tell_of_throttling(answer)
        error = failure(answer, writes=writes, connection=self._connection, now=self._clock())
        if error:
            raise error
        try:
            return json.loads(answer.body.decode("utf-8-sig"))
        except ValueError as not_json:
            raise unreadable(writes) from not_json

    def _authenticated(self, request: Mapping[str, Any], writes: bool) -> Answer:
        """The answer to an accepted credential. A refused one did nothing, so even a write may be sent again."""
        credential = self._authenticator.credential()
        answer = self._http.send(**request, writes=writes, credential=credential)
        if sign_in(answer) and (renewed := self._authenticator.renewed(credential)):
            answer = self._http.send(**request, writes=writes, credential=renewed)
        if refusal := sign_in(answer):
            raise StopConnection(f"{refusal.rstrip('.')}. {self._authenticator.remedy}", self._connection)
        return answer

    def _tell_of_throttling(self, answer: Answer) -> None:
        seconds = None if answer.status == 429 else pause_seconds(answer.headers, self._clock())  # 429 is raised
        if not seconds:
            return
        try:
            self._on_throttle(seconds)
        except BoardbridgeError as untold:  # the answer in hand may be that of a create and must not be lost
            log.warning("could not pause '%s' for %.0f s: %s", self._connection, seconds, untold.reason)
