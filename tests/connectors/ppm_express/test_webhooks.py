"""Our webhook is kept as it should be and others are left alone; a message with the secret points at tasks."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.ppm_express.running import RunningPpmExpress
from infra.local.ppm_express.tenant import MOST_WEBHOOKS
from shared.connectors.ppm_express.api import PpmExpressApi
from shared.connectors.ppm_express.side import PpmExpressSide
from shared.connectors.ppm_express.webhooks import EVENTS, HEADER, Event, event
from shared.errors import Park, Refused
from tests.local.azure_devops.receiver import Receiver

URL = "https://bridge.example/api/ppm/pmo/events"
TASK, PROJECT = "30000000-0000-4000-8000-00000000000a", "10000000-0000-4000-8000-000000000001"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def test_a_webhook_is_made_once(api: PpmExpressApi, side: PpmExpressSide) -> None:
    made = side.ensure_webhook(URL, "s3cret")
    assert side.ensure_webhook(URL, "s3cret") == made
    assert [webhook["id"] for webhook in api.webhooks()] == [made]


@pytest.mark.parametrize(
    "change",
    [
        {"headers": [{"name": HEADER, "value": "old"}]},
        {"headers": []},
        {"eventTypes": ["Task:Created"]},
        {"httpVerb": "PUT"},
    ],
)
def test_a_webhook_that_is_not_as_it_should_be_is_replaced(
    api: PpmExpressApi, side: PpmExpressSide, change: dict[str, Any]
) -> None:
    right = {"eventTypes": list(EVENTS), "headers": [{"name": HEADER, "value": "s3cret"}], "httpVerb": "POST"}
    wrong = api.create_webhook({**right, "url": URL, **change})
    foreign = api.create_webhook({**right, "url": "https://other.example/", **change})
    made = side.ensure_webhook(URL, "s3cret")
    assert made != wrong["id"]
    assert {webhook["id"] for webhook in api.webhooks()} == {made, foreign["id"]}
    assert side.ensure_webhook(URL, "s3cret") == made


def test_a_webhook_that_somebody_deleted_is_made_again(api: PpmExpressApi, side: PpmExpressSide) -> None:
    api.delete_webhook(side.ensure_webhook(URL, "s3cret"))
    side.ensure_webhook(URL, "s3cret")
    assert len(api.webhooks()) == 1


def test_doubles_are_deleted(api: PpmExpressApi, side: PpmExpressSide) -> None:
    kept = side.ensure_webhook(URL, "s3cret")
    (webhook,) = api.webhooks()
    api.create_webhook({name: value for name, value in webhook.items() if name != "id"})
    assert side.ensure_webhook(URL, "s3cret") == kept
    assert len(api.webhooks()) == 1


def test_all_webhooks_are_never_deleted_at_once(api: PpmExpressApi, side: PpmExpressSide) -> None:
    side.ensure_webhook(URL, "s3cret")
    with pytest.raises(ValueError, match="no id"):
        api.delete_webhook("")
    assert len(api.webhooks()) == 1


def test_a_tenant_full_of_webhooks_says_so(api: PpmExpressApi, side: PpmExpressSide) -> None:
    for number in range(MOST_WEBHOOKS):
        api.create_webhook({"eventTypes": [], "headers": [], "httpVerb": "POST", "url": f"https://x.example/{number}"})
    with pytest.raises(Park):
        side.ensure_webhook(URL, "s3cret")


def test_what_people_do_arrives_as_an_event(ppm: RunningPpmExpress, side: PpmExpressSide, receiver: Receiver) -> None:
    side.ensure_webhook(receiver.url, "s3cret")
    task = ppm.control.create({"Name": "Printer"})
    ppm.control.edit(task, {"Name": "Calm printer"})
    ppm.control.delete(task)
    for _ in EVENTS:
        headers, body = receiver.received.get(timeout=5)
        assert event(json.dumps(body).encode(), headers, "s3cret") == Event((task,), (ppm.project,))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"Id": TASK, "ProjectId": PROJECT}, Event((TASK,), (PROJECT,))),
        ({"taskId": TASK}, Event((TASK,), ())),
        ({"task": {"id": TASK, "attributes": {"AssignedTo": [{"id": PROJECT}]}}}, Event((TASK,), ())),
        ({"id": TASK, "entity_id": TASK}, Event((TASK,), ())),
        ({"id": "4711", "Name": TASK}, Event((), ())),
        ({}, Event((), ())),
    ],
)
def test_a_message_points_at_whatever_is_called_an_id(data: dict[str, Any], found: Event) -> None:
    body = json.dumps({"WebhookId": PROJECT, "MessageId": PROJECT, "Data": data}).encode()
    assert event(body, {HEADER.upper(): "s3cret"}, "s3cret") == found


@pytest.mark.parametrize(
    ("headers", "secret"),
    [({}, "s3cret"), ({HEADER: "wrong"}, "s3cret"), ({HEADER: ""}, ""), ({HEADER: "sécret"}, "s3cret")],
)
def test_a_message_without_the_secret_is_refused(headers: dict[str, str], secret: str) -> None:
    with pytest.raises(Refused) as refused:
        event(b'{"Data": {}}', headers, secret)
    assert refused.value.status == 401


@pytest.mark.parametrize("body", [b"", b"not JSON", b"\xff\xfe\xfd", b"[]", b'{"Data": null}', b"{}"])
def test_a_message_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        event(body, {HEADER: "s3cret"}, "s3cret")
    assert refused.value.status == 400
