"""A simulator for tests: a running server on a free port, and the calls that steer it.

It runs in a thread of the test's process, so a test may give it a clock of its own.
"""

import socket
import threading
from datetime import datetime
from typing import Any, Self

import requests
import uvicorn

from infra.local.azure_devops.clock import Clock, wall_clock
from infra.local.azure_devops.connection import Connection
from infra.local.azure_devops.server import create_app

START_SECONDS = 10
SEED_SECONDS = 120


def configuration(organisation: str, token: str, clock: Clock = wall_clock, *, seed_items: int = 0) -> uvicorn.Config:
    """How the server runs, here and on the command line."""
    return uvicorn.Config(
        create_app(organisation, token, clock, seed_items=seed_items),
        http=Connection,
        loop="uvloop",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections from now on; port 0 is a free one. Raises OSError."""
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(socket.SOMAXCONN)
    except OSError:
        listener.close()
        raise
    return listener


class Control:
    """The `/_simulator/` calls. Every method raises `requests.HTTPError` when the simulator refuses."""

    def __init__(self, root: str) -> None:
        self._url = f"{root}/_simulator"
        self._session = requests.Session()

    def reset(self) -> None:
        """Back to the seed: no work items, no faults, the first token."""
        self._call("POST", "reset")

    def seed(self, items: int) -> int:
        """Make so many more work items; how many there are then."""
        return self._call("POST", "seed", {"items": items}, timeout=SEED_SECONDS)["items"]

    def counts(self) -> dict[str, int]:
        return self._call("GET", "requests")["counts"]

    def log(self) -> list[dict[str, Any]]:
        """The latest requests, oldest first: call, method, path, status (None when the connection was dropped)."""
        return self._call("GET", "requests")["log"]

    def forget_requests(self) -> None:
        self._call("DELETE", "requests")

    def latency(self, seconds: float = 0, per_item_seconds: float = 0, calls: dict[str, float] | None = None) -> None:
        wanted = {"seconds": seconds, "per_item_seconds": per_item_seconds, "calls": calls or {}}
        self._call("PUT", "latency", wanted)

    def lag(self, revisions: float = 0, links: float = 0, queries: float = 0) -> None:
        """How many seconds a write takes to show in each feed and in queries."""
        self._call("PUT", "lag", {"revisions": revisions, "links": links, "queries": queries})

    def availability(self, state: str = "running", **more: int) -> None:
        """`state` is running, stopped or conditional_access; `status` is that of the conditional access page."""
        self._call("PUT", "availability", {"state": state} | more)

    def hooks(self, **mishaps: float) -> None:
        """How events of service hooks go astray, and how fast retries are (see `hooks.delivery.Mishaps`)."""
        self._call("PUT", "hooks", mishaps)

    def hooks_under_way(self) -> int:
        """How many events have neither arrived nor been given up."""
        return self._call("GET", "hooks")["under_way"]

    def fault(self, **rule: Any) -> int:
        """Add a fault (see `faults.Fault` for its names) and return its id."""
        return self._call("POST", "faults", rule)["id"]

    def faults(self) -> list[dict[str, Any]]:
        return self._call("GET", "faults")["value"]

    def remove_fault(self, id: int) -> None:
        self._call("DELETE", f"faults/{id}")

    def clear_faults(self) -> None:
        self._call("DELETE", "faults")

    def token(self, **change: str | list[str]) -> None:
        """`value` replaces the accepted token, `also` adds one; `state` is valid, expired, revoked or no_scope.

        `scopes` are what the token is good for, such as `vso.work`; without them a new token may do everything.
        """
        self._call("PUT", "token", change)

    def throttle(self, **mode: Any) -> None:
        """`mode` off, delay or block, with `seconds`, `retry_after`, `times`."""
        self._call("POST", "throttle", mode)

    def budget(self, limit: float | None = 200, **shares: float) -> None:
        """What an identity may spend within the window (see `throttling.Budget`); None is no limit."""
        self._call("PUT", "budget", {"limit": limit} | shares)

    def clock(self, **change: Any) -> datetime:
        """Set it (`now`, a moment), move it (`advance_seconds`), stop it (`stopped`); the time it is then."""
        if "now" in change:
            change["now"] = change["now"].isoformat()
        return datetime.fromisoformat(self._call("PUT", "clock", change)["now"])

    def rules(self, **rules: Any) -> None:
        """Replace the extra rules (see `rules.Rules`); without any, lift them all."""
        self._call("PUT", "rules", rules)

    def close(self) -> None:
        self._session.close()

    def _call(self, method: str, path: str, body: Any = None, timeout: float = 10) -> Any:
        answer = self._session.request(method, f"{self._url}/{path}", json=body, timeout=timeout)
        answer.raise_for_status()
        return answer.json()


class RunningSimulator:
    """`with RunningSimulator() as simulator:` serves at `simulator.url` until the block ends."""

    def __init__(self, organisation: str = "contoso", token: str = "local-pat", clock: Clock = wall_clock) -> None:
        self.token = token
        self._organisation = organisation
        self._server = uvicorn.Server(configuration(organisation, token, clock))

    def __enter__(self) -> Self:
        self._listener = listening("127.0.0.1", 0)
        root = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"{root}/{self._organisation}"
        self.control = Control(root)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.control.close()
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        self._listener.close()
