"""What every implementation of the `Side` port keeps, as one test class.

A subclass gives the fixtures `side` (its scope empty), `people`, by whom the same items are used, and `facts`: how this
side calls what the tests speak of. What a side cannot do by its own `capabilities()` is not asked of it.
"""

from abc import abstractmethod
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import pytest

from shared.errors import Circular, NotFound, Park, Refused, Stale
from shared.model import FieldType, Item, ItemChange, ItemDraft, Move, Selection
from shared.ports import Side

MARKER = "https://bridge.example/links/boards%3A12?a=1&b=2"
OTHER_MARKER = "https://bridge.example/links/boards%3A13?a=1&b=2"


@dataclass(frozen=True)
class Facts:
    """How one side calls things. `title` is the key of a text that every item has, `body` of one that may be empty.

    `kind` is that of items which may stand under one another. `values` has two values for each further field, which the
    side shows as they were written, and `types` what kind of field some are. An item cannot have `unknown_field`.
    """

    project: str
    kind: str
    title: str
    body: str
    values: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    types: Mapping[str, FieldType] = field(default_factory=dict)
    unknown_field: str = "Custom.Nothing"
    unknown_kind: str = "Saga"

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.title, self.body, *self.values)


class People(Protocol):
    """What somebody else does on the side, in its own user interface as it were."""

    def create(self, title: str) -> str:
        """A new item; its id."""
        ...

    def edit(self, id: str, fields: Mapping[str, Any]) -> None: ...

    def move(self, id: str, parent: str | None) -> None: ...

    def delete(self, id: str) -> None:
        """Into the bin where there is one, else for good."""
        ...

    def restore(self, id: str) -> None:
        """Only asked of a side with bins."""
        ...


def needs(side: Side, capability: str) -> None:
    if not getattr(side.capabilities(), capability):
        pytest.skip(f"this side has no {capability}")


def read(side: Side, id: str, *fields: str) -> Item:
    return side.read([id], fields)[id]


def news(side: Side, cursor: str | None) -> tuple[set[str], str]:
    """All of the feed after `cursor`, and where it ends now."""
    ids: set[str] = set()
    while True:
        batch = side.changed(cursor)
        ids.update(batch.ids)
        cursor = batch.cursor
        if not batch.more:
            return ids, cursor


class SideContract:
    many: ClassVar[int] = 7  # items that are read at once; more than fit into one call of the side, if that is few
    deletes_show_in_feed: ClassVar[bool] = True
    refuses_circles: ClassVar[bool] = True

    @pytest.fixture
    @abstractmethod
    def side(self) -> Side: ...

    @pytest.fixture
    @abstractmethod
    def people(self, side: Side) -> People: ...

    @pytest.fixture
    @abstractmethod
    def facts(self) -> Facts: ...

    def make(self, side: Side, facts: Facts, title: str = "Calm printers", marker: str = MARKER, **more: Any) -> Item:
        fields = {facts.title: title, **more.pop("fields", {})}
        return side.create(ItemDraft(facts.project, facts.kind, fields, marker, **more), facts.keys)

    # ---------------------------------------------------------------- the side

    def test_a_side_that_works_says_so(self, side: Side) -> None:
        side.check()

    def test_fields_are_described_by_key(self, side: Side, facts: Facts) -> None:
        fields = side.fields()
        assert {key: info.key for key, info in fields.items()} == {key: key for key in fields}
        assert set(facts.keys) <= set(fields)
        assert all(info.label for info in fields.values())
        assert fields[facts.title].type is FieldType.TEXT
        assert not any(fields[key].read_only for key in facts.keys)
        assert {key: fields[key].type for key in facts.types} == facts.types
        assert facts.unknown_field not in fields

    def test_what_new_items_can_be_is_told(self, side: Side, facts: Facts) -> None:
        kinds = side.kinds(facts.project)
        assert facts.kind in kinds
        assert facts.unknown_kind not in kinds

    def test_levels_go_down_and_have_each_kind_once(self, side: Side, facts: Facts) -> None:
        levels = side.levels(facts.project)
        ranks = [level.rank for level in levels]
        assert ranks == sorted(set(ranks), reverse=True)
        kinds = [kind for level in levels for kind in level.kinds]
        assert len(kinds) == len(set(kinds))

    @pytest.mark.parametrize("name", ["team", "iteration", "query"])
    def test_what_cannot_be_selected_is_refused_by_its_name(self, side: Side, name: str) -> None:
        with pytest.raises(Refused) as refused:
            side.select(Selection(**{name: "Nowhere"}))
        assert [path for path, _ in refused.value.faults] == [name]

    # ---------------------------------------------------------------- create and read

    def test_create_gives_the_item_as_it_can_be_read(self, side: Side, facts: Facts) -> None:
        fields = {facts.body: "It smokes"} | {key: first for key, (first, _) in facts.values.items()}
        item = self.make(side, facts, "Druckerstörung & <more>", fields=fields)

        assert item == read(side, item.id, *facts.keys)
        assert item.fields[facts.title] == "Druckerstörung & <more>"
        assert "It smokes" in item.fields[facts.body]
        assert {key: item.fields[key] for key in facts.values} == {key: fields[key] for key in facts.values}
        assert (item.project, item.kind, item.parent) == (facts.project, facts.kind, None)
        assert item.url.startswith("http")
        assert item.markers == (MARKER,)
        assert (item.read_only, item.in_bin) == ("", False)

    def test_read_gives_the_fields_that_were_asked_for(self, side: Side, facts: Facts) -> None:
        item = self.make(side, facts, fields={facts.body: "It smokes"})
        assert set(read(side, item.id, facts.title).fields) == {facts.title}
        assert read(side, item.id).fields == {}

    def test_an_empty_field_is_shown_as_empty(self, side: Side, facts: Facts) -> None:
        """Absent is what an item cannot have: of that the side has no opinion, and nothing was cleared."""
        item = self.make(side, facts)
        assert set(item.fields) == set(facts.keys)
        shown = read(side, item.id, *facts.keys, facts.unknown_field)
        assert set(shown.fields) == set(facts.keys)
        assert not shown.fields[facts.body]

    def test_the_body_does_not_show_the_marker(self, side: Side, facts: Facts) -> None:
        item = self.make(side, facts)
        assert not item.fields.get(facts.body)

    def test_many_are_read_at_once(self, side: Side, facts: Facts) -> None:
        made = {self.make(side, facts, f"Printer {n}").id: f"Printer {n}" for n in range(self.many)}
        items = side.read(made, [facts.title])
        assert {id: item.fields[facts.title] for id, item in items.items()} == made
        assert all(item.id == id for id, item in items.items())

    def test_what_is_not_there_is_missing_in_the_answer(self, side: Side, people: People, facts: Facts) -> None:
        there, gone = self.make(side, facts), people.create("Short-lived")
        people.delete(gone)
        missing = str(max(int(there.id), int(gone)) + 1000) if there.id.isdecimal() else "nothing"
        items = side.read([missing, there.id], [facts.title])
        assert set(items) == {there.id}
        assert gone not in {id for id, item in side.read([gone], []).items() if not item.in_bin}
        assert side.read([], [facts.title]) == {}

    def test_a_refused_draft_leaves_nothing_behind(self, side: Side, facts: Facts) -> None:
        unknown_field = ItemDraft(facts.project, facts.kind, {facts.title: "x", facts.unknown_field: "x"}, MARKER)
        unknown_kind = ItemDraft(facts.project, facts.unknown_kind, {facts.title: "x"}, MARKER)
        for draft, names in ((unknown_field, facts.unknown_field), (unknown_kind, facts.unknown_kind)):
            with pytest.raises(Park, match=names):
                side.create(draft, facts.keys)
        assert side.find([MARKER]) == {MARKER: ()}
        assert list(side.everything()) == []

    # ---------------------------------------------------------------- update

    def test_update_writes_exactly_the_change(self, side: Side, facts: Facts) -> None:
        first = {key: first for key, (first, _) in facts.values.items()}
        before = self.make(side, facts, fields=first | {facts.body: "kept"})
        for key, (_, second) in facts.values.items():
            after = side.update(ItemChange(before.id, before.version, {key: second}), facts.keys)
            assert after == read(side, before.id, *facts.keys)
            assert after.fields == {**before.fields, key: second}
            before = after
        after = side.update(ItemChange(before.id, before.version, {facts.title: "After"}), [facts.title])
        assert after.fields == {facts.title: "After"}
        assert read(side, before.id, *facts.keys).fields == {**before.fields, facts.title: "After"}
        assert after.markers == (MARKER,)

    def test_an_empty_value_clears(self, side: Side, facts: Facts) -> None:
        item = self.make(side, facts, fields={facts.body: "It smokes"})
        after = side.update(ItemChange(item.id, item.version, {facts.body: ""}), facts.keys)
        assert after.fields[facts.body] in (None, "")
        assert after.markers == (MARKER,)
        assert side.find([MARKER]) == {MARKER: (item.id,)}

    def test_a_change_of_nothing_writes_nothing(self, side: Side, facts: Facts) -> None:
        item = self.make(side, facts)
        _, cursor = news(side, None)
        assert side.update(ItemChange(item.id, item.version), facts.keys) == item
        assert news(side, cursor)[0] == set()

    def test_a_stale_change_writes_nothing(self, side: Side, people: People, facts: Facts) -> None:
        needs(side, "conditional_writes")
        item = self.make(side, facts)
        people.edit(item.id, {facts.title: "Somebody was first"})
        now = read(side, item.id, *facts.keys)
        assert now.version != item.version
        for change in ({facts.title: "Late"}, {facts.body: "Late"}, {facts.title: "Late", facts.body: "Late"}):
            with pytest.raises(Stale):
                side.update(ItemChange(item.id, item.version, change), facts.keys)
        assert read(side, item.id, *facts.keys) == now

    def test_a_refused_change_writes_nothing(self, side: Side, facts: Facts) -> None:
        item = self.make(side, facts)
        with pytest.raises(Park, match=facts.unknown_field):
            side.update(ItemChange(item.id, item.version, {facts.title: "x", facts.unknown_field: "x"}), facts.keys)
        assert read(side, item.id, *facts.keys) == item

    def test_what_is_gone_cannot_be_written(self, side: Side, people: People, facts: Facts) -> None:
        item = self.make(side, facts)
        people.delete(item.id)
        with pytest.raises((NotFound, Stale)):
            side.update(ItemChange(item.id, item.version, {facts.title: "Late"}), facts.keys)

    # ---------------------------------------------------------------- parents

    def test_an_item_is_made_under_its_parent(self, side: Side, facts: Facts) -> None:
        needs(side, "parents")
        parent = self.make(side, facts, "Parent")
        child = self.make(side, facts, "Child", OTHER_MARKER, parent=parent.id)
        assert child.parent == parent.id
        assert read(side, child.id, *facts.keys) == child
        assert read(side, parent.id).parent is None

    def test_items_move(self, side: Side, facts: Facts) -> None:
        needs(side, "parents")
        one, two, item = (self.make(side, facts, title) for title in ("One", "Two", "Item"))
        for parent in (one.id, two.id, None, None, one.id, one.id):
            item = side.update(ItemChange(item.id, item.version, move=Move(parent)), facts.keys)
            assert item.parent == parent
            assert read(side, item.id, *facts.keys) == item
        item = side.update(ItemChange(item.id, item.version, {facts.title: "Moved"}, Move(two.id)), facts.keys)
        assert (item.parent, item.fields[facts.title]) == (two.id, "Moved")
        assert item.markers == (MARKER,)

    def test_an_edit_leaves_the_parent_alone(self, side: Side, people: People, facts: Facts) -> None:
        needs(side, "parents")
        parent, item = self.make(side, facts, "Parent"), self.make(side, facts, "Item")
        people.move(item.id, parent.id)
        now = read(side, item.id)
        after = side.update(ItemChange(item.id, now.version, {facts.title: "After"}), facts.keys)
        assert after.parent == parent.id

    def test_a_circle_is_refused_as_such(self, side: Side, facts: Facts) -> None:
        needs(side, "parents")
        if not self.refuses_circles:
            pytest.skip("this side takes circles")
        top = self.make(side, facts, "Top")
        middle = self.make(side, facts, "Middle", parent=top.id)
        bottom = self.make(side, facts, "Bottom", parent=middle.id)
        now = read(side, top.id, *facts.keys)
        with pytest.raises(Circular):
            side.update(ItemChange(top.id, now.version, {facts.title: "x"}, Move(bottom.id)), facts.keys)
        assert read(side, top.id, *facts.keys) == now

    def test_a_parent_that_is_not_there_is_refused(self, side: Side, people: People, facts: Facts) -> None:
        needs(side, "parents")
        gone, item = people.create("Gone"), self.make(side, facts)
        people.delete(gone)
        with pytest.raises(Park) as refused:
            side.update(ItemChange(item.id, item.version, move=Move(gone)), facts.keys)
        assert not isinstance(refused.value, Circular)
        assert read(side, item.id).parent is None

    # ---------------------------------------------------------------- markers

    def test_items_are_found_by_their_marker(self, side: Side, facts: Facts) -> None:
        first, twin = self.make(side, facts), self.make(side, facts)
        other = self.make(side, facts, marker=OTHER_MARKER)
        assert side.find([OTHER_MARKER, MARKER, "https://bridge.example/none"]) == {
            MARKER: (first.id, twin.id),
            OTHER_MARKER: (other.id,),
            "https://bridge.example/none": (),
        }
        assert side.find([]) == {}

    def test_a_marker_is_looked_for_whole(self, side: Side, facts: Facts) -> None:
        self.make(side, facts, marker=MARKER + "0")
        assert side.find([MARKER]) == {MARKER: ()}

    def test_what_was_deleted_is_not_found(self, side: Side, people: People, facts: Facts) -> None:
        first, twin = self.make(side, facts), self.make(side, facts)
        people.delete(first.id)
        assert side.find([MARKER]) == {MARKER: (twin.id,)}

    # ---------------------------------------------------------------- deletes

    def test_an_item_in_the_bin_says_so_until_it_is_restored(self, side: Side, people: People, facts: Facts) -> None:
        needs(side, "bins")
        item = self.make(side, facts)
        people.delete(item.id)
        assert read(side, item.id, facts.title).in_bin
        people.restore(item.id)
        back = read(side, item.id, *facts.keys)
        assert not back.in_bin
        assert back.fields == item.fields

    def test_we_put_an_item_into_the_bin(self, side: Side, people: People, facts: Facts) -> None:
        needs(side, "bins")
        item = self.make(side, facts)
        side.put_in_bin(item.id, item.version)
        assert read(side, item.id).in_bin
        people.restore(item.id)
        assert not read(side, item.id).in_bin

    def test_an_item_that_moved_is_not_put_into_the_bin(self, side: Side, people: People, facts: Facts) -> None:
        needs(side, "bins")
        item = self.make(side, facts)
        people.edit(item.id, {facts.title: "Still in use"})
        with pytest.raises(Stale):
            side.put_in_bin(item.id, item.version)
        assert not read(side, item.id).in_bin

    def test_without_bins_nothing_is_deleted(self, side: Side, facts: Facts) -> None:
        if side.capabilities().bins:
            pytest.skip("this side has bins")
        item = self.make(side, facts)
        with pytest.raises(Park):
            side.put_in_bin(item.id, item.version)
        assert read(side, item.id, *facts.keys) == item

    # ---------------------------------------------------------------- history

    def test_history_keeps_what_an_item_was_made_as(self, side: Side, people: People, facts: Facts) -> None:
        needs(side, "history")
        item = self.make(side, facts, "First", fields={facts.body: "It smokes"})
        people.edit(item.id, {facts.title: "Second", facts.body: ""})
        people.edit(item.id, {facts.title: "Third"})
        shown = side.first_shown(item.id, facts.keys)
        assert shown is not None
        assert (shown.id, shown.fields) == (item.id, item.fields)

    def test_history_knows_what_we_wrote(self, side: Side, people: People, facts: Facts) -> None:
        needs(side, "history")
        item = self.make(side, facts, "First", fields={facts.body: "First"})
        ours = side.update(ItemChange(item.id, item.version, {facts.title: "Ours"}), facts.keys)
        people.edit(item.id, {facts.title: "Theirs", facts.body: "Theirs"})

        def written(after: str, **fields: str) -> Mapping[str, Any] | None:
            return side.written_by_us(item.id, after, {getattr(facts, name): value for name, value in fields.items()})

        assert written(item.version, title="Ours") == {facts.title: "Ours"}
        assert written(item.version, title="Ours", body="Never") == {facts.title: "Ours"}
        assert written(item.version, title="Theirs", body="Theirs") == {}
        assert written(ours.version, title="Ours") == {}

    def test_without_history_nothing_is_known_of_it(self, side: Side, facts: Facts) -> None:
        if side.capabilities().history:
            pytest.skip("this side keeps its history")
        item = self.make(side, facts)
        assert side.first_shown(item.id, facts.keys) is None
        assert side.written_by_us(item.id, item.version, {facts.title: "x"}) is None

    # ---------------------------------------------------------------- the feed

    def test_the_feed_begins_now(self, side: Side, facts: Facts) -> None:
        self.make(side, facts, "Before")
        begin = side.changed(None)
        assert (begin.ids, begin.more) == ((), False)
        item = self.make(side, facts, "After")
        assert item.id in news(side, begin.cursor)[0]

    def test_the_feed_tells_of_edits_and_of_new_items(self, side: Side, people: People, facts: Facts) -> None:
        quiet, edited = self.make(side, facts), self.make(side, facts)
        _, cursor = news(side, None)
        people.edit(edited.id, {facts.body: "Changed"})
        made = people.create("New")
        found, _ = news(side, cursor)
        assert {edited.id, made} <= found
        assert quiet.id not in found

    def test_the_feed_tells_of_moves(self, side: Side, people: People, facts: Facts) -> None:
        needs(side, "parents")
        parent, child = self.make(side, facts, "Parent"), self.make(side, facts, "Child")
        _, cursor = news(side, None)
        for above in (parent.id, None):
            people.move(child.id, above)
            found, cursor = news(side, cursor)
            assert child.id in found

    def test_the_feed_tells_of_deletes(self, side: Side, people: People, facts: Facts) -> None:
        if not self.deletes_show_in_feed:
            pytest.skip("deleted items are missed by a full listing only")
        item = self.make(side, facts)
        _, cursor = news(side, None)
        people.delete(item.id)
        found, cursor = news(side, cursor)
        assert item.id in found
        if side.capabilities().bins:
            people.restore(item.id)
            assert item.id in news(side, cursor)[0]

    def test_a_cursor_can_be_used_again(self, side: Side, people: People, facts: Facts) -> None:
        item = self.make(side, facts)
        _, cursor = news(side, None)
        people.edit(item.id, {facts.title: "After"})
        first, _ = news(side, cursor)
        again, _ = news(side, cursor)
        assert item.id in first & again

    def test_everything_is_what_lives_in_the_scope(self, side: Side, people: People, facts: Facts) -> None:
        assert list(side.everything()) == []
        made = [self.make(side, facts, f"Printer {n}").id for n in range(self.many)]
        theirs, gone = people.create("Theirs"), people.create("Gone")
        people.delete(gone)
        assert sorted(side.everything()) == sorted([*made, theirs])

    # ---------------------------------------------------------------- together

    def test_one_side_serves_many_threads(self, side: Side, facts: Facts) -> None:
        def one(number: int) -> tuple[str, str]:
            item = self.make(side, facts, f"Printer {number}")
            side.update(ItemChange(item.id, item.version, {facts.title: f"Calm printer {number}"}), facts.keys)
            return f"Calm printer {number}", read(side, item.id, facts.title).fields[facts.title]

        with ThreadPoolExecutor(8) as pool:
            assert all(wanted == got for wanted, got in pool.map(one, range(20)))
