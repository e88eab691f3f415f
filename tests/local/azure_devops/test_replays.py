"""Recorded exchanges played again: the same requests, answered with the same status, headers, keys, kinds and words."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tests.local.azure_devops.client import Client, add, expect_rev, hyperlink
from tests.local.azure_devops.recordings import recorded
from tests.local.azure_devops.test_recordings import plain, shape

# What the service's own network adds on the way.
OF_THE_NETWORK = {
    "access-control-expose-headers",
    "request-context",
    "strict-transport-security",
    "vary",
    "x-cache",
    "x-msedge-ref",
    "x-vss-senderdeploymentid",
}
COSTS = {"x-ratelimit-cost"}  # younger than the recordings


def replayed(client: Client, exchange: dict[str, Any], path: str, **changed: str) -> requests.Response:
    """Send a recorded request, its headers included, to `path`; `changed` replaces query parameters."""
    asked = exchange["request"]
    query = dict(parse_qsl(urlsplit(asked["url"]).query)) | changed
    headers = {name: asked["headers"][name] for name in ("Accept", "X-TFS-FedAuthRedirect", "X-TFS-Session")}
    kind = {"Content-Type": asked["headers"]["Content-Type"]}
    return client.session.request(
        asked["method"], f"{client.url}/{path}", params=query, json=asked["body"], headers=headers | kind, timeout=10
    )


def assert_alike(answer: requests.Response, exchange: dict[str, Any]) -> None:
    known = exchange["response"]
    assert answer.status_code == known["status"]
    assert answer.headers["content-type"] == known["headers"]["content-type"]
    assert {name.lower() for name in answer.headers} - COSTS == known["headers"].keys() - OF_THE_NETWORK
    if isinstance(known["body"], dict):
        assert shape(answer.json()) == shape(known["body"])


def test_a_stored_query_and_the_list_behind_it(client: Client) -> None:
    stored, listing, *_ = recorded("test_queryShow.json")["interactions"]
    client.create("Test", project="Contoso-Basic", kind="Issue")
    client.create("Test2", project="Contoso-Basic")
    columns = [column["referenceName"] for column in stored["response"]["body"]["columns"]]
    text = f"SELECT {', '.join(f'[{name}]' for name in columns)} FROM WorkItems"
    query = client("POST", "Contoso-Basic/_apis/wit/queries/My Queries", {"name": "All", "wiql": text}).json()
    answer = replayed(client, stored, f"_apis/wit/wiql/{query['id']}")
    assert_alike(answer, stored)
    assert answer.headers["x-total-count"] == "2"
    found = answer.json()
    assert [column["name"] for column in found["columns"]] == [
        column["name"] for column in stored["response"]["body"]["columns"]
    ]
    project = client.get("_apis/projects/Contoso-Basic")["id"]
    assert [each["url"] for each in found["workItems"]] == [
        f"{client.url}/{project}/_apis/wit/workItems/{id}" for id in (1, 2)
    ]
    assert_alike(replayed(client, listing, "_apis/wit/workItems", ids="1,2", asOf=found["asOf"]), listing)


def test_a_query_by_text_and_the_list_behind_it(client: Client) -> None:
    *_, query, listing = recorded("test_queryShow.json")["interactions"]
    client.create("Test2", project="Contoso-Basic")
    words = query["request"]["body"]["query"]
    name = re.search("'(WorkItem[^']*)'", words)
    assert name is not None
    query["request"]["body"]["query"] = words.replace(name[1], "Contoso-Basic")
    answer = replayed(client, query, "_apis/wit/wiql")
    assert_alike(answer, query)
    assert_alike(replayed(client, listing, "_apis/wit/workItems", ids="1", asOf=answer.json()["asOf"]), listing)


def test_a_project_and_an_address_that_are_not_there(client: Client) -> None:
    create, delete = recorded("test_workItemCreateShowUpdateDelete.json")["interactions"]
    for exchange in (create, delete):
        path = urlsplit(exchange["request"]["url"]).path.split("/", 2)[2]
        answer = replayed(client, exchange, path)
        assert answer.status_code == exchange["response"]["status"]
        assert answer.headers["content-type"] == exchange["response"]["headers"]["content-type"]
        session = exchange["request"]["headers"]["X-TFS-Session"]
        assert answer.headers["x-tfs-session"] == session
    assert set(answer.headers) >= {"activityid", "x-tfs-serviceerror", "x-vss-e2eid"}


def test_refusals_of_a_team(client: Client) -> None:
    """A team without a backlog iteration, and field values without a default."""
    errors = {error["body"]["typeKey"]: error for error in all_errors() if error["body"].get("typeKey")}
    known = errors["TeamFieldArgumentNullException"]
    area = [{"includeChildren": False, "value": "\\Fabrikam\\Network"}]
    answer = client("PATCH", "Fabrikam/Network/_apis/work/teamsettings/teamfieldvalues", {"values": area})
    assert (answer.status_code, answer.json()) == (known["status"], known["body"])
    known = errors["InvalidTeamSettingsException"]
    team = client("POST", "_apis/projects/Fabrikam/teams", {"name": "New"}).json()
    sprint = client.get("Fabrikam/Network/_apis/work/teamsettings/iterations")["value"][0]
    answer = client("POST", f"Fabrikam/{team['id']}/_apis/work/teamsettings/iterations", {"id": sprint["id"]})
    assert (answer.status_code, answer.json()) == (known["status"], known["body"])


def all_errors() -> list[dict[str, Any]]:
    return [error for error in recorded("all_error_responses.json")["errors"] if isinstance(error["body"], dict)]


def query(client: Client, text: str) -> requests.Response:
    return client("POST", "Fabrikam/_apis/wit/wiql", {"query": text})


def missing_item(client: Client) -> requests.Response:
    return client("GET", "_apis/wit/workitems/27142")


def bad_bearer(client: Client) -> requests.Response:
    client.create()
    client.control.token(state="revoked")
    return client.patch(1, expect_rev(1))


def expired(client: Client) -> requests.Response:
    client.control.token(state="expired")
    return missing_item(client)


def form(client: Client) -> requests.Response:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return client("POST", "Fabrikam/_apis/wit/workitems/$Task", [], headers=kind)


def missing_effort(client: Client) -> requests.Response:
    client.control.rules(require=[{"field": "Microsoft.VSTS.Scheduling.Effort", "type": "Feature"}])
    return client.post_item([add("System.Title", "x")], kind="Feature")


def too_many_found(client: Client) -> requests.Response:
    client.create()
    client.control.rules(query_limit=1)
    return query(client, "SELECT [System.Id] FROM WorkItems")


def time_in_a_date(client: Client) -> requests.Response:
    return query(client, "SELECT [System.Id] FROM WorkItems WHERE [System.CreatedDate] >= '2026-07-27T15:02:58Z'")


def fields_and_expand(client: Client) -> requests.Response:
    client.create()
    return client("GET", "_apis/wit/workitems/1", params={"fields": "System.Id", "$expand": "all"})


def unknown_field(client: Client) -> requests.Response:
    return query(client, "SELECT [System.Id] FROM WorkItems WHERE [System.Sprint] = 'x'")


def blocked(client: Client) -> requests.Response:
    client.control.throttle(mode="block")
    return missing_item(client)


def second_parent(client: Client) -> requests.Response:
    for _ in range(3):
        client.create()
    client.change(1, client.link("System.LinkTypes.Hierarchy-Forward", 3))
    return client.patch(2, client.link("System.LinkTypes.Hierarchy-Forward", 3))


def circle(client: Client) -> requests.Response:
    client.create()
    client.create()
    client.change(1, client.link("System.LinkTypes.Hierarchy-Forward", 2))
    return client.patch(2, client.link("System.LinkTypes.Hierarchy-Forward", 1))


def too_many_ids(client: Client) -> requests.Response:
    return client("POST", "_apis/wit/workitemsbatch", {"ids": list(range(1, 202))})


def too_many_revisions(client: Client) -> requests.Response:
    client.create()
    client.change(1, hyperlink("https://x/1"))
    client.control.rules(revision_limit=2)
    return client.patch(1, add("System.Title", "x"))


@pytest.mark.parametrize(
    ("beginning", "provoke"),
    [
        ("TF401232", missing_item),
        ("TF400813", bad_bearer),
        ("Access Denied: The Personal Access Token used has expired.", expired),
        ('The request indicated a Content-Type of "application/x-www-form-urlencoded"', form),
        ("TF401320", missing_effort),
        ("VS402337", too_many_found),
        ("You cannot supply a time with the date when running a query using date precision.", time_in_a_date),
        ("The expand parameter can not be used with the fields parameter.", fields_and_expand),
        ("TF51005", unknown_field),
        ("TF400733", blocked),
        ("TF201036", second_parent),
        ("TF201035", circle),
        ("VS403474", too_many_ids),
        ("Work item", too_many_revisions),
    ],
)
def test_errors_that_people_have_quoted(
    client: Client, beginning: str, provoke: Callable[[Client], requests.Response]
) -> None:
    [known] = [e for e in recorded("error_bodies.json")["errors"] if e["body"]["message"].startswith(beginning)]
    answer = provoke(client)
    assert str(answer.status_code) in str(known["status"])
    body = answer.json()
    assert body["message"].startswith(beginning)
    for key in ("typeName", "typeKey", "errorCode", "eventId"):
        assert key not in known["body"] or body[key] == known["body"][key]
    if isinstance(known["body"].get("customProperties"), dict):
        quoted = dict(shape(known["body"]["customProperties"]))
        assert quoted.items() <= dict(shape(body["customProperties"])).items()
    assert {name.lower() for name in known.get("headers", [])} <= {name.lower() for name in answer.headers}
    if "..." not in known["body"]["message"] and "(" not in known["body"]["message"]:
        assert words(body["message"]) == words(known["body"]["message"])


def words(message: str) -> str:
    """A sentence without what differs from case to case; which content types fit depends on the call."""
    message = message.partition(" Valid content types")[0]
    return re.sub(r"\{_\}|<[^>]*>|\b(contoso|DefaultRateLimit)\b", "_", plain(message)).replace("_,_", "_")
