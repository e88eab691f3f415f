"""A real Request Tracker pushes what happens to its tickets, signed, in order, in the layout its preset expects."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from infra.local.request_tracker import RequestTracker
from tests.real.conftest import Delivery, Receiver

pytestmark = pytest.mark.real

SECRET = 'it\'s a $ecret with "quotes" in it'


def signed_with(secret: str, delivery: Delivery) -> bool:
    expected = hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(delivery.headers["X-Hub-Signature"], f"sha256={expected}")


def bodies(deliveries: list[Delivery]) -> list[dict[str, Any]]:
    return [json.loads(delivery.body) for delivery in deliveries]


def test_a_tickets_life_arrives_signed_and_in_order(request_tracker: RequestTracker, receiver: Receiver) -> None:
    request_tracker.start(receiver.url, SECRET)
    ticket = request_tracker.create_ticket("VPN down", content="Cannot connect", requestor="ann@example.com")
    request_tracker.update(ticket, Subject="VPN für Zürich down ☕")
    request_tracker.update(ticket, Status="open")
    request_tracker.comment(ticket, "Looking")
    request_tracker.reply(ticket, "Please try again")
    request_tracker.update(ticket, Status="resolved")

    deliveries = receiver.take(6)
    pushed = bodies(deliveries)
    assert [(push["event"], push["field"], push["old"], push["new"], push["content"]) for push in pushed] == [
        ("Create", None, None, None, "Cannot connect"),
        ("Set", "Subject", "VPN down", "VPN für Zürich down ☕", None),
        ("Status", "Status", "new", "open", None),
        ("Comment", None, None, None, "Looking"),
        ("Correspond", None, None, None, "Please try again"),
        ("Status", "Status", "open", "resolved", None),
    ]
    assert all(signed_with(SECRET, delivery) for delivery in deliveries)
    assert not any(signed_with("another secret", delivery) for delivery in deliveries)

    transactions = [push["transaction_id"] for push in pushed]
    assert transactions == sorted(set(transactions))
    assert transactions == [int(delivery.headers["X-RT-Delivery"]) for delivery in deliveries]

    last = pushed[-1]["ticket"]
    shown = request_tracker.ticket(ticket)
    times = {"created": last["created"], "last_updated": last["last_updated"]}
    created, last_updated = (time.replace(" ", "T") + "Z" for time in times.values())
    assert created == shown["Created"]
    # The push leaves within the change, and RT touches the ticket once more afterwards.
    assert created <= last_updated <= shown["LastUpdated"]
    assert last == times | {
        "id": ticket,
        "subject": "VPN für Zürich down ☕",
        "status": "resolved",
        "queue": "General",
        "owner": "Nobody",
        "priority": 10,
        "requestors": ["ann@example.com"],
        "url": f"{request_tracker.url}/Ticket/Display.html?id={ticket}",
    }


def test_one_request_that_changes_two_fields_is_two_pushes(request_tracker: RequestTracker, receiver: Receiver) -> None:
    request_tracker.start(receiver.url, SECRET)
    ticket = request_tracker.create_ticket("VPN down")
    request_tracker.update(ticket, Subject="VPN slow", Priority=50)

    created, *changes = bodies(receiver.take(3))
    assert created["event"] == "Create"
    assert sorted((push["event"], push["field"], push["old"], push["new"]) for push in changes) == [
        ("Set", "Priority", "10", "50"),
        ("Set", "Subject", "VPN down", "VPN slow"),
    ]
    assert (changes[-1]["ticket"]["subject"], changes[-1]["ticket"]["priority"]) == ("VPN slow", 50)


def test_tickets_outlive_a_restart_with_another_webhook(request_tracker: RequestTracker, receiver: Receiver) -> None:
    request_tracker.start(receiver.url, SECRET)
    ticket = request_tracker.create_ticket("VPN down")
    request_tracker.stop()
    request_tracker.start(receiver.url + "/elsewhere", "another secret")
    request_tracker.update(ticket, Status="open")

    before, after = receiver.take(2)
    assert signed_with(SECRET, before)
    assert signed_with("another secret", after)
    assert [push["ticket"]["id"] for push in bodies([before, after])] == [ticket, ticket]


def test_a_refused_push_is_logged_and_the_change_stands(request_tracker: RequestTracker, receiver: Receiver) -> None:
    request_tracker.start(receiver.url, SECRET)
    receiver.answer = 503
    ticket = request_tracker.create_ticket("VPN down")
    (refused,) = receiver.take(1)
    assert request_tracker.ticket(ticket)["Subject"] == "VPN down"
    assert f"webhook of transaction {refused.headers['X-RT-Delivery']}: 503" in request_tracker.log
