"""Projects, teams, their areas, iterations and backlogs."""

from datetime import UTC, datetime

import pytest

from infra.local.azure_devops.running import RunningSimulator
from tests.local.azure_devops.client import Client

SETTINGS = "Fabrikam/Network/_apis/work/teamsettings"


def test_projects(client: Client) -> None:
    listed = client.get("_apis/projects")
    assert (listed["count"], [p["name"] for p in listed["value"]]) == (
        4,
        ["Fabrikam", "Tailwind", "Contoso-Basic", "Litware"],
    )
    assert {p["state"] for p in listed["value"]} == {"wellFormed"}
    assert client.get("_apis/projects", **{"$top": 1, "$skip": 1})["value"] == listed["value"][1:2]


@pytest.mark.parametrize("name", ["Fabrikam", "fabrikam"])
def test_a_project_by_name_or_id(client: Client, name: str) -> None:
    project = client.get(f"_apis/projects/{name}", includeCapabilities="true")
    assert project["capabilities"]["processTemplate"]["templateName"] == "Agile"
    assert project["defaultTeam"]["name"] == "Fabrikam Team"
    assert client.get(f"_apis/projects/{project['id']}")["name"] == "Fabrikam"


def test_teams(client: Client) -> None:
    teams = client.get("_apis/projects/Fabrikam/teams")["value"]
    assert [t["name"] for t in teams] == ["Fabrikam Team", "Network", "Service Desk", "Platform", "PMO"]
    assert client.get("_apis/projects/Fabrikam/teams/Service Desk")["name"] == "Service Desk"
    assert client.get(f"_apis/projects/Fabrikam/teams/{teams[1]['id']}")["name"] == "Network"
    assert client("GET", "_apis/projects/Fabrikam/teams/Nope").status_code == 404
    everyone = client.get("_apis/teams", **{"api-version": "7.1-preview.3"})
    assert everyone["count"] == 15


@pytest.mark.parametrize(
    ("path", "default", "values"),
    [
        ("Fabrikam/Fabrikam Team", "Fabrikam", [{"value": "Fabrikam", "includeChildren": False}]),
        ("Fabrikam", "Fabrikam", [{"value": "Fabrikam", "includeChildren": False}]),
        ("Fabrikam/Network", "Fabrikam\\Network", [{"value": "Fabrikam\\Network", "includeChildren": True}]),
        ("Tailwind/Data", "Tailwind\\Data", [{"value": "Tailwind\\Data", "includeChildren": True}]),
    ],
)
def test_areas_of_a_team(client: Client, path: str, default: str, values: list[dict[str, object]]) -> None:
    answer = client.get(f"{path}/_apis/work/teamsettings/teamfieldvalues")
    assert (answer["defaultValue"], answer["values"]) == (default, values)
    assert answer["field"]["referenceName"] == "System.AreaPath"


def test_changing_the_areas_of_a_team(client: Client) -> None:
    values = [{"value": "Fabrikam\\Network", "includeChildren": True}, {"value": "Fabrikam\\Platform"}]
    body = {"defaultValue": "Fabrikam\\Platform", "values": values}
    answer = client("PATCH", f"{SETTINGS}/teamfieldvalues", body)
    assert answer.status_code == 200
    assert answer.json()["values"][1] == {"value": "Fabrikam\\Platform", "includeChildren": False}
    assert client.get(f"{SETTINGS}/teamfieldvalues") == answer.json()


def test_areas_need_a_default(client: Client) -> None:
    answer = client("PATCH", f"{SETTINGS}/teamfieldvalues", {"values": [{"value": "Fabrikam"}]})
    assert answer.status_code == 400
    assert answer.json() == {
        "$id": "1",
        "innerException": None,
        "message": "DefaultValue",
        "typeName": "Microsoft.TeamFoundation.Work.WebApi.Exceptions.TeamFieldArgumentNullException, "
        "Microsoft.TeamFoundation.Work.WebApi",
        "typeKey": "TeamFieldArgumentNullException",
        "errorCode": 0,
        "eventId": 0,
    }


def test_settings(client: Client) -> None:
    settings = client.get(SETTINGS)
    assert settings["backlogIteration"]["path"] == ""
    assert settings["defaultIteration"]["path"] == "\\Sprint 2"
    assert list(settings["backlogVisibilities"]) == [
        "Microsoft.EpicCategory",
        "Microsoft.FeatureCategory",
        "Microsoft.RequirementCategory",
    ]


@pytest.mark.parametrize(
    ("time_frame", "names"),
    [
        ("past", ["Sprint 1"]),
        ("current", ["Sprint 2"]),
        ("future", ["Sprint 3", "Sprint 4", "Sprint 5"]),
        (None, ["Sprint 1", "Sprint 2", "Sprint 3", "Sprint 4", "Sprint 5"]),
    ],
)
def test_iterations_by_time_frame(client: Client, time_frame: str | None, names: list[str]) -> None:
    listed = client.get(f"{SETTINGS}/iterations", **({"$timeframe": time_frame} if time_frame else {}))
    assert [iteration["name"] for iteration in listed["value"]] == names
    assert listed["value"][0]["path"] == f"Fabrikam\\{names[0]}"


@pytest.mark.parametrize(
    ("today", "current"),
    [
        (datetime(2026, 3, 2, 0, 0, tzinfo=UTC), "2026-03-02T00:00:00Z"),
        (datetime(2026, 3, 8, 23, 59, tzinfo=UTC), "2026-03-02T00:00:00Z"),
        (datetime(2026, 3, 9, 12, 0, tzinfo=UTC), "2026-03-09T00:00:00Z"),
    ],
)
def test_the_current_sprint_follows_the_clock(today: datetime, current: str) -> None:
    with RunningSimulator(clock=lambda: today) as simulator:
        client = Client(simulator)
        [sprint] = client.get(f"{SETTINGS}/iterations", **{"$timeframe": "current"})["value"]
        assert (sprint["name"], sprint["attributes"]["startDate"]) == ("Sprint 2", current)
        assert client.create()["fields"]["System.CreatedDate"] == f"{today:%Y-%m-%dT%H:%M:%SZ}"
        client.session.close()


@pytest.mark.parametrize(
    ("start", "finish", "time_frame"),
    [
        ("2026-03-01", "2026-03-09", "past"),
        ("2026-03-01", "2026-03-10", "current"),
        ("2026-03-10", "2026-03-20", "current"),
        ("2026-03-11", "2026-03-20", "future"),
    ],
)
def test_the_finish_date_is_the_last_day(start: str, finish: str, time_frame: str) -> None:
    with RunningSimulator(clock=lambda: datetime(2026, 3, 10, 12, 0, tzinfo=UTC)) as simulator:
        client = Client(simulator)
        body = {"name": "Release", "attributes": {"startDate": start, "finishDate": finish}}
        node = client("POST", "Fabrikam/_apis/wit/classificationnodes/iterations", body).json()
        added = client("POST", f"{SETTINGS}/iterations", {"id": node["identifier"]}).json()
        assert added["attributes"]["timeFrame"] == time_frame
        client.session.close()


def test_adding_and_removing_an_iteration(client: Client) -> None:
    node = client("POST", "Fabrikam/_apis/wit/classificationnodes/iterations", {"name": "Later"}).json()
    answer = client("POST", f"{SETTINGS}/iterations", {"id": node["identifier"]})
    assert (answer.status_code, answer.json()["attributes"]["timeFrame"]) == (201, "current")
    path = f"{SETTINGS}/iterations/{node['identifier']}"
    assert client.get(path)["_links"]["self"]["href"] == answer.json()["url"]
    assert client("DELETE", path).status_code == 204
    assert client("GET", path).status_code == 404
    assert client("POST", f"{SETTINGS}/iterations", {"id": "nope"}).status_code == 404


def test_backlogs_say_which_types_may_hold_which(client: Client) -> None:
    backlogs = client.get("Tailwind/Web/_apis/work/backlogs")["value"]
    assert [(b["id"], b["rank"], b["type"], [t["name"] for t in b["workItemTypes"]]) for b in backlogs] == [
        ("Microsoft.EpicCategory", 4, "portfolio", ["Epic"]),
        ("Microsoft.FeatureCategory", 3, "portfolio", ["Feature"]),
        ("Microsoft.RequirementCategory", 2, "requirement", ["Product Backlog Item", "Bug"]),
        ("Microsoft.TaskCategory", 1, "task", ["Task"]),
    ]
    assert client.get("Tailwind/Web/_apis/work/backlogs/Microsoft.TaskCategory") == backlogs[3]


def test_backlog_configuration_maps_states_to_categories(client: Client) -> None:
    configuration = client.get("Fabrikam/Network/_apis/work/backlogconfiguration")
    states = {m["workItemTypeName"]: m["states"] for m in configuration["workItemTypeMappedStates"]}
    assert (states["User Story"]["Resolved"], states["Bug"]["Resolved"]) == ("InProgress", "Resolved")
    assert states["Task"] == {"New": "Proposed", "Active": "InProgress", "Closed": "Completed", "Removed": "Removed"}
    assert [b["name"] for b in configuration["portfolioBacklogs"]] == ["Features", "Epics"]
