"""Stored queries: the folders of a project, what is in them, and how they are shown, searched and changed."""

from dataclasses import replace
from typing import Any

from infra.local.azure_devops.boards.organisation import Project
from infra.local.azure_devops.boards.queries import QueryItem
from infra.local.azure_devops.boards.refusals import missing_query
from infra.local.azure_devops.clock import stamp
from infra.local.azure_devops.endpoints.render import person
from infra.local.azure_devops.endpoints.wiql import column, columns_json, context, query_type, read
from infra.local.azure_devops.errors import ApiError, bad_argument
from infra.local.azure_devops.query.clauses import clauses
from infra.local.azure_devops.query.parser import Query
from infra.local.azure_devops.query.run import check
from infra.local.azure_devops.query.values import Context
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

QUERIES = Location(
    "a67d190c-c41f-424b-814d-0e906f659301", "wit", "queries", "{project}/_apis/{area}/{resource}/{*query}", 2
)
BATCH = Location("549816f9-09b0-4e75-9e81-01fbfcd07426", "wit", "queriesbatch", "{project}/_apis/{area}/{resource}")
TEMPORARY = Location("9f614388-a9f0-4952-ad6c-89756bd8e388", "wit", "tempqueries", "{project}/_apis/{area}/{resource}")

# `$expand` by name, or by the number the Node client sends.
EXPAND = ("none", "wiql", "clauses", "all", "minimal")
DEPTH_LIMIT, BATCH_LIMIT, SEARCH_TOP, SEARCH_LIMIT = 2, 1_000, 50, 200


@endpoints("GET", QUERIES, name="queries.list")
def list_or_search(call: Call) -> dict[str, Any]:
    """The two root folders; or, with `$filter`, the queries whose names contain it."""
    view, wanted, roots = _View(call), call.query.get("$filter"), _roots(call)
    if wanted is None:
        return {"count": len(roots), "value": [view.item(root, _depth(call)) for root in roots]}
    top = min(call.whole("$top", SEARCH_TOP), SEARCH_LIMIT)
    found = [
        item
        for root in roots
        for item in root.walk()
        if not item.is_folder and wanted.casefold() in item.name.casefold() and (view.deleted or not item.deleted)
    ]
    shown = [view.item(item, 0) for item in found[:top]]
    return {"count": len(shown), "hasMore": len(found) > top, "value": shown}


@endpoints("GET", QUERIES, "query", name="queries.get")
def get(call: Call) -> dict[str, Any]:
    view = _View(call)
    return view.item(_addressed(call, deleted=view.deleted), _depth(call))


@endpoints("POST", QUERIES, "query", name="queries.create")
def create_or_move(call: Call) -> Answer:
    """A body with an id moves that query or folder to the addressed folder; any other makes a new one there."""
    parent, queries, now = _addressed(call), call.world.queries, stamp(call.world.clock())
    if call.record.get("id"):
        item = queries.find(_roots(call), str(call.record["id"]))
        queries.move(item, parent)
        item.modified_by, item.modified = call.caller, now
        return Answer(_View(call, "all").item(item, 0))
    text = None if call.record.get("isFolder") else _text(call)
    if call.flag("validateWiqlOnly") and text is not None:
        return Answer(_View(call, "all").text(read(text), text))
    item = queries.add(parent, _name(call), text, call.caller, now)
    return Answer(_View(call, "all").item(item, 0), call.world.rules.query_create_status)


@endpoints("PATCH", QUERIES, "query", name="queries.update")
def update(call: Call) -> dict[str, Any]:
    """Brings back, renames, gives another text; only what the body names. All of it, or nothing."""
    item, queries = _addressed(call, deleted=True), call.world.queries
    text = _text(call) if call.record.get("wiql") is not None and not item.is_folder else item.text
    name = _name(call) if "name" in call.record else item.name
    back = call.record.get("isDeleted") is False
    if item.deleted and not back:
        raise missing_query(call.route["query"])
    queries.rename(item, name)
    if back:
        queries.undelete(item, descendants=call.flag("$undeleteDescendants"))
    item.text = text
    item.modified_by, item.modified = call.caller, stamp(call.world.clock())
    return _View(call, "all").item(item, 1 if back else 0)


@endpoints("DELETE", QUERIES, "query", name="queries.delete")
def delete(call: Call) -> Answer:
    call.world.queries.delete(_addressed(call))
    return Answer(status=204)


@endpoints("POST", BATCH, name="queries.batch")
def batch(call: Call) -> dict[str, Any]:
    """Queries by id, in the order asked; `errorPolicy` omit leaves out those that are not there."""
    ids = call.record.get("ids")
    if not isinstance(ids, list) or not 0 < len(ids) <= BATCH_LIMIT:
        raise bad_argument(f"'ids' must name between 1 and {BATCH_LIMIT:,} queries.")
    omit = str(call.record.get("errorPolicy", "fail")).lower() in ("omit", "2")
    view, shown = _View(call, str(call.record.get("$expand", "none"))), []
    for id in ids:
        try:
            shown.append(view.item(call.world.queries.find(_roots(call), str(id)), 0))
        except ApiError:
            if not omit:
                raise
    return {"count": len(shown), "value": shown}


@endpoints("POST", TEMPORARY, name="queries.create_temporary")
def create_temporary(call: Call) -> dict[str, str]:
    return {"id": call.world.queries.add_temporary(call.project, _text(call))}


class _View:
    """How one request wants its queries shown. `minimal` has the text but neither links, people nor dates."""

    def __init__(self, call: Call, expand: str | None = None) -> None:
        self.call = call
        self.project: Project = call.project
        self.deleted = call.flag("$includeDeleted")
        word = (call.query.get("$expand", "none") if expand is None else expand).lower()
        self.expand = EXPAND[int(word)] if word.isdecimal() and int(word) < len(EXPAND) else word
        if self.expand not in EXPAND:
            raise bad_argument(f"The value '{word}' is not valid for $expand.")

    def item(self, item: QueryItem, depth: int) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": item.id, "name": item.name, "path": item.path}
        if self.expand != "minimal":
            shown |= self._changes(item)
        if item.is_folder:
            children = item.shown_children(deleted=self.deleted)
            shown |= {"isFolder": True, "hasChildren": bool(children)}
            if depth > 0 and children:
                shown["children"] = [self.item(child, depth - 1) for child in children]
        if item.text is not None:
            shown |= self.text(read(item.text), item.text)
        if item.deleted:
            shown["isDeleted"] = True
        shown["isPublic"] = item.public
        return shown if self.expand == "minimal" else shown | self._links(item)

    def text(self, query: Query, text: str) -> dict[str, Any]:
        """What follows from the text of a query. One whose paths are gone by now is marked as invalid."""
        shown: dict[str, Any] = {"queryType": query_type(query)}
        if self.expand == "none":
            return shown
        if self.expand != "minimal":
            shown |= columns_json(self.call, query)
        shown["wiql"] = text
        if self.expand in ("clauses", "all"):
            shown |= clauses(query, lambda field: column(self.call, field))
        try:
            check(query, _validation(self.call))
        except ApiError:
            shown["isInvalidSyntax"] = True
        return shown

    def _changes(self, item: QueryItem) -> dict[str, Any]:
        base = self.call.base
        shown = {
            "createdBy": person(base, item.created_by),
            "createdDate": item.created,
            "lastModifiedBy": person(base, item.modified_by),
            "lastModifiedDate": item.modified,
        }
        if item.executed_by is not None:
            shown |= {"lastExecutedBy": person(base, item.executed_by), "lastExecutedDate": item.executed}
        return shown

    def _links(self, item: QueryItem) -> dict[str, Any]:
        base = f"{self.call.base}/{self.project.id}/_apis/wit"
        page = f"{self.call.base}/web/qr.aspx?pguid={self.project.id}&qid={item.id}"
        links = {"self": {"href": f"{base}/queries/{item.id}"}, "html": {"href": page}}
        if item.parent is not None:
            links["parent"] = {"href": f"{base}/queries/{item.parent.id}"}
        if not item.is_folder:
            links["wiql"] = {"href": f"{base}/wiql/{item.id}"}
        return {"_links": links, "url": links["self"]["href"]}


def _roots(call: Call) -> list[QueryItem]:
    return call.world.queries.roots(call.project, call.caller, stamp(call.world.clock()))


def _addressed(call: Call, *, deleted: bool = False) -> QueryItem:
    return call.world.queries.find(_roots(call), call.route["query"], deleted=deleted)


def _depth(call: Call) -> int:
    depth = call.whole("$depth", 0)
    if not 0 <= depth <= DEPTH_LIMIT:
        raise bad_argument(f"$depth must be between 0 and {DEPTH_LIMIT}, not {depth}.")
    return depth


def _name(call: Call) -> str:
    name = call.record.get("name")
    if not isinstance(name, str) or not name.strip():
        raise bad_argument("A value is required for 'name'.")
    return name.strip()


def _text(call: Call) -> str:
    """The WIQL of the body, once it is certain that it can be run."""
    text = call.record.get("wiql")
    if not isinstance(text, str) or not text.strip():
        raise bad_argument("A value is required for 'wiql'.")
    check(read(text), _validation(call))
    return text


def _validation(call: Call) -> Context:
    """A stored query may be run in time precision, so that a time in it is no reason to refuse it."""
    return replace(context(call, call.project), time_precision=True)
