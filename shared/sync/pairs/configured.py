"""A pair as the configuration writes it, made into the rules that the engine follows.

What the configuration leaves out, the sides tell: of what type a field is, and whether it can be written at all.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from shared.configuration import Configuration, FieldEnd, FieldMapping, Pair, Words
from shared.errors import NotFound, Park, Refused, RetryLater, StopConnection
from shared.faults import Fault
from shared.model import FieldInfo, FieldType, SideName
from shared.ports import Side, SideDoor
from shared.sync.rules import (
    BOARDS,
    PPM,
    SIDES,
    DeletePolicy,
    Direction,
    End,
    FieldRule,
    HierarchyRule,
    MassLimits,
    PairRules,
    Policy,
    ValueMap,
    faults,
    offending,
    other,
)

UNFIT_RETRY_SECONDS = 600  # a person has to act

# How a product writes values of a type, where it is not the first way that the engine knows.
WRITTEN_AS: Mapping[tuple[str, FieldType], str] = {
    ("azure_devops", FieldType.DATE): "timestamp",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a side says of itself: the kind of its connection, its fields, and which percentages it keeps."""

    kind: str = ""
    fields: Mapping[str, FieldInfo] = field(default_factory=dict)
    percent_steps: tuple[int, ...] = ()

    def field(self, key: str) -> FieldInfo | None:
        """By its key, in which case does not matter."""
        if key in self.fields:
            return self.fields[key]
        return next((info for name, info in self.fields.items() if name.casefold() == key.casefold()), None)


NOTHING = Facts()


def rules(pair: Pair, facts: Mapping[SideName, Facts]) -> PairRules:
    return PairRules(
        name=pair.name,
        fields=tuple(_rule(pair, mapping, facts) for mapping in pair.fields),
        hierarchy=HierarchyRule(
            pair.hierarchy.active, Direction(pair.hierarchy.direction), Policy(pair.hierarchy.policy)
        ),
        deletes=DeletePolicy(pair.deletes) if pair.continuous else DeletePolicy.UNLINK,
        adopt=frozenset(pair.adopt) if pair.continuous else frozenset(),
        kinds={PPM: pair.boards.kinds, BOARDS: pair.ppm.kinds},
        homes={BOARDS: pair.boards.home or pair.boards.projects[0]},
        limits=MassLimits(**pair.limits.model_dump()),
        continuous=pair.continuous,
    )


def format_of(kind: str, type: FieldType) -> str:
    """How a product writes values of a type, unless told otherwise."""
    return End("", type, WRITTEN_AS.get((kind, type), "")).written_as


def law(mapping: FieldMapping) -> tuple[Fault, ...]:
    """F3, for a field whose sides have not been asked yet; paths are below the field."""
    ends = {side: _end(side, mapping, NOTHING) for side in SIDES}
    return offending(FieldRule(mapping.name, ends[BOARDS], ends[PPM], direction=Direction(mapping.direction)))


def unfit(pair: Pair, facts: Mapping[SideName, Facts]) -> tuple[Fault, ...]:
    """What stands in the way of a pair, each with its path below the pair."""
    return tuple(_misfits(pair, facts)) or faults(rules(pair, facts))


def _misfits(pair: Pair, facts: Mapping[SideName, Facts]) -> Iterator[Fault]:
    """Fields that are not there, or not to be written."""
    for index, mapping in enumerate(pair.fields):
        for side in SIDES if mapping.active else ():
            key, where = _of(mapping, side).field, f"fields[{index}].{side}.field"
            info = facts[side].field(key)
            if info is None:
                yield where, f"there is no field '{key}' on {side}{_resembling(key, facts[side].fields.values())}"
            elif info.read_only and Direction(mapping.direction).target in (None, side):
                yield where, f"'{key}' cannot be written on {side}: choose the direction to_{other(side)}"


def _resembling(key: str, infos: Iterable[FieldInfo]) -> str:
    names = {name.casefold(): info.key for info in infos for name in (info.label, info.key)}
    close = dict.fromkeys(names[name] for name in get_close_matches(key.casefold(), names))
    return f": do you mean {' or '.join(close)}?" if close else ""


def _rule(pair: Pair, mapping: FieldMapping, facts: Mapping[SideName, Facts]) -> FieldRule:
    return FieldRule(
        name=mapping.name,
        boards=_end(BOARDS, mapping, facts[BOARDS], pair.people),
        ppm=_end(PPM, mapping, facts[PPM], pair.people),
        active=mapping.active,
        direction=Direction(mapping.direction),
        policy=Policy(mapping.policy),
        zone=pair.zone,
    )


def _end(side: SideName, mapping: FieldMapping, facts: Facts, people: Mapping[str, Words] = {}) -> End:
    given = _of(mapping, side)
    info = facts.field(given.field)
    type = given.type or (info.type if info else FieldType.TEXT)
    values = mapping.values or (people if type is FieldType.IDENTITY else {})
    words = {meaning: getattr(words, side) for meaning, words in values.items()}
    return End(
        key=info.key if info else given.field,
        type=type,
        format=given.format or WRITTEN_AS.get((facts.kind, type), ""),
        steps=facts.percent_steps if type is FieldType.PERCENT else (),
        words=ValueMap(
            reads={word: meaning for meaning, said in words.items() for word in said},
            writes={meaning: said[0] for meaning, said in words.items() if said},
        ),
    )


def _of(mapping: FieldMapping, side: SideName) -> FieldEnd:
    return mapping.boards if side is BOARDS else mapping.ppm


# ---------------------------------------------------------------- asking the sides


class ConfiguredPairs:
    """The pairs in force, and the rules of each, made once for each generation of the configuration."""

    def __init__(
        self,
        configuration: Callable[[], tuple[Configuration, str]],
        doors: Callable[[str], Mapping[SideName, SideDoor]],
    ) -> None:
        self._configuration = configuration
        self._doors = doors
        self._made: dict[str, tuple[str, PairRules]] = {}

    def all(self) -> tuple[Pair, ...]:
        return self._configuration()[0].pairs

    def pair(self, name: str) -> Pair:
        found = self._configuration()[0].pair(name)
        if found is None:
            known = ", ".join(pair.name for pair in self.all()) or "none"
            raise Refused(404, f"there is no pair '{name}': {known}")
        return found

    def rules(self, name: str) -> PairRules:
        """`RetryLater` while a side is not to be had, or has lost a field that the pair needs."""
        generation = self._configuration()[1]
        known = self._made.get(name)
        if known is None or known[0] != generation:
            known = self._made[name] = generation, self._rules(self.pair(name))
        return known[1]

    def facts(self, name: str) -> Mapping[SideName, Facts]:
        """What both sides of a pair say of themselves."""
        kinds, facts = kinds_of(self._configuration()[0], self.pair(name)), {}
        for side, door in self._doors(name).items():
            with door.open() as there:
                facts[side] = look(kinds[side], there)
        return facts

    def _rules(self, pair: Pair) -> PairRules:
        facts = self.facts(pair.name)
        if found := unfit(pair, facts):
            listed = "; ".join(f"{where}: {fix}" for where, fix in found)
            raise RetryLater(f"the pair '{pair.name}' does not fit its sides any more: {listed}", UNFIT_RETRY_SECONDS)
        return rules(pair, facts)


def look(kind: str, side: Side) -> Facts:
    return Facts(kind, side.fields(), side.capabilities().percent_steps)


def kinds_of(configuration: Configuration, pair: Pair) -> Mapping[SideName, str]:
    return {BOARDS: configuration.boards[1].kind, PPM: configuration.ppm[pair.ppm.connection].kind}


def live_faults(
    configuration: Configuration, sides: Callable[[Configuration, Pair], Mapping[SideName, Side]]
) -> list[Fault]:
    """What only the sides can tell of the pairs: what is missing or refuses us, and fields that do not fit."""
    found: list[Fault] = []
    for index, pair in enumerate(configuration.pairs):
        path, facts = f"pairs[{index}]", {}
        connections = {BOARDS: configuration.boards[0], PPM: pair.ppm.connection}
        for side, there in sides(configuration, pair).items():
            try:
                there.check()
                facts[side] = look(kinds_of(configuration, pair)[side], there)
            except NotFound as missing:
                found.append((f"{path}.{'boards.projects' if side is BOARDS else 'ppm.project'}", missing.reason))
            except (StopConnection, Park) as refusal:
                found.append((f"connections.{connections[side]}", refusal.reason))
        if len(facts) == len(SIDES):
            found += [(f"{path}.{where}", fix) for where, fix in unfit(pair, facts)]
    return list(dict.fromkeys(found))
