"""What the tables and the queue look like, how many calls they cost, and what is left when a worker dies half-way."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.connectors.azure_storage.clients import Account
from shared.connectors.azure_storage.configuration import TableConfigurationStore
from shared.connectors.azure_storage.queues import QueueHints, decode
from shared.connectors.azure_storage.tables import Table
from shared.connectors.azure_storage.tickets import TableTicketStore
from shared.errors import RetryLater, Stale
from shared.model import Hint, Link, LinkState, Order, Push, Ticket

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ORDER = Order(1, "", "")
LINK = Link("T1", LinkState.SYNCED, "marker", applied=ORDER)
TICKET = Ticket("T1", {}, ORDER)


def push(id: str = "T1") -> Push:
    return Push(id, NOW, "hash", {"title": "Größe"})


def rows(account: Account, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in account.tables.get_table_client(table).list_entities()]


class TestTickets:
    @pytest.fixture
    def store(self, account: Account) -> TableTicketStore:
        return TableTicketStore(account.tables)

    def test_rows_of_one_ticket_lie_side_by_side(self, store: TableTicketStore, account: Account) -> None:
        store.save(store.read("snow/1", "T/1"), TICKET, LINK)
        store.add_push("snow/1", push("T/1"), "key")
        found = rows(account, "links")
        assert {row["PartitionKey"] for row in found} == {"snow=2F1"}
        digest = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"
        assert [row["RowKey"] for row in found] == ["T=2F1|link", f"T=2F1|push|{digest}", "T=2F1|ticket"]
        assert {row["ticket_id"] for row in found} == {"T/1"}
        assert json.loads(found[1]["document"])["fields"] == {"title": "Größe"}

    def test_every_operation_is_one_call(self, store: TableTicketStore, calls: list[str]) -> None:
        store.add_push("snow", push(), "the table is made")
        calls.clear()
        steps: tuple[Callable[[], object], ...] = (
            lambda: store.add_push("snow", push(), "key"),
            lambda: store.add_push("snow", push(), "key"),
            lambda: store.read("snow", "T1"),
            lambda: list(store.waiting("snow")),
        )
        for number, step in enumerate(steps, 1):
            step()
            assert len(calls) == number
        record = store.read("snow", "T1")
        calls.clear()
        store.save(record, TICKET, LINK)
        assert calls == ["POST"]

    def test_waiting_reads_page_after_page(self, store: TableTicketStore, account: Account) -> None:
        table = Table(account.tables, "links")
        ids = [f"T{number:04}" for number in range(1_200)]
        for start in range(0, len(ids), 100):
            table.transact(
                [
                    (
                        "create",
                        {"PartitionKey": "snow", "RowKey": f"{id}|link", "kind": "link", "ticket_id": id, "open": True},
                    )
                    for id in ids[start : start + 100]
                ]
            )
        assert list(store.waiting("snow")) == ids

    def test_a_push_dropped_by_another_makes_the_save_stale(self, store: TableTicketStore, account: Account) -> None:
        store.add_push("snow", push(), "key")
        record = store.read("snow", "T1")
        (gone,) = rows(account, "links")
        Table(account.tables, "links").remove("snow", gone["RowKey"])
        with pytest.raises(Stale):
            store.save(record, TICKET, LINK)
        assert store.read("snow", "T1").link is None, "nothing was written"

    def test_dying_while_many_pushes_are_dropped_loses_nothing(
        self, store: TableTicketStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(120):
            store.add_push("snow", push(), f"{number}")
        removed = []
        remove = Table.remove

        def dies_at_the_tenth(table: Table, partition: str, row: str) -> None:
            if len(removed) == 10:
                raise RetryLater("died", 0)
            removed.append(row)
            remove(table, partition, row)

        monkeypatch.setattr(Table, "remove", dies_at_the_tenth)
        with pytest.raises(RetryLater):
            store.save(store.read("snow", "T1"), TICKET, LINK)
        left = store.read("snow", "T1")
        assert (left.ticket, left.link) == (TICKET, LINK)
        assert len(left.pushes) == 120 - 98 - 10
        assert store.save(left, TICKET, LINK).pushes == store.read("snow", "T1").pushes == ()


class TestConfiguration:
    @pytest.fixture
    def clock(self) -> list[float]:
        return [0.0]

    @pytest.fixture
    def store(self, account: Account, clock: list[float]) -> TableConfigurationStore:
        return TableConfigurationStore(account.tables, max_age_seconds=10, monotonic=lambda: clock[0])

    @staticmethod
    def generations(account: Account) -> Iterator[str]:
        yield from sorted({row["PartitionKey"] for row in rows(account, "configuration")} - {"pointer"})

    def test_one_readable_row_per_item(self, store: TableConfigurationStore, account: Account) -> None:
        generation = store.replace({"teams": [{"name": "A"}], "connections": {"snow": {"kind": "servicenow"}}}, None)
        found = {row["RowKey"]: row for row in rows(account, "configuration")}
        assert found["teams|00000"]["document"] == '{"name":"A"}'
        assert found["connections|00000"]["name"] == "snow"
        assert found["current"]["generation"] == generation

    def test_unchanged_costs_one_point_read_per_period(
        self, store: TableConfigurationStore, clock: list[float], calls: list[str]
    ) -> None:
        store.replace({"teams": []}, None)
        store.read()
        calls.clear()
        clock[0] = 9.9
        store.read()
        assert calls == []
        clock[0] = 10.0
        store.read()
        store.read()
        assert calls == ["GET"]

    def test_others_see_a_replacement_after_the_period(
        self, store: TableConfigurationStore, clock: list[float], account: Account
    ) -> None:
        generation = store.replace({"teams": [1]}, None)
        assert store.read() == ({"teams": [1]}, generation)
        newer = TableConfigurationStore(account.tables).replace({"teams": [2]}, None)
        assert store.read()[1] == generation
        clock[0] = 10.0
        assert store.read() == ({"teams": [2]}, newer)

    def test_who_edits_it_sees_a_replacement_at_once(
        self, store: TableConfigurationStore, account: Account, calls: list[str]
    ) -> None:
        store.replace({"teams": [1]}, None)
        store.read()
        newer = TableConfigurationStore(account.tables).replace({"teams": [2]}, None)
        assert store.read(fresh=True) == ({"teams": [2]}, newer)
        calls.clear()
        assert store.read(fresh=True) == store.read()
        assert calls == ["GET"], "what has not changed is not read again"

    def test_only_the_previous_generation_is_kept(self, store: TableConfigurationStore, account: Account) -> None:
        replaced = [store.replace({"teams": [number] * 5}, None) for number in range(5)]
        assert list(self.generations(account)) == [f"generation|{generation}" for generation in replaced[-2:]]

    def test_a_lost_race_leaves_nothing_for_long(self, store: TableConfigurationStore, account: Account) -> None:
        orphan = {"PartitionKey": "generation|00000002-lost", "RowKey": "teams|00000", "document": "1"}
        store.replace({}, None)
        Table(account.tables, "configuration").write(orphan)
        for number in range(3):
            store.replace({"teams": [number]}, None)
        assert "generation|00000002-lost" not in list(self.generations(account))

    def test_a_generation_cleared_away_while_it_is_read_is_not_believed(
        self, store: TableConfigurationStore, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The reader has seen the pointer; before it reads the rows, two replacements come and clear them away."""
        store.replace({"routes": ["old"] * 3, "teams": ["old"] * 3}, None)
        other = TableConfigurationStore(account.tables)
        query = Table.query
        interrupted = []

        def interrupting(table: Table, condition: str, **options: Any) -> Iterator[Mapping[str, Any]]:
            if table is store._table and condition == "PartitionKey eq @partition" and not interrupted:
                found = list(query(table, condition, **options))
                interrupted.append(other.replace({"teams": ["new"]}, None))
                interrupted.append(other.replace({"teams": ["newer"]}, None))
                return iter([row for row in found if row["RowKey"] != "teams|00002"])
            return query(table, condition, **options)

        monkeypatch.setattr(Table, "query", interrupting)
        assert store.read() == ({"teams": ["newer"]}, interrupted[-1])

    @pytest.mark.parametrize("row", ["outline", "teams|00000"])
    def test_a_row_removed_by_hand_is_noticed_and_mended(
        self, store: TableConfigurationStore, account: Account, row: str
    ) -> None:
        generation = store.replace({"teams": [1, 2]}, None)
        Table(account.tables, "configuration").remove(f"generation|{generation}", row)
        with pytest.raises(RetryLater, match=f"rows of configuration {generation}.* put the configuration again"):
            store.read()
        again = store.replace({"teams": [1, 2]}, generation)
        assert store.read() == ({"teams": [1, 2]}, again)


class TestHints:
    def test_messages_are_base64_json_and_never_expire(self, account: Account) -> None:
        QueueHints(account.queues).send(Hint("snow", "T/1"))
        (message,) = account.queues.get_queue_client("reconcile").receive_messages()
        assert message.content == "eyJjb25uZWN0aW9uIjoic25vdyIsInRpY2tldCI6IlQvMSJ9"
        assert message.expires_on.year == 9999

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            ('{"connection":"snow","ticket":"T1"}', Hint("snow", "T1")),
            ('{"connection": "snow"}', Hint("snow")),
            ('{"ticket": "", "connection": "", "retry": true, "more": 1}', Hint("", "", retry=True)),
            ('{"connection":"snow","ticket":"T1","retry":"true"}', Hint("snow", "T1")),
        ],
    )
    def test_decoded(self, text: str, hint: Hint) -> None:
        assert decode(text) == hint

    @pytest.mark.parametrize(
        "text", ["", "T1", "[]", "null", '{"connection":"snow","ticket":7}', '{"connection":1,"ticket":"T1"}']
    )
    def test_what_is_no_hint_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"not a hint|Expecting value"):
            decode(text)
