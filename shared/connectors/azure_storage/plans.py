"""Plans that were shown to somebody, in the table `plans`, one partition per pair.

plan|{id}       the plan as it was shown; never written again
result|{id}     what came of applying it
"""

from collections.abc import Mapping
from typing import Any

from azure.data.tables import TableServiceClient

from shared.connectors.azure_storage.keys import SEPARATOR, key
from shared.connectors.azure_storage.tables import Table
from shared.connectors.azure_storage.values import pack, unpack

TABLE = "plans"
PLAN, RESULT = "plan", "result"


class TablePlans:
    """Calls that save may raise `Refused` (413): too large for one row."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, TABLE)

    def keep(self, pair: str, id: str, document: Mapping[str, Any]) -> None:
        self._write(pair, PLAN, id, document)

    def note(self, pair: str, id: str, result: Mapping[str, Any]) -> None:
        self._write(pair, RESULT, id, result)

    def read(self, pair: str, id: str) -> tuple[Mapping[str, Any], Mapping[str, Any] | None] | None:
        plan, result = (self._table.row(key(pair), _row_key(kind, id)) for kind in (PLAN, RESULT))
        return None if plan is None else (unpack(plan), None if result is None else unpack(result))

    def _write(self, pair: str, kind: str, id: str, document: Mapping[str, Any]) -> None:
        self._table.write({"PartitionKey": key(pair), "RowKey": _row_key(kind, id)} | pack(document))


def _row_key(kind: str, id: str) -> str:
    return f"{kind}{SEPARATOR}{key(id)}"
