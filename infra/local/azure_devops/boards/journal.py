"""What happened to work items, in the order it happened: the source of the reporting feeds and of service hooks.

Separate from the items because it outlives them: a destroyed item is gone from the store, but not from here.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from infra.local.azure_devops.boards.identities import Identity
from infra.local.azure_devops.boards.links import Relation, RelationChanges

if TYPE_CHECKING:
    from infra.local.azure_devops.boards.store import Revision, Update, WorkItem

type Cause = Literal["edit", "delete", "restore"]
type Kind = Literal["created", "updated", "deleted", "restored"]


@dataclass(frozen=True, slots=True)
class Revised:
    """One revision of one item; they are listed by watermark. `at` is when it was entered, whatever the item says."""

    item: "WorkItem"
    revision: "Revision"
    at: datetime


@dataclass(frozen=True, slots=True)
class Relinked:
    """A link between two items that came or went, seen from its forward end. `number` counts from 1."""

    number: int
    source: "WorkItem"
    target: "WorkItem"
    link: Relation
    active: bool
    cause: Cause
    by: Identity
    at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One update of one item, not yet told to anybody. `rev` is the revision it made or left."""

    kind: Kind
    item: "WorkItem"
    update: "Update"


@dataclass(slots=True)
class Journal:
    revisions: list[Revised] = field(default_factory=list)
    links: list[Relinked] = field(default_factory=list)
    untold: list[Change] = field(default_factory=list)

    def revise(self, item: "WorkItem", revision: "Revision", at: datetime) -> None:
        """Enter a revision. Times never go back here, even if the clock is set back."""
        self.revisions.append(Revised(item, revision, max(at, self.revisions[-1].at) if self.revisions else at))

    def relink(
        self,
        item: "WorkItem",
        others: dict[int, "WorkItem"],
        changes: RelationChanges,
        cause: Cause,
        by: Identity,
        at: datetime,
    ) -> None:
        """Enter what `changes` did to the links of `item`. A link to an item of the recycle bin is none yet."""
        at = max(at, self.links[-1].at) if self.links else at
        for active, relations in ((False, changes.removed), (True, changes.added)):
            for relation in relations:
                if relation.target is None or (active and others[relation.target].deleted):
                    continue
                ends = item, others[relation.target]
                source, target = ends if relation.type.forward else reversed(ends)
                self.links.append(Relinked(len(self.links) + 1, source, target, relation, active, cause, by, at))

    def tell(self) -> list[Change]:
        """The changes since the last call."""
        changes, self.untold = self.untold, []
        return changes
