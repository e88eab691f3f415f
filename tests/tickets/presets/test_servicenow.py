"""ServiceNow: bare records, `result` or `records`; plain values, links, display triples; what each state means."""

from typing import Any

import pytest

from shared.errors import NoTicket
from shared.model import Comment, Push
from shared.tickets.preset import preset
from tests.tickets.presets.helpers import (
    at,
    commented,
    fixture,
    push,
    read,
    read_all,
    read_fixture,
    read_recording,
)
from tests.tickets.recorded import names

EXPECTED = {
    "incident": push(
        "9d385017c611228701d22104cc95c371",
        {
            "number": "INC0012001",
            "kind": "incident",
            "title": "VPN drops every hour",
            "body": "Since Monday.\nAll of building 7.",
            "body_format": "auto",
            "status": "2",
            "status_category": "in_progress",
            "priority": "2",
            "priority_level": "2",
            "team_id": "5f1c0d9a2b3e4c5d8e7f60718293a4b5",
            "assignee": "",
            "url": "https://acme.example.com/nav_to.do?uri=incident.do?sys_id=9d385017c611228701d22104cc95c371",
            "category": "network",
            "subcategory": "",
            "impact": "2",
            "urgency": "1",
            "configuration_item": "",
        },
        version=7,
        changed_at=at(8, 15, 30),
        actor="ann.lee",
    ),
    "change": push(
        "1c741bd70b2322007518478d83673af3",
        {
            "number": "CHG0040007",
            "kind": "change_request",
            "title": "Replace core switch",
            "body": "",
            "body_format": "auto",
            "status": "Implement",
            "status_category": "in_progress",
            "priority": "3 - Moderate",
            "priority_level": "3",
            "team": "Network",
            "team_id": "5f1c0d9a2b3e4c5d8e7f60718293a4b5",
            "assignee": "",
            "requester": "Ann Lee",
            "risk": "High",
            "change_type": "Normal",
        },
        version=11,
        changed_at=at(1),
        actor="bob.ray",
    ),
    "change_task": push(
        "3ef2d5a6c0a8016400b98a06818d57c9",
        {
            "number": "CTASK0010003",
            "kind": "change_task",
            "title": "Inform the users",
            "status": "4",
            "status_category": "cancelled",
            "priority": "4",
            "priority_level": "4",
            "team": "Service Desk",
            "team_id": "5f1c0d9a2b3e4c5d8e7f60718293a4b5",
            "url": "https://acme.example.com/nav_to.do?uri=change_task.do?sys_id=3ef2d5a6c0a8016400b98a06818d57c9",
        },
        version=3,
        changed_at=at(10),
    ),
    "problem": push(
        "d7296d02c0a801670085e737da016e70",
        {
            "number": "PRB0040003",
            "kind": "problem",
            "title": "Core switch restarts",
            "body": "Three times in a week.",
            "body_format": "auto",
            "status": "107",
            "status_category": "closed",
            "priority": "2",
            "priority_level": "2",
            "team_id": "5f1c0d9a2b3e4c5d8e7f60718293a4b5",
            "assignee": "",
            "url": "https://acme.example.com/nav_to.do?uri=problem.do?sys_id=d7296d02c0a801670085e737da016e70",
            "parent": "",
            "merged_into": "d7296d02c0a801670085e737da016e6f",
        },
        version=9,
        changed_at=at(14),
        actor="bob.ray",
    ),
    "request": push(
        "2a01bb02cc03dd04ee05ff0611223344",
        {
            "number": "REQ0030002",
            "kind": "sc_request",
            "status": "closed_cancelled",
            "status_category": "cancelled",
            "requester": "Ann Lee",
            "parent": "",
        },
        version=4,
        changed_at=at(11),
    ),
    "requested_item": push(
        "3a01bb02cc03dd04ee05ff0611223344",
        {
            "number": "RITM0030002",
            "kind": "sc_req_item",
            "title": "Standard laptop",
            "status": "Work in Progress",
            "status_category": "in_progress",
            "priority": "4 - Low",
            "priority_level": "4",
            "team": "Hardware Purchasing",
            "team_id": "6f1c0d9a2b3e4c5d8e7f60718293a4b5",
            "url": "https://acme.example.com/nav_to.do?uri=sc_req_item.do?sys_id=3a01bb02cc03dd04ee05ff0611223344",
            "parent": "2a01bb02cc03dd04ee05ff0611223344",
        },
        version=5,
        changed_at=at(11),
    ),
    "business_rule": push(
        "aa01bb02cc03dd04ee05ff0611223344",
        {
            "number": "INC0012002",
            "kind": "incident",
            "title": "Badge reader offline",
            "status": "1",
            "status_category": "open",
            "priority": "5",
            "priority_level": "4",
            "category": "hardware",
            "impact": "3",
            "urgency": "3",
        },
    ),
    "deleted": push(
        "aa01bb02cc03dd04ee05ff0611223344",
        {
            "number": "INC0012002",
            "kind": "incident",
            "title": "Badge reader offline",
            "status": "Deleted",
            "status_category": "cancelled",
            "deleted": "true",
        },
        version=2,
        changed_at=at(15),
        actor="bob.ray",
    ),
    "labels": push(
        "bb01bb02cc03dd04ee05ff0611223344",
        {
            "number": "SCTASK0020001",
            "kind": "sc_task",
            "title": "Order a laptop",
            "status": "Work in Progress",
            "status_category": "in_progress",
            "priority": "3 - Moderate",
            "priority_level": "3",
            "team": "Hardware Purchasing",
            "assignee": "",
            "requester": "Ann Lee",
        },
        version=2,
        changed_at=at(11, 30),
    ),
    "catalog_order": push("cc01bb02cc03dd04ee05ff0611223344", {"number": "REQ0030001", "kind": "sc_request"}),
    "commented": push(
        "9d385017c611228701d22104cc95c371",
        {"number": "INC0012001", "kind": "incident"}
        | commented(
            Comment(
                "e101bb02cc03dd04ee05ff0611223344",
                "We are on it.\nMore tomorrow.",
                author="bob.ray",
                public=True,
                at="2026-03-02 08:50:00",
            ),
            Comment(
                "e201bb02cc03dd04ee05ff0611223344",
                "The firewall is the suspect.",
                author="bob.ray",
                at="2026-03-02 09:00:00",
            ),
        ),
        version=8,
        changed_at=at(9),
    ),
    "security_incident": push(
        "f101bb02cc03dd04ee05ff0611223344",
        {
            "number": "SIR0010001",
            "kind": "sn_si_incident",
            "title": "Phishing mail to accounts",
            "status": "Contain",
            "status_category": "in_progress",
            "confidential": "Security Incident Response",
        },
        version=1,
        changed_at=at(10),
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_form_is_read_whole(name: str) -> None:
    assert read_fixture(f"servicenow.{name}") == EXPECTED[name]


def test_each_record_of_several_has_a_fate_of_its_own() -> None:
    first, second, third = read_all("servicenow", fixture("servicenow.several"))
    assert isinstance(first, Push)
    assert (first.fields["kind"], first.fields["status_category"], first.version) == ("task", "open", 0)
    assert isinstance(second, NoTicket)
    assert second.reason.startswith("ticket 2 of 3: no servicenow ticket in this body")
    assert isinstance(third, Push)
    assert (third.ticket_id, third.fields["status_category"]) == ("bc01bb02cc03dd04ee05ff0611223344", "cancelled")


def test_a_placeholder_that_was_not_filled_names_no_record() -> None:
    with pytest.raises(NoTicket, match="a placeholder that the product did not fill in"):
        read("servicenow", {"sys_id": "${current.sys_id}", "number": "INC0012001"})


# ---------------------------------------------------------------- states


@pytest.mark.parametrize(
    ("number", "state", "category"),
    [
        ("INC0000001", "3", "in_progress"),
        ("INC0000001", 6.0, "resolved"),
        ("INC0000001", 7, "closed"),
        ("INC0000001", "8", "cancelled"),
        ("CHG0000001", "3", "closed"),
        ("CHG0000001", "-5", "open"),
        ("CHG0000001", "0", "resolved"),
        ("CHG0000001", {"display_value": "Prüfung", "value": -4.0}, "open"),
        ("PRB0000001", "104", "in_progress"),
        ("PRB0000001", 107, "closed"),
        ("PTASK000001", "157", "closed"),
        ("CTASK000001", "4", "cancelled"),
        ("SCTASK00001", "4", "closed"),
        ("TASK0000001", "-5", "open"),
        ("TASK0000001", "3", "closed"),
        ("RITM0000001", "7", "cancelled"),
        ("REQ0000001", "-5", "open"),
        ("SIR0000001", "3", "closed"),
        ("SIR0000001", {"display_value": "Review", "value": "999"}, "resolved"),
        ("XYZ0000001", "3", None),
        ("XYZ0000001", "Closed Complete", "closed"),
        ("INC0000001", "42", None),
        ("INC0000001", None, ""),
    ],
)
def test_a_state_means_what_its_table_says(number: str, state: Any, category: str | None) -> None:
    fields = read("servicenow", {"sys_id": "1", "number": number, "state": state}).fields
    assert fields.get("status_category") == category
    assert "status" in fields


@pytest.mark.parametrize(("name", "value"), [("incident_state", "6"), ("request_state", "closed_complete")])
def test_a_record_without_a_state_has_that_of_its_table(name: str, value: str) -> None:
    kind = {"incident_state": "incident", "request_state": "sc_request"}[name]
    fields = read("servicenow", {"sys_id": "1", "sys_class_name": kind, name: value}).fields
    assert fields["status"] == value
    assert fields["status_category"] in ("resolved", "closed")


@pytest.mark.parametrize(
    ("body", "deleted", "category"),
    [
        ({"operation": "delete"}, "true", "cancelled"),
        ({"operation": "delete", "state": "2"}, "true", "cancelled"),
        ({"operation": "insert", "state": "2"}, "", "in_progress"),
        ({"state": "2"}, None, "in_progress"),
    ],
)
def test_a_deletion_is_told_by_the_operation_and_taken_back_by_another(
    body: dict[str, str], deleted: str | None, category: str
) -> None:
    record = {"sys_id": "1", "number": "INC0000001", **body}
    beside = {"operation": record.pop("operation", ""), "result": record}
    for document in ({**record, **body}, beside if "operation" in body else record):
        fields = read("servicenow", document).fields
        assert (fields.get("deleted"), fields["status_category"]) == (deleted, category)


@pytest.mark.parametrize(
    ("kind", "category", "status"),
    [
        ("incident", "InProgress", "2"),
        ("incident", "Completed", "6"),
        ("sc_task", "Completed", "3"),
        ("problem", "Resolved", "106"),
        ("change_request", "Completed", None),
        ("sc_request", "Completed", None),
        ("incident", "Removed", None),
        ("incident", "Proposed", None),
    ],
)
def test_a_record_is_answered_in_the_states_of_its_table(kind: str, category: str, status: str | None) -> None:
    assert preset("servicenow").answer(kind, category) == status


# ---------------------------------------------------------------- references


@pytest.mark.parametrize(
    ("group", "team", "team_id"),
    [
        ({"display_value": "Network", "value": "5f1c"}, "Network", "5f1c"),
        (
            {"display_value": "Network", "link": "https://x.example/api/now/table/sys_user_group/5f1c"},
            "Network",
            "5f1c",
        ),
        ({"link": "https://x.example/api/now/table/sys_user_group/5f1c", "value": "5f1c"}, None, "5f1c"),
        ("5f1c0d9a2b3e4c5d8e7f60718293a4b5", None, "5f1c0d9a2b3e4c5d8e7f60718293a4b5"),
        ("Network", "Network", None),
        ({"display_value": "", "value": ""}, "", ""),
        ("", "", ""),
        (None, "", ""),
    ],
)
def test_a_group_is_told_by_name_or_by_id(group: Any, team: str | None, team_id: str | None) -> None:
    fields = read("servicenow", {"sys_id": "1", "assignment_group": group}).fields
    assert (fields.get("team"), fields.get("team_id")) == (team, team_id)


@pytest.mark.parametrize("name", ["parent", "parent_incident", "request_item", "change_request", "problem"])
def test_the_parent_stands_where_its_table_keeps_it(name: str) -> None:
    parent = {"link": "https://x.example/api/now/table/task/77aa", "value": "77aa"}
    assert read("servicenow", {"sys_id": "1", "parent": "", name: parent}).fields["parent"] == "77aa"


# ---------------------------------------------------------------- journals


def test_the_texts_of_journals_are_never_read() -> None:
    told = str(read_fixture("servicenow.incident").fields)
    assert "difficult" not in told
    assert "we are on it" not in told


def test_a_journal_entry_in_the_record_is_the_one_beside_it() -> None:
    beside = fixture("servicenow.commented")
    within = {**beside["result"], "comments_list": beside["comments_list"]}
    assert read("servicenow", within).fields == read("servicenow", beside).fields


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("", None),
        (
            "https://acme.example.com/",
            "https://acme.example.com/nav_to.do?uri=incident.do?sys_id=aa01bb02cc03dd04ee05ff0611223344",
        ),
    ],
)
def test_a_record_without_links_is_linked_where_the_connection_has_an_address(base_url: str, url: str | None) -> None:
    assert read_fixture("servicenow.business_rule", base_url=base_url).fields.get("url") == url


# ---------------------------------------------------------------- recordings

RECORDED: dict[str, tuple[str, int | None, dict[str, str | None]]] = {
    "servicenow.api-get_security_incident_success": (
        "g123456",
        None,
        {"kind": "sn_si_incident", "status_category": "closed", "team": None, "team_id": "1234", "url": None},
    ),
    "servicenow.docs-c_ServiceCatalogAPI-INC-1": (
        "6baf4e1ddbba2300e890f71fbf961963",
        None,
        {"number": "INC0010006", "kind": "incident", "title": None},
    ),
    "servicenow.docs-c_ServiceCatalogAPI-REQ-1": (
        "f89ed597db21120064301150f0b8f5ff",
        None,
        {"number": "REQ0010010", "kind": "sc_request"},
    ),
    "servicenow.docs-c_TableAPI-INC-1": (
        "a9e30c7dc61122760116894de7bcc7bd",
        4,
        {"status_category": "open", "team_id": "8a4dde73c6112278017a6a4baf547aa7", "body": "", "priority_level": "3"},
    ),
    "servicenow.docs-c_TableAPI-INC-3": ("c537bae64f411200adf9f8e18110c76e", 0, {"requester": "", "status": "1"}),
    "servicenow.docs-change-management-api-CHG-1": (
        "b0dbda5347c12200e0ef563dbb9a718f",
        10,
        {"kind": "change_request", "team": "Network", "status": "Closed", "status_category": "closed", "assignee": ""},
    ),
    "servicenow.docs-change-management-api-CHG-3": (
        "1766f1de47410200e90d87e8dee490f6",
        10,
        {"title": "Clear BGP sessions on a Cisco router", "priority_level": "4"},
    ),
    "servicenow.docs-devops-api-CHG-1": (
        "ee89341bdb642810765555535e96196e",
        None,
        {"kind": "change_request", "team": "Change Management", "status_category": "resolved", "title": None},
    ),
}


@pytest.mark.parametrize("name", [name for name in names() if name in RECORDED])
def test_recorded_records(name: str) -> None:
    (found,) = read_recording(name)
    assert isinstance(found, Push)
    ticket_id, version, fields = RECORDED[name]
    assert (found.ticket_id, found.version) == (ticket_id, version)
    assert {field: found.fields.get(field) for field in fields} == fields
