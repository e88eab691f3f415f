"""Plans for many links: shown, kept as they were shown, and applied exactly so."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from shared.errors import Park, Refused
from shared.links import SyncLink, SyncState
from shared.model import SideName
from shared.sync import plan, rows
from shared.sync.desk import Desk
from shared.sync.plan import Plan, Request, Scope
from shared.sync.rows import Json
from shared.sync.rules import BOARDS, PPM, PairRules
from shared.sync.service import SyncService

MOST_IN_A_PLAN = 200  # links that one request looks at; all must be answered within one HTTP request

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


class PairPlans:
    def __init__(self, sync: SyncService, plans: Plans, desk: Desk) -> None:
        self._sync = sync
        self._plans = plans
        self._desk = desk

    def plan(
        self, pair: str, direction: str, what: str, items: Sequence[str] | None, fields: Sequence[str] | None
    ) -> Json:
        """What would be written to the links of these items (None: all of the pair), kept to be applied as it is."""
        rules = self._desk.pairs.rules(pair)
        request = _request(rules, direction, what, fields)
        links = self._chosen(pair, items)
        plans, held = self._previews(pair, links, request)
        document: Json = {
            "id": self._desk.new_id(),
            "pair": pair,
            "made_at": self._desk.clock().isoformat(),
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
        if (hold := self._desk.store.hold(pair)) is not None:
            raise Refused(409, f"the pair waits for a person: {hold.reason}")
        request = _request(self._desk.pairs.rules(pair), document["direction"], document["what"], document["only"])
        fingerprints = {item["link"]: item["fingerprint"] for item in document["items"]}
        outcomes = self._sync.apply(pair, fingerprints, request)
        result = {"at": self._desk.clock().isoformat(), "outcomes": {link: str(o) for link, o in outcomes.items()}}
        self._plans.note(pair, id, result)
        return {**document, "applied": result}

    def _plan(self, pair: str, id: str) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
        self._desk.pairs.pair(pair)
        found = self._plans.read(pair, id)
        if found is None:
            raise Refused(404, f"pair '{pair}' has no plan '{id}'")
        return found

    def _chosen(self, pair: str, items: Sequence[str] | None) -> dict[str, SyncLink]:
        """The links of items, or all that can be planned for."""
        if items is not None:
            records = self._desk.links_of(pair, items)
            links = {record.link_id: record.link for record in records if record.link}
        else:
            links = {link.id: link for link in self._desk.store.links(pair) if link.state is SyncState.SYNCED}
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


def _request(rules: PairRules, direction: str, what: str, fields: Sequence[str] | None) -> Request:
    keys = {rule.name: rule.key for rule in rules.active}
    unknown = [name for name in fields or () if name not in keys]
    if unknown:
        faults = [("fields", f"'{name}' is not an active field of the pair: {', '.join(keys)}") for name in unknown]
        raise Refused(422, "no plan was made", faults)
    only = frozenset(keys[name] for name in fields) if fields is not None else None
    return Request(SCOPES[what], DIRECTIONS[direction], only)
