"""How fast the Azure DevOps simulator is, small and with 100,000 work items: no benchmark must ever measure it instead.

The simulator runs in a process of its own, so that it has one core and the load another.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.bench

TOKEN = "local-pat"
AT_ONCE = 4
SECONDS = 1.5
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
TEXT = "SELECT [System.Id] FROM WorkItems WHERE "
IN_PROJECT = "[System.TeamProject] = 'Fabrikam' AND "
TREE = (
    "SELECT [System.Id] FROM WorkItemLinks WHERE [Source].[System.WorkItemType] = 'Epic' AND "
    "[Source].[System.State] = 'Closed' AND [System.Links.LinkType] = 'System.LinkTypes.Hierarchy-Forward' "
    "MODE (Recursive)"
)


@contextmanager
def simulator(items: int) -> Iterator[tuple[str, int]]:
    """The address and the process id of a simulator with so many items."""
    command = [sys.executable, "-m", "infra.local.azure_devops", "--port", "0", "--seed-items", str(items)]
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            print(f"\n{items:,} work items, ready after {time.perf_counter() - begun:.1f} s")
            yield url, process.pid
        finally:
            process.terminate()


def message(url: str, method: str, path: str, body: object = None) -> bytes:
    address = urlsplit(url)
    content = b"" if body is None else json.dumps(body).encode()
    kind = "application/json-patch+json" if method == "PATCH" else "application/json"
    credentials = b64encode(f":{TOKEN}".encode()).decode()
    head = (
        f"{method} {address.path}/{path} HTTP/1.1\r\nhost: {address.netloc}\r\nauthorization: Basic {credentials}\r\n"
        f"accept: application/json;api-version=7.1\r\ncontent-type: {kind}\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def load(url: str, sent: bytes) -> list[float]:
    """Milliseconds of every call that was answered 200 within the time, by connections that are kept."""
    address = urlsplit(url)
    taken: list[float] = []
    end = time.perf_counter() + SECONDS

    async def one() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        while (begun := time.perf_counter()) < end:
            writer.write(sent)
            head = await reader.readuntil(b"\r\n\r\n")
            found = LENGTH.search(head)
            assert found is not None
            content = await reader.readexactly(int(found[1]))
            assert head.startswith(b"HTTP/1.1 200"), content
            taken.append((time.perf_counter() - begun) * 1000)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return taken


def memory(pid: int) -> int | None:
    """Resident megabytes, where the system tells."""
    status = Path(f"/proc/{pid}/statm")
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20 if status.exists() else None


def most_memory(pid: int) -> int | None:
    """The most resident megabytes there ever were, where the system tells."""
    status = Path(f"/proc/{pid}/status")
    told = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(told[1]) // 2**10 if told else None


@pytest.mark.parametrize("items", [200, 100_000])
def test_calls(items: int) -> None:
    with simulator(items) as (url, pid):
        calls = {
            "one item": ("GET", "_apis/wit/workitems/150"),
            "one item, all of it": ("GET", "_apis/wit/workitems/150?$expand=all"),
            "an update": (
                "PATCH",
                "_apis/wit/workitems/160",
                [{"op": "add", "path": "/fields/System.Title", "value": "Changed"}],
            ),
            "an update without a change": (
                "PATCH",
                "_apis/wit/workitems/170?validateOnly=true",
                [{"op": "add", "path": "/fields/System.Title", "value": "Changed"}],
            ),
            "200 items by id": (
                "POST",
                "_apis/wit/workitemsbatch",
                {"ids": list(range(1, 201)), "fields": ["System.Title", "System.State"]},
            ),
            "projects": ("GET", "_apis/projects"),
            "WIQL: one tag": ("POST", "_apis/wit/wiql", {"query": TEXT + "[System.Tags] CONTAINS 'itsm-1'"}),
            "WIQL: of today": (
                "POST",
                "_apis/wit/wiql",
                {"query": TEXT + IN_PROJECT + "[System.ChangedDate] >= @today"},
            ),
            "WIQL: open below an area": (
                "POST",
                "_apis/wit/wiql?$top=100",
                {"query": TEXT + "[System.AreaPath] UNDER 'Fabrikam\\Network' AND [System.State] <> 'Closed'"},
            ),
            "WIQL: words in titles": (
                "POST",
                "_apis/wit/wiql?$top=100",
                {"query": TEXT + "[System.Title] CONTAINS 'needs a new'"},
            ),
            "WIQL: trees": ("POST", "_apis/wit/wiql", {"query": TREE}),
        }
        print(f"{'':30}{'calls/s':>10}{'p50 ms':>10}{'p99 ms':>10}{'max ms':>10}")
        for name, call in calls.items():
            taken = asyncio.run(load(url, message(url, *call)))
            p99 = quantiles(taken, n=100)[98] if len(taken) > 1 else taken[0]
            print(f"{name:30}{len(taken) / SECONDS:10.0f}{median(taken):10.1f}{p99:10.1f}{max(taken):10.1f}")
        print(f"{memory(pid)} MB")
