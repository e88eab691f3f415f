"""The fields of Redmine's issues: what Redmine keeps of each, and what a person sees.

Redmine keeps ids, and texts where numbers are meant; its journals tell of changes in just these words, its forms and
its API take them. They are called raw here. What leaves the connector is what a person sees: the name of a status, a
number, a mail address.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.errors import Park
from shared.model import FieldInfo, FieldType

type Place = tuple[str, str]  # where a journal says a change took place: ("attr", "status_id"), ("cf", "7")

PARENT: Place = ("attr", "parent_id")
TRACKER: Place = ("attr", "tracker_id")
YES, NO = "yes", "no"
NUMERIC = (FieldType.NUMBER, FieldType.DURATION, FieldType.PERCENT)

# Redmine's formats of custom fields. What a user may not know the format of, is taken for a text as Redmine keeps it.
FORMATS = {
    "string": FieldType.TEXT,
    "text": FieldType.TEXT,
    "link": FieldType.TEXT,
    "int": FieldType.NUMBER,
    "float": FieldType.NUMBER,
    "date": FieldType.DATE,
    "bool": FieldType.PICKLIST,
    "list": FieldType.PICKLIST,
    "enumeration": FieldType.PICKLIST,
    "version": FieldType.PICKLIST,
    "user": FieldType.IDENTITY,
}


class Directory(Protocol):
    """Who is who, as far as our user may know."""

    def address(self, id: str, name: str = "") -> str:
        """What a person is called by: mail address, else login, else name."""
        ...

    def id_of(self, address: str) -> str:
        """The id behind any of these. `Park` if no member of the project is called so."""
        ...


@dataclass(frozen=True, slots=True)
class Field:
    """One field: how people see it, and where Redmine keeps it.

    `names` has what is seen for each id, where Redmine keeps one; `whole` is a number without fractions.
    """

    info: FieldInfo
    place: Place
    names: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False

    @property
    def custom(self) -> bool:
        return self.place[0] == "cf"

    def is_shown(self, issue: Mapping[str, Any]) -> bool:
        """What is empty is left out by Redmine where there would be a name, and null elsewhere."""
        if self.custom:
            return any(str(entry["id"]) == self.place[1] for entry in issue.get("custom_fields", ()))
        return self.place[1].endswith("_id") or self.info.key in issue

    def raw(self, issue: Mapping[str, Any]) -> Any:
        if self.custom:
            return custom_value(issue, self.place)
        value = issue.get(self.info.key)
        return value["id"] if isinstance(value, Mapping) else value

    def now(self, issue: Mapping[str, Any], people: Directory) -> Any:
        """What an issue shows. Names come with it, so that one made a moment ago is known."""
        value = None if self.custom else issue.get(self.info.key)
        if isinstance(value, Mapping):
            is_person = self.info.type is FieldType.IDENTITY
            return people.address(str(value["id"]), value["name"]) if is_person else value["name"]
        return self.shown(self.raw(issue), people)

    def shown(self, raw: Any, people: Directory) -> Any:
        if isinstance(raw, list):
            return [self.shown(entry, people) for entry in raw]
        if raw is None or raw == "":
            return raw if self.info.type in (FieldType.TEXT, FieldType.RICH_TEXT) else None
        if self.info.type in NUMERIC:
            return _number(raw)
        if self.info.type is FieldType.IDENTITY:
            return people.address(str(raw))
        if self.names:
            return self.names.get(str(raw), str(raw))
        return str(raw).replace("\r\n", "\n")

    def stored(self, value: Any, people: Directory) -> Any:
        """As Redmine is to keep it; `Park` for what it has no word for. Empty is the empty text, or none of a list."""
        if self.info.read_only:
            raise Park(f"Redmine: the field '{self.info.key}' ({self.info.label}) cannot be written")
        if isinstance(value, list | tuple):
            return [self.stored(entry, people) for entry in value]
        if value is None or value == "":
            return 0 if self.info.type is FieldType.PERCENT else ""
        if self.info.type in NUMERIC:
            return self._stored_number(value)
        if self.info.type is FieldType.IDENTITY:
            return people.id_of(str(value))
        if self.names:
            return self._id_of(str(value))
        return str(value)

    def same(self, one: Any, other: Any) -> bool:
        """Whether two raw values are the same to a reader: Redmine trims, and tells a number as a text."""
        return self._plain(one) == self._plain(other)

    def _plain(self, raw: Any) -> Any:
        if raw is None or raw == []:
            return ""
        if isinstance(raw, list):
            return sorted(str(entry) for entry in raw)
        if self.info.type in NUMERIC and raw != "":
            number = _number(raw)
            return round(number, 6) if isinstance(number, float) else number
        return str(raw).replace("\r\n", "\n").strip()

    def _stored_number(self, value: Any) -> Any:
        number = _number(value)
        if isinstance(number, str):
            raise Park(f"Redmine: '{number}' is no number, as {self.info.label} is")
        if self.info.type is FieldType.PERCENT or (self.whole and number == int(number)):
            number = round(number)
        return str(number) if self.custom else number

    def _id_of(self, name: str) -> str:
        ids = [id for id, known in self.names.items() if known == name]
        if not ids:
            there = ", ".join(f"'{known}'" for known in self.names.values())
            raise Park(f"Redmine: {self.info.label} cannot be '{name}'; it can be {there}")
        return ids[0]


def custom_value(issue: Mapping[str, Any], place: Place) -> Any:
    return next((entry.get("value") for entry in issue.get("custom_fields", ()) if str(entry["id"]) == place[1]), None)


def _number(raw: Any) -> int | float | str:
    """A number as JSON would have it; a text that is none stays one."""
    if isinstance(raw, int | float):
        return raw
    text = str(raw).strip()
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


# ---------------------------------------------------------------- which fields there are


@dataclass(frozen=True, slots=True)
class Named:
    """The names that a project has, by id, as texts."""

    statuses: Mapping[str, str]
    priorities: Mapping[str, str]
    categories: Mapping[str, str]
    versions: Mapping[str, str]


def core_fields(named: Named) -> dict[str, Field]:
    """What every Redmine has."""
    return {
        key: Field(
            FieldInfo(key, label, type, tuple(dict.fromkeys(names.values())), read_only=key in READ_ONLY),
            ("attr", COLUMNS.get(key, key)),
            names,
        )
        for key, label, type, names in (
            ("subject", "Subject", FieldType.TEXT, {}),
            ("description", "Description", FieldType.TEXT, {}),
            ("status", "Status", FieldType.STATE, named.statuses),
            ("priority", "Priority", FieldType.PICKLIST, named.priorities),
            ("assigned_to", "Assignee", FieldType.IDENTITY, {}),
            ("category", "Category", FieldType.PICKLIST, named.categories),
            ("fixed_version", "Target version", FieldType.PICKLIST, named.versions),
            ("start_date", "Start date", FieldType.DATE, {}),
            ("due_date", "Due date", FieldType.DATE, {}),
            ("estimated_hours", "Estimated time", FieldType.DURATION, {}),
            ("done_ratio", "% Done", FieldType.PERCENT, {}),
            ("spent_hours", "Spent time", FieldType.DURATION, {}),
            ("author", "Author", FieldType.IDENTITY, {}),
            ("created_on", "Created", FieldType.DATE, {}),
            ("closed_on", "Closed", FieldType.DATE, {}),
        )
    }


COLUMNS = {
    "status": "status_id",
    "priority": "priority_id",
    "assigned_to": "assigned_to_id",
    "category": "category_id",
    "fixed_version": "fixed_version_id",
    "author": "author_id",
}
READ_ONLY = ("spent_hours", "author", "created_on", "closed_on")


def custom_field(id: str, entry: Mapping[str, Any], described: Mapping[str, Any], versions: Mapping[str, str]) -> Field:
    """A custom field by `cf_<id>`: `entry` as issues and lists show it, `described` as administrators see it."""
    format = described.get("field_format", "")
    values = described.get("possible_values", ())
    names = {
        "bool": {"1": YES, "0": NO},
        "version": versions,
        "user": {},
    }.get(format, {str(value["value"]): str(value["label"]) for value in values})
    type = FORMATS.get(format, FieldType.TEXT)
    if entry.get("multiple") and type is not FieldType.IDENTITY:
        type = FieldType.TAGS
    info = FieldInfo(f"cf_{id}", entry["name"], type, tuple(names.values()))
    return Field(info, ("cf", id), names, whole=format == "int")
