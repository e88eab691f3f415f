"""What `/Fields/Task` says of the fields of tasks, and which of them play a part in the sync. No I/O."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from shared.model import FieldInfo, FieldType

OURS = "boardbridge"
OPTIONS = ("values", "options", "choices")  # where `settings` may list what can be chosen
YES, NO = "Yes", "No"


class Shape(Enum):
    """How a value stands in a task's attributes."""

    PLAIN = auto()
    DATE = auto()
    NUMBER = auto()
    FLAG = auto()  # true or false
    NAMES = auto()  # texts, or objects with an id and a name
    PEOPLE = auto()  # objects with an id and a full name
    TASK = auto()  # objects with the id of a task


# Types of fields, by their letters alone. What is not here is shown to people and never written.
TYPES: Mapping[str, tuple[FieldType, Shape]] = {
    **dict.fromkeys(("text", "string", "multilinetext", "hyperlink", "url", "link"), (FieldType.TEXT, Shape.PLAIN)),
    **dict.fromkeys(("richtext", "html"), (FieldType.RICH_TEXT, Shape.PLAIN)),
    **dict.fromkeys(("date", "datetime"), (FieldType.DATE, Shape.DATE)),
    **dict.fromkeys(("integer", "decimal", "number", "currency", "cost"), (FieldType.NUMBER, Shape.NUMBER)),
    **dict.fromkeys(("percent", "percentage"), (FieldType.PERCENT, Shape.NUMBER)),
    **dict.fromkeys(("flag", "boolean"), (FieldType.PICKLIST, Shape.FLAG)),
    **dict.fromkeys(("choice", "dropdown", "picklist", "group"), (FieldType.PICKLIST, Shape.NAMES)),
    **dict.fromkeys(("user", "person", "resource"), (FieldType.IDENTITY, Shape.PEOPLE)),
    "task": (FieldType.TEXT, Shape.TASK),
}

# Fields whose name says more than their type. A task's duration stays a number: it counts working days, not hours.
NAMED: Mapping[str, FieldType] = {
    "status": FieldType.STATE,
    "progress": FieldType.PERCENT,
    "effort": FieldType.DURATION,
    "originalestimate": FieldType.DURATION,
}


@dataclass(frozen=True, slots=True)
class TaskField:
    """`ids` has those of named options, where they have any. `multiple`: more than one value at a time."""

    info: FieldInfo
    shape: Shape
    ids: Mapping[str, str]
    multiple: bool

    @property
    def key(self) -> str:
        return self.info.key


@dataclass(frozen=True, slots=True)
class TaskFields:
    """All fields by key, those for people in `mapped`, and those with a part to play; None where there is none."""

    by_key: Mapping[str, TaskField]
    parent: TaskField | None
    marker: TaskField | None
    description: TaskField | None
    start: TaskField | None
    due: TaskField | None
    duration: TaskField | None
    changed_at: TaskField | None

    @property
    def mapped(self) -> Mapping[str, TaskField]:
        """Without those that are ours or are about hierarchy."""
        apart = (self.parent, self.marker)
        return {
            key: field for key, field in self.by_key.items() if field not in apart and field.shape is not Shape.TASK
        }


def task_fields(documents: Sequence[Mapping[str, Any]]) -> TaskFields:
    fields = [_field(document) for document in documents]

    def called(*names: str, shape: Shape) -> TaskField | None:
        return next((field for field in fields if field.shape is shape and _names(field.info) & {*names}), None)

    writable = [field for field in fields if not field.info.read_only]
    links = [field for field in fields if field.shape is Shape.TASK and not field.multiple]
    parents = ("parent", "parentid", "parenttask", "parenttaskid")
    ours = [field for field in writable if field.info.type is FieldType.TEXT and field.shape is Shape.PLAIN]
    description = called("description", shape=Shape.PLAIN)
    return TaskFields(
        by_key={field.key: field for field in fields},
        parent=called(*parents, shape=Shape.TASK)
        or called(*parents, shape=Shape.PLAIN)
        or (links[0] if len(links) == 1 else None),
        marker=next((field for field in ours if any(OURS in name for name in _names(field.info))), None),
        description=description if description in writable else None,
        start=called("startdate", "start", shape=Shape.DATE),
        due=called("duedate", "due", "finishdate", shape=Shape.DATE),
        duration=called("duration", shape=Shape.NUMBER),
        changed_at=called("modified", "lastmodified", "modifieddate", "lastmodifieddate", shape=Shape.DATE),
    )


def _field(document: Mapping[str, Any]) -> TaskField:
    key, label = document["key"], document.get("label") or document["key"]
    known = TYPES.get(_letters(document.get("type") or ""))
    kind, shape = known or (FieldType.TEXT, Shape.PLAIN)
    multiple = bool(document.get("isMultiChoice"))
    options = _options(document.get("settings") or {})
    if shape is Shape.NAMES and multiple:
        kind = FieldType.TAGS
    kind = next((NAMED[name] for name in (_letters(key), _letters(label)) if name in NAMED), kind)
    choices = (YES, NO) if shape is Shape.FLAG else tuple(options)
    info = FieldInfo(key, label, kind, choices, read_only=bool(document.get("isReadonly")) or known is None)
    return TaskField(info, shape, {name: id for name, id in options.items() if id}, multiple)


def _options(settings: Mapping[str, Any]) -> dict[str, str]:
    """Names of what can be chosen, with their ids where they have some."""
    listed = next((settings[name] for name in OPTIONS if isinstance(settings.get(name), list)), [])
    return {name_of(option): str(option.get("id") or "") if isinstance(option, dict) else "" for option in listed}


def name_of(value: Any) -> str:
    """What people see of a value that may be an object."""
    if isinstance(value, dict):
        return str(next((value[name] for name in ("fullName", "name", "label", "url") if value.get(name)), ""))
    return str(value)


def _names(info: FieldInfo) -> set[str]:
    return {_letters(info.key), _letters(info.label)}


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.casefold())
