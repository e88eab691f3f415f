"""Servers of the local stack as child processes: started, waited for, read, stopped or killed.

Every server prints one line when it is ready; `RunningProcess` waits for it and keeps the whole output. `RunningHost`
is the Functions host.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

REPOSITORY = Path(__file__).parents[2]


class RunningProcess:
    """A child process that is ready once its output matches `ready`, a regular expression.

    A context manager: it is stopped on the way out. Raises `RuntimeError` with its output if it ends, or stays
    silent for `timeout_seconds`, before it is ready.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        ready: str,
        environment: Mapping[str, str] | None = None,
        timeout_seconds: float = 30,
    ) -> None:
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self._process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C at a terminal reaches the parent alone, which stops its children in order
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.ready = self.wait_for(ready, timeout_seconds)
        except BaseException:
            self.kill()
            raise

    @property
    def log(self) -> str:
        """Everything the process has printed."""
        with self._news:
            return "".join(self._lines)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number if one ended it."""
        return self._process.poll()

    def wait_for(self, pattern: str, timeout_seconds: float = 10) -> re.Match[str]:
        """The first match of `pattern` in the output, awaited."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            with self._news:
                lines, ended = len(self._lines), self._ended
                text = "".join(self._lines)
            # Searched outside the lock, so that one search takes in all the lines that came during the last.
            if match := re.search(pattern, text, re.MULTILINE):
                return match
            if ended:
                raise RuntimeError(f"the process ended before it printed {pattern!r}; it printed:\n{text}")
            with self._news:
                if not self._news.wait_for(lambda seen=lines: len(self._lines) > seen, deadline - time.monotonic()):
                    raise RuntimeError(f"no {pattern!r} within {timeout_seconds} s; it printed:\n{text}")

    def stop(self, timeout_seconds: float = 10) -> None:
        """Ask it to end (SIGTERM), wait; kill it if it does not."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._close()

    def kill(self) -> None:
        """End it without a chance to tidy up (SIGKILL)."""
        self._process.send_signal(signal.SIGKILL)
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._append(line, ended=False)
        self._append("", ended=True)

    def _append(self, line: str, *, ended: bool) -> None:
        with self._news:
            self._lines.append(line)
            self._ended = ended
            self._news.notify_all()

    def _close(self) -> None:
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


class RunningHost(RunningProcess):
    """The Functions host running the app in `app_directory`, on a free port unless told.

    `settings` are its app settings, on top of this process's environment. `.url` has no path: a route is at
    `f"{host.url}/api/…"`, and `KEY` opens it.
    """

    KEY = "local-key"

    def __init__(
        self,
        app_directory: Path,
        settings: Mapping[str, str],
        *,
        port: int = 0,
        message_lease_seconds: int = 600,
        timeout_seconds: float = 30,
    ) -> None:
        super().__init__(
            [
                *(sys.executable, "-m", "infra.local.host", str(app_directory)),
                *("--port", str(port), "--key", self.KEY, "--message-lease-seconds", str(message_lease_seconds)),
            ],
            ready=r"^listening on (\S+)$",
            environment=settings,
            timeout_seconds=timeout_seconds,
        )
        self.url = self.ready[1]
