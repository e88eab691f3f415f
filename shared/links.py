"""What is stored of two sides kept in step, frozen; separate from the model because only the sync promise and its store
know these nouns.

A *rule key* names one field rule (`System.Title = Name`). Values under rule keys are in a side's own words, as
`shared.sync.values.kept` reduces them. Parents are link ids of this pair; "" is no parent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.model import SideName

type Values = Mapping[str, Any]


class SyncState(StrEnum):
    """`creating`: reserved, a create may have happened. `gone`: deleted. `unlinked`: the items go separate ways."""

    CREATING = "creating"
    SYNCED = "synced"
    GONE = "gone"
    UNLINKED = "unlinked"

    @property
    def alive(self) -> bool:
        return self in (SyncState.CREATING, SyncState.SYNCED)


@dataclass(frozen=True, slots=True)
class FieldIntent:
    """A field about to be written: what each side showed (reduced), and what goes to which sides (as sent).

    `before` is what the written sides showed, whole; with `policy` and `why` it is for the history.
    """

    shown: Mapping[SideName, Any]
    sent: Mapping[SideName, Any]
    before: Mapping[SideName, Any] = field(default_factory=dict)
    policy: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class ParentIntent:
    """A parent about to be written: what each side showed, and the new parent for which sides, all as link ids."""

    shown: Mapping[SideName, str]
    sent: Mapping[SideName, str]
    policy: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked for a write, and by which plan; both empty where the sync did it by itself."""

    plan: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be written, stored before it is written; `bin` is the side where the item is to be binned."""

    fields: Mapping[str, FieldIntent] = field(default_factory=dict)
    parent: ParentIntent | None = None
    bin: SideName | None = None
    asked: Asked = Asked()


@dataclass(frozen=True, slots=True)
class Copy:
    """How the missing item of a link is to be made, and who asked; what is empty follows from the pair's rules."""

    project: str = ""
    kind: str = ""
    parent: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    asked: Asked = Asked()


@dataclass(frozen=True, slots=True)
class SyncLink:
    """Our record that two items are one thing. `id` is `{origin side}:{origin item id}`.

    `baseline` holds, per rule key, what each side showed when the two last agreed, `parents` the same for parents.
    `terms` says, per rule key, how values were read and what they meant when that was noted (`shared.sync.agreements`).
    `versions` are the sides' versions as last seen, `intent` and `attempted_at` what a write under way is to do.
    `open` has the conflict that waits for a person, by rule key. `missing` counts how often a side did not find its
    item. `refusals` counts refused moves. `parked` says why a person is needed, `parked_on` what was tried.
    `deleted` are the sides whose item was seen in the bin, `doomed` whether the other item is to follow, which it does
    once a sweep has counted the deletions, or a person has `approved` this one. `placed` is whether a copy of ours was
    put where its origin stands, `plan` the last that was applied to this link.
    """

    id: str
    pair: str
    state: SyncState
    origin: SideName
    marker: str
    ids: Mapping[SideName, str]
    baseline: Mapping[str, Values] = field(default_factory=dict)
    terms: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[SideName, str] = field(default_factory=dict)
    versions: Mapping[SideName, str] = field(default_factory=dict)
    urls: Mapping[SideName, str] = field(default_factory=dict)
    copy: Copy = Copy()
    intent: Intent | None = None
    attempted_at: datetime | None = None
    lease_owner: str = ""
    lease_until: datetime | None = None
    open: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[SideName, int] = field(default_factory=dict)
    refusals: int = 0
    deleted: tuple[SideName, ...] = ()
    doomed: bool = False
    approved: bool = False
    placed: bool = True
    plan: str = ""
    parked: str = ""
    parked_on: str = ""


class ConflictStatus(StrEnum):
    """`logged`: decided by policy. `open`: waits for a person. `closed`: the sides agree. `refused`: the side
    took the write without complaint, and shows something else."""

    LOGGED = "logged"
    OPEN = "open"
    CLOSED = "closed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A value that lost, or is in danger of it: nothing a person wrote is ever overwritten without a row like this."""

    id: str
    link: str
    rule: str
    loser: SideName | None
    values: Mapping[SideName, Any]
    policy: str
    why: str
    at: datetime
    status: ConflictStatus = ConflictStatus.LOGGED


@dataclass(frozen=True, slots=True)
class Write:
    """One thing that we wrote to one side, or were refused: the history of a pair is made of these.

    `what` is a rule key, or one of `created`, `parent` and `deleted`. `before` and `after` are what the side showed;
    of a parent, link ids. `refused` is why it was not taken, and then `after` is what was sent.
    """

    id: str
    link: str
    side: SideName
    item: str
    what: str
    before: Any
    after: Any
    policy: str
    why: str
    at: datetime
    asked: Asked = Asked()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """What is needed of a write to take it back: `what`, where, from what to what, and the plan that wrote it."""

    what: str
    side: SideName
    before: Any
    after: Any
    plan: str


@dataclass(frozen=True, slots=True)
class Look:
    """ "Look at this item", or at this link. Carries nothing to apply.

    `retry` asks to try even what is parked. `swept` says that a sweep sent it, after counting the deletions. `plan` is
    the one that somebody wants applied to the link, and nothing else.

    Without a pair it says "look whether we are told of changes": at the subscriptions of all pairs.
    """

    pair: str
    side: SideName | None = None
    item: str = ""
    link: str = ""
    retry: bool = False
    swept: bool = False
    plan: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """A pair that waits for a person, and the links that the reason speaks of."""

    reason: str
    links: tuple[str, ...] = ()
    at: datetime | None = None
