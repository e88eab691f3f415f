"""Section 7 of the algorithm: what became of a write that was intended. Pure.

A landed write is what both sides last agreed on, so it becomes the baseline: with the target's value as the server
stored it (F1) and the source's as it was then. A field that goes to both sides has landed when it has on both: half of
a merge is agreed by nobody, and merging again gives the same.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.errors import Park
from shared.links import Intent, SyncLink
from shared.model import Item, SideName
from shared.sync.agreements import standing
from shared.sync.parents import OUTSIDE, Views
from shared.sync.rules import FieldRule, other
from shared.sync.values import kept, resembles, translated

type Stored = Mapping[SideName, Mapping[str, Any]]
"""Per side and rule key, what a landed write left there."""


def fields_sent(intent: Intent, rules: Mapping[str, FieldRule], side: SideName) -> Mapping[str, Any]:
    """What was to be written to a side, by the side's own keys."""
    return {
        rules[key].end(side).key: field.sent[side]
        for key, field in intent.fields.items()
        if side in field.sent and key in rules
    }


def by_rule(rules: Mapping[str, FieldRule], side: SideName, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """A side's fields under rule keys."""
    return {key: fields[rule.end(side).key] for key, rule in rules.items() if rule.end(side).key in fields}


def shows(intent: Intent, rules: Mapping[str, FieldRule], side: SideName, item: Item) -> Mapping[str, Any]:
    """W5 without history: landed is what the side shows now."""
    now = by_rule(rules, side, item.fields)
    return {
        key: now[key]
        for key, field in intent.fields.items()
        if side in field.sent and key in now and resembles(rules[key], side, field.sent[side], now[key])
    }


def settled(link: SyncLink, rules: Mapping[str, FieldRule], stored: Stored, views: Views) -> SyncLink:
    """The link with what landed of its intent folded into the baselines (W4), and without the intent."""
    if (intent := link.intent) is None:
        return link
    baseline = dict(link.baseline)
    for key, field in intent.fields.items():
        if key in rules and all(key in stored.get(side, {}) for side in field.sent):
            written = {side: kept(rules[key].end(side), stored[side][key]) for side in field.sent}
            baseline[key] = {**field.shown, **written}
    parents = link.parents
    if (move := intent.parent) and all(views.get(side) == parent for side, parent in move.sent.items()):
        known = {side: parent for side, parent in move.shown.items() if parent != OUTSIDE}
        parents = {**link.parents, **known, **move.sent}
    return replace(link, baseline=baseline, parents=parents, intent=None)


def adopted(
    link: SyncLink, rules: Mapping[str, FieldRule], target: SideName, first: Item | None, now: Item
) -> SyncLink:
    """C7: a found copy's baseline is what we made, not what it shows now, or a user's early edit vanishes.

    That is its first revision; without history, what it shows if nobody has touched it, else what was sent. A first
    revision that does not come from this intent was made by an earlier attempt, when the origin said the same.
    """
    intent = link.intent or Intent()
    shown = by_rule(rules, target, (first or now).fields)
    baseline = {}
    for key, field in intent.fields.items():
        if key not in rules or target not in field.sent:
            continue
        sent = field.sent[target]
        ours = key in shown and resembles(rules[key], target, sent, shown[key])
        made = shown[key] if ours or (first is not None and key in shown) else sent
        baseline[key] = {**field.shown, target: kept(rules[key].end(target), made)}
        if not ours and first is not None:
            baseline[key][other(target)] = _origin_of(rules[key], target, made)
    return replace(link, baseline={**link.baseline, **baseline})


def _origin_of(rule: FieldRule, target: SideName, made: Any) -> Any:
    """What the origin must have said for this to be made of it."""
    try:
        return kept(rule.end(other(target)), translated(rule, made, other(target)))
    except Park:
        return None


def touched(link: SyncLink, rules: Mapping[str, FieldRule], side: SideName, item: Item) -> bool:
    """Whether a side's item says anything in fields that the two have not agreed on."""
    now = by_rule(rules, side, item.fields)
    agreed = {key: standing(rules[key], link) or {} for key in now}
    return any(kept(rules[key].end(side), now[key]) != agreed[key].get(side) for key in now)
