"""Whether copies can be made as they are wanted: where, as what, and under what. Pure.

A person hears of all that is in the way at once, and before anything is written: a request has its faults by the names
of what is wrong in it, and every item that cannot be copied has its reason.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.errors import resembling
from shared.links import Copy
from shared.model import FieldInfo, Item, ItemDraft, Level, SideName
from shared.sync.pairs import wishes
from shared.sync.pairs.levels import Above, misplaced
from shared.sync.pairs.wishes import PLACES
from shared.sync.rules import PPM, other
from shared.sync.service import Creation

NO_TYPE = "say as which type: give `type`, or map '{}' in the pair's {}.kinds"
NOT_OF_TASKS = "the pair says where tasks are made: leave this out"
BY_DEPTH = "give `type` a list: what the chosen items become, then those right below them, and so on"

type Fault = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How copies are to be made; what is empty follows from the pair.

    `types` are what the chosen items become, those right below them, and so on. `parent` is an item of the side they
    come to, for the chosen ones. `area` and `iteration` are paths.
    """

    project: str = ""
    types: tuple[str, ...] = ()
    parent: str = ""
    area: str = ""
    iteration: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> Mapping[str, Any]:
        """All fields that are told, places among them."""
        return {**self.fields, **{key: path for name, key in PLACES.items() if (path := getattr(self, name))}}


@dataclass(frozen=True, slots=True)
class Ground:
    """What `side`, where copies are made, says of the project they are made in, one of `projects` on the boards.

    `kinds` is empty where nothing is known of the project. `fields` are read only where some are wanted. `parent` is
    the one that is wanted, None where it cannot be seen, and `parent_link` the living link that owns it.
    """

    side: SideName
    project: str
    projects: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ()
    fields: Mapping[str, FieldInfo] = field(default_factory=dict)
    parent: Item | None = None
    parent_link: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A copy to be made of an item, and what it would be."""

    item: Item
    copy: Copy
    draft: ItemDraft


# ---------------------------------------------------------------- the request


def faults(wanted: Wanted, ground: Ground) -> Iterator[Fault]:
    """What is wrong with a request, whatever the items are that are to be copied."""
    if ground.side is PPM:
        yield from ((name, NOT_OF_TASKS) for name in ("project", *PLACES) if getattr(wanted, name))
    elif ground.project not in ground.projects:
        yield "project", f"'{ground.project}' is not one of the pair's: {', '.join(ground.projects)}"
    else:
        yield from _place_faults(wanted, ground)
    for index, kind in enumerate(wanted.types if ground.kinds else ()):
        if kind not in ground.kinds:
            yield f"type[{index}]" if index else "type", _no_kind(kind, ground)
    if wanted.parent and (why := _parent_fault(ground, wanted.parent)):
        yield "parent", why
    yield from wishes.faults(wanted.fields, ground.fields, ground.side)


def unknown_kinds(depth: Sequence[str], kinds: Collection[str]) -> Iterator[Fault]:
    for index, kind in enumerate(depth):
        if kind not in kinds:
            yield f"depth[{index}]", f"there is no type '{kind}'{resembling(kind, kinds)}"


def _place_faults(wanted: Wanted, ground: Ground) -> Iterator[Fault]:
    """The paths of all projects are in one list; each begins with the name of its project."""
    for name, key in PLACES.items():
        if path := getattr(wanted, name):
            there = [known for known in ground.fields[key].choices if known.split("\\")[0] == ground.project]
            if path not in there:
                yield name, f"'{ground.project}' has no {name} '{path}'{resembling(path, there)}"


def _parent_fault(ground: Ground, id: str) -> str:
    parent, side = ground.parent, ground.side
    if parent is None:
        return f"there is no {side} {id} that we may see"
    if parent.in_bin:
        return f"{side} {id} is in the bin: restore it, or choose another parent"
    if parent.read_only:
        return parent.read_only
    if not ground.parent_link:
        return f"{side} {id} is not linked, so its copies would have no place on {other(side)}: link it first"
    return ""


def _no_kind(kind: str, ground: Ground) -> str:
    project = f"'{ground.project}'" if ground.project else ground.side
    return f"in {project} nothing new of the type '{kind}' can be made{resembling(kind, ground.kinds)}"


# ---------------------------------------------------------------- its items


def depth(items: Mapping[str, Item], id: str) -> int:
    """How many of the items one stands under."""
    passed: list[str] = []
    while (above := items[id].parent) in items and above not in passed:
        passed.append(above)
        id = above
    return len(passed)


def refusals(
    chosen: Sequence[Creation],
    roots: Sequence[str],
    proposals: Mapping[str, Proposal],
    above: Mapping[str, Above],
    ground: Ground,
    wanted: Wanted,
) -> dict[str, Fault]:
    """Why items cannot be copied, each with the path of what to change. What is in the bin below a chosen item, or
    in another project, is left out without a word."""
    found: dict[str, Fault] = {}
    for each in chosen:
        place = f"items[{roots.index(each.item)}]" if each.item in roots else "type"
        if each.refusal and each.item in roots:
            found[each.item] = place, each.refusal
        elif each.item in proposals:
            kind = proposals[each.item].draft.kind
            if why := _kind_refusal(each.kind, kind, ground, wanted):
                found[each.item] = place, why
            elif each.item in above and (why := misplaced(ground.levels, ground.kinds, kind, above[each.item])):
                under_chosen = not proposals[each.item].copy.parent
                found[each.item] = (place, f"{why}: {BY_DEPTH}") if under_chosen else ("parent", why)
    return found


def _kind_refusal(origin: str, kind: str, ground: Ground, wanted: Wanted) -> str:
    """A type that the request names is not among these: if it is not there, the request is at fault."""
    if not kind and len(ground.kinds) > 1:
        return NO_TYPE.format(origin, ground.side)
    if kind and ground.kinds and kind not in (*ground.kinds, *wanted.types):
        return f"{_no_kind(kind, ground)}; correct the pair's {ground.side}.kinds"
    return ""
