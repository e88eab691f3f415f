"""Two sides stay one thing: whatever happens, they end in step, and nobody's words are lost without a trace.

A failure prints its seed and the story of one link; `World(seed)` plays it again. `test_each_rule_is_needed` switches
the rules of the algorithm off one at a time: the simulation must notice, or it proves nothing.
"""

from dataclasses import replace

import pytest

from shared.errors import InDoubt, Park, RetryLater
from shared.model import SideName
from shared.sync import copies, create, guard, hand, intents, merge, parents, plan, reconciler, sweep
from shared.sync.rules import SIDES, other
from tests.memory import sides, sync_storage
from tests.simulation.proof import check_that_it_is_needed, never_told
from tests.simulation.sync_judge import judge
from tests.simulation.sync_world import World

SEEDS = 320
MUTANT_SEEDS = 2000  # the rarest shows in one of 400


def play(seed: int) -> World:
    world = World(seed)
    world.live()
    world.settle()
    judge(world)
    return world


@pytest.mark.parametrize("block", range(8))
def test_two_sides_end_in_step_and_no_word_is_lost(block):
    for seed in range(block * SEEDS // 8, (block + 1) * SEEDS // 8):
        play(seed)


def test_the_same_seed_plays_the_same_story():
    one, another = World(7), World(7)
    one.live()
    another.live()
    assert one.trace == another.trace


def test_the_world_is_as_rough_as_it_says():
    """Over some seeds everything that can go wrong does: otherwise the test above shows little."""
    happenings = ("killed", "late writes land", "created", "adopted", "updated", "parked", "doomed", "gone", "unlinked")
    events = (*happenings, "reopened", "removed", "clones", "restores", "storage gave no answer")
    assert not never_told(events, play, range(120))


# ---------------------------------------------------------------- the rules, switched off one at a time


def one_baseline_for_both(patch):
    """Baselines are per side, in its own words."""
    reduced = plan.reduced

    def shared(decision):
        words = reduced(decision)
        return dict.fromkeys(SIDES, words[SideName.BOARDS])

    patch.setattr(plan, "reduced", shared)


def compare_across(patch):
    """A side is compared with itself only."""

    def changed(rule, side, shown, baseline):
        return merge.kept(rule.end(side), shown[side]) != baseline.get(other(side))

    patch.setattr(merge, "changed", changed)


def no_baseline(patch):
    def decide(rule, shown, baseline, changed_at, towards=None):
        return DECIDE(rule, shown, None, changed_at, towards)

    patch.setattr(merge, "decide", decide)


def agreeing_is_a_conflict(patch):
    patch.setattr(merge, "same", lambda rule, shown: False)


def remember_what_was_sent(patch):
    """F1: what the server returned is the baseline."""

    def settled(link, rules, stored, views):
        if link.intent is not None:
            sent = {side: {k: f.sent[side] for k, f in link.intent.fields.items() if side in f.sent} for side in SIDES}
            stored = {side: {key: sent[side].get(key, value) for key, value in stored[side].items()} for side in stored}
        return SETTLED(link, rules, stored, views)

    patch.setattr(intents, "settled", settled)


def overwrite_tags(patch):
    """F5: merging is three-way."""

    def merged(rule, shown, baseline):
        return merge._write(rule, shown, SideName.PPM, frozenset(SIDES), "merge", "")

    patch.setattr(merge, "_merged", merged)


def log_nothing(patch):
    """F6: a loser is logged."""
    patch.setattr(plan, "conflicts", lambda link, made, at: (link, ()))


def give_up_on_circles(patch):
    """H4: crossing moves are undone on the loser's side."""
    patch.setattr(parents, "undo", lambda rule, decision, refused_by: None)


def dead_parents_live_on(patch):
    """H3: a dead parent counts as none."""
    patch.setattr(
        parents, "view", lambda id, link, *, will_be_linked: link.id if link else VIEW(id, None, will_be_linked=True)
    )


def never_search(patch):
    """C4."""
    patch.setattr(sides.MemorySide, "find", lambda self, markers: {})


def forget_the_attempt(patch):
    """C5: the attempt is saved before the create."""

    def save(self, conflicts=(), **changes):
        SAVE(self, conflicts, **{name: value for name, value in changes.items() if name != "attempted_at"})

    patch.setattr(hand.Hand, "save", save)


def give_the_lease_back_in_doubt(patch):
    """C6: a worker whose call ended in doubt does not give its lease back."""

    def write(self, act):
        try:
            return WRITE(self, act)
        except RetryLater as wait:
            if isinstance(wait.__cause__, InDoubt):
                self.save(**hand.NO_LEASE)
                raise RetryLater(wait.reason, 1) from wait
            raise

    patch.setattr(hand.Hand, "write", write)


def adopt_as_it_shows_now(patch):
    """C7: an adopted copy's baseline is what we made."""

    def adopted(link, rules, target, first, now):
        intent = link.intent
        shown = intents.by_rule(rules, target, now.fields)
        fields = intent.fields.items() if intent else ()
        baseline = {k: {**f.shown, target: merge.kept(rules[k].end(target), shown[k])} for k, f in fields if k in rules}
        return replace(link, baseline={**link.baseline, **baseline})

    patch.setattr(intents, "adopted", adopted)


def a_marked_item_is_new(patch):
    """C8: an item bearing a marker is never a user's new item."""
    patch.setattr(create, "owns", lambda link, side, id: False)


def a_clone_is_ours(patch):
    """C8: unless its link owns another item."""
    patch.setattr(create, "owns", lambda link, side, id: True)


def clones_are_removed(patch):
    """C9: only what we made ourselves is removed."""

    def written_by_us(self, id, after, fields):
        return fields if after == copies.BEFORE_THE_FIRST else OURS(self, id, after, fields)

    patch.setattr(sides.MemorySide, "written_by_us", written_by_us)


def surplus_copies_are_adopted(patch):
    """C9: an untouched copy that its link does without is removed."""
    patch.setattr(copies, "remove_surplus", lambda hand, side, item: False)


def ignore_the_lease(patch):
    """W1: one worker per link."""
    patch.setattr(reconciler.Reconciler, "_wait_for_lease", lambda self, record: None)


def save_without_a_condition(patch):
    """S2."""

    def save(self, record, link, conflicts=(), releases=(), writes=()):
        version = self.of(record.pair).versions.get(record.link_id, 0)
        return STORE_SAVE(self, replace(record, token=version), link, conflicts, releases)

    patch.setattr(sync_storage.MemorySyncStore, "save", save)


def write_without_a_test(patch):
    """W3."""
    patch.setattr(sides.MemorySide, "_test", lambda self, thing, version: None)


def save_no_intent(patch):
    """W2."""

    def save(self, conflicts=(), **changes):
        kept_back = changes.get("intent") is not None and changes.get("attempted_at") is None
        SAVE(self, conflicts, **{k: v for k, v in changes.items() if not (kept_back and k == "intent")})
        if kept_back:
            self.link = replace(self.link, intent=changes["intent"])

    patch.setattr(hand.Hand, "save", save)


def believe_no_write_landed(patch):
    """W4, W5."""
    patch.setattr(hand.Hand, "landed", lambda self, intent, items: {})


def tell_only_what_was_committed(patch):
    """The history knows of every write, also of one whose worker died before it could say so."""

    def settle(self, items, around):
        if self.link.intent is not None:
            landed = self.landed(self.link.intent, items)
            self.link = intents.settled(self.link, self.named, landed, around.views)

    patch.setattr(hand.Hand, "settle", settle)


def believe_every_write_landed(patch):
    """W5: ask the history."""

    def landed(self, intent, items):
        return {s: {k: f.sent[s] for k, f in intent.fields.items() if s in f.sent} for s in SIDES}

    patch.setattr(hand.Hand, "landed", landed)


def ask_what_shows_now(patch):
    """W5: history is asked, not what shows now."""
    patch.setattr(sides.MemorySide, "written_by_us", lambda self, id, after, fields: None)


def deletions_win(patch):
    """X2: an edit wins over a deletion."""

    def fate(link, items, deletes, *, edited):
        return FATE(link, items, deletes, edited=False)

    patch.setattr(guard, "fate", fate)


def not_reopened(patch):
    """X2: a restore re-opens the link."""

    def fate(link, items, deletes, *, edited):
        found = FATE(link, items, deletes, edited=edited)
        return guard.Fate.APART if found in (guard.Fate.REOPEN, guard.Fate.REMAKE) else found

    patch.setattr(guard, "fate", fate)


def cursor_before_hints(patch):
    """S4: a cursor is saved after its hints."""
    changed = sweep.Sweep._changed

    def first(self, pair, side, there, *, full):
        ids, cursor = changed(self, pair, side, there, full=full)
        self._cursors.write(f"{pair}/{side}", cursor)
        return ids, cursor

    patch.setattr(sweep.Sweep, "_changed", first)


def retry_what_is_refused(patch):
    """What a side takes without complaint and ignores is not written for ever."""

    def settled(link, rules, stored, views):
        if link.intent is None:
            return link
        shown = {
            side: {k: v for k, v in values.items() if side in link.intent.fields.get(k, NOTHING).sent}
            for side, values in stored.items()
        }
        landed = {
            side: {
                key: value
                for key, value in values.items()
                if intents.resembles(rules[key], side, link.intent.fields[key].sent[side], value)
            }
            for side, values in shown.items()
        }
        return SETTLED(link, rules, landed, views)

    patch.setattr(intents, "settled", settled)


NOTHING = plan.FieldIntent({}, {})
DECIDE, SETTLED, VIEW, FATE = merge.decide, intents.settled, parents.view, guard.fate
OURS = sides.MemorySide.written_by_us
SAVE, WRITE, STORE_SAVE = hand.Hand.save, hand.Hand.write, sync_storage.MemorySyncStore.save
MUTANTS = [
    one_baseline_for_both,
    compare_across,
    no_baseline,
    agreeing_is_a_conflict,
    remember_what_was_sent,
    overwrite_tags,
    log_nothing,
    give_up_on_circles,
    dead_parents_live_on,
    never_search,
    forget_the_attempt,
    give_the_lease_back_in_doubt,
    adopt_as_it_shows_now,
    a_marked_item_is_new,
    a_clone_is_ours,
    clones_are_removed,
    surplus_copies_are_adopted,
    ignore_the_lease,
    save_without_a_condition,
    write_without_a_test,
    save_no_intent,
    believe_no_write_landed,
    believe_every_write_landed,
    ask_what_shows_now,
    deletions_win,
    not_reopened,
    cursor_before_hints,
    retry_what_is_refused,
    tell_only_what_was_committed,
]
FIRST_SEED = {
    agreeing_is_a_conflict: 35,
    not_reopened: 14,
    write_without_a_test: 10,
    cursor_before_hints: 62,
    ignore_the_lease: 74,
    never_search: 77,
    forget_the_attempt: 77,
    a_marked_item_is_new: 133,
    surplus_copies_are_adopted: 174,
    give_the_lease_back_in_doubt: 209,
    dead_parents_live_on: 757,
}  # rare ones


@pytest.mark.parametrize("mutant", MUTANTS)
def test_each_rule_is_needed(mutant):
    first = FIRST_SEED.get(mutant, 0)
    check_that_it_is_needed(mutant, play, range(first, first + MUTANT_SEEDS), (AssertionError, Park))
