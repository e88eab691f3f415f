"""What people do on both sides: they edit, move, delete, restore and clone items, and hints of it come or get lost.

Texts that people type are unique, and it is remembered which text each of them replaced: so a value that lost and was
logged can be told from one that vanished.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from shared.errors import Circular
from shared.links import Look, SyncLink, SyncState
from shared.model import SideName
from shared.sync.rules import BOARDS, PPM, SIDES, FieldRule, PairRules, other
from shared.sync.values import as_tags
from tests.memory.sides import MemorySide, Thing
from tests.memory.sync_storage import MemoryLooks, MemorySyncStore
from tests.simulation.sync_pair import PAIR, STATES, STEPS


@dataclass(frozen=True, slots=True)
class Typed:
    """A text that a person typed: into which item, in place of which text, what they took for the item's own then."""

    side: SideName
    item: str
    replaced: str


class People:
    """They remember what they did: `typed` are texts, `tagged` the tags added to an item and taken away, `marks` what
    was said last in each of its fields and where, `disturbed` the items deleted or restored.
    """

    def __init__(
        self,
        random: Random,
        rules: PairRules,
        sides: Mapping[SideName, MemorySide],
        store: MemorySyncStore,
        looks: MemoryLooks,
        tell: Callable[[str], None],
    ) -> None:
        self.random = random
        self.rules = rules
        self.sides = sides
        self.store = store
        self.looks = looks
        self.tell = tell
        self.tokens = 0
        self.typed: dict[str, list[Typed]] = {}
        self.tagged: dict[tuple[SideName, str], tuple[set[str], set[str]]] = {}
        self.marks: dict[tuple[SideName, str], dict[str, tuple[SideName, Any]]] = {}
        self.disturbed: set[tuple[SideName, str]] = set()

    def act(self) -> None:
        acts = {
            self.edit: 10,
            self.clash: 4,
            self.move: 3,
            self.cross: 2,
            self.delete: 2,
            self.restore: 3,
            self.clone: 1,
            self.add: 1,
        }
        self.random.choices([*acts], [*acts.values()])[0]()

    def add(self) -> None:
        side = self.random.choice(SIDES)
        parent = self._somewhere(side)
        id = self.sides[side].add({BOARDS: "Story", PPM: "Task"}[side], {}, parent)
        self._edit(side, id, [rule for rule in self.rules.fields if rule.direction.target in (None, other(side))])
        self.hint(side, id)

    def edit(self) -> None:
        if (found := self._anything()) is not None:
            side, thing = found
            self._edit(side, thing.id, self.random.sample(self.rules.fields, self.random.randint(1, 2)))
            self.hint(side, thing.id)

    def clash(self) -> None:
        """Two people edit the same field of one thing."""
        if (link := self._a_link()) is not None:
            rules = self.random.sample(self.rules.fields, 1)
            said = None
            for side in SIDES:
                said = self._edit(side, link.ids[side], rules, said if self.random.random() < 0.2 else None)
                self.hint(side, link.ids[side])

    def cross(self) -> None:
        """One side moves this under that, the other that under this."""
        one, another = self._a_link(), self._a_link()
        if one is None or another is None:
            return
        for side, (child, parent) in zip(SIDES, ((one, another), (another, one)), strict=True):
            self._move(side, child.ids[side], parent.ids[side])

    def move(self) -> None:
        if (found := self._anything()) is not None:
            side, thing = found
            self._move(side, thing.id, self._somewhere(side))

    def _move(self, side: SideName, id: str, parent: str | None) -> None:
        try:
            self.sides[side].move(id, parent)
        except Circular:
            return
        self.tell(f"{side} {id}: person moves it under {parent}")
        self.hint(side, id)

    def delete(self) -> None:
        if (found := self._anything()) is not None:
            side, thing = found
            self.sides[side].delete(thing.id)
            self.disturbed.add((side, thing.id))
            self.tell(f"{side} {thing.id}: person deletes it")
            self.hint(side, thing.id)

    def restore(self) -> None:
        side = self.random.choice(SIDES)
        binned = [thing for thing in self.sides[side].things.values() if thing.deleted]
        if binned:
            thing = self.random.choice(binned)
            self.sides[side].restore(thing.id)
            self.disturbed.add((side, thing.id))
            self.tell(f"{side} {thing.id}: person restores it")
            self.hint(side, thing.id)

    def clone(self) -> None:
        if (found := self._anything()) is not None:
            side, thing = found
            id = self.sides[side].clone(thing.id)
            self.marks[side, id] = {
                rule.key: (side, thing.fields.get(rule.end(side).key)) for rule in self.rules.fields
            }
            self.tell(f"{side} {thing.id}: person clones it as {id}")
            self.hint(side, id)

    def hint(self, side: SideName, id: str) -> None:
        """A tenth of the webhooks is lost, a tenth doubled, all of them come in any order."""
        for _ in range(self.random.choices((0, 1, 2), (1, 8, 1))[0]):
            self.looks.put(Look(PAIR, side, id), self.random.uniform(0, 20))

    def _edit(self, side: SideName, id: str, rules: Sequence[FieldRule], repeated: str | None = None) -> str | None:
        """Returns the text that was typed, which somebody may type on the other side, too."""
        thing = self.sides[side].things[id]
        values = {rule.end(side).key: self._value(rule, side, thing) for rule in rules}
        if repeated is not None:
            values = dict.fromkeys(values, repeated)
        was = dict(thing.fields)
        self.sides[side].edit(id, values)
        for rule in rules:
            key = rule.end(side).key
            if rule.name in ("title", "code"):
                self.typed.setdefault(token(values[key]), []).append(Typed(side, id, token(was.get(key))))
            if rule.name == "tags":
                before, after = (set(as_tags(rule.end(side), value)) for value in (was.get(key), values[key]))
                added, removed = self.tagged.setdefault((side, id), (set(), set()))
                added |= after - before
                removed |= before - after
            if thing.fields.get(key) != was.get(key):
                self.marks.setdefault((side, id), {})[rule.key] = (side, thing.fields.get(key))
        self.tell(f"{side} {id}: person writes {values}")
        texts = [value for rule, value in zip(rules, values.values(), strict=True) if rule.name in ("title", "code")]
        return texts[0] if len(rules) == 1 and texts else None

    def _value(self, rule: FieldRule, side: SideName, thing: Thing) -> Any:
        key, pick = rule.end(side).key, self.random.choice
        match rule.name:
            case "title" | "code":
                self.tokens += 1
                return pick(("{}", " {} ", "{}\t")).format(f"{side[0]}{self.tokens}{rule.name[0]}")
            case "state":
                return pick(STATES if side is BOARDS else STEPS)
            case "due":
                day = f"2026-04-{self.random.randint(1, 28):02}"
                return f"{day}T{self.random.randint(0, 23):02}:00:00Z" if side is BOARDS else day
            case "tags":
                now = thing.fields.get(key) or []
                tags = {tag.strip() for tag in (now.split(";") if isinstance(now, str) else now)} - {""}
                tags ^= {pick("abcdef")}
                return "; ".join(sorted(tags)) if side is BOARDS else sorted(tags)
            case _:
                return self.random.randint(1, 40) * (1 if side is BOARDS else 60)

    def _a_link(self) -> SyncLink | None:
        links = [
            link
            for link in self.store.of(PAIR).links.values()
            if link.state is SyncState.SYNCED
            and not any(self.sides[side].things[link.ids[side]].deleted for side in SIDES)
        ]
        return self.random.choice(links) if links else None

    def _anything(self) -> tuple[SideName, Thing] | None:
        side = self.random.choice(SIDES)
        live = self.sides[side].live()
        return (side, self.random.choice(live)) if live else None

    def _somewhere(self, side: SideName) -> str | None:
        return self.random.choice([None, *(thing.id for thing in self.sides[side].live())])


def token(value: Any) -> str:
    """A text as its typist meant it, whatever a side has made of it."""
    return str(value or "").strip().casefold()
