"""One call to Azure DevOps: who asks, which version, and what the answer means. Knows nothing of work items."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from shared.connectors.azure_devops.auth import Authenticator
from shared.connectors.azure_devops.errors import failure, refused, sign_in, unreadable
from shared.connectors.http import Answer, Http, pause_seconds
from shared.errors import BoardbridgeError, InDoubt
from shared.ports import Clock

log = logging.getLogger(__name__)

API_VERSION = "7.1"
JSON = "application/json"
JSON_PATCH = "application/json-patch+json"

type Patch = Sequence[Mapping[str, Any]]
type Params = Mapping[str, Any]


def path(*segments: object) -> str:
    """Segments as one path, each escaped: names of projects, teams and types hold spaces, `&`, `/` and umlauts."""
    return "/".join(quote(str(segment), safe="") for segment in segments)


@dataclass(frozen=True, slots=True)
class Write:
    """A JSON patch that can be sent alone, by `method`, or together with others."""

    method: str
    address: str
    patch: Patch
    params: Params = field(default_factory=dict)


def _parts(writes: Sequence[Write]) -> list[Mapping[str, Any]]:
    """The body of `$batch`. Every part is a PATCH; what is to be created has an id below zero for the time being."""
    return [
        {
            "method": "PATCH",
            "uri": f"/{write.address}?{urlencode({**write.params, 'api-version': API_VERSION}, safe='$')}",
            "headers": {"Content-Type": JSON_PATCH},
            "body": [{"op": "add", "path": "/id", "value": -number}, *write.patch]
            if write.method == "POST"
            else write.patch,
        }
        for number, write in enumerate(writes, 1)
    ]


def _answer(part: Any) -> Answer | None:
    """One of the answers in that of `$batch`, whose body is JSON in a string; None if it is not like that."""
    match part:
        case {"code": int(code), "body": str(body)}:
            headers = {name: str(value) for name, value in (part.get("headers") or {}).items()}
            return Answer(code, CaseInsensitiveDict(headers), body.encode())
    return None


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

    def require_credential(self) -> None:
        """Raises what stands in the way of having a credential at all; asks nobody but Key Vault or Microsoft Entra."""
        self._authenticator.credential()

    def get(self, address: str, params: Params | None = None, version: str = API_VERSION) -> Any:
        """The JSON at `address`, a path below the organisation."""
        return self._call("GET", address, params or {}, writes=False, version=version)

    def query(self, address: str, body: Mapping[str, Any], params: Params | None = None) -> Any:
        """A POST that changes nothing."""
        return self._call("POST", address, params or {}, writes=False, content_type=JSON, body=body)

    def patch(self, method: str, address: str, patch: Patch, params: Params) -> Any:
        """Send a JSON patch by POST (create) or PATCH (update)."""
        return self._call(method, address, params, writes=True, content_type=JSON_PATCH, body=patch)

    def post(self, address: str, body: Mapping[str, Any]) -> Any:
        """A POST that makes something."""
        return self._call("POST", address, {}, writes=True, content_type=JSON, body=body)

    def delete(self, address: str) -> None:
        self._call("DELETE", address, {}, writes=True)

    def batch(self, writes: Sequence[Write]) -> list[Any]:
        """Send many patches in one call: for each its answer, or the exception it would have raised if sent alone.

        `$batch` is in no specification of today; Microsoft's older documentation says that each part is written as a
        call of its own would be. Raises what any call raises if it fails as a whole, and `InDoubt` if its answer cannot
        be told apart.
        """
        whole = self._call("PATCH", "_apis/wit/$batch", {}, writes=True, content_type=JSON, body=_parts(writes))
        match whole:
            case {"value": [*parts]} if len(parts) == len(writes):
                answers = [_answer(part) for part in parts]
            case _:
                raise InDoubt(f"the answer to a batch of {len(writes)} writes is not one answer for each")
        self._tell_of_throttling(*filter(None, answers))
        return [self._outcome(answer) for answer in answers]

    def _outcome(self, answer: Answer | None) -> Any:
        if answer is None:
            return InDoubt("one answer within that to a batch of writes has no status or no body")
        try:
            return self._meaning(self._accepted(answer), writes=True)
        except (BoardbridgeError, RuntimeError) as error:
            return error

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
        headers = {"Accept": JSON, "X-TFS-FedAuthRedirect": "Suppress"}
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
        return self._meaning(answer, writes)

    def _meaning(self, answer: Answer, writes: bool) -> Any:
        """The JSON of a success."""
        error = failure(answer, writes=writes, connection=self._connection, now=self._clock())
        if error:
            raise error
        if answer.status == 204:
            return None
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
        return self._accepted(answer)

    def _accepted(self, answer: Answer) -> Answer:
        if refusal := sign_in(answer):
            raise refused(refusal, self._authenticator.remedy, self._connection)
        return answer

    def _tell_of_throttling(self, *answers: Answer) -> None:
        succeeded = (answer for answer in answers if answer.status != 429)  # 429 is raised
        seconds = max((pause_seconds(answer.headers, self._clock()) or 0.0 for answer in succeeded), default=0.0)
        if not seconds:
            return
        try:
            self._on_throttle(seconds)
        except BoardbridgeError as untold:  # the answer in hand may be that of a create and must not be lost
            log.warning("could not pause '%s' for %.0f s: %s", self._connection, seconds, untold.reason)
