"""How service hooks get to their receivers: what is sent along, what becomes of failures, and what goes astray."""

import threading
from base64 import b64encode

import pytest

from tests.local.azure_devops.client import Client
from tests.local.azure_devops.receiver import (
    QUICK,
    SECONDS,
    Receiver,
    received,
    settle,
    status,
    subscribe,
    subscription,
)


def test_authentication_headers_and_amounts(client: Client, receiver: Receiver) -> None:
    subscribe(
        client,
        receiver,
        "workitem.created",
        consumer_basicAuthUsername="board",
        consumer_basicAuthPassword="secret",
        consumer_httpHeaders="X-Key: one: two\nX-Other: three",
        consumer_resourceDetailsToSend="minimal",
        consumer_messagesToSend="none",
        consumer_detailedMessagesToSend="text",
    )
    client.create()
    headers, event = receiver.received.get(timeout=SECONDS)
    assert headers["Authorization"] == "Basic " + b64encode(b"board:secret").decode()
    assert (headers["X-Key"], headers["X-Other"]) == ("one: two", "three")
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert event["resource"].keys() == {"id", "url"}
    assert (event["message"], list(event["detailedMessage"])) == (None, ["text"])


@pytest.mark.parametrize("code", [408, 502, 503, 504])
def test_passing_failures_are_tried_again(client: Client, receiver: Receiver, code: int) -> None:
    client.control.hooks(time_factor=QUICK)
    receiver.answers = [code] * 8 + [200]
    made = subscribe(client, receiver, "workitem.created")
    client.create()
    ids = {event["id"] for event in received(client, receiver)}
    assert (len(ids), status(client, made)) == (1, "enabled")
    [sent] = client.get(f"_apis/hooks/subscriptions/{made['id']}/notifications")["value"]
    assert (sent["status"], sent["result"], {sent["eventId"]}) == ("completed", "succeeded", ids)
    details = client.get(f"_apis/hooks/subscriptions/{made['id']}/notifications/{sent['id']}")["details"]
    assert details["requestAttempts"] == 9


def test_gone_disables_at_once(client: Client, receiver: Receiver) -> None:
    receiver.answers = [410]
    made = subscribe(client, receiver, "workitem.created")
    client.create()
    assert len(received(client, receiver)) == 1
    client.create()
    assert received(client, receiver) == []
    assert status(client, made) == "disabledBySystem"


def test_a_lasting_failure_is_probation_and_success_ends_it(client: Client, receiver: Receiver) -> None:
    client.control.hooks(time_factor=QUICK)
    receiver.answers = [500, 200]
    receiver.gate = threading.Semaphore(0)
    made = subscribe(client, receiver, "workitem.created")
    client.create()
    receiver.next()
    assert status(client, made) == "enabled"
    receiver.gate.release()
    receiver.next()  # the retry, not answered yet
    assert status(client, made) == "onProbation"
    client.create()
    [limited, _] = client.get(f"_apis/hooks/subscriptions/{made['id']}/notifications")["value"]
    assert limited["result"] == "filtered"
    receiver.gate.release()
    settle(client)
    assert status(client, made) == "enabled"


@pytest.mark.parametrize(("code", "attempts"), [(404, 1 + 7), (503, 9 + 7)])
def test_probation_ends_in_being_disabled(client: Client, receiver: Receiver, code: int, attempts: int) -> None:
    client.control.hooks(time_factor=QUICK)
    receiver.answers = [code]
    made = subscribe(client, receiver, "workitem.created")
    client.create()
    assert len(received(client, receiver)) == attempts
    shown = client.get(f"_apis/hooks/subscriptions/{made['id']}")
    assert (shown["status"], shown["probationRetries"]) == ("disabledBySystem", "7")
    client("PUT", f"_apis/hooks/subscriptions/{made['id']}", made)
    receiver.answers = [200]
    client.create()
    assert len(received(client, receiver)) == 1


def test_nobody_listens(client: Client, receiver: Receiver) -> None:
    client.control.hooks(time_factor=QUICK)
    body = subscription("http://127.0.0.1:9/", "workitem.created")  # the discard port, where nobody is
    made = client("POST", "_apis/hooks/subscriptions", body).json()
    client.create()
    settle(client)
    assert status(client, made) == "disabledBySystem"


def test_notifications_are_counted(client: Client, receiver: Receiver) -> None:
    made = subscribe(client, receiver, "workitem.created")
    client.create()
    settle(client)
    receiver.answers = [410]
    client.create()
    settle(client)
    query = {"subscriptionIds": [made["id"]], "resultType": "failed", "includeDetails": True}
    answer = client("POST", "_apis/hooks/notificationsquery", query).json()
    assert [each["details"]["errorMessage"] for each in answer["results"]] == ["The receiver answered 410."]
    counts = {each["result"]: each["notificationCount"] for each in answer["summary"][0]["results"]}
    assert counts == {"succeeded": 1, "failed": 1}


@pytest.mark.parametrize(
    ("mishap", "expected"),
    [({"lose": 1}, []), ({"double": 1}, [1, 1, 2, 2, 3, 3]), ({"delay_seconds": 0.01}, [1, 2, 3])],
)
def test_events_are_lost_doubled_and_late(
    client: Client, receiver: Receiver, mishap: dict[str, float], expected: list[int]
) -> None:
    subscribe(client, receiver, "workitem.created")
    client.control.hooks(**mishap)
    for _ in range(3):
        client.create()
    assert sorted(event["resource"]["id"] for event in received(client, receiver)) == expected


def test_events_overtake_one_another(client: Client, receiver: Receiver) -> None:
    subscribe(client, receiver, "workitem.created")
    client.control.hooks(reorder=1, hold_seconds=30)
    client.create()
    client.control.hooks()
    client.create()
    assert [receiver.next()["resource"]["id"] for _ in range(2)] == [2, 1]


def test_a_slow_receiver_holds_up_nobody(client: Client, receiver: Receiver) -> None:
    subscribe(client, receiver, "workitem.created")
    receiver.gate = threading.Semaphore(0)
    client.create()
    assert receiver.next()["resource"]["id"] == 1
    assert client.item(1)["rev"] == 1
    assert client.control.hooks_under_way() == 1
    receiver.gate.release()
    settle(client)


def test_a_reset_forgets_subscriptions_and_what_is_under_way(client: Client, receiver: Receiver) -> None:
    subscribe(client, receiver, "workitem.created")
    client.control.hooks(delay_seconds=30)
    client.create()
    assert client.control.hooks_under_way() == 1
    client.control.reset()
    assert client.control.hooks_under_way() == 0
    client.create()
    assert receiver.nothing_more()
