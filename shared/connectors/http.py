"""Outgoing HTTP for every product: one pool per connection, always a timeout, and one reading of what went wrong.

Separate from the connectors because the question "was it done, may it be repeated, who has to wait?" has one answer for
all of them: nothing sent → `RetryLater`; a write without an answer → `InDoubt`; 429 → `Throttled`. Redirects are never
followed, so a token cannot travel to another host; cookies are never kept, so calls do not depend on one another.
"""

import ssl
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from shared.errors import BoardbridgeError, InDoubt, RetryLater, Throttled

CONNECT_TIMEOUT_SECONDS = 5.0
POOL_SIZE = 80  # at least the threads of one worker, so that no connection is thrown away
DEFAULT_RETRY_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 3600.0
CHUNK_BYTES = 2**16
BEGINNING_BYTES = 4  # enough to tell a page by, and JSON with a byte order mark

# Failures in which not one byte of the request was taken by the other side.
NOTHING_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    ssl.SSLCertVerificationError,
)

# Failures of the line, as opposed to a request that could never be sent.
BROKEN = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


@dataclass(frozen=True, slots=True)
class Credential:
    """The value of an `Authorization` header, and the token in it, which is struck from whatever the server echoes."""

    authorization: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `headers` are looked up without regard to case.

    `more` is what follows `body`, where only its beginning was waited for. Who does not read all of it closes it, or
    lets go of it: that ends the connection.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    more: Generator[bytes] | tuple[()] = ()


class Http:
    """Calls to one product. Safe to share between threads: a session without cookies has nothing that changes.

    `product` is its name in errors. `timeout_seconds` limits each wait for bytes. `adapter` replaces the network.
    """

    def __init__(self, product: str, timeout_seconds: float, adapter: BaseAdapter | None = None) -> None:
        self._product = product
        self._timeout_seconds = timeout_seconds
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "Boardbridge"
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.auth = _as_given
        adapter = adapter or HTTPAdapter(pool_maxsize=POOL_SIZE)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def close(self) -> None:
        self._session.close()

    def send(self, method: str, url: str, *, writes: bool, **request: Any) -> Answer:
        """As `stream`, with the whole body."""
        answer = self.stream(method, url, writes=writes, **request)
        return replace(answer, body=b"".join((answer.body, *answer.more)), more=())

    def stream(
        self,
        method: str,
        url: str,
        *,
        writes: bool,
        credential: Credential | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """One request, sent once; any answer is returned, whatever its status: of a good one the beginning.

        `writes` says whether it changes anything, which the method does not: a query may be a POST. Raises
        `RetryLater` if nothing was done, `InDoubt` if a write may have been; so does reading on.
        """
        authorization = {"Authorization": credential.authorization} if credential else {}
        try:
            response = self._session.request(
                method,
                url,
                params=params,
                headers={**(headers or {}), **authorization},
                data=body,
                timeout=(CONNECT_TIMEOUT_SECONDS, self._timeout_seconds),
                allow_redirects=False,
                stream=True,
            )
        except BROKEN as error:
            raise self._broken(error, writes) from error
        chunks = self._chunks(response, writes)
        if response.status_code < 300:
            return Answer(response.status_code, response.headers, _beginning(chunks), chunks)
        content = b"".join(chunks)
        if credential:
            for secret in (credential.authorization.rpartition(" ")[2], credential.token):
                content = content.replace(secret.encode(), b"***")
        return Answer(response.status_code, response.headers, content)

    def _chunks(self, response: requests.Response, writes: bool) -> Generator[bytes]:
        """The body, unpacked. The connection can be used again once it is read, and is closed if it is not."""
        try:
            with response:
                yield from response.iter_content(CHUNK_BYTES)
        except BROKEN as error:
            raise self._broken(error, writes) from error

    def _broken(self, error: requests.RequestException, writes: bool) -> BoardbridgeError:
        causes = tuple(_causes(error))
        if any(isinstance(cause, NOTHING_SENT) for cause in causes):
            return RetryLater(f"{self._product} cannot be reached: {causes[-1]}", DEFAULT_RETRY_SECONDS)
        if isinstance(error, requests.Timeout):
            what = f"{self._product} gave no answer within {self._timeout_seconds:g} s"
        else:
            what = f"the connection to {self._product} broke: {causes[-1]}"
        return InDoubt(what) if writes else RetryLater(what, DEFAULT_RETRY_SECONDS)


def unavailable(
    answer: Answer, reason: str, *, writes: bool, after_seconds: float = DEFAULT_RETRY_SECONDS
) -> BoardbridgeError | None:
    """The error of an answer that says "not now" in plain HTTP: 429, 408 or 5xx; None for every other answer.

    `reason` is the product's own sentence, `after_seconds` the wait where it names none.
    """
    if answer.status == 429:
        return Throttled(reason, after_seconds)
    if answer.status == 408 or answer.status >= 500:
        return InDoubt(reason) if writes else RetryLater(reason, after_seconds)
    return None


def pause_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """How long everyone on the connection is asked to wait: at most an hour, None if nobody asked.

    `Retry-After` counts seconds or names a date (RFC 9110, section 10.2.3). An exhausted `X-RateLimit-Remaining` means
    until `X-RateLimit-Reset` (Unix seconds, as Azure DevOps sends it).
    """
    until_reset = (
        _seconds_until_reset(headers, now) if headers.get("X-RateLimit-Remaining", "").strip() == "0" else None
    )
    asked = _retry_after(headers.get("Retry-After", ""), now)
    seconds = asked if asked is not None else until_reset
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_PAUSE_SECONDS)


def _retry_after(value: str, now: datetime) -> float | None:
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:  # rubbish or nothing; nobody asked for anything that can be followed
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()


def _seconds_until_reset(headers: Mapping[str, str], now: datetime) -> float:
    reset = headers.get("X-RateLimit-Reset", "").strip()
    return float(reset) - now.timestamp() if reset.isdecimal() else DEFAULT_RETRY_SECONDS


def _beginning(chunks: Iterator[bytes]) -> bytes:
    """So much that it can be told what it is. It may come byte by byte, and after white space."""
    begun = b""
    while len(begun.lstrip()) < BEGINNING_BYTES and (chunk := next(chunks, b"")):
        begun += chunk
    return begun


def _as_given(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps `requests` from replacing our header by what a .netrc file says of the host."""
    return request


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it wraps, outermost first. `requests` and urllib3 wrap by argument and `reason`."""
    current: object = error
    while isinstance(current, BaseException):
        yield current
        wrapped = next((arg for arg in current.args if isinstance(arg, BaseException)), None)
        current = getattr(current, "reason", None) or wrapped or current.__cause__ or current.__context__
