"""Moments as the service writes and reads them (UTC, milliseconds, trailing zeros trimmed), and a clock to be set."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

type Clock = Callable[[], datetime]

NEVER = "9999-01-01T00:00:00Z"  # the revised date of what is still current


def wall_clock() -> datetime:
    return datetime.now(UTC)


class SteeredClock:
    """Another clock, moved or stopped. Everything the simulator dates or measures asks it; waiting itself is real."""

    def __init__(self, source: Clock) -> None:
        self.source = source
        self.release()

    def __call__(self) -> datetime:
        return self._stopped_at or self.source() + self._ahead

    @property
    def stopped(self) -> bool:
        return self._stopped_at is not None

    def release(self) -> None:
        """Back to the other clock's own time."""
        self._ahead = timedelta()
        self._stopped_at: datetime | None = None

    def set(self, now: datetime) -> None:
        self._ahead = now - self.source()
        if self.stopped:
            self._stopped_at = now

    def advance(self, seconds: float) -> None:
        self.set(self() + timedelta(seconds=seconds))

    def stop(self) -> None:
        self._stopped_at = self()

    def run(self) -> None:
        """Go on from where it stands."""
        if self._stopped_at is not None:
            self._ahead = self._stopped_at - self.source()
            self._stopped_at = None


def stamp(moment: datetime) -> str:
    """`2026-03-31T18:36:26.23Z`: no fraction at all when it is zero."""
    whole = moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    return f"{whole.rstrip('0').removesuffix('.')}Z"


def moment(text: str) -> datetime:
    """Read a date or time in ISO 8601, or as HTTP writes it; one without a zone is UTC. Raises ValueError."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:  # Microsoft's Node client writes `Fri, 20 Nov 2026 23:00:00 GMT`
        parsed = parsedate_to_datetime(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
