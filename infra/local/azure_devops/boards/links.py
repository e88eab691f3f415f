"""Link types and the relations of work items.

Separate from fields because the service keeps them apart: a link between work items has two ends and makes no
revision at either; a hyperlink, attachment or artifact link has one end and does make one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

PARENT = "System.LinkTypes.Hierarchy-Reverse"
CHILD = "System.LinkTypes.Hierarchy-Forward"


@dataclass(frozen=True, slots=True)
class LinkType:
    """One end of a kind of link. `opposite` is None for links that leave the work items (resource links)."""

    reference_name: str
    name: str
    topology: str
    opposite: str | None

    @property
    def forward(self) -> bool:
        return not self.reference_name.endswith("-Reverse")

    @property
    def acyclic(self) -> bool:
        return self.topology in ("tree", "dependency")


def _two_ended(stem: str, topology: str, forward: str, reverse: str) -> tuple[LinkType, LinkType]:
    one, other = f"{stem}-Forward", f"{stem}-Reverse"
    return LinkType(one, forward, topology, other), LinkType(other, reverse, topology, one)


_ALL = (
    *_two_ended("System.LinkTypes.Hierarchy", "tree", "Child", "Parent"),
    *_two_ended("System.LinkTypes.Duplicate", "tree", "Duplicate", "Duplicate Of"),
    *_two_ended("System.LinkTypes.Dependency", "dependency", "Successor", "Predecessor"),
    *_two_ended("Microsoft.VSTS.Common.TestedBy", "dependency", "Tested By", "Tests"),
    *_two_ended("Microsoft.VSTS.Common.Affects", "dependency", "Affects", "Affected By"),
    *_two_ended("Microsoft.VSTS.TestCase.SharedStepReferencedBy", "dependency", "Referenced By", "Test Case"),
    *_two_ended("Microsoft.VSTS.TestCase.SharedParameterReferencedBy", "dependency", "Referenced By", "References"),
    *_two_ended("System.LinkTypes.Remote.Dependency", "dependency", "Consumes From", "Produces For"),
    LinkType("System.LinkTypes.Related", "Related", "network", "System.LinkTypes.Related"),
    LinkType("System.LinkTypes.Remote.Related", "Remote Related", "network", "System.LinkTypes.Remote.Related"),
    LinkType("AttachedFile", "Attached File", "resourceLink", None),
    LinkType("Hyperlink", "Hyperlink", "resourceLink", None),
    LinkType("ArtifactLink", "Artifact Link", "resourceLink", None),
)
LINK_TYPES = {link.reference_name.casefold(): link for link in _ALL}


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation of one item. Either `target` (another item) or `uri` is set; both ends of a link share its id."""

    id: int
    type: LinkType
    target: int | None
    uri: str | None
    comment: str | None
    name: str | None
    created: str

    @property
    def place(self) -> int:
        """Where it stands in the list. The service's order is not the order of adding, so this scatters the ids."""
        return self.id * 2_654_435_761 % 2**32


@dataclass(frozen=True, slots=True)
class RelationChanges:
    added: tuple[Relation, ...]
    removed: tuple[Relation, ...]
    edited: tuple[Relation, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.edited)

    @property
    def make_revision(self) -> bool:
        return any(relation.uri is not None for relation in self.added + self.removed + self.edited)


NO_CHANGES = RelationChanges((), (), ())


def compare(before: Sequence[Relation], after: Sequence[Relation]) -> RelationChanges:
    if [*before] == [*after]:
        return NO_CHANGES
    old, new = {r.id: r for r in before}, {r.id: r for r in after}
    return RelationChanges(
        added=tuple(r for r in new.values() if r.id not in old),
        removed=tuple(r for r in old.values() if r.id not in new),
        edited=tuple(r for r in new.values() if r.id in old and old[r.id] != r),
    )
