"""The nouns of the product, frozen. They carry data and no behaviour: everything that acts lives with its promise.

Times are timezone-aware UTC `datetime`s. Work item fields are addressed by reference name (`System.Title`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

# ---------------------------------------------------------------- tickets, as they arrive


@dataclass(frozen=True, slots=True)
class Push:
    """What one delivery from an ITSM product says about one ticket.

    `fields` holds only what this body speaks of: a field that is absent was not mentioned, an empty string was cleared.
    Names: number, kind, title, body, body_format (`text`, `html` or `auto`), status, status_category, priority,
    priority_level, team, team_id, assignee, requester, url, deleted, merged_into, confidential, `comment:<id>` (JSON of
    a `Comment`), and whatever else a preset or a connection adds for routes to match on.

    `unread` marks a push that is a hint only: what the ticket says is to be read back from the product. `read` marks
    what was read back: it has all that the ticket says, its comments too.
    """

    ticket_id: str
    received_at: datetime
    body_hash: str
    fields: Mapping[str, str]
    version: int | None = None
    changed_at: datetime | None = None
    delivery_id: str | None = None
    actor: str | None = None
    unread: bool = False
    read: bool = False


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said on a ticket. `format` is `text`, `html` or `auto`, `at` as the product wrote it.

    `public` is what the requester can see; whatever a product does not call public is not.
    """

    id: str
    body: str
    format: str = "text"
    author: str = ""
    public: bool = False
    at: str = ""


@dataclass(frozen=True, slots=True)
class TicketAddress:
    """What the API of a product needs to find a ticket; `kind` and `number` are empty where nobody told them yet."""

    id: str
    kind: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """Where a statement stands in its ticket's history; `tickets.history.newer` compares two.

    `version` is the product's own count, `at` the moment of change (of arrival where none was told) and `received` that
    of arrival, both in UTC ISO form; `tie` is a hash, so that any two are ordered the same way everywhere.
    """

    version: int | None = None
    at: str = ""
    received: str = ""
    tie: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One field's value and the place in history of the push that said it."""

    value: str
    order: Order


@dataclass(frozen=True, slots=True)
class Ticket:
    """All that the pushes so far add up to: per field, the latest statement. `seen` are keys of recent deliveries.

    `order` is the place in history of the latest push, `read` that of the latest that was read back.
    """

    id: str
    said: Mapping[str, Said] = field(default_factory=dict)
    order: Order = Order()
    seen: tuple[str, ...] = ()
    read: Order = Order()


# ---------------------------------------------------------------- links


class LinkState(StrEnum):
    """`creating`: reserved, a create may have happened. `synced`: the work item exists and is ours."""

    CREATING = "creating"
    SYNCED = "synced"


@dataclass(frozen=True, slots=True)
class Link:
    """Our record that a ticket and a work item are one thing.

    `baseline` is what the ticket asked for when it was last applied, aspect by aspect; `intent` is the baseline that
    the write now under way will leave, `intent_fields` the field values it writes and `intent_rev` the revision it is
    tested against (None while creating). Long text is kept as a hash in all three. `marker` is the URL written into
    the work item that we create, by which it is found again; `organisation` the address where it was created.
    `generation` is that of the configuration it was last held against, `parked_on` tells what was tried when parked.

    `answered` is what the ticket was told of the board, by aspect (`work_item`, `state`, `comment:<id>`); an aspect
    whose telling may have happened ends in `?`. `unanswered` is why something could not be told. `unmapped` are the
    ticket's statuses, priorities and teams that nobody has mapped (`status=Waiting`).
    """

    id: str
    state: LinkState
    marker: str
    project: str = ""
    organisation: str = ""
    work_item_id: int | None = None
    work_item_url: str = ""
    baseline: Mapping[str, str] = field(default_factory=dict)
    intent: Mapping[str, str] | None = None
    intent_fields: Mapping[str, str] = field(default_factory=dict)
    intent_rev: int | None = None
    attempted_at: datetime | None = None
    lease_owner: str = ""
    lease_until: datetime | None = None
    generation: str = ""
    applied: Order | None = None
    applied_at: datetime | None = None
    route: str = ""
    why: str = ""
    team: str = ""
    parked: str = ""
    parked_on: str = ""
    waiting: str = ""
    answered: Mapping[str, str] = field(default_factory=dict)
    unanswered: str = ""
    unmapped: tuple[str, ...] = ()


# ---------------------------------------------------------------- Azure DevOps


class StateCategory(StrEnum):
    """The five categories that decide what a state means; names of states never do."""

    PROPOSED = "Proposed"
    IN_PROGRESS = "InProgress"
    RESOLVED = "Resolved"
    COMPLETED = "Completed"
    REMOVED = "Removed"


@dataclass(frozen=True, slots=True)
class WorkItemType:
    """A type as its project defines it: state name → category, state → states that may follow ("" = on create)."""

    name: str
    states: Mapping[str, StateCategory]
    transitions: Mapping[str, tuple[str, ...]]
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Team:
    """A team and the areas it owns: (area path, whether sub-areas belong to it too). `id` outlives its name."""

    project: str
    name: str
    default_area: str | None
    areas: tuple[tuple[str, bool], ...]
    id: str = ""


@dataclass(frozen=True, slots=True)
class WorkItemComment:
    """A comment on a work item, as HTML."""

    id: int
    html: str
    author: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Work items that changed after a place in the feed; `cursor` is the place to go on from, `more` if at once."""

    ids: tuple[int, ...]
    cursor: str
    more: bool


@dataclass(frozen=True, slots=True)
class Hyperlink:
    url: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A work item as Azure DevOps shows it. `url` opens in a browser; `parent` is the parent's id."""

    id: int
    rev: int
    project: str
    type: str
    fields: Mapping[str, Any]
    hyperlinks: tuple[Hyperlink, ...] = ()
    parent: int | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class WorkItemDraft:
    """A work item to be created in one atomic patch."""

    project: str
    type: str
    fields: Mapping[str, Any]
    hyperlinks: tuple[Hyperlink, ...] = ()
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class WorkItemChange:
    """Exactly what is written to an existing work item, in one atomic patch tested against revision `rev`.

    `fields` are set as given (an empty string clears). `parent` is the new parent's id; None leaves the parent alone.
    `duplicate_of` is the work item that says the same and goes on, `no_duplicate_of` one that does not any more.
    """

    id: int
    rev: int
    fields: Mapping[str, Any] = field(default_factory=dict)
    add_hyperlinks: tuple[Hyperlink, ...] = ()
    remove_hyperlinks: tuple[str, ...] = ()
    parent: int | None = None
    duplicate_of: int | None = None
    no_duplicate_of: int | None = None


# ---------------------------------------------------------------- two sides kept in step


class SideName(StrEnum):
    """The two sides of a pair."""

    BOARDS = "boards"
    PPM = "ppm"


class FieldType(StrEnum):
    """What kind of value a field holds; two fields can be mapped if their kinds can be converted into one another."""

    TEXT = "text"
    RICH_TEXT = "rich_text"
    NUMBER = "number"
    DATE = "date"
    DURATION = "duration"  # hours, effort included
    STATE = "state"
    IDENTITY = "identity"
    PICKLIST = "picklist"
    TAGS = "tags"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field as its side describes it; `key` is how the side addresses it (`System.Title`), `label` how people do.

    `categories` are those of a field's states, the most common states first, on a side that puts them into categories.
    """

    key: str
    label: str
    type: FieldType
    choices: tuple[str, ...] = ()
    read_only: bool = False
    categories: Mapping[str, StateCategory] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a side can do, so that nothing is asked of it that it would ignore.

    `conditional_writes`: a write is refused if the item moved since it was read. `history`: earlier revisions can be
    read. `parents`: the hierarchy can be read and written. `bins`: items can be put where they can be restored from.
    `percent_steps`: which percentages it keeps; empty for all. `born_first`: a new item is refused in any state but
    the first of its kind.
    """

    conditional_writes: bool
    history: bool
    parents: bool
    bins: bool
    percent_steps: tuple[int, ...] = ()
    born_first: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a side's hierarchy: `kinds` stand on it, the usual one first, above all levels of lower `rank`."""

    name: str
    rank: int
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items are meant, in the words of people who use the side; what is empty does not narrow it.

    `team` means its areas. `iteration` is a path and all below it, or `current`, which is that of `team`. `query` is a
    stored one, by its id or path, and means what it lists.
    """

    team: str = ""
    iteration: str = ""
    query: str = ""

    @property
    def given(self) -> tuple[str, ...]:
        """The names of what is not empty."""
        return tuple(name for name in ("team", "iteration", "query") if getattr(self, name))


@dataclass(frozen=True, slots=True)
class Item:
    """One thing on one side, in that side's own words.

    `fields` has a JSON value (text, number, bool, None, list of texts) for each field that was asked for, by the side's
    keys: None where it is empty; absent is what this kind of item does not have. `version` is its revision or etag,
    empty where it has none. `parent` is the id of another item of the side. `markers` are URLs that items made by us
    bear. `read_only` says why nobody may write it through us, empty if one may; `foreign`: because it is in a project
    that is none of the side's. `in_bin`: deleted, and can be restored.
    """

    id: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""
    parent: str | None = None
    kind: str = ""
    project: str = ""
    url: str = ""
    markers: tuple[str, ...] = ()
    changed_at: datetime | None = None
    read_only: str = ""
    foreign: bool = False
    in_bin: bool = False


@dataclass(frozen=True, slots=True)
class ItemDraft:
    """An item to be made in one atomic step, bearing `marker`: the URL by which it is found again."""

    project: str
    kind: str
    fields: Mapping[str, Any]
    marker: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A new parent, or None for no parent any more."""

    parent: str | None


@dataclass(frozen=True, slots=True)
class ItemChange:
    """Exactly what is written to an item that was read at `version`."""

    id: str
    version: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    move: Move | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """Items that changed after a place in a side's feed, the `cursor` to go on from, and whether there is `more`."""

    ids: tuple[str, ...]
    cursor: str
    more: bool = False


# ---------------------------------------------------------------- operation


@dataclass(frozen=True, slots=True)
class Hint:
    """ "Look at this ticket." Carries nothing to apply. `retry` asks to try even what is parked.

    Without a ticket it says "look what changed over there": in that ITSM product, or on the boards.
    """

    connection: str
    ticket_id: str = ""
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret's value and the version Key Vault gave it. `value` never appears in a repr, so never in a log."""

    value: str = field(repr=False)
    version: str = ""


ADDRESS, TOKEN = "address", "token"  # the items that are asked for first, of every product


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that a connection needs, and whether it holds: `ok` is None where nobody can tell.

    `reason` says how we know, or why not; `fix` what a person does about it.
    """

    item: str
    ok: bool | None
    reason: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """The shared word on one connection: paused until a time (throttling), or stopped for `stopped` since a time.

    `credential` names the version of the secret that stopped it, so that a renewed one is noticed.
    """

    paused_until: datetime | None = None
    stopped: str = ""
    stopped_at: datetime | None = None
    credential: str = ""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A body in which no ticket was found, kept as it came with what was looked for."""

    id: str
    connection: str
    received_at: datetime
    reason: str
    faults: tuple[tuple[str, str], ...]
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
