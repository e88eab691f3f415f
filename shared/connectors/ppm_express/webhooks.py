"""Webhooks of a tenant: ours kept as it should be, and what one of its messages points at.

A message says where to look, no more. That it comes from PPM Express shows a header alone: there is no signature.
"""

import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.connectors.ppm_express.api import UUID, Document, PpmExpressApi
from shared.errors import Refused

EVENTS = ("Task:Created", "Task:Updated", "Task:Deleted")
HEADER = "X-Boardbridge-Secret"


@dataclass(frozen=True, slots=True)
class Event:
    """Tasks to look at, and the projects they are in; no projects if the message does not say."""

    tasks: tuple[str, ...]
    projects: tuple[str, ...]


def ensure(api: PpmExpressApi, url: str, secret: str) -> str:
    """The id of the one webhook that posts to `url` with `secret`; others to the same address are deleted.

    Another secret, or one changed by hand, makes a new webhook before the old one goes, so that nothing is missed.
    """
    wanted = {
        "eventTypes": list(EVENTS),
        "headers": [{"name": HEADER, "value": secret}],
        "httpVerb": "POST",
        "url": url,
    }
    there = [webhook for webhook in api.webhooks() if webhook.get("url") == url]
    kept = next((webhook for webhook in there if _is(webhook, wanted)), None) or api.create_webhook(wanted)
    for webhook in there:
        if webhook["id"] != kept["id"]:
            api.delete_webhook(webhook["id"])
    return kept["id"]


def event(body: bytes, headers: Mapping[str, str], secret: str) -> Event:
    """What a message points at. `Refused` if it is not ours or not a message.

    The vendor says of `Data` that it is an object; whatever in it is called an id is taken for one.
    """
    given = next((value for name, value in headers.items() if name.casefold() == HEADER.casefold()), "")
    if not secret or not hmac.compare_digest(given.encode(), secret.encode()):
        raise Refused(401, f"the header {HEADER} does not have the secret of this connection's webhook")
    try:
        message = json.loads(body)
    except ValueError:
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
