"""Deleted items: gone from every answer, kept in the bin, back when restored."""

import re

from tests.local.azure_devops.client import Client, add


def test_delete_and_restore(client: Client) -> None:
    client.create()
    client.create()
    deleted = client("DELETE", "Fabrikam/_apis/wit/workitems/1")
    assert deleted.status_code == 200
    body = deleted.json()
    assert (body["id"], body["type"], body["name"], body["code"]) == (1, "Task", "Router is down", 200)
    assert (body["resource"]["id"], body["deletedBy"]) == (1, "Boardbridge Service <boardbridge@contoso.com>")
    assert re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d [AP]M", body["deletedDate"])

    answer = client("GET", "_apis/wit/workitems/1")
    assert (answer.status_code, answer.json()["message"]) == (
        404,
        "TF401232: Work item 1 does not exist, or you do not have permissions to read it.",
    )
    assert client.patch(1, add("System.Title", "b")).status_code == 404
    assert client.query("[System.Id] > 0") == [2]

    assert [entry["id"] for entry in client.get("_apis/wit/recyclebin")["value"]] == [1]
    assert client.get("Tailwind/_apis/wit/recyclebin")["value"] == []
    assert client.get("_apis/wit/recyclebin", ids="1,2")["value"][0]["name"] == "Router is down"
    assert client.get("_apis/wit/recyclebin/1")["id"] == 1

    assert client("PATCH", "_apis/wit/recyclebin/1", {"isDeleted": True}).status_code == 400
    assert client("PATCH", "_apis/wit/recyclebin/1", {"isDeleted": False}).status_code == 200
    assert client.item(1)["rev"] == 3
    assert client("GET", "_apis/wit/recyclebin/1").status_code == 404


def test_destroy(client: Client) -> None:
    for _ in range(3):
        client.create()
    client.change(1, client.link("System.LinkTypes.Related", 2), client.link("System.LinkTypes.Related", 3))
    client("DELETE", "_apis/wit/workitems/2")
    assert client("DELETE", "_apis/wit/recyclebin/2").status_code == 204
    assert client("DELETE", "_apis/wit/workitems/3", params={"destroy": "true"}).status_code == 200
    assert client.get("_apis/wit/recyclebin")["value"] == []
    added = client.get("_apis/wit/workitems/1/updates")["value"][1]["relations"]["added"]
    assert sorted(relation["url"][-1] for relation in added) == ["2", "3"]
    assert "relations" not in client.item(1, **{"$expand": "relations"})
    assert client("PATCH", "_apis/wit/recyclebin/2", {"isDeleted": False}).status_code == 404


def test_many_at_once_all_or_none(client: Client) -> None:
    for _ in range(3):
        client.create()
    path = "_apis/wit/workitemsdelete"
    assert client("POST", path, {"ids": [1, 9]}).status_code == 404
    assert client.query("[System.Id] > 0") == [1, 2, 3]
    answer = client("POST", path, {"ids": [1, 2]})
    assert (answer.status_code, [each["id"] for each in answer.json()["results"]]) == (200, [1, 2])
    assert [entry["id"] for entry in client.get("_apis/wit/recyclebin")["value"]] == [1, 2]
    assert client("POST", path, {"ids": [3], "destroy": True}).status_code == 200
    assert [entry["id"] for entry in client.get("_apis/wit/recyclebin")["value"]] == [1, 2]
    assert client("POST", path, {"ids": list(range(1, 202))}).status_code == 400
    assert client("POST", path, {}).status_code == 400


def test_a_project_deletes_only_its_own(client: Client) -> None:
    client.create()
    client.create(project="Tailwind")
    assert client("POST", "Tailwind/_apis/wit/workitemsdelete", {"ids": [1, 2]}).status_code == 404
    assert client.query("[System.Id] > 0") == [1, 2]
