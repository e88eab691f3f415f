"""The host's own endpoints below /admin: what is loaded, and running a function by hand."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from infra.local.host.invocation import Run
from infra.local.host.timers import timer_value
from infra.local.host.worker import Function, Outcome, TypedData


class Admin:
    """Answers requests below /admin; whoever calls has checked the key."""

    def __init__(self, functions: tuple[Function, ...], run: Run) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._run = run
        self._running: set[asyncio.Task[Outcome]] = set()
        self._started = datetime.now(UTC)

    async def __call__(self, request: Request) -> Response:
        match request.method, request.url.path.strip("/").split("/")[1:]:
            case "GET", ["host", "status"]:
                return JSONResponse(
                    {"id": "local", "state": "Running", "processUptime": self._uptime() // timedelta(milliseconds=1)}
                )
            case "GET", ["functions"]:
                return JSONResponse([_described(function) for function in self._functions.values()])
            case "GET", ["functions", name] if name.lower() in self._functions:
                return JSONResponse(_described(self._functions[name.lower()]))
            case "POST", ["functions", name] if name.lower() in self._functions:
                return await self._start(self._functions[name.lower()], request)
        return Response(status_code=404)

    async def _start(self, function: Function, request: Request) -> Response:
        """Start the function and answer at once, as the real host does; its outcome is in the log."""
        try:
            body = json.loads(await request.body() or b"{}")
            given = body.get("input", "")
        except (ValueError, AttributeError):
            return PlainTextResponse('the body must be a JSON object such as {"input": "…"}', status_code=400)
        if function.triggered_by("timer"):
            arguments = timer_value(None, past_due=False), {}
        elif function.triggered_by("queue"):
            text = given if isinstance(given, str) else json.dumps(given)
            arguments = TypedData(string=text), _metadata_by_hand(text, datetime.now(UTC))
        else:
            return PlainTextResponse(f"{function.name} is an HTTP function: call its route", status_code=400)
        task = asyncio.create_task(self._run(function, *arguments))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return Response(status_code=202)

    def _uptime(self) -> timedelta:
        return datetime.now(UTC) - self._started


def _described(function: Function) -> dict[str, object]:
    return {"name": function.name, "config": {"bindings": function.bindings}, "isDisabled": False}


def _metadata_by_hand(text: str, now: datetime) -> dict[str, str]:
    moment = now.isoformat()
    return {
        "QueueTrigger": text,
        "Id": "by-hand",
        "DequeueCount": "1",
        "PopReceipt": "by-hand",
        "InsertionTime": moment,
        "ExpirationTime": moment,
        "NextVisibleTime": moment,
    }
