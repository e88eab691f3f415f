"""Faults, throttling, latency and the counts: what a test of the product steers."""

import time
from typing import Any

import pytest
import requests

from tests.local.azure_devops.client import Client, add

CREATE = [add("System.Title", "Router is down")]


@pytest.mark.parametrize(("when", "written"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("status", [500, 503, 429, "drop"])
def test_a_fault_strikes_before_or_after_the_write(client: Client, when: str, written: int, status: int | str) -> None:
    client.control.fault(call="work_items.create", when=when, status=status, times=1)
    if status == "drop":
        with pytest.raises(requests.ConnectionError):
            client.post_item(CREATE)
    else:
        assert client.post_item(CREATE).status_code == status
    assert len(client.query("[System.Id] > 0")) == written
    assert client.post_item(CREATE).status_code == 200


def test_a_late_write_lands_after_the_caller_was_told(client: Client) -> None:
    client.control.fault(call="work_items.create", when="late", status="drop", late_seconds=0.1, times=1)
    with pytest.raises(requests.ConnectionError):
        client.post_item(CREATE)
    assert client.query("[System.Id] > 0") == []
    deadline = time.monotonic() + 5
    while client.query("[System.Id] > 0") != [1]:
        assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("status", "content_type", "key"),
    [
        (203, "text/html", None),
        (401, "application/json", "AccessCheckException"),
        (403, "application/json", "AccessCheckException"),
        (409, "application/json", "WorkItemRevisionMismatchException"),
        (429, "application/json", "RequestBlockedException"),
        (503, "application/json", "VssServiceException"),
    ],
)
def test_a_fault_looks_like_the_real_thing(client: Client, status: int, content_type: str, key: str | None) -> None:
    client.control.fault(call="projects.list", status=status, retry_after=7)
    answer = client("GET", "_apis/projects")
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "7")
    assert answer.headers["content-type"].startswith(content_type)
    assert key is None or answer.json()["typeKey"] == key


def test_a_fault_may_say_something_else(client: Client) -> None:
    message = "TF24668: The following team project collection is stopped: contoso."
    client.control.fault(status=503, message=message)
    assert client("GET", "_apis/projects").json()["message"] == message


@pytest.mark.parametrize(
    ("fault", "struck"),
    [
        ({"item": 1}, [True, False, True]),
        ({"item": "router"}, [True, False, True]),
        ({"item": "New title"}, [True, True, True]),
        ({"times": 2}, [True, True, False]),
        ({"rate": 0}, [False, False, False]),
        ({"call": "work_items.get"}, [False, False, False]),
    ],
)
def test_which_calls_a_fault_strikes(client: Client, fault: dict[str, Any], struck: list[bool]) -> None:
    client.create("Router is down")
    client.create("Printer is down")
    client.control.fault(**{"call": "work_items.update", "status": 500} | fault)
    answers = [client.patch(id, add("System.Title", "New title")) for id in (1, 2, 1)]
    assert [answer.status_code == 500 for answer in answers] == struck


def test_a_rate_is_a_share_and_the_same_in_every_run(client: Client) -> None:
    def run() -> list[bool]:
        client.control.reset()
        client.control.fault(rate=0.3, status=500)
        return [client("GET", "_apis/projects").status_code == 500 for _ in range(60)]

    first = run()
    assert 5 < sum(first) < 35
    assert run() == first


def test_a_fault_by_item_matches_lists_and_batches(client: Client) -> None:
    client.create()
    client.create()
    client.control.fault(item=2, status=500)
    assert client("GET", "_apis/wit/workitems", params={"ids": "1,2"}).status_code == 500
    assert client("POST", "_apis/wit/workitemsbatch", {"ids": [1, 2]}).status_code == 500
    assert client("POST", "_apis/wit/workitemsbatch", {"ids": [1]}).status_code == 200


def test_faults_are_listed_and_removed(client: Client) -> None:
    first = client.control.fault(call="work_items.get", times=3)
    second = client.control.fault(call="work_items.list")
    assert [(f["id"], f["call"], f["struck"]) for f in client.control.faults()] == [
        (first, "work_items.get", 0),
        (second, "work_items.list", 0),
    ]
    client.control.remove_fault(first)
    assert [f["id"] for f in client.control.faults()] == [second]
    client.control.clear_faults()
    assert client.control.faults() == []
    with pytest.raises(requests.HTTPError):
        client.control.remove_fault(first)


@pytest.mark.parametrize("fault", [{"when": "sometimes"}, {"status": "slow"}, {"nope": 1}])
def test_a_fault_that_makes_no_sense_is_refused(client: Client, fault: dict[str, Any]) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        client.control.fault(**fault)


def test_throttling_by_delay_is_a_good_answer_with_headers(client: Client) -> None:
    client.control.throttle(mode="delay", seconds=0.05, retry_after=9, times=1)
    started = time.monotonic()
    answer = client("GET", "_apis/projects")
    assert time.monotonic() - started >= 0.05
    assert (answer.status_code, answer.headers["retry-after"], answer.headers["x-ratelimit-delay"]) == (
        200,
        "9",
        "0.05",
    )
    assert int(answer.headers["x-ratelimit-reset"]) >= int(time.time())
    assert "retry-after" not in client("GET", "_apis/projects").headers


def test_throttling_by_block_is_429(client: Client) -> None:
    client.control.throttle(mode="block", retry_after=3, times=2)
    for _ in range(2):
        answer = client.post_item(CREATE)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
        assert answer.json()["message"].startswith("TF400733: The request has been canceled")
        assert {"x-ratelimit-resource", "x-ratelimit-limit", "x-ratelimit-remaining"} <= set(answer.headers)
    assert client.post_item(CREATE).json()["id"] == 1


def test_latency(client: Client) -> None:
    client.create()
    client.create()
    client.control.latency(seconds=0.02, per_item_seconds=0.02)
    started = time.monotonic()
    client("POST", "_apis/wit/workitemsbatch", {"ids": [1, 2]})
    assert time.monotonic() - started >= 0.06


def test_requests_are_counted_by_name_and_logged(client: Client) -> None:
    client.control.forget_requests()
    client.create()
    client.item(1)
    client("GET", "_apis/wit/workitems/9")
    client("GET", "_apis/nothing")
    client.session.auth = ("", "wrong")
    client("GET", "_apis/projects")
    assert client.control.counts() == {"work_items.create": 1, "work_items.get": 2, "unknown": 1, "refused": 1}
    assert client.control.log()[2] == {
        "call": "work_items.get",
        "method": "GET",
        "path": "/_apis/wit/workitems/9",
        "status": 404,
    }


def test_reset_returns_to_the_seed(client: Client) -> None:
    client.create()
    client.control.fault(status=500)
    client.control.rules(refuse_new_tags=True)
    client.control.token(value="other")
    client.control.reset()
    assert client.create(tags="new")["id"] == 1
