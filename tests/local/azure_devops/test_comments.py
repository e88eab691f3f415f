"""Comments: preview only, counted, each a revision of its item."""

import pytest

from tests.local.azure_devops.client import Client, add

PREVIEW = {"api-version": "7.1-preview.4"}
COMMENTS = "Fabrikam/_apis/wit/workItems/1/comments"


def test_a_comment_counts_and_makes_a_revision(client: Client) -> None:
    client.create()
    answer = client("POST", COMMENTS, {"text": "Called the office"}, params=PREVIEW)
    assert answer.status_code == 200
    comment = answer.json()
    assert (comment["workItemId"], comment["version"], comment["text"]) == (1, 1, "Called the office")
    assert comment["createdBy"]["uniqueName"] == "boardbridge@contoso.com"
    item = client.item(1)
    assert (item["rev"], item["fields"]["System.CommentCount"]) == (2, 1)
    assert item["fields"]["System.History"] == "Called the office"
    assert comment["createdDate"] == item["fields"]["System.ChangedDate"]
    assert client.get(f"{COMMENTS}/{comment['id']}", **PREVIEW) == comment


def test_comments_are_listed_newest_first_and_paged(client: Client) -> None:
    client.create()
    for number in range(5):
        client("POST", COMMENTS, {"text": str(number)}, params=PREVIEW)
    client.change(1, add("System.History", "5"))
    first = client.get(COMMENTS, **PREVIEW, **{"$top": 4})
    assert (first["totalCount"], first["count"]) == (6, 4)
    rest = client.get(COMMENTS, **PREVIEW, continuationToken=first["continuationToken"])
    assert [c["text"] for c in first["comments"] + rest["comments"]] == ["5", "4", "3", "2", "1", "0"]
    assert "continuationToken" not in rest
    oldest = client.get(COMMENTS, **PREVIEW, order="asc")
    assert [c["text"] for c in oldest["comments"]] == ["0", "1", "2", "3", "4", "5"]


def test_changing_and_deleting_a_comment(client: Client) -> None:
    client.create()
    id = client("POST", COMMENTS, {"text": "a"}, params=PREVIEW).json()["id"]
    changed = client("PATCH", f"{COMMENTS}/{id}", {"text": "b"}, params=PREVIEW).json()
    assert (changed["text"], changed["version"]) == ("b", 2)
    assert client("DELETE", f"{COMMENTS}/{id}", params=PREVIEW).status_code == 204
    assert client("GET", f"{COMMENTS}/{id}", params=PREVIEW).status_code == 404
    assert client.get(COMMENTS, **PREVIEW)["totalCount"] == 0
    assert client.item(1)["fields"]["System.CommentCount"] == 0
    assert client.get(COMMENTS, **PREVIEW, includeDeleted="true")["comments"][0]["isDeleted"] is True


def test_markdown_comments_say_so(client: Client) -> None:
    client.create()
    params = {"api-version": "7.2-preview.4", "format": "markdown"}
    assert client("POST", COMMENTS, {"text": "# a"}, params=params).json()["format"] == "markdown"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (COMMENTS, {}, 400),
        (COMMENTS, {"text": ""}, 400),
        (COMMENTS.replace("/1/", "/9/"), {"text": "x"}, 404),
        (COMMENTS.replace("Fabrikam", "Tailwind"), {"text": "x"}, 404),
    ],
)
def test_refusals(client: Client, path: str, body: dict[str, str], status: int) -> None:
    client.create()
    assert client("POST", path, body, params=PREVIEW).status_code == status
    assert client.item(1)["rev"] == 1
