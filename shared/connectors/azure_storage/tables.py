"""One table, with this product's errors and made when first missed. Separate from what the tables mean.

Entities go in and come out as mappings with `PartitionKey` and `RowKey`; the SDK's quirks (it drops None, refuses
integers beyond 32 bits, takes naive times for UTC) are kept out by storing only text, bytes and booleans.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.data.tables import TableEntity, TableServiceClient, UpdateMode

from shared.connectors.azure_storage.clients import READ_SECONDS
from shared.connectors.azure_storage.remedies import error_code, remedies
from shared.errors import Stale

type Entity = Mapping[str, Any]
type Operation = tuple[Any, ...]

TRANSACTION_LIMIT = 100  # operations of one entity-group transaction; all in one partition


def put(entity: Entity, etag: str | None) -> Operation:
    """Within a transaction: insert `entity` where `etag` is None, else replace the version that `etag` names."""
    if etag is None:
        return ("create", entity)
    condition = {"mode": UpdateMode.REPLACE, "etag": etag, "match_condition": MatchConditions.IfNotModified}
    return ("update", entity, condition)


def upsert(entity: Entity) -> Operation:
    """Within a transaction: put `entity` in place, whatever was there."""
    return ("upsert", entity, {"mode": UpdateMode.REPLACE})


def delete(partition: str, row: str) -> Operation:
    """Within a transaction: remove a row. The whole transaction is `Stale` if the row is gone already."""
    return ("delete", {"PartitionKey": partition, "RowKey": row})


class Table:
    """The table `name`. Every call may raise `RetryLater`; it waits so long for an answer as `answer_seconds` says."""

    def __init__(self, service: TableServiceClient, name: str, *, answer_seconds: float | None = None) -> None:
        self._name = name
        self._table = service.get_table_client(name)
        self._patience = {} if answer_seconds is None else {"read_timeout": answer_seconds}

    def create(self, entity: Entity) -> str:
        """Insert a new row and return its etag; `Stale` if it is there already."""
        return self._call(lambda: self._table.create_entity(entity, **self._patience))["etag"]

    def write(self, entity: Entity) -> None:
        """Put a row in place, whatever was there."""
        self._call(lambda: self._table.upsert_entity(entity, mode=UpdateMode.REPLACE, **self._patience))

    def transact(self, operations: Sequence[Operation]) -> list[str | None]:
        """All or nothing, up to `TRANSACTION_LIMIT`; the etags, None for deletions. `Stale` if one condition fails."""
        match operations:
            case [("update", entity, condition)]:  # a third of the work of a transaction, for us and for storage
                return [self._call(lambda: self._table.update_entity(entity, **condition, **self._patience))["etag"]]
        done = self._call(lambda: self._table.submit_transaction(operations, **self._patience))
        return [each.get("etag") for each in done]

    def remove(self, partition: str, row: str) -> None:
        """Remove a row; it may be gone already."""
        self._call(lambda: self._table.delete_entity(partition, row, **self._patience))

    def row(self, partition: str, row: str) -> TableEntity | None:
        """One row, or None. By its address: the emulator looks through the whole table for a query."""
        try:
            return self._call(lambda: self._table.get_entity(partition, row, **self._patience))
        except Stale:  # 404
            return None

    def query(
        self,
        condition: str,
        *,
        select: Sequence[str] | None = None,
        page_size: int | None = None,
        page_seconds: float = READ_SECONDS,
        **values: Any,
    ) -> Iterator[TableEntity]:
        """Rows by partition and row key; `condition` is OData with `@name` standing for `values`. Streams pages."""
        pages = self._table.query_entities(
            condition, parameters=values, select=select, results_per_page=page_size, read_timeout=page_seconds
        ).by_page()
        while (page := self._call(lambda: next(pages, None))) is not None:
            yield from page

    def _call[T](self, operation: Callable[[], T]) -> T:
        with remedies(f"table {self._name}"):
            try:
                return operation()
            except HttpResponseError as error:
                if error_code(error) != "TableNotFound":
                    raise
            with suppress(ResourceExistsError):
                self._table.create_table()
            return operation()
