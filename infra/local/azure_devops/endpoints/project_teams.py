"""Teams as parts of a project, and who is in them; what a team has set up is in `teams`."""

from typing import Any
from uuid import uuid4

from infra.local.azure_devops.boards.organisation import Project, Team
from infra.local.azure_devops.boards.organisation_refusals import duplicate_team
from infra.local.azure_devops.endpoints.render import person
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

MEMBERS = Location(
    "294c494c-2600-4d7e-b76c-3dd50c3c95be", "core", "members", "_apis/projects/{projectId}/teams/{teamId}/{resource}", 2
)
TEAMS = Location(
    "d30a3dd1-f8ba-442a-b86a-bd0c0c383e59", "core", "teams", "_apis/projects/{projectId}/{resource}/{*teamId}", 3
)
CATEGORIZED = Location(
    "6f9619ff-8b86-d011-b42d-00c04fc964ff", "core", "categorizedTeams", "_apis/projects/{projectId}/{resource}", 1,
    released="0.0",
)  # fmt: skip
ALL_TEAMS = Location("7a4d9ee9-3433-4347-b47a-7a80f1cf307e", "core", "teams", "_apis/{resource}", 3, released="0.0")


@endpoints("GET", MEMBERS, "projectId", "teamId", name="teams.members")
def members(call: Call) -> dict[str, Any]:
    _, team = _addressed(call)
    shown = [
        {"isTeamAdmin": admin, "identity": person(call.base, identity)} for identity, admin in team.members.items()
    ]
    return page(call, shown)


@endpoints("GET", TEAMS, "projectId", name="teams.list")
def list_teams(call: Call) -> dict[str, Any]:
    """With `$mine` only those the caller is in."""
    project = call.world.organisation.project(call.route["projectId"])
    return page(call, [team_json(call, project, team) for team in project.teams if _wanted(call, team)])


@endpoints("GET", ALL_TEAMS, name="teams.list_all")
def list_all_teams(call: Call) -> dict[str, Any]:
    teams = [(project, team) for project in call.world.organisation.projects for team in project.teams]
    return page(call, [team_json(call, project, team) for project, team in teams if _wanted(call, team)])


@endpoints("GET", CATEGORIZED, "projectId", name="teams.categorized")
def categorized_teams(call: Call) -> dict[str, Any]:
    """The teams the caller is in, and the others."""
    project = call.world.organisation.project(call.route["projectId"])
    mine = [team_json(call, project, team) for team in project.teams if call.caller in team.members]
    others = [team_json(call, project, team) for team in project.teams if call.caller not in team.members]
    return {"myTeams": page(call, mine)["value"], "otherReadableTeams": page(call, others)["value"]}


@endpoints("GET", TEAMS, "projectId", "teamId", name="teams.get")
def get_team(call: Call) -> dict[str, Any]:
    return team_json(call, *_addressed(call))


@endpoints("POST", TEAMS, "projectId", name="teams.create")
def create_team(call: Call) -> Answer:
    """A new team has no area and no backlog iteration yet; its maker runs it."""
    project = call.world.organisation.project(call.route["projectId"])
    name = _name(call, project, None)
    team = Team(
        id=str(uuid4()),
        name=name,
        description=str(call.record.get("description") or ""),
        bugs_behavior=project.process.bugs_behavior,
        members={call.caller: True},
    )
    project.teams.append(team)
    return Answer(team_json(call, project, team), 201)


@endpoints("PATCH", TEAMS, "projectId", "teamId", name="teams.update")
def update_team(call: Call) -> dict[str, Any]:
    project, team = _addressed(call)
    if call.record.get("name"):
        team.name = _name(call, project, team)
    team.description = str(call.record.get("description") or team.description)
    return team_json(call, project, team)


@endpoints("DELETE", TEAMS, "projectId", "teamId", name="teams.delete")
def delete_team(call: Call) -> Answer:
    project, team = _addressed(call)
    if team is project.teams[0]:
        raise bad_argument("The default team of a project cannot be deleted.")
    project.teams.remove(team)
    return Answer(status=204)


def team_json(call: Call, project: Project, team: Team) -> dict[str, Any]:
    """With `$expandIdentity` also the team as the group it is."""
    shown = {
        "id": team.id,
        "name": team.name,
        "url": f"{call.base}/_apis/projects/{project.id}/teams/{team.id}",
        "description": team.description,
        "identityUrl": f"{call.base}/_apis/Identities/{team.id}",
        "projectName": project.name,
        "projectId": project.id,
    }
    if call.flag("$expandIdentity"):
        shown["identity"] = {
            "id": team.id,
            "providerDisplayName": f"[{project.name}]\\{team.name}",
            "isActive": True,
            "isContainer": True,
        }
    return shown


def page(call: Call, entries: list[dict[str, Any]]) -> dict[str, Any]:
    skip, top = call.whole("$skip", 0), call.whole("$top", 100)
    shown = entries[skip : skip + top]
    return {"count": len(shown), "value": shown}


def _wanted(call: Call, team: Team) -> bool:
    return call.caller in team.members or not call.flag("$mine")


def _addressed(call: Call) -> tuple[Project, Team]:
    project = call.world.organisation.project(call.route["projectId"])
    return project, project.team(call.route["teamId"])


def _name(call: Call, project: Project, itself: Team | None) -> str:
    name = str(call.record.get("name") or "").strip()
    if not name:
        raise bad_argument("A value is required for 'name'.")
    if any(team.name.casefold() == name.casefold() and team is not itself for team in project.teams):
        raise duplicate_team(name)
    return name
