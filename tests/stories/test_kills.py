"""Three hundred tickets, twenty at a time, each push twice and shuffled, while the worker is killed again and again."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event

import pytest
import requests

from infra.local.clients import Board, Product, wait_for
from infra.local.cloud import TOKEN, Cloud
from tests.stories.conftest import QUICK, configuration, started

TICKETS = 300
AT_ONCE = 20
KILLS = 5
SECONDS_BETWEEN_KILLS = 4
STATES = {"open": "New", "in_progress": "Active", "closed": "Closed"}


def pushes(random: Random) -> list[dict]:
    """Two versions of every ticket, each twice, in any order."""
    every = []
    for number in range(TICKETS):
        for version in (1, 2):
            every.append({
                "id": f"K-{number}", "version": version, "title": f"Ticket {number}, version {version}",
                "body": f"Text {number}.{version}", "team": "Network", "status": random.choice(list(STATES)),
            })  # fmt: skip
    every *= 2
    random.shuffle(every)
    return every


def push_until_taken(product: Product, body: dict) -> None:
    """As a product does: anything but a 202 is tried again."""
    while True:
        try:
            if product.push("generic", body).status_code == 202:
                return
        except requests.RequestException:
            pass
        time.sleep(0.2)


def kill_again_and_again(cloud: Cloud, done: Event) -> int:
    kills = 0
    while kills < KILLS and not done.wait(SECONDS_BETWEEN_KILLS):
        cloud.kill_host()
        kills += 1
    return kills


@pytest.mark.slow
def test_every_ticket_becomes_one_work_item_in_its_newest_version():
    every = pushes(Random(300))
    newest = {body["id"]: body for body in every if body["version"] == 2}
    with started(settings=QUICK, message_lease_seconds=5) as cloud:
        product, board = Product(cloud.host.url, cloud.host.KEY), Board(cloud.azure_devops_url, TOKEN)
        assert product.configure(configuration(cloud)).ok
        done = Event()
        with ThreadPoolExecutor(AT_ONCE + 1) as pool:
            killer = pool.submit(kill_again_and_again, cloud, done)
            for pushed in [pool.submit(push_until_taken, product, body) for body in every]:
                pushed.result()
            wait_for(board.everything, lambda ids: len(ids) >= TICKETS, f"{TICKETS} work items")
            done.set()
            assert killer.result() >= 2, "the worker was killed while there was work"
        wait_for(
            lambda: wrong(board, newest), lambda titles: titles == [], "every work item as its newest version says"
        )
        assert len(board.everything()) == TICKETS
        product.close()
        board.close()


def wrong(board: Board, newest: dict[str, dict]) -> list[str]:
    """Titles of work items that are not what the newest version of their ticket asks for."""
    items = [board.work_item(id)["fields"] for id in board.everything()]
    wanted = Counter((b["title"], b["body"], "Fabrikam\\Network", STATES[b["status"]]) for b in newest.values())
    names = ("System.Title", "System.Description", "System.AreaPath", "System.State")
    shown = Counter(tuple(item[name] for name in names) for item in items)
    return sorted(title for title, *_ in (shown - wanted) + (wanted - shown))
