"""The vault and its identity as a child process, with the controls that tests need."""

import re
import sys
from collections.abc import Mapping
from typing import Any

import requests

from infra.local.running import RunningProcess


class RunningKeyVault(RunningProcess):
    """A vault holding `secrets`, on free ports unless told; `environment` is what an app needs to find and open it."""

    def __init__(self, secrets: Mapping[str, str], *, port: int = 0, identity_port: int = 0) -> None:
        arguments = ["--port", str(port), "--identity-port", str(identity_port)]
        for name, value in secrets.items():
            arguments += ["--secret", f"{name}={value}"]
        super().__init__([sys.executable, "-m", "infra.local.key_vault", *arguments], ready=r"^listening on (\S+)$")
        self.url = self.ready[1]
        self.environment = dict(re.findall(r"^([A-Z_]+)=(.*)$", self.log, re.MULTILINE))

    def rotate(self, name: str, value: str, *, enabled: bool = True) -> None:
        """Make `value` the latest version of the secret."""
        self._control("PUT", f"secrets/{name}", {"value": value, "enabled": enabled})

    def deny(self, denied: bool = True, *, read_only: bool = False) -> None:
        """Answer 403, as to a caller whose role was taken away, until told otherwise; `read_only` to writers alone."""
        self._control("PUT", "access", {"denied": denied, "read_only": read_only})

    def fail_next(self, *statuses: int, retry_after_seconds: int | None = None) -> None:
        """Give the next authorised requests these answers, one each."""
        fault = {"retry_after_seconds": retry_after_seconds}
        self._control("PUT", "faults", [{"status": status, **fault} for status in statuses])

    @property
    def requests(self) -> list[str]:
        """Every request to the data plane so far, as `GET /secrets/name/`; the challenge makes a first one two."""
        return self._control("GET", "requests")

    def _control(self, method: str, path: str, body: object = None) -> Any:
        response = requests.request(
            method,
            f"{self.url}/_simulator/{path}",
            json=body,
            verify=self.environment["REQUESTS_CA_BUNDLE"],
            timeout=10,
        )
        response.raise_for_status()
        return response.json() if response.content else None
