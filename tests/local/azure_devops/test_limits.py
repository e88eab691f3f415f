"""How much an item may hold. The limits that are dear to reach are lowered by the rules of the simulator."""

from typing import Any

import pytest

from tests.local.azure_devops.client import Client, add, hyperlink


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("System.Title", "x" * 255, 200),
        ("System.Title", "x" * 256, 400),
        ("System.Description", "x" * 1_000_000, 200),
        ("System.Description", "x" * 1_000_001, 400),
        ("System.Tags", "; ".join(map(str, range(100))), 200),
        ("System.Tags", "; ".join(map(str, range(101))), 400),
        ("System.Tags", "x" * 400, 200),
        ("System.Tags", "x" * 401, 400),
    ],
)
def test_sizes(client: Client, field: str, value: str, status: int) -> None:
    client.create()
    assert client.patch(1, add(field, value)).status_code == status


def test_merged_tags_count_together(client: Client) -> None:
    client.control.rules(tag_limit=2)
    client.create(tags="a; b")
    assert client.patch(1, add("System.Tags", "A; B")).status_code == 200
    assert client.patch(1, add("System.Tags", "c")).status_code == 400
    assert client.item(1)["fields"]["System.Tags"] == "a; b"


def test_links(client: Client) -> None:
    client.control.rules(link_limit=2)
    client.create()
    links: list[Any] = [hyperlink(f"https://x/{number}") for number in range(3)]
    assert client.patch(1, *links).status_code == 400
    assert client.patch(1, *links[:2]).status_code == 200
    assert client.patch(1, links[2]).status_code == 400
    assert client.patch(1, add("System.Title", "still open to changes")).status_code == 200


def test_a_thousand_links_in_the_end(client: Client) -> None:
    client.create()
    client.change(1, *(hyperlink(f"https://x/{number}") for number in range(1_000)))
    assert client.patch(1, hyperlink("https://x/1000")).status_code == 400


def test_attachments(client: Client) -> None:
    client.create()
    files = [
        {"op": "add", "path": "/relations/-", "value": {"rel": "AttachedFile", "url": f"https://x/{number}"}}
        for number in range(101)
    ]
    assert client.patch(1, *files).status_code == 400
    assert client.patch(1, *files[:100]).status_code == 200


def test_areas_lie_fourteen_levels_deep_at_most(client: Client) -> None:
    path = "Fabrikam/_apis/wit/classificationnodes/areas"
    for level in range(1, 15):
        assert client("POST", path, {"name": f"L{level}"}).status_code == 201
        path += f"/L{level}"
    assert client("POST", path, {"name": "L15"}).status_code == 400
    top = client.get("Fabrikam/_apis/wit/classificationnodes/areas/L1")["id"]
    assert client("POST", "Fabrikam/_apis/wit/classificationnodes/areas/Network", {"id": top}).status_code == 400
