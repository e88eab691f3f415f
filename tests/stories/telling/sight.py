"""What there is to be seen at the end of a story: both sides as outlines, and what the product says of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.links import Conflict, ConflictStatus, SyncState
from shared.model import Item, SideName
from shared.sync.plan import DELETED, PARENT
from shared.sync.rules import BOARDS, SIDES, other
from tests.stories.telling import words
from tests.stories.telling.ground import key
from tests.stories.telling.outline import Entry, plainly
from tests.stories.telling.stage import Stage
from tests.stories.telling.words import End
from tests.sync.place import PAIR

MORE = {"type": "kind", "project": "project"}  # what is seen of an item, besides its fields


def seen(stage: Stage) -> End:
    links = list(stage.store.links(PAIR))
    rows = sorted(stage.store.of(PAIR).conflicts.values(), key=lambda row: row.at)
    asked = {id for link in links for id in link.open.values()}
    hold = stage.store.hold(PAIR)
    told = {stage.name(link.id): link.parked for link in links if link.parked}
    told |= {stage.name(row.link): row.why for row in rows if row.status is ConflictStatus.REFUSED}
    return End(
        board=_outline(stage, "board"),
        plan=_outline(stage, "plan"),
        logged=tuple(_said(stage, row) for row in rows if row.status is ConflictStatus.LOGGED),
        asks=tuple(_said(stage, row) for row in rows if row.id in asked),
        told=told,
        held=hold.reason if hold else "",
    )


# ---------------------------------------------------------------- a side


def _outline(stage: Stage, place: str) -> tuple[Entry, ...]:
    side = words.SIDES[place]
    items = stage.ground.look(side)
    tops = [item for item in items.values() if item.parent not in items]
    return _entries(stage, side, items, tops, getattr(stage.story.end, place))


def _entries(
    stage: Stage, side: SideName, items: Mapping[str, Item], here: Iterable[Item], told: Iterable[Entry]
) -> tuple[Entry, ...]:
    """Items with all below them; of each is shown what the story speaks of."""
    by_title = {entry.title: entry for entry in told}
    entries = []
    for item in here:
        title = str(item.fields[key(side, "title")])
        entry = by_title.get(title, Entry(title))
        says = {name: _value(side, item, name) for name in entry.says}
        below = [child for child in items.values() if child.parent == item.id]
        alone = not _linked(stage, side, item.id)
        entries.append(Entry(title, says, _entries(stage, side, items, below, entry.below), alone))
    return tuple(entries)


def _value(side: SideName, item: Item, name: str) -> Any:
    return getattr(item, MORE[name]) if name in MORE else item.fields.get(key(side, name))


def _linked(stage: Stage, side: SideName, id: str) -> bool:
    record = stage.store.of_item(PAIR, side, id)
    return record is not None and record.link is not None and record.link.state is SyncState.SYNCED


# ---------------------------------------------------------------- the log


def _said(stage: Stage, row: Conflict) -> str:
    """A row of the log as a sentence."""
    name = stage.name(row.link)
    if row.rule == DELETED:
        return f"{name}: {row.why}".replace("boards", "the board").replace("ppm", "the plan")
    rules = {rule.key: rule.name for rule in stage.configured.rules(PAIR).fields}
    field = rules.get(row.rule, row.rule)
    shown = {side: f"'{_word(stage, field, row.values[side])}'" for side in SIDES}
    if row.loser is None:
        return f"{name}: {field} " + ", ".join(f"{shown[side]} {_at(side)}" for side in SIDES)
    return f"{name}: {field} {shown[row.loser]} {_at(row.loser)} gave way to {shown[other(row.loser)]}"


def _word(stage: Stage, field: str, value: Any) -> str:
    if field == PARENT:
        return stage.name(value) if value else "nothing"
    return plainly(value)


def _at(side: SideName) -> str:
    return "on the board" if side is BOARDS else "in the plan"
