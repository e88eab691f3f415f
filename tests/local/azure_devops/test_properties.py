"""What holds for any document: an answer the service could give, and nothing half-written."""

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from tests.local.azure_devops.client import Client

# The simulator outlives an example; each example makes an item of its own.
SHARED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

VALUES = (
    some.none()
    | some.booleans()
    | some.integers(-3, 9)
    | some.text(max_size=5)
    | some.lists(some.integers(), max_size=1)
)
FIELDS = some.sampled_from(
    [
        "System.Title",
        "System.State",
        "System.Tags",
        "System.AreaPath",
        "System.AssignedTo",
        "System.TeamProject",
        "System.WorkItemType",
        "System.Parent",
        "System.Id",
        "Microsoft.VSTS.Common.Priority",
        "Microsoft.VSTS.Scheduling.RemainingWork",
        "Microsoft.VSTS.Scheduling.StartDate",
        "Nope",
    ]
)
PATHS = some.one_of(
    FIELDS.map(lambda name: f"/fields/{name}"),
    FIELDS.map(lambda name: f"/multilineFieldsFormat/{name}"),
    some.sampled_from(["/rev", "/id", "/relations/-", "/relations/0", "/relations/x/attributes/comment", "", "/"]),
)
RELATIONS = some.fixed_dictionaries(
    {"rel": some.sampled_from(["Hyperlink", "System.LinkTypes.Related", "Nope", ""]), "url": some.text(max_size=5)},
    optional={"attributes": VALUES},
)
OPERATIONS = some.fixed_dictionaries(
    {"op": some.sampled_from(["add", "replace", "remove", "test", "move"]), "path": PATHS, "value": VALUES | RELATIONS}
)


@SHARED
@given(document=some.lists(OPERATIONS, max_size=4) | VALUES)
def test_a_patch_is_accepted_whole_or_changes_nothing(client: Client, document: Any) -> None:
    item = client.create()["id"]
    before = client.item(item, **{"$expand": "all"})
    headers = {"Content-Type": "application/json-patch+json"}
    answer = client("PATCH", f"_apis/wit/workitems/{item}", document, headers=headers)
    assert answer.status_code in (200, 400, 404, 412), answer.text
    after = client.item(item, **{"$expand": "all"})
    if answer.status_code == 200:
        assert after["rev"] in (before["rev"], before["rev"] + 1)
    else:
        assert after == before


OPERATORS = some.sampled_from(
    [
        "=",
        "<>",
        ">",
        "<=",
        "IN",
        "NOT IN",
        "UNDER",
        "CONTAINS",
        "NOT CONTAINS WORDS",
        "EVER",
        "IN GROUP",
        "IS EMPTY",
        "~",
    ]
)
LITERALS = some.sampled_from(
    [
        "'x'",
        "''",
        "1",
        "-2.5",
        "true",
        "('New', 1, '')",
        "@today - 1",
        "@me",
        "@project",
        "@nope",
        "'2026-01-01'",
        "'Fabrikam'",
        "[State]",
        "[ID]",
        "",
    ]
)
CONDITIONS = some.builds("[{}] {} {}".format, FIELDS, OPERATORS, LITERALS)
EXPRESSIONS = some.recursive(
    CONDITIONS,
    lambda inner: some.one_of(
        some.builds("({} AND {})".format, inner, inner),
        some.builds("{} OR {}".format, inner, inner),
        some.builds("NOT ({})".format, inner),
        some.builds("EVER ({})".format, CONDITIONS),
    ),
    max_leaves=4,
)


@SHARED
@example("[System.State] = 'New'")
@given(where=EXPRESSIONS)
def test_a_query_is_run_or_refused(client: Client, where: str) -> None:
    client.create()
    text = f"SELECT [System.Id] FROM WorkItems WHERE {where} ORDER BY [System.State]"
    answer = client("POST", "Fabrikam/_apis/wit/wiql", {"query": text})
    assert answer.status_code in (200, 400), answer.text
