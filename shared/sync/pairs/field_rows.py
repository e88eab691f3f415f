"""The field rules of a pair, and what can be chosen for them, as people read it. Pure; all of it is JSON."""

from collections.abc import Mapping
from typing import Any

from shared.configuration import FieldMapping, Pair
from shared.faults import Fault
from shared.links import SyncLink
from shared.model import FieldInfo, Item, SideName
from shared.sync.merge import Decision
from shared.sync.pairs import configured
from shared.sync.pairs.configured import Facts
from shared.sync.rules import BOARDS, PPM, SIDES, End, FieldRule, convertible, other

type Json = dict[str, Any]


def rules(pair: Pair, facts: Mapping[SideName, Facts]) -> list[Json]:
    """The rules in order, with what the sides say where the configuration says nothing."""
    made = configured.rules(pair, facts).fields
    return [_rule(mapping, rule, facts) for mapping, rule in zip(pair.fields, made, strict=True)]


def faults(found: tuple[Fault, ...]) -> list[Json]:
    return [{"path": path, "fix": fix} for path, fix in found]


def choices(facts: Mapping[SideName, Facts]) -> Json:
    """The fields of both sides; `fits` are those of the other side that a field could be mapped to."""
    return {
        str(side): [_choice(info, facts[other(side)]) for info in facts[side].fields.values()] for side in (BOARDS, PPM)
    }


def example(link: SyncLink, items: Mapping[SideName, Item], title: FieldRule | None, decision: Decision) -> Json:
    """What a rule would do to two items; `to` is empty where a person is asked, or nothing can be said."""
    return {
        "link": link.id,
        **{str(side): {"id": items[side].id, "title": _title(items[side], side, title)} for side in SIDES},
        "field": decision.rule.name,
        "from": {str(side): decision.shown[side] for side in SIDES},
        "to": {str(side): value for side, value in decision.sent.items()},
        "why": decision.why,
    }


def _rule(mapping: FieldMapping, rule: FieldRule, facts: Mapping[SideName, Facts]) -> Json:
    return {
        "name": mapping.name,
        **{str(side): _end(rule.end(side), facts[side]) for side in SIDES},
        "active": mapping.active,
        "direction": mapping.direction,
        "policy": mapping.policy,
        "values": {meaning: {str(side): list(getattr(words, side)) for side in SIDES}
                   for meaning, words in mapping.values.items()},
    }  # fmt: skip


def _end(end: End, facts: Facts) -> Json:
    info = facts.field(end.key)
    return {
        "field": end.key,
        "type": str(end.type),
        "format": end.written_as,
        "label": info.label if info else "",
    }


def _choice(info: FieldInfo, there: Facts) -> Json:
    fitting = (
        each
        for each in there.fields.values()
        if convertible(info.type, each.type) and not (info.read_only and each.read_only)
    )
    return {
        "key": info.key,
        "label": info.label,
        "type": str(info.type),
        "choices": list(info.choices),
        "categories": {state: str(category) for state, category in info.categories.items()},
        "read_only": info.read_only,
        "fits": [each.key for each in fitting],
    }


def _title(item: Item, side: SideName, title: FieldRule | None) -> str:
    return str(item.fields.get(title.end(side).key) or "") if title else ""
