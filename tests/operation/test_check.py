"""A configuration is held against the organisation: every fault and warning at once, each with what to fix."""

import copy
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from infra.local.azure_devops.running import RunningSimulator
from shared.configuration import AzureDevOpsConnection
from shared.connectors.azure_devops.auth import PersonalAccessToken
from shared.connectors.azure_devops.boards import AzureDevOpsBoards
from shared.errors import Park, Refused, RetryLater, StopConnection
from shared.model import Secret, StateCategory, WorkItemDraft
from shared.operation.service import OperationService
from shared.places import PlaceMemory
from shared.ports import Boards
from tests.memory.boards import MemoryBoards
from tests.memory.organisation import BACKLOG, FABRIKAM, TAILWIND, Project, work_item_type
from tests.memory.storage import MemoryConfigurationStore, MemoryCursors, MemoryQuarantine

CATEGORIES = {
    "open": (StateCategory.PROPOSED, StateCategory.IN_PROGRESS),
    "in_progress": (StateCategory.IN_PROGRESS, StateCategory.PROPOSED),
    "closed": (StateCategory.COMPLETED,),
    "cancelled": (StateCategory.REMOVED, StateCategory.COMPLETED),
}
GOOD: dict[str, Any] = {
    "connections": {
        "contoso": {"kind": "azure_devops", "url": "https://dev.azure.com/contoso", "secret": "boards-pat"},
        "desk": {"kind": "generic"},
    },
    "teams": [{"project": "Fabrikam", "team": "PMO", "audience": "project"}],
    "routes": [
        {"name": "network", "project": "Fabrikam", "team": "Network", "type": "Bug", "iteration": "current"},
        {"name": "plans", "project": "Fabrikam", "area": "Fabrikam\\PMO", "type": "Task", "audience": "project"},
        {"name": "web", "project": "Tailwind", "area": "Tailwind\\Web", "type": "Bug", "tags": ["itsm"]},
    ],
    "triage": {"project": "Fabrikam", "area": "Fabrikam\\Triage", "type": "Issue"},
}
# States enough for a ticket of any status.
SAGA_STATES = {"New": "Proposed", "Done": "Completed"}


def noon() -> datetime:
    return datetime(2026, 5, 4, 12, tzinfo=UTC)


def changed(*changes: tuple[str, object]) -> dict[str, Any]:
    """GOOD with other values at some paths (`routes/0/team`)."""
    document = copy.deepcopy(GOOD)
    for path, value in changes:
        *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
        place: Any = document
        for part in way:
            place = place[part]
        place[last] = value
    return document


def with_type(name: str, states: Mapping[str, str], *without: str, disabled: bool = False) -> Project:
    """Fabrikam with one more type."""
    type = work_item_type(name, states)
    transitions = {**type.transitions, "": ()} if disabled else type.transitions
    type = replace(type, fields=type.fields.difference(without), transitions=transitions)
    return replace(FABRIKAM, types={**FABRIKAM.types, name: type})


class Place:
    """An operation service over an organisation in memory."""

    def __init__(self, *projects: Project, on_call: Callable[[str], None] = lambda _: None) -> None:
        self.boards = MemoryBoards(noon, on_call, projects or (FABRIKAM, TAILWIND))
        self.connected: Boards = self.boards
        self.cursors = MemoryCursors()
        self.service = OperationService(
            store=MemoryConfigurationStore(),
            quarantine=MemoryQuarantine(),
            boards=self._connect,
            itsm_kinds=["generic"],
            kinds_with_api=[],
            extend=lambda kind, fields: None,
            hosts=(),
            reserved=(),
            law=lambda mapping: (),
            pairs=lambda configuration: (),
            taken=lambda configuration: None,
            places=PlaceMemory(self.cursors),
            categories=CATEGORIES,
        )

    def _connect(self, name: str, connection: AzureDevOpsConnection) -> Boards:
        return self.connected

    def check(self, document: object = GOOD) -> dict[str, Any]:
        return self.service.check_configuration(yaml.safe_dump(document))

    def put(self, document: object) -> str:
        return self.service.replace_configuration(yaml.safe_dump(document), None)


def found(entries: list[dict[str, str]]) -> dict[str, str]:
    assert len(entries) == len({entry["path"] for entry in entries}), "one finding for each path"
    return {entry["path"]: entry["fix"] for entry in entries}


# ---------------------------------------------------------------- what is in order


def test_a_configuration_that_fits_has_no_findings() -> None:
    assert Place().check() == {"ok": True, "checked": "the document", "generation": "", "faults": [], "warnings": []}


def test_the_configuration_in_force_is_checked_when_no_other_is_given() -> None:
    place = Place()
    generation = place.put(GOOD)
    assert place.service.check_configuration(None) == {
        "ok": True,
        "checked": "the configuration in force",
        "generation": generation,
        "faults": [],
        "warnings": [],
    }
    place.boards.delete_area("Fabrikam\\Triage", "Fabrikam")
    answer = place.service.check_configuration(None)
    assert (answer["ok"], answer["generation"]) == (False, generation)
    assert set(found(answer["faults"])) == {"triage.area"}


def test_a_check_changes_nothing() -> None:
    place = Place()
    generation = place.put(GOOD)
    place.check(changed(("triage/type", "Task")))
    assert place.service.configuration()[1] == generation
    assert place.service.configuration()[0].triage.type == "Issue"


def test_case_is_no_fault() -> None:
    place = Place()
    place.boards.create(WorkItemDraft("Tailwind", "Bug", {"System.Title": "x", "System.Tags": "ITSM"}))
    place.boards.refuse_new_tags()
    document = changed(
        ("teams/0/team", "pmo"),
        ("routes/0/project", "fabrikam"),
        ("routes/0/team", "NETWORK"),
        ("routes/1/area", "fabrikam\\pmo"),
        ("routes/1/iteration", "FABRIKAM\\sprint 1"),
        ("routes/2/type", "bug"),
    )
    assert place.check(document)["faults"] == []


# ---------------------------------------------------------------- one thing wrong


OPEN_TO_ALL = ("routes/1/audience", "technical")  # where PMO is no project team, 'plans' is not to be for project teams


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        (
            [("routes/2/project", "Northwind"), ("routes/2/area", "Northwind\\Web")],
            "routes[2].project",
            ["no project 'Northwind'"],
        ),
        ([("routes/0/team", "Netwrok")], "routes[0].team", ["no team 'Netwrok'", "did you mean 'Network'?"]),
        ([("routes/0/team", "Accounting")], "routes[0].team", ["Fabrikam Team, Network, PMO, Platform, Service Desk"]),
        ([("teams/0/team", "PMOs"), OPEN_TO_ALL], "teams[0].team", ["no team 'PMOs'", "did you mean 'PMO'?"]),
        (
            [("teams/0/project", "Fabrikan"), OPEN_TO_ALL],
            "teams[0].project",
            ["no project 'Fabrikan'", "did you mean 'Fabrikam'?"],
        ),
        ([("triage/area", "Fabrikam\\Traige")], "triage.area", ["no area", "did you mean 'Fabrikam\\Triage'?"]),
        ([("triage/area", "Fabrikam\\IT\\PMO")], "triage.area", ["did you mean 'Fabrikam\\PMO'?"]),
        (
            [("triage/iteration", "Fabrikam\\Sprint 9")],
            "triage.iteration",
            ["no iteration", "did you mean 'Fabrikam\\Sprint "],
        ),
        ([("triage/parent", 4711)], "triage.parent", ["no work item 4711"]),
        ([("routes/0/type", "Saga")], "routes[0].type", ["no type 'Saga'", "User Story"]),
        ([("routes/1/area", "Fabrikam\\Network")], "routes[1]", ["technical team 'Network'"]),
    ],
)
def test_a_fault_says_where_and_what_to_fix(changes: list[tuple[str, object]], where: str, words: list[str]) -> None:
    answer = Place().check(changed(*changes))
    faults = found(answer["faults"])
    assert not answer["ok"]
    assert set(faults) == {where}
    assert [word for word in words if word not in faults[where]] == []


def test_a_parent_that_was_deleted_is_a_fault() -> None:
    place = Place()
    parent = place.boards.create(WorkItemDraft("Tailwind", "Epic", {"System.Title": "Calm printers"}))
    document = changed(("triage/parent", parent.id))
    assert place.check(document)["ok"]
    place.boards.delete(parent.id)
    assert set(found(place.check(document)["faults"])) == {"triage.parent"}


def test_a_team_without_a_default_area_is_a_fault_only_where_its_area_is_asked_for() -> None:
    place = Place()
    place.boards.delete_area("Fabrikam\\Network", "Fabrikam")
    assert "no default area" in found(place.check()["faults"])["routes[0].team"]
    assert place.check(changed(("routes/0/area", "Fabrikam\\Platform")))["ok"]


# ---------------------------------------------------------------- types


@pytest.mark.parametrize(
    ("project", "words"),
    [
        (with_type("Saga", SAGA_STATES, disabled=True), ["is disabled"]),
        (with_type("Saga", SAGA_STATES, "System.Tags"), ["lacks System.Tags"]),
        (with_type("Saga", SAGA_STATES, "System.Description"), ["lacks System.Description"]),
        (
            with_type("Saga", SAGA_STATES, "System.AreaPath", "System.IterationPath"),
            ["System.AreaPath and System.IterationPath"],
        ),
        (with_type("Saga", {"Done": "Completed"}), ["Proposed or InProgress", "a ticket that is open"]),
        (with_type("Saga", {"New": "Proposed"}), ["Completed", "closed", "Removed or Completed", "cancelled"]),
    ],
)
def test_a_type_that_cannot_hold_tickets_is_a_fault(project: Project, words: list[str]) -> None:
    answer = Place(project, TAILWIND).check(changed(("triage/type", "Saga")))
    assert {entry["path"] for entry in answer["faults"]} == {"triage.type"}
    said = " ".join(entry["fix"] for entry in answer["faults"])
    assert [word for word in words if word not in said] == []
    assert "'Saga'" in said
    assert answer["warnings"] == []


def test_repro_steps_do_for_a_description() -> None:
    type = work_item_type("Saga", SAGA_STATES, "Microsoft.VSTS.TCM.ReproSteps")
    saga = replace(type, fields=type.fields - {"System.Description"})
    project = replace(FABRIKAM, types={**FABRIKAM.types, "Saga": saga})
    assert Place(project, TAILWIND).check(changed(("triage/type", "Saga")))["ok"]


def test_a_type_without_a_priority_is_a_warning() -> None:
    project = with_type("Saga", BACKLOG, "Microsoft.VSTS.Common.Priority")
    answer = Place(project, TAILWIND).check(changed(("triage/type", "Saga")))
    assert (answer["ok"], answer["faults"]) == (True, [])
    assert "the priority of tickets will not show" in found(answer["warnings"])["triage.type"]


# ---------------------------------------------------------------- tags and iterations


def test_a_tag_must_be_there_or_ours_to_create() -> None:
    place = Place()
    assert place.check()["ok"]
    place.boards.refuse_new_tags()
    fix = found(place.check()["faults"])["routes[2].tags"]
    assert "no tag 'itsm'" in fix
    assert "'Create tag definition'" in fix


@pytest.mark.parametrize("refusal", [StopConnection("no such scope", "contoso"), Park("forbidden")])
def test_not_to_be_allowed_to_ask_about_tags_is_a_warning(refusal: Exception) -> None:
    def on_call(moment: str) -> None:
        if moment == "before boards.may_create_tags":
            raise refusal

    answer = Place(on_call=on_call).check()
    assert (answer["ok"], answer["faults"]) == (True, [])
    assert "may not ask" in found(answer["warnings"])["routes[2].tags"]


@pytest.mark.parametrize(
    ("team", "whose"), [("Network", "team 'Network'"), (None, "the default team of project 'Fabrikam'")]
)
def test_a_team_without_a_current_iteration_is_a_warning(team: str | None, whose: str) -> None:
    project = replace(FABRIKAM, current_iteration=None)
    document = changed(("routes/0/team", team), ("routes/0/area", "Fabrikam\\Network"))
    answer = Place(project, TAILWIND).check(document)
    assert answer["ok"]
    assert found(answer["warnings"])["routes[0].iteration"].startswith(whose)


# ---------------------------------------------------------------- everything at once


WRONG = changed(
    ("teams/0/project", "Nowhere"),
    ("routes/0/team", "Nobody"),
    ("routes/0/type", "Nothing"),
    ("routes/0/parent", 9),
    ("routes/1/project", "Northwind"),
    ("routes/1/area", "Northwind\\PMO"),
    ("routes/1/parent", 9),
    ("triage/area", "Fabrikam\\Nowhere"),
    ("triage/type", "Saga"),
    ("triage/iteration", "Fabrikam\\Someday"),
)
EVERYTHING = {
    "teams[0].project",
    "routes[0].team",
    "routes[0].type",
    "routes[0].parent",
    "routes[1].project",
    "routes[1].parent",
    "routes[2].tags",
    "triage.area",
    "triage.type",
    "triage.iteration",
}


def test_every_fault_is_named_whatever_else_is_missing() -> None:
    place = Place(with_type("Saga", {"New": "Proposed"}, "System.Tags"), TAILWIND)
    place.boards.refuse_new_tags()
    assert {entry["path"] for entry in place.check(WRONG)["faults"]} == EVERYTHING


class Vault:
    """Holds the one token."""

    def get(self, name: str) -> Secret:
        return Secret("local-pat")

    refresh = get


def test_the_same_is_found_over_http() -> None:
    place = Place()
    token = PersonalAccessToken(Vault(), "boards-pat", "contoso")
    with (
        RunningSimulator() as simulator,
        closing(AzureDevOpsBoards(simulator.url, token, connection="contoso", clock=noon)) as place.connected,
    ):
        assert place.check() == {"ok": True, "checked": "the document", "generation": "", "faults": [], "warnings": []}
        simulator.control.rules(refuse_new_tags=True)
        assert {entry["path"] for entry in place.check(WRONG)["faults"]} == EVERYTHING


@pytest.mark.parametrize(
    "failure",
    [
        StopConnection("the token has expired. Renew it.", "contoso"),
        RetryLater("the token has expired. Renew it.", 30),
        Park("the token has expired. Renew it."),
    ],
)
@pytest.mark.parametrize("call", ["teams", "work_item_type", "areas"])
def test_an_organisation_that_cannot_be_asked_is_one_fault(failure: Exception, call: str) -> None:
    def on_call(moment: str) -> None:
        if moment == f"before boards.{call}":
            raise failure

    answer = Place(on_call=on_call).check()
    assert answer["faults"] == [{"path": "connections.contoso", "fix": "the token has expired. Renew it."}]
    assert answer["warnings"] == []


def test_a_document_that_does_not_parse_has_its_faults_in_the_same_form() -> None:
    answer = Place().check(changed(("triage/typo", "x"), ("connections/contoso/secret", None)))
    assert set(found(answer["faults"])) == {"triage.typo"}
    assert not answer["ok"]


@pytest.mark.parametrize(
    ("text", "fix"),
    [("a: [", "this is not YAML"), ("- a", "a mapping with connections"), (None, "nothing is configured yet")],
)
def test_what_is_no_document_at_all_is_one_fault(text: str | None, fix: str) -> None:
    answer = Place().service.check_configuration(text)
    assert not answer["ok"]
    assert fix in found(answer["faults"])[""]


# ---------------------------------------------------------------- taking a configuration


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ([("routes/0/team", "Nobody"), ("routes/1/area", "Fabrikam\\Network")], {"routes[0].team", "routes[1]"}),
        ([("routes/2/project", "Northwind"), ("routes/2/area", "Northwind\\Web")], {"routes[2].project"}),
    ],
)
def test_a_configuration_is_not_taken_with_a_fault_of_place(changes: list[tuple[str, object]], paths: set[str]) -> None:
    place = Place()
    with pytest.raises(Refused) as refused:
        place.put(changed(*changes))
    assert refused.value.status == 400
    assert {path for path, _ in refused.value.faults} == paths


def test_a_configuration_is_taken_with_what_may_still_be_mended() -> None:
    place = Place()
    generation = place.put(changed(("triage/area", "Fabrikam\\Later"), ("teams/0/team", "PMO")))
    assert place.service.check_configuration(None)["generation"] == generation
    assert set(found(place.service.check_configuration(None)["faults"])) == {"triage.area"}


def test_a_configuration_is_not_taken_while_the_organisation_cannot_be_asked() -> None:
    def on_call(moment: str) -> None:
        raise StopConnection("the token has expired. Renew it.", "contoso")

    with pytest.raises(Refused) as refused:
        Place(on_call=on_call).put(GOOD)
    assert refused.value.faults == (("connections.contoso", "the token has expired. Renew it."),)


# ---------------------------------------------------------------- areas that move


def test_a_moved_area_is_a_warning_that_names_where_it_is_and_a_deleted_one_a_fault() -> None:
    place = Place()
    document = changed()
    place.put(document)
    place.boards.move_area("Fabrikam\\Triage", "Fabrikam\\PMO")
    told = place.check(document)
    assert told["ok"]
    assert "is 'Fabrikam\\PMO\\Triage' now, and works on" in found(told["warnings"])["triage.area"]
    place.boards.delete_area("Fabrikam\\PMO\\Triage", "Fabrikam")
    assert "has no area 'Fabrikam\\Triage'" in found(place.check(document)["faults"])["triage.area"]


def test_an_area_that_moved_under_a_technical_team_is_no_place_for_project_tickets() -> None:
    place = Place()
    document = changed(("routes/1/area", "Fabrikam\\Triage"))
    place.put(document)
    place.boards.move_area("Fabrikam\\Triage", "Fabrikam\\Network")
    fault = found(place.check(document)["faults"])["routes[1]"]
    assert "route 'plans' is for project teams only, but its area 'Fabrikam\\Network\\Triage' belongs to" in fault


@pytest.mark.parametrize("text", ["a: 2001-99-99", "[" * 3000, "a: !!int x", "a: 0x_", "a: !!timestamp zz"])
def test_a_document_that_the_yaml_library_stumbles_over_is_one_fault(text: str) -> None:
    answer = Place().service.check_configuration(text)
    assert not answer["ok"]
    assert "this is not YAML" in answer["faults"][0]["fix"]
