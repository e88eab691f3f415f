"""The iterations a team takes part in, the work in them, and who has how much time for it."""

from typing import Any

from infra.local.azure_devops.boards.organisation import Node
from infra.local.azure_devops.boards.organisation_refusals import missing_node, no_backlog_iteration
from infra.local.azure_devops.boards.sprints import time_frame
from infra.local.azure_devops.boards.store import WorkItem
from infra.local.azure_devops.clock import moment
from infra.local.azure_devops.endpoints.render import person
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

ITERATIONS = Location(
    "c9175577-28a1-4b06-9197-8636af9f64ad",
    "work",
    "iterations",
    "{project}/{team}/_apis/{area}/teamsettings/{resource}/{id}",
)
WORK_ITEMS = Location(
    "5b3ef1a6-d3ab-44cd-bafd-c7f45db850fa",
    "work",
    "workitems",
    "{project}/{team}/_apis/{area}/teamsettings/iterations/{iterationId}/{resource}",
)
CAPACITIES = Location(
    "74412d15-8c1a-4352-a48d-ef1ed5587d57",
    "work",
    "capacities",
    "{project}/{team}/_apis/{area}/teamsettings/iterations/{iterationId}/{resource}/{teamMemberId}",
    3,
)
DAYS_OFF = Location(
    "2d4faa2e-9150-4cbf-a47a-932b1b4a0773",
    "work",
    "teamdaysoff",
    "{project}/{team}/_apis/{area}/teamsettings/iterations/{iterationId}/{resource}",
)


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
    node = _team_iteration(call, "id")
    return iteration_json(call, node) | {"_links": team_links(call) | {"self": {"href": _iteration_url(call, node)}}}


@endpoints("POST", ITERATIONS, name="teams.add_iteration")
def add_iteration(call: Call) -> Answer:
    team = call.team
    if team.backlog_iteration is None:
        raise no_backlog_iteration()
    node = iteration_of(call, call.record.get("id"))
    if node not in team.iterations:
        team.iterations.append(node)
    return Answer(iteration_json(call, node), 201)


@endpoints("DELETE", ITERATIONS, "id", name="teams.remove_iteration")
def remove_iteration(call: Call) -> Answer:
    call.team.iterations.remove(_team_iteration(call, "id"))
    return Answer(status=204)


@endpoints("GET", WORK_ITEMS, "iterationId", name="teams.iteration_work_items")
def work_items(call: Call) -> dict[str, Any]:
    """The team's items of the requirement and task backlogs in the iteration, children behind their parents."""
    node, backlogs = _team_iteration(call, "iterationId"), call.project.process.backlogs
    kinds = {
        name
        for backlog in backlogs
        if backlog.kind != "portfolio"
        for name in call.project.process.types_of(backlog, call.team.bugs_behavior)
    }
    found = {
        item.id: item
        for item in items_of_team(call)
        if item.fields["System.IterationPath"] == node.path and item.fields["System.WorkItemType"] in kinds
    }
    tops = [item for item in found.values() if item.parent not in found]
    url = f"{_iteration_url(call, node)}/workitems"
    return {
        "workItemRelations": [link for item in tops for link in _tree(call, item, None, found)],
        "url": url,
        "_links": team_links(call) | {"self": {"href": url}, "teamIteration": {"href": _iteration_url(call, node)}},
    }


@endpoints("GET", CAPACITIES, "iterationId", name="teams.capacities")
def capacities(call: Call) -> dict[str, Any]:
    """Version 3 of the resource is an object of totals; before, a bare list."""
    shown = [_capacity(call, member) for member in _written(call)]
    if "-preview.2" in call.query.get("api-version", call.headers.get("accept", "")):
        return {"count": len(shown), "value": shown}
    per_day = sum(activity.get("capacityPerDay", 0) for each in shown for activity in each["activities"])
    return {
        "teamMembers": shown,
        "totalCapacityPerDay": per_day,
        "totalDaysOff": sum(_days(each) for member in shown for each in member["daysOff"]),
    }


@endpoints("GET", CAPACITIES, "iterationId", "teamMemberId", name="teams.capacity")
def capacity(call: Call) -> dict[str, Any]:
    return _capacity(call, _member(call)) | {"_links": team_links(call)}


@endpoints("PATCH", CAPACITIES, "iterationId", "teamMemberId", name="teams.update_capacity")
def update_capacity(call: Call) -> dict[str, Any]:
    _written(call)[_member(call)] = _plan(call.record)
    return capacity(call)


@endpoints("PUT", CAPACITIES, "iterationId", name="teams.replace_capacities")
def replace_capacities(call: Call) -> dict[str, Any]:
    if not isinstance(call.body, list):
        raise bad_argument("The body must be a list of capacities.")
    written = _written(call)
    written.clear()
    for entry in call.body:
        written[str((entry.get("teamMember") or {}).get("id", "")).lower()] = _plan(entry)
    shown = [_capacity(call, member) for member in written]
    return {"count": len(shown), "value": shown}


@endpoints("GET", DAYS_OFF, "iterationId", name="teams.days_off")
def days_off(call: Call) -> dict[str, Any]:
    node = _team_iteration(call, "iterationId")
    url = f"{_iteration_url(call, node)}/teamdaysoff"
    return {
        "daysOff": call.team.days_off.get(node, []),
        "url": url,
        "_links": team_links(call) | {"self": {"href": url}, "teamIteration": {"href": _iteration_url(call, node)}},
    }


@endpoints("PATCH", DAYS_OFF, "iterationId", name="teams.update_days_off")
def update_days_off(call: Call) -> dict[str, Any]:
    call.team.days_off[_team_iteration(call, "iterationId")] = call.record.get("daysOff") or []
    return days_off(call)


def iteration_json(call: Call, node: Node) -> dict[str, Any]:
    now = call.world.clock()
    return {
        "id": node.identifier,
        "name": node.name,
        "path": node.path,
        "attributes": {
            "startDate": node.start,
            "finishDate": node.finish,
            "timeFrame": time_frame(call.team, node, now),
        },
        "url": _iteration_url(call, node),
    }


def iteration_of(call: Call, identifier: Any) -> Node:
    """Any iteration of the project, by its identifier."""
    wanted = str(identifier).lower()
    node = next((n for n in call.project.iterations.walk() if n.identifier == wanted), None)
    if node is None:
        raise missing_node(wanted)
    return node


def items_of_team(call: Call) -> list[WorkItem]:
    """Live items in the areas of the team, lowest id first."""
    project = call.project
    paths = {n.path for area, whole in call.team.areas.items() for n in (area.walk() if whole else (area,))}
    return [
        item
        for item in call.world.store.items.values()
        if not item.deleted
        and item.fields["System.TeamProject"] == project.name
        and item.fields["System.AreaPath"] in paths
    ]


def link(call: Call, rel: str | None, source: WorkItem | None, target: WorkItem) -> dict[str, Any]:
    """One line of an answer that lists work items with their hierarchy."""
    return {"rel": rel, "source": _reference(call, source) if source else None, "target": _reference(call, target)}


def team_url(call: Call) -> str:
    return f"{call.base}/{call.project.id}/{call.team.id}/_apis/work/teamsettings"


def team_links(call: Call) -> dict[str, Any]:
    project = f"{call.base}/_apis/projects/{call.project.id}"
    return {
        "project": {"href": project},
        "team": {"href": f"{project}/teams/{call.team.id}"},
        "teamSettings": {"href": team_url(call)},
    }


def _team_iteration(call: Call, name: str) -> Node:
    """The iteration of the address, which must be one of the team's."""
    wanted = call.route[name].lower()
    for node in call.team.iterations:
        if node.identifier == wanted:
            return node
    raise missing_node(wanted)


def _tree(call: Call, item: WorkItem, above: WorkItem | None, found: dict[int, WorkItem]) -> list[dict[str, Any]]:
    lines = [link(call, "System.LinkTypes.Hierarchy-Forward" if above else None, above, item)]
    for child in found.values():
        if child.parent == item.id:
            lines += _tree(call, child, item, found)
    return lines


def _reference(call: Call, item: WorkItem) -> dict[str, Any]:
    return {"id": item.id, "url": f"{call.base}/_apis/wit/workItems/{item.id}"}


def _written(call: Call) -> dict[str, dict[str, Any]]:
    """What the team wrote for the iteration of the address, by the member's id."""
    return call.team.capacities.setdefault(_team_iteration(call, "iterationId"), {})


def _plan(entry: dict[str, Any]) -> dict[str, Any]:
    return {"activities": entry.get("activities") or [], "daysOff": entry.get("daysOff") or []}


def _member(call: Call) -> str:
    wanted = call.route["teamMemberId"].lower()
    if not any(person.id == wanted for person in call.team.members):
        raise bad_argument(f"The team has no member {wanted}.")
    return wanted


def _capacity(call: Call, member: str) -> dict[str, Any]:
    node = _team_iteration(call, "iterationId")
    who = next((identity for identity in call.world.directory.people if identity.id == member), None)
    plan = call.team.capacities.get(node, {}).get(member, _plan({}))
    return {
        "teamMember": person(call.base, who) if who else {"id": member},
        **plan,
        "url": f"{_iteration_url(call, node)}/capacities/{member}",
    }


def _days(entry: dict[str, str]) -> int:
    return (moment(entry["end"]) - moment(entry["start"])).days + 1


def _iteration_url(call: Call, node: Node) -> str:
    return f"{team_url(call)}/iterations/{node.identifier}"
