"""Projects and their teams, as the core area lists them."""

from typing import Any

from infra.local.azure_devops.boards.organisation import Project, Team
from infra.local.azure_devops.routing import Call, Endpoints, Location

endpoints = Endpoints()

PROJECTS = Location("603fe2ac-9723-48b9-88ad-09305aa6c6e1", "core", "projects", "_apis/{resource}/{*projectId}", 4)
TEAMS = Location(
    "d30a3dd1-f8ba-442a-b86a-bd0c0c383e59", "core", "teams", "_apis/projects/{projectId}/{resource}/{*teamId}", 3
)
ALL_TEAMS = Location("7a4d9ee9-3433-4347-b47a-7a80f1cf307e", "core", "teams", "_apis/{resource}", 3, released="0.0")

LAST_UPDATE = "2026-01-05T09:00:00Z"


@endpoints("GET", TEAMS, "projectId", name="teams.list")
def list_teams(call: Call) -> dict[str, Any]:
    project = call.world.organisation.project(call.route["projectId"])
    return _page(call, [team_json(call, project, team) for team in project.teams])


@endpoints("GET", TEAMS, "projectId", "teamId", name="teams.get")
def get_team(call: Call) -> dict[str, Any]:
    project = call.world.organisation.project(call.route["projectId"])
    return team_json(call, project, project.team(call.route["teamId"]))


@endpoints("GET", ALL_TEAMS, name="teams.list_all")
def list_all_teams(call: Call) -> dict[str, Any]:
    return _page(call, [team_json(call, p, team) for p in call.world.organisation.projects for team in p.teams])


@endpoints("GET", PROJECTS, name="projects.list")
def list_projects(call: Call) -> dict[str, Any]:
    return _page(call, [project_json(call, project) for project in call.world.organisation.projects])


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


def project_json(call: Call, project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "name": project.name,
        "description": project.description,
        "url": f"{call.base}/_apis/projects/{project.id}",
        "state": "wellFormed",
        "revision": 1,
        "visibility": "private",
        "lastUpdateTime": LAST_UPDATE,
    }


def team_json(call: Call, project: Project, team: Team) -> dict[str, Any]:
    return {
        "id": team.id,
        "name": team.name,
        "url": f"{call.base}/_apis/projects/{project.id}/teams/{team.id}",
        "description": team.description,
        "identityUrl": f"{call.base}/_apis/Identities/{team.id}",
        "projectName": project.name,
        "projectId": project.id,
    }


def _page(call: Call, entries: list[dict[str, Any]]) -> dict[str, Any]:
    skip, top = call.whole("$skip", 0), call.whole("$top", 100)
    page = entries[skip : skip + top]
    return {"count": len(page), "value": page}
