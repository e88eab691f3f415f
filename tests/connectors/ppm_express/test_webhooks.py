"""Our webhook is kept as it should be and others are left alone; a message points at tasks."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from infra.local.clients import wait_for
from infra.local.ppm_express.running import RunningPpmExpress
from infra.local.ppm_express.tenant import MOST_WEBHOOKS
from shared.connectors.ppm_express.api import PpmExpressApi
from shared.connectors.ppm_express.webhooks import EVENTS, Event, PpmExpressSubscriptions, event
from shared.errors import Park, Refused
from shared.ports import EVENTS_HEADER
from tests.connectors.subscriptions_contract import FIRST, SubscriptionsContract
from tests.local.azure_devops.receiver import Receiver

TASK, PROJECT = "30000000-0000-4000-8000-00000000000a", "10000000-0000-4000-8000-000000000001"
RIGHT = {"eventTypes": list(EVENTS), "headers": [{"name": EVENTS_HEADER, "value": "s3cret"}], "httpVerb": "POST"}
FOREIGN = "https://other.example/"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


class Tenant:
    def __init__(self, ppm: RunningPpmExpress, api: PpmExpressApi, receiver: Receiver) -> None:
        self.subscriptions = PpmExpressSubscriptions(api)
        self.address = receiver.url
        self.projects = (ppm.project,)
        self.api = api
        self._ppm = ppm
        self._receiver = receiver

    def ours(self) -> set[str]:
        return {webhook["id"] for webhook in self.api.webhooks() if webhook["url"] == self.address}

    def others(self) -> set[str]:
        return {webhook["id"] for webhook in self.api.webhooks()} - self.ours()

    def delete(self, ids: Iterable[str]) -> None:
        for id in ids:
            self.api.delete_webhook(id)

    def double(self) -> None:
        ours = next(webhook for webhook in self.api.webhooks() if webhook["url"] == self.address)
        self.api.create_webhook({name: value for name, value in ours.items() if name != "id"})

    def heard(self) -> set[str]:
        self._ppm.control.create({"Name": "Printer"})
        wait_for(self._ppm.control.under_way, lambda count: count == 0, "told")
        told = [self._receiver.received.get() for _ in range(self._receiver.received.qsize())]
        return {headers[EVENTS_HEADER] for headers, _ in told}


@pytest.fixture
def tenant(ppm: RunningPpmExpress, api: PpmExpressApi, receiver: Receiver) -> Tenant:
    api.create_webhook({**RIGHT, "eventTypes": [], "url": FOREIGN})
    return Tenant(ppm, api, receiver)


class TestSubscriptions(SubscriptionsContract):
    @pytest.fixture
    def product(self, tenant: Tenant) -> Tenant:
        return tenant


@pytest.mark.parametrize(
    "change",
    [
        {"headers": [{"name": EVENTS_HEADER, "value": "by hand"}]},
        {"headers": []},
        {"eventTypes": ["Task:Created"]},
        {"httpVerb": "PUT"},
    ],
)
def test_a_webhook_that_is_not_as_it_should_be_is_replaced(tenant: Tenant, change: dict[str, Any]) -> None:
    wrong = tenant.api.create_webhook({**RIGHT, "url": tenant.address, **change})
    tenant.subscriptions.ensure(tenant.address, FIRST, tenant.projects)
    assert wrong["id"] not in tenant.ours()
    assert len(tenant.ours()) == 1


def test_all_webhooks_are_never_deleted_at_once(tenant: Tenant) -> None:
    with pytest.raises(ValueError, match="no id"):
        tenant.api.delete_webhook("")
    assert len(tenant.others()) == 1


def test_a_tenant_full_of_webhooks_says_so(tenant: Tenant) -> None:
    for number in range(MOST_WEBHOOKS - 1):
        tenant.api.create_webhook({**RIGHT, "url": f"{FOREIGN}{number}"})
    with pytest.raises(Park, match=f"{MOST_WEBHOOKS} webhooks"):
        tenant.subscriptions.ensure(tenant.address, FIRST, tenant.projects)


def test_what_people_do_arrives_as_an_event(ppm: RunningPpmExpress, tenant: Tenant, receiver: Receiver) -> None:
    tenant.subscriptions.ensure(tenant.address, FIRST, tenant.projects)
    task = ppm.control.create({"Name": "Printer"})
    ppm.control.edit(task, {"Name": "Calm printer"})
    ppm.control.delete(task)
    for _ in EVENTS:
        _, body = receiver.received.get(timeout=5)
        assert event(json.dumps(body).encode()) == Event((task,), (ppm.project,))


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
    assert event(body) == found


@pytest.mark.parametrize("body", [b"", b"not JSON", b"\xff\xfe\xfd", b"[]", b'{"Data": null}', b"{}"])
def test_a_message_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        event(body)
    assert refused.value.status == 400
