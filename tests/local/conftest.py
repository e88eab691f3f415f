"""Azurite for the whole run, and small Functions apps that a test writes and runs."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from azure.storage.queue import QueueServiceClient

from infra.local.azurite import Azurite, NodeMissing
from infra.local.running import RunningHost

type AppWriter = Callable[..., Path]
type HostStarter = Callable[..., RunningHost]


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    try:
        process = Azurite()
    except NodeMissing as missing:
        pytest.skip(str(missing))
    with process:
        yield process


@pytest.fixture(scope="session")
def queues(azurite: Azurite) -> Iterator[QueueServiceClient]:
    with QueueServiceClient.from_connection_string(azurite.connection_string) as service:
        yield service


@pytest.fixture
def queue_name() -> str:
    """A name that no other test uses."""
    return f"work-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def write_app(tmp_path_factory: pytest.TempPathFactory) -> AppWriter:
    """Write an app: its function_app.py after the usual imports, and its host.json `queues` settings."""

    def write(source: str, **queues: Any) -> Path:
        directory = tmp_path_factory.mktemp("app")
        header = (
            "import logging, os, threading, time, typing\nimport azure.functions as func\napp = func.FunctionApp()\n"
        )
        (directory / "function_app.py").write_text(header + dedent(source))
        (directory / "host.json").write_text(json.dumps({"version": "2.0", "extensions": {"queues": queues}}))
        return directory

    return write


@pytest.fixture
def start_host(azurite: Azurite) -> Iterator[HostStarter]:
    """Start hosts on Azurite with the given app settings; all of them end with the test."""
    with ExitStack() as running:

        def start(app: Path, *, message_lease_seconds: int = 600, **settings: str) -> RunningHost:
            environment = {"AzureWebJobsStorage": azurite.connection_string, **settings}
            return running.enter_context(RunningHost(app, environment, message_lease_seconds=message_lease_seconds))

        yield start
