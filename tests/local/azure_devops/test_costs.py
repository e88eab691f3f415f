"""What calls cost, what happens to a caller who spends too much, and the clock by which it is all measured."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from infra.local.azure_devops.throttling import Budget
from tests.local.azure_devops.client import Client

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
CHEAP = "_apis/projects"


def headers(answer: requests.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith(("x-ratelimit", "retry-after"))}


def spend(client: Client, calls: int) -> list[requests.Response]:
    return [client("GET", CHEAP) for _ in range(calls)]


def test_nobody_is_braked_without_being_asked_for(client: Client) -> None:
    assert {frozenset(headers(answer)) for answer in spend(client, 50)} == {frozenset({"x-ratelimit-cost"})}


def test_near_above_and_far_above_the_limit(client: Client) -> None:
    """A budget of ten calls, delays from the eleventh, refusals from the sixteenth."""
    client.control.clock(now=NOON, stopped=True)
    cost = float(client("GET", CHEAP).headers["x-ratelimit-cost"])
    client.control.budget(10.01 * cost, longest_delay_seconds=0.01, block_share=1.5)
    answers = spend(client, 18)
    assert [answer.status_code for answer in answers] == [200] * 16 + [429] * 2
    assert ["x-ratelimit-remaining" in answer.headers for answer in answers] == [False] * 9 + [True] * 9
    assert ["retry-after" in answer.headers for answer in answers] == [False] * 11 + [True] * 7
    delays = [float(answer.headers.get("x-ratelimit-delay", 0)) for answer in answers]
    assert delays == sorted(delays)
    assert 0 < delays[12] < 0.01
    refused = answers[-1]
    assert refused.json()["message"].startswith("TF400733: The request has been canceled")
    assert refused.headers["retry-after"] == "301"
    assert int(refused.headers["x-ratelimit-reset"]) > NOON.timestamp()


def test_the_window_slides_with_the_clock(client: Client) -> None:
    client.control.clock(now=NOON, stopped=True)
    client.control.budget(0.01, longest_delay_seconds=0)
    answers = spend(client, 3)
    assert answers[-1].status_code == 429
    client.control.clock(advance_seconds=int(answers[-1].headers["retry-after"]))
    assert headers(client("GET", CHEAP)) == {"x-ratelimit-cost"}


def test_many_items_cost_more_than_one(client: Client) -> None:
    ids = [client.create()["id"] for _ in range(3)]
    client.control.budget(per_item=0.5)
    costs = [
        float(client("POST", "_apis/wit/workitemsbatch", {"ids": ids[:count]}).headers["x-ratelimit-cost"])
        for count in (1, 3)
    ]
    assert costs[1] - costs[0] == pytest.approx(1.0)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 5)), max_size=30), st.floats(0, 500))
def test_what_counts_is_the_sum_of_the_last_five_minutes(calls: list[tuple[float, float]], later: float) -> None:
    budget, calls = Budget(limit=10, warn_share=0), sorted(calls)
    for when, cost in calls:
        budget.charge("someone", when, cost)
    now = calls[-1][0] + later if calls else later
    brake = budget.brake("someone", now)
    assert brake is not None
    counted = sum(cost for when, cost in calls if when > now - 300)
    assert brake.remaining == pytest.approx(max(10 - counted, 0), abs=1e-6)
    assert budget.brake("someone else", now).remaining == 10


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"block_share": 1}, {"warn_share": 2}, {"spent": 3}])
def test_a_budget_that_makes_no_sense_is_refused(client: Client, wrong: dict[str, float]) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        client.control.budget(**wrong)


def test_some_calls_are_slower_than_others(client: Client) -> None:
    client.control.latency(calls={"projects.list": 0.2})
    seconds = []
    for path in (CHEAP, "_apis/wit/fields"):
        begun = time.monotonic()
        client("GET", path)
        seconds.append(time.monotonic() - begun)
    assert seconds[0] >= 0.2 > seconds[1]


def test_the_clock_is_set_moved_stopped_and_let_go(client: Client) -> None:
    assert client.control.clock(now=NOON, stopped=True) == NOON
    first = client.create()
    assert first["fields"]["System.CreatedDate"] == "2026-03-31T12:00:00Z"
    assert client.control.clock(advance_seconds=90.5) == NOON + timedelta(seconds=90.5)
    assert client.create()["fields"]["System.CreatedDate"] == "2026-03-31T12:01:30.5Z"
    assert client.query("[System.CreatedDate] = '2026-03-31'") == [1, 2]
    client.control.clock(stopped=False)
    assert client.control.clock() > NOON + timedelta(seconds=90.5)
    client.control.reset()
    assert abs(client.control.clock() - datetime.now(UTC)) < timedelta(minutes=1)
    with pytest.raises(requests.HTTPError, match="400"):
        client.control._call("PUT", "clock", {"now": "soon"})
    with pytest.raises(requests.HTTPError, match="400"):
        client.control._call("PUT", "clock", {"hour": 3})


def test_the_bare_address_tells_the_tenant_without_credentials(client: Client) -> None:
    answer = requests.head(client.url, timeout=10)
    assert answer.status_code == 404
    assert len(answer.headers["x-vss-resourcetenant"]) == 36
