"""The four processes: types, states, categories, backlogs, required fields, and the projects that use them."""

from typing import Any

import pytest

from tests.local.azure_devops.client import Client, add, remove

BACKLOGS = {
    "Fabrikam": [["Epic"], ["Feature"], ["User Story", "Bug"], ["Task"]],
    "Tailwind": [["Epic"], ["Feature"], ["Product Backlog Item", "Bug"], ["Task"]],
    "Contoso-Basic": [["Epic"], ["Issue"], ["Task"]],
    "Litware": [["Epic"], ["Feature"], ["Requirement", "Bug"], ["Task"]],
}


def states(client: Client, project: str, kind: str) -> dict[str, str]:
    listed = client.get(f"{project}/_apis/wit/workitemtypes/{kind}/states")["value"]
    return {state["name"]: state["category"] for state in listed}


@pytest.mark.parametrize(
    ("project", "kind", "expected"),
    [
        ("Contoso-Basic", "Epic", {"To Do": "Proposed", "Doing": "InProgress", "Done": "Completed"}),
        ("Contoso-Basic", "Issue", {"To Do": "Proposed", "Doing": "InProgress", "Done": "Completed"}),
        ("Contoso-Basic", "Task", {"To Do": "Proposed", "Doing": "InProgress", "Done": "Completed"}),
        (
            "Litware",
            "Requirement",
            {"Proposed": "Proposed", "Active": "InProgress", "Resolved": "InProgress", "Closed": "Completed"},
        ),
        (
            "Litware",
            "Task",
            {"Proposed": "Proposed", "Active": "InProgress", "Resolved": "InProgress", "Closed": "Completed"},
        ),
        (
            "Litware",
            "Bug",
            {"Proposed": "Proposed", "Active": "InProgress", "Resolved": "Resolved", "Closed": "Completed"},
        ),
        ("Litware", "Review", {"Active": "InProgress", "Resolved": "Resolved", "Closed": "Completed"}),
    ],
)
def test_states_and_their_categories(client: Client, project: str, kind: str, expected: dict[str, str]) -> None:
    assert states(client, project, kind) == expected


@pytest.mark.parametrize("project", BACKLOGS)
def test_backlogs_from_the_top(client: Client, project: str) -> None:
    backlogs = client.get(f"{project}/_apis/work/backlogs")["value"]
    assert [[kind["name"] for kind in backlog["workItemTypes"]] for backlog in backlogs] == BACKLOGS[project]
    assert sorted((backlog["rank"] for backlog in backlogs), reverse=True) == [b["rank"] for b in backlogs]


@pytest.mark.parametrize("project", BACKLOGS)
def test_every_type_can_be_made_and_taken_through_its_states(client: Client, project: str) -> None:
    for kind in client.get(f"{project}/_apis/wit/workitemtypes")["value"]:
        made = client.create(kind=kind["name"], project=project)
        assert made["fields"]["System.State"] == kind["states"][0]["name"]
        for state in kind["states"][1:]:
            client.change(made["id"], add("System.State", state["name"]))
        assert client.item(made["id"])["rev"] == len(kind["states"])
        named = {field["referenceName"] for field in kind["fields"]}
        assert made["fields"].keys() <= named


def test_what_a_cmmi_requirement_needs(client: Client) -> None:
    made = client.create(kind="Requirement", project="Litware")
    assert made["fields"]["Microsoft.VSTS.CMMI.RequirementType"] == "Feature"
    answer = client.patch(made["id"], remove("/fields/Microsoft.VSTS.CMMI.RequirementType"))
    assert (answer.status_code, answer.json()["typeKey"]) == (400, "RuleValidationException")
    assert "Requirement Type" in answer.json()["message"]
    fields = client.get("Litware/_apis/wit/workitemtypes/Requirement/fields")["value"]
    required = {field["referenceName"] for field in fields if field["alwaysRequired"]}
    assert "Microsoft.VSTS.CMMI.Committed" in required
    assert "Microsoft.VSTS.Scheduling.Size" not in required


def test_a_basic_task_starts_as_recorded(client: Client) -> None:
    fields = client.create(project="Contoso-Basic")["fields"]
    assert (fields["System.State"], fields["System.Reason"]) == ("To Do", "Added to backlog")
    assert fields["Microsoft.VSTS.Common.Priority"] == 2


def test_areas_of_teams_may_lie_within_one_another(client: Client) -> None:
    def values(team: str) -> list[Any]:
        return client.get(f"Litware/{team}/_apis/work/teamsettings/teamfieldvalues")["values"]

    assert values("Products") == [{"value": "Litware\\Products", "includeChildren": True}]
    assert values("Alpha") == [{"value": "Litware\\Products\\Alpha", "includeChildren": True}]
    tree = client.get("Litware/_apis/wit/classificationnodes/areas/Products", **{"$depth": 1})
    assert [child["name"] for child in tree["children"]] == ["Alpha", "Beta"]


def test_the_list_of_processes(client: Client) -> None:
    listed = client.get("_apis/process/processes")["value"]
    assert {each["name"]: each["id"] for each in listed} == {
        "Scrum": "6b724908-ef14-45cf-84f8-768b5384da45",
        "Basic": "b8a3a935-7e91-48b8-a94c-606d37c3e9f2",
        "CMMI": "27450541-8e31-4150-9947-dc59f998fc01",
        "Agile": "adcc42ab-9882-485e-a3ed-7678f01f66bc",
    }
    assert [each["name"] for each in listed if each["isDefault"]] == ["Basic"]
    one = client.get(f"_apis/process/processes/{listed[0]['id']}")
    assert one == listed[0] | {"_links": {"self": {"href": listed[0]["url"]}}}
    work = client.get("_apis/work/processes", **{"$expand": "projects"})["value"]
    assert {each["name"]: [p["name"] for p in each["projects"]] for each in work}["CMMI"] == ["Litware"]
    assert client.get(f"_apis/work/processes/{listed[1]['id']}")["name"] == "Basic"
    assert client("GET", "_apis/process/processes/nope").status_code == 404


def test_process_configuration(client: Client) -> None:
    configuration = client.get("Tailwind/_apis/work/processconfiguration")
    assert configuration["typeFields"]["Order"]["referenceName"] == "Microsoft.VSTS.Common.BacklogPriority"
    assert configuration["requirementBacklog"]["referenceName"] == "Microsoft.RequirementCategory"
    assert [backlog["name"] for backlog in configuration["portfolioBacklogs"]] == ["Epics", "Features"]
    assert [kind["name"] for kind in configuration["bugWorkItems"]["workItemTypes"]] == ["Bug"]
    basic = client.get("Contoso-Basic/_apis/work/processconfiguration")
    assert basic["bugWorkItems"]["workItemTypes"] == []
