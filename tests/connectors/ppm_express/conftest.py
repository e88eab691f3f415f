"""One simulator for all tests of the connector; each starts from an empty project and with the first token."""

from collections.abc import Iterator

import pytest

from infra.local.ppm_express.running import RunningPpmExpress
from shared.connectors.ppm_express.api import PpmExpressApi
from shared.connectors.ppm_express.side import PpmExpressSide
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import KeptSecrets
from tests.connectors.ppm_express.tenant import ppm_side


@pytest.fixture(scope="session")
def running() -> Iterator[RunningPpmExpress]:
    with RunningPpmExpress(clock=VirtualClock()) as ppm:
        yield ppm


@pytest.fixture
def ppm(running: RunningPpmExpress) -> RunningPpmExpress:
    running.control.reset()
    return running


@pytest.fixture
def secrets() -> KeptSecrets:
    return KeptSecrets(ppm="local-token")


@pytest.fixture
def api(ppm: RunningPpmExpress, secrets: KeptSecrets, clock: VirtualClock) -> Iterator[PpmExpressApi]:
    api = PpmExpressApi(ppm.url, secrets, "ppm", connection="ppm", clock=clock)
    yield api
    api.close()


@pytest.fixture
def side(api: PpmExpressApi) -> PpmExpressSide:
    return ppm_side(api)
