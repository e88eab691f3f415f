"""Answers beside recorded ones of the real service: the same keys in the same places, the same words in errors."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.local.azure_devops.client import Client, add, expect_rev
from tests.local.azure_devops.recordings import recorded


def shape(value: Any) -> Any:
    """Keys in their order and kinds of values; of a list, its first element."""
    if isinstance(value, dict):
        return [(key, shape(element)) for key, element in value.items()]
    if isinstance(value, list):
        return [shape(element) for element in value[:1]]
    return type(value).__name__


def test_a_query_and_the_list_behind_it(client: Client) -> None:
    exchanges = recorded("test_queryShow.json")["interactions"]
    client.create("Test", project="Tailwind")
    client.create("Test2", project="Tailwind")
    query, listing = exchanges[2], exchanges[1]
    text = re.sub("'WorkItem[^']*'", "'Tailwind'", query["request"]["body"]["query"])
    answer = client("POST", "_apis/wit/wiql", {"query": text})
    assert answer.status_code == query["response"]["status"]
    assert shape(answer.json()) == shape(query["response"]["body"])
    fields = parse_qs(urlsplit(listing["request"]["url"]).query)["fields"][0]
    answer = client("GET", "_apis/wit/workItems", params={"ids": "1,2", "fields": fields})
    assert shape(answer.json()) == shape(listing["response"]["body"])


def test_errors_of_missing_things(client: Client) -> None:
    create, delete = recorded("test_workItemCreateShowUpdateDelete.json")["interactions"]
    name = create["request"]["url"].split("/")[4]
    answer = client.post_item(create["request"]["body"], project=name)
    assert (answer.status_code, answer.json()) == (create["response"]["status"], create["response"]["body"])
    assert answer.headers["content-type"] == create["response"]["headers"]["content-type"]
    answer = client("DELETE", f"{name}/_apis/wit/workItems/0", params={"destroy": "false"})
    assert answer.status_code == delete["response"]["status"]
    assert answer.headers["content-type"] == delete["response"]["headers"]["content-type"]
    assert answer.text == delete["response"]["body"].replace("'/", "'/contoso/")


def plain(message: str) -> str:
    """A message without its numbers, names and quoted values."""
    return re.sub(r"'[^']*'|\d+", "_", message.partition(": ")[2] or message)


@pytest.mark.parametrize(
    ("typed", "provoke"),
    [
        ("WorkItemFieldInvalidException", [add("System.AssignedTo", "x@y")]),
        ("WorkItemFieldInvalidTreeNameException", [add("System.AreaPath", "Nope")]),
    ],
)
def test_errors_of_a_write(client: Client, typed: str, provoke: list[Any]) -> None:
    [known] = [e for e in recorded("error_bodies.json")["errors"] if e["body"].get("typeKey") == typed]
    answer = client.post_item([add("System.Title", "x"), *provoke])
    assert answer.status_code == known["status"]
    body = answer.json()
    assert plain(body["message"]) == plain(known["body"]["message"])
    for key in ("typeName", "typeKey", "errorCode", "eventId"):
        assert key not in known["body"] or body[key] == known["body"][key]


def described(value: Any) -> Iterator[dict[str, Any]]:
    """Every work item type somewhere inside a recorded answer that Microsoft made and nobody changed."""
    if isinstance(value, dict):
        if value.get("customization") == "system" and "states" in value:
            yield value
        for element in value.values():
            yield from described(element)
    elif isinstance(value, list):
        for element in value:
            yield from described(element)


@pytest.mark.parametrize("kind", ["User Story", "Task", "Bug", "Test Case"])
def test_types_of_the_agile_process(client: Client, kind: str) -> None:
    known = next(each for each in described(recorded("consumer-payloads.json")) if each["name"] == kind)
    shown = client.get(f"Fabrikam/_apis/wit/workitemtypes/{kind}")
    assert (shown["referenceName"], shown["color"], shown["icon"]["id"]) == (
        known["referenceName"],
        known["color"],
        known["icon"],
    )
    assert [(state["name"], state["color"], state["category"]) for state in shown["states"]] == [
        (state["name"], state["color"], state["stateCategory"]) for state in known["states"]
    ]


def test_every_error_envelope_has_the_recorded_keys(client: Client) -> None:
    keys = {"$id", "innerException", "message", "typeName", "typeKey", "errorCode", "eventId"}
    for error in recorded("all_error_responses.json")["errors"]:
        if isinstance(error["body"], dict) and "$id" in error["body"]:
            assert error["body"].keys() - {"customProperties"} == keys
    client.create()
    for answer in (
        client.patch(1, expect_rev(9)),
        client.patch(1, add("System.State", "Nope")),
        client("GET", "_apis/wit/workitems/9"),
        client("POST", "_apis/wit/wiql", {"query": "nonsense"}),
    ):
        assert answer.json().keys() - {"customProperties"} == keys
