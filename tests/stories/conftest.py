"""The whole product, started as a user would start it, once for all stories."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from infra.local.azurite import NodeMissing
from infra.local.clients import Board, Product
from infra.local.cloud import TOKEN, TOKEN_SECRET, Cloud
from tests.stories.described import product_of

SIGNING_SECRET = "s3cret"
QUICK = {"REQUEST_TIMEOUT_SECONDS": "2", "LATE_LANDING_SECONDS": "2", "STOPPED_RETRY_SECONDS": "1"}


def configuration(cloud: Cloud) -> str:
    text = (Path(__file__).parent / "configuration.yaml").read_text()
    return text.replace("AZURE_DEVOPS", cloud.azure_devops_url)


def started(secrets: Mapping[str, str] = {}, **options) -> Cloud:
    try:
        return Cloud(vault={"signing-secret": SIGNING_SECRET, **secrets}, **options)
    except NodeMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def running() -> Iterator[tuple[Cloud, Product, Board]]:
    with started(settings=QUICK) as cloud:
        product, board = product_of(cloud.host), Board(cloud.azure_devops_url, TOKEN)
        assert product.configure(configuration(cloud)).status_code == 200
        yield cloud, product, board
        product.close()
        board.close()


@pytest.fixture
def cloud(running) -> Iterator[Cloud]:
    cloud, *_ = running
    yield cloud
    cloud.control.clear_faults()
    cloud.control.rules()
    cloud.control.token(value=TOKEN)
    cloud.key_vault.rotate(TOKEN_SECRET, TOKEN)


@pytest.fixture
def product(running, cloud) -> Product:
    return running[1]


@pytest.fixture
def board(running, cloud) -> Board:
    return running[2]
