"""Thousands of worlds of the sync: `SYNC_SEEDS=100000 make bench` for a long night."""

import os
import time
from collections import Counter

import pytest

from tests.simulation.test_sync import play

pytestmark = pytest.mark.bench

FIRST = 1_000_000  # seeds that `make test` does not play
ANSWERED = ("after boards.create", "after boards.update", "after ppm.create", "after ppm.update")
SEEDS = int(os.environ.get("SYNC_SEEDS", "3000"))


def test_thousands_of_worlds_end_in_step():
    started, calls, seconds = time.perf_counter(), Counter(), 0.0
    for seed in range(FIRST, FIRST + SEEDS):
        calls += play(seed).calls
    seconds = time.perf_counter() - started
    writes = {call.removeprefix("after "): n for call, n in calls.items() if call in ANSWERED}
    print(f"\n{SEEDS} worlds in {seconds:.0f} s, {seconds / SEEDS * 1000:.0f} ms each; answered writes: {writes}")
