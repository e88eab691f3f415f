"""Field rules of a pair changed one by one, over two sides in memory: what is said before, and what happens after."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Refused, Stale
from shared.links import SyncState
from shared.model import FieldInfo, FieldType
from shared.sync.pairs import reach
from shared.sync.pairs.mapping_edits import Edit, Rules, added, ordered, removed, replaced
from shared.sync.rules import BOARDS, PPM
from tests.sync.mapping import AREA, START, STATE, TITLE, change, values
from tests.sync.place import FIELDS, PAIR, STATES, Place


def names(shown: dict[str, Any]) -> list[str]:
    return [rule["name"] for rule in shown["fields"]]


def refusal(place: Place, edit: Edit, **how: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        change(place, edit, **how)
    return refused.value


# ---------------------------------------------------------------- seen and chosen


def test_rules_are_shown_in_order_with_what_the_sides_say():
    shown = Place(fields=[STATE, START]).fields.show(PAIR, choices=False)
    assert names(shown) == ["state", "start"]
    assert shown["fields"][1] == {
        "name": "start",
        "boards": {"field": "Custom.Start", "type": "date", "format": "timestamp", "label": "Start"},
        "ppm": {"field": "StartDate", "type": "date", "format": "date", "label": "Start Date"},
        "active": True, "direction": "both", "policy": "ask", "values": {},
    }  # fmt: skip
    assert shown["fields"][0]["values"]["done"] == {"boards": ["Closed", "Resolved"], "ppm": ["Done"]}
    assert (shown["faults"], shown["generation"]) == ([], "1")


def test_what_can_be_chosen_are_the_fields_of_both_sides_and_what_each_can_be_mapped_to():
    choices = Place().fields.show(PAIR, choices=True)["choices"]
    assert [field["key"] for field in choices["boards"]] == [info.key for info in FIELDS[BOARDS]]
    assert {field["key"]: field["fits"] for field in choices["boards"]} == {
        "System.Title": ["Name", "Step", "Status"],
        "System.State": ["Name", "Step", "Status"],
        "System.AreaPath": ["Name", "Step", "Status"],
        "System.IterationPath": ["Name", "Step", "Status"],
        "Custom.Start": ["StartDate"],
    }
    assert choices["ppm"][1] | {"fits": []} == {
        "key": "Step", "label": "Step", "type": "picklist", "choices": ["Open", "Running", "Done"],
        "categories": {}, "read_only": False, "fits": [],
    }  # fmt: skip


def test_a_rule_whose_field_has_gone_is_shown_with_its_fault():
    place = Place()
    place.sides[PPM]._infos = {"Title": FieldInfo("Title", "Title", FieldType.TEXT)}
    shown = place.fields.show(PAIR, choices=False)
    assert names(shown) == ["title", "state"]
    assert [fault["path"] for fault in shown["faults"]] == ["fields[0].ppm.field", "fields[1].ppm.field"]


def test_a_pair_that_is_not_there_is_refused():
    with pytest.raises(Refused) as refused:
        Place().fields.show("nowhere", choices=False)
    assert refused.value.status == 404


# ---------------------------------------------------------------- changed


def test_a_new_rule_says_whom_it_touches_and_then_does():
    place = Place()
    link, other = place.linked("Plan"), place.linked("Other plan")
    place.sides[BOARDS].edit(link.ids[BOARDS], {"Custom.Start": "2026-05-11T00:00:00Z"})

    shown = change(place, added(START, 0), dry=True)
    assert (shown["touches"], shown["held"], shown["of"], shown["counted"], shown["saved"]) == (1, 0, 2, 2, False)
    [example] = shown["examples"]
    assert (example["link"], example["boards"]["title"], example["ppm"]["title"]) == (link.id, "Plan", "Plan")
    assert (example["field"], example["from"], example["to"]) == (
        "start", {"boards": "2026-05-11T00:00:00Z", "ppm": None}, {"ppm": "2026-05-11"})  # fmt: skip
    assert names(place.fields.show(PAIR, choices=False)) == ["title", "state"]
    assert place.looks.messages == []

    saved = change(place, added(START, 0))
    assert saved | {"saved": False, "generation": "1"} == shown
    assert names(place.fields.show(PAIR, choices=False)) == ["start", "title", "state"]
    place.drain()
    assert values(place, "Custom.Start", "StartDate") == ("2026-05-11T00:00:00Z", "2026-05-11")
    assert (place.link(other.id).state, place.sides[PPM].things["2"].fields.get("StartDate")) == (
        SyncState.SYNCED,
        None,
    )


@pytest.mark.parametrize(
    ("edit", "after"),
    [
        (added(START, None), ["title", "state", "start"]),
        (added(START, 1), ["title", "start", "state"]),
        (replaced("title", TITLE | {"name": "summary"}), ["summary", "state"]),
        (replaced("title", {"boards": "System.Title", "ppm": "Name", "policy": "ppm"}), ["title", "state"]),
        (removed("title"), ["state"]),
        (ordered(["state", "title"]), ["state", "title"]),
    ],
)
def test_edits_leave_all_else_as_it_is(edit: Callable[[Rules], Rules], after: list[str]):
    place = Place()
    before, _ = place.documents.document()
    assert names(change(place, edit)) == after
    now, _ = place.documents.document()
    assert now | {"pairs": []} == before | {"pairs": []}
    assert now["pairs"][0] | {"fields": []} == before["pairs"][0] | {"fields": []}


@pytest.mark.parametrize(
    "edit", [removed("state"), ordered(["state", "title"]), replaced("title", TITLE | {"name": "t"})]
)
def test_what_means_nothing_new_touches_nobody(edit: Edit):
    place = Place()
    place.linked("Plan")
    assert change(place, edit)["touches"] == 0
    assert place.looks.messages == []


def test_what_was_shown_can_be_sent_back_and_is_written_as_short_as_before():
    place = Place(fields=[TITLE, STATE, START])
    before = place.documents.document()[0]["pairs"][0]["fields"]
    shown = place.fields.show(PAIR, choices=False)["fields"]
    change(place, replaced("start", shown[2] | {"policy": "ppm"}))
    after = place.documents.document()[0]["pairs"][0]["fields"]
    assert after[:2] == before[:2]
    assert after[2] == START | {"policy": "ppm", "active": True, "direction": "both", "values": {}}


@pytest.mark.parametrize(
    ("edit", "status", "path", "fix"),
    [
        (added(START | {"ppm": "Start"}, None), 400, "ppm.field", "there is no field 'Start' on ppm"),
        (added(START | {"boards": {"field": "Custom.Stat"}}, None), 400, "boards.field", "do you mean Custom.Start"),
        (added(START | {"ppm": "Name"}, None), 400, "ppm.field", "date and text cannot be converted"),
        (added(AREA | {"ppm": "Status"}, None), 400, "ppm.field", "choose the direction to_boards"),
        (added(AREA | {"ppm": "Name"}, None), 400, "fields", "2 rules write the ppm field 'Name'"),
        (added(START | {"policy": "loudest"}, None), 400, "policy", "boards"),
        (added({"boards": "Custom.Start"}, 0), 400, "name", "this is needed"),
        (added(START | {"name": "title"}, None), 409, "name", "another rule is called 'title' already"),
        (added(START | {"name": "Order"}, None), 422, "name", "stands for the order"),
        (replaced("title", TITLE | {"name": "state"}), 409, "name", "another rule is called 'state' already"),
        (replaced("state", STATE | {"values": STATES | {"doing": {"boards": "Active"}}}), 400, "values.doing",
         "boards can say 'doing', for which ppm has no word"),
        (replaced("state", STATE | {"values": STATES | {"later": {"boards": "new", "ppm": "Later"}}}), 400, "values",
         "boards says 'new' for 2 things"),
        (ordered(["title"]), 422, "names", "'state' is missing"),
        (ordered(["title", "state", "title"]), 422, "names", "'title' is there 2 times"),
        (ordered(["title", "state", "start"]), 422, "names[2]", "there is no field rule 'start': title, state"),
    ],
)  # fmt: skip
def test_what_cannot_stand_is_refused_as_a_whole_with_its_path(edit, status, path, fix):
    place = Place()
    refused = refusal(place, edit)
    found = dict(refused.faults)
    assert (refused.status, path in found) == (status, True), found
    assert fix in found[path]
    assert place.documents.document()[1] == "1", "nothing was saved"


@pytest.mark.parametrize("edit", [replaced("owner", TITLE), removed("owner")])
def test_a_rule_that_is_not_there_is_not_found(edit: Edit):
    refused = refusal(Place(), edit)
    assert (refused.status, refused.reason) == (404, "there is no field rule 'owner': title, state")


def test_a_fault_elsewhere_keeps_the_path_it_has_in_the_document():
    place = Place()
    place.sides[PPM]._infos = {"Name": FieldInfo("Name", "Name", FieldType.TEXT)}
    found = dict(refusal(place, replaced("title", TITLE | {"policy": "ppm"})).faults)
    assert found.keys() == {"fields[1].ppm.field"}


# ---------------------------------------------------------------- two who edit at once


def test_who_read_something_older_is_told_so():
    place = Place()
    change(place, removed("state"))
    assert refusal(place, removed("title"), expected="1").status == 412
    assert names(change(place, added(STATE, None), expected="2")) == ["title", "state"]


class Overtaking:
    """The documents of a place, in which somebody else puts a rule first whenever one is about to be taken."""

    def __init__(self, place: Place, times: int) -> None:
        self._place = place
        self._left = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._place.documents, name)

    def take(self, judged: Any, expected: str | None) -> str:
        if self._left:
            self._left -= 1
            document, generation = self._place.documents.document()
            self._place.documents.take(document, generation)
        return self._place.documents.take(judged, expected)


@pytest.mark.parametrize(
    ("times", "expected", "error"),
    [(1, None, None), (2, None, Stale), (1, "1", Refused)],
    ids=["once", "twice", "asked"],
)
def test_an_edit_that_was_overtaken_is_made_once_more_unless_it_was_for_one_state(times, expected, error):
    place = Place()
    place.fields._documents = Overtaking(place, times)
    if error is None:
        assert names(change(place, removed("title"), expected=expected)) == ["state"]
    else:
        with pytest.raises(error):
            change(place, removed("title"), expected=expected)


# ---------------------------------------------------------------- whom it touches


def test_a_value_without_a_word_is_counted_as_held_and_tried_again_once_it_has_one():
    few = {meaning: STATES[meaning] for meaning in ("todo", "doing")}
    place = Place(fields=[TITLE, STATE | {"values": few}])
    link = place.linked("Plan")
    place.sides[BOARDS].edit(link.ids[BOARDS], {"System.State": "Closed"})
    place.upkeep.sweep()
    place.drain()
    assert "map it to what it means" in place.link(link.id).parked

    assert change(place, replaced("state", STATE | {"values": few, "policy": "ppm"}), dry=True)["held"] == 1
    assert change(place, replaced("state", STATE))["touches"] == 1
    place.drain()
    assert values(place, "System.State", "Step") == ("Closed", "Done")
    assert place.link(link.id).parked == ""


def test_hints_wait_until_every_worker_follows_the_new_rules():
    place = Place()
    link = place.linked("Plan")
    place.sides[BOARDS].edit(link.ids[BOARDS], {"Custom.Start": "2026-05-11T00:00:00Z"})
    change(place, added(START, None))
    assert place.looks.take() is None
    assert place.looks.next_due() == place.now + timedelta(seconds=10)


def test_of_many_links_a_sample_is_counted_and_all_are_looked_at(monkeypatch):
    monkeypatch.setattr(reach, "MOST_COUNTED", 2)
    place = Place()
    for number in range(5):
        link = place.linked(f"Plan {number}")
        place.sides[BOARDS].edit(link.ids[BOARDS], {"Custom.Start": "2026-05-11T00:00:00Z"})
    shown = change(place, added(START, None))
    assert (shown["touches"], shown["counted"], shown["of"]) == (2, 2, 5)
    assert len(place.looks.messages) == 5


def test_counting_ends_in_time(monkeypatch):
    monkeypatch.setattr(reach, "LONGEST_COUNT", timedelta(seconds=-1))
    place = Place()
    place.linked("Plan")
    shown = change(place, added(START, None), dry=True)
    assert (shown["touches"], shown["counted"], shown["of"]) == (0, 0, 1)


def test_without_a_title_examples_have_none():
    place = Place(fields=[STATE])
    link = place.linked("Plan")
    place.sides[BOARDS].edit(link.ids[BOARDS], {"Custom.Start": "2026-05-11T00:00:00Z"})
    [example] = change(place, added(START, None), dry=True)["examples"]
    assert example["boards"] == {"id": link.ids[BOARDS], "title": ""}


def test_what_is_deleted_or_cannot_be_found_is_not_touched():
    place = Place()
    link = place.linked("Plan")
    place.sides[BOARDS].edit(link.ids[BOARDS], {"Custom.Start": "2026-05-11T00:00:00Z"})
    place.sides[PPM].things[link.ids[PPM]].hidden = True
    assert change(place, added(START, None), dry=True)["touches"] == 0


# ---------------------------------------------------------------- begun again


def test_the_default_rules_take_the_place_of_all_and_say_what_they_leave_out():
    place = Place(fields=[START | {"name": "begin"}])
    shown = place.fields.reset(PAIR, expected=None, dry=False)
    assert names(shown) == ["title"]
    assert place.documents.document()[0]["pairs"][0]["fields"] == [
        {"name": "title", "boards": "System.Title", "ppm": "Name"}
    ]
    assert {each["name"]: each["why"] for each in shown["left_out"]} == {
        "description": "boards has no field System.Description",
        "state": "Status cannot be written on ppm",
        "start": "boards has no field Microsoft.VSTS.Scheduling.StartDate",
        "due": "boards has no field Microsoft.VSTS.Scheduling.TargetDate or Microsoft.VSTS.Scheduling.FinishDate"
               " or Microsoft.VSTS.Scheduling.DueDate",
        "effort": "boards has no field Microsoft.VSTS.Scheduling.OriginalEstimate or Microsoft.VSTS.Scheduling.Effort",
        "percent": "boards has no field Percent Complete or % Complete or Progress",
        "assigned to": "boards has no field System.AssignedTo",
        "tags": "boards has no field System.Tags",
    }  # fmt: skip
