"""`/_simulator/`: how a test or a person steers the simulator. JSON in and out, no authentication.

Not part of what is simulated: nothing here resembles a call of the real service.
"""

from dataclasses import asdict, fields
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from infra.local.azure_devops.auth import STATES, Tokens
from infra.local.azure_devops.boards.rules import RequiredField, Rules
from infra.local.azure_devops.clock import moment
from infra.local.azure_devops.conditions import Availability, Lag
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.hooks.delivery import Mishaps
from infra.local.azure_devops.scopes import KNOWN
from infra.local.azure_devops.throttling import Budget, Throttle
from infra.local.azure_devops.world import Latency, Requests, World


def _world(request: Request) -> World:
    return request.app.state.service.world


def _record[T](kind: type[T], values: dict[str, Any]) -> T:
    """Make a dataclass of a JSON object; a name it does not have is refused."""
    known = {field.name for field in fields(kind) if field.init}  # type: ignore[arg-type]
    if unknown := values.keys() - known:
        raise bad_argument(f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(sorted(known))}.")
    return kind(**values)


async def reset(request: Request) -> JSONResponse:
    _world(request).reset()
    return JSONResponse({})


async def seed(request: Request) -> JSONResponse:
    """`items` more work items; nothing else is answered while they are made."""
    wanted, world = await request.json(), _world(request)
    if wanted.keys() != {"items"} or not isinstance(wanted["items"], int) or wanted["items"] < 0:
        raise bad_argument("'items' is how many work items to make, a whole number; nothing else is known.")
    world.seed(wanted["items"])
    return JSONResponse({"items": len(world.store.items)})


async def read_requests(request: Request) -> JSONResponse:
    requests = _world(request).requests
    return JSONResponse({"counts": requests.counts, "log": list(requests.log)})


async def clear_requests(request: Request) -> JSONResponse:
    _world(request).requests = Requests()
    return JSONResponse({})


async def set_latency(request: Request) -> JSONResponse:
    _world(request).latency = _record(Latency, await request.json())
    return JSONResponse({})


async def set_lag(request: Request) -> JSONResponse:
    _world(request).lag = _record(Lag, await request.json())
    return JSONResponse({})


async def set_availability(request: Request) -> JSONResponse:
    _world(request).availability = _record(Availability, await request.json())
    return JSONResponse({})


async def read_hooks(request: Request) -> JSONResponse:
    hooks = _world(request).hooks
    return JSONResponse({"under_way": hooks.under_way, "lost": hooks.lost})


async def set_hooks(request: Request) -> JSONResponse:
    _world(request).hooks.mishaps = _record(Mishaps, await request.json())
    return JSONResponse({})


async def list_faults(request: Request) -> JSONResponse:
    return JSONResponse({"value": _world(request).faults.listed()})


async def add_fault(request: Request) -> JSONResponse:
    return JSONResponse({"id": _world(request).faults.add(await request.json()).id}, 201)


async def clear_faults(request: Request) -> JSONResponse:
    _world(request).faults.in_force.clear()
    return JSONResponse({})


async def read_fault(request: Request) -> JSONResponse:
    fault = _world(request).faults.in_force.get(request.path_params["id"])
    return JSONResponse(asdict(fault)) if fault else JSONResponse({"message": "No such fault."}, 404)


async def remove_fault(request: Request) -> JSONResponse:
    fault = _world(request).faults.in_force.pop(request.path_params["id"], None)
    return JSONResponse({}) if fault else JSONResponse({"message": "No such fault."}, 404)


async def set_token(request: Request) -> JSONResponse:
    """`value` is the one token from now on; `also` is one more; `state` and `scopes` are theirs, or those of all."""
    wanted, world = await request.json(), _world(request)
    state = wanted.get("state", "valid")
    if state not in STATES:
        raise bad_argument(f"'state' is one of {', '.join(STATES)}, not '{state}'.")
    if "value" in wanted:
        world.tokens = Tokens(wanted["value"])
    if "also" in wanted:
        world.tokens.known[wanted["also"]] = state
    else:
        world.tokens.known = dict.fromkeys(world.tokens.known, state)
    if "scopes" in wanted:
        if unknown := set(wanted["scopes"]) - KNOWN:
            raise bad_argument(f"Unknown scopes: {', '.join(sorted(unknown))}. Known: {', '.join(sorted(KNOWN))}.")
        world.tokens.restrict([wanted["also"]] if "also" in wanted else world.tokens.known, wanted["scopes"])
    return JSONResponse({})


async def set_throttle(request: Request) -> JSONResponse:
    _world(request).throttle = _record(Throttle, await request.json())
    return JSONResponse({})


async def set_budget(request: Request) -> JSONResponse:
    _world(request).budget = _record(Budget, await request.json())
    return JSONResponse({})


async def read_clock(request: Request) -> JSONResponse:
    clock = _world(request).clock
    return JSONResponse({"now": clock().isoformat(), "stopped": clock.stopped})


async def set_clock(request: Request) -> JSONResponse:
    """`stopped` true or false stops it or lets it go on, `now` sets it, `advance_seconds` moves it; in this order."""
    wanted, clock = await request.json(), _world(request).clock
    if unknown := wanted.keys() - {"now", "advance_seconds", "stopped"}:
        raise bad_argument(f"Unknown: {', '.join(sorted(unknown))}. Known: advance_seconds, now, stopped.")
    if "stopped" in wanted:
        (clock.stop if wanted["stopped"] else clock.run)()
    if "now" in wanted:
        try:
            clock.set(moment(wanted["now"]))
        except (TypeError, ValueError) as error:
            raise bad_argument(f"'now' is an ISO 8601 time, not '{wanted['now']}'.") from error
    clock.advance(wanted.get("advance_seconds", 0))
    return await read_clock(request)


async def set_rules(request: Request) -> JSONResponse:
    wanted = await request.json()
    required = [_record(RequiredField, entry) for entry in wanted.get("require", [])]
    _world(request).rules = _record(Rules, wanted | {"require": required})
    return JSONResponse({})


routes = [
    Route("/reset", reset, methods=["POST"]),
    Route("/seed", seed, methods=["POST"]),
    Route("/requests", read_requests, methods=["GET"]),
    Route("/requests", clear_requests, methods=["DELETE"]),
    Route("/latency", set_latency, methods=["PUT"]),
    Route("/lag", set_lag, methods=["PUT"]),
    Route("/availability", set_availability, methods=["PUT"]),
    Route("/hooks", read_hooks, methods=["GET"]),
    Route("/hooks", set_hooks, methods=["PUT"]),
    Route("/faults", list_faults, methods=["GET"]),
    Route("/faults", add_fault, methods=["POST"]),
    Route("/faults", clear_faults, methods=["DELETE"]),
    Route("/faults/{id:int}", read_fault, methods=["GET"]),
    Route("/faults/{id:int}", remove_fault, methods=["DELETE"]),
    Route("/token", set_token, methods=["PUT"]),
    Route("/throttle", set_throttle, methods=["POST"]),
    Route("/budget", set_budget, methods=["PUT"]),
    Route("/clock", read_clock, methods=["GET"]),
    Route("/clock", set_clock, methods=["PUT"]),
    Route("/rules", set_rules, methods=["PUT"]),
]
