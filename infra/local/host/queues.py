"""Queue triggers, with the retries, leases and poison queue of the storage extension's QueueProcessor.

A message is invisible to others while it runs, for a lease that is renewed at half time; a host that dies leaves it to
reappear. What happens to it, by how often it was taken:

    the function succeeds                      deleted
    it fails, attempts left                    visible again after `visibilityTimeout`
    it fails at `maxDequeueCount`              moved to `<queue>-poison`
    taken more often than `maxDequeueCount`    moved without running (a host died in each attempt)
    its text is not base64, but should be      moved without running
"""

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable
from datetime import datetime

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.queue import QueueMessage

from infra.local.host import storage
from infra.local.host.invocation import Run
from infra.local.host.settings import QueueSettings, resolve
from infra.local.host.worker import Function, Outcome, TypedData

log = logging.getLogger("host")

MINIMUM_POLLING_INTERVAL_SECONDS = 0.1


class QueueListener:
    """Takes messages for one function, up to `batch_size + new_batch_threshold` at once."""

    def __init__(self, function: Function, settings: QueueSettings, lease_seconds: int, run: Run) -> None:
        service = storage.queue_service(function.trigger.get("connection") or storage.DEFAULT_CONNECTION)
        name = resolve(function.trigger["queueName"])
        self._function = function
        self._queue = service.get_queue_client(name)
        self._poison = service.get_queue_client(f"{name}-poison")
        self._settings = settings
        self._lease_seconds = lease_seconds
        self._run = run
        self._busy: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> set[asyncio.Task[None]]:
        """The messages that are running."""
        return self._busy

    async def listen(self) -> None:
        """Take and run messages until cancelled; running messages are left to finish."""
        pause_seconds = MINIMUM_POLLING_INTERVAL_SECONDS
        while True:
            if len(self._busy) > self._settings.new_batch_threshold:
                await asyncio.wait(self._busy, return_when=asyncio.FIRST_COMPLETED)
                continue
            messages = await self._receive()
            for message in messages:
                task = asyncio.create_task(self._handle(message), name=f"message {message.id}")
                self._busy.add(task)
                task.add_done_callback(self._busy.discard)
            if messages:
                pause_seconds = MINIMUM_POLLING_INTERVAL_SECONDS
            else:
                await asyncio.sleep(pause_seconds)
                pause_seconds = min(pause_seconds * 2, self._settings.max_polling_interval_seconds)

    async def _receive(self) -> list[QueueMessage]:
        size = self._settings.batch_size

        def receive() -> list[QueueMessage]:
            pages = self._queue.receive_messages(
                messages_per_page=size, max_messages=size, visibility_timeout=self._lease_seconds
            )
            return list(pages)

        try:
            return await asyncio.to_thread(receive)
        except ResourceNotFoundError:
            await asyncio.to_thread(storage.create_queue, self._queue)
        except AzureError as error:
            log.warning("queue %s cannot be read, trying again: %s", self._queue.queue_name, error)
        return []

    async def _handle(self, message: QueueMessage) -> None:
        try:
            await self._process(message)
        except AzureError as error:  # the message reappears when its lease ends
            log.warning("message %s of queue %s: %s", message.id, self._queue.queue_name, error)

    async def _process(self, message: QueueMessage) -> None:
        text = self._text(message)
        if text is None:
            log.error("message %s is not base64, which host.json's messageEncoding asks for", message.id)
            await self._move_to_poison(message)
        elif message.dequeue_count > self._settings.max_dequeue_count:
            await self._move_to_poison(message)
        else:
            outcome = await self._run_leased(message, text)
            if outcome.error is None:
                await self._if_still_ours(self._queue.delete_message, message.id, message.pop_receipt)
            elif message.dequeue_count >= self._settings.max_dequeue_count:
                await self._move_to_poison(message)
            else:
                await self._set_invisible(message, int(self._settings.visibility_timeout_seconds))

    def _text(self, message: QueueMessage) -> str | None:
        if not self._settings.base64:
            return message.content
        try:
            # White space between is no fault, as in .NET.
            return base64.b64decode("".join(message.content.split()), validate=True).decode(errors="replace")
        except (binascii.Error, ValueError):
            return None

    async def _run_leased(self, message: QueueMessage, text: str) -> Outcome:
        finished = asyncio.Event()
        renewal = asyncio.create_task(self._renew(message, finished))
        try:
            return await self._run(self._function, TypedData(string=text), trigger_metadata(message, text))
        finally:
            finished.set()
            await renewal  # or it could change the pop receipt that the next call needs

    async def _renew(self, message: QueueMessage, finished: asyncio.Event) -> None:
        while True:
            try:
                async with asyncio.timeout(self._lease_seconds / 2):
                    await finished.wait()
                return
            except TimeoutError:
                await self._set_invisible(message, self._lease_seconds)

    async def _set_invisible(self, message: QueueMessage, seconds: int) -> None:
        updated = await self._if_still_ours(
            self._queue.update_message, message.id, message.pop_receipt, visibility_timeout=seconds
        )
        if updated is not None:
            message.pop_receipt = updated.pop_receipt

    async def _move_to_poison(self, message: QueueMessage) -> None:
        """Copy the raw text, to be kept for ever, then delete: a crash between the two leaves two copies, not none."""
        # Azure Monitor rules look for this sentence of the real host.
        log.warning(
            "Message has reached MaxDequeueCount of %s. Moving message to queue '%s'.",
            self._settings.max_dequeue_count,
            self._poison.queue_name,
        )
        await asyncio.to_thread(storage.send, self._poison, message.content, time_to_live_seconds=-1)
        await self._if_still_ours(self._queue.delete_message, message.id, message.pop_receipt)

    async def _if_still_ours[**P, T](self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Make the call; None when another host took the message over meanwhile, or somebody deleted it."""
        try:
            return await asyncio.to_thread(call, *args, **kwargs)
        except ResourceNotFoundError:
            pass
        except HttpResponseError as error:
            if error.error_code != "PopReceiptMismatch":
                raise
        log.warning("a message of queue %s was taken over or deleted while it ran", self._queue.queue_name)
        return None


def trigger_metadata(message: QueueMessage, text: str) -> dict[str, str]:
    """The metadata a queue trigger hands to its function."""
    return {
        "QueueTrigger": text,
        "Id": message.id,
        "DequeueCount": str(message.dequeue_count),
        "PopReceipt": message.pop_receipt or "",
        "InsertionTime": _iso(message.inserted_on),
        "ExpirationTime": _iso(message.expires_on),
        "NextVisibleTime": _iso(message.next_visible_on),
    }


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
