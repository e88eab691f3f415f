"""The processes of the organisation, as the core area and the process area list them."""

from typing import Any

from infra.local.azure_devops.boards.organisation_refusals import missing_process
from infra.local.azure_devops.boards.process import Process, processes
from infra.local.azure_devops.routing import Call, Endpoints, Location

endpoints = Endpoints()

CORE = Location("93878975-88c5-4e6a-8abb-7ddd77a8a7d8", "core", "processes", "_apis/process/{resource}/{processId}")
WORK = Location(
    "02cc6a73-5cfb-427d-8c8e-b49fb086e8af", "processes", "processes", "_apis/work/{resource}/{processTypeId}", 2
)
DEFAULT = "Basic"


@endpoints("GET", CORE, name="processes.list")
def list_processes(call: Call) -> dict[str, Any]:
    shown = [_core(call, each) for each in processes()]
    return {"count": len(shown), "value": shown}


@endpoints("GET", CORE, "processId", name="processes.get")
def get_process(call: Call) -> dict[str, Any]:
    shown = _core(call, _find(call.route["processId"]))
    return shown | {"_links": {"self": {"href": shown["url"]}}}


@endpoints("GET", WORK, name="processes.list_work")
def list_work_processes(call: Call) -> dict[str, Any]:
    """`$expand=projects` adds the projects that use each."""
    shown = [_work(call, each) for each in processes()]
    return {"count": len(shown), "value": shown}


@endpoints("GET", WORK, "processTypeId", name="processes.get_work")
def get_work_process(call: Call) -> dict[str, Any]:
    return _work(call, _find(call.route["processTypeId"]))


def _core(call: Call, process: Process) -> dict[str, Any]:
    return {
        "id": process.id,
        "description": process.description,
        "isDefault": process.name == DEFAULT,
        "type": "system",
        "url": f"{call.base}/_apis/process/processes/{process.id}",
        "name": process.name,
    }


def _work(call: Call, process: Process) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "typeId": process.id,
        "name": process.name,
        "referenceName": process.name,
        "description": process.description,
        "parentProcessTypeId": "00000000-0000-0000-0000-000000000000",
        "isEnabled": True,
        "isDefault": process.name == DEFAULT,
        "customizationType": "system",
    }
    if call.query.get("$expand", "").lower() in ("projects", "1"):
        shown["projects"] = [
            {
                "id": project.id,
                "name": project.name,
                "description": project.description,
                "url": f"{call.base}/_apis/projects/{project.id}",
            }
            for project in call.world.organisation.projects
            if project.process.id == process.id
        ]
    return shown


def _find(id: str) -> Process:
    found = next((each for each in processes() if each.id == id.lower()), None)
    if found is None:
        raise missing_process(id)
    return found
