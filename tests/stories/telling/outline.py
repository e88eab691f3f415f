"""Items as an indented list, as a story writes them and as a side shows them.

    Shop {type: Epic}
      Basket {state: Active}
      Checkout (alone)

Each line is an item below the one that it is indented under. In braces stands what else the story says of it; `alone`
is an item that no living link owns.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import yaml

INDENT = 2
DATE = "tag:yaml.org,2002:timestamp"
ALONE = " (alone)"
LINE = re.compile(r"(?P<indent> *)(?P<name>[^{}()]+?)(?P<alone> \(alone\))?(?: (?P<says>\{.*\}))?")


class Plain(yaml.SafeLoader):
    """YAML in which a date is what is written there."""

    yaml_implicit_resolvers: ClassVar = {
        start: [(tag, pattern) for tag, pattern in resolvers if tag != DATE]
        for start, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@dataclass(frozen=True, slots=True)
class Entry:
    """One item: its title, what is said of it by the story's own names, its place below others."""

    title: str
    says: Mapping[str, Any] = field(default_factory=dict)
    below: tuple["Entry", ...] = ()
    alone: bool = False

    def lines(self, depth: int = 0) -> Iterator[str]:
        says = ", ".join(f"{name}: {plainly(value)}" for name, value in sorted(self.says.items()))
        yield " " * INDENT * depth + self.title + (ALONE if self.alone else "") + (f" {{{says}}}" if says else "")
        for entry in in_order(self.below):
            yield from entry.lines(depth + 1)


def read(text: str) -> tuple[Entry, ...]:
    """`ValueError` says which line is not one, and why."""
    rows = [row for row in text.splitlines() if row.strip()]
    return _below(rows, 0)


def written(entries: Iterable[Entry]) -> list[str]:
    """The list line by line, those of one place by title: what is compared."""
    return [line for entry in in_order(entries) for line in entry.lines()]


def everything(entries: Iterable[Entry]) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        yield from everything(entry.below)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.title)


def plainly(value: Any) -> str:
    """A value as a story has it."""
    match value:
        case None | "" | []:
            return "nothing"
        case list() | tuple():
            return "[" + ", ".join(map(plainly, value)) + "]"
        case float() if value.is_integer():
            return str(int(value))
    return str(value)


def _below(rows: Sequence[str], depth: int) -> tuple[Entry, ...]:
    if not rows:
        return ()
    entries: list[Entry] = []
    starts = [number for number, row in enumerate(rows) if _depth(row) == depth]
    if starts[:1] != [0]:
        raise ValueError(f"'{rows[0].strip()}' is indented by something else than {INDENT} blanks below its parent")
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        found = LINE.fullmatch(rows[start].rstrip())
        if found is None:
            raise ValueError(f"'{rows[start].strip()}' is no item: write a title, and what it says in braces")
        says = yaml.load(found["says"], Plain) if found["says"] else {}
        entries.append(Entry(found["name"], says, _below(rows[start + 1 : end], depth + 1), bool(found["alone"])))
    return tuple(entries)


def _depth(row: str) -> float:
    return (len(row) - len(row.lstrip())) / INDENT
