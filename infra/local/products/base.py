"""What the stand-ins of ITSM products have in common: a server on a loopback port, its routes, faults on demand.

Apart from the products because this part knows none of them. It serves from threads rather than through `serving.py`,
so that a test can call a product's methods directly, and so that an answer can be dropped on its way.
"""

import json
import re
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

type Handler = Callable[..., Reply]  # takes the request, and each `{segment}` of its route by name


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came. `headers` are looked up without regard to case; `body` is None where there was none."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: bytes are sent as they are, None as nothing, everything else as JSON."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment on a ticket, whatever the product calls it. `public` is what the requester sees."""

    text: str
    public: bool


class Refusal(Exception):
    """Ends a handler with an error in the product's own form."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class _Fault:
    """What happens to the next request with this method (any if empty). No `reply`: it is done, its answer is lost."""

    method: str
    reply: Reply | None


class StandIn(ABC):
    """A product with its tickets. A context manager: it serves at `url` within the block.

    A product gives `routes`, `error`, where needed `authorizations`, and the methods by which a test, as an agent of
    the product, makes, changes and sees tickets. Handlers run one at a time. `clock` is the product's idea of now.
    """

    user = "bridge"

    def __init__(self, *, clock: Callable[[], datetime] | None = None, port: int = 0) -> None:
        self.clock = clock or (lambda: datetime.now(UTC))
        self.secret = "local-secret"  # another value, set at any time, makes the old one refused
        self.requests: list[Request] = []  # all that came, refused ones too
        self._faults: list[_Fault] = []
        self._routes = [(*_compiled(route), handler) for route, handler in self.routes().items()]
        self._one_at_a_time = Lock()
        self._server = _Server(("127.0.0.1", port), _handler_of(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    # ---------------------------------------------------------------- what a product gives

    @abstractmethod
    def routes(self) -> Mapping[str, Handler]:
        """Handlers by `GET /api/tickets/{id}`. A segment reaches its handler unescaped, by name; it has no slash."""

    @abstractmethod
    def error(self, status: int, message: str) -> Any:
        """The document with which the product says that it refuses."""

    def authorizations(self) -> tuple[str, ...]:
        """The values of the `Authorization` header that are let in."""
        return basic(self.user, self.secret), f"Bearer {self.secret}"

    @abstractmethod
    def create_ticket(self, title: str, description: str = "", **fields: Any) -> str:
        """A new ticket with further fields in the product's words; returns its id."""

    @abstractmethod
    def update(self, id: str, **fields: Any) -> None:
        """What an agent changes, in the product's words."""

    @abstractmethod
    def comment(self, id: str, text: str, *, public: bool) -> None:
        """What an agent says, in plain text. It changes the ticket, as in the product."""

    @abstractmethod
    def delete(self, id: str) -> None:
        """The ticket is gone, or hidden as the product hides what was deleted."""

    @abstractmethod
    def ticket(self, id: str) -> Mapping[str, Any]:
        """The ticket as the product keeps it."""

    @abstractmethod
    def comments(self, id: str) -> list[Remark]:
        """What was said on the ticket, oldest first, in plain text as a reader sees it."""

    # ---------------------------------------------------------------- what a test asks for

    def fail_next(
        self,
        status: int,
        *,
        times: int = 1,
        method: str = "",
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> None:
        """Answer the next requests (with `method`) like this and do nothing; by default with the product's error."""
        reply = Reply(
            self.error(status, "The request was not processed.") if body is None else body, status, headers or {}
        )
        self._faults += [_Fault(method, reply)] * times

    def drop_answer(self, *, times: int = 1, method: str = "") -> None:
        """Do what the next requests (with `method`) ask, then break the connection instead of answering."""
        self._faults += [_Fault(method, None)] * times

    def asked(self, pattern: str = "") -> int:
        """How many requests were made so far, counting those whose `GET /path` matches `pattern` somewhere."""
        return sum(bool(re.search(pattern, str(request))) for request in self.requests)

    # ---------------------------------------------------------------- serving

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reply(self, request: Request) -> Reply | None:
        """The answer to a request; None where it is to be lost."""
        with self._one_at_a_time:
            self.requests.append(request)
            fault = self._take_fault(request)
            if fault and fault.reply:
                return fault.reply
            try:
                reply = self._handled(request)
            except Refusal as refusal:
                reply = Reply(self.error(refusal.status, refusal.message), refusal.status)
            return None if fault else reply

    def _take_fault(self, request: Request) -> _Fault | None:
        for fault in self._faults:
            if fault.method in ("", request.method):
                self._faults.remove(fault)
                return fault
        return None

    def _handled(self, request: Request) -> Reply:
        if request.headers["Authorization"] not in self.authorizations():
            raise Refusal(401, "User Not Authenticated")
        for method, path, handler in self._routes:
            if method == request.method and (found := path.fullmatch(request.path)):
                return handler(request, **{name: unquote(segment) for name, segment in found.groupdict().items()})
        raise Refusal(404, f"no handler for {request}")


def basic(user: str, password: str) -> str:
    """The value of an `Authorization` header with a user name and a password."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _compiled(route: str) -> tuple[str, re.Pattern[str]]:
    method, path = route.split(" ")
    return method, re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))


class _Server(ThreadingHTTPServer):
    request_queue_size = 64


def _handler_of(product: StandIn) -> type[BaseHTTPRequestHandler]:
    class Connection(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            address = urlsplit(self.path)
            query = dict(parse_qsl(address.query, keep_blank_values=True))
            body = json.loads(content) if content else None
            reply = product.reply(Request(self.command, address.path, query, self.headers, body))
            if reply is None:
                self.close_connection = True
            else:
                self._send(reply)

        def _send(self, reply: Reply) -> None:
            content = b"" if reply.body is None else reply.body
            if not isinstance(content, bytes):
                content = json.dumps(content).encode()
            headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **reply.headers}
            self.send_response(reply.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing: what was asked is in `requests`."""

    return Connection
