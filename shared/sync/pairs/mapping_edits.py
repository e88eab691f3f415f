"""The field rules of a pair edited one by one, in the document that the configuration is written as. Pure.

Every edit takes the rules of a pair and gives other rules; what it takes for granted of the document, the configuration
in force was checked for. Whether the outcome may stand is for the configuration to say: here is refused only what
cannot be carried out.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.errors import Refused
from shared.model import SideName
from shared.sync.pairs.configured import Facts, format_of
from shared.sync.rules import SIDES

type Rule = Mapping[str, Any]
type Rules = tuple[Rule, ...]
type Document = Mapping[str, Any]
type Edit = Callable[[Rules], Rules]

SHOWN_ONLY = ("label",)  # what an end is shown with and cannot be told
ORDER = "order"  # taken in addresses, in which case does not matter


def place_of(document: Document, pair: str) -> int:
    """Where a pair stands in the document."""
    names = [str(each["name"]) for each in document.get("pairs", ())]
    if pair not in names:
        raise Refused(404, f"there is no pair '{pair}' any more: {', '.join(names) or 'none'}")
    return names.index(pair)


def pair_in(document: Document, pair: str) -> Mapping[str, Any]:
    place = place_of(document, pair)
    return document["pairs"][place]


def rules_of(document: Document, pair: str) -> Rules:
    return tuple(pair_in(document, pair)["fields"])


def with_rules(document: Document, pair: str, rules: Rules) -> Document:
    """The document with other rules of a pair, and all else as it is."""
    place, pairs = place_of(document, pair), list(document["pairs"])
    pairs[place] = {**pairs[place], "fields": list(rules)}
    return {**document, "pairs": pairs}


def name_of(rule: Rule) -> str:
    """Of a rule as somebody wrote it: the configuration takes numbers for names, too."""
    return str(rule.get("name", ""))


# ---------------------------------------------------------------- edits


def added(rule: Rule, position: int | None) -> Edit:
    """`position` counts from 0; without one, or beyond the last, the rule comes last."""

    def edit(rules: Rules) -> Rules:
        _free(name_of(rule), rules)
        place = len(rules) if position is None else position
        return (*rules[:place], rule, *rules[place:])

    return edit


def replaced(name: str, rule: Rule) -> Edit:
    """The rule of this name, in its place, by another; one without a name keeps it."""
    rule = {"name": name, **rule}

    def edit(rules: Rules) -> Rules:
        place = _place(name, rules)
        rest = (*rules[:place], *rules[place + 1 :])
        if name_of(rule) != name:
            _free(name_of(rule), rest)
        return (*rules[:place], rule, *rules[place + 1 :])

    return edit


def removed(name: str) -> Edit:
    def edit(rules: Rules) -> Rules:
        place = _place(name, rules)
        return (*rules[:place], *rules[place + 1 :])

    return edit


def ordered(names: Sequence[str]) -> Edit:
    """All rules, in the order of their names."""

    def edit(rules: Rules) -> Rules:
        by_name = {name_of(rule): rule for rule in rules}
        faults = [(f"names[{n}]", _unknown(name, rules)) for n, name in enumerate(names) if name not in by_name]
        faults += [("names", f"'{name}' is there {n} times") for name, n in Counter(names).items() if n > 1]
        faults += [("names", f"'{name}' is missing") for name in by_name if name not in names]
        if faults:
            raise Refused(422, "the order was not taken: name every rule once", faults)
        return tuple(by_name[name] for name in names)

    return edit


def _place(name: str, rules: Rules) -> int:
    for place, rule in enumerate(rules):
        if name_of(rule) == name:
            return place
    raise Refused(404, _unknown(name, rules))


def _unknown(name: str, rules: Rules) -> str:
    return f"there is no field rule '{name}': {', '.join(map(name_of, rules)) or 'none'}"


def _free(name: str, rules: Rules) -> None:
    if name.casefold() == ORDER:
        raise Refused(422, "the rule was not taken", [("name", f"'{ORDER}' stands for the order in addresses")])
    if name in map(name_of, rules):
        raise Refused(409, "the rule was not taken", [("name", f"another rule is called '{name}' already")])


# ---------------------------------------------------------------- how a rule is written, and its faults told


def written(rule: Rule, facts: Mapping[SideName, Facts]) -> Rule:
    """A rule as the document is to have it: without what is only shown, and what the sides tell anyway."""
    return {**rule, **{str(side): _end(rule[side], facts[side]) for side in SIDES if side in rule}}


def _end(end: Any, facts: Facts) -> Any:
    if not isinstance(end, Mapping):
        return end
    info = facts.field(str(end.get("field")))
    told = {name: value for name, value in end.items() if name not in SHOWN_ONLY and value not in (None, "")}
    if info is not None and told.get("type", info.type) == info.type:
        usual = {"type": info.type, "format": format_of(facts.kind, info.type)}
        told = {name: value for name, value in told.items() if value != usual.get(name)}
    return told["field"] if told.keys() == {"field"} else told


def below(fault: tuple[str, str], pair: int, rule: int | None) -> tuple[str, str]:
    """A fault of the configuration as who edits a pair knows it: `values.done` of the rule edited, `fields[2].ppm`."""
    path, fix = fault
    for above in (f"pairs[{pair}].fields[{rule}].", f"pairs[{pair}]."):
        if path.startswith(above):
            return path.removeprefix(above), fix
    return path, fix
