"""Whether a simulation proves anything: its worlds are rough, and a rule that is switched off is missed in one of them.

Which seeds notice changes with every I/O that the algorithm gains or loses, so seeds are tried until one does. A rare
one is known by its number, which saves the search as long as it is right: see what takes long, and note the new one.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

import pytest


class Played(Protocol):
    trace: list[str]


type Play = Callable[[int], Played]


def never_told(events: Iterable[str], play: Play, seeds: Iterable[int]) -> set[str]:
    """The events that the trace of no world tells of."""
    missing = set(events)
    for seed in seeds:
        told = "\n".join(play(seed).trace)
        missing = {event for event in missing if event not in told}
        if not missing:
            break
    return missing


def check_that_it_is_needed(
    switch_off: Callable[[pytest.MonkeyPatch], None],
    play: Play,
    seeds: Iterable[int],
    failures: tuple[type[Exception], ...] = (AssertionError,),
) -> None:
    """One world fails without the rule, and stands with it."""
    with pytest.MonkeyPatch.context() as patch:
        switch_off(patch)
        seed = next((seed for seed in seeds if _fails(play, seed, failures)), None)
    assert seed is not None, "no world has noticed that the rule is missing"
    play(seed)


def _fails(play: Play, seed: int, failures: tuple[type[Exception], ...]) -> bool:
    try:
        play(seed)
    except failures:
        return True
    return False
