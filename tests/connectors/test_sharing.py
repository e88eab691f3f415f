"""Calls that are shared: who waits for whom, and what each caller is told."""

from collections.abc import Callable, Sequence
from threading import Lock
from time import sleep

import pytest

from shared.connectors.sharing import Company, Shared
from shared.errors import Park, RetryLater
from tests.connectors.company import LONG, Expected, side_by_side

MOST = 200


class Call:
    """What is performed: each request is answered by its double, unless `refuses` holds one of them."""

    def __init__(self, *refuses: int, error: Exception | None = None) -> None:
        self.performed: list[list[int]] = []
        self._refuses = set(refuses)
        self._error = error
        self._lock = Lock()

    def __call__(self, requests: Sequence[int]) -> list[int]:
        with self._lock:
            self.performed.append(list(requests))
        if self._error:
            raise self._error
        if self._refuses & set(requests):
            raise Park(f"refused: {sorted(self._refuses & set(requests))}")
        return [2 * request for request in requests]


def patient[R, A](call: Callable[[Sequence[R]], Sequence[A]], company: Company) -> Shared[R, A]:
    """A call that waits for all of its company."""
    return Shared(call, company, most_at_once=MOST, quiet_seconds=LONG, longest_wait_seconds=LONG)


def asking[R, A](shared: Shared[R, A], *requests: R) -> Callable[[], list[A]]:
    return lambda: shared(requests)


# ---------------------------------------------------------------- who waits for whom


def test_who_is_alone_does_not_wait() -> None:
    call = Call()
    shared = patient(call, Company(LONG))
    assert [shared([n]) for n in (1, 2, 3)] == [[2], [4], [6]]
    assert call.performed == [[1], [2], [3]]


def test_those_side_by_side_share_a_call() -> None:
    call = Call()
    shared = patient(call, Expected(8))
    for _ in range(3):
        done = side_by_side(*(asking(shared, n) for n in range(8)))
        assert [each.result() for each in done] == [[2 * n] for n in range(8)]
    assert [sorted(requests) for requests in call.performed] == [list(range(8))] * 3


def test_the_company_are_as_many_as_called_at_once_lately() -> None:
    company, forgetful = Company(LONG), Company(0)
    for each in (company, forgetful):
        with each.news:
            each.arrive()
            each.arrive()
            each.leave(1)
            each.arrive()
            each.leave(2)
    assert company.size() == 2
    assert forgetful.size() == 0


def test_who_works_alone_beside_others_is_of_the_company() -> None:
    company = Company(LONG)
    with company.beside(), company.beside(), company.beside():
        pass
    with company.beside():
        assert company.size() == 3
    call = Call()
    shared = patient(call, company)
    done = side_by_side(*(asking(shared, n) for n in range(3)))
    assert [each.result() for each in done] == [[0], [2], [4]]
    assert [sorted(requests) for requests in call.performed] == [[0, 1, 2]]


def test_nobody_waits_long_for_one_who_does_not_come() -> None:
    shared = Shared(Call(), Expected(2), most_at_once=MOST, quiet_seconds=0.001, longest_wait_seconds=LONG)
    assert shared([1]) == [2]


def test_nobody_waits_long_though_more_are_expected() -> None:
    shared = Shared(Call(), Expected(2), most_at_once=MOST, quiet_seconds=LONG, longest_wait_seconds=0.001)
    assert shared([1]) == [2]


def test_a_call_never_has_more_than_the_service_takes() -> None:
    call = Call()
    shared = Shared(call, Expected(5), most_at_once=MOST, quiet_seconds=0.001)
    size = MOST * 3 // 4
    acts = [asking(shared, *range(start * size, (start + 1) * size)) for start in range(5)]
    done = side_by_side(*acts)
    assert [each.result() for each in done] == [[2 * n for n in range(s * size, (s + 1) * size)] for s in range(5)]
    assert max(map(len, call.performed)) <= MOST
    assert shared(range(2 * MOST + 1)) == [2 * n for n in range(2 * MOST + 1)]
    assert shared([]) == []


def test_a_crowd_is_answered_right() -> None:
    call = Call()

    def slow(requests: Sequence[int]) -> list[int]:
        sleep(0.001)  # a call that takes no time is not worth waiting for
        return call(requests)

    shared = Shared(slow, Company(), most_at_once=MOST, quiet_seconds=0.002)

    def act(first: int) -> list[list[int]]:
        return [shared([first + n, first + n + 1]) for n in range(0, 40, 2)]

    done = side_by_side(*(lambda first=first: act(first) for first in range(0, 1600, 100)))
    for first, each in zip(range(0, 1600, 100), done, strict=True):
        assert each.result() == [[2 * (first + n), 2 * (first + n + 1)] for n in range(0, 40, 2)]
    assert len(call.performed) < 16 * 20


# ---------------------------------------------------------------- what goes wrong


def test_what_goes_wrong_goes_wrong_for_all() -> None:
    call = Call(error=RetryLater("busy", 30))
    shared = patient(call, Expected(4))
    done = side_by_side(*(asking(shared, n) for n in range(4)))
    assert all(isinstance(each.exception(), RetryLater) for each in done)
    assert len(call.performed) == 1


def test_a_refusal_is_for_one_of_them_only() -> None:
    call = Call(2)
    shared = patient(call, Expected(4))
    done = side_by_side(*(asking(shared, n) for n in range(4)))
    assert [done[n].result() for n in (0, 1, 3)] == [[0], [2], [6]]
    assert isinstance(done[2].exception(), Park)
    assert sorted(map(len, call.performed)) == [1, 1, 1, 1, 4]


def test_what_nobody_foresaw_is_repeated_by_nobody() -> None:
    """It may have been done already."""
    call = Call(error=MemoryError())
    shared = patient(call, Expected(4))
    done = side_by_side(*(asking(shared, n) for n in range(4)))
    assert all(isinstance(each.exception(), MemoryError) for each in done)
    assert len(call.performed) == 1


def test_a_refusal_of_one_alone_is_final() -> None:
    call = Call(2)
    with pytest.raises(Park):
        Shared(call, Company(), most_at_once=MOST)([2])
    assert call.performed == [[2]]
