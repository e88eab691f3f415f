"""What happened, as subscriptions see it: which event a change is, and what they may filter by."""

from collections.abc import Iterator
from dataclasses import dataclass

from infra.local.azure_devops.boards.journal import Change
from infra.local.azure_devops.boards.organisation import Organisation, Project
from infra.local.azure_devops.boards.store import Revision, WorkItem


@dataclass(frozen=True, slots=True)
class Event:
    """Something to tell. `revision` is the item's as the change left it; `changed` are reference names of fields."""

    type: str
    change: Change
    project: Project
    revision: Revision
    changed: frozenset[str]

    @property
    def item(self) -> WorkItem:
        return self.change.item

    @property
    def links_changed(self) -> bool:
        relations = self.change.update.relations
        return bool(relations.added or relations.removed)

    @property
    def links_alone(self) -> bool:
        return not self.change.update.made_revision


def events_of(change: Change, organisation: Organisation) -> Iterator[Event]:
    """A change is one event; with a word in its history it is a comment besides."""
    item, rev = change.item, change.update.rev
    revision = item.revisions[rev - 1]
    before = item.revisions[rev - 2].fields if rev > 1 else {}
    changed = frozenset()
    if change.update.made_revision:
        names = before.keys() | revision.fields.keys()
        changed = frozenset(name for name in names if before.get(name) != revision.fields.get(name))
    project = organisation.project(revision.fields["System.TeamProject"])
    yield Event(f"workitem.{change.kind}", change, project, revision, changed)
    if change.kind == "updated" and change.update.made_revision and "System.History" in revision.fields:
        yield Event("workitem.commented", change, project, revision, changed)
