"""The whole product on one machine: storage, Key Vault, Azure DevOps, Functions host, started and stopped together.

Each is a process of its own, as in Azure; the product learns of them through its settings and nothing else.
"""

import secrets
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from infra.local.azure_devops.running import Control
from infra.local.azurite import Azurite, free_ports
from infra.local.azurite import Ports as AzuritePorts
from infra.local.key_vault.running import RunningKeyVault
from infra.local.running import REPOSITORY, RunningHost, RunningProcess

ORGANISATION = "contoso"
TOKEN = "local-pat"
TOKEN_SECRET = "azure-devops-pat"
EVENTS = "local-events"
EVENTS_SECRET = "boardbridge-events"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the servers listen; 0 takes a free port."""

    functions: int = 0
    azure_devops: int = 0
    storage: AzuritePorts | None = None


USUAL_PORTS = Ports(functions=7071, azure_devops=7081, storage=AzuritePorts(10000, 10001, 10002))


class Cloud:
    """A context manager. `settings` are app settings on top of those that say where everything is."""

    def __init__(
        self,
        ports: Ports = Ports(),
        *,
        vault: Mapping[str, str] = {},
        settings: Mapping[str, str] = {},
        message_lease_seconds: int = 600,
    ) -> None:
        self._ports = ports
        self._port = ports.functions
        self._vault = {TOKEN_SECRET: TOKEN, EVENTS_SECRET: EVENTS, **vault}
        self._more_settings = settings
        self._message_lease_seconds = message_lease_seconds
        self._running = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self.storage = starting.enter_context(Azurite(self._ports.storage))
            self.key_vault = starting.enter_context(RunningKeyVault(self._vault))
            self.azure_devops = starting.enter_context(self._start_azure_devops())
            self.azure_devops_url = self.azure_devops.ready[1]
            self.control = Control(self.azure_devops_url.removesuffix(f"/{ORGANISATION}"))
            starting.callback(self.control.close)
            # The app's settings name its port, so it cannot wait for one of its own: found last, lest another takes it.
            self._port = self._port or free_ports(1)[0]
            self.host = self._start_host()
            starting.callback(lambda: self.host.stop())
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def settings(self) -> dict[str, str]:
        """The app settings that say where everything is."""
        return {
            "AzureWebJobsStorage": self.storage.connection_string,
            "WEBSITE_HOSTNAME": f"127.0.0.1:{self._port}",
            "PROGRESS_SCHEDULE": "0 0 * * * *",
            "PYTHON_THREADPOOL_THREAD_COUNT": "64",  # all messages that host.json lets run at once, and requests beside
            "REQUEST_TIMEOUT_SECONDS": "5",
            "LATE_LANDING_SECONDS": "5",
            "STOPPED_RETRY_SECONDS": "5",
            **self.key_vault.environment,
            **self._more_settings,
        }

    def kill_host(self) -> None:
        """SIGKILL the host and start another in its place."""
        self.host.kill()
        self.host = self._start_host()

    def _start_host(self) -> RunningHost:
        return RunningHost(
            REPOSITORY, self.settings, port=self._port, message_lease_seconds=self._message_lease_seconds
        )

    def _start_azure_devops(self) -> RunningProcess:
        command = ["-m", "infra.local.azure_devops", "--organisation", ORGANISATION, "--token", TOKEN]
        return RunningProcess(
            [sys.executable, *command, "--port", str(self._ports.azure_devops)],
            ready=r"^Azure DevOps simulator: (\S+)$",
        )


def new_secret() -> str:
    """A throw-away signing secret."""
    return secrets.token_hex(16)
