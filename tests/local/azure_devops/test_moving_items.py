"""An item that becomes another type or goes to another project keeps its id."""

import pytest

from tests.local.azure_devops.client import Client, add


def move(client: Client, project: str, *more: object) -> object:
    place = [add(name, project) for name in ("System.TeamProject", "System.AreaPath", "System.IterationPath")]
    return client.patch(1, *place, *more)


def test_another_type(client: Client) -> None:
    client.create(kind="Task")
    changed = client.change(1, add("System.WorkItemType", "bug"))
    fields = changed["fields"]
    assert (changed["rev"], fields["System.WorkItemType"], fields["System.State"]) == (2, "Bug", "New")
    assert fields["Microsoft.VSTS.Common.Severity"] == "3 - Medium"
    assert client.get("_apis/wit/workitems/1/revisions/1")["fields"]["System.WorkItemType"] == "Task"


def test_a_state_the_other_type_lacks_is_refused(client: Client) -> None:
    client.create(kind="User Story", state="New")
    answer = client.patch(1, add("System.WorkItemType", "Issue"))
    assert (answer.status_code, answer.json()["typeKey"]) == (400, "RuleValidationException")
    assert client.change(1, add("System.WorkItemType", "Issue"), add("System.State", "Active"))["rev"] == 2


def test_another_project(client: Client) -> None:
    client.create(kind="Bug", state="New")
    answer = move(client, "litware", add("System.State", "Proposed"))
    assert answer.status_code == 200
    moved = answer.json()
    litware = client.get("_apis/projects/Litware")["id"]
    assert (moved["id"], moved["rev"], moved["fields"]["System.TeamProject"]) == (1, 2, "Litware")
    assert f"/{litware}/" in moved["url"]
    assert client.get("Litware/_apis/wit/workitems/1")["id"] == 1
    assert client("GET", "Fabrikam/_apis/wit/workitems/1").status_code == 404
    listed = client("GET", "Fabrikam/_apis/wit/workitems", params={"ids": "1"})
    assert listed.status_code == 404


@pytest.mark.parametrize(
    ("operations", "status"),
    [
        ([add("System.TeamProject", "Tailwind")], 400),
        ([add("System.TeamProject", "Nope")], 404),
        (
            [
                add("System.TeamProject", "Contoso-Basic"),
                add("System.AreaPath", "Contoso-Basic"),
                add("System.IterationPath", "Contoso-Basic"),
            ],
            400,
        ),
    ],
)
def test_a_move_that_does_not_fit_changes_nothing(client: Client, operations: list[object], status: int) -> None:
    client.create(kind="Task")
    assert client.patch(1, *operations).status_code == status
    assert client.item(1)["rev"] == 1


def test_links_survive_a_move(client: Client) -> None:
    client.create(kind="Bug")
    client.create(kind="Task")
    client.change(2, client.link("System.LinkTypes.Hierarchy-Reverse", 1))
    move(client, "Litware", add("System.State", "Proposed"))
    assert client.item(2, fields="System.Parent")["fields"] == {"System.Parent": 1}
