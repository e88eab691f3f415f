"""One simulator for all tests of this folder; each test starts from the seed."""

from collections.abc import Iterator

import pytest

from infra.local.azure_devops.running import RunningSimulator
from tests.local.azure_devops.client import Client


@pytest.fixture(scope="session")
def simulator() -> Iterator[RunningSimulator]:
    with RunningSimulator() as running:
        yield running


@pytest.fixture
def client(simulator: RunningSimulator) -> Iterator[Client]:
    simulator.control.reset()
    client = Client(simulator)
    yield client
    client.session.close()
