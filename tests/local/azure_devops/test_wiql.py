"""Queries: the language, its macros, its limits, its errors."""

from typing import Any

import pytest

from infra.local.azure_devops.clock import moment
from tests.local.azure_devops.client import Client, add

TIME_WITHOUT_PRECISION = (
    "You cannot supply a time with the date when running a query using date precision. "
    "The error is caused by «[System.CreatedDate] >= '2026-07-27T15:02:58Z'»."
)

NO_FROM = "TF51006: The query statement is missing a FROM clause. The error is caused by «{}»."


@pytest.fixture
def board(client: Client) -> Client:
    """1 a closed story and its task 2 in Network; 3 a bug of Jamal's; 4 an item of another project."""
    client.create("Replace the Core switch", kind="User Story", area="Fabrikam\\Network", tags="itsm; urgent")
    client.create("Order it", area="Fabrikam\\Network", priority=1)
    client.create("Login's broken", kind="Bug", assigned="Jamal Hartnett", description="<p>Fails at noon</p>")
    client.create("Web shop", project="Tailwind", kind="Product Backlog Item")
    client.change(2, client.link("System.LinkTypes.Hierarchy-Reverse", 1))
    client.change(1, add("System.State", "Active"))
    client.change(1, add("System.State", "Closed"))
    return client


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("[System.Id] > 0", [1, 2, 3, 4]),
        ("[System.TeamProject] = @project", [1, 2, 3]),
        ("[Team Project] <> 'fabrikam'", [4]),
        ("System.State = 'new'", [2, 3, 4]),
        ("[System.State] IN ('New', 'Closed') AND [System.TeamProject] = @Project", [1, 2, 3]),
        ("[System.State] NOT IN ('New')", [1]),
        ("[System.State] <> 'New' OR [System.WorkItemType] = 'Bug'", [1, 3]),
        ("NOT [System.State] = 'New'", [1]),
        ("([System.Id] = 1 OR [System.Id] = 2) AND NOT ([System.Id] = 2)", [1]),
        ("[System.Id] = 1 OR [System.Id] = 2 AND [System.State] = 'New'", [1, 2]),
        ("[System.Id] >= 2 AND [System.Id] < 4", [2, 3]),
        ("[System.Title] CONTAINS 'core SWITCH'", [1]),
        ("[System.Title] NOT CONTAINS 'o'", []),
        ("[System.Title] = 'Login''s broken'", [3]),
        ('[System.Title] = "Login\'s broken"', [3]),
        ("[System.Description] CONTAINS WORDS 'noon fails'", [3]),
        ("[System.Description] CONTAINS WORDS 'noo'", []),
        ("[System.Tags] CONTAINS 'ITSM'", [1]),
        ("[System.Tags] CONTAINS 'its'", []),
        ("[System.Tags] NOT CONTAINS 'itsm'", [2, 3, 4]),
        ("[System.AreaPath] UNDER 'Fabrikam'", [1, 2, 3]),
        ("[System.AreaPath] UNDER 'Fabrikam\\Network'", [1, 2]),
        ("[System.AreaPath] NOT UNDER 'Fabrikam\\Network'", [3, 4]),
        ("[System.AreaPath] = 'Fabrikam'", [3]),
        ("[System.IterationPath] IN ('Fabrikam', 'Tailwind')", [1, 2, 3, 4]),
        ("[System.Parent] = 1", [2]),
        ("[System.Parent] IS NOT EMPTY", [2]),
        ("[System.AssignedTo] IS EMPTY", [1, 2, 4]),
        ("[System.AssignedTo] = ''", [1, 2, 4]),
        ("[System.AssignedTo] = 'Jamal Hartnett'", [3]),
        ("[System.AssignedTo] = 'fabrikamfiber4@hotmail.com'", [3]),
        ("[System.AssignedTo] = 'Jamal Hartnett <fabrikamfiber4@hotmail.com>'", [3]),
        ("[System.AssignedTo] CONTAINS 'hartnett'", [3]),
        ("[System.CreatedBy] = @me AND [System.Id] < 3", [1, 2]),
        ("[System.AssignedTo] <> 'Jamal Hartnett'", [1, 2, 4]),
        ("EVER ([System.State] = 'Active')", [1]),
        ("EVER [System.State] = 'Active'", [1]),
        ("[System.State] WAS EVER 'New'", [1, 2, 3, 4]),
        ("NOT [System.State] EVER 'Active'", [2, 3, 4]),
        ("[Microsoft.VSTS.Common.Priority] = 1", [2]),
        ("[Microsoft.VSTS.Common.Priority] > 1.5", [1, 3, 4]),
        ("[Microsoft.VSTS.Scheduling.Effort] < 3", []),
        ("[System.CreatedDate] >= @today", [1, 2, 3, 4]),
        ("[System.CreatedDate] >= @today + 1", []),
        ("[System.CreatedDate] > @Today-1 AND [System.CreatedDate] < '2099-01-01'", [1, 2, 3, 4]),
        ("[System.CreatedDate] >= @StartOfMonth", [1, 2, 3, 4]),
        ("[System.CreatedDate] < @startOfWeek - 1", []),
        ("[System.CreatedDate] = [System.ChangedDate]", [1, 2, 3, 4]),
        ("[System.WorkItemType] IN GROUP 'Microsoft.RequirementCategory'", [1, 4]),
        ("[System.WorkItemType] NOT IN GROUP 'Requirement Category'", [2, 3]),
    ],
)
def test_conditions(board: Client, where: str, found: list[int]) -> None:
    assert board.query(where) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("[System.Id] DESC", [4, 3, 2, 1]),
        ("[System.Title] desc", [4, 1, 2, 3]),
        ("[System.State], [System.Id] DESC", [1, 4, 3, 2]),
        ("[System.AssignedTo], [System.Title] asc", [2, 1, 4, 3]),
    ],
)
def test_order(board: Client, order: str, found: list[int]) -> None:
    assert board.query(f"[System.Id] > 0 ORDER BY {order}") == found


def test_dates_order_by_their_full_time(board: Client) -> None:
    found = board.query("[System.Id] > 0 ORDER BY [System.ChangedDate] DESC")
    dates = [moment(board.item(id)["fields"]["System.ChangedDate"]) for id in found]
    assert len(dates) == 4
    assert dates == sorted(dates, reverse=True)


def test_shape(board: Client) -> None:
    text = "SELECT [System.Id], [Title] FROM workitems WHERE [System.Id] = 1 ORDER BY [System.ChangedDate] DESC"
    answer = board("POST", "Fabrikam/_apis/wit/wiql", {"query": text}).json()
    project = board.get("_apis/projects/Fabrikam")["id"]
    fields = f"{board.url}/_apis/wit/fields"
    assert answer.pop("asOf").endswith("Z")
    assert answer == {
        "queryType": "flat",
        "queryResultType": "workItem",
        "columns": [
            {"referenceName": "System.Id", "name": "ID", "url": f"{fields}/System.Id"},
            {"referenceName": "System.Title", "name": "Title", "url": f"{fields}/System.Title"},
        ],
        "sortColumns": [
            {
                "field": {
                    "referenceName": "System.ChangedDate",
                    "name": "Changed Date",
                    "url": f"{fields}/System.ChangedDate",
                },
                "descending": True,
            }
        ],
        "workItems": [{"id": 1, "url": f"{board.url}/{project}/_apis/wit/workItems/1"}],
    }
    answer = board(
        "POST", "_apis/wit/wiql", {"query": "SELECT [System.Id] FROM workitems WHERE [System.Id] = 1"}
    ).json()
    assert "sortColumns" not in answer
    assert answer["workItems"] == [{"id": 1, "url": f"{board.url}/_apis/wit/workItems/1"}]


def refused(client: Client, text: str, path: str = "Fabrikam/_apis/wit/wiql", **params: Any) -> dict[str, Any]:
    answer = client("POST", path, {"query": text}, params=params)
    assert answer.status_code == 400
    return answer.json()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "SELECT [System.Id] FROM WorkItems WHERE [System.Sprint] = 'x'",
            "TF51005: The query references a field that does not exist. The error is caused by «[System.Sprint]».",
        ),
        ("SELECT [System.Sprint] FROM WorkItems", "TF51005"),
        (
            "SELECT [System.Id] FROM WorkItems WHERE [System.AreaPath] UNDER 'Fabrikam\\Nope'",
            "TF51011: The specified area path does not exist. The error is caused by «'Fabrikam\\Nope'».",
        ),
        (
            "SELECT [System.Id] FROM WorkItems WHERE [System.IterationPath] = 'Fabrikam\\Network'",
            "TF51011: The specified iteration path does not exist. The error is caused by «'Fabrikam\\Network'».",
        ),
        (
            "SELECT [System.Id] FROM WorkItems WHERE [System.CreatedDate] >= '2026-07-27T15:02:58Z'",
            TIME_WITHOUT_PRECISION,
        ),
        ("SELECT [System.Id] WHERE [System.Id] = 1", NO_FROM.format("WHERE")),
        ("SELECT TOP 5 [System.Id] FROM WorkItems", NO_FROM.format("5")),
        ("SELECT [System.Id] FROM WorkItems WHERE [System.Title] = 'open", "The query statement cannot be read."),
        ("SELECT [System.Id] FROM WorkItems WHERE [System.CreatedDate] > 'soon'", "The value 'soon' is not a date."),
        ("SELECT [System.Id] FROM WorkItems WHERE [System.Id] = 'x'", "The value 'x' is not a number."),
        ("SELECT [System.Id] FROM WorkItems WHERE [System.State] = @nope", "The macro @nope"),
        ("SELECT [System.Id] FROM WorkItems MODE (Recursive)", "MODE is for queries FROM WorkItemLinks."),
        ("SELECT [System.Id] FROM WorkItems WHERE [System.Title] = '" + "x" * 32_000 + "'", "The query text is longer"),
        ("", "A value is required for 'query'."),
    ],
)
def test_errors(client: Client, text: str, message: str) -> None:
    assert refused(client, text)["message"].startswith(message)


def test_times_need_time_precision_in_the_address(board: Client) -> None:
    created = board.item(3)["fields"]["System.CreatedDate"]
    second = created[:19] + "Z"
    where = f"[System.CreatedDate] >= '{second}' AND [System.Id] = 3"
    assert board.query(where, timePrecision="true") == [3]
    assert board.query("[System.CreatedDate] < '2001-01-01T00:00:00Z'", timePrecision="true") == []
    body = {"query": f"SELECT [System.Id] FROM WorkItems WHERE {where}", "timePrecision": True}
    assert board("POST", "_apis/wit/wiql", body).status_code == 400


def test_project_and_iteration_macros_need_their_context(board: Client) -> None:
    text = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project"
    assert "@project" in refused(board, text, "_apis/wit/wiql")["message"]
    text = "SELECT [System.Id] FROM WorkItems WHERE [System.IterationPath] = @currentIteration"
    answer = board("POST", "_apis/wit/wiql", {"query": text})
    assert answer.status_code == 500
    assert answer.json()["message"].startswith("VS402612: The macro '@CurrentIteration' is not supported without a")
    board.change(2, add("System.IterationPath", "Fabrikam\\Sprint 2"))
    assert board.query("[System.IterationPath] = @currentIteration") == [2]
    path = "Fabrikam/Network/_apis/wit/wiql"
    assert board.query("[System.IterationPath] = @currentIteration('[Fabrikam]\\Network')", path=path) == [2]


def test_as_of(board: Client) -> None:
    then = board.get("_apis/wit/workitems/1/revisions/2")["fields"]["System.ChangedDate"]
    assert board.query(f"[System.State] = 'Active' ASOF '{then}'") == [1]
    assert board.query("[System.Id] > 0 ASOF '2001-01-01'") == []


def test_the_size_limit_strikes_unless_top_is_smaller(board: Client) -> None:
    board.control.rules(query_limit=4)
    text = "SELECT [System.Id] FROM WorkItems"
    for params in ({}, {"$top": 4}, {"$top": 10}):
        error = refused(board, text, "_apis/wit/wiql", **params)
        assert error["message"] == "VS402337: The number of work items returned exceeds the size limit of 4."
        assert error["typeKey"] == "WorkItemTrackingQueryResultSizeLimitExceededException"
    assert board.query("[System.Id] > 0", **{"$top": 3}) == [1, 2, 3]
    assert board.query("[System.Id] > 1") == [2, 3, 4]
    assert "$top" in refused(board, text, **{"$top": -1})["message"]


def test_a_query_that_takes_too_long(board: Client) -> None:
    board.control.rules(query_seconds=0)
    error = refused(board, "SELECT [System.Id] FROM WorkItems")
    assert error["message"].startswith("VS402335: The timeout period (30 seconds) elapsed")
    board.control.rules()
    assert board.query("[System.Id] = 1") == [1]


def test_long_and_deep_texts(board: Client) -> None:
    ids = " OR ".join(["[System.Id] = 1"] * 1_500)
    assert board.query(ids) == [1]
    text = "SELECT [System.Id] FROM WorkItems WHERE [System.Id] = 1"
    exact = text + " " * (32_000 - len(text))
    assert board("POST", "_apis/wit/wiql", {"query": exact}).status_code == 200
    assert refused(board, exact + " ")["message"].startswith("The query text is longer")
    assert board.query("(" * 5_000 + "[System.Id] = 1" + ")" * 5_000) == [1]
    assert board.query("NOT " * 5_000 + "[System.Id] = 1") == [1]
    deep = "NOT ([a]=1 AND " * 1_500 + "[System.Id] = 1" + ")" * 1_500
    assert "nested too deeply" in refused(board, text + " AND " + deep.replace("[a]", "[ID]"))["message"]


def test_deleted_items_are_not_found(board: Client) -> None:
    board("DELETE", "_apis/wit/workitems/1")
    assert board.query("[System.Id] > 0") == [2, 3, 4]
