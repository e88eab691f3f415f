"""The `Subscriptions` port over PPM Express: our webhook of a tenant; and what one of its messages points at.

A message says where to look, no more. That it comes from PPM Express shows a header alone: there is no signature.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from shared.connectors.ppm_express.api import UUID, Document, PpmExpressApi
from shared.errors import NotFound, Refused
from shared.model import Secret
from shared.ports import EVENTS_HEADER

EVENTS = ("Task:Created", "Task:Updated", "Task:Deleted")


class PpmExpressSubscriptions:
    """A webhook is for the whole tenant, so all projects of a tenant share one."""

    def __init__(self, api: PpmExpressApi) -> None:
        self._api = api

    def check(self) -> None:
        self._api.token_expires_at()

    def ensure(self, address: str, secret: Secret, projects: Collection[str]) -> Mapping[str, str]:
        """A secret changed by hand is seen, too: the tenant shows the headers of its webhooks."""
        wanted = {
            "eventTypes": list(EVENTS),
            "headers": [{"name": EVENTS_HEADER, "value": secret.value}],
            "httpVerb": "POST",
            "url": address,
        }
        there = [webhook for webhook in self._api.webhooks() if webhook.get("url") == address]
        kept = next((webhook for webhook in there if _is(webhook, wanted)), None) if projects else None
        if projects and kept is None:
            kept = self._api.create_webhook(wanted)
        for webhook in there:
            if kept is None or webhook["id"] != kept["id"]:
                with suppress(NotFound):  # another worker was quicker
                    self._api.delete_webhook(webhook["id"])
        return {}


@dataclass(frozen=True, slots=True)
class Event:
    """Tasks to look at, and the projects they are in; no projects if the message does not say."""

    tasks: tuple[str, ...]
    projects: tuple[str, ...]


def event(body: bytes) -> Event:
    """What a message points at. `Refused` if it is not a message.

    The vendor says of `Data` that it is an object; whatever in it is called an id is taken for one.
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        message = None
    data = message.get("Data") if isinstance(message, dict) else None
    if not isinstance(data, dict):
        raise Refused(400, "a message of a PPM Express webhook is a JSON object with an object 'Data'")
    named = [(name.casefold().replace("_", ""), id) for name, id in _ids(data)]
    tasks = dict.fromkeys(id for name, id in named if name in ("id", "taskid", "entityid"))
    projects = dict.fromkeys(id for name, id in named if name == "projectid")
    return Event(tuple(tasks), tuple(projects))


def _ids(node: Any) -> Iterator[tuple[str, str]]:
    """Every id with its name, outermost first; ids of what is referred to, in lists, are of other things."""
    for name, value in node.items():
        if isinstance(value, str) and UUID.fullmatch(value):
            yield name, value
    for value in node.values():
        if isinstance(value, dict):
            yield from _ids(value)


def _is(webhook: Document, wanted: Document) -> bool:
    """Whether it does what is wanted, in whatever order it says so."""
    return (
        {*webhook.get("eventTypes", ())} == {*wanted["eventTypes"]}
        and webhook.get("httpVerb") == wanted["httpVerb"]
        and wanted["headers"][0] in webhook.get("headers", ())
    )
