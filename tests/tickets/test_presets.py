"""What each preset makes of its product's bodies: made-up ones of every shape, recorded ones where there are any."""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.errors import NoTicket
from shared.model import Push
from shared.tickets.mapping import ABOUT_PUSH, PRESETS, kinds, preset, understand
from tests.tickets.recorded import names, recording

FIXTURES = Path(__file__).parents[1] / "fixtures" / "itsm"
RECEIVED = datetime(2026, 3, 3, tzinfo=UTC)
CATEGORIES = {"open", "in_progress", "resolved", "closed", "cancelled"}


def at(hour: int, minute: int = 0, second: int = 0, millisecond: int = 0) -> datetime:
    return datetime(2026, 3, 2, hour, minute, second, millisecond * 1000, tzinfo=UTC)


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def read(name: str, headers: dict[str, str] | None = None, base_url: str = "") -> Push:
    kind = name.split(".")[0]
    return understand(fixture(name), headers or {}, preset(kind), RECEIVED, "hash", base_url)


def push(ticket_id: str, fields: dict[str, str], **rest: Any) -> Push:
    return Push(ticket_id, RECEIVED, "hash", fields, **rest)


JIRA_STUB = {
    "number": "OPS-12",
    "kind": "Fehler",
    "kind_id": "10004",
    "title": "Printer jams on floor 3",
    "status": "Zu erledigen",
    "status_category": "open",
    "priority": "Hoch",
    "priority_level": "2",
    "team": "Operations",
    "team_id": "OPS",
    "project": "OPS",
    "assignee": "",
    "url": "https://acme.example.net/browse/OPS-12",
}
JIRA_ISSUE = JIRA_STUB | {
    "body": "h2. Steps\n# print\n# wait",
    "body_format": "text",
    "requester": "Ann Lee",
    "labels": "printer; floor-3",
    "component": "Hardware; Office",
    "resolution": "",
    "confidential": "",
}
RT = {
    "number": "41",
    "kind": "Mail",
    "title": "Mail bounces",
    "status": "new",
    "status_category": "open",
    "priority": "50",
    "priority_level": "3",
    "team": "Mail",
    "assignee": "",
    "requester": "ann@example.org; cy@example.org",
    "url": "https://rt.example.org/Ticket/Display.html?id=41",
}

EXPECTED = {
    "servicenow.incident": push(
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
    "servicenow.change": push(
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
    "servicenow.change_task": push(
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
    "servicenow.business_rule": push(
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
    "servicenow.labels": push(
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
    "servicenow.catalog_order": push(
        "cc01bb02cc03dd04ee05ff0611223344", {"number": "REQ0030001", "kind": "sc_request"}
    ),
    "jira.issue_created": push(
        "20012", JIRA_ISSUE, version=1772438400120, changed_at=at(8), actor="ann-1", delivery_id="d-77"
    ),
    "jira.issue_moved": push(
        "20012",
        JIRA_ISSUE
        | {
            "number": "NET-3",
            "team": "Network",
            "team_id": "NET",
            "project": "NET",
            "status": "Won't Do",
            "status_category": "closed",
            "resolution": "Won't Do",
            "assignee": "Bob Ray",
            "confidential": "Staff only",
            "url": "https://acme.example.net/browse/NET-3",
        },
        version=1772443800300,
        changed_at=at(9, 30),
        actor="bob-2",
        delivery_id="d-77",
    ),
    "jira.issue_deleted": push(
        "20012",
        JIRA_ISSUE | {"status": "Deleted", "status_category": "cancelled"},
        version=1772450000000,
        changed_at=at(8),
        actor="bob-2",
        delivery_id="d-77",
    ),
    "jira.cloud_comment_updated": push(
        "20012",
        JIRA_STUB,
        version=1772445600500,
        changed_at=at(10, 0, 0, 500),
        actor="bob-2",
        delivery_id="d-77",
    ),
    "jira.server_comment_created": push(
        "20012", {}, version=1772445600500, changed_at=at(10, 0, 0, 500), actor="bray", delivery_id="d-77"
    ),
    "jira.old_server_commented": push(
        "20012",
        {name: value for name, value in JIRA_ISSUE.items() if name != "confidential"}
        | {
            "status": "In Arbeit",
            "status_category": "in_progress",
            "priority": "Minor",
            "priority_level": "4",
            "url": "http://jira.example.org:8080/jira/browse/OPS-12",
        },
        version=1772445600700,
        changed_at=at(8),
        actor="bray",
        delivery_id="d-77",
    ),
    "jira_service_management.automation": push(
        "20777",
        {
            "number": "HELP-77",
            "kind": "Service Request",
            "kind_id": "10030",
            "title": "Password reset",
            "body": "Please reset my password.\n@Ann Lee\n- since today\n- https://intranet.example.org/7",
            "body_format": "text",
            "status": "Canceled",
            "status_category": "cancelled",
            "priority": "Low",
            "priority_level": "4",
            "team": "Help Desk",
            "team_id": "HELP",
            "project": "HELP",
            "assignee": "Bob Ray",
            "requester": "Ann Lee",
            "request_type": "Account help",
            "url": "https://acme.example.net/browse/HELP-77",
        },
        version=1772452800250,
        changed_at=at(12, 0, 0, 250),
    ),
    "request_tracker.create": push(
        "41",
        RT | {"body": "All mail to example.com\ncomes back.", "body_format": "text"},
        version=501,
        changed_at=at(8),
        delivery_id="501",
        actor="bray",
    ),
    "request_tracker.comment": push("41", RT, version=502, changed_at=at(8, 10), delivery_id="502", actor="bray"),
    "request_tracker.correspond": push(
        "41",
        RT | {"status": "open", "status_category": "in_progress", "assignee": "bray"},
        version=503,
        changed_at=at(8, 20),
        delivery_id="503",
        actor="bray",
    ),
    "request_tracker.status": push(
        "41",
        RT
        | {
            "status": "rejected",
            "status_category": "cancelled",
            "assignee": "bray",
            "priority": "0",
            "priority_level": "4",
        },
        version=504,
        changed_at=at(8, 30),
        delivery_id="504",
        actor="bray",
    ),
    "generic.full": push(
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
    "generic.least": push("T-9", {}),
}
NO_TICKET = {"jira.issue_link"}


@pytest.mark.parametrize("name", EXPECTED)
def test_made_up_bodies_are_read_whole(name: str) -> None:
    headers = {"x-atlassian-webhook-identifier": "d-77"} if name.startswith("jira.") else {}
    assert read(name, headers) == EXPECTED[name]


def test_every_made_up_body_is_judged() -> None:
    assert {file.stem for file in FIXTURES.glob("*.json")} == EXPECTED.keys() | NO_TICKET


@pytest.mark.parametrize("name", sorted(NO_TICKET))
def test_bodies_of_something_else_hold_no_ticket(name: str) -> None:
    with pytest.raises(NoTicket) as refused:
        read(name)
    ((place, fault),) = refused.value.faults
    assert place == "id"
    assert "segment(comment.self, 'issue')" in fault
    assert "issueLink, timestamp, webhookEvent" in fault


# ---------------------------------------------------------------- ServiceNow


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
def test_a_servicenow_state_means_what_its_table_says(number: str, state: Any, category: str | None) -> None:
    fields = understand(
        {"sys_id": "1", "number": number, "state": state}, {}, preset("servicenow"), RECEIVED, "h"
    ).fields
    assert fields.get("status_category") == category
    assert "status" in fields


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
def test_a_servicenow_group_is_told_by_name_or_by_id(group: Any, team: str | None, team_id: str | None) -> None:
    body = {"sys_id": "1", "assignment_group": group}
    fields = understand(body, {}, preset("servicenow"), RECEIVED, "h").fields
    assert (fields.get("team"), fields.get("team_id")) == (team, team_id)


def test_work_notes_and_comments_are_read_by_no_preset() -> None:
    told = " ".join(str(read(name).fields) for name in EXPECTED)
    assert not any(secret in told for secret in ("difficult", "we are on it", "do not tell", "the filter", "Dear Ann"))


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("name", "base_url", "url"),
    [
        ("servicenow.business_rule", "", None),
        (
            "servicenow.business_rule",
            "https://acme.example.com/",
            "https://acme.example.com/nav_to.do?uri=incident.do?sys_id=aa01bb02cc03dd04ee05ff0611223344",
        ),
        ("jira.issue_created", "https://jira.example.com", "https://jira.example.com/browse/OPS-12"),
        ("jira.server_comment_created", "https://jira.example.com", None),
        ("request_tracker.create", "https://other.example", "https://rt.example.org/Ticket/Display.html?id=41"),
    ],
)
def test_the_ticket_is_linked_where_its_address_is_known(name: str, base_url: str, url: str | None) -> None:
    assert read(name, base_url=base_url).fields.get("url") == url


# ---------------------------------------------------------------- order


def test_jira_bodies_stand_in_the_order_in_which_things_happened() -> None:
    """Whatever the shape: created, moved, commented on (twice), deleted."""
    shapes = ("issue_created", "issue_moved", "cloud_comment_updated", "old_server_commented", "issue_deleted")
    versions = [read(f"jira.{shape}").version or 0 for shape in shapes]
    assert versions == sorted(set(versions))


def test_a_bare_jira_issue_never_overtakes_the_event_of_a_later_change() -> None:
    """Automation sends the issue without an event: its version is the time of update, which is on the same scale."""
    event = fixture("jira.issue_moved")
    jira = preset("jira_service_management")
    bare = understand(event["issue"], {}, jira, RECEIVED, "h").version or 0
    before = read("jira.issue_created").version or 0
    after = read("jira.issue_moved").version or 0
    assert before < bare <= after


# ---------------------------------------------------------------- the files themselves


@pytest.mark.parametrize("kind", kinds())
def test_a_preset_says_all_that_is_needed(kind: str) -> None:
    read = preset(kind)
    assert {"ticket", "id", "version", "changed_at"} <= read.about.keys() <= ABOUT_PUSH
    needed = {"number", "kind", "title", "body", "body_format", "status", "priority", "team", "assignee", "requester"}
    assert {*needed, "url"} <= read.fields.keys()
    assert {category for table in read.statuses for category in table.values()} <= CATEGORIES
    assert {level for table in read.priorities for level in table.values()} <= {1, 2, 3, 4}


@pytest.mark.parametrize("kind", kinds())
def test_a_preset_file_has_no_part_that_nobody_reads(kind: str) -> None:
    written = tomllib.loads((PRESETS / f"{kind}.toml").read_text(encoding="utf-8"))
    assert written.keys() <= {"extend", "push", "fields", "kind", "status", "priority"}
    assert written.get("push", {}).keys() <= ABOUT_PUSH
    assert not written.get("fields", {}).keys() & ABOUT_PUSH


# ---------------------------------------------------------------- recordings

RECORDED: dict[str, tuple[str, int | None, dict[str, str | None]]] = {
    "jira.api-get_issue": ("10002", None, {"title": "Test issue summary", "body": "Main order flow broken"}),
    "jira.cloud-comment-created": ("10040", 1550286678321, {"status_category": "open", "body": None, "assignee": ""}),
    "jira.cloud-issue-created-many-fields": ("10509", 1566935004475, {"labels": "Label1; Label2", "team_id": "KT"}),
    "jira.issue-assigned-empty-changelog": ("10001", 1724179662935, {"assignee": "John Doe", "number": "TEST-123"}),
    "jira.issue-created": ("10040", 1550286113023, {"confidential": "", "component": "COMP-1", "priority_level": "2"}),
    "jira.issue-created-with-security-level": ("10040", 1550286113023, {"confidential": "10001"}),
    "jira.issue-deleted": ("10303", 1562177136176, {"status_category": "cancelled", "status": "Deleted"}),
    "jira.issue-updated-assigned": ("10040", 1550287081752, {"assignee": "Test User"}),
    "jira.issue-updated-multiple-values": ("10040", 1550286471789, {"title": "Unit test summary 1"}),
    "jira.issue-updated-resolved": ("10040", 1550286940507, {"status_category": "closed", "resolution": "Done"}),
    "jira.mx-issue-updated-status-changed": (
        "11442",
        1548863494870,
        {"kind": "Tarea", "status_category": "in_progress", "priority_level": "1"},
    ),
    "jira.server-old-issue-updated-no-event-type-commented": (
        "10013",
        1559607317244,
        {"url": "http://sales-jira.centralus.cloudapp.azure.com:8080/browse/PRJX-14", "requester": "Craig Vitter"},
    ),
    "rt.live-comment": ("1", 37, {"title": "VPN down in DC2", "body": None, "status_category": "in_progress"}),
    "rt.live-create": ("1", 33, {"title": "VPN down", "body": "Cannot connect", "status_category": "open"}),
    "rt.live-set-subject": ("1", 36, {"title": "VPN down in DC2", "body": None, "assignee": ""}),
    "rt.live-status-resolved": ("1", 38, {"status_category": "resolved", "requester": "ann@example.com"}),
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
RECORDED_OTHERWISE = {"jira.mx-issuelink-created"}


def read_recording(name: str) -> Push:
    kind, document, headers = recording(name)
    return understand(document, headers, preset(kind), RECEIVED, "hash")


@pytest.mark.parametrize("name", [name for name in names() if name in RECORDED])
def test_recorded_bodies(name: str) -> None:
    found = read_recording(name)
    ticket_id, version, fields = RECORDED[name]
    assert (found.ticket_id, found.version) == (ticket_id, version)
    assert {field: found.fields.get(field) for field in fields} == fields


@pytest.mark.parametrize("name", [name for name in names() if name not in RECORDED])
def test_recorded_bodies_that_are_not_tickets_say_why(name: str) -> None:
    """Any recording added later comes here first: it is read, or refused with the place that was looked at."""
    try:
        found = read_recording(name)
    except NoTicket as refused:
        assert refused.faults
        assert "looked at" in refused.reason
    else:
        assert name not in RECORDED_OTHERWISE
        assert found.ticket_id
