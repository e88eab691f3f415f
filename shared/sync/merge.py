"""Section 4 of the algorithm for one field: which side changed, whether they agree, and what follows. Pure.

    changed(boards)  changed(ppm)  same   verdict     write
         no              no         –     none        –
         –               –          yes   agree       –
         yes             no         no    boards      ppm := boards, in the words of ppm
         no              yes        no    ppm         boards := ppm, in the words of boards
         yes             yes        no    conflict    by policy, and logged

Two items without a baseline (linked by hand) have both changed, but an empty field never spoke: the other fills it.

A field that goes one way is a mirror: whoever reads the closed side takes it for the open one's word, so a difference
is never left standing there. What somebody typed on the closed side is put back, and logged like any value that lost.
Only an open side that has never said anything takes nothing away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.errors import Park
from shared.model import SideName
from shared.sync.rules import BOARDS, PPM, SIDES, FieldRule, Policy, other
from shared.sync.values import as_tags, from_tags, kept, same, translated


class Verdict(StrEnum):
    NONE = "none"
    AGREE = "agree"
    BOARDS = "boards"
    PPM = "ppm"
    CONFLICT = "conflict"
    HELD = "held"  # something must be written and cannot be


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one field: `sent` is what is written where, `loser` whose value goes under, `why` the reason.

    A decision of verdict `conflict` that sends nothing and has no loser waits for a person. `known` is what a side is
    taken to have shown, where that is not what it shows now: what it has changed since stays news.
    """

    rule: FieldRule
    verdict: Verdict
    shown: Mapping[SideName, Any]
    sent: Mapping[SideName, Any] = field(default_factory=dict)
    loser: SideName | None = None
    policy: str = ""
    why: str = ""
    known: Mapping[SideName, Any] = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        return self.verdict is Verdict.CONFLICT and not self.sent and self.loser is None


def decide(
    rule: FieldRule,
    shown: Mapping[SideName, Any],
    baseline: Mapping[SideName, Any] | None,
    changed_at: Mapping[SideName, datetime | None],
    towards: SideName | None = None,
) -> Decision:
    """The table. `towards` is the side that a person wants written, whatever changed where."""
    try:
        if same(rule, shown):
            moved = baseline is None or any(changed(rule, side, shown, baseline) for side in SIDES)
            return Decision(rule, Verdict.AGREE if moved else Verdict.NONE, shown)
        return _differing(rule, shown, baseline, changed_at, towards)
    except Park as refusal:
        return _held(rule, shown, baseline, refusal)


def changed(rule: FieldRule, side: SideName, shown: Mapping[SideName, Any], baseline: Mapping[SideName, Any]) -> bool:
    """A side is compared with itself only."""
    return bool(kept(rule.end(side), shown[side]) != baseline.get(side))


def _differing(
    rule: FieldRule,
    shown: Mapping[SideName, Any],
    baseline: Mapping[SideName, Any] | None,
    changed_at: Mapping[SideName, datetime | None],
    towards: SideName | None,
) -> Decision:
    moved = _moved(rule, shown, baseline)
    if towards is not None and rule.direction.target not in (None, towards):
        return Decision(rule, Verdict.NONE, shown, why=f"'{rule.name}' is written on {rule.direction.target} only")
    if towards is not None:
        return _write(rule, shown, towards, moved, "chosen", f"a person chose to write {towards}")
    if not moved:
        return Decision(rule, Verdict.NONE, shown)
    if (target := rule.direction.target) is not None:
        if moved == {target} and baseline is None:
            return Decision(rule, Verdict.NONE, shown, why=f"{other(target)} has never said anything")
        return _write(rule, shown, target, moved, str(rule.direction), f"'{rule.name}' is written on {target} only")
    if len(moved) == 1:
        (source,) = moved
        return _write(rule, shown, other(source), moved, "changed", f"only {source} changed")
    return _conflict(rule, shown, baseline, changed_at)


def _moved(
    rule: FieldRule, shown: Mapping[SideName, Any], baseline: Mapping[SideName, Any] | None
) -> frozenset[SideName]:
    if baseline is not None:
        return frozenset(side for side in SIDES if changed(rule, side, shown, baseline))
    return frozenset(side for side in SIDES if kept(rule.end(side), shown[side]) is not None)


def _write(
    rule: FieldRule,
    shown: Mapping[SideName, Any],
    target: SideName,
    moved: frozenset[SideName],
    policy: str,
    why: str,
) -> Decision:
    source = other(target)
    verdict = Verdict.CONFLICT if len(moved) == 2 else Verdict(source)
    sent = {target: translated(rule, shown[source], target)}
    return Decision(rule, verdict, shown, sent, target if target in moved else None, policy, why)


def _conflict(
    rule: FieldRule,
    shown: Mapping[SideName, Any],
    baseline: Mapping[SideName, Any] | None,
    changed_at: Mapping[SideName, datetime | None],
) -> Decision:
    both = frozenset(SIDES)
    match rule.policy:
        case Policy.ASK:
            return Decision(rule, Verdict.CONFLICT, shown, policy="ask", why="both sides changed: a person decides")
        case Policy.MERGE:
            return _merged(rule, shown, baseline or {})
        case Policy.NEWEST:
            winner = newest(changed_at)
            why = f"both sides changed, {winner} last"
        case _:
            winner = SideName(rule.policy)
            why = f"both sides changed, and {winner} wins"
    return _write(rule, shown, other(winner), both, str(rule.policy), why)


def newest(changed_at: Mapping[SideName, datetime | None]) -> SideName:
    """The side that changed last (L3: by two clocks); boards where one of them does not say."""
    boards, ppm = changed_at.get(BOARDS), changed_at.get(PPM)
    return PPM if boards is not None and ppm is not None and ppm > boards else BOARDS


def _merged(rule: FieldRule, shown: Mapping[SideName, Any], baseline: Mapping[SideName, Any]) -> Decision:
    """F5: all that either has, minus what either took away since its own baseline."""
    now = {side: as_tags(rule.end(side), shown[side]) for side in SIDES}
    removed = {tag for side in SIDES for tag in as_tags(rule.end(side), baseline.get(side)) if tag not in now[side]}
    result = {tag: name for tag, name in (now[PPM] | now[BOARDS]).items() if tag not in removed}
    sent = {side: from_tags(rule.end(side), result) for side in SIDES if set(now[side]) != set(result)}
    return Decision(
        rule, Verdict.CONFLICT, shown, sent, None, "merge", "both sides changed: what each added and removed"
    )


def _held(
    rule: FieldRule, shown: Mapping[SideName, Any], baseline: Mapping[SideName, Any] | None, refusal: Park
) -> Decision:
    """A value that cannot be converted is nobody's news while nobody touches it."""
    if baseline is not None and not any(changed(rule, side, shown, baseline) for side in SIDES):
        return Decision(rule, Verdict.NONE, shown)
    words = ", ".join(f"{side} '{shown[side]}'" for side in SIDES)
    return Decision(rule, Verdict.HELD, shown, policy="convertible", why=f"{refusal.reason} ({words})")
