"""Values that are wished for a copy: what its fields cannot take is told before anything is under way."""

import pytest

from shared.model import FieldInfo, FieldType
from shared.sync.pairs import wishes
from shared.sync.rules import BOARDS

INFOS = (
    FieldInfo("System.Title", "Title", FieldType.TEXT),
    FieldInfo("System.Description", "Description", FieldType.RICH_TEXT),
    FieldInfo("System.State", "State", FieldType.STATE, ("New", "Active")),
    FieldInfo("System.Rev", "Rev", FieldType.NUMBER, read_only=True),
    FieldInfo("System.AreaPath", "Area Path", FieldType.PICKLIST, ("Fabrikam",)),
    FieldInfo("System.WorkItemType", "Work Item Type", FieldType.TEXT, read_only=True),
    FieldInfo("System.AssignedTo", "Assigned To", FieldType.IDENTITY, ("Mia",)),
    FieldInfo("System.Tags", "Tags", FieldType.TAGS),
    FieldInfo("Custom.Priority", "Priority", FieldType.NUMBER, ("1", "2")),
    FieldInfo("Custom.Start", "Start", FieldType.DATE),
    FieldInfo("Custom.Blocked", "Blocked", FieldType.PICKLIST, ("True", "False")),
    FieldInfo("Custom.Risk", "Risk", FieldType.PICKLIST),
)
FIELDS = {info.key: info for info in INFOS}
NUMBER, DATE, TAGS = "Priority takes a number", "Start takes a date such as 2026-03-02", "a text or a list of texts"


@pytest.mark.parametrize(
    ("key", "value", "fix"),
    [
        ("Custom.Color", "red", "there is no such field on boards"),
        ("System.Rev", 7, "Rev cannot be written"),
        ("System.AreaPath", "Fabrikam", "say it as `area`"),
        ("System.WorkItemType", "Bug", "say it as `type`"),
        ("System.Title", " ", "Title cannot be empty"),
        ("System.Title", None, "Title cannot be empty"),
        ("System.Title", {"x": 1}, "Title takes a text"),
        ("System.Description", ["a"], "Description takes a text"),
        ("System.State", "Actve", "State has no value 'Actve': do you mean Active?"),
        ("System.Tags", ["red", 1], f"Tags takes {TAGS}"),
        ("Custom.Priority", "high", NUMBER),
        ("Custom.Priority", True, NUMBER),
        ("Custom.Priority", float("inf"), NUMBER),
        ("Custom.Start", "soon", DATE),
        ("Custom.Start", 2026, DATE),
        ("Custom.Blocked", "perhaps", "Blocked has no value 'perhaps': True, False"),
    ],
)
def test_a_value_that_a_field_cannot_take_is_told_by_its_name(key, value, fix):
    assert dict(wishes.faults({key: value}, FIELDS, BOARDS)) == {f"fields.{key}": fix}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("System.Title", "Build it"),
        ("System.Description", ""),
        ("System.State", "active"),
        ("System.AssignedTo", "kim@example.com"),
        ("System.Tags", ["red", "blue"]),
        ("System.Tags", "red; blue"),
        ("Custom.Priority", 2),
        ("Custom.Start", "2026-03-02"),
        ("Custom.Start", "2026-03-02T08:00:00Z"),
        ("Custom.Blocked", True),
        ("Custom.Risk", "high"),
    ],
)
def test_what_fits_is_left_to_the_side(key, value):
    assert not list(wishes.faults({key: value}, FIELDS, BOARDS))
