"""How fast pushes are taken, beside a function that does nothing on the same host, and what a ticket costs in calls.

Ratios count, not absolute times: both sides of each are measured in one run.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles
from uuid import uuid4

import pytest
import requests

from infra.local.clients import Board, Product, wait_for
from infra.local.cloud import TOKEN
from tests.stories.conftest import configuration, started

pytestmark = pytest.mark.bench

CALLS = 400
TICKETS = 200


def ticket(id: str, version: int = 1) -> dict:
    return {
        "id": id,
        "version": version,
        "title": f"Ticket {id}, version {version}",
        "team": "Network",
        "body": "x" * 500,
    }


def timed(call: Callable[[], requests.Response], at_once: int) -> tuple[float, list[float]]:
    """Calls per second, and 50th, 95th and 99th percentile in milliseconds."""

    def once(_: int) -> float:
        started_at = time.perf_counter()
        call().raise_for_status()
        return (time.perf_counter() - started_at) * 1000

    with ThreadPoolExecutor(at_once) as pool:
        begun = time.perf_counter()
        milliseconds = list(pool.map(once, range(CALLS)))
        seconds = time.perf_counter() - begun
    hundredths = quantiles(milliseconds, n=100)
    return CALLS / seconds, [hundredths[49], hundredths[94], hundredths[98]]


def test_intake():
    with started() as cloud:
        product, board = Product(cloud.host.url, cloud.host.KEY), Board(cloud.azure_devops_url, TOKEN)
        assert product.configure(configuration(cloud)).ok
        print(f"\n{'':28}{'calls/s':>10}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}")
        for at_once in (1, 8):
            rates = {}
            for name, call in (
                ("an empty function", lambda: product.get("health")),
                ("a push of a new ticket", lambda: product.push("generic", ticket(uuid4().hex))),
            ):
                rates[name], percentiles = timed(call, at_once)
                print(
                    f"{name + f', {at_once} at once':28}{rates[name]:10.0f}"
                    + "".join(f"{p:10.1f}" for p in percentiles)
                )
            empty, push = rates.values()
            print(f"{'':28}a push costs {empty / push:.1f} empty functions")
        wait_for(lambda: len(board.everything()), lambda count: count == 2 * CALLS, "every ticket on the board")
        cost_of(cloud, product, board, 1, lambda count: count == 2 * CALLS + TICKETS)
        cost_of(cloud, product, board, 2, lambda count: True)
        product.close()
        board.close()


def cost_of(cloud, product: Product, board: Board, version: int, all_there: Callable[[int], bool]) -> None:
    """Calls of Azure DevOps per ticket when many arrive together."""
    cloud.control.forget_requests()
    begun = time.perf_counter()
    with ThreadPoolExecutor(20) as pool:
        pushed = list(pool.map(lambda n: product.push("generic", ticket(f"cost-{n}", version)), range(TICKETS)))
    for response in pushed:
        status = response.json()["status_url"]
        wait_for(lambda s=status: product.ticket(s)["version_applied"], lambda v: v == str(version), "applied")
    seconds = time.perf_counter() - begun
    counts = cloud.control.counts()
    assert all_there(len(board.everything()))
    what = "created" if version == 1 else "updated"
    print(f"{TICKETS} tickets {what} in {seconds:.1f} s: {sum(counts.values()) / TICKETS:.2f} calls each {counts}")
