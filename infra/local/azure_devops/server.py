"""The server on the wire: reads a request, waits out latency, writes the answer with the service's own headers.

`create_app` is an ASGI application. What is answered, and why, is decided in `service.py` without any HTTP.
"""

import asyncio
from typing import Any
from uuid import uuid4

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from infra.local.azure_devops import control
from infra.local.azure_devops.auth import sign_in_page
from infra.local.azure_devops.boards.organisation import guid
from infra.local.azure_devops.clock import Clock, wall_clock
from infra.local.azure_devops.errors import ApiError
from infra.local.azure_devops.routing import Answer, Call
from infra.local.azure_devops.service import Service
from infra.local.azure_devops.world import World

PROCESS_ID = str(uuid4())
P3P = 'CP="CAO DSP COR ADMa DEV CONo TELo CUR PSA PSD TAI IVDo OUR SAMi BUS DEM NAV STA UNI COM INT PHY ONL FIN PUR"'
CONSTANT_HEADERS = [
    (b"cache-control", b"no-cache"),
    (b"pragma", b"no-cache"),
    (b"expires", b"-1"),
    (b"p3p", P3P.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"x-tfs-processid", PROCESS_ID.encode()),
]

HTML = "text/html; charset=utf-8"

# The name under which the connection offers to be closed without an answer (see `connection.py`).
ABORT = "abort_connection"


def create_app(
    organisation: str = "contoso", token: str = "local-pat", clock: Clock = wall_clock, *, seed_items: int = 0
) -> Starlette:
    """The whole simulator. Every call makes one of its own, with nothing shared."""
    service = Service(World(organisation, token, clock))
    service.world.seed(seed_items)
    app = Starlette(
        routes=[Mount("/_simulator", routes=control.routes), Mount("/", app=Api(service))],
        exception_handlers={ApiError: _refuse_control},
    )
    app.state.service = service
    return app


async def _refuse_control(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"message": str(error)}, 400)


class Api:
    def __init__(self, service: Service) -> None:
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        raw_path = scope["raw_path"].decode("ascii")
        organisation, _, path = raw_path.lstrip("/").partition("/")
        if organisation.lower() != self.service.world.name.lower():
            await _write(send, Answer(b"The resource cannot be found.", 404, {}, HTML), {})
            return
        if not path:
            await _write(send, _whose_tenant(self.service.world.name), {})
            return
        if path == "_signin":
            await _write(send, sign_in_page(), {})
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        call = Call(
            server=self.service,
            method=scope["method"],
            base=f"{scope['scheme']}://{headers['host']}/{self.service.world.name}",
            path=f"/{path}",
            query=Call.read_query(scope["query_string"].decode("ascii")),
            headers=headers,
            content=await request.body(),
        )
        answer = self.service.answer(call)
        latency = self.service.world.latency
        delay = latency.seconds + latency.per_item_seconds * call.items + (answer.delay_seconds if answer else 0)
        if delay:
            await asyncio.sleep(delay)
        if answer is None:
            scope["extensions"][ABORT]()
            await receive()
        else:
            await _write(send, answer, _headers(call))


def _whose_tenant(organisation: str) -> Answer:
    """The bare address, asked without credentials: clients learn from its header where to sign in."""
    return Answer(b"", 404, {"x-vss-resourcetenant": guid(organisation, "tenant")}, HTML)


def _headers(call: Call) -> dict[str, str]:
    activity = str(uuid4())
    return {
        "activityid": activity,
        "x-vss-e2eid": activity,
        "x-tfs-session": call.headers.get("x-tfs-session", activity),
        "x-vss-userdata": f"{call.caller.id}:{call.caller.unique_name}",
    }


async def _write(send: Send, answer: Answer, headers: dict[str, str]) -> None:
    body: Any = answer.body if isinstance(answer.body, bytes) else orjson.dumps(answer.body)
    if answer.status == 204:
        body = b""
    named = {"content-type": answer.content_type, "content-length": str(len(body))} | headers | answer.headers
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": CONSTANT_HEADERS + encoded})
    await send({"type": "http.response.body", "body": body})
