"""Zendesk: event webhooks, trigger webhooks, and what its API gives."""

import hmac
from base64 import b64encode

import pytest

from shared.errors import NoTicket
from shared.model import Comment
from shared.tickets.mapping import comments_of
from shared.tickets.preset import preset
from shared.tickets.signatures import Scheme, wrong_signature
from tests.tickets.presets.helpers import (
    PLACEHOLDER,
    at,
    commented,
    filled,
    fixtures,
    push,
    read,
    read_fixture,
    read_recording,
    templates,
    tickets,
)
from tests.tickets.recorded import names

EXPECTED = {
    "zendesk.api": [
        push(
            "35436",
            {
                "number": "35436",
                "kind": "incident",
                "title": "Printer jams",
                "body": "The printer on floor 3 jams.\nEvery morning.",
                "body_format": "text",
                "status": "hold",
                "priority": "high",
                "team_id": "",
                "assignee": "",
                "requester": "900200",
                "url": "https://acme.zendesk.com/agent/tickets/35436",
                "labels": "printer",
                "organization_id": "300100",
                "brand_id": "700100",
                "parent": "35000",
                "deleted": "",
                "status_category": "in_progress",
                "priority_level": "2",
            }
            | commented(
                Comment(
                    id="54509304133530",
                    body="We are on it.",
                    format="text",
                    author="900300",
                    public=True,
                    at="2026-03-02T09:05:00Z",
                ),
                Comment(
                    id="54509304133531",
                    body="Toner is wet.",
                    format="text",
                    author="900300",
                    public=False,
                    at="2026-03-02T09:10:00Z",
                ),
            ),
            changed_at=at(9, 10),
        )
    ],
    "zendesk.event_comment_internal": [
        push(
            "35436",
            {
                "number": "35436",
                "kind": "incident",
                "title": "Printer jams",
                "body": "The printer on floor 3 jams.\nEvery morning.",
                "body_format": "text",
                "status": "OPEN",
                "priority": "HIGH",
                "team_id": "800100",
                "assignee": "900300",
                "requester": "900200",
                "labels": "",
                "organization_id": "",
                "deleted": "",
                "status_category": "in_progress",
                "priority_level": "2",
            }
            | commented(
                Comment(
                    id="54509304133531",
                    body="Toner is wet.",
                    format="text",
                    author="Bob Ray",
                    public=False,
                    at="2026-03-02T09:10:00.100Z",
                )
            ),
            changed_at=at(9, 10),
            delivery_id="1b6c1d5e-1111-4222-8333-444455556666",
            actor="900300",
        )
    ],
    "zendesk.event_created": [
        push(
            "35436",
            {
                "number": "35436",
                "kind": "incident",
                "title": "Printer jams",
                "body": "The printer on floor 3 jams.\nEvery morning.",
                "body_format": "text",
                "status": "NEW",
                "priority": "HIGH",
                "team_id": "800100",
                "assignee": "",
                "requester": "900200",
                "labels": "printer; floor-3",
                "organization_id": "",
                "brand_id": "700100",
                "deleted": "",
                "status_category": "open",
                "priority_level": "2",
            },
            changed_at=at(8),
            delivery_id="0b6c1d5e-1111-4222-8333-444455556666",
            actor="900100",
        )
    ],
    "zendesk.event_merged": [
        push(
            "35437",
            {
                "number": "35437",
                "title": "Printer jams again",
                "status": "CLOSED",
                "deleted": "",
                "merged_into": "35436",
                "status_category": "closed",
            },
            changed_at=at(9, 20),
            delivery_id="2b6c1d5e-1111-4222-8333-444455556666",
        )
    ],
    "zendesk.event_soft_deleted": [
        push(
            "35436",
            {
                "number": "35436",
                "title": "Printer jams",
                "status": "deleted",
                "deleted": "true",
                "status_category": "cancelled",
            },
            changed_at=at(10),
            delivery_id="3b6c1d5e-1111-4222-8333-444455556666",
        )
    ],
    "zendesk.event_user_created": [None],
    "zendesk.list": [
        push(
            "1",
            {
                "number": "1",
                "title": "One",
                "status": "closed",
                "priority": "",
                "deleted": "",
                "status_category": "closed",
                "priority_level": "",
            },
            changed_at=at(8),
        ),
        push(
            "2",
            {
                "number": "2",
                "title": "Two",
                "status": "deleted",
                "priority": "low",
                "deleted": "true",
                "status_category": "cancelled",
                "priority_level": "4",
            },
            changed_at=at(9),
        ),
    ],
    "zendesk.trigger": [
        push(
            "35436",
            {
                "number": "35436",
                "kind": "incident",
                "title": "Printer jams",
                "body": "The printer on floor 3 jams.\nEvery morning.",
                "body_format": "text",
                "status": "Open",
                "priority": "High",
                "team": "Field Service",
                "team_id": "800100",
                "assignee": "Bob Ray",
                "requester": "Ann Lee",
                "url": "https://acme.zendesk.com/agent/tickets/35436",
                "labels": "printer floor-3",
                "deleted": "",
                "status_category": "in_progress",
                "priority_level": "2",
            }
            | commented(
                Comment(id="54509304133530", body="We are on it.", format="text", author="Bob Ray", public=True, at="")
            ),
            changed_at=at(9, 5),
            actor="900300",
        )
    ],
    "zendesk.trigger_small": [
        push(
            "35436",
            {"number": "35436", "status": "Solved", "deleted": "", "status_category": "resolved"},
            changed_at=at(11),
        )
    ],
}


@pytest.mark.parametrize("name", fixtures("zendesk"))
def test_made_up_bodies_are_read_whole(name: str) -> None:
    assert tickets(name) == EXPECTED[name]


RECORDED = {
    "zendesk.api-create_ticket_response": (
        "5",
        {"kind": "problem", "status_category": "in_progress", "priority_level": "1"},
    ),
    "zendesk.api-update_ticket_response": ("5", {"status_category": "closed", "body": "A ticket description"}),
}


@pytest.mark.parametrize("name", [name for name in names() if name in RECORDED])
def test_recorded_bodies(name: str) -> None:
    found = read_recording(name)[0]
    ticket_id, fields = RECORDED[name]
    assert found.ticket_id == ticket_id
    assert {field: found.fields.get(field) for field in fields} == fields


@pytest.mark.parametrize(
    ("status", "category"),
    [
        ("new", "open"),
        ("Open", "in_progress"),
        ("PENDING", "in_progress"),
        ("hold", "in_progress"),
        ("On-hold", "in_progress"),
        ("Solved", "resolved"),
        ("CLOSED", "closed"),
        ("SCRUBBED", "cancelled"),
        ("Waiting for parts", None),
        (None, ""),
    ],
)
def test_a_status_means_the_same_in_every_case(status: str | None, category: str | None) -> None:
    body = {"ticket": {"id": 1, "status": status, "submitter_id": 2}}
    assert read("zendesk", body).fields.get("status_category") == category


@pytest.mark.parametrize("event", ["soft_deleted", "permanently_deleted", "marked_as_spam"])
def test_a_ticket_is_gone_when_it_is_deleted_or_spam(event: str) -> None:
    fields = read("zendesk", _event(event, status="OPEN")).fields
    assert (fields["deleted"], fields["status_category"]) == ("true", "cancelled")


def test_a_ticket_that_is_restored_is_deleted_no_more() -> None:
    fields = read("zendesk", _event("undeleted", status="OPEN")).fields
    assert (fields["deleted"], fields["status_category"]) == ("", "in_progress")


def test_an_event_that_does_not_speak_of_the_status_says_nothing_of_deletion() -> None:
    assert read("zendesk", _event("tags_changed", tags=["a"])).fields == {"number": "7", "labels": "a"}


def test_a_comment_has_the_same_id_in_events_triggers_and_the_api() -> None:
    ids = {
        field
        for name in ("zendesk.event_comment_internal", "zendesk.trigger", "zendesk.api")
        for field in read_fixture(name).fields
        if field.startswith("comment:")
    }
    assert ids == {"comment:54509304133530", "comment:54509304133531"}


def test_a_trigger_goes_by_its_invocation_and_an_event_by_its_own_id() -> None:
    headers = {"x-zendesk-webhook-invocation-id": "01ABC"}
    assert read_fixture("zendesk.trigger", headers).delivery_id == "01ABC"
    assert read_fixture("zendesk.event_created", headers).delivery_id == "0b6c1d5e-1111-4222-8333-444455556666"


def test_links_lead_to_the_agent_workspace() -> None:
    found = read_fixture("zendesk.event_created", base_url="https://acme.zendesk.com")
    assert found.fields["url"] == "https://acme.zendesk.com/agent/tickets/35436"


def test_a_placeholder_that_was_not_filled_in_is_no_id() -> None:
    with pytest.raises(NoTicket, match="a placeholder that the product did not fill in"):
        read("zendesk", {"ticket": {"id": "{{ticket.id}}", "subject": "x"}})


def test_the_trigger_template_is_read_as_the_api_is() -> None:
    (template,) = templates("zendesk")
    said = dict.fromkeys(PLACEHOLDER.findall(template), "") | {
        "{{ticket.id}}": "35436",
        "{{ticket.title}}": "Printer jams",
        "{{ticket.status}}": "Pending",
        "{{ticket.priority}}": "Urgent",
        "{{ticket.link}}": "https://acme.zendesk.com/agent/tickets/35436",
        "{{ticket.updated_at_with_timestamp}}": "2026-03-02T09:10:00Z",
        "{{ticket.latest_comment.id}}": "54509304133531",
        "{{ticket.latest_comment.value}}": "Toner is wet.",
        "{{ticket.latest_comment.is_public}}": "false",
    }
    found = read("zendesk", filled(template, said))
    assert (found.ticket_id, found.changed_at) == ("35436", at(9, 10))
    assert (found.fields["status_category"], found.fields["priority_level"]) == ("in_progress", "1")
    assert [(each.id, each.public) for each in comments_of(found.fields)] == [("54509304133531", False)]


def test_its_webhooks_are_verified_with_nothing_but_the_secret() -> None:
    body, moment = b'{"ticket": {"id": 1}}', "2026-03-02T08:00:00Z"
    signature = b64encode(hmac.digest(b"s3cret", moment.encode() + body, "sha256")).decode()
    headers = {"x-zendesk-webhook-signature": signature, "x-zendesk-webhook-signature-timestamp": moment}
    scheme = Scheme(**preset("zendesk").signature)
    assert wrong_signature(scheme, ["s3cret"], body, headers, at(8, 1)) is None
    assert wrong_signature(scheme, ["other"], body, headers, at(8, 1))
    assert wrong_signature(scheme, ["s3cret"], body, headers, at(9))


def _event(event: str, **detail: object) -> dict[str, object]:
    return {
        "type": f"zen:event-type:ticket.{event}",
        "subject": "zen:ticket:7",
        "time": "2026-03-02T10:00:00Z",
        "detail": {"id": "7", **detail},
        "event": {},
    }
