"""The `Side` port over one project of PPM Express. What the API leaves open is decided in the package's docstring."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from time import monotonic
from typing import Any

from shared.connectors.ppm_express.api import LATEST, UUID, Document, PpmExpressApi
from shared.connectors.ppm_express.feed import Listing
from shared.connectors.ppm_express.metadata import TaskFields, task_fields
from shared.connectors.ppm_express.project import ProjectTasks
from shared.connectors.ppm_express.schedule import of_new_task, two_of_three
from shared.connectors.ppm_express.tasks import (
    Vocabulary,
    attributes,
    attributes_of,
    can_be_said,
    changed_at,
    markers_of,
    marking,
    parent_of,
    refuse_ignored,
    refuse_impossible,
    still_marked,
    under,
    understood,
    value_of,
    version_of,
    why_read_only,
)
from shared.connectors.ppm_express.translate import directory
from shared.errors import InDoubt, NotFound, Park, Refused, RetryLater, Stale
from shared.model import Capabilities, Feed, FieldInfo, Item, ItemChange, ItemDraft, Level, Selection

KIND = "Task"
SLOW_SECONDS = 60.0


class PpmExpressSide:
    """The tasks of `project`, by its id. Safe to share between threads."""

    def __init__(self, api: PpmExpressApi, project: str) -> None:
        self._api = api
        self._project = project
        self._tasks = ProjectTasks(api, project)
        self._page = _page(api.url)

    def check(self) -> None:
        self._api.project(self._project)

    def token_expires_at(self) -> datetime | None:
        """When the token stops working; None where PPM Express does not say."""
        return self._api.token_expires_at()

    def capabilities(self) -> Capabilities:
        parent = self._fields().parent
        return Capabilities(
            conditional_writes=False,
            history=False,
            parents=parent is not None and not parent.info.read_only,
            bins=False,
        )

    def fields(self) -> Mapping[str, FieldInfo]:
        return {key: field.info for key, field in self._fields().mapped.items()}

    def kinds(self, project: str) -> tuple[str, ...]:
        return (KIND,)

    def levels(self, project: str) -> tuple[Level, ...]:
        """None: a task may stand under any other."""
        return ()

    # ---------------------------------------------------------------- reading

    def read(self, ids: Collection[str], fields: Collection[str]) -> Mapping[str, Item]:
        found = self._tasks.some({id for id in ids if UUID.fullmatch(id)})
        if not found:
            return {}
        words = self._words(lambda words: understood(found, fields, words))
        return {task["id"]: self._item(task, fields, words) for task in found}

    def find(self, markers: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        if not markers:
            return {}
        fields = self._fields()
        found: dict[str, list[str]] = {marker: [] for marker in markers}
        for task in self._tasks.all():
            for marker in found.keys() & markers_of(task, fields):
                found[marker].append(task["id"])
        return {marker: tuple(sorted(ids)) for marker, ids in found.items()}

    def everything(self) -> Iterator[str]:
        for task in self._tasks.all():
            yield task["id"]

    def select(self, selection: Selection) -> frozenset[str]:
        faults = [(name, "PPM Express has no such filter") for name in selection.given]
        raise Refused(422, "nothing was selected", faults)

    def changed(self, cursor: str | None) -> Feed:
        """One call that lists the project. Tasks that are gone are not among the ids."""
        listing = Listing()
        for task in self._tasks.all():
            listing.add(task["id"], version_of(task))
        return Feed(() if cursor is None else listing.changed_since(cursor), listing.cursor())

    def first_shown(self, id: str, fields: Collection[str]) -> Item | None:
        return None

    def written_by_us(self, id: str, after: str, fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return None

    # ---------------------------------------------------------------- writing

    def create(self, draft: ItemDraft, fields: Collection[str]) -> Item:
        """A draft need not say what can be one thing only here: its kind and project."""
        if draft.kind not in ("", KIND):
            raise Park(f"PPM Express has no kind of item '{draft.kind}'; there is {KIND} alone")
        if draft.project not in ("", self._project):
            raise Park(f"this side is the project {self._project} of PPM Express, not '{draft.project}'")
        words = self._words(lambda words: can_be_said(draft.fields, words))
        wanted = attributes(draft.fields, words) | marking(draft, words.fields)
        if draft.parent is not None:
            wanted |= under(draft.parent, words.fields)
        made = self._api.create_task(self._project, of_new_task(wanted, words.fields))
        if draft.marker not in markers_of(self._made(made["id"]), words.fields):
            reason = f"PPM Express made the task {made['id']} without its marker: delete it there, or link it by hand"
            raise Park(reason)
        return self._item(made, fields, words)

    def update(self, change: ItemChange, fields: Collection[str]) -> Item:
        """Reads before and after. That the answer to the write and the read after it agree shows that nobody came
        between them; so the answer is what PPM Express made of the change.
        """
        words = self._words(lambda words: can_be_said(change.fields, words))
        before = self._tasks.alone(change.id)
        moves = change.move is not None and change.move.parent != parent_of(before, words.fields)
        if not change.fields and not moves:
            return self._item(before, fields, words)
        if change.version and change.version != version_of(before):
            raise Stale(f"PPM Express: task {change.id} moved since it was read")
        if reason := why_read_only(before):
            raise Park(reason)
        wanted = still_marked(attributes(change.fields, words), before, words.fields)
        wanted = two_of_three(wanted, attributes_of(before), words.fields)
        if change.move and moves:
            wanted |= under(change.move.parent, words.fields)
            refuse_impossible(change.id, change.move.parent, self._one_by_one(), words.fields)
        after = self._write(change, wanted, words)
        if change.move and parent_of(after, words.fields) != change.move.parent:
            raise Park(f"refused by target: PPM Express left task {change.id} where it was")
        refuse_ignored(change.fields, before, after, words)
        if version_of(self._tasks.alone(change.id)) != version_of(after):
            raise Stale(f"PPM Express: task {change.id} moved while it was written")
        return self._item(after, fields, words)

    def put_in_bin(self, id: str, version: str) -> None:
        raise Park("PPM Express lets nobody delete a task by its API: delete it there, or unlink it")

    def _write(self, change: ItemChange, wanted: Mapping[str, Any], words: Vocabulary) -> Document:
        try:
            return self._api.update_task(self._project, change.id, wanted)
        except Park:
            if change.move:  # refused for a circle that somebody has just closed?
                refuse_impossible(change.id, change.move.parent, self._one_by_one(), words.fields)
            raise

    def _made(self, id: str) -> Document:
        """The task that was just made. That it cannot be read does not unmake it: it must be searched for."""
        try:
            return self._tasks.alone(id)
        except (RetryLater, NotFound) as unread:
            raise InDoubt(f"PPM Express made the task {id}, which cannot be read back: {unread.reason}") from unread

    # ---------------------------------------------------------------- documents

    def _item(self, task: Document, wanted: Collection[str], words: Vocabulary) -> Item:
        mapped = words.fields.mapped
        known = {key: mapped[key] for key in wanted if key in mapped}
        return Item(
            id=task["id"],
            fields={key: value_of(task, field, words) for key, field in known.items()},
            version=version_of(task),
            parent=parent_of(task, words.fields),
            kind=KIND,
            project=self._project,
            url=f"{self._page}#project={self._project}&task={task['id']}",
            markers=markers_of(task, words.fields),
            changed_at=changed_at(task, words.fields),
            read_only=why_read_only(task),
        )

    def _one_by_one(self) -> Callable[[str], Document | None]:
        """What finds one task after the other, by a list where others look, too. A write waits for it under its lease
        (W1), so all of it may take as long as one call.
        """
        until = monotonic() + self._api.timeout_seconds

        def look_for(id: str) -> Document | None:
            if monotonic() > until:
                raise RetryLater("PPM Express is too slow to be asked for all parents of a task", SLOW_SECONDS)
            return next(iter(self._tasks.some([id])), None)

        return look_for

    def _fields(self) -> TaskFields:
        return task_fields(self._api.task_fields())

    def _words(self, suffice: Callable[[Vocabulary], bool]) -> Vocabulary:
        """Those remembered; the latest if they do not suffice: what is unknown may be new, and is not nothing."""
        words = Vocabulary(self._fields(), directory(self._api.resources()))
        if suffice(words):
            return words
        return Vocabulary(task_fields(self._api.task_fields(LATEST)), directory(self._api.resources(LATEST)))


def _page(url: str) -> str:
    """Where people see the tenant; https://app.ppm.express/us/@contoso for the usual addresses of the API."""
    found = re.match(r"https://api-(\w+)\.ppm\.express/(@[^/]+)", url)
    return f"https://app.ppm.express/{found[1]}/{found[2]}" if found else url
