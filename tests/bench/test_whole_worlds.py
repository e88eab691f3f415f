"""More worlds through the whole product than `make test` plays: `WORLDS=100 make bench` for a long night."""

import os
import time

import pytest

from tests.stories.test_worlds import play, whole_product

pytestmark = pytest.mark.bench

FIRST = 1_000  # seeds that `make test` does not play
WORLDS = int(os.environ.get("WORLDS", "8"))


def test_worlds_through_the_whole_product_end_in_step():
    with whole_product() as cloud:
        started = time.perf_counter()
        for seed in range(FIRST, FIRST + WORLDS):
            play(seed, cloud)
        print(f"\n{WORLDS} worlds through the whole product, {(time.perf_counter() - started) / WORLDS:.0f} s each")
