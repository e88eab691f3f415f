"""The contract of the storage ports, one class per port; memory and Azure Storage both keep it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from azure.storage.queue import TextBase64DecodePolicy

from shared.connectors.azure_storage.clients import Account
from shared.connectors.azure_storage.configuration import TableConfigurationStore
from shared.connectors.azure_storage.cursors import TableCursors
from shared.connectors.azure_storage.health import TableHealthBoard
from shared.connectors.azure_storage.quarantine import TableQuarantine
from shared.connectors.azure_storage.queues import QueueHints, decode
from shared.connectors.azure_storage.tickets import TableTicketStore
from shared.errors import Stale
from shared.model import Health, Hint, Link, LinkState, Order, Push, Quarantined, Said, Ticket
from shared.ports import ConfigurationStore, Cursors, HealthBoard, Hints, Quarantine, TicketStore
from tests.memory import storage as memory

NOW = datetime(2026, 11, 20, 14, 30, 0, 123456, UTC)
SNOW = "service-now"
AWKWARD_IDS = (
    "INC0010023", "a/b\\c#d?e", "a|link", "a", "a|push|b", "100 %", "=41", "", " ", ".", "..", "'quoted'",
    "Größe/名前/🎫", "tab\there", "x" * 300, "ü" * 300, "x" * 1000 + "1", "x" * 1000 + "2",
)  # fmt: skip

DOCUMENT: dict[str, object] = {
    "version": 1,
    "connections": {"zeta": {"kind": "jira"}, "alpha": {"kind": "servicenow", "fields": {"team": "a.b"}}},
    "teams": [{"name": "Größe 🎫"}, {"name": "B"}],
    "routes": [{"team": f"{number}", "when": {"priority": [1, 2]}} for number in range(120)],
    "triage": {"area": "Fabrikam\\Triage", "type": None},
    "nothing": {},
    "none yet": [],
    "a/b": [1, True, None, "x", [], {}],
}


def push(ticket_id: str = "T1", **fields: str) -> Push:
    return Push(ticket_id, NOW, "hash", fields or {"title": "Printer on fire"}, version=3, changed_at=NOW, actor="Jo")


def ticket(id: str = "T1", version: int = 3) -> Ticket:
    order = Order(version, "2026-11-20T14:30:00Z", "2026-11-20T14:30:01Z", "tie")
    return Ticket(id, {"title": Said("Printer on fire", order)}, order, seen=("key",))


def link(id: str = "T1", **more: Any) -> Link:
    in_step = {"state": LinkState.SYNCED, "work_item_id": 2**31 + 5, "applied": ticket().order}
    return Link(**{"id": id, "marker": f"https://itsm.example/{id}", **in_step, **more})


def at_once[T](count: int, attempt: Callable[[int], T]) -> list[T]:
    """`attempt(0)` to `attempt(count - 1)` in as many threads that start together."""
    start = Barrier(count)

    def run(number: int) -> T:
        start.wait()
        return attempt(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


@pytest.fixture(params=["memory", "azure"])
def stores(request: pytest.FixtureRequest) -> Account | None:
    """The account to keep things in; None: keep them in memory."""
    return request.getfixturevalue("account") if request.param == "azure" else None


class TestTicketStore:
    @pytest.fixture
    def store(self, stores: Account | None) -> TicketStore:
        return TableTicketStore(stores.tables) if stores else memory.MemoryTickets()

    def test_nothing_is_known_at_first(self, store: TicketStore) -> None:
        record = store.read(SNOW, "T1")
        assert (record.connection, record.ticket_id) == (SNOW, "T1")
        assert (record.ticket, record.pushes, record.link) == (None, (), None)
        assert list(store.waiting(SNOW)) == []

    def test_a_push_is_kept_once(self, store: TicketStore) -> None:
        assert store.add_push(SNOW, push(title="first"), "delivery/1")
        assert not store.add_push(SNOW, push(title="second"), "delivery/1")
        assert store.add_push(SNOW, push(title="third"), "delivery/2")
        assert {each.fields["title"] for each in store.read(SNOW, "T1").pushes} == {"first", "third"}

    def test_a_push_comes_back_as_it_was(self, store: TicketStore) -> None:
        said = Push("T1", NOW, "hash", {"title": "Größe 🎫", "body": "a\nb\0c", "status": ""}, version=2**40)
        store.add_push(SNOW, said, "key")
        assert store.read(SNOW, "T1").pushes == (said,)

    def test_the_same_key_on_another_ticket_or_connection_is_another_push(self, store: TicketStore) -> None:
        places = [(SNOW, "T1"), (SNOW, "T2"), ("jira", "T1")]
        assert all(store.add_push(connection, push(id), "key") for connection, id in places)
        assert [len(store.read(*place).pushes) for place in places] == [1, 1, 1]

    def test_ids_never_meet(self, store: TicketStore) -> None:
        for id in AWKWARD_IDS:
            assert store.add_push(id, push(id, title=id), id)
            store.save(store.read(SNOW, id), None, link(id))
        for id in AWKWARD_IDS:
            assert [each.fields["title"] for each in store.read(id, id).pushes] == [id]
            assert store.read(SNOW, id).link == link(id)
            assert list(store.waiting(id)) == [id]

    def test_a_save_folds_the_pushes_it_read(self, store: TicketStore) -> None:
        store.add_push(SNOW, push(), "one")
        record = store.read(SNOW, "T1")
        store.add_push(SNOW, push(title="meanwhile"), "two")
        saved = store.save(record, ticket(), link())
        assert (saved.ticket, saved.pushes, saved.link) == (ticket(), (), link())
        now = store.read(SNOW, "T1")
        assert (now.ticket, now.link) == (ticket(), link())
        assert [each.fields["title"] for each in now.pushes] == ["meanwhile"]

    def test_a_saved_ticket_is_found_by_its_number_too(self, store: TicketStore) -> None:
        numbered = replace(ticket(), said={"number": Said("INC 1/2", ticket().order)})
        store.add_push(SNOW, push(), "key")
        assert store.read(SNOW, "INC 1/2").alias_of is None
        store.save(store.read(SNOW, "T1"), numbered, link())
        assert store.read(SNOW, "INC 1/2").alias_of == "T1"
        assert store.read("jira", "INC 1/2").alias_of is None
        assert store.read(SNOW, "T1").alias_of is None
        assert list(store.waiting(SNOW)) == []

    def test_a_save_without_a_ticket_leaves_ticket_and_pushes(self, store: TicketStore) -> None:
        record = store.save(store.read(SNOW, "T1"), ticket(), link())
        store.add_push(SNOW, push(), "one")
        record = store.save(store.read(SNOW, "T1"), None, link(parked="ask Jo"))
        for each in (record, store.read(SNOW, "T1")):
            assert (each.ticket, each.pushes, each.link) == (ticket(), (push(),), link(parked="ask Jo"))

    def test_saves_follow_one_another_without_reading(self, store: TicketStore) -> None:
        store.add_push(SNOW, push(), "one")
        record = store.read(SNOW, "T1")
        record = store.save(record, None, link(state=LinkState.CREATING))
        record = store.save(record, ticket(), link(intent={"title": "x"}))
        record = store.save(record, None, link())
        record = store.save(record, ticket(version=4), link())
        again = store.read(SNOW, "T1")
        assert replace(record, token=None) == replace(again, token=None)
        store.save(again, None, link())

    @pytest.mark.parametrize("folding", [True, False])
    @pytest.mark.parametrize("first", ["nothing", "saved before"])
    def test_the_second_save_of_one_record_is_stale(self, store: TicketStore, first: str, folding: bool) -> None:
        if first == "saved before":
            store.save(store.read(SNOW, "T1"), ticket(version=1), link(team="nobody"))
        store.add_push(SNOW, push(), "one")
        record = store.read(SNOW, "T1")
        store.save(record, None, link(team="winner"))
        with pytest.raises(Stale):
            store.save(record, ticket(version=9) if folding else None, link(team="loser"))
        now = store.read(SNOW, "T1")
        assert now.link == link(team="winner")
        assert now.ticket == record.ticket
        assert now.pushes == (push(),), "a lost save drops nothing"

    def test_of_eight_savers_one_wins(self, store: TicketStore) -> None:
        for round_ in range(5):
            store.add_push(SNOW, push(), f"key {round_}")
            record = store.read(SNOW, "T1")
            owners = at_once(8, lambda number, record=record: self._owner(store, record, number))
            (winner,) = [owner for owner in owners if owner]
            now = store.read(SNOW, "T1")
            assert now.link is not None
            assert (now.link.lease_owner, now.pushes) == (winner, ())

    @staticmethod
    def _owner(store: TicketStore, record: Any, number: int) -> str | None:
        try:
            saved = store.save(record, ticket(), link(lease_owner=f"worker {number}"))
        except Stale:
            return None
        return saved.link.lease_owner if saved.link else None

    def test_of_eight_same_pushes_one_is_new(self, store: TicketStore) -> None:
        new = at_once(8, lambda number: store.add_push(SNOW, push(title=f"{number}"), "same key"))
        assert sorted(new) == [False] * 7 + [True]
        (kept,) = store.read(SNOW, "T1").pushes
        assert kept.fields["title"] == str(new.index(True))

    def test_150_pushes_are_folded_together(self, store: TicketStore) -> None:
        for number in range(150):
            store.add_push(SNOW, push(title=f"{number}"), f"key {number}")
        record = store.read(SNOW, "T1")
        assert len(record.pushes) == 150
        record = store.save(record, ticket(), link())
        assert record.pushes == store.read(SNOW, "T1").pushes == ()
        assert list(store.waiting(SNOW)) == []

    def test_half_a_megabyte_of_text(self, store: TicketStore) -> None:
        body = "".join(f"line {number}: näher am Drucker {number * 7919}\n" for number in range(14_000))
        assert len(body.encode()) > 512 * 1024
        store.add_push(SNOW, push(body=body), "one")
        record = store.read(SNOW, "T1")
        assert record.pushes[0].fields["body"] == body
        long = replace(ticket(), said={"body": Said(body, ticket().order)})
        assert store.save(record, long, link()).ticket == store.read(SNOW, "T1").ticket == long

    @pytest.mark.parametrize(
        ("more", "waits"),
        [
            ({}, False),
            ({"state": LinkState.CREATING}, True),
            ({"intent": {}}, True),
            ({"waiting": "for its parent"}, True),
            ({"parked": "VS403507: field is required"}, True),
            ({"applied": None}, True),
            ({"applied": Order(2, "", "")}, True),
            ({"unanswered": "the ticket is closed"}, True),
            ({"lease_owner": "somebody", "lease_until": NOW + timedelta(minutes=1)}, False),
        ],
    )
    def test_a_link_out_of_step_waits(self, store: TicketStore, more: dict[str, Any], waits: bool) -> None:
        record = store.save(store.read(SNOW, "T1"), ticket(), link(**more))
        assert list(store.waiting(SNOW)) == ["T1"] * waits
        store.save(record, None, link())
        assert list(store.waiting(SNOW)) == []

    def test_a_link_of_an_older_configuration_waits_for_who_asks(self, store: TicketStore) -> None:
        store.add_push(SNOW, push(), "key")
        store.save(store.read(SNOW, "T1"), ticket(), link(generation="1"))
        assert list(store.waiting(SNOW)) == []
        assert list(store.waiting(SNOW, "1")) == []
        assert list(store.waiting(SNOW, "2")) == ["T1"]

    def test_work_items_lead_back_to_their_tickets(self, store: TicketStore) -> None:
        numbers = {"T1": 7, "T2": 12, "T3": 2**31 + 5, "=workitem": 13}
        for id, number in numbers.items():
            reserved = store.save(store.read(SNOW, id), ticket(id), link(id, work_item_id=None))
            store.save(reserved, None, link(id, work_item_id=number))
        assert store.linked(SNOW, [7, 8, 13, 2**31 + 5]) == {7: "T1", 13: "=workitem", 2**31 + 5: "T3"}
        assert store.linked(SNOW, []) == store.linked("jira", [7]) == {}
        assert [store.read(SNOW, id).link for id in numbers] == [
            link(id, work_item_id=number) for id, number in numbers.items()
        ]

    def test_what_nobody_mapped_is_counted_as_the_links_say_it_now(self, store: TicketStore) -> None:
        waiting, both = ("status=Waiting for parts",), ("status=Waiting for parts", "team=Größe, 2")
        records = [
            store.save(store.read(SNOW, id), None, link(id, unmapped=unmapped))
            for id, unmapped in (("T1", waiting), ("T2", both), ("T3", ()))
        ]
        assert store.unmapped(SNOW) == {"status=Waiting for parts": 2, "team=Größe, 2": 1}
        store.save(records[1], None, link("T2", unmapped=()))
        assert store.unmapped(SNOW) == {"status=Waiting for parts": 1}
        assert store.unmapped("jira") == {}

    def test_waiting_names_each_ticket_once(self, store: TicketStore) -> None:
        ids = [f"T{number}" for number in range(30)]
        for id in ids:
            for delivery in range(3):
                store.add_push(SNOW, push(id), f"{delivery}")
            store.save(store.read(SNOW, id), None, link(id, parked="x"))
            store.save(store.read("jira", id), ticket(id), link(id))
        assert sorted(store.waiting(SNOW)) == sorted(ids)
        assert list(store.waiting("jira")) == []


class TestHints:
    @pytest.fixture
    def queue(self, stores: Account | None) -> Iterator[tuple[Hints, Callable[[], Hint | None]]]:
        """The port, and how the other end takes the next hint that is due."""
        if stores is None:
            hints = memory.MemoryHints(lambda: NOW)
            yield hints, hints.take
            return
        with stores.queues.get_queue_client("reconcile", message_decode_policy=TextBase64DecodePolicy()) as client:

            def take() -> Hint | None:
                if (message := client.receive_message()) is None:
                    return None
                client.delete_message(message)
                return decode(message.content)

            yield QueueHints(stores.queues), take

    @pytest.mark.parametrize("id", AWKWARD_IDS)
    def test_a_hint_arrives(self, queue: Any, id: str) -> None:
        hints, take = queue
        hints.send(Hint(id, id, retry=True))
        assert take() == Hint(id, id, retry=True)
        assert take() is None

    def test_a_delayed_hint_is_not_due_yet(self, queue: Any) -> None:
        hints, take = queue
        hints.send(Hint(SNOW, "later"), delay_seconds=0.3)
        hints.send(Hint(SNOW, "much later"), delay_seconds=10**9)
        hints.send(Hint(SNOW, "now"))
        assert take() == Hint(SNOW, "now")
        assert take() is None


class TestHealthBoard:
    @pytest.fixture
    def board(self, stores: Account | None) -> HealthBoard:
        return TableHealthBoard(stores.tables) if stores else memory.MemoryHealthBoard()

    def test_a_connection_is_well_at_first(self, board: HealthBoard) -> None:
        assert board.read("boards") == Health()

    def test_the_last_word_counts(self, board: HealthBoard) -> None:
        for health in (Health(NOW), Health(stopped="renew the token", stopped_at=NOW, credential="v1"), Health()):
            board.write("boards / contoso", health)
            assert board.read("boards / contoso") == health
            assert board.read("boards") == Health()


class TestCursors:
    @pytest.fixture
    def cursors(self, stores: Account | None) -> Cursors:
        return TableCursors(stores.tables) if stores else memory.MemoryCursors()

    def test_the_last_place_is_remembered_for_each_name(self, cursors: Cursors) -> None:
        assert cursors.read("boards") is None
        for name in ("boards", "area|Fabrikam|Fabrikam\\Größe/2"):
            for cursor in ("1", "é" * 2000, ""):
                cursors.write(name, cursor)
                assert cursors.read(name) == cursor


class TestQuarantine:
    @pytest.fixture
    def quarantine(self, stores: Account | None) -> Quarantine:
        return TableQuarantine(stores.tables) if stores else memory.MemoryQuarantine()

    @staticmethod
    def item(number: int, body: bytes = b"\xff not JSON") -> Quarantined:
        faults = (("id", "looked for sys_id"), ("title", "looked for short_description"))
        at = NOW + timedelta(microseconds=number)
        return Quarantined(f"id/{number}", SNOW, at, "no ticket found", faults, body, {"content-type": "text/html"})

    def test_newest_first(self, quarantine: Quarantine) -> None:
        assert list(quarantine.list(10)) == []
        for number in (2, 0, 3, 1):
            quarantine.keep(self.item(number))
        assert list(quarantine.list(10)) == [self.item(number) for number in (3, 2, 1, 0)]
        assert list(quarantine.list(2)) == [self.item(3), self.item(2)]
        assert list(quarantine.list(0)) == []

    def test_kept_twice_is_kept_once(self, quarantine: Quarantine) -> None:
        quarantine.keep(self.item(1))
        quarantine.keep(self.item(1))
        assert list(quarantine.list(10)) == [self.item(1)]

    def test_half_a_megabyte(self, quarantine: Quarantine) -> None:
        large = self.item(1, body=bytes(range(256)) * 2048)
        quarantine.keep(large)
        assert list(quarantine.list(1)) == [large]


class TestConfigurationStore:
    @pytest.fixture
    def store(self, stores: Account | None) -> ConfigurationStore:
        return TableConfigurationStore(stores.tables) if stores else memory.MemoryConfigurationStore()

    def test_empty_at_first(self, store: ConfigurationStore) -> None:
        assert store.read() == ({}, "")

    def test_a_document_comes_back_in_its_order(self, store: ConfigurationStore) -> None:
        generation = store.replace(DOCUMENT, None)
        assert generation
        document, in_force = store.read()
        assert (document, in_force) == (DOCUMENT, generation)
        assert list(document) == list(DOCUMENT)
        assert list(document["connections"]) == ["zeta", "alpha"]  # type: ignore[call-overload]

    def test_each_replacement_is_a_generation(self, store: ConfigurationStore) -> None:
        documents: list[dict[str, object]] = [{"teams": [{"name": f"{number}"}]} for number in range(4)] + [{}, {}]
        generations = [store.replace(document, None) for document in documents]
        assert len(set(generations)) == len(documents)
        assert store.read() == ({}, generations[-1])

    def test_the_expected_generation(self, store: ConfigurationStore) -> None:
        with pytest.raises(Stale):
            store.replace({"teams": []}, "no such")
        assert store.read() == ({}, "")
        first = store.replace({"teams": [{"name": "1"}]}, "")
        second = store.replace({"teams": [{"name": "2"}]}, first)
        for old in ("", first):
            with pytest.raises(Stale):
                store.replace({"teams": []}, old)
        assert store.read() == ({"teams": [{"name": "2"}]}, second)

    @pytest.mark.parametrize("same", [True, False], ids=["same document", "different documents"])
    def test_of_eight_that_expect_the_same_one_wins(self, store: ConfigurationStore, same: bool) -> None:
        first = store.replace(DOCUMENT, None)

        def attempt(number: int) -> str | None:
            try:
                return store.replace({"teams": [{"name": "x" if same else f"{number}"}]}, first)
            except Stale:
                return None

        results = at_once(8, attempt)
        (generation,) = [result for result in results if result]
        winner = "x" if same else str(results.index(generation))
        assert store.read() == ({"teams": [{"name": winner}]}, generation)

    def test_those_that_expect_nothing_all_succeed(self, store: ConfigurationStore) -> None:
        generations = at_once(4, lambda number: store.replace({"teams": [{"name": f"{number}"}]}, None))
        assert len(set(generations)) == 4
        document, generation = store.read()
        assert document == {"teams": [{"name": str(generations.index(generation))}]}
