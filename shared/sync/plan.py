"""What would be written, and why, from what both sides show: two items, a link and the rules make a `Plan`. Pure.

A plan can be shown and later applied exactly: its `fingerprint` covers what it was made from and what it writes, so
that an item which has moved since makes another one.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.links import Asked, Conflict, ConflictStatus, FieldIntent, Intent, ParentIntent, SyncLink, Trace
from shared.model import Item, ItemDraft, SideName
from shared.sync import agreements, history, merge, parents
from shared.sync.history import DELETED, PARENT
from shared.sync.intents import Stored
from shared.sync.merge import Decision, Verdict
from shared.sync.parents import ParentDecision, Views
from shared.sync.rules import SIDES, FieldRule, PairRules, other
from shared.sync.values import kept, resembles


class Scope(StrEnum):
    """Field values and hierarchy are two separate matters."""

    ALL = "all"
    FIELDS = "fields"
    HIERARCHY = "hierarchy"


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for: a scope, the side to be written (None: where the rules say), and which rules.

    `undoes` are the traces of writes that are to be taken back, instead of all that. `asked` is for the history.
    """

    scope: Scope = Scope.ALL
    towards: SideName | None = None
    only: frozenset[str] | None = None
    undoes: tuple[Trace, ...] = ()
    asked: Asked = Asked()  # noqa: RUF009 - frozen

    @property
    def parents(self) -> frozenset[str]:
        """The links that items are to stand under again."""
        return frozenset(trace.before for trace in self.undoes if trace.what == PARENT and trace.before)


EVERYTHING = Request()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The parents of both items in link space, and which of the baseline's parents are dead."""

    views: Views
    dead: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """`left` are things that somebody asked for and no rule speaks of, each with the reason."""

    link: str
    fields: tuple[Decision, ...]
    parent: ParentDecision | None = None
    left: tuple[tuple[str, str], ...] = ()

    @property
    def writes(self) -> bool:
        return any(decision.sent for decision in self.fields) or bool(self.parent and self.parent.sent)

    @property
    def held(self) -> str:
        """Why something that should be written cannot be; empty if all can."""
        return "; ".join(f"{d.rule.name}: {d.why}" for d in self.fields if d.verdict is Verdict.HELD)

    def sent(self, side: SideName) -> Mapping[str, Any]:
        """What is written to the fields of a side."""
        return {d.rule.end(side).key: d.sent[side] for d in self.fields if side in d.sent}


def make(
    rules: PairRules,
    link: SyncLink,
    items: Mapping[SideName, Item],
    around: Surroundings,
    request: Request = EVERYTHING,
) -> Plan:
    if request.undoes:
        return _undoing(rules, link, items, around, request.undoes)
    fields: tuple[Decision, ...] = ()
    if request.scope is not Scope.HIERARCHY:
        fields = tuple(_fields(rules, link, items, request))
    parent = None
    if request.scope is not Scope.FIELDS and rules.hierarchy.active and around.views:
        parent = parents.decide(rules.hierarchy, around.views, link.parents, around.dead, request.towards)
    return Plan(link.id, fields, _movable(parent, items))


def _movable(parent: ParentDecision | None, items: Mapping[SideName, Item]) -> ParentDecision | None:
    closed = [items[side].read_only for side in parent.sent if items[side].read_only] if parent else []
    return ParentDecision(Verdict.HELD, parent.shown, why=closed[0]) if parent and closed else parent


def _undoing(
    rules: PairRules, link: SyncLink, items: Mapping[SideName, Item], around: Surroundings, traces: Sequence[Trace]
) -> Plan:
    """What takes these writes back, as far as nobody has touched what they left."""
    written = {trace.what for trace in traces}
    fields = tuple(
        _writable(history.undone(rule, traces, _shown(rule, items), agreements.standing(rule, link)), items)
        for rule in rules.active
        if rule.key in written and all(rule.end(side).key in items[side].fields for side in SIDES)
    )
    moves = [trace for trace in traces if trace.what == PARENT] if around.views else []
    parent = history.unmoved(moves[0], around.views, around.dead, link.parents) if moves else None
    spoken_of = {decision.rule.key for decision in fields} | ({PARENT} if parent else set())
    left = tuple((what, history.UNMAPPED) for what in sorted(written - spoken_of))
    return Plan(link.id, fields, _movable(parent, items), left)


def _fields(rules: PairRules, link: SyncLink, items: Mapping[SideName, Item], request: Request) -> Iterable[Decision]:
    changed_at = {side: item.changed_at for side, item in items.items()}
    for rule in rules.active:
        wanted = request.only is None or rule.key in request.only
        if not wanted or any(rule.end(side).key not in items[side].fields for side in SIDES):
            continue  # not shown on a side: no opinion
        baseline = agreements.standing(rule, link)
        yield _writable(merge.decide(rule, _shown(rule, items), baseline, changed_at, request.towards), items)


def _shown(rule: FieldRule, items: Mapping[SideName, Item]) -> Mapping[SideName, Any]:
    return {side: items[side].fields[rule.end(side).key] for side in SIDES}


def _writable(decision: Decision, items: Mapping[SideName, Item]) -> Decision:
    closed = [items[side].read_only for side in decision.sent if items[side].read_only]
    if not closed:
        return decision
    return Decision(decision.rule, Verdict.HELD, decision.shown, policy="read-only", why=closed[0])


def quiet(plan: Plan) -> Plan:
    """Only what needs no write and no person: what a pair notes that is not kept in step by itself."""
    fields = tuple(decision for decision in plan.fields if not decision.sent and not decision.asks)
    parent = plan.parent if plan.parent and not plan.parent.sent and not plan.parent.asks else None
    return replace(plan, fields=fields, parent=parent)


def fingerprint(plan: Plan) -> str:
    """What the plan was made from and what it writes, as one short word."""
    fields = [[d.rule.key, d.verdict, d.shown, d.sent] for d in plan.fields if d.verdict is not Verdict.NONE]
    parent = [plan.parent.verdict, plan.parent.shown, plan.parent.sent] if plan.parent else []
    return _digest([plan.link, fields, parent])


def tried(plan: Plan) -> str:
    """What the plan writes, so that what was refused is not tried again for ever."""
    sent = [[d.rule.key, d.sent] for d in plan.fields if d.sent]
    return _digest([sent, dict(plan.parent.sent) if plan.parent else {}])


def remaining(plan: Plan, stored: Stored, views: Views) -> Plan:
    """The plan without what landed of it."""
    fields = (d for d in plan.fields if not all(d.rule.key in stored.get(side, {}) for side in d.sent))
    moved = plan.parent and all(views.get(side) == parent for side, parent in plan.parent.sent.items())
    return replace(plan, fields=tuple(fields), parent=None if moved else plan.parent)


def attempt(draft: ItemDraft) -> str:
    """The same for an item to be made."""
    return _digest([draft.project, draft.kind, dict(draft.fields), draft.parent])


def intent(plan: Plan, asked: Asked = Asked()) -> Intent | None:  # noqa: B008
    """What is stored before anything is written (W2)."""
    if not plan.writes:
        return None
    fields = {
        d.rule.key: FieldIntent(reduced(d), d.sent, {side: d.shown[side] for side in d.sent}, d.policy, d.why)
        for d in plan.fields
        if d.sent
    }
    return Intent(fields, moving(plan.parent), asked=asked)


def moving(parent: ParentDecision | None) -> ParentIntent | None:
    if parent is None or not parent.sent:
        return None
    return ParentIntent({**parent.shown, **parent.known}, parent.sent, parent.policy, parent.why)


def reduced(decision: Decision) -> Mapping[SideName, Any]:
    """What both sides show, as a baseline has it."""
    shown = {side: kept(decision.rule.end(side), decision.shown[side]) for side in SIDES}
    return {**shown, **decision.known}


def agreed(link: SyncLink, plan: Plan) -> SyncLink:
    """The link with all that needs no write in its baselines: both := now where the sides agree."""
    fields = {d.rule.key: reduced(d) for d in plan.fields if d.verdict is Verdict.AGREE}
    link = replace(link, baseline={**link.baseline, **fields}) if fields else link
    if plan.parent and plan.parent.verdict is Verdict.AGREE:
        link = replace(link, parents=parents.after_agreeing(plan.parent.shown, link.parents))
    return link


# ---------------------------------------------------------------- conflicts


def conflicts(link: SyncLink, plan: Plan, at: datetime) -> tuple[SyncLink, tuple[Conflict, ...]]:
    """F4, F6: the rows to save with the intent, and the link with what is open now.

    An `ask` is logged once for each distinct pair of values, and closed when the field is settled otherwise.
    """
    rows, open = [], dict(link.open)
    for name, decision, shown in _judged(plan):
        if decision.asks:
            row = _row(link, name, decision, shown, at, ConflictStatus.OPEN)
            if open.get(name) == row.id:
                continue
            rows += [*_closed(open, link, name, decision, shown, at), row]
            open[name] = row.id
        elif decision.verdict is not Verdict.HELD:
            rows += _closed(open, link, name, decision, shown, at)
            open.pop(name, None)
            if decision.loser is not None:
                rows.append(_row(link, name, decision, shown, at, ConflictStatus.LOGGED))
    return (link if open == link.open else replace(link, open=open)), tuple(rows)


def refused(link: SyncLink, decision: Decision, returned: Mapping[SideName, Item], at: datetime) -> Conflict | None:
    """A write that was taken without complaint and is not what the side shows: it is not repeated for ever.

    The side ignored it, or made something else of it; without conditional writes somebody may have been quicker (L1).
    """
    for side, sent in decision.sent.items():
        end = decision.rule.end(side)
        now = returned[side].fields.get(end.key)
        if not resembles(decision.rule, side, sent, now):
            why = f"refused by target: {side} took '{sent}' for {end.key} and shows '{now}'"
            row = _row(link, decision.rule.key, decision, decision.shown, at, ConflictStatus.REFUSED)
            return replace(row, loser=other(side), why=why)
    return None


def deletion(
    link: SyncLink, deleted: SideName, items: Mapping[SideName, Item], at: datetime, *, edited: bool
) -> Conflict:
    """X2: the row that says why the item that is left was left."""
    left = other(deleted)
    why = f"deleted on {deleted}, " + (f"edited on {left}: the edit wins" if edited else f"kept on {left}")
    ids = {side: item.id for side, item in items.items()}
    return Conflict(_digest([DELETED, ids, dict(link.versions)]), link.id, DELETED, deleted, ids, "delete", why, at)


def _judged(plan: Plan) -> Iterable[tuple[str, Decision | ParentDecision, Mapping[SideName, Any]]]:
    yield from ((d.rule.key, d, d.shown) for d in plan.fields)
    if plan.parent and not plan.parent.waits:
        yield PARENT, plan.parent, plan.parent.shown


def _closed(
    open: Mapping[str, str],
    link: SyncLink,
    name: str,
    decision: Decision | ParentDecision,
    shown: Mapping[SideName, Any],
    at: datetime,
) -> tuple[Conflict, ...]:
    if name not in open:
        return ()
    row = _row(link, name, decision, shown, at, ConflictStatus.CLOSED)
    return (replace(row, id=open[name]),)


def _row(
    link: SyncLink,
    name: str,
    decision: Decision | ParentDecision,
    shown: Mapping[SideName, Any],
    at: datetime,
    status: ConflictStatus,
) -> Conflict:
    """Its id follows from what it says, so that a run that died and is repeated does not log twice."""
    moment = dict(link.versions) if status is not ConflictStatus.OPEN else {}
    return Conflict(
        id=_digest([name, dict(shown), decision.policy, status, moment]),
        link=link.id,
        rule=name,
        loser=decision.loser,
        values=shown,
        policy=decision.policy,
        why=decision.why,
        at=at,
        status=status,
    )


# ---------------------------------------------------------------- several


def in_order(plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """The plans, those of new parents before those of their children: fewer moves have to wait. A circle is broken."""
    by_link = {plan.link: plan for plan in plans}
    ordered: dict[str, Plan] = {}

    def put(link: str, above: Collection[str]) -> None:
        plan = by_link[link]
        for parent in plan.parent.sent.values() if plan.parent else ():
            if parent in by_link and parent not in ordered and parent not in above:
                put(parent, {*above, link})
        ordered.setdefault(link, plan)

    for plan in plans:
        put(plan.link, ())
    return tuple(ordered.values())


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
