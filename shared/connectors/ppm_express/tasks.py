"""What a task's document says, and the attributes that change one. No I/O."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from shared.connectors.ppm_express import markers
from shared.connectors.ppm_express.api import Document
from shared.connectors.ppm_express.metadata import Shape, TaskField, TaskFields
from shared.connectors.ppm_express.translate import EMPTY, NOBODY, Directory, alike, people, shown, written
from shared.errors import Circular, NotFound, Park
from shared.model import FieldType, ItemDraft

OWN = "Ppmx"  # the source of tasks that live in PPM Express itself
NO_PARENTS = (
    "PPM Express lists no writable field for the parent of a task (/Fields/Task), so tasks keep their place there: "
    "move them by hand, or switch hierarchy off for this pair"
)
NO_MARKER = (
    "tasks in PPM Express can bear no marker, so none is made there: add a text field named 'Boardbridge' to tasks, or "
    "let the description be written"
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What is needed to understand a task: fields and people of the tenant."""

    fields: TaskFields
    people: Directory


# ---------------------------------------------------------------- reading


def attributes_of(task: Document) -> Mapping[str, Any]:
    return task.get("attributes") or {}


def version_of(task: Document) -> str:
    """A fingerprint of all that the task shows; not a number, which would claim an order."""
    attributes = {key: value for key, value in attributes_of(task).items() if value not in EMPTY}
    shows = json.dumps([task.get("sourceType"), attributes], sort_keys=True)
    return "v" + sha256(shows.encode()).hexdigest()[:16]


def value_of(task: Document, field: TaskField, words: Vocabulary) -> Any:
    value = shown(field, attributes_of(task).get(field.key), words.people)
    bears_marker = words.fields.marker is None and field == words.fields.description
    return markers.unmarked(value) if bears_marker and value else value


def markers_of(task: Document, fields: TaskFields) -> tuple[str, ...]:
    attributes = attributes_of(task)
    if fields.marker is not None:
        return tuple(str(attributes.get(fields.marker.key) or "").split())
    if fields.description is None:
        return ()
    return markers.urls_in(str(attributes.get(fields.description.key) or ""), rich=_is_rich(fields.description))


def understood(tasks: Iterable[Document], wanted: Collection[str], words: Vocabulary) -> bool:
    """Whether words are known for these fields, and for all who are in them; nobody is where we may not see people."""
    fields = words.fields.mapped
    if not fields.keys() >= {*wanted}:
        return False
    known = words.people.names.keys()
    shown = (attributes_of(task).get(key) for task in tasks for key in wanted if fields[key].shape is Shape.PEOPLE)
    return not known or all(known >= people(value) for value in shown)


def parent_of(task: Document, fields: TaskFields) -> str | None:
    return shown(fields.parent, attributes_of(task).get(fields.parent.key), NOBODY) if fields.parent else None


def changed_at(task: Document, fields: TaskFields) -> datetime | None:
    text = attributes_of(task).get(fields.changed_at.key) if fields.changed_at else None
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def why_read_only(task: Document) -> str:
    """Empty if the task may be written."""
    source = task.get("sourceType") or OWN
    if source == OWN:
        return ""
    return f"PPM Express takes this task from elsewhere ({source}) and overwrites it from there: change it there"


# ---------------------------------------------------------------- writing


def attributes(fields: Mapping[str, Any], words: Vocabulary) -> dict[str, Any]:
    """The attributes that say `fields`. `Park` for what cannot be written."""
    wanted = {}
    for key, value in fields.items():
        field = words.fields.mapped.get(key)
        if field is None:
            raise Park(f"PPM Express has no field '{key}' for tasks")
        if field.info.read_only:
            raise Park(f"PPM Express lets nobody write the field '{field.info.label}' ({key})")
        wanted[key] = written(field, value, words.people)
    return wanted


def can_be_said(fields: Mapping[str, Any], words: Vocabulary) -> bool:
    try:
        attributes(fields, words)
    except Park:
        return False
    return True


def marking(draft: ItemDraft, fields: TaskFields) -> dict[str, Any]:
    """The attribute that bears a new task's marker: a field for it, or else the description."""
    if fields.marker is not None:
        return {fields.marker.key: draft.marker}
    if fields.description is None:
        raise Park(NO_MARKER)
    text = str(draft.fields.get(fields.description.key) or "")
    return {fields.description.key: markers.marked(text, [draft.marker], rich=_is_rich(fields.description))}


def still_marked(wanted: dict[str, Any], before: Document, fields: TaskFields) -> dict[str, Any]:
    """`wanted` with the markers that its description would otherwise lose."""
    description = fields.description
    if fields.marker is not None or description is None or description.key not in wanted:
        return wanted
    text = markers.marked(wanted[description.key] or "", markers_of(before, fields), rich=_is_rich(description))
    return {**wanted, description.key: text or None}


def under(parent: str | None, fields: TaskFields) -> dict[str, Any]:
    """The attribute that puts a task under `parent`."""
    if fields.parent is None or fields.parent.info.read_only:
        raise Park(NO_PARENTS)
    return {fields.parent.key: written(fields.parent, parent, NOBODY)}


# ---------------------------------------------------------------- refusals


def refuse_impossible(
    id: str, parent: str | None, task_of: Callable[[str], Document | None], fields: TaskFields
) -> None:
    """The API has no word of its own for a circle, so it is looked for here, from one task to the one above.

    `task_of` tells what the project has under an id, None if nothing.
    """
    above, seen = parent, set[str]()
    while above is not None and above not in seen:
        if above == id:
            raise Circular(f"PPM Express: task {parent} stands below task {id}, which cannot move under it")
        seen.add(above)
        task = task_of(above)
        if task is None and above == parent:
            raise NotFound(f"PPM Express: the parent {parent} is not a task of this project")
        above = parent_of(task, fields) if task else None


def refuse_ignored(fields: Mapping[str, Any], before: Document, after: Document, words: Vocabulary) -> None:
    """`Park` if a write was accepted and did nothing. What a server rounds or trims is another matter."""
    for key, wanted in fields.items():
        field = words.fields.by_key[key]
        was, now = value_of(before, field, words), value_of(after, field, words)
        meant = shown(field, written(field, wanted, words.people), words.people)
        if alike(field, now, was) and not alike(field, now, meant):
            raise Park(f"refused by target: PPM Express kept '{now}' in '{field.info.label}' instead of '{meant}'")


def _is_rich(description: TaskField) -> bool:
    return description.info.type is FieldType.RICH_TEXT
