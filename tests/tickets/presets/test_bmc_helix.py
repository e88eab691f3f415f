"""BMC Helix ITSM: entries of its forms, bare values, and work info as comments."""

from collections.abc import Callable

import pytest

from shared.errors import NoTicket
from shared.model import Comment
from shared.tickets.mapping import comments_of
from tests.tickets.presets.helpers import at, commented, fixtures, push, read, read_recording, tickets
from tests.tickets.recorded import names

EXPECTED = {
    "bmc_helix.change": [
        push(
            "CRQ000000000031",
            {
                "number": "CRQ000000000031",
                "kind": "Change",
                "title": "Move the database",
                "body": "To the new hall.",
                "body_format": "text",
                "status": "Implementation In Progress",
                "priority": "Low",
                "team": "Databases",
                "assignee": "Bob Ray",
                "status_category": "in_progress",
                "priority_level": "4",
            },
            changed_at=at(10),
        )
    ],
    "bmc_helix.incident": [
        push(
            "INC000000000701",
            {
                "number": "INC000000000701",
                "kind": "Incident",
                "title": "Database does not answer",
                "body": "Since 8:00.\nAll of them.",
                "body_format": "text",
                "status": "In Progress",
                "priority": "Critical",
                "team": "Databases",
                "assignee": "",
                "requester": "Ann Lee",
                "impact": "1-Extensive/Widespread",
                "urgency": "1-Critical",
                "company": "Acme",
                "category": "Software",
                "service": "db-1",
                "resolution": "",
                "status_category": "in_progress",
                "priority_level": "1",
            },
            changed_at=at(9, 30),
            actor="Bob",
        )
    ],
    "bmc_helix.list": [
        push(
            "WO0000000000041",
            {
                "number": "WO0000000000041",
                "kind": "Work Order",
                "title": "Order a laptop",
                "body": "",
                "body_format": "text",
                "status": "Completed",
                "priority": "Medium",
                "team": "",
                "status_category": "resolved",
                "priority_level": "3",
            },
            changed_at=at(10),
        ),
        push(
            "INC000000000702",
            {
                "number": "INC000000000702",
                "kind": "Incident",
                "title": "Wrong number",
                "status": "Cancelled",
                "team": "",
                "status_category": "cancelled",
            },
            changed_at=at(10, 5),
        ),
        None,
    ],
    "bmc_helix.template": [
        push(
            "INC000000000701",
            {
                "number": "INC000000000701",
                "kind": "Incident",
                "title": "Database does not answer",
                "status": "Resolved",
                "priority": "Critical",
                "team": "Databases",
                "status_category": "resolved",
                "priority_level": "1",
            },
            changed_at=at(11),
        )
    ],
    "bmc_helix.work_info": [
        push(
            "INC000000000701",
            commented(
                Comment(
                    id="WLG000000000901",
                    body="It works from home.",
                    format="text",
                    author="Bob",
                    public=True,
                    at="2026-03-02T09:45:00.000+0000",
                )
            ),
            changed_at=at(9, 45),
            actor="Bob",
        )
    ],
}


@pytest.mark.parametrize("name", fixtures("bmc_helix"))
def test_made_up_bodies_are_read_whole(name: str) -> None:
    assert tickets(name) == EXPECTED[name]


RECORDED = {
    "bmchelix.api-problem": ("PBI000000000311", {"kind": "Problem", "status_category": "open", "priority_level": "3"}),
    "bmchelix.api-task": (
        "TAS000002",
        {"title": "UnitTestTaskSummary", "parent": "INC00002", "status_category": "open"},
    ),
    "bmchelix.api-incident_worklog": ("INC00002", {"title": None, "status": None, "team": None}),
}


@pytest.mark.parametrize("name", [name for name in names() if name in RECORDED])
def test_recorded_bodies(name: str) -> None:
    found = read_recording(name)[0]
    ticket_id, fields = RECORDED[name]
    assert found.ticket_id == ticket_id
    assert {field: found.fields.get(field) for field in fields} == fields


@pytest.mark.parametrize(
    ("values", "category"),
    [
        ({"Incident Number": "INC1", "Status": "New"}, "open"),
        ({"Incident Number": "INC1", "Status": "In Progress"}, "in_progress"),
        ({"Incident Number": "INC1", "Status": "Resolved"}, "resolved"),
        ({"Incident Number": "INC1", "Status": "Cancelled"}, "cancelled"),
        ({"Infrastructure Change ID": "CRQ1", "Change Request Status": "Rejected", "Status": "Enabled"}, "cancelled"),
        ({"Problem Investigation ID": "PBI1", "Status": "Draft", "Known Error Status": "Closed"}, "open"),
        ({"Known Error ID": "PKE1", "Known Error Status": "Corrected"}, "resolved"),
        ({"Task ID": "TAS1", "Status": "Bypassed"}, "cancelled"),
        ({"Work Order ID": "WO1", "Status": "Planning"}, "open"),
        ({"Incident Number": "INC1", "Status": "Elsewhere"}, None),
    ],
)
def test_a_status_is_found_under_the_name_of_its_form(values: dict[str, str], category: str | None) -> None:
    assert read("bmc_helix", {"values": values}).fields.get("status_category") == category


def test_an_internal_work_info_is_not_public() -> None:
    internal = {"Work Log ID": "WLG1", "Incident Number": "INC1", "Description": "x", "View Access": "Internal"}
    (comment,) = comments_of(read("bmc_helix", {"values": internal}).fields)
    assert not comment.public


@pytest.mark.parametrize("envelope", [lambda values: values, lambda values: {"entries": [{"values": values}]}])
def test_work_info_comes_bare_and_in_lists_too(envelope: Callable[[dict[str, str]], object]) -> None:
    found = read("bmc_helix", envelope({"Work Log ID": "WLG1", "Incident Number": "INC1", "Description": "x"}))
    assert (found.ticket_id, [each.id for each in comments_of(found.fields)]) == ("INC1", ["WLG1"])


def test_a_field_that_was_not_filled_in_is_no_id() -> None:
    with pytest.raises(NoTicket, match="a placeholder that the product did not fill in"):
        read("bmc_helix", {"Incident Number": "$Incident Number$", "Status": "New"})
