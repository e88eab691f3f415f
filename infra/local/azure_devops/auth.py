"""Who may call, and what a refused caller sees.

The service refuses in five different ways, and which one depends on the token, the method and a header; a client
that only looks at the status takes the 203 sign-in page for data.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from infra.local.azure_devops.errors import expired_token, unauthorized
from infra.local.azure_devops.routing import Answer, Endpoint
from infra.local.azure_devops.scopes import needed, widened

type State = Literal["valid", "expired", "revoked", "no_scope"]
STATES = get_args(State.__value__)

SIGN_IN_PAGE = b"""<!DOCTYPE html>
<html lang="en-US"><head><title>Azure DevOps Services | Sign In</title></head>
<body><h1>Sign in to your account</h1></body></html>
"""
CHALLENGE = {"www-authenticate": 'Basic realm="http://127.0.0.1/", Bearer'}


class Tokens:
    """The tokens the organisation knows; a token it does not know is like a revoked one."""

    def __init__(self, value: str) -> None:
        self.known: dict[str, State] = {value: "valid"}
        self.scopes: dict[str, frozenset[str]] = {}  # of the tokens that may not do everything

    def restrict(self, tokens: Iterable[str], granted: Iterable[str]) -> None:
        """From now on these tokens are good for these scopes only, and for what they include."""
        self.scopes |= dict.fromkeys(tokens, widened(frozenset(granted)))

    def lack_scope(self, headers: Mapping[str, str], endpoint: Endpoint) -> bool:
        """Whether the token of a call is good for less than the call needs."""
        if not self.scopes:
            return False
        granted, wanted = self.scopes.get(_token(headers["authorization"]) or ""), needed(endpoint)
        return granted is not None and bool(wanted) and not granted & wanted

    def refuse(self, method: str, headers: Mapping[str, str], base: str) -> Answer | None:
        """The answer to a caller who may not call; None for one who may. Raises ApiError for the JSON refusals."""
        credentials = headers.get("authorization")
        if credentials is None:
            return no_access()
        token = _token(credentials)
        match self.known.get(token, "revoked") if token is not None else "no_scope":
            case "valid":
                return None
            case "no_scope":
                return no_access()
            case "expired":
                raise expired_token()
        if method not in ("GET", "POST", "OPTIONS", "HEAD"):
            raise unauthorized()
        if headers.get("x-tfs-fedauthredirect", "").lower() == "suppress":
            return sign_in_page()
        return Answer(b"", 302, {"location": f"{base}/_signin"}, "text/html; charset=utf-8")


def no_access() -> Answer:
    """No credentials, or a token without the scope: nothing but a challenge."""
    return Answer(b"", 401, dict(CHALLENGE), "text/plain")


def sign_in_page() -> Answer:
    return Answer(SIGN_IN_PAGE, 203, {}, "text/html; charset=utf-8")


def _token(credentials: str) -> str | None:
    """The token of a header; None when Basic carries a user name, which the service does not accept.

    Microsoft's Node client sends "PAT" for a user name and is let in.
    """
    scheme, _, rest = credentials.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    try:
        user, _, token = b64decode(rest, validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError):
        return ""
    return token if user in ("", "PAT") else None
