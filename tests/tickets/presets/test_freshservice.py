"""Freshservice: workflow webhooks, simple and advanced, and what its API gives."""

import pytest

from shared.errors import NoTicket
from shared.model import Comment
from shared.tickets.preset import preset
from tests.tickets.presets.helpers import at, commented, fixtures, push, read, read_recording, tickets
from tests.tickets.recorded import names

EXPECTED = {
    "freshservice.advanced_change": [
        push(
            "CHN-31",
            {
                "number": "CHN-31",
                "kind": "Change",
                "title": "Replace all laptops",
                "status": "Pending Release",
                "priority": "Urgent",
                "team": "Workplace",
                "status_category": "in_progress",
                "priority_level": "1",
            },
        )
    ],
    "freshservice.advanced_numbers": [
        push(
            "31",
            {
                "number": "31",
                "title": "Laptop is slow",
                "status": "4",
                "priority": "4",
                "status_category": "resolved",
                "priority_level": "1",
            },
        )
    ],
    "freshservice.api_change": [
        push(
            "CHN-31",
            {
                "number": "CHN-31",
                "kind": "Change",
                "title": "Replace all laptops",
                "body": "<div>In April.</div>",
                "body_format": "auto",
                "status": "3",
                "priority": "3",
                "team_id": "",
                "assignee": "900300",
                "requester": "900200",
                "workspace_id": "2",
                "status_category": "open",
                "priority_level": "2",
            },
            changed_at=at(9, 30),
        )
    ],
    "freshservice.api_deleted": [
        push(
            "31",
            {
                "number": "INC-31",
                "kind": "Incident",
                "title": "Laptop is slow",
                "body": "Since Monday & today.",
                "body_format": "auto",
                "status": "Deleted",
                "priority": "2",
                "assignee": "900300",
                "deleted": "true",
                "status_category": "cancelled",
                "priority_level": "3",
            },
            changed_at=at(10),
        )
    ],
    "freshservice.api_problems": [
        push(
            "PRB-31",
            {
                "number": "PRB-31",
                "kind": "Problem",
                "title": "Laptops are slow",
                "body": "<div>All of them.</div>",
                "body_format": "auto",
                "status": "2",
                "priority": "2",
                "team_id": "800200",
                "assignee": "",
                "status_category": "in_progress",
                "priority_level": "3",
            },
            changed_at=at(9, 40),
        ),
        push(
            "PRB-32",
            {
                "number": "PRB-32",
                "kind": "Problem",
                "title": "Mail is slow",
                "body": "Mornings.",
                "body_format": "auto",
                "status": "3",
                "priority": "1",
                "assignee": "900300",
                "status_category": "closed",
                "priority_level": "4",
            },
            changed_at=at(9, 45),
        ),
    ],
    "freshservice.api_ticket": [
        push(
            "31",
            {
                "number": "SR-31",
                "kind": "Service Request",
                "title": "Laptop is slow",
                "body": "<div>Since <b>Monday</b> &amp; today.</div>",
                "body_format": "auto",
                "status": "3",
                "priority": "1",
                "team_id": "800200",
                "assignee": "",
                "requester": "Ann Lee",
                "category": "Hardware",
                "department_id": "",
                "workspace_id": "2",
                "labels": "laptop",
                "deleted": "",
                "status_category": "in_progress",
                "priority_level": "4",
            }
            | commented(
                Comment(
                    id="600201",
                    body="<div>Too many tabs.</div>",
                    format="html",
                    author="900300",
                    public=False,
                    at="2026-03-02T08:30:00Z",
                ),
                Comment(
                    id="600202",
                    body="<div>Closed some.</div>",
                    format="html",
                    author="900200",
                    public=True,
                    at="2026-03-02T09:00:00Z",
                ),
            ),
            changed_at=at(9),
        )
    ],
    "freshservice.simple": [
        push(
            "31",
            {
                "number": "INC-31",
                "kind": "Incident",
                "title": "Laptop is slow",
                "body": "<div>Since <b>Monday</b> &amp; today.</div>",
                "body_format": "auto",
                "status": "Open",
                "priority": "Medium",
                "team": "Workplace",
                "assignee": "",
                "requester": "Ann Lee",
                "url": "http://acme.freshservice.com/helpdesk/tickets/31",
                "labels": "laptop, slow",
                "status_category": "open",
                "priority_level": "3",
            },
        )
    ],
}


@pytest.mark.parametrize("name", fixtures("freshservice"))
def test_made_up_bodies_are_read_whole(name: str) -> None:
    assert tickets(name) == EXPECTED[name]


RECORDED = {
    "freshservice.api-list_tickets": ("16", {"number": "INC-16", "status_category": "open", "priority_level": "3"}),
    "freshservice.api-update_ticket": ("1", {"number": "INC-1", "team_id": "", "priority_level": "4"}),
}


@pytest.mark.parametrize("name", [name for name in names() if name in RECORDED])
def test_recorded_bodies(name: str) -> None:
    found = read_recording(name)[0]
    ticket_id, fields = RECORDED[name]
    assert found.ticket_id == ticket_id
    assert {field: found.fields.get(field) for field in fields} == fields


@pytest.mark.parametrize(
    ("body", "ticket_id"),
    [
        ({"freshdesk_webhook": {"ticket_id": "INC-12"}}, "12"),
        ({"freshdesk_webhook": {"ticket_id": "SR-12"}}, "12"),
        ({"freshdesk_webhook": {"ticket_id": "#SR-12"}}, "12"),
        ({"freshdesk_webhook": {"ticket_id": "12"}}, "12"),
        ({"freshdesk_webhook": {"ticket_id": 12}}, "12"),
        ({"ticket": {"id": 12}}, "12"),
        ({"freshdesk_webhook": {"ticket_id": "CHN-12"}}, "CHN-12"),
        ({"change": {"id": 12}}, "CHN-12"),
        ({"freshdesk_webhook": {"ticket_id": "PRB-12"}}, "PRB-12"),
        ({"problem": {"id": 12}}, "PRB-12"),
    ],
)
def test_a_ticket_is_the_same_in_every_form_and_no_change_or_problem(body: object, ticket_id: str) -> None:
    assert read("freshservice", body).ticket_id == ticket_id


@pytest.mark.parametrize(
    ("record", "status", "category"),
    [
        ("ticket", 2, "open"),
        ("ticket", "3", "in_progress"),
        ("ticket", "Resolved", "resolved"),
        ("ticket", 5, "closed"),
        ("ticket", 6, None),
        ("change", 2, "open"),
        ("change", 4, "in_progress"),
        ("change", 5, "resolved"),
        ("change", 6, "closed"),
        ("problem", 2, "in_progress"),
        ("problem", 3, "closed"),
    ],
)
def test_a_status_number_means_what_its_kind_of_record_says(record: str, status: object, category: str | None) -> None:
    assert read("freshservice", {record: {"id": 1, "status": status}}).fields.get("status_category") == category


@pytest.mark.parametrize(
    ("said", "deleted"),
    [
        ({"deleted": True}, "true"),
        ({"deleted": False, "spam": True}, "true"),
        ({"deleted": False, "spam": False}, ""),
        ({}, None),
    ],
)
def test_a_ticket_is_gone_when_it_is_deleted_or_spam(said: dict[str, bool], deleted: str | None) -> None:
    fields = read("freshservice", {"ticket": {"id": 1, "status": 2, **said}}).fields
    assert fields.get("deleted") == deleted
    assert fields["status_category"] == ("cancelled" if deleted else "open")


def test_a_placeholder_that_was_not_filled_in_is_no_id() -> None:
    with pytest.raises(NoTicket, match="a placeholder that the product did not fill in"):
        read("freshservice", {"freshdesk_webhook": {"ticket_id": "{{ticket.id}}", "ticket_subject": "x"}})


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"ticket": {"id": 3}}, "tickets/3"),
        ({"change": {"id": 3}}, "changes/3"),
        ({"problem": {"id": 3}}, "problems/3"),
    ],
)
def test_links_lead_to_the_agent_portal(body: object, path: str) -> None:
    found = read("freshservice", body, base_url="https://acme.freshservice.com")
    assert found.fields["url"] == f"https://acme.freshservice.com/a/{path}"


def test_only_the_ticket_types_have_answers() -> None:
    known = preset("freshservice")
    assert known.answer("Incident", "Resolved") == known.answer("Service Request", "Resolved") == "4"
    assert known.answer("Change", "Resolved") is None
