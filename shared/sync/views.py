"""What operators see of pairs and have done to them, as JSON; what is wrong with a request is told by its field.

Seeing reads both sides as they are and changes nothing. What is done goes through `SyncService`: here it is decided
which links a request means, and whether it can be carried out at all, before anything is written.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import batched, islice
from typing import Any, Protocol

from shared.errors import Park, Refused, RetryLater, StopConnection
from shared.links import ConflictStatus, Copy, Look, SyncLink, SyncState
from shared.model import Item, SideName
from shared.ports import Clock, Cursors, Looks, Side, SideDoor, SyncRecord, SyncStore
from shared.sync import create, plan, rows
from shared.sync.configured import ConfiguredPairs
from shared.sync.plan import Plan, Request, Scope
from shared.sync.rows import Filters, Json, Known
from shared.sync.rules import BOARDS, PPM, SIDES, PairRules, other
from shared.sync.run import Outcome
from shared.sync.service import Creation, SyncService

log = logging.getLogger(__name__)

ITEMS_PER_READ = 200
MOST_IN_A_PLAN = 200  # links that one request looks at; all must be answered within one HTTP request
FULL_SWEEP_EVERY = timedelta(days=1)
NO_PAIR = "unknown pair"
NO_TYPE = "say as which work item type: give `type`, or map '{}' in the pair's boards.kinds"

DIRECTIONS: Mapping[str, SideName | None] = {"to_ppm": PPM, "to_boards": BOARDS, "rules": None}
SCOPES: Mapping[str, Scope] = {"values": Scope.FIELDS, "hierarchy": Scope.HIERARCHY}


class Plans(Protocol):
    """Plans that were shown, each kept as it was, and what became of it."""

    def keep(self, pair: str, id: str, document: Mapping[str, Any]) -> None: ...

    def note(self, pair: str, id: str, result: Mapping[str, Any]) -> None:
        """What came of applying it."""
        ...

    def read(self, pair: str, id: str) -> tuple[Mapping[str, Any], Mapping[str, Any] | None] | None:
        """The plan, and its result once it was applied; None where there is no such plan."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """How copies are to be made; what is empty follows from the pair. `parent` is an item of the side they come to."""

    project: str = ""
    type: str = ""
    parent: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


class PairService:
    def __init__(
        self,
        *,
        sync: SyncService,
        store: SyncStore,
        looks: Looks,
        plans: Plans,
        cursors: Cursors,
        pairs: ConfiguredPairs,
        doors: Callable[[str], Mapping[SideName, SideDoor]],
        clock: Clock,
        new_id: Callable[[], str],
        address: str,
    ) -> None:
        self._sync = sync
        self._store = store
        self._looks = looks
        self._plans = plans
        self._cursors = cursors
        self._pairs = pairs
        self._doors = doors
        self._clock = clock
        self._new_id = new_id
        self._address = address

    # ---------------------------------------------------------------- hints and sweeps

    def handle(self, look: Look) -> str:
        """Follow one hint. One of a pair that is not configured any more is dropped."""
        try:
            if look.pair not in {pair.name for pair in self._pairs.all()}:
                return NO_PAIR
        except RetryLater as wait:  # there is no configuration at the moment
            self._looks.send(look, wait.after_seconds)
            return str(Outcome.POSTPONED)
        return str(self._sync.handle(look))

    def sweep(self) -> dict[str, int | str]:
        """Sweep every pair: how many hints were sent for each, or why it has to wait. One does not hold up another."""
        found: dict[str, int | str] = {}
        for pair in self._pairs.all():
            try:
                found[pair.name] = self._sweep(pair.name)
            except (RetryLater, Park, StopConnection) as wait:
                log.warning("pair '%s' was not swept: %s", pair.name, wait.reason)
                found[pair.name] = wait.reason
        return found

    def _sweep(self, pair: str) -> int | str:
        """The feeds, and once a day everything; in this order, because the feeds tell of mass changes (X3)."""
        sent = self._sync.sweep(pair)
        if (hold := self._store.hold(pair)) is not None:
            return f"it waits for a person: {hold.reason}"
        last, now = self._cursors.read(f"{pair}/full"), self._clock()
        if last is None or now - datetime.fromisoformat(last) >= FULL_SWEEP_EVERY:
            sent += self._sync.sweep(pair, full=True)
            self._cursors.write(f"{pair}/full", now.isoformat())
        return sent

    # ---------------------------------------------------------------- seeing

    def overview(self) -> list[Json]:
        """Every pair, how many links it has in which state, and why it waits, if it does."""
        return [self._overview(pair.name) for pair in self._pairs.all()]

    def _overview(self, name: str) -> Json:
        pair, hold = self._pairs.pair(name), self._store.hold(name)
        links = list(self._store.links(name))
        return {
            "name": name,
            "boards": {"projects": list(pair.boards.projects)},
            "ppm": {"connection": pair.ppm.connection, "project": pair.ppm.project},
            "fields": [mapping.name for mapping in pair.fields if mapping.active],
            "links": dict(Counter(str(link.state) for link in links)),
            "parked": sum(bool(link.parked) for link in links),
            "conflicts": sum(bool(link.open) for link in links),
            "hold": hold
            and {"reason": hold.reason, "links": list(hold.links), "since": hold.at.isoformat() if hold.at else None},
        }

    def items(self, pair: str, filters: Filters, limit: int, after: str = "") -> Json:
        """A page of rows: links first, then items that have none. `next` is where to go on, None at the end."""
        rules, known = self._pairs.rules(pair), Known(self._store.links(pair))
        with self._sides(pair) as sides:
            found = list(islice(self._rows(rules, known, sides, filters, after), limit + 1))
        page = [row for _, row in found[:limit]]
        more = found[limit - 1][0] if len(found) > limit else None
        return {"items": self._with_conflicts(pair, rules, known, page), "next": more}

    def _rows(
        self, rules: PairRules, known: Known, sides: Mapping[SideName, Side], filters: Filters, after: str
    ) -> Iterator[tuple[str, Json]]:
        """Rows with their places, in the order of places; read from both sides as they are asked for."""
        hierarchy = rules.hierarchy.active and all(side.capabilities().parents for side in sides.values())
        for batch in batched(_candidates(known, sides, filters, after), ITEMS_PER_READ, strict=False):
            there = {
                side: _read(sides[side], rules.keys(side), [each.ids[side] for each in batch if side in each.ids])
                for side in SIDES
            }
            for each in batch:
                items = {side: there[side][id] for side, id in each.ids.items() if id in there[side]}
                if each.link is not None:
                    row = rows.of_link(rules, each.link, items, known, hierarchy=hierarchy)
                elif items:
                    ((side, item),) = items.items()
                    row = rows.of_item(rules, side, item)
                else:
                    continue  # gone since it was listed
                if filters.take(row):
                    yield each.place, row

    def _with_conflicts(self, pair: str, rules: PairRules, known: Known, found: list[Json]) -> list[Json]:
        for row in found:
            if row["link"] is not None and known.links[row["link"]].open:
                open = known.links[row["link"]].open.values()
                listed = (each for each in self._store.conflicts(pair, row["link"]) if each.id in open)
                row["conflicts"] = [rows.conflict(rules, c) for c in listed if c.status is ConflictStatus.OPEN]
        return found

    # ---------------------------------------------------------------- creating

    def create(
        self, pair: str, side: SideName, items: Sequence[str], depth: Sequence[str] | None, wanted: Wanted, *, dry: bool
    ) -> Json:
        """Copies of items of `side` on the other, with all below them whose type is in `depth` (None: all).

        Nothing is made if anything stands in the way; what has a counterpart keeps it.
        """
        rules, items = self._pairs.rules(pair), list(dict.fromkeys(items))
        self._refuse_impossible(pair, side, wanted)
        copy = Copy(wanted.project, wanted.type, self._parent(pair, other(side), wanted.parent), wanted.fields)
        chosen = self._sync.chosen(pair, side, items, depth)
        fresh = [each.item for each in chosen if not each.link and not each.refusal]
        drafts = self._drafts(pair, rules, side, fresh, copy, items)
        refusals = {each.item: why for each in chosen if (why := _refusal(each, items, drafts, other(side)))}
        listed = [_creation(each, drafts, refusals) for each in chosen]
        if dry:
            return {"dry_run": True, "items": listed}
        if refusals:
            places = {item: f"items[{index}]" for index, item in enumerate(items)}
            faults = [(places.get(item, "type"), f"{side} {item}: {why}") for item, why in refusals.items()]
            raise Refused(422, "nothing was created", faults)
        roots = [item for item in fresh if item in items]
        below = [item for item in fresh if item not in items]
        made = dict(zip(roots, self._sync.create(pair, side, roots, copy), strict=True))
        made |= zip(below, self._sync.create(pair, side, below, replace(copy, parent="")), strict=True)
        return {"items": [{**row, "link": row["link"] or made.get(row["item"])} for row in listed]}

    def _refuse_impossible(self, pair: str, side: SideName, wanted: Wanted) -> None:
        projects = self._pairs.pair(pair).boards.projects
        faults = []
        if side is PPM and wanted.project and wanted.project not in projects:
            faults.append(("project", f"'{wanted.project}' is not one of the pair's: {', '.join(projects)}"))
        if side is BOARDS and wanted.project:
            faults.append(("project", "a PPM project is what the pair says it is: leave this out"))
        with self._sides(pair) as sides:
            known = sides[other(side)].fields() if wanted.fields else {}
        unknown = [key for key in wanted.fields if key not in known]
        faults += [(f"fields.{key}", f"there is no such field on {other(side)}") for key in unknown]
        if faults:
            raise Refused(422, "nothing was created", faults)

    def _parent(self, pair: str, side: SideName, item: str) -> str:
        """The link of the item that copies are to stand under."""
        if not item:
            return ""
        record = self._store.of_item(pair, side, item)
        if record is None or record.link is None or not record.link.state.alive:
            fix = f"{side} {item} is not linked, so its copies would have no place on {other(side)}: link it first"
            raise Refused(422, "nothing was created", [("parent", fix)])
        return record.link_id

    def _drafts(
        self, pair: str, rules: PairRules, side: SideName, ids: Sequence[str], copy: Copy, roots: Sequence[str]
    ) -> dict[str, Json]:
        """What would be made of each item, by its id."""
        with self._sides(pair) as sides:
            items = _read(sides[side], rules.keys(side), ids)
        found = {}
        for id, item in items.items():
            its = copy if id in roots else replace(copy, parent="")
            link = create.reserved(self._address, pair, "", side, id, its)
            draft, _ = create.draft(rules, link, item, None)
            found[id] = {"project": draft.project, "type": draft.kind, "fields": dict(draft.fields)}
        return found

    # ---------------------------------------------------------------- linking by hand

    def link(self, pair: str, boards: str, ppm: str) -> Json:
        """Say that two items are one thing."""
        self._pairs.pair(pair)
        ids = {BOARDS: boards, PPM: ppm}
        with self._sides(pair) as sides:
            items = {side: _read(sides[side], (), [id]).get(id) for side, id in ids.items()}
        faults = [
            (str(side), f"{side} has no item '{ids[side]}' that we can see" if item is None else "it is in the bin")
            for side, item in items.items()
            if item is None or item.in_bin
        ]
        if faults:
            raise Refused(422, "nothing was linked", faults)
        return {"link": self._sync.link(pair, boards, ppm)}

    def unlink(self, pair: str, items: Sequence[str]) -> Json:
        """Let items and their counterparts go separate ways; nothing is deleted."""
        self._pairs.pair(pair)
        records = self._links_of(pair, items)
        for record in records:
            self._sync.unlink(pair, record.link_id)
        return {"unlinked": [record.link_id for record in records]}

    # ---------------------------------------------------------------- plans

    def plan(
        self, pair: str, direction: str, what: str, items: Sequence[str] | None, fields: Sequence[str] | None
    ) -> Json:
        """What would be written to the links of these items (None: all of the pair), kept to be applied as it is."""
        rules = self._pairs.rules(pair)
        request = _request(rules, direction, what, fields)
        links = self._chosen(pair, items)
        plans, held = self._previews(pair, links, request)
        document: Json = {
            "id": self._new_id(),
            "pair": pair,
            "made_at": self._clock().isoformat(),
            "direction": direction,
            "what": what,
            "only": list(fields) if fields is not None else None,
            "items": [rows.planned(each, links[each.link]) for each in plans if each.writes],
            "held": held,
            "in_step": sum(not each.writes for each in plans),
        }
        self._plans.keep(pair, document["id"], document)
        return {**document, "applied": None}

    def show_plan(self, pair: str, id: str) -> Json:
        document, applied = self._plan(pair, id)
        return {**document, "applied": applied}

    def apply(self, pair: str, id: str) -> Json:
        """Exactly the plan that was shown. Nothing is written if an item has moved since, or the pair waits."""
        document, applied = self._plan(pair, id)
        if applied is not None:
            raise Refused(409, f"this plan was applied at {applied['at']}: make another one")
        if (hold := self._store.hold(pair)) is not None:
            raise Refused(409, f"the pair waits for a person: {hold.reason}")
        request = _request(self._pairs.rules(pair), document["direction"], document["what"], document["only"])
        fingerprints = {item["link"]: item["fingerprint"] for item in document["items"]}
        outcomes = self._sync.apply(pair, fingerprints, request)
        result = {"at": self._clock().isoformat(), "outcomes": {link: str(o) for link, o in outcomes.items()}}
        self._plans.note(pair, id, result)
        return {**document, "applied": result}

    def _plan(self, pair: str, id: str) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
        self._pairs.pair(pair)
        found = self._plans.read(pair, id)
        if found is None:
            raise Refused(404, f"pair '{pair}' has no plan '{id}'")
        return found

    def _chosen(self, pair: str, items: Sequence[str] | None) -> dict[str, SyncLink]:
        """The links of items, or all that can be planned for."""
        if items is not None:
            records = self._links_of(pair, items)
            links = {record.link_id: record.link for record in records if record.link}
        else:
            links = {link.id: link for link in self._store.links(pair) if link.state is SyncState.SYNCED}
        if len(links) > MOST_IN_A_PLAN:
            fix = f"{len(links)} links are more than one plan takes: choose up to {MOST_IN_A_PLAN} of them"
            raise Refused(422, "no plan was made", [("items", fix)])
        return links

    def _previews(self, pair: str, links: Iterable[str], request: Request) -> tuple[list[Plan], list[Json]]:
        """Plans, parents before children, and what cannot be written with the reason."""
        plans: list[Plan] = []
        held: list[Json] = []
        for link in links:
            try:
                plans += self._sync.plan(pair, [link], request)
            except (Refused, Park) as refusal:
                held.append({"link": link, "reason": refusal.reason})
        held += ({"link": each.link, "reason": each.held} for each in plans if each.held)
        return list(plan.in_order(plans)), held

    # ---------------------------------------------------------------- a pair that waits for a person

    def approve(self, pair: str, links: Sequence[str]) -> Json:
        """Let the pair go on, and exactly these deletions be carried over."""
        self._pairs.pair(pair)
        hold = self._store.hold(pair)
        if hold is None:
            raise Refused(409, f"pair '{pair}' does not wait for anybody")
        faults = [
            (f"links[{index}]", f"link '{link}' is not one of those that the pair waits for")
            for index, link in enumerate(links)
            if link not in hold.links
        ]
        if faults:
            raise Refused(422, "nothing was approved", faults)
        self._sync.approve(pair, links)
        return {"approved": list(links), "hold": self._overview(pair)["hold"]}

    # ---------------------------------------------------------------- what requests speak of

    def _links_of(self, pair: str, items: Sequence[str]) -> list[SyncRecord]:
        """The living links of items written as `boards:12` or `ppm:7`; each once, in their order."""
        found: dict[str, SyncRecord] = {}
        faults = []
        for index, named in enumerate(items):
            side, _, id = named.partition(":")
            record = self._store.of_item(pair, SideName(side), id) if side in SIDES and id else None
            if side not in SIDES or not id:
                faults.append((f"items[{index}]", f"write boards: or ppm: and an id, not '{named}'"))
            elif record is None or record.link is None or not record.link.state.alive:
                faults.append((f"items[{index}]", f"'{named}' is not linked"))
            else:
                found[record.link_id] = record
        if faults:
            raise Refused(422, "not all items can be told", faults)
        return list(found.values())

    @contextmanager
    def _sides(self, pair: str) -> Iterator[Mapping[SideName, Side]]:
        doors = self._doors(pair)
        with ExitStack() as stack:
            yield {side: stack.enter_context(doors[side].open()) for side in SIDES}


def _refusal(each: Creation, roots: Collection[str], drafts: Mapping[str, Json], target: SideName) -> str:
    """Why an item cannot be created, if it was chosen; below one that was, what is in the bin is left out."""
    if each.refusal:
        return each.refusal if each.item in roots else ""
    untold = target is BOARDS and each.item in drafts and not drafts[each.item]["type"]
    return NO_TYPE.format(each.kind) if untold else ""


def _creation(each: Creation, drafts: Mapping[str, Json], refusals: Mapping[str, str]) -> Json:
    refusal = refusals.get(each.item, each.refusal)
    return {
        "item": each.item,
        "type": each.kind,
        "link": each.link or None,
        "counterpart": each.counterpart or None,
        "refusal": refusal or None,
        "creates": None if refusal else drafts.get(each.item),
    }


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What may become a row: a link, or an item without one. `place` is where it stands among all."""

    place: str
    ids: Mapping[SideName, str]
    link: SyncLink | None = None


def _candidates(known: Known, sides: Mapping[SideName, Side], filters: Filters, after: str) -> Iterator[_Candidate]:
    """Those after a place, as far as the filters can tell without reading them; a deleted pair of items is none."""
    links = [link for link in known.links.values() if link.state is not SyncState.GONE and link.ids]
    found = [
        _Candidate(f"1 {link.id}", link.ids, link)
        for link in links
        if filters.unlinked in (None, link.state is SyncState.UNLINKED)
    ]
    if filters.unlinked is not False:
        owned = {item for link in links for item in link.ids.items()}
        loose = ((side, id) for side in SIDES for id in sides[side].everything() if (side, id) not in owned)
        found += (_Candidate(f"2 {side}:{id}", {side: id}) for side, id in loose)
    wanted = (each for each in found if filters.id in (None, *each.ids.values()) and each.place > after)
    yield from sorted(wanted, key=lambda each: each.place)


def _read(side: Side, fields: Collection[str], ids: Sequence[str]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for batch in batched(ids, ITEMS_PER_READ, strict=False):
        found |= side.read(batch, fields)
    return found


def _request(rules: PairRules, direction: str, what: str, fields: Sequence[str] | None) -> Request:
    keys = {rule.name: rule.key for rule in rules.active}
    unknown = [name for name in fields or () if name not in keys]
    if unknown:
        faults = [("fields", f"'{name}' is not an active field of the pair: {', '.join(keys)}") for name in unknown]
        raise Refused(422, "no plan was made", faults)
    only = frozenset(keys[name] for name in fields) if fields is not None else None
    return Request(SCOPES[what], DIRECTIONS[direction], only)
