"""A network that plays answers from a list and keeps the requests: what a server would have to do, without one."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import urllib3
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter, HTTPAdapter


class Canned(BaseAdapter):
    """Plays `answers` in order, calling those that are functions; a request beyond the last one fails the test."""

    def __init__(self, *answers: urllib3.HTTPResponse | Callable[[], urllib3.HTTPResponse]) -> None:
        super().__init__()
        self.requests: list[PreparedRequest] = []
        self.timeouts: list[Any] = []
        self._answers = list(answers)

    def send(self, request: PreparedRequest, timeout: Any = None, **_: Any) -> Response:
        self.requests.append(request)
        self.timeouts.append(timeout)
        assert self._answers, f"nobody expected {request.method} {request.url}"
        answer = self._answers.pop(0)
        return HTTPAdapter().build_response(request, answer() if callable(answer) else answer)

    def close(self) -> None:
        """Nothing is open."""

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.body) for request in self.requests if request.body]


def answer(
    status: int, body: Any = b"", headers: Mapping[str, str] | None = None, content_type: str = "application/json"
) -> urllib3.HTTPResponse:
    """An answer whose `body` is sent as it is if it is bytes, and as JSON otherwise."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return urllib3.HTTPResponse(
        io.BytesIO(content), {"Content-Type": content_type, **(headers or {})}, status, preload_content=False
    )
