"""Drafts and changes as JSON patches, by table."""

from typing import Any

import pytest

from shared.connectors.azure_devops.patches import needs_present, to_create, to_update
from shared.model import Hyperlink, WorkItemChange, WorkItemDraft

ORGANISATION = "https://dev.azure.com/contoso"
TEST = {"op": "test", "path": "/rev", "value": 3}
ONE, TWO = Hyperlink("https://itsm.example/1", "one"), Hyperlink("https://itsm.example/2")


def field(op: str, name: str, value: Any) -> dict[str, Any]:
    return {"op": op, "path": f"/fields/{name}", "value": value}


def add_hyperlink(url: str, comment: str = "") -> dict[str, Any]:
    attributes = {"attributes": {"comment": comment}} if comment else {}
    return {"op": "add", "path": "/relations/-", "value": {"rel": "Hyperlink", "url": url, **attributes}}


def parent(id: int) -> dict[str, Any]:
    return {
        "rel": "System.LinkTypes.Hierarchy-Reverse",
        "url": f"{ORGANISATION}/_apis/wit/workItems/{id}",
        "attributes": {"isLocked": False, "name": "Parent"},
    }


def add_parent(id: int) -> dict[str, Any]:
    value = {name: value for name, value in parent(id).items() if name != "attributes"}
    return {"op": "add", "path": "/relations/-", "value": value}


def remove(index: int) -> dict[str, Any]:
    return {"op": "remove", "path": f"/relations/{index}"}


def relation(link: Hyperlink) -> dict[str, Any]:
    return {"rel": "Hyperlink", "url": link.url, "attributes": {"id": 1, "comment": link.comment}}


CHILD = {"rel": "System.LinkTypes.Hierarchy-Forward", "url": f"{ORGANISATION}/_apis/wit/workItems/9"}
SAME_URL_OTHER_KIND = {"rel": "ArtifactLink", "url": ONE.url}


@pytest.mark.parametrize(
    ("draft", "patch"),
    [
        (WorkItemDraft("P", "Bug", {"System.Title": "x"}), [field("add", "System.Title", "x")]),
        (
            WorkItemDraft("P", "Bug", {"System.Title": "x", "System.Tags": "", "A.B": None, "C.D": 0}),
            [field("add", "System.Title", "x"), field("add", "C.D", 0)],
        ),
        (
            WorkItemDraft("P", "Bug", {}, (ONE, TWO), 7),
            [add_hyperlink(ONE.url, "one"), add_hyperlink(TWO.url), add_parent(7)],
        ),
    ],
)
def test_create(draft: WorkItemDraft, patch: list[dict[str, Any]]) -> None:
    assert to_create(draft, ORGANISATION) == patch


@pytest.mark.parametrize(
    ("changes", "present", "relations", "operations"),
    [
        # fields
        ({"fields": {"System.Title": "x"}}, {}, [], [field("add", "System.Title", "x")]),
        ({"fields": {"System.AssignedTo": ""}}, {}, [], [field("add", "System.AssignedTo", "")]),
        ({"fields": {"System.AssignedTo": None}}, {}, [], [field("add", "System.AssignedTo", "")]),
        ({"fields": {"System.Tags": "a"}}, {}, [], [field("add", "System.Tags", "a")]),
        ({"fields": {"System.Tags": "a"}}, {"System.Tags": "b"}, [], [field("replace", "System.Tags", "a")]),
        ({"fields": {"System.Tags": ""}}, {"System.Tags": "b"}, [], [field("replace", "System.Tags", "")]),
        # hyperlinks
        ({"add_hyperlinks": (ONE,)}, {}, [], [add_hyperlink(ONE.url, "one")]),
        ({"add_hyperlinks": (ONE, TWO)}, {}, [relation(ONE)], [add_hyperlink(TWO.url)]),
        ({"add_hyperlinks": (ONE,)}, {}, [relation(ONE)], []),
        ({"add_hyperlinks": (ONE,)}, {}, [SAME_URL_OTHER_KIND], [add_hyperlink(ONE.url, "one")]),
        ({"remove_hyperlinks": (ONE.url,)}, {}, [CHILD, relation(ONE)], [remove(1)]),
        ({"remove_hyperlinks": (ONE.url,)}, {}, [SAME_URL_OTHER_KIND], []),
        ({"remove_hyperlinks": (ONE.url, TWO.url)}, {}, [relation(ONE), CHILD, relation(TWO)], [remove(2), remove(0)]),
        ({"remove_hyperlinks": (TWO.url, ONE.url)}, {}, [relation(ONE), CHILD, relation(TWO)], [remove(2), remove(0)]),
        ({"remove_hyperlinks": (ONE.url, ONE.url)}, {}, [relation(ONE)], [remove(0)]),
        # parents
        ({"parent": 7}, {}, [CHILD], [add_parent(7)]),
        ({"parent": 7}, {}, [parent(7)], []),
        ({"parent": 7}, {}, [CHILD, parent(8)], [remove(1), add_parent(7)]),
        # everything at once: fields, removals from the top, additions
        (
            {
                "fields": {"System.Title": "x"},
                "add_hyperlinks": (TWO,),
                "remove_hyperlinks": (ONE.url,),
                "parent": 7,
            },
            {},
            [relation(ONE), CHILD, parent(8)],
            [
                field("add", "System.Title", "x"),
                remove(2),
                remove(0),
                add_hyperlink(TWO.url),
                add_parent(7),
            ],
        ),
        ({}, {}, [], []),
    ],
)
def test_update(
    changes: dict[str, Any],
    present: dict[str, Any],
    relations: list[dict[str, Any]],
    operations: list[dict[str, Any]],
) -> None:
    patch = to_update(WorkItemChange(5, 3, **changes), ORGANISATION, present, relations)
    assert patch == ([TEST, *operations] if operations else [])


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, False),
        ({"fields": {"System.Title": "x"}}, False),
        ({"fields": {"System.Tags": ""}}, True),
        ({"add_hyperlinks": (ONE,)}, True),
        ({"remove_hyperlinks": (ONE.url,)}, True),
        ({"parent": 1}, True),
    ],
)
def test_only_tags_and_links_need_a_look_first(changes: dict[str, Any], needed: bool) -> None:
    assert needs_present(WorkItemChange(5, 3, **changes)) is needed


def duplicate(id: int) -> dict[str, str]:
    return {"rel": "System.LinkTypes.Duplicate-Reverse", "url": f"{ORGANISATION}/_apis/wit/workItems/{id}"}


def test_a_duplicate_is_linked_to_its_original_once() -> None:
    change = WorkItemChange(5, 3, {"System.State": "Closed"}, duplicate_of=7)
    assert needs_present(change)
    state, link = field("add", "System.State", "Closed"), {"op": "add", "path": "/relations/-", "value": duplicate(7)}
    assert to_update(change, ORGANISATION, {}, [duplicate(6)]) == [TEST, state, link]
    assert to_update(change, ORGANISATION, {}, [duplicate(6), duplicate(7)]) == [TEST, state]
