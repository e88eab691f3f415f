"""Team settings: backlog levels, working days, default iteration, and which areas a team owns."""

from typing import Any

from infra.local.azure_devops.boards.organisation import Node
from infra.local.azure_devops.boards.organisation_refusals import no_default_value
from infra.local.azure_devops.boards.refusals import bad_tree_name
from infra.local.azure_devops.boards.sprints import sprint
from infra.local.azure_devops.endpoints.classification import node_url
from infra.local.azure_devops.endpoints.iterations import iteration_of, team_links, team_url
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Call, Endpoints, Location

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

BUGS = {word.lower(): word for word in ("off", "asRequirements", "asTasks")}
BUGS |= {str(number): word for number, word in enumerate(BUGS.values())}  # the Node client sends numbers
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MACRO = "@currentIteration"


@endpoints("GET", SETTINGS, name="teams.settings")
def settings(call: Call) -> dict[str, Any]:
    team, url = call.team, team_url(call)
    default = team.default_iteration or sprint(team, call.world.clock())
    nodes = [node for node in (team.backlog_iteration, default) if node is not None]
    return {
        "backlogIteration": _iteration_setting(call, team.backlog_iteration),
        "bugsBehavior": team.bugs_behavior,
        "workingDays": list(team.working_days),
        "backlogVisibilities": {
            b.category: b.category not in team.hidden_backlogs
            for b in call.project.process.backlogs
            if b.kind != "task"
        },
        "defaultIteration": _iteration_setting(call, default),
        "defaultIterationMacro": None if team.default_iteration else MACRO,
        "url": url,
        "_links": team_links(call)
        | {
            "self": {"href": url},
            "teamIterations": {"href": f"{url}/iterations"},
            "teamFieldValues": {"href": f"{url}/teamfieldvalues"},
            "classificationNode": [{"href": node_url(call.base, call.project, "iteration", node)} for node in nodes],
        },
    }


@endpoints("PATCH", SETTINGS, name="teams.update_settings")
def update_settings(call: Call) -> dict[str, Any]:
    """Everything is read before anything is set. A default iteration puts the macro out of use, and the reverse."""
    wanted, team = call.record, call.team
    bugs = BUGS.get(str(wanted.get("bugsBehavior", team.bugs_behavior)).lower())
    named = dict(enumerate(DAYS))  # the Node client sends numbers
    days = [named.get(day, str(day).lower()) for day in wanted.get("workingDays") or team.working_days]
    visible = wanted.get("backlogVisibilities") or {}
    macro = str(wanted.get("defaultIterationMacro") or MACRO)
    if bugs is None or any(day not in DAYS for day in days) or macro.lower() != MACRO.lower():
        raise bad_argument("'bugsBehavior', 'workingDays' or 'defaultIterationMacro' has a value there is not.")
    backlog, default = (
        iteration_of(call, wanted[name]) if wanted.get(name) else None
        for name in ("backlogIteration", "defaultIteration")
    )
    team.bugs_behavior, team.working_days = bugs, tuple(days)
    team.backlog_iteration = backlog or team.backlog_iteration
    team.default_iteration = None if wanted.get("defaultIterationMacro") else default or team.default_iteration
    team.hidden_backlogs -= {category for category, shown in visible.items() if shown}
    team.hidden_backlogs |= {category for category, shown in visible.items() if not shown}
    return settings(call)


@endpoints("GET", FIELD_VALUES, name="teams.field_values")
def field_values(call: Call) -> dict[str, Any]:
    team, url = call.team, f"{team_url(call)}/teamfieldvalues"
    return {
        "field": {"referenceName": "System.AreaPath", "url": f"{call.base}/_apis/wit/fields/System.AreaPath"},
        "defaultValue": team.default_area.path if team.default_area else None,
        "values": [{"value": area.path, "includeChildren": whole} for area, whole in team.areas.items()],
        "url": url,
        "_links": team_links(call) | {"self": {"href": url}},
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


def _area(call: Call, path: Any) -> Node:
    node = call.project.areas.find(str(path))
    if node is None:
        raise bad_tree_name(-1, "System.AreaPath")
    return node
