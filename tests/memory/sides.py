"""The `Side` port in memory, as awkward as the real ones are: a hook at every call, and traits to choose from.

`on_call("before ppm.update")` runs before that call touches anything, `on_call("after ppm.update")` once it is done and
before its caller hears of it. A simulation yields to another worker there, or raises. Raised before a write, `Late`
sets the write aside: the caller gets the error now, and the write lands when the test calls `land_late`.

`add`, `edit`, `move`, `delete`, `restore` and `clone` are what people do: they pass no hook.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Any

from shared.errors import Circular, NotFound, Park, Refused, Stale
from shared.model import Capabilities, Feed, FieldInfo, Item, ItemChange, ItemDraft, Level, Selection, SideName
from shared.ports import Clock
from tests.memory.boards import Late
from tests.memory.storage import OnCall, undisturbed

ROWS_PER_BATCH = 20
WRITES = ("create", "update", "put_in_bin")


@dataclass(frozen=True, slots=True)
class Traits:
    """How a side differs from what one would wish for.

    `shouted` fields are upper-cased, `trimmed` ones stripped, `whole_days` lose their time, `rounded` ones keep two
    decimals. `derived` fields of an item with children are computed: a write is taken without complaint and ignored.
    `forbidden` are values it refuses, `percent_steps` the percentages it keeps.
    """

    conditional_writes: bool = True
    history: bool = True
    bins: bool = True
    moves_make_revisions: bool = True
    shouted: frozenset[str] = frozenset()
    trimmed: frozenset[str] = frozenset()
    whole_days: frozenset[str] = frozenset()
    rounded: frozenset[str] = frozenset()
    derived: frozenset[str] = frozenset()
    forbidden: tuple[Any, ...] = ()
    percent_steps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Revision:
    fields: Mapping[str, Any]
    by_us: bool
    changed: frozenset[str]


@dataclass(slots=True)
class Thing:
    """An item with its past. `unseen` are values of people that a write of ours went over without having seen them."""

    id: str
    kind: str
    markers: tuple[str, ...]
    project: str = ""
    revisions: list[Revision] = field(default_factory=list)
    parent: str | None = None
    changed_at: datetime | None = None
    deleted: bool = False
    deleted_by_us: bool = False
    made_by_us: bool = False
    restored: bool = False
    hidden: bool = False
    read_only: str = ""
    foreign: bool = False
    seen: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> Mapping[str, Any]:
        return self.revisions[-1].fields


class MemorySide:
    """One side; ids count up from 1, never used twice. `overwritten` is what L1 has cost, `writes` counts ours.

    `selections` are all that can be asked for, with the items meant.
    """

    def __init__(
        self,
        name: SideName,
        clock: Clock,
        on_call: OnCall = undisturbed,
        traits: Traits = Traits(),
        infos: Mapping[str, FieldInfo] | None = None,
        kinds: Collection[str] = (),
        levels: Sequence[Level] = (),
    ) -> None:
        """`infos` and `kinds` are what items can have and be; without them, anything. A kind alone goes unsaid."""
        self.name = name
        self.traits = traits
        self.things: dict[str, Thing] = {}
        self.overwritten: list[Any] = []
        self.writes = 0
        self.selections: dict[Selection, Collection[str]] = {}
        self._clock = clock
        self._on_call = on_call
        self._infos = infos or {}
        self._kinds = tuple(kinds)
        self._levels = tuple(levels)
        self._lock = RLock()
        self._feed: list[str] = []
        self._late: list[Callable[[], object]] = []

    # ---------------------------------------------------------------- the port

    def check(self) -> None:
        self._call("check", lambda: None)

    def capabilities(self) -> Capabilities:
        traits = self.traits
        return Capabilities(
            traits.conditional_writes,
            traits.history,
            parents=True,
            bins=traits.bins,
            percent_steps=traits.percent_steps,
        )

    def fields(self) -> Mapping[str, FieldInfo]:
        return self._infos

    def kinds(self, project: str) -> tuple[str, ...]:
        return self._kinds

    def levels(self, project: str) -> tuple[Level, ...]:
        return self._levels

    def read(self, ids: Collection[str], fields: Collection[str]) -> Mapping[str, Item]:
        def shown() -> Mapping[str, Item]:
            there = [self.things[id] for id in ids if id in self.things and not self.things[id].hidden]
            for thing in there:
                thing.seen = thing.fields
            return {thing.id: self._shown(thing, fields) for thing in there}

        return self._call("read", shown)

    def create(self, draft: ItemDraft, fields: Collection[str]) -> Item:
        return self._call("create", lambda: self._create(draft, fields))

    def update(self, change: ItemChange, fields: Collection[str]) -> Item:
        return self._call("update", lambda: self._update(change, fields))

    def put_in_bin(self, id: str, version: str) -> None:
        self._call("put_in_bin", lambda: self._bin(id, version))

    def find(self, markers: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        def found() -> Mapping[str, tuple[str, ...]]:
            return {m: tuple(t.id for t in self.things.values() if m in t.markers and not t.deleted) for m in markers}

        return self._call("find", found)

    def first_shown(self, id: str, fields: Collection[str]) -> Item | None:
        if not self.traits.history:
            return None
        return self._call("first_shown", lambda: self._shown(self.things[id], fields, 1))

    def written_by_us(self, id: str, after: str, fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if not self.traits.history:
            return None

        def ours() -> Mapping[str, Any]:
            later = [r for r in self.things[id].revisions[int(after or 0) :] if r.by_us]
            return {
                key: revision.fields.get(key)
                for key, sent in fields.items()
                for revision in later
                if key in revision.changed and revision.fields.get(key) == self._stored(key, sent)
            }

        return self._call("written_by_us", ours)

    def changed(self, cursor: str | None) -> Feed:
        def batch() -> Feed:
            start = len(self._feed) if cursor is None else int(cursor)
            end = min(start + ROWS_PER_BATCH, len(self._feed))
            return Feed(tuple(dict.fromkeys(self._feed[start:end])), str(end), more=end < len(self._feed))

        return self._call("changed", batch)

    def everything(self) -> Iterator[str]:
        yield from self._call("everything", lambda: [t.id for t in self.live()])

    def select(self, selection: Selection) -> frozenset[str]:
        if selection not in self.selections:
            raise Refused(422, "nothing was selected", [(name, "there is none") for name in selection.given])
        return frozenset(self.selections[selection])

    @contextmanager
    def open(self) -> Iterator["MemorySide"]:
        """The side as its own door, which is never shut."""
        yield self

    # ---------------------------------------------------------------- what people do

    def live(self) -> list[Thing]:
        return [thing for thing in self.things.values() if not thing.deleted]

    def add(
        self, kind: str, fields: Mapping[str, Any], parent: str | None = None, markers: tuple[str, ...] = ()
    ) -> str:
        thing = Thing(str(len(self.things) + 1), kind, markers, parent=parent)
        self.things[thing.id] = thing
        self._revise(thing, fields, by_us=False)
        return thing.id

    def edit(self, id: str, fields: Mapping[str, Any]) -> None:
        self._revise(self.things[id], fields, by_us=False)

    def move(self, id: str, parent: str | None) -> None:
        """`Circular` for people, too."""
        self._check_parent(id, parent)
        self._put_under(self.things[id], parent, by_us=False)

    def delete(self, id: str) -> None:
        self.things[id].deleted = True
        self._revise(self.things[id], {}, by_us=False)

    def restore(self, id: str) -> None:
        self.things[id].deleted = self.things[id].deleted_by_us = False
        self.things[id].restored = True
        self._revise(self.things[id], {}, by_us=False)

    def clone(self, id: str) -> str:
        """A copy with all that the original bears, our marker included."""
        thing = self.things[id]
        return self.add(thing.kind, thing.fields, thing.parent, thing.markers)

    def land_late(self) -> int:
        """Let every write that was set aside reach the server now, in order; returns how many were carried out."""
        late, self._late = self._late, []
        return sum(_lands(write) for write in late)

    # ---------------------------------------------------------------- how it is done

    def _call[T](self, name: str, act: Callable[[], T]) -> T:
        try:
            self._on_call(f"before {self.name}.{name}")
        except Late as late:
            assert name in WRITES, "only writes can be late"
            self._late.append(act)
            raise late.error from None
        with self._lock:
            answer = act()
        self._on_call(f"after {self.name}.{name}")
        return answer

    def _create(self, draft: ItemDraft, asked: Collection[str]) -> Item:
        self._refuse(draft.fields)
        kind = self._kinds[0] if not draft.kind and len(self._kinds) == 1 else draft.kind
        if self._kinds and kind not in self._kinds:
            raise Park(f"{self.name} has no items of kind {kind}")
        if draft.parent is not None:
            self._live(draft.parent)
        thing = Thing(str(len(self.things) + 1), kind, (draft.marker,), draft.project, parent=draft.parent)
        thing.made_by_us = True
        self.things[thing.id] = thing
        self._revise(thing, draft.fields, by_us=True)
        self.writes += 1
        return self._shown(thing, asked)

    def _update(self, change: ItemChange, asked: Collection[str]) -> Item:
        thing = self._live(change.id)
        self._test(thing, change.version)
        self._refuse(change.fields)
        if change.move is not None:
            self._check_parent(thing.id, change.move.parent)
        if not self.traits.conditional_writes:
            self._go_over(thing, change.fields)
        self.writes += 1
        ignored = self.traits.derived if any(child.parent == thing.id for child in self.live()) else frozenset()
        fields = {key: value for key, value in change.fields.items() if key not in ignored}
        if fields:
            self._revise(thing, fields, by_us=True)
        if change.move is not None:
            self._put_under(thing, change.move.parent, by_us=True)
        thing.seen = thing.fields
        return self._shown(thing, asked)

    def _bin(self, id: str, version: str) -> None:
        thing = self._live(id)
        if not self.traits.bins:
            raise Park(f"{self.name} has no bin")
        self._test(thing, version)
        if not self.traits.conditional_writes:
            self._go_over(thing, thing.fields)
        thing.deleted = thing.deleted_by_us = True
        self.writes += 1
        self._revise(thing, {}, by_us=True)

    def _go_over(self, thing: Thing, keys: Collection[str]) -> None:
        self.overwritten += [thing.fields.get(key) for key in keys if thing.fields.get(key) != thing.seen.get(key)]

    def _put_under(self, thing: Thing, parent: str | None, *, by_us: bool) -> None:
        thing.parent = parent
        if self.traits.moves_make_revisions:
            self._revise(thing, {}, by_us=by_us)
        else:
            self._feed.append(thing.id)

    def _revise(self, thing: Thing, fields: Mapping[str, Any], *, by_us: bool) -> None:
        before = thing.fields if thing.revisions else {}
        stored = {key: self._stored(key, value) for key, value in fields.items()}
        changed = frozenset(key for key, value in stored.items() if before.get(key) != value)
        thing.revisions.append(Revision({**before, **stored}, by_us, changed))
        thing.changed_at = self._clock()
        self._feed.append(thing.id)

    def _stored(self, key: str, value: Any) -> Any:
        if isinstance(value, str):
            value = value.strip() if key in self.traits.trimmed else value
            value = value.upper() if key in self.traits.shouted else value
            value = value[:10] if key in self.traits.whole_days else value
        if key in self.traits.rounded and value is not None:
            value = round(value, 2)
        return value or None

    def _test(self, thing: Thing, version: str) -> None:
        if self.traits.conditional_writes and version != str(len(thing.revisions)):
            raise Stale(f"{self.name} {thing.id} is at {len(thing.revisions)}, not at {version}")

    def _refuse(self, fields: Mapping[str, Any]) -> None:
        for key, value in fields.items():
            if value in self.traits.forbidden:
                raise Park(f"'{value}' is not allowed in {key}")
            if self._infos and key not in self._infos:
                raise Park(f"{self.name} has no field {key}")

    def _check_parent(self, id: str, parent: str | None) -> None:
        if parent is None:
            return
        self._live(parent)
        above: str | None = parent
        while above is not None:
            if above == id:
                raise Circular(f"{parent} cannot be the parent of {id}: it stands under it")
            above = self.things[above].parent

    def _live(self, id: str) -> Thing:
        thing = self.things.get(id)
        if thing is None or thing.deleted:
            raise NotFound(f"{self.name} has no item {id}")
        return thing

    def _shown(self, thing: Thing, asked: Collection[str], revision: int | None = None) -> Item:
        fields = thing.revisions[(revision or len(thing.revisions)) - 1].fields
        return Item(
            id=thing.id,
            fields={key: fields.get(key) for key in asked if key in self._infos or not self._infos},
            version=str(revision or len(thing.revisions)) if self.traits.conditional_writes else "",
            parent=thing.parent,
            kind=thing.kind,
            project=thing.project,
            url=f"https://{self.name}.example/{thing.id}",
            markers=thing.markers,
            changed_at=thing.changed_at,
            read_only=thing.read_only,
            foreign=thing.foreign,
            in_bin=thing.deleted,
        )


def _lands(write: Callable[[], object]) -> bool:
    try:
        write()
    except (Stale, Park):  # the server refuses it, and nobody is there to hear it
        return False
    return True
