"""An agreement holds as long as the rule it was made under is there, and means what it meant."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.links import SyncLink, SyncState
from shared.model import FieldType as T
from shared.sync.agreements import renewed, standing, terms
from shared.sync.rules import BOARDS, PPM, End, FieldRule, PairRules, Policy, ValueMap

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def words(**meant: str) -> ValueMap:
    """Each word by what it means, spaces as `_`."""
    return ValueMap({word: meaning for meaning, said in meant.items() for word in said.split()},
                    {meaning: said.split()[0] for meaning, said in meant.items()})  # fmt: skip


BOARD_WORDS = words(todo="New", doing="Active", done="Closed Resolved")
STATE = FieldRule(
    "state",
    End("State", T.STATE, words=BOARD_WORDS),
    End("Step", T.PICKLIST, words=words(todo="Open", doing="Running", done="Done")),
)
START = FieldRule("start", End("Start", T.DATE, "timestamp"), End("Begin", T.DATE), zone="Europe/Berlin")
PERSON = FieldRule(
    "owner",
    End("Owner", T.IDENTITY, words=ValueMap({"ann@board.example": "ann"}, {"ann": "ann@board.example"})),
    End("Person", T.IDENTITY, words=ValueMap({"ann@plan.example": "ann"}, {"ann": "ann@plan.example"})),
)
STRANGER = FieldRule("owner", End("Owner", T.IDENTITY), End("Person", T.IDENTITY))
NOTES = FieldRule("notes", End("Notes", T.RICH_TEXT, "html"), End("Text", T.TEXT))


def link(rule: FieldRule, boards: Any, ppm: Any, **more: Any) -> SyncLink:
    """Two items that agreed under a rule."""
    ids = {BOARDS: "1", PPM: "1"}
    known = {rule.key: {BOARDS: boards, PPM: ppm}}
    return SyncLink(
        "boards:1", "plan", SyncState.SYNCED, BOARDS, "", ids, known, terms(PairRules("p", (rule,))), **more
    )


def mapped(rule: FieldRule, boards: ValueMap) -> FieldRule:
    return replace(rule, boards=replace(rule.boards, words=boards))


@pytest.mark.parametrize(
    ("before", "agreed", "after", "stands"),
    [
        (STATE, ("Resolved", "Done"), STATE, True),
        (STATE, ("Resolved", "Done"), replace(STATE, name="status", policy=Policy.BOARDS), True),
        (STATE, ("Resolved", "Done"), mapped(STATE, words(todo="New", doing="Active Resolved", done="Closed")), False),
        (STATE, ("Closed", "Done"), mapped(STATE, words(todo="New", doing="Active Resolved", done="Closed")), True),
        (STATE, ("Active", "Running"), mapped(STATE, words(todo="New", done="Closed Resolved")), True),
        (START, ("2026-05-10T22:00:00Z", "2026-05-11"), replace(START, zone="UTC"), False),
        (START, ("2026-05-11T08:00:00Z", "2026-05-11"), replace(START, zone="UTC"), True),
        (PERSON, ("ann@board.example", "ann@plan.example"), STRANGER, False),
        (PERSON, ("bob@plan.example", "bob@plan.example"), STRANGER, True),
        (NOTES, ("a", "a"), replace(NOTES, boards=End("Notes", T.TEXT)), False),
        (NOTES, ("a", "a"), replace(NOTES, ppm=End("Text", T.RICH_TEXT, "textile")), False),
    ],
    ids=["the same", "other name and policy", "what was agreed means two things now", "what was agreed means the same",
         "a word is not mapped any more", "another day in the new zone", "the same day in the new zone",
         "no longer one person", "always one person", "another type", "another type and format"],
)  # fmt: skip
def test_an_agreement_stands_where_it_still_says_the_same(before, agreed, after, stands):
    found = standing(after, link(before, *agreed))
    assert found == ({BOARDS: agreed[0], PPM: agreed[1]} if stands else None)


def test_a_link_that_knows_no_terms_knows_these():
    old = replace(link(STATE, "Resolved", "New"), terms={})
    assert standing(STATE, old) is not None


def test_values_that_a_server_made_differ_stay_agreed_on():
    """F1: what was returned is the baseline, whether or not it says what was sent."""
    assert standing(STATE, link(STATE, "Active", "Done")) is not None


@pytest.mark.parametrize("left", [(), (replace(STATE, active=False),)], ids=["deleted", "switched off"])
def test_a_rule_that_is_not_followed_leaves_nothing_behind(left):
    waiting = link(STATE, "Resolved", "Done", open={STATE.key: "c1", "parent": "c2"})
    kept, rows = renewed(PairRules("p", left), waiting, NOON)
    assert (kept.baseline, kept.terms, kept.open) == ({}, {}, {"parent": "c2"})
    assert [(row.id, row.rule, row.status) for row in rows] == [("c1", STATE.key, "closed")]


def test_renewed_terms_are_those_of_the_rules():
    after = mapped(STATE, words(todo="New", doing="Active Resolved", done="Closed"))
    kept, rows = renewed(PairRules("p", (after,)), link(STATE, "Resolved", "Done"), NOON)
    assert (kept.baseline, kept.terms, rows) == ({}, terms(PairRules("p", (after,))), ())
    assert renewed(PairRules("p", (after,)), kept, NOON) == (kept, ())
