"""What the conditions of a query look like as clauses."""

from typing import Any

import pytest

from infra.local.azure_devops.query.clauses import clauses
from infra.local.azure_devops.query.parser import parse

CHILDREN = "[System.Links.LinkType] = 'System.LinkTypes.Hierarchy-Forward'"


def shown(text: str) -> dict[str, Any]:
    """A field is shown by its name alone."""
    return clauses(parse(text), lambda field: {"name": field.name})


def leaf(field: str, operator: str, words: str, value: str | None = None) -> dict[str, Any]:
    clause = {"field": {"name": field}, "operator": {"referenceName": f"SupportedOperations.{operator}", "name": words}}
    return clause if value is None else clause | {"value": value}


@pytest.mark.parametrize(
    ("where", "clause"),
    [
        ("[System.WorkItemType] = 'Bug'", leaf("Work Item Type", "Equals", "=", "Bug")),
        ("[System.Id] IN (1, 2)", leaf("ID", "In", "In", "1, 2")),
        ("[System.CreatedDate] >= @today - 7", leaf("Created Date", "GreaterThanEquals", ">=", "@today - 7")),
        ("[System.AreaPath] NOT UNDER 'Fabrikam'", leaf("Area Path", "NotUnder", "Not Under", "Fabrikam")),
        ("[System.Description] IS NOT EMPTY", leaf("Description", "IsNotEmpty", "Is Not Empty")),
        ("NOT [System.Title] CONTAINS 'x'", leaf("Title", "NotContains", "Does Not Contain", "x")),
        ("EVER [System.State] = 'New'", leaf("State", "Ever", "Was Ever", "New")),
        (
            "[System.TeamProject] = @project AND [System.State] <> 'Removed'",
            {
                "logicalOperator": "and",
                "clauses": [
                    leaf("Team Project", "Equals", "=", "@project"),
                    leaf("State", "NotEquals", "<>", "Removed"),
                ],
            },
        ),
        (
            "NOT ([System.State] = 'New' AND [System.Id] > 5)",
            {
                "logicalOperator": "or",
                "clauses": [leaf("State", "NotEquals", "<>", "New"), leaf("ID", "LessThanEquals", "<=", "5")],
            },
        ),
        (
            "[System.CreatedDate] = [System.ChangedDate]",
            leaf("Created Date", "EqualsField", "= [Field]")
            | {"isFieldValue": True, "fieldValue": {"name": "Changed Date"}},
        ),
    ],
)
def test_a_flat_query(where: str, clause: Any) -> None:
    assert shown(f"SELECT [System.Id] FROM WorkItems WHERE {where}") == {"clauses": clause}


def test_no_condition() -> None:
    assert shown("SELECT [System.Id] FROM WorkItems") == {}


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("", {"filterOptions": "linksOneHopMustContain"}),
        ("MODE (MayContain)", {"filterOptions": "linksOneHopMayContain"}),
        ("MODE (DoesNotContain)", {"filterOptions": "linksOneHopDoesNotContain"}),
        ("MODE (Recursive)", {"filterOptions": "linksRecursiveMayContain", "queryRecursionOption": "parentFirst"}),
        (
            "MODE (Recursive, ReturnMatchingChildren)",
            {"filterOptions": "linksRecursiveMayContain", "queryRecursionOption": "childFirst"},
        ),
    ],
)
def test_a_query_of_links(mode: str, options: dict[str, str]) -> None:
    text = f"SELECT [System.Id] FROM WorkItemLinks WHERE [Target].[System.State] = 'New' AND {CHILDREN} {mode}"
    assert shown(text) == options | {
        "linkClauses": leaf("Link Type", "Equals", "=", "System.LinkTypes.Hierarchy-Forward"),
        "targetClauses": leaf("State", "Equals", "=", "New"),
    }
