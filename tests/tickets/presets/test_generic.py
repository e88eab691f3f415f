"""The generic shape: everything but the id may be left out, and several tickets may come in one body."""

from typing import Any

import pytest

from shared.errors import NoTicket
from shared.model import Comment, Push
from tests.tickets.presets.helpers import at, commented, fixture, push, read, read_all, read_fixture

NAMELESS = Comment("69cd937eccca45cd", "has no id", format="auto")

EXPECTED = {
    "full": push(
        "4711",
        {
            "number": "T-4711",
            "kind": "request",
            "title": "New badge",
            "body": "For the new colleague.",
            "body_format": "auto",
            "status": "In Progress",
            "status_category": "in_progress",
            "priority": "Urgent",
            "priority_level": "1",
            "team": "Facilities",
            "assignee": "",
            "requester": "ann@example.org",
            "url": "https://desk.example.org/T-4711",
        },
        version=3,
        changed_at=at(7),
        delivery_id="d-1",
    ),
    "least": push("T-9", {}),
    "commented": push(
        "A-1",
        {"parent": "P-1", "confidential": ""}
        | commented(
            Comment("1", "Which door?", "auto", "Ann Lee", public=True, at="2026-03-02T07:30:00Z"),
            Comment("2", "<p>The <b>left</b> one.</p>", "html", "Bob Ray", at="2026-03-02T07:40:00Z"),
            NAMELESS,
        ),
        changed_at=at(8),
    ),
    "deleted": push(
        "A-2",
        {
            "status": "deleted",
            "status_category": "cancelled",
            "deleted": "true",
            "merged_into": "A-1",
            "confidential": "Staff only",
        },
        changed_at=at(9),
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_form_is_read_whole(name: str) -> None:
    assert read_fixture(f"generic.{name}") == EXPECTED[name]


def test_each_ticket_of_a_list_has_a_fate_of_its_own() -> None:
    first, second, third = read_all("generic", fixture("generic.several"))
    assert isinstance(first, Push)
    assert isinstance(third, Push)
    assert [(each.ticket_id, each.fields["title"]) for each in (first, third)] == [("A-1", "First"), ("A-2", "Second")]
    assert isinstance(second, NoTicket)
    assert second.faults == (("id", "looked at `id`, found no identifier; there are the keys title"),)


@pytest.mark.parametrize(
    ("value", "confidential"),
    [(True, "true"), ("HR only", "HR only"), (False, ""), ("false", ""), (None, ""), ("", "")],
)
def test_whatever_is_not_no_makes_a_ticket_confidential(value: Any, confidential: str) -> None:
    assert read("generic", {"id": 1, "confidential": value}).fields["confidential"] == confidential


@pytest.mark.parametrize(
    ("deleted", "status", "category"),
    [(True, "deleted", "cancelled"), ("true", "deleted", "cancelled"), (False, "open", "open"), (None, "open", "open")],
)
def test_a_deleted_ticket_is_cancelled_whatever_its_status_says(deleted: Any, status: str, category: str) -> None:
    fields = read("generic", {"id": 1, "status": "open", "deleted": deleted}).fields
    assert (fields["status"], fields["status_category"]) == (status, category)
