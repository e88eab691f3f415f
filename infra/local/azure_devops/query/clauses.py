"""The conditions of a query as the trees of clauses a client sees beside its text.

Clauses know AND and OR but no NOT: a negation goes down to the conditions, each of which has an opposite.
"""

from collections.abc import Callable
from typing import Any

from infra.local.azure_devops.boards.process import Field
from infra.local.azure_devops.query.links import link_field_of, split
from infra.local.azure_devops.query.parser import Comparison, Condition, Either, Every, FieldName, Not, Query

type Column = Callable[[Field], dict[str, str]]

# What is written, its name in clauses, and the name people see; by pairs of opposites.
OPPOSITES = (
    (("=", "Equals", "="), ("<>", "NotEquals", "<>")),
    ((">", "GreaterThan", ">"), ("<=", "LessThanEquals", "<=")),
    (("<", "LessThan", "<"), (">=", "GreaterThanEquals", ">=")),
    (("in", "In", "In"), ("not in", "NotIn", "Not In")),
    (("in group", "InGroup", "In Group"), ("not in group", "NotInGroup", "Not In Group")),
    (("under", "Under", "Under"), ("not under", "NotUnder", "Not Under")),
    (("contains", "Contains", "Contains"), ("not contains", "NotContains", "Does Not Contain")),
    (
        ("contains words", "ContainsWords", "Contains Words"),
        ("not contains words", "NotContainsWords", "Does Not Contain Words"),
    ),
    (("is empty", "IsEmpty", "Is Empty"), ("is not empty", "IsNotEmpty", "Is Not Empty")),
    (("ever", "Ever", "Was Ever"), ("not ever", "NotEver", "Not Was Ever")),
)
NAMES = {words[0]: words[1:] for pair in OPPOSITES for words in pair}
OPPOSITE = {words[0]: other[0] for one, two in OPPOSITES for words, other in ((one, two), (two, one))}

LINK_MODES = {
    "mustcontain": "linksOneHopMustContain",
    "maycontain": "linksOneHopMayContain",
    "doesnotcontain": "linksOneHopDoesNotContain",
    "recursive": "linksRecursiveMayContain",
}


def clauses(query: Query, column: Column) -> dict[str, Any]:
    """The keys of a stored query that its conditions fill; `column` makes a reference to a field."""
    if not query.of_links:
        return {} if query.where is None else {"clauses": _clause(query.where, column)}
    parts = split(query.where)
    mode = "recursive" if "recursive" in query.modes else (query.modes or ("mustcontain",))[0]
    shown: dict[str, Any] = {"filterOptions": LINK_MODES[mode]}
    if mode == "recursive":
        children_first = "returnmatchingchildren" in query.modes
        shown["queryRecursionOption"] = "childFirst" if children_first else "parentFirst"
    for part, key in (("links", "linkClauses"), ("source", "sourceClauses"), ("target", "targetClauses")):
        if part in parts:
            shown[key] = _clause(parts[part], column)
    return shown


def _clause(condition: Condition, column: Column, *, negated: bool = False) -> dict[str, Any]:
    match condition:
        case Not(part):
            return _clause(part, column, negated=not negated)
        case Every(parts) | Either(parts):
            together = isinstance(condition, Every) != negated
            return {
                "logicalOperator": "and" if together else "or",
                "clauses": [_clause(part, column, negated=negated) for part in parts],
            }
        case Comparison():
            return _leaf(condition, column, negated=negated)


def _leaf(condition: Comparison, column: Column, *, negated: bool) -> dict[str, Any]:
    word = "ever" if condition.ever else condition.operator
    reference, name = NAMES[OPPOSITE[word] if negated else word]
    shown: dict[str, Any] = {"field": column(link_field_of(condition.field))}
    if condition.values and condition.values[0].kind == "field":
        return shown | {
            "operator": {"referenceName": f"SupportedOperations.{reference}Field", "name": f"{name} [Field]"},
            "isFieldValue": True,
            "fieldValue": column(link_field_of(FieldName(condition.values[0].value))),
        }
    values = [value.source if value.kind == "macro" else str(value.value) for value in condition.values]
    return shown | {
        "operator": {"referenceName": f"SupportedOperations.{reference}", "name": name},
        **({"value": ", ".join(values)} if values else {}),
    }
