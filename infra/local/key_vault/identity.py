"""The managed-identity endpoint of App Service: `GET /msi/token?resource=…` with the secret header.

It issues a token for any resource: a vault, Azure DevOps, storage. The tokens are unsigned JWTs; whoever takes them
here asks `Identity.audience`, and Azurite reads their claims.
"""

import base64
import json
import time
import uuid

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

TENANT = "ab1f708d-50f6-404c-a006-d71b2ac7a606"
PRINCIPAL = "5a0e1f52-64a4-4e55-9d3e-3a1f9c1f0f6d"
LIFETIME_SECONDS = 24 * 3600


class Identity:
    """Issues tokens to callers that send `header` as X-IDENTITY-HEADER."""

    def __init__(self) -> None:
        self.header = uuid.uuid4().hex
        self._issued: dict[str, tuple[str, float]] = {}

    def app(self) -> Starlette:
        """The endpoint as an ASGI application."""
        return Starlette(routes=[Route("/msi/token", self._token)])

    def audience(self, token: str) -> str | None:
        """The resource a token was issued for; None for one that is not ours or has expired."""
        resource, expires_on = self._issued.get(token, ("", 0.0))
        return resource if expires_on > time.time() else None

    async def _token(self, request: Request) -> JSONResponse:
        if request.headers.get("x-identity-header") != self.header:
            return JSONResponse({"statusCode": 401, "message": "the X-IDENTITY-HEADER is wrong"}, status_code=401)
        resource = request.query_params.get("resource")
        if not resource:
            return JSONResponse({"statusCode": 400, "message": "the parameter resource is missing"}, status_code=400)
        token, expires_on = self._issue(resource, int(time.time()))
        return JSONResponse(
            {"access_token": token, "expires_on": str(expires_on), "resource": resource, "token_type": "Bearer"}
        )

    def _issue(self, resource: str, now: int) -> tuple[str, int]:
        expires_on = now + LIFETIME_SECONDS
        claims = {
            "aud": resource,
            "iss": f"https://sts.windows.net/{TENANT}/",
            "iat": now,
            "nbf": now - 5,
            "exp": expires_on,
            "tid": TENANT,
            "oid": PRINCIPAL,
            "jti": uuid.uuid4().hex,
        }
        token = f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}.unsigned"
        self._issued[token] = resource, expires_on
        return token, expires_on


def _part(content: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
