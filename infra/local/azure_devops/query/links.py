"""Queries FROM WorkItemLinks: items and what they are linked to, one hop away or as trees.

The WHERE of such a query has up to three parts, joined by AND, each about one thing: the source items, the links,
the target items. A part that is missing lets everything through.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from infra.local.azure_devops.boards.links import LINK_TYPES, LinkType
from infra.local.azure_devops.boards.process import Field
from infra.local.azure_devops.boards.refusals import bad_query
from infra.local.azure_devops.boards.store import WorkItem
from infra.local.azure_devops.query.parser import Comparison, Condition, Either, Every, FieldName, Not, Query
from infra.local.azure_devops.query.predicates import Compiler
from infra.local.azure_devops.query.values import field_of

type Part = Literal["source", "links", "target"]
type Test = Callable[[WorkItem], bool]

# What MODE may say; nothing is MustContain.
MODES = (
    (),
    ("mustcontain",),
    ("maycontain",),
    ("doesnotcontain",),
    ("recursive",),
    ("recursive", "returnmatchingchildren"),
)
# Not a field of work items: it has a meaning in these queries only.
LINK_TYPE = Field(name="Link Type", reference_name="System.Links.LinkType", type="string")
LINKS = [link for link in LINK_TYPES.values() if link.opposite is not None]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the answer: an item on its own (`source` and `rel` are None), or one reached over a link."""

    target: WorkItem
    source: WorkItem | None = None
    rel: str | None = None


def link_field_of(name: FieldName) -> Field:
    return LINK_TYPE if name.word.casefold() in ("system.links.linktype", "link type") else field_of(name.word)


def split(where: Condition | None) -> dict[Part, Condition]:
    """The parts of a WHERE by what they are about. Raises ApiError for one that mixes them."""
    found: dict[Part, list[Condition]] = {}
    for part in _conjuncts(where):
        about = set(_about(part))
        if len(about) != 1:
            raise bad_query("A condition on links speaks of the source, the link or the target, not of several.")
        found.setdefault(about.pop(), []).append(part)
    return {about: parts[0] if len(parts) == 1 else Every(tuple(parts)) for about, parts in found.items()}


def _conjuncts(condition: Condition | None) -> Iterator[Condition]:
    match condition:
        case None:
            return
        case Every(parts):
            for part in parts:
                yield from _conjuncts(part)
        case _:
            yield condition


def _about(condition: Condition) -> Iterator[Part]:
    match condition:
        case Every(parts) | Either(parts):
            for part in parts:
                yield from _about(part)
        case Not(part):
            yield from _about(part)
        case Comparison():
            if link_field_of(condition.field) is LINK_TYPE:
                yield "links"
            else:
                yield "target" if condition.field.side == "target" else "source"


class LinkQuery:
    """`items` are all there are, in the order of the sources; whoever runs it asks `rows`."""

    def __init__(self, query: Query, compiler: Compiler, items: Iterable[WorkItem]) -> None:
        parts = split(query.where)
        self.items = {item.id: item for item in items}
        self.is_source = _test(compiler, parts.get("source"))
        self.is_target = _test(compiler, parts.get("target"))
        self.types = {link.reference_name for link in LINKS if _type_matches(parts.get("links"), link)}
        self.modes = query.modes or ("mustcontain",)
        self.compiler = compiler
        self.order = [order for order in reversed(query.order) if link_field_of(order.field) is not LINK_TYPE]

    @property
    def tree(self) -> bool:
        return "recursive" in self.modes

    def rows(self) -> list[Row]:
        if not self.tree:
            return list(self._one_hop())
        if not self.types or any(LINK_TYPES[name.casefold()].topology != "tree" for name in self.types):
            raise bad_query("A recursive query needs one link type, and one that makes a tree.")
        children_first = "returnmatchingchildren" in self.modes
        return list(self._walk(*(self._from_the_leaves() if children_first else self._from_the_roots())))

    def _one_hop(self) -> Iterator[Row]:
        """Each source that may stand, then its links to targets."""
        mode = self.modes[0]
        for source in self._sorted(filter(self.is_source, self.items.values()), "source"):
            linked = [(rel, target) for rel, target in self._linked(source) if self.is_target(target)]
            if mode == "maycontain" or bool(linked) != (mode == "doesnotcontain"):
                yield Row(source)
            if mode != "doesnotcontain":
                places = {item.id: n for n, item in enumerate(self._sorted((t for _, t in linked), "target"))}
                for rel, target in sorted(linked, key=lambda pair: places[pair[1].id]):
                    yield Row(target, source, rel)

    def _from_the_roots(self) -> tuple[set[int], Callable[[WorkItem, WorkItem], bool]]:
        """Sources, and below them every target that hangs together with one."""
        there = {item.id for item in self.items.values() if self.is_source(item)}
        open_ids = list(there)
        while open_ids:
            for _, child in self._linked(self.items[open_ids.pop()]):
                if child.id not in there and self.is_target(child):
                    there.add(child.id)
                    open_ids.append(child.id)
        return there, lambda parent, child: self.is_target(child)

    def _from_the_leaves(self) -> tuple[set[int], Callable[[WorkItem, WorkItem], bool]]:
        """Targets, and above them every source that hangs together with one."""
        there = {item.id for item in self.items.values() if self.is_target(item)}
        open_ids = list(there)
        opposites = {LINK_TYPES[name.casefold()].opposite for name in self.types}
        while open_ids:
            for relation in self.items[open_ids.pop()].relations:
                parent = self.items.get(relation.target or 0)
                if relation.type.reference_name not in opposites or parent is None or parent.id in there:
                    continue
                if self.is_source(parent):
                    there.add(parent.id)
                    open_ids.append(parent.id)
        return there, lambda parent, child: self.is_source(parent)

    def _walk(self, there: set[int], joined: Callable[[WorkItem, WorkItem], bool]) -> Iterator[Row]:
        """One row per item, parents before their children."""
        items = [self.items[id] for id in there]
        places = {item.id: place for place, item in enumerate(self._sorted(items, "target"))}
        below: dict[int, list[Row]] = {}
        for item in items:
            rows = [
                Row(child, item, rel) for rel, child in self._linked(item) if child.id in there and joined(item, child)
            ]
            below[item.id] = sorted(rows, key=lambda row: places[row.target.id], reverse=True)
        reached = {row.target.id for rows in below.values() for row in rows}
        shown: set[int] = set()
        for root in self._sorted((item for item in items if item.id not in reached), "source"):
            open_rows = [Row(root)]
            while open_rows:
                row = open_rows.pop()
                if row.target.id not in shown:
                    shown.add(row.target.id)
                    yield row
                    open_rows += below[row.target.id]

    def _linked(self, item: WorkItem) -> Iterator[tuple[str, WorkItem]]:
        for relation in item.relations:
            if relation.type.reference_name in self.types and relation.target in self.items:
                yield relation.type.reference_name, self.items[relation.target]

    def _sorted(self, items: Iterable[WorkItem], side: str) -> list[WorkItem]:
        """By id where the query gives no order; an order that names a side is for that side only."""
        found = sorted(items, key=lambda item: item.id)
        for order in self.order:
            if order.field.side in ("", side):
                found = self.compiler.arranged(found, order)
        return found


def _test(compiler: Compiler, condition: Condition | None) -> Test:
    """Judges an item once, however many links lead to it."""
    if condition is None:
        return lambda item: True
    matches = compiler.predicate(condition)
    verdicts: dict[int, bool] = {}

    def test(item: WorkItem) -> bool:
        if item.id not in verdicts:
            verdicts[item.id] = matches(item, item.current)
        return verdicts[item.id]

    return test


def _type_matches(condition: Condition | None, link: LinkType) -> bool:
    match condition:
        case None:
            return True
        case Every(parts):
            return all(_type_matches(part, link) for part in parts)
        case Either(parts):
            return any(_type_matches(part, link) for part in parts)
        case Not(part):
            return not _type_matches(part, link)
        case Comparison():
            named = any(_names(str(value.value), link) for value in condition.values)
            match condition.operator:
                case "=" | "in":
                    return named
                case "<>" | "not in":
                    return not named
    raise bad_query(f"The link type cannot be asked as in {condition.source}.")


def _names(word: str, link: LinkType) -> bool:
    """By reference name or by the name people see; the empty value names no type, an unknown one is refused."""
    folded = word.casefold()
    if folded and not any(folded in (each.reference_name.casefold(), each.name.casefold()) for each in LINKS):
        raise bad_query(f"The link type '{word}' does not exist.")
    return folded in (link.reference_name.casefold(), link.name.casefold())
