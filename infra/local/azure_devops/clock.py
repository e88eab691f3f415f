"""Moments as the service writes and reads them: UTC, milliseconds, trailing zeros trimmed."""

from collections.abc import Callable
from datetime import UTC, datetime

type Clock = Callable[[], datetime]

NEVER = "9999-01-01T00:00:00Z"  # the revised date of what is still current


def wall_clock() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """`2026-03-31T18:36:26.23Z`: no fraction at all when it is zero."""
    whole = moment.astimezone(UTC)
    milliseconds = f"{whole.microsecond // 1000:03d}".rstrip("0")
    return f"{whole:%Y-%m-%dT%H:%M:%S}{'.' if milliseconds else ''}{milliseconds}Z"


def moment(text: str) -> datetime:
    """Read an ISO 8601 date or time; one without a zone is UTC. Raises ValueError."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
