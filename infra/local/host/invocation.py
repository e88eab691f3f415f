"""One invocation: run the function, deliver its output bindings, write the line a person reads.

Every trigger comes through here, so that an output that cannot be delivered fails the invocation, whatever started it.
"""

import asyncio
import base64
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from infra.local.host import storage, worker
from infra.local.host.settings import QueueSettings, resolve
from infra.local.host.worker import Function, Outcome, TypedData

log = logging.getLogger("host")

type Run = Callable[[Function, TypedData, dict[str, str]], Awaitable[Outcome]]
"""What a trigger calls: the function, the trigger's value, the trigger's metadata. It never raises."""


async def run(function: Function, value: TypedData, trigger_metadata: dict[str, str], queues: QueueSettings) -> Outcome:
    """Run `function` with `value` for its trigger and send what it put into queue outputs."""
    started = time.perf_counter()
    outcome = await worker.invoke(function, value, trigger_metadata)
    if outcome.error is None:
        try:
            await _deliver(function, outcome, queues)
        except Exception as error:
            outcome = Outcome(error=f"an output binding failed: {error!r}")
    milliseconds = (time.perf_counter() - started) * 1000
    if outcome.error is None:
        log.info("%s ok in %.0f ms", function.name, milliseconds)
    else:
        log.error("%s FAILED in %.0f ms\n%s", function.name, milliseconds, outcome.error.rstrip())
    return outcome


async def _deliver(function: Function, outcome: Outcome, queues: QueueSettings) -> None:
    values = dict(outcome.outputs)
    if outcome.returned is not None:
        values["$return"] = outcome.returned
    for binding in function.bindings:
        if binding["type"].lower() == "queue" and binding["name"] in values:
            texts = [_encoded(body, queues) for body in _message_bodies(values[binding["name"]])]
            await asyncio.to_thread(_send, binding, texts)


def _message_bodies(data: TypedData) -> Iterator[bytes]:
    """One body per message: a list is a message per element, and what is not text is sent as JSON."""
    value: Any = data.value
    if data.kind == "json":
        value = json.loads(value)
    for body in value if isinstance(value, list) else [value]:
        if isinstance(body, bytes):
            yield body
        else:
            yield (body if isinstance(body, str) else json.dumps(body)).encode()


def _encoded(body: bytes, queues: QueueSettings) -> str:
    return (base64.b64encode(body) if queues.base64 else body).decode()


def _send(binding: dict[str, Any], texts: list[str]) -> None:
    service = storage.queue_service(binding.get("connection") or storage.DEFAULT_CONNECTION)
    queue = service.get_queue_client(resolve(binding["queueName"]))
    for text in texts:
        storage.send(queue, text)
