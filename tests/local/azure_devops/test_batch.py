"""`$batch`: each request alone, answers as strings, negative ids for what is made on the way."""

import json
from typing import Any

import pytest
import requests

from tests.local.azure_devops.client import JSON_PATCH, Client, add, expect_rev

PARENT = "System.LinkTypes.Hierarchy-Reverse"


def create(*operations: Any, kind: str = "Task") -> dict[str, Any]:
    uri = f"/Fabrikam/_apis/wit/workitems/${kind}?api-version=7.1"
    return {"method": "PATCH", "uri": uri, "headers": JSON_PATCH, "body": list(operations)}


def change(item: int, *operations: Any) -> dict[str, Any]:
    uri = f"/_apis/wit/workitems/{item}?api-version=7.1"
    return {"method": "PATCH", "uri": uri, "headers": JSON_PATCH, "body": list(operations)}


def send(client: Client, *requests: dict[str, Any], method: str = "PATCH") -> list[tuple[int, Any]]:
    answer = client(method, "_apis/wit/$batch", list(requests))
    assert answer.status_code == 200, answer.text
    assert answer.json()["count"] == len(requests)
    return [(entry["code"], json.loads(entry["body"])) for entry in answer.json()["value"]]


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_each_request_succeeds_or_fails_alone(client: Client, method: str) -> None:
    client.create()
    answers = send(
        client,
        change(1, expect_rev(1), add("System.Title", "b")),
        change(1, expect_rev(1), add("System.Title", "c")),
        change(99, add("System.Title", "d")),
        create(add("System.Title", "e")),
        create(add("System.Title", "f"), kind="Nope"),
        method=method,
    )
    assert [code for code, _ in answers] == [200, 412, 404, 200, 404]
    assert (answers[0][1]["rev"], answers[3][1]["id"]) == (2, 2)
    assert answers[1][1]["typeKey"] == "TestPatchOperationFailedException"
    assert client.item(1)["fields"]["System.Title"] == "b"


def test_negative_ids_name_items_of_the_same_batch(client: Client) -> None:
    answers = send(
        client,
        create({"op": "add", "path": "/id", "value": -1}, add("System.Title", "parent"), kind="User Story"),
        create(
            {"op": "add", "path": "/id", "value": -2},
            add("System.Title", "child"),
            {
                "op": "add",
                "path": "/relations/-",
                "value": {"rel": PARENT, "url": f"{client.url}/_apis/wit/workitems/-1"},
            },
        ),
    )
    assert [(code, body["id"]) for code, body in answers] == [(200, 1), (200, 2)]
    assert client.item(2, fields="System.Parent")["fields"] == {"System.Parent": 1}


def test_verbs_in_any_case_and_temporary_ids_in_quotes(client: Client) -> None:
    """As Microsoft's MCP server writes them."""
    text = {"op": "Add", "path": "/fields/System.Title", "value": "parent"}
    [(code, made)] = send(client, create({"op": "Add", "path": "/id", "value": "-1"}, text, kind="User Story"))
    assert (code, made["fields"]["System.Title"]) == (200, "parent")


def test_a_negative_id_means_nothing_outside_its_batch(client: Client) -> None:
    send(client, create({"op": "add", "path": "/id", "value": -1}, add("System.Title", "parent")))
    [(code, _)] = send(client, change(1, client.link(PARENT, -1)))
    assert code == 404


def test_every_inner_request_needs_its_version_and_content_type(client: Client) -> None:
    client.create()
    bare = change(1, add("System.Title", "b"))
    without = [bare | {"uri": "/_apis/wit/workitems/1"}, bare | {"headers": {}}]
    assert [code for code, _ in send(client, *without)] == [400, 400]


def test_inner_requests_are_counted_and_struck_by_faults(client: Client) -> None:
    client.create()
    client.create()
    client.control.fault(call="work_items.update", item=2, status=503)
    client.control.forget_requests()
    answers = send(client, change(1, add("System.Title", "b")), change(2, add("System.Title", "b")))
    assert [code for code, _ in answers] == [200, 503]
    assert client.control.counts() == {"batch": 1, "work_items.update": 2}


@pytest.mark.parametrize("body", [{}, [1], "x"])
def test_the_body_must_be_a_list_of_requests(client: Client, body: Any) -> None:
    assert client("PATCH", "_apis/wit/$batch", body).status_code == 400


def test_an_inner_request_that_is_dropped_takes_the_whole_call_with_it(client: Client) -> None:
    client.create()
    client.create()
    client.control.fault(call="work_items.update", item=2, status="drop")
    with pytest.raises(requests.ConnectionError):
        send(client, change(1, add("System.Title", "b")), change(2, add("System.Title", "b")))
    assert [client.item(id)["rev"] for id in (1, 2)] == [2, 1]
