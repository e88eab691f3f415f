"""The tenant's working calendar, and how start, due date and duration follow one another by it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

SATURDAY = 5
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a task is worked on; `duration` counts working days, the first and the last included."""

    start: date | None
    due: date | None
    duration: int | None


class Unschedulable(Exception):
    """A due date before the start."""


@dataclass(frozen=True, slots=True)
class Calendar:
    holidays: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        return day.weekday() < SATURDAY and day not in self.holidays

    def from_day(self, day: date, *, back: bool = False) -> date:
        """The day itself if it is worked on, else the next such day, or the last one before it."""
        while not self.works(day):
            day += -ONE_DAY if back else ONE_DAY
        return day

    def count(self, start: date, due: date) -> int:
        return sum(self.works(start + ONE_DAY * number) for number in range((due - start).days + 1))

    def travel(self, day: date, duration: int, *, back: bool = False) -> date:
        """The other end of `duration` working days from `day`."""
        day = self.from_day(day, back=back)
        for _ in range(duration - 1):
            day = self.from_day(day + (-ONE_DAY if back else ONE_DAY), back=back)
        return day

    def rescheduled(self, wanted: Schedule, written: Collection[str]) -> Schedule:
        """`wanted` made consistent after the parts named in `written` were changed.

        Two parts decide the third. One part alone moves the due date, but for the due date, which changes the duration.
        Of three the due date is dropped without a word. What is cleared takes the duration with it.
        """
        start = wanted.start and self.from_day(wanted.start)
        if any(getattr(wanted, name) is None for name in written):
            return Schedule(start, wanted.due, None)
        if wanted.due and wanted.duration and {*written} == {"due", "duration"}:
            return Schedule(self.travel(wanted.due, wanted.duration, back=True), wanted.due, wanted.duration)
        if start is None:
            return Schedule(None, wanted.due, None)
        if wanted.due and (wanted.duration is None or ("due" in written and "duration" not in written)):
            if wanted.due < start:
                raise Unschedulable
            return Schedule(start, wanted.due, self.count(start, wanted.due))
        duration = max(wanted.duration or 1, 1)
        return Schedule(start, self.travel(start, duration), duration)
