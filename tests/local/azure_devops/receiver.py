"""A real server that receives service hooks, and how a test subscribes it and waits for what is on its way."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from typing import Any

from tests.local.azure_devops.client import Client

SECONDS = 5
QUICK = 1e-6  # of the waits before retries


class Receiver:
    """Keeps what is posted. `answers` are the next statuses, the last for ever; with a `gate` each waits for it."""

    def __init__(self) -> None:
        self.received: Queue[tuple[dict[str, str], dict[str, Any]]] = Queue()
        self.answers = [200]
        self.gate: threading.Semaphore | None = None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
                receiver.received.put((dict(self.headers), body))
                if receiver.gate is not None:
                    receiver.gate.acquire(timeout=SECONDS)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def next(self) -> dict[str, Any]:
        return self.received.get(timeout=SECONDS)[1]

    def nothing_more(self) -> bool:
        return self.received.empty()


def subscription(url: str, event: str = "workitem.updated", **inputs: str) -> dict[str, Any]:
    """As a program asks for one; `inputs` of the consumer begin with `consumer_`."""
    consumer = {name.removeprefix("consumer_"): text for name, text in inputs.items() if name.startswith("consumer_")}
    return {
        "publisherId": "tfs",
        "eventType": event,
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "publisherInputs": {name: text for name, text in inputs.items() if not name.startswith("consumer_")},
        "consumerInputs": {"url": url} | consumer,
    }


def subscribe(client: Client, receiver: Receiver, event: str = "workitem.updated", **inputs: str) -> dict[str, Any]:
    answer = client("POST", "_apis/hooks/subscriptions", subscription(receiver.url, event, **inputs))
    assert answer.status_code == 200, answer.text
    return answer.json()


def status(client: Client, made: dict[str, Any]) -> str:
    return client.get(f"_apis/hooks/subscriptions/{made['id']}")["status"]


def settle(client: Client) -> None:
    """Until nothing is on its way any more; each look is a call, so that no time is spent idle."""
    for _ in range(2_000):
        if client.control.hooks_under_way() == 0:
            return
    raise AssertionError("events are still under way")


def received(client: Client, receiver: Receiver) -> list[dict[str, Any]]:
    settle(client)
    found = []
    while True:
        try:
            found.append(receiver.received.get_nowait()[1])
        except Empty:
            return found
