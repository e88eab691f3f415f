"""The two reporting feeds: revisions by watermark, and links as they came and went.

A feed never forgets a place: a token says behind which entry to go on, so it stays good however much is written
after it. What is younger than the lag has not arrived yet.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from infra.local.azure_devops.boards.journal import Journal, Relinked, Revised
from infra.local.azure_devops.boards.rules import Rules
from infra.local.azure_devops.boards.store import Revision, Store, WorkItem


@dataclass(frozen=True, slots=True)
class Batch[Entry]:
    """One page. `reached` is the last entry looked at, None if there was none; `last`: nothing follows for now."""

    entries: list[Entry]
    reached: Entry | None
    last: bool


@dataclass(frozen=True, slots=True)
class RevisionFilter:
    """`project` and `types` are names; empty types are all. Deleted items are left out unless asked for."""

    project: str | None = None
    types: frozenset[str] = frozenset()
    include_deleted: bool = False
    latest_only: bool = False
    discussion_only: bool = False


@dataclass(frozen=True, slots=True)
class LinkFilter:
    """`link_types` are names without their direction; empty ones are all."""

    project: str | None = None
    types: frozenset[str] = frozenset()
    link_types: frozenset[str] = frozenset()


def stem(link_type: str) -> str:
    """`System.LinkTypes.Hierarchy` for either of its ends."""
    return link_type.removesuffix("-Forward").removesuffix("-Reverse")


def read_revisions(
    store: Store, rules: Rules, wanted: RevisionFilter, *, after: int, until: datetime | None, size: int
) -> Batch[Revised]:
    """Up to `size` revisions with watermarks above `after`, of those entered until a time; None is now."""
    journal = store.journal.revisions
    start = bisect_right(journal, after, key=lambda entry: entry.revision.watermark)
    end = _arrived(journal, until)
    watermark = journal[end - 1].revision.watermark if end else 0

    def matches(entry: Revised) -> bool:
        latest = _latest(entry.item, watermark)
        return (
            (not wanted.latest_only or latest is entry.revision)
            and (rules.feed_shows_destroyed_items or entry.item.id in store.items)
            and (wanted.include_deleted or "System.IsDeleted" not in latest.fields)
            and (not wanted.discussion_only or "System.History" in entry.revision.fields)
            and (not wanted.types or entry.revision.fields["System.WorkItemType"].casefold() in wanted.types)
            and (wanted.project is None or wanted.project in _projects(entry.item, rules))
        )

    return _batch(journal, start, end, size, matches)


def read_links(
    journal: Journal, rules: Rules, wanted: LinkFilter, *, after: int, until: datetime | None, size: int
) -> Batch[Relinked]:
    """Up to `size` changes of links behind the `after`th; either end decides about project and type."""

    def matches(entry: Relinked) -> bool:
        ends = entry.source, entry.target
        return (
            (rules.link_feed_follows_deletion or entry.cause == "edit")
            and (not wanted.link_types or stem(entry.link.type.reference_name).casefold() in wanted.link_types)
            and (not wanted.types or any(e.fields["System.WorkItemType"].casefold() in wanted.types for e in ends))
            and (wanted.project is None or any(wanted.project in _projects(e, rules) for e in ends))
        )

    end = _arrived(journal.links, until)
    return _batch(journal.links, after, end, size, matches)


def older_than[Entry: (Revised, Relinked)](entries: list[Entry], moment: datetime) -> int:
    """How many entries were made before a moment."""
    return bisect_left(entries, moment, key=lambda entry: entry.at)


def _arrived[Entry: (Revised, Relinked)](entries: list[Entry], until: datetime | None) -> int:
    return len(entries) if until is None else bisect_right(entries, until, key=lambda entry: entry.at)


def _latest(item: WorkItem, watermark: int) -> Revision:
    """The newest revision of an item among those up to a watermark."""
    if item.current.watermark <= watermark:
        return item.current
    return item.revisions[bisect_right(item.revisions, watermark, key=lambda revision: revision.watermark) - 1]


def _projects(item: WorkItem, rules: Rules) -> set[str]:
    """The names of the projects whose feeds have the item."""
    revisions = item.revisions if rules.feed_shows_moved_items else item.revisions[-1:]
    return {revision.fields["System.TeamProject"] for revision in revisions}


def _batch[Entry](
    entries: list[Entry], start: int, end: int, size: int, matches: Callable[[Entry], bool]
) -> Batch[Entry]:
    found: list[Entry] = []
    for index in range(start, end):
        if matches(entries[index]):
            found.append(entries[index])
            if len(found) == size:
                return Batch(found, entries[index], index + 1 == end)
    return Batch(found, entries[end - 1] if end > start else None, True)
