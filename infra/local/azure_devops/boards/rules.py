"""What a draft must satisfy before it is written.

The order is the service's as far as it is known: types of values first, then rules of the work item type, and the
first broken rule is the answer. `Rules` holds what a test may switch on for one simulator.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from infra.local.azure_devops.boards.links import CHILD, PARENT, Relation
from infra.local.azure_devops.boards.organisation import Project
from infra.local.azure_devops.boards.process import WorkItemType, catalogue
from infra.local.azure_devops.boards.refusals import (
    bad_link,
    bad_tree_name,
    broken_rule,
    circular_link,
    dates_not_increasing,
    duplicate_link,
    missing_type,
    new_tag_refused,
    required_field,
    second_parent,
    too_many_links,
    too_many_revisions,
)
from infra.local.azure_devops.boards.store import Draft, Store, WorkItem
from infra.local.azure_devops.clock import moment

LONG_TEXT_LIMIT = 1_000_000
TITLE_LIMIT = 255
TAG_LENGTH_LIMIT = 400
ATTACHMENT_LIMIT = 100
# What decides which states and fields an item has.
PROCESS_FIELDS = ("System.TeamProject", "System.WorkItemType")


@dataclass(frozen=True, slots=True)
class RequiredField:
    """`field` must have a value; `type` and `state` narrow where, and None means anywhere."""

    field: str
    type: str | None = None
    state: str | None = None


@dataclass(slots=True)
class Rules:
    """Restrictions beyond those of the process.

    `transitions`: type -> state -> states it may go to. `retired_states`: type -> states it no longer has, though
    items may still be in them. `revision_without_change`: whether a patch that changes nothing still makes a revision,
    which is not known of the real service. `query_limit`: how many items a query may find; `query_seconds`: how long
    it may take, so that 0 lets every query time out; `query_create_status`: of a new stored query, 201 or 200;
    `revision_limit`: how many revisions an item may have and still be changed; `link_limit` and `tag_limit`: how many
    links and tags it may have. `operation_polls`: how often a project operation is still in progress when asked.

    Of work items and areas, not known of the real service: `wrong_content_type_status`: 400 or 415; `delete_status`:
    200 or 204 (without a body) when an item is deleted; `node_create_status`: 201 or 200; `lists_keep_order`: whether
    items come in the order of the ids asked for, or of their numbers.

    Of the reporting feeds and hooks: `feed_page_limit`: how many rows a page may have. Not known of the real service:
    whether a project's feed goes on showing items that were moved out of it, whether feeds show destroyed items,
    whether deleting and restoring an item shows in the link feed, whether a change of links alone fires a hook that
    does not ask for it, and whether a write with `suppressNotifications` fires hooks.
    """

    require: list[RequiredField] = field(default_factory=list)
    transitions: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    retired_states: dict[str, list[str]] = field(default_factory=dict)
    refuse_new_tags: bool = False
    revision_without_change: bool = False
    query_limit: int = 20_000
    query_seconds: float = 30
    query_create_status: int = 201
    revision_limit: int = 10_000
    link_limit: int = 1_000
    tag_limit: int = 100
    operation_polls: int = 1
    wrong_content_type_status: int = 400
    delete_status: int = 200
    node_create_status: int = 201
    lists_keep_order: bool = True
    feed_page_limit: int = 1_000
    feed_shows_moved_items: bool = False
    feed_shows_destroyed_items: bool = False
    link_feed_follows_deletion: bool = True
    hooks_for_links_alone: bool = True
    hooks_for_suppressed_writes: bool = True

    def states(self, kind: WorkItemType) -> list[str]:
        return [s.name for s in kind.states if s.name not in self.retired_states.get(kind.name, ())]

    def next_states(self, kind: WorkItemType, state: str) -> list[str]:
        """Where an item may go from `state`; "" is an item that does not exist yet."""
        allowed = self.transitions.get(kind.name, {}).get(state, kind.transitions().get(state, ()))
        return [name for name in self.states(kind) if name in allowed or name == state]


def type_of(project: Project, name: str) -> WorkItemType:
    kind = project.process.type(name)
    if kind is None:
        raise missing_type(name, project.name)
    return kind


def check_fields(draft: Draft, project: Project, rules: Rules) -> None:
    if draft.item is not None and draft.item.rev >= rules.revision_limit:
        raise too_many_revisions(draft.item.id, draft.item.rev, rules.revision_limit)
    kind = type_of(project, draft.fields["System.WorkItemType"])
    draft.fields |= {"System.TeamProject": project.name, "System.WorkItemType": kind.name}
    if _moves(draft):
        draft.fields = kind.defaults | draft.fields
    _check_dates(draft)
    for name, tree in (("System.AreaPath", project.areas), ("System.IterationPath", project.iterations)):
        node = tree.find(draft.fields[name])
        if node is None:
            raise bad_tree_name(draft.id, name)
        draft.fields[name] = node.path
    _check_tag_count(draft, rules)
    if draft.bypass_rules:
        return
    _check_state(draft, kind, rules)
    _check_required(draft, kind, rules)
    _check_values(draft)
    _check_tags(draft, project, rules)


def check_links(draft: Draft, store: Store, rules: Rules) -> None:
    """One parent at most, no cycle in the hierarchy, no link twice, not too many."""
    added = draft.relation_changes().added
    if added and len(draft.relations) > rules.link_limit:
        raise too_many_links(draft.id, rules.link_limit)
    files = sum(r.type.reference_name == "AttachedFile" for r in draft.relations)
    if added and files > ATTACHMENT_LIMIT:
        raise bad_link(f"Work item {draft.id} cannot have more than {ATTACHMENT_LIMIT} attachments.")
    for relation in added:
        if relation.target is None:
            continue
        if relation.target == draft.id:
            raise bad_link("A work item cannot be linked to itself.")
        same = [r for r in draft.relations if r.target == relation.target and r.type == relation.type]
        if len(same) > 1:
            raise duplicate_link(draft.id, relation.target)
        if relation.type.reference_name == PARENT:
            parents = [r for r in draft.relations if r.type.reference_name == PARENT]
            if len(parents) > 1:
                raise second_parent(relation.type.name, draft.id, relation.target)
            _check_cycle(draft.id, relation, _chain(store, relation.target), draft.id)
        elif relation.type.reference_name == CHILD:
            if store.items[relation.target].parent not in (None, draft.id):
                raise second_parent(relation.type.name, draft.id, relation.target)
            up = next((r.target for r in draft.relations if r.type.reference_name == PARENT), None)
            _check_cycle(draft.id, relation, [draft.id, *_chain(store, up)], relation.target)


def _check_cycle(source: int, relation: Relation, ancestors: Iterable[int], newcomer: int) -> None:
    if newcomer in ancestors:
        raise circular_link(relation.type.name, source, relation.target or 0)


def _chain(store: Store, item_id: int | None) -> list[int]:
    """The item and everything above it."""
    chain: list[int] = []
    while item_id is not None and item_id not in chain:
        chain.append(item_id)
        item_id = store.items[item_id].parent
    return chain


def _check_state(draft: Draft, kind: WorkItemType, rules: Rules) -> None:
    """A state the type does not have is refused on every write, even one that leaves the state alone."""
    before, state = draft.before.get("System.State", ""), draft.fields["System.State"]
    allowed = rules.states(kind) if _moves(draft) else rules.next_states(kind, before)
    if state not in allowed:
        raise _not_in_list("System.State", state, required=True)


def _moves(draft: Draft) -> bool:
    """Whether the item becomes one of another type or project."""
    return draft.item is not None and any(draft.before[name] != draft.fields[name] for name in PROCESS_FIELDS)


def _check_required(draft: Draft, kind: WorkItemType, rules: Rules) -> None:
    state = draft.fields["System.State"]
    asked = [r.field for r in rules.require if r.type in (None, kind.name) and r.state in (None, state)]
    asked += kind.required
    for reference_name in ("System.Title", *asked):
        if reference_name not in draft.fields:
            field = catalogue().find(reference_name)
            raise required_field(reference_name, field.name if field else reference_name)


def _check_values(draft: Draft) -> None:
    for reference_name, value in draft.fields.items():
        field = catalogue().by_reference[reference_name]
        if field.values and value not in field.values and value != draft.before.get(reference_name):
            raise _not_in_list(reference_name, value)
        limit = TITLE_LIMIT if reference_name == "System.Title" else LONG_TEXT_LIMIT
        if isinstance(value, str) and len(value) > limit:
            raise broken_rule(
                reference_name,
                f"The field '{field.name}' contains a value of {len(value)} characters; "
                f"the limit is {limit} characters.",
                "invalidTooLong",
            )


def _check_dates(draft: Draft) -> None:
    """Revisions follow one another in time, also where the writer sets their dates."""
    changed, created = (draft.authored.get(f"System.{verb}Date") for verb in ("Changed", "Created"))
    latest = draft.before.get("System.ChangedDate")
    if changed and ((latest and moment(changed) <= moment(latest)) or (created and moment(changed) < moment(created))):
        raise dates_not_increasing()


def _check_tag_count(draft: Draft, rules: Rules) -> None:
    tags = split_tags(draft.fields.get("System.Tags", ""))
    if len(tags) > rules.tag_limit and draft.fields["System.Tags"] != draft.before.get("System.Tags"):
        raise broken_rule("System.Tags", f"A work item can have {rules.tag_limit} tags at most.", "invalidTooLong")
    for tag in tags:
        if len(tag) > TAG_LENGTH_LIMIT:
            message = f"The tag '{tag[:40]}…' is longer than {TAG_LENGTH_LIMIT} characters."
            raise broken_rule("System.Tags", message, "invalidTooLong")


def _check_tags(draft: Draft, project: Project, rules: Rules) -> None:
    if rules.refuse_new_tags:
        for tag in split_tags(draft.fields.get("System.Tags", "")):
            if tag.casefold() not in project.tags:
                raise new_tag_refused(project.id)


def _not_in_list(reference_name: str, value: Any, *, required: bool = False) -> Exception:
    name = catalogue().by_reference[reference_name].name
    return broken_rule(
        reference_name,
        f"The field '{name}' contains the value '{value}' that is not in the list of supported values",
        *(["required"] if required else []),
        "hasValues",
        "limitedToValues",
        "invalidListValue",
    )


def split_tags(text: str) -> list[str]:
    """Tags of a value; blanks and repetitions (in any case) are dropped, the first spelling stays."""
    tags: dict[str, str] = {}
    for tag in text.split(";"):
        if tag.strip():
            tags.setdefault(tag.strip().casefold(), tag.strip())
    return list(tags.values())


def follow_state(draft: Draft, kind: WorkItemType, by: Any, now: str) -> None:
    """What a process writes by itself when the state changes: the reason, and who activated or closed the item."""
    state = draft.fields["System.State"]
    if draft.item is None or state == draft.before.get("System.State"):
        return
    if draft.fields.get("System.Reason") == draft.before.get("System.Reason"):
        draft.fields["System.Reason"] = f"Moved to state {state}"
    reached = kind.state(state)
    category = reached.category if reached else None
    if category != "Completed":
        for leftover in ("Microsoft.VSTS.Common.ClosedDate", "Microsoft.VSTS.Common.ClosedBy"):
            draft.fields.pop(leftover, None)
    # Resolving is dated by the state's name, for in Agile a resolved story is in the category InProgress.
    verb = "Resolved" if state == "Resolved" else {"InProgress": "Activated", "Completed": "Closed"}.get(category or "")
    for name, value in ((f"Microsoft.VSTS.Common.{verb}Date", now), (f"Microsoft.VSTS.Common.{verb}By", by)):
        if name in kind.fields:
            draft.fields[name] = value


def remember_tags(item: WorkItem, project: Project) -> None:
    for tag in split_tags(item.fields.get("System.Tags", "")):
        project.tags.setdefault(tag.casefold(), tag)
