"""Projects that come, change and go, as operations a client waits for."""

from typing import Any

import pytest

from tests.local.azure_devops.client import Client

BASIC = "b8a3a935-7e91-48b8-a94c-606d37c3e9f2"
AGILE = "adcc42ab-9882-485e-a3ed-7678f01f66bc"


def wanted(name: str, process: str = AGILE, **more: Any) -> dict[str, Any]:
    capabilities = {"versioncontrol": {"sourceControlType": "Git"}, "processTemplate": {"templateTypeId": process}}
    return {"name": name, "description": "made in a test", "capabilities": capabilities} | more


def finish(client: Client, answer: Any) -> list[str]:
    """The statuses an operation goes through until it is over."""
    assert answer.status_code == 202, answer.text
    seen = [answer.json()["status"]]
    path = "_apis/operations/" + answer.json()["id"]
    while seen[-1] != "succeeded":
        seen.append(client.get(path, **{"api-version": "7.1"})["status"])
    return seen


@pytest.mark.parametrize(("polls", "between"), [(0, []), (1, ["inProgress"]), (3, ["inProgress"] * 3)])
def test_an_operation_takes_as_many_questions_as_the_rules_say(client: Client, polls: int, between: list[str]) -> None:
    client.control.rules(operation_polls=polls)
    answer = client("POST", "_apis/projects", wanted("Northwind"))
    assert finish(client, answer) == ["queued", *between, "succeeded"]


def test_a_new_project_is_ready_for_work(client: Client) -> None:
    finish(client, client("POST", "_apis/projects", wanted("Northwind", BASIC, visibility="public")))
    project = client.get("_apis/projects/northwind", includeCapabilities="true")
    assert (project["state"], project["visibility"]) == ("wellFormed", "public")
    assert project["capabilities"]["processTemplate"]["templateName"] == "Basic"
    assert project["defaultTeam"]["name"] == "Northwind Team"
    made = client.create(kind="Issue", project="Northwind", area="Northwind")
    assert made["fields"]["System.State"] == "To Do"
    tree = client.get("Northwind/_apis/wit/classificationnodes/iterations", **{"$depth": 1})
    assert len(tree["children"]) == 3
    assert client.get("Northwind/_apis/work/teamsettings")["bugsBehavior"] == "off"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (wanted("fabrikam"), 400),
        (wanted(""), 400),
        (wanted("Northwind", "no such process"), 404),
        (wanted("Northwind", visibility="secret"), 400),
    ],
)
def test_projects_that_cannot_be(client: Client, body: Any, status: int) -> None:
    assert client("POST", "_apis/projects", body).status_code == status
    assert client.get("_apis/projects")["count"] == 4


def test_a_renamed_project_takes_everything_along(client: Client) -> None:
    client.create(area="Fabrikam\\Network", iteration="Fabrikam\\Sprint 2")
    project = client.get("_apis/projects/Fabrikam")
    finish(client, client("PATCH", f"_apis/projects/{project['id']}", {"name": "Fabrikam Fiber"}))
    renamed = client.get("_apis/projects/Fabrikam Fiber")
    assert (renamed["id"], renamed["revision"]) == (project["id"], project["revision"] + 1)
    fields = client.item(1)["fields"]
    assert fields["System.TeamProject"] == "Fabrikam Fiber"
    assert fields["System.AreaPath"] == "Fabrikam Fiber\\Network"
    assert fields["System.IterationPath"] == "Fabrikam Fiber\\Sprint 2"
    values = client.get("Fabrikam Fiber/Network/_apis/work/teamsettings/teamfieldvalues")
    assert values["defaultValue"] == "Fabrikam Fiber\\Network"
    assert client("GET", "_apis/projects/Fabrikam").status_code == 404


def test_a_deleted_project_is_listed_only_as_deleted(client: Client) -> None:
    client.create(project="Tailwind")
    project = client.get("_apis/projects/Tailwind")["id"]
    finish(client, client("DELETE", f"_apis/projects/{project}"))
    assert "Tailwind" not in [each["name"] for each in client.get("_apis/projects")["value"]]
    [deleted] = client.get("_apis/projects", stateFilter="deleted")["value"]
    assert (deleted["name"], deleted["state"]) == ("Tailwind", "deleted")
    assert client.get("_apis/projects", stateFilter="all")["count"] == 4
    assert client("GET", "_apis/wit/workitems/1").status_code == 404
    assert client("GET", "_apis/projects", params={"stateFilter": "nope"}).status_code == 400


def test_properties(client: Client) -> None:
    path, preview = "_apis/projects/Fabrikam/properties", {"api-version": "7.1-preview.1"}
    known = {each["name"]: each["value"] for each in client.get(path, **preview)["value"]}
    assert known["System.ProcessTemplateType"] == AGILE
    body = [{"op": "add", "path": "/Alias", "value": "Fab"}]
    assert client("PATCH", path, body, params=preview).status_code == 204
    found = client.get(path, keys="Alias,*SourceControl*", **preview)["value"]
    assert {"name": "Alias", "value": "Fab"} in found
    assert len(found) == 4
    assert client("PATCH", path, [{"op": "remove", "path": "/Alias"}], params=preview).status_code == 204
    assert client.get(path, keys="alias", **preview)["value"] == []
    assert client("PATCH", path, [{"op": "move", "path": "/Alias"}], params=preview).status_code == 400


def test_an_operation_nobody_asked_for(client: Client) -> None:
    assert client("GET", "_apis/operations/3b0c1fc5-2a19-4b0e-8e0a-0a8a4c6d6f1e").status_code == 404
