"""Where copies are made, as what and under what: all that is in the way is told at once, before anything is written."""

from typing import Any

import pytest

from shared.errors import Refused
from shared.sync.pairs.placing import BY_DEPTH, Wanted
from shared.sync.rules import BOARDS, PPM
from tests.memory.sides import Traits
from tests.sync.place import PAIR, Place


def refused(place: Place, side: Any, items: list[str], depth: list[str] | None = None, **wanted: Any) -> dict[str, str]:
    """The faults of a request, by path."""
    with pytest.raises(Refused) as refusal:
        place.counterparts.create(PAIR, side, items, depth, Wanted(**wanted), dry=False)
    assert not place.looks.messages, "nothing is under way"
    assert refusal.value.status == 422
    return dict(refusal.value.faults)


def shown(place: Place, items: list[str], **wanted: Any) -> dict[str, Any]:
    """What a dry run says of each task without a counterpart: its refusal, or the type that it becomes."""
    rows = place.counterparts.create(PAIR, PPM, items, None, Wanted(**wanted), dry=True)["items"]
    return {row["item"]: row["refusal"] or row["creates"]["type"] for row in rows if not row["link"]}


def nested(place: Place, deep: int) -> list[str]:
    """Tasks, each under the one before."""
    tasks: list[str] = []
    for n in range(deep):
        tasks.append(place.task(f"Depth {n}", parent=tasks[-1] if tasks else None))
    return tasks


# ---------------------------------------------------------------- the request


def test_everything_that_is_wrong_is_told_at_once():
    place = Place()
    task = place.task("Build it")
    assert refused(
        place, PPM, [task, "77"], ["Tasks"], types=("Story", "Task"), parent="55", area="Tailwind\\Web",
        iteration="Fabrikam\\Sprint 2", fields={"Custom.Color": "red"},
    ) == {
        "type": "in 'Fabrikam' nothing new of the type 'Story' can be made: do you mean User Story?",
        "parent": "there is no boards 55 that we may see",
        "area": "'Fabrikam' has no area 'Tailwind\\Web': Fabrikam",
        "iteration": "'Fabrikam' has no iteration 'Fabrikam\\Sprint 2': do you mean Fabrikam\\Sprint 1 or Fabrikam?",
        "fields.Custom.Color": "there is no such field on boards",
        "depth[0]": "there is no type 'Tasks': do you mean Task?",
        "items[1]": "ppm 77: not found",
    }  # fmt: skip


def test_without_a_project_of_the_pair_the_rest_is_told_all_the_same():
    place = Place()
    told = refused(place, PPM, [place.task("Build it")], project="Secret", parent="55", area="Secret\\Lab")
    assert list(told) == ["project", "parent"]


def test_where_tasks_are_made_is_for_the_pair_to_say():
    place = Place()
    told = refused(place, BOARDS, [place.add("Story")], project="plan", area="Fabrikam", iteration="Fabrikam")
    assert list(told) == ["project", "area", "iteration"]


def test_a_task_becomes_what_the_tool_has():
    place = Place()
    assert refused(place, BOARDS, [place.add("Story")], types=("Milestone",)) == {
        "type": "in ppm nothing new of the type 'Milestone' can be made: Task"
    }


def test_an_unknown_type_below_is_told_by_its_place():
    place = Place()
    assert list(refused(place, PPM, nested(place, 2), types=("Epic", "Saga"))) == ["type[1]"]


@pytest.mark.parametrize("depth", [["Feature", "Story"], ["Feature", "user story"]])
def test_a_depth_is_a_list_of_types(depth):
    place = Place()
    assert refused(place, BOARDS, [place.add("Epic", kind="Epic")], depth) == {
        "depth[1]": f"there is no type '{depth[1]}': do you mean User Story?"
    }


def test_a_level_that_is_skipped_is_no_end():
    place = Place()
    epic = place.add("Epic", kind="Epic")
    story = place.add("Story", parent=epic)
    *_, offer, _ = place.counterparts.levels(PAIR, BOARDS, epic)["levels"]
    assert offer["label"] == "with all sub features and user stories"
    found = place.counterparts.create(PAIR, BOARDS, [epic], offer["depth"], Wanted(), dry=True)["items"]
    assert [each["item"] for each in found] == [epic, story]


def test_copies_are_made_in_the_chosen_area_and_iteration():
    place = Place()
    wanted = Wanted(area="Fabrikam", iteration="Fabrikam\\Sprint 1")
    place.counterparts.create(PAIR, PPM, [place.task("Build it")], [], wanted, dry=False)
    place.drain()
    [made] = place.sides[BOARDS].live()
    assert made.fields["System.AreaPath"] == "Fabrikam"
    assert made.fields["System.IterationPath"] == "Fabrikam\\Sprint 1"


def test_a_wish_that_was_refused_can_be_corrected():
    place = Place({BOARDS: Traits(forbidden=("nonsense",))})
    task = place.task("Build it")
    for title in ("nonsense", "sense"):
        wanted = Wanted(fields={"System.Title": title})
        [row] = place.counterparts.create(PAIR, PPM, [task], [], wanted, dry=False)["items"]
        assert row["creates"]["fields"]["System.Title"] == title
        place.drain()
    assert [made.fields["System.Title"] for made in place.sides[BOARDS].live()] == ["sense"]


# ---------------------------------------------------------------- items that are none of the pair's


def in_the_bin(place: Place, id: str) -> None:
    place.sides[BOARDS].delete(id)


def in_another_project(place: Place, id: str) -> None:
    thing = place.sides[BOARDS].things[id]
    thing.read_only, thing.foreign = "it is in the project 'Litware' now", True


def test_what_is_in_another_project_is_neither_copied_nor_linked():
    place = Place()
    stranger = place.add("Story of others")
    in_another_project(place, stranger)
    assert refused(place, BOARDS, [stranger]) == {"items[0]": "boards 1: it is in the project 'Litware' now"}
    with pytest.raises(Refused) as refusal:
        place.counterparts.link(PAIR, stranger, place.task("Task of ours"))
    assert dict(refusal.value.faults) == {"boards": "it is in the project 'Litware' now"}


def test_a_task_that_another_tool_overwrites_can_be_copied_and_linked():
    place = Place()
    copied, linked = place.task("Copied"), place.task("Linked")
    for id in (copied, linked):
        place.sides[PPM].things[id].read_only = "change it where it comes from"
    place.counterparts.create(PAIR, PPM, [copied], [], Wanted(), dry=False)
    place.counterparts.link(PAIR, place.add("Story"), linked)
    place.drain()
    assert len(place.store.of(PAIR).links) == 2


# ---------------------------------------------------------------- parents


def let_go(place: Place, id: str) -> None:
    place.counterparts.unlink(PAIR, [f"boards:{id}"])


@pytest.mark.parametrize(
    ("become", "why"),
    [
        (in_the_bin, "is in the bin: restore it"),
        (in_another_project, "it is in the project 'Litware' now"),
        (let_go, "is not linked, so its copies would have no place on ppm"),
    ],
)
def test_a_parent_that_cannot_have_children_is_refused(become, why):
    place = Place()
    feature = place.linked("Feature", kind="Feature").ids[BOARDS]
    become(place, feature)
    assert why in refused(place, PPM, [place.task("Build it")], parent=feature)["parent"]


@pytest.mark.parametrize(
    ("kind", "parent", "fault"),
    [
        ("User Story", "Feature", None),
        ("Task", "Bug", None),
        ("Issue", "Task", None),
        ("User Story", "Issue", None),
        ("User Story", "Bug", "no User Story stands under boards 1 (Bug); Task and Issue may"),
        ("Feature", "User Story", "no Feature stands under boards 1 (User Story); Task and Issue may"),
        ("Epic", "Epic", "no Epic stands under boards 1 (Epic); Feature, User Story, Bug, Task and Issue may"),
    ],
)
def test_a_parent_stands_on_a_higher_level(kind, parent, fault):
    place = Place()
    above, task = place.linked("Above", kind=parent).ids[BOARDS], place.task("Build it")
    assert shown(place, [task], types=(kind,), parent=above)[task] == (fault or kind)
    if fault:
        assert refused(place, PPM, [task], types=(kind,), parent=above) == {"parent": f"ppm {task}: {fault}"}


def test_a_copy_goes_where_its_tasks_parent_is_and_must_fit_there():
    place = Place()
    story = place.linked("Story")
    task = place.task("Build it", parent=story.ids[PPM])
    assert list(refused(place, PPM, [task])) == ["items[0]"]
    assert shown(place, [task], types=("Task",)) == {task: "Task"}


def test_a_hierarchy_that_stays_away_from_the_boards_is_in_nobodys_way():
    place = Place(hierarchy={"direction": "to_ppm"})
    assert shown(place, nested(place, 2)[:1]) == {"1": "User Story", "2": "User Story"}


# ---------------------------------------------------------------- trees of tasks


def test_tasks_of_one_kind_become_a_type_for_each_depth():
    place = Place()
    top, *_ = tasks = nested(place, 3)
    place.counterparts.create(PAIR, PPM, [top], None, Wanted(types=("Epic", "Feature")), dry=False)
    place.drain()
    things = place.sides[BOARDS].things
    made = {things[id].fields["System.Title"]: things[id] for id in things}
    assert [made[f"Depth {n}"].kind for n in range(len(tasks))] == ["Epic", "Feature", "User Story"]
    assert [made[f"Depth {n}"].parent for n in (1, 2)] == [made["Depth 0"].id, made["Depth 1"].id]


def test_what_would_stand_under_its_own_level_is_refused_with_the_way_out():
    place = Place()
    top, middle, bottom = nested(place, 3)
    why = "no User Story stands under the copy of {} (User Story); Task and Issue may: " + BY_DEPTH
    assert shown(place, [top]) == {top: "User Story", middle: why.format(top), bottom: why.format(middle)}
    assert refused(place, PPM, [top]) == {"type": f"ppm {bottom}: {why.format(middle)}"}


@pytest.mark.parametrize(("above", "below", "stands"), [("Phase", "Task", True), ("Task", "Phase", False)])
def test_mapped_kinds_go_down_level_by_level(above, below, stands):
    place = Place(boards={"projects": ["Fabrikam"], "kinds": {"Phase": "Feature", "Task": "User Story"}})
    top = place.sides[PPM].add(above, {"Name": "Above"})
    bottom = place.sides[PPM].add(below, {"Name": "Below"}, top)
    assert shown(place, [top])[bottom].startswith("no Feature stands under") != stands


def test_depth_is_counted_over_items_that_have_a_counterpart():
    place = Place()
    feature = place.linked("Feature", kind="Feature")
    task = place.task("Build it", parent=feature.ids[PPM])
    assert shown(place, [task, feature.ids[PPM]], types=("Feature", "Bug")) == {task: "Bug"}


def test_a_mapped_type_that_is_not_there_is_refused_with_what_to_correct():
    place = Place(boards={"projects": ["Fabrikam"], "kinds": {"Task": "Requirement"}})
    task = place.task("Build it")
    assert refused(place, PPM, [task])["items[0]"].endswith("correct the pair's boards.kinds")


def test_an_item_that_is_not_there_has_no_levels():
    with pytest.raises(Refused) as refusal:
        Place().counterparts.levels(PAIR, BOARDS, "77")
    assert dict(refusal.value.faults) == {"item": "boards has no item '77' that we can see"}
