"""The data plane of a vault's secrets: the bearer challenge, versions, disabled secrets and the service's own errors.

Below `/_simulator/`, without a token, it is told how to behave: which secrets there are, whether access is denied,
which answers fail next; and it tells what was asked of it.
"""

import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.key_vault.identity import TENANT, Identity

type Handler = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Secret:
    """One version of a secret; `created` in Unix seconds."""

    value: str
    content_type: str | None = None
    enabled: bool = True
    version: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: int = field(default_factory=lambda: int(time.time()))


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer to give instead of the right one, such as 429 or 503."""

    status: int
    retry_after_seconds: int | None = None

    def response(self) -> Response:
        headers = {} if self.retry_after_seconds is None else {"Retry-After": str(self.retry_after_seconds)}
        code = "Throttled" if self.status == 429 else "ServiceUnavailable"
        return _error(self.status, code, "The request was not processed.", headers=headers)


class Vault:
    """The secrets of the vault at `url`, for holders of a token that `identity` issued for `resource`."""

    def __init__(self, url: str, resource: str, identity: Identity) -> None:
        self._url = url
        self._resource = resource
        self._identity = identity
        self._secrets: dict[str, list[Secret]] = {}
        self._denied = False
        self._read_only = False
        self._faults: list[Fault] = []
        self._requests: list[str] = []

    def add(self, name: str, secret: Secret) -> Secret:
        """Make `secret` the latest version of `name`; names know no case."""
        self._secrets.setdefault(name.lower(), []).append(secret)
        return secret

    def app(self) -> Starlette:
        """The vault as an ASGI application."""

        def route(path: str, handler: Handler, method: str = "GET") -> Route:
            return Route(path, self._guarded(handler), methods=[method])

        return Starlette(
            routes=[
                route("/secrets", self._list),
                route("/secrets/{name}/versions", self._versions),
                route("/secrets/{name}", self._get),
                route("/secrets/{name}/{version:path}", self._get),
                route("/secrets/{name}", self._set, "PUT"),
                route("/secrets/{name}/{version}", self._update, "PATCH"),
                Route("/_simulator/secrets/{name}", self._put_secret, methods=["PUT"]),
                Route("/_simulator/access", self._put_access, methods=["PUT"]),
                Route("/_simulator/faults", self._put_faults, methods=["PUT"]),
                Route("/_simulator/requests", self._get_requests, methods=["GET"]),
            ]
        )

    def _guarded(self, handler: Handler) -> Handler:
        """`handler` behind the checks of every call: version, token, access, and the faults that were asked for."""

        async def guarded(request: Request) -> Response:
            self._requests.append(f"{request.method} {request.url.path}")
            if "api-version" not in request.query_params:
                return _error(400, "BadParameter", "api-version must be specified")
            if refused := self._challenge(request.headers.get("authorization", "")):
                return refused
            if self._denied:
                return _error(
                    403, "Forbidden", "Caller is not authorized to perform action on resource.", "ForbiddenByRbac"
                )
            if self._faults:
                return self._faults.pop(0).response()
            return await handler(request)

        return guarded

    def _challenge(self, authorization: str) -> Response | None:
        token = authorization.removeprefix("Bearer ").strip()
        audience = self._identity.audience(token) if token else None
        if audience and audience.rstrip("/") == self._resource:
            return None
        if not token:
            message = "AKV10000: Request is missing a Bearer or PoP token."
        elif audience is None:
            message = "AKV10032: the token is not one of this tenant's, or has expired."
        else:
            message = f"AKV10022: Invalid audience. Expected {self._resource}, found: {audience}."
        challenge = f'Bearer authorization="https://login.windows.net/{TENANT}", resource="{self._resource}"'
        return _error(401, "Unauthorized", message, headers={"WWW-Authenticate": challenge})

    async def _list(self, _request: Request) -> Response:
        latest = [self._shown(name, versions[-1], versioned=False) for name, versions in sorted(self._secrets.items())]
        return JSONResponse({"value": latest, "nextLink": None})

    async def _versions(self, request: Request) -> Response:
        name = request.path_params["name"].lower()
        return JSONResponse({"value": [self._shown(name, s) for s in self._secrets.get(name, ())], "nextLink": None})

    async def _get(self, request: Request) -> Response:
        name, secret = self._found(request)
        if secret is None:
            return _not_found(request)
        if not secret.enabled:
            return _error(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")
        return JSONResponse(self._shown(name, secret) | {"value": secret.value})

    async def _set(self, request: Request) -> Response:
        name, body = request.path_params["name"].lower(), await request.json()
        if self._read_only:
            return _error(
                403, "Forbidden", "Caller is not authorized to perform action on resource.", "ForbiddenByRbac"
            )
        enabled = body.get("attributes", {}).get("enabled", True)
        secret = self.add(name, Secret(body["value"], body.get("contentType"), enabled))
        return JSONResponse(self._shown(name, secret) | {"value": secret.value})

    async def _update(self, request: Request) -> Response:
        name, secret = self._found(request)
        if secret is None:
            return _not_found(request)
        secret.enabled = (await request.json()).get("attributes", {}).get("enabled", secret.enabled)
        return JSONResponse(self._shown(name, secret))

    def _found(self, request: Request) -> tuple[str, Secret | None]:
        """The secret of the path: its latest version, or the one named."""
        name, version = request.path_params["name"].lower(), request.path_params.get("version")
        versions = self._secrets.get(name, ())
        return name, next((s for s in reversed(versions) if version in (None, "", s.version)), None)

    def _shown(self, name: str, secret: Secret, *, versioned: bool = True) -> dict[str, object]:
        moments = {"created": secret.created, "updated": secret.created}
        shown: dict[str, object] = {
            "id": f"{self._url}/secrets/{name}" + (f"/{secret.version}" if versioned else ""),
            "attributes": {"enabled": secret.enabled, **moments, "recoveryLevel": "Recoverable+Purgeable"},
        }
        return shown | ({"contentType": secret.content_type} if secret.content_type else {})

    async def _put_secret(self, request: Request) -> Response:
        body = await request.json()
        secret = self.add(request.path_params["name"], Secret(body["value"], enabled=body.get("enabled", True)))
        return JSONResponse({"version": secret.version})

    async def _put_access(self, request: Request) -> Response:
        body = await request.json()
        self._denied, self._read_only = body["denied"], body["read_only"]
        return Response(status_code=204)

    async def _put_faults(self, request: Request) -> Response:
        self._faults = [Fault(**fault) for fault in await request.json()]
        return Response(status_code=204)

    async def _get_requests(self, _request: Request) -> Response:
        return JSONResponse(self._requests)


def _not_found(request: Request) -> Response:
    name = "/".join(value for value in request.path_params.values() if value)
    return _error(404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")


def _error(
    status: int, code: str, message: str, inner: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    error: dict[str, object] = {"code": code, "message": message}
    if inner:
        error["innererror"] = {"code": inner}
    return JSONResponse({"error": error}, status, headers)
