"""Section 5 of the algorithm: parents, a dimension of their own with baseline, verdict and policy. Pure.

Parents are compared in link space, as *views*: the id of the parent's link, `NONE`, `UNKNOWN` (a parent that will be
linked, but is not yet: H2) or `OUTSIDE` (a parent that nobody is going to link: no opinion, never a removal).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.links import SyncLink
from shared.model import SideName
from shared.sync.merge import Verdict
from shared.sync.rules import BOARDS, PPM, SIDES, HierarchyRule, Policy, other

NONE, UNKNOWN, OUTSIDE = "", "?", "-"
MOST_REFUSALS = 8  # H5
CHOSEN = "chosen"  # by a person, who wants one side written and no other

type Views = Mapping[SideName, str]


@dataclass(frozen=True, slots=True)
class ParentDecision:
    """What becomes of the parents; `sent` is the new parent by the side that is written, in link space.

    `waits`: a parent is not linked yet; it is to be looked at first. `known` is as in a decision over a field.
    """

    verdict: Verdict
    shown: Views
    sent: Views = field(default_factory=dict)
    loser: SideName | None = None
    policy: str = ""
    why: str = ""
    waits: bool = False
    known: Views = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        return self.verdict is Verdict.CONFLICT and not self.sent


def view(parent_id: str | None, link: SyncLink | None, *, will_be_linked: bool) -> str:
    """An item's parent in link space, given the link that owns the parent."""
    if parent_id is None:
        return NONE
    if link is None:
        return UNKNOWN if will_be_linked else OUTSIDE
    return link.id if link.state.alive else NONE  # H3


def decide(
    rule: HierarchyRule,
    views: Views,
    baseline: Views,
    dead: frozenset[str],
    towards: SideName | None = None,
) -> ParentDecision:
    """`dead` are those parents of the baseline whose links have died: they count as none there, too (H3)."""
    if UNKNOWN in views.values():
        return ParentDecision(Verdict.NONE, views, why="a parent is not linked yet", waits=True)
    before = {side: NONE if parent in dead else parent for side, parent in baseline.items()}
    moved = {side for side in SIDES if views[side] != OUTSIDE and views[side] != before.get(side, NONE)}
    if views[BOARDS] == views[PPM]:
        return ParentDecision(Verdict.AGREE if views != baseline else Verdict.NONE, views)
    if towards is not None and rule.direction.target not in (None, towards):
        return ParentDecision(Verdict.NONE, views, why=f"parents are written on {rule.direction.target} only")
    if towards is None and not moved:
        return ParentDecision(Verdict.NONE, views)
    if (target := towards or rule.direction.target) is not None:
        return _write(views, target, moved, CHOSEN if towards else str(rule.direction))
    if len(moved) == 1:
        (source,) = moved
        return _write(views, other(source), moved, "changed")
    if rule.policy is Policy.ASK:
        return ParentDecision(Verdict.CONFLICT, views, policy="ask", why="moved on both sides: a person decides")
    return _write(views, other(winner(rule)), moved, str(rule.policy))


def winner(rule: HierarchyRule) -> SideName:
    """The side whose word counts where both moved."""
    if rule.direction.target is not None:
        return other(rule.direction.target)
    return PPM if rule.policy is Policy.PPM else BOARDS


def undo(rule: HierarchyRule, decision: ParentDecision, refused_by: SideName) -> ParentDecision | None:
    """H4: what follows when a server refuses a parent because it would close a circle.

    Two moves cross. Where the winner's server refuses, the loser's move is undone; None where the refusal is the
    loser's, or a person decides: it fits once the other item has settled.
    """
    if rule.policy is Policy.ASK or decision.policy == CHOSEN or refused_by is not winner(rule):
        return None
    loser, views = other(refused_by), decision.shown
    if views[refused_by] == OUTSIDE:
        return None
    why = f"{refused_by} refuses this parent as a circle: the move on {loser} is undone"
    return ParentDecision(Verdict.CONFLICT, views, {loser: views[refused_by]}, loser, str(rule.policy), why)


def after_agreeing(views: Views, baseline: Views) -> Views:
    """The baseline once two sides agree; a side whose parent is outside the sync has no opinion."""
    return {side: baseline.get(side, NONE) if views[side] == OUTSIDE else views[side] for side in SIDES}


def _write(views: Views, target: SideName, moved: set[SideName], policy: str) -> ParentDecision:
    source = other(target)
    if views[source] == OUTSIDE or (views[source] == NONE and views[target] == OUTSIDE):
        return ParentDecision(Verdict.AGREE, views, why="a parent outside the sync stays where it is")
    both = len(moved) == 2
    why = f"moved on both sides, and {source} wins" if both else f"{source} says where it belongs"
    loser = target if target in moved else None
    return ParentDecision(
        Verdict.CONFLICT if both else Verdict(source), views, {target: views[source]}, loser, policy, why
    )
