"""Webhooks on their way: posted from a thread of its own, once; how often one is lost or doubled can be asked for."""

import random
import threading
from collections.abc import Mapping
from itertools import count
from queue import Queue
from typing import Any

import requests

TIMEOUT_SECONDS = 5


class Deliveries:
    """`lose` and `double` are shares of all messages."""

    def __init__(self) -> None:
        self.lose = self.double = 0.0
        self._dice = random.Random(1)
        self._numbers = count(1)
        self._queue: Queue[tuple[Mapping[str, Any], dict[str, Any]]] = Queue()
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def under_way(self) -> int:
        return self._queue.unfinished_tasks

    def send(self, webhook: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        message = f"80000000-0000-4000-8000-{next(self._numbers):012x}"
        body = {"WebhookId": webhook["id"], "MessageId": message, "Data": dict(data)}
        times = 0 if self._dice.random() < self.lose else 2 if self._dice.random() < self.double else 1
        for _ in range(times):
            self._queue.put((dict(webhook), body))

    def _run(self) -> None:
        with requests.Session() as session:
            while True:
                webhook, body = self._queue.get()
                headers = {header["name"]: header["value"] for header in webhook["headers"]}
                try:
                    session.request(
                        webhook["httpVerb"], webhook["url"], json=body, headers=headers, timeout=TIMEOUT_SECONDS
                    )
                except requests.RequestException:
                    pass  # nobody listens; whether the vendor tries again is not documented
                finally:
                    self._queue.task_done()
