"""Work items selected by team, iteration and stored query, and the levels on which they stand, in a simulator."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from infra.local.azure_devops.running import RunningSimulator
from shared.connectors.azure_devops.side import AzureDevOpsSide, Organisation
from shared.errors import Refused
from shared.model import Level, Selection
from tests.connectors.azure_devops.test_side import AREA, ITERATION, SimulatedPeople, Token, now
from tests.connectors.canned import Canned, answer

ALL = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project"
TREE = (
    "SELECT [System.Id] FROM WorkItemLinks WHERE [Source].[System.TeamProject] = @project"
    " AND [System.Links.LinkType] = 'System.LinkTypes.Hierarchy-Forward' MODE ({})"
)


class Office:
    """Fabrikam and Tailwind with items in some of their places."""

    def __init__(self, simulator: RunningSimulator, organisation: Organisation) -> None:
        self.url = simulator.url
        self.people = SimulatedPeople(simulator)
        self.side = AzureDevOpsSide(organisation, ["Fabrikam", "Tailwind"])

    def item(self, title: str, area: str = "", iteration: str = "", project: str = "Fabrikam") -> str:
        id = self.people.create(title, project, kind="Feature")
        fields = {AREA: area, ITERATION: iteration}
        self.people.edit(id, {name: path for name, path in fields.items() if path})
        return id

    def call(self, method: str, path: str, body: Any) -> Any:
        answer = requests.request(
            method, f"{self.url}/{path}?api-version=7.1", json=body, auth=("", "local-pat"), timeout=5
        )
        answer.raise_for_status()
        return answer.json()

    def stored(self, name: str, wiql: str, project: str = "Fabrikam", folder: str = "Shared Queries") -> str:
        """A query; its id."""
        return self.call("POST", f"{project}/_apis/wit/queries/{folder}", {"name": name, "wiql": wiql})["id"]

    def select(self, **selection: str) -> set[str]:
        return set(self.side.select(Selection(**selection)))

    def refusal(self, **selection: str) -> tuple[str, str]:
        with pytest.raises(Refused) as refused:
            self.select(**selection)
        assert refused.value.status == 422
        [fault] = refused.value.faults
        return fault


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with RunningSimulator() as running:
        yield running


@pytest.fixture
def office(simulator: RunningSimulator) -> Iterator[Office]:
    simulator.control.reset()
    organisation = Organisation(simulator.url, Token(), connection="boards", clock=now)
    yield Office(simulator, organisation)
    organisation.close()


# ---------------------------------------------------------------- teams and iterations


@pytest.mark.parametrize("name", ["Network", "network", "Fabrikam/Network"])
def test_a_team_means_its_areas_with_all_below_if_it_says_so(office, name):
    office.call("POST", "Fabrikam/_apis/wit/classificationnodes/areas/Network", {"name": "Routers"})
    items = {area: office.item(area, f"Fabrikam{area}") for area in ("", "\\Network", "\\Network\\Routers", "\\PMO")}
    assert office.select(team=name) == {items["\\Network"], items["\\Network\\Routers"]}
    assert office.select(team="Fabrikam Team") == {items[""]}


def test_a_team_of_two_projects_is_told_by_its_project(office):
    office.call("POST", "_apis/projects/Tailwind/teams", {"name": "Network"})
    assert office.refusal(team="Network") == (
        "team",
        "several projects have it: write Fabrikam/Network or Tailwind/Network",
    )
    assert office.refusal(team="Tailwind/Network") == (
        "team",
        "the team 'Tailwind/Network' has no areas: give it some in its settings",
    )


def test_an_iteration_means_all_below_it(office):
    items = [office.item("One", iteration=path) for path in ("Fabrikam", "Fabrikam\\Sprint 1", "Fabrikam\\Sprint 2")]
    office.item("Elsewhere", project="Tailwind")
    assert office.select(iteration="Fabrikam") == set(items)
    assert office.select(iteration="fabrikam\\sprint 1") == {items[1]}


def test_the_current_iteration_is_that_of_a_team(office):
    mine = office.item("Mine", "Fabrikam\\Network", "Fabrikam\\Sprint 2")
    office.item("Later", "Fabrikam\\Network", "Fabrikam\\Sprint 3")
    office.item("Theirs", "Fabrikam\\PMO", "Fabrikam\\Sprint 2")
    assert office.select(team="Network", iteration="current") == {mine}
    assert office.refusal(iteration="current") == ("iteration", "'current' is that of a team: give the team, too")


def test_a_team_without_a_current_iteration_has_none_to_select(office):
    office.call("POST", "_apis/projects/Fabrikam/teams", {"name": "Roadies"})
    settings = {"defaultValue": "Fabrikam", "values": [{"value": "Fabrikam", "includeChildren": True}]}
    office.call("PATCH", "Fabrikam/Roadies/_apis/work/teamsettings/teamfieldvalues", settings)
    assert office.refusal(team="Roadies", iteration="current") == (
        "iteration",
        "the team 'Roadies' has no current iteration",
    )


# ---------------------------------------------------------------- stored queries


def test_a_query_is_found_by_its_id_and_by_its_path(office):
    ours, _ = office.item("Ours"), office.item("Theirs", project="Tailwind")
    id = office.stored("All of it", ALL)
    for name in (id, "Shared Queries/All of it", "Fabrikam/Shared Queries/All of it"):
        assert office.select(query=name) == {ours}


@pytest.mark.parametrize(("mode", "listed"), [("Recursive", 3), ("MustContain", 3), ("DoesNotContain", 1)])
def test_of_a_query_for_trees_or_links_every_row_counts(office, mode, listed):
    top, middle, bottom = (office.item(title) for title in ("Top", "Middle", "Bottom"))
    office.people.move(middle, top)
    office.people.move(bottom, middle)
    office.stored("Links", TREE.format(mode))
    found = office.select(query="Shared Queries/Links")
    assert len(found) == listed
    assert found <= {top, middle, bottom}


def test_all_that_is_selected_must_hold(office):
    both = office.item("Both", "Fabrikam\\Network", "Fabrikam\\Sprint 1")
    office.item("Team alone", "Fabrikam\\Network")
    office.item("Other", "Fabrikam\\PMO", "Fabrikam\\Sprint 1")
    office.stored("All", ALL)
    assert office.select(team="Network", iteration="Fabrikam\\Sprint 1", query="Shared Queries/All") == {both}


def test_what_a_query_lists_of_other_projects_is_not_meant(office):
    ours = office.item("Ours")
    office.people.create("Theirs", "Contoso-Basic", kind="Epic")
    office.stored("Everywhere", "SELECT [System.Id] FROM WorkItems")
    assert office.select(query="Shared Queries/Everywhere") == {ours}


def test_a_query_of_two_projects_is_told_by_its_project(office):
    for project in ("Fabrikam", "Tailwind"):
        office.stored("All", ALL, project)
    ours, theirs = office.item("Ours"), office.item("Theirs", project="Tailwind")
    assert office.select(query="Tailwind/Shared Queries/All") == {theirs}
    assert ours not in office.select(query="Tailwind/Shared Queries/All")
    assert office.refusal(query="Shared Queries/All")[1] == (
        "several projects have it: write Fabrikam/Shared Queries/All or Tailwind/Shared Queries/All"
    )


@pytest.mark.parametrize(
    ("condition", "personal"),
    [
        ("[System.AssignedTo] = @Me", "@Me"),
        ("[System.Title] <> 'it''s @Me' AND [System.AssignedTo] = @me", "@me"),
    ],
)
def test_a_query_that_depends_on_who_asks_is_refused(office, condition, personal):
    office.stored("Mine", f"SELECT [System.Id] FROM WorkItems WHERE {condition}")
    assert office.refusal(query="Shared Queries/Mine")[1] == (
        f"'Shared Queries/Mine' depends on who asks, by its {personal}: name people in it, or use another"
    )


def test_a_text_that_looks_like_a_person_is_none(office):
    office.stored("Mails", "SELECT [System.Id] FROM WorkItems WHERE [System.Title] = 'write to jo@me.example'")
    assert office.select(query="Shared Queries/Mails") == set()


def test_a_query_that_lists_too_much_is_refused_with_the_servers_words(office, simulator):
    for n in range(3):
        office.item(f"Item {n}")
    office.stored("All", ALL)
    simulator.control.rules(query_limit=2)
    name, fix = office.refusal(query="Shared Queries/All")
    assert name == "query"
    assert fix.startswith("'Shared Queries/All' cannot be run, correct or narrow it: VS402337")


@pytest.mark.parametrize(
    ("selection", "fix"),
    [
        ({"team": "Netwerk"}, "there is no team 'Netwerk': do you mean Network?"),
        ({"team": "Litware/Products"}, "there is no team 'Litware/Products'"),
        ({"iteration": "Fabrikam\\Sprint 11"}, "do you mean Fabrikam\\Sprint 1"),
        ({"query": "Shared Queries/Opne"}, "do you mean Shared Queries/Open?"),
        ({"query": "00000000-0000-4000-8000-000000000000"}, "there is no query"),
        ({"query": "Fabrikam/Shared Queries"}, "'Fabrikam/Shared Queries' is a folder: choose a query in it"),
    ],
)
def test_what_is_not_there_is_refused_with_what_may_be_meant(office, selection, fix):
    office.stored("Open", ALL)
    [name] = selection
    assert office.refusal(**selection)[0] == name
    assert fix in office.refusal(**selection)[1]


# ---------------------------------------------------------------- levels and types


def test_the_levels_are_those_of_the_projects_process(office):
    assert office.side.levels("Fabrikam") == (
        Level("Epics", 4, ("Epic",)),
        Level("Features", 3, ("Feature",)),
        Level("Stories", 2, ("User Story", "Bug")),
        Level("Tasks", 1, ("Task",)),
    )
    assert [level.kinds for level in office.side.levels("Contoso-Basic")] == [("Epic",), ("Issue",), ("Task",)]


def test_new_work_items_are_of_no_hidden_or_disabled_type():
    types = {"value": [{"name": "Epic"}, {"name": "Code Review Request"}, {"name": "Retired", "isDisabled": True}]}
    hidden = {"referenceName": "Microsoft.HiddenCategory", "workItemTypes": [{"name": "Code Review Request"}]}
    network = Canned(answer(200, {"value": [hidden]}), answer(200, types))
    organisation = Organisation("https://boards.example", Token(), connection="boards", clock=now, adapter=network)
    assert AzureDevOpsSide(organisation, ["Fabrikam"]).kinds("Fabrikam") == ("Epic",)
