"""More worlds through the whole product than `make test` plays: `WORLDS=100 make bench` for a long night."""

import os
import time
from collections.abc import Iterator

import pytest

from infra.local.cloud import Cloud
from infra.local.ppm_express.running import RunningPpmExpress
from tests.stories.test_worlds import play, whole_product

pytestmark = pytest.mark.bench

FIRST = 1_000  # seeds that `make test` does not play
WORLDS = int(os.environ.get("WORLDS", "8"))


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Cloud, RunningPpmExpress]]:
    with whole_product() as running:
        yield running


def test_worlds_through_the_whole_product_end_in_step(running: tuple[Cloud, RunningPpmExpress]):
    started = time.perf_counter()
    for seed in range(FIRST, FIRST + WORLDS):
        play(seed, *running)
    print(f"\n{WORLDS} worlds through the whole product, {(time.perf_counter() - started) / WORLDS:.0f} s each")
