"""Whether a push comes from somebody who knows a secret: an HMAC over its bytes, a token, or a password.

Separate because it must run before the body is looked at at all. Every comparison takes the same time wherever the two
sides differ, and an empty secret proves nothing: everybody knows it. Each function answers None for "proven", or what
is wrong as the rest of a sentence.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared.tickets.notation import moment

WINDOW = timedelta(minutes=5)  # how far the moment of signing may be from now, either way


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a product signs: `header` carries signatures, each after `prefix`, of `signed`.

    `signed` is a template of `{timestamp}` and `{body}`; `timestamp` the header with the moment of signing, if any.
    """

    header: str
    algorithm: Literal["sha256", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    timestamp: str = ""
    signed: str = "{body}"


def wrong_signature(
    scheme: Scheme, secrets: Sequence[str], body: bytes, headers: Mapping[str, str], now: datetime
) -> str | None:
    """Any of `secrets` may have made any of the signatures in the header: either side may be renewing its secret."""
    given = headers.get(scheme.header.lower())
    if given is None:
        return f"the signature in {scheme.header} is missing"
    told = headers.get(scheme.timestamp.lower(), "") if scheme.timestamp else ""
    if scheme.timestamp and (stale := _not_now(scheme.timestamp, told, now)):
        return stale
    before, _, after = scheme.signed.replace("{timestamp}", told).partition("{body}")
    message = before.encode(errors="replace") + body + after.encode(errors="replace")
    offered = [part.strip() for part in given.split(",")]
    signatures = [part.removeprefix(scheme.prefix) for part in offered if part.startswith(scheme.prefix)]
    expected = [
        _written(hmac.digest(secret.encode(), message, scheme.algorithm), scheme) for secret in secrets if secret
    ]
    fitting = [_any_same(expected, _normal(signature, scheme)) for signature in signatures]
    return None if any(fitting) else f"the signature in {scheme.header} does not fit the body"


def wrong_token(header: str, prefix: str, secrets: Sequence[str], headers: Mapping[str, str]) -> str | None:
    given = headers.get(header.lower())
    if given is None:
        return f"the token in {header} is missing"
    shown = given.strip()
    known = _any_same((prefix + secret for secret in secrets if secret), shown)
    return None if known else f"the token in {header} is not the one agreed on"


def wrong_password(user: str, secrets: Sequence[str], headers: Mapping[str, str]) -> str | None:
    """HTTP Basic (RFC 7617)."""
    scheme, _, encoded = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "basic":
        return "user name and password in Authorization (Basic) are missing"
    try:
        shown = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return "Authorization is not Basic as it should be: base64 of user:password"
    known = _any_same((f"{user}:{secret}" for secret in secrets if secret), shown)
    return None if known else "user name and password are not the ones agreed on"


def _not_now(header: str, told: str, now: datetime) -> str | None:
    signed_at = moment(told)
    if signed_at is None:
        return f"the moment of signing in {header} {'cannot be read' if told else 'is missing'}"
    if abs(now - signed_at) > WINDOW:
        return f"it was signed at {told}, more than {WINDOW.seconds // 60} minutes from now: check the sender's clock"
    return None


def _written(digest: bytes, scheme: Scheme) -> str:
    return digest.hex() if scheme.encoding == "hex" else base64.b64encode(digest).decode()


def _normal(signature: str, scheme: Scheme) -> str:
    """Hexadecimal digits may be of either case."""
    return signature.lower() if scheme.encoding == "hex" else signature


def _any_same(expected: Iterable[str], shown: str | bytes) -> bool:
    """All are compared, so that the time does not tell which one fitted."""
    fitting = [_same(each, shown) for each in expected]
    return any(fitting)


def _same(expected: str, shown: str | bytes) -> bool:
    shown = shown if isinstance(shown, bytes) else shown.encode(errors="replace")
    return hmac.compare_digest(expected.encode(), shown)
