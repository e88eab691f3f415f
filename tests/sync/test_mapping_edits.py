"""Edits of field rules, whatever their order, keep names unique and everything that they are not about."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.configuration import Configuration
from shared.errors import Refused
from shared.sync.pairs.mapping_edits import (
    Edit,
    added,
    below,
    name_of,
    ordered,
    removed,
    replaced,
    rules_of,
    with_rules,
    written,
)
from tests.sync.place import PAIR, document
from tests.sync.test_configured import FACTS

NAMES = st.sampled_from(["title", "state", "start", "owner", "order"])
RULES = st.builds(lambda name: {"name": name, "boards": f"Custom.{name}", "ppm": name}, NAMES)
EDITS: st.SearchStrategy[Edit] = st.one_of(
    st.builds(added, RULES, st.none() | st.integers(0, 6)),
    st.builds(replaced, NAMES, RULES),
    st.builds(removed, NAMES),
    st.builds(ordered, st.lists(NAMES, max_size=5)),
    st.builds(lambda random: lambda rules: ordered(random.sample([*map(name_of, rules)], len(rules)))(rules),
              st.randoms(use_true_random=False)),
)  # fmt: skip


@given(st.lists(EDITS, max_size=12))
def test_any_edits_leave_a_document_that_can_be_read_with_unique_names(edits: list[Edit]):
    start = edited = document()
    for edit in edits:
        try:
            edited = with_rules(edited, PAIR, edit(rules_of(edited, PAIR)))
        except Refused as refused:
            assert refused.status in (404, 409, 422)
    pair = Configuration.model_validate(edited).pair(PAIR)
    assert pair is not None
    names = [mapping.name for mapping in pair.fields]
    assert len(set(names)) == len(names)
    assert "order" not in names
    assert with_rules(edited, PAIR, rules_of(start, PAIR)) == start


@given(st.lists(RULES, unique_by=name_of, min_size=1), st.data())
def test_an_edit_is_about_one_rule_and_can_be_taken_back(rules: list[Any], data: st.DataObject):
    before = tuple(rules)
    place = data.draw(st.integers(0, len(before) - 1))
    rule, name = before[place], name_of(before[place])
    less = removed(name)(before)
    assert [other for other in before if other != rule] == list(less)
    if name != "order":
        assert added(rule, place)(less) == before
    changed = replaced(name, {"boards": "Custom.Other", "ppm": "Other"})(before)
    assert [name_of(other) for other in changed] == [name_of(other) for other in before]
    assert replaced(name, rule)(changed) == before
    assert ordered([name_of(other) for other in before])(tuple(reversed(before))) == before


@pytest.mark.parametrize(
    ("end", "short"),
    [
        ("System.Title", "System.Title"),
        ({"field": "System.Title"}, "System.Title"),
        ({"field": "System.Title", "label": "Title", "type": "text", "format": ""}, "System.Title"),
        ({"field": "Custom.Start", "type": "date", "format": "timestamp"}, "Custom.Start"),
        ({"field": "Custom.Start", "format": "date"}, {"field": "Custom.Start", "format": "date"}),
        ({"field": "System.Title", "type": "rich_text", "format": "html"},
         {"field": "System.Title", "type": "rich_text", "format": "html"}),
        ({"field": "Custom.Nothing", "type": "text"}, {"field": "Custom.Nothing", "type": "text"}),
        (7, 7),
    ],
)  # fmt: skip
def test_what_a_side_says_anyway_is_not_written_down(end: Any, short: Any):
    assert written({"name": "a", "boards": end, "ppm": "Name"}, FACTS) == {"name": "a", "boards": short, "ppm": "Name"}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("pairs[1].fields[2].values.done", "values.done"),
        ("pairs[1].fields[0].ppm.field", "fields[0].ppm.field"),
        ("pairs[1].fields", "fields"),
        ("pairs[0].fields[2].name", "pairs[0].fields[2].name"),
        ("routes[0]", "routes[0]"),
    ],
)
def test_paths_are_told_from_where_the_editor_stands(path: str, told: str):
    assert below((path, "mend it"), 1, 2) == (told, "mend it")


@pytest.mark.parametrize(
    ("gone", "known"), [(document() | {"pairs": []}, "none"), (document(name="plans"), "plans"), ({}, "none")]
)
def test_a_pair_that_somebody_has_just_taken_away_is_not_found(gone: Any, known: str):
    with pytest.raises(Refused, match=f"there is no pair '{PAIR}' any more: {known}"):
        rules_of(gone, PAIR)
