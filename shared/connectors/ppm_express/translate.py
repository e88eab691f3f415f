"""Values between a task's attributes and the model: texts, numbers, lists of texts. No I/O.

What has no value on the task (missing, null, "", []) is None here, because lists and single tasks need not agree on how
to show nothing.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.connectors.ppm_express.metadata import NO, YES, Shape, TaskField, name_of
from shared.errors import Park

MAIL = ("email", "mail", "emailaddress", "logonaccount")
EMPTY = (None, "", [])
ROUNDING = 0.5
DAY = len("2026-05-11")
MIDNIGHT = re.compile(r"\d{4}-\d\d-\d\dT00:00:00(\.0+)?(Z|\+00:00)?$")  # a day, in no time zone


@dataclass(frozen=True, slots=True)
class Directory:
    """The resources of the tenant: `mails` and `names` by id, `ids` by either in small letters."""

    mails: Mapping[str, str]
    ids: Mapping[str, str]
    names: Mapping[str, str]


NOBODY = Directory({}, {}, {})


def directory(resources: Sequence[Mapping[str, Any]]) -> Directory:
    mails, ids, names = {}, dict[str, str](), {}
    for resource in resources:
        id, attributes = resource["id"], resource.get("attributes") or {}
        lowered = {key.casefold().replace(" ", ""): value for key, value in attributes.items()}
        names[id] = str(lowered.get("name") or "")
        ids.setdefault(names[id].casefold(), id)
        mail = next((str(lowered[name]) for name in MAIL if lowered.get(name)), "")
        if mail:
            mails[id] = mail
            ids[mail.casefold()] = id
    return Directory(mails, ids, names)


def people(value: Any) -> set[str]:
    """The ids of those in a value of an attribute."""
    return set() if value in EMPTY else {_id(each) for each in _listed(value)}


def shown(field: TaskField, value: Any, people: Directory) -> Any:
    """A value of an attribute as the model has it."""
    if value in EMPTY:
        return None
    match field.shape:
        case Shape.FLAG:
            return YES if value else NO
        case Shape.NAMES:
            return _one_or_all(field, [name_of(each) for each in _listed(value)])
        case Shape.PEOPLE:
            persons = [people.mails.get(_id(each), name_of(each)) for each in _listed(value)]
            return persons[0] if len(persons) == 1 else persons
        case Shape.TASK:
            return next((_id(each) for each in _listed(value)), None)
        case Shape.DATE:
            return str(value)[:DAY] if MIDNIGHT.match(str(value)) else value
        case _ if field.info.read_only and isinstance(value, list | dict):  # of a type that is not known
            return ", ".join(map(name_of, value)) if isinstance(value, list) else name_of(value) or json.dumps(value)
        case _:
            return name_of(value) if isinstance(value, dict) else value


def written(field: TaskField, value: Any, people: Directory) -> Any:
    """A value of the model as an attribute takes it. `Park` says what to fix."""
    lists = field.shape in (Shape.PEOPLE, Shape.TASK) or bool(field.ids) or field.multiple
    if value in EMPTY:
        return [] if lists else None
    match field.shape:
        case Shape.FLAG:
            return value is True or (value is not False and _chosen(field, str(value)) == YES)
        case Shape.NAMES if lists:
            chosen = [_chosen(field, str(each)) for each in _listed(value)]
            return [{"id": field.ids[name], "name": name} for name in chosen] if field.ids else chosen
        case Shape.NAMES:
            return _chosen(field, str(value))
        case Shape.PEOPLE:
            return [_person(field, str(each), people) for each in _listed(value)]
        case Shape.TASK:
            return [{"id": str(value)}]
        case Shape.DATE:
            return _moment(field, str(value))
        case Shape.NUMBER:
            return _number(field, value)
        case Shape.PLAIN:
            return str(value)


def alike(field: TaskField, one: Any, other: Any) -> bool:
    """Whether two values, as the model has them, differ by no more than a server's tidying: rounding, trimming."""
    if field.shape is Shape.NUMBER and one is not None and other is not None:
        return abs(float(one) - float(other)) <= ROUNDING
    if field.shape is Shape.DATE:
        return str(one)[:DAY] == str(other)[:DAY]
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(str, one)) == sorted(map(str, other))
    return " ".join(str(one or "").split()).casefold() == " ".join(str(other or "").split()).casefold()


def _chosen(field: TaskField, name: str) -> str:
    known = {choice.casefold(): choice for choice in field.info.choices}
    if not known:
        return name
    if name.casefold() not in known:
        choices = ", ".join(field.info.choices)
        raise Park(f"PPM Express: '{name}' is not a value of the field {_called(field)}; there are {choices}")
    return known[name.casefold()]


def _person(field: TaskField, name: str, people: Directory) -> Mapping[str, Any]:
    id = people.ids.get(name.casefold())
    if id is None:
        raise Park(
            f"PPM Express has no resource '{name}' for the field {_called(field)}: add it there, or let the token read "
            "resources"
        )
    return {"id": id, "fullName": people.names[id], "imageId": None}


def _moment(field: TaskField, text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise Park(f"PPM Express: '{text}' is no date for the field {_called(field)}") from None
    return f"{text}T00:00:00Z" if len(text) == DAY else text


def _number(field: TaskField, value: Any) -> int | float:
    try:
        return value if isinstance(value, int | float) else float(value)
    except (TypeError, ValueError):
        raise Park(f"PPM Express: '{value}' is no number for the field {_called(field)}") from None


def _called(field: TaskField) -> str:
    return f"'{field.info.label}'"


def _one_or_all(field: TaskField, names: list[str]) -> Any:
    return names if field.multiple else names[0]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _id(value: Any) -> str:
    return str(value.get("id") or "") if isinstance(value, dict) else str(value)
