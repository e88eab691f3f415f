"""A story told on a ground: what is there at first, and one step after another.

Items go by the names they had when they came. A step that does nothing fails, for it is a slip of the pen or of the
product, and either wants to be known.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from shared.connectors.gate import Gate
from shared.links import Look
from shared.model import SideName
from shared.ports import Clock
from shared.sync.pairs.creation import Wanted
from shared.sync.rules import BOARDS, PPM, SIDES, other
from shared.sync.run import Outcome
from tests.memory.storage import MemoryHealthBoard
from tests.stories.telling import words
from tests.stories.telling.ground import KINDS, PLAN, PROJECTS, Ground, key
from tests.stories.telling.outline import Entry
from tests.stories.telling.words import Step, Story
from tests.sync.place import PAIR, Place

PATIENCE = timedelta(minutes=15)  # for hints that have to wait, in the story's own time
PLACES = {side: name for name, side in words.SIDES.items()}
HOME = {BOARDS: PROJECTS[0]}


class Untold(Exception):
    """A story that cannot be told: a step did nothing, or speaks of what is not there."""


class Stage(Place):
    """The product between two sides of a `ground`; its time passes with the steps."""

    def __init__(self, story: Story, ground: Callable[[Story, Clock], Ground]) -> None:
        super().__init__(**words.configuration(story))
        self.story = story
        self.ground = ground(story, self.clock)
        health = MemoryHealthBoard()
        self.sides = {
            side: Gate(str(side), str(side), beyond, health, self.ground.secrets, self.clock, 60)
            for side, beyond in self.ground.sides.items()
        }
        self.ids: dict[tuple[SideName, str], str] = {}
        self.applied_plans: dict[str, str] = {}

    def tell(self, steps: Iterable[Step]) -> None:
        self._begin()
        for step in steps:
            self.later()
            self._do(step)
        if left := self.ground.in_wait:
            raise Untold(f"it never came to this: {', '.join(left)}")

    def writes_more(self) -> bool:
        """Whether the next sweeps, the second of them full, write anything."""
        before = self.ground.writes
        for pause in (timedelta(hours=1), timedelta(days=1)):
            self.now += pause
            self.upkeep.sweep()
            self._settle()
        return self.ground.writes != before

    # ---------------------------------------------------------------- at first

    def _begin(self) -> None:
        for entry in self.story.first.get("in step", ()):
            self._put(BOARDS, entry, None)
        if self.ids:
            self.counterparts.create(PAIR, BOARDS, list(self.ids.values()), [], Wanted(), dry=False)
            self._settle()
        for place, side in words.SIDES.items():
            for entry in self.story.first.get(place, ()):
                self._put(side, entry, None)
        self.upkeep.sweep()  # from here on, the feeds tell what is new
        self._settle()

    def _put(self, side: SideName, entry: Entry, parent: str | None) -> None:
        id = self.ids[side, entry.title] = self._add(side, {"title": entry.title, **entry.says}, parent)
        for child in entry.below:
            self._put(side, child, id)

    def _add(self, side: SideName, says: Mapping[str, Any], parent: str | None) -> str:
        return self.ground.add(
            side,
            _by_key(side, says),
            says.get("type", KINDS[side]),
            parent,
            says.get("project", HOME.get(side, PLAN)),
            says.get("source", ""),
        )

    def _settle(self) -> None:
        """Follow hints as they fall due, for as long as anybody would wait for them."""
        until = self.now + PATIENCE
        while (due := self.looks.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            look = self.looks.take()
            assert look is not None, "a hint is due"
            self.upkeep.handle(look)

    # ---------------------------------------------------------------- steps

    def _do(self, step: Step) -> None:
        who, _, what = step.verb.partition(" ")
        side = words.SIDES.get(who)
        before = self._shown(side) if step.deed else None
        if side is not None:
            self._people(side, what, step)
        else:
            self._ours(step)
        if step.deed and self._shown(side) == before:
            raise Untold(f"'{step}' did nothing")

    def _people(self, side: SideName, what: str, step: Step) -> None:
        more = step.more
        match what:
            case "adds":
                parent = self._parent(side, more.get("under"))
                self.ids[side, step.item] = self._add(side, {"title": step.item, **more}, parent)
            case "edits":
                self.ground.edit(side, self._id(side, step.item), _by_key(side, more))
            case "moves":
                self.ground.move(side, self._id(side, step.item), self._parent(side, more["under"]))
            case "deletes":
                self.ground.delete(side, self._id(side, step.item))
            case "restores":
                self.ground.restore(side, self._id(side, step.item))
            case "clones":
                self.ids[side, more["as"]] = self.ground.clone(side, self._id(side, step.item))
            case "hides" | "shows":
                self.ground.hide(side, self._id(side, step.item), hidden=what == "hides")
            case "transfers":
                self.ground.transfer(self._id(side, step.item), more["to"])
            case "loses the answer":
                self.ground.lose_answer(side, step.item)

    def _ours(self, step: Step) -> None:
        match step.verb:
            case "sweep":
                self._sweep()
            case "hint":
                side = words.SIDES[step.more["from"]]
                if self.upkeep.handle(Look(PAIR, side, self._id(side, step.item))) == Outcome.UNKNOWN:
                    raise Untold(f"'{step}' leads nowhere")
            case "token expires":
                self.ground.expire(words.SIDES[step.item])
            case "token is renewed":
                self.ground.renew(words.SIDES[step.item])
            case _:
                self._operator(step)
                self._settle()

    def _sweep(self) -> None:
        """As the timer does it once an hour."""
        self.now += timedelta(hours=1)
        if self.upkeep.sweep()[PAIR] == 0:
            raise Untold("a sweep found nothing to do")
        self._settle()

    def _operator(self, step: Step) -> None:
        match step.verb:
            case "operator copies":
                self._copy(words.SIDES[step.more["to"]], _listed(step.item), step.more)
            case "operator links":
                self.counterparts.link(PAIR, self._id(BOARDS, step.item), self._id(PPM, step.more["to"]))
            case "operator unlinks":
                self.counterparts.unlink(PAIR, [f"boards:{self._id(BOARDS, step.item)}"])
            case "operator writes":
                self._write(step)
            case "operator takes back":
                if step.item not in self.applied_plans:
                    raise Untold(f"no plan has written '{step.item}'")
                self.plans.undo(PAIR, self.applied_plans[step.item], dry=False)
            case "operator approves":
                self.upkeep.approve(PAIR, [self._link_of(name) for name in _listed(step.item)])
            case "operator retries":
                self.upkeep.handle(Look(PAIR, link=self._link_of(step.item), retry=True))

    def _copy(self, to: SideName, names: Collection[str], more: Mapping[str, Any]) -> None:
        down_to = more.get("down to", [])
        depth = None if down_to == "everything" else _listed(down_to)
        parent = self._id(to, more["under"]) if "under" in more else ""
        wanted = Wanted(more.get("into", ""), tuple(_listed(more.get("as", []))), parent)
        chosen = [self._id(other(to), name) for name in names]
        self.counterparts.create(PAIR, other(to), chosen, depth, wanted, dry=False)

    def _write(self, step: Step) -> None:
        """Show a plan that writes one side, and apply it; the last one for an item can be taken back."""
        direction = f"to_{words.SIDES[step.item]}"
        items = [f"boards:{self._id(BOARDS, name)}" for name in _listed(step.more["items"])]
        shown = self.plans.plan(PAIR, direction, step.more.get("what", "values"), items, None)
        self.plans.apply(PAIR, shown["id"])
        self.applied_plans |= dict.fromkeys(_listed(step.more["items"]), shown["id"])

    # ---------------------------------------------------------------- names

    def _id(self, side: SideName, name: str) -> str:
        """The item that has this name here, or the counterpart of the one that has it on the other side."""
        if (side, name) in self.ids:
            return self.ids[side, name]
        there = self.ids.get((other(side), name))
        record = self.store.of_item(PAIR, other(side), there) if there else None
        if record is None or record.link is None or side not in record.link.ids:
            raise Untold(f"there is no '{name}' on the {PLACES[side]}")
        return record.link.ids[side]

    def _parent(self, side: SideName, name: str | None) -> str | None:
        return self._id(side, name) if name else None

    def _link_of(self, name: str) -> str:
        side = next(side for side in SIDES if (side, name) in self.ids)
        record = self.store.of_item(PAIR, side, self.ids[side, name])
        assert record is not None, f"'{name}' has a link"
        return record.link_id

    def name(self, link: str) -> str:
        """What the story calls the item that a link was made from."""
        ids = self.store.of(PAIR).links[link].ids
        return next((name for (side, name), id in self.ids.items() if ids.get(side) == id), link)

    def _shown(self, side: SideName | None) -> object:
        """What people see on a side, or else what is known of links: what a deed there changes."""
        if side is not None:
            return self.ground.look(side)
        partition = self.store.of(PAIR)
        return dict(partition.links), partition.hold


def _by_key(side: SideName, says: Mapping[str, Any]) -> dict[str, Any]:
    return {key(side, name): value for name, value in says.items() if name in words.FIELDS}


def _listed(value: Any) -> Collection[str]:
    return value if isinstance(value, list) else [value]
