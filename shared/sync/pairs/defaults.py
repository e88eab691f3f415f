"""The field rules that a pair begins with: tables by kind of PPM tool, and what of them both sides really have. Pure.

What cannot be mapped without asking a person is left out, with the reason: fields that are missing or cannot be
written, and states that nobody knows the other side's word for.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from shared.model import FieldInfo, FieldType, SideName, StateCategory
from shared.sync.pairs.configured import Facts
from shared.sync.rules import BOARDS, PPM, SIDES, Policy, convertible, other

type Rule = Mapping[str, Any]
"""A field rule as the configuration's document has it."""
type LeftOut = tuple[str, str]
"""The name of a rule, and what of it was left out for which reason."""

SCHEDULING = "Microsoft.VSTS.Scheduling"
# Fields by key or label, in the order in which they are preferred. Types that plans are made of have a target date;
# an original estimate is in hours, while what an effort counts is up to each team.
BOARDS_FIELDS: Mapping[str, tuple[str, ...]] = {
    "title": ("System.Title",),
    "description": ("System.Description",),
    "state": ("System.State",),
    "start": (f"{SCHEDULING}.StartDate",),
    "due": (f"{SCHEDULING}.TargetDate", f"{SCHEDULING}.FinishDate", f"{SCHEDULING}.DueDate"),
    "effort": (f"{SCHEDULING}.OriginalEstimate", f"{SCHEDULING}.Effort"),
    "percent": ("Percent Complete", "% Complete", "Progress"),
    "assigned to": ("System.AssignedTo",),
    "tags": ("System.Tags",),
}
PPM_FIELDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "ppm_express": {
        "title": ("Name",),
        "description": ("Description",),
        "state": ("Status", "State"),
        "start": ("StartDate",),
        "due": ("DueDate",),
        "effort": ("Effort",),
        "percent": ("Progress",),
        "assigned to": ("AssignedTo",),
        "tags": ("Tags", "Labels"),
    },
    "redmine": {
        "title": ("subject",),
        "description": ("description",),
        "state": ("status",),
        "start": ("start_date",),
        "due": ("due_date",),
        "effort": ("estimated_hours",),
        "percent": ("done_ratio",),
        "assigned to": ("assigned_to",),
        "tags": ("Tags",),
    },
}
TITLES = frozenset(key for fields in (BOARDS_FIELDS, *PPM_FIELDS.values()) for key in fields["title"])
# Where both sides changed: the board knows how work goes, the plan when it is due. Of all else a person is asked.
POLICIES = {"state": Policy.BOARDS, "start": Policy.PPM, "due": Policy.PPM, "tags": Policy.MERGE}

TODO, DOING, RESOLVED, DONE, REMOVED = "todo", "doing", "resolved", "done", "removed"
CATEGORIES: Mapping[StateCategory, str] = {
    StateCategory.PROPOSED: TODO,
    StateCategory.IN_PROGRESS: DOING,
    StateCategory.RESOLVED: RESOLVED,
    StateCategory.COMPLETED: DONE,
    StateCategory.REMOVED: REMOVED,
}
# What states are called on a side that does not put them into categories.
STATES: Mapping[str, str] = {
    **dict.fromkeys(("new", "open", "to do", "not started", "proposed", "planned", "backlog"), TODO),
    **dict.fromkeys(("in progress", "active", "started", "running", "doing", "ongoing"), DOING),
    "resolved": RESOLVED,
    **dict.fromkeys(("closed", "done", "completed", "complete", "finished"), DONE),
    **dict.fromkeys(("removed", "rejected", "cancelled", "canceled"), REMOVED),
}


def defaults(facts: Mapping[SideName, Facts]) -> tuple[tuple[Rule, ...], tuple[LeftOut, ...]]:
    """The rules that fit both sides, in order, and what was left out of them."""
    rules: list[Rule] = []
    left_out: list[LeftOut] = []
    for name, keys in PPM_FIELDS[facts[PPM].kind].items():
        fields = {
            BOARDS: list(_there(facts[BOARDS], BOARDS_FIELDS[name])),
            PPM: list(_there(facts[PPM], keys)),
        }
        fitting = next((each for each in product(*fields.values()) if not _why_not(*each)), None)
        if fitting is None:
            left_out.append((name, _missing(name, keys, fields)))
            continue
        values, unmapped = _states(*fitting) if name == "state" else ({}, [])
        left_out += ((name, why) for why in unmapped)
        if values or name != "state":
            rules.append(_rule(name, *fitting, values))
    return tuple(rules), tuple(left_out)


def _rule(name: str, boards: FieldInfo, ppm: FieldInfo, values: Mapping[str, Any]) -> Rule:
    policy = {"policy": str(POLICIES[name])} if name in POLICIES else {}
    return {"name": name, "boards": boards.key, "ppm": ppm.key, **policy, **({"values": values} if values else {})}


def _there(facts: Facts, names: tuple[str, ...]) -> Iterator[FieldInfo]:
    labels = {info.label.casefold(): info for info in facts.fields.values()}
    found = (facts.field(name) or labels.get(name.casefold()) for name in names)
    return (info for info in found if info is not None)


def _missing(name: str, keys: tuple[str, ...], fields: Mapping[SideName, list[FieldInfo]]) -> str:
    for side, wanted in ((BOARDS, BOARDS_FIELDS[name]), (PPM, keys)):
        if not fields[side]:
            return f"{side} has no field {' or '.join(wanted)}"
    return _why_not(fields[BOARDS][0], fields[PPM][0])


def _why_not(boards: FieldInfo, ppm: FieldInfo) -> str:
    """Why two fields are not mapped by default; empty if they are."""
    if not convertible(boards.type, ppm.type):
        return f"{boards.key} is {boards.type} and {ppm.key} {ppm.type}, which cannot be converted into one another"
    for side, info in ((BOARDS, boards), (PPM, ppm)):
        if info.read_only:
            return f"{info.key} cannot be written on {side}"
        if info.type is FieldType.TAGS and info.choices:
            return f"{info.key} takes no other tags on {side} than {', '.join(info.choices)}"
    return ""


# ---------------------------------------------------------------- states


def _states(boards: FieldInfo, ppm: FieldInfo) -> tuple[Mapping[str, Any], list[str]]:
    """The value map of two state fields, and the states that are not in it with the reasons."""
    said = {BOARDS: _meanings(boards), PPM: _meanings(ppm)}
    if not all(RESOLVED in meanings for meanings in said.values()):  # one side does not tell it from work going on
        for meanings in said.values():
            if RESOLVED in meanings:
                meanings.setdefault(DOING, []).extend(meanings.pop(RESOLVED))
    values = {
        meaning: {str(side): said[side][meaning] for side in SIDES}
        for meaning in CATEGORIES.values()
        if all(meaning in meanings for meanings in said.values())
    }
    unmapped = [
        f"'{state}' of {side} is not mapped: {other(side)} has no state that means '{meaning}'"
        for side in SIDES
        for meaning, states in said[side].items()
        for state in states
        if meaning not in values
    ]
    for side, info in ((BOARDS, boards), (PPM, ppm)):
        known = [state for states in said[side].values() for state in states]
        unmapped += (
            f"'{s}' of {side} is not mapped: what it means is not known" for s in info.choices if s not in known
        )
        if not info.choices:
            unmapped.append(f"{info.key} does not say on {side} what states there are")
    return values, unmapped


def _meanings(info: FieldInfo) -> dict[str, list[str]]:
    """States by what they mean, the one to be written first."""
    found: dict[str, list[str]] = {}
    for state in info.categories or info.choices:
        meaning = CATEGORIES[info.categories[state]] if info.categories else STATES.get(state.casefold())
        if meaning is not None:
            found.setdefault(meaning, []).append(state)
    return found
