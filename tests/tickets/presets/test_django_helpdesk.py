"""django-helpdesk: its two webhooks, whose bodies hold the ticket with all its follow-ups, and its REST API."""

from typing import Any

import pytest

from shared.model import Comment, Push
from shared.tickets.mapping import comments_of
from tests.tickets.presets.helpers import at, commented, fixture, push, read, read_fixture, read_recording
from tests.tickets.recorded import names

TICKET = {
    "number": "12",
    "kind": "facilities",
    "title": "Door does not open",
    "body": "The left one.",
    "body_format": "text",
    "status": "1",
    "status_category": "open",
    "priority": "2",
    "priority_level": "2",
    "team": "facilities",
    "team_id": "2",
    "assignee": "",
    "requester": "ann@example.org",
    "on_hold": "false",
    "merged_into": "",
}
INTERNAL = Comment("31", "Hinge is broken.", author="user 4", at="2026-03-02T08:10:00.120000Z")
PUBLIC = Comment("32", "It opens again.", author="user 4", public=True, at="2026-03-02T08:20:00.220000Z")

EXPECTED = {
    "new_ticket": push("12", TICKET, version=0),
    "followup": push(
        "12",
        TICKET | {"assignee": "4"} | commented(INTERNAL),
        version=31,
        changed_at=at(8, 10, 0, 120),
        delivery_id="31",
        actor="4",
    ),
    "resolved": push(
        "12",
        TICKET | {"assignee": "4", "status": "3", "status_category": "resolved"} | commented(INTERNAL, PUBLIC),
        version=32,
        changed_at=at(8, 20, 0, 220),
        delivery_id="32",
        actor="4",
    ),
    "retitled": push(
        "12",
        {name: value for name, value in TICKET.items() if name != "title"}
        | {"status": "2"}
        | commented(INTERNAL, PUBLIC),
        version=33,
        changed_at=at(8, 30, 0, 320),
        delivery_id="33",
    ),
    "api": push(
        "12",
        {name: value for name, value in TICKET.items() if name not in ("kind", "team")}
        | {"status": "5", "status_category": "cancelled", "merged_into": "11"}
        | commented(INTERNAL),
        version=31,
        changed_at=at(8, 10, 0, 120),
        actor="4",
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_form_is_read_whole(name: str) -> None:
    assert read_fixture(f"django_helpdesk.{name}") == EXPECTED[name]


@pytest.mark.parametrize(
    ("follow_ups", "title"),
    [
        (["Comment"], "Printer jams"),
        (["Printer jams"], None),
        (["Comment", "Printer jams and Closed"], None),
        (["The Printer jams"], "Printer jams"),
    ],
)
def test_a_title_that_a_follow_up_bears_too_is_not_believed(follow_ups: list[str], title: str | None) -> None:
    told = [{"id": number, "title": each, "date": None} for number, each in enumerate(follow_ups, 1)]
    ticket = {"id": 1, "title": "Printer jams", "followup_set": told}
    body: dict[str, Any] = {"ticket": ticket, "queue_slug": "it", "followup_id": len(told)}
    assert read("django_helpdesk", body).fields.get("title") == title


def test_a_new_ticket_s_title_is_its_own_even_if_the_mail_that_made_it_is_called_so_too() -> None:
    body = fixture("django_helpdesk.new_ticket")
    body["ticket"]["followup_set"] = [{"id": 1, "title": body["ticket"]["title"], "comment": "The left one."}]
    assert read("django_helpdesk", body).fields["title"] == "Door does not open"


def test_a_ticket_is_linked_where_the_connection_has_an_address() -> None:
    fields = read_fixture("django_helpdesk.new_ticket", base_url="https://desk.example.org/helpdesk/").fields
    assert fields["url"] == "https://desk.example.org/helpdesk/tickets/12/"


@pytest.mark.parametrize("name", [name for name in names() if name == "djangohelpdesk.live-followup"])
def test_recorded_follow_up(name: str) -> None:
    (found,) = read_recording(name)
    assert isinstance(found, Push)
    assert (found.ticket_id, found.version, found.fields["status_category"]) == ("1", 2, "resolved")
    assert "title" not in found.fields
    assert [each.body for each in comments_of(found.fields)][-1] == "looking"
