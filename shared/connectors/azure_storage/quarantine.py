"""Bodies in which no ticket was found: the table `quarantine`, newest first by its row keys."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from azure.data.tables import TableServiceClient

from shared.connectors.azure_storage.keys import SEPARATOR, key
from shared.connectors.azure_storage.tables import Table
from shared.connectors.azure_storage.values import pack, restore, unpack
from shared.model import Quarantined

TABLE = "quarantine"
PARTITION = "quarantine"

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_MAX_PAGE = 1000


class TableQuarantine:
    """`Quarantine` in Table Storage."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, TABLE)

    def keep(self, item: Quarantined) -> None:
        """`Refused` (413) if the body is too large for one row."""
        row = {
            "PartitionKey": PARTITION,
            "RowKey": _newest_first(item.received_at) + SEPARATOR + key(item.id),
            "connection": item.connection,
            "reason": item.reason,
        }
        self._table.write(row | pack(item))

    def list(self, limit: int) -> Iterator[Quarantined]:
        rows = self._table.query(
            "PartitionKey eq @partition", partition=PARTITION, page_size=max(1, min(limit, _MAX_PAGE))
        )
        return (restore(Quarantined, unpack(row)) for row in islice(rows, limit))


def _newest_first(at: datetime) -> str:
    """Microseconds to the end of time, in as many digits for every moment: rows come in the order of their keys."""
    return f"{(_END_OF_TIME - at) // timedelta(microseconds=1):018}"
