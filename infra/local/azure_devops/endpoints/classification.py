"""Areas and iterations: read, create, move, rename, delete.

A node's own `path` has a second segment that field values lack: `\\Fabrikam\\Area\\Network` is `Fabrikam\\Network`.
"""

from typing import Any
from urllib.parse import quote

from infra.local.azure_devops.boards.organisation import Node, Project
from infra.local.azure_devops.boards.organisation_refusals import bad_node, duplicate_node, missing_node
from infra.local.azure_devops.boards.patch import draft_change
from infra.local.azure_devops.clock import moment, stamp
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

ROOTS = Location(
    "a70579d1-f53a-48ee-a5be-7be8659023b9", "wit", "classificationNodes", "{project}/_apis/{area}/{resource}", 2
)
NODES = Location(
    "5a172953-1b41-49d3-840a-33f79c3ce89f",
    "wit",
    "classificationNodes",
    "{project}/_apis/{area}/{resource}/{structureGroup}/{*path}",
    2,
)
DEPTH_LIMIT = 14
NAME_LIMIT = 255
FORBIDDEN = set('\\/:*?"<>|#$&+')
# Words of the address, and the numbers the Node client sends.
GROUPS = {"areas": "area", "0": "area", "iterations": "iteration", "1": "iteration"}


@endpoints("GET", ROOTS, name="classification.roots")
def roots(call: Call) -> dict[str, Any]:
    """Both trees; or, with `ids`, these nodes of either."""
    depth, project = call.whole("$depth", 0), call.project
    trees = {"area": project.areas, "iteration": project.iterations}
    wanted = call.query.get("ids")
    if wanted is None:
        shown = [node_json(call, kind, root, depth, links=False) for kind, root in trees.items()]
        return {"count": len(shown), "value": shown}
    by_id = {str(node.id): (kind, node) for kind, root in trees.items() for node in root.walk()}
    found = []
    for id in wanted.split(","):
        if id.strip() not in by_id:
            raise missing_node(id)
        found.append(node_json(call, *by_id[id.strip()], depth, links=False))
    return {"count": len(found), "value": found}


@endpoints("GET", NODES, "structureGroup", name="classification.get")
@endpoints("GET", NODES, "structureGroup", "path", name="classification.get")
def get(call: Call) -> dict[str, Any]:
    kind, node = _addressed(call)
    return node_json(call, kind, node, call.whole("$depth", 0))


@endpoints("POST", NODES, "structureGroup", name="classification.create")
@endpoints("POST", NODES, "structureGroup", "path", name="classification.create")
def create_or_move(call: Call) -> Answer:
    """A body with a name makes a child of the addressed node (201); one with an id moves that node there (200)."""
    kind, parent = _addressed(call)
    if call.record.get("id"):
        root = call.project.areas if kind == "area" else call.project.iterations
        node = next((n for n in root.walk() if n.id == call.record["id"] and n.parent), None)
        if node is None or node.parent is None:
            raise missing_node(str(call.record["id"]))
        if parent in node.walk():
            raise bad_node("A node cannot be moved below itself.")
        _refuse_duplicate(parent, node.name, node)
        _refuse_depth(parent, 1 + _height(node))
        before = node.path
        node.parent.children.remove(node)
        node.parent = parent
        parent.children.append(node)
        rename_everywhere(call, _field(kind), before, node.path)
        return Answer(node_json(call, kind, node))
    name = _name(call)
    _refuse_duplicate(parent, name)
    _refuse_depth(parent, 1)
    dates = _dates(call, (None, None))
    node = call.world.organisation.new_node(name, parent, kind)
    node.start, node.finish = dates
    return Answer(node_json(call, kind, node), call.world.rules.node_create_status)


@endpoints("PATCH", NODES, "structureGroup", "path", name="classification.update")
def rename(call: Call) -> dict[str, Any]:
    """New name or dates. Items follow without a revision."""
    kind, node = _addressed(call)
    name = _name(call) if call.record.get("name") else node.name
    dates = _dates(call, (node.start, node.finish))
    if name != node.name:
        if node.parent is None:
            raise bad_node("The root node has the name of its project.")
        _refuse_duplicate(node.parent, name, node)
        before = node.path
        node.name = name
        rename_everywhere(call, _field(kind), before, node.path)
    node.start, node.finish = dates
    return node_json(call, kind, node)


@endpoints("DELETE", NODES, "structureGroup", "path", name="classification.delete")
def delete(call: Call) -> Answer:
    """Items of the node and below go to the node `$reclassifyId`, or to the root."""
    kind, node = _addressed(call)
    root = call.project.areas if kind == "area" else call.project.iterations
    if node.parent is None:
        raise bad_node("The root node cannot be deleted.")
    gone = set(node.walk())
    target_id = call.whole("$reclassifyId", root.id)
    target = next((n for n in root.walk() if n.id == target_id and n not in gone), None)
    if target is None:
        raise missing_node(str(target_id))
    paths, field = {n.path for n in gone}, _field(kind)
    for item in list(call.world.store.items.values()):
        if item.fields[field] in paths:
            draft = draft_change(item)
            draft.fields[field] = target.path
            call.world.store.save(draft, call.caller)
    node.parent.children.remove(node)
    for team in call.project.teams:
        team.areas = {area: whole for area, whole in team.areas.items() if area not in gone}
        team.iterations = [iteration for iteration in team.iterations if iteration not in gone]
        if team.default_area in gone:
            team.default_area = None
    return Answer(status=204)


def node_json(call: Call, kind: str, node: Node, depth: int = 0, *, links: bool = True) -> dict[str, Any]:
    project, word = call.project, kind.capitalize()
    shown: dict[str, Any] = {
        "id": node.id,
        "identifier": node.identifier,
        "name": node.name,
        "structureType": kind,
        "hasChildren": bool(node.children),
        "path": "\\" + "\\".join([project.name, word, *node.names()]),
    }
    if node.start or node.finish:
        shown["attributes"] = {"startDate": node.start, "finishDate": node.finish}
    if depth > 0 and node.children:
        shown["children"] = [node_json(call, kind, child, depth - 1, links=False) for child in node.children]
    url = node_url(call.base, project, kind, node)
    if links:
        shown["_links"] = {"self": {"href": url}}
        if node.parent is not None:
            shown["_links"]["parent"] = {"href": node_url(call.base, project, kind, node.parent)}
    return shown | {"url": url}


def node_url(base: str, project: Project, kind: str, node: Node) -> str:
    words = [f"{kind.capitalize()}s", *(quote(name) for name in node.names())]
    return f"{base}/{project.id}/_apis/wit/classificationNodes/{'/'.join(words)}"


def _addressed(call: Call) -> tuple[str, Node]:
    """Segments may be separated by slashes or by (escaped) backslashes."""
    kind = GROUPS.get(call.route["structureGroup"].lower())
    if kind is None:
        raise bad_argument(f"'{call.route['structureGroup']}' is neither areas nor iterations.")
    root = call.project.areas if kind == "area" else call.project.iterations
    names = [name for name in call.route.get("path", "").replace("/", "\\").split("\\") if name]
    return kind, root.below(names)


def _field(kind: str) -> str:
    return "System.AreaPath" if kind == "area" else "System.IterationPath"


def _refuse_duplicate(parent: Node, name: str, itself: Node | None = None) -> None:
    if parent.child(name) not in (None, itself):
        raise duplicate_node(name)


def _refuse_depth(parent: Node, levels: int) -> None:
    if len(parent.names()) + levels > DEPTH_LIMIT:
        raise bad_node(f"An area or iteration can lie {DEPTH_LIMIT} levels deep at most.")


def _height(node: Node) -> int:
    """How many levels lie below the node."""
    return max((1 + _height(child) for child in node.children), default=0)


def _name(call: Call) -> str:
    name = str(call.record.get("name") or "").strip()
    if not name:
        raise bad_argument("A value is required for 'name'.")
    if len(name) > NAME_LIMIT or FORBIDDEN & set(name):
        raise bad_node(f"'{name}' is not a name for an area or iteration.")
    return name


def _dates(call: Call, before: tuple[str | None, str | None]) -> tuple[str | None, str | None]:
    """Start and finish as the body leaves them: what it does not mention stays, null takes away."""
    attributes = call.record.get("attributes") or {}
    try:
        start, finish = (
            (stamp(moment(attributes[key])) if attributes[key] else None) if key in attributes else old
            for key, old in zip(("startDate", "finishDate"), before, strict=True)
        )
    except (TypeError, ValueError) as error:
        raise bad_argument(f"The dates of the node cannot be read: {error}.") from error
    if start and finish and moment(finish) < moment(start):
        raise bad_node("An iteration cannot finish before it starts.")
    return start, finish


def rename_everywhere(call: Call, field: str, before: str, after: str) -> None:
    """A path is the node's, so every revision shows its new name."""
    below = before + "\\"
    for item in call.world.store.items.values():
        for revision in item.revisions:
            path = revision.fields[field]
            if path == before or path.startswith(below):
                revision.fields[field] = after + path[len(before) :]
