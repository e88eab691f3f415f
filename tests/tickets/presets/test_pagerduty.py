"""PagerDuty: events of webhooks v3, batches of webhooks v2, incidents of the REST API."""

import hashlib
import hmac
from typing import Any

import pytest

from shared.errors import NoTicket
from shared.model import Comment, Push
from shared.tickets.preset import preset
from shared.tickets.signatures import Scheme, wrong_signature
from tests.tickets.presets.helpers import (
    RECEIVED,
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

INCIDENT = {
    "number": "71",
    "kind": "incident",
    "title": "Checkout answers 500",
    "status": "triggered",
    "status_category": "open",
    "priority": "P2",
    "priority_level": "2",
    "team": "Network; Payments",
    "team_id": "PTEAM01; PTEAM02",
    "assignee": "Ann Lee; Bob Ray",
    "url": "https://acme.pagerduty.example/incidents/PINC001",
    "urgency": "high",
    "service": "Payments",
    "service_id": "PSVC001",
    "incident_type": "major",
    "escalation_policy": "Default",
}
OLDER = {
    "number": "72",
    "kind": "incident",
    "title": "Disk is full",
    "body": "On build server 4.",
    "body_format": "text",
    "status": "triggered",
    "status_category": "open",
    "priority": "low",
    "priority_level": "4",
    "team": "Payments",
    "team_id": "PTEAM02",
    "assignee": "Ann Lee",
    "url": "https://acme.pagerduty.example/incidents/PINC002",
    "urgency": "low",
    "service": "Payments",
    "service_id": "PSVC001",
}

EXPECTED = {
    "v3_triggered": push("PINC001", INCIDENT, changed_at=at(8, 0, 0, 120), delivery_id="01EVENT1", actor="PANN001"),
    "v3_annotated": push(
        "PINC001",
        commented(Comment("PNOTE01", "The card service is down.", author="Bob Ray", at="2026-03-02T08:10:00.200Z")),
        changed_at=at(8, 10, 0, 200),
        delivery_id="01EVENT2",
        actor="PBOB001",
    ),
    "v3_status_update": push(
        "PINC001",
        commented(
            Comment("PUPD001", "A fix is on its way.", author="Ann Lee", public=True, at="2026-03-02T08:20:00.300Z")
        ),
        changed_at=at(8, 20, 0, 300),
        delivery_id="01EVENT3",
        actor="PANN001",
    ),
    "v3_task": push("PINC001", {}, changed_at=at(8, 30), delivery_id="01EVENT5", actor="PANN001"),
    "v3_resolved_by_merging": push(
        "PINC001",
        INCIDENT
        | {
            "status": "resolved",
            "status_category": "resolved",
            "priority": "low",
            "priority_level": "4",
            "urgency": "low",
            "team": "",
            "team_id": "",
            "assignee": "",
            "merged_into": "PINC000",
        },
        changed_at=at(9, 0, 0, 400),
        delivery_id="01EVENT4",
        actor="PANN001",
    ),
    "api": push("PINC002", OLDER, changed_at=at(8, 30)),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_form_is_read_whole(name: str) -> None:
    assert read_fixture(f"pagerduty.{name}") == EXPECTED[name]


def test_each_message_of_a_batch_has_a_fate_of_its_own() -> None:
    triggered, annotated, nothing = read_all("pagerduty", fixture("pagerduty.v2_messages"))
    assert isinstance(triggered, Push)
    assert (triggered.ticket_id, triggered.fields) == ("PINC002", OLDER)
    assert (triggered.changed_at, triggered.delivery_id, triggered.actor) == (at(8), "a1-uuid", "PBOB001")
    assert isinstance(annotated, Push)
    assert (annotated.ticket_id, annotated.fields["status_category"]) == ("PINC003", "in_progress")
    assert "body" not in annotated.fields
    note = Comment("RLOG002", "Deleted the old builds.", author="Bob Ray", at="2026-03-02T08:05:00Z")
    assert annotated.fields.items() >= commented(note).items()
    assert isinstance(nothing, NoTicket)
    assert nothing.reason.startswith("ticket 3 of 3: no pagerduty ticket")


@pytest.mark.parametrize(
    "body",
    [
        fixture("pagerduty.v3_service"),
        {"event": {"id": "1", "event_type": "pagey.ping", "data": {"message": "Hello", "type": "ping"}}},
        {"id": "PINC001", "type": "incident_reference"},
        {"incidents": []},
    ],
)
def test_an_event_without_an_incident_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(NoTicket, match="no pagerduty ticket in this body"):
        read("pagerduty", body)


def test_an_event_about_the_roles_of_an_incident_names_it_in_the_first_of_them() -> None:
    data = {"type": "incident_role_assignment", "incident_role_assignments": [{"incident": {"id": "PINC001"}}]}
    assert read("pagerduty", {"event": {"event_type": "incident.role.assigned", "data": data}}).ticket_id == "PINC001"


def test_the_same_event_is_one_delivery_whichever_webhook_brings_it() -> None:
    one, other = (read_fixture("pagerduty.v3_triggered", {"x-webhook-id": each}) for each in ("w-1", "w-2"))
    assert one.delivery_id == other.delivery_id == "01EVENT1"


@pytest.mark.parametrize(
    ("priority", "urgency", "level"),
    [({"summary": "P1"}, "low", "1"), ({"summary": "Sev 1"}, "high", None), (None, "high", "2"), (None, "low", "4")],
)
def test_an_incident_without_a_priority_has_its_urgency(priority: Any, urgency: str, level: str | None) -> None:
    incident = {"id": "P1", "type": "incident", "priority": priority, "urgency": urgency}
    assert read("pagerduty", {"incident": incident}).fields.get("priority_level") == level


def test_any_of_its_signatures_may_fit() -> None:
    scheme, body = Scheme(**preset("pagerduty").signature), b'{"event": {}}'
    told = ",".join(f"v1={hmac.new(secret, body, hashlib.sha256).hexdigest()}" for secret in (b"old", b"new"))
    headers = {"x-pagerduty-signature": told}
    assert wrong_signature(scheme, ["new"], body, headers, RECEIVED) is None
    assert wrong_signature(scheme, ["other"], body, headers, RECEIVED)


@pytest.mark.parametrize("name", [name for name in names() if name == "pagerduty.webhook-2"])
def test_recorded_event(name: str) -> None:
    (found,) = read_recording(name)
    assert isinstance(found, Push)
    assert (found.ticket_id, found.delivery_id) == ("PGR0VU2", "01BWDWL3NYY7LUFPZCC28QUCMK")
    expected = {"number": "2", "team": "Engineering", "priority_level": "1", "status_category": "open"}
    assert found.fields.items() >= expected.items()
