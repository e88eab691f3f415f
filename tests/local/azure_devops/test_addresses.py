"""Routing, versions, headers: what holds for every call."""

import pytest

from tests.local.azure_devops.client import Client


@pytest.mark.parametrize(
    ("method", "version", "key"),
    [
        ("POST", None, "VssVersionNotSpecifiedException"),
        ("POST", "9.9", "VssVersionOutOfRangeException"),
        ("POST", "seven", "VssVersionOutOfRangeException"),
        ("POST", "7.1", None),
        ("POST", "7.1-preview", None),
        ("POST", "7.1-preview.2", None),
        ("POST", "5.0", None),
        ("POST", "7.2", "VssInvalidPreviewVersionException"),
        ("POST", "7.2-preview.2", None),
        ("GET", None, None),
    ],
)
def test_versions(client: Client, method: str, version: str | None, key: str | None) -> None:
    params = {"api-version": version} if version else {"api-version": None}
    path = "_apis/projects" if method == "GET" else "Fabrikam/_apis/wit/artifacturiquery"
    body = None if method == "GET" else {"artifactUris": []}
    answer = client(method, path, body, params=params)
    assert (answer.status_code, answer.json().get("typeKey")) == ((400, key) if key else (200, None))


def test_the_version_may_be_in_accept_and_is_echoed(client: Client) -> None:
    accept = {"Accept": "application/json;api-version=7.1-preview.2"}
    answer = client("GET", "_apis/projects", params={"api-version": None}, headers=accept)
    assert answer.headers["content-type"] == "application/json; charset=utf-8; api-version=7.1-preview.2"


def test_comments_are_preview_only(client: Client) -> None:
    item = client.create()["id"]
    answer = client("GET", f"Fabrikam/_apis/wit/workItems/{item}/comments")
    assert (answer.status_code, answer.json()["typeKey"]) == (400, "VssInvalidPreviewVersionException")


@pytest.mark.parametrize(
    "path", ["_apis/wit/workItems/0", "_apis/wit/workItems/x", "_apis/wit/nothing", "_apis/x", "x"]
)
def test_an_address_that_does_not_exist_is_plain_text(client: Client, path: str) -> None:
    answer = client("GET", path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == (
        f"The controller for path '/contoso/{path}' was not found or does not implement IController."
    )
    assert "x-tfs-serviceerror" in answer.headers


def test_a_method_that_does_not_exist(client: Client) -> None:
    answer = client("PUT", "_apis/projects")
    assert (answer.status_code, answer.json()["value"]["Message"]) == (
        405,
        "The requested resource does not support http method 'PUT'.",
    )


def test_another_organisation_is_not_here(client: Client) -> None:
    url = client.url.replace("/contoso", "/other")
    assert client.session.get(f"{url}/_apis/projects", timeout=10).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "_apis/wit/workitems/1",
        "_APIS/WIT/WorkItems/1",
        "fabrikam/_apis/wit/workItems/1",
        "Fabrikam/_apis/wit/workItems/1/",
    ],
)
def test_words_of_an_address_ignore_case(client: Client, path: str) -> None:
    client.create()
    assert client("GET", path).json()["id"] == 1


def test_an_unknown_project(client: Client) -> None:
    answer = client("GET", "Nope/_apis/wit/workitemtypes")
    assert answer.status_code == 404
    assert answer.json() == {
        "$id": "1",
        "innerException": None,
        "message": "TF200016: The following project does not exist: Nope. Verify that the name of the project is "
        "correct and that the project exists on the specified Azure DevOps Server.",
        "typeName": "Microsoft.TeamFoundation.Core.WebApi.ProjectDoesNotExistWithNameException, "
        "Microsoft.TeamFoundation.Core.WebApi",
        "typeKey": "ProjectDoesNotExistWithNameException",
        "errorCode": 0,
        "eventId": 3000,
    }


def test_headers_of_every_answer(client: Client) -> None:
    answer = client("GET", "_apis/projects", headers={"X-TFS-Session": "abc"})
    assert answer.headers["x-tfs-session"] == "abc"
    assert answer.headers["activityid"] == answer.headers["x-vss-e2eid"]
    assert answer.headers["x-vss-userdata"].endswith(":boardbridge@contoso.com")
    assert answer.headers["x-ratelimit-cost"] == "0.014"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_a_patch_needs_its_content_type(client: Client, content_type: str) -> None:
    answer = client("POST", "Fabrikam/_apis/wit/workitems/$Task", [], headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["typeKey"]) == (400, "VssRequestContentTypeNotSupportedException")


def test_discovery_lists_every_resource_once(client: Client) -> None:
    listed = client("OPTIONS", "_apis").json()["value"]
    by_id = {location["id"]: location for location in listed}
    assert len(by_id) == len(listed)
    assert by_id["72c7ddf8-2cdc-4f60-90cd-ab71c14a399b"] == {
        "id": "72c7ddf8-2cdc-4f60-90cd-ab71c14a399b",
        "area": "wit",
        "resourceName": "workItems",
        "routeTemplate": "{project}/_apis/{area}/{resource}/{id}",
        "resourceVersion": 3,
        "minVersion": "1.0",
        "maxVersion": "7.2",
        "releasedVersion": "7.1",
    }
    work = client("OPTIONS", "_apis/work").json()["value"]
    assert {location["area"] for location in work} == {"work"}
    assert client.get("_apis/ResourceAreas") == {"count": 0, "value": []}
    assert client.get("_apis/connectionData")["authenticatedUser"]["providerDisplayName"] == "Boardbridge Service"


@pytest.mark.parametrize("path", ["_apis/wit/workitemtypes", "_apis/wit/classificationnodes/areas", "_apis/wit/$Task"])
def test_an_address_without_the_project_it_needs(client: Client, path: str) -> None:
    assert client("GET", path).status_code == 404


@pytest.mark.parametrize("body", ["text", 1, [], None])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "_apis/wit/workitemsbatch"),
        ("POST", "_apis/wit/wiql"),
        ("POST", "_apis/wit/artifacturiquery"),
        ("POST", "Fabrikam/_apis/wit/classificationnodes/areas"),
        ("PATCH", "Fabrikam/_apis/work/teamsettings/teamfieldvalues"),
        ("PATCH", "_apis/wit/recyclebin/1"),
    ],
)
def test_a_body_of_another_kind_is_refused(client: Client, method: str, path: str, body: object) -> None:
    answer = client(method, path, body)
    assert answer.status_code == 400
    assert answer.json()["message"]
