"""Fields that are not stored but follow from the rest of an item: ids, levels, counts, the parent."""

from collections.abc import Callable
from typing import Any

from infra.local.azure_devops.boards.identities import SERVICE
from infra.local.azure_devops.boards.organisation import Node, Organisation
from infra.local.azure_devops.boards.store import Revision, WorkItem
from infra.local.azure_devops.clock import NEVER

type Compute = Callable[[Organisation, WorkItem, Revision], Any]


def _node(organisation: Organisation, revision: Revision, kind: str) -> Node | None:
    project = organisation.project(revision.fields["System.TeamProject"])
    tree = project.areas if kind == "Area" else project.iterations
    return tree.find(revision.fields[f"System.{kind}Path"])


def _node_id(kind: str) -> Compute:
    def compute(organisation: Organisation, item: WorkItem, revision: Revision) -> int | None:
        node = _node(organisation, revision, kind)
        return node.id if node else None

    return compute


def _level(kind: str, level: int) -> Compute:
    def compute(organisation: Organisation, item: WorkItem, revision: Revision) -> str | None:
        names = revision.fields[f"System.{kind}Path"].split("\\")
        return names[level - 1] if level <= len(names) else None

    return compute


def _relations(rel: str | None) -> Compute:
    """How many relations of a kind the item has; None counts links to other items."""

    def compute(organisation: Organisation, item: WorkItem, revision: Revision) -> int:
        return sum((r.target is not None) if rel is None else (r.type.reference_name == rel) for r in item.relations)

    return compute


# What `$expand=all` adds to an item's fields.
EXPANDED: dict[str, Compute] = {
    "System.Id": lambda o, item, r: item.id,
    "System.AreaId": _node_id("Area"),
    "System.NodeName": lambda o, i, r: r.fields["System.AreaPath"].rpartition("\\")[2],
    **{f"System.AreaLevel{level}": _level("Area", level) for level in range(1, 5)},
    "System.Rev": lambda o, i, r: r.rev,
    "System.AuthorizedDate": lambda o, i, r: r.fields["System.ChangedDate"],
    "System.RevisedDate": lambda o, item, r: item.revised(r) or NEVER,
    "System.IterationId": _node_id("Iteration"),
    **{f"System.IterationLevel{level}": _level("Iteration", level) for level in range(1, 5)},
    "System.AuthorizedAs": lambda o, i, r: r.fields["System.ChangedBy"],
    "System.PersonId": lambda o, i, r: int(SERVICE.id[:7], 16),
    "System.Watermark": lambda o, i, r: r.watermark,
    "System.Parent": lambda o, item, r: item.parent,
}

# What is answered when it is asked for by name.
COMPUTED: dict[str, Compute] = EXPANDED | {
    "System.IsDeleted": lambda o, i, r: r.fields.get("System.IsDeleted", False),
    "System.RelatedLinkCount": _relations(None),
    "System.HyperLinkCount": _relations("Hyperlink"),
    "System.AttachedFileCount": _relations("AttachedFile"),
    "System.ExternalLinkCount": _relations("ArtifactLink"),
}


def value_of(organisation: Organisation, item: WorkItem, revision: Revision, reference_name: str) -> Any:
    """One field, stored or computed; None when it is empty."""
    compute = COMPUTED.get(reference_name)
    return compute(organisation, item, revision) if compute else revision.fields.get(reference_name)
