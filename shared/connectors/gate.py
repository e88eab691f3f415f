"""One door per connection: everyone waits when it was told to wait, nobody calls when it is stopped.

The word is one shared row, so that a 429 or an expired token met by one worker spares the others their calls. A stopped
connection opens again by itself when its secret has a new version in Key Vault, or after some minutes for one try.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from shared.errors import Park, RetryLater, StopConnection, Throttled
from shared.model import Health
from shared.ports import Clock, HealthBoard, Secrets

log = logging.getLogger(__name__)

TRY_A_STOPPED_CONNECTION_AFTER = timedelta(minutes=5)


class Checkable(Protocol):
    def check(self) -> None: ...


class Gate[T: Checkable]:
    """The door of one connection, to whatever `beyond` it can be asked whether it can be worked with.

    `secret` names its credential, None for a managed identity.
    """

    def __init__(
        self,
        connection: str,
        secret: str | None,
        beyond: T,
        health: HealthBoard,
        secrets: Secrets,
        clock: Clock,
        stopped_retry_seconds: float,
    ) -> None:
        self._connection = connection
        self._secret = secret
        self.beyond = beyond
        self._health = health
        self._secrets = secrets
        self._clock = clock
        self._stopped_retry_seconds = stopped_retry_seconds

    @contextmanager
    def open(self) -> Iterator[T]:
        health = self._health.read(self._connection)
        now = self._clock()
        if health.paused_until and health.paused_until > now:
            raise RetryLater(self._paused(health, now), (health.paused_until - now).total_seconds())
        try:
            if health.stopped:
                self._try_again(health)
            yield self.beyond
        except Throttled as wait:  # as a plain wait, because a door within another must not shut both
            self.pause(wait.after_seconds)
            raise RetryLater(wait.reason, wait.after_seconds) from wait
        except StopConnection as stop:
            if not health.stopped:
                self._confirm(stop)
                log.error("connection '%s' is stopped: %s", self._connection, stop.reason)
            self._health.write(self._connection, Health(None, stop.reason, self._clock(), self._credential()))
            raise RetryLater(stop.reason, self._stopped_retry_seconds) from stop

    def why_shut(self) -> str:
        health = self._health.read(self._connection)
        now = self._clock()
        if health.paused_until and health.paused_until > now:
            return self._paused(health, now)
        return health.stopped

    def pause(self, seconds: float) -> None:
        """Make everyone wait; also for answers that succeeded but came with a Retry-After."""
        self._health.write(self._connection, Health(paused_until=self._clock() + timedelta(seconds=seconds)))

    def _confirm(self, stop: StopConnection) -> None:
        """Stop nobody for one odd answer, such as a proxy's page: raises `RetryLater` if a second call goes well."""
        try:
            self.beyond.check()
        except StopConnection:
            return
        raise RetryLater(f"once refused, then not: {stop.reason}", self._stopped_retry_seconds) from stop

    def _try_again(self, health: Health) -> None:
        """Open a stopped connection if its credential was renewed or it is time for a try, and one call succeeds."""
        stopped_for = self._clock() - (health.stopped_at or self._clock())
        if self._credential() == health.credential and stopped_for < TRY_A_STOPPED_CONNECTION_AFTER:
            raise RetryLater(health.stopped, self._stopped_retry_seconds)
        self.beyond.check()
        self._health.write(self._connection, Health())
        log.warning("connection '%s' works again", self._connection)

    def _credential(self) -> str:
        """The version of the secret as the vault has it now; a vault that is not to be had is no new credential."""
        if self._secret is None:
            return ""
        try:
            return self._secrets.refresh(self._secret).version
        except (Park, RetryLater):
            return ""

    def _paused(self, health: Health, now: datetime) -> str:
        assert health.paused_until is not None
        seconds = (health.paused_until - now).total_seconds()
        return f"'{self._connection}' asked us to wait; {seconds:.0f} s are left"
