"""Work items as the server keeps them: every revision, every update, the recycle bin.

Nothing here checks a rule; a draft that reaches `save` has been accepted whole. Ids count over the organisation.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from infra.local.azure_devops.boards.identities import Identity
from infra.local.azure_devops.boards.journal import Cause, Change, Journal, Kind
from infra.local.azure_devops.boards.links import CHILD, LINK_TYPES, PARENT, Relation, RelationChanges, compare
from infra.local.azure_devops.boards.process import catalogue
from infra.local.azure_devops.boards.refusals import missing_item
from infra.local.azure_devops.clock import Clock, moment, stamp


@dataclass(frozen=True, slots=True)
class Revision:
    """The item's fields at one revision, by reference name; a field that is empty is not there at all.

    Dates are stamps, people are identities. `formats` names the fields written as Markdown.
    """

    rev: int
    fields: dict[str, Any]
    formats: dict[str, str]
    watermark: int


@dataclass(frozen=True, slots=True)
class Update:
    """One change. `made_revision` is False for a change of links alone, which leaves `rev` as it was."""

    number: int
    rev: int
    by: Identity
    at: str
    made_revision: bool
    relations: RelationChanges


@dataclass(slots=True)
class Comment:
    id: int
    version: int
    text: str
    format: str
    created_by: Identity
    created: str
    modified_by: Identity
    modified: str
    deleted: bool = False
    earlier: list["Comment"] = field(default_factory=list)  # its versions before this one, oldest first
    reactions: dict[str, list[Identity]] = field(default_factory=dict)  # kind of reaction -> who reacted so


@dataclass(slots=True)
class WorkItem:
    id: int
    revisions: list[Revision] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    deleted: bool = False

    @property
    def current(self) -> Revision:
        return self.revisions[-1]

    @property
    def rev(self) -> int:
        return len(self.revisions)

    @property
    def fields(self) -> dict[str, Any]:
        return self.revisions[-1].fields

    @property
    def parent(self) -> int | None:
        return next((r.target for r in self.relations if r.type.reference_name == PARENT), None)

    def revised(self, revision: Revision) -> str | None:
        """When `revision` was superseded; None while it is the latest."""
        return self.revisions[revision.rev].fields["System.ChangedDate"] if revision.rev < self.rev else None

    def as_of(self, when: str) -> "WorkItem | None":
        """The item as it was at a stamp; None before it was made."""
        until = _sortable(when)
        kept = [r for r in self.revisions if r.fields["System.ChangedDate"][:-1] <= until]
        updates = [u for u in self.updates if u.at[:-1] <= until]
        if not kept:
            return None
        if len(kept) == len(self.revisions) and len(updates) == len(self.updates):
            return self
        relations: dict[int, Relation] = {}
        for update in updates:
            relations |= {r.id: r for r in update.relations.added + update.relations.edited}
            for gone in update.relations.removed:
                relations.pop(gone.id, None)
        return replace(
            self, revisions=kept, updates=updates, relations=sorted(relations.values(), key=lambda r: r.place)
        )


@dataclass(slots=True)
class Draft:
    """A change that is being put together: the whole item as it would be. `item` is None for a new one."""

    item: WorkItem | None
    fields: dict[str, Any]
    formats: dict[str, str]
    relations: list[Relation]
    bypass_rules: bool = False
    authored: dict[str, Any] = field(default_factory=dict)  # who and when, where the writer may say so

    @property
    def id(self) -> int:
        return -1 if self.item is None else self.item.id

    @property
    def before(self) -> dict[str, Any]:
        return {} if self.item is None else self.item.fields

    def relation_changes(self) -> RelationChanges:
        return compare(self.item.relations if self.item else (), self.relations)


@lru_cache(maxsize=64)
def _sortable(when: str) -> str:
    """A stamp without its Z: as text it sorts like the moment it stands for. Raises ValueError."""
    return stamp(moment(when))[:-1]


def without_history(fields: dict[str, Any]) -> dict[str, Any]:
    """History belongs to the revision that wrote it; a later change starts without."""
    return {name: value for name, value in fields.items() if name != "System.History"}


class Store:
    """`items` holds the recycle bin too. A live item has links to live items only."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.items: dict[int, WorkItem] = {}
        self.journal = Journal()
        self.watermark = 0
        self.next_item_id = 1
        self.next_relation_id = 1
        self.next_comment_id = 1
        self._by_uri: dict[str, set[int]] = {}

    def live(self) -> Iterator[WorkItem]:
        return (item for item in self.items.values() if not item.deleted)

    def get(self, item_id: int) -> WorkItem:
        if not self.is_live(item_id):
            raise missing_item(item_id)
        return self.items[item_id]

    def is_live(self, item_id: int) -> bool:
        return item_id in self.items and not self.items[item_id].deleted

    def with_uri(self, uri: str) -> list[WorkItem]:
        """Live items with a hyperlink or artifact link to `uri`, lowest id first."""
        return [item for id in sorted(self._by_uri.get(uri.casefold(), ())) if not (item := self.items[id]).deleted]

    def new_relation_id(self) -> int:
        self.next_relation_id += 1
        return self.next_relation_id - 1

    def add_comment(self, item: WorkItem, text: str, format: str, by: Identity) -> Comment:
        """Keep a comment whose revision has just been saved."""
        now = item.fields["System.ChangedDate"]
        comment = Comment(self.next_comment_id, 1, text, format, by, now, by, now)
        self.next_comment_id += 1
        item.comments.append(comment)
        return comment

    def save(self, draft: Draft, by: Identity, *, always_revise: bool = False) -> WorkItem:
        """Write a draft. A change of links alone, or of nothing, makes no revision unless `always_revise`."""
        changes = draft.relation_changes()
        item = draft.item or self._new_item()
        now = draft.authored.get("System.ChangedDate") or self._now(item)
        by = draft.authored.get("System.ChangedBy") or by
        revise = (
            always_revise
            or bool(draft.authored)
            or changes.make_revision
            or draft.item is None
            or draft.fields != without_history(item.fields)
            or draft.formats != item.current.formats
        )
        if revise:
            self._revise(item, draft.fields | draft.authored, draft.formats, by, now)
        if revise or changes:
            item.relations = sorted(draft.relations, key=lambda r: r.place)
            self._update(item, "updated" if draft.item else "created", by, now, revise, changes)
            self._index_addresses(item, changes)
            self._change_other_ends(item, changes, by, now, "edit")
        return item

    def delete(self, item: WorkItem, by: Identity) -> None:
        """Into the recycle bin. The item keeps its links there; the other ends lose theirs."""
        now = self._mark(item, by, deleted=True)
        links = RelationChanges((), tuple(r for r in item.relations if r.target), ())
        self._change_other_ends(item, links, by, now, "delete")

    def restore(self, item: WorkItem, by: Identity) -> None:
        """Out of the recycle bin, with its links, save those to items that are gone or have another parent by now.

        A link to an item that is still in the bin waits there, at its other end.
        """
        now = self._mark(item, by, deleted=False)
        links = [r for r in item.relations if r.target in self.items and self._fits_again(r)]
        self._change_other_ends(item, RelationChanges(tuple(links), (), ()), by, now, "restore")
        item.relations = [r for r in item.relations if r.target is None or (r in links and self.is_live(r.target))]

    def destroy(self, item: WorkItem) -> None:
        """Out of the recycle bin, for good."""
        del self.items[item.id]
        for ids in self._by_uri.values():
            ids.discard(item.id)

    def _fits_again(self, link: Relation) -> bool:
        return link.type.reference_name != CHILD or self.items[link.target or 0].parent is None

    def _new_item(self) -> WorkItem:
        item = WorkItem(self.next_item_id)
        self.next_item_id += 1
        self.items[item.id] = item
        return item

    def _now(self, item: WorkItem) -> str:
        """The time of the change. Dates of one item always increase, even within one millisecond."""
        now = self.clock()
        if item.updates:
            now = max(now, moment(item.updates[-1].at) + timedelta(milliseconds=1))
        return stamp(now)

    def _revise(self, item: WorkItem, fields: dict[str, Any], formats: dict[str, str], by: Identity, now: str) -> None:
        self.watermark += 1
        first = not item.revisions
        dates = {"System.ChangedDate": now, "System.ChangedBy": by}
        if first or fields["System.State"] != item.fields["System.State"]:
            dates["Microsoft.VSTS.Common.StateChangeDate"] = now
        made = {"System.CommentCount": 0, "System.CreatedDate": now, "System.CreatedBy": by}
        values = catalogue().ordered(made | fields | dates)
        revision = Revision(item.rev + 1, values, dict(formats), self.watermark)
        item.revisions.append(revision)
        self.journal.revise(item, revision, self.clock())

    def _index_addresses(self, item: WorkItem, changes: RelationChanges) -> None:
        for relation in changes.removed:
            if relation.uri is not None:
                self._by_uri[relation.uri.casefold()].discard(item.id)
        for relation in item.relations:
            if relation.uri is not None:
                self._by_uri.setdefault(relation.uri.casefold(), set()).add(item.id)

    def _update(
        self, item: WorkItem, kind: Kind, by: Identity, now: str, made_revision: bool, relations: RelationChanges
    ) -> None:
        update = Update(len(item.updates) + 1, item.rev, by, now, made_revision, relations)
        item.updates.append(update)
        self.journal.untold.append(Change(kind, item, update))

    def _change_other_ends(
        self, item: WorkItem, changes: RelationChanges, by: Identity, now: str, cause: Cause
    ) -> None:
        """Every item at the other end of a changed link gets the change too, as one update without a revision."""
        if not changes:
            return
        self.journal.relink(item, self.items, changes, cause, by, self.clock())
        linked = [r for r in (*changes.added, *changes.removed, *changes.edited) if r.target is not None]
        for target in dict.fromkeys(r.target for r in linked if r.target is not None):
            other = self.items[target]
            seen = RelationChanges(
                *(
                    tuple(_other_end(r, item.id) for r in kind if r.target == target)
                    for kind in (changes.added, changes.removed, changes.edited)
                )
            )
            touched = {r.id for r in seen.added + seen.removed + seen.edited}
            kept = [r for r in other.relations if r.id not in touched]
            other.relations = sorted([*kept, *seen.added, *seen.edited], key=lambda r: r.place)
            self._update(other, "updated", by, now, False, seen)

    def _mark(self, item: WorkItem, by: Identity, *, deleted: bool) -> str:
        now = self._now(item)
        fields = {name: value for name, value in item.fields.items() if name != "System.IsDeleted"}
        self._revise(item, fields | ({"System.IsDeleted": True} if deleted else {}), item.current.formats, by, now)
        kind: Kind = "deleted" if deleted else "restored"
        self._update(item, kind, by, now, True, RelationChanges((), (), ()))
        item.deleted = deleted
        return now


def _other_end(relation: Relation, source: int) -> Relation:
    opposite = LINK_TYPES[(relation.type.opposite or "").casefold()]
    return replace(relation, target=source, type=opposite)
