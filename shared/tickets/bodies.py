"""The JSON document of a request body, as strictly as it can be read and as leniently as it must be.

Products fill templates without escaping: line breaks stand bare in texts, and HTML brings its quotes along. Both are
read where there is one way to read them. Everything else that is no JSON is told with its place.
"""

import json
import re
from typing import Any, NoReturn

from shared.errors import NoTicket, Refused

# Nothing but a text can hold `<` in JSON, so a quote within a tag is that of an attribute, never the end of the text.
TAG = re.compile(r"<[a-zA-Z][^<>]*>")
BARE_QUOTE = re.compile(r'(?<!\\)"')


def parse(body: bytes, content_type: str | None) -> Any:
    """The JSON document of a request body: an object or an array, UTF-8 with or without a byte order mark.

    The content type decides nothing as long as the body is JSON: templates of many products cannot set it. Raises
    `Refused` 415 for what is neither called JSON nor is any, 400 with line and column for what should be and is none
    (NaN and keys that stand twice in one object included), and `NoTicket` for a lone number, text, true, false or null.
    """
    try:
        document = _document(body)
    except Refused as no_json:
        media = (content_type or "application/json").split(";")[0].strip().lower()
        if media not in ("", "application/json", "text/json") and not media.endswith("+json"):
            raise Refused(415, f"send the ticket as application/json, not as {media}") from no_json
        raise
    if not isinstance(document, dict | list):
        raise NoTicket("a ticket is a JSON object; the body is a single value", (("ticket", "send an object"),))
    return document


def _document(body: bytes) -> Any:
    try:
        written = body.decode("utf-8-sig")
        try:
            return _loads(written)
        except json.JSONDecodeError:
            mended = TAG.sub(lambda tag: BARE_QUOTE.sub(r"\"", tag[0]), written)
            if mended == written:
                raise
            return _loads(mended)
    except UnicodeDecodeError as error:
        raise Refused(400, f"the body is not UTF-8: byte {error.start + 1} is 0x{body[error.start]:02x}") from error
    except json.JSONDecodeError as error:
        there = repr(error.doc[error.pos : error.pos + 20]) if error.doc[error.pos :] else "the end of the body"
        place = f"line {error.lineno}, column {error.colno}"
        raise Refused(
            400, f"the body is not JSON: {error.msg.removesuffix(' at')} at {place}, where {there} stands"
        ) from error
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is not JSON that can be read: {error}") from error


def _loads(written: str) -> Any:
    return json.loads(written, strict=False, object_pairs_hook=_unambiguous, parse_constant=_no_number)


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key '{twice}' stands twice in one object")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
