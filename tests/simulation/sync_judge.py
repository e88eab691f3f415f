"""What must hold of a world that has come to rest: the invariants I1 to I9 of the algorithm."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from shared.links import ConflictStatus, SyncLink, SyncState
from shared.model import SideName
from shared.sync import parents
from shared.sync.plan import DELETED, PARENT
from shared.sync.rules import BOARDS, PPM, SIDES, FieldRule, other
from shared.sync.values import as_tags, empty, resembles, same, translated
from tests.memory.sides import Thing
from tests.simulation.sync_pair import PAIR, TAGS, TOLD_APART
from tests.simulation.sync_people import token
from tests.simulation.sync_world import World


def judge(world: World) -> None:
    """Raises `AssertionError` with the story of what is wrong."""
    _Judge(world).judge()


class _Judge:
    def __init__(self, world: World) -> None:
        self.world = world
        self.story = world.story
        self.rules = world.rules
        self.sides = world.sides
        self.stored = world.store.of(PAIR)
        self.typed = world.people.typed
        self.tagged = world.people.tagged
        self.marks = world.people.marks
        self.disturbed = world.people.disturbed

    def judge(self) -> None:
        links = list(self.stored.links.values())
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
        writes = self.world.written()
        self.world.service.sweep(PAIR, full=True)
        self.world.drain()
        assert self.world.written() == writes, self.story("I7: a further look wrote again")

    def _every_item_has_one_owner(self) -> None:
        aliases = self.stored.aliases
        for side in SIDES:
            for thing in self.sides[side].live():
                owner = aliases.get((side, thing.id))
                assert owner is not None, self.story(f"I1: {side} {thing.id} belongs to no link", side, thing.id)
                link = self.stored.links[owner]
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
                owner = self.stored.links[self.stored.aliases[side, thing.id]]
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
                owner = self.stored.aliases.get((side, thing.id))
                replaced = owner is None and (thing.made_by_us or f"{side}:{thing.id}" in self.stored.links)
                if thing.deleted_by_us and not replaced:
                    twin = self.stored.links[owner].ids.get(other(side)) if owner else None
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
        excused = {row.rule for row in self._conflicts(link) if row.status is ConflictStatus.REFUSED} | set(link.open)
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
                owner = self.stored.aliases.get((side, parent))
                if owner is None or not self.stored.links[owner].state.alive:
                    return True
                above.append(owner)
                parent = self.sides[side].things[parent].parent
        return any(self._stands_in_between(self.stored.links[id], seen) for id in above if id not in seen)

    def _view(self, side: SideName, parent: str | None) -> str:
        owner = self.stored.aliases.get((side, parent or ""))
        return owner if owner and self.stored.links[owner].state.alive else ""

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
                for row in self.stored.writes.values()
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
        if not self.world.strict:
            return
        for row in self.stored.conflicts.values():
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

    def _conflicts(self, link: SyncLink) -> list:
        return [row for (id, _), row in self.stored.conflicts.items() if id == link.id]

    def _logged(self, link: SyncLink) -> set[str]:
        """What a person can find again: losers, and both values of what a person was asked."""
        rows = [row for row in self._conflicts(link) if row.rule not in (PARENT, DELETED)]
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
