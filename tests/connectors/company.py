"""Callers side by side, as many as a test says."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from shared.connectors.sharing import Company

LONG = 60.0  # beyond any test: who waits so long waits for somebody


class Expected(Company):
    """A company of which a test says how many there are."""

    def __init__(self, number: int = 1) -> None:
        super().__init__()
        self.number = number

    def size(self) -> int:
        return self.number


def side_by_side[T](*acts: Callable[[], T]) -> list[Future[T]]:
    """Each act in a thread of its own."""
    with ThreadPoolExecutor(len(acts)) as pool:
        return [pool.submit(act) for act in acts]
