"""Outgoing HTTP: what each way of failing means, over real sockets; and what never leaves or comes in."""

import logging
import socket
import ssl
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from infra.local.certificates import self_signed
from shared.connectors.http import Answer, Credential, Http, pause_seconds, unavailable
from shared.errors import InDoubt, RetryLater, Throttled
from tests.connectors.canned import Canned, answer

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
SECRET = Credential("Basic c2VjcmV0LXRva2Vu", "secret-token")
URL = "http://product.example/path"


@contextmanager
def server(behave: Callable[[socket.socket], object], heard: list[bytes] | None = None) -> Iterator[str]:
    """A server for one request: it reads it, behaves, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            connection.settimeout(5)
            with connection:
                request = connection.recv(65536)
                if heard is not None:
                    heard.append(request)
                behave(connection)

        thread = Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join(5)


@pytest.fixture
def http() -> Iterator[Http]:
    http = Http("the product", timeout_seconds=0.2)
    yield http
    http.close()


def refused(_: socket.socket) -> None:
    """Hangs up without a word."""


def silent(connection: socket.socket) -> None:
    """Says nothing until the caller has given up."""
    while connection.recv(65536):
        pass


def cut_short(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


def garbled(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nrude")


@pytest.mark.parametrize(
    ("behave", "says"),
    [
        (refused, "connection to the product broke"),
        (silent, "no answer within 0.2 s"),
        (cut_short, "connection to the product broke"),
        (garbled, "connection to the product broke"),
    ],
)
@pytest.mark.parametrize(("writes", "error"), [(False, RetryLater), (True, InDoubt)])
def test_a_request_without_a_whole_answer(
    http: Http, behave: Callable[[socket.socket], object], says: str, writes: bool, error: type[Exception]
) -> None:
    with server(behave) as url, pytest.raises(error, match=says):
        http.send("POST", url, writes=writes, body=b"x")


@pytest.mark.parametrize("writes", [False, True])
def test_a_request_that_was_never_sent_may_be_repeated(http: Http, writes: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    for url in (closed, "http://nowhere.invalid/"):
        with pytest.raises(RetryLater, match="cannot be reached"):
            http.send("POST", url, writes=writes)


def test_a_certificate_nobody_vouches_for_is_not_spoken_to(tmp_path: Path) -> None:
    files = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, pytest.raises(ssl.SSLError):
                context.wrap_socket(connection, server_side=True)

        thread = Thread(target=serve)
        thread.start()
        http = Http("the product", timeout_seconds=1)
        with pytest.raises(RetryLater, match="certificate verify failed"):
            http.send("POST", f"https://127.0.0.1:{listener.getsockname()[1]}/", writes=True)
        thread.join(5)
        http.close()


def test_what_is_sent() -> None:
    network = Canned(answer(200, {"ok": True}))
    sent = Http("the product", 30, network).send(
        "POST", URL, writes=True, credential=SECRET, params={"a": "b c"}, headers={"X-Own": "1"}, body=b"{}"
    )
    (request,) = network.requests
    assert sent.body == b'{"ok": true}'
    assert request.url == f"{URL}?a=b+c"
    assert request.headers["Authorization"] == SECRET.authorization
    assert request.headers["User-Agent"].startswith("Boardbridge")
    assert request.headers["X-Own"] == "1"
    assert network.timeouts == [(5.0, 30)]


def test_redirects_are_answers_and_cookies_are_forgotten(http: Http) -> None:
    head = b"Set-Cookie: session=1; Path=/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    heard: list[bytes] = []
    for status in (b"302 Found\r\nLocation: http://elsewhere.invalid/", b"200 OK"):
        with server(lambda c, status=status: c.sendall(b"HTTP/1.1 " + status + b"\r\n" + head), heard) as url:
            assert http.send("GET", url, writes=False, credential=SECRET).status == int(status[:3])
    assert len(heard) == 2
    assert not any(b"cookie:" in request.lower() for request in heard)


def test_a_netrc_file_does_not_replace_the_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine product.example login somebody password else")
    monkeypatch.setenv("NETRC", str(netrc))
    network = Canned(answer(200), answer(200))
    http = Http("the product", 30, network)
    http.send("GET", URL, writes=False, credential=SECRET)
    http.send("GET", URL, writes=False)
    assert [request.headers.get("Authorization") for request in network.requests] == [SECRET.authorization, None]


def test_the_token_is_in_no_error_log_or_answer(http: Http, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with server(refused) as url, pytest.raises(InDoubt) as raised:
        http.send("POST", url, writes=True, credential=SECRET)
    told = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(SECRET)
    echo = Http("the product", 30, Canned(answer(400, {"message": f"{SECRET.authorization} bad token secret-token"})))
    told += echo.send("GET", URL, writes=False, credential=SECRET).body.decode()
    assert "bad token ***" in told
    assert SECRET.token not in told
    assert SECRET.authorization.removeprefix("Basic ") not in told


@pytest.mark.parametrize(
    ("status", "writes", "error"),
    [
        (200, True, None),
        (404, True, None),
        (429, True, Throttled),
        (429, False, Throttled),
        (408, False, RetryLater),
        (408, True, InDoubt),
        (500, False, RetryLater),
        (500, True, InDoubt),
        (503, True, InDoubt),
        (504, False, RetryLater),
    ],
)
def test_not_now_by_status(status: int, writes: bool, error: type[Exception] | None) -> None:
    verdict = unavailable(Answer(status, {}, b""), "its sentence", writes=writes, after_seconds=7)
    assert type(verdict) is (error or type(None))
    if isinstance(verdict, RetryLater):
        assert (verdict.reason, verdict.after_seconds) == ("its sentence", 7)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": " 17 "}, 17),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "999999"}, 3600),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Mon, 04 May 2026 12:01:30 GMT"}, 90),
        ({"Retry-After": "Mon, 04 May 2026 12:01:30 -0000"}, 90),
        ({"Retry-After": "Mon, 04 May 2026 11:00:00 GMT"}, 0),
        ({"X-RateLimit-Remaining": "12", "X-RateLimit-Reset": "1777896060"}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1777896060"}, 60),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1777896060", "Retry-After": "5"}, 5),
        ({"X-RateLimit-Remaining": "0"}, 30),
    ],
)
def test_how_long_everyone_is_asked_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert pause_seconds(headers, NOW) == seconds
