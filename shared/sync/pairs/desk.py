"""What all that operators ask of pairs stands on: the pairs, their links, both sides, and how items are named."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import batched

from shared.errors import Refused
from shared.model import Item, SideName
from shared.ports import Clock, Side, SideDoor, SyncRecord, SyncStore
from shared.sync.pairs.configured import ConfiguredPairs
from shared.sync.rules import SIDES, PairRules

ITEMS_PER_READ = 200


@dataclass(frozen=True, slots=True)
class Desk:
    """`address` is where the product is reached."""

    store: SyncStore
    pairs: ConfiguredPairs
    doors: Callable[[str], Mapping[SideName, SideDoor]]
    clock: Clock
    new_id: Callable[[], str]
    address: str

    def links_of(self, pair: str, items: Sequence[str]) -> list[SyncRecord]:
        """The living links of items written as `boards:12` or `ppm:7`; each once, in their order."""
        found: dict[str, SyncRecord] = {}
        faults = []
        for index, named in enumerate(items):
            side, _, id = named.partition(":")
            record = self.store.of_item(pair, SideName(side), id) if side in SIDES and id else None
            if side not in SIDES or not id:
                faults.append((f"items[{index}]", f"write boards: or ppm: and an id, not '{named}'"))
            elif record is None or record.link is None or not record.link.state.alive:
                faults.append((f"items[{index}]", f"'{named}' is not linked"))
            else:
                found[record.link_id] = record
        if faults:
            raise Refused(422, "not all items can be told", faults)
        return list(found.values())

    def link_ever(self, pair: str, item: str) -> str:
        """The link that owns an item written as `boards:12`, or did when it died."""
        side, _, id = item.partition(":")
        record = self.store.of_item(pair, SideName(side), id) if side in SIDES and id else None
        if record is None:
            raise Refused(422, "the item cannot be told", [("item", f"'{item}' was never linked: write boards:12")])
        return record.link_id

    @contextmanager
    def sides(self, pair: str) -> Iterator[Mapping[SideName, Side]]:
        doors = self.doors(pair)
        with ExitStack() as stack:
            yield {side: stack.enter_context(doors[side].open()) for side in SIDES}


def both(
    sides: Mapping[SideName, Side], rules: PairRules, ids: Sequence[Mapping[SideName, str]]
) -> Mapping[SideName, Mapping[str, Item]]:
    """The items of several links, or of several candidates for one, by side and id."""
    return {side: read(sides[side], rules.keys(side), [each[side] for each in ids if side in each]) for side in SIDES}


def read(side: Side, fields: Collection[str], ids: Sequence[str]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for batch in batched(ids, ITEMS_PER_READ, strict=False):
        found |= side.read(batch, fields)
    return found
