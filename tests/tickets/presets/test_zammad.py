"""Zammad: the default body of its webhooks, custom bodies, and tickets of the REST API."""

import hashlib
import hmac
from typing import Any

import pytest

from shared.errors import NoTicket
from shared.model import Comment, Push
from shared.tickets.mapping import comments_of
from shared.tickets.preset import preset
from shared.tickets.signatures import Scheme, wrong_signature
from tests.tickets.presets.helpers import RECEIVED, at, commented, fixture, push, read, read_fixture, read_recording
from tests.tickets.recorded import names

TICKET = {
    "number": "10081",
    "kind": "Incident",
    "title": "Scanner is offline",
    "status": "new",
    "status_category": "open",
    "priority": "2 normal",
    "priority_level": "3",
    "team": "Service Desk",
    "team_id": "3",
    "assignee": "",
    "requester": "emily@example.org",
    "organization": "Acme",
}

EXPECTED = {
    "created": push(
        "81",
        TICKET | {"body": "It says <b>error 7</b>.<br>Since Monday.", "body_format": "auto"},
        changed_at=at(8, 0, 0, 330),
        actor="emily@example.org",
        delivery_id="d-5",
    ),
    "internal_note": push(
        "81",
        TICKET
        | {
            "status": "open",
            "status_category": "in_progress",
            "priority": "3 high",
            "priority_level": "2",
            "assignee": "emma@example.com",
        }
        | commented(Comment("105", "The fuse is gone.", author="Emma Taylor", at="2026-03-02T09:00:00.400Z")),
        changed_at=at(9, 0, 0, 500),
        actor="emma@example.com",
        delivery_id="d-5",
    ),
    "state_changed": push(
        "81",
        TICKET
        | {
            "status": "merged",
            "status_category": "cancelled",
            "assignee": "emma@example.com",
            "organization": "",
        },
        changed_at=at(10),
        actor="emma@example.com",
        delivery_id="d-5",
    ),
    "custom": push(
        "81",
        {name: value for name, value in TICKET.items() if name not in ("kind", "team_id", "organization")}
        | {
            "status": "pending close",
            "status_category": "resolved",
            "priority": "1 low",
            "priority_level": "4",
            "url": "https://zammad.example.org/#ticket/zoom/81",
        }
        | commented(
            Comment(
                "106",
                "Works <b>again</b>, thank you.",
                "html",
                "Emily Adams",
                public=True,
                at="2026-03-02 11:00:00 UTC",
            )
        ),
        changed_at=at(11),
        delivery_id="d-5",
    ),
    "api": push(
        "81",
        TICKET
        | {
            "kind": "",
            "status": "closed",
            "status_category": "closed",
            "assignee": "emma@example.com",
            "organization": "",
        },
        changed_at=at(12),
        actor="emma@example.com",
        delivery_id="d-5",
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_form_is_read_whole(name: str) -> None:
    assert read_fixture(f"zammad.{name}", {"x-zammad-delivery": "d-5"}) == EXPECTED[name]


@pytest.mark.parametrize(
    ("article_ids", "count", "described"),
    [([104], 1, True), ([104, 105], 2, True), ([103, 104], 2, False), (None, "1", True), (None, "2", False)],
)
def test_the_first_article_describes_the_ticket_and_the_others_are_comments(
    article_ids: Any, count: Any, described: bool
) -> None:
    body = fixture("zammad.created")
    body["ticket"] |= {"article_ids": article_ids, "article_count": count}
    fields = read("zammad", body).fields
    assert ("body" in fields, len(comments_of(fields))) == (described, 0 if described else 1)


@pytest.mark.parametrize(
    ("internal", "public"),
    [(False, True), ("false", True), (True, False), ("true", False), (None, False), ("", False)],
)
def test_an_article_is_public_where_zammad_says_so(internal: Any, public: bool) -> None:
    body = fixture("zammad.internal_note")
    body["article"]["internal"] = internal
    (comment,) = comments_of(read("zammad", body).fields)
    assert comment.public is public


@pytest.mark.parametrize("base_url", ["https://zammad.example.org", "https://zammad.example.org/"])
def test_a_ticket_is_linked_where_the_connection_has_an_address(base_url: str) -> None:
    fields = read_fixture("zammad.created", base_url=base_url).fields
    assert fields["url"] == "https://zammad.example.org/#ticket/zoom/81"


def test_a_variable_that_was_not_filled_names_no_ticket() -> None:
    with pytest.raises(NoTicket, match="a placeholder that the product did not fill in"):
        read("zammad", {"ticket": {"id": "#{ticket.id}", "title": "x", "state": "new", "article_count": "1"}})


def test_its_signature_is_known() -> None:
    scheme, body = Scheme(**preset("zammad").signature), b'{"ticket": {}}'
    headers = {"x-hub-signature": f"sha1={hmac.new(b's3cret', body, hashlib.sha1).hexdigest()}"}
    assert wrong_signature(scheme, ["s3cret"], body, headers, RECEIVED) is None
    assert wrong_signature(scheme, ["other"], body, headers, RECEIVED)


@pytest.mark.parametrize("name", [name for name in names() if name == "zammad.webhook-default"])
def test_recorded_webhook(name: str) -> None:
    (found,) = read_recording(name)
    assert isinstance(found, Push)
    expected = {
        "number": "10081",
        "title": "Webhook-Test",
        "status_category": "in_progress",
        "priority_level": "3",
        "team": "Service Desk",
        "assignee": "emma@chrispresso.com",
        "requester": "emily@example.com",
    }
    assert found.ticket_id == "81"
    assert found.fields.items() >= expected.items()
    assert found.fields["body"].startswith("This is a simple Webhook Test.")
    assert not comments_of(found.fields)
