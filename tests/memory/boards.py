"""The `Boards` port in memory: the same contract, deterministic, with history, and a hook for a test to break in.

`on_call("before boards.create")` runs before that call touches anything, `on_call("after boards.create")` once it is
done and before its caller hears of it. A simulation yields to another worker there, or raises: before, nothing was
done; after, it was, and the answer is lost. Raised before a write, `Late` sets the write aside: the caller gets the
error in it now, and the write lands when the test calls `land_late`, if its revision test still holds then.

`edit`, `move`, `comment`, `rename_area` and the like are what people do on the board: they pass no hook.
"""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any

from shared.errors import BoardbridgeError, NotFound, Park, Stale
from shared.model import (
    Changes,
    Hyperlink,
    Team,
    WorkItem,
    WorkItemChange,
    WorkItemComment,
    WorkItemDraft,
    WorkItemType,
)
from shared.ports import Clock
from tests.memory.organisation import FABRIKAM, TAILWIND, Project, lies_in

SERVICE = "Boardbridge Service <boardbridge@contoso.com>"
SOMEBODY = "Jamal Hartnett <fabrikamfiber4@hotmail.com>"
URL = "https://dev.azure.com/contoso"
TAGS, AREA, HISTORY = "System.Tags", "System.AreaPath", "System.History"
ROWS_PER_BATCH = 200

type OnCall = Callable[[str], None]


def undisturbed(_: str) -> None:
    """The hook of a test in which nothing goes wrong."""


class Late(Exception):
    """Raised by a hook before a write: the caller gets `error`, and the write lands later."""

    def __init__(self, error: BoardbridgeError) -> None:
        super().__init__(error.reason)
        self.error = error


@dataclass(slots=True)
class _Item:
    """`revisions[n]` holds the fields as revision n + 1 left them."""

    id: int
    project: Project
    revisions: list[dict[str, Any]] = field(default_factory=list)
    hyperlinks: list[Hyperlink] = field(default_factory=list)
    parent: int | None = None
    comments: list[WorkItemComment] = field(default_factory=list)
    duplicate_of: int | None = None
    deleted: bool = False


class MemoryBoards:
    """`projects` are those of the organisation; work item ids count up from 1 and are never used twice."""

    def __init__(
        self, clock: Clock, on_call: OnCall = undisturbed, projects: Iterable[Project] = (FABRIKAM, TAILWIND)
    ) -> None:
        self._clock = clock
        self._on_call = on_call
        self._projects = {project.name: project for project in projects}
        self._items: dict[int, _Item] = {}
        self._last_id = 0
        self._last_comment_id = 0
        self._tags: dict[str, dict[str, str]] = {name: {} for name in self._projects}
        self._new_tags_refused = False
        self._feed: list[int] = []
        self._late: list[Callable[[], object]] = []
        self._lock = RLock()

    # ---------------------------------------------------------------- the port

    def check(self) -> None:
        self._call("check", lambda: None)

    def work_item(self, id: int) -> WorkItem:
        return self._call("work_item", lambda: self._shown(self._live(id)))

    def revision(self, id: int, rev: int) -> WorkItem:
        return self._call("revision", lambda: self._revision(id, rev))

    def create(self, draft: WorkItemDraft) -> WorkItem:
        return self._call("create", lambda: self._create(draft))

    def update(self, change: WorkItemChange) -> WorkItem:
        return self._call("update", lambda: self._update(change, SERVICE))

    def find_by_hyperlink(self, urls: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
        if len(urls) > 200:
            raise ValueError(f"search for at most 200 URLs at once, not {len(urls)}")
        return self._call("find_by_hyperlink", lambda: {url: self._bearing(url) for url in urls})

    def work_item_type(self, project: str, name: str) -> WorkItemType:
        return self._call("work_item_type", lambda: self._type(self._project(project), name))

    def teams(self, project: str) -> tuple[Team, ...]:
        return self._call("teams", lambda: self._project(project).teams)

    def current_iteration(self, project: str, team: str | None) -> str | None:
        return self._call("current_iteration", lambda: self._current_iteration(self._project(project), team))

    def areas(self, project: str) -> Mapping[str, str]:
        return self._call("areas", lambda: dict(self._project(project).areas))

    def iterations(self, project: str) -> tuple[str, ...]:
        return self._call("iterations", lambda: self._project(project).iterations)

    def tags(self, project: str) -> frozenset[str]:
        return self._call("tags", lambda: frozenset(self._tags[self._project(project).name].values()))

    def may_create_tags(self, project: str) -> bool:
        return self._call("may_create_tags", lambda: self._may_create_tags(project))

    def comments(self, id: int) -> tuple[WorkItemComment, ...]:
        return self._call("comments", lambda: tuple(self._live(id).comments))

    def changed(self, cursor: str | None) -> Changes:
        return self._call("changed", lambda: self._changed(cursor))

    # ---------------------------------------------------------------- what people and time do

    def edit(self, id: int, fields: Mapping[str, Any], by: str = SOMEBODY) -> WorkItem:
        """Somebody changes fields on the board."""
        item = self._live(id)
        return self._update(WorkItemChange(id, len(item.revisions), fields), by)

    def move(self, id: int, parent: int) -> WorkItem:
        """Somebody drags the work item under another one: no revision (links of work items make none)."""
        item = self._live(id)
        return self._update(WorkItemChange(id, len(item.revisions), parent=parent), SOMEBODY)

    def delete(self, id: int) -> None:
        """Somebody moves the work item to the recycle bin."""
        self._live(id).deleted = True
        self._feed.append(id)

    def comment(self, id: int, html: str, by: str = SOMEBODY) -> int:
        """Somebody says something on the work item; returns the comment's id."""
        self.edit(id, {HISTORY: html}, by)
        return self._live(id).comments[-1].id

    def delete_comment(self, id: int, comment: int) -> None:
        """Somebody takes a comment back, which makes a revision."""
        item = self._live(id)
        item.comments = [each for each in item.comments if each.id != comment]
        self._revise(item, {}, SOMEBODY)

    def rename_area(self, area: str, name: str) -> None:
        """Somebody gives an area another name. Work items follow, as they were too, without a revision."""
        self._put_area(area, f"{area.rpartition('\\')[0]}\\{name}")

    def move_area(self, area: str, below: str) -> None:
        """Somebody moves an area with all below it to another one of the project; otherwise like a new name."""
        self._put_area(area, f"{below}\\{area.rpartition('\\')[2]}")

    def delete_area(self, area: str, into: str) -> None:
        """Somebody deletes an area with all below it; its work items move to the area `into`, each by a revision."""
        project = self._project_of(area)
        self._projects[project.name] = project.without_area(area)
        for item in self._items.values():
            if lies_in(item.revisions[-1][AREA], area):
                self._revise(item, {AREA: into}, SOMEBODY)

    def rename_team(self, project: str, team: str, name: str) -> None:
        """Somebody renames a team; its areas stay as they are called."""
        old = self._project(project)
        teams = tuple(replace(each, name=name) if each.name == team else each for each in old.teams)
        self._projects[old.name] = replace(old, teams=teams)

    def refuse_new_tags(self) -> None:
        """Somebody takes the right away from us to create tags."""
        self._new_tags_refused = True

    def land_late(self) -> int:
        """Let every write that was set aside reach the server now, in order; returns how many were carried out."""
        late, self._late = self._late, []
        return sum(self._lands(write) for write in late)

    def live(self) -> tuple[WorkItem, ...]:
        """Every work item that is not deleted, by id."""
        return tuple(self._shown(item) for item in self._items.values() if not item.deleted)

    # ---------------------------------------------------------------- how a call is disturbed

    def _call[T](self, name: str, act: Callable[[], T]) -> T:
        try:
            self._on_call(f"before boards.{name}")
        except Late as late:
            assert name in ("create", "update"), "only writes can be late"
            self._late.append(act)
            raise late.error from None
        with self._lock:
            answer = act()
        self._on_call(f"after boards.{name}")
        return answer

    def _lands(self, write: Callable[[], object]) -> bool:
        try:
            write()
        except (Stale, Park):  # the server refuses it, and nobody is there to hear it
            return False
        return True

    # ---------------------------------------------------------------- writing

    def _create(self, draft: WorkItemDraft) -> WorkItem:
        project = self._project(draft.project)
        type = self._type(project, draft.type)
        if type.transitions[""] == ():
            raise Park(f"The work item type {type.name} is disabled.")
        item = _Item(self._last_id + 1, project)
        now = self._clock().isoformat()
        born = {
            "System.WorkItemType": type.name,
            "System.State": type.transitions[""][0],
            "System.AreaPath": project.name,
            "System.IterationPath": project.name,
            "Microsoft.VSTS.Common.Priority": 2,
            "System.CreatedDate": now,
            "System.CreatedBy": _identity(SERVICE),
        }
        self._commit(item, born, draft.fields, draft.hyperlinks, draft.parent, SERVICE)
        self._last_id = item.id
        self._items[item.id] = item
        return self._shown(item)

    def _update(self, change: WorkItemChange, by: str) -> WorkItem:
        item = self._live(change.id)
        if change.rev != len(item.revisions):
            raise Stale(
                f"VS403351: Test Operation for path /rev failed, value {len(item.revisions)} was not equal to test "
                f"value {change.rev}."
            )
        present = {link.url for link in item.hyperlinks}
        kept = [link for link in item.hyperlinks if link.url not in change.remove_hyperlinks]
        hyperlinks = (*kept, *(link for link in change.add_hyperlinks if link.url not in present))
        if change.duplicate_of and self._live(change.duplicate_of) is item:
            raise Park("TF201063: Adding a Duplicate link to itself would result in a circular relationship.")
        self._commit(item, item.revisions[-1], change.fields, hyperlinks, change.parent or item.parent, by)
        if change.no_duplicate_of == item.duplicate_of:
            item.duplicate_of = None
        item.duplicate_of = change.duplicate_of or item.duplicate_of
        return self._shown(item)

    def duplicate_of(self, id: int) -> int | None:
        """The work item that a "Duplicate of" link of this one leads to."""
        return self._live(id).duplicate_of

    def _commit(
        self,
        item: _Item,
        before: Mapping[str, Any],
        fields: Mapping[str, Any],
        hyperlinks: Iterable[Hyperlink],
        parent: int | None,
        by: str,
    ) -> None:
        """All or nothing. What changes nothing makes no revision, and neither does a parent."""
        project = self._project(fields.get("System.TeamProject") or item.project.name)
        before = _without_history(before)
        after = {**before, **_stored(fields), "System.TeamProject": project.name}
        after = {name: value for name, value in after.items() if value not in (None, "")}
        previous = str(item.revisions[-1]["System.State"]) if item.revisions else ""
        project.check(self._type(project, after["System.WorkItemType"]), previous, after)
        self._check_parent(item, parent)
        self._take_tags(project, after.get(TAGS, ""))
        item.project, item.parent = project, parent
        if after != before or list(hyperlinks) != item.hyperlinks:
            item.hyperlinks = list(hyperlinks)
            self._add_revision(item, after, by)

    def _revise(self, item: _Item, fields: Mapping[str, Any], by: str) -> None:
        """What the server does to a work item of its own accord, whether or not it changes a field."""
        self._add_revision(item, {**_without_history(item.revisions[-1]), **fields}, by)

    def _add_revision(self, item: _Item, fields: Mapping[str, Any], by: str) -> None:
        person = _identity(by)
        item.revisions.append({**fields, "System.ChangedDate": self._clock().isoformat(), "System.ChangedBy": person})
        self._feed.append(item.id)
        if HISTORY in fields:
            self._last_comment_id += 1
            item.comments.append(WorkItemComment(self._last_comment_id, fields[HISTORY], person["displayName"]))

    def _take_tags(self, project: Project, tags: str) -> None:
        known = self._tags[project.name]
        new = {tag.casefold(): tag for tag in tags.split("; ") if tag and tag.casefold() not in known}
        if new and self._new_tags_refused:
            raise Park("TF401289: The current user does not have permissions to create tags.")
        known.update(new)

    def _put_area(self, area: str, path: str) -> None:
        project = self._project_of(area)
        self._projects[project.name] = project.with_area_called(area, path)
        for revision in (revision for item in self._items.values() for revision in item.revisions):
            if lies_in(revision[AREA], area):
                revision[AREA] = path + revision[AREA][len(area) :]

    def _check_parent(self, item: _Item, parent: int | None) -> None:
        ancestor = parent
        while ancestor is not None:
            if ancestor == item.id:
                raise Park(f"TF201035: You cannot add a Parent link to {parent}: it would be a circular relationship.")
            ancestor = self._live(ancestor).parent

    # ---------------------------------------------------------------- reading

    def _shown(self, item: _Item, rev: int | None = None) -> WorkItem:
        rev = rev or len(item.revisions)
        fields = copy.deepcopy(item.revisions[rev - 1])
        project = fields["System.TeamProject"]
        return WorkItem(
            id=item.id,
            rev=rev,
            project=project,
            type=fields["System.WorkItemType"],
            fields=fields | ({"System.Parent": item.parent} if item.parent else {}),
            hyperlinks=tuple(item.hyperlinks),
            parent=item.parent,
            url=f"{URL}/{project}/_workitems/edit/{item.id}",
        )

    def _revision(self, id: int, rev: int) -> WorkItem:
        item = self._live(id)
        if not 1 <= rev <= len(item.revisions):
            raise NotFound(f"Work item {id} has no revision {rev}.")
        return self._shown(item, rev)

    def _live(self, id: int) -> _Item:
        item = self._items.get(id)
        if item is None or item.deleted:
            raise NotFound(f"TF401232: Work item {id} does not exist, or you do not have permissions to read it.")
        return item

    def _bearing(self, url: str) -> tuple[int, ...]:
        return tuple(
            item.id
            for item in self._items.values()
            if not item.deleted and any(link.url == url for link in item.hyperlinks)
        )

    def _may_create_tags(self, project: str) -> bool:
        self._project(project)
        return not self._new_tags_refused

    def _changed(self, cursor: str | None) -> Changes:
        if cursor is None:
            return Changes((), str(len(self._feed)), more=False)
        reached = int(cursor) + ROWS_PER_BATCH
        ids = dict.fromkeys(self._feed[int(cursor) : reached])
        return Changes(tuple(ids), str(min(reached, len(self._feed))), more=reached < len(self._feed))

    def _project(self, name: str) -> Project:
        """By its name, in whose case nobody is interested; so with types and teams."""
        for project in self._projects.values():
            if project.name.casefold() == name.casefold():
                return project
        raise NotFound(f"TF200016: The following project does not exist: {name}.")

    def _project_of(self, area: str) -> Project:
        return self._project(area.partition("\\")[0])

    def _type(self, project: Project, name: str) -> WorkItemType:
        for type in project.types.values():
            if type.name.casefold() == name.casefold():
                return type
        names = ", ".join(project.types)
        raise NotFound(f"Work item type {name} does not exist in project {project.name}. It has: {names}")

    def _current_iteration(self, project: Project, team: str | None) -> str | None:
        if team is not None and team.casefold() not in [team.name.casefold() for team in project.teams]:
            raise NotFound(f"The team '{team}' does not exist.")
        return project.current_iteration


def _without_history(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What was said belongs to the revision that said it."""
    return {name: value for name, value in fields.items() if name != HISTORY}


def _stored(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the server keeps them: text trimmed, tags unique whatever their case, people as identities."""
    return {name: _kept(name, value) for name, value in fields.items()}


def _kept(name: str, value: Any) -> Any:
    if name == TAGS and value:
        tags = (tag.strip() for tag in str(value).split(";"))
        return "; ".join({tag.casefold(): tag for tag in tags if tag}.values())
    if name == "System.AssignedTo" and value:
        return _identity(str(value))
    return value.strip() if isinstance(value, str) else value


def _identity(person: str) -> dict[str, str]:
    name, _, mail = person.rstrip(">").rpartition(" <")
    return {"displayName": name or mail, "uniqueName": mail}
