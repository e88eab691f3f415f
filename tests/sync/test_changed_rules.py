"""What two sides agreed on, as field rules come, go and change: no old agreement overrules anybody."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sync.pairs.mapping_edits import Edit, added, removed, replaced, with_rules
from shared.sync.rules import BOARDS, PPM
from tests.sync.mapping import START, STATE, TITLE, change, values
from tests.sync.place import PAIR, STATES, Place


def dated(place: Place, boards: str | None, ppm: str | None) -> None:
    place.sides[BOARDS].edit("1", {"Custom.Start": boards and f"{boards}T00:00:00Z"})
    place.sides[PPM].edit("1", {"StartDate": ppm})


def swept(place: Place) -> None:
    """An hour later."""
    place.now += timedelta(hours=1)
    place.upkeep.sweep()
    place.drain()


@pytest.mark.parametrize(
    ("boards", "ppm", "after"),
    [
        ("2026-05-11", None, ("2026-05-11T00:00:00Z", "2026-05-11")),
        (None, "2026-05-12", ("2026-05-12T00:00:00Z", "2026-05-12")),
        ("2026-05-11", "2026-05-11", ("2026-05-11T00:00:00Z", "2026-05-11")),
        ("2026-05-11", "2026-05-12", ("2026-05-11T00:00:00Z", "2026-05-12")),
    ],
    ids=["the board speaks", "the plan speaks", "they agree", "a person is asked"],
)
def test_a_new_rule_asks_only_where_both_sides_say_something_else(boards, ppm, after):
    place = Place()
    link = place.linked("Plan")
    dated(place, boards, ppm)
    shown = change(place, added(START, None))
    assert shown["touches"] == int(boards != ppm)
    place.drain()
    assert values(place, "Custom.Start", "StartDate") == after
    assert bool(place.link(link.id).open) == (None not in (boards, ppm) and boards != ppm)


@pytest.mark.parametrize("side", [BOARDS, PPM])
def test_where_both_sides_agree_on_a_new_rule_the_next_change_is_one_sides(side):
    place = Place()
    place.linked("Plan")
    dated(place, "2026-05-11", "2026-05-11")
    swept(place)
    assert change(place, added(START, None))["touches"] == 0
    place.drain()
    dated(place, "2026-06-01" if side is BOARDS else "2026-05-11", "2026-06-01" if side is PPM else "2026-05-11")
    place.upkeep.sweep()
    place.drain()
    assert values(place, "Custom.Start", "StartDate") == ("2026-06-01T00:00:00Z", "2026-06-01")


@pytest.mark.parametrize(
    ("away", "back"),
    [(removed("start"), added(START, None)), (replaced("start", START | {"active": False}), replaced("start", START))],
    ids=["deleted and added again", "switched off and on again"],
)
def test_what_was_agreed_on_long_ago_overrules_nobody(away: Edit, back: Edit):
    """The plan went away from the date and back to it, the board to another: the date of then is nobody's word now."""
    place = Place(fields=[TITLE, START])
    link = place.linked("Plan")
    dated(place, "2026-05-11", "2026-05-11")
    swept(place)
    change(place, away)
    swept(place)
    dated(place, "2026-06-01", "2026-05-11")

    assert change(place, back)["touches"] == 1
    place.drain()
    assert values(place, "Custom.Start", "StartDate") == ("2026-06-01T00:00:00Z", "2026-05-11")
    assert len(place.link(link.id).open) == 1


def test_a_rule_that_was_away_for_a_moment_knows_who_has_changed():
    place = Place(fields=[TITLE, START])
    place.linked("Plan")
    dated(place, "2026-05-11", "2026-05-11")
    swept(place)
    change(place, replaced("start", START | {"active": False}))
    dated(place, "2026-06-01", "2026-05-11")
    change(place, replaced("start", START))
    place.drain()
    assert values(place, "Custom.Start", "StartDate") == ("2026-06-01T00:00:00Z", "2026-06-01")


def test_rules_that_came_with_the_whole_configuration_are_followed_at_the_next_sweep():
    place = Place()
    place.linked("Plan")
    dated(place, "2026-05-11", "2026-05-11")
    swept(place)
    document, _ = place.documents.document()
    place.documents.take(with_rules(document, PAIR, (TITLE, STATE, START)), None)
    swept(place)
    dated(place, "2026-06-01", "2026-05-11")
    swept(place)
    assert values(place, "Custom.Start", "StartDate") == ("2026-06-01T00:00:00Z", "2026-06-01")
    swept(place)
    place.upkeep.sweep()
    assert place.looks.messages == [], "nothing has changed since"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("boards"), st.sampled_from(["New", "Active", "Resolved", "Closed"])),
        st.tuples(st.just("ppm"), st.sampled_from(["Open", "Running", "Done"])),
        st.tuples(st.just("rules"), st.sampled_from(["gone", "off", "resolved is done", "resolved is work"])),
        st.tuples(st.just("sweep"), st.just("")),
    ),
    max_size=8,
)
MAPS = {
    "resolved is done": STATES,
    "resolved is work": STATES | {"doing": {"boards": ["Active", "Resolved"], "ppm": "Running"},
                                  "done": {"boards": "Closed", "ppm": "Done"}},
}  # fmt: skip


@given(STEPS, st.sampled_from(["boards", "ppm", "newest"]), st.sampled_from([*MAPS]))
def test_whatever_rules_come_and_go_both_sides_end_saying_the_same(steps, policy, last):
    """I3: a difference is never left standing where nobody is asked."""
    place = Place(fields=[TITLE, STATE | {"policy": policy}])
    place.linked("Plan")
    for what, value in [*steps, ("rules", last)]:
        match what:
            case "boards":
                place.sides[BOARDS].edit("1", {"System.State": value})
            case "ppm":
                place.sides[PPM].edit("1", {"Step": value})
            case "sweep":
                swept(place)
            case "rules":
                rule = STATE | {"policy": policy, "active": value != "off", "values": MAPS.get(value, STATES)}
                document, _ = place.documents.document()
                rules = (TITLE,) if value == "gone" else (TITLE, rule)
                place.documents.take(with_rules(document, PAIR, rules), None)
    swept(place)
    board, step = values(place, "System.State", "Step")
    meant = {word: meaning for meaning, said in MAPS[last].items() for side in said for word in _listed(said[side])}
    assert meant[board] == meant[step]


def _listed(words: Any) -> list[str]:
    return [words] if isinstance(words, str) else words


def test_a_conflict_ends_with_its_rule():
    place = Place(fields=[TITLE, START])
    link = place.linked("Plan")
    dated(place, "2026-05-11", "2026-05-12")
    swept(place)
    assert len(place.link(link.id).open) == 1
    change(place, removed("start"))
    place.drain()
    assert place.link(link.id).open == {}
    assert [row.status for row in place.store.conflicts(PAIR, link.id)] == ["closed"]


@pytest.mark.parametrize(("policy", "after"), [("boards", ("Resolved", "Running")), ("ppm", ("Closed", "Done"))])
def test_items_that_another_value_map_parts_are_settled_by_policy(policy, after):
    """Nobody has changed anything, and yet the two do not say the same any more."""
    place = Place(fields=[TITLE, STATE | {"policy": policy}])
    place.linked("Plan", state="Resolved")
    place.linked("Other plan", state="Closed")
    later = {"doing": {"boards": ["Active", "Resolved"], "ppm": "Running"}, "done": {"boards": "Closed", "ppm": "Done"}}
    shown = change(place, replaced("state", STATE | {"policy": policy, "values": STATES | later}))
    assert (shown["touches"], shown["of"]) == (1, 2)
    place.drain()
    assert values(place, "System.State", "Step") == after


def test_another_type_touches_those_that_differ_by_it():
    place = Place(fields=[TITLE | {"policy": "boards"}])
    place.linked("<b>Plan</b>")
    place.linked("Plan")
    markup = {"field": "System.Title", "type": "rich_text"}
    shown = change(place, replaced("title", TITLE | {"boards": markup, "policy": "boards"}), dry=True)
    assert [example["to"] for example in shown["examples"]] == [{"ppm": "Plan"}]
