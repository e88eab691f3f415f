"""One simulator for all tests of this folder; each test starts from the seed. Microsoft's Python client has its own."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local.azure_devops.running import RunningSimulator
from tests.local.azure_devops.client import Client
from tests.local.azure_devops.receiver import Receiver


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


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Microsoft's own Python client. A simulator of its own: it caches what it discovers for the whole process."""
    with pytest.MonkeyPatch.context() as patch, RunningSimulator() as simulator:
        cache: Path = tmp_path_factory.mktemp("azure-devops-cache")
        patch.setenv("AZURE_DEVOPS_CACHE_DIR", str(cache))
        from azure.devops.connection import Connection
        from msrest.authentication import BasicAuthentication

        connection = Connection(base_url=simulator.url, creds=BasicAuthentication("", simulator.token))
        made = connection.clients_v7_1
        yield SimpleNamespace(
            url=simulator.url,
            work_items=made.get_work_item_tracking_client(),
            core=made.get_core_client(),
            work=made.get_work_client(),
            location=made.get_location_client(),
            operations=made.get_operations_client(),
            identities=made.get_identity_client(),
            graph=made.get_graph_client(),
            security=made.get_security_client(),
            processes=made.get_work_item_tracking_process_client(),
            hooks=made.get_service_hooks_client(),
        )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where service hooks may post to."""
    receiver = Receiver()
    yield receiver
    receiver.close()
