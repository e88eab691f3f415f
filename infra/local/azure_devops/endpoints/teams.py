"""Team settings: which areas a team owns, its iterations, its backlog levels."""

from datetime import timedelta
from typing import Any

from infra.local.azure_devops.boards.organisation import Node
from infra.local.azure_devops.boards.process import Backlog, catalogue
from infra.local.azure_devops.boards.refusals import bad_tree_name, missing_node, no_backlog_iteration, no_default_value
from infra.local.azure_devops.clock import moment
from infra.local.azure_devops.endpoints.classification import node_url
from infra.local.azure_devops.endpoints.work_item_types import reference
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

SETTINGS = Location(
    "c3c1012b-bea7-49d7-b45e-1664e566f84c", "work", "teamsettings", "{project}/{team}/_apis/{area}/{resource}"
)
FIELD_VALUES = Location(
    "07ced576-58ed-49e6-9c1e-5cb53ab8bf2a",
    "work",
    "teamfieldvalues",
    "{project}/{team}/_apis/{area}/teamsettings/{resource}",
)
ITERATIONS = Location(
    "c9175577-28a1-4b06-9197-8636af9f64ad",
    "work",
    "iterations",
    "{project}/{team}/_apis/{area}/teamsettings/{resource}/{id}",
)
BACKLOGS = Location(
    "a93726f9-7867-4e38-b4f2-0bfafc2f6a94", "work", "backlogs", "{project}/{team}/_apis/{area}/{resource}/{id}"
)
CONFIGURATION = Location(
    "7799f497-3cb5-4f16-ad4f-5cd06012db64",
    "work",
    "backlogconfiguration",
    "{project}/{team}/_apis/{area}/{resource}",
)

DAY = timedelta(days=1)
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday"]


@endpoints("GET", SETTINGS, name="teams.settings")
def settings(call: Call) -> dict[str, Any]:
    team, project, url = call.team, call.project, _url(call)
    return {
        "backlogIteration": _iteration_setting(call, team.backlog_iteration),
        "bugsBehavior": project.process.bugs_behavior,
        "workingDays": WEEKDAYS,
        "backlogVisibilities": {b.category: True for b in project.process.backlogs if b.kind != "task"},
        "defaultIteration": _iteration_setting(call, current_iteration(call)),
        "defaultIterationMacro": "@currentIteration",
        "url": url,
        "_links": _links(call)
        | {
            "self": {"href": url},
            "teamIterations": {"href": f"{url}/iterations"},
            "teamFieldValues": {"href": f"{url}/teamfieldvalues"},
        },
    }


@endpoints("GET", FIELD_VALUES, name="teams.field_values")
def field_values(call: Call) -> dict[str, Any]:
    team, url = call.team, f"{_url(call)}/teamfieldvalues"
    return {
        "field": {"referenceName": "System.AreaPath", "url": f"{call.base}/_apis/wit/fields/System.AreaPath"},
        "defaultValue": team.default_area.path if team.default_area else None,
        "values": [{"value": area.path, "includeChildren": whole} for area, whole in team.areas.items()],
        "url": url,
        "_links": _links(call) | {"self": {"href": url}},
    }


@endpoints("PATCH", FIELD_VALUES, name="teams.update_field_values")
def update_field_values(call: Call) -> dict[str, Any]:
    if not call.record.get("defaultValue"):
        raise no_default_value()
    areas = {
        _area(call, entry.get("value")): bool(entry.get("includeChildren")) for entry in call.record.get("values", [])
    }
    default = _area(call, call.record["defaultValue"])
    call.team.default_area, call.team.areas = default, areas or {default: False}
    return field_values(call)


@endpoints("GET", ITERATIONS, name="teams.iterations")
def iterations(call: Call) -> dict[str, Any]:
    """All of the team's iterations, or those of `$timeframe` (past, current or future)."""
    wanted = call.query.get("$timeframe", "").lower()
    if wanted not in ("", "past", "current", "future"):
        raise bad_argument(f"The value '{wanted}' is not valid for $timeframe.")
    shown = [iteration_json(call, node) for node in call.team.iterations]
    shown = [each for each in shown if wanted in ("", each["attributes"]["timeFrame"])]
    return {"count": len(shown), "value": shown}


@endpoints("GET", ITERATIONS, "id", name="teams.iteration")
def iteration(call: Call) -> dict[str, Any]:
    node = _team_iteration(call)
    return iteration_json(call, node) | {"_links": _links(call) | {"self": {"href": _iteration_url(call, node)}}}


@endpoints("POST", ITERATIONS, name="teams.add_iteration")
def add_iteration(call: Call) -> Answer:
    team = call.team
    if team.backlog_iteration is None:
        raise no_backlog_iteration()
    wanted = str(call.record.get("id", "")).lower()
    node = next((n for n in call.project.iterations.walk() if n.identifier == wanted), None)
    if node is None:
        raise missing_node(wanted)
    if node not in team.iterations:
        team.iterations.append(node)
    return Answer(iteration_json(call, node), 201)


@endpoints("DELETE", ITERATIONS, "id", name="teams.remove_iteration")
def remove_iteration(call: Call) -> Answer:
    call.team.iterations.remove(_team_iteration(call))
    return Answer(status=204)


@endpoints("GET", BACKLOGS, name="teams.backlogs")
def backlogs(call: Call) -> dict[str, Any]:
    shown = [backlog_json(call, backlog) for backlog in call.project.process.backlogs]
    return {"count": len(shown), "value": shown}


@endpoints("GET", BACKLOGS, "id", name="teams.backlog")
def backlog(call: Call) -> dict[str, Any]:
    wanted = call.route["id"].lower()
    for each in call.project.process.backlogs:
        if wanted in (each.category.lower(), each.name.lower()):
            return backlog_json(call, each)
    raise bad_argument(f"The backlog '{call.route['id']}' does not exist.")


@endpoints("GET", CONFIGURATION, name="teams.backlog_configuration")
def backlog_configuration(call: Call) -> dict[str, Any]:
    process = call.project.process
    by_kind = {kind: [b for b in process.backlogs if b.kind == kind] for kind in ("task", "requirement", "portfolio")}
    types = [process.types[name] for backlog in process.backlogs for name in backlog.types]
    return {
        "taskBacklog": _level(call, by_kind["task"][0]),
        "requirementBacklog": _level(call, by_kind["requirement"][0]),
        "portfolioBacklogs": [_level(call, b) for b in reversed(by_kind["portfolio"])],
        "workItemTypeMappedStates": [
            {"workItemTypeName": kind.name, "states": {state.name: state.category for state in kind.states}}
            for kind in types
        ],
        "backlogFields": {"typeFields": {"Order": "Microsoft.VSTS.Common.StackRank", "Team": "System.AreaPath"}},
        "bugsBehavior": process.bugs_behavior,
        "hiddenBacklogs": [],
        "isBugsBehaviorConfigured": True,
        "url": f"{call.base}/{call.project.id}/{call.team.id}/_apis/work/backlogconfiguration",
    }


def backlog_json(call: Call, backlog: Backlog) -> dict[str, Any]:
    """As the `backlogs` list has it; the backlog configuration has the same without hidden and type."""
    return _level(call, backlog) | {"isHidden": False, "type": backlog.kind}


def _level(call: Call, backlog: Backlog) -> dict[str, Any]:
    columns = ("System.Title", "System.State")
    types = [reference(call, name) for name in backlog.types]
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


def iteration_json(call: Call, node: Node) -> dict[str, Any]:
    return {
        "id": node.identifier,
        "name": node.name,
        "path": node.path,
        "attributes": {"startDate": node.start, "finishDate": node.finish, "timeFrame": _time_frame(call, node)},
        "url": _iteration_url(call, node),
    }


def _time_frame(call: Call, node: Node) -> str:
    """The finish date is the iteration's last day. Of undated iterations the first is current, the rest future."""
    if node.start is None or node.finish is None:
        undated = [n for n in call.team.iterations if n.start is None or n.finish is None]
        return "current" if undated[:1] == [node] else "future"
    now = call.world.clock()
    if now >= moment(node.finish) + DAY:
        return "past"
    return "current" if now >= moment(node.start) else "future"


def current_iteration(call: Call) -> Node | None:
    """What @currentIteration means for the team of the call."""
    return next((node for node in call.team.iterations if _time_frame(call, node) == "current"), None)


def _iteration_setting(call: Call, node: Node | None) -> dict[str, Any] | None:
    """An iteration as the settings show it: its path is empty for the root, and starts with a backslash below."""
    if node is None:
        return None
    return {
        "id": node.identifier,
        "name": node.name,
        "path": "".join(f"\\{name}" for name in node.names()),
        "url": node_url(call.base, call.project, "iteration", node),
    }


def _team_iteration(call: Call) -> Node:
    wanted = call.route["id"].lower()
    for node in call.team.iterations:
        if node.identifier == wanted:
            return node
    raise missing_node(wanted)


def _area(call: Call, path: Any) -> Node:
    node = call.project.areas.find(str(path))
    if node is None:
        raise bad_tree_name(-1, "System.AreaPath")
    return node


def _field_reference(call: Call, name: str) -> dict[str, str]:
    return {
        "referenceName": name,
        "name": catalogue().by_reference[name].name,
        "url": f"{call.base}/_apis/wit/fields/{name}",
    }


def _url(call: Call) -> str:
    return f"{call.base}/{call.project.id}/{call.team.id}/_apis/work/teamsettings"


def _iteration_url(call: Call, node: Node) -> str:
    return f"{_url(call)}/iterations/{node.identifier}"


def _links(call: Call) -> dict[str, Any]:
    project = f"{call.base}/_apis/projects/{call.project.id}"
    return {
        "project": {"href": project},
        "team": {"href": f"{project}/teams/{call.team.id}"},
        "teamSettings": {"href": _url(call)},
    }
