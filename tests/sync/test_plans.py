"""Plans shown, applied and taken back, and the history of what was written, on two sides in memory."""

import pytest

from shared.errors import Refused
from shared.links import Hold, Look
from shared.sync.pairs import mapping_edits
from shared.sync.pairs.rows import Filters
from shared.sync.rules import BOARDS, PPM
from tests.memory.sides import Traits
from tests.sync.place import PAIR, Place

RENAMED, STORY = "boards:2", "2"


def renamed(**change) -> Place:
    """Two links: one was renamed on boards and moved under the other, one has nothing to do."""
    place = Place(**change)
    epic, story = place.linked("Epic", kind="Epic"), place.linked("Story")
    place.sides[BOARDS].edit(story.ids[BOARDS], {"System.Title": "Renamed"})
    place.sides[BOARDS].move(story.ids[BOARDS], epic.ids[BOARDS])
    place.later()
    return place


def values(place: Place) -> dict:
    return place.plans.plan(PAIR, "rules", "values", None, None, "ada@contoso.example")


def task(place: Place) -> tuple[str, str | None]:
    thing = place.sides[PPM].things[STORY]
    return thing.fields["Name"], thing.parent


def faults(refused) -> dict[str, str]:
    return dict(refused.value.faults)


# ---------------------------------------------------------------- shown and applied


def test_a_plan_of_values_writes_values_and_leaves_the_hierarchy_alone():
    place = renamed()
    made = values(place)
    [item] = made["items"]
    assert (item["boards"], item["fields"][0]["writes"], item["parent"]) == ("2", {"ppm": "Renamed"}, None)
    assert made["counts"] == {"writes": 1, "held": 0, "left": 0, "in_step": 1}
    assert task(place) == ("Story", None), "a plan writes nothing"
    assert place.applied(made["id"]) == {RENAMED: "updated"}
    assert task(place) == ("Renamed", None)


def test_a_plan_of_the_hierarchy_moves_and_leaves_values_alone():
    place = renamed()
    made = place.plans.plan(PAIR, "to_ppm", "hierarchy", ["boards:2"], None)
    place.applied(made["id"])
    assert task(place) == ("Story", "1")


def test_a_direction_against_what_changed_takes_the_change_back():
    place = renamed()
    made = place.plans.plan(PAIR, "to_boards", "values", ["ppm:2"], ["title"])
    place.applied(made["id"])
    assert place.sides[BOARDS].things["2"].fields["System.Title"] == "Story"


def test_a_plan_is_refused_once_an_item_has_moved_and_nothing_is_written():
    place = renamed()
    made = values(place)
    place.sides[BOARDS].edit("2", {"System.Title": "Renamed again"})
    writes = place.sides[PPM].writes
    with pytest.raises(Refused) as refused:
        place.plans.apply(PAIR, made["id"])
    assert (refused.value.status, list(faults(refused))) == (409, [RENAMED])
    place.drain()
    assert place.sides[PPM].writes == writes


def test_an_item_that_moves_only_while_the_plan_is_applied_is_left_alone():
    place = renamed()
    made = values(place)
    place.plans.apply(PAIR, made["id"])
    place.sides[BOARDS].edit("2", {"System.Title": "Renamed again"})
    place.drain()
    assert place.plans.show(PAIR, made["id"])["outcomes"] == {"moved": 1}
    assert task(place) == ("Story", None)


def test_a_plan_is_shown_as_it_was_made_with_what_became_of_it_and_applied_once():
    place = renamed()
    made = values(place)
    assert place.plans.show(PAIR, made["id"]) == made
    started = place.plans.apply(PAIR, made["id"], "ada@contoso.example")
    assert started["outcomes"] == {"waiting": 1}
    assert started["applied"]["by"] == "ada@contoso.example"
    place.drain()
    with pytest.raises(Refused, match="was applied at"):
        place.plans.apply(PAIR, made["id"])


def test_a_message_that_comes_twice_applies_nothing_twice():
    place = renamed()
    made = values(place)
    place.plans.apply(PAIR, made["id"])
    place.plans.apply(PAIR, made["id"])  # asked again: it goes on
    place.drain()
    writes = place.sides[PPM].writes
    place.upkeep.handle(Look(PAIR, link=RENAMED, plan=made["id"]))
    place.upkeep.handle(Look(PAIR, link=RENAMED, plan="no such plan"))
    assert place.sides[PPM].writes == writes
    assert place.plans.show(PAIR, made["id"])["outcomes"] == {"updated": 1}


def test_a_worker_that_dies_after_it_wrote_does_not_make_its_plan_look_moved():
    place = renamed()
    made = values(place)
    place.plans.apply(PAIR, made["id"])
    note, place.plans._plans.note = place.plans._plans.note, died
    with pytest.raises(RuntimeError):
        place.drain()
    place.plans._plans.note = note
    place.upkeep.handle(Look(PAIR, link=RENAMED, plan=made["id"]))
    assert place.plans.show(PAIR, made["id"])["outcomes"] == {"updated": 1}


def died(*_: object) -> None:
    raise RuntimeError("the worker dies here")


def test_a_pair_that_waits_applies_no_plan():
    place = renamed()
    made = values(place)
    place.store.set_hold(PAIR, Hold("too much at once"))
    with pytest.raises(Refused, match="the pair waits for a person: too much at once"):
        place.plans.apply(PAIR, made["id"])


def test_what_cannot_be_planned_is_listed_with_its_reason():
    place = renamed()
    place.sides[PPM].things[STORY].read_only = "somebody else keeps it"
    place.sides[BOARDS].delete("1")
    made = values(place)
    assert made["items"] == []
    assert [each["reason"] for each in made["held"]] == [
        "an item of link boards:1 is in the bin, or not to be found", "title: somebody else keeps it"]  # fmt: skip
    with pytest.raises(Refused, match="this plan writes nothing"):
        place.plans.apply(PAIR, made["id"])


def test_what_a_direction_leaves_alone_is_listed_with_its_reason():
    place = renamed(fields=[{"name": "title", "boards": "System.Title", "ppm": "Name", "direction": "to_ppm"}])
    made = place.plans.plan(PAIR, "to_boards", "values", None, None)
    assert made["left"] == [{"link": RENAMED, "field": "title", "why": "'title' is written on ppm only"}]


def test_what_waits_for_a_person_is_left_and_not_in_step():
    place = renamed()
    place.sides[PPM].edit(STORY, {"Name": "Another"})
    made = values(place)
    assert made["counts"] == {"writes": 0, "held": 0, "left": 1, "in_step": 1}
    assert made["left"] == [{"link": RENAMED, "field": "title", "why": "both sides changed: a person decides"}]


def test_an_unknown_field_or_plan_is_refused():
    place = renamed()
    with pytest.raises(Refused) as refused:
        place.plans.plan(PAIR, "rules", "values", None, ["colour"])
    assert faults(refused) == {"fields": "'colour' is not an active field of the pair: title, state"}
    with pytest.raises(Refused, match="has no plan 'x'"):
        place.plans.show(PAIR, "x")


def test_a_plan_takes_as_many_links_as_there_are_and_is_shown_page_by_page():
    place = Place()
    links = [place.linked(f"Item {n}") for n in range(25)]
    for link in links:
        place.sides[BOARDS].edit(link.ids[BOARDS], {"System.State": "Active"})
    calls: list[str] = []
    place.sides[PPM]._on_call = calls.append
    made = values(place)
    assert calls.count("before ppm.read") == 1, "all are read together"
    seen, after = [], ""
    while after is not None:
        page = place.plans.show(PAIR, made["id"], 10, after)
        seen += (item["link"] for item in page["items"])
        after = page["next"]
    assert sorted(seen) == sorted(link.id for link in links)


# ---------------------------------------------------------------- history


def test_every_write_is_told_with_its_reason_and_who_asked():
    place = renamed()
    made = values(place)
    place.applied(made["id"])
    place.upkeep.sweep()
    place.drain()
    told = place.views.history(PAIR, "boards:2", "", 10)["writes"]
    assert [(each["field"], each["side"], each["from"], each["to"], each["plan"]) for each in told] == [
        ("parent", "ppm", "", "boards:1", None),
        ("title", "ppm", "Story", "Renamed", made["id"]),
        ("created", "ppm", None, {"title": "Story", "state": "Open"}, None),
    ]
    assert [each["why"] for each in told] == [
        "boards says where it belongs", "only boards changed", "the copy of boards 2"]  # fmt: skip
    assert [each["asked_by"] for each in told] == [None, "ada@contoso.example", None]


def test_what_was_refused_is_told_with_the_refusal():
    place = renamed(traits={PPM: Traits(forbidden=("Renamed",))})
    made = values(place)
    assert place.applied(made["id"]) == {RENAMED: "parked"}
    [told] = place.views.history(PAIR, "", made["id"], 10)["writes"]
    assert told["to"] == "Renamed"
    assert "Renamed" in told["refused"]


def test_the_history_of_an_item_outlives_its_link():
    place = renamed()
    place.counterparts.unlink(PAIR, ["boards:2"])
    assert [each["field"] for each in place.views.history(PAIR, "boards:2", "", 10)["writes"]] == ["created"]
    with pytest.raises(Refused) as refused:
        place.views.history(PAIR, "boards:99", "", 10)
    assert list(faults(refused)) == ["item"]


def test_the_history_is_read_page_by_page():
    place = renamed()
    place.upkeep.sweep()
    place.drain()
    first = place.views.history(PAIR, "", "", 2)
    assert len(first["writes"]) == 2
    rest = place.views.history(PAIR, "", "", 10, first["next"])
    assert rest["next"] is None
    assert len(rest["writes"]) == 2


# ---------------------------------------------------------------- undo


def test_undoing_a_plan_restores_what_it_wrote_and_the_next_sweep_leaves_that_alone():
    place = renamed()
    made = values(place)
    place.applied(made["id"])
    undone = place.plans.undo(PAIR, made["id"], "bob@contoso.example", dry=False)
    place.drain()
    assert task(place)[0] == "Story"
    assert place.sides[BOARDS].things["2"].fields["System.Title"] == "Renamed"
    place.upkeep.sweep()
    place.drain()
    assert task(place)[0] == "Story", "the two are agreed to differ"
    told = place.views.history(PAIR, "", undone["id"], 10)["writes"]
    assert [(each["to"], each["asked_by"], each["why"]) for each in told] == [
        ("Story", "bob@contoso.example", f"plan {made['id']} is taken back")]  # fmt: skip
    place.sides[BOARDS].edit("2", {"System.Title": "Renamed once more"})
    place.upkeep.sweep()
    place.drain()
    assert task(place)[0] == "Renamed once more", "an edit is news again"


def test_what_was_edited_on_the_other_side_since_a_plan_stays_news_when_it_is_taken_back():
    place = renamed()
    made = values(place)
    place.applied(made["id"])
    place.sides[BOARDS].edit("2", {"System.Title": "Renamed again"})
    place.plans.undo(PAIR, made["id"], dry=False)
    place.drain()
    [row] = place.views.items(PAIR, Filters(id="2"), 10)["items"]
    assert (row["fields"][0]["changed"], task(place)[0]) == (["boards"], "Story")
    place.upkeep.sweep()
    place.drain()
    assert task(place)[0] == "Renamed again"


def test_an_undo_that_takes_nothing_back_says_what_it_left():
    place = renamed()
    made = values(place)
    place.applied(made["id"])
    place.sides[PPM].edit(STORY, {"Name": "Better"})
    undone = place.plans.undo(PAIR, made["id"], dry=False)
    assert (undone["counts"]["writes"], undone["applied"]) == (0, None)
    assert [each["field"] for each in undone["left"]] == ["title"]


def test_a_field_that_is_not_mapped_any_more_is_left_as_it_is():
    place = renamed()
    made = values(place)
    place.applied(made["id"])
    place.fields.change(PAIR, mapping_edits.removed("title"), expected=None, dry=False)
    undone = place.plans.undo(PAIR, made["id"], dry=False)
    assert [(each["field"], each["why"]) for each in undone["left"]] == [
        ("System.Title = Name", "not mapped any more, so it is left as it is")]  # fmt: skip


def test_nothing_is_moved_back_under_a_parent_that_was_unlinked():
    place = Place()
    epic, other = place.linked("Epic", kind="Epic"), place.linked("Other", kind="Epic")
    story = place.linked("Story", parent=epic.ids[BOARDS])
    place.sides[BOARDS].move(story.ids[BOARDS], other.ids[BOARDS])
    made = place.plans.plan(PAIR, "rules", "hierarchy", None, None)
    place.applied(made["id"])
    place.counterparts.unlink(PAIR, [f"boards:{epic.ids[BOARDS]}"])
    undone = place.plans.undo(PAIR, made["id"], dry=False)
    assert [each["why"] for each in undone["left"]] == ["the parent from before is gone, so it is left where it is"]


def test_undoing_leaves_what_somebody_has_edited_since_and_says_so():
    place = renamed()
    made = values(place)
    place.applied(made["id"])
    place.sides[PPM].edit(STORY, {"Name": "Better"})
    shown = place.plans.undo(PAIR, made["id"], dry=True)
    assert shown["items"] == []
    assert [(each["field"], each["why"]) for each in shown["left"]] == [
        ("title", "edited since, so it is left as it is")]  # fmt: skip
    assert task(place)[0] == "Better"


def test_undoing_a_plan_of_the_hierarchy_moves_back():
    place = renamed()
    made = place.plans.plan(PAIR, "rules", "hierarchy", None, None)
    place.applied(made["id"])
    assert task(place)[1] == "1"
    place.plans.undo(PAIR, made["id"], dry=False)
    place.drain()
    assert task(place)[1] is None
    place.upkeep.sweep()
    place.drain()
    assert task(place)[1] is None


def test_a_plan_that_was_never_applied_cannot_be_undone():
    place = renamed()
    made = values(place)
    with pytest.raises(Refused, match="never applied"):
        place.plans.undo(PAIR, made["id"], dry=False)


# ---------------------------------------------------------------- a pair that writes only what it is asked for


def test_a_pair_that_is_not_continuous_copies_with_the_hierarchy_and_then_writes_only_by_plan():
    place = Place(continuous=False)
    epic = place.linked("Epic", kind="Epic")
    story = place.linked("Story", parent=epic.ids[BOARDS])
    assert task(place) == ("Story", epic.ids[PPM])
    place.sides[BOARDS].edit(story.ids[BOARDS], {"System.Title": "Renamed"})
    place.sides[BOARDS].move(story.ids[BOARDS], None)
    place.upkeep.sweep()
    place.upkeep.handle(Look(PAIR, link=story.id))
    place.drain()
    assert task(place) == ("Story", epic.ids[PPM])
    place.applied(values(place)["id"])
    assert task(place) == ("Renamed", epic.ids[PPM])


def test_a_pair_that_is_not_continuous_deletes_nothing():
    place = Place(continuous=False, deletes="bin")
    link = place.linked("Story")
    place.sides[BOARDS].delete(link.ids[BOARDS])
    for _ in range(2):
        place.upkeep.handle(Look(PAIR, link=link.id, swept=True))
        place.drain()
    assert not place.sides[PPM].things[link.ids[PPM]].deleted
    assert place.link(link.id).state == "unlinked"
