"""What a product's bodies look like: the expressions and tables of `presets/*.toml`, one file per kind.

    [recognise]         what has to be there for a body to be this product's; each line is tried and named
    [signature]         how it signs, where it does; a connection then only names the secret
    [push]              where the ticket, its id, version and time of change, and the id of the delivery are
    [fields]            the ticket's fields, by name
    [comments]          `list` finds the comments, the others what stands in each: id, body, format, author, public, at
    [kind] [status] [priority]   tables from the product's words to ours; nested by kind where they differ
    [answers]           by state category, the status that tells the product so; nested by kind where they differ

`extend = "…"` adds to another preset. A connection may add to its preset or replace parts of it.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Self

from shared.errors import Refused
from shared.tickets.expressions import Expression, compile_expression

PRESETS = Path(__file__).with_name("presets")
AUTO = "auto"  # the kind of a connection whose product is told by what it sends

# Expressions that are no field of the ticket: where to look, in which order pushes stand, and what the tables look up.
ABOUT_PUSH = frozenset({"ticket", "id", "version", "changed_at", "actor", "delivery_id", "status_key", "priority_key"})
# Fields that follow from others; a connection changes them through `statuses` and `priorities`.
DERIVED = frozenset({"status_category", "priority_level", "changed_at_raw", "product"})
ABOUT_COMMENT = frozenset({"list", "id", "body", "format", "author", "public", "at"})


@dataclass(frozen=True, slots=True)
class Preset:
    """How bodies of one kind are read, and what is written back. `family` is the kind that it extends at last.

    `recognise`, `about`, `fields` and `comments` are expressions by name. The tables translate raw values, all in
    `normal` form, optionally as `kind:value`; of several tables for one thing the first that knows the value decides.
    """

    kind: str
    family: str
    recognise: Mapping[str, Expression]
    about: Mapping[str, Expression]
    fields: Mapping[str, Expression]
    comments: Mapping[str, Expression]
    kinds: Mapping[str, str]
    statuses: tuple[Mapping[str, str], ...]
    priorities: tuple[Mapping[str, int], ...]
    signature: Mapping[str, str]
    answers: Mapping[str, str]

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
        own = _compiled(fields or {})
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

    def answer(self, kind: str, category: str) -> str | None:
        """The product's status for a state category; None where there is none to be told."""
        return look_up((self.answers,), kind, category)


@cache
def kinds() -> tuple[str, ...]:
    """The kinds that a connection may have, sorted."""
    return tuple(sorted((AUTO, *(file.stem for file in PRESETS.glob("*.toml")))))


@cache
def preset(kind: str) -> Preset:
    """The preset of `kind`; `Refused` names the kinds there are. That of `auto` is empty."""
    if kind not in kinds():
        raise Refused(400, f"there is no preset '{kind}': choose one of {', '.join(kinds())}")
    if kind == AUTO:
        return _empty(kind)
    written = tomllib.loads((PRESETS / f"{kind}.toml").read_text(encoding="utf-8"))
    base = preset(written["extend"]) if "extend" in written else _empty(kind)
    own = base.extended(
        {**written.get("push", {}), **written.get("fields", {})},
        written.get("status", {}),
        written.get("priority", {}),
    )
    return replace(
        own,
        kind=kind,
        recognise={**base.recognise, **_compiled(written.get("recognise", {}))},
        comments={**base.comments, **_compiled(written.get("comments", {}))},
        kinds={**base.kinds, **_table(written.get("kind", {}))},
        signature={**base.signature, **written.get("signature", {})},
        answers={**base.answers, **_table(written.get("answers", {}))},
    )


def recognisable() -> tuple[Preset, ...]:
    """The presets whose product can be told by the shape of its bodies."""
    return tuple(found for kind in kinds() if (found := preset(kind)).recognise)


def look_up[T](tables: Iterable[Mapping[str, T]], kind: str, *raw: str | None) -> T | None:
    """The first meaning that any table, in order, has for a raw value: of this kind before of any kind."""
    keys = [key for value in raw if value for key in (f"{normal(kind)}:{normal(value)}", normal(value))]
    return next((table[key] for table in tables for key in keys if key in table), None)


def normal(value: str) -> str:
    """The form in which raw values are compared: case, spacing and a `.0` do not matter."""
    return re.sub(r"^(-?\d+)\.0+$", r"\1", " ".join(value.casefold().split()))


def _empty(kind: str) -> Preset:
    return Preset(kind, kind, {}, {}, {}, {}, {}, (), (), {}, {})


def _compiled(written: Mapping[str, str]) -> dict[str, Expression]:
    return {name: compile_expression(source) for name, source in written.items()}


def _table[T](written: Mapping[str, Any]) -> dict[str, T]:
    """A flat table; what is nested under a kind is keyed `kind:value`."""
    flat: dict[str, T] = {}
    for raw, meaning in written.items():
        nested = isinstance(meaning, Mapping)
        flat |= {normal(f"{raw}:{value}"): m for value, m in meaning.items()} if nested else {normal(raw): meaning}
    return flat
