"""Ids as keys of table rows. Separate, because keys that were once written must be found for ever.

Table Storage refuses `/ \\ # ?` and control characters in keys and allows 1 KiB (512 UTF-16 units); ids of ITSM
tickets keep neither rule. The empty id is a key like any other.
"""

from hashlib import sha256
from urllib.parse import quote

SEPARATOR = "|"  # never part of a key that `key` made: what follows it is the kind of row
AFTER_SEPARATOR = "}"  # the next character: every row of one key lies between `key|` and `key}`

MAX_KEY_LENGTH = 400  # leaves room for `|push|` and a digest
_KEPT_OF_LONG_ID = 300


def key(id: str) -> str:
    """A reversible key of letters, digits and `_ . - ~ =`: UTF-8, percent-encoded, with `=` for `%`.

    A long id keeps its beginning, then `==` (which encoding never produces) and its hash, so that it cannot meet
    another key; whoever stores such a key stores the id beside it.
    """
    encoded = quote(id, safe="", errors="surrogatepass").replace("%", "=")
    if len(encoded) <= MAX_KEY_LENGTH:
        return encoded
    return f"{encoded[:_KEPT_OF_LONG_ID]}=={digest(id)}"


def digest(text: str) -> str:
    """64 hexadecimal digits that stand for `text`."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
