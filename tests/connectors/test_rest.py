"""A long list over real sockets: what comes of it when the way is bad, and that it never looks shorter than it is."""

import gzip
import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import sleep
from typing import ClassVar

import pytest

from shared.connectors.rest import Rest, bearer
from shared.errors import NotFound, NotLetIn, Park, RetryLater, StopConnection, Throttled
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import SIGN_IN_PAGE, KeptSecrets

MANY = 5_000  # members: so many do not fit into a chunk, nor into the buffers of a socket
LIST = json.dumps({"data": [{"id": str(number), "words": "words " * 50} for number in range(MANY)]}).encode()
TIMEOUT_SECONDS = 0.5

type Behaviour = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    """Behaves, in turn, as it is told. `heard` are the tokens it was shown, `connections` how many were made."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviours = deque[Behaviour]()
        self.heard: list[str] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version: ClassVar[str] = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        self.server.heard.append(self.headers["Authorization"])
        try:
            self.server.behaviours.popleft()(self)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def says(body: bytes, status: int = 200, *, length: int | None = None, **headers: str) -> Behaviour:
    """Says `body`, and hangs up if it promised a longer one."""

    def behave(on: BaseHTTPRequestHandler) -> None:
        on.send_response(status)
        for name, value in (headers or {"Content-Length": str(length or len(body))}).items():
            on.send_header(name.replace("_", "-"), value)
        on.end_headers()
        on.wfile.write(body)
        on.close_connection = on.close_connection or length is not None or "Connection" in headers

    return behave


def falls_silent(on: BaseHTTPRequestHandler) -> None:
    says(HALF, length=len(LIST))(on)
    sleep(2 * TIMEOUT_SECONDS)


def in_a_chunk(text: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(text), text)


HALF = LIST[: len(LIST) // 2]
HALF_OF_THE_MEMBERS = LIST[: LIST.index(b"}, {", len(LIST) // 2) + 1]
PACKED = gzip.compress(LIST)
HUNG_UP = {
    "before the length it promised": says(HALF, length=len(LIST)),
    "without a promised length": says(HALF, Connection="close"),
    "between two members": says(HALF_OF_THE_MEMBERS, Connection="close"),
    "in a chunk": says(in_a_chunk(LIST)[: len(HALF)], Transfer_Encoding="chunked", Connection="close"),
    "after a chunk": says(in_a_chunk(HALF), Transfer_Encoding="chunked", Connection="close"),
    "after all chunks but the last": says(in_a_chunk(LIST), Transfer_Encoding="chunked", Connection="close"),
    "in something packed": says(PACKED[: len(PACKED) // 2], Content_Encoding="gzip", Connection="close"),
}
OTHERWISE = {
    "silent": falls_silent,
    "half a list": says(HALF),
    "all but the last brace": says(LIST[:-1]),
    "two documents": says(LIST + LIST),
    "not packed": says(LIST, Content_Encoding="gzip", Connection="close"),
    "nothing": says(b""),
    "no JSON": says(b"it works!"),
    "no list": says(b'{"message": "come back later"}'),
    "null": says(b'{"data": null}'),
}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def secrets() -> KeptSecrets:
    return KeptSecrets(ppm="local-token")


@pytest.fixture
def rest(server: Server, secrets: KeptSecrets, clock: VirtualClock) -> Iterator[Rest]:
    rest = Rest(
        "the product",
        server.url,
        secrets,
        "ppm",
        bearer,
        connection="ppm",
        clock=clock,
        timeout_seconds=TIMEOUT_SECONDS,
    )
    yield rest
    rest.close()


@contextmanager
def behaving(server: Server, *behaviours: Behaviour) -> Iterator[None]:
    server.behaviours.extend(behaviours)
    yield
    assert not server.behaviours


@pytest.mark.parametrize(
    "behave",
    [
        says(LIST),
        says(b"\xef\xbb\xbf" + LIST),
        says(PACKED, Content_Encoding="gzip", Content_Length=str(len(PACKED))),
        says(in_a_chunk(HALF) + in_a_chunk(LIST[len(HALF) :]) + b"0\r\n\r\n", Transfer_Encoding="chunked"),
    ],
    ids=["plain", "with a mark", "packed", "in chunks"],
)
def test_all_members_come_and_the_connection_is_used_again(server: Server, rest: Rest, behave: Behaviour):
    with behaving(server, behave, behave, says(b'{"data": []}')):
        for _ in range(2):
            assert [each["id"] for each in rest.members("tasks", "data")] == [str(number) for number in range(MANY)]
        assert list(rest.members("tasks", "data")) == []
    assert server.connections == 1


@pytest.mark.parametrize("behave", [pytest.param(each, id=name) for name, each in (HUNG_UP | OTHERWISE).items()])
def test_a_list_that_is_not_whole_is_none(server: Server, rest: Rest, behave: Behaviour):
    with behaving(server, behave), pytest.raises(RetryLater):
        list(rest.members("tasks", "data"))
    with behaving(server, says(LIST)):
        assert len(list(rest.members("tasks", "data"))) == MANY, "the next one is"


def test_who_stops_early_leaves_no_connection_in_between(server: Server, rest: Rest):
    with behaving(server, *[says(LIST)] * 3):
        for _ in range(2):
            assert next(rest.members("tasks", "data"))["id"] == "0"
        rest.members("tasks", "data")
    with behaving(server, says(b'{"data": [1]}')):
        assert list(rest.members("tasks", "data")) == [1]
    assert server.connections == 4


def test_a_renewed_secret_is_taken_at_once(server: Server, rest: Rest, secrets: KeptSecrets):
    secrets.values["ppm"] = "renewed"
    with behaving(server, says(b"{}", 401), says(LIST)):
        assert len(list(rest.members("tasks", "data"))) == MANY
    assert server.heard == ["Bearer local-token", "Bearer renewed"]


@pytest.mark.parametrize("page", [SIGN_IN_PAGE, b"\r\n \n" + SIGN_IN_PAGE])
def test_a_page_for_people_stops_the_connection(server: Server, rest: Rest, page: bytes):
    with behaving(server, says(page)), pytest.raises(StopConnection, match="'ppm'"):
        rest.members("tasks", "data")


@pytest.mark.parametrize(
    ("status", "error"),
    [(302, StopConnection), (401, NotLetIn), (403, Park), (404, NotFound), (429, Throttled), (503, RetryLater)],
)
def test_what_else_is_answered_means_what_it_means_elsewhere(
    server: Server, rest: Rest, status: int, error: type[Exception]
):
    echo = json.dumps({"message": "your local-token is of no use"}).encode()
    with behaving(server, says(echo, status)), pytest.raises(error, match=r"your \*\*\* is of no use"):
        rest.members("tasks", "data")
