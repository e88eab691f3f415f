"""Values that a person wishes for the fields of a copy, held against what the fields take. Pure.

What a side would refuse is told before anything is under way. What only the side can know, such as who may be assigned,
it says itself: then the link waits with its sentence.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from shared.errors import resembling
from shared.model import FieldInfo, FieldType, SideName
from shared.sync.pairs.defaults import TITLES
from shared.sync.values import AMOUNTS, WORDS, empty

PLACES = {"area": "System.AreaPath", "iteration": "System.IterationPath"}
# What has a name of its own in a request, by the field.
PARAMETERS = {key: name for name, key in PLACES.items()} | {
    "System.TeamProject": "project",
    "System.WorkItemType": "type",
    "System.Parent": "parent",
}


def faults(wishes: Mapping[str, Any], fields: Mapping[str, FieldInfo], side: SideName) -> Iterator[tuple[str, str]]:
    """What is wrong with values for `fields` of `side`, by `fields.<key>`; an empty one is left to the side."""
    for key, value in wishes.items():
        if fix := _fix(value, fields[key]) if key in fields else f"there is no such field on {side}":
            yield f"fields.{key}", fix


def _fix(value: Any, info: FieldInfo) -> str:
    if info.key in PARAMETERS:
        return f"say it as `{PARAMETERS[info.key]}`"
    if info.read_only:
        return f"{info.label} cannot be written"
    if empty(value):
        return f"{info.label} cannot be empty" if info.key in TITLES else ""
    fits, shape = SHAPES.get(info.type, (_is_scalar, "a text"))
    if not fits(value):
        return f"{info.label} takes {shape}"
    if info.type in WORDS and info.choices and str(value).casefold() not in map(str.casefold, info.choices):
        return f"{info.label} has no value '{value}'{resembling(str(value), info.choices)}"
    return ""


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_date(value: Any) -> bool:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_text_or_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))


SHAPES: Mapping[FieldType, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(AMOUNTS, (_is_number, "a number")),
    FieldType.DATE: (_is_date, "a date such as 2026-03-02"),
    FieldType.TAGS: (_is_text_or_texts, "a text or a list of texts"),
}
