"""The queue `reconcile`: what a hint looks like as a message, and sending one.

Receiving is the Functions host's; its trigger hands the text of a message to `decode`.
"""

import json
import math
from contextlib import suppress

from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.storage.queue import QueueServiceClient, TextBase64EncodePolicy

from shared.connectors.azure_storage.remedies import error_code, remedies
from shared.model import Hint

QUEUE = "reconcile"
MAX_DELAY_SECONDS = 7 * 24 * 3600  # the service's limit; an earlier look does no harm
NEVER = -1


def encode(hint: Hint) -> str:
    """The message's text: compact JSON, `ticket` and `retry` only where there is one and where it is asked for."""
    message: dict[str, object] = {"connection": hint.connection}
    if hint.ticket_id:
        message["ticket"] = hint.ticket_id
    if hint.retry:
        message["retry"] = True
    return json.dumps(message, separators=(",", ":"))


def decode(text: str) -> Hint:
    """The hint in a message's text; `ValueError` says what is wrong with it."""
    message = json.loads(text)
    match message:
        case {"connection": str(connection)} if isinstance(message.get("ticket", ""), str):
            return Hint(connection, message.get("ticket", ""), retry=message.get("retry") is True)
    raise ValueError(f'not a hint: expected {{"connection": text, "ticket": text}}, got {text[:200]}')


class QueueHints:
    """`Hints` on a storage queue. Base64, because host.json says so; messages wait without limit of time."""

    def __init__(self, service: QueueServiceClient) -> None:
        self._queue = service.get_queue_client(QUEUE, message_encode_policy=TextBase64EncodePolicy())

    def send(self, hint: Hint, delay_seconds: float = 0) -> None:
        text, delay = encode(hint), min(math.ceil(delay_seconds), MAX_DELAY_SECONDS)
        with remedies(f"queue {QUEUE}"):
            try:
                self._queue.send_message(text, visibility_timeout=delay, time_to_live=NEVER)
            except HttpResponseError as error:
                if error_code(error) != "QueueNotFound":
                    raise
                with suppress(ResourceExistsError):
                    self._queue.create_queue()
                self._queue.send_message(text, visibility_timeout=delay, time_to_live=NEVER)
