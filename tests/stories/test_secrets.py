"""Tokens and secrets stay where they belong: in no log, table, queue or answer, also after they were refused."""

from base64 import b64encode
from uuid import uuid4

import pytest
import yaml
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from infra.local.clients import wait_for
from infra.local.cloud import TOKEN, TOKEN_SECRET
from tests.stories.conftest import SIGNING_SECRET
from tests.stories.products import desks


def stored(connection_string: str) -> str:
    """Everything in tables and queues, as text."""
    with TableServiceClient.from_connection_string(connection_string) as tables:
        rows = [row for table in tables.list_tables() for row in tables.get_table_client(table.name).list_entities()]
    with QueueServiceClient.from_connection_string(connection_string) as queues:
        names = [queue.name for queue in queues.list_queues()]
        messages = [m for name in names for m in queues.get_queue_client(name).peek_messages(max_messages=32)]
    return repr(rows) + repr([message.content for message in messages])


def test_no_token_or_secret_is_told_or_stored(cloud, product):
    refused = f"refused-{uuid4().hex}"
    cloud.key_vault.rotate(TOKEN_SECRET, refused)
    cloud.control.token(state="expired")
    signed = {
        "transaction_id": 1,
        "event": "Create",
        "ticket": {"id": uuid4().int % 10**9, "subject": "x", "status": "new"},
    }
    answer = product.push("rt", signed, secret=SIGNING_SECRET)
    status = answer.json()["status_url"]
    waiting = product.settled(status, "waiting")
    cloud.control.token(value=TOKEN)
    cloud.key_vault.rotate(TOKEN_SECRET, TOKEN)
    wait_for(lambda: product.ticket(status)["state"], lambda state: state == "synced", "synced")

    told = f"{answer.text}{waiting}{product.configuration()}{product.get('connections').text}{cloud.host.log}"
    kept = stored(cloud.storage.connection_string)
    secrets = [TOKEN, refused, SIGNING_SECRET]
    for secret in [*secrets, *(b64encode(f":{secret}".encode()).decode() for secret in secrets)]:
        assert secret not in told
        assert secret not in kept


@pytest.fixture
def all_desks(cloud, product):
    """The products that are answered, connected beside the others for as long as this test runs."""
    before = product.configuration()
    with desks(cloud, product) as by_name:
        document = yaml.safe_load(before)
        document["connections"] |= {desk.connection: desk.configuration for desk in by_name.values()}
        document["routes"] = [*(desk.route for desk in by_name.values()), *document["routes"]]
        assert product.configure(yaml.safe_dump(document)).ok
        yield by_name.values()
        assert product.configure(before).ok


def test_no_secret_of_a_product_is_told_or_stored(cloud, product, board, all_desks):
    secrets, tickets = [], []
    for desk in all_desks:
        secrets += [desk.product.secret, *desk.product.authorizations()]  # the vault's, refused from now on
        desk.product.secret = uuid4().hex
        secrets += [desk.product.secret, *desk.product.authorizations()]
        tickets.append(desk.product.create_ticket("Secret"))
    statuses = [desk.push(id) for desk, id in zip(all_desks, tickets, strict=True)]
    told = [product.settled(status, "waiting") for status in statuses] + [product.get("connections").text]
    for desk in all_desks:
        desk.renew_secret(desk.product.secret)
    work_items = [product.settled(status, "synced")["work_item"]["id"] for status in statuses]
    for desk, id, work_item in zip(all_desks, tickets, work_items, strict=True):
        desk.wait_until_introduced(id, work_item)

    told += [product.ticket(status) for status in statuses]
    told += [product.configuration(), product.get("connections").text, cloud.host.log]
    told += [(board.work_item(id), board.comments(id)) for id in work_items]
    told += [desk.product.comments(id) for desk, id in zip(all_desks, tickets, strict=True)]
    told = repr(told) + stored(cloud.storage.connection_string)
    assert [secret for secret in secrets if secret.split()[-1] in told] == []
