"""Queries over links: one hop in three modes and trees in two, by table and against a plain reference."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from infra.local.azure_devops.boards.links import CHILD
from infra.local.azure_devops.errors import ApiError
from tests.local.azure_devops.board import Board, Row
from tests.local.azure_devops.client import Client

RELATED = "System.LinkTypes.Related"
SUCCESSOR = "System.LinkTypes.Dependency-Forward"
CHILDREN = f"[System.Links.LinkType] = '{CHILD}'"
EPICS = "[Source].[System.WorkItemType] = 'Epic'"
SELECT = "SELECT [System.Id] FROM WorkItemLinks WHERE"


@pytest.fixture
def board() -> Board:
    """1 has the children 2 and 3, 3 the child 4; 5 has the child 6; 1 and 6 are related; 4 is before 2; 7 is alone."""
    board = Board()
    for kind, priority in [("Epic", 1), ("Feature", 2), ("Feature", 1), ("Task", 2), ("Epic", 2), ("Bug", 1)]:
        board.add(kind, Priority=priority)
    board.add("Task", project="Tailwind", Priority=3)
    for parent, child in [(1, 2), (1, 3), (3, 4), (5, 6)]:
        board.link(parent, child)
    board.link(1, 6, RELATED)
    board.link(4, 2, SUCCESSOR)
    return board


def root(target: int) -> Row:
    return None, None, target


def child(source: int, target: int) -> Row:
    return source, CHILD, target


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        (
            f"{CHILDREN} MODE (MustContain)",
            [root(1), child(1, 2), child(1, 3), root(3), child(3, 4), root(5), child(5, 6)],
        ),
        (CHILDREN, [root(1), child(1, 2), child(1, 3), root(3), child(3, 4), root(5), child(5, 6)]),
        (f"[Source].[System.Id] = 1 AND {CHILDREN}", [root(1), child(1, 2), child(1, 3)]),
        (f"[System.Id] = 1 AND {CHILDREN}", [root(1), child(1, 2), child(1, 3)]),
        (
            f"([Target].[System.WorkItemType] = 'Bug') AND ({CHILDREN}) AND ([Source].[System.Id] > 0)",
            [root(5), child(5, 6)],
        ),
        (
            f"{EPICS} AND {CHILDREN} AND Target.[System.WorkItemType] = 'Bug' mode(MayContain)",
            [root(1), root(5), child(5, 6)],
        ),
        (
            f"{EPICS} AND {CHILDREN} AND [Target].[System.WorkItemType] = 'Bug' MODE (DoesNotContain)",
            [root(1)],
        ),
        ("[Source].[System.TeamProject] <> @project MODE (DoesNotContain)", [root(7)]),
        (
            "[Source].[System.Id] = 1 AND [System.Links.LinkType] <> '' MODE (MustContain)",
            [root(1), child(1, 2), child(1, 3), (1, RELATED, 6)],
        ),
        (
            f"[Source].[System.Id] = 1 AND [System.Links.LinkType] IN ('Related', '{SUCCESSOR}')",
            [root(1), (1, RELATED, 6)],
        ),
        (f"[Source].[System.Id] = 4 AND [System.Links.LinkType] = '{SUCCESSOR}'", [root(4), (4, SUCCESSOR, 2)]),
        (
            "[Source].[System.Id] = 2 AND [System.Links.LinkType] = 'System.LinkTypes.Dependency-Reverse'",
            [root(2), (2, "System.LinkTypes.Dependency-Reverse", 4)],
        ),
        (
            "Source.ID = 1 AND ([Link Type] = 'Child' OR [Link Type] = 'Related') AND NOT Target.ID = 2",
            [root(1), child(1, 3), (1, RELATED, 6)],
        ),
    ],
)
def test_one_hop(board: Board, where: str, rows: list[Row]) -> None:
    assert board.rows(f"{SELECT} {where}") == rows


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("", [root(1), child(1, 2), child(1, 3), child(3, 4), root(5), child(5, 6), root(7)]),
        ("[Source].[System.WorkItemType] = 'Epic' AND [Target].[System.WorkItemType] = 'Task' AND", [root(1), root(5)]),
        (
            "[Source].[System.Id] IN (1, 4) AND [Target].[System.WorkItemType] = 'Feature' AND",
            [root(1), child(1, 2), child(1, 3), root(4)],
        ),
        ("[Source].[System.Id] = 3 AND", [root(3), child(3, 4)]),
        ("[Source].[System.Id] = 99 AND", []),
    ],
)
def test_a_tree_from_its_roots(board: Board, where: str, rows: list[Row]) -> None:
    assert board.rows(f"{SELECT} {where} {CHILDREN} MODE (Recursive)") == rows


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("[Target].[System.Id] = 4 AND", [root(1), child(1, 3), child(3, 4)]),
        ("[Target].[System.Id] = 4 AND [Source].[System.WorkItemType] = 'Feature' AND", [root(3), child(3, 4)]),
        ("[Target].[System.Id] = 4 AND [Source].[System.WorkItemType] = 'Epic' AND", [root(4)]),
        ("[Target].[System.WorkItemType] = 'Bug' AND", [root(5), child(5, 6)]),
    ],
)
def test_a_tree_from_its_leaves(board: Board, where: str, rows: list[Row]) -> None:
    assert board.rows(f"{SELECT} {where} {CHILDREN} MODE (Recursive, ReturnMatchingChildren)") == rows


def test_a_tree_upwards(board: Board) -> None:
    rows = board.rows(f"{SELECT} [Source].[System.Id] = 4 AND [System.Links.LinkType] = 'Parent' MODE (Recursive)")
    parent = "System.LinkTypes.Hierarchy-Reverse"
    assert rows == [root(4), (4, parent, 3), (3, parent, 1)]


@pytest.mark.parametrize(
    ("order", "rows"),
    [
        ("[System.Id] DESC", [root(5), child(5, 6), root(1), child(1, 3), child(3, 4), child(1, 2)]),
        ("[System.Links.LinkType]", [root(1), child(1, 2), child(1, 3), child(3, 4), root(5), child(5, 6)]),
        (
            "[Microsoft.VSTS.Common.Priority]",
            [root(1), child(1, 3), child(3, 4), child(1, 2), root(5), child(5, 6)],
        ),
        (
            "[Source].[Microsoft.VSTS.Common.Priority] DESC",
            [root(5), child(5, 6), root(1), child(1, 2), child(1, 3), child(3, 4)],
        ),
        ("[Target].[System.Id] DESC", [root(1), child(1, 3), child(3, 4), child(1, 2), root(5), child(5, 6)]),
    ],
)
def test_order_of_a_tree(board: Board, order: str, rows: list[Row]) -> None:
    where = f"[Source].[System.WorkItemType] = 'Epic' AND {CHILDREN}"
    assert board.rows(f"{SELECT} {where} ORDER BY {order} MODE (Recursive)") == rows
    assert board.rows(f"{SELECT} {where} MODE (Recursive) ORDER BY {order}") == rows


def test_links_as_they_were(board: Board) -> None:
    linked = board.now
    board.now = linked.replace(hour=20)
    board.unlink(3)
    query = f"{SELECT} [Source].[System.Id] = 1 AND {CHILDREN}"
    assert board.rows(query) == [root(1), child(1, 2)]
    assert board.rows(f"{query} ASOF '2026-05-20T18:00:00Z' MODE (MustContain)") == [
        root(1), child(1, 2), child(1, 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("[Source].[System.Id] = 1 OR [Target].[System.Id] = 2", "not of several"),
        ("[Source].[System.Sprint] = 1", "TF51005"),
        ("[System.Links.LinkType] = 'Nope'", "The link type 'Nope' does not exist"),
        ("[System.Links.LinkType] > 'Child'", "cannot be asked"),
        ("[System.Id] > 0 MODE (Recursive)", "needs one link type, and one that makes a tree"),
        ("[System.Links.LinkType] = 'Related' MODE (Recursive)", "needs one link type"),
        ("[System.Id] > 0 MODE (Sideways)", "cannot be read"),
        ("[System.Id] > 0 MODE (ReturnMatchingChildren)", "There is no MODE"),
        ("[System.Id] > 0 MODE (MayContain, Recursive)", "There is no MODE"),
    ],
)
def test_refused(board: Board, where: str, message: str) -> None:
    with pytest.raises(ApiError, match=message):
        board.rows(f"{SELECT} {where}")


def test_shape_of_links(client: Client) -> None:
    for title in ("Parent", "Child"):
        client.create(title)
    client.change(1, client.link(CHILD, 2))
    text = f"SELECT [System.Id], [System.Links.LinkType] FROM WorkItemLinks WHERE {CHILDREN}"
    project = client.get("_apis/projects/Fabrikam")["id"]
    answer = client("POST", "Fabrikam/_apis/wit/wiql", {"query": text}).json()
    first, second = ({"id": id, "url": f"{client.url}/{project}/_apis/wit/workItems/{id}"} for id in (1, 2))
    assert answer["workItemRelations"] == [
        {"rel": None, "source": None, "target": first},
        {"rel": CHILD, "source": first, "target": second},
    ]
    assert (answer["queryType"], answer["queryResultType"]) == ("oneHop", "workItemLink")
    assert "workItems" not in answer
    assert [column["referenceName"] for column in answer["columns"]] == ["System.Id", "System.Links.LinkType"]
    tree = client("POST", "_apis/wit/wiql", {"query": f"{text} MODE (Recursive)"}, params={"$top": 1}).json()
    assert tree["queryType"] == "tree"
    assert [row["target"]["id"] for row in tree["workItemRelations"]] == [1]
    assert tree["workItemRelations"][0]["target"]["url"] == f"{client.url}/_apis/wit/workItems/1"


# A forest as the parent of each item, if it has one, among the earlier; and what each is to a query.
FORESTS = some.integers(1, 10).flatmap(
    lambda size: some.tuples(
        *(some.none() if n == 0 else some.none() | some.integers(1, n) for n in range(size))
    )
)  # fmt: skip
PRIORITIES = some.lists(some.integers(1, 4), min_size=10, max_size=10)


def plain_tree(parents: dict[int, int | None], keep: Callable[[int], bool], joined: Callable[[int], bool]) -> list[Row]:
    """Depth first: an item that is kept stands below its parent where the two are joined, else on its own."""
    rows: list[Row] = []

    def walk(id: int, row: Row) -> None:
        rows.append(row)
        for each, parent in parents.items():
            if parent == id and keep(each) and joined(each):
                walk(each, child(id, each))

    for id, parent in parents.items():
        if keep(id) and (parent is None or not keep(parent) or not joined(id)):
            walk(id, root(id))
    return rows


@settings(max_examples=150, deadline=None)
@given(forest=FORESTS, priorities=PRIORITIES)
def test_every_forest(forest: Any, priorities: list[int]) -> None:
    """Priorities 1 and 2 are sources, 2 and 3 are targets, 4 is neither."""
    parents: dict[int, int | None] = dict(enumerate(forest, start=1))
    source = {id for id in parents if priorities[id - 1] in (1, 2)}
    target = {id for id in parents if priorities[id - 1] in (2, 3)}
    board = Board()
    for id in parents:
        board.add(Priority=priorities[id - 1])
    for id, parent in parents.items():
        if parent is not None:
            board.link(parent, id)
    field = "[Microsoft.VSTS.Common.Priority]"
    where = f"[Source].{field} IN (1, 2) AND {CHILDREN} AND [Target].{field} IN (2, 3)"

    def from_the_roots(id: int | None) -> bool:
        return id is not None and (id in source or (id in target and from_the_roots(parents[id])))

    def from_the_leaves(id: int) -> bool:
        below = [each for each, parent in parents.items() if parent == id]
        return id in target or (id in source and any(from_the_leaves(each) for each in below))

    assert board.rows(f"{SELECT} {where} MODE (Recursive)") == plain_tree(
        parents, from_the_roots, lambda id: id in target
    )
    assert board.rows(f"{SELECT} {where} MODE (Recursive, ReturnMatchingChildren)") == plain_tree(
        parents, from_the_leaves, lambda id: parents[id] in source
    )
    for mode in ("MustContain", "MayContain", "DoesNotContain"):
        rows: list[Row] = []
        for id in sorted(source):
            linked = [each for each, parent in parents.items() if parent == id and each in target]
            if {"MustContain": bool(linked), "MayContain": True, "DoesNotContain": not linked}[mode]:
                rows.append(root(id))
            if mode != "DoesNotContain":
                rows += [child(id, each) for each in linked]
        assert board.rows(f"{SELECT} {where} MODE ({mode})") == rows
