"""What holds for every preset: its page, its template, how it is told from the others, and where its tables lead."""

import json
import re

import pytest
import yaml

from shared.configuration import ItsmConnection
from shared.errors import NoTicket
from shared.tickets.mapping import understand
from shared.tickets.preset import AUTO, kinds, preset, recognisable
from tests.tickets.presets.helpers import PLACEHOLDER, blocks, fixture, fixtures, page, read, sender, templates
from tests.tickets.recorded import names, recording

KINDS = [kind for kind in kinds() if kind != AUTO]
HEADINGS = ["Send", "Configure", "Sign", "Retry", "Effects", "Lost"]
CATEGORIES = {"open", "in_progress", "resolved", "closed", "cancelled"}
EFFECTS = [
    *("created", "updated", "commented public", "commented internal", "resolved", "closed", "cancelled", "reopened"),
    *("deleted", "merged", "moved", "reassigned"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_preset_has_a_page_with_the_same_headings(kind: str) -> None:
    written = page(kind)
    assert re.findall(r"^# ", written, flags=re.MULTILINE) == ["# "]
    assert re.findall(r"^## (.+)$", written, flags=re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_says_what_each_event_does(kind: str) -> None:
    effects = page(kind).split("\n## Effects\n")[1].split("\n## ")[0]
    rows = [row.split("|")[1].strip() for row in effects.splitlines() if row.startswith("|")]
    assert rows[2:] == EFFECTS


@pytest.mark.parametrize("kind", KINDS)
def test_the_templates_on_its_page_are_read_by_the_preset(kind: str) -> None:
    """With a moment where the name of a placeholder speaks of one, and 7 everywhere else."""
    assert templates(kind)
    for template in templates(kind):
        document = json.loads(PLACEHOLDER.sub(_some_value, template))
        found = read(kind, document)
        assert {"title", "status", "priority"} <= found.fields.keys()
        assert "changed_at_raw" not in found.fields
        if preset(kind).recognise:
            assert products(document) == {kind}


@pytest.mark.parametrize("kind", KINDS)
def test_the_connection_on_its_page_is_one_that_is_taken(kind: str) -> None:
    (written,) = blocks(kind, "Configure", "yaml")
    for connection in yaml.safe_load(written)["connections"].values():
        assert ItsmConnection.model_validate(connection).kind == kind


def _some_value(placeholder: re.Match[str]) -> str:
    is_moment = re.search(r"updated|changed|modif|date|time|(^|[_.])at\b", placeholder[0], flags=re.IGNORECASE)
    return "2026-03-02T08:00:00Z" if is_moment else "7"


# ---------------------------------------------------------------- told by its shape


@pytest.mark.parametrize("name", [name for name in fixtures() if preset(name.split(".")[0]).recognise])
def test_every_made_up_body_is_recognised_as_its_own_kind_only(name: str) -> None:
    assert products(fixture(name)) in ({name.split(".")[0]}, set())
    assert products(fixture(name)) or not any_ticket(name.split(".")[0], fixture(name))


@pytest.mark.parametrize("name", [name for name in names() if preset(recording(name)[0]).recognise])
def test_every_recorded_body_is_recognised_as_its_own_kind_only(name: str) -> None:
    kind, document, headers = recording(name)
    assert products(document, headers) == {kind} or not any_ticket(kind, document)


@pytest.mark.parametrize(
    "document",
    [
        *(fixture(name) for name in fixtures("generic")),
        {"eventType": "workitem.updated", "resource": {"id": 2, "rev": 2, "fields": {}}, "id": "1"},
        {"data": {"id": "1", "tinyId": "2", "message": "x", "status": "open", "priority": "P3"}, "requestId": "1"},
        {"busObId": "1", "busObRecId": "2", "busObPublicId": "3", "fields": []},
        {"ticket": {"id": 1, "subject": "x"}},
        {"change": {"id": 1, "title": "x"}},
        {"value": "this is good"},
        {},
        [],
    ],
)
def test_a_body_of_no_product_is_taken_for_none(document: object) -> None:
    assert products(document) == set()


def test_every_product_can_be_told_but_the_generic_shape() -> None:
    assert {preset.kind for preset in recognisable()} == set(KINDS) - {"generic"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", fixtures())
def test_no_body_makes_the_expressions_of_any_preset_fail(name: str, kind: str) -> None:
    assert understand(fixture(name), preset(kind), sender())


def products(document: object, headers: dict[str, str] | None = None) -> set[str]:
    """The products that a connection of kind `auto` takes a body's tickets for."""
    found = understand(document, preset(AUTO), sender(headers))
    return {each.fields["product"] for each in found if not isinstance(each, NoTicket)}


def any_ticket(kind: str, document: object) -> bool:
    return any(not isinstance(each, NoTicket) for each in understand(document, preset(kind), sender()))


# ---------------------------------------------------------------- tables


@pytest.mark.parametrize("kind", KINDS)
def test_every_status_and_priority_leads_somewhere_that_a_board_knows(kind: str) -> None:
    assert {meaning for table in preset(kind).statuses for meaning in table.values()} <= CATEGORIES
    assert {level for table in preset(kind).priorities for level in table.values()} <= {1, 2, 3, 4}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if preset(kind).answers])
def test_every_answer_is_a_status_that_the_preset_itself_understands(kind: str) -> None:
    known = {value for table in preset(kind).statuses for value in table}
    for category, answer in preset(kind).answers.items():
        prefix = f"{category.split(':')[0]}:" if ":" in category else ""
        assert {prefix + answer.casefold(), answer.casefold()} & known
