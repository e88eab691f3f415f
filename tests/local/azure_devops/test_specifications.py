"""Answers against Microsoft's published specifications: no key they do not know, no value of another type.

The specifications do not say what may be missing or null, so neither does this.
"""

from typing import Any

import pytest

from tests.local.azure_devops.client import Client, hyperlink
from tests.local.azure_devops.recordings import recorded
from tests.local.azure_devops.specifications import FILES, Specification, check

TEAM = "Fabrikam/Network/_apis/work"
TREE = (
    "SELECT [System.Id] FROM WorkItemLinks WHERE [System.Links.LinkType] = 'System.LinkTypes.Hierarchy-Forward' "
    "AND [Target].[System.Id] > 1 ORDER BY [System.Id] MODE (Recursive)"
)


@pytest.mark.parametrize(
    ("area", "template", "path", "params"),
    [
        ("wit", "/{project}/_apis/wit/workitems/{id}", "Fabrikam/_apis/wit/workitems/1", {"$expand": "all"}),
        ("wit", "/{project}/_apis/wit/workitems/{id}", "Fabrikam/_apis/wit/workitems/2", {}),
        ("wit", "/{project}/_apis/wit/workitems", "_apis/wit/workitems", {"ids": "1,2", "$expand": "all"}),
        ("wit", "/{project}/_apis/wit/workItems/{id}/revisions", "_apis/wit/workitems/1/revisions", {}),
        ("wit", "/{project}/_apis/wit/workItems/{id}/updates", "_apis/wit/workitems/1/updates", {}),
        (
            "wit",
            "/{project}/_apis/wit/workItems/{workItemId}/comments",
            "Fabrikam/_apis/wit/workitems/1/comments",
            {"api-version": "7.1-preview.4"},
        ),
        ("wit", "/{project}/_apis/wit/classificationnodes", "Fabrikam/_apis/wit/classificationnodes", {"$depth": 3}),
        (
            "wit",
            "/{project}/_apis/wit/classificationnodes/{structureGroup}/{path}",
            "Fabrikam/_apis/wit/classificationnodes/iterations/Sprint 1",
            {},
        ),
        ("wit", "/{project}/_apis/wit/fields", "_apis/wit/fields", {}),
        ("wit", "/{project}/_apis/wit/workitemtypes", "Fabrikam/_apis/wit/workitemtypes", {}),
        ("wit", "/{project}/_apis/wit/workitemtypes/{type}/states", "Tailwind/_apis/wit/workitemtypes/Bug/states", {}),
        (
            "wit",
            "/{project}/_apis/wit/workitemtypes/{type}/fields",
            "Fabrikam/_apis/wit/workitemtypes/Bug/fields",
            {"$expand": "all"},
        ),
        ("wit", "/{project}/_apis/wit/workitemtypecategories", "Fabrikam/_apis/wit/workitemtypecategories", {}),
        ("wit", "/_apis/wit/workitemrelationtypes", "_apis/wit/workitemrelationtypes", {}),
        ("wit", "/{project}/_apis/wit/recyclebin/{id}", "_apis/wit/recyclebin/3", {}),
        ("wit", "/{project}/_apis/wit/tags", "Fabrikam/_apis/wit/tags", {}),
        ("wit", "/{project}/_apis/wit/tags/{tagIdOrName}", "Fabrikam/_apis/wit/tags/a", {}),
        ("wit", "/{project}/_apis/wit/workitems/${type}", "Fabrikam/_apis/wit/workitems/$Bug", {}),
        ("wit", "/_apis/wit/workitemtransitions", "_apis/wit/workitemtransitions", {"ids": "1,2"}),
        ("wit", "/{project}/_apis/wit/workitemtypes/{type}", "Litware/_apis/wit/workitemtypes/Change Request", {}),
        (
            "wit",
            "/{project}/_apis/wit/workItems/{workItemId}/comments/{commentId}/versions",
            "Fabrikam/_apis/wit/workitems/1/comments/1/versions",
            {"api-version": "7.1-preview.4"},
        ),
        ("core", "/_apis/process/processes", "_apis/process/processes", {}),
        (
            "core",
            "/_apis/process/processes/{processId}",
            "_apis/process/processes/27450541-8e31-4150-9947-dc59f998fc01",
            {},
        ),
        (
            "core",
            "/_apis/projects/{projectId}/properties",
            "_apis/projects/Litware/properties",
            {"api-version": "7.1-preview.1"},
        ),
        (
            "core",
            "/_apis/projects/{projectId}/teams/{teamId}/members",
            "_apis/projects/Litware/teams/Alpha/members",
            {},
        ),
        ("core", "/_apis/teams", "_apis/teams", {"api-version": "7.1-preview.3", "$expandIdentity": "true"}),
        ("work", "/{project}/_apis/work/processconfiguration", "Litware/_apis/work/processconfiguration", {}),
        (
            "work",
            "/{project}/{team}/_apis/work/backlogs/{backlogId}/workItems",
            "Fabrikam/_apis/work/backlogs/Microsoft.TaskCategory/workItems",
            {},
        ),
        ("core", "/_apis/projects", "_apis/projects", {}),
        ("core", "/_apis/projects/{projectId}", "_apis/projects/Fabrikam", {"includeCapabilities": "true"}),
        ("core", "/_apis/projects/{projectId}/teams", "_apis/projects/Fabrikam/teams", {}),
        ("work", "/{project}/{team}/_apis/work/teamsettings", f"{TEAM}/teamsettings", {}),
        (
            "work",
            "/{project}/{team}/_apis/work/teamsettings/teamfieldvalues",
            f"{TEAM}/teamsettings/teamfieldvalues",
            {},
        ),
        ("work", "/{project}/{team}/_apis/work/teamsettings/iterations", f"{TEAM}/teamsettings/iterations", {}),
        ("work", "/{project}/{team}/_apis/work/backlogs", f"{TEAM}/backlogs", {}),
        ("work", "/{project}/{team}/_apis/work/backlogconfiguration", f"{TEAM}/backlogconfiguration", {}),
    ],
)
def test_answers_keep_to_the_specification(
    client: Client, area: str, template: str, path: str, params: dict[str, Any]
) -> None:
    specification = Specification(recorded(FILES[area]))
    fill(client)
    body = client.get(path, **params)
    schema = specification.answer(template)
    shown = body["value"] if schema.get("type") == "array" else body
    assert shown
    assert list(specification.faults(schema, shown)) == []


@pytest.mark.parametrize(
    ("template", "path", "body"),
    [
        (
            "/{project}/_apis/wit/artifacturiquery",
            "Fabrikam/_apis/wit/artifacturiquery",
            {"artifactUris": ["https://x/1"]},
        ),
        (
            "/{project}/{team}/_apis/wit/wiql",
            "Fabrikam/Network/_apis/wit/wiql",
            {"query": "SELECT [System.Id] FROM WorkItems ORDER BY [System.Id]"},
        ),
        ("/{project}/{team}/_apis/wit/wiql", "Fabrikam/Network/_apis/wit/wiql", {"query": TREE}),
        ("/{project}/_apis/wit/tempqueries", "Fabrikam/_apis/wit/tempqueries", {"wiql": TREE}),
        ("/{project}/_apis/wit/workitemsbatch", "_apis/wit/workitemsbatch", {"ids": [1, 2], "$expand": "all"}),
    ],
)
def test_answers_to_queries_keep_to_the_specification(
    client: Client, template: str, path: str, body: dict[str, Any]
) -> None:
    specification = Specification(recorded(FILES["wit"]))
    fill(client)
    answer = client("POST", path, body).json()
    schema = specification.answer(template, "post")
    shown = answer["value"] if schema.get("type") == "array" else answer
    assert list(specification.faults(schema, shown)) == []


@pytest.mark.parametrize("expand", ["none", "wiql", "clauses", "all", "minimal"])
def test_stored_queries_keep_to_the_specification(client: Client, expand: str) -> None:
    specification = Specification(recorded(FILES["wit"]))
    fill(client)
    queries, one = "/{project}/_apis/wit/queries", "/{project}/_apis/wit/queries/{query}"
    mine = "Fabrikam/_apis/wit/queries/My Queries"
    flat = "SELECT [System.Id] FROM WorkItems WHERE [ID] > 0 AND NOT ([State] IN ('a', 'b') OR [Title] = [State])"
    for name, text in (("Flat", flat), ("Tree", TREE)):
        made = client("POST", mine, {"name": name, "wiql": text}).json()
        assert list(specification.faults(specification.answer(one, "post"), made)) == []
        ran = client.get(f"_apis/wit/wiql/{made['id']}")
        assert list(specification.faults(specification.answer("/{project}/{team}/_apis/wit/wiql/{id}"), ran)) == []
    changed = client("PATCH", mine, {"isDeleted": False}).json()
    assert list(specification.faults(specification.answer(one, "patch"), changed)) == []
    read = client.get(mine, **{"$expand": expand, "$depth": 1})
    assert list(specification.faults(specification.answer(one), read)) == []
    roots = client.get("Fabrikam/_apis/wit/queries", **{"$expand": expand, "$depth": 2})
    assert list(specification.faults(specification.answer(queries), roots["value"])) == []
    found = client.get("Fabrikam/_apis/wit/queries", **{"$expand": expand, "$filter": "t"})
    assert list(specification.faults({"$ref": "#/definitions/QueryHierarchyItemsResult"}, found)) == []
    body = {"ids": [child["id"] for child in read["children"]], "$expand": expand}
    several = client("POST", "Fabrikam/_apis/wit/queriesbatch", body).json()
    schema = specification.answer("/{project}/_apis/wit/queriesbatch", "post")
    assert list(specification.faults(schema, several["value"])) == []


REPORTING = "/{project}/_apis/wit/reporting"


@pytest.mark.parametrize("scope", ["", "Fabrikam/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_feeds_keep_to_the_specification(client: Client, scope: str, method: str) -> None:
    """It does not describe their rows."""
    specification = Specification(recorded(FILES["wit"]))
    fill(client)
    for resource in ("workitemrevisions", "workitemlinks")[: 1 if method == "post" else 2]:
        body = client(method.upper(), f"{scope}_apis/wit/reporting/{resource}", {} if method == "post" else None).json()
        assert body["values"]
        assert body.keys() == {"values", "nextLink", "continuationToken", "isLastBatch"}
        schema = specification.answer(f"{REPORTING}/{resource}", method)
        assert list(specification.faults(schema, body)) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "publishers", None),
        ("get", "publishers/{publisherId}", None),
        ("get", "publishers/{publisherId}/eventtypes", None),
        ("get", "publishers/{publisherId}/eventtypes/{eventTypeId}", None),
        ("post", "publishersquery", {"publisherIds": ["tfs"]}),
        ("get", "consumers", None),
        ("get", "consumers/{consumerId}", None),
        ("get", "consumers/{consumerId}/actions", None),
        ("get", "consumers/{consumerId}/actions/{consumerActionId}", None),
        ("get", "subscriptions", None),
        ("get", "subscriptions/{subscriptionId}", None),
        ("post", "subscriptionsquery", {"publisherId": "tfs"}),
        ("get", "subscriptions/{subscriptionId}/notifications", None),
        ("get", "subscriptions/{subscriptionId}/notifications/{notificationId}", None),
        ("post", "notificationsquery", {"publisherId": "tfs", "includeDetails": True}),
        ("post", "testnotifications", {"subscriptionId": "{subscriptionId}"}),
    ],
)
def test_hooks_keep_to_the_specification(client: Client, method: str, path: str, body: Any) -> None:
    specification = Specification(recorded(FILES["hooks"]))
    client.control.hooks(lose=1)
    wanted = {"publisherId": "tfs", "eventType": "workitem.created", "consumerId": "webHooks"}
    wanted |= {"consumerActionId": "httpRequest", "consumerInputs": {"url": "http://127.0.0.1:9/"}}
    made = client("POST", "_apis/hooks/subscriptions", wanted).json()
    assert list(specification.faults(specification.answer("/_apis/hooks/subscriptions", "post"), made)) == []
    client.create()
    names = {
        "publisherId": "tfs",
        "eventTypeId": "workitem.updated",
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "subscriptionId": made["id"],
        "notificationId": 1,
    }
    sent = body and {name: value.format(**names) if isinstance(value, str) else value for name, value in body.items()}
    answer = client(method.upper(), f"_apis/hooks/{path.format(**names)}", sent)
    assert answer.status_code == 200, answer.text
    schema = specification.answer(f"/_apis/hooks/{path}", method)
    shown = answer.json()["value"] if schema.get("type") == "array" else answer.json()
    assert shown
    assert list(specification.faults(schema, shown)) == []


@pytest.mark.parametrize(
    ("area", "method", "template", "path", "body", "preview"),
    [
        ("wit", "post", "/{project}/_apis/wit/workitemsdelete", "_apis/wit/workitemsdelete", {"ids": [1]}, 0),
        ("wit", "patch", "/{project}/_apis/wit/tags/{tagIdOrName}", "Fabrikam/_apis/wit/tags/a", {"name": "c"}, 0),
        (
            "wit",
            "put",
            "/{project}/_apis/wit/workItems/{workItemId}/comments/{commentId}/reactions/{reactionType}",
            "Fabrikam/_apis/wit/workitems/1/comments/1/reactions/like",
            None,
            1,
        ),
        ("wit", "post", "/{project}/_apis/wit/attachments", "_apis/wit/attachments", "text", 0),
        (
            "core",
            "post",
            "/_apis/projects",
            "_apis/projects",
            {
                "name": "Northwind",
                "capabilities": {"processTemplate": {"templateTypeId": "adcc42ab-9882-485e-a3ed-7678f01f66bc"}},
            },
            0,
        ),
        ("core", "patch", "/_apis/projects/{projectId}", "_apis/projects/Litware", {"description": "x"}, 0),
        ("core", "delete", "/_apis/projects/{projectId}", "_apis/projects/Litware", None, 0),
        ("core", "post", "/_apis/projects/{projectId}/teams", "_apis/projects/Litware/teams", {"name": "x"}, 0),
        (
            "work",
            "patch",
            "/{project}/{team}/_apis/work/teamsettings",
            f"{TEAM}/teamsettings",
            {"bugsBehavior": "asTasks"},
            0,
        ),
    ],
)
def test_answers_to_changes_keep_to_the_specification(
    client: Client, area: str, method: str, template: str, path: str, body: Any, preview: int
) -> None:
    specification = Specification(recorded(FILES[area]))
    fill(client)
    answer = client(method, path, body, params={"api-version": f"7.1-preview.{preview}" if preview else "7.1"})
    assert answer.status_code in (200, 201, 202), answer.text
    assert list(specification.faults(specification.answer(template, method), answer.json())) == []


@pytest.mark.parametrize(
    ("template", "words"),
    [("", ""), ("/capacities", "/capacities"), ("/teamdaysoff", "/teamdaysoff"), ("/workitems", "/workitems")],
)
def test_an_iteration_keeps_to_the_specification(client: Client, template: str, words: str) -> None:
    specification = Specification(recorded(FILES["work"]))
    fill(client)
    sprint = client.get(f"{TEAM}/teamsettings/iterations")["value"][0]["id"]
    member = client.get("_apis/projects/Fabrikam/teams/Network/members")["value"][0]["identity"]["id"]
    plan = {"activities": [{"capacityPerDay": 6.5, "name": "Design"}], "daysOff": []}
    client("PATCH", f"{TEAM}/teamsettings/iterations/{sprint}/capacities/{member}", plan)
    body = client.get(f"{TEAM}/teamsettings/iterations/{sprint}{words}")
    name = "{iterationId}" if template else "{id}"
    schema = specification.answer(f"/{{project}}/{{team}}/_apis/work/teamsettings/iterations/{name}{template}")
    assert list(specification.faults(schema, body)) == []


def test_every_answer_of_the_suite_is_held_against_its_specification(client: Client) -> None:
    """The client checks by itself; here it is fed an answer that does not keep to it."""
    recorded(FILES["wit"])
    client.create()
    response = client("GET", "Fabrikam/_apis/wit/workitems/1")
    check(response)
    response._content = b'{"id": 1, "nope": true}'
    with pytest.raises(AssertionError, match=r"GET /contoso/Fabrikam/_apis/wit/workitems/1 breaks its specification"):
        check(response)


def test_the_check_itself_can_fail() -> None:
    specification = Specification(recorded(FILES["wit"]))
    schema = specification.answer("/{project}/_apis/wit/workitems/{id}")
    wrong = {"id": "1", "rev": 1, "nope": True, "fields": {}, "relations": [{"rel": 1}]}
    assert list(specification.faults(schema, wrong)) == [
        ".id: '1' is no integer",
        ".nope: unknown",
        ".relations[0].rel: 1 is no string",
    ]


def fill(client: Client) -> None:
    """A parent with a hyperlink and a comment, a child, and a deleted item."""
    for _ in range(3):
        client.create(assigned="Jamal Hartnett", tags="a; b")
    client.change(1, client.link("System.LinkTypes.Hierarchy-Forward", 2), hyperlink("https://x/1"))
    client("POST", "Fabrikam/_apis/wit/workItems/1/comments", {"text": "x"}, params={"api-version": "7.1-preview.4"})
    client("DELETE", "_apis/wit/workitems/3")
