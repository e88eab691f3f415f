"""Work item types of a project, with their states, transitions, fields and categories."""

from typing import Any
from urllib.parse import quote

from infra.local.azure_devops.boards.process import Category, Field, WorkItemType, catalogue
from infra.local.azure_devops.boards.refusals import unknown_field
from infra.local.azure_devops.boards.rules import type_of
from infra.local.azure_devops.endpoints.render import person, read_expand
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Call, Endpoints, Location

endpoints = Endpoints()

TYPES = Location(
    "7c8d7a76-4a09-43e8-b5df-bd792f4ac6aa", "wit", "workItemTypes", "{project}/_apis/{area}/{resource}/{type}", 2
)
STATES = Location(
    "7c9d7a76-4a09-43e8-b5df-bd792f4ac6aa",
    "wit",
    "states",
    "{project}/_apis/{area}/workItemTypes/{type}/{resource}",
)
FIELDS = Location(
    "bd293ce5-3d25-4192-8e67-e8092e879efb",
    "wit",
    "fields",
    "{project}/_apis/{area}/workItemTypes/{type}/{resource}/{field}",
    3,
)
CATEGORIES = Location(
    "9b9f5734-36c8-415e-ba67-f83b45c31408",
    "wit",
    "workItemTypeCategories",
    "{project}/_apis/{area}/{resource}/{category}",
    2,
)

NEXT_STATES = Location("afae844b-e2f6-44c2-8053-17b3bb936a40", "wit", "workItemTransitions", "_apis/{area}/{resource}")

REQUIRED = {"System.Title", "System.State", "System.AreaId", "System.IterationId"}
COST = 0.124
# Actions that Visual Studio offers on a transition, by the category it leads to.
ACTIONS = {"InProgress": "Microsoft.VSTS.Actions.StartWork", "Completed": "Microsoft.VSTS.Actions.Checkin"}


@endpoints("GET", TYPES, name="types.list", cost=COST)
def list_types(call: Call) -> dict[str, Any]:
    shown = [type_json(call, kind) for kind in call.project.process.types.values()]
    return {"count": len(shown), "value": shown}


@endpoints("GET", TYPES, "type", name="types.get", cost=COST)
def get_type(call: Call) -> dict[str, Any]:
    return type_json(call, type_of(call.project, call.route["type"]))


@endpoints("GET", NEXT_STATES, name="types.next_states")
def next_states(call: Call) -> dict[str, Any]:
    """The state each of the `ids` would have after a check-in: the type's completed one."""
    texts = call.query.get("ids", "").split(",")
    if not all(text.strip().isdecimal() for text in texts):
        raise bad_argument(f"The value '{call.query.get('ids', '')}' is not valid for ids.")
    shown = []
    for item in (call.world.store.get(int(text)) for text in texts):
        project = call.world.organisation.project(item.fields["System.TeamProject"])
        states = type_of(project, item.fields["System.WorkItemType"]).states
        done = next(state.name for state in states if state.category == "Completed")
        shown.append({"id": item.id, "stateOnTransition": done})
    return {"count": len(shown), "value": shown}


@endpoints("GET", STATES, "type", name="types.states")
def states(call: Call) -> dict[str, Any]:
    shown = _states(call, type_of(call.project, call.route["type"]))
    return {"count": len(shown), "value": shown}


@endpoints("GET", FIELDS, "type", name="types.fields", cost=COST)
def list_fields(call: Call) -> dict[str, Any]:
    kind = type_of(call.project, call.route["type"])
    shown = [_type_field(call, kind, catalogue().by_reference[name]) for name in kind.fields]
    return {"count": len(shown), "value": shown}


@endpoints("GET", FIELDS, "type", "field", name="types.field", cost=COST)
def get_field(call: Call) -> dict[str, Any]:
    kind, field = type_of(call.project, call.route["type"]), catalogue().find(call.route["field"])
    if field is None or field.reference_name not in kind.fields:
        raise unknown_field(call.route["field"], 404)
    return _type_field(call, kind, field)


@endpoints("GET", CATEGORIES, name="types.categories")
def categories(call: Call) -> dict[str, Any]:
    shown = [_category(call, category) for category in call.project.process.categories]
    return {"count": len(shown), "value": shown}


@endpoints("GET", CATEGORIES, "category", name="types.category")
def category(call: Call) -> dict[str, Any]:
    wanted = call.route["category"].lower()
    for each in call.project.process.categories:
        if each.reference_name.lower() == wanted:
            return _category(call, each)
    raise bad_argument(f"The category '{call.route['category']}' does not exist.")


def type_json(call: Call, kind: WorkItemType) -> dict[str, Any]:
    instances = [_instance(call, kind, catalogue().by_reference[name]) for name in kind.fields]
    return {
        "name": kind.name,
        "referenceName": kind.reference_name,
        "description": kind.description,
        "color": kind.color,
        "icon": {
            "id": kind.icon,
            "url": f"{call.base}/_apis/wit/workItemIcons/{kind.icon}?color={kind.color}&v=2",
        },
        "isDisabled": False,
        "xmlForm": "",
        "fields": instances,
        "fieldInstances": instances,
        "transitions": _transitions(call, kind),
        "states": _states(call, kind),
        "url": reference(call, kind.name)["url"],
    }


def reference(call: Call, name: str) -> dict[str, str]:
    """A type as other resources name it."""
    return {"name": name, "url": f"{call.base}/{call.project.id}/_apis/wit/workItemTypes/{quote(name)}"}


def _states(call: Call, kind: WorkItemType) -> list[dict[str, str]]:
    allowed = call.world.rules.states(kind)
    return [
        {"name": state.name, "color": state.color, "category": state.category}
        for state in kind.states
        if state.name in allowed
    ]


def _transitions(call: Call, kind: WorkItemType) -> dict[str, list[dict[str, Any]]]:
    rules = call.world.rules
    shown: dict[str, list[dict[str, Any]]] = {}
    for source in ("", *rules.states(kind)):
        shown[source] = []
        for name in rules.next_states(kind, source):
            state = kind.state(name)
            action = ACTIONS.get(state.category) if state and source not in ("", name) else None
            shown[source].append({"to": name, "actions": [action] if action else None})
    return shown


def _instance(call: Call, kind: WorkItemType, field: Field) -> dict[str, Any]:
    default = kind.defaults.get(field.reference_name)
    return {
        "defaultValue": None if default is None else str(default),
        "helpText": "",
        "alwaysRequired": field.reference_name in REQUIRED or field.reference_name in kind.required,
        "referenceName": field.reference_name,
        "name": field.name,
        "url": f"{call.base}/{call.project.id}/_apis/wit/fields/{field.reference_name}",
    }


def _type_field(call: Call, kind: WorkItemType, field: Field) -> dict[str, Any]:
    """`$expand=all` or `allowedValues` (3) adds what the field may hold."""
    shown = _instance(call, kind, field)
    expand = call.query.get("$expand", "none").lower()
    if expand not in ("allowedvalues", "1", "3") and read_expand(expand) != "all":
        return shown
    values: list[Any] = list(field.values)
    if field.reference_name == "System.State":
        values = call.world.rules.states(kind)
    elif field.identity:
        values = [person(call.base, identity) for identity in call.world.directory.people]
    return shown | {"allowedValues": values, "dependentFields": []}


def _category(call: Call, category: Category) -> dict[str, Any]:
    types = [reference(call, name) for name in category.types]
    return {
        "name": category.name,
        "referenceName": category.reference_name,
        **({"defaultWorkItemType": types[0]} if types else {}),
        "workItemTypes": types,
        "url": f"{call.base}/{call.project.id}/_apis/wit/workItemTypeCategories/{category.reference_name}",
    }
