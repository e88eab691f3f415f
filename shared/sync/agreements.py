"""How long what two sides agreed on is worth something: as long as the rule watches over it, and means the same. Pure.

A baseline tells who has changed since the two sides agreed. It tells that only while every change in between was seen
and both values are read as they were then. So

- a rule that is gone or switched off takes its baselines with it, at the next look at each link, which the next sweep
  brings at the latest. Of a field that comes back, both sides have something to say: nothing that was typed in
  the meantime is overwritten on the strength of an agreement of long ago;
- under another value map, zone or list of people an agreement stands where both sides still say the same by it. Where
  they do not any more, there is none, and the policy decides. So a word that was missing can be mapped, and the item
  that waited for it goes on with who changed it;
- under other types or formats a side's own values are kept in other words, and nothing can be compared: none stands.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from shared.errors import Park
from shared.links import Conflict, ConflictStatus, SyncLink, Values
from shared.sync.rules import FieldRule, PairRules, digest
from shared.sync.values import same


def terms(rules: PairRules) -> Mapping[str, str]:
    """By rule key, on what terms values are agreed upon under the active rules."""
    return {rule.key: rule.terms for rule in rules.active}


def stamp(rules: PairRules) -> str:
    """All terms as one word: another one means that links have agreements to be looked at again."""
    return digest(dict(terms(rules)))


def standing(rule: FieldRule, link: SyncLink) -> Values | None:
    """The baseline of a field, as far as it still holds under the rule. A link that knows no terms knows these."""
    baseline, now = link.baseline.get(rule.key), rule.terms
    then = link.terms.get(rule.key, now)
    if baseline is None or then == now:
        return baseline
    shape, _, _ = now.partition(" ")
    return baseline if then.startswith(f"{shape} ") and _same(rule, baseline) else None


def renewed(rules: PairRules, link: SyncLink, at: datetime) -> tuple[SyncLink, tuple[Conflict, ...]]:
    """The link with what stands, on the terms of these rules, and the conflicts that nobody has to decide any more."""
    now = terms(rules)
    held = {rule.key: baseline for rule in rules.active if (baseline := standing(rule, link)) is not None}
    over = {key: id for key, id in link.open.items() if key in link.terms and key not in now}
    open = {key: id for key, id in link.open.items() if key not in over}
    rows = tuple(
        Conflict(id, link.id, key, None, {}, "ask", "its field is not mapped any more", at, ConflictStatus.CLOSED)
        for key, id in over.items()
    )
    return replace(link, baseline=held, terms=now, open=open), rows


def _same(rule: FieldRule, baseline: Values) -> bool:
    try:
        return same(rule, baseline)
    except Park:  # what cannot be told is nobody's news
        return True
