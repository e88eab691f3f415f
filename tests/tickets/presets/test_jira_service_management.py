"""Jira Service Management: what it says beyond Jira. All that Jira says is in test_jira."""

from typing import Any

import pytest

from shared.model import Comment
from shared.tickets.mapping import comments_of
from tests.tickets.presets.helpers import at, commented, push, read, read_fixture

REQUEST = {
    "number": "HELP-77",
    "kind": "Service Request",
    "kind_id": "10030",
    "title": "Password reset",
    "priority": "Low",
    "priority_level": "4",
    "team": "Help Desk",
    "team_id": "HELP",
    "project": "HELP",
    "assignee": "",
    "url": "https://acme.example.net/browse/HELP-77",
}
ASKED = Comment("41001", "Which user name?", author="Bob Ray", public=True, at="2026-03-02T12:10:00.000+0000")

EXPECTED = {
    "automation": push(
        "20777",
        REQUEST
        | {
            "body": "Please reset my password.\n@Ann Lee\n- since today\n- https://intranet.example.org/7",
            "body_format": "text",
            "status": "Canceled",
            "status_category": "cancelled",
            "assignee": "Bob Ray",
            "requester": "Ann Lee",
            "request_type": "Account help",
        },
        version=1772452800250,
        changed_at=at(12, 0, 0, 250),
    ),
    "comment_created": push(
        "20777",
        REQUEST | {"status": "Waiting for customer", "status_category": "in_progress"} | commented(ASKED),
        version=1772453400000,
        changed_at=at(12, 10),
        actor="bob-2",
    ),
    "resolved": push(
        "20777",
        REQUEST
        | {"status": "Resolved", "status_category": "resolved", "resolution": "Done"}
        | commented(
            ASKED,
            Comment("41002", "reset in the directory", author="Bob Ray", at="2026-03-02T12:10:00.000+0000"),
            Comment("41003", "nobody says for whom", author="Bob Ray", at="2026-03-02T12:10:00.000+0000"),
        ),
        version=1772454000000,
        changed_at=at(12, 20),
        actor="bob-2",
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_form_is_read_whole(name: str) -> None:
    assert read_fixture(f"jira_service_management.{name}") == EXPECTED[name]


@pytest.mark.parametrize(
    ("told", "public"),
    [
        ({}, False),
        ({"jsdPublic": True}, True),
        ({"jsdPublic": False}, False),
        ({"jsdPublic": True, "visibility": {"type": "role", "value": "Administrators"}}, False),
    ],
)
def test_a_comment_is_for_agents_unless_it_is_said_to_be_public(told: dict[str, Any], public: bool) -> None:
    """As a server sends it: without the issue, so that nothing else can tell."""
    self = "https://jira.example.org/rest/api/2/issue/20777/comment/9"
    event = {"webhookEvent": "comment_created", "comment": {"self": self, "id": "9", "body": "x", **told}}
    (comment,) = comments_of(read("jira_service_management", event).fields)
    assert comment.public is public


@pytest.mark.parametrize(
    ("name", "category"),
    [("Resolved", "resolved"), ("CANCELED", "cancelled"), ("Declined", "cancelled"), ("Completed", "closed")],
)
def test_what_is_done_is_told_apart_by_the_names_of_its_workflows(name: str, category: str) -> None:
    status = {"name": name, "statusCategory": {"key": "done"}}
    fields = read("jira_service_management", {"id": "1", "key": "HELP-1", "fields": {"status": status}}).fields
    assert fields["status_category"] == category
