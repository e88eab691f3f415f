"""Stored queries: in each project two trees of folders, one of the caller's own and one that everybody shares.

Deleting marks a query or folder and everything below it; it can be brought back by its id. Texts are kept as they
were written: whoever stores one has made sure that it can be run.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from infra.local.azure_devops.boards.identities import Identity
from infra.local.azure_devops.boards.organisation import Project, guid
from infra.local.azure_devops.boards.refusals import bad_query_item, missing_query

FOLDER_LIMIT = 999
BAD_NAME = {"/", "\\"} | {chr(code) for code in range(32)}


@dataclass(slots=True, eq=False)
class QueryItem:
    """A query, or with `text` None a folder. Dates are stamps; a root has no parent."""

    id: str
    project_id: str
    name: str
    parent: "QueryItem | None"
    text: str | None
    public: bool
    created_by: Identity
    created: str
    modified_by: Identity
    modified: str
    executed_by: Identity | None = None
    executed: str | None = None
    deleted: bool = False
    children: list["QueryItem"] = field(default_factory=list)

    @property
    def is_folder(self) -> bool:
        return self.text is None

    @property
    def path(self) -> str:
        return self.name if self.parent is None else f"{self.parent.path}/{self.name}"

    def child(self, name: str) -> "QueryItem | None":
        folded = name.casefold()
        return next((c for c in self.children if not c.deleted and c.name.casefold() == folded), None)

    def shown_children(self, *, deleted: bool) -> list["QueryItem"]:
        return [child for child in self.children if deleted or not child.deleted]

    def walk(self) -> Iterator["QueryItem"]:
        yield self
        for child in self.children:
            yield from child.walk()


class Queries:
    """The stored queries of all projects. Ids count on from a seed, so that two runs have the same."""

    def __init__(self) -> None:
        self._roots: dict[str, list[QueryItem]] = {}
        self._by_id: dict[str, QueryItem] = {}
        self._temporary: dict[str, tuple[str, str]] = {}
        self._made = 0

    def roots(self, project: Project, by: Identity, now: str) -> list[QueryItem]:
        """A project has its two roots from the first time somebody looks."""
        if project.id not in self._roots:
            self._roots[project.id] = [
                self._new(project.id, name, None, None, public, by, now)
                for name, public in (("My Queries", False), ("Shared Queries", True))
            ]
        return self._roots[project.id]

    def find(self, roots: list[QueryItem], path_or_id: str, *, deleted: bool = False) -> QueryItem:
        """By path, or by id; what is deleted has no path any more. Raises ApiError when it is not there."""
        known = self._by_id.get(path_or_id.lower())
        if known is not None and known.project_id == roots[0].project_id and (deleted or not known.deleted):
            return known
        first, *names = path_or_id.strip("/").split("/")
        item = next((root for root in roots if root.name.casefold() == first.casefold()), None)
        for name in names:
            item = item and item.child(name)
        if item is None:
            raise missing_query(path_or_id)
        return item

    def add(self, parent: QueryItem, name: str, text: str | None, by: Identity, now: str) -> QueryItem:
        _check_place(parent, name)
        return self._new(parent.project_id, name, parent, text, parent.public, by, now)

    def rename(self, item: QueryItem, name: str) -> None:
        if item.parent is not None:
            _check_place(item.parent, name, item)
        item.name = name

    def move(self, item: QueryItem, parent: QueryItem) -> None:
        """Below another folder of the project; between the trees it changes who sees it."""
        if item.parent is None or parent in item.walk():
            raise bad_query_item("A folder cannot be moved below itself, nor a root folder at all.")
        _check_place(parent, item.name, item)
        item.parent.children.remove(item)
        item.parent = parent
        parent.children.append(item)
        for each in item.walk():
            each.public = parent.public

    def delete(self, item: QueryItem) -> None:
        if item.parent is None:
            raise bad_query_item("TF237023: You cannot delete root folders.")
        for each in item.walk():
            each.deleted = True

    def undelete(self, item: QueryItem, *, descendants: bool) -> None:
        """Does nothing to what is there, not even below it."""
        if not item.deleted:
            return
        if item.parent is not None:
            _check_place(item.parent, item.name, item)
        for each in item.walk() if descendants else (item,):
            each.deleted = False

    def add_temporary(self, project: Project, text: str) -> str:
        """A query that can be run by its id and is in no folder."""
        id = self._new_id(project.id)
        self._temporary[id] = project.id, text
        return id

    def text(self, id: str) -> tuple[str, str] | None:
        """The project and the text of a query that can be run; None for an id that is none."""
        item = self._by_id.get(id.lower())
        if item is None or item.deleted:
            return self._temporary.get(id.lower())
        if item.text is None:
            raise bad_query_item(f"The folder '{item.path}' cannot be run as a query.")
        return item.project_id, item.text

    def ran(self, id: str, by: Identity, now: str) -> None:
        item = self._by_id.get(id.lower())
        if item is not None:
            item.executed_by, item.executed = by, now

    def _new(
        self, project_id: str, name: str, parent: QueryItem | None, text: str | None, public: bool,
        by: Identity, now: str,
    ) -> QueryItem:  # fmt: skip
        item = QueryItem(self._new_id(project_id), project_id, name, parent, text, public, by, now, by, now)
        self._by_id[item.id] = item
        if parent is not None:
            parent.children.append(item)
        return item

    def _new_id(self, project_id: str) -> str:
        self._made += 1
        return guid(project_id, "query", str(self._made))


def _check_place(parent: QueryItem, name: str, itself: QueryItem | None = None) -> None:
    if not parent.is_folder:
        raise bad_query_item(f"'{parent.path}' is a query, not a folder.")
    if not name.strip() or len(name) > 255 or BAD_NAME & set(name):
        raise bad_query_item(f"The name '{name}' cannot be given to a query or folder.")
    if parent.child(name) not in (None, itself):
        raise bad_query_item("TF237018: A query or a query folder on the server has the same name.")
    there = [child for child in parent.children if not child.deleted and child is not itself]
    if parent.public and len(there) >= FOLDER_LIMIT:
        raise bad_query_item(f"The folder '{parent.path}' has {FOLDER_LIMIT} queries and folders; more are refused.")
