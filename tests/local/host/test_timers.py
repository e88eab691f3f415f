"""Timers: when they are due, what a restart finds, and a host that calls them."""

import contextlib
import json
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobClient, BlobServiceClient
from hypothesis import given
from hypothesis import strategies as st

from infra.local.host.settings import Refusal
from infra.local.host.timers import NEVER, Schedule, Status, settle

APP = """
@app.timer_trigger(arg_name="timer", schedule="%SCHEDULE%")
def tick(timer: func.TimerRequest) -> None:
    logging.info("called past_due=%s next=%s", timer.past_due, timer.schedule_status.get("Next"))
    time.sleep(float(os.environ.get("PAUSE", 0)))
    if os.environ.get("FAIL"):
        raise ValueError("as asked")
"""
HOURLY = Schedule("0 0 * * * *")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "moment", "following"),
    [
        ("0 0 * * * *", "2026-03-01 10:00:00", "2026-03-01 11:00:00"),
        ("0 0 * * * *", "2026-03-01 10:59:59.999", "2026-03-01 11:00:00"),
        ("30 */5 * * * *", "2026-03-01 10:00:30", "2026-03-01 10:05:30"),
        ("* * * * * *", "2026-03-01 10:00:00", "2026-03-01 10:00:01"),
        ("0 30 9 * * Mon-Fri", "2026-03-06 09:30:00", "2026-03-09 09:30:00"),
        ("0 0 0 13 * 5", "2026-01-01 00:00:00", "2026-02-13 00:00:00"),  # a Friday the 13th: both fields must match
        ("0 30 2 * * *", "2026-03-29 00:00:00", "2026-03-29 02:30:00"),  # UTC knows no summer time
    ],
)
def test_the_next_occurrence(expression: str, moment: str, following: str) -> None:
    assert Schedule(expression).after(at(moment)) == at(following)


@pytest.mark.parametrize(
    "expression", ["", "* * * * *", "0 0 * * * * *", "@hourly", "0 0 25 * * *", "0 0 0 L * *", "often"]
)
def test_an_expression_that_azure_would_not_take(expression: str) -> None:
    with pytest.raises(Refusal, match="was not recognized as a valid cron expression"):
        Schedule(expression)


@pytest.mark.parametrize(
    ("expression", "monitored"), [("0 * * * * *", True), ("*/30 * * * * *", False), ("0 0 * * * *", True)]
)
def test_only_schedules_of_a_minute_or_more_are_monitored(expression: str, monitored: bool) -> None:
    assert Schedule(expression).is_monitored(at("2026-03-01 10:00:10")) is monitored


NOON, ONE, TWO, THREE = (at(f"2026-03-01 {hour}:00:00") for hour in (12, 13, 14, 15))
HALF_PAST = NOON + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("recorded", "now", "settled"),
    [
        (None, HALF_PAST, Status(NEVER, ONE, HALF_PAST)),
        (Status(NOON, ONE, NOON), HALF_PAST, Status(NOON, ONE, NOON)),
        (Status(NOON, ONE, NOON), THREE, Status(NOON, ONE, NOON)),  # past due, and kept so
        (Status(NEVER, ONE, HALF_PAST), THREE, Status(NEVER, ONE, HALF_PAST)),  # never ran, and past due
        (Status(NOON, TWO, NOON), HALF_PAST, Status(NEVER, ONE, NOON)),  # it was two-hourly before
        (Status(NOON, TWO, NOON), THREE, Status(NEVER, THREE + timedelta(hours=1), THREE)),  # changed while it was down
    ],
)
def test_what_a_start_makes_of_the_recorded_status(recorded: Status | None, now: datetime, settled: Status) -> None:
    assert settle(HOURLY, recorded, now) == settled


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), st.timedeltas(timedelta(), timedelta(days=3)))
def test_a_timer_is_past_due_exactly_if_an_occurrence_was_missed(last: datetime, down: timedelta) -> None:
    last = last.replace(tzinfo=UTC)
    now = last + down
    status = settle(HOURLY, Status(last, HOURLY.after(last), last), now)
    assert (now > status.next) == (now > HOURLY.after(last))
    assert settle(HOURLY, status, now) == status


def test_a_schedule_is_followed_and_outlives_failures(write_app, start_host) -> None:
    host = start_host(write_app(APP), SCHEDULE="* * * * * *", FAIL="yes")
    host.wait_for("(?s)(tick FAILED.*){2}")
    assert "past_due=True" not in host.log


def test_a_timer_runs_by_hand(write_app, start_host, run_by_hand) -> None:
    host = start_host(write_app(APP), SCHEDULE="0 0 0 1 1 *")
    run_by_hand(host, "tick")
    host.wait_for("called past_due=False")


def test_run_on_startup(write_app, start_host) -> None:
    app = write_app(APP.replace('schedule="%SCHEDULE%"', 'schedule="%SCHEDULE%", run_on_startup=True'))
    start_host(app, SCHEDULE="0 0 0 1 1 *").wait_for("tick ok")


def test_downtime_is_caught_up_by_one_call(write_app, start_host, azurite) -> None:
    app, host_id = write_app(APP), uuid.uuid4().hex
    settings = {"SCHEDULE": "0 0 0 * * *", "AzureFunctionsWebHost__hostid": host_id}
    path = f"timers/{host_id}/Host.Functions.tick/status"
    with (
        BlobServiceClient.from_connection_string(azurite.connection_string) as service,
        service.get_blob_client("azure-webjobs-hosts", path) as blob,
    ):
        first = start_host(app, **settings)
        recorded = _recorded(blob)
        assert "called" not in first.log
        first.stop()

        long_ago = {name: _days_earlier(recorded[name], 7) for name in ("Next", "LastUpdated")}
        blob.upload_blob(json.dumps(recorded | long_ago), overwrite=True)
        second = start_host(app, **settings)
        second.wait_for("called past_due=True next=" + long_ago["Next"].replace("+", r"\+") + r"(.*\n)+.*tick ok")
        second.stop()
        assert second.log.count("called") == 1
        assert json.loads(blob.download_blob().readall())["Next"] == recorded["Next"]


def test_a_stopping_host_finishes_the_call_and_saves_its_status(write_app, start_host, azurite) -> None:
    app, host_id = write_app(APP.replace('%SCHEDULE%"', '0 0 0 * * *", run_on_startup=True')), uuid.uuid4().hex
    host = start_host(app, AzureFunctionsWebHost__hostid=host_id, PAUSE="0.5")
    host.wait_for("called")
    host.stop()
    assert "tick ok" in host.log
    with (
        BlobServiceClient.from_connection_string(azurite.connection_string) as service,
        service.get_blob_client("azure-webjobs-hosts", f"timers/{host_id}/Host.Functions.tick/status") as blob,
    ):
        assert datetime.fromisoformat(_recorded(blob)["Last"]) > NEVER


def _recorded(blob: BlobClient) -> dict[str, str]:
    """The status that a fresh host writes."""
    for _ in range(200):
        with contextlib.suppress(ResourceNotFoundError):
            return json.loads(blob.download_blob().readall())
        time.sleep(0.02)
    raise AssertionError("no status was written")


def _days_earlier(moment: str, days: int) -> str:
    return (datetime.fromisoformat(moment) - timedelta(days=days)).isoformat()
