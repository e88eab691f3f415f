"""The queue `reconcile`: what a hint or a look is as a message, and sending one.

Receiving is the Functions host's; its trigger hands the text of a message to `decode`. A hint names a `connection`, a
look a `pair`: so both wait in one queue and none is taken for the other.
"""

import json
import math
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import batched
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.storage.queue import QueueServiceClient, TextBase64EncodePolicy

from shared.connectors.azure_storage.remedies import error_code, remedies
from shared.links import Look
from shared.model import Hint, SideName

QUEUE = "reconcile"
MAX_DELAY_SECONDS = 7 * 24 * 3600  # the service's limit; an earlier look does no harm
NEVER = -1
SENT_AT_ONCE = 8
HANDED_OUT_AT_ONCE = 500
BUSY_SECONDS = 10  # for an answer, when many messages are in hand and nobody waits for it


def encode(message: Hint | Look) -> str:
    """The message's text: compact JSON that leaves out what is empty or false, save whose message it is."""
    match message:
        case Hint():
            whose = {"connection": message.connection}
            more: dict[str, object] = {"ticket": message.ticket_id, "retry": message.retry}
        case Look():
            whose = {"pair": message.pair}
            more = {
                "side": message.side,
                "item": message.item,
                "link": message.link,
                "retry": message.retry,
                "swept": message.swept,
                "plan": message.plan,
            }
    return json.dumps(whose | {name: value for name, value in more.items() if value}, separators=(",", ":"))


def decode(text: str) -> Hint | Look:
    """The hint or look in a message's text; `ValueError` says what is wrong with it."""
    message = json.loads(text)
    match message:
        case {"connection": str(connection)} if _are_texts(message, "ticket"):
            return Hint(connection, message.get("ticket", ""), retry=message.get("retry") is True)
        case {"pair": str(pair)} if _are_texts(message, "side", "item", "link", "plan"):
            return Look(
                pair,
                SideName(message["side"]) if "side" in message else None,
                message.get("item", ""),
                message.get("link", ""),
                retry=message.get("retry") is True,
                swept=message.get("swept") is True,
                plan=message.get("plan", ""),
            )
    raise ValueError(
        'not a hint: expected {"connection": text, "ticket": text}, {"pair": text, "side": "boards" or "ppm", '
        f'"item": text}} or {{"pair": text, "link": text}}, got {text[:200]}'
    )


def _are_texts(message: Mapping[str, Any], *names: str) -> bool:
    """Whether each of these is a text where it is there at all."""
    return all(isinstance(message.get(name, ""), str) for name in names)


class _Queue:
    """Base64, because host.json says so; messages wait without limit of time."""

    def __init__(self, service: QueueServiceClient) -> None:
        self._queue = service.get_queue_client(QUEUE, message_encode_policy=TextBase64EncodePolicy())

    def _put(self, message: Hint | Look, delay_seconds: float, **options: Any) -> None:
        text, delay = encode(message), min(math.ceil(delay_seconds), MAX_DELAY_SECONDS)
        with remedies(f"queue {QUEUE}"):
            try:
                self._queue.send_message(text, visibility_timeout=delay, time_to_live=NEVER, **options)
            except HttpResponseError as error:
                if error_code(error) != "QueueNotFound":
                    raise
                with suppress(ResourceExistsError):
                    self._queue.create_queue()
                self._queue.send_message(text, visibility_timeout=delay, time_to_live=NEVER, **options)


class QueueHints(_Queue):
    """`Hints` on a storage queue."""

    def send(self, hint: Hint, delay_seconds: float = 0) -> None:
        self._put(hint, delay_seconds)


class QueueLooks(_Queue):
    """`Looks` on the same queue."""

    def send(self, look: Look, delay_seconds: float = 0) -> None:
        self._put(look, delay_seconds, read_timeout=BUSY_SECONDS)

    def send_all(self, looks: Iterable[Look], delay_seconds: float = 0) -> int:
        """A message is a call, and one after the other they would come more slowly than they are worked on."""
        sent = 0
        with ThreadPoolExecutor(SENT_AT_ONCE, thread_name_prefix="send") as pool:
            for some in batched(looks, HANDED_OUT_AT_ONCE, strict=False):  # the pool itself takes all there are
                sent += sum(1 for _ in pool.map(lambda look: self.send(look, delay_seconds), some))
        return sent
