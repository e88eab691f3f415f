"""What tasks are made of: the fields as `/Fields/Task` describes them, and what they take and keep.

The swagger names `key`, `label`, `type`, `isMultiChoice`, `isReadonly` and `settings`; which types there are and what
is in `settings` it does not say, and these are chosen here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

type Find = Callable[[str, str], dict[str, Any] | None]  # a "resource" or "task" by its id, as attributes show it

DATES = ("StartDate", "DueDate")
PRIORITIES = ("Low", "Medium", "High")
LABELS = ("customer", "legal", "risk")
GROUPS = {name: f"90000000-0000-4000-8000-00000000000{n}" for n, name in enumerate(("Backlog", "Now", "Next"), 1)}


class Invalid(Exception):
    """A value that a field refuses."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Field:
    key: str
    label: str
    type: str
    multiple: bool = False
    read_only: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "label": self.label,
            "type": self.type,
            "isMultiChoice": self.multiple,
            "isReadonly": self.read_only,
            "settings": dict(self.settings),
        }

    def kept(self, value: Any, find: Find) -> Any:
        """What is stored of a written value. Raises Invalid."""
        if value is None or value in ("", []):
            return None
        try:
            return KEEPERS[self.type](self, value, find)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise Invalid(self.key, f"The value of the field '{self.label}' is not valid.") from error


def _text(field: Field, value: Any, find: Find) -> str | None:
    if not isinstance(value, str):
        raise TypeError
    return value.strip() or None


def _date(field: Field, value: Any, find: Find) -> str:
    return shown(datetime.fromisoformat(value).date())


def _integer(field: Field, value: Any, find: Find) -> int:
    number = round(float(value))
    if field.settings.get("format") == "Percent" and not 0 <= number <= 100:
        raise Invalid(field.key, f"The field '{field.label}' takes values from 0 to 100.")
    return number


def _decimal(field: Field, value: Any, find: Find) -> float:
    return round(float(value), 2)


def _flag(field: Field, value: Any, find: Find) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _choice(field: Field, value: Any, find: Find) -> Any:
    chosen = value if field.multiple else [value]
    if unknown := [choice for choice in chosen if choice not in field.settings["values"]]:
        raise Invalid(field.key, f"'{unknown[0]}' is not a value of the field '{field.label}'.")
    return sorted(chosen) if field.multiple else value


def _group(field: Field, value: Any, find: Find) -> list[dict[str, Any]]:
    ids = {option["id"]: dict(option) for option in field.settings["values"]}
    return [ids[reference["id"]] for reference in value]


def _references(kind: str) -> Callable[[Field, Any, Find], list[dict[str, Any]]]:
    def kept(field: Field, value: Any, find: Find) -> list[dict[str, Any]]:
        found = [(reference["id"], find(kind, reference["id"])) for reference in value]
        if missing := [id for id, shown in found if shown is None]:
            raise Invalid(field.key, f"The field '{field.label}' refers to the {kind} {missing[0]}, which is not here.")
        if len(found) > 1 and not field.multiple:
            raise Invalid(field.key, f"The field '{field.label}' takes one value.")
        return [shown for _, shown in found if shown]

    return kept


KEEPERS: Mapping[str, Callable[[Field, Any, Find], Any]] = {
    "Text": _text,
    "Hyperlink": _text,
    "Date": _date,
    "Integer": _integer,
    "Decimal": _decimal,
    "Flag": _flag,
    "Choice": _choice,
    "Group": _group,
    "User": _references("resource"),
    "Task": _references("task"),
}

PARENT = Field("Parent", "Parent Task", "Task")
MARKER = Field("Boardbridge Link", "Boardbridge Link", "Hyperlink")

TASK_FIELDS = (
    Field("Name", "Name", "Text"),
    Field("Description", "Description", "Text"),
    Field("Group", "Group", "Group", settings={"values": [{"id": id, "name": name} for name, id in GROUPS.items()]}),
    Field("StartDate", "Start Date", "Date"),
    Field("DueDate", "Due Date", "Date"),
    Field("Duration", "Duration", "Integer"),
    Field("Effort", "Effort", "Decimal"),
    Field("Progress", "Progress", "Integer", settings={"format": "Percent"}),
    Field("Status", "Status", "Text", read_only=True),
    Field("Priority", "Priority", "Choice", settings={"values": list(PRIORITIES)}),
    Field("AssignedTo", "Assigned To", "User", multiple=True),
    Field("IsMilestone", "Is Milestone", "Flag"),
    PARENT,
    MARKER,
    Field("Labels", "Labels", "Choice", multiple=True, settings={"values": list(LABELS)}),
    Field("Customer Reference", "Customer Reference", "Text"),
)


def shown(day: date) -> str:
    """A date as attributes have it."""
    return f"{day.isoformat()}T00:00:00Z"
