"""From the body that a product pushes to what it says of one ticket. Pure: no network, no clock, no settings.

What differs from product to product is written in `presets/*.toml`, one file per kind, as expressions (see
`expressions`). A connection may add to its preset or replace parts of it. This module knows the rest, which is the
same for all: that a key that is absent was not mentioned while null or an empty text was cleared, what becomes of
numbers and dates, and how a body in which no ticket is found is refused so that its sender can put it right.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, Self
from urllib.parse import urlsplit

from shared.errors import NoTicket, Refused, sentence
from shared.model import Push
from shared.tickets.expressions import Expression, compile_expression
from shared.tickets.notation import moment, text, whole_number

PRESETS = Path(__file__).with_name("presets")

# Expressions that are no field of the ticket: where to look, in which order pushes stand, and what the tables look up.
ABOUT_PUSH = frozenset({"ticket", "id", "version", "changed_at", "actor", "delivery_id", "status_key", "priority_key"})
# Fields that follow from others; a connection changes them through `statuses` and `priorities`.
DERIVED = frozenset({"status_category", "priority_level", "changed_at_raw"})

LONGEST_ID = 128  # an id becomes part of a table key; those of the products are 36 characters at most
DEEPEST = 100
MOST_KEYS_NAMED = 20


@dataclass(frozen=True, slots=True)
class Preset:
    """How bodies of one kind are read.

    `about` and `fields` are expressions by name. The tables translate raw values, all in `_key` form, optionally as
    `kind:value`; of several tables for one thing the first that knows the value decides.
    """

    kind: str
    about: Mapping[str, Expression]
    fields: Mapping[str, Expression]
    kinds: Mapping[str, str]
    statuses: tuple[Mapping[str, str], ...]
    priorities: tuple[Mapping[str, int], ...]

    def extended(
        self,
        fields: Mapping[str, str] | None = None,
        statuses: Mapping[str, str] | None = None,
        priorities: Mapping[str, int] | None = None,
    ) -> Self:
        """With a connection's own expressions, statuses and priorities before those of the preset.

        `fields` may also replace `ticket`, `id`, `version` and the others in `ABOUT_PUSH`. Raises ValueError with the
        expression and the column of the mistake.
        """
        if derived := sorted(DERIVED & set(fields or {})):
            raise ValueError(f"{derived[0]} follows from other fields: write `statuses` or `priorities` instead")
        own = {name: compile_expression(source) for name, source in (fields or {}).items()}
        return replace(
            self,
            about={**self.about, **{name: found for name, found in own.items() if name in ABOUT_PUSH}},
            fields={**self.fields, **{name: found for name, found in own.items() if name not in ABOUT_PUSH}},
            statuses=(_table(statuses or {}), *self.statuses),
            priorities=(_table(priorities or {}), *self.priorities),
        )

    def find(self, name: str, scope: Any) -> Any:
        """What the expression `name` finds in `scope`; None if there is no such expression."""
        return self.about[name].find(scope) if name in self.about else None


@cache
def kinds() -> tuple[str, ...]:
    """The kinds that there are presets for, sorted."""
    return tuple(sorted(file.stem for file in PRESETS.glob("*.toml")))


@cache
def preset(kind: str) -> Preset:
    """The preset of `kind`; `Refused` names the kinds there are."""
    if kind not in kinds():
        raise Refused(400, f"there is no preset '{kind}': choose one of {', '.join(kinds())}")
    written = tomllib.loads((PRESETS / f"{kind}.toml").read_text(encoding="utf-8"))
    base = preset(written["extend"]) if "extend" in written else Preset(kind, {}, {}, {}, (), ())
    own = base.extended(
        {**written.get("push", {}), **written.get("fields", {})},
        written.get("status", {}),
        written.get("priority", {}),
    )
    return replace(own, kind=kind, kinds={**base.kinds, **_table(written.get("kind", {}))})


def parse(body: bytes, content_type: str | None) -> Any:
    """The JSON document of a request body: an object or an array, UTF-8 with or without a byte order mark.

    Raises `Refused` 415 for another content type, 400 with line and column for what is no JSON (NaN and keys that
    stand twice in one object included), and `NoTicket` for a lone number, text, true, false or null.
    """
    media = (content_type or "application/json").split(";")[0].strip().lower()
    if media not in ("", "application/json", "text/json") and not media.endswith("+json"):
        raise Refused(415, f"send the ticket as application/json, not as {media}")
    try:
        written = body.decode("utf-8-sig")
        document = json.loads(written, object_pairs_hook=_unambiguous, parse_constant=_no_number)
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
    if not isinstance(document, dict | list):
        raise NoTicket("a ticket is a JSON object; the body is a single value", (("ticket", "send an object"),))
    return document


def understand(
    document: Any,
    headers: Mapping[str, str],
    preset: Preset,
    received_at: datetime,
    body_hash: str,
    base_url: str = "",
) -> Push:
    """What `document` says of its ticket. `headers` have lower-case names; `base_url` is the product's own address.

    Raises `NoTicket` whose faults name each expression that found nothing.
    """
    document = _cleared(document)
    around = {"document": document, "headers": dict(headers), "base_url": base_url.rstrip("/")}
    ticket = _ticket(document, preset)
    kind = _kind(preset, {**ticket, **around})
    scope = {**ticket, **around, "kind": kind}
    fields = {name: found for name, at in preset.fields.items() if (found := text(at.find(scope))) is not None}
    if kind is not None:
        fields["kind"] = kind
    changed_at = text(preset.find("changed_at", scope))
    moved = moment(changed_at)
    if changed_at and moved is None:
        fields["changed_at_raw"] = sentence(changed_at)
    return Push(
        ticket_id=_ticket_id(ticket, scope, preset),
        received_at=received_at,
        body_hash=body_hash,
        fields=_settled(fields, scope, preset),
        version=whole_number(preset.find("version", scope)),
        changed_at=moved,
        delivery_id=text(preset.find("delivery_id", scope)) or None,
        actor=text(preset.find("actor", scope)) or None,
    )


# ---------------------------------------------------------------- where the ticket is


def _ticket(document: Any, preset: Preset) -> dict[str, Any]:
    """The ticket's own object. A list of one is unwrapped; a list of more is refused, for one body is one ticket."""
    place = preset.about["ticket"]
    found = place.find(document)
    if isinstance(found, list) and len(found) > 1:
        _refuse(preset, "ticket", f"`{place}` is a list of {len(found)}; send one ticket per request")
    ticket = found[0] if isinstance(found, list) and found else found
    if not isinstance(ticket, dict):
        _refuse(preset, "ticket", f"looked at `{place}`, found no object; {_seen(document)}")
    return ticket


def _ticket_id(ticket: Mapping[str, Any], scope: Mapping[str, Any], preset: Preset) -> str:
    found = preset.find("id", scope)
    place = preset.about["id"]
    identifier = text(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else None
    if not identifier:
        _refuse(preset, "id", f"looked at `{place}`, found no identifier; {_seen(ticket)}")
    if len(identifier) > LONGEST_ID:
        _refuse(preset, "id", f"`{place}` is longer than {LONGEST_ID} characters")
    return identifier


def _refuse(preset: Preset, name: str, fault: str) -> NoReturn:
    raise NoTicket(f"no {preset.kind} ticket in this body: {fault}", ((name, fault),))


def _seen(value: Any) -> str:
    if not isinstance(value, dict):
        return f"there is {'an empty list' if value == [] else 'a ' + type(value).__name__}"
    keys = ", ".join(sorted(value)[:MOST_KEYS_NAMED])
    return f"there are the keys {keys}" if keys else "the object is empty"


# ---------------------------------------------------------------- what its values mean


def _kind(preset: Preset, scope: Mapping[str, Any]) -> str | None:
    """The kind by the name that the product's tables have for it, where the preset knows that name."""
    kind = preset.fields["kind"].find(scope) if "kind" in preset.fields else None
    raw = text(kind)
    return raw if raw is None else preset.kinds.get(_key(raw), raw)


def _settled(fields: dict[str, str], scope: Mapping[str, Any], preset: Preset) -> dict[str, str]:
    """The fields with what follows from them, and without what must not be written."""
    kind = fields.get("kind", "")
    derived = (("status", "status_category", preset.statuses), ("priority", "priority_level", preset.priorities))
    for name, meaning, tables in derived:
        if fields.get(name) == "":
            fields[meaning] = ""
        elif name in fields:
            known = _look_up(tables, kind, text(preset.find(f"{name}_key", scope)), fields[name])
            fields |= {meaning: str(known)} if known is not None else {}
    fields["title"] = " ".join(fields.get("title", "").split())
    unusable = {
        "title": not fields["title"],  # a work item needs one, so an empty title takes nothing away
        "body_format": "body" not in fields,
        "url": fields.get("url", "") != "" and not _is_web_address(fields["url"]),
    }
    return {name: value for name, value in fields.items() if not unusable.get(name, False)}


def _look_up[T](tables: Iterable[Mapping[str, T]], kind: str, *raw: str | None) -> T | None:
    """The first meaning that any table, in order, has for a raw value: of this kind before of any kind."""
    keys = [key for value in raw if value for key in (f"{_key(kind)}:{_key(value)}", _key(value))]
    return next((table[key] for table in tables for key in keys if key in table), None)


def _key(value: str) -> str:
    """The form in which raw values are compared: case, spacing and a `.0` do not matter."""
    return re.sub(r"^(-?\d+)\.0+$", r"\1", " ".join(value.casefold().split()))


def _table[T](written: Mapping[str, Any]) -> dict[str, T]:
    """A flat table; what is nested under a kind is keyed `kind:value`."""
    flat: dict[str, T] = {}
    for raw, meaning in written.items():
        nested = isinstance(meaning, Mapping)
        flat |= {_key(f"{raw}:{value}"): m for value, m in meaning.items()} if nested else {_key(raw): meaning}
    return flat


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(map(str.isspace, url))


# ---------------------------------------------------------------- JSON as it is sent


def _cleared(value: Any, depth: int = 0) -> Any:
    """The document with "" for null: to JMESPath null is absence, but a product that writes null says "empty"."""
    if depth > DEEPEST:
        raise NoTicket("no ticket in this body", (("ticket", f"it is nested more than {DEEPEST} levels deep"),))
    match value:
        case None:
            return ""
        case dict():
            return {key: _cleared(item, depth + 1) for key, item in value.items()}
        case list():
            return [_cleared(item, depth + 1) for item in value]
    return value


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key '{twice}' stands twice in one object")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
