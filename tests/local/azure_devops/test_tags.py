"""The tags of a project: listed, renamed, deleted. Items follow."""

import pytest

from tests.local.azure_devops.client import Client

TAGS = "Fabrikam/_apis/wit/tags"


def test_listing_and_reading(client: Client) -> None:
    client.create(tags="Beta; alpha")
    client.create(tags="ALPHA", project="Tailwind")
    listed = client.get(TAGS)["value"]
    assert [tag["name"] for tag in listed] == ["alpha", "Beta"]
    assert client.get(f"{TAGS}/beta") == client.get(f"{TAGS}/{listed[1]['id']}") == listed[1]
    assert client.get("Tailwind/_apis/wit/tags")["value"][0]["name"] == "ALPHA"


def test_items_follow_a_renamed_tag_without_a_revision(client: Client) -> None:
    client.create(tags="alpha; beta")
    client.create(tags="alpha", project="Tailwind")
    assert client("PATCH", f"{TAGS}/alpha", {"name": "Gamma"}).json()["name"] == "Gamma"
    item = client.item(1)
    assert (item["fields"]["System.Tags"], item["rev"]) == ("Gamma; beta", 1)
    assert client.item(2)["fields"]["System.Tags"] == "alpha"
    assert client.query("[System.Tags] CONTAINS 'gamma'") == [1]


def test_items_lose_a_deleted_tag(client: Client) -> None:
    client.create(tags="alpha; beta")
    client.create(tags="alpha")
    assert client("DELETE", f"{TAGS}/ALPHA").status_code == 204
    assert client.item(1)["fields"]["System.Tags"] == "beta"
    assert "System.Tags" not in client.item(2)["fields"]
    assert [tag["name"] for tag in client.get(TAGS)["value"]] == ["beta"]


@pytest.mark.parametrize(
    ("method", "name", "body", "status"),
    [
        ("GET", "nope", None, 404),
        ("DELETE", "nope", None, 404),
        ("PATCH", "alpha", {"name": "beta"}, 409),
        ("PATCH", "alpha", {"name": "a; b"}, 400),
        ("PATCH", "alpha", {}, 400),
        ("PATCH", "alpha", {"name": "ALPHA"}, 200),
    ],
)
def test_answers(client: Client, method: str, name: str, body: object, status: int) -> None:
    client.create(tags="alpha; beta")
    assert client(method, f"{TAGS}/{name}", body).status_code == status
