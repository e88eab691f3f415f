"""Parents in link space: verdicts, crossing moves, what is unknown, outside or dead."""

import pytest

from shared.model import SideName
from shared.sync.merge import Verdict
from shared.sync.parents import NONE, OUTSIDE, UNKNOWN, after_agreeing, decide, undo
from shared.sync.rules import BOARDS, PPM, Direction, HierarchyRule, Policy

RULE = HierarchyRule()
ALIVE: frozenset[str] = frozenset()


def views(boards: str, ppm: str) -> dict[SideName, str]:
    return {BOARDS: boards, PPM: ppm}


@pytest.mark.parametrize(
    ("now", "baseline", "verdict", "sent"),
    [
        ((NONE, NONE), (NONE, NONE), Verdict.NONE, {}),
        (("x", "x"), ("x", "x"), Verdict.NONE, {}),
        (("x", "x"), (NONE, NONE), Verdict.AGREE, {}),
        (("x", NONE), (NONE, NONE), Verdict.BOARDS, {PPM: "x"}),
        (("x", NONE), ("x", "x"), Verdict.PPM, {BOARDS: NONE}),
        (("x", "y"), (NONE, NONE), Verdict.CONFLICT, {PPM: "x"}),
        ((OUTSIDE, "x"), ("x", "x"), Verdict.NONE, {}),
        ((OUTSIDE, "y"), ("x", "x"), Verdict.PPM, {BOARDS: "y"}),
        ((OUTSIDE, NONE), ("x", "x"), Verdict.AGREE, {}),
        ((UNKNOWN, NONE), (NONE, NONE), Verdict.NONE, {}),
    ],
)
def test_the_table(now, baseline, verdict, sent):
    decision = decide(RULE, views(*now), views(*baseline), ALIVE)
    assert (decision.verdict, decision.sent) == (verdict, sent)


def test_a_parent_that_is_not_linked_yet_is_waited_for():
    assert decide(RULE, views(UNKNOWN, NONE), views(NONE, NONE), ALIVE).waits


def test_a_dead_parent_counts_as_none_in_the_baseline_too():
    assert decide(RULE, views(NONE, "y"), views("x", "x"), frozenset({"x"})).sent == {BOARDS: "y"}


def test_a_parent_outside_the_sync_is_no_opinion_in_the_baseline():
    assert after_agreeing(views(OUTSIDE, NONE), views("x", "x")) == views("x", NONE)


@pytest.mark.parametrize(("policy", "loser"), [(Policy.BOARDS, PPM), (Policy.PPM, BOARDS)])
def test_crossing_moves_are_undone_where_the_loser_moved(policy, loser):
    """A moved under B here, B under A there: the winner's server refuses the loser's move, which is taken back."""
    rule = HierarchyRule(policy=policy)
    winner = BOARDS if loser is PPM else PPM
    moved_by_loser = decide(rule, {winner: NONE, loser: "a"}, views(NONE, NONE), ALIVE)
    undone = undo(rule, moved_by_loser, winner)
    assert undone is not None
    assert (undone.sent, undone.loser) == ({loser: NONE}, loser)


@pytest.mark.parametrize(("policy", "refused_by"), [(Policy.BOARDS, PPM), (Policy.PPM, BOARDS), (Policy.ASK, BOARDS)])
def test_nothing_is_undone_where_the_loser_refuses_or_a_person_decides(policy, refused_by):
    rule = HierarchyRule(policy=policy)
    assert undo(rule, decide(rule, views("a", NONE), views(NONE, NONE), ALIVE), refused_by) is None


def test_a_person_is_asked_where_both_moved():
    decision = decide(HierarchyRule(policy=Policy.ASK), views("x", "y"), views(NONE, NONE), ALIVE)
    assert decision.asks


@pytest.mark.parametrize(("towards", "sent"), [(PPM, {PPM: "x"}), (BOARDS, {BOARDS: "y"})])
def test_a_mismatch_is_resolved_in_the_chosen_direction(towards, sent):
    assert decide(RULE, views("x", "y"), views("x", "y"), ALIVE, towards).sent == sent


def test_a_hierarchy_that_goes_one_way_puts_moves_back():
    rule = HierarchyRule(direction=Direction.TO_PPM)
    decision = decide(rule, views("x", "y"), views("x", "x"), ALIVE)
    assert (decision.sent, decision.loser) == ({PPM: "x"}, PPM)
