"""A query finds what the same condition, written in Python, finds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from infra.local.azure_devops.boards.computed import value_of
from infra.local.azure_devops.boards.identities import Identity
from infra.local.azure_devops.boards.store import Revision, WorkItem
from tests.local.azure_devops.board import NOW, Board

TITLES = ("Router", "router is down", "Switch", "O'Brien's laptop")
AREAS = ("Fabrikam", "Fabrikam\\Network", "Fabrikam\\Network\\Core", "Fabrikam\\NetworkTeam")
TAGS = ("itsm", "ITSM; vip", "vip", "its")
MAILS = ("fabrikamfiber4@hotmail.com", "fabrikamfiber16@hotmail.com")


def fabrikam() -> Board:
    """A few dozen items, each with a past; areas whose names begin alike."""
    board = Board()
    organisation = board.world.organisation
    areas = organisation.project("Fabrikam").areas
    organisation.new_node("Core", areas.child("Network"))
    organisation.new_node("NetworkTeam", areas)
    for n in range(36):
        board.now = NOW - timedelta(hours=7 * n)
        fields: dict[str, Any] = {"Title": TITLES[n % 4], "AreaPath": AREAS[n % 3 if n % 2 else 3]}
        fields |= {"Tags": TAGS[n % 4]} if n % 3 else {}
        fields |= {"AssignedTo": board.people[n % 2]} if n % 5 else {}
        fields |= {"Priority": n % 4 + 1} if n % 7 else {}
        id = board.add(("Task", "Bug", "User Story")[n % 3], **fields)
        for state in ("Active", "Closed")[: n % 3]:
            board.change(id, State=state)
        if n % 4 == 3:
            board.link(id - 1, id)
    board.now = NOW
    return board


BOARD = fabrikam()


@dataclass(frozen=True)
class Case:
    """A condition as text, and as a question to one revision of an item."""

    text: str
    holds: Callable[[WorkItem, Revision], bool]


def read(name: str) -> Callable[[WorkItem, Revision], Any]:
    return lambda item, revision: value_of(BOARD.world.organisation, item, revision, name)


def folded(value: Any) -> Any:
    if isinstance(value, Identity):
        return value.unique_name
    return value.lower() if isinstance(value, str) else value


def case(name: str, operator: str, literal: str, test: Callable[[Any], bool]) -> Case:
    get = read(name)
    return Case(f"[{name}] {operator} {literal}", lambda item, revision: test(folded(get(item, revision))))


def compared(name: str, literal: str, value: Any) -> some.SearchStrategy[Case]:
    """All six comparisons; an empty field is different from everything and neither less nor more."""
    tests: dict[str, Callable[[Any], bool]] = {
        "=": lambda x: x == value,
        "<>": lambda x: x != value,
        "<": lambda x: x is not None and x < value,
        ">": lambda x: x is not None and x > value,
        "<=": lambda x: x is not None and x <= value,
        ">=": lambda x: x is not None and x >= value,
    }
    return some.sampled_from([case(name, operator, literal, test) for operator, test in tests.items()])


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def below(path: Any, top: str) -> bool:
    return path.split("\\")[: len(top.split("\\"))] == top.lower().split("\\")


def day(name: str, back: int) -> some.SearchStrategy[Case]:
    wanted = f"{NOW - timedelta(days=back):%Y-%m-%d}"
    get = read(name)
    tests = {"=": str.__eq__, "<>": str.__ne__, "<": str.__lt__, ">=": str.__ge__}
    return some.sampled_from(
        [
            Case(f"[{name}] {operator} {literal}", lambda i, r, test=test: test(get(i, r)[:10], wanted))
            for operator, test in tests.items()
            for literal in (f"@today - {back}", f"'{wanted}'")
        ]
    )


def several(name: str, words: tuple[str, ...]) -> some.SearchStrategy[Case]:
    return some.lists(some.sampled_from(words), min_size=1, max_size=3).flatmap(
        lambda chosen: some.sampled_from(
            [
                case(name, "IN", f"({', '.join(map(quoted, chosen))})", lambda x: x in [w.lower() for w in chosen]),
                case(
                    name,
                    "not in",
                    f"({', '.join(map(quoted, chosen))})",
                    lambda x: x not in [w.lower() for w in chosen],
                ),
            ]
        )
    )


LEAVES = some.one_of(
    some.sampled_from(TITLES).flatmap(lambda t: compared("System.Title", quoted(t), t.lower())),
    some.sampled_from(("New", "active", "CLOSED")).flatmap(lambda s: compared("System.State", quoted(s), s.lower())),
    some.integers(0, 37).flatmap(lambda n: compared("System.Id", str(n), n)),
    some.integers(1, 4).flatmap(lambda n: compared("Microsoft.VSTS.Common.Priority", str(n), n)),
    some.integers(1, 36).flatmap(lambda n: compared("System.Parent", str(n), n)),
    some.sampled_from(MAILS).flatmap(lambda m: compared("System.AssignedTo", quoted(m), m)),
    some.integers(0, 12).flatmap(lambda n: day("System.CreatedDate", n) | day("System.ChangedDate", n)),
    several("System.WorkItemType", ("Task", "BUG", "user story")),
    several("System.AreaPath", AREAS),
    some.sampled_from(AREAS).map(lambda a: case("System.AreaPath", "UNDER", quoted(a), lambda x: below(x, a))),
    some.sampled_from(AREAS).map(lambda a: case("System.AreaPath", "NOT UNDER", quoted(a), lambda x: not below(x, a))),
    some.sampled_from(("ROUT", "o", "'s")).map(
        lambda w: case("System.Title", "CONTAINS", quoted(w), lambda x: w.lower() in x)
    ),
    some.sampled_from(("its", "ItSm", "vip")).map(
        lambda w: case("System.Tags", "CONTAINS", quoted(w), lambda x: w.lower() in (x or "").split("; "))
    ),
    some.sampled_from(("System.Tags", "System.AssignedTo", "System.Parent")).map(
        lambda name: case(name, "IS EMPTY", "", lambda x: x is None)
    ),
)


def ever(inner: Case) -> Case:
    return Case(f"EVER ({inner.text})", lambda item, _: any(inner.holds(item, each) for each in item.revisions))


def negation(inner: Case) -> Case:
    return Case(f"NOT ({inner.text})", lambda item, revision: not inner.holds(item, revision))


def conjunction(parts: list[Case]) -> Case:
    text = " AND ".join(part.text if " OR " not in part.text else f"({part.text})" for part in parts)
    return Case(text, lambda item, revision: all(part.holds(item, revision) for part in parts))


def disjunction(parts: list[Case]) -> Case:
    return Case(
        " or ".join(f"({part.text})" for part in parts),
        lambda item, revision: any(part.holds(item, revision) for part in parts),
    )


PAIRS_TO_TRIPLES = {"min_size": 2, "max_size": 3}
CASES = some.recursive(
    LEAVES | LEAVES.map(ever),
    lambda inner: some.one_of(
        inner.map(negation),
        some.lists(inner.map(lambda c: Case(f"({c.text})", c.holds)), **PAIRS_TO_TRIPLES).map(conjunction),
        some.lists(inner, **PAIRS_TO_TRIPLES).map(disjunction),
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(wanted=CASES)
def test_a_query_is_a_filter(wanted: Case) -> None:
    expected = [item.id for item in BOARD.world.store.live() if wanted.holds(item, item.current)]
    assert BOARD.where(wanted.text) == expected


FIELDS = ("System.Title", "System.State", "System.Id", "System.CreatedDate", "Microsoft.VSTS.Common.Priority")


@settings(max_examples=100, deadline=None)
@given(some.lists(some.tuples(some.sampled_from(FIELDS), some.booleans()), min_size=1, max_size=4))
def test_an_order_is_a_sort(order: list[tuple[str, bool]]) -> None:
    """By the first field, among equals by the next, in the end by id; the empty value comes before all others."""
    items = list(BOARD.world.store.live())
    for name, descending in reversed(order):
        get = read(name)
        items.sort(key=lambda item: _sortable(folded(get(item, item.current))), reverse=descending)
    text = ", ".join(f"[{name}] {'DESC' if descending else 'asc'}" for name, descending in order)
    assert BOARD.where(f"[System.Id] > 0 ORDER BY {text}") == [item.id for item in items]


def _sortable(value: Any) -> tuple[bool, Any]:
    return value is not None, 0 if value is None else value


@settings(max_examples=100, deadline=None)
@given(wanted=LEAVES, hours=some.integers(0, 260))
def test_a_query_of_the_past(wanted: Case, hours: int) -> None:
    """What is not stored with a revision, such as the parent, is as the links of that time had it."""
    when = NOW - timedelta(hours=hours)
    stamp = f"{when:%Y-%m-%dT%H:%M:%SZ}"
    then = [item.as_of(stamp) for item in BOARD.world.store.live()]
    expected = [item.id for item in then if item is not None and wanted.holds(item, item.current)]
    assert BOARD.where(f"{wanted.text} ASOF '{stamp}'") == expected
