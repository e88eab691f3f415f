"""One simulator for all tests of this folder; each starts from an empty project. Its answers are held against the
vendor's swagger, where this machine has it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from infra.local.ppm_express.running import RunningPpmExpress
from tests.connectors.clock import VirtualClock
from tests.local.azure_devops.receiver import Receiver
from tests.local.ppm_express.specification import check


class Client:
    """Calls of the API with the simulator's token; `get`, `post` and `patch` give what is in `data`."""

    def __init__(self, ppm: RunningPpmExpress, clock: VirtualClock) -> None:
        self.ppm, self.clock, self.control = ppm, clock, ppm.control
        self.tasks = f"projects/{ppm.project}/tasks"
        self.session = requests.Session()
        self.session.hooks["response"].append(check)
        self.session.headers["Authorization"] = f"Bearer {ppm.token}"

    def __call__(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(method, f"{self.ppm.url}/{path}", json=body, timeout=10)

    def get(self, path: str) -> Any:
        return self._data(self("GET", path), 200)

    def post(self, path: str, body: Any) -> Any:
        return self._data(self("POST", path, body), 201)

    def create(self, **attributes: Any) -> dict[str, Any]:
        return self.post(self.tasks, {"attributes": {"Name": "Printer", **attributes}})

    def patch(self, task: str, **updates: Any) -> dict[str, Any]:
        return self._data(self("PATCH", f"{self.tasks}/{task}", {"updates": updates}), 200)["attributes"]

    def refused(self, task: str, **updates: Any) -> tuple[str, str]:
        """The field and the message of a refused update."""
        answer = self("PATCH", f"{self.tasks}/{task}", {"updates": updates})
        assert answer.status_code == 400, answer.text
        (error,) = answer.json()["errors"]
        return error["fieldName"], error["message"]

    def _data(self, answer: requests.Response, status: int) -> Any:
        assert answer.status_code == status, answer.text
        return answer.json()["data"]


@pytest.fixture(scope="package")
def standing_clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(scope="package")
def running(standing_clock: VirtualClock) -> Iterator[RunningPpmExpress]:
    with RunningPpmExpress(clock=standing_clock) as ppm:
        yield ppm


@pytest.fixture
def client(running: RunningPpmExpress, standing_clock: VirtualClock) -> Iterator[Client]:
    running.control.reset()
    client = Client(running, standing_clock)
    yield client
    client.session.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where webhooks may post to."""
    receiver = Receiver()
    yield receiver
    receiver.close()
