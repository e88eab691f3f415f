"""A pair's rules are refused as a whole, with all that is wrong with them."""

from dataclasses import replace

import pytest

from shared.model import FieldType as T
from shared.sync.rules import (
    Direction,
    End,
    FieldRule,
    HierarchyRule,
    PairRules,
    Policy,
    ValueMap,
    convertible,
    faults,
    offending,
)

TODO = ValueMap({"New": "todo", "Closed": "done"}, {"todo": "New", "done": "Closed"})
OPEN = ValueMap({"Open": "todo", "Done": "done"}, {"todo": "Open", "done": "Done"})
STATE = FieldRule("state", End("State", T.STATE, words=TODO), End("Step", T.PICKLIST, words=OPEN))
TITLE = FieldRule("title", End("Title", T.TEXT), End("Name", T.TEXT))


def with_words(boards: ValueMap, ppm: ValueMap, direction: Direction = Direction.BOTH) -> FieldRule:
    return replace(
        STATE, boards=replace(STATE.boards, words=boards), ppm=replace(STATE.ppm, words=ppm), direction=direction
    )


def test_good_rules_have_no_faults():
    assert faults(PairRules("plan", (STATE, TITLE))) == ()


def test_many_words_may_mean_one_thing():
    many = ValueMap({**TODO.reads, "Resolved": "done"}, TODO.writes)
    assert offending(with_words(many, OPEN)) == ()


@pytest.mark.parametrize(
    ("rule", "sentences"),
    [
        (
            with_words(ValueMap(TODO.reads, {"todo": "New", "done": "New"}), OPEN),
            ["boards writes 'done' as 'New', which reads back as 'todo'"],
        ),
        (
            with_words(ValueMap(TODO.reads, {"todo": "New", "done": "Shut"}), OPEN),
            ["boards writes 'done' as 'Shut', which reads back as 'nothing'"],
        ),
        (
            with_words(TODO, ValueMap({"Open": "todo", "Late": "late"}, {"todo": "Open"})),
            ["boards can say 'done', for which ppm has no word", "ppm can say 'late', for which boards has no word"],
        ),
        (
            with_words(TODO, ValueMap({"Open": "todo", "Late": "late"}, {"todo": "Open"}), Direction.TO_PPM),
            ["boards can say 'done', for which ppm has no word"],
        ),
    ],
)
def test_the_map_law_names_the_offending_values(rule, sentences):
    found = offending(rule)
    assert [reason for _, reason in found] == sentences
    assert all(f"'{where.removeprefix('values.')}'" in reason for where, reason in found)


@pytest.mark.parametrize(
    ("one", "another", "can"),
    [
        (T.TEXT, T.RICH_TEXT, True),
        (T.NUMBER, T.DURATION, True),
        (T.STATE, T.PICKLIST, True),
        (T.TEXT, T.IDENTITY, True),
        (T.DATE, T.DATE, True),
        (T.DATE, T.NUMBER, False),
        (T.TAGS, T.TEXT, False),
        (T.RICH_TEXT, T.STATE, False),
    ],
)
def test_types_that_can_be_converted(one, another, can):
    assert convertible(one, another) is can


@pytest.mark.parametrize(
    ("rules", "where", "what"),
    [
        (PairRules("p", (TITLE, TITLE)), "fields", "the name 'title' is there 2 times"),
        (
            PairRules("p", (TITLE, replace(TITLE, name="other", boards=End("Id", T.TEXT)))),
            "fields",
            "2 rules write the ppm field 'Name': one at most may",
        ),
        (
            PairRules("p", (replace(TITLE, ppm=End("Start", T.DATE)),)),
            "fields[0].ppm.field",
            "text and date cannot be converted into one another",
        ),
        (PairRules("p", (replace(TITLE, policy=Policy.MERGE),)), "fields[0].policy", "'merge' is for tags"),
        (
            PairRules("p", (replace(TITLE, boards=End("Title", T.TEXT, "html")),)),
            "fields[0].boards.format",
            "boards has no format 'html' for text: none",
        ),
        (
            PairRules("p", (with_words(TODO, ValueMap()),)),
            "fields[0].values",
            "a value map needs the words of both sides",
        ),
        (
            PairRules("p", (), HierarchyRule(policy=Policy.NEWEST)),
            "hierarchy.policy",
            "'newest' is not for parents: boards, ppm or ask",
        ),
    ],
)
def test_each_fault_is_told(rules, where, what):
    assert (where, what) in faults(rules)


def test_an_inactive_rule_may_be_wrong():
    assert faults(PairRules("p", (replace(TITLE, policy=Policy.MERGE, active=False),))) == ()
