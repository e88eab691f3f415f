"""Relations: what they change and what they leave alone, on both ends."""

from typing import Any

import pytest

from tests.local.azure_devops.client import Client, add, expect_rev, remove

CHILD = "System.LinkTypes.Hierarchy-Forward"
PARENT = "System.LinkTypes.Hierarchy-Reverse"
RELATED = "System.LinkTypes.Related"


def everything(client: Client, item: int) -> Any:
    return client.item(item, **{"$expand": "all"})


def ends(client: Client, item: int) -> list[tuple[str, int]]:
    relations = everything(client, item).get("relations", [])
    return sorted((r["attributes"]["name"], int(r["url"].rpartition("/")[2])) for r in relations)


def index_of(client: Client, item: int, target: int) -> int:
    urls = [r["url"] for r in everything(client, item)["relations"]]
    return next(i for i, url in enumerate(urls) if url.endswith(f"/{target}"))


@pytest.mark.parametrize("operation", ["add", "comment", "remove"])
def test_links_leave_revision_date_and_watermark_alone_on_both_ends(client: Client, operation: str) -> None:
    client.create()
    client.create()
    if operation != "add":
        client.change(1, client.link(CHILD, 2))
    before = [everything(client, id) for id in (1, 2)]
    change = {
        "add": client.link(CHILD, 2, "why"),
        "comment": {"op": "replace", "path": "/relations/0/attributes/comment", "value": "why"},
        "remove": remove("/relations/0"),
    }[operation]
    answer = client.change(1, expect_rev(1), change)
    assert answer["rev"] == 1
    for old, new in zip(before, [everything(client, id) for id in (1, 2)], strict=True):
        for field in ("System.Rev", "System.ChangedDate", "System.Watermark", "System.ChangedBy"):
            assert new["fields"][field] == old["fields"][field]
        assert new.get("relations") != old.get("relations")


@pytest.mark.parametrize("rel", ["Hyperlink", "ArtifactLink", "AttachedFile"])
def test_resource_links_do_make_a_revision(client: Client, rel: str) -> None:
    client.create()
    value = {"rel": rel, "url": "https://itsm/1", "attributes": {"name": "INC", "comment": "first"}}
    item = client.change(1, {"op": "add", "path": "/relations/-", "value": value})
    assert item["rev"] == 2
    relation = everything(client, 1)["relations"][0]
    assert (relation["rel"], relation["url"]) == (rel, "https://itsm/1")
    assert relation["attributes"]["revisedDate"] == "9999-01-01T00:00:00Z"
    assert (relation["attributes"]["name"], relation["attributes"]["comment"]) == ("INC", "first")
    changed = client.change(1, {"op": "replace", "path": "/relations/0/attributes/comment", "value": "second"})
    assert changed["rev"] == 3
    assert client.change(1, remove("/relations/0"))["rev"] == 4


def test_a_link_shows_on_both_ends_and_as_the_parent(client: Client) -> None:
    client.create(kind="User Story")
    client.create()
    client.change(2, client.link(PARENT, 1))
    assert (ends(client, 1), ends(client, 2)) == ([("Child", 2)], [("Parent", 1)])
    assert client.item(2, fields="System.Parent")["fields"] == {"System.Parent": 1}
    relation = everything(client, 1)["relations"][0]
    project = client.get("_apis/projects/Fabrikam")["id"]
    assert relation == {
        "rel": CHILD,
        "url": f"{client.url}/{project}/_apis/wit/workItems/2",
        "attributes": {"isLocked": False, "name": "Child"},
    }


def test_a_link_change_is_an_update_without_fields(client: Client) -> None:
    client.create()
    client.create()
    client.change(1, client.link(CHILD, 2, "split"))
    client.change(1, remove("/relations/0"))
    for item in (1, 2):
        updates = client.get(f"_apis/wit/workitems/{item}/updates")["value"]
        assert [(u["id"], u["rev"]) for u in updates] == [(1, 1), (2, 1), (3, 1)]
        assert "fields" not in updates[1]
        assert [list(u.get("relations", {})) for u in updates] == [[], ["added"], ["removed"]]
        assert updates[1]["relations"]["added"][0]["attributes"]["comment"] == "split"


def test_fields_and_links_in_one_patch_are_one_update(client: Client) -> None:
    client.create()
    client.create()
    assert client.change(1, add("System.Title", "b"), client.link(RELATED, 2))["rev"] == 2
    last = client.get("_apis/wit/workitems/1/updates")["value"][-1]
    assert (last["id"], last["rev"], "fields" in last, "relations" in last) == (2, 2, True, True)
    other = client.get("_apis/wit/workitems/2/updates")["value"][-1]
    assert (other["id"], other["rev"], "fields" in other) == (2, 1, False)


def test_the_order_of_relations_is_not_the_order_of_adding(client: Client) -> None:
    for _ in range(6):
        client.create()
    for child in range(2, 7):
        client.change(1, client.link(CHILD, child))
    listed = [int(r["url"].rpartition("/")[2]) for r in everything(client, 1)["relations"]]
    assert sorted(listed) == [2, 3, 4, 5, 6]
    assert listed != [2, 3, 4, 5, 6]


def test_removal_names_the_relation_a_client_sees(client: Client) -> None:
    for _ in range(5):
        client.create()
    for child in range(2, 6):
        client.change(1, client.link(CHILD, child))
    higher, lower = sorted((index_of(client, 1, 3), index_of(client, 1, 5)), reverse=True)
    client.change(1, remove(f"/relations/{higher}"), remove(f"/relations/{lower}"))
    assert ends(client, 1) == [("Child", 2), ("Child", 4)]
    assert (ends(client, 3), ends(client, 5)) == ([], [])


def test_a_second_parent_is_refused_from_either_end(client: Client) -> None:
    for _ in range(3):
        client.create()
    client.change(3, client.link(PARENT, 1))
    for item, link in ((3, client.link(PARENT, 2)), (2, client.link(CHILD, 3))):
        answer = client.patch(item, link)
        assert (answer.status_code, answer.json()["typeKey"]) == (400, "WorkItemLinkAddExtraParentException")
        assert answer.json()["message"].startswith("TF201036: You cannot add a ")
    assert client.item(3, fields="System.Parent")["fields"] == {"System.Parent": 1}


def test_a_new_parent_in_one_patch(client: Client) -> None:
    for _ in range(3):
        client.create()
    client.change(3, client.link(PARENT, 1))
    client.change(3, remove("/relations/0"), client.link(PARENT, 2))
    assert client.item(3, fields="System.Parent")["fields"] == {"System.Parent": 2}
    assert (ends(client, 1), ends(client, 2)) == ([], [("Child", 3)])


@pytest.mark.parametrize("rel", [CHILD, PARENT])
def test_a_cycle_is_refused(client: Client, rel: str) -> None:
    for _ in range(3):
        client.create()
    client.change(2, client.link(PARENT, 1))
    client.change(3, client.link(PARENT, 2))
    item, target = (3, 1) if rel == CHILD else (1, 3)
    answer = client.patch(item, client.link(rel, target))
    assert (answer.status_code, answer.json()["typeKey"]) == (400, "WorkItemLinkCircularException")
    assert answer.json()["message"].startswith("TF201035")


@pytest.mark.parametrize(
    ("rel", "url", "status"),
    [
        (RELATED, "_apis/wit/workItems/99", 404),
        (RELATED, "_apis/wit/nothing/1", 400),
        ("System.LinkTypes.Nope", "_apis/wit/workItems/1", 400),
    ],
)
def test_a_link_needs_a_type_and_a_target(client: Client, rel: str, url: str, status: int) -> None:
    client.create()
    operation = {"op": "add", "path": "/relations/-", "value": {"rel": rel, "url": f"{client.url}/{url}"}}
    assert client.patch(1, operation).status_code == status


def test_the_same_link_twice_is_refused(client: Client) -> None:
    client.create()
    client.create()
    client.change(1, client.link(RELATED, 2))
    assert client.patch(1, client.link(RELATED, 2)).status_code == 400


def test_links_of_a_deleted_item_come_back_with_it(client: Client) -> None:
    client.create()
    client.create()
    client.change(1, client.link(CHILD, 2))
    client("DELETE", "_apis/wit/workitems/1")
    assert ends(client, 2) == []
    assert client.item(2, fields="System.Parent")["fields"] == {}
    client("PATCH", "_apis/wit/recyclebin/1", {"isDeleted": False})
    assert (ends(client, 1), ends(client, 2)) == ([("Child", 2)], [("Parent", 1)])


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_link_between_deleted_items_comes_back_with_the_last(client: Client, order: tuple[int, int]) -> None:
    client.create()
    client.create()
    client.change(1, client.link(RELATED, 2))
    for id in (1, 2):
        client("DELETE", f"_apis/wit/workitems/{id}")
    for id in order:
        client("PATCH", f"_apis/wit/recyclebin/{id}", {"isDeleted": False})
    assert (ends(client, 1), ends(client, 2)) == ([("Related", 2)], [("Related", 1)])


def test_a_child_that_found_another_parent_keeps_it(client: Client) -> None:
    for _ in range(3):
        client.create()
    client.change(1, client.link(CHILD, 3))
    client("DELETE", "_apis/wit/workitems/1")
    client.change(2, client.link(CHILD, 3))
    client("PATCH", "_apis/wit/recyclebin/1", {"isDeleted": False})
    assert (ends(client, 1), ends(client, 3)) == ([], [("Parent", 2)])


@pytest.mark.parametrize("rel", [CHILD, RELATED])
def test_an_item_is_not_linked_to_itself(client: Client, rel: str) -> None:
    client.create()
    assert client.patch(1, client.link(rel, 1)).status_code == 400


def test_a_link_after_a_comment_makes_no_revision(client: Client) -> None:
    client.create()
    client.create()
    client.change(1, add("System.History", "said"))
    assert client.change(1, client.link(RELATED, 2))["rev"] == 2


def test_relation_types(client: Client) -> None:
    types = {t["referenceName"]: t["attributes"] for t in client.get("_apis/wit/workitemrelationtypes")["value"]}
    assert len(types) == 21
    assert types[PARENT]["oppositeEndReferenceName"] == CHILD
    assert (types[PARENT]["topology"], types[RELATED]["topology"]) == ("tree", "network")
    assert types["Hyperlink"]["usage"] == "resourceLink"
    for name, attributes in types.items():
        if opposite := attributes.get("oppositeEndReferenceName"):
            assert types[opposite]["oppositeEndReferenceName"] == name
