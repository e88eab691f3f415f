"""The `Boards` port in memory: the same contract, deterministic, with history, and a hook for a test to break in.

`on_call("before boards.create")` runs before that call touches anything, `on_call("after boards.create")` once it is
done and before its caller hears of it. A simulation yields to another worker there, or raises: before, nothing was
done; after, it was, and the answer is lost. Raised before a write, `Late` sets the write aside: the caller gets the
error in it now, and the write lands when the test calls `land_late`, if its revision test still holds then.

`edit`, `move` and `delete` are what people do on the board: they pass no hook.
"""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from shared.errors import BoardbridgeError, NotFound, Park, Stale
from shared.model import Hyperlink, Team, WorkItem, WorkItemChange, WorkItemDraft, WorkItemType
from shared.ports import Clock
from tests.memory.organisation import FABRIKAM, TAILWIND, Project

SERVICE = "Boardbridge Service <boardbridge@contoso.com>"
SOMEBODY = "Jamal Hartnett <fabrikamfiber4@hotmail.com>"
URL = "https://dev.azure.com/contoso"
TAGS = "System.Tags"

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
        self._commit(item, item.revisions[-1], change.fields, hyperlinks, change.parent or item.parent, by)
        return self._shown(item)

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
        after = {**before, **_stored(fields), "System.TeamProject": project.name}
        after = {name: value for name, value in after.items() if value not in (None, "")}
        previous = str(item.revisions[-1]["System.State"]) if item.revisions else ""
        project.check(self._type(project, after["System.WorkItemType"]), previous, after)
        self._check_parent(item, parent)
        item.project, item.parent = project, parent
        if after != before or list(hyperlinks) != item.hyperlinks:
            item.hyperlinks = list(hyperlinks)
            now = self._clock().isoformat()
            item.revisions.append(after | {"System.ChangedDate": now, "System.ChangedBy": _identity(by)})

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

    def _project(self, name: str) -> Project:
        if name not in self._projects:
            raise NotFound(f"TF200016: The following project does not exist: {name}.")
        return self._projects[name]

    def _type(self, project: Project, name: str) -> WorkItemType:
        if name not in project.types:
            names = ", ".join(project.types)
            raise NotFound(f"Work item type {name} does not exist in project {project.name}. It has: {names}")
        return project.types[name]

    def _current_iteration(self, project: Project, team: str | None) -> str | None:
        if team is not None and team not in [team.name for team in project.teams]:
            raise NotFound(f"The team '{team}' does not exist.")
        return project.current_iteration


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
