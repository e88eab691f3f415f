"""The order of backlogs and iterations, the capacity of an iteration over all teams, and the caller's own work."""

from typing import Any

import pytest

from tests.local.azure_devops.client import Client, add
from tests.local.azure_devops.recordings import recorded
from tests.local.azure_devops.specifications import FILES, Specification

WORK = "Fabrikam/Network/_apis/work"
ORDER = "Microsoft.VSTS.Common.StackRank"
STORIES = f"{WORK}/backlogs/Microsoft.RequirementCategory/workItems"
PLACE = {"area": "Fabrikam\\Network", "iteration": "Fabrikam\\Sprint 2"}


def stories(client: Client, count: int = 4) -> None:
    for number in range(count):
        client.create(f"Story {number + 1}", kind="User Story", **PLACE)


def sprint(client: Client) -> str:
    [current] = client.get(f"{WORK}/teamsettings/iterations", **{"$timeframe": "current"})["value"]
    return current["id"]


def backlog(client: Client) -> list[int]:
    return [each["target"]["id"] for each in client.get(STORIES)["workItems"]]


@pytest.mark.parametrize(
    ("move", "order"),
    [
        ({"ids": [4], "previousId": 0, "nextId": 1}, [4, 1, 2, 3]),
        ({"ids": [4], "previousId": 1, "nextId": 2}, [1, 4, 2, 3]),
        ({"ids": [1], "previousId": 2}, [2, 1, 3, 4]),
        ({"ids": [1], "nextId": 4}, [2, 3, 1, 4]),
        ({"ids": [1], "previousId": 4, "nextId": 0}, [2, 3, 4, 1]),
        ({"ids": [2], "previousId": 0}, [2, 1, 3, 4]),
        ({"ids": [2], "nextId": 0}, [1, 3, 4, 2]),
        ({"ids": [2]}, [1, 3, 4, 2]),
        ({"ids": [4, 1], "previousId": 2}, [2, 4, 1, 3]),
    ],
)
@pytest.mark.parametrize("within", ["backlog", "iteration"])
def test_items_are_moved(client: Client, move: dict[str, Any], order: list[int], within: str) -> None:
    stories(client)
    scope = f"{WORK}/iterations/{sprint(client)}" if within == "iteration" else WORK
    answer = client("PATCH", f"{scope}/workitemsorder", move)
    assert answer.status_code == 200, answer.text
    assert [each["id"] for each in answer.json()["value"]] == [id for id in order if id in move["ids"]]
    assert backlog(client) == order
    assert [client.item(each["id"])["fields"][ORDER] for each in answer.json()["value"]] == [
        each["order"] for each in answer.json()["value"]
    ]


@pytest.mark.parametrize("ids", [[], [9], [1, 9]])
def test_only_what_is_there_is_moved(client: Client, ids: list[int]) -> None:
    stories(client, 1)
    assert client("PATCH", f"{WORK}/workitemsorder", {"ids": ids}).status_code == 400


def test_an_item_already_in_place_is_not_revised(client: Client) -> None:
    stories(client, 2)
    for _ in range(2):
        client("PATCH", f"{WORK}/workitemsorder", {"ids": [2], "previousId": 1})
    assert [client.item(id)["rev"] for id in (1, 2)] == [2, 2]


def test_my_work(client: Client) -> None:
    client.create("mine", assigned="boardbridge@contoso.com")
    client.create("not mine", assigned="Norman Paulk")
    client.create("elsewhere", project="Tailwind", assigned="boardbridge@contoso.com")
    client.create("mine and done", assigned="boardbridge@contoso.com")
    client.change(4, add("System.State", "Closed"))
    path = "Fabrikam/_apis/work/predefinedQueries"
    assert [each["id"] for each in client.get(path)["value"]] == ["assignedtome", "myactivity"]
    mine = client.get(f"{path}/assignedToMe")
    assert ([each["id"] for each in mine["results"]], mine["hasMore"]) == ([1], False)
    everything = client.get(f"{path}/assignedtome", includeCompleted="true", **{"$top": 1})
    assert ([each["id"] for each in everything["results"]], everything["hasMore"]) == ([4], True)
    assert [each["id"] for each in client.get(f"{path}/myactivity")["results"]] == [2, 1]
    assert client("GET", f"{path}/nothing").status_code == 404


def test_planning_keeps_to_the_specification(client: Client) -> None:
    specification = Specification(recorded(FILES["work"]))
    stories(client)
    current = sprint(client)
    member = client.get("_apis/projects/Fabrikam/teams/Network/members")["value"][0]["identity"]["id"]
    capacity = {"activities": [{"name": "Development", "capacityPerDay": 6}], "daysOff": []}
    client("PATCH", f"{WORK}/teamsettings/iterations/{current}/capacities/{member}", capacity)
    shown = client.get(f"Fabrikam/_apis/work/iterations/{current}/iterationcapacities")
    assert (shown["totalIterationCapacityPerDay"], len(shown["teams"])) == (6, 1)
    template = "/{project}/_apis/work/iterations/{iterationId}/iterationcapacities"
    assert list(specification.faults(specification.answer(template), shown)) == []
    for template, path in (
        ("/{project}/{team}/_apis/work/workitemsorder", f"{WORK}/workitemsorder"),
        (
            "/{project}/{team}/_apis/work/iterations/{iterationId}/workitemsorder",
            f"{WORK}/iterations/{current}/workitemsorder",
        ),
    ):
        moved = client("PATCH", path, {"ids": [1]}).json()["value"]
        assert list(specification.faults(specification.answer(template, "patch"), moved)) == []


def test_the_organisation_and_templates_keep_to_the_specification(client: Client) -> None:
    wit = Specification(recorded(FILES["wit"]))
    stories(client)
    wanted = {"name": "Outage", "workItemTypeName": "Bug", "fields": {"System.Tags": "outage"}}
    template = client("POST", "Fabrikam/Network/_apis/wit/templates", wanted).json()
    for known, path in (
        ("/_apis/work/accountmyworkrecentactivity", "_apis/work/accountmyworkrecentactivity"),
        ("/_apis/wit/artifactlinktypes", "_apis/wit/artifactlinktypes"),
        ("/_apis/wit/workitemicons", "_apis/wit/workitemicons"),
        ("/_apis/wit/workitemicons/{icon}", "_apis/wit/workitemicons/icon_insect"),
        ("/{project}/{team}/_apis/wit/templates", "Fabrikam/Network/_apis/wit/templates"),
        (
            "/{project}/{team}/_apis/wit/templates/{templateId}",
            f"Fabrikam/Network/_apis/wit/templates/{template['id']}",
        ),
    ):
        body, schema = client.get(path), wit.answer(known)
        shown = body["value"] if schema.get("type") == "array" else body
        assert shown
        assert list(wit.faults(schema, shown)) == []
