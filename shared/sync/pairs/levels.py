"""Levels of a hierarchy: what can be created together with an item, and which copy may stand under what. Pure.

Azure DevOps itself lets any work item stand under any other unless that closes a circle. Its backlogs do not: they
leave out items whose parent is on their own level or a lower one, and nothing there can be reordered any more ("You
cannot reorder work items and some work items may not be shown"). So no copy is made where a backlog would not show it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from shared.model import Level

ALL = "all"


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be created with an item: `depth` are the kinds below it, or `all`."""

    label: str
    depth: tuple[str, ...] | str


@dataclass(frozen=True, slots=True)
class Above:
    """What a copy is to stand under: how people know it, its kind, and the level of that, if it has one."""

    name: str
    kind: str
    level: Level | None


def of_kind(levels: Sequence[Level], kind: str) -> Level | None:
    return next((level for level in levels if kind in level.kinds), None)


def offers(levels: Sequence[Level], kind: str) -> Iterator[Offer]:
    """For an item of a kind: alone, down to each level below its own, and with everything.

    `depth` grows from level to level, so that what skips one is found all the same.
    """
    own = of_kind(levels, kind)
    below = [level for level in levels if own and level.rank < own.rank]
    yield Offer("item only", ())
    for count in range(1, len(below)):
        names = [_plural(level.kinds[0].lower()) for level in below[:count]]
        yield Offer(f"with all sub {_listed(names)}", tuple(kind for level in below[:count] for kind in level.kinds))
    yield Offer("with all subentities", ALL)


def may_stand_under(levels: Sequence[Level], kind: str, above: Level | None) -> bool:
    """Whether a level is above that of a kind. What is on no level has its place anywhere."""
    own = of_kind(levels, kind)
    return own is None or above is None or own.rank < above.rank


def misplaced(levels: Sequence[Level], kinds: Collection[str], kind: str, above: Above) -> str:
    """Why a copy of a kind cannot stand there, with all of `kinds` that can; empty if it can."""
    if may_stand_under(levels, kind, above.level):
        return ""
    allowed = [each for each in kinds if may_stand_under(levels, each, above.level)]
    return f"no {kind} stands under {above.name} ({above.kind}); {_listed(allowed) or 'nothing'} may"


def _listed(names: Sequence[str]) -> str:
    """`features, user stories and tasks`."""
    *others, last = names or [""]
    return f"{', '.join(others)} and {last}" if others else last


def _plural(name: str) -> str:
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "z", "ch", "sh")) else f"{name}s"
