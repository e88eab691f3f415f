"""A fresh worker on a pair that is laid down already, watched from outside: what a sweep and all it leads to cost."""

import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

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
    """What one sweep and the reconciliation of all its hints took, the worker being warm."""

    hints: int
    seconds: float
    of_boards: int
    of_ppm: int
    of_tables: int
    of_queues: int
    megabytes: int
    most_megabytes: int  # since the worker began


class Worker:
    """A fresh host on a pair that is laid down already; `boards`, `tables` and `queues` count what it asks of them."""

    def __init__(self, cloud: Cloud, ppm: RunningPpmExpress, roadmap: Roadmap, running: ExitStack) -> None:
        self._ppm = ppm
        self._roadmap = roadmap
        ports = cloud.storage.ports
        self.boards = running.enter_context(CountingRelay(urlsplit(cloud.azure_devops_url).port or 0, ORGANISATION))
        self.tables, self.queues = (running.enter_context(CountingRelay(port)) for port in (ports.table, ports.queue))
        storage = cloud.storage.connection_string
        for port, relay in ((ports.table, self.tables), (ports.queue, self.queues)):
            storage = storage.replace(f":{port}/", f":{relay.port}/")
        self._host = running.enter_context(RunningHost(REPOSITORY, cloud.settings | {"AzureWebJobsStorage": storage}))
        product = Product(self._host.url, self._host.KEY)
        answer = product.configure(configuration(f"http://127.0.0.1:{self.boards.port}/{ORGANISATION}", ppm))
        assert answer.ok, answer.text
        product.close()

    def rename_and_sweep(self, side: SideName, number: int) -> Cost:
        self._roadmap.rename(side, number, f"Renamed at {time.monotonic()}:")
        return self.sweep()

    def sweep(self) -> Cost:
        relays = self.boards, self.tables, self.queues
        for relay in relays:
            relay.counts.clear()
        self._ppm.control.forget_requests()
        swept, handled, begun = len(self._swept()), self._handled(), time.perf_counter()
        key = {"x-functions-key": self._host.KEY}
        requests.post(f"{self._host.url}/admin/functions/progress_sync", json={}, headers=key, timeout=30)
        told = self._wait(self._swept, lambda found: len(found) > swept, "swept")[-1]
        hints = int(told.removesuffix(" hints"))
        self._wait(self._handled, lambda count: count >= handled + hints, f"{hints} hints followed")
        seconds = time.perf_counter() - begun
        of_boards, of_tables, of_queues = (relay.counts.total() for relay in relays)
        megabytes, most = memory(self._host.pid) or 0, most_memory(self._host.pid) or 0
        return Cost(hints, seconds, of_boards, len(self._ppm.control.requests()), of_tables, of_queues, megabytes, most)

    def _swept(self) -> list[str]:
        return re.findall(rf"pair {NAME}: (.*)", self._host.log)

    def _handled(self) -> int:
        return len(re.findall(rf"{NAME}/\S+: (?!postponed)", self._host.log))

    def _wait[T](self, look: Callable[[], T], good: Callable[[T], bool], what: str) -> T:
        return wait_for(look, good, what, every_seconds=0.25, patience_seconds=PATIENCE_SECONDS)
