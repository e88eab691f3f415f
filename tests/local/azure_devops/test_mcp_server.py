"""Microsoft's MCP server, `@azure-devops/mcp` 2.10, unmodified: every tool it has for boards, against the simulator."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from infra.local.azure_devops.running import RunningSimulator
from tests.local.azure_devops.client import Client
from tests.local.azure_devops.node_clients import Mcp, Refused, installed

pytestmark = pytest.mark.real

PROJECT = {"project": "Fabrikam"}
TEAM = PROJECT | {"team": "Network"}


@pytest.fixture(scope="module")
def organisation() -> Iterator[RunningSimulator]:
    installed()
    with RunningSimulator() as running:
        yield running


@pytest.fixture(scope="module")
def mcp(organisation: RunningSimulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mcp]:
    with Mcp(organisation, tmp_path_factory.mktemp("home")) as running:
        yield running


def created(mcp: Mcp, title: str, kind: str = "Task", **fields: str) -> Any:
    named = {"System.Title": title} | {name.replace("_", "."): value for name, value in fields.items()}
    wanted = [{"name": name, "value": value} for name, value in named.items()]
    return mcp("wit_work_item_write", action="create", workItemType=kind, fields=wanted, **PROJECT)


def read(mcp: Mcp, id: int, **more: Any) -> Any:
    return mcp("wit_work_item", action="get", id=id, **PROJECT, **more)


def inner(answer: Any) -> list[Any]:
    """The bodies of a `$batch`, each of which must have been taken."""
    assert [each["code"] for each in answer["value"]] == [200] * answer["count"]
    return [json.loads(each["body"]) for each in answer["value"]]


def current(mcp: Mcp, team: dict[str, str]) -> Any:
    [sprint] = mcp("work", action="list_team_iterations", timeframe="current", **team)
    return sprint


def test_its_tools(mcp: Mcp) -> None:
    """What the tests below drive is all there is; a new tool has to be looked at."""
    assert {tool["name"] for tool in mcp.request("tools/list")["tools"]} == {
        "core_list_projects",
        "core_list_project_teams",
        "core_get_identity_ids",
        "wit_work_item",
        "wit_work_item_write",
        "wit_work_item_comment_write",
        "wit_work_item_link_write",
        "wit_work_item_attachment",
        "wit_query",
        "wit_backlog",
        "work",
        "work_iteration_write",
        "work_capacity_write",
    }


def test_projects_teams_and_people(mcp: Mcp) -> None:
    assert "Fabrikam" in [each["name"] for each in mcp("core_list_projects")]
    assert "Network" in [each["name"] for each in mcp("core_list_project_teams", **PROJECT)]
    [person] = mcp("core_get_identity_ids", searchFilter="fabrikamfiber16@hotmail.com")
    assert person["displayName"] == "Norman Paulk"


def test_create_update_and_get(mcp: Mcp) -> None:
    id = created(mcp, "Router is down")["id"]
    updates = [
        {"op": "test", "path": "/rev", "value": 1},
        {"op": "add", "path": "/fields/System.State", "value": "Active"},
    ]
    assert mcp("wit_work_item_write", action="update", id=id, updates=updates)["rev"] == 2
    assert read(mcp, id, expand="All")["fields"]["System.State"] == "Active"
    assert read(mcp, id, fields=["System.Title"])["fields"] == {"System.Title": "Router is down"}
    assert [each["rev"] for each in mcp("wit_work_item", action="list_revisions", workItemId=id, **PROJECT)] == [1, 2]
    [listed] = mcp("wit_work_item", action="get_batch", ids=[id], **PROJECT)
    assert listed["fields"]["System.State"] == "Active"


def test_a_refusal_is_told(mcp: Mcp) -> None:
    id = created(mcp, "contested")["id"]
    stale = [{"op": "test", "path": "/rev", "value": 9}]
    with pytest.raises(Refused, match=r"HTTP 412 Precondition Failed.*VS403351"):
        mcp("wit_work_item_write", action="update", id=id, updates=stale)


def test_many_updates_at_once(mcp: Mcp) -> None:
    ids = [created(mcp, str(number), "User Story")["id"] for number in range(2)]
    updates = [
        {"op": "Replace", "id": ids[0], "path": "/fields/System.Title", "value": "first"},
        {"op": "Add", "id": ids[1], "path": "/fields/System.Description", "value": "**second**", "format": "Markdown"},
    ]
    first, second = inner(mcp("wit_work_item_write", action="update_batch", batchUpdates=updates, **PROJECT))
    assert first["fields"]["System.Title"] == "first"
    assert second["multilineFieldsFormat"] == {"System.Description": "markdown"}


def test_children(mcp: Mcp) -> None:
    parent = created(mcp, "parent", "User Story")["id"]
    items = [{"title": title, "description": "# What"} for title in ("one", "two")]
    answer = mcp(
        "wit_work_item_write", action="add_child", parentId=parent, workItemType="Task", items=items, **PROJECT
    )
    assert [each["fields"]["System.Title"] for each in inner(answer)] == ["one", "two"]
    assert len(read(mcp, parent, expand="Relations")["relations"]) == 2


def test_comments(mcp: Mcp) -> None:
    id = created(mcp, "talked about")["id"]
    made = mcp("wit_work_item_comment_write", action="add", workItemId=id, text="**first**", **PROJECT)
    assert made["format"] == "markdown"
    mcp(
        "wit_work_item_comment_write",
        action="update",
        workItemId=id,
        commentId=made["id"],
        text="@<fabrikamfiber16@hotmail.com> second",
        **PROJECT,
    )
    comments = mcp("wit_work_item", action="list_comments", workItemId=id, **PROJECT)["comments"]
    assert len(comments) == 1
    assert comments[0]["text"].endswith("> second")


@pytest.mark.parametrize(
    ("kind", "rel"),
    [
        ("parent", "System.LinkTypes.Hierarchy-Reverse"),
        ("child", "System.LinkTypes.Hierarchy-Forward"),
        ("duplicate", "System.LinkTypes.Duplicate-Forward"),
        ("duplicate of", "System.LinkTypes.Duplicate-Reverse"),
        ("related", "System.LinkTypes.Related"),
        ("successor", "System.LinkTypes.Dependency-Forward"),
        ("predecessor", "System.LinkTypes.Dependency-Reverse"),
        ("tested by", "Microsoft.VSTS.Common.TestedBy-Forward"),
        ("tests", "Microsoft.VSTS.Common.TestedBy-Reverse"),
        ("affects", "Microsoft.VSTS.Common.Affects-Forward"),
        ("affected by", "Microsoft.VSTS.Common.Affects-Reverse"),
    ],
)
def test_links_between_items(mcp: Mcp, kind: str, rel: str) -> None:
    one, other = (created(mcp, title)["id"] for title in ("one", "other"))
    link = [{"id": one, "linkToId": other, "type": kind, "comment": "why"}]
    inner(mcp("wit_work_item_link_write", action="link", updates=link, **PROJECT))
    [relation] = read(mcp, one, expand="Relations")["relations"]
    assert (relation["rel"], relation["attributes"]["comment"]) == (rel, "why")
    mcp.texts("wit_work_item_link_write", action="unlink", id=one, type=kind, url=relation["url"], **PROJECT)
    assert not read(mcp, one, expand="Relations").get("relations")


def test_links_to_elsewhere(mcp: Mcp) -> None:
    item = created(mcp, "linked")
    id, scope = item["id"], {"workItemId": item["id"]}
    hyperlink = [{"id": id, "type": "hyperlink", "url": "https://itsm/INC1"}]
    inner(mcp("wit_work_item_link_write", action="link", updates=hyperlink, **PROJECT))
    repository = {"projectId": "p", "repositoryId": "r"}
    for arguments in (
        {"action": "link_to_pull_request", "pullRequestId": 4} | repository | {"projectId": "Fabrikam"},
        {"action": "add_artifact_link", "branchName": "main"} | repository,
        {"action": "add_artifact_link", "linkType": "Build", "buildId": 7, "comment": "green"},
    ):
        assert mcp("wit_work_item_link_write", **PROJECT, **scope, **arguments)["success"]
    relations = read(mcp, id, expand="Relations")["relations"]
    assert {(each["rel"], each["attributes"].get("name")) for each in relations} == {
        ("Hyperlink", None),
        ("ArtifactLink", "Pull Request"),
        ("ArtifactLink", "Branch"),
        ("ArtifactLink", "Build"),
    }
    mcp.texts("wit_work_item_link_write", action="unlink", id=id, type="artifact", **PROJECT)
    assert [each["rel"] for each in read(mcp, id, expand="Relations")["relations"]] == ["Hyperlink"]


def test_queries(mcp: Mcp) -> None:
    id = created(mcp, "only this title")["id"]
    text = (
        "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND [System.Title] = 'only this title'"
    )
    found = mcp("wit_query", action="wiql", wiql=text, timePrecision=True, **TEAM)
    assert [each["id"] for each in found["workItems"]] == [id]
    roots = mcp("wit_query", action="get", query="Shared Queries", depth=1, expand="All", **PROJECT)
    assert (roots["name"], roots["isFolder"]) == ("Shared Queries", True)


def test_running_a_stored_query(mcp: Mcp, organisation: RunningSimulator) -> None:
    id = created(mcp, "found by a stored query")["id"]
    text = "SELECT [System.Id] FROM WorkItems WHERE [System.Title] = 'found by a stored query'"
    stored = Client(organisation)(
        "POST", "Fabrikam/_apis/wit/queries/My Queries", {"name": "Stored", "wiql": text}
    ).json()
    found = mcp("wit_query", action="get_results", id=stored["id"], **PROJECT)
    assert [each["id"] for each in found["workItems"]] == [id]
    assert mcp("wit_query", action="get_results", id=stored["id"], responseType="ids", **TEAM)["ids"] == [id]


def test_downloading_an_attachment(mcp: Mcp, organisation: RunningSimulator) -> None:
    address = f"{organisation.url}/Fabrikam/_apis/wit/attachments?fileName=notes.txt&api-version=7.1"
    kept = requests.post(address, data=b"what we saw", auth=("", organisation.token), timeout=10).json()
    told = mcp.texts("wit_work_item_attachment", attachmentId=kept["id"], fileName="notes.txt", **PROJECT)
    assert told == ["what we saw"]


def test_types(mcp: Mcp) -> None:
    kind = mcp("wit_work_item", action="get_type", workItemType="Bug", **PROJECT)
    assert kind["referenceName"] == "Microsoft.VSTS.WorkItemTypes.Bug"


def test_backlogs(mcp: Mcp) -> None:
    place = {"System_AreaPath": "Fabrikam\\Network"}
    first, second = (created(mcp, title, "User Story", **place)["id"] for title in ("first", "second"))
    assert "Stories" in [each["name"] for each in mcp("wit_backlog", action="list", **TEAM)]
    assert [each["id"] for each in mcp("wit_backlog", action="reorder", ids=[second], nextId=first, **TEAM)] == [second]
    level = "Microsoft.RequirementCategory"
    listed = mcp("wit_backlog", action="list_work_items", backlogId=level, **TEAM)["workItems"]
    ids = [each["target"]["id"] for each in listed]
    assert ids.index(second) < ids.index(first)


def test_my_work(mcp: Mcp) -> None:
    id = created(mcp, "mine", System_AssignedTo="boardbridge@contoso.com")["id"]
    mine = mcp("wit_work_item", action="my", type="assignedtome", **PROJECT)
    assert id in [each["id"] for each in mine["results"]]


def test_iterations(mcp: Mcp) -> None:
    sprint = {"iterationName": "Sprint 9", "startDate": "2027-01-04T00:00:00Z", "finishDate": "2027-01-15T00:00:00Z"}
    [made] = mcp("work_iteration_write", action="create", iterations=[sprint], **PROJECT)
    assert made["attributes"]["startDate"].startswith("2027-01-04")
    [root] = mcp("work", action="list_iterations", depth=2, **PROJECT)
    assert "Sprint 9" in [each["name"] for each in root["children"]]
    assigned = {"identifier": made["identifier"], "path": made["path"]}
    mcp("work_iteration_write", action="assign", iterations=[assigned], **TEAM)
    assert "Sprint 9" in [each["name"] for each in mcp("work", action="list_team_iterations", **TEAM)]
    place = {"System_AreaPath": "Fabrikam\\Network", "System_IterationPath": "Fabrikam\\Sprint 9"}
    id = created(mcp, "in the sprint", **place)["id"]
    inside = mcp("wit_work_item", action="list_for_iteration", iterationId=made["identifier"], **TEAM)
    assert [each["target"]["id"] for each in inside["workItemRelations"]] == [id]


def test_team_settings(mcp: Mcp) -> None:
    settings = mcp("work", action="get_team_settings", **TEAM)
    assert settings["defaultAreaPath"] == "Fabrikam\\Network"
    assert settings["defaultIteration"]["name"] == "Sprint 2"


def test_capacities(mcp: Mcp) -> None:
    iteration = {"iterationId": current(mcp, TEAM)["id"]}
    [person] = mcp("core_get_identity_ids", searchFilter="fabrikamfiber16@hotmail.com")
    activities = [{"name": "Development", "capacityPerDay": 6}]
    written = {"action": "update", "teamMemberId": person["id"], "activities": activities}
    assert mcp("work_capacity_write", **written, **iteration, **TEAM)["activities"] == activities
    assert mcp("work", action="get_team_capacity", **iteration, **TEAM)["totalCapacityPerDay"] == 6
    assert mcp("work", action="get_iteration_capacities", **iteration, **PROJECT)["totalIterationCapacityPerDay"] == 6
