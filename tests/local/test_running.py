"""Child processes: waiting until they are ready, and saying why when they never are."""

import sys

import pytest

from infra.local.running import RunningProcess


def python(source: str) -> list[str]:
    return [sys.executable, "-c", source]


def test_a_process_is_ready_when_it_says_so_and_ends_with_its_block() -> None:
    with RunningProcess(
        python("print('ready at 7'); input_ = __import__('time').sleep(60)"), ready=r"ready at (\d)"
    ) as process:
        assert (process.ready[1], process.exit_code) == ("7", None)
    assert process.exit_code == -15


def test_one_that_ends_early_is_reported_with_its_output() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)ended before it printed 'ready'.*no such luck"):
        RunningProcess(python("raise SystemExit('no such luck')"), ready="ready")


def test_one_that_stays_silent_is_ended_and_reported() -> None:
    with pytest.raises(RuntimeError, match=r"no 'ready' within 0\.5 s"):
        RunningProcess(python("__import__('time').sleep(60)"), ready="ready", timeout_seconds=0.5)


def test_one_that_ignores_the_request_to_stop_is_killed() -> None:
    source = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    )
    process = RunningProcess(python(source), ready="ready")
    process.stop(timeout_seconds=0.2)
    assert process.exit_code == -9


def test_settings_are_added_to_the_environment() -> None:
    source = "import os; print('ready', os.environ['ADDED'], bool(os.environ['PATH']))"
    with RunningProcess(python(source), ready="ready (.*)", environment={"ADDED": "yes"}) as process:
        assert process.ready[1] == "yes True"
