"""Stored queries: folders, changes, what is shown of them, running them."""

from typing import Any

import pytest
import requests

from infra.local.azure_devops.boards.identities import SERVICE
from infra.local.azure_devops.boards.queries import Queries
from infra.local.azure_devops.errors import ApiError
from tests.local.azure_devops.board import Board
from tests.local.azure_devops.client import Client

QUERIES = "Fabrikam/_apis/wit/queries"
BUGS = (
    "Select [System.Id], [System.Title] From WorkItems Where [System.WorkItemType] = 'Bug' "
    "order by [Microsoft.VSTS.Common.Priority] asc, [System.CreatedDate] desc"
)
LINKS = (
    "SELECT [System.Id] FROM WorkItemLinks WHERE ([Source].[System.TeamProject] = @project AND "
    "[Source].[System.State] <> 'Removed') AND ([System.Links.LinkType] = 'System.LinkTypes.Hierarchy-Forward') AND "
    "([Target].[System.WorkItemType] = 'Task') mode(Recursive)"
)
ALWAYS = {"id", "name", "path", "isPublic", "queryType"}
CHANGES = {"createdBy", "createdDate", "lastModifiedBy", "lastModifiedDate", "_links", "url"}


def post(client: Client, path: str, status: int = 201, **body: Any) -> Any:
    answer = client("POST", f"{QUERIES}/{path}", body)
    assert answer.status_code == status, answer.text
    return answer.json()


def patch(client: Client, path: str, status: int = 200, params: Any = None, **body: Any) -> Any:
    answer = client("PATCH", f"{QUERIES}/{path}", body, params=params or {})
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: requests.Response, status: int, message: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["message"].startswith(message)


@pytest.fixture
def shared(client: Client) -> Client:
    """Shared Queries/Website team has the query All Bugs and the folder Old with the query Trees."""
    post(client, "Shared Queries", name="Website team", isFolder=True)
    post(client, "Shared Queries/Website team", name="All Bugs", wiql=BUGS)
    post(client, "Shared Queries/Website team", name="Old", isFolder=True)
    post(client, "Shared Queries/Website team/Old", name="Trees", wiql=LINKS)
    return client


def test_a_project_has_two_roots(client: Client) -> None:
    mine, shared = client.get(QUERIES)["value"]
    assert (mine["name"], mine["path"], mine["isPublic"]) == ("My Queries", "My Queries", False)
    assert (shared["name"], shared["isPublic"], shared["isFolder"]) == ("Shared Queries", True, True)
    assert shared["hasChildren"] is False
    assert set(shared["_links"]) == {"self", "html"}
    assert client.get(f"Tailwind/_apis/wit/queries/{shared['name']}")["id"] != shared["id"]


def test_a_new_query(client: Client) -> None:
    made = post(client, "My Queries", name="All Bugs", wiql=BUGS)
    project = client.get("_apis/projects/Fabrikam")["id"]
    assert (made["name"], made["path"], made["wiql"]) == ("All Bugs", "My Queries/All Bugs", BUGS)
    assert (made["queryType"], made["isPublic"]) == ("flat", False)
    assert [column["name"] for column in made["columns"]] == ["ID", "Title"]
    assert [(s["field"]["name"], s["descending"]) for s in made["sortColumns"]] == [
        ("Priority", False), ("Created Date", True),
    ]  # fmt: skip
    assert made["createdBy"]["displayName"] == "Boardbridge Service"
    assert made["url"] == f"{client.url}/{project}/_apis/wit/queries/{made['id']}"
    assert made["_links"]["wiql"]["href"] == f"{client.url}/{project}/_apis/wit/wiql/{made['id']}"
    assert made["_links"]["parent"]["href"] == client.get(f"{QUERIES}/My Queries")["url"]
    assert client.get(f"{QUERIES}/{made['id']}", **{"$expand": "all"}) == made
    assert client.get(f"{QUERIES}/my queries/ALL BUGS", **{"$expand": "all"}) == made
    assert client.get(f"{QUERIES}/My%20Queries%2FAll%20Bugs", **{"$expand": "all"}) == made


def test_the_status_of_a_new_query_can_be_steered(client: Client) -> None:
    client.control.rules(query_create_status=200)
    post(client, "My Queries", status=200, name="Folder", isFolder=True)


@pytest.mark.parametrize(
    ("expand", "keys"),
    [
        ("none", ALWAYS | CHANGES),
        ("wiql", ALWAYS | CHANGES | {"columns", "sortColumns", "wiql"}),
        ("clauses", ALWAYS | CHANGES | {"columns", "sortColumns", "wiql", "clauses"}),
        ("ALL", ALWAYS | CHANGES | {"columns", "sortColumns", "wiql", "clauses"}),
        ("minimal", ALWAYS | {"wiql"}),
        ("3", ALWAYS | CHANGES | {"columns", "sortColumns", "wiql", "clauses"}),
        ("4", ALWAYS | {"wiql"}),
    ],
)
def test_expand(shared: Client, expand: str, keys: set[str]) -> None:
    assert set(shared.get(f"{QUERIES}/Shared Queries/Website team/All Bugs", **{"$expand": expand})) == keys


def test_depth(shared: Client) -> None:
    def names(entry: Any) -> Any:
        return {child["name"]: names(child) for child in entry["children"]} if "children" in entry else None

    team = {"All Bugs": None, "Old": None}
    for depth, seen in [(0, None), (1, {"Website team": None}), (2, {"Website team": team})]:
        roots = shared.get(QUERIES, **{"$depth": depth})["value"]
        assert [names(root) for root in roots] == [None, seen]
    folder = shared.get(f"{QUERIES}/Shared Queries/Website team", **{"$depth": 2})
    assert names(folder) == {"All Bugs": None, "Old": {"Trees": None}}
    refused(shared("GET", QUERIES, params={"$depth": 3}), 400, "$depth")


def test_a_tree_shows_its_mode(shared: Client) -> None:
    read = shared.get(f"{QUERIES}/Shared Queries/Website team/Old/Trees", **{"$expand": "clauses"})
    assert (read["queryType"], read["filterOptions"]) == ("tree", "linksRecursiveMayContain")
    column = {"name": "Link Type", "referenceName": "System.Links.LinkType"}
    assert read["linkClauses"]["field"] == column | {"url": f"{shared.url}/_apis/wit/fields/System.Links.LinkType"}
    assert {"sourceClauses", "targetClauses"} < read.keys()


def test_rename_another_text_and_move(shared: Client) -> None:
    before = shared.get(f"{QUERIES}/Shared Queries/Website team/All Bugs")
    after = patch(shared, "Shared Queries/Website team/All Bugs", name="Some bugs", wiql=LINKS)
    assert (after["id"], after["path"]) == (before["id"], "Shared Queries/Website team/Some bugs")
    assert (after["queryType"], after["wiql"]) == ("tree", LINKS)
    assert after["lastModifiedDate"] > before["lastModifiedDate"]
    patch(shared, "Shared Queries/Website team", name="Website")
    assert shared.get(f"{QUERIES}/{before['id']}")["path"] == "Shared Queries/Website/Some bugs"
    folder = shared.get(f"{QUERIES}/Shared Queries/Website")
    moved = post(shared, "My Queries", status=200, id=folder["id"])
    assert (moved["path"], moved["isPublic"], moved["hasChildren"]) == ("My Queries/Website", False, True)
    assert shared.get(f"{QUERIES}/My Queries/Website/Some bugs")["isPublic"] is False
    assert shared.get(f"{QUERIES}/Shared Queries")["hasChildren"] is False


def test_a_change_counts_whole_or_not_at_all(shared: Client) -> None:
    path = "Shared Queries/Website team/All Bugs"
    before = shared.get(f"{QUERIES}/{path}", **{"$expand": "all"})
    patch(shared, path, status=400, name="Old", wiql=LINKS)
    patch(shared, path, status=400, name="New name", wiql="nonsense")
    assert shared.get(f"{QUERIES}/{path}", **{"$expand": "all"}) == before
    shared("DELETE", f"{QUERIES}/{path}")
    post(shared, "Shared Queries/Website team", name="All Bugs", wiql=BUGS)
    patch(shared, before["id"], status=400, isDeleted=False)
    patch(shared, before["id"], status=400, isDeleted=False, name="Old")
    assert shared("GET", f"{QUERIES}/{before['id']}").status_code == 404
    assert patch(shared, before["id"], isDeleted=False, name="Older")["path"] == "Shared Queries/Website team/Older"


def test_delete_and_bring_back(shared: Client) -> None:
    folder = shared.get(f"{QUERIES}/Shared Queries/Website team")
    query = shared.get(f"{QUERIES}/Shared Queries/Website team/All Bugs")
    gone = shared("DELETE", f"{QUERIES}/Shared Queries/Website team")
    assert (gone.status_code, gone.content) == (204, b"")
    for id in (folder["id"], query["id"]):
        refused(shared("GET", f"{QUERIES}/{id}"), 404, f"TF401243: The query {id} does not exist")
    refused(shared("GET", f"_apis/wit/wiql/{query['id']}"), 404, "TF401243")
    path = "Shared Queries/Website team"
    refused(shared("GET", f"{QUERIES}/{path}", params={"$includeDeleted": "true"}), 404, "TF401243")
    assert shared.get(f"{QUERIES}/{folder['id']}", **{"$includeDeleted": "true"})["isDeleted"] is True
    seen = shared.get(f"{QUERIES}/Shared Queries", **{"$includeDeleted": "true", "$depth": 1})
    assert [(child["name"], child["isDeleted"]) for child in seen["children"]] == [("Website team", True)]
    patch(shared, folder["id"], status=404, name="While it is gone")
    back = patch(shared, folder["id"], isDeleted=False)
    assert (back["hasChildren"], "isDeleted" in back) == (False, False)
    patch(shared, folder["id"], params={"$undeleteDescendants": "true"}, isDeleted=False)
    assert shared("GET", f"{QUERIES}/{query['id']}").status_code == 404
    shared("DELETE", f"{QUERIES}/{folder['id']}")
    back = patch(shared, folder["id"], params={"$undeleteDescendants": "true"}, isDeleted=False)
    assert [child["name"] for child in back["children"]] == ["All Bugs", "Old"]


def test_refused(shared: Client) -> None:
    same = "TF237018: A query or a query folder on the server has the same name."
    refused(shared("POST", f"{QUERIES}/Shared Queries", {"name": "website TEAM", "isFolder": True}), 400, same)
    refused(shared("DELETE", f"{QUERIES}/Shared Queries"), 400, "TF237023: You cannot delete root folders.")
    refused(shared("POST", f"{QUERIES}/My Queries", {"name": "x"}), 400, "A value is required for 'wiql'")
    refused(shared("POST", f"{QUERIES}/My Queries", {"name": "a/b", "isFolder": True}), 400, "The name 'a/b'")
    refused(shared("POST", f"{QUERIES}/Nowhere", {"name": "x", "isFolder": True}), 404, "TF401243: The query Nowhere")
    wrong = "SELECT [System.Sprint] FROM WorkItems"
    refused(shared("POST", f"{QUERIES}/My Queries", {"name": "x", "wiql": wrong}), 400, "TF51005")
    deep = BUGS.replace("[System.WorkItemType] = 'Bug'", "NOT ([ID]=1 AND " * 1_500 + "[ID] = 1" + ")" * 1_500)
    refused(shared("POST", f"{QUERIES}/My Queries", {"name": "x", "wiql": deep}), 400, "The conditions of the query")
    query = shared.get(f"{QUERIES}/Shared Queries/Website team/All Bugs")
    refused(shared("POST", f"{QUERIES}/{query['id']}", {"name": "x", "wiql": BUGS}), 400, "'Shared Queries/")
    folder = shared.get(f"{QUERIES}/Shared Queries/Website team")
    refused(shared("POST", f"{QUERIES}/{folder['id']}", {"id": folder["id"]}), 400, "A folder cannot be moved below")
    refused(shared("GET", f"_apis/wit/wiql/{folder['id']}"), 400, "The folder")
    error = shared("GET", f"{QUERIES}/Nope").json()
    assert error["typeKey"] == "QueryItemNotFoundException"


def test_only_the_text_is_validated(client: Client) -> None:
    params = {"validateWiqlOnly": "true"}
    good = client("POST", f"{QUERIES}/My Queries", {"name": "x", "wiql": BUGS}, params=params)
    assert (good.status_code, good.json()["queryType"]) == (200, "flat")
    bad = client("POST", f"{QUERIES}/My Queries", {"name": "x", "wiql": "SELECT"}, params=params)
    assert bad.status_code == 400
    assert client.get(f"{QUERIES}/My Queries")["hasChildren"] is False


def test_a_query_whose_path_is_gone_is_marked(client: Client) -> None:
    text = "SELECT [System.Id] FROM WorkItems WHERE [System.AreaPath] UNDER 'Fabrikam\\Triage'"
    made = post(client, "My Queries", name="Triage", wiql=text)
    assert "isInvalidSyntax" not in made
    client("DELETE", "Fabrikam/_apis/wit/classificationnodes/areas/Triage")
    assert client.get(f"{QUERIES}/{made['id']}", **{"$expand": "wiql"})["isInvalidSyntax"] is True


def test_search_is_by_the_names_of_queries(shared: Client) -> None:
    post(shared, "My Queries", name="More bugs", wiql=BUGS)
    found = shared.get(QUERIES, **{"$filter": "BUG"})
    assert [entry["path"] for entry in found["value"]] == [
        "My Queries/More bugs", "Shared Queries/Website team/All Bugs",
    ]  # fmt: skip
    assert (found["count"], found["hasMore"]) == (2, False)
    first = shared.get(QUERIES, **{"$filter": "bug", "$top": 1, "$expand": "minimal"})
    assert (first["count"], first["hasMore"], first["value"][0]["wiql"]) == (1, True, BUGS)
    assert shared.get(QUERIES, **{"$filter": "website"})["value"] == []


def test_several_by_id(shared: Client) -> None:
    ids = [shared.get(f"{QUERIES}/Shared Queries/Website team/{name}")["id"] for name in ("Old", "All Bugs")]
    path = "Fabrikam/_apis/wit/queriesbatch"
    found = shared("POST", path, {"ids": ids, "$expand": "wiql"}).json()
    assert [entry["id"] for entry in found["value"]] == ids
    assert found["value"][1]["wiql"] == BUGS
    missing = "00000000-0000-0000-0000-000000000001"
    refused(shared("POST", path, {"ids": [missing]}), 404, "TF401243")
    assert shared("POST", path, {"ids": [missing, *ids], "errorPolicy": "omit"}).json()["count"] == 2
    refused(shared("POST", path, {"ids": [missing] * 1001}), 400, "'ids' must name")


def test_run_by_id(client: Client) -> None:
    client.create("A bug", kind="Bug", area="Fabrikam\\Network")
    client.create("Elsewhere", kind="Bug", project="Tailwind")
    text = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project ORDER BY [System.Id]"
    made = post(client, "Shared Queries", name="Ours", wiql=text)
    project = client.get("_apis/projects/Fabrikam")["id"]
    answer = client.get(f"_apis/wit/wiql/{made['id']}")
    assert answer["workItems"] == [{"id": 1, "url": f"{client.url}/{project}/_apis/wit/workItems/1"}]
    assert client.get(f"Fabrikam/Network/_apis/wit/wiql/{made['id']}", **{"$top": 1})["queryType"] == "flat"
    assert client.get(f"{QUERIES}/{made['id']}")["lastExecutedBy"]["displayName"] == "Boardbridge Service"
    head = client("HEAD", f"_apis/wit/wiql/{made['id']}")
    assert (head.status_code, head.content, head.headers["x-total-count"]) == (200, b"", "1")
    assert client("GET", f"_apis/wit/wiql/{made['id']}").headers["x-total-count"] == "1"
    refused(client("GET", "_apis/wit/wiql/00000000-0000-0000-0000-000000000001"), 404, "TF401243")


def test_the_team_of_the_address_or_else_the_default_team_gives_the_iteration(client: Client) -> None:
    text = "SELECT [System.Id] FROM WorkItems WHERE [System.IterationPath] = @currentIteration"
    made = post(client, "Shared Queries", name="Sprint", wiql=text)
    client.create("Now", iteration="Fabrikam\\Sprint 2")
    found = client.get(f"Fabrikam/Network/_apis/wit/wiql/{made['id']}")
    assert [item["id"] for item in found["workItems"]] == [1]
    client("DELETE", "Fabrikam/Network/_apis/work/teamsettings/iterations/" + _sprint(client, "Network"))
    assert client.get(f"Fabrikam/_apis/wit/wiql/{made['id']}")["workItems"] == found["workItems"]
    assert client.get(f"Fabrikam/Network/_apis/wit/wiql/{made['id']}")["workItems"] == []


def _sprint(client: Client, team: str) -> str:
    (now,) = client.get(f"Fabrikam/{team}/_apis/work/teamsettings/iterations", **{"$timeframe": "current"})["value"]
    return now["id"]


def test_a_temporary_query(client: Client) -> None:
    client.create("A bug", kind="Bug")
    made = client("POST", "Fabrikam/_apis/wit/tempqueries", {"wiql": BUGS}).json()
    assert [item["id"] for item in client.get(f"_apis/wit/wiql/{made['id']}")["workItems"]] == [1]
    refused(client("GET", f"{QUERIES}/{made['id']}"), 404, "TF401243")


def test_a_shared_folder_is_full_at_999() -> None:
    """My own folders are not limited."""
    queries, fabrikam = Queries(), Board().world.organisation.project("Fabrikam")
    mine, shared = queries.roots(fabrikam, SERVICE, "2026-05-20T00:00:00Z")
    for folder in (mine, shared):
        for number in range(999):
            queries.add(folder, f"Query {number}", BUGS, SERVICE, "2026-05-20T00:00:00Z")
    queries.add(mine, "One more", BUGS, SERVICE, "2026-05-20T00:00:00Z")
    with pytest.raises(ApiError, match="has 999 queries"):
        queries.add(shared, "One more", BUGS, SERVICE, "2026-05-20T00:00:00Z")
    queries.delete(shared.children[0])
    queries.add(shared, "One more", BUGS, SERVICE, "2026-05-20T00:00:00Z")
