"""Nouns as properties of table rows. Separate, because a row written today is read by next year's code.

A value is written as one JSON document: a text property that a person can read in the portal while it fits, compressed
binary properties beyond that. Reading ignores what it does not know and gives defaults for what is missing, so that
a noun may gain and lose fields while rows of both ages are about.

Limits of Table Storage: 64 KiB a property (text counts two bytes a UTF-16 unit), 1 MiB an entity.
"""

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from itertools import count, repeat, takewhile
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from shared.errors import Refused

TEXT = "document"
BINARY = "document{}"  # document0, document1, …
MAX_TEXT_BYTES = 60 * 1024
CHUNK_BYTES = 63 * 1024
MAX_PACKED_BYTES = 960 * 1024  # the rest of the entity's 1 MiB is for keys and the other properties


def pack(value: object) -> dict[str, str | bytes]:
    """The properties that hold `value`: JSON, or any nesting of dataclasses, mappings, sequences, datetimes, bytes.

    `Refused` (413) when it is too large for one entity; `ValueError` for a datetime without a time zone.
    """
    text = _json(value)
    if len(text.encode("utf-16-le")) <= MAX_TEXT_BYTES:
        return {TEXT: text}
    packed = zlib.compress(text.encode())
    if len(packed) > MAX_PACKED_BYTES:
        raise Refused(413, f"too large to store: {len(packed)} bytes when compressed, {MAX_PACKED_BYTES} at most")
    chunks = (packed[start : start + CHUNK_BYTES] for start in range(0, len(packed), CHUNK_BYTES))
    return {BINARY.format(number): chunk for number, chunk in enumerate(chunks)}


def unpack(entity: Mapping[str, Any]) -> Any:
    """The JSON document that `pack` wrote into the properties of `entity`."""
    if TEXT in entity:
        return json.loads(entity[TEXT])
    names = takewhile(entity.__contains__, map(BINARY.format, count()))
    return json.loads(zlib.decompress(b"".join(entity[name] for name in names)))


def restore(hint: Any, document: Any) -> Any:
    """The value of type `hint` whose JSON is `document`: the counterpart of `pack` for dataclasses and their fields."""
    if document is None:
        return None
    kind, of = get_origin(hint), get_args(hint)
    if kind is UnionType:  # `X | None`, and None was dealt with
        return restore(next(arm for arm in of if arm is not NoneType), document)
    if kind is tuple:
        hints: Iterable[Any] = repeat(of[0]) if of[-1] is Ellipsis else of
        return tuple(restore(inner, item) for inner, item in zip(hints, document, strict=False))
    if kind is Mapping:
        return {name: restore(of[1], item) for name, item in document.items()}
    if is_dataclass(hint):
        known = _hints(hint)
        return hint(**{name: restore(known[name], item) for name, item in document.items() if name in known})
    if hint is datetime:
        return datetime.fromisoformat(document)
    if hint is bytes:
        return base64.b64decode(document)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(document)
    return document


_hints = cache(get_type_hints)


def _json(value: object) -> str:
    text = json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can carry and UTF-8 cannot: write it as \\udxxx
        text = json.dumps(value, default=_plain, separators=(",", ":"))
    return text


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone; times are kept in UTC")
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} cannot be stored")
