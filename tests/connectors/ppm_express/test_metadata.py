"""Which fields of `/Fields/Task` play which part, whatever a tenant calls them, and what becomes of their values."""

from typing import Any

import pytest

from shared.connectors.ppm_express.markers import marked, unmarked, urls_in
from shared.connectors.ppm_express.metadata import TaskField, TaskFields, task_fields
from shared.connectors.ppm_express.translate import NOBODY, alike, directory, shown, written
from shared.errors import Park
from shared.model import FieldType

URL = "https://bridge.example/links/boards%3A12?a=1&b=2"


def described(key: str, type: str, label: str = "", **more: Any) -> dict[str, Any]:
    return {"key": key, "label": label or key, "type": type, "isMultiChoice": False, "isReadonly": False, **more}


def field(type: str, **more: Any) -> TaskField:
    return task_fields([described("Custom", type, **more)]).by_key["Custom"]


def parts(*documents: dict[str, Any]) -> TaskFields:
    return task_fields([described("Name", "Text"), *documents])


@pytest.mark.parametrize(
    "document",
    [
        described("Parent", "Task"),
        described("ParentTaskId", "Text"),
        described("f1", "Task", "Parent Task"),
        described("SummaryTask", "task"),
    ],
)
def test_the_parent_is_found_by_type_or_name_and_is_no_field_to_map(document: dict[str, Any]) -> None:
    fields = parts(document)
    assert fields.parent is not None
    assert fields.parent.key == document["key"]
    assert set(fields.mapped) == {"Name"}


@pytest.mark.parametrize(
    "documents",
    [
        [described("Predecessors", "Task", isMultiChoice=True)],
        [described("Before", "Task"), described("After", "Task")],
        [described("Parent Company", "Text")],
    ],
)
def test_what_may_be_anything_is_no_parent(documents: list[dict[str, Any]]) -> None:
    assert parts(*documents).parent is None


def test_one_called_parent_wins_over_others_of_its_type() -> None:
    fields = parts(described("Before", "Task"), described("ParentTask", "Task"))
    assert fields.parent is not None
    assert fields.parent.key == "ParentTask"


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (described("Boardbridge", "Text"), True),
        (described("f7", "Hyperlink", "Link to Boardbridge"), True),
        (described("Boardbridge", "Text", isReadonly=True), False),
        (described("Boardbridge", "Integer"), False),
        (described("Board", "Text"), False),
    ],
)
def test_the_marker_is_a_writable_text_with_our_name(document: dict[str, Any], found: bool) -> None:
    fields = parts(document)
    assert (fields.marker is not None) is found
    assert (document["key"] in fields.mapped) is not found


@pytest.mark.parametrize(
    ("document", "type"),
    [
        (described("x", "Text"), FieldType.TEXT),
        (described("x", "RichText"), FieldType.RICH_TEXT),
        (described("x", "Date"), FieldType.DATE),
        (described("x", "decimal"), FieldType.NUMBER),
        (described("x", "Choice"), FieldType.PICKLIST),
        (described("x", "Choice", isMultiChoice=True), FieldType.TAGS),
        (described("x", "User"), FieldType.IDENTITY),
        (described("Progress", "Integer"), FieldType.PERCENT),
        (described("Status", "Text"), FieldType.STATE),
        (described("x", "Decimal", "Original Estimate"), FieldType.DURATION),
        (described("Duration", "Integer"), FieldType.NUMBER),  # working days
    ],
)
def test_fields_have_the_type_of_their_values(document: dict[str, Any], type: FieldType) -> None:
    info = task_fields([document]).by_key[document["key"]].info
    assert (info.type, info.read_only) == (type, False)


@pytest.mark.parametrize("settings", [{}, {"format": "3D"}, None])
def test_a_field_of_an_unknown_type_is_shown_and_never_written(settings: Any) -> None:
    unknown = field("Hologram", settings=settings)
    assert (unknown.info.type, unknown.info.read_only) == (FieldType.TEXT, True)
    assert shown(unknown, [{"id": "1", "name": "A"}, "B"], NOBODY) == "A, B"
    assert shown(unknown, {"depth": 3}, NOBODY) == '{"depth": 3}'
    assert shown(unknown, 3, NOBODY) == 3


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"values": ["Low", "High"]}, "High"),
        ({"options": [{"id": "a", "name": "Low"}, {"id": "b", "name": "High"}]}, [{"id": "b", "name": "High"}]),
        ({}, "High"),
    ],
)
def test_a_choice_is_written_as_the_tenant_lists_it(settings: dict[str, Any], sent: Any) -> None:
    choice = field("Choice", settings=settings)
    assert written(choice, "High", NOBODY) == sent
    assert shown(choice, sent, NOBODY) == "High"


@pytest.mark.parametrize(
    ("type", "value", "sent"),
    [
        ("Flag", "Yes", True),
        ("Flag", "no", False),
        ("Flag", True, True),
        ("Flag", False, False),
        ("Integer", 8, 8),
        ("Decimal", "8.5", 8.5),
        ("Date", "2026-05-11", "2026-05-11T00:00:00Z"),
        ("Date", "2026-05-11T10:00:00Z", "2026-05-11T10:00:00Z"),
        ("Text", None, None),
        ("Text", "", None),
    ],
)
def test_values_are_written_as_attributes_take_them(type: str, value: Any, sent: Any) -> None:
    assert written(field(type), value, NOBODY) == sent


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("2026-05-11T00:00:00Z", "2026-05-11"),
        ("2026-05-11T00:00:00.000+00:00", "2026-05-11"),
        ("2026-05-11T00:00:00", "2026-05-11"),
        ("2026-05-11", "2026-05-11"),
        ("2026-05-10T22:00:00Z", "2026-05-10T22:00:00Z"),
    ],
)
def test_a_day_is_shown_as_a_day_and_a_moment_as_a_moment(value: str, seen: str) -> None:
    assert shown(field("Date"), value, NOBODY) == seen


@pytest.mark.parametrize(("type", "value"), [("Flag", "perhaps"), ("Decimal", "many"), ("Date", "11 May")])
def test_values_of_another_type_are_refused(type: str, value: Any) -> None:
    with pytest.raises(Park, match="Custom"):
        written(field(type), value, NOBODY)


@pytest.mark.parametrize("key", ["Email", "Logon Account", "E-mail"])
def test_people_without_an_address_are_known_by_name(key: str) -> None:
    people = directory([{"id": "1", "attributes": {"Name": "Ada", key: "ada@x.example"}}])
    address = "ada@x.example" if key != "E-mail" else "Ada"
    assert shown(field("User"), [{"id": "1", "fullName": "Ada"}], people) == address
    assert written(field("User"), "ADA", people) == [{"id": "1", "fullName": "Ada", "imageId": None}]


@pytest.mark.parametrize(
    ("type", "one", "other", "same"),
    [
        ("Integer", 55, 54.6, True),
        ("Integer", 10, 80, False),
        ("Text", " A  b ", "a b", True),
        ("Text", None, "", True),
        ("Text", "a", "b", False),
        ("Date", "2026-05-11", "2026-05-11T00:00:00Z", True),
        ("Date", None, "2026-05-11", False),
        ("Choice", ["a", "b"], ["b", "a"], True),
    ],
)
def test_tidying_is_no_difference(type: str, one: Any, other: Any, same: bool) -> None:
    assert alike(field(type), one, other) is same


@pytest.mark.parametrize("rich", [False, True])
@pytest.mark.parametrize("text", ["", "It smokes", "Two\n\nparagraphs <b>&amp;</b>"])
def test_a_marker_in_a_text_comes_out_again(text: str, rich: bool) -> None:
    with_marker = marked(text, [URL], rich=rich)
    assert urls_in(with_marker, rich=rich) == (URL,)
    assert unmarked(with_marker) == text
    assert urls_in(text, rich=rich) == ()
