"""When Azure DevOps cannot: what waits, what is parked, and that nothing is lost."""

from uuid import uuid4

import pytest

from infra.local.cloud import TOKEN_SECRET


def push(product, **more) -> str:
    body = {"id": uuid4().hex, "title": "VPN down", "team": "Network", "status": "open", "version": 1, **more}
    return product.push("generic", body).json()["status_url"]


def test_throttling_makes_everyone_wait_and_costs_no_attempt(cloud, product):
    cloud.control.fault(call="work_items.create", status=429, retry_after=2, times=1)
    status = push(product)
    assert product.settled(status, "waiting", "synced")
    connection = next(c for c in product.get("connections").json()["connections"] if c["name"] == "contoso")
    assert connection["state"] in ("paused", "open")
    assert product.settled(status, "synced")["work_item"]
    assert "reconcile_item FAILED" not in cloud.host.log and "poison" not in cloud.host.log


def test_an_answer_that_is_good_but_asks_to_wait_makes_everyone_wait(cloud, product):
    product.settled(push(product), "synced")  # types and teams are known now: the next call is the create
    cloud.control.throttle(mode="delay", seconds=0.1, retry_after=4, times=1)
    assert product.settled(push(product), "synced")["work_item"]
    connection = next(c for c in product.get("connections").json()["connections"] if c["name"] == "contoso")
    assert connection["state"] == "paused"
    late = push(product)
    assert "asked us to wait" in product.settled(late, "waiting")["reason"]
    assert product.settled(late, "synced")["work_item"]


def test_what_the_process_refuses_is_parked_with_its_sentence_and_others_go_on(cloud, product):
    cloud.control.rules(require=[{"type": "User Story", "field": "System.AssignedTo"}])
    parked = product.settled(push(product), "parked")
    assert "TF401320" in parked["reason"]
    assert parked["route"] == "network"
    assert product.settled(push(product, team="", kind="project_task"), "synced"), "a Task is not held up"
    cloud.control.rules()
    product.look_again(f"{product.url}/api/tickets/generic/{parked['ticket']}")
    assert product.settled(f"{product.url}/api/tickets/generic/{parked['ticket']}", "synced")


@pytest.mark.parametrize("fault", [{"state": "expired"}, {"state": "revoked"}], ids=lambda fault: fault["state"])
def test_a_bad_token_stops_the_connection_with_one_message_until_it_is_renewed(cloud, product, board, fault):
    cloud.control.token(**fault)
    statuses = [push(product) for _ in range(3)]
    for status in statuses:
        assert TOKEN_SECRET in product.settled(status, "waiting")["reason"]
    connection = next(c for c in product.get("connections").json()["connections"] if c["name"] == "contoso")
    assert connection["state"] == "stopped"
    renewed = uuid4().hex
    cloud.control.token(value=renewed)
    cloud.key_vault.rotate(TOKEN_SECRET, renewed)
    for status in statuses:
        assert product.settled(status, "synced")["work_item"]


@pytest.mark.parametrize(
    "fault",
    [
        {"when": "before", "status": 503},
        {"when": "after", "status": 503},
        {"when": "after", "status": "drop"},
        {"when": "late", "status": "drop", "late_seconds": 1},
    ],
    ids=lambda fault: f"{fault['when']}-{fault['status']}",
)
@pytest.mark.slow
def test_a_create_that_fails_after_landing_or_lands_late_leaves_one_work_item(cloud, product, board, fault):
    title = f"Only once {uuid4().hex[:8]}"
    cloud.control.fault(call="work_items.create", times=1, item=title, **fault)
    ticket = product.settled(push(product, title=title), "synced")
    found = [id for id in board.everything() if board.work_item(id)["fields"]["System.Title"] == title]
    assert found == [ticket["work_item"]["id"]]
