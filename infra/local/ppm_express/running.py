"""A simulator for tests and for the local stack: running, with the calls by which it is steered."""

from typing import Any, Self

import requests

from infra.local.ppm_express.server import Simulator, wall_clock
from infra.local.ppm_express.tenant import PROJECT, Clock


class Control:
    """The `/_simulator/` calls below `root`; `requests.HTTPError` where one is refused."""

    def __init__(self, root: str) -> None:
        self._url = f"{root}/_simulator"
        self._session = requests.Session()

    def close(self) -> None:
        self._session.close()

    def reset(self) -> None:
        self._call("POST", "reset")

    def create(self, fields: dict[str, Any], *, project: str = PROJECT, source: str = "Ppmx") -> str:
        """A task that a person made; its id. `source` is where it comes from, if not from PPM Express."""
        return self._call("POST", "tasks", {"project": project, "fields": fields, "source": source})["id"]

    def tasks(self, *, project: str = PROJECT) -> list[dict[str, Any]]:
        """All tasks, as the API shows them."""
        return self._call("GET", "tasks", {"project": project})["tasks"]

    def edit(self, task: str, fields: dict[str, Any], *, project: str = PROJECT) -> dict[str, Any]:
        """What was there before."""
        return self._call("PATCH", "tasks", {"project": project, "task": task, "fields": fields})["before"]

    def overwritten(self) -> list[Any]:
        """Values that writes of the API replaced without having been shown them."""
        return self._call("GET", "overwritten")["overwritten"]

    def move(self, task: str, parent: str | None, *, project: str = PROJECT) -> None:
        self._call("POST", "tasks/move", {"project": project, "task": task, "parent": parent})

    def delete(self, task: str, *, project: str = PROJECT) -> None:
        """For good, with everything below."""
        self._call("DELETE", "tasks", {"project": project, "task": task})

    def fields(self, **change: list[str]) -> None:
        """Fields `without` some, some `read_only`, some `ignored` where the API writes them; none by default."""
        self._call("PUT", "fields", change)

    def holidays(self, *days: str) -> None:
        self._call("PUT", "calendar", {"holidays": days})

    def token(self, **change: Any) -> None:
        """`value`, `expires_at`, `scopes`."""
        self._call("PUT", "token", change)

    def fault(self, call: str = "", **rule: Any) -> None:
        """See `faults.Fault`."""
        self._call("POST", "faults", {"call": call, **rule})

    def clear_faults(self) -> None:
        self._call("DELETE", "faults")

    def limit(self, requests: int | None, seconds: float = 60) -> None:
        self._call("PUT", "limit", {"requests": requests, "seconds": seconds})

    def latency(self, seconds: float) -> None:
        self._call("PUT", "latency", {"seconds": seconds})

    def deliveries(self, **shares: float) -> None:
        """`lose` and `double` that share of webhook messages."""
        self._call("PUT", "deliveries", shares)

    def under_way(self) -> int:
        """How many webhook messages have not arrived yet."""
        return self._call("GET", "deliveries")["under_way"]

    def requests(self) -> list[str]:
        """All that was asked, `METHOD /path`, oldest first."""
        return self._call("GET", "requests")["requests"]

    def forget_requests(self) -> None:
        self._call("DELETE", "requests")

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(method, f"{self._url}/{path}", json=body, timeout=10)
        if not answer.ok:
            raise requests.HTTPError(f"{answer.status_code}: {answer.text}", response=answer)
        return answer.json()


class RunningPpmExpress(Simulator):
    """`with RunningPpmExpress() as ppm:` serves the API at `ppm.url` with a `ppm.control`, until the block ends."""

    project = PROJECT

    def __init__(self, *, clock: Clock = wall_clock, port: int = 0) -> None:
        super().__init__(clock=clock, port=port)
        self.control = Control(self.root)

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.control.close()
        super().__exit__()
