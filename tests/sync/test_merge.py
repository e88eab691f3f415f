"""The table of verdicts, policy by policy."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.model import FieldType as T
from shared.sync.merge import Verdict, decide
from shared.sync.rules import BOARDS, PPM, Direction, End, FieldRule, Policy, ValueMap

TITLE = FieldRule("title", End("Title", T.TEXT), End("Name", T.TEXT))
TAGS = FieldRule("tags", End("T", T.TAGS, "semicolon"), End("L", T.TAGS, "list"), policy=Policy.MERGE)
WORDS = ValueMap({"New": "todo"}, {"todo": "New"})
STATE = FieldRule("state", End("S", T.STATE, words=WORDS), End("P", T.STATE, words=WORDS))
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
UNTOLD = {BOARDS: None, PPM: None}
PPM_LAST = {BOARDS: NOON, PPM: NOON + timedelta(hours=1)}


def shown(boards, ppm):
    return {BOARDS: boards, PPM: ppm}


def title(policy=Policy.ASK, direction=Direction.BOTH) -> FieldRule:
    return replace(TITLE, policy=policy, direction=direction)


@pytest.mark.parametrize(
    ("now", "baseline", "verdict", "sent"),
    [
        (("a", "a"), ("a", "a"), Verdict.NONE, {}),
        (("a", "A"), ("a", "A"), Verdict.NONE, {}),
        (("b", "b"), ("a", "a"), Verdict.AGREE, {}),
        (("b", "b"), None, Verdict.AGREE, {}),
        (("b", "a"), ("a", "a"), Verdict.BOARDS, {PPM: "b"}),
        (("a", "b"), ("a", "a"), Verdict.PPM, {BOARDS: "b"}),
        ((None, "a"), ("a", "a"), Verdict.BOARDS, {PPM: None}),
        (("b", "c"), ("a", "a"), Verdict.CONFLICT, {}),
        (("b", None), None, Verdict.BOARDS, {PPM: "b"}),
        ((None, "b"), None, Verdict.PPM, {BOARDS: "b"}),
        (("b", "c"), None, Verdict.CONFLICT, {}),
    ],
)
def test_the_table(now, baseline, verdict, sent):
    decision = decide(title(), shown(*now), baseline and shown(*baseline), UNTOLD)
    assert (decision.verdict, decision.sent) == (verdict, sent)


@pytest.mark.parametrize(
    ("policy", "changed_at", "sent", "loser"),
    [
        (Policy.BOARDS, UNTOLD, {PPM: "b"}, PPM),
        (Policy.PPM, UNTOLD, {BOARDS: "c"}, BOARDS),
        (Policy.NEWEST, PPM_LAST, {BOARDS: "c"}, BOARDS),
        (Policy.NEWEST, UNTOLD, {PPM: "b"}, PPM),
    ],
)
def test_who_wins_and_who_is_logged(policy, changed_at, sent, loser):
    decision = decide(title(policy), shown("b", "c"), shown("a", "a"), changed_at)
    assert (decision.sent, decision.loser) == (sent, loser)


def test_a_question_for_a_person_writes_nothing():
    assert decide(title(Policy.ASK), shown("b", "c"), shown("a", "a"), UNTOLD).asks


@pytest.mark.parametrize(
    ("now", "baseline", "result"),
    [
        (("a; b", ["a", "c"]), ("a", ["a"]), {BOARDS: "a; b; c", PPM: ["a", "b", "c"]}),
        (("b", ["a", "c"]), ("a; b", ["a", "b"]), {BOARDS: "c", PPM: ["c"]}),
        (("A; b", ["a"]), ("a; b; c", ["a", "b", "c"]), {BOARDS: "A"}),
        (("a", ["b"]), None, {BOARDS: "a; b", PPM: ["a", "b"]}),
    ],
)
def test_tags_merge_three_ways(now, baseline, result):
    assert decide(TAGS, shown(*now), baseline and shown(*baseline), UNTOLD).sent == result


def test_a_field_that_goes_one_way_is_put_back_and_logged():
    decision = decide(title(direction=Direction.TO_PPM), shown("a", "typed there"), shown("a", "a"), UNTOLD)
    assert (decision.sent, decision.loser) == ({PPM: "a"}, PPM)


def test_a_person_may_choose_the_direction():
    decision = decide(title(), shown("b", "c"), shown("a", "a"), UNTOLD, towards=PPM)
    assert (decision.sent, decision.loser, decision.policy) == ({PPM: "b"}, PPM, "chosen")
    unchanged = decide(title(), shown("b", "a"), shown("a", "a"), UNTOLD, towards=BOARDS)
    assert (unchanged.sent, unchanged.loser) == ({BOARDS: "a"}, BOARDS)


def test_nobody_chooses_to_write_a_closed_side():
    decision = decide(title(direction=Direction.TO_PPM), shown("a", "b"), shown("a", "b"), UNTOLD, towards=BOARDS)
    assert (decision.verdict, decision.sent) == (Verdict.NONE, {})


def test_a_value_without_a_meaning_is_held_with_both_values():
    decision = decide(STATE, shown("Waiting", "New"), shown("New", "New"), UNTOLD)
    assert decision.verdict is Verdict.HELD
    assert "boards 'Waiting', ppm 'New'" in decision.why


def test_and_is_nobodys_news_while_nobody_touches_it():
    assert decide(STATE, shown("Waiting", "New"), shown("Waiting", "New"), UNTOLD).verdict is Verdict.NONE
