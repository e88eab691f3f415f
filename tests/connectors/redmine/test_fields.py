"""What Redmine keeps, and what people see of it."""

from typing import Any

import pytest

from shared.connectors.redmine.fields import Field, Named, core_fields, custom_field
from shared.errors import Park
from shared.model import FieldType

NAMED = Named(
    statuses={"1": "New", "5": "Closed"}, priorities={"2": "Normal"}, categories={}, versions={"3": "1.0", "4": "2.0"}
)
CORE = core_fields(NAMED)


class Everybody:
    """Jane is number 6."""

    def address(self, id: str, name: str = "") -> str:
        return {"6": "jane@example.com"}.get(id, name or f"#{id}")

    def id_of(self, address: str) -> str:
        if address != "jane@example.com":
            raise Park(f"nobody is called {address}")
        return "6"


def custom(format: str = "", multiple: bool = False, **values: str) -> Field:
    possible = [{"value": value.removeprefix("_"), "label": label} for value, label in values.items()]
    described = {"field_format": format, "possible_values": possible} if format else {}
    return custom_field("7", {"name": "Own", "multiple": multiple}, described, NAMED.versions)


@pytest.mark.parametrize(
    ("field", "raw", "value"),
    [
        (CORE["subject"], "VPN", "VPN"),
        (CORE["description"], "one\r\ntwo", "one\ntwo"),
        (CORE["description"], None, None),
        (CORE["status"], 5, "Closed"),
        (CORE["status"], "5", "Closed"),
        (CORE["fixed_version"], "3", "1.0"),
        (CORE["assigned_to"], "6", "jane@example.com"),
        (CORE["assigned_to"], None, None),
        (CORE["estimated_hours"], 2.5, 2.5),
        (CORE["done_ratio"], "30", 30),
        (CORE["due_date"], "2026-05-04", "2026-05-04"),
        (custom("int"), "8", 8),
        (custom("int"), "", None),
        (custom("float"), "1.50", 1.5),
        (custom("bool"), "1", "yes"),
        (custom("bool"), "0", "no"),
        (custom("bool"), "", None),
        (custom("user"), "6", "jane@example.com"),
        (custom("version"), "4", "2.0"),
        (custom("enumeration", _1="low", _2="high"), "2", "high"),
        (custom("list", multiple=True, mail="mail", net="net"), ["net", "mail"], ["net", "mail"]),
        (custom("string"), "x", "x"),
        (custom(), "8", "8"),  # whose format we are not told
        (custom(multiple=True), ["a"], ["a"]),
    ],
)
def test_people_see_names_and_numbers(field: Field, raw: Any, value: Any) -> None:
    assert field.shown(raw, Everybody()) == value
    stored = field.stored(value, Everybody())
    assert field.same(stored, raw)
    assert (field.shown(stored, Everybody()) or None) == value


@pytest.mark.parametrize(
    ("field", "value", "raw"),
    [
        (CORE["subject"], None, ""),
        (CORE["assigned_to"], None, ""),
        (CORE["due_date"], "", ""),
        (CORE["done_ratio"], None, 0),
        (CORE["done_ratio"], 33.4, 33),
        (CORE["estimated_hours"], "2.5", 2.5),
        (custom("int"), 8.0, "8"),
        (custom("int"), 8.5, "8.5"),  # Redmine says why not
        (custom("float"), 8.5, "8.5"),
        (custom("list", multiple=True, net="net"), [], []),
    ],
)
def test_redmine_keeps_texts_and_ids(field: Field, value: Any, raw: Any) -> None:
    assert field.stored(value, Everybody()) == raw


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        (CORE["status"], "Done", "Status cannot be 'Done'; it can be 'New', 'Closed'"),
        (CORE["status"], "closed", "cannot be 'closed'"),
        (CORE["estimated_hours"], "long", "'long' is no number, as Estimated time is"),
        (CORE["created_on"], "2026-05-04", r"'created_on' \(Created\) cannot be written"),
        (CORE["assigned_to"], "otto", "nobody is called otto"),
        (custom("bool"), "maybe", "Own cannot be 'maybe'; it can be 'yes', 'no'"),
        (custom("list", multiple=True, net="net"), ["net", "fax"], "Own cannot be 'fax'"),
    ],
)
def test_what_redmine_has_no_word_for_is_parked(field: Field, value: Any, says: str) -> None:
    with pytest.raises(Park, match=says):
        field.stored(value, Everybody())


@pytest.mark.parametrize(
    ("field", "one", "other", "same"),
    [
        (CORE["subject"], " VPN ", "VPN", True),
        (CORE["subject"], "VPN", "vpn", False),
        (CORE["description"], "a\nb", "a\r\nb\r\n", True),
        (CORE["description"], None, "", True),
        (CORE["status"], "5", 5, True),
        (CORE["done_ratio"], 0, None, False),
        (CORE["estimated_hours"], 8, 8.0, True),
        (custom("float"), "1.50", "1.5", True),
        (custom("list", multiple=True), ["a", "b"], ["b", "a"], True),
        (custom("list", multiple=True), [], None, True),
        (custom("list", multiple=True), ["a"], ["a", "b"], False),
    ],
)
def test_raw_values_are_the_same_if_they_read_the_same(field: Field, one: Any, other: Any, same: bool) -> None:
    assert field.same(one, other) is same
    assert field.same(other, one) is same


@pytest.mark.parametrize(
    ("field", "type", "choices"),
    [
        (custom("list", low="low", high="high"), FieldType.PICKLIST, ("low", "high")),
        (custom("list", multiple=True, net="net"), FieldType.TAGS, ("net",)),
        (custom("bool"), FieldType.PICKLIST, ("yes", "no")),
        (custom("version"), FieldType.PICKLIST, ("1.0", "2.0")),
        (custom("user"), FieldType.IDENTITY, ()),
        (custom("link"), FieldType.TEXT, ()),
        (custom(), FieldType.TEXT, ()),
    ],
)
def test_custom_fields_are_described_by_their_format(field: Field, type: FieldType, choices: tuple[str, ...]) -> None:
    assert (field.info.key, field.info.label, field.info.type, field.info.choices) == ("cf_7", "Own", type, choices)
