"""Plans for many links: shown, kept as they were shown, applied exactly so, and taken back.

A plan is applied by one message for each of its items, so that it may be as large as its pair; what became of each item
is noted with it. An item that has moved since the plan was shown is left alone.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import batched, islice
from typing import Any, Protocol

from shared.errors import Park, Refused
from shared.links import Asked, Look, SyncLink, SyncState, Trace
from shared.model import SideName
from shared.ports import Looks
from shared.sync import history, plan
from shared.sync.hand import Outcome
from shared.sync.pairs import rows
from shared.sync.pairs.desk import Desk, both
from shared.sync.pairs.rows import Json, Known
from shared.sync.plan import Plan, Request, Scope
from shared.sync.rules import BOARDS, PPM, PairRules
from shared.sync.service import SyncService

LINKS_PER_READ = 2_000  # a PPM tool may list a whole project for each
MOST_LISTED = 100  # of what is left alone; all are counted
MOST_FAULTS = 20
UNDO = "undo"
DIRECTIONS: Mapping[str, SideName | None] = {"to_ppm": PPM, "to_boards": BOARDS, "rules": None}
SCOPES: Mapping[str, Scope] = {"values": Scope.FIELDS, "hierarchy": Scope.HIERARCHY}


class Plans(Protocol):
    """Plans that were shown, each kept as it was shown, item by item, and what became of it."""

    def keep(self, pair: str, id: str, head: Json, items: Sequence[Json]) -> None:
        """A plan that is there is whole. Each item has the `link` it is about."""
        ...

    def start(self, pair: str, id: str, note: Json) -> None:
        """Somebody wants it applied."""
        ...

    def head(self, pair: str, id: str) -> tuple[Json, Json | None] | None:
        """The plan without its items, and the note of its start, if it was started; None where there is no plan."""
        ...

    def items(self, pair: str, id: str, after: str = "") -> Iterator[tuple[str, Json, str]]:
        """Each item's place, the item, and its outcome ("" as long as there is none); `after` goes on from a place."""
        ...

    def item(self, pair: str, id: str, link: str) -> tuple[Json, str] | None:
        """One item and its outcome."""
        ...

    def note(self, pair: str, id: str, link: str, outcome: str) -> None:
        """What became of one item; what is noted already stays."""
        ...


class PairPlans:
    def __init__(self, sync: SyncService, looks: Looks, plans: Plans, desk: Desk) -> None:
        self._sync = sync
        self._looks = looks
        self._plans = plans
        self._desk = desk

    # ---------------------------------------------------------------- making

    def plan(
        self,
        pair: str,
        direction: str,
        what: str,
        items: Sequence[str] | None,
        fields: Sequence[str] | None,
        by: str = "",
    ) -> Json:
        """What would be written to the links of these items (None: all of the pair), kept to be applied as it is.

        `by` is who asks, for the history.
        """
        only = _keys(self._desk.pairs.rules(pair), fields)
        request = Request(SCOPES[what], DIRECTIONS[direction], only)
        head = {
            "direction": direction,
            "what": what,
            "only": list(fields) if fields is not None else None,
            "keys": sorted(only) if only is not None else None,
        }
        return self._kept(pair, head, self._chosen(pair, items), lambda link: request, by)

    def undo(self, pair: str, id: str, by: str = "", *, dry: bool) -> Json:
        """The plan that takes another back where nobody has edited since, applied at once unless `dry`.

        Its `left` says what stays; it may be all.
        """
        _, started = self._plan(pair, id)
        if started is None:
            raise Refused(409, "this plan was never applied: there is nothing to take back")
        traces: dict[str, tuple[Trace, ...]] = {}
        for _, write in self._desk.store.history(pair, plan=id):
            if not write.refused and write.what not in (history.CREATED, history.DELETED):
                trace = Trace(write.what, write.side, write.before, write.after, id)
                traces[write.link] = (*traces.get(write.link, ()), trace)
        links = {link.id: link for link in self._desk.store.links(pair) if link.id in traces}
        head = {"direction": UNDO, "what": UNDO, "only": None, "undoes": id}
        made = self._kept(pair, head, links, lambda link: Request(undoes=traces[link]), by)
        return made if dry or not made["counts"]["writes"] else self.apply(pair, made["id"], by)

    def _kept(
        self, pair: str, head: Json, links: Mapping[str, SyncLink], request: Callable[[str], Request], by: str
    ) -> Json:
        plans, held = self._previews(pair, links, request)
        left = [each for made in plans for each in rows.left_alone(made)]
        id = self._desk.new_id()
        head = {
            "id": id,
            "pair": pair,
            "made_at": self._desk.clock().isoformat(),
            "asked_by": by,
            **head,
            "held": held[:MOST_LISTED],
            "left": left[:MOST_LISTED],
            "counts": {
                "writes": sum(each.writes for each in plans),
                "held": len(held),
                "left": len(left),
                "in_step": sum(not (each.writes or each.held or rows.left_alone(each)) for each in plans),
            },
        }
        items = [
            rows.planned(each, links[each.link]) | {"undoes": [asdict(trace) for trace in request(each.link).undoes]}
            for each in plans
            if each.writes
        ]
        self._plans.keep(pair, id, head, items)
        return self.show(pair, id)

    def _chosen(self, pair: str, items: Sequence[str] | None) -> dict[str, SyncLink]:
        """The links of items, or all that can be planned for."""
        if items is None:
            return {link.id: link for link in self._desk.store.links(pair) if link.state is SyncState.SYNCED}
        return {record.link_id: record.link for record in self._desk.links_of(pair, items) if record.link}

    def _previews(
        self, pair: str, links: Mapping[str, SyncLink], request: Callable[[str], Request]
    ) -> tuple[list[Plan], list[Json]]:
        """Plans, parents before children, and what cannot be written with the reason. Reads all links together."""
        plans: list[Plan] = []
        held: list[Json] = []
        rules, known = self._desk.pairs.rules(pair), Known(self._desk.store.links(pair))
        with self._desk.sides(pair) as sides:
            for batch in batched(links.values(), LINKS_PER_READ, strict=False):
                there = both(sides, rules, [link.ids for link in batch])
                for link in batch:
                    items = {side: there[side][id] for side, id in link.ids.items() if id in there[side]}
                    try:
                        if link.intent is None:
                            made = known.plan(rules, link, items, sides, request(link.id))
                        else:  # what became of it has to be found out first
                            (made,) = self._sync.plan(pair, [link.id], request(link.id))
                    except (Refused, Park) as refusal:
                        held.append({"link": link.id, "reason": refusal.reason})
                    else:
                        plans.append(made)
        held += ({"link": each.link, "reason": each.held} for each in plans if each.held)
        return list(plan.in_order(plans)), held

    # ---------------------------------------------------------------- showing

    def show(self, pair: str, id: str, limit: int = MOST_LISTED, after: str = "") -> Json:
        """A page of the plan; `next` is where to go on, None at the end. `outcomes` counts what became of all items."""
        head, started = self._plan(pair, id)
        found = list(islice(self._plans.items(pair, id, after), limit + 1))
        outcomes = Counter(outcome or "waiting" for _, _, outcome in self._plans.items(pair, id)) if started else {}
        return {
            **{name: value for name, value in head.items() if name != "keys"},
            "items": [_shown(item, outcome) for _, item, outcome in found[:limit]],
            "next": found[limit - 1][0] if len(found) > limit else None,
            "applied": started,
            "outcomes": dict(outcomes),
        }

    def _plan(self, pair: str, id: str) -> tuple[Json, Json | None]:
        self._desk.pairs.pair(pair)
        found = self._plans.head(pair, id)
        if found is None:
            raise Refused(404, f"pair '{pair}' has no plan '{id}'")
        return found

    # ---------------------------------------------------------------- applying

    def apply(self, pair: str, id: str, by: str = "") -> Json:
        """Have exactly the plan that was shown applied. Refused if an item has moved since, or the pair waits.

        Asked again, it goes on with what has no outcome yet.
        """
        head, started = self._plan(pair, id)
        if (hold := self._desk.store.hold(pair)) is not None:
            raise Refused(409, f"the pair waits for a person: {hold.reason}")
        todo = {item["link"]: item for _, item, outcome in self._plans.items(pair, id) if not outcome}
        if not todo:
            when = f"this plan was applied at {started['at']}" if started else "this plan writes nothing"
            raise Refused(409, f"{when}: make another one")
        if started is None:
            self._refuse_moved(pair, head, todo)
            self._plans.start(pair, id, {"at": self._desk.clock().isoformat(), "by": by})
        self._looks.send_all(Look(pair, link=link, plan=id) for link in todo)
        return self.show(pair, id)

    def _refuse_moved(self, pair: str, head: Json, todo: Mapping[str, Json]) -> None:
        links = {link.id: link for link in self._desk.store.links(pair) if link.id in todo}
        plans, _ = self._previews(pair, links, lambda link: _request(head, todo[link]))
        now = {made.link: plan.fingerprint(made) for made in plans}
        moved = [link for link, item in todo.items() if now.get(link) != item["fingerprint"]]
        if moved:
            faults = [(link, "plan again") for link in moved[:MOST_FAULTS]]
            raise Refused(409, f"{len(moved)} items have moved since the plan was made", faults)

    def follow(self, look: Look) -> str:
        """Apply one item of a plan, and note what became of it. Done once, however often it is asked for."""
        kept, found = self._plans.head(look.pair, look.plan), self._plans.item(look.pair, look.plan, look.link)
        if kept is None or found is None or found[1]:
            return Outcome.UNKNOWN
        (head, started), (item, _) = kept, found
        by = started["by"] if started and started["by"] else head["asked_by"]
        request = _request(head, item, Asked(look.plan, by))
        outcome = self._sync.apply(look, request, item["fingerprint"])
        if outcome is not Outcome.POSTPONED:
            self._plans.note(look.pair, look.plan, look.link, outcome)
        return outcome


def _keys(rules: PairRules, fields: Sequence[str] | None) -> frozenset[str] | None:
    keys = {rule.name: rule.key for rule in rules.active}
    unknown = [name for name in fields or () if name not in keys]
    if unknown:
        faults = [("fields", f"'{name}' is not an active field of the pair: {', '.join(keys)}") for name in unknown]
        raise Refused(422, "no plan was made", faults)
    return frozenset(keys[name] for name in fields) if fields is not None else None


def _request(head: Json, item: Json, asked: Asked = Asked()) -> Request:  # noqa: B008 - frozen
    """What the plan asks of one item."""
    if head["direction"] == UNDO:
        return Request(undoes=tuple(_trace(trace) for trace in item["undoes"]), asked=asked)
    only = frozenset(head["keys"]) if head["keys"] is not None else None
    return Request(SCOPES[head["what"]], DIRECTIONS[head["direction"]], only, asked=asked)


def _trace(kept: Mapping[str, Any]) -> Trace:
    return Trace(**{**kept, "side": SideName(kept["side"])})


def _shown(item: Json, outcome: str) -> Json:
    return {**{name: value for name, value in item.items() if name != "undoes"}, "outcome": outcome or None}
