"""Files: uploaded, linked to an item, read again."""

import pytest
import requests

from tests.local.azure_devops.client import Client


def upload(client: Client, content: bytes, *, scope: str = "", **params: str) -> requests.Response:
    return client.session.post(
        f"{client.url}/{scope}_apis/wit/attachments",
        data=content,
        params={"api-version": "7.1"} | params,
        headers={"Content-Type": "application/octet-stream"},
        timeout=10,
    )


@pytest.mark.parametrize("scope", ["", "Fabrikam/"])
def test_a_file_goes_up_and_comes_back(client: Client, scope: str) -> None:
    answer = upload(client, b"\x00screen\xff", scope=scope, fileName="screen shot.png")
    assert answer.status_code == 201
    made = answer.json()
    assert made["url"].endswith(f"{made['id']}?fileName=screen%20shot.png")
    back = client.session.get(made["url"] + "&download=true", timeout=10)
    assert (back.content, back.headers["content-type"]) == (b"\x00screen\xff", "application/octet-stream")
    assert "screen%20shot.png" in back.headers["content-disposition"]


def test_a_linked_file_makes_a_revision_and_shows_its_size(client: Client) -> None:
    client.create()
    url = upload(client, b"12345", fileName="log.txt").json()["url"]
    value = {"rel": "AttachedFile", "url": url, "attributes": {"comment": "the log"}}
    assert client.change(1, {"op": "add", "path": "/relations/-", "value": value})["rev"] == 2
    [relation] = client.item(1, **{"$expand": "relations"})["relations"]
    assert (relation["rel"], relation["url"]) == ("AttachedFile", url)
    shown = relation["attributes"]
    assert (shown["name"], shown["resourceSize"], shown["comment"]) == ("log.txt", 5, "the log")
    assert client.item(1, fields="System.AttachedFileCount")["fields"] == {"System.AttachedFileCount": 1}


def test_refusals(client: Client) -> None:
    assert client("GET", "_apis/wit/attachments/3b0c1fc5-2a19-4b0e-8e0a-0a8a4c6d6f1e").status_code == 404
    assert upload(client, b"", uploadType="Chunked").status_code == 400
