"""The simulator on the wire: who asks, which endpoint, which fault, what comes back.

It serves from threads, one request at a time being worked on, so that an answer can be dropped on its way.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from infra.local.ppm_express import control
from infra.local.ppm_express.deliveries import Deliveries
from infra.local.ppm_express.endpoints import ALL
from infra.local.ppm_express.faults import DROP, Fault, Faults
from infra.local.ppm_express.tenant import Clock, Refused, Tenant

CONTROL = "/_simulator/"
LOG_LENGTH = 100_000


@dataclass(frozen=True, slots=True)
class Reply:
    """No status: the connection is closed without an answer."""

    status: int | None
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def wall_clock() -> datetime:
    return datetime.now(UTC)


class Simulator:
    """A context manager: it serves at `url`, the address of the API, within the block."""

    def __init__(
        self, *, tenant: str = "contoso", token: str = "local-token", port: int = 0, clock: Clock = wall_clock
    ) -> None:
        self.deliveries = Deliveries()
        self.requests = deque[str](maxlen=LOG_LENGTH)
        self.token = token
        self._name = tenant
        self._clock = clock
        self._one_at_a_time = threading.RLock()
        self.reset()
        self.server = _Server(("127.0.0.1", port), _handler_of(self))
        self.root = f"http://127.0.0.1:{self.server.server_port}"
        self.url = f"{self.root}/@{tenant}/v1.0"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def reset(self) -> None:
        """As at the start: one project without tasks, no webhooks, no faults, the first token."""
        self.tenant = Tenant(self._name, self.token, self._clock)
        self.tenant.listeners.append(self._tell)
        self.faults = Faults()
        self.requests.clear()
        self.deliveries.lose = self.deliveries.double = 0

    def reply(self, method: str, path: str, authorization: str, body: Any) -> Reply:
        if path.startswith(CONTROL):
            with self._one_at_a_time:
                try:
                    return Reply(*control.run(self, f"{method} {path.removeprefix(CONTROL)}", body or {}))
                except Refused as refused:
                    return Reply(refused.status, refused.document)
        if self.faults.latency_seconds:
            time.sleep(self.faults.latency_seconds)
        with self._one_at_a_time:
            self.requests.append(f"{method} {path}")
            wait = self.faults.limit.wait(self._clock())
            if wait is not None:
                return _failure(429, {"Retry-After": str(wait)})
            return self._struck(self.faults.strike(f"{method} {path}"), method, path, authorization, body)

    def _struck(self, fault: Fault | None, method: str, path: str, authorization: str, body: Any) -> Reply:
        if fault is None:
            return self._answer(method, path, authorization, body)
        reply = None
        if fault.when == "after" or fault.status is None:
            reply = self._answer(method, path, authorization, body)
        elif fault.when == "late":
            timer = threading.Timer(fault.late_seconds, self._land, (self.tenant, method, path, authorization, body))
            timer.daemon = True
            timer.start()
        if fault.edit:
            control.run(self, "PATCH tasks", fault.edit)
        if fault.status is None and reply:
            return reply
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return Reply(None) if fault.status == DROP else _failure(int(fault.status or 500), headers)

    def _land(self, tenant: Tenant, *request: Any) -> None:
        """A late write reaches the tenant it was sent to; after a reset it is lost."""
        with self._one_at_a_time:
            if self.tenant is tenant:
                self._answer(*request)

    def _answer(self, method: str, path: str, authorization: str, body: Any) -> Reply:
        try:
            self._authorise(authorization)
            base = f"/@{self._name}/v1.0"
            for endpoint in ALL:
                segments = endpoint.match(method, path.removeprefix(base)) if path.startswith(base) else None
                if segments is not None:
                    self._allow(endpoint.scope)
                    document = endpoint.answer(self.tenant, body, **segments)
                    return Reply(endpoint.status, None if endpoint.status == 204 else {"data": document})
            raise Refused(404, f"There is nothing at {method} {path}.")
        except Refused as refused:
            return Reply(refused.status, refused.document)

    def _authorise(self, authorization: str) -> None:
        token = self.tenant.token
        if authorization != f"Bearer {token.value}":
            raise Refused(401, "The token is not valid.")
        if token.expires_at <= self._clock():
            raise Refused(401, "The token has expired.")

    def _allow(self, scope: str) -> None:
        if scope and scope not in self.tenant.token.scopes:
            raise Refused(403, f"The token lacks the scope '{scope}'.")

    def _tell(self, event: str, project: str, task: str) -> None:
        """The swagger says of `Data` that it is an object; what is in it is chosen here."""
        for webhook in self.tenant.webhooks.values():
            if event in webhook["eventTypes"]:
                self.deliveries.send(webhook, {"EventType": event, "ProjectId": project, "Id": task})


def _failure(status: int, headers: Mapping[str, str]) -> Reply:
    return Reply(status, Refused(status, f"The request was not processed ({status}).").document, headers)


class _Server(ThreadingHTTPServer):
    request_queue_size = 64


def _handler_of(simulator: Simulator) -> type[BaseHTTPRequestHandler]:
    class Connection(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                body = json.loads(content) if content else None
            except ValueError:
                reply = Reply(400, Refused(400, "The request is not JSON.").document)
            else:
                reply = simulator.reply(self.command, self.path, self.headers.get("Authorization", ""), body)
            if reply.status is None:
                self.close_connection = True
            else:
                self._send(reply.status, reply.document, reply.headers)

        def _send(self, status: int, document: Any, headers: Mapping[str, str]) -> None:
            content = b"" if document is None else json.dumps(document).encode()
            named = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(content)), **headers}
            self.send_response(status)
            for name, value in named.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing: what was asked is in `requests`."""

    return Connection
