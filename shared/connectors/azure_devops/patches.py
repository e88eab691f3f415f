"""Drafts and changes as JSON patches (RFC 6902, as far as Azure DevOps takes it). Pure.

Three things are not plain fields. Tags: `add` merges them, only `replace` overwrites. Links: they are removed by their
index in a list whose order is the server's own, so the list has to be read right before, and higher indexes go first.
The parent: a work item has one, so the old link leaves in the patch that brings the new one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.model import Hyperlink, ItemChange, WorkItemChange, WorkItemDraft

HYPERLINK = "Hyperlink"
PARENT = "System.LinkTypes.Hierarchy-Reverse"
DUPLICATE_OF = "System.LinkTypes.Duplicate-Reverse"
TAGS = "System.Tags"

type Operation = Mapping[str, Any]
type Relation = Mapping[str, Any]


def to_create(draft: WorkItemDraft, organisation_url: str) -> list[Operation]:
    """The patch that makes a work item; empty values are left out."""
    fields = [_add(f"/fields/{name}", value) for name, value in draft.fields.items() if value not in (None, "")]
    return fields + _links(draft.hyperlinks, draft.parent, organisation_url)


def needs_present(change: WorkItemChange) -> bool:
    """Whether `to_update` has to be told what the work item shows right now."""
    links = change.add_hyperlinks or change.remove_hyperlinks or change.parent
    return bool(TAGS in change.fields or links or change.duplicate_of or change.no_duplicate_of)


def to_update(
    change: WorkItemChange,
    organisation_url: str,
    present_fields: Mapping[str, Any],
    relations: Sequence[Relation],
) -> list[Operation]:
    """The patch that makes exactly `change`, tested against its revision; [] if that leaves nothing to write.

    `relations` are the work item's, in the server's order. Links it has already are not added, links it has not are not
    removed: either would be refused.
    """
    old_parents = [index for index, relation in enumerate(relations) if relation["rel"] == PARENT]
    moves = change.parent is not None and change.parent not in [linked_id(relations[index]) for index in old_parents]
    linked = {relation["url"]: index for index, relation in enumerate(relations) if relation["rel"] == HYPERLINK}
    unlinked = [linked[url] for url in change.remove_hyperlinks if url in linked]
    originals = {linked_id(each): index for index, each in enumerate(relations) if each["rel"] == DUPLICATE_OF}
    unlinked += [originals[change.no_duplicate_of]] if change.no_duplicate_of in originals else []
    operations = [
        *(_set(name, value, present_fields) for name, value in change.fields.items()),
        *_removals([*unlinked, *(old_parents if moves else ())]),
        *_links(
            [link for link in change.add_hyperlinks if link.url not in linked],
            change.parent if moves else None,
            organisation_url,
        ),
        *_duplicate_of(change.duplicate_of if change.duplicate_of not in originals else None, organisation_url),
    ]
    return [{"op": "test", "path": "/rev", "value": change.rev}, *operations] if operations else []


def rests_on_present(change: ItemChange) -> bool:
    """Whether `to_sync` has to be told what the work item shows right now."""
    return change.move is not None or TAGS in change.fields


def to_sync(
    change: ItemChange,
    organisation_url: str,
    present_fields: Mapping[str, Any],
    relations: Sequence[Relation],
) -> list[Operation]:
    """The patch that makes exactly `change`, tested against its revision; [] if that leaves nothing to write."""
    fields = [_set(name, value, present_fields) for name, value in change.fields.items()]
    moves: list[Operation] = []
    if change.move is not None:
        parent = None if change.move.parent is None else int(change.move.parent)
        old_parents = {index: linked_id(each) for index, each in enumerate(relations) if each["rel"] == PARENT}
        if parent not in (old_parents.values() or (None,)):
            moves = [*_removals(old_parents), *_links((), parent, organisation_url)]
    operations = [*fields, *moves]
    return [{"op": "test", "path": "/rev", "value": int(change.version)}, *operations] if operations else []


def linked_id(relation: Relation) -> int:
    """The work item at the other end of a link."""
    return int(str(relation["url"]).rpartition("/")[2])


def _set(name: str, value: Any, present_fields: Mapping[str, Any]) -> Operation:
    if name == TAGS and present_fields.get(TAGS):
        return {"op": "replace", "path": f"/fields/{name}", "value": value}
    return _add(f"/fields/{name}", "" if value is None else value)


def _add(path: str, value: Any) -> Operation:
    return {"op": "add", "path": path, "value": value}


def _removals(indexes: Iterable[int]) -> list[Operation]:
    return [{"op": "remove", "path": f"/relations/{index}"} for index in sorted(set(indexes), reverse=True)]


def _links(hyperlinks: Iterable[Hyperlink], parent: int | None, organisation_url: str) -> list[Operation]:
    relations: list[Relation] = [_hyperlink(link) for link in hyperlinks]
    if parent is not None:
        relations.append(_work_item_link(PARENT, parent, organisation_url))
    return [_add("/relations/-", relation) for relation in relations]


def _duplicate_of(original: int | None, organisation_url: str) -> list[Operation]:
    return [_add("/relations/-", _work_item_link(DUPLICATE_OF, original, organisation_url))] if original else []


def _work_item_link(rel: str, id: int, organisation_url: str) -> Relation:
    return {"rel": rel, "url": f"{organisation_url}/_apis/wit/workItems/{id}"}


def _hyperlink(link: Hyperlink) -> Relation:
    attributes = {"attributes": {"comment": link.comment}} if link.comment else {}
    return {"rel": HYPERLINK, "url": link.url, **attributes}
