"""What an issue was, told from what it is and from its journals; arithmetic only.

Redmine keeps no revisions, but a journal for every edit by a user, with old and new values. Undoing them one by one,
the latest first, leads back to the issue as it was made. What Redmine changes by itself has no journal: the dates,
priority and progress that a parent takes from its children. Those are shown as they are now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from json import dumps
from typing import Any
from zlib import crc32

from shared.connectors.redmine.fields import Place

type Issue = Mapping[str, Any]  # as the API shows it, with its journals

IGNORED_ATTRIBUTES = ("child_id",)  # on a parent: that a child came or went
NEVER_EDITED = "0"
UNLISTED = ("journals", "children")  # what an issue shows alone, and not in a list


@dataclass(frozen=True, slots=True)
class Edit:
    """What one journal says was set: by which user, and to what, in raw values."""

    journal: int
    user: int | None
    values: Mapping[Place, Any]


def version(issue: Issue) -> str:
    """The number of the last journal that tells of a field. Comments do not count, nor what has no journal.

    `updated_on` would not do: it counts seconds, and moves with every edit of a child.
    """
    return str(max((journal["id"] for journal in issue.get("journals", ()) if _details(journal)), default=NEVER_EDITED))


def look(issue: Issue) -> str:
    """A fingerprint of what an issue shows, the same whether it is read alone or in a list."""
    shown = {key: value for key, value in issue.items() if key not in UNLISTED}
    return f"{crc32(dumps(shown, sort_keys=True).encode()):08x}"


def edits(issue: Issue, now: Mapping[Place, Any]) -> tuple[list[Edit], dict[Place, Any]]:
    """All edits of an issue that is `now` like this, oldest first, and what it was before the first of them."""
    values = dict(now)
    found: list[Edit] = []
    for journal in sorted(issue.get("journals", ()), key=lambda journal: journal["id"], reverse=True):
        after: dict[Place, Any] = {}
        for place, changes in _details(journal).items():
            after[place], values[place] = _undone(values.get(place), changes)
        if after:
            found.append(Edit(journal["id"], journal.get("user", {}).get("id"), after))
    return found[::-1], values


def _details(journal: Mapping[str, Any]) -> dict[Place, list[tuple[Any, Any]]]:
    """(old, new) by place; several where a field has many values, one for each that came or went."""
    details = sorted(
        (
            (detail["property"], detail["name"], detail.get("old_value"), detail.get("new_value"))
            for detail in journal["details"]
            if detail["property"] in ("attr", "cf") and detail["name"] not in IGNORED_ATTRIBUTES
        ),
        key=lambda detail: detail[:2],
    )
    return {place: [detail[2:] for detail in group] for place, group in groupby(details, lambda detail: detail[:2])}


def _undone(now: Any, changes: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    """What the changes set a field to, and what it was before them."""
    if not isinstance(now, list) and len(changes) == 1:
        ((old, new),) = changes
        return new, old
    after = now if isinstance(now, list) else [value for value in [now] if value]
    added = [new for old, new in changes if old is None]
    removed = [old for old, new in changes if new is None]
    return after, [value for value in after if value not in added] + removed
