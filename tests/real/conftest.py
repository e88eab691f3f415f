"""A Request Tracker for each test, a receiver for what it pushes, and one Redmine for all."""

import queue
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.local.azurite import free_ports
from infra.local.redmine import Redmine
from infra.local.request_tracker import RequestTracker


@dataclass(frozen=True, slots=True)
class Delivery:
    headers: Mapping[str, str]
    body: bytes


class Receiver(ThreadingHTTPServer):
    """Keeps every POST, and answers each with `answer`, an HTTP status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keep)
        self.answer = 202
        self.deliveries: queue.Queue[Delivery] = queue.Queue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/tickets"

    def take(self, count: int) -> list[Delivery]:
        """The next deliveries in the order they came; raises `queue.Empty` when one stays out for 10 s."""
        return [self.deliveries.get(timeout=10) for _ in range(count)]


class _Keep(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.deliveries.put(Delivery(dict(self.headers), body))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def tracker_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One database for all tests, because making it takes longer than a test: each test looks at its own tickets."""
    return tmp_path_factory.mktemp("request-tracker")


@pytest.fixture
def request_tracker(tracker_directory: Path) -> Iterator[RequestTracker]:
    """Not yet started: the test says where it pushes to."""
    if not RequestTracker.is_installed():
        pytest.skip("Request Tracker is not installed: run `make test-real`")
    with RequestTracker(free_ports(1)[0], tracker_directory) as tracker:
        yield tracker


@pytest.fixture(scope="session")
def redmine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redmine]:
    """One for all tests, because starting it takes longer than many tests: each makes a project of its own.

    It lives far from UTC, so that no test passes by a lucky time zone.
    """
    if not Redmine.is_installed():
        pytest.skip("Redmine is not installed: run `make test-real`")
    with Redmine(free_ports(1)[0], tmp_path_factory.mktemp("redmine")) as redmine:
        yield redmine.start(time_zone="Asia/Kathmandu")
