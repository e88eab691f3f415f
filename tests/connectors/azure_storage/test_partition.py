"""Rows of one partition, worked on side by side: what is shared, and what becomes of the others if one has to fail."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.connectors.azure_storage.clients import Account
from shared.connectors.azure_storage.partition import Partition
from shared.connectors.azure_storage.tables import Operation, Table, put, upsert
from shared.errors import Stale
from tests.connectors.company import LONG, Expected, side_by_side

PARTITION = "rollout"
TOO_LARGE = "x" * 40_000  # two bytes a character; a property has room for 64 KiB


@pytest.fixture
def table(account: Account) -> Table:
    table = Table(account.tables, "rows")
    table.write(row("first"))  # so that the table is there
    return table


def patient(table: Table, number: int) -> Partition:
    """A partition whose calls wait until so many take part."""
    return Partition(table, PARTITION, Expected(number), quiet_seconds=LONG, longest_wait_seconds=LONG)


def row(name: str, text: str = "") -> dict[str, Any]:
    return {"PartitionKey": PARTITION, "RowKey": name, "text": text}


def saving(partition: Partition, *operations: Operation) -> Callable[[], list[str | None]]:
    return lambda: partition.transact(operations)


def test_those_side_by_side_save_by_one_call(table: Table, calls: list[str]) -> None:
    rows = patient(table, 8)
    done = side_by_side(*(saving(rows, put(row(f"{n}"), None), upsert(row(f"{n} more"))) for n in range(8)))
    assert calls == ["POST"]
    for n, each in enumerate(done):
        assert each.result() == [table.row(PARTITION, name).metadata["etag"] for name in (f"{n}", f"{n} more")]


def test_the_etags_are_those_of_the_savers_rows(table: Table) -> None:
    """Each can go on from what it was given."""
    rows, etags = patient(table, 4), dict.fromkeys(range(4))
    for text in ("one", "two", "three"):
        done = side_by_side(*(saving(rows, put(row(f"{n}", text), etags[n])) for n in range(4)))
        etags = {n: each.result()[0] for n, each in enumerate(done)}
    assert {table.row(PARTITION, f"{n}")["text"] for n in range(4)} == {"three"}


def test_who_has_lost_a_race_does_not_hold_up_the_others(table: Table) -> None:
    old = table.create(row("0", "old"))
    table.write(row("0", "somebody else's"))
    rows = patient(table, 4)
    done = side_by_side(*(saving(rows, put(row(f"{n}", "new"), None if n else old)) for n in range(4)))
    with pytest.raises(Stale):
        done[0].result()
    assert [table.row(PARTITION, f"{n}")["text"] for n in range(4)] == ["somebody else's", "new", "new", "new"]


def test_of_two_who_save_one_row_one_loses(table: Table) -> None:
    """A transaction cannot hold a row twice."""
    rows, etag = patient(table, 3), table.create(row("0", "old"))
    done = side_by_side(*(saving(rows, put(row(f"{n % 2}", f"{n}"), None if n % 2 else etag)) for n in range(3)))
    done[1].result()
    lost = [each.exception() for each in (done[0], done[2]) if each.exception()]
    assert [type(error) for error in lost] == [Stale]
    won = 2 if done[0].exception() else 0
    assert table.row(PARTITION, "0")["text"] == f"{won}"


def test_what_is_too_large_does_not_hold_up_the_others(table: Table) -> None:
    rows = patient(table, 3)
    done = side_by_side(*(saving(rows, put(row(f"{n}", TOO_LARGE if n == 0 else ""), None)) for n in range(3)))
    assert done[0].exception() is not None
    assert table.row(PARTITION, "0") is None
    for n in (1, 2):
        assert done[n].result() == [table.row(PARTITION, f"{n}").metadata["etag"]]


def test_a_transaction_stays_whole(table: Table) -> None:
    """Of one that cannot be, nothing is saved, though others share its call."""
    table.create(row("taken"))
    rows = patient(table, 2)
    done = side_by_side(
        saving(rows, put(row("a"), None), put(row("taken"), None)), saving(rows, put(row("b"), None), upsert(row("c")))
    )
    assert isinstance(done[0].exception(), Stale)
    assert [bool(table.row(PARTITION, name)) for name in "abc"] == [False, True, True]


def test_rows_that_many_want_are_read_once(table: Table, calls: list[str]) -> None:
    rows = patient(table, 5)
    done = side_by_side(*(lambda n=n: rows.rows(["first", f"missing {n % 2}"]) for n in range(5)))
    assert calls == ["GET"] * 3
    assert [list(each.result()) for each in done] == [["first"]] * 5


def test_nothing_asked_is_no_call(table: Table, calls: list[str]) -> None:
    assert patient(table, 1).rows([]) == {}
    assert calls == []
