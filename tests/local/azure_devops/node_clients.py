"""Microsoft's Node clients as processes beside a test: a line of JSON in, a line of JSON out.

They are installed by `make test-real` from the locked list in `node/`.
"""

import json
import os
import re
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any, Self

import pytest

from infra.local.azure_devops.running import RunningSimulator

FOLDER = Path(__file__).parent / "node"
NODE_API = FOLDER / "node_modules" / "azure-devops-node-api"
MCP = FOLDER / "node_modules" / "@azure-devops" / "mcp" / "dist" / "index.js"
PROTOCOL = "2025-06-18"
MARKS = re.compile(r"\A<<\w+>>.*<<\w+>>\n|\n<</\w+>>\Z")


def installed() -> None:
    """Skip where the clients are not installed."""
    if not MCP.exists():
        pytest.skip("Microsoft's Node clients are not installed; make test-real does it")


class Process:
    """One Node process that answers every line with a line."""

    def __init__(self, *command: str, home: Path, **environment: str) -> None:
        self._process = subprocess.Popen(
            ["node", *command],
            cwd=FOLDER,
            env={"PATH": os.environ["PATH"], "HOME": str(home)} | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)

    def send(self, message: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def receive(self) -> Any:
        """The next line. A process that ended instead says why in the failure."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(self._process.communicate(timeout=10)[1])
        return json.loads(line)


class Refused(Exception):
    """What the client threw: the status, the sentence and the typeKey the service answered."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(answer["error"])
        self.status: int | None = answer["status"]
        self.type: str | None = answer["type"]


class NodeApi(Process):
    """`azure-devops-node-api`: `api("WorkItemTracking", "getWorkItem", 1)`; raises Refused."""

    def __init__(self, simulator: RunningSimulator, home: Path) -> None:
        super().__init__("calls.cjs", simulator.url, simulator.token, home=home)

    def __call__(self, api: str, method: str, *args: Any) -> Any:
        self.send({"api": api, "method": method, "args": args})
        answer = self.receive()
        if "error" in answer:
            raise Refused(answer)
        return answer["result"]


class Mcp(Process):
    """`@azure-devops/mcp`: `mcp("wit_query", action="wiql", …)` over the Model Context Protocol."""

    def __init__(self, simulator: RunningSimulator, home: Path) -> None:
        root, _, organisation = simulator.url.rpartition("/")
        token = b64encode(f":{simulator.token}".encode()).decode()
        options = [organisation, "-a", "pat", "-d", "core", "work", "work-items"]
        super().__init__(
            "--require",
            "./redirect.cjs",
            str(MCP),
            *options,
            home=home,
            SIMULATOR=root,
            PERSONAL_ACCESS_TOKEN=token,
            LOG_LEVEL="error",
        )
        self._number = 0
        client = {"name": "conformance", "version": "1"}
        self.request("initialize", protocolVersion=PROTOCOL, capabilities={}, clientInfo=client)
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def request(self, method: str, **params: Any) -> Any:
        self._number += 1
        self.send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        while (answer := self.receive()).get("id") != self._number:
            pass
        return answer["result"]

    def texts(self, tool: str, **arguments: Any) -> list[str]:
        """What the tool says, without the marks it puts around foreign text. Raises Refused when it failed."""
        result = self.request("tools/call", name=tool, arguments=arguments)
        said = [MARKS.sub("", part.get("text", "")) for part in result["content"]]
        if result.get("isError"):
            raise Refused({"error": "\n".join(said), "status": None, "type": None})
        return said

    def __call__(self, tool: str, **arguments: Any) -> Any:
        """The JSON in the last thing the tool says."""
        return json.loads(self.texts(tool, **arguments)[-1])
