"""The organisation that is stopped, the policy page, and tokens that are good for some calls only."""

from typing import Any

import pytest
import requests

from infra.local.azure_devops.endpoints import ALL
from infra.local.azure_devops.scopes import needed, widened
from tests.local.azure_devops.client import Client, add
from tests.local.azure_devops.recordings import recorded

PATCH = {"Content-Type": "application/json-patch+json"}
TITLE = [add("System.Title", "x")]


def test_a_stopped_organisation_answers_as_recorded(client: Client) -> None:
    [known, *_] = [e for e in recorded("all_error_responses.json")["errors"] if e["status"] == 503]
    client.control.availability("stopped")
    answer = client("GET", "_apis/projects", headers={"Authorization": "Bearer wrong"})
    assert (answer.status_code, answer.headers["content-type"]) == (503, known["response_headers"]["content-type"])
    assert answer.content.startswith(b"\xef\xbb\xbf{")
    answer.encoding = "utf-8-sig"
    assert answer.json() | {"message": ""} == known["body"] | {"message": ""}
    assert answer.json()["message"] == known["body"]["message"].replace("AzureDevOpsCliTest", "contoso")
    recorded_header = known["response_headers"]["x-tfs-serviceerror"]
    assert answer.headers["x-tfs-serviceerror"] == recorded_header.replace("AzureDevOpsCliTest", "contoso")
    client.control.availability()
    assert client("GET", "_apis/projects").status_code == 200


@pytest.mark.parametrize("status", [203, 403])
def test_a_conditional_access_policy_answers_with_a_page(client: Client, status: int) -> None:
    client.control.availability("conditional_access", status=status)
    answer = client("PATCH", "_apis/wit/workitems/1", TITLE)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert "conditional access" in answer.text


def test_an_unknown_condition_is_refused(client: Client) -> None:
    with pytest.raises(requests.HTTPError):
        client.control.availability("tired")
    with pytest.raises(requests.HTTPError):
        client.control.token(scopes=["vso.nope"])


@pytest.mark.parametrize(
    ("scopes", "read", "query", "write", "projects", "subscribe", "people"),
    [
        (["vso.work"], 200, 200, 401, 401, 200, 401),
        (["vso.work_write"], 200, 200, 200, 401, 200, 401),
        (["vso.project"], 401, 401, 401, 200, 401, 401),
        (["vso.profile", "vso.work"], 200, 200, 401, 200, 200, 401),
        (["vso.graph"], 401, 401, 401, 401, 401, 200),
        ([], 401, 401, 401, 401, 401, 401),
    ],
)
def test_a_scope_lets_some_calls_through(
    client: Client,
    scopes: list[str],
    read: int,
    query: int,
    write: int,
    projects: int,
    subscribe: int,
    people: int,
) -> None:
    client.create()
    client.control.token(scopes=scopes)
    text = {"query": "SELECT [System.Id] FROM WorkItems"}
    refused = client("PATCH", "_apis/wit/workitems/1", TITLE, headers=PATCH)
    assert client("GET", "_apis/wit/workitems/1").status_code == read
    assert client("POST", "_apis/wit/wiql", text).status_code == query
    assert refused.status_code == write
    assert client("GET", "_apis/projects").status_code == projects
    assert client("GET", "_apis/hooks/subscriptions").status_code == subscribe
    assert client("GET", "_apis/graph/users", params={"api-version": "7.1-preview.1"}).status_code == people
    assert client("GET", "_apis/connectionData").status_code == 200
    if write == 401:
        assert refused.content == b""
        assert refused.headers["www-authenticate"].startswith("Basic realm=")


def test_scopes_belong_to_one_token(client: Client) -> None:
    client.control.token(also="reader", scopes=["vso.work"])
    headers = {"Authorization": "Bearer reader"}
    with requests.Session() as session:
        answers = [
            session.post(f"{client.url}/Fabrikam/_apis/wit/workitems/$Task?api-version=7.1", json=TITLE, headers=both)
            for both in (headers | PATCH, PATCH | {"Authorization": "Bearer local-pat"})
        ]
    assert [answer.status_code for answer in answers] == [401, 200]


def words(path: str) -> list[str]:
    """A path or template by its fixed words."""
    return [word.lower() for word in path.strip("/").split("/") if "{" not in word]


def specified() -> dict[tuple[str, tuple[str, ...]], list[set[str]]]:
    """What the specifications ask for, by method and fixed words of the path."""
    found: dict[tuple[str, tuple[str, ...]], list[set[str]]] = {}
    for area in ("wit/7.1/workItemTracking", "work/7.1/work", "core/7.1/core", "hooks/7.1/serviceHooks"):
        document: dict[str, Any] = recorded(f"specs/{area}.json")
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                asked = {scope for entry in operation.get("security", []) for each in entry.values() for scope in each}
                if asked:
                    found.setdefault((method.upper(), tuple(words(path))), []).append(asked)
    return found


def test_every_call_needs_what_the_specifications_say() -> None:
    known, checked = specified(), 0
    for endpoint in (each for module in ALL for each in module.all):
        location = endpoint.location
        path = location.template.replace("{area}", location.area).replace("{resource}", location.resource)
        for asked in known.get((endpoint.method, tuple(words(path))), []):
            assert needed(endpoint) == asked, endpoint.name
            checked += 1
    assert checked > 40


def test_wider_scopes_include_narrower_ones() -> None:
    assert widened({"vso.work_full"}) == {"vso.work", "vso.work_write", "vso.work_full"}
    assert widened({"vso.project_write", "vso.graph"}) == {"vso.project", "vso.project_write", "vso.graph"}
