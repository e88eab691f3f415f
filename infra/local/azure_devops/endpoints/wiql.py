"""Queries: `POST wiql` runs a text and answers ids in order.

A query is not limited to the project of its address; `[System.TeamProject] = @project` is.
"""

from typing import Any

from infra.local.azure_devops.boards.process import Field
from infra.local.azure_devops.boards.refusals import bad_query, query_too_large
from infra.local.azure_devops.boards.store import WorkItem
from infra.local.azure_devops.clock import stamp
from infra.local.azure_devops.endpoints.render import ItemView
from infra.local.azure_devops.endpoints.teams import current_iteration
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.query.parser import Query, parse
from infra.local.azure_devops.query.predicates import Compiler, Context, field_of
from infra.local.azure_devops.routing import Call, Endpoints, Location

endpoints = Endpoints()

WIQL = Location("1a9c53f7-f243-4447-b110-35ef023636e4", "wit", "wiql", "{project}/{team}/_apis/{area}/{resource}", 2)

TEXT_LIMIT = 32_000


@endpoints("POST", WIQL, name="wiql.run", cost=0.031)
def run(call: Call) -> dict[str, Any]:
    text = call.record.get("query")
    if not isinstance(text, str) or not text.strip():
        raise bad_argument("A value is required for 'query'.")
    if len(text) > TEXT_LIMIT:
        raise bad_query(f"The query text is longer than {TEXT_LIMIT:,} characters.")
    query = parse(text)
    if query.source != "workitems":
        raise bad_query("This simulator runs queries FROM WorkItems only.")
    compiler = Compiler(_context(call))
    found = _limited(call, _matching(call, compiler, query))
    view, scoped = ItemView(call), "project" in call.route
    order = [{"field": _column(call, field_of(o.field)), "descending": o.descending} for o in query.order]
    return {
        "queryType": "flat",
        "queryResultType": "workItem",
        "asOf": stamp(compiler.moment(query.as_of) if query.as_of else call.world.clock()),
        "columns": [_column(call, field_of(name)) for name in query.columns],
        **({"sortColumns": order} if order else {}),
        "workItems": [{"id": item.id, "url": view.url(item, scoped=scoped)} for item in found],
    }


def _context(call: Call) -> Context:
    """`timePrecision` counts in the address only; in the body the service ignores it."""
    project = call.project_or_none
    iteration = current_iteration(call) if "team" in call.route else None
    return Context(
        organisation=call.world.organisation,
        directory=call.world.directory,
        caller=call.caller,
        now=call.world.clock(),
        time_precision=call.flag("timePrecision"),
        project=project.name if project else None,
        iteration=iteration.path if iteration else None,
    )


def _matching(call: Call, compiler: Compiler, query: Query) -> list[WorkItem]:
    """By id where the query gives no order."""
    items = list(call.world.store.live())
    if query.as_of is not None:
        when = stamp(compiler.moment(query.as_of))
        items = [then for item in items if (then := item.as_of(when)) is not None]
    if query.where is not None:
        matches = compiler.predicate(query.where)
        items = [item for item in items if matches(item, item.current)]
    for order in reversed(query.order):
        items.sort(key=compiler.sort_key(order), reverse=order.descending)
    return items


def _limited(call: Call, found: list[WorkItem]) -> list[WorkItem]:
    """The size limit strikes unless `$top` is smaller than it."""
    limit = call.world.rules.query_limit
    top = call.whole("$top", limit)
    if len(found) >= limit <= top:
        raise query_too_large(limit)
    return found[:top]


def _column(call: Call, field: Field) -> dict[str, str]:
    return {
        "referenceName": field.reference_name,
        "name": field.name,
        "url": f"{call.base}/_apis/wit/fields/{field.reference_name}",
    }
