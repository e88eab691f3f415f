"""How far each periodic look has come: one row each of the table `configuration`."""

from azure.data.tables import TableServiceClient

from shared.connectors.azure_storage.keys import key
from shared.connectors.azure_storage.tables import Table

TABLE = "configuration"
PARTITION = "cursor"


class TableCursors:
    """`Cursors` in Table Storage."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, TABLE)

    def read(self, name: str) -> str | None:
        row = self._table.row(PARTITION, key(name))
        return None if row is None else row["cursor"]

    def write(self, name: str, cursor: str) -> None:
        self._table.write({"PartitionKey": PARTITION, "RowKey": key(name), "name": name, "cursor": cursor})
