"""Tickets and their links: the table `links`, one partition per connection.

The rows of one ticket lie side by side, so that one range query reads them all, and in one partition, so that one
entity-group transaction saves them all:

    {key}|link             the link; written by every save, so its etag guards the whole ticket
    {key}|ticket           what the folded pushes add up to
    {key}|push|{digest}    one push not folded yet; the digest is that of its delivery key
    {number}|alias         the number by which people know the ticket, where that is not its id
    =workitem|{id}         the ticket that a work item belongs to

Small properties beside the document serve `waiting`: `kind`, `ticket_id`, and on links `generation`, and `open` where
they are not in step; `unmapped` is counted.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from azure.data.tables import TableServiceClient

from shared.connectors.azure_storage.keys import AFTER_SEPARATOR, SEPARATOR, digest, key
from shared.connectors.azure_storage.tables import TRANSACTION_LIMIT, Table, delete, put, upsert
from shared.connectors.azure_storage.values import pack, restore, unpack
from shared.errors import Stale
from shared.model import Link, LinkState, Push, Ticket
from shared.ports import Record

TABLE = "links"
SCAN_SECONDS = 10  # to look through a partition the service takes up to five seconds a page


@dataclass(frozen=True, slots=True)
class _Token:
    """What `save` needs of the rows that `read` found: etags (None: no such row) and the row keys of the pushes."""

    link: str | None = None
    ticket: str | None = None
    pushes: tuple[str, ...] = ()


class TableTicketStore:
    """`TicketStore` in Table Storage."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, TABLE)

    def add_push(self, connection: str, push: Push, key: str) -> bool:
        """`Refused` (413) if the push is too large for one row."""
        try:
            self._table.create(_row(connection, push.ticket_id, "push", digest(key)) | pack(push))
        except Stale:
            return False
        return True

    def read(self, connection: str, ticket_id: str) -> Record:
        link = ticket = alias_of = None
        link_etag = ticket_etag = None
        pushes: list[tuple[Push, str]] = []
        for row in self._table.query(
            "PartitionKey eq @partition and RowKey ge @first and RowKey lt @after",
            partition=key(connection),
            first=key(ticket_id) + SEPARATOR,
            after=key(ticket_id) + AFTER_SEPARATOR,
        ):
            match row["kind"]:
                case "link":
                    link, link_etag = restore(Link, unpack(row)), row.metadata["etag"]
                case "ticket":
                    ticket, ticket_etag = restore(Ticket, unpack(row)), row.metadata["etag"]
                case "push":
                    pushes.append((restore(Push, unpack(row)), row["RowKey"]))
                case "alias":
                    alias_of = row["ticket_id"]
        pushes.sort(key=lambda found: found[0].received_at)
        token = _Token(link_etag, ticket_etag, tuple(row_key for _, row_key in pushes))
        return Record(connection, ticket_id, ticket, tuple(push for push, _ in pushes), link, token, alias_of)

    def save(self, record: Record, ticket: Ticket | None, link: Link) -> Record:
        was = record.token
        assert isinstance(was, _Token), "a record is saved to the store that read it"
        row = _row(record.connection, record.ticket_id, "link") | pack(link)
        state = {
            "open": _is_open(link, ticket or record.ticket),
            "generation": link.generation,
            "unmapped": json.dumps(link.unmapped, ensure_ascii=False) if link.unmapped else None,
        }
        operations = [put(row | {name: value for name, value in state.items() if value is not None}, was.link)]
        if ticket is not None:
            operations.append(put(_row(record.connection, record.ticket_id, "ticket") | pack(ticket), was.ticket))
            operations += [upsert(alias) for alias in _aliases(record.connection, ticket)]
        if link.work_item_id and (record.link is None or record.link.work_item_id != link.work_item_id):
            belongs = _row(record.connection, record.ticket_id, "workitem") | {
                "RowKey": _work_item_key(link.work_item_id)
            }
            operations.append(upsert(belongs))
        folded = was.pushes if ticket is not None else ()
        room = TRANSACTION_LIMIT - len(operations)
        # A push that is gone was dropped by a save that we have not read: the transaction fails and we read again.
        operations += [delete(key(record.connection), row_key) for row_key in folded[:room]]
        etags = self._table.transact(operations)
        # The ticket is safe and contains these: should we die among them, folding them again changes nothing.
        for row_key in folded[room:]:
            self._table.remove(key(record.connection), row_key)
        if ticket is None:
            now = _Token(etags[0], was.ticket, was.pushes)
            return Record(record.connection, record.ticket_id, record.ticket, record.pushes, link, now)
        return Record(record.connection, record.ticket_id, ticket, (), link, _Token(etags[0], etags[1]))

    def linked(self, connection: str, work_item_ids: Collection[int]) -> Mapping[int, str]:
        if not work_item_ids:
            return {}
        wanted = {_work_item_key(id): id for id in work_item_ids}
        rows = self._table.query(
            "PartitionKey eq @partition and RowKey ge @first and RowKey le @last",
            partition=key(connection),
            first=min(wanted),
            last=max(wanted),
            select=("RowKey", "ticket_id"),
            page_seconds=SCAN_SECONDS,
        )
        return {wanted[row["RowKey"]]: row["ticket_id"] for row in rows if row["RowKey"] in wanted}

    def unmapped(self, connection: str) -> Mapping[str, int]:
        rows = self._table.query(
            "PartitionKey eq @partition and kind eq 'link' and unmapped ne ''",
            partition=key(connection),
            select=("unmapped",),
            page_seconds=SCAN_SECONDS,
        )
        return Counter(what for row in rows if row.get("unmapped") for what in json.loads(row["unmapped"]))

    def waiting(self, connection: str, generation: str | None = None) -> Iterator[str]:
        outdated = "" if generation is None else " or (generation ne @generation and kind eq 'link')"
        last = None  # the rows of one ticket follow one another
        for row in self._table.query(
            f"PartitionKey eq @partition and (kind eq 'push' or open eq true{outdated})",
            partition=key(connection),
            generation=generation or "",
            select=("ticket_id",),
            page_seconds=SCAN_SECONDS,
        ):
            if row["ticket_id"] != last:
                last = row["ticket_id"]
                yield last


def _row(connection: str, ticket_id: str, kind: str, *more: str) -> dict[str, Any]:
    row_key = SEPARATOR.join((key(ticket_id), kind, *more))
    return {"PartitionKey": key(connection), "RowKey": row_key, "kind": kind, "ticket_id": ticket_id}


def _work_item_key(id: int) -> str:
    """No key of a ticket begins so: in those, `=` is followed by hexadecimal digits. In the order of the ids."""
    return SEPARATOR.join(("=workitem", f"{id:010}"))


def _aliases(connection: str, ticket: Ticket) -> list[dict[str, Any]]:
    number = ticket.said["number"].value if "number" in ticket.said else ""
    if number in ("", ticket.id):
        return []
    return [_row(connection, ticket.id, "alias") | {"RowKey": SEPARATOR.join((key(number), "alias"))}]


def _is_open(link: Link, ticket: Ticket | None) -> bool:
    """Whether the link is not in step: unfinished, set aside, or behind what its ticket says."""
    unfinished = link.state is LinkState.CREATING or link.intent is not None
    behind = ticket is not None and link.applied != ticket.order
    return unfinished or behind or bool(link.waiting or link.parked or link.unanswered)
