"""Operations: what a client polls after asking for a change of a project."""

from typing import Any
from uuid import uuid4

from infra.local.azure_devops.boards.organisation_refusals import missing_operation
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

OPERATIONS = Location(
    "9a1b74b4-2ca8-4a9f-8470-c2f2e6fdc949", "operations", "operations", "_apis/{resource}/{operationId}"
)


@endpoints("GET", OPERATIONS, "operationId", name="operations.get")
def get(call: Call) -> dict[str, Any]:
    """In progress for as many calls as the rules say (`operation_polls`), succeeded from then on."""
    operations, id = call.world.organisation.operations, call.route["operationId"].lower()
    if id not in operations:
        raise missing_operation(id)
    left = operations[id]
    operations[id] = max(left - 1, 0)
    shown = _reference(call, id, "inProgress" if left else "succeeded")
    return shown | {"_links": {"self": {"href": shown["url"]}}}


def queued(call: Call) -> Answer:
    """The 202 of a change that has just been asked for."""
    id = str(uuid4())
    call.world.organisation.operations[id] = call.world.rules.operation_polls
    return Answer(_reference(call, id, "queued"), 202)


def _reference(call: Call, id: str, status: str) -> dict[str, Any]:
    return {"id": id, "status": status, "url": f"{call.base}/_apis/operations/{id}"}
