"""What is answered, as shapes of JSON. They say what the services make, and make nothing themselves.

A shape is closed: a name that is not in it is a lie, and the stories hold every answer against these. `NotRequired` is
for what may be absent, `None` for what may be null; moments are ISO 8601 with their zone.
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import ConfigDict, WithJsonSchema

from shared.configuration import Configuration
from shared.links import SyncState
from shared.model import SideName

type Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]

Values = dict[str, Any]


class Shape(TypedDict):
    __pydantic_config__ = ConfigDict(extra="forbid", use_attribute_docstrings=True)


# ---------------------------------------------------------------- failures, and what all answers speak of


class Fault(Shape):
    path: str
    """Where it is in what was sent, such as `items[0]` or `pairs[0].fields[2].ppm`."""
    fix: str
    """What to do about it."""


class Problem(Shape):
    """Why a request was not followed (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    """The reason, for a person."""
    faults: NotRequired[list[Fault]]
    """Every fault of what was sent."""


class Health(Shape):
    status: Literal["ok"]


class Described(Shape):
    """An OpenAPI document."""

    openapi: str
    info: Values
    servers: list[Values]
    paths: Values
    components: Values


# ---------------------------------------------------------------- tickets


class TicketTaken(Shape):
    result: Literal["accepted", "duplicate"]
    ticket: str
    """Its id in the product."""
    status_url: str
    """Where it can be asked what became of it."""


class OneTaken(TicketTaken):
    """The push of one ticket."""

    connection: str


class Quarantined(Shape):
    result: Literal["quarantined"]
    reason: str


class ManyTaken(Shape):
    """A push of several tickets."""

    result: Literal["accepted"]
    connection: str
    tickets: list[TicketTaken | Quarantined]


type Taken = OneTaken | ManyTaken


class EventTaken(Shape):
    work_item: int | None
    """The work item that the event is about, if it is about one."""
    tickets: int
    """How many tickets will be looked at."""


class LookAgain(Shape):
    result: str


class TicketWorkItem(Shape):
    id: int
    url: str


class Ticket(Shape):
    """What is known of a ticket, and where it stands."""

    connection: str
    ticket: str
    number: str | None
    title: str | None
    status: str | None
    """As the product says it."""
    state: Literal["accepted", "waiting", "creating", "updating", "synced", "parked"]
    reason: str | None
    """Why it is not in step."""
    work_item: TicketWorkItem | None
    team: str | None
    route: str | None
    why: str | None
    """Why it went that way."""
    version_received: str
    """The product's own count of changes, or the moment of the change."""
    version_applied: str | None
    applied_at: Moment | None
    not_told: str | None
    """What the product refused to be told of the work item."""
    unmapped: list[str]
    """What nobody has told the meaning of, such as `status=Waiting for parts`."""


class Hyperlink(Shape):
    url: str
    comment: str


class PassedOver(Shape):
    route: str
    why: str


class DraftedWorkItem(Shape):
    project: str
    type: str
    state_category: str | None
    fields: Values
    """By reference name."""
    hyperlinks: list[Hyperlink]
    parent: int | None


class Explanation(Shape):
    """Where a ticket would go and why, and the work item that would be written."""

    route: str
    why: str
    passed_over: list[PassedOver]
    audience: Literal["technical", "project"]
    team: str | None
    ticket: dict[str, str]
    """What was understood of it, by the names that routes match."""
    work_item: DraftedWorkItem


# ---------------------------------------------------------------- configuration and connections


class NothingConfigured(Shape):
    """Before the first configuration."""


type ConfigurationInForce = Configuration | NothingConfigured


class ConfigurationTaken(Shape):
    generation: str
    """To be given as `If-Match` with the next change."""
    tickets_looked_at_again: int


class Checked(Shape):
    """A configuration held against the organisation."""

    ok: bool
    checked: Literal["the configuration in force", "the document"]
    generation: str
    """That of the configuration in force, whichever was checked."""
    faults: list[Fault]
    warnings: list[Fault]


class OpenConnection(Shape):
    name: str
    kind: str
    state: Literal["open"]


class PausedConnection(Shape):
    """It asked to be left alone for a while."""

    name: str
    kind: str
    state: Literal["paused"]
    reason: str
    until: Moment


class StoppedConnection(Shape):
    """Nothing works on it until a person acts."""

    name: str
    kind: str
    state: Literal["stopped"]
    reason: str
    since: Moment | None


class Connections(Shape):
    connections: list[OpenConnection | PausedConnection | StoppedConnection]


class UnmappedWord(Shape):
    field: str
    value: str
    tickets: int


class Unmapped(Shape):
    unmapped: list[UnmappedWord]
    """Those of the most tickets first."""


class QuarantinedBody(Shape):
    id: str
    connection: str
    received_at: Moment
    reason: str
    looked_for: list[Fault]
    """The expressions that were looked for, by the fields they were to find."""
    body: str


class Quarantine(Shape):
    quarantine: list[QuarantinedBody]
    """The newest first."""


# ---------------------------------------------------------------- pairs


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


class Decision(BySide):
    verdict: Literal["none", "agree", "boards", "ppm", "conflict", "held"]
    """Which side is right; `held`: something is to be written and cannot be."""
    writes: BySide
    """What would be written where."""
    policy: str
    why: str


class PlannedField(Decision):
    name: str


class RowField(BySide):
    """A field of both sides. Without a decision it is not shown on a side, or there is only one."""

    name: str
    changed: list[SideName]
    """The sides that changed since the two last agreed."""
    conflict: NotRequired[bool]
    """Whether it waits for a person."""
    verdict: NotRequired[Literal["none", "agree", "boards", "ppm", "conflict", "held"]]
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
    verdict: Literal["none", "agree", "boards", "ppm", "conflict", "held"]
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


class PlannedItem(Shape):
    link: str
    fingerprint: str
    """Of what the plan was made from: an item that has moved since has another one."""
    boards: str | None
    ppm: str | None
    fields: list[PlannedField]
    parent: Decision | None


class Held(Shape):
    link: str
    reason: str


class Applied(Shape):
    at: Moment
    outcomes: dict[str, str]
    """What became of each link."""


class Plan(Shape):
    """What would be written, and why."""

    id: str
    pair: str
    made_at: Moment
    direction: str
    what: str
    only: list[str] | None
    """The fields it was narrowed to."""
    items: list[PlannedItem]
    held: list[Held]
    """Links that cannot be written."""
    in_step: int
    """How many links have nothing to write."""
    applied: Applied | None


class Approved(Shape):
    approved: list[str]
    hold: Hold | None
