"""What operators see of pairs, as JSON. Seeing reads both sides as they are and changes nothing."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import batched, islice

from shared.links import ConflictStatus, SyncLink, SyncState
from shared.model import SideName
from shared.ports import Side
from shared.sync.pairs import rows
from shared.sync.pairs.desk import ITEMS_PER_READ, Desk, both
from shared.sync.pairs.rows import Filters, Json, Known
from shared.sync.pairs.subscriptions import SubscriptionUpkeep
from shared.sync.rules import BOARDS, SIDES, PairRules


class PairViews:
    def __init__(self, desk: Desk, subscriptions: SubscriptionUpkeep) -> None:
        self._desk = desk
        self._subscriptions = subscriptions

    def overview(self) -> list[Json]:
        """Every pair, how many links it has in which state, why it waits, if it does, and who tells us of changes."""
        return [self._described(pair.name) for pair in self._desk.pairs.all()]

    def _described(self, name: str) -> Json:
        pair = self._desk.pairs.pair(name)
        states, parked, conflicts = Counter[str](), 0, 0
        for link in self._desk.store.links(name):
            states[str(link.state)] += 1
            parked += bool(link.parked)
            conflicts += bool(link.open)
        return {
            "name": name,
            "boards": {"projects": list(pair.boards.projects)},
            "ppm": {"connection": pair.ppm.connection, "project": pair.ppm.project},
            "fields": [mapping.name for mapping in pair.fields if mapping.active],
            "links": dict(states),
            "parked": parked,
            "conflicts": conflicts,
            "hold": rows.hold(self._desk.store.hold(name)),
            "events": self._subscriptions.standing(name),
        }

    def items(self, pair: str, filters: Filters, limit: int, after: str = "") -> Json:
        """A page of rows: links first, then items that have none. `next` is where to go on, None at the end."""
        rules, known = self._desk.pairs.rules(pair), Known(self._desk.store.links(pair))
        with self._desk.sides(pair) as sides:
            found = list(islice(self._rows(rules, known, sides, filters, after), limit + 1))
        page = [row for _, row in found[:limit]]
        more = found[limit - 1][0] if len(found) > limit else None
        return {"items": self._with_conflicts(pair, rules, known, page), "next": more}

    def history(self, pair: str, item: str, plan: str, limit: int, after: str = "") -> Json:
        """A page of what we wrote, newest first, of one item or plan where they are given (`boards:12`)."""
        rules = self._desk.pairs.rules(pair)
        link = self._desk.link_ever(pair, item) if item else ""
        found = list(islice(self._desk.store.history(pair, link=link, plan=plan, after=after), limit + 1))
        return {
            "writes": [rows.written(rules, write) for _, write in found[:limit]],
            "next": found[limit - 1][0] if len(found) > limit else None,
        }

    def _rows(
        self, rules: PairRules, known: Known, sides: Mapping[SideName, Side], filters: Filters, after: str
    ) -> Iterator[tuple[str, Json]]:
        """Rows with their places, in the order of places; read from both sides as they are asked for."""
        hierarchy = rules.hierarchy.active and all(side.capabilities().parents for side in sides.values())
        for batch in batched(_candidates(known, sides, filters, after), ITEMS_PER_READ, strict=False):
            there = both(sides, rules, [each.ids for each in batch])
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
                listed = (each for each in self._desk.store.conflicts(pair, row["link"]) if each.id in open)
                row["conflicts"] = [rows.conflict(rules, c) for c in listed if c.status is ConflictStatus.OPEN]
        return found


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What may become a row: a link, or an item without one. `place` is where it stands among all."""

    place: str
    ids: Mapping[SideName, str]
    link: SyncLink | None = None


def _candidates(known: Known, sides: Mapping[SideName, Side], filters: Filters, after: str) -> Iterator[_Candidate]:
    """Those after a place, as far as the filters can tell without reading them; a deleted pair of items is none.

    Once the boards select, a task without a work item is none either.
    """
    selection = filters.selection
    selected = sides[BOARDS].select(selection) if selection.given else None
    links = [link for link in known.links.values() if link.state is not SyncState.GONE and link.ids]
    found = [
        _Candidate(f"1 {link.id}", link.ids, link)
        for link in links
        if filters.unlinked in (None, link.state is SyncState.UNLINKED)
    ]
    if filters.unlinked is not False:
        owned = {item for link in links for item in link.ids.items()}
        there = {BOARDS: selected} if selected is not None else {side: sides[side].everything() for side in SIDES}
        loose = ((side, id) for side, ids in there.items() for id in ids if (side, id) not in owned)
        found += (_Candidate(f"2 {side}:{id}", {side: id}) for side, id in loose)
    if selected is not None:
        found = [each for each in found if each.ids.get(BOARDS) in selected]
    wanted = (each for each in found if filters.id in (None, *each.ids.values()) and each.place > after)
    yield from sorted(wanted, key=lambda each: each.place)
