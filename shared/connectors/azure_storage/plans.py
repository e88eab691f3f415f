"""Plans that were shown to somebody, in the table `plans`, one partition per pair.

head|{id}          the plan without its items; written last, so a plan that is there is whole
start|{id}         that somebody wants it applied
item|{id}|{link}   one item as it was shown, and `outcome`, what became of it
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import batched
from typing import Any

from azure.data.tables import TableServiceClient

from shared.connectors.azure_storage.keys import AFTER_SEPARATOR, SEPARATOR, key
from shared.connectors.azure_storage.tables import Table, upsert
from shared.connectors.azure_storage.values import pack, unpack

TABLE = "plans"
HEAD, START, ITEM = "head", "start", "item"
ITEMS_PER_SAVE = 20  # of up to 200 KB: one transaction takes 4 MB
SCAN_SECONDS = 10  # to look through a partition the service takes up to five seconds a page

type Json = Mapping[str, Any]


class TablePlans:
    """`Plans` in Table Storage. Calls that save may raise `Refused` (413): too large for one row."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, TABLE)

    def keep(self, pair: str, id: str, head: Json, items: Sequence[Json]) -> None:
        for some in batched((_item_row(pair, id, item, "") for item in items), ITEMS_PER_SAVE, strict=False):
            self._table.transact([upsert(row) for row in some])
        self._table.write(_row(pair, HEAD, id) | pack(head))

    def start(self, pair: str, id: str, note: Json) -> None:
        self._table.write(_row(pair, START, id) | pack(note))

    def head(self, pair: str, id: str) -> tuple[dict[str, Any], dict[str, Any] | None] | None:
        head, start = (self._table.row(key(pair), _row_key(kind, id)) for kind in (HEAD, START))
        return None if head is None else (unpack(head), None if start is None else unpack(start))

    def items(self, pair: str, id: str, after: str = "") -> Iterator[tuple[str, dict[str, Any], str]]:
        first = _row_key(ITEM, id) + SEPARATOR
        rows = self._table.query(
            "PartitionKey eq @partition and RowKey gt @after and RowKey lt @end",
            partition=key(pair),
            after=after or first,
            end=_row_key(ITEM, id) + AFTER_SEPARATOR,
            page_seconds=SCAN_SECONDS,
        )
        return ((row["RowKey"], unpack(row), row["outcome"]) for row in rows)

    def item(self, pair: str, id: str, link: str) -> tuple[dict[str, Any], str] | None:
        row = self._table.row(key(pair), _row_key(ITEM, id, link))
        return None if row is None else (unpack(row), row["outcome"])

    def note(self, pair: str, id: str, link: str, outcome: str) -> None:
        if (found := self.item(pair, id, link)) is not None and not found[1]:
            self._table.write(_item_row(pair, id, found[0], outcome))


def _item_row(pair: str, id: str, item: Json, outcome: str) -> dict[str, Any]:
    return _row(pair, ITEM, id, item["link"]) | {"outcome": outcome} | pack(item)


def _row(pair: str, *parts: str) -> dict[str, Any]:
    return {"PartitionKey": key(pair), "RowKey": _row_key(*parts)}


def _row_key(kind: str, *ids: str) -> str:
    return SEPARATOR.join([kind, *map(key, ids)])
