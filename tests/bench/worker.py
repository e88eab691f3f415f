"""A fresh worker on a pair that is laid down already, watched from outside: what a sweep and all it leads to cost."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from infra.local.azurite import ACCOUNT
from infra.local.clients import Product, wait_for
from infra.local.cloud import ORGANISATION, Cloud
from infra.local.ppm_express.running import RunningPpmExpress
from infra.local.running import REPOSITORY, RunningHost
from shared.model import SideName
from tests.bench.relay import CountingRelay
from tests.bench.roadmap import NAME, Roadmap, configuration
from tests.bench.test_azure_devops_simulator import memory, most_memory

PATIENCE_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one sweep and the reconciliation of all its hints took; no calls where nobody counted them."""

    hints: int
    seconds: float
    of_boards: int
    of_ppm: int
    of_tables: int
    of_queues: int
    megabytes: int
    most_megabytes: int  # since the worker began


@contextmanager
def fresh(cloud: Cloud, ppm: RunningPpmExpress, roadmap: Roadmap, *, counted: bool = True) -> Iterator["Worker"]:
    """A worker with the pair of the roadmap. Relays count what it asks, and take their share of the processors."""
    boards, storage = cloud.azure_devops_url, cloud.storage.connection_string
    with ExitStack() as running:
        relays = []
        ports = cloud.storage.ports
        for port, root in ((urlsplit(boards).port, ORGANISATION), (ports.table, ACCOUNT), (ports.queue, ACCOUNT)):
            if counted:
                relays.append(relay := running.enter_context(CountingRelay(port, root)))
                boards, storage = (said.replace(f":{port}/", f":{relay.port}/") for said in (boards, storage))
        host = running.enter_context(RunningHost(REPOSITORY, cloud.settings | {"AzureWebJobsStorage": storage}))
        with closing(Product(host.url, host.KEY)) as product:
            answer = product.configure(configuration(boards, ppm))
            assert answer.ok, answer.text
        yield Worker(host, relays, ppm, roadmap)


class Worker:
    """`relays` are before Azure DevOps, tables and queues, if there are any."""

    def __init__(
        self, host: RunningHost, relays: Sequence[CountingRelay], ppm: RunningPpmExpress, roadmap: Roadmap
    ) -> None:
        self._host = host
        self._relays = relays
        self._ppm = ppm
        self._roadmap = roadmap

    def rename_and_sweep(self, side: SideName, number: int) -> Cost:
        self._roadmap.rename(side, number, f"Renamed at {time.monotonic()}:")
        return self.sweep()

    def sweep(self) -> Cost:
        for relay in self._relays:
            relay.counts.clear()
        self._ppm.control.forget_requests()
        swept, handled, begun = len(self._swept()), self._handled(), time.perf_counter()
        key = {"x-functions-key": self._host.KEY}
        requests.post(f"{self._host.url}/admin/functions/progress_sync", json={}, headers=key, timeout=30)
        told = self._wait(self._swept, lambda found: len(found) > swept, "swept")[-1]
        hints = int(told.removesuffix(" hints"))
        self._wait(self._handled, lambda count: count >= handled + hints, f"{hints} hints followed")
        seconds = time.perf_counter() - begun
        of_boards, of_tables, of_queues = [relay.counts.total() for relay in self._relays] or (0, 0, 0)
        megabytes, most = memory(self._host.pid) or 0, most_memory(self._host.pid) or 0
        return Cost(hints, seconds, of_boards, len(self._ppm.control.requests()), of_tables, of_queues, megabytes, most)

    def _swept(self) -> list[str]:
        return re.findall(rf"pair {NAME}: (.*)", self._host.log)

    def _handled(self) -> int:
        return len(re.findall(rf"{NAME}/\S+: (?!postponed)", self._host.log))

    def _wait[T](self, look: Callable[[], T], good: Callable[[T], bool], what: str) -> T:
        return wait_for(look, good, what, every_seconds=0.25, patience_seconds=PATIENCE_SECONDS)
