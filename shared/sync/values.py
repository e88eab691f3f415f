"""One field value in the words of two sides: whether both say the same, and how one's word is said in the other's.

Three questions, kept apart. `kept`: what a baseline remembers, to see whether *one* side changed (only ever compared
with the same side's). `canonical`: the common tongue, to see whether *two* sides agree. `translated`: what to write.
A value that cannot be converted raises `Park` with the value and what to do.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from shared.errors import Park
from shared.model import FieldType, SideName
from shared.sync.rules import End, FieldRule, other
from shared.sync.texts import marked_up, readable

LONGEST_KEPT = 200  # characters of a text that a baseline keeps as it is (S3)
HOURS = {"hours": 1.0, "minutes": 1 / 60, "days": 8.0}
SEPARATORS = {"semicolon": "; ", "comma": ", "}
WORDS = (FieldType.STATE, FieldType.PICKLIST)
AMOUNTS = (FieldType.NUMBER, FieldType.DURATION, FieldType.PERCENT)


def empty(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def kept(end: End, value: Any) -> Any:
    """A side's value as its baseline has it: nothing is None, texts by what they say and long ones as a hash (S3)."""
    if empty(value):
        return None
    if end.type is FieldType.RICH_TEXT:
        value = readable(str(value), end.written_as) or None
    elif end.type is FieldType.IDENTITY and isinstance(value, Mapping):
        value = _person(value)
    if isinstance(value, str):
        value = value.replace("\r\n", "\n")
        if len(value) > LONGEST_KEPT and end.type is not FieldType.TAGS:
            return "sha256:" + hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return value


def canonical(rule: FieldRule, side: SideName, value: Any) -> Any:
    """The value in the common tongue; None if there is none."""
    if kept(rule.end(side), value) is None:
        return None
    return READS[_tongue(rule)](rule, rule.end(side), value)


def same(rule: FieldRule, shown: Mapping[SideName, Any]) -> bool:
    """Whether two sides' values say the same."""
    one, another = (canonical(rule, side, value) for side, value in shown.items())
    return _equal(rule, one, another)


def _equal(rule: FieldRule, one: Any, another: Any) -> bool:
    if isinstance(one, float) and isinstance(another, float):
        return abs(one - another) <= max(rule.tolerance, 1 / 120 if FieldType.DURATION in _types(rule) else 0)
    return bool(one == another)


def translated(rule: FieldRule, value: Any, to: SideName) -> Any:
    """The other side's value in the words of side `to`; None clears."""
    if kept(rule.end(other(to)), value) is None:
        return [] if rule.end(to).type is FieldType.TAGS and rule.end(to).written_as == "list" else None
    source, target = rule.end(other(to)), rule.end(to)
    return WRITES[_tongue(rule)](rule, source, target, value)


def resembles(rule: FieldRule, side: SideName, sent: Any, shown: Any) -> bool:
    """W5 without history: whether a side may have made `shown` of `sent`. Servers trim, round and change case."""
    if kept(rule.end(side), sent) == kept(rule.end(side), shown):
        return True
    try:
        one, another = canonical(rule, side, sent), canonical(rule, side, shown)
    except Park:
        return False
    if isinstance(one, str) and isinstance(another, str):
        return one.casefold() == another.casefold()
    return _equal(rule, one, another)


def as_tags(end: End, value: Any) -> dict[str, str]:
    """Tags by their folded names, as written."""
    if empty(value):
        return {}
    parts = value if isinstance(value, list | tuple | set | frozenset) else str(value).split(_separator(end).strip())
    return {tag.strip().casefold(): tag.strip() for tag in map(str, parts) if tag.strip()}


def from_tags(end: End, tags: Mapping[str, str]) -> Any:
    """Tags in the words of a side, in one order."""
    names = [tags[key] for key in sorted(tags)]
    return names if end.written_as == "list" else _separator(end).join(names)


# ---------------------------------------------------------------- tongues


def _types(rule: FieldRule) -> set[FieldType]:
    return {rule.boards.type, rule.ppm.type}


def _tongue(rule: FieldRule) -> str:
    types = _types(rule)
    if types <= {*AMOUNTS}:
        return "amount"
    for type in (FieldType.DATE, FieldType.TAGS, FieldType.IDENTITY):
        if type in types:
            return str(type)
    return "word" if types & {*WORDS} else "text"


def _text(rule: FieldRule, end: End, value: Any) -> str:
    return readable(str(value), end.written_as if end.type is FieldType.RICH_TEXT else "text")


def _to_text(rule: FieldRule, source: End, target: End, value: Any) -> str:
    if source.type is target.type and source.written_as == target.written_as:
        return str(value)
    words = _text(rule, source, value)
    if target.type is FieldType.RICH_TEXT:
        return marked_up(words, target.written_as)
    return " ".join(words.split()) if source.type is FieldType.RICH_TEXT else words


def _word(rule: FieldRule, end: End, value: Any) -> str:
    word = " ".join(str(value).split())
    if not end.words.reads:
        return word.casefold()
    for name, canonical in end.words.reads.items():
        if name.casefold() == word.casefold():
            return canonical
    raise Park(f"'{value}' in {end.key} is not in the value map of '{rule.name}': map it to what it means")


def _to_word(rule: FieldRule, source: End, target: End, value: Any) -> str:
    meaning = _word(rule, source, value)
    if not target.words.writes:
        return " ".join(str(value).split())
    if meaning not in target.words.writes:
        raise Park(f"'{value}' means '{meaning}', for which {target.key} has no word in '{rule.name}': map it")
    return target.words.writes[meaning]


def _amount(rule: FieldRule, end: End, value: Any) -> float:
    """Hours, percent of a hundred or a plain number; snapped to the steps of the coarser side."""
    try:
        number = float(str(value).strip().rstrip("%").strip())
    except ValueError:
        raise Park(f"'{value}' in {end.key} is not a number, and '{rule.name}' maps numbers") from None
    if end.type is FieldType.DURATION:
        number *= HOURS[end.written_as]
    elif end.type is FieldType.PERCENT and end.written_as == "1":
        number *= 100
    steps = rule.boards.steps or rule.ppm.steps
    return round(min(steps, key=lambda step: (abs(step - number), step)) if steps else number, 4)


def _to_amount(rule: FieldRule, source: End, target: End, value: Any) -> float | int:
    number = _amount(rule, source, value)
    if target.type is FieldType.DURATION:
        number /= HOURS[target.written_as]
    elif target.type is FieldType.PERCENT and target.written_as == "1":
        number /= 100
    number = round(number, 4)
    return int(number) if number.is_integer() else number


def _date(rule: FieldRule, end: End, value: Any) -> date:
    text = str(value).strip().replace("Z", "+00:00")
    try:
        if len(text) == len("2026-03-02"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Park(f"'{value}' in {end.key} is not a date, and '{rule.name}' maps dates") from None
    return (moment if moment.tzinfo is None else moment.astimezone(ZoneInfo(rule.zone))).date()


def _to_date(rule: FieldRule, source: End, target: End, value: Any) -> str:
    day = _date(rule, source, value)
    if target.written_as == "date":
        return day.isoformat()
    midnight = datetime.combine(day, time(), ZoneInfo(rule.zone)).astimezone(UTC)
    return midnight.isoformat(timespec="seconds").replace("+00:00", "Z")


def _person(value: Any) -> str:
    """What identifies a person: unique name or mail address, or the bare text where there is none."""
    if isinstance(value, Mapping):
        value = (
            value.get("uniqueName") or value.get("mail") or value.get("descriptor") or value.get("displayName") or ""
        )
    text = str(value).strip()
    head, angle, tail = text.rstrip(">").rpartition("<")
    return (tail if angle and head else text).strip()


def _identity(rule: FieldRule, end: End, value: Any) -> str:
    """Who it is: by the value map where it knows the address on either side, else the address itself."""
    address, known = _person(value).casefold(), {**rule.boards.words.reads, **rule.ppm.words.reads}
    return {name.casefold(): person for name, person in known.items()}.get(address, address)


def _to_identity(rule: FieldRule, source: End, target: End, value: Any) -> str:
    person = _identity(rule, source, value)
    return target.words.writes.get(person, person)


def _tags(rule: FieldRule, end: End, value: Any) -> frozenset[str]:
    return frozenset(as_tags(end, value))


def _to_tags(rule: FieldRule, source: End, target: End, value: Any) -> Any:
    return from_tags(target, as_tags(source, value))


def _separator(end: End) -> str:
    return SEPARATORS.get(end.written_as, "; ")


READS: Mapping[str, Callable[[FieldRule, End, Any], Any]] = {
    "text": _text,
    "word": _word,
    "amount": _amount,
    "date": _date,
    "identity": _identity,
    "tags": _tags,
}
WRITES: Mapping[str, Callable[[FieldRule, End, End, Any], Any]] = {
    "text": _to_text,
    "word": _to_word,
    "amount": _to_amount,
    "date": _to_date,
    "identity": _to_identity,
    "tags": _to_tags,
}
