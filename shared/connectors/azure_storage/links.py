"""The links of each pair, the items they own and the values they overwrote: the table `pairs`, one partition per pair.

    link|{id}                   the link; written by every save, so its etag guards all that belongs to the link
    boards|{id}, ppm|{id}       the alias of an item: the link that owns it
    conflict|{link}|{digest}    one conflict; the digest is that of its id
    write|{moment}|{digest}     one write to a side; moments count down, so the newest comes first
    hold                        why the pair waits for a person

A link, its aliases, its conflicts and its writes are saved by one entity-group transaction, all or nothing; who saves
side by side shares it (`partition.py`). An alias is written or removed only together with the link that gives it up, so
the etag of that link guards it, and one that nobody gives up is inserted, which fails where another link has it (S1).
Rows of one kind lie side by side, so that listing links reads links only.

The small property `unsettled` beside the document serves the query of that name.

Every message asks whether its pair is on hold, so that there is no hold is remembered for a second. A message that
begins within this second is like one that began before the sweep that held the pair. A hold is not remembered: a
message that follows its approval would be dropped.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from azure.data.tables import TableEntity, TableServiceClient

from shared.connectors.azure_storage.keys import AFTER_SEPARATOR, SEPARATOR, digest, key
from shared.connectors.azure_storage.partition import Partition
from shared.connectors.azure_storage.recent import Recent
from shared.connectors.azure_storage.tables import TRANSACTION_LIMIT, Operation, Table, delete, put, upsert
from shared.connectors.azure_storage.values import pack, restore, unpack
from shared.errors import RetryLater, Stale
from shared.links import Conflict, Hold, SyncLink, SyncState, Write
from shared.model import SideName
from shared.ports import SyncRecord

TABLE = "pairs"
LINK, CONFLICT, WRITE, HOLD = "link", "conflict", "write", "hold"
ANSWER_SECONDS = 10  # to look through a partition the service takes up to five seconds a page; and nobody waits for us
LAST_MOMENT = 10**17  # microseconds since 1970: some year far beyond
HANDOVER_SECONDS = 5.0  # after an item was seen on its way from one link to another

_SIDES = {side.value: side for side in SideName}

type _Item = tuple[SideName, str]


class TableSyncStore:
    """`SyncStore` in Table Storage. Calls that save may raise `Refused` (413): too large for one row or one save."""

    def __init__(self, service: TableServiceClient) -> None:
        self._table = Table(service, TABLE, answer_seconds=ANSWER_SECONDS)
        self._partition = cache(lambda pair: Partition(self._table, key(pair)))
        self._holds = Recent[Hold | None](lambda hold: hold is None)

    def read(self, pair: str, link_id: str) -> SyncRecord:
        row = self._table.row(key(pair), _row_key(LINK, key(link_id)))
        if row is None:
            return SyncRecord(pair, link_id, None)
        return SyncRecord(pair, link_id, _noun(SyncLink, row), row.metadata["etag"])

    def some(self, pair: str, link_ids: Collection[str]) -> Mapping[str, SyncLink]:
        rows = self._partition(pair).rows([_row_key(LINK, key(id)) for id in link_ids])
        return {row["link_id"]: _noun(SyncLink, row) for row in rows.values()}

    def of_item(self, pair: str, side: SideName, item_id: str) -> SyncRecord | None:
        """Two storage calls, between which the item may change hands; `RetryLater` then."""
        alias = self._table.row(key(pair), _row_key(side, key(item_id)))
        if alias is None:
            return None
        record = self.read(pair, alias["link_id"])
        if record.link is None or record.link.ids.get(side) != item_id:
            reason = f"{side} {item_id} has just left link {record.link_id}, or rows of pair {pair} were edited by hand"
            raise RetryLater(reason, HANDOVER_SECONDS)
        return record

    def save(
        self,
        record: SyncRecord,
        link: SyncLink,
        conflicts: Sequence[Conflict] = (),
        releases: Sequence[SyncRecord] = (),
        writes: Sequence[Write] = (),
    ) -> SyncRecord:
        """Conflicts and writes beyond the room of one transaction are written before it: logged for nothing rather
        than lost."""
        assert link.id == record.link_id, "a link is saved over its own record"
        operations = [
            _put_link(record, link),
            *(_put_link(release, _without(release, link)) for release in releases),
            *_alias_operations(record, link, releases),
        ]
        rows = [_conflict_row(record, each) for each in {each.id: each for each in conflicts}.values()]
        rows += (_write_row(record, each) for each in {each.id: each for each in writes}.values())
        room = TRANSACTION_LIMIT - len(operations)
        for row in rows[room:]:
            self._table.write(row)
        try:
            etags = self._partition(record.pair).transact([*operations, *map(upsert, rows[:room])])
        except (RetryLater, Stale):
            # Perhaps only the answer was lost, or the client sent it twice. A lease of our own, for whose end we would
            # wait, shows that it is this save.
            saved = self.read(record.pair, link.id) if link.lease_owner else record
            if saved.token == record.token or saved.link != link:
                raise
            return saved
        return SyncRecord(record.pair, link.id, link, etags[0])

    def links(self, pair: str) -> Iterator[SyncLink]:
        return (_noun(SyncLink, row) for row in self._rows(pair, LINK))

    def unsettled(self, pair: str) -> Iterator[SyncLink]:
        return (_noun(SyncLink, row) for row in self._rows(pair, LINK, only="unsettled eq true"))

    def conflicts(self, pair: str, link_id: str) -> Iterator[Conflict]:
        rows = self._rows(pair, CONFLICT, key(link_id))
        yield from sorted((_noun(Conflict, row) for row in rows), key=lambda found: (found.at, found.id))

    def history(self, pair: str, *, link: str = "", plan: str = "", after: str = "") -> Iterator[tuple[str, Write]]:
        only = {"link_id eq @link": link, "plan eq @plan": plan, "RowKey gt @place": after}
        found = self._rows(pair, WRITE, only=" and ".join(condition for condition, value in only.items() if value),
                           link=link, plan=plan, place=after)  # fmt: skip
        return ((row["RowKey"], _noun(Write, row)) for row in found)

    def hold(self, pair: str) -> Hold | None:
        return self._holds.word(pair, lambda: self._hold(pair))

    def set_hold(self, pair: str, hold: Hold | None) -> None:
        if hold is None:
            self._table.remove(key(pair), HOLD)
        else:
            self._table.write({"PartitionKey": key(pair), "RowKey": HOLD} | pack(hold))
        self._holds.forget(pair)

    def _hold(self, pair: str) -> Hold | None:
        row = self._table.row(key(pair), HOLD)
        return None if row is None else _noun(Hold, row)

    def _rows(self, pair: str, *beginning: str, only: str = "", **values: str) -> Iterator[TableEntity]:
        """The rows of a pair whose keys begin so, page after page."""
        return self._table.query(
            "PartitionKey eq @partition and RowKey ge @first and RowKey lt @after" + (only and f" and {only}"),
            partition=key(pair),
            first=_row_key(*beginning) + SEPARATOR,
            after=_row_key(*beginning) + AFTER_SEPARATOR,
            page_seconds=ANSWER_SECONDS,
            **values,
        )


def _row_key(*parts: str) -> str:
    return SEPARATOR.join(parts)


def _put_link(read: SyncRecord, link: SyncLink) -> Operation:
    """The link's row in place of the version that was read; inserted where there was none."""
    etag = read.token
    assert etag is None or isinstance(etag, str), "a record is saved to the store that read it"
    row = {"PartitionKey": key(read.pair), "RowKey": _row_key(LINK, key(link.id)), "link_id": link.id}
    return put(row | ({"unsettled": True} if _is_unsettled(link) else {}) | pack(link), etag)


def _without(release: SyncRecord, link: SyncLink) -> SyncLink:
    """The released link without the items that `link` takes over."""
    assert release.link is not None, "what is given up was owned"
    kept = {side: id for side, id in release.link.ids.items() if link.ids.get(side) != id}
    return replace(release.link, ids=kept)


def _alias_operations(record: SyncRecord, link: SyncLink, releases: Sequence[SyncRecord]) -> Iterator[Operation]:
    """From the aliases that the link had to those it has; what stays is not written again."""
    before, now = _items(record), set(link.ids.items())
    released = {item for release in releases for item in _items(release)}
    for side, id in sorted(before - now):
        yield delete(key(record.pair), _row_key(side, key(id)))
    for side, id in sorted(now - before):
        row = {"PartitionKey": key(record.pair), "RowKey": _row_key(side, key(id)), "item_id": id, "link_id": link.id}
        yield upsert(row) if (side, id) in released else put(row, None)


def _items(record: SyncRecord) -> set[_Item]:
    return set(record.link.ids.items()) if record.link else set()


def _conflict_row(record: SyncRecord, conflict: Conflict) -> dict[str, Any]:
    row_key = _row_key(CONFLICT, key(record.link_id), digest(conflict.id))
    return {"PartitionKey": key(record.pair), "RowKey": row_key, "link_id": record.link_id} | pack(conflict)


def _write_row(record: SyncRecord, write: Write) -> dict[str, Any]:
    moment = f"{LAST_MOMENT - int(write.at.timestamp() * 1_000_000):017}"
    row_key = _row_key(WRITE, moment, digest(f"{write.link} {write.id}"))
    named = {"link_id": write.link, "plan": write.asked.plan}
    return {"PartitionKey": key(record.pair), "RowKey": row_key} | named | pack(write)


def _is_unsettled(link: SyncLink) -> bool:
    """What a sweep looks at again. The intent of a link that has died since is nobody's concern any more."""
    unfinished = link.state is SyncState.CREATING or (link.state is SyncState.SYNCED and link.intent is not None)
    return unfinished or bool(link.parked or link.doomed or link.missing or link.refusals)


def _noun[T](kind: type[T], row: TableEntity) -> T:
    noun: T = restore(kind, _with_sides(unpack(row)))
    return noun


def _with_sides(document: Any) -> Any:
    """JSON knows names of sides only; as keys they are sides again. A field that is called so is equal to its side."""
    match document:
        case dict():
            return {_SIDES.get(name, name): _with_sides(value) for name, value in document.items()}
        case list():
            return [_with_sides(value) for value in document]
    return document
