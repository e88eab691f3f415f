"""The history of one ticket of each product, shuffled, repeated and partly at once, ends as one work item in its newest
state, with each comment once.

`histories/<kind>.yaml` tells what a product sends from the creation of a ticket until it is closed, with the headers
that it adds, and the work item at the end. Signatures are made here: some of them hold the moment of sending.
"""

import base64
import hmac
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests
import yaml

from infra.local.clients import Product, taken, wait_for
from tests.stories.conftest import SIGNING_SECRET
from tests.stories.seen import bearing, seen, to_compare

HISTORIES = Path(__file__).with_name("histories")
KINDS = sorted(file.stem for file in HISTORIES.glob("*.yaml") if file.stem != "routes")
SEEDS = (1, 2)
AT_ONCE = 4

type Case = tuple[str, int]


def history(kind: str) -> dict[str, Any]:
    return yaml.safe_load((HISTORIES / f"{kind}.yaml").read_text())


def connection(case: Case) -> str:
    kind, seed = case
    return f"{kind.replace('_', '-')}-{seed}"


def marked(case: Case) -> Any:
    """The case with its name, and marked where the product does not do yet what is expected."""
    reason = history(case[0]).get("xfail")
    marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    return pytest.param(case, id=connection(case), marks=marks)


CASES: list[Case] = [(kind, seed) for kind in KINDS for seed in SEEDS]


@pytest.fixture(scope="module")
def configured(running) -> Iterator[None]:
    """The organisation of the stories with a connection for each case, and what was configured before after."""
    _, product, _ = running
    before = product.configuration()
    organisation = yaml.safe_load(before)["connections"]["contoso"]
    connections = {"contoso": organisation, **{connection(case): history(case[0])["connection"] for case in CASES}}
    routes = yaml.safe_load((HISTORIES / "routes.yaml").read_text())
    answer = product.configure(yaml.safe_dump({"connections": connections, **routes}))
    assert answer.ok, answer.text
    yield
    assert product.configure(before).ok


@pytest.fixture(scope="module")
def told(running, configured) -> dict[Case, list[requests.Response]]:
    """The answers to all deliveries of all cases, once nothing more is to be done for any."""
    _, product, _ = running
    with ThreadPoolExecutor(AT_ONCE) as senders:
        answers = {case: deliver(product, case, senders) for case in CASES}
    for case in CASES:
        for address in status_urls(answers[case]):
            wait_for(
                lambda address=address: product.ticket(address),
                lambda ticket: ticket["state"] == "synced",
                "synced",
                patience_seconds=30,
            )
    return answers


@pytest.fixture(scope="module")
def items(running, told) -> list[dict[str, Any]]:
    _, _, board = running
    return board.work_items(board.everything())


def deliver(product: Product, case: Case, senders: ThreadPoolExecutor) -> list[requests.Response]:
    """Each push twice, shuffled by the seed, `AT_ONCE` at a time: the answers come in the order of sending."""
    kind, seed = case
    pushes = history(kind)["pushes"] * 2
    Random(f"{kind} {seed}").shuffle(pushes)
    return list(senders.map(lambda each: push(product, case, each), pushes))


def push(product: Product, case: Case, each: dict[str, Any]) -> requests.Response:
    body = json.dumps(each["body"]).encode()
    return taken(lambda: product.push(connection(case), body, **each.get("headers", {}), **signed(case[0], body)))


def signed(kind: str, body: bytes) -> dict[str, str]:
    """How the product proves that it sent the body, where it can."""
    key = SIGNING_SECRET.encode()
    match kind:
        case "jira" | "request_tracker":
            return {"X-Hub-Signature": f"sha256={hmac.digest(key, body, 'sha256').hex()}"}
        case "zammad":
            return {"X-Hub-Signature": f"sha1={hmac.digest(key, body, 'sha1').hex()}"}
        case "pagerduty":
            return {"X-PagerDuty-Signature": f"v1={'0' * 64},v1={hmac.digest(key, body, 'sha256').hex()}"}
        case "zendesk":
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            proof = base64.b64encode(hmac.digest(key, now.encode() + body, "sha256")).decode()
            return {"X-Zendesk-Webhook-Signature": proof, "X-Zendesk-Webhook-Signature-Timestamp": now}
    return {}


def status_urls(answers: list[requests.Response]) -> set[str]:
    return {answer.json()["status_url"] for answer in answers if answer.ok}


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_a_history_in_any_order_ends_as_one_work_item_in_its_newest_state(running, told, items, case):
    _, product, board = running
    assert {answer.status_code for answer in told[case]} == {202}, [answer.text for answer in told[case]]
    [address] = status_urls(told[case])
    expected, ticket = history(case[0]), product.ticket(address)
    assert {key: ticket[key] for key in ("number", "status", "unmapped")} == {**expected["ticket"], "unmapped": []}
    assert bearing(items, address) == [ticket["work_item"]["id"]]
    [item] = [item for item in items if item["id"] == ticket["work_item"]["id"]]
    shown = seen(board, item, product.url)
    shown["discussion"].sort()
    wanted = expected["work_item"] | {"discussion": sorted(expected["work_item"]["discussion"])}
    assert to_compare(shown, wanted) == wanted
    whole = json.dumps([item, shown], ensure_ascii=False)
    assert [text for text in expected.get("never", ()) if text in whole] == []
