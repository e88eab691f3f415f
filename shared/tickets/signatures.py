"""Whether a body was signed by somebody who knows the secret: an HMAC over the bytes as they came.

Separate because it must run before the body is looked at at all.
"""

import base64
import hmac
from typing import Literal


def verify(
    secret: str,
    body: bytes,
    given: str | None,
    *,
    algorithm: Literal["sha256", "sha1"],
    encoding: Literal["hex", "base64"],
    prefix: str,
) -> bool:
    """Whether `given`, the value of the signature header, is `prefix` and the HMAC of `body` under `secret`.

    Takes the same time wherever the two differ, and answers False to whatever is no signature. Hexadecimal digits may
    be of either case. An empty secret verifies nothing: everybody knows it.
    """
    offered = (given or "").strip()
    if not secret or not offered.startswith(prefix):
        return False
    offered = offered.removeprefix(prefix)
    digest = hmac.digest(secret.encode(), body, algorithm)
    if encoding == "hex":
        expected, offered = digest.hex().encode(), offered.lower()
    else:
        expected = base64.b64encode(digest)
    return hmac.compare_digest(expected, offered.encode(errors="replace"))
