"""JSON calls to the API of an ITSM product: who asks, and what the answer means. Knows no product.

Separate because the products differ in their addresses and words, and hardly in how they refuse.
"""

import json
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, ClassVar
from urllib.parse import quote

from requests.adapters import BaseAdapter

from shared.connectors.http import Answer, Credential, Http, pause_seconds, unavailable
from shared.connectors.lists import members
from shared.errors import InDoubt, NotFound, NotLetIn, Park, RetryLater, Stale, StopConnection
from shared.ports import Clock, Secrets

BUSY_SECONDS = 30.0
THROTTLED_SECONDS = 60.0
JSON = "application/json"
WORDLESS = "{} without a word that can be read"

type Scheme = Callable[[str], str]  # from the secret's value to that of the Authorization header


def basic(user: str) -> Scheme:
    """A user name and the secret as password (RFC 7617)."""
    return lambda secret: "Basic " + b64encode(f"{user}:{secret}".encode()).decode()


def bearer(secret: str) -> str:
    return f"Bearer {secret}"


def path(*segments: object) -> str:
    """Segments as one path, each escaped."""
    return "/".join(quote(str(segment), safe="") for segment in segments)


class Rest:
    """Calls below `url` with the secret named `secret`, written as `scheme` says. Safe to share between threads.

    `product` and `connection` are its names in errors; `adapter` replaces the network in tests.
    """

    def __init__(
        self,
        product: str,
        url: str,
        secrets: Secrets,
        secret: str,
        scheme: Scheme,
        *,
        connection: str,
        clock: Clock,
        timeout_seconds: float = 30,
        adapter: BaseAdapter | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._product = product
        self._secrets = secrets
        self._secret = secret
        self._scheme = scheme
        self._connection = connection
        self._clock = clock
        self._http = Http(product, timeout_seconds, adapter)

    def close(self) -> None:
        self._http.close()

    def require_credential(self) -> None:
        """Raises what stands in the way of having a credential at all; asks nobody but Key Vault."""
        self._credential(fresh=False)

    def get(self, address: str, **params: Any) -> Any:
        """The JSON at `address`, a path below `url`."""
        return self.answer("GET", address, params=params, writes=False)[0]

    def query(self, address: str, body: Any, **params: Any) -> Any:
        """A POST that changes nothing."""
        return self.answer("POST", address, body, params=params, writes=False)[0]

    def write(self, method: str, address: str, body: Any, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON that came back; None where nothing did."""
        return self.answer(method, address, body, writes=True, headers=headers)[0]

    def answer(
        self,
        method: str,
        address: str,
        body: Any = None,
        *,
        writes: bool,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Any, Mapping[str, str]]:
        """The JSON that came back and the headers it came with. `address` may be a whole URL below `url`."""
        answer = self._authenticated(self._http.send, self._request(method, address, body, params, headers), writes)
        self._raise_for(answer, writes)
        if not answer.body.strip():
            return None, answer.headers
        try:
            return json.loads(answer.body.decode("utf-8-sig")), answer.headers
        except ValueError as not_json:
            reason = f"the answer is not JSON, so it does not come from the API of {self._product}"
            raise InDoubt(reason) if writes else RetryLater(reason, BUSY_SECONDS) from not_json

    def members(self, address: str, name: str) -> Iterator[Any]:
        """The members of the list `name` in the JSON at `address`, as they come: a long list is never held as a whole.

        Asks at once. What is wrong with a list may show at its end only: until then nobody may take what came for all.
        """
        answer = self._authenticated(self._http.stream, self._request("GET", address), writes=False)
        self._raise_for(answer, writes=False)
        return self._members(answer, name)

    def _members(self, answer: Answer, name: str) -> Iterator[Any]:
        try:
            yield from members(chain([answer.body], answer.more), name)
        except ValueError as unread:
            reason = f"{self._product}: the answer is no JSON with a list '{name}', or is cut short"
            raise RetryLater(reason, BUSY_SECONDS) from unread

    def _request(
        self,
        method: str,
        address: str,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        if not address.startswith(f"{self.url}/"):
            address = f"{self.url}/{address}"
        return {
            "method": method,
            "url": address,
            "params": params,
            "headers": {"Accept": JSON, **({} if body is None else {"Content-Type": JSON}), **(headers or {})},
            "body": None if body is None else json.dumps(body).encode(),
        }

    def _authenticated(self, send: Callable[..., Answer], request: Mapping[str, Any], writes: bool) -> Answer:
        """The answer to an accepted credential. A refused one did nothing, so even a write may be sent again."""
        credential = self._credential(fresh=False)
        answer = send(**request, writes=writes, credential=credential)
        if _refuses_us(answer) and (renewed := self._credential(fresh=True)) != credential:
            answer = send(**request, writes=writes, credential=renewed)
        if _refuses_us(answer):
            said = f"{self._product} did not let us in: {_message(answer) or WORDLESS.format(answer.status)}"
            remedy = f"Renew the credentials in the Key Vault secret '{self._secret}'"
            if answer.status == 401:
                raise NotLetIn(said, remedy, self._connection)
            # Such a page is what a site answers that is another one altogether, too.
            raise StopConnection(f"{said.rstrip('.')}. {remedy}, or see whether the product runs", self._connection)
        return answer

    def _credential(self, *, fresh: bool) -> Credential:
        try:
            secret = self._secrets.refresh(self._secret) if fresh else self._secrets.get(self._secret)
        except Park as missing:  # not one ticket but the whole connection is without its token
            raise StopConnection(missing.reason, self._connection) from missing
        token = secret.value.strip()
        return Credential(self._scheme(token), token)

    def _raise_for(self, answer: Answer, writes: bool) -> None:
        if answer.status < 300:
            return
        reason = f"{self._product}: {_message(answer) or f'answered {answer.status}'}"
        if answer.status in (404, 410):
            raise NotFound(reason)
        if answer.status in (409, 412):
            raise Stale(reason)
        default = THROTTLED_SECONDS if answer.status == 429 else BUSY_SECONDS
        after = pause_seconds(answer.headers, self._clock()) or default
        raise unavailable(answer, reason, writes=writes, after_seconds=after) or Park(reason)


class Product(ABC):
    """An ITSM product's API: what the connectors of all of them are made from, and how each is spoken to.

    `url` is the product's own address. With `user`, `secret` names the password or token of that user in Key Vault,
    without one a token that stands alone. `adapter` replaces the network in tests.
    """

    name: ClassVar[str]
    api: ClassVar[str] = ""  # where it begins, below the product's address

    def __init__(
        self,
        url: str,
        secrets: Secrets,
        secret: str,
        user: str | None,
        *,
        connection: str,
        clock: Clock,
        timeout_seconds: float = 30,
        adapter: BaseAdapter | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._clock = clock
        self._rest = Rest(
            self.name,
            self._url + self.api,
            secrets,
            secret,
            self.scheme(user),
            connection=connection,
            clock=clock,
            timeout_seconds=timeout_seconds,
            adapter=adapter,
        )

    @staticmethod
    @abstractmethod
    def scheme(user: str | None) -> Scheme:
        """How the secret is shown."""

    def require_credential(self) -> None:
        """Raises what stands in the way of having a credential at all."""
        self._rest.require_credential()

    def close(self) -> None:
        self._rest.close()


def _refuses_us(answer: Answer) -> bool:
    """401, a redirect to a sign-in page, or a page for people where JSON was asked for (a sleeping instance)."""
    page = answer.status < 300 and answer.body.lstrip()[:1] == b"<"
    return answer.status == 401 or 300 <= answer.status < 400 or page


def _message(answer: Answer) -> str:
    """The product's own sentence, from wherever in a JSON error products put it; "" if there is none."""
    try:
        document = json.loads(answer.body.decode("utf-8-sig"))
    except ValueError:
        return ""
    return "; ".join(dict.fromkeys(_sentences(document)))


def _sentences(node: Any) -> Iterator[str]:
    """ServiceNow `error.message`, Jira `errorMessages` and `errors`, Zendesk `description` and `details`, …"""
    match node:
        case str():
            yield node
        case list():
            for item in node:
                yield from _sentences(item)
        case dict():
            for name in ("message", "errorMessage", "detail", "description", "errorMessages", "error", "title"):
                yield from _sentences(node.get(name) or ())
            for about in (node.get("errors"), node.get("details")):
                if isinstance(about, dict):
                    yield from (f"{field}: {words}" for field, said in about.items() for words in _sentences(said))
                elif isinstance(about, list):
                    yield from _sentences(about)
