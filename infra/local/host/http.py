"""The host's HTTP side: one ASGI application in front of the HTTP functions and the admin endpoints.

What a function sees is what the real host hands over: the whole URL, header names in lower case, repeated headers and
query parameters joined by commas, the key's `code` among them, the body as bytes.
"""

import hmac
import os
from collections.abc import Awaitable, Callable, Iterable
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from infra.local.host.invocation import Run
from infra.local.host.routes import Route, decoded
from infra.local.host.worker import Function, HttpMessage, Message, TypedData, http_value

BODY_LIMIT_BYTES = 104_857_600
"""The real host's default; the app setting FUNCTIONS_REQUEST_BODY_SIZE_LIMIT changes it here as there."""

type Answer = Callable[[Request], Awaitable[Response]]


class HttpTriggers:
    """The ASGI application: `admin` answers below /admin, the routes everything else."""

    def __init__(self, routes: tuple[Route, ...], key: str, run: Run, admin: Answer) -> None:
        self._routes = routes
        self._key = key
        self._run = run
        self._admin = admin
        self._body_limit_bytes = int(os.environ.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", BODY_LIMIT_BYTES))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # a WebSocket: the real host has no route for one either
            await send({"type": "websocket.close"})
            return
        try:
            response = await self._answer(Request(scope, receive))
        except ClientDisconnect:  # nobody is left to answer
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = decoded(request.scope["raw_path"].decode("ascii"))
        if path.lower().startswith("/admin/"):
            return await self._admin(request) if self._holds_key(request) else Response(status_code=401)
        for route in self._routes:
            params = route.match(request.method, path)
            if params is not None:
                return await self._invoke(route.function, request, params)
        return Response(status_code=404)

    async def _invoke(self, function: Function, request: Request, params: dict[str, str]) -> Response:
        anonymous = str(function.trigger.get("authLevel", "function")).lower() == "anonymous"
        if not anonymous and not self._holds_key(request):
            return Response(status_code=401)
        body = await self._body(request)
        if body is None:
            return PlainTextResponse(f"the request body is over {self._body_limit_bytes} bytes", status_code=413)
        outcome = await self._run(function, http_value(_message(request, params, body)), {})
        return Response(status_code=500) if outcome.error else _response(outcome.returned)

    def _holds_key(self, request: Request) -> bool:
        given = request.headers.get("x-functions-key") or request.query_params.get("code") or ""
        return hmac.compare_digest(given.encode(), self._key.encode())

    async def _body(self, request: Request) -> bytes | None:
        """The whole body, or None when it is longer than the limit."""
        if int(request.headers.get("content-length", 0)) > self._body_limit_bytes:
            return None
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._body_limit_bytes:
                return None
        return bytes(body)


def _message(request: Request, params: dict[str, str], body: bytes) -> HttpMessage:
    path, query = request.scope["raw_path"].decode("ascii"), request.scope["query_string"].decode("ascii")
    host = request.headers.get("host", "localhost")
    return HttpMessage(
        method=request.method,
        url=f"{request.url.scheme}://{host}{path}" + (f"?{query}" if query else ""),
        headers=_joined(request.headers.items()),
        query=_joined(parse_qsl(query, keep_blank_values=True)),
        params=params,
        body=body,
    )


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _response(returned: TypedData | None) -> Response:
    """What the function returned, as the real host sends it: nothing is 204, plain text 200."""
    if returned is None:
        return Response(status_code=204)
    if returned.kind != "http":
        return PlainTextResponse(returned.value if isinstance(returned.value, bytes) else str(returned.value))
    http: Message = returned.value
    body = http.body.value if http.body is not None else b""
    response = Response(body or b"", status_code=int(http.status_code or 200))
    for name, value in http.headers.items():
        if name.lower() != "content-length":
            response.headers[name] = value
    for cookie in http.cookies or ():
        response.headers.append("set-cookie", _set_cookie(cookie))
    return response


def _set_cookie(cookie: Message) -> str:
    line: SimpleCookie = SimpleCookie({cookie.name: cookie.value})
    morsel = line[cookie.name]
    attributes = {"domain": cookie.domain, "path": cookie.path, "max-age": cookie.max_age}
    for name, nullable in attributes.items():
        if nullable is not None:
            morsel[name] = str(nullable.value if name != "max-age" else int(nullable.value))
    morsel["secure"] = cookie.secure is not None and cookie.secure.value
    morsel["httponly"] = cookie.http_only is not None and cookie.http_only.value
    morsel["samesite"] = {1: "Lax", 2: "Strict", 3: "None"}.get(cookie.same_site, "")
    return morsel.OutputString()
