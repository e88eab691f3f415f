"""Pairs, their rows, and what is made of items."""

from typing import Any, Literal, NotRequired

from shared.links import SyncState
from shared.model import SideName
from shared.operation.api.answers.common import Moment, Shape, Values


class BoardsOfPair(Shape):
    projects: list[str]


class ToolOfPair(Shape):
    connection: str
    project: str


class Hold(Shape):
    """Why a pair waits for a person."""

    reason: str
    links: list[str]
    since: Moment | None


class PairOverview(Shape):
    name: str
    boards: BoardsOfPair
    ppm: ToolOfPair
    fields: list[str]
    """Names of the active field rules."""
    links: dict[SyncState, int]
    """How many links there are, by state."""
    parked: int
    conflicts: int
    """Links with a conflict that waits for a person."""
    hold: Hold | None
    events: dict[SideName, str]
    """By side, `ok` or why the hourly sweep alone finds its changes."""


class Pairs(Shape):
    pairs: list[PairOverview]


class BySide(Shape):
    """Something of both sides, each in its own words; absent where there is nothing to say of a side."""

    boards: NotRequired[Any]
    ppm: NotRequired[Any]


class FoundItem(Shape):
    id: str
    url: str
    found: Literal[True]
    project: str
    """Empty where the side has only the one."""
    type: str
    parent: str | None
    changed_at: Moment | None
    read_only: str
    """Why it cannot be written; empty if it can."""
    in_bin: bool


class MissingItem(Shape):
    """An item that is linked, and that its side did not show."""

    id: str
    url: str
    found: Literal[False]


type Verdict = Literal["none", "agree", "boards", "ppm", "conflict", "held"]


class Decision(BySide):
    verdict: Verdict
    """Which side is right; `held`: something is to be written and cannot be."""
    writes: BySide
    """What would be written where."""
    policy: str
    why: str


class RowField(BySide):
    """A field of both sides. Without a decision it is not shown on a side, or there is only one."""

    name: str
    changed: list[SideName]
    """The sides that changed since the two last agreed."""
    conflict: NotRequired[bool]
    """Whether it waits for a person."""
    verdict: NotRequired[Verdict]
    writes: NotRequired[BySide]
    policy: NotRequired[str]
    why: NotRequired[str]


class Parent(Shape):
    id: str
    link: str | None
    """Null where nobody links it."""


class RowHierarchy(Shape):
    boards: Parent | None
    ppm: Parent | None
    mismatch: bool
    changed: list[SideName]
    conflict: bool
    verdict: Verdict
    writes: BySide
    """The links of new parents."""
    policy: str
    why: str


class Conflict(Shape):
    field: str
    values: BySide
    policy: str
    why: str
    since: Moment


class Row(Shape):
    """A link, or an item without one."""

    link: str | None
    state: SyncState
    boards: FoundItem | MissingItem | None
    ppm: FoundItem | MissingItem | None
    fields: list[RowField]
    hierarchy: RowHierarchy | None
    changed: bool
    parked: str
    """Why it needs a person; empty if it does not."""
    not_found: dict[SideName, int]
    """How often a side did not find its item."""
    deleted: list[SideName]
    """The sides whose item was seen in the bin."""
    under_way: bool
    """Whether a write is."""
    conflicts: list[Conflict]
    """Those that wait for a person."""


class Rows(Shape):
    items: list[Row]
    next: str | None
    """The `after` of the next page; null at the end."""


class Draft(Shape):
    project: str
    type: str
    fields: Values
    """By the side's own names."""


class Offer(Shape):
    label: str
    """How people say it."""
    depth: list[str] | Literal["all"]
    """The types below the item; `all` for every one."""


class Levels(Shape):
    """What can be created together with an item."""

    item: str
    type: str
    levels: list[Offer]


class CreatedItem(Shape):
    item: str
    type: str
    link: str | None
    counterpart: str | None
    """What it has had all along."""
    refusal: str | None
    """Why it is not created."""
    creates: Draft | None


class Creation(Shape):
    """Items with what is made of them; `link` is where each can be followed."""

    dry_run: NotRequired[Literal[True]]
    items: list[CreatedItem]


class Linked(Shape):
    link: str


class Unlinked(Shape):
    unlinked: list[str]


class Approved(Shape):
    approved: list[str]
    hold: Hold | None
