"""ServiceDesk Plus: records of its API v3, and the file of older custom triggers."""

from datetime import datetime

import pytest

from shared.model import Comment
from tests.tickets.presets.helpers import at, commented, fixtures, push, read, read_fixture, read_recording, tickets
from tests.tickets.recorded import names

EXPECTED = {
    "manageengine_servicedesk_plus.change": [
        push(
            "CH-31",
            {
                "number": "CH-31",
                "kind": "Change",
                "title": "Replace the mail server",
                "body": "<div>In April.</div>",
                "body_format": "auto",
                "status": "Planning In Progress",
                "priority": "Medium",
                "team": "Mail",
                "team_id": "302",
                "stage": "Planning",
                "status_category": "open",
                "priority_level": "3",
            },
            changed_at=at(9, 30),
        )
    ],
    "manageengine_servicedesk_plus.list": [
        push(
            "6101",
            {
                "number": "6101",
                "kind": "Incident",
                "title": "Mail bounces",
                "status": "Resolved",
                "priority": "Low",
                "team": "Mail",
                "team_id": "302",
                "assignee": "",
                "status_category": "resolved",
                "priority_level": "4",
            },
        ),
        push("6102", {"number": "6102", "kind": "Service Request", "title": "Badge", "status": "Under the tree"}),
    ],
    "manageengine_servicedesk_plus.older_trigger": [
        push(
            "6103",
            {
                "number": "6103",
                "title": "No network",
                "body": "Since the storm.",
                "body_format": "auto",
                "status": "Open",
                "priority": "High",
                "team": "Network",
                "assignee": "",
                "requester": "Ann Lee",
                "status_category": "open",
                "priority_level": "2",
            },
        )
    ],
    "manageengine_servicedesk_plus.request": [
        push(
            "6100",
            {
                "number": "6100",
                "kind": "Service Request",
                "title": "New screen",
                "body": "<div>A second one, please.</div>",
                "body_format": "auto",
                "status": "Open",
                "priority": "High",
                "team": "Workplace",
                "team_id": "301",
                "assignee": "",
                "requester": "Ann Lee",
                "category": "Hardware",
                "subcategory": "",
                "impact": "",
                "urgency": "Urgent",
                "site": "Berlin",
                "deleted": "",
                "status_category": "open",
                "priority_level": "2",
            },
            changed_at=at(8),
        )
    ],
    "manageengine_servicedesk_plus.request_with_notes": [
        push(
            "6100",
            {
                "number": "6100",
                "kind": "Incident",
                "title": "New screen",
                "status": "On Hold",
                "priority": "",
                "team": "",
                "team_id": "",
                "assignee": "Bob Ray",
                "deleted": "",
                "status_category": "in_progress",
                "priority_level": "",
            }
            | commented(
                Comment(
                    id="9001",
                    body="Ordered at <i>Acme</i>.",
                    format="auto",
                    author="Bob Ray",
                    public=False,
                    at="1772443200000",
                ),
                Comment(
                    id="9002",
                    body="It comes on Friday.",
                    format="auto",
                    author="Bob Ray",
                    public=True,
                    at="1772443800000",
                ),
            ),
            changed_at=at(9, 30),
        )
    ],
    "manageengine_servicedesk_plus.trashed": [
        push(
            "6100",
            {"number": "6100", "status": "Deleted", "deleted": "true", "status_category": "cancelled"},
            changed_at=at(11),
        )
    ],
}


@pytest.mark.parametrize("name", fixtures("manageengine_servicedesk_plus"))
def test_made_up_bodies_are_read_whole(name: str) -> None:
    assert tickets(name) == EXPECTED[name]


RECORDED = {
    "sdplus.api-get_request": (
        "201",
        {"kind": "Incident", "team": "", "team_id": "", "status_category": "open", "deleted": ""},
    ),
    "sdplus.api-get_list_request": ("98", {"title": "Request about monitor", "priority_level": "4"}),
}


@pytest.mark.parametrize("name", [name for name in names() if name in RECORDED])
def test_recorded_bodies(name: str) -> None:
    found = read_recording(name)[0]
    ticket_id, fields = RECORDED[name]
    assert found.ticket_id == ticket_id
    assert {field: found.fields.get(field) for field in fields} == fields


@pytest.mark.parametrize(
    ("body", "ticket_id"),
    [({"request": {"id": "31"}}, "31"), ({"change": {"id": "31"}}, "CH-31"), ({"problem": {"id": 31}}, "PB-31")],
)
def test_requests_changes_and_problems_count_for_themselves(body: object, ticket_id: str) -> None:
    assert read("manageengine_servicedesk_plus", body).ticket_id == ticket_id


@pytest.mark.parametrize(
    ("times", "changed_at"),
    [
        ({"created_time": {"value": "1772438400000"}, "last_updated_time": None}, at(8)),
        ({"created_time": {"value": "1772438400000"}, "last_updated_time": {"value": "1772443800000"}}, at(9, 30)),
        ({"created_time": {"value": "1772438400000"}}, None),
        ({"last_updated_time": None}, None),
    ],
)
def test_only_a_request_that_was_never_edited_is_as_old_as_its_creation(
    times: dict[str, object], changed_at: datetime | None
) -> None:
    assert read("manageengine_servicedesk_plus", {"request": {"id": "1", **times}}).changed_at == changed_at


def test_links_lead_to_the_request() -> None:
    found = read_fixture("manageengine_servicedesk_plus.request", base_url="https://sdp.example.com")
    assert found.fields["url"] == "https://sdp.example.com/WorkOrder.do?woMode=viewWO&woID=6100"
