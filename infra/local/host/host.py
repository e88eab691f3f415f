"""One running host: load the app, listen to everything that triggers it, stop in good order."""

import asyncio
import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from infra.local.host import invocation, worker
from infra.local.host.admin import Admin
from infra.local.host.http import HttpTriggers
from infra.local.host.queues import QueueListener
from infra.local.host.routes import routes_of
from infra.local.host.settings import Refusal, adopt_local_settings, read_host_json
from infra.local.host.timers import TimerListener
from infra.local.host.worker import Function, Outcome, TypedData
from infra.local.serving import GRACE_SECONDS, listen, port_of, serving, stop_signal

log = logging.getLogger("host")

TRIGGERS = ("http", "queue", "timer")
STORAGE_THREADS = 64


@dataclass(frozen=True, slots=True)
class Options:
    """How to run an app: where to listen, the key to ask for, and how long a running message stays invisible."""

    app_directory: Path
    address: str
    port: int
    key: str
    message_lease_seconds: int


async def serve(options: Options) -> NoReturn:
    """Run the app until SIGINT or SIGTERM, which end the process; raises `Refusal` where it cannot be run."""
    directory = options.app_directory
    settings = read_host_json(directory)
    adopt_local_settings(directory)
    sys.path.insert(0, str(directory))
    # Storage calls block; they must not queue behind one another when many messages run at once.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(STORAGE_THREADS, thread_name_prefix="storage"))

    functions = await worker.index(directory)
    for function in functions:
        if not any(function.triggered_by(kind) for kind in TRIGGERS):
            raise Refusal(f"{function.name}: this host has no {function.trigger['type']}; it has {', '.join(TRIGGERS)}")

    async def run(function: Function, value: TypedData, metadata: dict[str, str]) -> Outcome:
        return await invocation.run(function, value, metadata, settings.queues)

    routes = routes_of(functions, settings.route_prefix)
    queues = [
        QueueListener(f, settings.queues, options.message_lease_seconds, run) for f in _started_by(functions, "queue")
    ]
    timers = [TimerListener(f, run) for f in _started_by(functions, "timer")]
    application = HttpTriggers(routes, options.key, run, Admin(functions, run))
    listening = listen(options.address, options.port)
    stop = stop_signal()
    async with serving(application, listening), asyncio.TaskGroup() as group:
        listeners = [group.create_task(listener.listen()) for listener in (*queues, *timers)]
        log.info("functions: %s", ", ".join(f"{f.name} ({f.trigger['type']})" for f in functions))
        print(f"listening on http://{options.address}:{port_of(listening)}", flush=True)
        await stop.wait()
        for listener in listeners:
            listener.cancel()
    await _finish([task for listener in (*queues, *timers) for task in listener.busy])


def _started_by(functions: tuple[Function, ...], kind: str) -> list[Function]:
    return [function for function in functions if function.triggered_by(kind)]


async def _finish(running: list[asyncio.Task[Any]]) -> NoReturn:
    """Give running calls a moment, then end the process."""
    if running:
        _, left = await asyncio.wait(running, timeout=GRACE_SECONDS)
        if left:
            log.warning("stopped with %d calls still running; a queue message reappears when its lease ends", len(left))
    # Not by returning: a function that still runs in its thread cannot be interrupted and would hold the process.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)
