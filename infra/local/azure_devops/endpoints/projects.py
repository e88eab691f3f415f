"""Projects: list, read, and the changes that run as operations a client waits for.

The work itself is done at once; only its operation says for a while that it is still in progress.
"""

from fnmatch import fnmatchcase
from typing import Any
from uuid import uuid4

from infra.local.azure_devops.boards.organisation import Project
from infra.local.azure_devops.boards.organisation_refusals import duplicate_project, missing_process
from infra.local.azure_devops.boards.process import Process, processes
from infra.local.azure_devops.boards.seed import add_team, new_project
from infra.local.azure_devops.clock import stamp
from infra.local.azure_devops.endpoints.classification import rename_everywhere
from infra.local.azure_devops.endpoints.operations import queued
from infra.local.azure_devops.endpoints.project_teams import page
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

PROPERTIES = Location(
    "4976a71a-4487-49aa-8aab-a1eda469037a",
    "core",
    "properties",
    "_apis/projects/{projectId}/{resource}",
    1,
    released="0.0",
)
PROJECTS = Location("603fe2ac-9723-48b9-88ad-09305aa6c6e1", "core", "projects", "_apis/{resource}/{*projectId}", 4)

STATES = ("wellformed", "all", "deleted", "new", "createpending", "deleting", "unchanged")
VISIBILITIES = ("private", "public")


@endpoints("GET", PROPERTIES, "projectId", name="projects.properties")
def properties(call: Call) -> dict[str, Any]:
    """All properties, or those that one of the `keys` matches; `*` and `?` stand for any letters."""
    project = call.world.organisation.project(call.route["projectId"])
    patterns = [key.strip().lower() for key in call.query.get("keys", "*").split(",")]
    shown = [
        {"name": name, "value": value}
        for name, value in _properties(project).items()
        if any(fnmatchcase(name.lower(), pattern) for pattern in patterns)
    ]
    return {"count": len(shown), "value": shown}


@endpoints("PATCH", PROPERTIES, "projectId", name="projects.update_properties")
def update_properties(call: Call) -> Answer:
    project = call.world.organisation.project(call.route["projectId"])
    if not isinstance(call.body, list):
        raise bad_argument("You must pass a valid patch document in the body of the request.")
    changed = dict(project.properties)
    for operation in call.body:
        name = str(operation.get("path", "")).lstrip("/")
        match operation.get("op"):
            case "add" | "replace" if name:
                changed[name] = operation.get("value")
            case "remove" if name:
                changed.pop(name, None)
            case op:
                raise bad_argument(f"The operation '{op}' on path '{operation.get('path')}' is not supported.")
    project.properties = changed
    return Answer(status=204)


@endpoints("GET", PROJECTS, name="projects.list")
def list_projects(call: Call) -> dict[str, Any]:
    """`stateFilter` wellFormed unless it says otherwise; deleted projects are listed only when asked for."""
    wanted = call.query.get("statefilter", "wellFormed").lower()
    if wanted not in STATES:
        raise bad_argument(f"The value '{call.query['statefilter']}' is not valid for stateFilter.")
    organisation = call.world.organisation
    known = [*organisation.projects, *organisation.deleted_projects]
    skip = call.whole("continuationToken", 0)
    shown = [project_json(call, project) for project in known if wanted in ("all", project.state.lower())]
    return page(call, shown[skip:])


@endpoints("GET", PROJECTS, "projectId", name="projects.get")
def get_project(call: Call) -> dict[str, Any]:
    project = call.world.organisation.project(call.route["projectId"])
    shown = project_json(call, project)
    if call.flag("includeCapabilities"):
        shown["capabilities"] = {
            "processTemplate": {"templateName": project.process.name, "templateTypeId": project.process.id},
            "versioncontrol": {
                "sourceControlType": "Git",
                "gitEnabled": "True",
                "tfvcEnabled": "False",
            },
        }
    default = project.teams[0]
    team_url = f"{call.base}/_apis/projects/{project.id}/teams/{default.id}"
    return shown | {
        "_links": {
            "self": {"href": shown["url"]},
            "collection": {"href": f"{call.base}/_apis/projectCollections/{call.world.organisation.id}"},
            "web": {"href": f"{call.base}/{project.name}"},
        },
        "defaultTeam": {"id": default.id, "name": default.name, "url": team_url},
    }


@endpoints("POST", PROJECTS, name="projects.create")
def create_project(call: Call) -> Answer:
    organisation, name = call.world.organisation, _name(call, None)
    process, visibility = _process(call), _visibility(call) or "private"
    description = str(call.record.get("description") or "")
    project = new_project(organisation, str(uuid4()), name, process.name.lower(), description)
    project.visibility, project.changed = visibility, stamp(call.world.clock())
    for number in range(1, 4):
        organisation.new_node(f"{_ITERATION[process.name]} {number}", project.iterations, kind="iteration")
    add_team(organisation, project, f"{name} Team", project.areas, whole=False)
    return queued(call)


@endpoints("PATCH", PROJECTS, "projectId", name="projects.update")
def update_project(call: Call) -> Answer:
    """New name, description or visibility. Items, paths and teams follow a new name."""
    project = call.world.organisation.project(call.route["projectId"])
    name = _name(call, project) if call.record.get("name") else project.name
    project.visibility = _visibility(call) or project.visibility
    project.description = str(call.record.get("description") or project.description)
    if name != project.name:
        _rename(call, project, name)
    project.revision += 1
    project.changed = stamp(call.world.clock())
    return queued(call)


@endpoints("DELETE", PROJECTS, "projectId", name="projects.delete")
def delete_project(call: Call) -> Answer:
    """The project and its work items are gone."""
    organisation, store = call.world.organisation, call.world.store
    project = organisation.project(call.route["projectId"])
    for item in [item for item in store.items.values() if item.fields["System.TeamProject"] == project.name]:
        if not item.deleted:
            store.delete(item, call.caller)
        store.destroy(item)
    organisation.projects.remove(project)
    project.state, project.changed = "deleted", stamp(call.world.clock())
    organisation.deleted_projects.append(project)
    return queued(call)


def project_json(call: Call, project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "name": project.name,
        "description": project.description,
        "url": f"{call.base}/_apis/projects/{project.id}",
        "state": project.state,
        "revision": project.revision,
        "visibility": project.visibility,
        "lastUpdateTime": project.changed,
    }


# What the first iterations of a new project are called.
_ITERATION = {"Agile": "Iteration", "Scrum": "Sprint", "Basic": "Sprint", "CMMI": "Iteration"}


def _properties(project: Project) -> dict[str, Any]:
    return {
        "System.CurrentProcessTemplateId": project.process.id,
        "System.OriginalProcessTemplateId": project.process.id,
        "System.ProcessTemplateType": project.process.id,
        "System.Process Template": project.process.name,
        "System.Microsoft.TeamFoundation.Team.Default": project.teams[0].id,
        "System.SourceControlCapabilityFlags": "2",
        "System.SourceControlGitEnabled": "True",
        "System.SourceControlGitPermissionsInitialized": "True",
    } | project.properties


def _name(call: Call, itself: Project | None) -> str:
    name = str(call.record.get("name") or "").strip()
    if not name:
        raise bad_argument("A value is required for 'name'.")
    for project in call.world.organisation.projects:
        if project.name.casefold() == name.casefold() and project is not itself:
            raise duplicate_project(name)
    return name


def _process(call: Call) -> Process:
    capabilities = call.record.get("capabilities") or {}
    wanted = str((capabilities.get("processTemplate") or {}).get("templateTypeId", "")).lower()
    found = next((each for each in processes() if each.id == wanted), None)
    if found is None:
        raise missing_process(wanted)
    return found


def _visibility(call: Call) -> str | None:
    wanted = call.record.get("visibility")
    if wanted is not None and str(wanted).lower() not in VISIBILITIES:
        raise bad_argument(f"The value '{wanted}' is not valid for visibility.")
    return str(wanted).lower() if wanted else None


def _rename(call: Call, project: Project, name: str) -> None:
    before = project.name
    rename_everywhere(call, "System.TeamProject", before, name)
    for field, root in (("System.AreaPath", project.areas), ("System.IterationPath", project.iterations)):
        rename_everywhere(call, field, before, name)
        root.name = name
    project.name = name
