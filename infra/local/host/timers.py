"""Timer triggers: six-field NCRONTAB schedules in UTC, monitored as the real host monitors them.

The status of a timer lives in the blob `azure-webjobs-hosts/timers/<host id>/Host.Functions.<name>/status`, so that a
host that was down over one or many occurrences makes one call with `past_due` when it starts. A failing call is logged
and never repeated. Schedules that fire more than once a minute are not monitored.
"""

import asyncio
import contextlib
import json
import logging
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobClient
from croniter import croniter

from infra.local.host import storage
from infra.local.host.invocation import Run
from infra.local.host.settings import Refusal, resolve
from infra.local.host.worker import Function, TypedData

log = logging.getLogger("host")

NEVER = datetime.min.replace(tzinfo=UTC)
LONGEST_SLEEP_SECONDS = 30

# croniter knows more notations than NCRONTAB does: only those of both may pass.
_ITEM = r"(?:\*|(?:\d+|[A-Za-z]{3})(?:-(?:\d+|[A-Za-z]{3}))?)(?:/\d+)?"
_FIELD = re.compile(f"{_ITEM}(?:,{_ITEM})*")


@dataclass(frozen=True, slots=True)
class Status:
    """When a timer last ran and is to run next, in UTC."""

    last: datetime
    next: datetime
    last_updated: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """An NCRONTAB expression: second, minute, hour, day, month, day of week; day and day of week must both match."""

    expression: str

    def __post_init__(self) -> None:
        fields = self.expression.split()
        if (
            len(fields) != 6
            or not all(map(_FIELD.fullmatch, fields))
            or not croniter.is_valid(self.expression, second_at_beginning=True)
        ):
            raise Refusal(
                f"The schedule expression '{self.expression}' was not recognized as a valid cron expression: "
                "write six fields, seconds first, such as '0 0 * * * *' for every hour"
            )

    def after(self, moment: datetime) -> datetime:
        """The first occurrence after `moment`."""
        return croniter(self.expression, moment, second_at_beginning=True, day_or=False).get_next(datetime)

    def is_monitored(self, now: datetime) -> bool:
        """Whether occurrences lie at least a minute apart."""
        following = self.after(now)
        return self.after(following) - following >= timedelta(minutes=1)


def settle(schedule: Schedule, status: Status | None, now: datetime) -> Status:
    """The status to start with: the recorded one, or a fresh one if there is none or the schedule has changed since."""
    if status is None:
        return Status(last=NEVER, next=schedule.after(now), last_updated=now)
    base = status.last if status.last > NEVER else status.last_updated
    expected = schedule.after(base) if base > NEVER else schedule.after(now)
    if status.next == expected:
        return status
    if expected < now:  # a schedule that was changed is not past due for what it would have done
        return Status(last=NEVER, next=schedule.after(now), last_updated=now)
    return Status(last=NEVER, next=expected, last_updated=base)


def timer_value(status: Status | None, *, past_due: bool) -> TypedData:
    """The TimerRequest as JSON."""
    shown = {} if status is None else _json_fields(status)
    return TypedData(
        json=json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": shown, "IsPastDue": past_due})
    )


class TimerListener:
    """Calls one function on its schedule, one call at a time."""

    def __init__(self, function: Function, run: Run) -> None:
        self._function = function
        self._schedule = Schedule(resolve(function.trigger["schedule"]))
        self._run = run
        self._busy: set[asyncio.Task[Status]] = set()
        self._blob: BlobClient | None = None
        if function.trigger.get("useMonitor", True) and self._schedule.is_monitored(_now()):
            host_id = os.environ.get("AzureFunctionsWebHost__hostid", "local")  # noqa: SIM112 - Azure's name for it
            service = storage.blob_service(storage.DEFAULT_CONNECTION)
            self._blob = service.get_blob_client(
                "azure-webjobs-hosts", f"timers/{host_id}/Host.Functions.{function.name}/status"
            )

    @property
    def busy(self) -> set[asyncio.Task[Status]]:
        """The call that is running, if one is."""
        return self._busy

    async def listen(self) -> None:
        """Catch up if an occurrence was missed, then follow the schedule until cancelled; a running call may finish."""
        recorded = await self._recorded()
        status = settle(self._schedule, recorded, _now())
        if status != recorded:
            await asyncio.to_thread(self._write, status)
        if _now() > status.next:
            status = await self._call(status, past_due=True)
        elif self._function.trigger.get("runOnStartup"):
            status = await self._call(status, past_due=False)
        while True:
            await _sleep_until(status.next)
            status = await self._call(status, past_due=False)

    async def _call(self, status: Status, *, past_due: bool) -> Status:
        # Shielded: a host that stops between a call and the saving of its status would repeat the call when it starts.
        task = asyncio.create_task(self._invoke(status, past_due=past_due), name=f"timer {self._function.name}")
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)
        return await asyncio.shield(task)

    async def _invoke(self, status: Status, *, past_due: bool) -> Status:
        invoked = _now()
        shown = status if self._blob is not None else None
        await self._run(self._function, timer_value(shown, past_due=past_due), {})
        status = Status(last=invoked, next=self._schedule.after(invoked), last_updated=invoked)
        await asyncio.to_thread(self._write, status)
        return status  # an occurrence that passed during the call follows at once

    async def _recorded(self) -> Status | None:
        while True:
            try:
                return await asyncio.to_thread(self._read)
            except AzureError as error:  # guessing would forget what is past due
                log.warning("the status of timer %s cannot be read, trying again: %s", self._function.name, error)
                await asyncio.sleep(1)

    def _read(self) -> Status | None:
        if self._blob is None:
            return None
        try:
            fields = json.loads(self._blob.download_blob().readall())
        except ResourceNotFoundError:
            return None
        moments = (datetime.fromisoformat(fields[name]) for name in ("Last", "Next", "LastUpdated"))
        return Status(*(moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in moments))

    def _write(self, status: Status) -> None:
        if self._blob is None:
            return
        text = json.dumps(_json_fields(status))
        try:
            self._upload(self._blob, text)
        except AzureError as error:  # as in the real host, best effort: the timer itself goes on
            log.warning("the status of timer %s was not saved: %s", self._function.name, error)

    @staticmethod
    def _upload(blob: BlobClient, text: str) -> None:
        try:
            blob.upload_blob(text, overwrite=True)
        except ResourceNotFoundError:
            container = storage.blob_service(storage.DEFAULT_CONNECTION).get_container_client(blob.container_name)
            with contextlib.suppress(ResourceExistsError):  # another timer was quicker
                container.create_container()
            blob.upload_blob(text, overwrite=True)


def _json_fields(status: Status) -> dict[str, str]:
    return {
        "Last": status.last.isoformat(),
        "Next": status.next.isoformat(),
        "LastUpdated": status.last_updated.isoformat(),
    }


async def _sleep_until(moment: datetime) -> None:
    # In short naps: the clock may be set, and the machine may have slept.
    while (seconds := (moment - _now()).total_seconds()) > 0:
        await asyncio.sleep(min(seconds, LONGEST_SLEEP_SECONDS))


def _now() -> datetime:
    return datetime.now(UTC)
