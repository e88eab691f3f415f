"""One partition of a table, for those who work on its rows side by side: who want one row share a read, and all save
together.

Separate from the table, which knows what a transaction is, and from what the rows mean. Among fifty, a save of a link
with its history takes a sixth of the processor time of a transaction of its own, and less of the service's. One that
cannot be saved, because it has lost its race or is too large, undoes all of them: then everybody's are tried by
themselves.
"""

from collections.abc import Collection, Mapping, Sequence

from azure.core.exceptions import HttpResponseError
from azure.data.tables import TableEntity

from shared.connectors.azure_storage.tables import TRANSACTION_LIMIT, Operation, Table
from shared.connectors.sharing import Company, Shared
from shared.errors import Refused, Stale

REFUSALS = (Stale, Refused, HttpResponseError)  # such as a row named twice
ROWS_AT_ONCE = 64  # they are read one after the other
QUIET_SECONDS = 0.002
LONGEST_WAIT_SECONDS = 0.5


class Partition:
    """The rows of `table` below one partition key. Safe to share between threads."""

    def __init__(self, table: Table, key: str, company: Company | None = None, **waits: float) -> None:
        self._table = table
        self._key = key
        company = company or Company()
        waits = {"quiet_seconds": QUIET_SECONDS, "longest_wait_seconds": LONGEST_WAIT_SECONDS} | waits
        self._reads = Shared(self._read, company, most_at_once=ROWS_AT_ONCE, **waits)
        self._transactions = Shared(
            table.transact,
            company,
            most_at_once=TRANSACTION_LIMIT,
            before=self._reads,
            refusals=REFUSALS,
            **waits,
        )

    def rows(self, keys: Collection[str]) -> Mapping[str, TableEntity]:
        """Those of these rows that are there. Callers side by side who want the same row get it by one call."""
        wanted = list(keys)
        return {key: row for key, row in zip(wanted, self._reads(wanted), strict=True) if row is not None}

    def transact(self, operations: Sequence[Operation]) -> list[str | None]:
        """All of `operations` or nothing, as `Table.transact`; perhaps with those of others, which is not seen."""
        return self._transactions(operations)

    def _read(self, keys: Sequence[str]) -> list[TableEntity | None]:
        found = {key: self._table.row(self._key, key) for key in dict.fromkeys(keys)}
        return [found[key] for key in keys]
