"""Which linked items a change of field rules will touch: their plans under the new rules, made and thrown away.

Both sides are read in batches and nothing is written. What is counted is bounded, by number and by time, for somebody
waits for the answer: of more links an even sample is taken, and how many were counted is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import batched
from math import ceil

from shared.links import SyncLink, SyncState
from shared.model import Item, SideName
from shared.ports import Clock, Side
from shared.sync import plan
from shared.sync.merge import Decision, Verdict
from shared.sync.pairs import field_rows
from shared.sync.pairs.defaults import BOARDS_FIELDS
from shared.sync.pairs.desk import ITEMS_PER_READ, read
from shared.sync.pairs.field_rows import Json
from shared.sync.plan import Request, Scope, Surroundings
from shared.sync.rules import SIDES, FieldRule, PairRules
from shared.sync.values import empty

MOST_COUNTED = 5_000  # links
LONGEST_COUNT = timedelta(seconds=60)  # an HTTP request of the platform ends after 230
MOST_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Reach:
    """`touched` are links of which something would be written, or a person asked, `held` those with a value that cannot
    be converted; both of `counted` links, of all `links`. `agreed` say the same already, which is to be remembered, or
    the next change would pass for two. `ended` lost a rule under which a person was being asked.
    """

    links: tuple[SyncLink, ...]
    counted: int
    touched: tuple[SyncLink, ...]
    held: tuple[SyncLink, ...]
    agreed: tuple[SyncLink, ...]
    ended: tuple[SyncLink, ...]
    examples: tuple[Json, ...]

    @property
    def to_look_at(self) -> tuple[SyncLink, ...]:
        """Those that the change is for, and whatever is parked: it may be for what the old rules said."""
        if self.counted < len(self.links):
            return self.links
        parked = (link for link in self.links if link.parked)
        concerned = (*self.touched, *self.held, *self.agreed, *self.ended, *parked)
        return tuple({link.id: link for link in concerned}.values())

    @property
    def shown(self) -> Json:
        return {
            "touches": len(self.touched),
            "held": len(self.held),
            "of": len(self.links),
            "counted": self.counted,
            "examples": list(self.examples),
        }


def reach(
    before: PairRules, after: PairRules, links: Sequence[SyncLink], sides: Mapping[SideName, Side], clock: Clock
) -> Reach:
    living = tuple(link for link in links if link.state is SyncState.SYNCED)
    old, new = _by_key(before), _by_key(after)
    ended = tuple(link for link in living if any(key in old and key not in new for key in link.open))
    changed = frozenset(key for key, rule in new.items() if old.get(key) != rule)
    counting = _Counting(after, changed, sides)
    until = clock() + LONGEST_COUNT
    step = ceil(len(living) / MOST_COUNTED) or 1
    for batch in batched(living[::step] if changed else (), ITEMS_PER_READ, strict=False):
        if clock() > until:
            break
        counting.count(batch)
    return Reach(
        links=living,
        counted=counting.counted if changed else len(living),
        touched=tuple(counting.touched),
        held=tuple(counting.held),
        agreed=tuple(counting.agreed),
        ended=ended,
        examples=tuple(counting.examples),
    )


def _by_key(rules: PairRules) -> Mapping[str, FieldRule]:
    """Active rules without their names, which touch nothing."""
    return {rule.key: replace(rule, name="") for rule in rules.active}


def _says_something(decision: Decision) -> bool:
    return not all(empty(value) for value in decision.shown.values())


class _Counting:
    def __init__(self, rules: PairRules, changed: frozenset[str], sides: Mapping[SideName, Side]) -> None:
        self._title = next((rule for rule in rules.active if rule.boards.key in BOARDS_FIELDS["title"]), None)
        wanted = tuple(rule for rule in rules.active if rule.key in changed or rule is self._title)
        self._rules = replace(rules, fields=wanted)  # what is not asked about is not read
        self._request = Request(Scope.FIELDS, only=changed)
        self._sides = sides
        self.counted = 0
        self.touched: list[SyncLink] = []
        self.held: list[SyncLink] = []
        self.agreed: list[SyncLink] = []
        self.examples: list[Json] = []

    def count(self, links: Sequence[SyncLink]) -> None:
        there = {
            side: read(self._sides[side], self._rules.keys(side), [link.ids[side] for link in links]) for side in SIDES
        }
        for link in links:
            items = {side: there[side][link.ids[side]] for side in SIDES if link.ids[side] in there[side]}
            if len(items) == len(SIDES) and not any(item.in_bin for item in items.values()):
                self._judge(link, items)
        self.counted += len(links)

    def _judge(self, link: SyncLink, items: Mapping[SideName, Item]) -> None:
        made = plan.make(self._rules, link, items, Surroundings({}), self._request)
        acting = [each for each in made.fields if each.sent or each.asks]
        held = [each for each in made.fields if each.verdict is Verdict.HELD]
        agreed = [each for each in made.fields if each.verdict is Verdict.AGREE and _says_something(each)]
        self.touched += [link] if acting else []
        self.held += [link] if held else []
        self.agreed += [link] if agreed else []
        self._illustrate(link, items, [*acting, *held])

    def _illustrate(self, link: SyncLink, items: Mapping[SideName, Item], decisions: Sequence[Decision]) -> None:
        room = MOST_EXAMPLES - len(self.examples)
        self.examples += [field_rows.example(link, items, self._title, each) for each in decisions[:room]]
