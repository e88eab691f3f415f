"""Two sides kept in step while everything goes wrong: seeded, single-threaded, on a virtual clock.

People edit, move, delete, restore and clone items on both sides. Hints of it are lost, doubled and reordered, several
workers follow them. At every I/O of any of them the world may kill the worker, fail the call before or after it took
effect, let a write land late, or run another worker or a person in between. Then it goes quiet, sweeps until nothing is
written any more, and is judged by the invariants I1 to I9 of the algorithm.

Texts that people type are unique, and the world remembers which text each of them replaced: so it can tell a value that
lost and was logged from one that vanished.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from shared.errors import Circular, InDoubt, RetryLater, Throttled
from shared.links import ConflictStatus, Look, SyncLink, SyncState
from shared.model import FieldType, SideName
from shared.sync import parents
from shared.sync.hand import Timing
from shared.sync.plan import DELETED, PARENT
from shared.sync.rules import (
    BOARDS,
    PPM,
    SIDES,
    DeletePolicy,
    Direction,
    End,
    FieldRule,
    HierarchyRule,
    MassLimits,
    PairRules,
    Policy,
    ValueMap,
    other,
)
from shared.sync.service import SyncService
from shared.sync.values import as_tags, empty, resembles, same, translated
from tests.memory.boards import Late
from tests.memory.sides import MemorySide, Thing, Traits
from tests.memory.storage import MemoryCursors
from tests.memory.sync_storage import MemoryLooks, MemorySyncStore

PAIR = "plan"
TIMING = Timing(request_timeout_seconds=10, late_landing_seconds=20)
MESSAGE_LEASE_SECONDS = 30
MOST_ROUNDS = 60
STATES = ("New", "Active", "Resolved", "Closed")
STEPS = ("Open", "Running", "Done")
STATE = FieldRule(
    "state",
    End("State", FieldType.STATE, words=ValueMap(
        {"New": "todo", "Active": "doing", "Resolved": "done", "Closed": "done"},
        {"todo": "New", "doing": "Active", "done": "Closed"},
    )),
    End("Step", FieldType.PICKLIST, words=ValueMap(
        {"Open": "todo", "Running": "doing", "Done": "done"}, {"todo": "Open", "doing": "Running", "done": "Done"}
    )),
)  # fmt: skip
TITLE = FieldRule("title", End("Title", FieldType.TEXT), End("Name", FieldType.TEXT))
CODE = FieldRule("code", End("Code", FieldType.TEXT), End("Key", FieldType.TEXT))
TAGS = FieldRule(
    "tags", End("Tags", FieldType.TAGS, "semicolon"), End("Labels", FieldType.TAGS, "list"), policy=Policy.MERGE
)
DUE = FieldRule("due", End("Target", FieldType.DATE, "timestamp"), End("Finish", FieldType.DATE, "date"))
EFFORT = FieldRule(
    "effort",
    End("Effort", FieldType.NUMBER),
    End("Work", FieldType.DURATION, "minutes"),
    direction=Direction.TO_PPM,
    policy=Policy.BOARDS,
)
TOLD_APART = (TITLE, CODE)  # fields whose every value is unique
AWKWARD = {
    BOARDS: Traits(moves_make_revisions=False, shouted=frozenset({"Code"}), trimmed=frozenset({"Title"})),
    PPM: Traits(
        conditional_writes=False,
        history=False,
        trimmed=frozenset({"Name"}),
        whole_days=frozenset({"Finish"}),
        derived=frozenset({"Work"}),
    ),
}
STRICT = {BOARDS: AWKWARD[BOARDS], PPM: Traits(whole_days=frozenset({"Finish"}), trimmed=frozenset({"Name"}))}


class Killed(BaseException):
    """The worker's process is gone: not even `except Exception` sees it."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A text that a person typed: into which item, in place of which text, what they took for the item's own then."""

    side: SideName
    item: str
    replaced: str


@dataclass
class World:
    """Even seeds have one side without conditional writes and history; odd ones have both everywhere."""

    seed: int
    items: int = 4
    acts: int = 40
    trace: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.now = datetime(2026, 3, 2, 8, tzinfo=UTC)
        self.quiet = False
        self.depth = 0
        self.land_at: datetime | None = None
        self.calls: Counter[str] = Counter()
        self.typed: dict[str, list[Typed]] = {}
        self.tagged: dict[tuple[SideName, str], tuple[set[str], set[str]]] = {}
        self.marks: dict[tuple[SideName, str], dict[str, tuple[SideName, Any]]] = {}
        self.disturbed: set[tuple[SideName, str]] = set()
        self.tokens = 0
        self.strict = self.seed % 2 == 1
        self.rules = self._rules()
        traits = STRICT if self.strict else AWKWARD
        self.sides = {side: MemorySide(side, self.clock, self.on_call, traits[side]) for side in SIDES}
        self.store = MemorySyncStore(self.on_call)
        self.looks = MemoryLooks(self.clock, self.on_call)
        self.service = SyncService(
            store=self.store,
            looks=self.looks,
            cursors=MemoryCursors(self.on_call),
            rules=lambda pair: self.rules,
            doors=lambda pair: self.sides,
            clock=self.clock,
            new_id=lambda: f"{self.random.getrandbits(64):x}",
            timing=TIMING,
            address="https://boardbridge.example",
        )

    def _rules(self) -> PairRules:
        pick = self.random.choice
        scalar = (Policy.BOARDS, Policy.PPM, Policy.NEWEST, Policy.ASK)
        fields = [FieldRule(r.name, r.boards, r.ppm, policy=pick(scalar)) for r in (TITLE, CODE, STATE, DUE)]
        return PairRules(
            PAIR,
            (*fields, TAGS, EFFORT),
            hierarchy=HierarchyRule(policy=pick((Policy.BOARDS, Policy.PPM))),
            deletes=pick((DeletePolicy.BIN, DeletePolicy.BIN, DeletePolicy.UNLINK)),
            adopt=frozenset(SIDES),
            kinds={BOARDS: {"Story": "Task"}, PPM: {"Task": "Story"}},
            limits=MassLimits(deletions=100, changes=1000),
        )

    def clock(self) -> datetime:
        return self.now

    # ---------------------------------------------------------------- living

    def live(self) -> None:
        for _ in range(self.items):
            self.add()
        acts = {self.work: 12, self.person: 6, self.sweep: 2}
        for _ in range(self.acts):
            self.advance(self.random.uniform(0, 15))
            self.random.choices([*acts], [*acts.values()])[0]()
        self.quiet = True

    def settle(self) -> int:
        """Follow every hint, sweep, until nothing is written any more; returns the number of sweeps it took."""
        still = 0
        for rounds in range(MOST_ROUNDS):
            before = self.written()
            restored = any(thing.restored for side in self.sides.values() for thing in side.things.values())
            self.service.sweep(PAIR, full=restored and rounds == 1)  # what stands under it is in no feed
            self.drain()
            self.advance(3600)
            still = still + 1 if self.written() == before else 0
            if still == 3:
                return rounds
        raise AssertionError(self.story(f"still writing after {MOST_ROUNDS} sweeps"))

    def drain(self) -> None:
        for _ in range(3000):
            if (hold := self.store.hold(PAIR)) is not None:
                self.service.approve(PAIR, hold.links)
            due = self.looks.next_due()
            if due is None:
                return
            self.advance(max(0.0, (due - self.now).total_seconds()))
            self.work()
        raise AssertionError(self.story("the queue does not drain"))

    def work(self) -> None:
        """One worker takes one hint; if it is killed, its message comes back after a while."""
        look = self.looks.take()
        if look is None:
            return
        name = look.link or f"{look.side} {look.item}"
        try:
            self.tell(f"{name}: {self.service.handle(look)}")
        except Killed:
            self.tell(f"{name}: killed")
            self.looks.put(look, MESSAGE_LEASE_SECONDS)
        except RetryLater as failure:  # not even putting the hint back worked: the platform does it
            self.tell(f"{name}: {failure.reason}")
            self.looks.put(look, MESSAGE_LEASE_SECONDS)

    def sweep(self) -> None:
        try:
            self.service.sweep(PAIR)
        except (Killed, RetryLater) as failure:
            self.tell(f"sweep failed: {failure!r}")

    def advance(self, seconds: float) -> None:
        """Let time pass; what was to land late lands on the way."""
        until = self.now + timedelta(seconds=seconds)
        if self.land_at is not None and self.land_at <= until:
            self.now, self.land_at = max(self.now, self.land_at), None
            landed = sum(side.land_late() for side in self.sides.values())
            self.tell(f"{landed} late writes land")
        self.now = max(self.now, until)

    # ---------------------------------------------------------------- people

    def person(self) -> None:
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
            if link.state is SyncState.SYNCED and not any(thing.deleted for thing in self._items(link).values())
        ]
        return self.random.choice(links) if links else None

    def _anything(self) -> tuple[SideName, Thing] | None:
        side = self.random.choice(SIDES)
        live = self.sides[side].live()
        return (side, self.random.choice(live)) if live else None

    def _somewhere(self, side: SideName) -> str | None:
        return self.random.choice([None, *(thing.id for thing in self.sides[side].live())])

    # ---------------------------------------------------------------- everything that can go wrong

    def on_call(self, name: str) -> None:
        self.calls[name] += 1
        if self.quiet:
            return
        self.advance(self.random.uniform(0, 0.4))
        if self.depth == 0 and " sync." in name and self.random.random() < 0.01:
            self.stall()
        chance = self.random.random()
        if chance < 0.01:
            raise Killed
        if chance < 0.10 and self.depth < 3:
            self.depth += 1
            try:
                self.random.choice([self.work, self.work, self.person])()
            finally:
                self.depth -= 1
        when, call = name.split(" ")
        if call.startswith(("boards.", "ppm.")):
            self.disturb_call(when, writes=call.endswith((".create", ".update", ".put_in_bin")))
        elif self.random.random() < 0.01:
            raise RetryLater(f"storage gave no answer {when} {call}", 2)

    def stall(self) -> None:
        """Storage is slow, and others go on meanwhile. A call to a side that is as slow as this has failed."""
        self.depth += 1
        for _ in range(8):
            self.advance(self.random.uniform(5, 15))
            self.work()
        self.depth -= 1

    def disturb_call(self, when: str, *, writes: bool) -> None:
        fault = self.random.choices(["none", "lost", "throttle", "late"], [93, 4, 1, 2 + 4 * writes])[0]
        doubt = InDoubt("no answer") if writes else RetryLater("no answer", 3)
        match fault:
            case "lost":  # before: it never got there; after: it was done and the answer was lost
                raise doubt
            case "throttle" if when == "before":
                raise Throttled("slow down", self.random.uniform(1, 10))
            case "late" if when == "before" and writes:
                margin = TIMING.late_landing_seconds - 1
                self.land_at = self.land_at or self.now + timedelta(seconds=self.random.uniform(0, margin))
                raise Late(InDoubt("no answer yet"))

    # ---------------------------------------------------------------- judging

    def judge(self) -> None:
        links = list(self.store.of(PAIR).links.values())
        self._every_item_has_one_owner()
        self._nothing_was_made_twice()
        self._nothing_was_binned_unasked()
        for link in links:
            self._nothing_of_a_person_is_deleted(link)
            if link.state is SyncState.SYNCED:
                self._the_sides_say_the_same(link)
                self._parents_correspond(link)
                self._one_sides_words_are_as_typed(link)
                self._no_value_came_back_or_vanished(link)
                self._no_tag_vanished(link)
                self._every_write_is_told(link)
        self._no_false_conflicts()
        writes = self.written()
        self.service.sweep(PAIR, full=True)
        self.drain()
        assert self.written() == writes, self.story("I7: a further look wrote again")

    def _every_item_has_one_owner(self) -> None:
        aliases = self.store.of(PAIR).aliases
        for side in SIDES:
            for thing in self.sides[side].live():
                owner = aliases.get((side, thing.id))
                assert owner is not None, self.story(f"I1: {side} {thing.id} belongs to no link", side, thing.id)
                link = self.store.of(PAIR).links[owner]
                reported = link.state is SyncState.UNLINKED or link.parked
                alive = link.state is SyncState.SYNCED
                assert alive or reported, self.story(f"I1: {side} {thing.id} has a link {link.state}", side, thing.id)

    def _nothing_was_made_twice(self) -> None:
        """I2; a copy that is not its own link's was worked on by a person, or goes (C9)."""
        for side in SIDES:
            made: Counter[str] = Counter()
            for thing in self.sides[side].live():
                if not thing.made_by_us or thing.restored:
                    continue
                owner = self.store.of(PAIR).links[self.store.of(PAIR).aliases[side, thing.id]]
                if owner.marker in thing.markers:
                    made.update(thing.markers)
                elif self.sides[side].traits.history or not self.disturbed:
                    touched = self.disturbed and any(not revision.by_us for revision in thing.revisions)
                    assert touched, self.story(f"C9: {side} {thing.id} is an orphan", side, thing.id)
            twice = [marker for marker, times in made.items() if times > 1]
            assert not twice, self.story(f"I2: several live copies on {side} bear {twice}")

    def _nothing_was_binned_unasked(self) -> None:
        """What we put into the bin is what we made, or the counterpart of what a person put there."""
        for side in SIDES:
            for thing in self.sides[side].things.values():
                owner = self.store.of(PAIR).aliases.get((side, thing.id))
                replaced = owner is None and (thing.made_by_us or f"{side}:{thing.id}" in self.store.of(PAIR).links)
                if thing.deleted_by_us and not replaced:
                    twin = self.store.of(PAIR).links[owner].ids.get(other(side)) if owner else None
                    asked = (other(side), twin) in self.disturbed
                    assert asked, self.story(f"{side} {thing.id} was binned, and nobody asked for it", side, thing.id)

    def _nothing_of_a_person_is_deleted(self, link: SyncLink) -> None:
        """I5: what went into the bin with an item of the other side had nothing to say that was not known there."""
        if set(link.ids) != set(SIDES):
            return
        for side in SIDES:
            thing, twin = self.sides[side].things[link.ids[side]], self.sides[other(side)].things[link.ids[other(side)]]
            if not (thing.deleted_by_us and twin.deleted and not twin.deleted_by_us):
                continue
            logged = self._logged(link) | {token(value) for value in self.sides[side].overwritten}  # L1
            for rule in TOLD_APART:
                mine = token(thing.fields.get(rule.end(side).key))
                theirs = token(twin.fields.get(rule.end(other(side)).key))
                known = mine == theirs or mine in self._ancestors(theirs) or mine in logged or not mine
                what = f"I5: {side} {thing.id} was binned with '{mine}', unknown there"
                assert known, self.story(what, side, thing.id)

    def _the_sides_say_the_same(self, link: SyncLink) -> None:
        items = self._items(link)
        excused = {row.rule for row in self._rows(link) if row.status is ConflictStatus.REFUSED} | set(link.open)
        for rule in self.rules.active:
            shown = {side: items[side].fields.get(rule.end(side).key) for side in SIDES}
            agree = same(rule, shown) or any(
                resembles(rule, side, translated(rule, shown[other(side)], side), shown[side]) for side in SIDES
            )
            if not agree and rule.key not in excused and not self._never_said(link, rule, shown):
                raise AssertionError(self.story(f"I3: {link.id} differs in {rule.name}: {shown}", *self._first(link)))
        assert not link.parked or link.refusals, self.story(f"{link.id} is parked: {link.parked}", *self._first(link))
        assert link.intent is None, self.story(f"{link.id} has an intent left", *self._first(link))

    def _never_said(self, link: SyncLink, rule: FieldRule, shown: Mapping[SideName, Any]) -> bool:
        """An open side that has never said anything takes nothing away from the closed one."""
        target = rule.direction.target
        return target is not None and rule.key not in link.baseline and empty(shown[other(target)])

    def _parents_correspond(self, link: SyncLink) -> None:
        if link.refusals >= parents.MOST_REFUSALS:
            assert link.parked, self.story(f"I6: {link.id} waits for its parent, and nobody is told")
            assert self._stands_in_between(link, set()), self.story(f"I6: {link.id} is parked", *self._first(link))
            return
        views = {side: self._view(side, thing.parent) for side, thing in self._items(link).items()}
        assert views[BOARDS] == views[PPM], self.story(f"I6: {link.id} has parents {views}", *self._first(link))

    def _stands_in_between(self, link: SyncLink, seen: set[str]) -> bool:
        """H5: whether a dead item, or one outside the sync, is above this one on either side, or above one of those."""
        seen.add(link.id)
        above: list[str] = []
        for side, thing in self._items(link).items():
            parent = thing.parent
            while parent is not None:
                owner = self.store.of(PAIR).aliases.get((side, parent))
                if owner is None or not self.store.of(PAIR).links[owner].state.alive:
                    return True
                above.append(owner)
                parent = self.sides[side].things[parent].parent
        return any(self._stands_in_between(self.store.of(PAIR).links[id], seen) for id in above if id not in seen)

    def _view(self, side: SideName, parent: str | None) -> str:
        owner = self.store.of(PAIR).aliases.get((side, parent or ""))
        return owner if owner and self.store.of(PAIR).links[owner].state.alive else ""

    def _one_sides_words_are_as_typed(self, link: SyncLink) -> None:
        """I8."""
        if self._was_disturbed(link):
            return
        for rule in self.rules.fields:
            editors = {side: self.marks.get((side, link.ids[side]), {}).get(rule.key) for side in SIDES}
            typed = [mark for mark in editors.values() if mark is not None]
            if len(typed) == 1 and rule.direction.target != typed[0][0]:
                side, value = typed[0]
                now = self._items(link)[side].fields.get(rule.end(side).key)
                what = f"I8: {link.id}: {rule.name} was typed as {value!r} and is {now!r}"
                assert now == value, self.story(what, side, link.ids[side])

    def _no_value_came_back_or_vanished(self, link: SyncLink) -> None:
        """I4."""
        if self._was_disturbed(link):
            return
        logged, unseen = self._logged(link), {token(v) for side in self.sides.values() for v in side.overwritten}
        mine = {text for text, all in self.typed.items() if any(link.ids[typed.side] == typed.item for typed in all)}
        for rule in TOLD_APART:
            if rule.key in link.open:
                continue
            final = token(self._items(link)[BOARDS].fields.get(rule.boards.key))
            own = {text for text in mine if text.endswith(rule.name[0])}
            replaced = {typed.replaced for text in own for typed in self.typed[text]}
            assert final in self.typed or not final, self.story(f"I4: '{final}' is nobody's", *self._first(link))
            after = {text for text in own - replaced if final in self._ancestors(text)}
            by_chance = len(self.typed.get(final, ())) > 1  # typed on both sides: not the one that was replaced
            came_back = after and not by_chance and not after <= logged | unseen
            assert not came_back, self.story(f"I4: {link.id}: '{final}' came back", *self._first(link))
            vanished = own - replaced - {final} - logged - unseen
            assert not vanished, self.story(f"I4: {link.id}: {vanished} vanished", *self._first(link))

    def _no_tag_vanished(self, link: SyncLink) -> None:
        """F5: what somebody added, and nobody took away, is there."""
        if self._was_disturbed(link):
            return
        edits = [self.tagged[side, link.ids[side]] for side in SIDES if (side, link.ids[side]) in self.tagged]
        added = {tag for added, _ in edits for tag in added}
        removed = {tag for _, removed in edits for tag in removed}
        lost = [value for side in SIDES for value in self.sides[side].overwritten if isinstance(value, list)]
        excused = {tag for value in lost for tag in value}
        there = set(as_tags(TAGS.boards, self._items(link)[BOARDS].fields.get("Tags")))
        missing = added - removed - excused - there
        assert not missing, self.story(f"F5: {link.id} has lost the tags {missing}", *self._first(link))

    def _every_write_is_told(self, link: SyncLink) -> None:
        """Each value that we wrote is in our history, whoever died meanwhile, on a side that has one to compare."""
        if self._was_disturbed(link):
            return  # what became of a write is not asked of an item that was deleted
        for side, thing in self._items(link).items():
            if not self.sides[side].traits.history:
                continue
            told = Counter(
                (row.what, repr(row.after))
                for row in self.store.of(PAIR).writes.values()
                if (row.side, row.item) == (side, thing.id) and not row.refused
            )
            for rule in self.rules.active:
                key = rule.end(side).key
                for revision in thing.revisions[1 if thing.made_by_us else 0 :]:
                    if revision.by_us and key in revision.changed:
                        value = revision.fields.get(key)
                        what = f"{side} {thing.id}: that {rule.name} became {value!r} is told nowhere"
                        assert told[rule.key, repr(value)], self.story(what, side, thing.id)

    def _no_false_conflicts(self) -> None:
        """I9; without history a crash may leave one (L2)."""
        if not self.strict:
            return
        for row in self.store.of(PAIR).conflicts.values():
            if row.rule not in {rule.key for rule in TOLD_APART} or row.loser is None:
                continue
            lost, won = token(row.values[row.loser]), token(row.values[other(row.loser)])
            typed = {str(value).strip() for value in row.values.values()}
            assert len(typed) == 2, self.story(f"I9: {row.link}: '{lost}' lost against itself")
            what = f"I9: {row.link}: '{lost}' was replaced by '{won}' already"
            # Typed on both sides: whose ancestors are meant is open.
            by_chance = max(len(self.typed.get(text, ())) for text in (won, lost)) > 1
            assert by_chance or lost not in self._ancestors(won), self.story(what)

    # ---------------------------------------------------------------- what judging needs

    def _items(self, link: SyncLink) -> Mapping[SideName, Thing]:
        return {side: self.sides[side].things[link.ids[side]] for side in SIDES}

    def _rows(self, link: SyncLink) -> list:
        return [row for (id, _), row in self.store.of(PAIR).conflicts.items() if id == link.id]

    def _logged(self, link: SyncLink) -> set[str]:
        """What a person can find again: losers, and both values of what a person was asked."""
        rows = [row for row in self._rows(link) if row.rule not in (PARENT, DELETED)]
        lost = {token(row.values[row.loser]) for row in rows if row.loser is not None}
        return lost | {token(value) for row in rows if row.policy == "ask" for value in row.values.values()}

    def _ancestors(self, text: str) -> set[str]:
        """What people replaced on the way to a text."""
        found: set[str] = set()
        queue = [text]
        for later in queue:
            earlier = {typed.replaced for typed in self.typed.get(later, [])} - found
            found |= earlier
            queue += earlier
        return found

    def _was_disturbed(self, link: SyncLink) -> bool:
        """Whether one of its items was ever deleted: what was typed into an item that was replaced is gone with it."""
        things = (thing for side in self.sides.values() for thing in side.things.values())
        replaced = any(thing.deleted and link.marker in thing.markers for thing in things)
        return replaced or any((side, id) in self.disturbed for side, id in link.ids.items())

    def _first(self, link: SyncLink) -> tuple[SideName, str]:
        return link.origin, link.ids[link.origin]

    def written(self) -> int:
        return sum(side.writes for side in self.sides.values())

    def story(self, what: str, side: SideName | None = None, item: str = "") -> str:
        """The seed, and what happened to the items of one link."""
        owner = self.store.of(PAIR).aliases.get((side, item)) if side else None
        if owner is None:
            return f"seed {self.seed}: {what}\n" + "\n".join(self.trace[-120:])
        link = self.store.of(PAIR).links[owner]
        names = {f"{s} {i}:" for s, i in link.ids.items()} | {f"{owner}:"}
        lines = [line for line in self.trace if any(name in line for name in names) or "land" in line]
        return f"seed {self.seed}: {what}\n{link}\n" + "\n".join(lines[-120:])

    def tell(self, line: str) -> None:
        self.trace.append(f"{self.now:%H:%M:%S} {line}")


def token(value: Any) -> str:
    """A text as its typist meant it, whatever a side has made of it."""
    return str(value or "").strip().casefold()
