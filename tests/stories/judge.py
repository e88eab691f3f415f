"""The end of a world held against the invariants I1 to I9, by what people and operators see of it.

Only values that lost are read from the table where they are logged.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tests.stories.ledger import Item, token
from tests.stories.people import Seen
from tests.stories.worlds import BOARDS, RULES, SIDES, TEXTS, Row, World


def judge(world: World) -> None:
    """All faults there are, with the story of the first link among them. The world is at rest."""
    rows = world.rows()
    seen = {(side, id): item for side in SIDES for id, item in world.people[side].items().items()}
    owners = {item: row for row in rows for item in _items(row).values()}
    faults = [*_ownership(world, rows, seen)]
    for row in rows:
        if row["state"] == "synced":
            faults += [f"{row['link']}: {fault}" for fault in _of_link(world, row, seen, owners)]
    assert not faults, world.story("\n".join(faults))


def _ownership(world: World, rows: list[Row], seen: Mapping[Item, Seen]) -> Iterator[str]:
    """I1: every item belongs to one link. I2: a link has an item that a person made, for we never copy our own copy."""
    owned = Counter(item for row in rows for item in _items(row).values())
    yield from (f"I1: {item} has {owned[item]} rows" for item in seen if owned[item] != 1)
    for row in rows:
        items = {*_items(row).values()}
        if not items & world.disturbed:
            if row["state"] != "synced":
                yield f"{row['link']}: I1: {items} are {row['state']}: {row['parked']}"
            if not items & world.made.keys():
                yield f"{row['link']}: I2: {items} are a copy of our own copy"


def _of_link(world: World, row: Row, seen: Mapping[Item, Seen], owners: Mapping[Item, Row]) -> Iterator[str]:
    items = _items(row)
    if not seen.keys() >= {*items.values()}:
        yield "I1: an item is not to be seen"
        return
    if row["under_way"]:
        yield "I7: a write is still under way"
    parents = {side: _linked(owners.get((side, seen[item].parent or ""))) for side, item in items.items()}
    if len({*parents.values()}) > 1 and not row["parked"]:
        yield f"I6: the parents are {parents}"
    yield from _false_conflicts(world, row["link"])
    asked = {conflict["field"] for conflict in row["conflicts"]}
    undisturbed = not world.disturbed & {*items.values()}
    for rule in RULES:
        values = {item: seen[item].values[rule] for item in items.values()}
        if rule not in asked and len({_meaning(value) for value in values.values()}) > 1:
            yield f"I3: {rule} differs: {values}"
        if undisturbed:
            yield from (f"I8: {rule} {fault}" for fault in world.ledger.rewritten([*values], rule, values))
        if undisturbed and rule in TEXTS and rule not in asked:
            lost = world.ledger.lost([*values], rule, token(values[items[BOARDS]]), _known(world, row["link"]))
            yield from (f"I4: {rule}: {fault}" for fault in lost)


def _items(row: Row) -> dict[str, Item]:
    return {side: (side, row[side]["id"]) for side in SIDES if row[side] is not None}


def _linked(parent: Row | None) -> str:
    """H1, H3: the link of a parent; one that has none, or a dead one, is no parent."""
    return parent["link"] if parent is not None and parent["state"] == "synced" else ""


def _false_conflicts(world: World, link: str) -> Iterator[str]:
    """I9, as far as one conflict shows it."""
    for row in world.store.conflicts(world.pair, link):
        if len({token(value) for value in row.values.values()}) == 1:
            yield f"I9: lost against itself: {row}"


def _known(world: World, link: str) -> set[str]:
    """Texts that lost and can be found again, both of what a person is asked, and those that nobody ever saw (L1)."""
    conflicts = list(world.store.conflicts(world.pair, link))
    lost = [row.values[row.loser] for row in conflicts if row.loser is not None]
    asked = [value for row in conflicts if row.policy == "ask" for value in row.values.values()]
    return {token(value) for value in (*lost, *asked, *world.overwritten())}


def _meaning(value: Any) -> Any:
    return token(value) if isinstance(value, str) or value is None else float(value)
