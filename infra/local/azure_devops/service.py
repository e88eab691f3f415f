"""The life of one call: who asks, which endpoint, which fault, what comes back. No HTTP and no waiting here.

Requests inside a `$batch` come through the same door, so counts, faults and versions hold for them too.
"""

import asyncio
from contextlib import suppress
from urllib.parse import quote

from infra.local.azure_devops.auth import no_access
from infra.local.azure_devops.endpoints import ALL, discovery
from infra.local.azure_devops.errors import ApiError, Dropped, NoRoute
from infra.local.azure_devops.faults import Fault
from infra.local.azure_devops.routing import Answer, Call, Endpoint, Router
from infra.local.azure_devops.versions import check_version
from infra.local.azure_devops.world import World

ROUTER = Router(*ALL)


class Service:
    """`world` is all the state; the service itself has none."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.locations = ROUTER.locations

    def answer(self, call: Call) -> Answer | None:
        """What the caller is told; None when the connection is closed without an answer."""
        name = "unknown"
        try:
            refused = self.world.availability.refuse(self.world.name)
            if refused is None:
                refused = self.world.tokens.refuse(call.method, call.headers, call.base)
            if refused is not None:
                name, answer = "refused", refused
            elif call.method == "OPTIONS":
                name, answer = "discovery.options", Answer(discovery.options(call))
            else:
                endpoint, call.route = ROUTER.find(call.method, call.path)
                if endpoint is None:
                    answer = _wrong_method(call.method)
                elif self.world.tokens.lack_scope(call.headers, endpoint):
                    name, answer = "refused", no_access()
                else:
                    name, answer = endpoint.name, self._answer_endpoint(endpoint, call)
        except ApiError as error:
            answer = Answer(error.envelope, error.status)
        except Dropped:
            answer = None
        except NoRoute:
            answer = _no_controller(f"/{self.world.name}{call.path}")
        self.world.requests.add(name, call.method, call.path, answer.status if answer else None)
        return answer

    def _answer_endpoint(self, endpoint: Endpoint, call: Call) -> Answer:
        version = check_version(call, endpoint.location)
        world, who, now = self.world, call.caller.unique_name, self.world.clock().timestamp()
        brake = world.throttle.brake(now) or world.budget.brake(who, now)
        if brake is not None and brake.blocked:
            return brake.refusal()
        fault = self.world.faults.strike(endpoint.name, call)
        answer = self._run(endpoint, call) if fault is None else self._strike(fault, endpoint, call)
        cost = world.budget.cost(endpoint.cost, call.items)
        world.budget.charge(who, now, cost)
        answer.headers.setdefault("x-ratelimit-cost", f"{cost:g}")
        if answer.status < 300 and version and answer.content_type.startswith("application/json"):
            answer.content_type += f"; api-version={version}"
        answer.delay_seconds += world.latency.calls.get(endpoint.name, 0)
        if brake is not None:
            answer.headers |= brake.headers()
            answer.delay_seconds += brake.delay_seconds
        return answer

    def _run(self, endpoint: Endpoint, call: Call) -> Answer:
        try:
            result = endpoint.handler(call)
        except ApiError as error:
            return Answer(error.envelope, error.status)
        self.world.hooks.publish(call)
        return result if isinstance(result, Answer) else Answer(result)

    def _strike(self, fault: Fault, endpoint: Endpoint, call: Call) -> Answer:
        if fault.when == "after":
            self._run(endpoint, call)
        elif fault.when == "late":
            asyncio.get_running_loop().call_later(fault.late_seconds, self._land, self.world.store, endpoint, call)
        return fault.answer()

    def _land(self, store: object, endpoint: Endpoint, call: Call) -> None:
        """A late write reaches the store it was sent to; after a reset it is lost."""
        if self.world.store is store:
            with suppress(Dropped):
                self._run(endpoint, call)


def _wrong_method(method: str) -> Answer:
    message = f"The requested resource does not support http method '{method}'."
    return Answer({"count": 1, "value": {"Message": message}}, 405)


def _no_controller(path: str) -> Answer:
    message = f"The controller for path '{path}' was not found or does not implement IController."
    headers = {"x-tfs-serviceerror": quote(message, safe="")}
    return Answer(message.encode(), 404, headers, "text/plain; charset=utf-8")
