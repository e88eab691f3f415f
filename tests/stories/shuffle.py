"""The great shuffle: tickets pushed twenty at a time, two versions of each, each push twice and in any order, while the
host is killed again and again.

Separate from its tests because it runs twice: small with every test run, and with thousands as a measurement.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from threading import Event

import requests
from azure.storage.queue import QueueServiceClient

from infra.local.clients import Board, Product, wait_for
from infra.local.cloud import TOKEN, Cloud
from tests.stories.conftest import QUICK, configuration, started
from tests.stories.described import product_of

AT_ONCE = 20
SECONDS_BETWEEN_KILLS = (2, 6)
LOOK_EVERY_SECONDS = 2
STATES = {"open": "New", "in_progress": "Active", "closed": "Closed"}
AREAS = {"Network": "Fabrikam\\Network", "Unheard of": "Fabrikam\\Triage"}


@dataclass(frozen=True, slots=True)
class Shuffled:
    """What a shuffle came to. `wrong` says what is not right on the board, `poisoned` counts messages given up."""

    wrong: list[str]
    work_items: int
    pushes: int
    sent_again: int
    kills: int
    poisoned: int
    seconds: float
    calls_per_ticket: float


def shuffle(tickets: int, kills: int, *, patience_seconds: float) -> Shuffled:
    random = Random(tickets)
    every = pushes(tickets, random)
    newest = {body["id"]: body for body in every if body["version"] == 2}
    with started(settings=QUICK, message_lease_seconds=5) as cloud:
        product, board = product_of(cloud.host), Board(cloud.azure_devops_url, TOKEN)
        assert product.configure(configuration(cloud)).ok
        cloud.control.forget_requests()
        begun, done = time.monotonic(), Event()
        with ThreadPoolExecutor(AT_ONCE + 1) as pool:
            killer = pool.submit(kill_again_and_again, cloud, kills, random, done)
            try:
                sent = sum(pool.map(lambda body: push_until_taken(product, body), every))
                wait_for(
                    lambda: left(cloud, "reconcile") or sorted(wrong(board, newest))[:5],
                    lambda seen: not seen,
                    "every work item as the newest version of its ticket says, and no message left",
                    every_seconds=LOOK_EVERY_SECONDS,
                    patience_seconds=patience_seconds,
                )
                seconds = time.monotonic() - begun
            finally:
                done.set()
            killed = killer.result()
        calls = sum(cloud.control.counts().values()) - board.asked
        result = Shuffled(
            wrong=sorted(wrong(board, newest)),
            work_items=len(board.everything()),
            pushes=len(every),
            sent_again=sent - len(every),
            kills=killed,
            poisoned=left(cloud, "reconcile-poison"),
            seconds=seconds,
            calls_per_ticket=calls / tickets,
        )
        product.close()
        board.close()
    return result


def pushes(tickets: int, random: Random) -> list[dict]:
    """Two versions of every ticket, each twice, in any order. They differ in all that a work item shows."""
    every = []
    for number in range(tickets):
        for version in (1, 2):
            every.append({
                "id": f"K-{number}", "version": version, "title": f"Ticket {number}, version {version}",
                "body": f"Text {number}.{version}", "team": random.choice(list(AREAS)),
                "status": random.choice(list(STATES)),
            })  # fmt: skip
    every *= 2
    random.shuffle(every)
    return every


def push_until_taken(product: Product, body: dict) -> int:
    """As a product does: anything but a 202 is tried again. How often it was sent."""
    sent = 0
    while True:
        sent += 1
        try:
            if product.push("generic", body).status_code == 202:
                return sent
        except requests.RequestException:
            pass
        time.sleep(0.2)


def kill_again_and_again(cloud: Cloud, most: int, random: Random, done: Event) -> int:
    kills = 0
    while kills < most and not done.wait(random.uniform(*SECONDS_BETWEEN_KILLS)):
        cloud.kill_host()
        kills += 1
    return kills


def left(cloud: Cloud, queue: str) -> int:
    """Messages of a queue, those that run or wait included; a queue that nobody needed has none."""
    with QueueServiceClient.from_connection_string(cloud.storage.connection_string) as service:
        if queue not in {each.name for each in service.list_queues()}:
            return 0
        return service.get_queue_client(queue).get_queue_properties().approximate_message_count


def wrong(board: Board, newest: dict[str, dict]) -> Iterator[str]:
    """Losses, doubles, and what is not as the newest version of its ticket says, each in a sentence."""
    found = defaultdict(list)
    for item in board.work_items(board.everything()):
        markers = [r["url"] for r in item.get("relations", ()) if r["rel"] == "Hyperlink" and "?link=" in r["url"]]
        if len(markers) != 1:
            yield f"work item {item['id']} has {len(markers)} markers"
        for marker in markers:
            found[marker.partition("?")[0].rpartition("/")[2]].append(item["fields"])
    for stray in found.keys() - newest.keys():
        yield f"{stray} was never pushed"
    for id, body in newest.items():
        if len(found[id]) != 1:
            yield f"{id} has {len(found[id])} work items"
        wanted = {
            "System.Title": body["title"],
            "System.Description": body["body"],
            "System.State": STATES[body["status"]],
            "System.AreaPath": AREAS[body["team"]],
        }
        for fields in found[id]:
            yield from (
                f"{id}: {name} is {fields[name]!r}, not {value!r}"
                for name, value in wanted.items()
                if fields[name] != value
            )
