"""What is not known of the real service can be switched, so that a client can be tried both ways."""

from typing import Any

import pytest

from tests.local.azure_devops.client import Client

AREAS = "Fabrikam/_apis/wit/classificationnodes/areas"


def create_with_plain_json(client: Client) -> int:
    return client("POST", "Fabrikam/_apis/wit/workitems/$Task", [{"op": "add"}]).status_code


def create_area(client: Client) -> int:
    return client("POST", AREAS, {"name": "New"}).status_code


def delete_item(client: Client) -> int:
    client.create()
    return client("DELETE", "_apis/wit/workitems/1").status_code


@pytest.mark.parametrize(
    ("rule", "call", "usual", "other"),
    [
        ("wrong_content_type_status", create_with_plain_json, 400, 415),
        ("node_create_status", create_area, 201, 200),
        ("delete_status", delete_item, 200, 204),
    ],
)
@pytest.mark.parametrize("switched", [False, True])
def test_statuses(client: Client, rule: str, call: Any, usual: int, other: int, switched: bool) -> None:
    if switched:
        client.control.rules(**{rule: other})
    assert call(client) == (other if switched else usual)


@pytest.mark.parametrize(("kept", "order"), [(True, [2, 3, 1]), (False, [1, 2, 3])])
def test_the_order_of_a_list(client: Client, kept: bool, order: list[int]) -> None:
    client.control.rules(lists_keep_order=kept)
    for _ in range(3):
        client.create()
    assert [item["id"] for item in client.get("_apis/wit/workitems", ids="2,3,1")["value"]] == order
    batch = client("POST", "_apis/wit/workitemsbatch", {"ids": [2, 3, 1]}).json()
    assert [item["id"] for item in batch["value"]] == order
