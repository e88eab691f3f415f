"""Processes as data: work item types, their states and fields, read from `processes/*.toml`.

Separate so that a process is a file to edit and never code: a custom process is one more file.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "processes"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the organisation. `values` are what it may hold; none means that it may hold anything."""

    name: str
    reference_name: str
    type: str
    read_only: bool = False
    identity: bool = False
    values: tuple[Any, ...] = ()

    @property
    def long_text(self) -> bool:
        return self.type in ("html", "history", "plainText")


@dataclass(frozen=True, slots=True)
class State:
    name: str
    category: str

    @property
    def color(self) -> str:
        return _STATE_COLORS[self.category]


_STATE_COLORS = {
    "Proposed": "b2b2b2",
    "InProgress": "007acc",
    "Resolved": "ff9d00",
    "Completed": "339933",
    "Removed": "ffffff",
}


@dataclass(frozen=True, slots=True)
class WorkItemType:
    """`required` are the fields, besides the title, that may not be empty."""

    name: str
    reference_name: str
    description: str
    color: str
    icon: str
    states: tuple[State, ...]
    initial_reason: str
    fields: tuple[str, ...]
    defaults: dict[str, Any]
    required: tuple[str, ...] = ()

    @property
    def initial_state(self) -> str:
        return self.states[0].name

    def state(self, name: str) -> State | None:
        return next((state for state in self.states if state.name == name), None)

    def transitions(self) -> dict[str, tuple[str, ...]]:
        """From each state to every state, as inherited processes allow; a new item starts in its initial state."""
        names = tuple(state.name for state in self.states)
        return {"": (self.initial_state,)} | dict.fromkeys(names, names)


@dataclass(frozen=True, slots=True)
class Backlog:
    """A backlog level; `category` is the id a client sees, for example Microsoft.EpicCategory."""

    category: str
    name: str
    kind: str
    rank: int
    color: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Category:
    reference_name: str
    name: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Process:
    """`bugs_behavior` is what a new team starts with; `type_fields` are the fields that boards calculate with."""

    id: str
    name: str
    description: str
    types: dict[str, WorkItemType]
    backlogs: tuple[Backlog, ...]
    categories: tuple[Category, ...]
    bugs_behavior: str
    type_fields: dict[str, str]

    def category(self, reference_name: str) -> Category | None:
        wanted = reference_name.casefold()
        return next((each for each in self.categories if each.reference_name.casefold() == wanted), None)

    def types_of(self, backlog: Backlog, bugs_behavior: str) -> tuple[str, ...]:
        """The types a backlog holds for a team, which decides whether bugs are requirements, tasks or neither."""
        bug_category = self.category("Microsoft.BugCategory")
        bugs = bug_category.types if bug_category else ()
        kept = tuple(name for name in backlog.types if name not in bugs)
        return kept + bugs if _BUGS_ON.get(bugs_behavior) == backlog.kind else kept

    def type(self, name: str) -> WorkItemType | None:
        """By name or reference name, case-insensitively."""
        wanted = name.casefold()
        return next(
            (t for t in self.types.values() if wanted in (t.name.casefold(), t.reference_name.casefold())), None
        )


_BUGS_ON = {"asRequirements": "requirement", "asTasks": "task"}


class Catalogue:
    """All fields of the organisation, found by reference name or by name, in the order answers list them."""

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self.fields = fields
        self.by_reference = {field.reference_name: field for field in fields}
        self._by_word = {
            word.casefold(): field for field in reversed(fields) for word in (field.name, field.reference_name)
        }

    def find(self, word: str) -> Field | None:
        return self._by_word.get(word.casefold())

    def ordered(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: values[name] for name in self.by_reference if name in values}


@cache
def catalogue() -> Catalogue:
    document = tomllib.loads((FOLDER / "fields.toml").read_text())
    return Catalogue(tuple(Field(**entry | {"values": tuple(entry.get("values", ()))}) for entry in document["fields"]))


@cache
def process(name: str) -> Process:
    """Read `processes/<name>.toml`. Every type has the fields of `fields.toml`'s `common` besides its own."""
    common = tuple(tomllib.loads((FOLDER / "fields.toml").read_text())["common"])
    document = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    types = {
        entry["name"]: WorkItemType(
            name=entry["name"],
            reference_name=entry["reference_name"],
            description=entry["description"],
            color=entry["color"],
            icon=entry["icon"],
            states=tuple(State(*pair) for pair in entry["states"]),
            initial_reason=entry["initial_reason"],
            fields=common + tuple(entry["fields"]),
            defaults=entry.get("defaults", {}),
            required=tuple(entry.get("required", ())),
        )
        for entry in document["types"]
    }
    return Process(
        id=document["id"],
        name=document["name"],
        description=document["description"],
        types=types,
        backlogs=tuple(Backlog(**entry | {"types": tuple(entry["types"])}) for entry in document["backlogs"]),
        categories=tuple(Category(**entry | {"types": tuple(entry["types"])}) for entry in document["categories"]),
        bugs_behavior=document["bugs_behavior"],
        type_fields=document["type_fields"],
    )


def processes() -> list[Process]:
    """All there are, in the order the service lists them."""
    return [process(name) for name in ("scrum", "basic", "cmmi", "agile")]
