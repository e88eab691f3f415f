"""What people and hints ask of the service, one link at a time, in a world where nothing goes wrong."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import Park, Refused
from shared.links import Asked, ConflictStatus, Copy, Look, SyncLink, SyncState
from shared.model import FieldType as T
from shared.model import Item, SideName
from shared.sync import create, plan, sweep
from shared.sync.hand import Outcome, Timing
from shared.sync.history import CREATED
from shared.sync.plan import Request, Scope
from shared.sync.rules import (
    BOARDS,
    PPM,
    SIDES,
    DeletePolicy,
    End,
    FieldRule,
    HierarchyRule,
    PairRules,
    Policy,
    ValueMap,
    other,
)
from shared.sync.service import SyncService
from tests.memory.sides import MemorySide, Traits
from tests.memory.storage import MemoryCursors, OnCall, undisturbed
from tests.memory.sync_storage import MemoryLooks, MemorySyncStore

PAIR = "plan"
WORDS = {"New": "todo", "Closed": "done"}
STEPS = {"Open": "todo", "Done": "done"}
TITLE = FieldRule("title", End("Title", T.TEXT), End("Name", T.TEXT), policy=Policy.ASK)
STATE = FieldRule(
    "state",
    End("State", T.STATE, words=ValueMap(WORDS, {c: w for w, c in WORDS.items()})),
    End("Step", T.PICKLIST, words=ValueMap(STEPS, {c: w for w, c in STEPS.items()})),
    policy=Policy.BOARDS,
)
RULES = PairRules(
    PAIR,
    (TITLE, STATE),
    hierarchy=HierarchyRule(policy=Policy.BOARDS),
    deletes=DeletePolicy.BIN,
    kinds={BOARDS: {"Story": "Task"}, PPM: {"Task": "Story"}},
)
KEYS = {BOARDS: ("Title", "State"), PPM: ("Name", "Step")}


class Office:
    """A service over two sides in memory; `on_call` hears of all that is asked of its store."""

    def __init__(self, rules: PairRules = RULES, on_call: OnCall = undisturbed, **traits: Traits) -> None:
        self.rules = rules
        self.now = datetime(2026, 3, 2, 8, tzinfo=UTC)
        self.calls: Counter[str] = Counter()
        count = lambda name: self.calls.update([name])  # noqa: E731
        self.sides = {s: MemorySide(s, lambda: self.now, count, traits.get(str(s), Traits())) for s in SIDES}
        self.store = MemorySyncStore(on_call)
        self.looks = MemoryLooks(lambda: self.now)
        self.service = SyncService(
            store=self.store,
            looks=self.looks,
            cursors=MemoryCursors(),
            rules=lambda pair: self.rules,
            doors=lambda pair: self.sides,
            clock=lambda: self.now,
            new_id=lambda: "worker",
            timing=Timing(),
            address="https://boardbridge.example",
        )

    def add(self, side: SideName, title: str, state: str = "", parent: str | None = None) -> str:
        kind = {BOARDS: "Story", PPM: "Task"}[side]
        return self.sides[side].add(kind, dict(zip(KEYS[side], (title, state or None), strict=True)), parent)

    def linked(self, title: str = "a", state: str = "New") -> SyncLink:
        """A work item with its copy in the PPM tool."""
        (id,) = self.service.create(PAIR, BOARDS, [self.add(BOARDS, title, state)])
        self.work()
        return self.link(id)

    def link(self, id: str) -> SyncLink:
        return self.store.of(PAIR).links[id]

    def look(self, link: SyncLink, **more: bool) -> Outcome:
        return self.service.handle(Look(PAIR, link=link.id, **more))

    def work(self, hours: float = 0.5) -> list[Outcome]:
        """Follow every hint that is due within a while."""
        until, outcomes = self.now + timedelta(hours=hours), []
        while (due := self.looks.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            look = self.looks.take()
            assert look is not None, "it is due"
            outcomes.append(self.service.handle(look))
        return outcomes

    def sweep(self) -> None:
        self.service.sweep(PAIR)
        self.work()

    def shown(self, link: SyncLink) -> dict[SideName, tuple[object, ...]]:
        things = {side: self.sides[side].things[link.ids[side]] for side in SIDES}
        return {side: tuple(thing.fields.get(key) for key in KEYS[side]) for side, thing in things.items()}

    def parents(self, link: SyncLink) -> tuple[str | None, ...]:
        return tuple(self.sides[side].things[link.ids[side]].parent for side in SIDES)

    def writes(self) -> int:
        return sum(side.writes for side in self.sides.values())

    def conflicts(self, link: SyncLink) -> list[tuple[str, ConflictStatus]]:
        return [(row.rule, row.status) for row in self.store.conflicts(PAIR, link.id)]


@pytest.fixture
def office() -> Office:
    return Office()


# ---------------------------------------------------------------- in step


def test_a_copy_says_what_its_origin_says_in_its_own_words(office: Office):
    link = office.linked("a", "Closed")
    assert link.state is SyncState.SYNCED
    assert office.shown(link) == {BOARDS: ("a", "Closed"), PPM: ("a", "Done")}


def test_a_second_look_writes_and_saves_nothing(office: Office):
    link = office.linked()
    before, versions = office.writes(), dict(office.store.of(PAIR).versions)
    assert office.look(link) is Outcome.UNCHANGED
    assert (office.writes(), office.store.of(PAIR).versions) == (before, versions)


def test_each_side_may_change_another_field(office: Office):
    link = office.linked()
    office.sides[BOARDS].edit(link.ids[BOARDS], {"Title": "b"})
    office.sides[PPM].edit(link.ids[PPM], {"Step": "Done"})
    assert office.look(link) is Outcome.UPDATED
    assert office.shown(link) == {BOARDS: ("b", "Closed"), PPM: ("b", "Done")}
    assert office.conflicts(link) == []


def test_a_question_is_logged_once_and_closes_when_the_sides_agree(office: Office):
    link = office.linked()
    office.sides[BOARDS].edit(link.ids[BOARDS], {"Title": "b", "State": "Closed"})
    office.sides[PPM].edit(link.ids[PPM], {"Name": "c"})
    office.look(link)
    office.look(link)
    assert office.shown(link) == {BOARDS: ("b", "Closed"), PPM: ("c", "Done")}, "other fields go on"
    assert office.conflicts(link) == [(TITLE.key, ConflictStatus.OPEN)]
    office.sides[BOARDS].edit(link.ids[BOARDS], {"Title": "c"})
    office.look(link)
    assert office.conflicts(link) == [(TITLE.key, ConflictStatus.CLOSED)]
    assert office.link(link.id).open == {}


def test_a_value_that_nobody_has_mapped_parks_its_field_and_no_other(office: Office):
    link = office.linked()
    office.sides[BOARDS].edit(link.ids[BOARDS], {"Title": "b", "State": "Waiting"})
    assert office.look(link) is Outcome.PARKED
    assert office.shown(link)[PPM] == ("b", "Open")
    assert "'Waiting' in State is not in the value map" in office.link(link.id).parked
    office.sides[BOARDS].edit(link.ids[BOARDS], {"State": "Closed"})
    office.look(link)
    assert office.link(link.id).parked == ""


def test_what_a_side_takes_and_ignores_is_told_and_not_repeated():
    office = Office(ppm=Traits(derived=frozenset({"Step"})))
    link = office.linked()
    office.add(PPM, "child", parent=link.ids[PPM])
    office.sides[BOARDS].edit(link.ids[BOARDS], {"State": "Closed"})
    office.look(link)
    before = office.writes()
    assert office.look(link) is Outcome.UNCHANGED
    assert office.writes() == before
    assert office.conflicts(link) == [(STATE.key, ConflictStatus.REFUSED)]


def test_what_a_side_refuses_is_not_tried_again_until_something_changes():
    office = Office(ppm=Traits(forbidden=("nonsense",)))
    link = office.linked()
    office.sides[BOARDS].edit(link.ids[BOARDS], {"Title": "nonsense"})
    assert office.look(link) is Outcome.PARKED
    assert office.link(link.id).parked == "'nonsense' is not allowed in Name"
    calls = office.calls["before ppm.update"]
    assert office.look(link) is Outcome.PARKED
    assert office.calls["before ppm.update"] == calls
    office.look(link, retry=True)
    assert office.calls["before ppm.update"] == calls + 1
    office.sides[BOARDS].edit(link.ids[BOARDS], {"Title": "sense"})
    assert office.look(link) is Outcome.UPDATED


def test_an_item_that_is_not_found_three_times_is_parked_and_found_again(office: Office):
    link = office.linked()
    office.sides[PPM].things[link.ids[PPM]].hidden = True
    assert [office.look(link) for _ in range(3)] == [Outcome.POSTPONED, Outcome.POSTPONED, Outcome.PARKED]
    office.sides[PPM].things[link.ids[PPM]].hidden = False
    office.look(link)
    assert (office.link(link.id).parked, office.link(link.id).missing) == ("", {})


def test_an_older_answer_than_the_last_is_not_planned_on(office: Office):
    link = office.linked()
    record = office.store.read(PAIR, link.id)
    office.store.save(record, replace(link, versions={**link.versions, BOARDS: "99"}))
    assert office.look(link) is Outcome.POSTPONED


def test_no_write_is_begun_on_a_lease_about_to_end(office: Office):
    """Storage that is slow to save the intent uses up the lease: somebody else may have it by then."""
    link = office.linked()
    office.sides[BOARDS].edit(link.ids[BOARDS], {"Title": "b"})
    save = office.store.save

    def slow_save(*args, **more):
        saved = save(*args, **more)
        office.now += timedelta(seconds=100)
        return saved

    office.store.save = slow_save
    assert office.look(link) is Outcome.POSTPONED
    assert office.calls["before ppm.update"] == 0
    office.store.save = save
    office.work()
    assert office.shown(link)[PPM] == ("b", "Open")


# ---------------------------------------------------------------- the hierarchy


def test_copies_of_a_tree_stand_as_their_origins_do(office: Office):
    epic = office.add(BOARDS, "epic")
    story = office.add(BOARDS, "story", parent=epic)
    links = [office.link(id) for id in office.service.create(PAIR, BOARDS, [story, epic])]
    office.work()
    child, top = (office.link(link.id) for link in links)
    assert office.parents(child) == (epic, top.ids[PPM])


def test_crossing_moves_end_where_the_policy_says():
    office = Office()
    a, b = office.linked("a"), office.linked("b")
    office.sides[BOARDS].move(a.ids[BOARDS], b.ids[BOARDS])
    office.sides[PPM].move(b.ids[PPM], a.ids[PPM])
    for link in (a, b, a, b):
        office.look(link)
    office.work()
    assert office.parents(a) == (b.ids[BOARDS], b.ids[PPM])
    assert office.parents(b) == (None, None)
    assert office.conflicts(b) == [("parent", ConflictStatus.LOGGED)]


def test_a_move_that_never_fits_is_parked_and_tried_again_by_sweeps(office: Office):
    a, b = office.linked("a"), office.linked("b")
    outsider = office.add(PPM, "not linked", parent=a.ids[PPM])
    office.sides[PPM].move(b.ids[PPM], outsider)
    office.sides[BOARDS].move(a.ids[BOARDS], b.ids[BOARDS])
    office.look(a)
    office.work()
    assert "stands under it" in office.link(a.id).parked
    office.sides[PPM].move(b.ids[PPM], None)
    office.sweep()
    assert office.parents(a) == (b.ids[BOARDS], b.ids[PPM])
    assert office.link(a.id).parked == ""


def test_a_parent_outside_the_sync_stays(office: Office):
    link = office.linked()
    outside = office.add(BOARDS, "outside")
    office.sides[BOARDS].move(link.ids[BOARDS], outside)
    assert office.look(link) is Outcome.UNCHANGED
    assert office.parents(link) == (outside, None)


# ---------------------------------------------------------------- plans


def test_exactly_the_plan_that_was_shown_is_applied(office: Office):
    link = office.linked()
    office.sides[BOARDS].edit(link.ids[BOARDS], {"Title": "b"})
    before = office.writes()
    (made,) = office.service.plan(PAIR, [link.id], Request())
    assert (made.sent(PPM), office.writes()) == ({"Name": "b"}, before)
    assert office.service.apply(Look(PAIR, link=link.id), Request(), plan.fingerprint(made)) is Outcome.UPDATED
    assert office.shown(link)[PPM] == ("b", "Open")


def test_a_plan_is_not_applied_once_an_item_has_moved(office: Office):
    link = office.linked()
    office.sides[BOARDS].edit(link.ids[BOARDS], {"Title": "new"})
    (made,) = office.service.plan(PAIR, [link.id], Request())
    office.sides[PPM].edit(link.ids[PPM], {"Name": "quicker"})
    before = office.writes()
    assert office.service.apply(Look(PAIR, link=link.id), Request(), plan.fingerprint(made)) is Outcome.MOVED
    assert office.writes() == before


def test_a_person_resolves_a_conflict_by_choosing_a_side(office: Office):
    link = office.linked()
    office.sides[BOARDS].edit(link.ids[BOARDS], {"Title": "b"})
    office.sides[PPM].edit(link.ids[PPM], {"Name": "c"})
    office.look(link)
    request = Request(Scope.FIELDS, BOARDS, frozenset({TITLE.key}))
    (made,) = office.service.plan(PAIR, [link.id], request)
    office.service.apply(Look(PAIR, link=link.id), request, plan.fingerprint(made))
    assert office.shown(link)[BOARDS] == ("c", "New")
    assert office.link(link.id).open == {}
    assert (TITLE.key, ConflictStatus.LOGGED) in office.conflicts(link)


# ---------------------------------------------------------------- creating and linking by hand


def test_what_is_chosen_goes_down_to_the_chosen_kinds(office: Office):
    epic = office.sides[BOARDS].add("Epic", {"Title": "epic"})
    story = office.add(BOARDS, "story", parent=epic)
    task = office.sides[BOARDS].add("Task", {"Title": "task"}, story)
    choose = office.service.chosen
    assert [c.item for c in choose(PAIR, BOARDS, [epic], ())] == [epic]
    assert [c.item for c in choose(PAIR, BOARDS, [epic], {"Story"})] == [epic, story]
    assert [c.item for c in choose(PAIR, BOARDS, [epic], None)] == [epic, story, task]
    assert [c.refusal for c in choose(PAIR, BOARDS, ["99"], ())] == ["not found"]


def test_creating_again_doubles_nothing(office: Office):
    link = office.linked()
    assert office.service.create(PAIR, BOARDS, [link.ids[BOARDS]]) == (link.id,)
    assert office.service.create(PAIR, PPM, [link.ids[PPM]]) == (link.id,)
    office.work()
    assert len(office.sides[PPM].things) == 1


def test_a_copy_is_made_as_the_person_said(office: Office):
    parent = office.linked("parent")
    wish = Copy(project="Fabrikam", kind="Bug", parent=parent.id)
    (id,) = office.service.create(PAIR, PPM, [office.add(PPM, "task", "Open")], wish)
    office.work()
    link = office.link(id)
    assert office.sides[BOARDS].things[link.ids[BOARDS]].kind == "Bug"
    assert office.parents(link) == (parent.ids[BOARDS], parent.ids[PPM]), "and its task follows"


def test_a_refused_copy_is_parked_and_made_once_it_may_be():
    office = Office(ppm=Traits(forbidden=("nonsense",)))
    work_item = office.add(BOARDS, "nonsense")
    (id,) = office.service.create(PAIR, BOARDS, [work_item])
    assert office.work() == [Outcome.PARKED]
    office.sides[BOARDS].edit(work_item, {"Title": "sense"})
    assert office.look(office.link(id)) is Outcome.CREATED


def test_a_copy_that_was_refused_is_made_as_it_is_wished_then():
    office = Office(ppm=Traits(forbidden=("nonsense",)))
    work_item = office.add(BOARDS, "a")
    wish = Copy(fields={"Name": "nonsense"})
    office.service.create(PAIR, BOARDS, [work_item], wish)
    assert office.work() == [Outcome.PARKED]
    (id,) = office.service.create(PAIR, BOARDS, [work_item], Copy(fields={"Name": "sense"}))
    assert office.link(id).parked == ""
    assert office.work() == [Outcome.CREATED]
    assert office.sides[PPM].things["1"].fields["Name"] == "sense"


def test_a_copy_that_was_refused_is_tried_again_when_asked_for_again():
    office = Office(ppm=Traits(forbidden=("a",)))
    work_item = office.add(BOARDS, "a")
    office.service.create(PAIR, BOARDS, [work_item])
    assert office.work() == [Outcome.PARKED]
    office.sides[PPM].traits = Traits()
    office.service.create(PAIR, BOARDS, [work_item])
    assert office.work() == [Outcome.CREATED]


def test_who_asked_for_a_copy_is_in_its_history_and_so_is_a_refusal():
    office = Office(ppm=Traits(forbidden=("nonsense",)))
    work_item = office.add(BOARDS, "a")
    for name in ("nonsense", "sense"):
        office.service.create(PAIR, BOARDS, [work_item], Copy(fields={"Name": name}, asked=Asked(by="mia@example.com")))
        office.work()
        office.now += timedelta(minutes=1)
    told = [row for _, row in office.store.history(PAIR) if row.what == CREATED]
    assert [(row.side, row.item, row.refused, row.asked.by) for row in told] == [
        (PPM, "1", "", "mia@example.com"),
        (PPM, "", "'nonsense' is not allowed in Name", "mia@example.com"),
    ]


def test_a_copy_that_is_made_anew_by_itself_was_asked_for_by_nobody(office: Office):
    work_item = office.add(BOARDS, "a")
    (id,) = office.service.create(PAIR, BOARDS, [work_item], Copy(asked=Asked(by="mia@example.com")))
    office.work()
    for side in SIDES:
        office.sides[side].delete(office.link(id).ids[side])
    office.look(office.link(id))
    office.sides[BOARDS].restore(work_item)
    office.now += timedelta(minutes=1)
    office.look(office.link(id))
    assert Outcome.CREATED in office.work()
    latest = next(row for _, row in office.store.history(PAIR) if row.what == CREATED)
    assert (latest.item, latest.asked.by) == ("2", "")


def test_another_wish_makes_no_second_copy_of_one_that_may_be_there(office: Office):
    work_item = office.add(BOARDS, "a")
    (id,) = office.service.create(PAIR, BOARDS, [work_item])
    link = office.link(id)
    office.sides[PPM].add("Task", {"Name": "a"}, markers=(link.marker,))
    record = office.store.read(PAIR, id)
    office.store.save(record, replace(link, attempted_at=office.now))
    office.service.create(PAIR, BOARDS, [work_item], Copy(fields={"Name": "b"}))
    assert Outcome.ADOPTED in office.work()
    assert len(office.sides[PPM].things) == 1


def test_two_items_are_linked_by_hand_and_their_gaps_filled(office: Office):
    id = office.service.link(PAIR, office.add(BOARDS, "b"), office.add(PPM, "c", "Done"))
    office.work()
    link = office.link(id)
    assert office.shown(link) == {BOARDS: ("b", "Closed"), PPM: ("c", "Done")}
    assert office.conflicts(link) == [(TITLE.key, ConflictStatus.OPEN)]


@pytest.mark.parametrize("act", ["create", "link"])
def test_of_two_people_who_link_one_item_the_slower_is_told_so(act: str):
    rush: list[SyncLink] = []

    def hurry(call: str) -> None:
        if call == "before sync.save" and rush:
            link = rush.pop()
            office.store.save(office.store.read(PAIR, link.id), link)

    office = Office(on_call=hurry)
    work_item, task = office.add(BOARDS, "a"), office.add(PPM, "b")
    rush.append(create.reserved("", PAIR, f"boards:{work_item}", BOARDS, work_item, Copy()))
    with pytest.raises(Refused, match="look again") as refusal:
        if act == "create":
            office.service.create(PAIR, BOARDS, [work_item])
        else:
            office.service.link(PAIR, work_item, task)
    assert refusal.value.status == 409


def test_an_item_has_one_link_and_may_get_another_after_unlinking(office: Office):
    link = office.linked()
    spare = office.add(PPM, "spare")
    with pytest.raises(Refused, match="owns one of them"):
        office.service.link(PAIR, link.ids[BOARDS], spare)
    office.service.unlink(PAIR, link.id)
    assert office.look(link) is Outcome.UNLINKED
    again = office.link(office.service.link(PAIR, link.ids[BOARDS], spare))
    assert again.ids == {BOARDS: link.ids[BOARDS], PPM: spare}
    with pytest.raises(Park, match="no living link"):
        office.service.unlink(PAIR, "boards:99")


def test_new_items_are_copied_unasked_only_where_the_rules_say(office: Office):
    id = office.add(PPM, "task")
    assert office.service.handle(Look(PAIR, PPM, id)) is Outcome.UNLINKED
    office.rules = replace(RULES, adopt=frozenset({PPM}))
    assert office.service.handle(Look(PAIR, PPM, id)) is Outcome.CREATED
    assert office.service.handle(Look(PAIR, BOARDS, "1")) is Outcome.UNCHANGED


# ---------------------------------------------------------------- deletions


@pytest.mark.parametrize("deleted", SIDES)
def test_an_untouched_item_follows_a_deleted_one_once_a_sweep_has_counted(office: Office, deleted: SideName):
    link = office.linked()
    office.linked("another")
    office.sides[deleted].delete(link.ids[deleted])
    assert office.look(link) is Outcome.DOOMED
    assert office.look(link) is Outcome.DOOMED, "a hook does not carry a deletion over"
    office.sweep()
    assert office.link(link.id).state is SyncState.GONE
    assert office.sides[other(deleted)].things[link.ids[other(deleted)]].deleted


def test_an_edit_wins_over_a_deletion_and_a_restore_brings_them_together(office: Office):
    link = office.linked()
    office.sides[BOARDS].delete(link.ids[BOARDS])
    office.sides[PPM].edit(link.ids[PPM], {"Name": "worked on"})
    assert office.look(link) is Outcome.UNLINKED
    assert office.conflicts(link) == [("deleted", ConflictStatus.LOGGED)]
    office.sides[BOARDS].restore(link.ids[BOARDS])
    office.look(link)
    assert office.shown(link)[BOARDS] == ("worked on", "New")


def test_an_item_restored_alone_gets_a_new_counterpart(office: Office):
    link = office.linked()
    office.linked("another")
    office.sides[PPM].delete(link.ids[PPM])
    office.look(link)
    office.sweep()
    office.sides[BOARDS].restore(link.ids[BOARDS])
    office.look(link)
    office.work()
    again = office.link(link.id)
    assert (again.state, again.ids[PPM] != link.ids[PPM]) == (SyncState.SYNCED, True)


def test_where_nothing_can_be_restored_nothing_is_binned():
    office = Office(ppm=Traits(bins=False))
    link = office.linked()
    office.sides[BOARDS].delete(link.ids[BOARDS])
    assert office.look(link) is Outcome.DOOMED
    office.sweep()
    assert office.link(link.id).state is SyncState.UNLINKED
    assert not office.sides[PPM].things[link.ids[PPM]].deleted


def test_many_deletions_wait_for_a_person_who_approves_the_list(office: Office):
    links = [office.linked(str(number)) for number in range(20)]
    for link in links[:6]:
        office.sides[BOARDS].delete(link.ids[BOARDS])
        office.look(link)
    office.sweep()
    hold = office.store.hold(PAIR)
    assert hold is not None
    assert hold.reason == "6 of 20 items were deleted: approve the list, or restore them"
    assert office.look(links[7]) is Outcome.POSTPONED, "the pair stands still"
    office.service.approve(PAIR, hold.links)
    office.work(hours=1)
    assert [office.link(link.id).state for link in links[:7]] == [SyncState.GONE] * 6 + [SyncState.SYNCED]


@pytest.fixture(params=[1, 7, 1000])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Links of which a sweep reads the items together."""
    monkeypatch.setattr(sweep, "LINKS_AT_ONCE", request.param)
    return request.param


def test_many_changes_at_once_wait_for_a_person(office: Office, at_once: int):
    links = [office.linked(str(number)) for number in range(30)]
    office.service.sweep(PAIR)
    office.work()
    for link in links[:25]:
        office.sides[BOARDS].edit(link.ids[BOARDS], {"State": "Closed"})
    before = office.writes()
    office.sweep()
    hold = office.store.hold(PAIR)
    assert hold is not None
    assert "25 items changed at once, of 30" in hold.reason
    assert office.writes() == before
    office.service.approve(PAIR, ())
    office.work()
    assert office.shown(links[0])[PPM] == ("0", "Done")


def test_many_items_of_the_same_links_are_one_hint_for_each_link(office: Office, at_once: int):
    links = [office.linked(str(number)) for number in range(30)]
    office.service.sweep(PAIR)
    office.work()
    for link in links[:12]:
        office.sides[BOARDS].edit(link.ids[BOARDS], {"State": "Closed"})
        office.sides[PPM].edit(link.ids[PPM], {"Name": f"Renamed {link.id}"})
    assert office.service.sweep(PAIR) == 12
    office.work()
    assert office.shown(links[0])[PPM] == (f"Renamed {links[0].id}", "Done")


def test_of_what_we_wrote_ourselves_a_sweep_reads_so_much_at_once_and_follows_nothing(
    office: Office, at_once: int, monkeypatch: pytest.MonkeyPatch
):
    """On boards it is followed all the same (H6)."""
    office.service.sweep(PAIR)
    links = [office.linked(str(number)) for number in range(30)]
    office.sides[PPM].edit(links[3].ids[PPM], {"Name": "Renamed"})
    new = office.add(PPM, "New")
    sizes: list[int] = []
    read = MemorySide.read

    def counted(side: MemorySide, ids: Collection[str], fields: Collection[str]) -> Mapping[str, Item]:
        sizes.append(len(ids))
        return read(side, ids, fields)

    monkeypatch.setattr(MemorySide, "read", counted)
    assert office.service.sweep(PAIR) == 30 + 1
    assert max(sizes) == min(at_once, 30)
    looks = {office.looks.take() for _ in range(31)}
    assert looks == {*(Look(PAIR, link=link.id) for link in links), Look(PAIR, PPM, new)}


def test_a_full_sweep_looks_at_each_link_once_and_at_what_has_none(office: Office, at_once: int):
    links = [office.linked(str(number)) for number in range(30)]
    new = {side: office.add(side, "New") for side in SIDES}
    assert office.service.sweep(PAIR, full=True) == 30 + 2
    looks = {office.looks.take() for _ in range(32)}
    assert looks == {*(Look(PAIR, link=link.id) for link in links), *(Look(PAIR, side, id) for side, id in new.items())}
