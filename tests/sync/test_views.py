"""What operators see of a pair and have done to it, over two sides in memory."""

from datetime import timedelta
from typing import Any

import pytest

from shared.configuration import Configuration
from shared.errors import Refused, RetryLater
from shared.links import Hold, Look, SyncState
from shared.model import Selection
from shared.sync.pairs.placing import Wanted
from shared.sync.pairs.rows import Filters
from shared.sync.rules import BOARDS, PPM
from tests.memory.sides import Traits
from tests.sync.place import PAIR, WANTED, Place

EVERYTHING = Filters()


def rows(place: Place, limit: int = 50, **filters: Any) -> list[dict[str, Any]]:
    return place.views.items(PAIR, Filters(**filters), limit)["items"]


def row(place: Place, **filters: Any) -> dict[str, Any]:
    [only] = rows(place, **filters)
    return only


def field(shown: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in shown["fields"] if each["name"] == name)


def faults(refused: pytest.ExceptionInfo[Refused]) -> dict[str, str]:
    return dict(refused.value.faults)


# ---------------------------------------------------------------- seeing


def test_a_row_has_the_values_of_both_sides_and_their_addresses():
    place = Place()
    link = place.linked("Plan")
    shown = row(place)
    assert (shown["link"], shown["state"], shown["changed"]) == (link.id, "synced", False)
    assert (shown["boards"]["url"], shown["ppm"]["url"]) == ("https://boards.example/1", "https://ppm.example/1")
    assert field(shown, "title") | {"why": ""} == {
        "name": "title", "boards": "Plan", "ppm": "Plan", "changed": [], "conflict": False, "verdict": "none",
        "writes": {}, "policy": "", "why": ""}  # fmt: skip
    assert (field(shown, "state")["boards"], field(shown, "state")["ppm"]) == ("New", "Open")


def test_a_row_says_which_side_changed_and_what_would_be_written():
    place = Place()
    place.linked("Plan")
    place.sides[PPM].edit("1", {"Name": "Better plan"})
    shown = row(place, changed=True)
    assert field(shown, "title")["changed"] == ["ppm"]
    assert field(shown, "title")["writes"] == {"boards": "Better plan"}
    assert rows(place, changed=False) == []


def test_a_conflict_that_waits_for_a_person_is_shown_with_both_values():
    place = Place()
    link = place.linked("Plan")
    place.sides[BOARDS].edit("1", {"System.Title": "Left"})
    place.sides[PPM].edit("1", {"Name": "Right"})
    place.upkeep.handle(Look(PAIR, link=link.id))
    shown = row(place)
    assert field(shown, "title")["conflict"]
    assert [(each["field"], each["values"]) for each in shown["conflicts"]] == [
        ("title", {"boards": "Left", "ppm": "Right"})
    ]


def test_a_move_on_one_side_is_a_mismatch_with_both_parents():
    place = Place()
    epic = place.linked("Epic", kind="Epic")
    story = place.linked("Story")
    place.sides[BOARDS].move(story.ids[BOARDS], epic.ids[BOARDS])
    shown = row(place, mismatch=True)
    assert shown["link"] == story.id
    assert shown["hierarchy"]["boards"] == {"id": epic.ids[BOARDS], "link": epic.id}
    assert shown["hierarchy"]["ppm"] is None
    assert shown["hierarchy"]["changed"] == ["boards"]
    assert [each["link"] for each in rows(place, mismatch=False)] == [epic.id]


def test_a_parent_that_nobody_linked_is_no_mismatch():
    place = Place()
    epic = place.add("Epic", kind="Epic")
    story = place.linked("Story", parent=epic)
    assert rows(place, mismatch=True) == []
    assert row(place, unlinked=False)["link"] == story.id


def test_without_a_hierarchy_on_both_sides_nothing_is_said_of_it():
    place = Place(hierarchy={"active": False})
    place.linked("Plan")
    assert row(place)["hierarchy"] is None


def test_items_without_a_link_are_rows_of_one_side():
    place = Place()
    place.linked("Plan")
    place.add("Alone")
    place.task("Lonely")
    assert [(each["boards"] and each["boards"]["id"], each["ppm"] and each["ppm"]["id"])
            for each in rows(place, unlinked=True)] == [("2", None), (None, "2")]  # fmt: skip


def test_an_unlinked_pair_of_items_is_one_row():
    place = Place()
    link = place.linked("Plan")
    place.counterparts.unlink(PAIR, [f"boards:{link.ids[BOARDS]}"])
    assert row(place, unlinked=True)["link"] == link.id
    assert rows(place, unlinked=False) == []


@pytest.mark.parametrize(
    ("filters", "titles"),
    [
        ({"text": "ALPHA"}, ["Alpha"]),
        ({"type": "epic"}, ["Beta"]),
        ({"id": "2"}, ["Beta", "Gamma"]),
        ({"project": "Elsewhere"}, []),
        ({"text": "a", "type": "Epic", "changed": False}, ["Beta"]),
        ({}, ["Alpha", "Beta", "Gamma"]),
    ],
)
def test_filters_narrow_the_rows(filters, titles):
    place = Place()
    place.linked("Alpha")
    place.add("Beta", kind="Epic")
    place.task("Gamma")
    found = [field(each, "title") for each in rows(place, **filters)]
    assert [each.get("boards") or each.get("ppm") for each in found] == titles


def test_rows_can_be_those_of_selected_work_items():
    place = Place()
    links = [place.linked("Alpha"), place.linked("Beta")]
    gamma, _ = place.add("Gamma"), place.add("Delta")
    place.task("Epsilon")
    place.sides[BOARDS].selections[Selection("Network", "current", "Shared Queries/Open")] = ["1", gamma, "77"]
    chosen = {"team": "Network", "iteration": "current", "query": "Shared Queries/Open"}
    assert [each["boards"]["id"] for each in rows(place, **chosen)] == [links[0].ids[BOARDS], gamma]
    assert [each["boards"]["id"] for each in rows(place, **chosen, unlinked=True)] == [gamma]
    assert rows(place, **chosen, text="beta") == []


def test_what_the_boards_cannot_select_is_refused_by_its_name():
    with pytest.raises(Refused) as refused:
        rows(Place(), team="Nobody")
    assert faults(refused) == {"team": "there is none"}


def test_pages_have_every_row_once():
    place = Place()
    wanted = [place.add(f"Item {n}") for n in range(7)]
    seen, after = [], ""
    for size in (3, 3, 1):
        page = place.views.items(PAIR, EVERYTHING, 3, after)
        assert len(page["items"]) == size
        seen += [each["boards"]["id"] for each in page["items"]]
        after = page["next"]
    assert (seen, after) == (wanted, None)


def test_an_item_that_cannot_be_found_keeps_its_row():
    place = Place()
    place.linked("Plan")
    place.sides[PPM].things["1"].hidden = True
    shown = row(place)
    assert shown["ppm"] == {"id": "1", "url": "https://ppm.example/1", "found": False}
    assert field(shown, "title")["boards"] == "Plan"


def test_a_parked_link_says_why():
    place = Place({PPM: Traits(forbidden=("Bad",))})
    link = place.linked("Plan")
    place.sides[BOARDS].edit("1", {"System.Title": "Bad"})
    place.upkeep.handle(Look(PAIR, link=link.id))
    assert row(place)["parked"] == "'Bad' is not allowed in Name"
    assert place.views.overview()[0]["parked"] == 1


def test_the_overview_counts_links_and_tells_of_a_hold():
    place = Place()
    place.linked("Plan")
    place.store.set_hold(PAIR, Hold("too much at once", ("boards:1",), place.now))
    [shown] = place.views.overview()
    assert shown["links"] == {"synced": 1}
    assert shown["hold"]["reason"] == "too much at once"


def test_the_overview_tells_whether_we_hear_of_changes():
    place = Place()
    assert place.views.overview()[0]["events"] == {"boards": "not looked at yet", "ppm": "not looked at yet"}
    place.subscriptions.mend()
    assert place.views.overview()[0]["events"] == {"boards": "ok", "ppm": "ok"}


def test_an_unknown_pair_is_refused_by_name():
    with pytest.raises(Refused) as refused:
        Place().views.items("nowhere", EVERYTHING, 50)
    assert (refused.value.status, refused.value.reason) == (404, "there is no pair 'nowhere': roadmap")


# ---------------------------------------------------------------- creating


def test_a_dry_run_shows_what_would_be_made_and_makes_nothing():
    place = Place()
    epic = place.add("Epic", kind="Epic")
    place.add("Feature", kind="Feature", parent=epic)
    shown = place.counterparts.create(PAIR, BOARDS, [epic], ["Feature"], WANTED, dry=True)
    assert [each["creates"]["fields"] for each in shown["items"]] == [
        {"Name": "Epic", "Step": "Open"}, {"Name": "Feature", "Step": "Open"}]  # fmt: skip
    assert not place.looks.messages
    assert not place.sides[PPM].things


@pytest.mark.parametrize(
    ("depth", "names"),
    [([], {"Epic"}), (["Feature"], {"Epic", "Feature"}), (None, {"Epic", "Feature", "Story"})],
)
def test_items_are_created_down_to_the_chosen_level_and_keep_their_hierarchy(depth, names):
    place = Place()
    epic = place.add("Epic", kind="Epic")
    feature = place.add("Feature", kind="Feature", parent=epic)
    place.add("Story", parent=feature)
    place.counterparts.create(PAIR, BOARDS, [epic], depth, WANTED, dry=False)
    place.drain()
    made = {thing.fields["Name"]: thing for thing in place.sides[PPM].live()}
    assert set(made) == names
    if "Feature" in names:
        assert made["Feature"].parent == made["Epic"].id


def test_what_has_a_counterpart_keeps_it():
    place = Place()
    link = place.linked("Plan")
    again = place.counterparts.create(PAIR, BOARDS, ["1"], [], WANTED, dry=False)
    place.drain()
    assert (again["items"][0]["link"], again["items"][0]["counterpart"]) == (link.id, "1")
    assert len(place.sides[PPM].things) == 1


def test_tasks_become_work_items_of_the_mapped_type_under_a_chosen_parent():
    place = Place()
    epic = place.linked("Epic", kind="Epic")
    task = place.task("Build it", "Running")
    wanted = Wanted(project="Tailwind", parent=epic.ids[BOARDS], fields={"System.AreaPath": "Tailwind\\Web"})
    place.counterparts.create(PAIR, PPM, [task], [], wanted, dry=False)
    place.drain()
    made = place.sides[BOARDS].things["2"]
    assert (made.kind, made.parent) == ("User Story", epic.ids[BOARDS])
    assert dict(made.fields) == {
        "System.Title": "Build it", "System.State": "Active", "System.AreaPath": "Tailwind\\Web"}  # fmt: skip


@pytest.mark.parametrize(
    ("side", "items", "wanted", "path", "fix"),
    [
        (PPM, ["1"], Wanted(project="Secret"), "project", "not one of the pair's: Fabrikam, Tailwind"),
        (BOARDS, ["1"], Wanted(project="Fabrikam"), "project", "leave this out"),
        (PPM, ["1"], Wanted(parent="1"), "parent", "link it first"),
        (PPM, ["1"], Wanted(fields={"Nope": 1}), "fields.Nope", "no such field on boards"),
        (PPM, ["1", "77"], WANTED, "items[1]", "not found"),
        (PPM, ["2"], WANTED, "items[0]", "say as which type"),
    ],
)
def test_what_cannot_be_created_is_refused_before_anything_is_written(side, items, wanted, path, fix):
    place = Place()
    place.add("Story")
    place.task("Task")
    place.sides[PPM].add("Milestone", {"Name": "Go", "Step": "Open"})
    with pytest.raises(Refused) as refused:
        place.counterparts.create(PAIR, side, items, [], wanted, dry=False)
    assert fix in faults(refused)[path]
    assert not place.looks.messages


# ---------------------------------------------------------------- linking by hand


def test_two_items_linked_by_hand_are_brought_into_step():
    place = Place()
    boards, ppm = place.add("Plan"), place.task("Plan", "Running")
    id = place.counterparts.link(PAIR, boards, ppm)["link"]
    place.drain()
    assert place.link(id).state is SyncState.SYNCED
    assert place.sides[PPM].things[ppm].fields["Step"] == "Open"  # both speak, and boards win the state


def test_only_items_that_are_there_can_be_linked():
    place = Place()
    boards = place.add("Plan")
    place.sides[BOARDS].delete(boards)
    with pytest.raises(Refused) as refused:
        place.counterparts.link(PAIR, boards, "9")
    assert faults(refused) == {"boards": "it is in the bin", "ppm": "ppm has no item '9' that we can see"}


def test_an_unlinked_item_is_left_alone_from_then_on():
    place = Place()
    link = place.linked("Plan")
    place.counterparts.unlink(PAIR, ["ppm:1"])
    place.sides[BOARDS].edit("1", {"System.Title": "Other"})
    place.upkeep.handle(Look(PAIR, link=link.id))
    assert place.sides[PPM].things["1"].fields["Name"] == "Plan"


@pytest.mark.parametrize(
    ("item", "fix"), [("7", "write boards: or ppm: and an id"), ("boards:7", "'boards:7' is not linked")]
)
def test_an_item_that_cannot_be_told_is_named(item, fix):
    with pytest.raises(Refused) as refused:
        Place().counterparts.unlink(PAIR, [item])
    assert fix in faults(refused)["items[0]"]


# ---------------------------------------------------------------- a pair that waits, hints and sweeps


@pytest.mark.parametrize("deletes", ["bin", "unlink"])
def test_exactly_the_deletions_that_were_held_can_be_approved(deletes):
    place = Place(deletes=deletes, limits={"deletions": 0, "deletions_share": 0})
    links = [place.linked(f"Item {n}") for n in range(3)]
    place.upkeep.sweep()
    place.drain()
    for link in links[:2]:
        place.sides[BOARDS].delete(link.ids[BOARDS])
    place.upkeep.sweep()
    place.drain()
    place.upkeep.sweep()
    hold = place.store.hold(PAIR)
    assert hold is not None
    assert set(hold.links) == {links[0].id, links[1].id}
    assert "waits for a person" in str(place.upkeep.sweep()[PAIR])
    with pytest.raises(Refused) as refused:
        place.upkeep.approve(PAIR, [links[2].id])
    assert list(faults(refused)) == ["links[0]"]
    place.upkeep.approve(PAIR, list(hold.links))
    place.drain()
    assert [link.id for link in place.store.links(PAIR) if link.state.alive] == [links[2].id]
    assert len(place.sides[PPM].live()) == (1 if deletes == "bin" else 3)


def test_a_pair_held_for_too_many_changes_goes_on_when_it_is_approved():
    place = Place(limits={"changes": 1, "changes_share": 0})
    links = [place.linked(f"Item {n}") for n in range(3)]
    place.upkeep.sweep()
    place.drain()
    for link in links:
        place.sides[BOARDS].edit(link.ids[BOARDS], {"System.Title": f"New {link.id}"})
    assert "3 items changed at once" in str(place.upkeep.sweep()[PAIR])
    assert place.upkeep.approve(PAIR, []) == {"approved": [], "hold": None}
    place.drain()
    assert {thing.fields["Name"] for thing in place.sides[PPM].live()} == {f"New {link.id}" for link in links}


def test_a_pair_that_does_not_wait_has_nothing_to_approve():
    with pytest.raises(Refused, match="does not wait for anybody"):
        Place().upkeep.approve(PAIR, [])


def test_a_sweep_brings_what_changed_into_step_and_a_second_one_writes_nothing():
    place = Place(adopt="boards")
    for n in range(3):
        place.add(f"Item {n}")
    place.upkeep.sweep()
    place.drain()
    assert len(place.sides[PPM].live()) == 3
    writes = place.sides[PPM].writes
    place.later()
    place.upkeep.sweep()
    place.drain()
    assert place.sides[PPM].writes == writes


def test_once_a_day_everything_is_looked_at():
    place = Place()
    link = place.linked("Plan")
    place.upkeep.sweep()
    place.drain()
    place.later()
    place.upkeep.sweep()
    assert not place.looks.messages
    place.now += timedelta(days=1)
    place.upkeep.sweep()
    assert Look(PAIR, link=link.id) in [look for _, _, look in place.looks.messages]


def test_a_pair_that_cannot_be_swept_says_why_and_raises_nothing():
    place = Place()

    def shut(name: str) -> None:
        if name == "before ppm.changed":
            raise RetryLater("the token has expired", 60)

    place.sides[PPM]._on_call = shut
    assert place.upkeep.sweep() == {PAIR: "the token has expired"}


def test_a_hint_waits_while_nothing_is_configured():
    place = Place()

    def unconfigured() -> tuple[Configuration, str]:
        raise RetryLater("nothing is configured yet", 60)

    place.configured._configuration = unconfigured
    assert place.upkeep.handle(Look(PAIR, link="boards:1")) == "postponed"
    assert [look for _, _, look in place.looks.messages] == [Look(PAIR, link="boards:1")]


def test_a_hint_of_a_pair_that_is_gone_is_dropped():
    place = Place()
    assert place.upkeep.handle(Look("former", link="boards:1")) == "unknown pair"
    assert not place.looks.messages
