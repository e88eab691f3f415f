"""TOPdesk: incidents of its API and of action sequences, and actions as comments."""

import pytest

from shared.errors import NoTicket
from shared.model import Comment
from tests.tickets.presets.helpers import at, commented, fixtures, push, read, read_recording, tickets
from tests.tickets.recorded import names

EXPECTED = {
    "topdesk.action_sequence": [
        push(
            "6f6f5d5e-1111-4222-8333-444455556666",
            {
                "number": "I 2603 017",
                "title": "Beamer shows green only",
                "status": "Closed",
                "priority": "P1",
                "team": "Media",
                "status_category": "closed",
                "priority_level": "1",
            },
            changed_at=at(11),
        )
    ],
    "topdesk.incident": [
        push(
            "6f6f5d5e-1111-4222-8333-444455556666",
            {
                "number": "I 2603 017",
                "kind": "Failure",
                "title": "Beamer shows green only",
                "body": "02-03-2026 09:00 [GMT +1:00] Lee, Ann: \nRoom 3.",
                "body_format": "text",
                "status": "In progress",
                "priority": "P1",
                "team": "Media",
                "team_id": "g1",
                "assignee": "Media",
                "requester": "Lee, Ann",
                "line": "secondLine",
                "category": "Hardware",
                "subcategory": "",
                "impact": "Department",
                "urgency": "",
                "branch": "Berlin",
                "object": "BEAMER-3",
                "external_number": "",
                "parent": "",
                "status_category": "in_progress",
                "priority_level": "1",
            },
            changed_at=at(8, 30),
            actor="Ray, Bob",
        )
    ],
    "topdesk.list": [
        push(
            "7f6f5d5e-1111-4222-8333-444455556666",
            {"number": "I 2603 018", "title": "Door squeaks", "status": "Registered", "status_category": "resolved"},
            changed_at=at(10),
        ),
        push(
            "8f6f5d5e-1111-4222-8333-444455556666",
            {"number": "I 2603 019", "title": "Window too", "status": "Closed", "status_category": "closed"},
            changed_at=at(10, 1),
        ),
    ],
    "topdesk.with_actions": [
        push(
            "6f6f5d5e-1111-4222-8333-444455556666",
            {
                "number": "I 2603 017",
                "title": "Beamer shows green only",
                "status": "Wacht op leverancier",
                "team": "",
                "team_id": "",
                "status_category": "in_progress",
            }
            | commented(
                Comment(
                    id="a1",
                    body="It hums.",
                    format="html",
                    author="Lee, Ann",
                    public=True,
                    at="2026-03-02T09:00:00.000+0000",
                ),
                Comment(
                    id="a2",
                    body="Lamp <b>ordered</b>.",
                    format="html",
                    author="Ray, Bob",
                    public=False,
                    at="2026-03-02T09:30:00.000+0000",
                ),
            ),
            changed_at=at(9, 30),
        )
    ],
}


@pytest.mark.parametrize("name", fixtures("topdesk"))
def test_made_up_bodies_are_read_whole(name: str) -> None:
    assert tickets(name) == EXPECTED[name]


RECORDED = {
    "topdesk.api-get_incident_by_id_found": (
        "44d88612-fea8-a8f3-6de8-2e1278abb02f",
        {"number": "I 2301 103", "status": "Registered", "status_category": "closed", "team": "", "team_id": ""},
    ),
    "topdesk.api-update_incident1": (
        "44d88612-fea8-a8f3-6de8-2e1278abb02f",
        {"team": "Application management", "status_category": "open", "priority_level": "1"},
    ),
}


@pytest.mark.parametrize("name", [name for name in names() if name in RECORDED])
def test_recorded_bodies(name: str) -> None:
    found = read_recording(name)[0]
    ticket_id, fields = RECORDED[name]
    assert found.ticket_id == ticket_id
    assert {field: found.fields.get(field) for field in fields} == fields


@pytest.mark.parametrize(
    ("said", "category"),
    [
        ({"processingStatus": {"name": "Registered"}}, "open"),
        ({"processingStatus": "In behandeling"}, "in_progress"),
        ({"processingStatus": {"name": "Our own word"}}, None),
        ({"processingStatus": {"name": "Our own word"}, "onHold": True}, "in_progress"),
        ({"processingStatus": {"name": "Our own word"}, "completed": True}, "resolved"),
        ({"processingStatus": {"name": "Our own word"}, "completed": True, "closed": True}, "closed"),
        ({"closed": True}, "closed"),
        ({"processingStatus": None, "closed": False}, ""),
        ({}, None),
    ],
)
def test_completed_and_closed_say_more_than_the_processing_status(
    said: dict[str, object], category: str | None
) -> None:
    assert read("topdesk", {"id": "1", "number": "I 1", **said}).fields.get("status_category") == category


def test_a_variable_that_was_not_filled_in_is_no_id() -> None:
    with pytest.raises(NoTicket, match="a placeholder that the product did not fill in"):
        read("topdesk", {"id": "${id}", "briefDescription": "x", "number": "I 1"})
