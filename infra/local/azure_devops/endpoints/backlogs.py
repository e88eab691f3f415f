"""Backlog levels: which types stand on which level, in a team and in a project's process."""

from typing import Any

from infra.local.azure_devops.boards.process import Backlog, catalogue
from infra.local.azure_devops.endpoints.iterations import items_of_team, link
from infra.local.azure_devops.endpoints.planning import in_order
from infra.local.azure_devops.endpoints.work_item_types import reference
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Call, Endpoints, Location

endpoints = Endpoints()

BACKLOGS = Location(
    "a93726f9-7867-4e38-b4f2-0bfafc2f6a94", "work", "backlogs", "{project}/{team}/_apis/{area}/{resource}/{id}"
)
BACKLOG_ITEMS = Location(
    "7c468d96-ab1d-4294-a360-92f07e9ccd98",
    "work",
    "workItems",
    "{project}/{team}/_apis/{area}/backlogs/{backlogId}/{resource}",
)
CONFIGURATION = Location(
    "7799f497-3cb5-4f16-ad4f-5cd06012db64",
    "work",
    "backlogconfiguration",
    "{project}/{team}/_apis/{area}/{resource}",
)
PROCESS_CONFIGURATION = Location(
    "f901ba42-86d2-4b0c-89c1-3f86d06daa84", "work", "processconfiguration", "{project}/_apis/{area}/{resource}"
)


@endpoints("GET", BACKLOGS, name="teams.backlogs")
def backlogs(call: Call) -> dict[str, Any]:
    shown = [backlog_json(call, backlog) for backlog in call.project.process.backlogs]
    return {"count": len(shown), "value": shown}


@endpoints("GET", BACKLOGS, "id", name="teams.backlog")
def backlog(call: Call) -> dict[str, Any]:
    return backlog_json(call, _addressed(call, "id"))


@endpoints("GET", BACKLOG_ITEMS, "backlogId", name="teams.backlog_items")
def backlog_items(call: Call) -> dict[str, Any]:
    """The team's open items of the level: those done or removed are not on a backlog."""
    process = call.project.process
    kinds = process.types_of(_addressed(call, "backlogId"), call.team.bugs_behavior)
    shown = []
    for item in in_order(items_of_team(call), process.type_fields["Order"]):
        kind = process.types.get(item.fields["System.WorkItemType"])
        state = kind.state(item.fields["System.State"]) if kind and kind.name in kinds else None
        if state is not None and state.category not in ("Completed", "Removed"):
            shown.append(link(call, None, None, item))
    return {"workItems": shown}


@endpoints("GET", CONFIGURATION, name="teams.backlog_configuration")
def backlog_configuration(call: Call) -> dict[str, Any]:
    process, team = call.project.process, call.team
    by_kind = {kind: [b for b in process.backlogs if b.kind == kind] for kind in ("task", "requirement", "portfolio")}
    types = [process.types[name] for b in process.backlogs for name in process.types_of(b, team.bugs_behavior)]
    return {
        "taskBacklog": _level(call, by_kind["task"][0]),
        "requirementBacklog": _level(call, by_kind["requirement"][0]),
        "portfolioBacklogs": [_level(call, b) for b in reversed(by_kind["portfolio"])],
        "workItemTypeMappedStates": [
            {"workItemTypeName": kind.name, "states": {state.name: state.category for state in kind.states}}
            for kind in types
        ],
        "backlogFields": {"typeFields": process.type_fields},
        "bugsBehavior": team.bugs_behavior,
        "hiddenBacklogs": sorted(team.hidden_backlogs),
        "isBugsBehaviorConfigured": True,
        "url": f"{call.base}/{call.project.id}/{team.id}/_apis/work/backlogconfiguration",
    }


@endpoints("GET", PROCESS_CONFIGURATION, name="projects.process_configuration")
def process_configuration(call: Call) -> dict[str, Any]:
    process = call.project.process
    levels = {b.kind: _category(call, b.name, b.category) for b in process.backlogs}
    return {
        "typeFields": {use: _field_reference(call, name) for use, name in process.type_fields.items()},
        "taskBacklog": levels["task"],
        "requirementBacklog": levels["requirement"],
        "portfolioBacklogs": [_category(call, b.name, b.category) for b in process.backlogs if b.kind == "portfolio"],
        "bugWorkItems": _category(call, "Bugs", "Microsoft.BugCategory"),
        "url": f"{call.base}/{call.project.id}/_apis/work/processconfiguration",
    }


def backlog_json(call: Call, backlog: Backlog) -> dict[str, Any]:
    """As the `backlogs` list has it; the backlog configuration has the same without hidden and type."""
    return _level(call, backlog) | {"isHidden": backlog.category in call.team.hidden_backlogs, "type": backlog.kind}


def _addressed(call: Call, name: str) -> Backlog:
    wanted = call.route[name].lower()
    for each in call.project.process.backlogs:
        if wanted in (each.category.lower(), each.name.lower()):
            return each
    raise bad_argument(f"The backlog '{call.route[name]}' does not exist.")


def _level(call: Call, backlog: Backlog) -> dict[str, Any]:
    columns = ("System.Title", "System.State")
    types = [reference(call, name) for name in call.project.process.types_of(backlog, call.team.bugs_behavior)]
    return {
        "id": backlog.category,
        "name": backlog.name,
        "rank": backlog.rank,
        "workItemCountLimit": 1000,
        "addPanelFields": [_field_reference(call, "System.Title")],
        "columnFields": [{"columnFieldReference": _field_reference(call, name), "width": 100} for name in columns],
        "workItemTypes": types,
        "defaultWorkItemType": types[0],
        "color": backlog.color,
    }


def _category(call: Call, name: str, category: str) -> dict[str, Any]:
    found = call.project.process.category(category)
    types = [reference(call, kind) for kind in found.types] if found else []
    return {"name": name, "referenceName": category, "workItemTypes": types}


def _field_reference(call: Call, name: str) -> dict[str, str]:
    return {
        "referenceName": name,
        "name": catalogue().by_reference[name].name,
        "url": f"{call.base}/_apis/wit/fields/{name}",
    }
