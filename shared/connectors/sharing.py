"""Calls shared by those who work side by side: many threads each want one thing, and one call gets all of them.

Separate from what is read and written, so that the code for an item stays code for one item; it knows no product. There
is no thread here that belongs to nobody: of the callers that wait, the first leads, waits a moment for others to come,
makes the call and hands out the answers; the others follow. Who is alone does not wait.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import batched
from threading import Condition, Event
from time import monotonic
from typing import Any

from shared.errors import Park

QUIET_SECONDS = 0.01  # times the company, who share a processor: with nobody new for so long, a leader goes
LONGEST_WAIT_SHARE = 1 / 6  # of the time an answer may take: a leader goes though more are coming, before leases end
REFUSALS = (Park, RuntimeError)  # of what was wanted, or of a malformed call
COMPANY_SECONDS = 5.0  # so many as called at once so lately are worth waiting for


class Company:
    """Those who work side by side: who has just read will write soon, so all calls of a side are one company.

    It is counted by how many want something at once, not by who they are: a worker has more threads than messages in
    hand, and one that rests would be waited for in vain. `news` wakes those who wait for others, and its lock guards
    all that the calls of a company have in common.
    """

    def __init__(self, seconds: float = COMPANY_SECONDS) -> None:
        self.news = Condition()
        self._seconds = seconds
        self._waiting = 0
        self._present = 0
        self._last: dict[int, float] = {}  # when so many were present

    def arrive(self) -> None:
        """Wait, from now on, for a call to be made."""
        self._waiting += 1
        self._enter()
        self.news.notify_all()

    def depart(self, number: int) -> None:
        """So many wait no longer: their call is being made."""
        self._waiting -= number
        self.news.notify_all()

    def leave(self, number: int) -> None:
        """So many have their answers, and may come again."""
        self._present -= number

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Do by itself, side by side with others, what might have been shared."""
        with self.news:
            self._enter()
        try:
            yield
        finally:
            with self.news:
                self.leave(1)

    def _enter(self) -> None:
        self._present += 1
        self._last[self._present] = monotonic()

    def size(self) -> int:
        """How many wanted something at once lately."""
        since = monotonic() - self._seconds
        return max((number for number, at in self._last.items() if at > since), default=0)

    def elsewhere(self) -> int:
        """How many of them are busy with something else, and may yet come."""
        return self.size() - self._waiting


class _Ask[Request, Answer]:
    """What one caller wants, and what came of it. `turn` is set when there is an answer, or when the caller leads."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.requests = requests
        self.turn = Event()
        self.answers: Sequence[Answer] | None = None
        self.error: BaseException | None = None
        self.apart = False  # to be performed by the caller

    @property
    def settled(self) -> bool:
        return self.apart or self.answers is not None or self.error is not None


class Shared[Request, Answer]:
    """A call that several callers share. `perform` gives an answer for each request, in their order, and is never asked
    for more than `most_at_once`.

    It is made when none of the company is elsewhere and nobody waits for the call that comes `before` it: so those who
    read together write together, too. What it raises is raised to every caller; only `refusals` are not: nothing was
    done, and it may be meant for one of them, so each then performs what it wants by itself.
    """

    def __init__(
        self,
        perform: Callable[[Sequence[Request]], Sequence[Answer]],
        company: Company,
        *,
        most_at_once: int,
        before: "Shared[Any, Any] | None" = None,
        refusals: tuple[type[Exception], ...] = REFUSALS,
        quiet_seconds: float = QUIET_SECONDS,
        longest_wait_seconds: float = 1.0,
    ) -> None:
        self._perform = perform
        self._company = company
        self._most_at_once = most_at_once
        self._before = before
        self._refusals = refusals
        self._quiet_seconds = quiet_seconds
        self._longest_wait_seconds = longest_wait_seconds
        self._waiting: list[_Ask[Request, Answer]] = []
        self._led = False  # somebody is gathering those who wait

    def __call__(self, requests: Sequence[Request]) -> list[Answer]:
        parts = batched(requests, self._most_at_once, strict=False)
        return [answer for part in parts for answer in self._together(part)]

    def _together(self, requests: Sequence[Request]) -> Sequence[Answer]:
        ask = _Ask[Request, Answer](requests)
        with self._company.news:
            self._waiting.append(ask)
            follows, self._led = self._led, True
            self._company.arrive()
        if follows:
            ask.turn.wait()
        if not ask.settled:
            self._lead()
        if ask.apart:
            return self._perform(requests)
        if ask.error is not None:
            raise ask.error
        assert ask.answers is not None
        return ask.answers

    def _lead(self) -> None:
        """Make one call for those who wait, oldest first, the leader among them; the next who waits leads on."""
        with self._company.news:
            self._gather()
            together = self._taken()
            self._company.depart(len(together))
            if self._waiting:
                self._waiting[0].turn.set()
            else:
                self._led = False
        self._answer(together)
        with self._company.news:
            self._company.leave(len(together))
        for ask in together:
            ask.turn.set()

    def _gather(self) -> None:
        """Wait until everybody is there, or nobody new comes, or the call is full."""
        until = monotonic() + self._longest_wait_seconds
        while self._more_may_come() and self._size() < self._most_at_once:
            quiet_seconds = self._quiet_seconds * self._company.size()
            if not self._company.news.wait(min(quiet_seconds, until - monotonic())):
                return

    def _more_may_come(self) -> bool:
        return self._company.elsewhere() > 0 or (self._before is not None and bool(self._before._waiting))

    def _size(self) -> int:
        return sum(len(ask.requests) for ask in self._waiting)

    def _taken(self) -> list[_Ask[Request, Answer]]:
        together: list[_Ask[Request, Answer]] = []
        room = self._most_at_once
        while self._waiting and len(self._waiting[0].requests) <= room:
            room -= len(self._waiting[0].requests)
            together.append(self._waiting.pop(0))
        return together

    def _answer(self, together: Sequence[_Ask[Request, Answer]]) -> None:
        try:
            answers = iter(self._perform([request for ask in together for request in ask.requests]))
            for ask in together:
                ask.answers = [next(answers) for _ in ask.requests]
        except BaseException as error:  # whatever it is: those who follow must not wait for ever
            apart = isinstance(error, self._refusals) and len(together) > 1
            for ask in together:
                ask.apart = apart
                ask.error = None if apart else error
