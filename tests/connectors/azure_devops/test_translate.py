"""Answers of Azure DevOps as nouns: in the shapes of the reference, and as recorded."""

import json
from typing import Any

import pytest

from shared.connectors.azure_devops import translate
from shared.model import Changes, Hyperlink, Level, StateCategory, Team, WorkItemComment, WorkItemType
from tests.connectors.azure_devops.recorded import recorded

ORGANISATION = "https://dev.azure.com/contoso"
FIELDS = {"System.TeamProject": "Fabrikam Fiber", "System.WorkItemType": "Task", "System.Title": "Task_0"}
PARENT = {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": f"{ORGANISATION}/guid/_apis/wit/workItems/972"}
CHILD = {"rel": "System.LinkTypes.Hierarchy-Forward", "url": f"{ORGANISATION}/guid/_apis/wit/workItems/975"}


def hyperlink(url: str, **attributes: Any) -> dict[str, Any]:
    return {"rel": "Hyperlink", "url": url, "attributes": {"id": 5, **attributes}}


def work_item(**more: Any) -> dict[str, Any]:
    return {"id": 973, "rev": 4, "fields": FIELDS, **more}


def test_a_work_item() -> None:
    links = {"html": {"href": f"{ORGANISATION}/guid/_workitems/edit/973"}}
    relations = [CHILD, hyperlink("https://a.example/"), PARENT, hyperlink("https://b.example/", comment="the ticket")]
    item = translate.work_item(work_item(_links=links, relations=relations), ORGANISATION)
    assert (item.id, item.rev, item.project, item.type) == (973, 4, "Fabrikam Fiber", "Task")
    assert item.fields == FIELDS
    assert item.hyperlinks == (Hyperlink("https://a.example/"), Hyperlink("https://b.example/", "the ticket"))
    assert item.parent == 972
    assert item.url == f"{ORGANISATION}/guid/_workitems/edit/973"


def test_a_work_item_that_comes_with_little() -> None:
    item = translate.work_item(work_item(), ORGANISATION)
    assert (item.hyperlinks, item.parent) == ((), None)
    assert item.url == f"{ORGANISATION}/Fabrikam%20Fiber/_workitems/edit/973"


def test_the_parent_may_be_a_field_only() -> None:
    item = translate.work_item(work_item(fields={**FIELDS, "System.Parent": 12}), ORGANISATION)
    assert item.parent == 12


def test_a_type() -> None:
    json = {
        "name": "Task",
        "states": [
            {"name": "To Do", "color": "b2b2b2", "category": "Proposed"},
            {"name": "Done", "color": "339933", "category": "Completed"},
        ],
        "transitions": {"": [{"to": "To Do", "actions": None}], "To Do": [{"to": "To Do"}, {"to": "Done"}]},
        "fields": [{"referenceName": "System.Title", "name": "Title"}, {"referenceName": "System.State"}],
        "fieldInstances": [],
        "xmlForm": "<FORM />",
    }
    assert translate.work_item_type(json) == WorkItemType(
        name="Task",
        states={"To Do": StateCategory.PROPOSED, "Done": StateCategory.COMPLETED},
        transitions={"": ("To Do",), "To Do": ("To Do", "Done")},
        fields=frozenset({"System.Title", "System.State"}),
    )


def test_a_disabled_type_has_no_state_to_be_created_in() -> None:
    json = {
        "name": "Saga",
        "states": [],
        "transitions": {"": [{"to": "New"}], "New": []},
        "fields": [],
        "isDisabled": True,
    }
    assert translate.work_item_type(json).transitions == {"": (), "New": ()}


def backlog(id: str, name: str, rank: int, *kinds: str) -> dict[str, Any]:
    """The usual kind last, as the service sorts them by name."""
    types = [{"name": kind} for kind in kinds]
    return {"id": id, "name": name, "rank": rank, "workItemTypes": types, "defaultWorkItemType": types[-1]}


@pytest.mark.parametrize("bugs_are_listed", [True, False])
@pytest.mark.parametrize(
    ("behaviour", "requirements", "tasks"),
    [
        ("asRequirements", ("User Story", "Ticket", "Bug"), ("Task",)),
        ("asTasks", ("User Story", "Ticket"), ("Task", "Bug")),
        ("off", ("User Story", "Ticket"), ("Task",)),
    ],
)
def test_levels_have_bugs_where_the_team_has_them(behaviour, requirements, tasks, bugs_are_listed) -> None:
    listed = ["Bug"] if bugs_are_listed else []
    configuration = {
        "portfolioBacklogs": [
            backlog("Microsoft.FeatureCategory", "Features", 3, "Feature"),
            backlog("Custom.Strategies", "Strategies", 5, "Strategy"),
            backlog("Microsoft.EpicCategory", "Our epics", 4, "Epic"),
        ],
        "requirementBacklog": backlog("Microsoft.RequirementCategory", "Stories", 2, *listed, "Ticket", "User Story"),
        "taskBacklog": backlog("Microsoft.TaskCategory", "Tasks", 1, "Task"),
        "bugsBehavior": behaviour,
        "hiddenBacklogs": ["Microsoft.EpicCategory"],
    }
    assert translate.levels(configuration, ["Bug"]) == (
        Level("Strategies", 5, ("Strategy",)),
        Level("Our epics", 4, ("Epic",)),
        Level("Features", 3, ("Feature",)),
        Level("Stories", 2, requirements),
        Level("Tasks", 1, tasks),
    )


def test_paths_of_areas_are_made_of_names_alone() -> None:
    leaf = {"identifier": "c", "name": "Phone", "path": "\\Fabrikam\\Bereich\\Devices\\Phone"}
    inner = {"identifier": "b", "name": "Devices", "path": "\\Fabrikam\\Bereich\\Devices", "children": [leaf]}
    root = {"identifier": "a", "name": "Fabrikam", "path": "\\Fabrikam\\Bereich", "children": [inner]}
    assert list(translate.nodes(root)) == [
        ("a", "Fabrikam"),
        ("b", "Fabrikam\\Devices"),
        ("c", "Fabrikam\\Devices\\Phone"),
    ]


@pytest.mark.parametrize(
    ("texts", "html"),
    [
        ({"text": "**Now**", "renderedText": "<p><b>Now</b></p>", "format": "markdown"}, "<p><b>Now</b></p>"),
        ({"text": "<b>Now</b>", "renderedText": "", "format": "html"}, "<b>Now</b>"),
        ({"text": "<b>Now</b>"}, "<b>Now</b>"),
    ],
)
def test_a_comment_is_html_whatever_it_was_written_in(texts: dict[str, str], html: str) -> None:
    json = {"id": 4, "createdBy": {"displayName": "Jamal Hartnett"}, **texts}
    assert translate.comment(json) == WorkItemComment(4, html, "Jamal Hartnett")


def test_a_batch_names_each_work_item_once() -> None:
    rows = [{"id": 9, "rev": 2, "fields": {}}, {"id": 3, "rev": 1, "fields": {}}, {"id": 9, "rev": 3, "fields": {}}]
    batch = {"values": rows, "continuationToken": "17;9;3", "isLastBatch": False}
    assert translate.changes(batch) == Changes((9, 3), "17;9;3", more=True)


@pytest.mark.parametrize(
    ("field_values", "default_area", "areas"),
    [
        (
            {"defaultValue": "P\\A", "values": [{"value": "P\\A", "includeChildren": True}]},
            "P\\A",
            (("P\\A", True),),
        ),
        ({"defaultValue": None, "values": []}, None, ()),
    ],
)
def test_a_team(field_values: dict[str, Any], default_area: str | None, areas: tuple[tuple[str, bool], ...]) -> None:
    assert translate.team("P", "guid", "T", field_values) == Team("P", "T", default_area, areas, "guid")


def iteration(path: str, **attributes: str | None) -> dict[str, Any]:
    return {"id": "guid", "name": path, "path": path, "attributes": attributes}


@pytest.mark.parametrize(
    ("iterations", "path"),
    [
        ([], None),
        ([iteration("P\\1", startDate="2026-05-04T00:00:00Z", timeFrame="current")], "P\\1"),
        ([iteration("P\\0", timeFrame="past"), iteration("P\\1", timeFrame="current")], "P\\1"),
        ([iteration("P\\2", timeFrame="future")], None),
        ([iteration("P\\1", startDate=None, timeFrame="current")], "P\\1"),
    ],
)
def test_the_current_iteration(iterations: list[dict[str, Any]], path: str | None) -> None:
    assert translate.current_iteration({"count": len(iterations), "value": iterations}) == path


def test_what_was_found_is_by_url_ascending_and_complete() -> None:
    found = {"HTTPS://a.example/X": [{"id": 9, "url": "…"}, {"id": 3, "url": "…"}], "https://b.example/": []}
    urls = ["https://a.example/x", "https://b.example/", "https://c.example/"]
    assert translate.found({"artifactUrisQueryResult": found}, urls) == {
        "https://a.example/x": (3, 9),
        "https://b.example/": (),
        "https://c.example/": (),
    }


def test_recorded_work_items_are_understood() -> None:
    specs = recorded() / "specs" / "wit" / "7.1" / "httpExamples"
    read = 0
    for path in sorted((*specs.glob("workItems/P*.json"), *specs.glob("revisions/GET__workitem_revision.json"))):
        body = json.loads(path.read_text("utf-8-sig"))["responses"]["200"]["body"]
        item = translate.work_item(body, ORGANISATION)
        assert (item.id, item.rev, item.project) == (body["id"], body["rev"], body["fields"]["System.TeamProject"])
        read += 1
    assert read > 10
