"""The configuration as rows of the table `configuration` that an operator can read in the portal.

    generation|{generation}   outline                    the sections in order, the shape and number of items of each
                              {section}|{number}         one item, as JSON
    pointer                   current                    the generation in force

A replacement writes a new generation, then moves the pointer by its etag: readers see the old or the new, never a
mixture. Generations are numbered, one more than the one in force when the writer began, so whatever is older than the
one in force belongs to nobody who can still win; a replacement clears that away first.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import batched
from threading import Lock
from typing import Any

from azure.data.tables import TableServiceClient

from shared.connectors.azure_storage.keys import SEPARATOR, digest, key
from shared.connectors.azure_storage.tables import TRANSACTION_LIMIT, Table, put, upsert
from shared.connectors.azure_storage.values import pack, unpack
from shared.errors import RetryLater, Stale

TABLE = "configuration"
GENERATION = f"generation{SEPARATOR}"
OUTLINE = "outline"
POINTER = {"PartitionKey": "pointer", "RowKey": "current"}
DAMAGED_RETRY_SECONDS = 60.0  # somebody removed rows by hand; a person has to act


@dataclass(frozen=True, slots=True)
class _Pointer:
    generation: str = ""
    etag: str | None = None

    @property
    def number(self) -> int:
        return int(self.generation.partition("-")[0] or 0)


@dataclass(frozen=True, slots=True)
class _Read:
    document: Mapping[str, object]
    generation: str
    at: float


class TableConfigurationStore:
    """`ConfigurationStore` in Table Storage. A reader asks for the pointer at most every `max_age_seconds`."""

    def __init__(
        self,
        service: TableServiceClient,
        max_age_seconds: float = 10,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = Table(service, TABLE)
        self._max_age_seconds = max_age_seconds
        self._monotonic = monotonic
        self._lock = Lock()
        self._last: _Read | None = None

    def read(self, *, fresh: bool = False) -> tuple[Mapping[str, object], str]:
        with self._lock:
            last, now = self._last, self._monotonic()
            if fresh or last is None or now - last.at >= self._max_age_seconds:
                self._last = last = self._refreshed(last, now)
            return last.document, last.generation

    def replace(self, document: Mapping[str, object], expected: str | None) -> str:
        """`document` is JSON. `Refused` (413) if one item is too large for one row."""
        while True:
            current = self._pointer()
            if expected is not None and expected != current.generation:
                raise Stale(f"the configuration in force is {current.generation or 'empty'}, not {expected or 'empty'}")
            try:
                generation = self._put_in_place(document, current)
            except Stale:
                if expected is not None:
                    raise
                continue  # another replacement came first, and this one takes the place of whatever is there
            with self._lock:
                self._last = None
            return generation

    def _refreshed(self, last: _Read | None, now: float) -> _Read:
        """What is in force. A generation may be cleared away while it is read; then the pointer has moved on."""
        pointer = self._pointer()
        while True:
            generation = pointer.generation
            if last is not None and last.generation == generation:
                return _Read(last.document, generation, now)
            document = self._document(generation) if generation else {}
            if document is not None:
                return _Read(document, generation, now)
            before, pointer = pointer, self._pointer()
            if pointer == before:
                reason = (
                    f"rows of configuration {generation}, which is in force, are missing: put the configuration again"
                )
                raise RetryLater(reason, DAMAGED_RETRY_SECONDS)

    def _pointer(self) -> _Pointer:
        row = self._table.row(*POINTER.values())
        return _Pointer() if row is None else _Pointer(row["generation"], row.metadata["etag"])

    def _document(self, generation: str) -> Mapping[str, object] | None:
        """The rows of a generation put together; None if they are not all there any more."""
        rows = self._table.query("PartitionKey eq @partition", partition=GENERATION + generation)
        found = {row["RowKey"]: row for row in rows}
        if OUTLINE not in found:
            return None
        outline = unpack(found.pop(OUTLINE))
        items: dict[str, list[Any]] = {section: [] for section in outline}
        for row in found.values():
            items[row["section"]].append((row.get("name"), unpack(row)))
        if any(len(items[section]) != number for section, (_, number) in outline.items()):
            return None
        return {section: _together(shape, items[section]) for section, (shape, _) in outline.items()}

    def _put_in_place(self, document: Mapping[str, object], current: _Pointer) -> str:
        self._clear_before(current)
        rows = list(_rows(document))
        generation = f"{current.number + 1:08}-{digest(str([*rows]))[:12]}"
        for batch in batched(rows, TRANSACTION_LIMIT, strict=False):
            self._table.transact([upsert({"PartitionKey": GENERATION + generation} | row) for row in batch])
        self._table.transact([put(POINTER | {"generation": generation}, current.etag)])
        return generation

    def _clear_before(self, current: _Pointer) -> None:
        old = self._table.query(
            "PartitionKey ge @first and PartitionKey lt @current",
            first=GENERATION,
            current=f"{GENERATION}{current.number:08}",
            select=("PartitionKey", "RowKey"),
        )
        for row in old:
            self._table.remove(row["PartitionKey"], row["RowKey"])


def _rows(document: Mapping[str, object]) -> Iterator[dict[str, Any]]:
    """The document taken apart: a list, or a mapping of mappings, has a row per item; anything else is one row."""
    outline = {}
    for section, content in document.items():
        shape, items = _apart(content)
        outline[section] = (shape, len(items))
        for number, (name, item) in enumerate(items):
            row = {"RowKey": f"{key(section)}{SEPARATOR}{number:05}", "section": section, "name": name}
            yield row | pack(item)
    yield {"RowKey": OUTLINE} | pack(outline)


def _apart(content: object) -> tuple[str, list[tuple[str | None, object]]]:
    if isinstance(content, list):
        return "list", [(None, item) for item in content]
    if isinstance(content, Mapping) and all(isinstance(item, Mapping) for item in content.values()):
        return "mapping", list(content.items())
    return "value", [(None, content)]


def _together(shape: str, items: list[tuple[str | None, Any]]) -> object:
    match shape:
        case "list":
            return [item for _, item in items]
        case "mapping":
            return dict(items)
    ((_, content),) = items
    return content
