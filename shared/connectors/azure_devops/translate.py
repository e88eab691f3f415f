"""What Azure DevOps says, as nouns of ours. Pure; a value it leaves out is one it does not have."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from shared.connectors.azure_devops.patches import HYPERLINK, PARENT, linked_id
from shared.model import Changes, Hyperlink, StateCategory, Team, WorkItem, WorkItemComment, WorkItemType

type Json = Mapping[str, Any]


def work_item(json: Json, organisation_url: str) -> WorkItem:
    """A work item or a revision of one, from the answer to a read or a write."""
    fields: Json = json["fields"]
    relations = json.get("relations") or ()
    parents = [linked_id(relation) for relation in relations if relation["rel"] == PARENT]
    return WorkItem(
        id=json["id"],
        rev=json["rev"],
        project=fields["System.TeamProject"],
        type=fields["System.WorkItemType"],
        fields=fields,
        hyperlinks=tuple(_hyperlink(relation) for relation in relations if relation["rel"] == HYPERLINK),
        parent=parents[0] if parents else fields.get("System.Parent"),
        url=_browser_url(json, organisation_url, fields["System.TeamProject"]),
    )


def _hyperlink(relation: Json) -> Hyperlink:
    return Hyperlink(relation["url"], (relation.get("attributes") or {}).get("comment") or "")


def _browser_url(json: Json, organisation_url: str, project: str) -> str:
    html = json.get("_links", {}).get("html", {}).get("href")
    return html or f"{organisation_url}/{quote(project, safe='')}/_workitems/edit/{json['id']}"


def work_item_type(json: Json) -> WorkItemType:
    """A disabled type has no state to be created in: its work items live on, new ones are refused."""
    transitions = {state: tuple(each["to"] for each in following) for state, following in json["transitions"].items()}
    return WorkItemType(
        name=json["name"],
        states={state["name"]: StateCategory(state["category"]) for state in json["states"]},
        transitions=transitions | ({"": ()} if json.get("isDisabled") else {}),
        fields=frozenset(field["referenceName"] for field in json["fields"]),
    )


def team(project: str, id: str, name: str, field_values: Json) -> Team:
    """`field_values`: the answer of `teamfieldvalues`; a new team has no default."""
    return Team(
        project=project,
        id=id,
        name=name,
        default_area=field_values.get("defaultValue"),
        areas=tuple((area["value"], area["includeChildren"]) for area in field_values.get("values") or ()),
    )


def nodes(node: Json, above: str = "") -> Iterator[tuple[str, str]]:
    """Identifier and path of an area or iteration and of all below it, the path as fields have it.

    A node's own `path` is of no use: in it a word that fields lack comes second, as in `\\Fabrikam\\Area\\Network`.
    """
    path = f"{above}{node['name']}"
    yield node["identifier"], path
    for child in node.get("children") or ():
        yield from nodes(child, f"{path}\\")


def comment(json: Json) -> WorkItemComment:
    """`text` is Markdown where a comment was written so; `renderedText` is HTML always."""
    html = json.get("renderedText") or json["text"]
    return WorkItemComment(id=json["id"], html=html, author=json["createdBy"]["displayName"])


def changes(json: Json) -> Changes:
    """One batch of the revisions feed. An empty one need not be the last."""
    ids = dict.fromkeys(row["id"] for row in json["values"])
    return Changes(ids=tuple(ids), cursor=json["continuationToken"], more=not json["isLastBatch"])


def changed_work_item(event: Any) -> int | None:
    """The work item that a service hook event is about; None if it is about none.

    In `workitem.updated`, `resource.id` counts the update and `workItemId` may be 0, so the revision is asked first.
    """
    match event:
        case {"resource": {"revision": {"id": int(id)}}}:
            return id
        case {"resource": {"workItemId": int(id)}} if id:
            return id
        case {"eventType": "workitem.updated"}:
            return None
        case {"eventType": str(kind), "resource": {"id": int(id)}} if kind.startswith("workitem."):
            return id
    return None


def current_iteration(json: Json) -> str | None:
    """Path of the first of a team's iterations that Azure DevOps calls current, which may be an undated one."""
    current = (each["path"] for each in json["value"] if each["attributes"].get("timeFrame") == "current")
    return next(current, None)


def found(json: Json, urls: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """For each of `urls` the ids found by `artifacturiquery`, ascending. The case of a URL is not relied on."""
    by_url = {url.casefold(): references for url, references in json["artifactUrisQueryResult"].items()}
    return {url: tuple(sorted(item["id"] for item in by_url.get(url.casefold()) or ())) for url in urls}
