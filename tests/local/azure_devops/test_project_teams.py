"""Teams as parts of a project: made, renamed, deleted; who is in them; what a team sets up for itself."""

from typing import Any

import pytest

from tests.local.azure_devops.client import Client, add

TEAMS = "_apis/projects/Fabrikam/teams"
SETTINGS = "Fabrikam/Network/_apis/work/teamsettings"


def test_a_new_team_owns_nothing_yet(client: Client) -> None:
    made = client("POST", TEAMS, {"name": "Field Service", "description": "on the road"})
    assert (made.status_code, made.json()["projectName"]) == (201, "Fabrikam")
    values = client.get("Fabrikam/Field Service/_apis/work/teamsettings/teamfieldvalues")
    assert (values["defaultValue"], values["values"]) == (None, [])
    path = "Fabrikam/Field Service/_apis/work/teamsettings"
    sprint = client.get(f"{SETTINGS}/iterations")["value"][0]["id"]
    refused = client("POST", f"{path}/iterations", {"id": sprint})
    assert (refused.status_code, refused.json()["typeKey"]) == (400, "InvalidTeamSettingsException")
    root = client.get("Fabrikam/_apis/wit/classificationnodes/iterations")["identifier"]
    settings = client("PATCH", path, {"backlogIteration": root}).json()
    assert settings["backlogIteration"]["path"] == ""
    assert client("POST", f"{path}/iterations", {"id": sprint}).status_code == 201


def test_renaming_and_deleting(client: Client) -> None:
    team = client.get(f"{TEAMS}/PMO")
    changed = client("PATCH", f"{TEAMS}/PMO", {"name": "Portfolio"})
    assert changed.json() == team | {"name": "Portfolio"}
    assert client("GET", f"{TEAMS}/PMO").status_code == 404
    assert client("DELETE", f"{TEAMS}/{team['id']}").status_code == 204
    assert "Portfolio" not in [each["name"] for each in client.get(TEAMS)["value"]]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", TEAMS, {"name": "network"}, 409),
        ("POST", TEAMS, {}, 400),
        ("PATCH", f"{TEAMS}/PMO", {"name": "Network"}, 409),
        ("DELETE", f"{TEAMS}/Fabrikam Team", None, 400),
        ("DELETE", f"{TEAMS}/Nope", None, 404),
    ],
)
def test_refusals(client: Client, method: str, path: str, body: Any, status: int) -> None:
    assert client(method, path, body).status_code == status


def test_members(client: Client) -> None:
    members = client.get(f"{TEAMS}/Network/members")["value"]
    assert len(members) == 6
    admins = [member["identity"]["uniqueName"] for member in members if member["isTeamAdmin"]]
    assert admins == ["boardbridge@contoso.com"]
    mine = client.get("_apis/teams", **{"$mine": "true", "api-version": "7.1-preview.3"})
    assert mine["count"] == 15
    expanded = client.get(f"{TEAMS}/Network", **{"$expandIdentity": "true"})
    assert expanded["identity"]["providerDisplayName"] == "[Fabrikam]\\Network"


@pytest.mark.parametrize("bugs", ["AsTasks", 2])
def test_bugs_go_where_the_team_wants_them(client: Client, bugs: Any) -> None:
    def types(category: str, team: str = "Network") -> list[str]:
        backlog = client.get(f"Fabrikam/{team}/_apis/work/backlogs/Microsoft.{category}Category")
        return [kind["name"] for kind in backlog["workItemTypes"]]

    assert (types("Requirement"), types("Task")) == (["User Story", "Bug"], ["Task"])
    assert client("PATCH", SETTINGS, {"bugsBehavior": bugs}).json()["bugsBehavior"] == "asTasks"
    assert (types("Requirement"), types("Task")) == (["User Story"], ["Task", "Bug"])
    assert types("Requirement", "PMO") == ["User Story", "Bug"]
    client("PATCH", SETTINGS, {"bugsBehavior": "off"})
    assert (types("Requirement"), types("Task")) == (["User Story"], ["Task"])


def test_changing_settings(client: Client) -> None:
    third = client.get(f"{SETTINGS}/iterations")["value"][2]["id"]
    body = {
        "workingDays": ["monday", "tuesday"],
        "defaultIteration": third.upper(),
        "backlogVisibilities": {"Microsoft.EpicCategory": False},
    }
    settings = client("PATCH", SETTINGS, body).json()
    assert settings["workingDays"] == ["monday", "tuesday"]
    assert (settings["defaultIteration"]["name"], settings["defaultIterationMacro"]) == ("Sprint 3", None)
    assert settings["backlogVisibilities"]["Microsoft.EpicCategory"] is False
    assert client.get(SETTINGS) == settings
    epics = client.get("Fabrikam/Network/_apis/work/backlogs/Microsoft.EpicCategory")
    assert epics["isHidden"] is True
    configuration = client.get("Fabrikam/Network/_apis/work/backlogconfiguration")
    assert configuration["hiddenBacklogs"] == ["Microsoft.EpicCategory"]
    again = client("PATCH", SETTINGS, {"defaultIterationMacro": "@CurrentIteration"}).json()
    assert (again["defaultIteration"]["name"], again["defaultIterationMacro"]) == ("Sprint 2", "@currentIteration")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"bugsBehavior": "sometimes"}, 400),
        ({"workingDays": ["caturday"]}, 400),
        ({"defaultIterationMacro": "@nextIteration"}, 400),
        ({"workingDays": ["monday"], "backlogIteration": "nope"}, 404),
    ],
)
def test_settings_change_whole_or_not_at_all(client: Client, body: Any, status: int) -> None:
    before = client.get(SETTINGS)
    assert client("PATCH", SETTINGS, body).status_code == status
    assert client.get(SETTINGS) == before


def test_the_work_in_an_iteration(client: Client) -> None:
    place = {"area": "Fabrikam\\Network", "iteration": "Fabrikam\\Sprint 2"}
    client.create(kind="User Story", **place)
    client.create(kind="Task", **place)
    client.create(kind="Epic", **place)
    client.create(kind="Task", area="Fabrikam\\PMO", iteration="Fabrikam\\Sprint 2")
    client.create(kind="Task", area="Fabrikam\\Network")
    client.change(2, client.link("System.LinkTypes.Hierarchy-Reverse", 1))
    [sprint] = client.get(f"{SETTINGS}/iterations", **{"$timeframe": "current"})["value"]
    found = client.get(f"{SETTINGS}/iterations/{sprint['id']}/workitems")["workItemRelations"]
    assert [(line["rel"], line["source"] and line["source"]["id"], line["target"]["id"]) for line in found] == [
        (None, None, 1),
        ("System.LinkTypes.Hierarchy-Forward", 1, 2),
    ]


def test_the_open_work_on_a_backlog(client: Client) -> None:
    for state in ("New", "Active", "Closed", "Removed"):
        made = client.create(kind="User Story", area="Fabrikam\\Network")
        client.change(made["id"], add("System.State", state))
    found = client.get("Fabrikam/Network/_apis/work/backlogs/Microsoft.RequirementCategory/workItems")
    assert [line["target"]["id"] for line in found["workItems"]] == [1, 2]


def test_capacity_and_days_off(client: Client) -> None:
    sprint = client.get(f"{SETTINGS}/iterations")["value"][1]["id"]
    member = client.get(f"{TEAMS}/Network/members")["value"][1]["identity"]["id"]
    path, day = f"{SETTINGS}/iterations/{sprint}", "2026-03-02T00:00:00Z"
    plan = {"activities": [{"capacityPerDay": 5, "name": "Design"}], "daysOff": [{"start": day, "end": day}]}
    changed = client("PATCH", f"{path}/capacities/{member}", plan)
    assert (changed.status_code, changed.json()["teamMember"]["displayName"]) == (200, "Jamal Hartnett")
    whole = client.get(f"{path}/capacities")
    assert (whole["totalCapacityPerDay"], whole["totalDaysOff"], len(whole["teamMembers"])) == (5, 1, 1)
    replaced = client("PUT", f"{path}/capacities", [{"teamMember": {"id": member}, **plan, "daysOff": []}])
    assert replaced.json()["value"][0]["daysOff"] == []
    off = client("PATCH", f"{path}/teamdaysoff", {"daysOff": plan["daysOff"]})
    assert client.get(f"{path}/teamdaysoff") == off.json()
    assert off.json()["daysOff"] == plan["daysOff"]
    assert client("PATCH", f"{path}/capacities/nobody", plan).status_code == 400


def test_teams_by_whether_the_caller_is_in_them(client: Client) -> None:
    path, preview = "_apis/projects/Fabrikam/categorizedteams", {"api-version": "7.1-preview.1"}
    before = client.get(path, **preview)
    client("POST", "_apis/projects/Fabrikam/teams", {"name": "Mine"})
    after = client.get(path, **preview)
    assert {team["name"] for team in after["myTeams"]} - {team["name"] for team in before["myTeams"]} == {"Mine"}
    assert after["otherReadableTeams"] == before["otherReadableTeams"]
    assert "Mine" not in {team["name"] for team in after["otherReadableTeams"]}
