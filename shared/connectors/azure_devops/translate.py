"""What Azure DevOps says, as nouns of ours. Pure; a value it leaves out is one it does not have."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import quote

from shared.connectors.azure_devops.patches import HYPERLINK, PARENT, TAGS, linked_id
from shared.model import (
    Changes,
    FieldInfo,
    FieldType,
    Hyperlink,
    Item,
    Level,
    StateCategory,
    Team,
    WorkItem,
    WorkItemComment,
    WorkItemType,
)

type Json = Mapping[str, Any]

NEVER_READ = ("System.History",)  # what is said with one write; reading it says nothing of the item
FIELD_TYPES = {
    "System.State": FieldType.STATE,
    TAGS: FieldType.TAGS,
    "Microsoft.VSTS.Scheduling.OriginalEstimate": FieldType.DURATION,
    "Microsoft.VSTS.Scheduling.RemainingWork": FieldType.DURATION,
    "Microsoft.VSTS.Scheduling.CompletedWork": FieldType.DURATION,
}
SERVER_TYPES = {
    "html": FieldType.RICH_TEXT,
    "integer": FieldType.NUMBER,
    "double": FieldType.NUMBER,
    "dateTime": FieldType.DATE,
    "boolean": FieldType.PICKLIST,
    "treePath": FieldType.PICKLIST,
    "picklistString": FieldType.PICKLIST,
}
MARKUP = re.compile(r"<[^>]*>")


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
    return html or _address(json["id"], organisation_url, project)


def _address(id: int, organisation_url: str, project: str) -> str:
    return f"{organisation_url}/{quote(project, safe='')}/_workitems/edit/{id}"


def item(json: Json, organisation_url: str, fields: Collection[str], known: Collection[str], *, ours: bool) -> Item:
    """A work item as one thing of a side; one of the recycle bin has no `rev`. `ours`: it is in one of its projects.

    Azure DevOps leaves out an empty field as it leaves out one that the type has not; `known` are those of the type.
    Markers are all hyperlinks, those of people among them. The URL is made here, for what Azure DevOps answers depends
    on whether the work item was read alone.
    """
    if "rev" not in json:
        return _deleted(json, organisation_url, fields)
    shown = work_item(json, organisation_url)
    changed_at = shown.fields.get("System.ChangedDate")
    return Item(
        id=str(shown.id),
        fields={name: plain(name, shown.fields.get(name)) for name in fields if name in shown.fields or name in known},
        version=str(shown.rev),
        parent=None if shown.parent is None else str(shown.parent),
        kind=shown.type,
        project=shown.project,
        url=_address(shown.id, organisation_url, shown.project),
        markers=tuple(sorted(link.url for link in shown.hyperlinks)),
        changed_at=datetime.fromisoformat(changed_at) if changed_at else None,
        read_only="" if ours else f"it is in the project '{shown.project}' now, which does not belong to this pair",
        foreign=not ours,
    )


def _deleted(json: Json, organisation_url: str, fields: Collection[str]) -> Item:
    """What the bin tells: of the fields only the title."""
    known = {"System.Title": json.get("name"), "System.WorkItemType": json.get("type")}
    return Item(
        id=str(json["id"]),
        fields={name: known[name] for name in fields if known.get(name)},
        kind=json.get("type") or "",
        project=json.get("project") or "",
        url=_address(json["id"], organisation_url, json.get("project") or ""),
        in_bin=True,
    )


def plain(name: str, value: Any) -> Any:
    """A value without wrapping: a person is a unique name, tags are a list of texts."""
    match value:
        case {"uniqueName": str(unique_name)} if unique_name:
            return unique_name
        case {"descriptor": str(descriptor)} if descriptor:
            return descriptor
        case {"displayName": str(display_name)}:
            return display_name
        case str() if name == TAGS:
            return [tag for each in value.split(";") if (tag := each.strip())]
    return value


def same(kind: FieldType | None, one: Any, other: Any) -> bool:
    """Whether two plain values say the same to a reader, for the server tidies what it stores."""
    return _essence(kind, one) == _essence(kind, other)


def _essence(kind: FieldType | None, value: Any) -> Any:
    match kind, value:
        case _, None | "":
            return None
        case FieldType.TAGS, list():
            return {tag.strip().casefold() for tag in value} or None
        case FieldType.TAGS, str():
            return _essence(kind, plain(TAGS, value))
        case FieldType.DATE, str():
            return _moment(value)
        case FieldType.NUMBER | FieldType.DURATION, str():
            return _number(value)
        case FieldType.IDENTITY, str():
            return value.casefold()
        case FieldType.RICH_TEXT, str():
            return "".join(unescape(MARKUP.sub("", value)).split()) or None
        case _, str():
            return " ".join(value.split()) or None
    return value


def _moment(text: str) -> datetime | str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def field_infos(json: Json) -> dict[str, FieldInfo]:
    """The fields of an organisation, from the answer of `fields`, without what they may hold."""
    return {
        field["referenceName"]: FieldInfo(
            key=field["referenceName"],
            label=field["name"],
            type=_field_type(field),
            read_only=bool(field.get("readOnly")),
        )
        for field in json["value"]
        if field["referenceName"] not in NEVER_READ
    }


def choices(types: Iterable[Json], fields_of_types: Iterable[Json]) -> dict[str, tuple[str, ...]]:
    """What each field of a project may hold, over all types: `types` have the states, `fields_of_types` the values."""
    found: dict[str, dict[str, None]] = {"System.State": {}}
    for type in types:
        found["System.State"] |= dict.fromkeys(state["name"] for state in type["states"])
    for field in (each for answer in fields_of_types for each in answer["value"]):
        values = [value for value in field.get("allowedValues") or () if not isinstance(value, Mapping)]
        names = found.setdefault(field["referenceName"], {})
        if field["referenceName"] != "System.State":
            names |= dict.fromkeys(str(value) for value in values)
    return {name: tuple(values) for name, values in found.items()}


def state_categories(types: Iterable[Json]) -> dict[str, StateCategory]:
    """The states of a project by how many types have them, each with the category that most of them put it into."""
    counted = Counter((state["name"], state["category"]) for type in types for state in type["states"])
    found: dict[str, StateCategory] = {}
    for (state, category), _ in counted.most_common():
        found.setdefault(state, StateCategory(category))
    return found


def _field_type(field: Json) -> FieldType:
    if known := FIELD_TYPES.get(field["referenceName"]):
        return known
    if field.get("isIdentity"):
        return FieldType.IDENTITY
    if field.get("isPicklist") and field["type"] == "string":
        return FieldType.PICKLIST
    return SERVER_TYPES.get(field["type"], FieldType.TEXT)


def work_item_type(json: Json) -> WorkItemType:
    """A disabled type has no state to be created in: its work items live on, new ones are refused."""
    transitions = {state: tuple(each["to"] for each in following) for state, following in json["transitions"].items()}
    return WorkItemType(
        name=json["name"],
        states={state["name"]: StateCategory(state["category"]) for state in json["states"]},
        transitions=transitions | ({"": ()} if json.get("isDisabled") else {}),
        fields=frozenset(field["referenceName"] for field in json["fields"]),
    )


def levels(json: Json, bugs: Sequence[str]) -> tuple[Level, ...]:
    """`json`: the answer of `backlogconfiguration`, `bugs` the types of its category.

    Microsoft's example says where a team has its bugs (`bugsBehavior`) and does not name them among the types there.
    """
    stand = {"asRequirements": json["requirementBacklog"]["id"], "asTasks": json["taskBacklog"]["id"]}
    with_bugs = stand.get(json["bugsBehavior"])
    found = []
    for backlog in (*json["portfolioBacklogs"], json["requirementBacklog"], json["taskBacklog"]):
        names = [backlog["defaultWorkItemType"]["name"], *(type["name"] for type in backlog["workItemTypes"])]
        kinds = [name for name in dict.fromkeys(names) if name not in bugs]
        kinds += bugs if backlog["id"] == with_bugs else ()
        found += [Level(backlog["name"], backlog["rank"], tuple(kinds))] if kinds else []
    return tuple(sorted(found, key=lambda level: level.rank, reverse=True))


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


def current_iteration(json: Json) -> str | None:
    """Path of the first of a team's iterations that Azure DevOps calls current, which may be an undated one."""
    current = (each["path"] for each in json["value"] if each["attributes"].get("timeFrame") == "current")
    return next(current, None)


def found(json: Json, urls: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """For each of `urls` the ids found by `artifacturiquery`, ascending. The case of a URL is not relied on."""
    by_url = {url.casefold(): references for url, references in json["artifactUrisQueryResult"].items()}
    return {url: tuple(sorted(item["id"] for item in by_url.get(url.casefold()) or ())) for url in urls}
