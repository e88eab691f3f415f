"""Getting events to their receivers: at least once if all goes well, in no particular order.

What goes wrong is answered as Microsoft documents it (learn.microsoft.com/azure/devops/service-hooks/troubleshoot):
408, 502, 503 and 504 are tried again up to eight times, 410 disables the subscription at once, and anything else puts
it on probation, of which seven failed retries are the end. `Mishaps` adds what users see besides: events that are
lost, doubled, late or in another order.
"""

import asyncio
import random
from base64 import b64encode
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from infra.local.azure_devops.clock import Clock, stamp
from infra.local.azure_devops.hooks.events import events_of
from infra.local.azure_devops.hooks.payloads import envelope, sample
from infra.local.azure_devops.hooks.post import post
from infra.local.azure_devops.hooks.subscriptions import Notification, Subscription
from infra.local.azure_devops.routing import Call

type Outcome = Literal["good", "transient", "enduring", "gone"]

TRANSIENT = (408, 502, 503, 504)
GONE = 410
TRANSIENT_WAITS = (1, 2, 4, 8, 16, 32, 60, 60)  # seconds
PROBATION_WAITS = tuple(minutes * 60 for minutes in (20, 40, 80, 160, 320, 640, 900))
CONNECTIONS = 32


@dataclass(slots=True)
class Mishaps:
    """`lose`, `double` and `reorder` are shares of the events, drawn the same in every run.

    An event out of order waits until another has arrived, `hold_seconds` at most. `delay_seconds` every event waits.
    `time_factor` shortens the waits before retries: 0.001 makes milliseconds of seconds.
    """

    lose: float = 0
    double: float = 0
    reorder: float = 0
    delay_seconds: float = 0
    hold_seconds: float = 0.2
    time_factor: float = 1
    seed: int = 1
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def strikes(self, share: float) -> bool:
        return share > 0 and self.dice.random() < share


class Hooks:
    """All subscriptions of the organisation, by id, and what is on its way."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.subscriptions: dict[str, Subscription] = {}
        self.mishaps = Mishaps()
        self.lost = 0
        self._last_id = 0
        self._connections = asyncio.Semaphore(CONNECTIONS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[asyncio.Event] = []

    @property
    def under_way(self) -> int:
        """How many events have neither arrived nor been given up."""
        return len(self._tasks)

    def close(self) -> None:
        """Give up whatever is on its way."""
        for task in self._tasks:
            task.cancel()

    def publish(self, call: Call) -> None:
        """Tell the subscribers what the call has changed. Returns at once."""
        changes, rules = call.world.store.journal.tell(), call.world.rules
        if not changes or not self.subscriptions:
            return
        if call.flag("suppressNotifications") and not rules.hooks_for_suppressed_writes:
            return
        active = [each for each in self.subscriptions.values() if each.active]
        for event in (event for change in changes for event in events_of(change, call.world.organisation)):
            if wanting := [each for each in active if each.wants(event, rules)]:
                body = envelope(event, call)
                for subscription in wanting:
                    self.send(subscription, body)

    def send_sample(self, subscription: Subscription, call: Call) -> Notification:
        """Set an event that never happened on its way, whatever the filters say."""
        return self.send(subscription, sample(subscription.event_type, call))

    def send(self, subscription: Subscription, body: dict[str, Any]) -> Notification:
        """Set one event on its way; on probation a subscription gets no new ones."""
        now = stamp(self.clock())
        self._last_id += 1
        notification = Notification(self._last_id, _reduced(body, subscription.consumer_inputs), now, now)
        subscription.notifications.append(notification)
        if subscription.status == "onProbation":
            self._finish(notification, "filtered", "The subscription is on probation.")
        elif self.mishaps.strikes(self.mishaps.lose):
            self.lost += 1
        else:
            held = asyncio.Event() if self.mishaps.strikes(self.mishaps.reorder) else None
            if held is not None:
                self._held.append(held)
            for _ in range(2 if self.mishaps.strikes(self.mishaps.double) else 1):
                self._start(self._deliver(subscription, notification, held))
        return notification

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(
        self, subscription: Subscription, notification: Notification, held: asyncio.Event | None
    ) -> None:
        await asyncio.sleep(self.mishaps.delay_seconds)
        if held is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(held.wait(), self.mishaps.hold_seconds)
        outcome = await self._attempt(subscription, notification)
        if held is None:
            self._let_go()
        for seconds in TRANSIENT_WAITS:
            if outcome != "transient" or not subscription.active:
                break
            await self._wait(seconds)
            outcome = await self._attempt(subscription, notification)
        if outcome in ("transient", "enduring") and subscription.status == "enabled":
            subscription.status = "onProbation"
            outcome = await self._probation(subscription, notification)
        if outcome == "gone":
            subscription.status = "disabledBySystem"
        self._finish(notification, "succeeded" if outcome == "good" else "failed", notification.error)

    async def _probation(self, subscription: Subscription, notification: Notification) -> Outcome:
        """The event that failed is tried again and again; the first success ends the probation."""
        for seconds in PROBATION_WAITS:
            await self._wait(seconds)
            subscription.retries += 1
            subscription.last_retry = stamp(self.clock())
            outcome = await self._attempt(subscription, notification)
            if outcome == "good":
                subscription.status, subscription.retries = "enabled", 0
            if outcome in ("good", "gone"):
                return outcome
        subscription.status = "disabledBySystem"
        return "enduring"

    async def _attempt(self, subscription: Subscription, notification: Notification) -> Outcome:
        inputs = subscription.consumer_inputs
        notification.status, notification.attempts = "requestInProgress", notification.attempts + 1
        trust_all = inputs.get("acceptUntrustedCerts", "").lower() == "true"
        try:
            async with self._connections:
                reply = await post(
                    inputs["url"], headers_of(inputs), orjson.dumps(notification.body), trust_all=trust_all
                )
        except OSError as error:
            notification.error = f"Nobody answered: {error}"
            return "transient"
        except ValueError as error:
            notification.error = str(error)
            return "enduring"
        notification.response = f"Status Code: {reply.status}\r\n\r\n{reply.text}"
        if 200 <= reply.status < 300:
            notification.error = None
            return "good"
        notification.error = f"The receiver answered {reply.status}."
        if reply.status == GONE:
            return "gone"
        return "transient" if reply.status in TRANSIENT else "enduring"

    def _let_go(self) -> None:
        for held in self._held:
            held.set()
        self._held.clear()

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self.mishaps.time_factor)

    def _finish(
        self, notification: Notification, result: Literal["succeeded", "failed", "filtered"], error: str | None
    ) -> None:
        notification.status, notification.result, notification.error = "completed", result, error
        notification.modified = stamp(self.clock())


def headers_of(inputs: dict[str, str]) -> dict[str, str]:
    """What a subscription sends besides the event: basic authentication, and headers one per line."""
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "VSServices/1.0"}
    user, password = inputs.get("basicAuthUsername", ""), inputs.get("basicAuthPassword", "")
    if user or password:
        headers["Authorization"] = "Basic " + b64encode(f"{user}:{password}".encode()).decode()
    for line in inputs.get("httpHeaders", "").splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip():
            headers[name.strip()] = value.strip()
    return headers


def _reduced(body: dict[str, Any], inputs: dict[str, str]) -> dict[str, Any]:
    """The event with as much of its item and of its sentences as the subscription asks for."""
    resource = body["resource"]
    amount = inputs.get("resourceDetailsToSend", "all").lower()
    if amount == "none":
        resource = None
    elif amount == "minimal":
        resource = {name: resource[name] for name in ("id", "url")}
    sentences = {}
    for name, setting in (("message", "messagesToSend"), ("detailedMessage", "detailedMessagesToSend")):
        style = inputs.get(setting, "all").lower()
        shown = {key: text for key, text in body[name].items() if style in ("all", key)}
        sentences[name] = shown or None
    return body | sentences | {"resource": resource}
