"""What people typed on both sides of a pair, so that a value that lost and was logged is told from one that vanished.

Texts are unique, and the ledger knows which text each of them replaced. The same judgements as those of
`tests/simulation/sync_world.py`, by what can be seen from outside.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.stories.people import Edited

type Item = tuple[str, str]
"""A side and an id."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A text that a person typed into an item, in place of another."""

    item: Item
    rule: str
    replaced: str


@dataclass
class Ledger:
    """`typed` by the text; `kept` what a side made of the latest value that a person left in a field."""

    typed: dict[str, list[Typed]] = field(default_factory=dict)
    kept: dict[Item, dict[str, Any]] = field(default_factory=dict)

    def enter(self, item: Item, rule: str, value: Any, edited: Edited) -> None:
        if isinstance(value, str):
            self.typed.setdefault(token(value), []).append(Typed(item, rule, token(edited.replaced)))
        self.kept.setdefault(item, {})[rule] = edited.kept

    def lost(self, items: Collection[Item], rule: str, final: str, known: Collection[str]) -> Iterator[str]:
        """I4, for a field of two linked items that says `final`; `known` is what can be found again elsewhere."""
        own = {text for text, all in self.typed.items() for each in all if each.rule == rule and each.item in items}
        replaced = {each.replaced for text in own for each in self.typed[text]}
        latest = own - replaced
        if final and final not in self.typed:
            yield f"'{final}' is nobody's"
        after = {text for text in latest if final in self._ancestors(text)}
        if len(self.typed.get(final, ())) == 1 and not after <= set(known):
            yield f"'{final}' came back after {after}"
        if vanished := latest - {final} - set(known):
            yield f"{vanished} vanished"

    def rewritten(self, items: Collection[Item], rule: str, now: dict[Item, Any]) -> Iterator[str]:
        """I8: what only one side's people edited is as it was left."""
        editors = [item for item in items if rule in self.kept.get(item, {})]
        if len(editors) == 1 and now[editors[0]] != self.kept[editors[0]][rule]:
            yield f"was left as {self.kept[editors[0]][rule]!r} and is {now[editors[0]]!r}"

    def _ancestors(self, text: str) -> set[str]:
        """What people replaced on the way to a text."""
        found: set[str] = set()
        queue = [text]
        for later in queue:
            earlier = {typed.replaced for typed in self.typed.get(later, ())} - found
            found |= earlier
            queue += earlier
        return found


def token(value: Any) -> str:
    """A text as its typist meant it, whatever a side has made of it."""
    return re.sub(r"<[^>]*>", " ", str(value or "")).strip().casefold()
