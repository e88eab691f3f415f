"""A small world around the whole product: people work on both sides of a pair, then all rests; `judge.py` looks at it.

The idea of `tests/simulation/sync_world.py` with nothing simulated inside the product, so that time is real, threads
race, and a seed gives the same acts rather than the same run. What goes wrong meanwhile is up to the test. Which links
there are is read from the product's table, because for people it is slow to look at a whole pair.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from random import Random
from time import sleep
from typing import Any

import requests
from azure.storage.queue import QueueServiceClient

from infra.local.clients import wait_for
from infra.local.cloud import Cloud
from shared.connectors.azure_storage.clients import connect
from shared.connectors.azure_storage.links import TableSyncStore
from shared.links import SyncLink, SyncState
from tests.stories.ledger import Item, Ledger
from tests.stories.people import Edited, People

BOARDS, PPM = "boards", "ppm"
SIDES = (BOARDS, PPM)
TEXTS, AMOUNTS = ("title", "text"), ("effort",)
RULES = (*TEXTS, *AMOUNTS)
MOST_ROUNDS = 40
STILL_ROUNDS = 3  # without a write, until it counts as quiet
ROUND_SECONDS = 1.5  # for what has been taken from the queue
ROWS_PER_PAGE = 200

type Row = Mapping[str, Any]


@dataclass
class World:
    """`pair` is the name of a configured pair that adopts what is new on both sides."""

    seed: int
    cloud: Cloud
    pair: str
    people: Mapping[str, People]
    overwritten: Callable[[], list[Any]] = list  # what L1 has cost
    patience_seconds: float = 120  # with the messages of one sweep
    trace: list[str] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    made: dict[Item, None] = field(default_factory=dict)  # by people, in the order of a list and found like in a set
    disturbed: set[Item] = field(default_factory=set)  # deleted or let go at some time: their texts may go with them
    binned: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.texts = 0
        self.logs = ""

    @property
    def store(self) -> TableSyncStore:
        """By a new connection each time: the emulator drops one that nobody uses."""
        return TableSyncStore(connect(self.cloud.settings).tables)

    def tell(self, line: str) -> None:
        self.trace.append(f"{datetime.now(UTC):%H:%M:%S} {line}")

    # ---------------------------------------------------------------- people

    def add(self) -> None:
        side = self.random.choice(SIDES)
        values = {rule: self._value(side, rule) for rule in RULES}
        parent = self.random.choice([None, *(id for where, id in self.made if where == side and id not in self.binned)])
        item = (side, self.people[side].add(values, parent))
        self.made[item] = None
        self.tell(f"{side} {item[1]}: person makes it under {parent}: {values}")
        seen = self.people[side].see(item[1])
        for rule, value in values.items():
            self.ledger.enter(item, rule, value, Edited(None, seen.values[rule]))

    def edit(self) -> None:
        side = self.random.choice(SIDES)
        if items := self.people[side].items():
            self._edit(side, self.random.choice([*items]), self.random.choice(RULES))

    def clash(self) -> None:
        """Two people edit the same field of one thing."""
        rule = self.random.choice(RULES)
        if link := self._a_link():
            for side in SIDES:
                self._edit(side, link.ids[side], rule)

    def move(self) -> None:
        side = self.random.choice(SIDES)
        if items := self.people[side].items():
            self._move(side, self.random.choice([*items]), self.random.choice([None, *items]))

    def cross(self) -> None:
        """One side moves this under that, the other that under this."""
        one, another = self._a_link(), self._a_link()
        if one and another and one is not another:
            self._move(BOARDS, one.ids[BOARDS], another.ids[BOARDS])
            self._move(PPM, another.ids[PPM], one.ids[PPM])

    def clone(self) -> None:
        side = self.random.choice(SIDES)
        if items := self.people[side].items():
            original = self.random.choice([*items])
            copy = self.people[side].clone(original)
            self.made[side, copy] = None
            self.ledger.kept[side, copy] = dict(self.people[side].see(copy).values)
            self.tell(f"{side} {original}: person clones it as {copy}")

    def delete(self) -> None:
        """On the board, because only there a deletion leaves evidence (X1)."""
        if items := self.people[BOARDS].items():
            id = self.random.choice([*items])
            self.people[BOARDS].delete(id)
            self.binned.add(id)
            self._disturb(BOARDS, id, "person deletes it")

    def restore(self) -> None:
        if self.binned:
            id = self.random.choice(sorted(self.binned))
            self.people[BOARDS].restore(id)
            self.binned.remove(id)
            self._disturb(BOARDS, id, "person restores it")

    def link_again(self) -> None:
        """An operator lets two items go, and says right away that they are one thing."""
        if link := self._a_link():
            for side, id in link.ids.items():
                self._disturb(side, id, "operator links it again")
            self.ask("POST", "unlink", {"items": [f"{BOARDS}:{link.ids[BOARDS]}"]})
            self.ask("POST", "link", dict(link.ids))

    def _edit(self, side: str, id: str, rule: str) -> None:
        value = self._value(side, rule)
        edited = self.people[side].edit(id, rule, value)
        self.ledger.enter((side, id), rule, value, edited)
        self.tell(f"{side} {id}: person writes {rule} {value!r} over {edited.replaced!r}")

    def _move(self, side: str, id: str, parent: str | None) -> None:
        taken = self.people[side].move(id, parent)
        self.tell(f"{side} {id}: person moves it under {parent}{'' if taken else ', refused'}")

    def _value(self, side: str, rule: str) -> Any:
        if rule in AMOUNTS:
            return self.random.randint(1, 40)
        self.texts += 1
        return self.random.choice(("{}", " {} ", "{} ")).format(f"{side[0]}{self.texts}{rule}")

    def _a_link(self) -> SyncLink | None:
        synced = (link for link in self.store.links(self.pair) if link.state is SyncState.SYNCED)
        links = [link for link in synced if link.ids[BOARDS] not in self.binned]
        return self.random.choice(links) if links else None

    def _disturb(self, side: str, id: str, what: str) -> None:
        self.disturbed.add((side, id))
        self.tell(f"{side} {id}: {what}")

    # ---------------------------------------------------------------- the product

    def strike_the_hour(self) -> None:
        """Start a sweep, and let it run."""
        url, key = f"{self.cloud.host.url}/admin/functions/progress_sync", {"x-functions-key": self.cloud.host.KEY}
        requests.post(url, json={}, headers=key, timeout=30).raise_for_status()

    def sweep(self) -> str:
        """Run the timer by hand; what it says of the pair."""
        told = re.compile(rf"pair {self.pair}: (.*)")
        before = len(told.findall(self.cloud.host.log))
        self.strike_the_hour()
        return wait_for(lambda: told.findall(self.cloud.host.log), lambda found: len(found) > before, "swept")[-1]

    def settle(self) -> int:
        """Sweep until nothing is written any more; returns the number of sweeps it took.

        Messages that were put off are not waited for: a sweep looks again at all that is not settled, and at what is
        parked for ever.
        """
        still = 0
        for rounds in range(MOST_ROUNDS):
            before, hints = self.footprint(), self.sweep()
            self._wait_for_the_queue()
            sleep(ROUND_SECONDS)
            parked = sum(bool(link.parked) for link in self.store.links(self.pair))
            at_rest = self.footprint() == before and hints == f"{parked} hints"
            still = still + 1 if at_rest else 0
            self.tell(f"sweep: {hints}{', at rest' if at_rest else ''}")
            if still == STILL_ROUNDS:
                return rounds
        raise AssertionError(self.story(f"I7: no rest after {MOST_ROUNDS} sweeps"))

    def _wait_for_the_queue(self) -> None:
        try:
            wait_for(
                lambda: waiting(self.cloud),
                lambda messages: messages == 0,
                "a queue that is taken up",
                every_seconds=0.2,
                patience_seconds=self.patience_seconds,
            )
        except TimeoutError as late:
            raise AssertionError(self.story(f"I7: {late}")) from late

    def footprint(self) -> list[Any]:
        return [self.people[side].footprint() for side in SIDES]

    def rows(self) -> list[Row]:
        """What operators see of the pair, page after page."""
        found, after = [], ""
        while after is not None:
            page = self.ask("GET", f"items?limit={ROWS_PER_PAGE}&after={after}")
            found += page["items"]
            after = page["next"]
        return found

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """As an operator does: again while the answer is to ask again."""
        url, key = f"{self.cloud.host.url}/api/pairs/{self.pair}/{path}", {"x-functions-key": self.cloud.host.KEY}

        def asked() -> tuple[int, str]:
            answer = requests.request(method, url, json=body, headers=key, timeout=60)
            return answer.status_code, answer.text

        def is_final(answer: tuple[int, str]) -> bool:
            return answer[0] != HTTPStatus.SERVICE_UNAVAILABLE and "ask again" not in answer[1]

        status, text = wait_for(asked, is_final, f"answered: {method} {path}")
        assert status < HTTPStatus.BAD_REQUEST, self.story(f"{method} {path}: {status} {text}")
        return json.loads(text)

    def story(self, what: str) -> str:
        """The seed, and what happened to the items of the first link that is named in `what`."""
        told = f"seed {self.seed}: {what}\n"
        link = next((row for row in self.rows() if row["link"] and row["link"] in what), None)
        if link is None:
            return told + "\n".join(self.trace[-80:])
        names = [f"{side} {link[side]['id']}:" for side in SIDES if link[side]] + ["sweep", "killed"]
        acts = [line for line in self.trace if any(name in line for name in names)]
        log = [line for line in (self.logs + self.cloud.host.log).splitlines() if f"{link['link']}:" in line]
        return "\n".join([told, str(self.store.read(self.pair, link["link"]).link), *acts, "the log:", *log[-80:]])


def waiting(cloud: Cloud) -> int:
    """Messages that somebody could take now, of the first few."""
    with QueueServiceClient.from_connection_string(cloud.storage.connection_string) as service:
        return len(service.get_queue_client("reconcile").peek_messages(max_messages=32))
