"""A link, or an item without one, as a row that people read: what both sides say, and what the sync makes of it. Pure.

A row is JSON. What it says of a field and of the hierarchy is what a plan made now would say.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import Refused
from shared.links import Conflict, Hold, SyncLink, SyncState, Write
from shared.model import Item, Selection, SideName
from shared.ports import Side
from shared.sync import agreements, merge, parents, plan
from shared.sync.history import CREATED
from shared.sync.merge import Decision, Verdict
from shared.sync.parents import NONE, OUTSIDE, UNKNOWN, ParentDecision, Views
from shared.sync.plan import EVERYTHING, PARENT, Plan, Request, Surroundings
from shared.sync.rules import BOARDS, PPM, SIDES, PairRules

UNLINKED = "unlinked"  # of an item that never had a link, as of one that has lost it

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows are wanted; None for all. Texts are compared without case.

    Whose area, iteration or stored query a work item is of, its side tells (`Selection`), before anything is read.
    """

    project: str | None = None
    type: str | None = None
    text: str | None = None
    id: str | None = None
    changed: bool | None = None
    mismatch: bool | None = None
    unlinked: bool | None = None
    team: str | None = None
    iteration: str | None = None
    query: str | None = None

    @property
    def selection(self) -> Selection:
        return Selection(self.team or "", self.iteration or "", self.query or "")

    def take(self, row: Json) -> bool:
        items = [row[side] for side in SIDES if row[side] is not None]
        return (
            (self.project is None or _folded(self.project) == _folded((row[BOARDS] or {}).get("project")))
            and (self.type is None or _folded(self.type) in [_folded(item.get("type")) for item in items])
            and (self.text is None or any(_folded(self.text) in _folded(word) for word in _words(row)))
            and self.changed in (None, row["changed"])
            and self.mismatch in (None, bool(row["hierarchy"] and row["hierarchy"]["mismatch"]))
        )


class Known:
    """All links of a pair, by their ids and by the items they own."""

    def __init__(self, links: Iterable[SyncLink]) -> None:
        self.links = {link.id: link for link in links}
        self._owners = {item: link for link in self.links.values() for item in link.ids.items()}

    def owner(self, side: SideName, id: str | None) -> SyncLink | None:
        return None if id is None else self._owners.get((side, id))

    def around(
        self, rules: PairRules, link: SyncLink, items: Mapping[SideName, Item], also: Collection[str] = ()
    ) -> Surroundings:
        """Where two items stand in link space (H1, H3)."""
        views = {side: self._view(rules, side, items[side].parent) for side in SIDES}
        return Surroundings(views, self.dead({*link.parents.values(), *also}))

    def plan(
        self,
        rules: PairRules,
        link: SyncLink,
        items: Mapping[SideName, Item],
        sides: Mapping[SideName, Side],
        request: Request = EVERYTHING,
    ) -> Plan:
        """What a run over this link would write now; `items` are those that were found."""
        if link.state is not SyncState.SYNCED:
            raise Refused(409, f"link {link.id} is {link.state}: there is nothing to plan")
        if len(items) < len(SIDES) or any(item.in_bin for item in items.values()):
            raise Refused(409, f"an item of link {link.id} is in the bin, or not to be found")
        hierarchy = rules.hierarchy.active and all(side.capabilities().parents for side in sides.values())
        around = self.around(rules, link, items, request.parents) if hierarchy else Surroundings({})
        return plan.make(rules, link, items, around, request)

    def dead(self, parents: Collection[str]) -> frozenset[str]:
        return frozenset(id for id in parents if id != NONE and not (id in self.links and self.links[id].state.alive))

    def _view(self, rules: PairRules, side: SideName, parent: str | None) -> str:
        owner = self.owner(side, parent)
        if owner is not None and owner.state is SyncState.CREATING:
            return UNKNOWN
        return parents.view(parent, owner, will_be_linked=side in rules.adopt)


def of_link(
    rules: PairRules,
    link: SyncLink,
    items: Mapping[SideName, Item],
    known: Known,
    *,
    hierarchy: bool,
) -> Json:
    """`items` are those that were found, `hierarchy` says whether both sides have one."""
    both = len(items) == len(SIDES) and not any(item.in_bin for item in items.values())
    made = None
    if both and link.state is SyncState.SYNCED:
        made = plan.make(rules, link, items, known.around(rules, link, items) if hierarchy else Surroundings({}))
    fields = [_field(rules, link, items, rule.key, made) for rule in rules.active]
    standing = _hierarchy(link, items, known, made) if hierarchy and made else None
    return {
        "link": link.id,
        "state": str(link.state),
        **{str(side): _item(link, side, items.get(side)) for side in SIDES},
        "fields": fields,
        "hierarchy": standing,
        "changed": any(field["changed"] for field in fields) or bool(standing and standing["changed"]),
        "parked": link.parked,
        "not_found": {str(side): times for side, times in link.missing.items()},
        "deleted": [str(side) for side in link.deleted],
        "under_way": link.intent is not None or link.attempted_at is not None,
        "conflicts": [],
    }


def of_item(rules: PairRules, side: SideName, item: Item) -> Json:
    """An item that no living link owns."""
    return {
        "link": None,
        "state": UNLINKED,
        **{str(each): _shown_item(item) if each is side else None for each in SIDES},
        "fields": [
            {"name": rule.name, str(side): item.fields.get(rule.end(side).key), "changed": []} for rule in rules.active
        ],
        "hierarchy": None,
        "changed": False,
        "parked": item.read_only,
        "not_found": {},
        "deleted": [],
        "under_way": False,
        "conflicts": [],
    }


def conflict(rules: PairRules, row: Conflict) -> Json:
    names = {rule.key: rule.name for rule in rules.fields}
    return {
        "field": names.get(row.rule, row.rule),
        "values": _by_side(row.values),
        "policy": row.policy,
        "why": row.why,
        "since": row.at.isoformat(),
    }


def written(rules: PairRules, write: Write) -> Json:
    """One write of ours, or what was refused."""
    names = {rule.key: rule.name for rule in rules.fields}
    after = write.after
    if write.what == CREATED:
        after = {names.get(key, key): value for key, value in (after or {}).items()}
    return {
        "at": write.at.isoformat(),
        "link": write.link,
        "side": str(write.side),
        "item": write.item,
        "field": names.get(write.what, write.what),
        "from": write.before,
        "to": after,
        "policy": write.policy,
        "why": write.why,
        "plan": write.asked.plan or None,
        "asked_by": write.asked.by or None,
        "refused": write.refused or None,
    }


def hold(found: Hold | None) -> Json | None:
    """Why a pair waits for a person."""
    if found is None:
        return None
    since = found.at.isoformat() if found.at else None
    return {"reason": found.reason, "links": list(found.links), "since": since}


def left_alone(made: Plan) -> list[Json]:
    """What somebody asked for that a plan does not write, with the reason."""
    left = [(each.rule.name, each.why) for each in made.fields if _is_left(each)]
    if made.parent and _is_left(made.parent):
        left.append((PARENT, made.parent.why))
    left += made.left
    return [{"link": made.link, "field": name, "why": why} for name, why in left]


def _is_left(decision: Decision | ParentDecision) -> bool:
    return bool(decision.asks or (decision.verdict is Verdict.NONE and decision.why))


def planned(made: Plan, link: SyncLink) -> Json:
    """What a plan writes to a link's items, with the reason for each field."""
    moves = made.parent
    return {
        "link": made.link,
        "fingerprint": plan.fingerprint(made),
        **{str(side): link.ids.get(side) for side in SIDES},
        "fields": [
            {"name": each.rule.name, **_by_side(each.shown), **_decided(each)} for each in made.fields if each.sent
        ],
        "parent": {**_by_side(moves.shown), **_decided(moves)} if moves and moves.sent else None,
    }


def _field(rules: PairRules, link: SyncLink, items: Mapping[SideName, Item], key: str, made: Plan | None) -> Json:
    rule = next(rule for rule in rules.active if rule.key == key)
    shown = {side: item.fields.get(rule.end(side).key) for side, item in items.items()}
    row: Json = {"name": rule.name, **_by_side(shown), "changed": []}
    decision = next((each for each in made.fields if each.rule.key == key), None) if made else None
    if decision is None:
        return row
    return {**row, "changed": _changed(link, decision), "conflict": decision.asks, **_decided(decision)}


def _changed(link: SyncLink, decision: Decision) -> Sequence[str]:
    """The sides that changed since the baseline; without one, all that say something, unless they agree."""
    baseline = agreements.standing(decision.rule, link)
    if baseline is not None:
        return [str(side) for side in SIDES if merge.changed(decision.rule, side, decision.shown, baseline)]
    differ = decision.verdict not in (Verdict.AGREE, Verdict.NONE)
    return [str(side) for side in SIDES if differ and decision.shown[side] not in (None, "", [])]


def _hierarchy(link: SyncLink, items: Mapping[SideName, Item], known: Known, made: Plan) -> Json | None:
    if made.parent is None:
        return None
    views, dead = made.parent.shown, known.dead(link.parents.values())
    return {
        **{str(side): _parent(side, items[side].parent, known) for side in SIDES},
        "mismatch": _mismatch(views),
        "changed": [str(side) for side in SIDES if _moved(link, side, views, dead)],
        "conflict": made.parent.asks,
        **_decided(made.parent),
    }


def _mismatch(views: Views) -> bool:
    """A parent that nobody links is no opinion, one that is not linked yet no mismatch yet."""
    return views[BOARDS] != views[PPM] and not {OUTSIDE, UNKNOWN} & {*views.values()}


def _moved(link: SyncLink, side: SideName, views: Views, dead: frozenset[str]) -> bool:
    before = link.parents.get(side, NONE)
    return views[side] not in (OUTSIDE, UNKNOWN, NONE if before in dead else before)


def _parent(side: SideName, id: str | None, known: Known) -> Json | None:
    if id is None:
        return None
    owner = known.owner(side, id)
    return {"id": id, "link": owner.id if owner and owner.state.alive else None}


def _decided(decision: Decision | ParentDecision) -> Json:
    return {
        "verdict": str(decision.verdict),
        "writes": _by_side(decision.sent),
        "policy": decision.policy,
        "why": decision.why,
    }


def _item(link: SyncLink, side: SideName, item: Item | None) -> Json | None:
    if item is not None:
        return _shown_item(item)
    if side in link.ids:
        return {"id": link.ids[side], "url": link.urls.get(side, ""), "found": False}
    return None


def _shown_item(item: Item) -> Json:
    return {
        "id": item.id,
        "url": item.url,
        "found": True,
        "project": item.project,
        "type": item.kind,
        "parent": item.parent,
        "changed_at": item.changed_at.isoformat() if item.changed_at else None,
        "read_only": item.read_only,
        "in_bin": item.in_bin,
    }


def _by_side(values: Mapping[SideName, Any]) -> Json:
    return {str(side): values[side] for side in SIDES if side in values}


def _words(row: Json) -> Iterable[str]:
    for side in SIDES:
        yield (row[side] or {}).get("id", "")
        yield from (str(field.get(side) or "") for field in row["fields"])


def _folded(text: str | None) -> str:
    return (text or "").casefold()
