"""Work item templates of a team: values that a person fills a new item with. They are kept, and change nothing."""

from typing import Any
from uuid import uuid4

from infra.local.azure_devops.boards.rules import type_of
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

TEMPLATES = Location(
    "6a90345f-a676-4969-afce-8e163e1d5642", "wit", "templates", "{project}/{team}/_apis/{area}/{resource}"
)
TEMPLATE = Location(
    "fb10264a-8836-48a0-8033-1b0ccd2748d5",
    "wit",
    "templates",
    "{project}/{team}/_apis/{area}/{resource}/{templateId}",
)


@endpoints("GET", TEMPLATES, name="templates.list")
def list_templates(call: Call) -> dict[str, Any]:
    wanted = call.query.get("workitemtypename", "").casefold()
    shown = [
        {name: value for name, value in template.items() if name != "fields"}
        for template in _kept(call).values()
        if wanted in ("", template["workItemTypeName"].casefold())
    ]
    return {"count": len(shown), "value": shown}


@endpoints("POST", TEMPLATES, name="templates.create")
def create(call: Call) -> dict[str, Any]:
    return _keep(call, str(uuid4()))


@endpoints("GET", TEMPLATE, "templateId", name="templates.get")
def get(call: Call) -> dict[str, Any]:
    return _kept(call)[_addressed(call)]


@endpoints("PUT", TEMPLATE, "templateId", name="templates.replace")
def replace(call: Call) -> dict[str, Any]:
    return _keep(call, _addressed(call))


@endpoints("DELETE", TEMPLATE, "templateId", name="templates.delete")
def delete(call: Call) -> Answer:
    del _kept(call)[_addressed(call)]
    return Answer(status=204)


def _kept(call: Call) -> dict[str, dict[str, Any]]:
    """The team's templates by their ids, as they are shown."""
    return call.world.templates.setdefault(call.team.id, {})


def _addressed(call: Call) -> str:
    id = call.route["templateId"].lower()
    if id not in _kept(call):
        raise bad_argument(f"The template {id} does not exist.")
    return id


def _keep(call: Call, id: str) -> dict[str, Any]:
    wanted = call.record
    if not wanted.get("name"):
        raise bad_argument("A template needs a name.")
    template = {
        "id": id,
        "name": str(wanted["name"]),
        "description": str(wanted.get("description") or ""),
        "workItemTypeName": type_of(call.project, str(wanted.get("workItemTypeName"))).name,
        "url": f"{call.base}/{call.project.id}/{call.team.id}/_apis/wit/templates/{id}",
        "fields": wanted.get("fields") or {},
    }
    _kept(call)[id] = template
    return template
