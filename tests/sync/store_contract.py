"""What every implementation of `SyncStore` keeps, as one test class; a subclass gives the fixture `store`, empty."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.errors import Stale
from shared.links import Conflict, ConflictStatus, FieldIntent, Hold, Intent, ParentIntent, SyncLink, SyncState
from shared.ports import SyncStore
from shared.sync.rules import BOARDS, PPM

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ODD = "a/b\\c#d?e f%ü"
LINK = SyncLink(
    id=f"boards:{ODD}",
    pair="plan",
    state=SyncState.SYNCED,
    origin=BOARDS,
    marker="https://boardbridge.example/x",
    ids={BOARDS: ODD, PPM: "9"},
    baseline={"Title = Name": {BOARDS: "a", PPM: None}, "Tags = Labels": {BOARDS: "a; b", PPM: ["a", "b"]}},
    parents={BOARDS: "boards:2", PPM: ""},
    versions={BOARDS: "4", PPM: ""},
)
ROW = Conflict("1", LINK.id, "Title = Name", PPM, {BOARDS: "a", PPM: ["b"]}, "boards", "boards wins", NOON)


class SyncStoreContract:
    @pytest.fixture
    @abstractmethod
    def store(self) -> SyncStore: ...

    def put(self, store: SyncStore, link: SyncLink) -> SyncLink:
        saved = store.save(store.read(link.pair, link.id), link).link
        assert saved is not None
        return saved

    def test_nothing_is_known_of_what_was_never_saved(self, store: SyncStore) -> None:
        assert store.read("plan", LINK.id).link is None
        assert store.of_item("plan", BOARDS, ODD) is None
        assert (list(store.links("plan")), list(store.conflicts("plan", LINK.id))) == ([], [])
        assert store.hold("plan") is None

    def test_a_link_comes_back_as_it_was_saved(self, store: SyncStore) -> None:
        intent = Intent(
            {"Title = Name": FieldIntent({BOARDS: "a", PPM: 1.5}, {PPM: ["x"]})},
            ParentIntent({BOARDS: "", PPM: "boards:2"}, {PPM: ""}),
            PPM,
        )
        full = replace(LINK, intent=intent, attempted_at=NOON, lease_until=NOON, missing={PPM: 2}, deleted=(PPM,))
        assert self.put(store, full) == full
        assert store.read("plan", LINK.id).link == full
        assert list(store.links("plan")) == [full]

    def test_a_link_is_found_by_either_item(self, store: SyncStore) -> None:
        self.put(store, LINK)
        for side, item in LINK.ids.items():
            found = store.of_item("plan", side, item)
            assert found is not None
            assert found.link == LINK
        assert store.of_item("plan", PPM, ODD) is None
        assert store.of_item("other", BOARDS, ODD) is None

    def test_one_of_two_saves_over_the_same_read_is_stale(self, store: SyncStore) -> None:
        first, second = store.read("plan", LINK.id), store.read("plan", LINK.id)
        store.save(first, LINK)
        with pytest.raises(Stale):
            store.save(second, replace(LINK, parked="too late"))
        with pytest.raises(Stale):
            store.save(first, replace(LINK, parked="too late"))
        assert store.read("plan", LINK.id).link == LINK

    def test_what_a_save_returns_can_be_saved_over(self, store: SyncStore) -> None:
        record = store.save(store.read("plan", LINK.id), LINK)
        found = store.of_item("plan", PPM, "9")
        assert store.save(record, replace(LINK, parked="why")).link == replace(LINK, parked="why")
        assert found is not None
        with pytest.raises(Stale):
            store.save(found, LINK)

    def test_an_item_belongs_to_one_link(self, store: SyncStore) -> None:
        self.put(store, LINK)
        thief = replace(LINK, id="ppm:9")
        with pytest.raises(Stale):
            store.save(store.read("plan", thief.id), thief, [replace(ROW, link=thief.id)])
        assert store.read("plan", thief.id).link is None
        assert list(store.conflicts("plan", thief.id)) == []

    def test_an_item_that_a_link_gives_up_is_free(self, store: SyncStore) -> None:
        record = store.save(store.read("plan", LINK.id), LINK)
        store.save(record, replace(LINK, ids={BOARDS: ODD, PPM: "10"}))
        assert store.of_item("plan", PPM, "9") is None
        self.put(store, replace(LINK, id="ppm:9", ids={PPM: "9"}))

    def test_a_dead_link_gives_up_what_it_shares_with_a_new_one(self, store: SyncStore) -> None:
        dead = store.save(store.read("plan", LINK.id), replace(LINK, state=SyncState.UNLINKED))
        fresh = replace(LINK, id="boards:7", ids={BOARDS: "7", PPM: "9"})
        store.save(store.read("plan", fresh.id), fresh, releases=[dead])
        owner = store.of_item("plan", PPM, "9")
        left = store.read("plan", LINK.id).link
        assert owner is not None
        assert left is not None
        assert (owner.link_id, left.ids) == ("boards:7", {BOARDS: ODD})
        with pytest.raises(Stale):
            store.save(store.read("plan", "boards:8"), replace(fresh, id="boards:8", ids={PPM: "11"}), releases=[dead])

    def test_conflicts_are_saved_with_their_link_and_by_their_id(self, store: SyncStore) -> None:
        later = replace(ROW, id="0", at=NOON.replace(hour=13), loser=None, status=ConflictStatus.OPEN)
        record = store.save(store.read("plan", LINK.id), LINK, [later, ROW])
        closed = replace(later, status=ConflictStatus.CLOSED)
        store.save(record, LINK, [closed])
        assert list(store.conflicts("plan", LINK.id)) == [ROW, closed]

    @pytest.mark.parametrize(
        "unsettle",
        [
            lambda link: replace(link, state=SyncState.CREATING),
            lambda link: replace(link, intent=Intent()),
            lambda link: replace(link, parked="why"),
            lambda link: replace(link, doomed=True),
            lambda link: replace(link, missing={PPM: 1}),
            lambda link: replace(link, refusals=1),
        ],
    )
    def test_what_is_not_in_step_is_listed(self, store: SyncStore, unsettle: Callable[[SyncLink], SyncLink]) -> None:
        self.put(store, LINK)
        self.put(store, unsettle(replace(LINK, id="boards:2", ids={BOARDS: "2"})))
        assert [link.id for link in store.unsettled("plan")] == ["boards:2"]

    def test_a_pair_is_held_and_let_go(self, store: SyncStore) -> None:
        hold = Hold("6 of 20 items were deleted", (LINK.id,), NOON)
        store.set_hold("plan", hold)
        assert (store.hold("plan"), store.hold("other")) == (hold, None)
        store.set_hold("plan", None)
        assert store.hold("plan") is None
