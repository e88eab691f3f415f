"""Whether what was seen is what a story tells, and the same story told wrong in one word, which must be noticed."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import ndiff

from tests.stories.telling import outline
from tests.stories.telling.outline import Entry
from tests.stories.telling.words import SAID, SEEN, End

OTHER = "something else"


def differences(told: End, seen: End) -> list[str]:
    """Line by line; `-` is what was told and not seen, `+` the reverse."""
    found: list[str] = []
    for place in SEEN:
        found += _apart(place, outline.written(getattr(told, place)), outline.written(getattr(seen, place)))
    for what in SAID:
        found += _apart(what, sorted(getattr(told, what)), sorted(getattr(seen, what)))
    return [*found, *_apart("told", *_said(told.told, seen.told)), *_apart("held", *_held(told.held, seen.held))]


def wrong(told: End) -> Iterator[End]:
    """The end with one expectation taken away, added or changed, for every one there is."""
    for place in SEEN:
        entries = getattr(told, place)
        yield from (replace(told, **{place: others}) for others in _others(entries))
        yield replace(told, **{place: (*entries, Entry(OTHER))})
    for what in SAID:
        rows = getattr(told, what)
        yield from (replace(told, **{what: rows[:n] + rows[n + 1 :]}) for n in range(len(rows)))
        yield replace(told, **{what: (*rows, OTHER)})
    yield from (replace(told, told={k: v for k, v in told.told.items() if k != name}) for name in told.told)
    yield from (replace(told, told={**told.told, name: OTHER}) for name in (*told.told, OTHER))
    yield replace(told, held=OTHER)


def _apart(what: str, told: list[str], seen: list[str]) -> list[str]:
    if told == seen:
        return []
    return [f"{what}: {line}" for line in ndiff(told, seen) if not line.startswith("?")]


def _said(told: Mapping[str, str], seen: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What contains the words that were told passes for them."""
    passing = {name: told[name] if told.get(name, OTHER) in said else said for name, said in seen.items()}
    return [f"{name}: {said}" for name, said in sorted(told.items())], [f"{k}: {v}" for k, v in sorted(passing.items())]


def _held(told: str, seen: str) -> tuple[list[str], list[str]]:
    return [told], [told if told and told in seen else seen]


def _others(entries: tuple[Entry, ...]) -> Iterator[tuple[Entry, ...]]:
    """The same list with one item away, or one word of an item changed."""
    for n, entry in enumerate(entries):
        before, after = entries[:n], entries[n + 1 :]
        changed = [
            replace(entry, title=OTHER),
            replace(entry, alone=not entry.alone),
            *(replace(entry, says={**entry.says, name: OTHER}) for name in entry.says),
            *(replace(entry, below=below) for below in _others(entry.below)),
        ]
        yield (*before, *after)
        yield from ((*before, other, *after) for other in changed)
