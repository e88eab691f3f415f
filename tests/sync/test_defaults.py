"""The rules that a pair begins with follow from what both sides have; what is left out is said."""

from collections.abc import Mapping

import pytest

from shared.model import FieldInfo, StateCategory
from shared.model import FieldType as T
from shared.sync.pairs.configured import Facts, law, rules
from shared.sync.pairs.defaults import PPM_FIELDS, defaults
from shared.sync.rules import BOARDS, PPM, faults
from tests.sync.place import configured

C = StateCategory
AGILE = {
    "New": C.PROPOSED,
    "Active": C.IN_PROGRESS,
    "Closed": C.COMPLETED,
    "Resolved": C.RESOLVED,
    "Removed": C.REMOVED,
}
TARGET = "Microsoft.VSTS.Scheduling.TargetDate"
BASIC = {"To Do": C.PROPOSED, "Doing": C.IN_PROGRESS, "Done": C.COMPLETED}


def state(key: str, *choices: str) -> FieldInfo:
    return FieldInfo(key, key, T.STATE, choices)


def boards(states: Mapping[str, StateCategory] = AGILE, *more: FieldInfo) -> Facts:
    fields = (
        FieldInfo("System.Title", "Title", T.TEXT),
        FieldInfo("System.Description", "Description", T.RICH_TEXT),
        FieldInfo("System.State", "State", T.STATE, tuple(states), categories=states),
        FieldInfo("Microsoft.VSTS.Scheduling.StartDate", "Start Date", T.DATE),
        FieldInfo("Microsoft.VSTS.Scheduling.DueDate", "Due Date", T.DATE),
        FieldInfo(TARGET, "Target Date", T.DATE),
        FieldInfo("Microsoft.VSTS.Scheduling.OriginalEstimate", "Original Estimate", T.DURATION),
        FieldInfo("System.AssignedTo", "Assigned To", T.IDENTITY),
        FieldInfo("System.Tags", "Tags", T.TAGS),
        *more,
    )
    return Facts("azure_devops", {info.key: info for info in fields})


def redmine(*instead: FieldInfo) -> Facts:
    fields = (
        FieldInfo("subject", "Subject", T.TEXT),
        FieldInfo("description", "Description", T.TEXT),
        state("status", "New", "In Progress", "Resolved", "Closed", "Rejected"),
        FieldInfo("start_date", "Start date", T.DATE),
        FieldInfo("due_date", "Due date", T.DATE),
        FieldInfo("estimated_hours", "Estimated time", T.DURATION),
        FieldInfo("done_ratio", "% Done", T.PERCENT),
        FieldInfo("assigned_to", "Assignee", T.IDENTITY),
        *instead,
    )
    return Facts("redmine", {info.key: info for info in fields})


def mapped(boards: Facts, ppm: Facts) -> dict[str, tuple[str, str]]:
    made, _ = defaults({BOARDS: boards, PPM: ppm})
    return {rule["name"]: (rule["boards"].rpartition(".")[2], rule["ppm"]) for rule in made}


def left_out(boards: Facts, ppm: Facts) -> list[tuple[str, str]]:
    return list(defaults({BOARDS: boards, PPM: ppm})[1])


def states(boards: Facts, ppm: Facts) -> Mapping[str, Mapping[str, list[str]]]:
    made, _ = defaults({BOARDS: boards, PPM: ppm})
    return next(rule["values"] for rule in made if rule["name"] == "state")


def test_what_both_sides_have_is_mapped_in_order():
    assert mapped(boards(), redmine()) == {
        "title": ("Title", "subject"),
        "description": ("Description", "description"),
        "state": ("State", "status"),
        "start": ("StartDate", "start_date"),
        "due": ("TargetDate", "due_date"),
        "effort": ("OriginalEstimate", "estimated_hours"),
        "assigned to": ("AssignedTo", "assigned_to"),
    }


def test_a_field_of_ones_own_is_found_by_its_label():
    own = FieldInfo("Custom.Progress", "% Complete", T.NUMBER)
    tags = FieldInfo("cf_4", "Tags", T.TAGS)
    found = mapped(boards(AGILE, own), redmine(tags))
    assert (found["percent"], found["tags"]) == (("Progress", "done_ratio"), ("Tags", "cf_4"))


@pytest.mark.parametrize(
    ("ppm", "name", "why"),
    [
        (redmine(), "percent", "boards has no field Percent Complete or % Complete or Progress"),
        (redmine(), "tags", "ppm has no field Tags"),
        (redmine(FieldInfo("cf_4", "Tags", T.TAGS, ("red",))), "tags", "cf_4 takes no other tags on ppm than red"),
        (redmine(FieldInfo("status", "Status", T.STATE, read_only=True)), "state", "status cannot be written on ppm"),
        (redmine(state("status")), "state", "status does not say on ppm what states there are"),
        (redmine(FieldInfo("due_date", "Due", T.NUMBER)), "due",
         f"{TARGET} is date and due_date number, which cannot be converted into one another"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_said(ppm, name, why):
    assert name not in mapped(boards(), ppm)
    assert (name, why) in left_out(boards(), ppm)


@pytest.mark.parametrize(
    ("categories", "ppm", "values"),
    [
        (AGILE, ("New", "In Progress", "Resolved", "Closed", "Rejected"), {
            "todo": (["New"], ["New"]), "doing": (["Active"], ["In Progress"]),
            "resolved": (["Resolved"], ["Resolved"]), "done": (["Closed"], ["Closed"]),
            "removed": (["Removed"], ["Rejected"])}),
        (AGILE, ("Open", "Started", "Done"), {
            "todo": (["New"], ["Open"]), "doing": (["Active", "Resolved"], ["Started"]),
            "done": (["Closed"], ["Done"])}),
        (BASIC, ("New", "In Progress", "Resolved", "Closed"), {
            "todo": (["To Do"], ["New"]), "doing": (["Doing"], ["In Progress", "Resolved"]),
            "done": (["Done"], ["Closed"])}),
    ],
    ids=["word for word", "resolved is work going on", "also the other way round"],
)  # fmt: skip
def test_states_are_mapped_by_category_and_by_name(categories, ppm, values):
    found = states(boards(categories), redmine(state("status", *ppm)))
    assert {meaning: (words["boards"], words["ppm"]) for meaning, words in found.items()} == values


def test_states_without_a_counterpart_are_named():
    found = left_out(boards(), redmine(state("status", "New", "Closed", "Limbo")))
    assert [why for name, why in found if name == "state"] == [
        "'Active' of boards is not mapped: ppm has no state that means 'doing'",
        "'Resolved' of boards is not mapped: ppm has no state that means 'doing'",
        "'Removed' of boards is not mapped: ppm has no state that means 'removed'",
        "'Limbo' of ppm is not mapped: what it means is not known",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", PPM_FIELDS)
def test_every_default_keeps_the_laws_of_a_pair(kind):
    """Whatever is made here would be taken by the configuration, for a tool that has every field of its table."""
    types = {"title": T.TEXT, "description": T.TEXT, "state": T.STATE, "start": T.DATE, "due": T.DATE,
             "effort": T.DURATION, "percent": T.PERCENT, "assigned to": T.IDENTITY, "tags": T.TAGS}  # fmt: skip
    ppm = {
        keys[0]: FieldInfo(keys[0], keys[0], types[name], ("Open", "Started", "Done") if name == "state" else ())
        for name, keys in PPM_FIELDS[kind].items()
    }
    facts = {BOARDS: boards(AGILE, FieldInfo("Custom.P", "Progress", T.NUMBER)), PPM: Facts(kind, ppm)}
    made, _ = defaults(facts)
    assert [rule["name"] for rule in made] == list(types)
    pair = configured(fields=list(made)).pairs[0]
    assert [law(mapping) for mapping in pair.fields] == [()] * len(made)
    assert faults(rules(pair, facts)) == ()
