"""The shared word on each connection: one row of the table `configuration`, read afresh every time.

A point read is cheap beside the calls it guards, and a stop that is seen late is a stop that failed.
"""

from azure.data.tables import TableServiceClient

from shared.connectors.azure_storage.keys import key
from shared.connectors.azure_storage.tables import Table
from shared.connectors.azure_storage.values import pack, restore, unpack
from shared.model import Health

TABLE = "configuration"
PARTITION = "health"


class TableHealthBoard:
    """`HealthBoard` in Table Storage."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, TABLE)

    def read(self, connection: str) -> Health:
        row = self._table.row(PARTITION, key(connection))
        return Health() if row is None else restore(Health, unpack(row))

    def write(self, connection: str, health: Health) -> None:
        row = {"PartitionKey": PARTITION, "RowKey": key(connection), "connection": connection}
        self._table.write(row | pack(health))
