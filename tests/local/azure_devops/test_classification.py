"""Areas and iterations: the trees, and what happens to the items in them."""

from typing import Any

import pytest

from tests.local.azure_devops.client import Client

NODES = "Fabrikam/_apis/wit/classificationnodes"


def names(node: dict[str, Any]) -> list[str]:
    return [child["name"] for child in node.get("children", [])]


def test_the_roots(client: Client) -> None:
    area, iteration = client.get(NODES)["value"]
    assert (area["structureType"], area["path"], area["hasChildren"]) == ("area", "\\Fabrikam\\Area", True)
    assert (iteration["structureType"], iteration["path"]) == ("iteration", "\\Fabrikam\\Iteration")
    assert "_links" not in area
    assert "children" not in area


def test_the_seed(client: Client) -> None:
    area, iteration = client.get(NODES, **{"$depth": 2})["value"]
    assert names(area) == ["Network", "Service Desk", "Platform", "Triage", "PMO"]
    assert len(names(iteration)) == 5
    assert iteration["children"][1]["attributes"]["startDate"].endswith("T00:00:00Z")
    area = client.get("Tailwind/_apis/wit/classificationnodes/areas", **{"$depth": 1})
    assert names(area) == ["Web", "Data", "Triage"]


@pytest.mark.parametrize("path", ["Service%20Desk", "service desk", "%5CService%20Desk"])
def test_get_by_path(client: Client, path: str) -> None:
    node = client.get(f"{NODES}/areas/{path}")
    project = client.get("_apis/projects/Fabrikam")["id"]
    url = f"{client.url}/{project}/_apis/wit/classificationNodes/Areas/Service%20Desk"
    assert (node["path"], node["url"]) == ("\\Fabrikam\\Area\\Service Desk", url)
    assert node["_links"] == {"self": {"href": url}, "parent": {"href": url.rpartition("/")[0]}}


def test_get_by_ids(client: Client) -> None:
    area, iteration = client.get(NODES)["value"]
    found = client.get(NODES, ids=f"{iteration['id']},{area['id']}")["value"]
    assert [node["structureType"] for node in found] == ["iteration", "area"]


def test_create_nested_and_use(client: Client) -> None:
    answer = client("POST", f"{NODES}/areas/Network", {"name": "Core"})
    assert (answer.status_code, answer.json()["path"]) == (201, "\\Fabrikam\\Area\\Network\\Core")
    answer = client("POST", f"{NODES}/areas/%5CNetwork%5CCore", {"name": "Lab"})
    assert answer.json()["path"] == "\\Fabrikam\\Area\\Network\\Core\\Lab"
    item = client.create(area="fabrikam\\network\\core\\LAB")
    assert item["fields"]["System.AreaPath"] == "Fabrikam\\Network\\Core\\Lab"
    levels = client.item(1, **{"$expand": "all"})["fields"]
    assert [levels.get(f"System.AreaLevel{n}") for n in (1, 2, 3, 4)] == ["Fabrikam", "Network", "Core", "Lab"]
    assert (levels["System.NodeName"], levels["System.AreaId"]) == ("Lab", answer.json()["id"])


def test_create_an_iteration_with_dates(client: Client) -> None:
    attributes = {"startDate": "2026-03-02T00:00:00Z", "finishDate": "2026-03-13"}
    node = client("POST", f"{NODES}/iterations", {"name": "Release", "attributes": attributes}).json()
    assert node["attributes"] == {"startDate": "2026-03-02T00:00:00Z", "finishDate": "2026-03-13T00:00:00Z"}


def test_a_name_is_used_once_below_a_parent(client: Client) -> None:
    assert client("POST", f"{NODES}/areas", {"name": "network"}).status_code == 409
    assert client("PATCH", f"{NODES}/areas/Network", {"name": "Triage"}).status_code == 409
    assert client("PATCH", f"{NODES}/areas/Network", {"name": "NETWORK"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "areas/Nope", None, 404),
        ("GET", "other", None, 400),
        ("POST", "areas", {}, 400),
        ("POST", "areas", {"id": 999}, 404),
        ("DELETE", "areas/Nope", None, 404),
    ],
)
def test_refusals(client: Client, method: str, path: str, body: Any, status: int) -> None:
    assert client(method, f"{NODES}/{path}", body).status_code == status


@pytest.mark.parametrize("change", ["rename", "move"])
def test_items_follow_a_renamed_or_moved_node_without_a_revision(client: Client, change: str) -> None:
    client("POST", f"{NODES}/areas/Network", {"name": "Core"})
    client.create(area="Fabrikam\\Network\\Core")
    client.create(area="Fabrikam\\Network")
    if change == "rename":
        answer = client("PATCH", f"{NODES}/areas/Network", {"name": "Net"})
        expected = ["Fabrikam\\Net\\Core", "Fabrikam\\Net"]
    else:
        core = client.get(f"{NODES}/areas/Network/Core")["id"]
        answer = client("POST", f"{NODES}/areas/Platform", {"id": core})
        expected = ["Fabrikam\\Platform\\Core", "Fabrikam\\Network"]
    assert answer.status_code == 200
    items = [client.item(1), client.item(2)]
    assert [item["fields"]["System.AreaPath"] for item in items] == expected
    assert [item["rev"] for item in items] == [1, 1]


def test_a_node_cannot_move_below_itself(client: Client) -> None:
    client("POST", f"{NODES}/areas/Network", {"name": "Core"})
    network = client.get(f"{NODES}/areas/Network")["id"]
    assert client("POST", f"{NODES}/areas/Network/Core", {"id": network}).status_code == 400


def test_delete_reclassifies_items(client: Client) -> None:
    client.create(area="Fabrikam\\Network")
    platform = client.get(f"{NODES}/areas/Platform")["id"]
    answer = client("DELETE", f"{NODES}/areas/Network", params={"$reclassifyId": platform})
    assert (answer.status_code, answer.content) == (204, b"")
    item = client.item(1)
    assert (item["fields"]["System.AreaPath"], item["rev"]) == ("Fabrikam\\Platform", 2)
    assert client("GET", f"{NODES}/areas/Network").status_code == 404
    values = client.get("Fabrikam/Network/_apis/work/teamsettings/teamfieldvalues")
    assert (values["defaultValue"], values["values"]) == (None, [])


def test_dates_are_set_changed_and_taken_away(client: Client) -> None:
    path = f"{NODES}/iterations/Sprint 5"
    body = {"attributes": {"startDate": "2026-03-02T00:00:00Z", "finishDate": "2026-03-13T00:00:00Z"}}
    assert client("PATCH", path, body).json()["attributes"] == body["attributes"]
    later = {"attributes": {"finishDate": "2026-03-20T00:00:00Z"}}
    assert client("PATCH", path, later).json()["attributes"] == body["attributes"] | later["attributes"]
    gone = {"attributes": {"startDate": None, "finishDate": None}}
    assert "attributes" not in client("PATCH", path, gone).json()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "areas", {"name": "a/b"}),
        ("POST", "areas", {"name": "a\\b"}),
        ("POST", "areas", {"name": "x" * 256}),
        ("PATCH", "areas/Network", {"name": "what?"}),
        ("PATCH", "areas", {"name": "Another"}),
        ("DELETE", "areas", None),
        ("PATCH", "iterations/Sprint 1", {"attributes": {"startDate": "2026-03-02", "finishDate": "2026-03-01"}}),
        ("PATCH", "iterations/Sprint 1", {"name": "Other", "attributes": {"startDate": "soon"}}),
    ],
)
def test_changes_that_do_not_fit_change_nothing(client: Client, method: str, path: str, body: Any) -> None:
    before = client.get(NODES, **{"$depth": 3})
    assert client(method, f"{NODES}/{path}", body).status_code in (400, 404, 405)
    assert client.get(NODES, **{"$depth": 3}) == before


def test_team_areas_follow_a_renamed_node(client: Client) -> None:
    client("PATCH", f"{NODES}/areas/Network", {"name": "Net"})
    values = client.get("Fabrikam/Network/_apis/work/teamsettings/teamfieldvalues")
    assert (values["defaultValue"], values["values"][0]["value"]) == ("Fabrikam\\Net", "Fabrikam\\Net")
