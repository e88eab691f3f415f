"""What a pair is told to do: field rules with direction, policy and value map, and the policies of everything else.

Data and its law. `faults` lists all that is wrong with a pair's rules at once, so that they are refused as a whole.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from shared.model import FieldType, SideName

BOARDS, PPM = SideName.BOARDS, SideName.PPM
SIDES = (BOARDS, PPM)


def other(side: SideName) -> SideName:
    return PPM if side is BOARDS else BOARDS


def digest(value: Any) -> str:
    """The same short word for the same settings."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:8]


class Direction(StrEnum):
    """Where a field may be written. One way is a mirror: what is changed on the closed side is put back, and logged."""

    BOTH = "both"
    TO_PPM = "to_ppm"
    TO_BOARDS = "to_boards"

    @property
    def target(self) -> SideName | None:
        """The only side that may be written; None if both may."""
        return {Direction.TO_PPM: PPM, Direction.TO_BOARDS: BOARDS}.get(self)


class Policy(StrEnum):
    """Who wins where both sides changed. `newest` trusts two clocks (L3)."""

    BOARDS = "boards"
    PPM = "ppm"
    NEWEST = "newest"
    MERGE = "merge"
    ASK = "ask"


class DeletePolicy(StrEnum):
    """What becomes of the other item when one was deleted and the other untouched."""

    BIN = "bin"
    UNLINK = "unlink"


# Types whose values can be converted into one another: what people read, amounts, words of a list, and the rest alone.
FAMILIES = (
    {FieldType.TEXT, FieldType.RICH_TEXT},
    {FieldType.TEXT, FieldType.STATE, FieldType.PICKLIST},
    {FieldType.TEXT, FieldType.IDENTITY},
    {FieldType.NUMBER, FieldType.DURATION, FieldType.PERCENT},
    {FieldType.DATE},
    {FieldType.TAGS},
)
FORMATS: Mapping[FieldType, tuple[str, ...]] = {
    FieldType.RICH_TEXT: ("html", "text", "textile"),
    FieldType.DATE: ("date", "timestamp"),
    FieldType.DURATION: ("hours", "minutes", "days"),
    FieldType.PERCENT: ("100", "1"),
    FieldType.TAGS: ("list", "semicolon", "comma"),
}


def convertible(one: FieldType, another: FieldType) -> bool:
    return any({one, another} <= family for family in FAMILIES)


@dataclass(frozen=True, slots=True)
class ValueMap:
    """One side's words: `reads` word → canonical, many to one if need be; `writes` canonical → word."""

    reads: Mapping[str, str] = field(default_factory=dict)
    writes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    """A field as one side has it. `format` is how it writes values of the type (`FORMATS`, the first unless told)."""

    key: str
    type: FieldType
    format: str = ""
    steps: tuple[int, ...] = ()
    words: ValueMap = ValueMap()

    @property
    def written_as(self) -> str:
        return self.format or FORMATS.get(self.type, ("",))[0]


@dataclass(frozen=True)
class FieldRule:
    """One mapping of an Azure DevOps field and a PPM field.

    `zone` is the one in which a moment becomes a date, `tolerance` how far two amounts may be apart and still be the
    same. Without slots, because it remembers its terms: each look at a link asks for those of every rule.
    """

    name: str
    boards: End
    ppm: End
    active: bool = True
    direction: Direction = Direction.BOTH
    policy: Policy = Policy.ASK
    zone: str = "UTC"
    tolerance: float = 0.005

    @property
    def key(self) -> str:
        """What baselines are kept under: another pair of fields is another rule, whatever it is called."""
        return f"{self.boards.key} = {self.ppm.key}"

    @cached_property
    def terms(self) -> str:
        """How values are kept under this rule, and what they mean, as two words: what agreements are made on."""
        ends = [self.end(side) for side in SIDES]
        kept = [[end.type, end.written_as] for end in ends]
        meant = [
            [sorted((word.casefold(), meaning) for word, meaning in end.words.reads.items()) for end in ends],
            self.zone if FieldType.DATE in {end.type for end in ends} else "",
        ]
        return f"{digest(kept)} {digest(meant)}"

    def end(self, side: SideName) -> End:
        return self.boards if side is BOARDS else self.ppm


@dataclass(frozen=True, slots=True)
class HierarchyRule:
    """Whether and where parents follow. `merge` and `newest` make no sense of a parent's own and are refused."""

    active: bool = True
    direction: Direction = Direction.BOTH
    policy: Policy = Policy.BOARDS


@dataclass(frozen=True, slots=True)
class MassLimits:
    """X3: how much at once is taken for a mistake until a person says otherwise."""

    deletions: int = 5
    deletions_share: float = 0.1
    changes: int = 20
    changes_share: float = 0.5


@dataclass(frozen=True, slots=True)
class PairRules:
    """All that holds for one pair.

    `adopt` are the sides whose new items are copied to the other without being asked for; `kinds` what an item's kind
    is called there, by the side where it comes from; `homes` the project in which copies are made. A pair that is not
    `continuous` writes what a person asks for, and nothing by itself.
    """

    name: str
    fields: tuple[FieldRule, ...]
    hierarchy: HierarchyRule = HierarchyRule()
    deletes: DeletePolicy = DeletePolicy.UNLINK
    adopt: frozenset[SideName] = frozenset()
    kinds: Mapping[SideName, Mapping[str, str]] = field(default_factory=dict)
    homes: Mapping[SideName, str] = field(default_factory=dict)
    limits: MassLimits = MassLimits()
    continuous: bool = True

    @property
    def active(self) -> tuple[FieldRule, ...]:
        return tuple(rule for rule in self.fields if rule.active)

    def keys(self, side: SideName) -> tuple[str, ...]:
        """The fields to be read on a side."""
        return tuple(dict.fromkeys(rule.end(side).key for rule in self.active))


# ---------------------------------------------------------------- the law


def offending(rule: FieldRule) -> tuple[tuple[str, str], ...]:
    """F3, the map law: per side, what it writes reads back as what was meant, and each side can say all that the other
    can. Returns the values that break it (`values.done`), each with the reason."""
    return tuple((f"values.{canonical}", reason) for canonical, reason in _offending(rule))


def _offending(rule: FieldRule) -> Iterator[tuple[str, str]]:
    for side in SIDES:
        words = rule.end(side).words
        for canonical, word in words.writes.items():
            read = _reading(words, word)
            if read != canonical:
                yield canonical, f"{side} writes '{canonical}' as '{word}', which reads back as '{read or 'nothing'}'"
        target = rule.end(other(side))
        if rule.direction.target in (None, other(side)) and target.words.reads:
            for canonical in dict.fromkeys(words.reads.values()):
                if canonical not in target.words.writes:
                    yield canonical, f"{side} can say '{canonical}', for which {other(side)} has no word"


def _reading(words: ValueMap, word: str) -> str | None:
    return {name.casefold(): canonical for name, canonical in words.reads.items()}.get(word.casefold())


def faults(rules: PairRules) -> tuple[tuple[str, str], ...]:
    """All that is wrong with the rules of a pair, as (where, what to fix)."""
    found: list[tuple[str, str]] = []
    for index, rule in enumerate(rules.fields):
        if rule.active:
            found += ((f"fields[{index}].{where}", fault) for where, fault in _rule_faults(rule))
    for what, values in (("name", [r.name for r in rules.fields]), ("pair of fields", [r.key for r in rules.active])):
        found += (("fields", f"the {what} '{v}' is there {n} times") for v, n in Counter(values).items() if n > 1)
    for side in SIDES:
        written = [r.end(side).key for r in rules.active if r.direction.target in (None, side)]
        found += (
            ("fields", f"{n} rules write the {side} field '{key}': one at most may")
            for key, n in Counter(written).items()
            if n > 1
        )
    if rules.hierarchy.policy in (Policy.MERGE, Policy.NEWEST):
        found.append(("hierarchy.policy", f"'{rules.hierarchy.policy}' is not for parents: boards, ppm or ask"))
    return tuple(found)


def _rule_faults(rule: FieldRule) -> Iterator[tuple[str, str]]:
    if not convertible(rule.boards.type, rule.ppm.type):
        yield "ppm.field", f"{rule.boards.type} and {rule.ppm.type} cannot be converted into one another"
    if rule.policy is Policy.MERGE and {rule.boards.type, rule.ppm.type} != {FieldType.TAGS}:
        yield "policy", "'merge' is for tags"
    if bool(rule.boards.words.reads) != bool(rule.ppm.words.reads):
        yield "values", "a value map needs the words of both sides"
    for side in SIDES:
        end = rule.end(side)
        if end.format and end.format not in FORMATS.get(end.type, ()):
            known = ", ".join(FORMATS.get(end.type, ())) or "none"
            yield f"{side}.format", f"{side} has no format '{end.format}' for {end.type}: {known}"
    yield from offending(rule)


def named(fields: tuple[FieldRule, ...]) -> Mapping[str, FieldRule]:
    """Rules by their keys."""
    return {rule.key: rule for rule in fields}
