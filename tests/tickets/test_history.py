"""A ticket is the sum of its pushes: shuffles, repeats and partial bodies do not matter."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model import Push, Ticket
from shared.tickets.history import delivery_key, fold, values

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def push(**given) -> Push:
    minute = given.pop("minute", None)
    fields = given.pop("fields", {"title": "VPN down"})
    return Push(
        ticket_id="T-1",
        received_at=NOON + timedelta(seconds=given.pop("received", 0)),
        body_hash=given.pop("body_hash", str(sorted(fields.items()))),
        fields=fields,
        changed_at=None if minute is None else NOON + timedelta(minutes=minute),
        **given,
    )


def after(*pushes: Push) -> dict[str, str]:
    return values(fold(Ticket("T-1"), pushes))


def test_the_newest_version_stands_whatever_arrives_last():
    newer = push(version=3, fields={"title": "VPN down in DC2"})
    older = push(version=2, fields={"title": "VPN down"}, received=60)
    assert after(newer, older) == after(older, newer) == {"title": "VPN down in DC2"}


def test_a_version_outranks_a_clock():
    first = push(version=4, minute=10, fields={"status": "open"})
    second = push(version=5, minute=9, fields={"status": "closed"})
    assert after(second, first)["status"] == "closed"


def test_same_version_and_moment_are_ordered_the_same_way_everywhere():
    one, other = push(version=1, fields={"title": "a"}), push(version=1, fields={"title": "b"})
    assert after(one, other) == after(other, one)


def test_a_partial_push_neither_clears_nor_hides_what_others_said():
    full = push(version=1, fields={"title": "VPN down", "status": "new", "body": "Cannot connect"})
    partial = push(version=2, fields={"status": "open"})
    assert after(partial, full) == {"title": "VPN down", "status": "open", "body": "Cannot connect"}


def test_an_empty_value_clears():
    assert after(push(version=1, fields={"assignee": "ann"}), push(version=2, fields={"assignee": ""})) == {
        "assignee": ""
    }


MIXED = [
    push(version=7, minute=0, fields={"title": "seven"}),
    push(minute=5, fields={"title": "later, by a template without a version"}),
    push(minute=-5, fields={"title": "earlier, without a version"}),
]


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_pushes_with_and_without_a_version_are_told_apart_by_their_time_however_they_come(order):
    ticket = Ticket("T-1")
    for index in order:
        ticket = fold(ticket, [MIXED[index]])
    assert values(ticket)["title"] == "later, by a template without a version"


def test_changes_of_the_same_second_stand_in_the_order_in_which_they_came():
    words = ["open", "in_progress", "resolved", "closed"]
    pushes = [push(minute=1, received=n, fields={"status": word}) for n, word in enumerate(words)]
    for some in permutations(pushes):
        assert after(*some)["status"] == "closed"


def test_without_version_time_or_delivery_id_arrival_is_the_order_and_no_word_is_lost():
    words = [push(fields={"status": s}, received=i) for i, s in enumerate(["open", "resolved", "open"])]
    assert after(*words)["status"] == "open"
    assert len({delivery_key(word) for word in words}) == 3


def test_a_repeated_delivery_keeps_its_first_place():
    first = push(delivery_id="d1", fields={"status": "open"})
    second = push(delivery_id="d2", fields={"status": "closed"}, received=1)
    ticket = fold(Ticket("T-1"), [first, second])
    again = push(delivery_id="d1", fields={"status": "open"}, received=99)
    assert fold(ticket, [again]) == ticket


def test_the_same_version_with_another_body_is_another_delivery():
    assert delivery_key(push(version=1, fields={"title": "a"})) != delivery_key(push(version=1, fields={"title": "b"}))


versioned_pushes = st.lists(
    st.builds(
        push,
        version=st.integers(1, 5),
        minute=st.integers(0, 3),
        fields=st.dictionaries(st.sampled_from(["title", "status", "team"]), st.sampled_from(["", "x", "y"])),
    ),
    min_size=1,
    max_size=8,
)


@given(versioned_pushes, st.data())
def test_any_shuffle_repetition_and_batching_gives_the_same_ticket(pushes, data):
    expected = after(*pushes)
    repeated = data.draw(st.permutations(pushes + data.draw(st.lists(st.sampled_from(pushes), max_size=5))))
    cut = data.draw(st.integers(0, len(repeated)))
    in_two_steps = fold(fold(Ticket("T-1"), repeated[:cut]), repeated[cut:])
    assert values(in_two_steps) == expected


@given(versioned_pushes)
def test_folding_again_changes_nothing(pushes):
    once = fold(Ticket("T-1"), pushes)
    assert fold(once, pushes) == once


@given(versioned_pushes)
def test_no_value_of_an_older_version_survives_a_newer_one_for_the_same_field(pushes):
    result = fold(Ticket("T-1"), pushes)
    for name, said in result.said.items():
        assert said.order.version == max(p.version for p in pushes if name in p.fields)
