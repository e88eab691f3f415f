"""What a ticket asks of its work item, and the smallest change that brings the work item there.

A ticket's wishes are flat text by *aspect* (title, state, area, …). An aspect is written when the wish differs from the
one last applied, the baseline: what the team edited on the board stays until the ticket itself changes that aspect.
Baselines hold long text as a hash.
"""

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from shared.configuration import Destination
from shared.errors import Park
from shared.model import Hyperlink, StateCategory, WorkItem, WorkItemChange, WorkItemDraft, WorkItemType
from shared.tickets import discussion
from shared.tickets.mapping import COMMENT
from shared.tickets.rich_text import digest, essence, safe_html, same_text

CONFIDENTIAL = "This ticket is confidential. Read it where it was written."
LONGEST_TITLE = 255  # System.Title's own limit
PRIORITY = "Microsoft.VSTS.Common.Priority"
REPRO_STEPS = "Microsoft.VSTS.TCM.ReproSteps"

# In what order the categories of a type are tried for a ticket's status: not every type has every category.
CATEGORIES = {
    "open": (StateCategory.PROPOSED, StateCategory.IN_PROGRESS),
    "in_progress": (StateCategory.IN_PROGRESS, StateCategory.PROPOSED),
    "resolved": (StateCategory.RESOLVED, StateCategory.COMPLETED),
    "closed": (StateCategory.COMPLETED,),
    "cancelled": (StateCategory.REMOVED, StateCategory.COMPLETED),
}


def wishes(
    fields: Mapping[str, str],
    ticket_id: str,
    destination: Destination,
    area: str,
    duplicate_of: int | None = None,
    told: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """What the ticket asks for, by aspect: absent where it says nothing, empty where it wants nothing there.

    `area` is the node of an area, so that a rename is no new wish; `duplicate_of` the work item of the ticket that this
    one was merged into; `told` what the ticket heard from us.
    """
    over = fields.get("deleted") == "true" or fields.get("merged_into")
    number = fields.get("number") or ticket_id
    secret = is_confidential(fields) and not destination.confidential
    text = safe_html(fields.get("body"), fields.get("body_format", "text"))
    wanted = {
        "project": destination.project,
        "area": area,
        "title": f"{number} (confidential)" if secret else _title(fields.get("title") or number),
        "tags": "; ".join(destination.tags),
        "description": CONFIDENTIAL if secret else text,
        "priority": _priority(fields, destination) or None,
        "state": "cancelled" if over else fields.get("status_category") or None,
        "iteration": _iteration(destination),
        "parent": str(destination.parent) if destination.parent else None,
        "url": fields.get("url"),
        "duplicate_of": str(duplicate_of or ""),
        **({} if secret else discussion.said(fields, destination.comments, told)),
    }
    return {aspect: value for aspect, value in wanted.items() if value is not None}


def is_confidential(fields: Mapping[str, str]) -> bool:
    """Whether the product restricts who may read the ticket: anything but a "no" counts."""
    return fields.get("confidential", "").casefold() not in ("", "0", "false", "no", "none", "public")


def fingerprint(wanted: Mapping[str, str]) -> dict[str, str]:
    """The wishes as a baseline keeps them: long text as a hash."""
    return {a: discussion.digest(value) if a.startswith(COMMENT) else digest(value) for a, value in wanted.items()}


def unmet(wanted: Mapping[str, str], baseline: Mapping[str, str]) -> set[str]:
    """Aspects whose wish is not the one last applied."""
    return {aspect for aspect, value in fingerprint(wanted).items() if baseline.get(aspect, "") != value}


def draft(
    wanted: Mapping[str, str], type: WorkItemType, area: str, iteration: str | None, links: tuple[Hyperlink, ...]
) -> WorkItemDraft:
    """The work item to create, in its type's initial state: a process may forbid to be born in another.

    `area` and `iteration` are the paths that the wishes lead to now.
    """
    fields: dict[str, Any] = {
        "System.Title": wanted["title"],
        "System.AreaPath": area,
        "System.IterationPath": iteration,
        description_field(type): wanted.get("description") or None,
        "System.Tags": wanted["tags"] or None,
        "System.History": discussion.new(wanted, set(wanted), {}),
        PRIORITY: _number(wanted.get("priority")) if PRIORITY in type.fields else None,
    }
    return WorkItemDraft(
        project=wanted["project"],
        type=type.name,
        fields={name: value for name, value in fields.items() if value is not None},
        hyperlinks=links,
        parent=_number(wanted.get("parent")),
    )


def met_by_creating(wanted: Mapping[str, str], type: WorkItemType) -> dict[str, str]:
    """The baseline once `draft` has been written: all wishes but a later state and duplicates."""
    born_right = "state" in wanted and initial_category(type) == category(type, wanted["state"])
    later = set() if born_right else {"state"}
    later |= {"duplicate_of"} if wanted["duplicate_of"] else set()
    return fingerprint({aspect: value for aspect, value in wanted.items() if aspect not in later})


def change(
    wanted: Mapping[str, str],
    baseline: Mapping[str, str],
    now: WorkItem,
    type: WorkItemType,
    area: str,
    iteration: str | None,
    ticket_link: Hyperlink | None,
) -> tuple[WorkItemChange | None, dict[str, str]]:
    """The change that meets the unmet wishes, or None if the work item shows them already; and the baseline after it.

    A state that cannot be reached in one transition is approached by one; its wish then stays unmet until it is there.
    """
    due = unmet(wanted, baseline)
    met = set(due)
    values: dict[str, tuple[str, Any]] = {
        "title": ("System.Title", wanted["title"]),
        "description": (description_field(type), wanted.get("description")),
        "priority": (PRIORITY, _number(wanted.get("priority")) if PRIORITY in type.fields else None),
        "area": ("System.AreaPath", area),
        "iteration": ("System.IterationPath", iteration or (None if wanted.get("iteration") else wanted["project"])),
        "project": ("System.TeamProject", wanted["project"]),
    }
    fields: dict[str, Any] = {
        name: value
        for aspect, (name, value) in values.items()
        if aspect in due and value is not None and not same_text(now.fields.get(name), value)
    }
    if "System.TeamProject" in fields:
        # A moved work item must leave the areas and iterations of its old project in the same patch.
        fields |= {"System.AreaPath": area, "System.IterationPath": iteration or wanted["project"]}
    if "tags" in due:
        fields |= _tags(now, added=wanted["tags"], removed=baseline.get("tags", ""))
    if "state" in due:
        target = category(type, wanted["state"])
        step, arrived = _state_step(type, str(now.fields.get("System.State", "")), target)
        fields |= {"System.State": step} if step else {}
        met -= set() if arrived else {"state"}
    if talk := discussion.new(wanted, due, baseline):
        fields["System.History"] = talk
    add, remove = _hyperlinks(now, ticket_link, baseline.get("url", "")) if "url" in due else ((), ())
    parent = _number(wanted.get("parent")) if "parent" in due else None
    parent = None if parent == now.parent else parent
    linked = "duplicate_of" in due
    duplicate_of = _number(wanted["duplicate_of"]) if linked else None
    no_duplicate_of = _number(baseline.get("duplicate_of")) if linked else None
    # What stood in the discussion stays there, so it stays known too.
    kept = {a: v for a, v in baseline.items() if a in wanted or a.startswith(COMMENT)}
    after = {**kept, **fingerprint({a: wanted[a] for a in met})}
    if not (fields or add or remove or parent or duplicate_of or no_duplicate_of):
        return None, after
    return WorkItemChange(now.id, now.rev, fields, add, remove, parent, duplicate_of, no_duplicate_of), after


def intent_fields(change: WorkItemChange) -> dict[str, str]:
    """The field values of `change` as an intent keeps them, by which `landed` knows them again."""
    return {name: digest(essence(value)) for name, value in change.fields.items()}


def landed(intent: Mapping[str, str], revision: WorkItem) -> bool:
    """Whether `revision`, the one right after the revision that a write was tested against, is that write.

    The test of the revision makes this exact: our write could only ever have become that very revision. A write of no
    field (links only) is not to be told this way and need not be: writing it again changes nothing.
    """
    return bool(intent) and all(digest(essence(revision.fields.get(name))) == value for name, value in intent.items())


def initial_category(type: WorkItemType) -> StateCategory:
    """The category in which work items of the type are born."""
    (initial, *_) = type.transitions.get("", ()) or type.states
    return type.states[initial]


def category(type: WorkItemType, status: str) -> StateCategory:
    """The category of `type` that stands for a ticket's status."""
    available = set(type.states.values())
    for choice in CATEGORIES[status]:
        if choice in available:
            return choice
    wanted = " or ".join(CATEGORIES[status])
    raise Park(f"the type '{type.name}' has no state of category {wanted}, which a ticket that is {status} needs")


def description_field(type: WorkItemType) -> str:
    """Bugs show their repro steps on the form where other types show the description."""
    return REPRO_STEPS if REPRO_STEPS in type.fields else "System.Description"


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1] + "…"


def _iteration(destination: Destination) -> str:
    """A path, or the words "current of": then it is wanted anew when the team changes, not when the sprint does.

    Empty where the route names none: a ticket that leaves a team leaves its sprint.
    """
    if destination.iteration == "current":
        return f"current of {destination.team or destination.project}"
    return destination.iteration or ""


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _priority(fields: Mapping[str, str], destination: Destination) -> str | None:
    raw = fields.get("priority", "").casefold()
    own = {name.casefold(): level for name, level in destination.priorities.items()}
    return str(own[raw]) if raw in own else fields.get("priority_level")


def _tags(now: WorkItem, added: str, removed: str) -> dict[str, str]:
    """Merged, never replaced: what the team added stays, what the route no longer names goes."""
    present = _split_tags(now.fields.get("System.Tags"))
    wanted, dropped = _split_tags(added), _split_tags(removed)
    merged = {key: tag for key, tag in present.items() if key not in dropped or key in wanted} | {
        key: tag for key, tag in wanted.items() if key not in present
    }
    return {} if merged.keys() == present.keys() else {"System.Tags": "; ".join(merged.values())}


def _split_tags(text: Any) -> dict[str, str]:
    return {tag.casefold(): tag for part in str(text or "").split(";") if (tag := part.strip())}


def _hyperlinks(now: WorkItem, wanted: Hyperlink | None, applied: str) -> tuple[tuple[Hyperlink, ...], tuple[str, ...]]:
    present = {link.url for link in now.hyperlinks}
    add = (wanted,) if wanted and wanted.url not in present else ()
    remove = (applied,) if applied in present and (wanted is None or applied != wanted.url) else ()
    return add, remove


def _state_step(type: WorkItemType, current: str, target: StateCategory) -> tuple[str | None, bool]:
    """The next state on the shortest way from `current` into `target`, and whether it is already there."""
    if type.states.get(current) == target:
        return None, True
    queue, visited = deque([(current, "")]), {current}
    while queue:
        state, first = queue.popleft()
        for following in type.transitions.get(state, ()):
            if following in visited:
                continue
            if type.states.get(following) == target:
                return first or following, not first
            visited.add(following)
            queue.append((following, first or following))
    raise Park(f"the type '{type.name}' has no way from the state '{current}' to one of category {target}")
