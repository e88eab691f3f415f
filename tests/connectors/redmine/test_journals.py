"""Undoing journals leads back to what an issue was, whatever was done to it."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.connectors.redmine.journals import edits, version
from tests.connectors.redmine.canned import JANE, US, issue, journal

SUBJECT, LABELS, POINTS = ("attr", "subject"), ("cf", "5"), ("cf", "2")

texts = st.sampled_from([None, "", "a", "b", "c"])
labels = st.lists(st.sampled_from(["mail", "net", "print"]), unique=True).map(sorted)
states = st.fixed_dictionaries({SUBJECT: texts, POINTS: texts, LABELS: labels})


def details(old: dict[Any, Any], new: dict[Any, Any]) -> list[tuple[str, str, Any, Any]]:
    """As Redmine journals a change: one detail for a field, one for each of many values; nothing for nothing."""
    found: list[tuple[str, str, Any, Any]] = []
    for place in old:
        before, after = old[place], new[place]
        if isinstance(before, list):
            found += [(*place, value, None) for value in before if value not in after]
            found += [(*place, None, value) for value in after if value not in before]
        elif before != after and (before or after):
            found.append((*place, before, after))
    return found


def plain(state: dict[Any, Any]) -> dict[Any, Any]:
    return {place: sorted(value) if isinstance(value, list) else value or None for place, value in state.items()}


@given(st.lists(states, min_size=1, max_size=8), st.randoms())
def test_every_state_is_found_again(history: list[dict[Any, Any]], random: Any) -> None:
    changes = [details(old, new) for old, new in pairwise(history)]
    journals = [journal(number, JANE, *change) for number, change in enumerate(changes, 1) if change]
    random.shuffle(journals)
    found, first = edits(issue(17, *journals), history[-1])
    assert plain(first) == plain(history[0])
    for edit in found:
        after = plain(history[edit.journal])
        assert plain(dict(edit.values)) == {place: after[place] for place in edit.values}
    assert [edit.journal for edit in found] == sorted(journal["id"] for journal in journals)


def test_an_edit_is_what_was_set_even_if_redmine_changed_it_since_without_a_journal() -> None:
    """As it does with the due date of a parent."""
    ours = journal(1, US, ("attr", "due_date", None, "2026-05-01"))
    theirs = journal(2, JANE, ("attr", "due_date", "2026-05-09", "2026-06-01"))
    found, first = edits(issue(17, ours, theirs), {("attr", "due_date"): "2026-07-01"})
    assert [dict(edit.values) for edit in found] == [
        {("attr", "due_date"): "2026-05-01"},
        {("attr", "due_date"): "2026-06-01"},
    ]
    assert first == {("attr", "due_date"): None}


@pytest.mark.parametrize(
    ("journals", "expected"),
    [
        ([], "0"),
        ([journal(9, JANE)], "0"),  # a comment
        ([journal(9, JANE, ("attr", "child_id", None, "18"))], "0"),
        (
            [journal(9, JANE, ("attachment", "3", None, "photo.png")), journal(8, JANE, ("relation", "x", None, "2"))],
            "0",
        ),
        ([journal(9, JANE, ("attr", "subject", "a", "b")), journal(4, US, ("cf", "2", "1", "2"))], "9"),
        ([journal(4, US, ("attr", "parent_id", None, "2")), journal(9, JANE)], "4"),
    ],
)
def test_the_version_counts_edits_of_fields_and_moves(journals: list[dict[str, Any]], expected: str) -> None:
    assert version(issue(17, *journals)) == expected


def test_an_edit_by_a_deleted_user_is_nobodys() -> None:
    entry = journal(1, JANE, ("attr", "subject", "a", "b"))
    del entry["user"]
    found, _ = edits(issue(17, entry), {SUBJECT: "b"})
    assert [edit.user for edit in found] == [None]
