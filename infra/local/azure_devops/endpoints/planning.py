"""What people ask while they plan: the order of a backlog, an iteration's capacity over all teams, their own work."""

from typing import Any

from infra.local.azure_devops.boards.patch import draft_change
from infra.local.azure_devops.boards.store import WorkItem
from infra.local.azure_devops.clock import moment
from infra.local.azure_devops.endpoints.iterations import items_of_team, iteration_of
from infra.local.azure_devops.endpoints.render import ItemView
from infra.local.azure_devops.errors import NoRoute, bad_argument
from infra.local.azure_devops.routing import Call, Endpoints, Location

endpoints = Endpoints()

BACKLOG_ORDER = Location(
    "1c22b714-e7e4-41b9-85e0-56ee13ef55ed", "work", "workitemsorder", "{project}/{team}/_apis/{area}/{resource}"
)
ITERATION_ORDER = Location(
    "47755db2-d7eb-405a-8c25-675401525fc9",
    "work",
    "workitemsorder",
    "{project}/{team}/_apis/{area}/iterations/{iterationId}/{resource}",
)
ITERATION_CAPACITIES = Location(
    "1e385ce0-396b-4273-8171-d64562c18d37",
    "work",
    "iterationcapacities",
    "{project}/_apis/{area}/iterations/{iterationId}/{resource}",
)
PREDEFINED = Location(
    "9cbba37c-6cc6-4f70-b903-709be86acbf0", "work", "predefinedQueries", "{project}/_apis/{area}/{resource}/{id}"
)

STEP = 1_000
PREDEFINED_QUERIES = {"assignedtome": "Assigned to me", "myactivity": "My activity"}
TOP = 100


@endpoints("PATCH", BACKLOG_ORDER, name="teams.reorder_backlog", cost=0.03)
def reorder_backlog(call: Call) -> dict[str, Any]:
    return _reorder(call, items_of_team(call))


@endpoints("PATCH", ITERATION_ORDER, "iterationId", name="teams.reorder_iteration", cost=0.03)
def reorder_iteration(call: Call) -> dict[str, Any]:
    path = iteration_of(call, call.route["iterationId"]).path
    return _reorder(call, [item for item in items_of_team(call) if item.fields["System.IterationPath"] == path])


def _reorder(call: Call, items: list[WorkItem]) -> dict[str, Any]:
    """Move `ids` behind `previousId`, or before `nextId`, or to the end, and number the whole list anew.

    `parentId` and `iterationPath` are not looked at: moving an item elsewhere is a change of the item.
    """
    ids = call.record.get("ids") or []
    field = call.project.process.type_fields["Order"]
    listed = in_order(items, field)
    moved = [item for id in ids for item in listed if item.id == id]
    if not ids or len(moved) != len(ids):
        raise bad_argument("'ids' must be work items of this backlog.")
    others = [item for item in listed if item.id not in ids]
    place = _place(others, call.record.get("previousId"), call.record.get("nextId"))
    shown = []
    for number, item in enumerate([*others[:place], *moved, *others[place:]], 1):
        if item.fields.get(field) != number * STEP:
            draft = draft_change(item)
            draft.fields[field] = number * STEP
            call.world.store.save(draft, call.caller)
        if item.id in ids:
            shown.append({"id": item.id, "order": number * STEP})
    return {"count": len(shown), "value": shown}


def _place(others: list[WorkItem], previous: Any, following: Any) -> int:
    """Where in `others` the moved items go; 0 for `previous` is the beginning, and for `following` the end."""
    places = {item.id: place for place, item in enumerate(others)}
    if previous in places:
        return places[previous] + 1
    if following in places:
        return places[following]
    return 0 if previous == 0 and following != 0 else len(others)


def in_order(items: list[WorkItem], field: str) -> list[WorkItem]:
    """As a backlog shows them: by their order, those without one last."""
    return sorted(items, key=lambda item: (field not in item.fields, item.fields.get(field, 0), item.id))


@endpoints("GET", ITERATION_CAPACITIES, "iterationId", name="projects.iteration_capacities")
def iteration_capacities(call: Call) -> dict[str, Any]:
    """The sum over the teams that planned for the iteration."""
    node = iteration_of(call, call.route["iterationId"])
    shown = []
    for team in call.project.teams:
        members = team.capacities.get(node, {})
        if members:
            per_day = sum(each.get("capacityPerDay", 0) for plan in members.values() for each in plan["activities"])
            days_off = len(team.days_off.get(node, []))
            shown.append({"teamId": team.id, "teamCapacityPerDay": per_day, "teamTotalDaysOff": days_off})
    return {
        "teams": shown,
        "totalIterationCapacityPerDay": sum(each["teamCapacityPerDay"] for each in shown),
        "totalIterationDaysOff": sum(each["teamTotalDaysOff"] for each in shown),
    }


@endpoints("GET", PREDEFINED, name="projects.predefined_queries")
def predefined_queries(call: Call) -> dict[str, Any]:
    shown = [_described(call, id) for id in PREDEFINED_QUERIES]
    return {"count": len(shown), "value": shown}


@endpoints("GET", PREDEFINED, "id", name="projects.predefined_query", cost=0.031)
def predefined_query(call: Call) -> dict[str, Any]:
    """The caller's items, latest change first; those done are left out unless `includeCompleted`."""
    id = call.route["id"].lower()
    if id not in PREDEFINED_QUERIES:
        raise NoRoute
    person = "System.AssignedTo" if id == "assignedtome" else "System.ChangedBy"
    found = [
        item
        for item in call.world.store.live()
        if item.fields["System.TeamProject"] == call.project.name
        and item.fields.get(person) == call.caller
        and (call.flag("includeCompleted") or not _done(call, item))
    ]
    found.sort(key=lambda item: (moment(item.fields["System.ChangedDate"]), item.id), reverse=True)
    top, view = call.whole("$top", TOP), ItemView(call)
    return _described(call, id) | {"results": [view.listed(item) for item in found[:top]], "hasMore": len(found) > top}


def _done(call: Call, item: WorkItem) -> bool:
    kind = call.project.process.types.get(item.fields["System.WorkItemType"])
    state = kind.state(item.fields["System.State"]) if kind else None
    return state is not None and state.category in ("Completed", "Removed")


def _described(call: Call, id: str) -> dict[str, Any]:
    url = f"{call.base}/{call.project.id}"
    return {
        "id": id,
        "name": PREDEFINED_QUERIES[id],
        "url": f"{url}/_apis/work/predefinedQueries/{id}",
        "webUrl": f"{url}/_workitems/{id}",
    }
