"""Work item types, their states and fields, and the fields of the organisation."""

import pytest

from tests.local.azure_devops.client import Client


@pytest.mark.parametrize(
    ("project", "types"),
    [
        ("Fabrikam", ["Epic", "Feature", "User Story", "Task", "Bug", "Issue", "Test Case"]),
        ("Tailwind", ["Epic", "Feature", "Product Backlog Item", "Task", "Bug", "Impediment", "Test Case"]),
    ],
)
def test_types_of_a_process(client: Client, project: str, types: list[str]) -> None:
    listed = client.get(f"{project}/_apis/wit/workitemtypes")
    assert [kind["name"] for kind in listed["value"]] == types
    for kind in listed["value"]:
        assert client.get(f"{project}/_apis/wit/workitemtypes/{kind['name']}") == kind
        assert client.get(f"{project}/_apis/wit/workitemtypes/{kind['referenceName']}") == kind


@pytest.mark.parametrize(
    ("project", "kind", "states"),
    [
        (
            "Fabrikam",
            "User Story",
            "New Proposed, Active InProgress, Resolved InProgress, Closed Completed, Removed Removed",
        ),
        ("Fabrikam", "Task", "New Proposed, Active InProgress, Closed Completed, Removed Removed"),
        ("Fabrikam", "Bug", "New Proposed, Active InProgress, Resolved Resolved, Closed Completed"),
        (
            "Tailwind",
            "Product Backlog Item",
            "New Proposed, Approved Proposed, Committed InProgress, Done Completed, Removed Removed",
        ),
        ("Tailwind", "Task", "To Do Proposed, In Progress InProgress, Done Completed, Removed Removed"),
    ],
)
def test_states_have_categories(client: Client, project: str, kind: str, states: str) -> None:
    listed = client.get(f"{project}/_apis/wit/workitemtypes/{kind}/states")["value"]
    assert ", ".join(f"{state['name']} {state['category']}" for state in listed) == states
    assert {state["category"]: state["color"] for state in listed}["Completed"] == "339933"
    assert client.get(f"{project}/_apis/wit/workitemtypes/{kind}")["states"] == listed


def test_transitions_carry_actions(client: Client) -> None:
    transitions = client.get("Fabrikam/_apis/wit/workitemtypes/Task")["transitions"]
    assert transitions[""] == [{"to": "New", "actions": None}]
    assert {"to": "Active", "actions": ["Microsoft.VSTS.Actions.StartWork"]} in transitions["New"]
    assert {"to": "New", "actions": None} in transitions["New"]


def test_fields_of_a_type(client: Client) -> None:
    path = "Fabrikam/_apis/wit/workitemtypes/Bug/fields"
    fields = {field["referenceName"]: field for field in client.get(path)["value"]}
    assert fields["System.Title"]["alwaysRequired"] is True
    assert fields["Microsoft.VSTS.Common.Priority"]["defaultValue"] == "2"
    assert "allowedValues" not in fields["System.State"]
    state = client.get(f"{path}/System.State", **{"$expand": "allowedValues"})
    assert state["allowedValues"] == ["New", "Active", "Resolved", "Closed"]
    priority = client.get(f"{path}/Priority", **{"$expand": "3"})
    assert priority["allowedValues"] == [1, 2, 3, 4]
    people = client.get(f"{path}/System.AssignedTo", **{"$expand": "all"})["allowedValues"]
    assert "Norman Paulk" in [person["displayName"] for person in people]
    assert client("GET", f"{path}/Microsoft.VSTS.Scheduling.Effort").status_code == 404


def test_categories(client: Client) -> None:
    categories = client.get("Tailwind/_apis/wit/workitemtypecategories")["value"]
    defaults = {c["referenceName"]: c.get("defaultWorkItemType", {}).get("name") for c in categories}
    assert defaults["Microsoft.RequirementCategory"] == "Product Backlog Item"
    assert client.get("Tailwind/_apis/wit/workitemtypecategories/Microsoft.BugCategory")["name"] == "Bug Category"
    assert client("GET", "Tailwind/_apis/wit/workitemtypecategories/Nope").status_code == 400


@pytest.mark.parametrize(
    ("name", "kind", "read_only"),
    [
        ("System.Id", "integer", True),
        ("Assigned To", "string", False),
        ("system.areapath", "treePath", False),
        ("System.Description", "html", False),
        ("System.Tags", "plainText", False),
        ("System.ChangedDate", "dateTime", True),
    ],
)
def test_a_field_by_reference_name_or_name(client: Client, name: str, kind: str, read_only: bool) -> None:
    field = client.get(f"_apis/wit/fields/{name}")
    assert (field["type"], field["readOnly"]) == (kind, read_only)
    assert client.get(f"Fabrikam/_apis/wit/fields/{name}") == field


def test_identity_and_pick_list_fields_say_so(client: Client) -> None:
    fields = {field["referenceName"]: field for field in client.get("_apis/wit/fields")["value"]}
    assert fields["System.AssignedTo"]["isIdentity"] is True
    assert fields["Microsoft.VSTS.Common.Severity"]["isPicklist"] is True
    assert client("GET", "_apis/wit/fields/Nope").status_code == 404
