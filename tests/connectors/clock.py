"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta


class VirtualClock:
    """Noon, until some seconds pass by."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
