"""Ivanti Neurons for ITSM: business objects of its OData API, and journal entries as comments."""

import pytest

from shared.errors import NoTicket
from shared.model import Comment
from tests.tickets.presets.helpers import at, commented, fixtures, push, read, read_recording, tickets
from tests.tickets.recorded import names

EXPECTED = {
    "ivanti.incident": [
        push(
            "0A1B2C3D4E5F40718293A4B5C6D7E8F9",
            {
                "number": "40417",
                "kind": "Incident",
                "title": "Phone is dead",
                "body": "No tone.\nNo light.",
                "body_format": "auto",
                "status": "Active",
                "priority": "2",
                "team": "Telephony",
                "assignee": "bray",
                "requester": "Ann Lee",
                "incident_type": "Failure",
                "service": "Telephony",
                "category": "Phone",
                "impact": "",
                "urgency": "High",
                "organization": "Sales",
                "status_category": "in_progress",
                "priority_level": "2",
            },
            changed_at=at(9, 30),
            actor="bray",
        )
    ],
    "ivanti.journal": [
        push(
            "0A1B2C3D4E5F40718293A4B5C6D7E8F9",
            {}
            | commented(
                Comment(
                    id="9A1B2C3D4E5F40718293A4B5C6D7E8F9",
                    body="Battery was empty.",
                    format="auto",
                    author="bray",
                    public=False,
                    at="2026-03-02T02:40:00-07:00",
                )
            ),
            changed_at=at(9, 40),
            actor="bray",
        )
    ],
    "ivanti.list": [
        push(
            "1A1B2C3D4E5F40718293A4B5C6D7E8F9",
            {
                "number": "50501",
                "kind": "Service Request",
                "title": "New phone",
                "status": "Fulfilled",
                "priority": "",
                "team": "",
                "status_category": "resolved",
                "priority_level": "",
            },
            changed_at=at(9),
        ),
        push(
            "2A1B2C3D4E5F40718293A4B5C6D7E8F9",
            {"number": "60601", "kind": "Change", "title": "New exchange", "status": "Waiting for Wonders"},
            changed_at=at(9, 5),
        ),
    ],
    "ivanti.template": [
        push(
            "0A1B2C3D4E5F40718293A4B5C6D7E8F9",
            {
                "number": "40417",
                "kind": "Incident",
                "title": "Phone is dead",
                "status": "Resolved",
                "priority": "2",
                "team": "Telephony",
                "status_category": "resolved",
                "priority_level": "2",
            },
            changed_at=at(11),
        )
    ],
}


@pytest.mark.parametrize("name", fixtures("ivanti"))
def test_made_up_bodies_are_read_whole(name: str) -> None:
    assert tickets(name) == EXPECTED[name]


RECORDED = {
    "ivanti.api-get_incident_good": (
        "085867F47547496783005D95CB82D557",
        {"number": "12345", "team": "Service Management Team", "status_category": "open", "priority_level": "4"},
    ),
}


@pytest.mark.parametrize("name", [name for name in names() if name in RECORDED])
def test_recorded_bodies(name: str) -> None:
    found = read_recording(name)[0]
    ticket_id, fields = RECORDED[name]
    assert found.ticket_id == ticket_id
    assert {field: found.fields.get(field) for field in fields} == fields


@pytest.mark.parametrize(
    ("record", "kind", "category"),
    [
        ({"IncidentNumber": 1, "Status": "Waiting for 3rd Party"}, "Incident", "in_progress"),
        ({"ServiceReqNumber": 1, "Status": "Submitted"}, "Service Request", "open"),
        ({"ChangeNumber": 1, "Status": "Implemented"}, "Change", "resolved"),
        ({"ProblemNumber": 1, "Status": "Closed"}, "Problem", "closed"),
        ({"AssignmentID": 1, "Status": "Accepted"}, "Task", "in_progress"),
        ({"Status": "Cancelled"}, None, "cancelled"),
    ],
)
def test_the_number_tells_the_kind(record: dict[str, object], kind: str | None, category: str) -> None:
    fields = read("ivanti", {"RecId": "0A", **record}).fields
    assert (fields.get("kind"), fields["status_category"]) == (kind, category)


def test_a_journal_entry_is_no_ticket_even_when_it_is_empty() -> None:
    found = read("ivanti", {"RecId": "9A", "ParentLink_RecID": "0A", "NotesBody": ""})
    assert (found.ticket_id, found.fields) == ("0A", {})


def test_a_field_that_was_not_filled_in_is_no_id() -> None:
    with pytest.raises(NoTicket, match="a placeholder that the product did not fill in"):
        read("ivanti", {"RecId": "$(RecId)", "Subject": "x"})


def test_links_open_the_record_in_its_workspace() -> None:
    url = read("ivanti", {"RecId": "0A", "ServiceReqNumber": 1}, base_url="https://acme.example.com").fields["url"]
    assert url == (
        "https://acme.example.com/Login.aspx?Scope=ObjectWorkspace&CommandId=Search"
        "&ObjectType=ServiceReq%23&CommandData=RecId,%3D,0,0A,string,AND%7C"
    )
