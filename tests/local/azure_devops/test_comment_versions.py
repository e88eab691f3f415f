"""What became of a comment: its earlier versions, its format, the reactions to it."""

from typing import Any

import pytest

from tests.local.azure_devops.client import Client

COMMENTS = "Fabrikam/_apis/wit/workItems/1/comments"
PREVIEW = {"api-version": "7.2-preview.4"}


@pytest.fixture
def comment(client: Client) -> str:
    """The address of a comment that was written as Markdown and changed once."""
    client.create()
    made = client("POST", COMMENTS, {"text": "*first*"}, params=PREVIEW | {"format": "markdown"})
    path = f"{COMMENTS}/{made.json()['id']}"
    assert client("PATCH", path, {"text": "*second*"}, params=PREVIEW).json()["format"] == "markdown"
    return path


def test_versions_latest_first(client: Client, comment: str) -> None:
    listed = client.get(f"{comment}/versions", **PREVIEW)["value"]
    assert [(each["version"], each["text"]) for each in listed] == [(2, "*second*"), (1, "*first*")]
    assert client.get(f"{comment}/versions/1", **PREVIEW) == listed[1]
    assert client("GET", f"{comment}/versions/3", params=PREVIEW).status_code == 404


def test_a_deleted_comment_is_read_only_when_asked_for(client: Client, comment: str) -> None:
    assert client("DELETE", comment, params=PREVIEW).status_code == 204
    assert client("GET", comment, params=PREVIEW).status_code == 404
    assert client.get(comment, includeDeleted="true", **PREVIEW)["isDeleted"] is True
    assert client.get(f"{comment}/versions", **PREVIEW)["count"] == 2


def test_some_comments_by_id(client: Client, comment: str) -> None:
    other = client("POST", COMMENTS, {"text": "other"}, params=PREVIEW).json()["id"]
    found = client.get(COMMENTS, ids=str(other), **PREVIEW)
    assert [each["text"] for each in found["comments"]] == ["other"]


@pytest.mark.parametrize("kind", ["like", "HEART", "0"])
def test_reactions_make_no_revision(client: Client, comment: str, kind: str) -> None:
    before, preview = client.item(1)["rev"], {"api-version": "7.1-preview.1"}
    path = f"{comment}/reactions/{kind}"
    for _ in range(2):
        added: Any = client("PUT", path, params=preview).json()
        assert (added["count"], added["isCurrentUserEngaged"]) == (1, True)
    assert [each["type"] for each in client.get(f"{comment}/reactions", **preview)["value"]] == [added["type"]]
    assert client.get(f"{path}/users", **preview)["value"][0]["displayName"] == "Boardbridge Service"
    assert client("DELETE", path, params=preview).json()["count"] == 0
    assert client.get(f"{comment}/reactions", **preview)["value"] == []
    assert client.item(1)["rev"] == before


def test_refusals(client: Client, comment: str) -> None:
    preview = {"api-version": "7.1-preview.1"}
    assert client("PUT", f"{comment}/reactions/shrug", params=preview).status_code == 400
    assert client("PATCH", comment, {"text": "x"}, params=PREVIEW | {"format": "rtf"}).status_code == 400
    assert client.get(comment, **PREVIEW)["version"] == 2
