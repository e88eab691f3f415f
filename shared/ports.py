"""What the promises need from outside, one Protocol per need; each docstring is the contract its implementations pass.

Implementations live in `shared.connectors`; contract tests in `tests/connectors/contracts.py`. Any call may raise
`RetryLater` (the other side is not to be had right now); what else it raises is said with it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.links import Conflict, Hold, Look, SyncLink, Write
from shared.model import (
    Capabilities,
    Changes,
    Feed,
    FieldInfo,
    Health,
    Hint,
    Item,
    ItemChange,
    ItemDraft,
    Level,
    Link,
    Push,
    Quarantined,
    Requirement,
    Secret,
    Selection,
    SideName,
    Team,
    Ticket,
    TicketAddress,
    WorkItem,
    WorkItemChange,
    WorkItemComment,
    WorkItemDraft,
    WorkItemType,
)


class Clock(Protocol):
    def __call__(self) -> datetime:
        """Now, timezone-aware, UTC."""
        ...


class Boards(Protocol):
    """One Azure DevOps organisation.

    Every call may raise `Throttled` (wait, everyone), `StopConnection` (token expired, sign-in page, organisation
    stopped), `RetryLater` (a read or a definitely-not-done write failed on the way), `Park` with Azure DevOps's own
    sentence, `NotFound`. Writes raise `Stale` on a lost race and `InDoubt` when they may have happened all the same.
    """

    def check(self) -> None:
        """One cheap authenticated call: whether the organisation can be worked with at all."""
        ...

    def work_item(self, id: int) -> WorkItem:
        """The work item as it is now, with hyperlinks and parent."""
        ...

    def revision(self, id: int, rev: int) -> WorkItem:
        """The work item as revision `rev` left it (hyperlinks and parent need not be given)."""
        ...

    def create(self, draft: WorkItemDraft) -> WorkItem:
        """Create in one atomic patch. There is no idempotency key: after `InDoubt`, search before repeating."""
        ...

    def update(self, change: WorkItemChange) -> WorkItem:
        """Write exactly `change`, tested against its revision, and return what the server made of it."""
        ...

    def find_by_hyperlink(self, urls: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
        """For each of up to 200 URLs the ids of live work items bearing it as a hyperlink, ascending."""
        ...

    def work_item_type(self, project: str, name: str) -> WorkItemType:
        """The type with its states, transitions and fields. May be a minute old. `NotFound` names what exists."""
        ...

    def teams(self, project: str) -> tuple[Team, ...]:
        """Every team of a project with the areas it owns. May be a minute old. `NotFound`: no such project."""
        ...

    def current_iteration(self, project: str, team: str | None) -> str | None:
        """Path of the current iteration of a team (None: the project's default team); None if it has none."""
        ...

    def areas(self, project: str) -> Mapping[str, str]:
        """Every area of a project: node identifier (it outlives renames and moves) to area path. May be a minute old.

        `NotFound`: no such project.
        """
        ...

    def iterations(self, project: str) -> tuple[str, ...]:
        """Every iteration path of a project, root first. May be a minute old. `NotFound`: no such project."""
        ...

    def tags(self, project: str) -> frozenset[str]:
        """The tags that a project has, as written. May be a minute old. `NotFound`: no such project."""
        ...

    def may_create_tags(self, project: str) -> bool:
        """Whether tags that do not exist yet would be accepted in a project."""
        ...

    def comments(self, id: int) -> tuple[WorkItemComment, ...]:
        """The comments on a work item, oldest first, without deleted ones."""
        ...

    def changed(self, cursor: str | None) -> Changes:
        """One batch of the feed of changed work items after `cursor`; None: from now on, so no ids and a cursor.

        Deleted ones are among them; changes of links and renamed areas make no revision and are not. `Park` for a
        cursor that the server does not take.
        """
        ...


class BoardsDoor(Protocol):
    """The way to the configured organisation, shut while it is paused or stopped."""

    def open(self) -> AbstractContextManager[Boards]:
        """The organisation, for the length of a `with` block.

        Raises `RetryLater` where the connection is paused or stopped, and turns a `Throttled` or `StopConnection` from
        within the block into one, after telling every worker. Never raises `StopConnection`.
        """
        ...

    def why_shut(self) -> str:
        """What everyone is waiting for, as a sentence; empty while the door is open."""
        ...


@dataclass(frozen=True, slots=True)
class Record:
    """All that is stored of one ticket, as one read found it. `token` lets exactly one writer save over it.

    `alias_of` is the id of the ticket that people know by what was read as an id here, its number.
    """

    connection: str
    ticket_id: str
    ticket: Ticket | None
    pushes: tuple[Push, ...]
    link: Link | None
    token: object = None
    alias_of: str | None = None


class TicketStore(Protocol):
    """Tickets and their links; all rows of one ticket are read in one call and saved in one transaction."""

    def add_push(self, connection: str, push: Push, key: str) -> bool:
        """Keep a push under its delivery key (see `tickets.history.delivery_key`). False: it was there already.

        When this returns, the push survives anything. One storage call.
        """
        ...

    def read(self, connection: str, ticket_id: str) -> Record:
        """Ticket, pushes not yet folded into it, and link; empty where nothing is known. One storage call.

        `ticket_id` may be the number of a saved ticket: then `alias_of` has its id.
        """
        ...

    def save(self, record: Record, ticket: Ticket | None, link: Link) -> Record:
        """Save link and, unless None, ticket (dropping the pushes of `record`, which it now contains), all or nothing.

        `Stale` if ticket or link was saved by somebody else since `record` was read; pushes that arrived meanwhile
        do not count and stay. Returns the record as it now is, without a further read.
        """
        ...

    def linked(self, connection: str, work_item_ids: Collection[int]) -> Mapping[int, str]:
        """Which of these work items belong to tickets of this connection, with the ids of those tickets."""
        ...

    def unmapped(self, connection: str) -> Mapping[str, int]:
        """`Link.unmapped` over all tickets of the connection, with the number of tickets that say so."""
        ...

    def waiting(self, connection: str, generation: str | None = None) -> Iterator[str]:
        """Ids of tickets with pushes not yet applied, or with a link not in step: creating, intent, waiting, parked.

        With a `generation`, also those whose link was held against another generation of the configuration.
        """
        ...


class Itsm(Protocol):
    """One ITSM product, asked and answered by its own API.

    Documents are JSON that the preset of its kind understands, as if the product had pushed them: one ticket each.
    Every call may raise `Throttled`, `StopConnection` (credentials refused), `RetryLater`, `NotFound` (or hidden from
    us) and `Park` with the product's own sentence. Writes raise `Stale` on a lost race and `InDoubt` when they may
    have happened all the same.
    """

    def check(self) -> None:
        """One cheap authenticated call: whether the product can be worked with at all."""
        ...

    def read(self, ticket: TicketAddress, *, comments: bool) -> Mapping[str, Any]:
        """The ticket as it is now; with `comments`, also what was said on it, public and internal."""
        ...

    def changed_since(self, since: datetime, *, comments: bool) -> Iterator[Mapping[str, Any]]:
        """Every ticket changed at `since` or later, oldest change first, page by page."""
        ...

    def introduce(self, ticket: TicketAddress, work_item_id: int, url: str) -> None:
        """Tell the ticket, for its agents only, which work item it became. Doing it again changes nothing."""
        ...

    def comment(self, ticket: TicketAddress, text: str, *, public: bool) -> None:
        """Add plain text as a comment, for agents only or for the requester too. After `InDoubt`, search first."""
        ...

    def has_comment(self, ticket: TicketAddress, mark: str) -> bool:
        """Whether any comment on the ticket contains `mark`."""
        ...

    def set_status(self, ticket: TicketAddress, status: str, more: Mapping[str, str]) -> None:
        """Set the status, in the product's own value, and with it further fields of it. Doing it again is harmless."""
        ...


class ItsmDoor(Protocol):
    """The way to the product behind a connection, shut while it is paused or stopped; as `BoardsDoor`."""

    def open(self) -> AbstractContextManager[Itsm]: ...


class Cursors(Protocol):
    """How far each periodic look has come, by name."""

    def read(self, name: str) -> str | None: ...

    def write(self, name: str, cursor: str) -> None: ...


class Side(Protocol):
    """One side of a pair: the projects of an Azure DevOps organisation, or one project of a PPM tool.

    Calls may raise `Throttled`, `StopConnection`, `RetryLater`, `Park` with the side's own sentence (for one item), and
    writes `Stale` on a lost race and `InDoubt` when they may have happened all the same. A side without conditional
    writes reads before and after it writes, within the call, and raises `Stale` if the item moved in between.
    """

    def check(self) -> None:
        """One cheap authenticated call: whether the side can be worked with at all."""
        ...

    def capabilities(self) -> Capabilities: ...

    def fields(self) -> Mapping[str, FieldInfo]:
        """Every field that items can have, by key. May be a minute old."""
        ...

    def kinds(self, project: str) -> tuple[str, ...]:
        """What new items of a project can be; of one alone a draft need not say it. May be a minute old."""
        ...

    def levels(self, project: str) -> tuple[Level, ...]:
        """The levels on which the kinds of a project stand, highest first; () where a side has none. May be a minute
        old. A kind that is on none of them may stand anywhere."""
        ...

    def read(self, ids: Collection[str], fields: Collection[str]) -> Mapping[str, Item]:
        """The items as they are now, with these fields. An id that is missing in the answer was not found, which is no
        evidence that the item was deleted; one that is `in_bin` is."""
        ...

    def create(self, draft: ItemDraft, fields: Collection[str]) -> Item:
        """Make an item and return what the server made of it. After `InDoubt`, search before repeating."""
        ...

    def update(self, change: ItemChange, fields: Collection[str]) -> Item:
        """Write exactly `change` and return what the server made of it, read back where it does not say.

        `Circular` (a `Park`) if the server refuses a parent because it would close a circle.
        """
        ...

    def put_in_bin(self, id: str, version: str) -> None:
        """Delete so that it can be restored; `Park` where the side cannot."""
        ...

    def find(self, markers: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """For each marker the ids of live items bearing it, lowest first."""
        ...

    def first_shown(self, id: str, fields: Collection[str]) -> Item | None:
        """The item as its first revision; None on a side that keeps no history."""
        ...

    def written_by_us(self, id: str, after: str, fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Of `fields`, those that a revision after version `after` by our identity set to that value, with the value as
        the server stored it; None on a side that keeps no history."""
        ...

    def changed(self, cursor: str | None) -> Feed:
        """One batch of what changed after `cursor`, in fields, parent or existence; None: from now on."""
        ...

    def everything(self) -> Iterator[str]:
        """The ids of all live items in the scope."""
        ...

    def select(self, selection: Selection) -> frozenset[str]:
        """Those of `everything` that are meant. `Refused` (422) naming what of the selection is not known here."""
        ...


class Hints(Protocol):
    """The queue `reconcile`."""

    def send(self, hint: Hint, delay_seconds: float = 0) -> None:
        """When this returns, somebody will look at the ticket, at least once, not before `delay_seconds`."""
        ...


class HealthBoard(Protocol):
    """One shared row per connection that all workers look at before they call it."""

    def read(self, connection: str) -> Health: ...

    def write(self, connection: str, health: Health) -> None:
        """The last writer wins: every writer saw the same server say so."""
        ...


class Quarantine(Protocol):
    """Bodies in which no ticket was found, kept until a person looks."""

    def keep(self, item: Quarantined) -> None: ...

    def list(self, limit: int) -> Iterable[Quarantined]:
        """Newest first, bodies included, over all connections."""
        ...


class Secrets(Protocol):
    """Key Vault. Values are cached some minutes; `refresh` asks again at once.

    A secret that is missing (`NotFound`), disabled or not ours to read raises `Park` naming the secret and the vault.
    """

    def get(self, name: str) -> Secret: ...

    def refresh(self, name: str) -> Secret:
        """The value as the vault has it now (asked at most once every few seconds per name)."""
        ...

    def set(self, name: str, value: str) -> Secret:
        """Make `value` the latest version of the secret, which is made where there is none.

        `Park` where that is not ours to do; `RetryLater` if the vault was not to be had: setting it again is harmless.
        """
        ...


class Probe(Protocol):
    """Asks one outside system for all that a connection to it needs. Writes nothing there and remembers nothing.

    What fails is one of the answers: nothing that the other side does is raised.
    """

    def probe(self) -> tuple[Requirement, ...]:
        """Every item, each time, in the order in which a person would put them right."""
        ...


class ConfigurationStore(Protocol):
    """The configuration as rows, replaced as a whole; each replacement is a generation."""

    def read(self, *, fresh: bool = False) -> tuple[Mapping[str, object], str]:
        """The whole document and its generation; ({}, "") before the first write.

        It may be up to ten seconds old; with `fresh` it is as it was at some moment of the call.
        """
        ...

    def replace(self, document: Mapping[str, object], expected: str | None) -> str:
        """Put `document` in place, all or nothing, and return its generation.

        `Stale` if `expected` is given and is not the generation in force.
        """
        ...


# ---------------------------------------------------------------- SyncStore: what two sides kept in step remember


@dataclass(frozen=True, slots=True)
class SyncRecord:
    """A link as one read found it, None where there is none. `token` lets exactly one writer save over it."""

    pair: str
    link_id: str
    link: SyncLink | None
    token: object = None


class SyncStore(Protocol):
    """The links of all pairs, one partition per pair: a link, its aliases and its conflicts are saved at once."""

    def read(self, pair: str, link_id: str) -> SyncRecord:
        """The link as it now is. One storage call."""
        ...

    def some(self, pair: str, link_ids: Collection[str]) -> Mapping[str, SyncLink]:
        """Those of these links that there are, as they now are: what many links have in common, such as parents."""
        ...

    def of_item(self, pair: str, side: SideName, item_id: str) -> SyncRecord | None:
        """The link that owns this item, by its alias; None where no link does, dead ones included."""
        ...

    def save(
        self,
        record: SyncRecord,
        link: SyncLink,
        conflicts: Sequence[Conflict] = (),
        releases: Sequence[SyncRecord] = (),
        writes: Sequence[Write] = (),
    ) -> SyncRecord:
        """Save link, its aliases (exactly those of `link.ids`), conflicts and writes (by id), all or nothing.

        `Stale` if the link was saved by somebody else since `record` was read, or one of its items belongs to another
        link. `releases` are links that give up what they share with this one in the same transaction; the caller has
        made sure that they are dead.
        """
        ...

    def links(self, pair: str) -> Iterator[SyncLink]:
        """Every link of the pair, dead ones included."""
        ...

    def unsettled(self, pair: str) -> Iterator[SyncLink]:
        """Links that are not in step: creating, synced with an intent, `parked`, `doomed`, `missing` or `refusals`."""
        ...

    def conflicts(self, pair: str, link_id: str) -> Iterator[Conflict]:
        """The conflicts of one link, oldest first."""
        ...

    def history(self, pair: str, *, link: str = "", plan: str = "", after: str = "") -> Iterator[tuple[str, Write]]:
        """The writes of the pair, of one link or of one plan, newest first, each with its place; `after` goes on from
        one."""
        ...

    def hold(self, pair: str) -> Hold | None:
        """Why the pair waits for a person; None while it does not."""
        ...

    def set_hold(self, pair: str, hold: Hold | None) -> None:
        """Hold the pair, or let it go on."""
        ...


class SideDoor(Protocol):
    """The way to one side of a pair, shut while its connection is paused or stopped; as `BoardsDoor`."""

    def open(self) -> AbstractContextManager[Side]: ...


class Looks(Protocol):
    """The queue `reconcile`, as the sync promise speaks to it."""

    def send(self, look: Look, delay_seconds: float = 0) -> None:
        """When this returns, somebody will look at the item, at least once, not before `delay_seconds`."""
        ...

    def send_all(self, looks: Iterable[Look], delay_seconds: float = 0) -> int:
        """As `send`, for many at once and in no order; returns how many. `looks` may be more than there is memory for.

        If it raises, some were sent and others were not.
        """
        ...


# ---------------------------------------------------------------- Subscriptions: who tells us of changes

EVENTS_HEADER = "X-Boardbridge-Secret"


class Subscriptions(Protocol):
    """The addresses that one product tells of changes. Ours are known by their address; all others are left alone."""

    def check(self) -> None:
        """One cheap authenticated call: whether the product can be worked with at all."""
        ...

    def ensure(self, address: str, secret: Secret, projects: Collection[str]) -> Mapping[str, str]:
        """Have every change in these projects, and in no others, posted to `address`, with the secret's value in the
        header `EVENTS_HEADER`. Asked again, it changes nothing that is as it should be.

        What was deleted, switched off or made with another secret is made anew, before the old goes; doubles go.
        Returns why changes are not told, in the product's own sentence, by project; empty if they all are. Raises what
        any call may raise, and `Park` with a refusal that is about no single project.
        """
        ...


class SubscriptionsDoor(Protocol):
    """The way to the product behind a connection, shut while it is paused or stopped; as `BoardsDoor`."""

    def open(self) -> AbstractContextManager[Subscriptions]: ...
