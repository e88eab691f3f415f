"""The contract of `SyncStore` and `Looks`; memory and Azure Storage both keep it. Then, what the rows look like."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from azure.storage.queue import TextBase64DecodePolicy

from shared.connectors.azure_storage import queues
from shared.connectors.azure_storage.clients import Account
from shared.connectors.azure_storage.links import TableSyncStore
from shared.connectors.azure_storage.partition import Partition
from shared.connectors.azure_storage.queues import QueueHints, QueueLooks, decode
from shared.connectors.azure_storage.tables import Operation, Table
from shared.errors import RetryLater, Stale
from shared.links import (
    Asked,
    Conflict,
    ConflictStatus,
    Copy,
    FieldIntent,
    Hold,
    Intent,
    Look,
    ParentIntent,
    SyncLink,
    Write,
)
from shared.links import SyncState as State
from shared.model import Hint, SideName
from shared.ports import Looks, SyncRecord, SyncStore
from tests.connectors.azure_storage.test_contract import AWKWARD_IDS, at_once
from tests.memory.sync_storage import MemoryLooks, MemorySyncStore

NOW = datetime(2026, 11, 20, 14, 30, 0, 123456, UTC)
BOARDS, PPM = SideName.BOARDS, SideName.PPM
PAIR = "rollout"
TITLE = "System.Title = Name"


def link(id: str = "boards:7", pair: str = PAIR, ids: dict[SideName, str] | None = None, **more: Any) -> SyncLink:
    ids = {BOARDS: "7", PPM: "T-7"} if ids is None else ids
    return SyncLink(
        id, pair, **{"state": State.SYNCED, "origin": BOARDS, "marker": f"https://{id}", "ids": ids, **more}
    )


def conflict(id: str = "c1", **more: Any) -> Conflict:
    row = Conflict(id, "boards:7", TITLE, PPM, {BOARDS: "Vault", PPM: "Cellar"}, "boards", "both were edited", NOW)
    return replace(row, **more)


def write(id: str, **more: Any) -> Write:
    row = Write(id, "boards:7", PPM, "T-7", TITLE, "old", "new", "changed", "only boards changed", NOW)
    return replace(row, **more)


def everything() -> SyncLink:
    """A link that says all a link can say."""
    return link(
        terms={TITLE: "0f1e2d3c 4b5a6978"},
        baseline={TITLE: {BOARDS: "Größe 🎫", PPM: None}, "Tags = Tags": {BOARDS: "a; b", PPM: ["a", "b"]}},
        parents={BOARDS: "ppm:1", PPM: ""},
        versions={BOARDS: "12", PPM: '"etag"'},
        urls={BOARDS: "https://boards.example/7"},
        copy=Copy("Fabrikam", "Feature", "boards:1", {"System.AreaPath": "Fabrikam\\Pay", "boards": 1}),
        intent=Intent(
            {TITLE: FieldIntent({BOARDS: "a\nb\0c", PPM: 8.5}, {PPM: True}, {PPM: "before"}, "newest", "ppm was last")},
            ParentIntent({BOARDS: ""}, {PPM: "x"}, "boards", "moved on both sides"),
            PPM,
            Asked("plan", "Ada"),
        ),
        attempted_at=NOW,
        lease_owner="worker",
        lease_until=NOW + timedelta(minutes=1),
        open={TITLE: "c1"},
        missing={PPM: 2},
        refusals=3,
        deleted=(BOARDS,),
        doomed=True,
        approved=True,
        placed=False,
        plan="p1",
        parked="VS403507: field is required",
        parked_on="digest",
    )


def first_save(store: SyncStore, fresh: SyncLink, *conflicts: Conflict, releases: tuple[SyncRecord, ...] = ()) -> Any:
    return store.save(store.read(fresh.pair, fresh.id), fresh, conflicts, releases)


def owner(store: SyncStore, side: SideName, item: str) -> str | None:
    """The id of the link that owns an item, by its alias."""
    record = store.of_item(PAIR, side, item)
    return record.link_id if record else None


def unheard(told: Exception, *, happens: bool = True) -> Callable[[Partition, Sequence[Operation]], None]:
    """A transaction of which something else is told than what became of it."""
    transact = Partition.transact

    def transacted(partition: Partition, operations: Sequence[Operation]) -> None:
        if happens:
            transact(partition, operations)
        raise told

    return transacted


@pytest.fixture(params=["memory", "azure"])
def stores(request: pytest.FixtureRequest) -> Account | None:
    """The account to keep things in; None: keep them in memory."""
    return request.getfixturevalue("account") if request.param == "azure" else None


class TestSyncStore:
    @pytest.fixture
    def store(self, stores: Account | None) -> SyncStore:
        return TableSyncStore(stores.tables) if stores else MemorySyncStore()

    def test_nothing_is_known_at_first(self, store: SyncStore) -> None:
        record = store.read(PAIR, "boards:7")
        assert (record.pair, record.link_id, record.link) == (PAIR, "boards:7", None)
        assert store.of_item(PAIR, BOARDS, "7") is None
        assert list(store.links(PAIR)) == list(store.unsettled(PAIR)) == list(store.conflicts(PAIR, "boards:7")) == []

    def test_some_links_are_those_that_there_are(self, store: SyncStore) -> None:
        for number in (7, 8, 9):
            first_save(store, link(f"boards:{number}", ids={BOARDS: f"{number}"}))
        asked = ["boards:9", "boards:7", "boards:none", *AWKWARD_IDS]
        found = store.some(PAIR, asked)
        assert {id: link.ids[BOARDS] for id, link in found.items()} == {"boards:9": "9", "boards:7": "7"}
        assert store.some(PAIR, []) == store.some("another pair", asked) == {}

    @pytest.mark.parametrize("saved", [link(), everything()], ids=["in step", "everything"])
    def test_a_link_comes_back_as_it_was(self, store: SyncStore, saved: SyncLink) -> None:
        assert first_save(store, saved).link == store.read(PAIR, saved.id).link == saved
        assert list(store.links(PAIR)) == [saved]
        found = store.of_item(PAIR, PPM, "T-7")
        assert found is not None
        assert (found.pair, found.link_id, found.link) == (PAIR, saved.id, saved)

    def test_sides_come_back_as_sides(self, store: SyncStore) -> None:
        """The engine tells sides apart by `is`; a text that is equal to one would pass for the other."""
        first_save(store, everything(), conflict())
        found = store.read(PAIR, "boards:7").link
        assert found is not None
        assert found.intent is not None
        assert found.intent.parent is not None
        (row,) = store.conflicts(PAIR, "boards:7")
        title = found.intent.fields[TITLE]
        by_side = (found.ids, found.parents, found.versions, found.urls, found.missing, row.values)
        intended = (title.shown, title.sent, found.intent.parent.shown, found.intent.parent.sent)
        named = (*chain(*by_side, *intended), *found.baseline[TITLE], found.origin, found.intent.bin, *found.deleted)
        assert {type(side) for side in named} == {SideName}

    def test_saves_follow_one_another_without_reading(self, store: SyncStore) -> None:
        record = first_save(store, link(ids={BOARDS: "7"}, state=State.CREATING))
        record = store.save(record, link(intent=Intent()))
        record = store.save(record, link())
        assert replace(record, token=None) == replace(store.read(PAIR, "boards:7"), token=None)
        store.save(store.read(PAIR, "boards:7"), link(parked="ask Jo"))
        with pytest.raises(Stale):
            store.save(record, link())

    @pytest.mark.parametrize("first", ["nothing", "saved before"])
    def test_of_two_writers_the_second_is_stale_and_writes_nothing(self, store: SyncStore, first: str) -> None:
        if first == "saved before":
            first_save(store, link(ids={BOARDS: "7"}))
        one, another = store.read(PAIR, "boards:7"), store.read(PAIR, "boards:7")
        store.save(one, link(ids={BOARDS: "7", PPM: "T-1"}, lease_owner="winner"))
        with pytest.raises(Stale):
            store.save(another, link(ids={BOARDS: "7", PPM: "T-2"}, lease_owner="loser"), [conflict()])
        now = store.read(PAIR, "boards:7").link
        assert now == link(ids={BOARDS: "7", PPM: "T-1"}, lease_owner="winner")
        assert (owner(store, PPM, "T-1"), owner(store, PPM, "T-2")) == ("boards:7", None)
        assert list(store.conflicts(PAIR, "boards:7")) == []

    def test_an_item_that_belongs_to_another_link_is_stale(self, store: SyncStore) -> None:
        first_save(store, link())
        for taken in ({BOARDS: "8", PPM: "T-7"}, {BOARDS: "7"}):
            with pytest.raises(Stale):
                first_save(store, link("ppm:T-7", ids=taken), conflict())
        assert store.read(PAIR, "ppm:T-7").link is None
        assert list(store.conflicts(PAIR, "ppm:T-7")) == []
        assert [owner(store, side, id) for side, id in ((BOARDS, "8"), (BOARDS, "7"), (PPM, "T-7"))] == [
            None,
            "boards:7",
            "boards:7",
        ]

    def test_the_same_id_on_another_side_or_in_another_pair_is_another_item(self, store: SyncStore) -> None:
        links = [
            link("boards:7", ids={BOARDS: "7"}),
            link("ppm:7", ids={PPM: "7"}),
            link("boards:7", pair="other", ids={BOARDS: "7"}),
        ]
        for each in links:
            first_save(store, each)
        assert (owner(store, BOARDS, "7"), owner(store, PPM, "7")) == ("boards:7", "ppm:7")
        assert [store.read(each.pair, each.id).link for each in links] == links
        assert list(store.links("other")) == links[2:]

    def test_aliases_are_exactly_those_of_the_ids(self, store: SyncStore) -> None:
        record = first_save(store, link(ids={BOARDS: "7", PPM: "T-1"}))
        record = store.save(record, link(ids={BOARDS: "7", PPM: "T-2"}))
        assert [owner(store, PPM, id) for id in ("T-1", "T-2")] == [None, "boards:7"]
        record = store.save(record, link(ids={PPM: "T-1"}))
        assert [owner(store, PPM, id) for id in ("T-1", "T-2")] == ["boards:7", None]
        assert owner(store, BOARDS, "7") is None
        store.save(record, link(ids={}))
        assert owner(store, PPM, "T-1") is None
        first_save(store, link("ppm:T-1", ids={BOARDS: "7", PPM: "T-1"}))

    @pytest.mark.parametrize("state", [State.GONE, State.UNLINKED])
    def test_a_dead_link_still_owns_its_items(self, store: SyncStore, state: State) -> None:
        first_save(store, link(state=state))
        assert owner(store, BOARDS, "7") == owner(store, PPM, "T-7") == "boards:7"
        with pytest.raises(Stale):
            first_save(store, link("ppm:T-7", ids={PPM: "T-7"}))

    def test_a_released_item_changes_hands_in_one_save(self, store: SyncStore) -> None:
        """Each of two dead links gives up one item, and keeps the other."""
        dead = [
            link("boards:1", ids={BOARDS: "1", PPM: "T-1"}, state=State.UNLINKED),
            link("boards:2", ids={BOARDS: "2", PPM: "T-2"}, state=State.GONE),
        ]
        releases = tuple(first_save(store, each) for each in dead)
        fresh = link("boards:1~2", ids={BOARDS: "1", PPM: "T-2"})
        record = first_save(store, fresh, releases=releases)
        assert owner(store, BOARDS, "1") == owner(store, PPM, "T-2") == fresh.id
        assert (owner(store, PPM, "T-1"), owner(store, BOARDS, "2")) == ("boards:1", "boards:2")
        assert store.read(PAIR, "boards:1").link == replace(dead[0], ids={PPM: "T-1"})
        assert store.read(PAIR, "boards:2").link == replace(dead[1], ids={BOARDS: "2"})
        store.save(record, replace(fresh, parked="and on it goes"))

    def test_a_dead_link_is_written_over_by_one_of_its_id(self, store: SyncStore) -> None:
        """Its row is the fresh link's, and what only the dead one owned is free."""
        first_save(store, link(ids={BOARDS: "7", PPM: "T-1"}, state=State.UNLINKED))
        other = first_save(store, link("ppm:T-2", ids={PPM: "T-2"}, state=State.GONE))
        first_save(store, link(ids={BOARDS: "7", PPM: "T-2"}), releases=(other,))
        assert [owner(store, PPM, id) for id in ("T-1", "T-2")] == [None, "boards:7"]

    def test_a_release_that_was_saved_meanwhile_is_stale(self, store: SyncStore) -> None:
        seen = first_save(store, link("boards:1", ids={BOARDS: "1"}, state=State.UNLINKED))
        store.save(seen, link("boards:1", ids={BOARDS: "1"}))
        with pytest.raises(Stale):
            first_save(store, link("boards:1~2", ids={BOARDS: "1"}), conflict(), releases=(seen,))
        assert owner(store, BOARDS, "1") == "boards:1"
        assert store.read(PAIR, "boards:1").link == link("boards:1", ids={BOARDS: "1"})
        assert store.read(PAIR, "boards:1~2").link is None

    def test_ids_never_meet(self, store: SyncStore) -> None:
        awkward = (*AWKWARD_IDS, "boards:7", "boards:7~2", "boards:70", "Boards:7", "hold", "link|", "7|conflict")
        for id in awkward:
            first_save(store, link(id, ids={BOARDS: id, PPM: id}), conflict(id, why=id))
            first_save(store, link(id, pair=id, ids={PPM: id}))
            store.set_hold(id, Hold(id))
        for id in awkward:
            mine = link(id, ids={BOARDS: id, PPM: id})
            assert store.read(PAIR, id).link == mine
            assert owner(store, BOARDS, id) == owner(store, PPM, id) == id
            assert [row.why for row in store.conflicts(PAIR, id)] == [id]
            assert list(store.links(id)) == [link(id, pair=id, ids={PPM: id})]
            assert store.hold(id) == Hold(id)
        assert sorted(each.id for each in store.links(PAIR)) == sorted(awkward)

    def test_values_beyond_what_one_property_holds(self, store: SyncStore) -> None:
        description = "".join(f"<p>näher am Ziel {number * 7919}</p>" for number in range(10_000))
        assert len(description.encode()) > 4 * 64 * 1024
        intent = Intent({TITLE: FieldIntent({BOARDS: description, PPM: None}, {PPM: description})})
        tags = {TITLE: {BOARDS: "; ".join(f"tag {number}" for number in range(9_000)), PPM: []}}
        lost = conflict(values={BOARDS: description, PPM: description[::-1]})
        large = link(intent=intent, baseline=tags)
        record = first_save(store, large, lost)
        assert record.link == store.read(PAIR, "boards:7").link == large
        assert list(store.conflicts(PAIR, "boards:7")) == [lost]
        store.save(record, link())
        assert store.read(PAIR, "boards:7").link == link()

    def test_conflicts_come_oldest_first(self, store: SyncStore) -> None:
        rows = [conflict(f"{number}", at=NOW + timedelta(seconds=at)) for number, at in enumerate((3, 1, 2, 1))]
        record = first_save(store, link(), *rows[:2])
        store.save(record, link(), rows[2:])
        first_save(store, link("boards:70", ids={}), conflict(why="another link's"))
        assert list(store.conflicts(PAIR, "boards:7")) == [rows[1], rows[3], rows[2], rows[0]]

    def test_a_conflict_is_kept_once_by_its_id(self, store: SyncStore) -> None:
        row = conflict(status=ConflictStatus.OPEN)
        record = first_save(store, link(), row, replace(row, why="said again in one save"))
        assert [each.why for each in store.conflicts(PAIR, "boards:7")] == ["said again in one save"]
        store.save(record, link(), [replace(row, status=ConflictStatus.CLOSED)])
        assert list(store.conflicts(PAIR, "boards:7")) == [replace(row, status=ConflictStatus.CLOSED)]

    def test_conflicts_alone_make_a_save(self, store: SyncStore) -> None:
        seen = first_save(store, link())
        store.save(seen, link(), [conflict()])
        assert list(store.conflicts(PAIR, "boards:7")) == [conflict()]
        with pytest.raises(Stale):
            store.save(seen, link())

    def test_150_conflicts_are_saved_together(self, store: SyncStore) -> None:
        rows = [conflict(f"{number}", at=NOW + timedelta(seconds=number)) for number in range(150)]
        assert first_save(store, link(), *rows).link == link()
        assert list(store.conflicts(PAIR, "boards:7")) == rows

    def test_the_history_is_read_newest_first_and_on_from_any_place(self, store: SyncStore) -> None:
        writes = [write(f"{n}", at=NOW + timedelta(seconds=n)) for n in range(3)]
        record = first_save(store, link())
        store.save(record, link(), writes=writes)
        places, told = zip(*store.history(PAIR), strict=True)
        assert list(told) == writes[::-1]
        assert [each for _, each in store.history(PAIR, after=places[1])] == [writes[0]]
        assert list(store.history("other")) == []

    def test_the_history_of_one_link_or_of_one_plan(self, store: SyncStore) -> None:
        planned, by_itself = write("1", asked=Asked("p'1", "Ada")), write("2", before=["a"], after={"b": None})
        other = write("3", link="boards:8", asked=Asked("p'1"))
        store.save(first_save(store, link()), link(), writes=[planned, by_itself])
        first_save(store, another := link("boards:8", ids={BOARDS: "8"}))
        store.save(store.read(PAIR, "boards:8"), another, writes=[other])
        assert {each.id for _, each in store.history(PAIR, link="boards:7")} == {"1", "2"}
        assert {each.id for _, each in store.history(PAIR, plan="p'1")} == {"1", "3"}
        assert [each for _, each in store.history(PAIR, plan="p'1", link="boards:7")] == [planned]

    @pytest.mark.parametrize(
        ("more", "out_of_step"),
        [
            ({}, False),
            ({"state": State.CREATING}, True),
            ({"intent": Intent()}, True),
            ({"parked": "VS403507: field is required"}, True),
            ({"doomed": True}, True),
            ({"missing": {PPM: 1}}, True),
            ({"refusals": 1}, True),
            ({"state": State.GONE, "deleted": (BOARDS, PPM)}, False),
            ({"state": State.UNLINKED}, False),
            ({"state": State.UNLINKED, "intent": Intent()}, False),
            ({"state": State.UNLINKED, "parked": "ask Jo"}, True),
            ({"open": {TITLE: "c1"}, "lease_owner": "somebody", "lease_until": NOW, "approved": True}, False),
        ],
    )
    def test_unsettled_is_what_is_not_in_step(self, store: SyncStore, more: dict[str, Any], out_of_step: bool) -> None:
        record = first_save(store, link(**more), conflict())
        assert list(store.unsettled(PAIR)) == [link(**more)] * out_of_step
        assert list(store.unsettled("other")) == []
        store.save(record, link())
        assert list(store.unsettled(PAIR)) == []

    def test_a_released_link_stays_as_unsettled_as_it_was(self, store: SyncStore) -> None:
        seen = first_save(store, link(state=State.UNLINKED, parked="ask Jo"))
        first_save(store, link("boards:7~2", ids={BOARDS: "7"}), releases=(seen,))
        assert [each.id for each in store.unsettled(PAIR)] == ["boards:7"]

    def test_a_pair_is_held_until_it_is_let_go(self, store: SyncStore) -> None:
        assert store.hold(PAIR) is None
        store.set_hold(PAIR, None)
        many = Hold("half of all items are gone", tuple(f"boards:{number}" for number in range(10_000)), NOW)
        for hold in (Hold("why"), many, Hold("another reason", ("boards:1",), NOW)):
            store.set_hold(PAIR, hold)
            assert store.hold(PAIR) == hold
            assert store.hold("other") is None
        first_save(store, link())
        assert list(store.links(PAIR)) == [link()], "a hold is no link"
        store.set_hold(PAIR, None)
        assert store.hold(PAIR) is None


class TestLooks:
    @pytest.fixture
    def queue(self, stores: Account | None) -> Iterator[tuple[Looks, Callable[[], Hint | Look | None]]]:
        """The port, and how the other end takes the next message that is due."""
        if stores is None:
            looks = MemoryLooks(lambda: NOW)
            yield looks, looks.take
            return
        with stores.queues.get_queue_client("reconcile", message_decode_policy=TextBase64DecodePolicy()) as client:

            def take() -> Hint | Look | None:
                if (message := client.receive_message()) is None:
                    return None
                client.delete_message(message)
                return decode(message.content)

            yield QueueLooks(stores.queues), take

    @pytest.mark.parametrize(
        "look",
        [
            *(Look(id, BOARDS, id) for id in AWKWARD_IDS),
            Look(PAIR, PPM, "T-7", retry=True),
            Look(PAIR, link="boards:7", swept=True),
            Look(PAIR, link="boards:7", retry=True, swept=True),
            Look(""),
        ],
    )
    def test_a_look_arrives(self, queue: Any, look: Look) -> None:
        looks, take = queue
        looks.send(look)
        found = take()
        assert found == look
        assert found.side is look.side
        assert take() is None

    def test_a_delayed_look_is_not_due_yet(self, queue: Any) -> None:
        looks, take = queue
        looks.send(Look(PAIR, BOARDS, "later"), delay_seconds=0.3)
        looks.send(Look(PAIR, BOARDS, "much later"), delay_seconds=10**9)
        looks.send(Look(PAIR, BOARDS, "now"))
        assert take() == Look(PAIR, BOARDS, "now")
        assert take() is None


class TestRows:
    """Table Storage alone: rows, calls, races, and what a person may have done to the table."""

    @pytest.fixture
    def store(self, account: Account) -> TableSyncStore:
        return TableSyncStore(account.tables)

    def test_rows_say_what_they_are(self, store: TableSyncStore, account: Account) -> None:
        first_save(store, link("boards:a/7", "a/b", {BOARDS: "a/7", PPM: "T 7"}, parked="ask Jo"), conflict())
        store.set_hold("a/b", Hold("why"))
        found = {row["RowKey"]: row for row in account.tables.get_table_client("pairs").list_entities()}
        digest = "d0f631ca1ddba8db3bcfcb9e057cdc98d0379f1bee00e75a545147a27dadd982"
        assert {row["PartitionKey"] for row in found.values()} == {"a=2Fb"}
        assert list(found) == [
            "boards|a=2F7",
            f"conflict|boards=3Aa=2F7|{digest}",
            "hold",
            "link|boards=3Aa=2F7",
            "ppm|T=207",
        ]
        assert found["boards|a=2F7"]["link_id"] == found["ppm|T=207"]["link_id"] == "boards:a/7"
        assert found["link|boards=3Aa=2F7"]["unsettled"] is True
        assert json.loads(found["link|boards=3Aa=2F7"]["document"])["ids"] == {"boards": "a/7", "ppm": "T 7"}

    def test_every_operation_is_one_call_and_the_way_from_an_item_two(
        self, store: TableSyncStore, calls: list[str]
    ) -> None:
        seen = first_save(store, link("boards:1", ids={BOARDS: "1", PPM: "T-1"}, state=State.UNLINKED))
        record = store.read(PAIR, "boards:7")
        calls.clear()
        store.save(record, link(ids={BOARDS: "7", PPM: "T-1"}), [conflict(), conflict("c2")], [seen])
        assert calls == ["POST"]
        steps: tuple[tuple[Callable[[], object], int], ...] = (
            (lambda: store.read(PAIR, "boards:7"), 1),
            (lambda: store.of_item(PAIR, BOARDS, "7"), 2),
            (lambda: store.of_item(PAIR, BOARDS, "8"), 1),
            (lambda: list(store.links(PAIR)), 1),
            (lambda: list(store.unsettled(PAIR)), 1),
            (lambda: list(store.conflicts(PAIR, "boards:7")), 1),
            (lambda: store.hold(PAIR), 1),
        )
        for step, cost in steps:
            calls.clear()
            step()
            assert len(calls) == cost

    def test_links_are_read_page_after_page(self, store: TableSyncStore, account: Account, calls: list[str]) -> None:
        table = Table(account.tables, "pairs")
        document = json.dumps({"id": "x", "pair": PAIR, "state": "synced", "origin": "ppm", "marker": "", "ids": {}})
        rows = [{"PartitionKey": PAIR, "RowKey": f"link|{n:04}", "document": document} for n in range(1_200)]
        for start in range(0, len(rows), 100):
            table.transact([("create", row) for row in rows[start : start + 100]])
        calls.clear()
        found = store.links(PAIR)
        next(found)
        assert calls == ["GET"]
        assert sum(1 for _ in found) == 1_199
        assert calls == ["GET", "GET"]

    @pytest.mark.parametrize("same_link", [True, False], ids=["one link", "one item"])
    def test_of_eight_writers_one_wins(self, store: TableSyncStore, same_link: bool) -> None:
        first_save(store, link("boards:1", ids={BOARDS: "1"}))

        def attempt(number: int) -> str | None:
            fresh = link("ppm:x" if same_link else f"ppm:{number}", ids={PPM: "x"}, lease_owner=f"worker {number}")
            try:
                store.save(SyncRecord(PAIR, fresh.id, None), fresh)
            except Stale:
                return None
            return fresh.lease_owner

        (winner,) = [worker for worker in at_once(8, attempt) if worker]
        found = store.of_item(PAIR, PPM, "x")
        assert found is not None
        assert found.link is not None
        assert found.link.lease_owner == winner
        assert len(list(store.links(PAIR))) == 2

    def test_an_item_that_changes_hands_while_it_is_looked_up_is_looked_up_again_later(
        self, store: TableSyncStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The reader has seen the alias; before it reads that link, another takes the item over."""
        seen = first_save(store, link("boards:1", ids={BOARDS: "1"}, state=State.UNLINKED))
        read = TableSyncStore.read

        def overtaken(self: TableSyncStore, pair: str, link_id: str) -> SyncRecord:
            monkeypatch.undo()
            first_save(store, link("boards:1~2", ids={BOARDS: "1"}), releases=(seen,))
            return read(self, pair, link_id)

        monkeypatch.setattr(TableSyncStore, "read", overtaken)
        with pytest.raises(RetryLater, match="boards 1 has just left link boards:1"):
            store.of_item(PAIR, BOARDS, "1")
        assert owner(store, BOARDS, "1") == "boards:1~2"

    def test_dying_among_many_conflicts_logs_too_much_rather_than_too_little(
        self, store: TableSyncStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows = [conflict(f"{number}") for number in range(110)]
        record = first_save(store, link())
        with monkeypatch.context() as patched, pytest.raises(RetryLater):

            def dies(partition: Partition, operations: object) -> None:
                raise RetryLater("died", 0)

            patched.setattr(Partition, "transact", dies)
            store.save(record, link(intent=Intent()), rows)
        assert store.read(PAIR, "boards:7").link == link(), "nothing is written over without its rows"
        store.save(record, link(intent=Intent()), rows)
        assert len(list(store.conflicts(PAIR, "boards:7"))) == 110

    @pytest.mark.parametrize("told", [RetryLater("no answer", 5), Stale("repeated, and refused")], ids=type)
    def test_a_save_under_a_lease_of_which_only_the_answer_was_lost_is_a_save(
        self, store: TableSyncStore, monkeypatch: pytest.MonkeyPatch, told: Exception
    ) -> None:
        record = first_save(store, link())
        with monkeypatch.context() as patched:
            patched.setattr(Partition, "transact", unheard(told))
            saved = store.save(record, everything(), [conflict()])
        assert saved == store.read(PAIR, "boards:7")
        assert store.save(saved, link()).link == link()

    def test_a_save_that_did_not_happen_is_none_though_the_link_is_as_it_was(
        self, store: TableSyncStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record = first_save(store, everything())
        with monkeypatch.context() as patched, pytest.raises(RetryLater):
            patched.setattr(Partition, "transact", unheard(RetryLater("no answer", 5), happens=False))
            store.save(record, everything(), [conflict()])
        assert list(store.conflicts(PAIR, "boards:7")) == []


class TestMessages:
    """A hint and a look wait in one queue."""

    def test_neither_is_taken_for_the_other(self, account: Account) -> None:
        QueueHints(account.queues).send(Hint("snow", "T1"))
        QueueLooks(account.queues).send(Look("snow", PPM, "T1"))
        with account.queues.get_queue_client("reconcile", message_decode_policy=TextBase64DecodePolicy()) as client:
            found = [decode(message.content) for message in client.receive_messages()]
        assert found == [Hint("snow", "T1"), Look("snow", PPM, "T1")]

    def test_of_many_a_few_are_in_hand(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(queues, "HANDED_OUT_AT_ONCE", 5)
        sent: list[Look] = []

        class Sending(QueueLooks):
            def send(self, look: Look, delay_seconds: float = 0) -> None:
                sent.append(look)

        def many() -> Iterator[Look]:
            for number in range(42):
                assert number - len(sent) <= 5, "those that wait are held in memory"
                yield Look(PAIR, BOARDS, str(number))

        assert Sending(account.queues).send_all(many()) == 42
        assert len(set(sent)) == 42

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('{"pair":"rollout","side":"boards","item":"7"}', Look(PAIR, BOARDS, "7")),
            ('{"pair":"rollout","link":"ppm:1","swept":true,"more":1}', Look(PAIR, link="ppm:1", swept=True)),
            ('{"pair":"rollout","retry":"true"}', Look(PAIR)),
            ('{"connection":"snow","ticket":"T1","retry":true}', Hint("snow", "T1", retry=True)),
        ],
    )
    def test_decoded(self, text: str, message: Hint | Look) -> None:
        assert decode(text) == message

    @pytest.mark.parametrize(
        "text",
        ['{"pair":7}', '{"pair":"rollout","side":"left"}', '{"pair":"rollout","item":7}', '{"link":"ppm:1"}'],
    )
    def test_what_is_no_look_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"not a hint|not a valid SideName"):
            decode(text)
