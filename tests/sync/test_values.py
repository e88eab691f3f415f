"""One value in the words of two sides: what is the same, what is remembered, what is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Park
from shared.model import FieldType as T
from shared.sync.rules import BOARDS, PPM, End, FieldRule, ValueMap
from shared.sync.values import canonical, kept, resembles, same, translated

STATES = ValueMap({"New": "todo", "Resolved": "done", "Closed": "done"}, {"todo": "New", "done": "Closed"})
STEPS = ValueMap({"Open": "todo", "Done": "done"}, {"todo": "Open", "done": "Done"})


def rule(boards: End, ppm: End, **more) -> FieldRule:
    return FieldRule("field", boards, ppm, **more)


def ends(type: T, boards: str = "", ppm: str = "", **more) -> FieldRule:
    return rule(End("B", type, boards), End("P", type, ppm), **more)


TEXT, NUMBER = ends(T.TEXT), ends(T.NUMBER)
RICH = ends(T.RICH_TEXT, "html", "text")
STATE = rule(End("B", T.STATE, words=STATES), End("P", T.PICKLIST, words=STEPS))
DAY = ends(T.DATE, "timestamp", "date")
BERLIN = ends(T.DATE, "timestamp", "date", zone="Europe/Berlin")
EFFORT = rule(End("B", T.NUMBER), End("P", T.DURATION, "minutes"))
DAYS = ends(T.DURATION, "hours", "days")
PERCENT = ends(T.PERCENT, "100", "1")
STEPPED = rule(End("B", T.PERCENT), End("P", T.PERCENT, steps=(0, 50, 100)))
TAGS = ends(T.TAGS, "semicolon", "list")
PERSON = rule(
    End("B", T.IDENTITY, words=ValueMap({"jamal@example.com": "Jamal"}, {"Jamal": "jamal@example.com"})),
    End("P", T.IDENTITY, words=ValueMap({"jamal@corp.example": "Jamal"}, {"Jamal": "jamal@corp.example"})),
)
JAMAL = {"displayName": "Jamal Hartnett", "uniqueName": "Jamal@Example.com"}


@pytest.mark.parametrize(
    ("rule", "boards", "ppm"),
    [
        (TEXT, "a  b\r\n", "a b"),
        (TEXT, None, ""),
        (TEXT, "  ", None),
        (RICH, "<p>Hello<br>you &amp; me</p>", "Hello\nyou & me"),
        (RICH, "<div><b>Hello</b></div>", "Hello"),
        (NUMBER, 8, "8.0"),
        (NUMBER, 0.1 + 0.2, 0.3),
        (STATE, "resolved", "Done"),
        (DAY, "2026-03-02T23:30:00Z", "2026-03-02"),
        (BERLIN, "2026-03-02T23:30:00Z", "2026-03-03"),
        (EFFORT, 1.5, 90),
        (EFFORT, 0.33, 20),
        (DAYS, 12, 1.5),
        (PERCENT, "50 %", 0.5),
        (STEPPED, 60, 50),
        (TAGS, "b; A", ["a", "B"]),
        (TAGS, "", []),
        (PERSON, JAMAL, "jamal@corp.example"),
        (PERSON, "Jamal Hartnett <jamal@example.com>", JAMAL),
    ],
)
def test_these_say_the_same(rule, boards, ppm):
    assert same(rule, {BOARDS: boards, PPM: ppm})


@pytest.mark.parametrize(
    ("rule", "boards", "ppm"),
    [
        (TEXT, "a", "A"),
        (RICH, "<p>one</p>", "two"),
        (NUMBER, 0, None),
        (STATE, "New", "Done"),
        (DAY, "2026-03-02T00:00:00Z", "2026-03-03"),
        (EFFORT, 1.5, 100),
        (STEPPED, 80, 50),
        (TAGS, "a", ["a", "b"]),
        (PERSON, JAMAL, "norman@example.com"),
    ],
)
def test_these_do_not(rule, boards, ppm):
    assert not same(rule, {BOARDS: boards, PPM: ppm})


@pytest.mark.parametrize(
    ("rule", "value", "to", "expected"),
    [
        (TEXT, "a  b", PPM, "a  b"),
        (RICH, "<p>a &lt; b</p><p>c</p>", PPM, "a < b\nc"),
        (RICH, "a < b\nc", BOARDS, "a &lt; b<br>c"),
        (rule(End("B", T.RICH_TEXT), End("P", T.TEXT)), "<p>a</p><p>b</p>", PPM, "a b"),
        (STATE, "Resolved", PPM, "Done"),
        (STATE, "Done", BOARDS, "Closed"),
        (DAY, "2026-03-02", BOARDS, "2026-03-02T00:00:00Z"),
        (BERLIN, "2026-03-02", BOARDS, "2026-03-01T23:00:00Z"),
        (DAY, "2026-03-02T17:00:00Z", PPM, "2026-03-02"),
        (EFFORT, 1.5, PPM, 90),
        (EFFORT, 90, BOARDS, 1.5),
        (PERCENT, 25, PPM, 0.25),
        (STEPPED, 60, PPM, 50),
        (TAGS, "b; A", PPM, ["A", "b"]),
        (TAGS, ["b", "A"], BOARDS, "A; b"),
        (TAGS, "", PPM, []),
        (PERSON, JAMAL, PPM, "jamal@corp.example"),
        (PERSON, "Jamal@corp.example", BOARDS, "jamal@example.com"),
        (PERSON, "Ann@Example.com", PPM, "ann@example.com"),
        (NUMBER, None, PPM, None),
    ],
)
def test_one_sides_value_in_the_others_words(rule, value, to, expected):
    assert translated(rule, value, to) == expected


@pytest.mark.parametrize(
    ("rule", "value", "fault"),
    [
        (STATE, "Waiting", "'Waiting' in B is not in the value map"),
        (NUMBER, "many", "'many' in B is not a number"),
        (DAY, "soon", "'soon' in B is not a date"),
    ],
)
def test_what_cannot_be_converted_says_what_to_do(rule, value, fault):
    with pytest.raises(Park, match=fault):
        canonical(rule, BOARDS, value)


def test_a_meaning_without_a_word_on_the_other_side_says_what_to_do():
    half = rule(End("B", T.STATE, words=STATES), End("P", T.STATE, words=ValueMap({"Open": "todo"}, {"todo": "Open"})))
    with pytest.raises(Park, match="'Closed' means 'done', for which P has no word"):
        translated(half, "Closed", PPM)


def test_a_baseline_keeps_long_texts_as_a_hash_and_tags_as_they_are():
    assert kept(End("B", T.TEXT), "x" * 300).startswith("sha256:")
    assert kept(End("B", T.TAGS, "semicolon"), "; ".join(["tag"] * 100)).startswith("tag")
    assert kept(End("B", T.RICH_TEXT), "<p>a</p>") == kept(End("B", T.RICH_TEXT), "<div>a </div>")
    assert kept(End("B", T.TEXT), " ") is kept(End("B", T.TAGS, "list"), []) is None


@pytest.mark.parametrize(("sent", "shown"), [(" abc ", "abc"), ("abc", "ABC")])
def test_a_server_may_have_made_this_of_that(sent, shown):
    assert resembles(TEXT, BOARDS, sent, shown)
    assert not resembles(TEXT, BOARDS, sent, "other")


WORDS = st.text(st.characters(exclude_categories=["C"]), max_size=30)  # HTML has no control characters
VALUES = {
    "text": (TEXT, st.text(max_size=30), st.text(max_size=30)),
    "rich": (RICH, WORDS.map(lambda text: f"<p>{text}</p>"), WORDS),
    "state": (STATE, st.sampled_from(["New", "Resolved", "Closed"]), st.sampled_from(["Open", "Done"])),
    "date": (BERLIN, st.datetimes().map(lambda d: d.isoformat() + "Z"), st.dates().map(str)),
    "effort": (EFFORT, st.integers(0, 999).map(lambda n: n / 4), st.integers(0, 9999)),
    "percent": (PERCENT, st.integers(0, 100), st.integers(0, 100).map(lambda n: n / 100)),
    "tags": (TAGS, st.lists(st.sampled_from("abC")).map("; ".join), st.lists(st.sampled_from("abC"))),
    "person": (PERSON, st.emails(), st.emails()),
}


@pytest.mark.parametrize("name", VALUES)
@given(data=st.data())
def test_what_is_written_says_the_same_as_what_it_was_made_from(name, data):
    rule, boards, ppm = VALUES[name]
    for source, to, values in ((BOARDS, PPM, boards), (PPM, BOARDS, ppm)):
        value = data.draw(values)
        assert same(rule, {source: value, to: translated(rule, value, to)}), (value, translated(rule, value, to))
