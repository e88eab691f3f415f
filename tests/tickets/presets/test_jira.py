"""Jira: events of Cloud and of servers old and new, and issues as its REST API gives them."""

from typing import Any

import pytest

from shared.errors import NoTicket
from shared.model import Comment, Push
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

DELIVERED = {"x-atlassian-webhook-identifier": "d-77"}
STUB = {
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
ISSUE = STUB | {
    "body": "h2. Steps\n# print\n# wait",
    "body_format": "text",
    "requester": "Ann Lee",
    "labels": "printer; floor-3",
    "component": "Hardware; Office",
    "resolution": "",
    "confidential": "",
}
INTERNAL = Comment("40001", "internal: do not tell", author="Bob Ray", at="2026-03-02T11:00:00.000+0100")

EXPECTED = {
    "issue_created": push("20012", ISSUE, version=1772438400120, changed_at=at(8), actor="ann-1", delivery_id="d-77"),
    "issue_moved": push(
        "20012",
        ISSUE
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
    "issue_deleted": push(
        "20012",
        ISSUE | {"status": "Deleted", "status_category": "cancelled", "deleted": "true"},
        version=1772450000000,
        changed_at=at(8),
        actor="bob-2",
        delivery_id="d-77",
    ),
    "cloud_comment_updated": push(
        "20012",
        STUB | commented(INTERNAL),
        version=1772445600500,
        changed_at=at(10, 0, 0, 500),
        actor="bob-2",
        delivery_id="d-77",
    ),
    "server_comment_created": push(
        "20012",
        commented(INTERNAL),
        version=1772445600500,
        changed_at=at(10, 0, 0, 500),
        actor="bray",
        delivery_id="d-77",
    ),
    "comment_deleted": push(
        "20012",
        {"number": "OPS-12", "url": "https://acme.example.net/browse/OPS-12"},
        version=1772445700000,
        changed_at=at(10, 1, 40),
        actor="bob-2",
        delivery_id="d-77",
    ),
    "old_server_commented": push(
        "20012",
        {name: value for name, value in ISSUE.items() if name != "confidential"}
        | {
            "status": "In Arbeit",
            "status_category": "in_progress",
            "priority": "Minor",
            "priority_level": "4",
            "url": "http://jira.example.org:8080/jira/browse/OPS-12",
        }
        | commented(INTERNAL),
        version=1772445600700,
        changed_at=at(8),
        actor="bray",
        delivery_id="d-77",
    ),
    "worklog_created": push("20012", {}, version=1772445600900, changed_at=at(10, 0, 0, 900), delivery_id="d-77"),
    "read_back": push(
        "20012",
        {
            "number": "OPS-12",
            "title": "Printer jams on floor 3",
            "url": "https://acme.example.net/browse/OPS-12",
            "parent": "OPS-1",
            "confidential": "10050",
        }
        | commented(
            INTERNAL,
            Comment("40002", "It is the toner.", author="Bob Ray", public=True, at="2026-03-02T11:05:00.000+0100"),
            Comment("40003", "for admins", author="Bob Ray", at="2026-03-02T11:06:00.000+0100"),
            Comment("40004", "said so by a property", author="Bob Ray", at="2026-03-02T11:07:00.000+0100"),
        ),
        version=1772445600000,
        changed_at=at(10),
        delivery_id="d-77",
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_form_is_read_whole(name: str) -> None:
    assert read_fixture(f"jira.{name}", DELIVERED) == EXPECTED[name]


def test_each_issue_of_a_search_is_a_ticket() -> None:
    first, second = read_all("jira", fixture("jira.search"))
    assert isinstance(first, Push)
    assert isinstance(second, Push)
    assert (first.ticket_id, first.version, first.fields["number"]) == ("20012", 1772443800000, "OPS-12")
    assert (second.ticket_id, second.changed_at, second.fields["title"]) == ("20013", at(11, 0, 0, 250), "Toner is out")


@pytest.mark.parametrize(
    ("body", "there"),
    [
        (fixture("jira.issue_link"), "issueLink, timestamp, webhookEvent"),
        ({"timestamp": 1, "webhookEvent": "sprint_created", "sprint": {"id": 1}}, "sprint, timestamp, webhookEvent"),
        ({"startAt": 0, "issues": []}, "issues, startAt"),
    ],
)
def test_an_event_that_tells_nothing_of_a_ticket_is_refused(body: dict[str, Any], there: str) -> None:
    with pytest.raises(NoTicket) as refused:
        read("jira", body)
    ((place, fault),) = refused.value.faults
    assert place == "id"
    assert "segment(comment.self, 'issue')" in fault
    assert there in fault


def test_a_smart_value_that_was_not_filled_names_no_issue() -> None:
    with pytest.raises(NoTicket, match="a placeholder that the product did not fill in"):
        read("jira", {"id": "{{issue.id}}", "key": "{{issue.key}}", "fields": {"summary": "x"}})


# ---------------------------------------------------------------- order


def test_bodies_stand_in_the_order_in_which_things_happened() -> None:
    """Whatever the shape: created, moved, commented on (twice), worked on, a comment deleted, all of it deleted."""
    shapes = ("issue_created", "issue_moved", "cloud_comment_updated", "old_server_commented", "worklog_created")
    versions = [read_fixture(f"jira.{shape}").version or 0 for shape in (*shapes, "comment_deleted", "issue_deleted")]
    assert versions == sorted(set(versions))


def test_a_bare_issue_never_overtakes_the_event_of_a_later_change() -> None:
    """Automation sends the issue without an event: its version is the time of update, which is on the same scale."""
    event = fixture("jira.issue_moved")
    bare = read("jira", event["issue"]).version or 0
    assert (read_fixture("jira.issue_created").version or 0) < bare <= (read("jira", event).version or 0)


def test_the_comments_that_go_with_a_deleted_issue_do_not_bring_it_back() -> None:
    """Their events come after its own and carry the issue as it was."""
    told = read_fixture("jira.comment_deleted").fields.keys()
    assert not told & {"status", "status_category", "deleted", "comment:40001"}


# ---------------------------------------------------------------- comments


@pytest.mark.parametrize(
    ("told", "project_type", "public"),
    [
        ({}, "software", True),
        ({}, None, True),
        ({}, "service_desk", False),
        ({"jsdPublic": True}, "service_desk", True),
        ({"jsdPublic": False}, "software", False),
        ({"visibility": {"type": "group", "value": "staff"}, "jsdPublic": True}, "software", False),
        ({"visibility": None}, "software", True),
        ({"properties": [{"key": "sd.public.comment", "value": {"internal": "true"}}]}, "software", False),
        ({"properties": [{"key": "sd.public.comment", "value": {"internal": False}}]}, "software", True),
    ],
)
def test_a_comment_is_public_unless_something_says_otherwise(
    told: dict[str, Any], project_type: str | None, public: bool
) -> None:
    project = {"key": "OPS", **({"projectTypeKey": project_type} if project_type else {})}
    issue = {"id": "1", "key": "OPS-1", "fields": {"project": project}}
    comment = {"id": "9", "body": "x", "created": "2026-03-02T11:00:00.000+0100", **told}
    fields = read("jira", {"webhookEvent": "comment_created", "issue": issue, "comment": comment}).fields
    expected = Comment("9", "x", public=public, at="2026-03-02T11:00:00.000+0100")
    assert fields["comment:9"] == commented(expected)["comment:9"]


def test_a_comment_in_the_event_is_the_same_as_in_the_issue_that_comes_with_it() -> None:
    event = fixture("jira.old_server_commented")
    event["issue"]["fields"]["comment"] = {"comments": [event["comment"]]}
    assert read("jira", event, DELIVERED) == EXPECTED["old_server_commented"]


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("status", "category"),
    [
        ({"name": "Whatever", "statusCategory": {"key": "indeterminate"}}, "in_progress"),
        ({"name": "Open", "statusCategory": {"key": "done"}}, "closed"),
        ({"name": "Reopened"}, "open"),
        ({"name": "Resolved"}, "closed"),
        ({"name": "With the vendor"}, None),
    ],
)
def test_a_status_goes_by_its_category_and_on_old_servers_by_its_name(
    status: dict[str, Any], category: str | None
) -> None:
    fields = read("jira", {"id": "1", "key": "OPS-1", "fields": {"status": status}}).fields
    assert fields.get("status_category") == category


@pytest.mark.parametrize(
    ("name", "url"),
    [("issue_created", "https://jira.example.com/browse/OPS-12"), ("server_comment_created", None)],
)
def test_the_connection_s_own_address_goes_before_the_one_in_the_issue(name: str, url: str | None) -> None:
    assert read_fixture(f"jira.{name}", base_url="https://jira.example.com").fields.get("url") == url


# ---------------------------------------------------------------- recordings

RECORDED: dict[str, tuple[str, int | None, dict[str, str | None]]] = {
    "jira.api-get_issue": ("10002", None, {"title": "Test issue summary", "body": "Main order flow broken"}),
    "jira.cloud-comment-created": ("10040", 1550286678321, {"status_category": "open", "body": None, "assignee": ""}),
    "jira.cloud-issue-created-many-fields": ("10509", 1566935004475, {"labels": "Label1; Label2", "team_id": "KT"}),
    "jira.issue-assigned-empty-changelog": ("10001", 1724179662935, {"assignee": "John Doe", "number": "TEST-123"}),
    "jira.issue-created": ("10040", 1550286113023, {"confidential": "", "component": "COMP-1", "priority_level": "2"}),
    "jira.issue-created-with-security-level": ("10040", 1550286113023, {"confidential": "10001"}),
    "jira.issue-deleted": ("10303", 1562177136176, {"status_category": "cancelled", "deleted": "true"}),
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
}
COMMENTED = {
    "jira.api-get_issue": {"10000"},
    "jira.cloud-comment-created": {"10019"},
    "jira.server-old-issue-updated-no-event-type-commented": {
        *("10005", "10043", "10044", "10076", "10077", "10078", "10079", "10080", "10081", "10082")
    },
}


@pytest.mark.parametrize("name", [name for name in names() if name in RECORDED])
def test_recorded_events(name: str) -> None:
    (found,) = read_recording(name)
    assert isinstance(found, Push)
    ticket_id, version, fields = RECORDED[name]
    assert (found.ticket_id, found.version) == (ticket_id, version)
    assert {field: found.fields.get(field) for field in fields} == fields


@pytest.mark.parametrize("name", [name for name in names() if name in COMMENTED])
def test_recorded_comments(name: str) -> None:
    (found,) = read_recording(name)
    assert isinstance(found, Push)
    assert {field.removeprefix("comment:") for field in found.fields if field.startswith("comment:")} == COMMENTED[name]


@pytest.mark.parametrize("name", [name for name in names() if name.startswith("jira.") and name not in RECORDED])
def test_a_recording_of_something_else_says_why_it_is_refused(name: str) -> None:
    (found,) = read_recording(name)
    assert isinstance(found, NoTicket)
    assert "looked at" in found.reason
