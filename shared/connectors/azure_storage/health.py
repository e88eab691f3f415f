"""The shared word on each connection: one row of the table `configuration`.

Every message asks before it calls anybody, so it is remembered for a second where nothing is wrong or a pause has its
end. A worker that has not heard of a stop or a pause yet sends what was on its way anyway, is told the same by the
service, and says it too. A stop is read afresh by everybody, and nobody waits for a connection that works again.
"""

from azure.data.tables import TableServiceClient

from shared.connectors.azure_storage.keys import key
from shared.connectors.azure_storage.recent import Recent
from shared.connectors.azure_storage.tables import Table
from shared.connectors.azure_storage.values import pack, restore, unpack
from shared.model import Health

TABLE = "configuration"
PARTITION = "health"


class TableHealthBoard:
    """`HealthBoard` in Table Storage. What another worker writes may be seen a second late."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, TABLE)
        self._recent = Recent[Health](lambda health: not health.stopped)

    def read(self, connection: str) -> Health:
        return self._recent.word(connection, lambda: self._read(connection))

    def write(self, connection: str, health: Health) -> None:
        row = {"PartitionKey": PARTITION, "RowKey": key(connection), "connection": connection}
        self._table.write(row | pack(health))
        self._recent.forget(connection)

    def _read(self, connection: str) -> Health:
        row = self._table.row(PARTITION, key(connection))
        return Health() if row is None else restore(Health, unpack(row))
