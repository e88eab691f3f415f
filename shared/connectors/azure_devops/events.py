"""What an event of a service hook points at. It says where to look, no more: what it tells of the item is not read."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.errors import Refused


@dataclass(frozen=True, slots=True)
class Event:
    """`item` is the work item, None if the event is about none. `projects` are those that it is in, or has just left,
    by name; none if the event does not say."""

    item: int | None
    projects: tuple[str, ...]


def event(body: bytes) -> Event:
    """`Refused` if the body is not JSON; some senders put a byte order mark before it."""
    try:
        told = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is not JSON: {error}") from error
    item = _work_item(told)
    return Event(None if isinstance(item, bool) else item, tuple(dict.fromkeys(_projects(told))))


def _work_item(told: Any) -> int | None:
    """In `workitem.updated`, `resource.id` counts the update and `workItemId` may be 0, so the revision is asked first.

    A change of links alone is such an update, too.
    """
    match told:
        case {"resource": {"revision": {"id": int(id)}}}:
            return id
        case {"resource": {"workItemId": int(id)}} if id:
            return id
        case {"eventType": "workitem.updated"}:
            return None
        case {"eventType": str(kind), "resource": {"id": int(id)}} if kind.startswith("workitem."):
            return id
    return None


def _projects(told: Any) -> Iterator[str]:
    """Events name a project by its id, which pairs do not know; but the item has its name."""
    match told:
        case {"resource": {"revision": {"fields": {"System.TeamProject": str(name)}}}}:
            yield name
    match told:
        case {"resource": {"fields": {"System.TeamProject": str(name)}}}:
            yield name
        case {"resource": {"fields": {"System.TeamProject": {"oldValue": str(left)}}}}:
            yield left
