"""Running queries: a text with `POST wiql`, a stored query with `GET wiql/{id}`. Answers are ids in order.

A query is not limited to the project of its address; `[System.TeamProject] = @project` is.
"""

from typing import Any

from infra.local.azure_devops.boards.organisation import Project
from infra.local.azure_devops.boards.process import Field
from infra.local.azure_devops.boards.refusals import bad_query, missing_query
from infra.local.azure_devops.boards.store import WorkItem
from infra.local.azure_devops.clock import stamp
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.query.links import Row, link_field_of
from infra.local.azure_devops.query.parser import Query, parse
from infra.local.azure_devops.query.run import Limits, as_of, run
from infra.local.azure_devops.query.values import Context
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

WIQL = Location("1a9c53f7-f243-4447-b110-35ef023636e4", "wit", "wiql", "{project}/{team}/_apis/{area}/{resource}", 2)
STORED = Location(
    "a02355f5-5f8a-4671-8e32-369d23aac83d", "wit", "wiql", "{project}/{team}/_apis/{area}/{resource}/{id}", 2
)

TEXT_LIMIT = 32_000


@endpoints("POST", WIQL, name="wiql.run", cost=0.031)
def run_text(call: Call) -> dict[str, Any]:
    text = call.record.get("query")
    if not isinstance(text, str) or not text.strip():
        raise bad_argument("A value is required for 'query'.")
    query = read(text)
    found = context(call, call.project_or_none)
    return _answer(call, query, found, _rows(call, query, found), scoped="project" in call.route)


@endpoints("GET", STORED, "id", name="wiql.run_stored", cost=0.031)
def run_stored(call: Call) -> Answer:
    """The address need not name the project: a stored query has one of its own, and its answer the project's id."""
    query, found = _stored(call)
    rows = _rows(call, query, found)
    return Answer(_answer(call, query, found, rows, scoped=True), headers={"x-total-count": str(len(rows))})


@endpoints("HEAD", STORED, "id", name="wiql.count_stored", cost=0.031)
def count_stored(call: Call) -> Answer:
    """How many rows the query has; of an answer to HEAD only the headers arrive."""
    rows = _rows(call, *_stored(call))
    return Answer(len(rows), headers={"x-total-count": str(len(rows))})


def read(text: str) -> Query:
    """Raises ApiError for a text that is too long or no query."""
    if len(text) > TEXT_LIMIT:
        raise bad_query(f"The query text is longer than {TEXT_LIMIT:,} characters.")
    return parse(text)


def context(call: Call, project: Project | None) -> Context:
    """`timePrecision` counts in the address only; in the body the service ignores it.

    The team is that of the address, or else the project's default team.
    """
    default = project.teams[0] if project and project.teams else None
    return Context(
        organisation=call.world.organisation,
        directory=call.world.directory,
        caller=call.caller,
        now=call.world.clock(),
        time_precision=call.flag("timePrecision"),
        project=project,
        team=call.team if "team" in call.route else default,
    )


def column(call: Call, field: Field) -> dict[str, str]:
    return {
        "referenceName": field.reference_name,
        "name": field.name,
        "url": f"{call.base}/_apis/wit/fields/{field.reference_name}",
    }


def columns_json(call: Call, query: Query) -> dict[str, Any]:
    """`columns`, and `sortColumns` where the query gives an order."""
    order = [{"field": column(call, link_field_of(o.field)), "descending": o.descending} for o in query.order]
    columns = [column(call, link_field_of(name)) for name in query.columns]
    return {"columns": columns} | ({"sortColumns": order} if order else {})


def query_type(query: Query) -> str:
    if not query.of_links:
        return "flat"
    return "tree" if "recursive" in query.modes else "oneHop"


def _stored(call: Call) -> tuple[Query, Context]:
    kept = call.world.queries.text(call.route["id"])
    if kept is None:
        raise missing_query(call.route["id"])
    project_id, text = kept
    call.world.queries.ran(call.route["id"], call.caller, stamp(call.world.clock()))
    return read(text), context(call, call.world.organisation.project(project_id))


def _rows(call: Call, query: Query, found: Context) -> list[Row]:
    limits = Limits(call.world.rules.query_limit, call.world.rules.query_seconds)
    items = call.world.lag.queried(call.world.store)
    top = call.whole("$top", limits.rows)
    if top < 0:
        raise bad_argument(f"$top cannot be less than zero, as {top} is.")
    return run(query, found, items, limits, top)


def _answer(call: Call, query: Query, found: Context, rows: list[Row], *, scoped: bool) -> dict[str, Any]:
    shown = {
        "queryType": query_type(query),
        "queryResultType": "workItemLink" if query.of_links else "workItem",
        "asOf": stamp(as_of(query, found)),
        **columns_json(call, query),
    }
    references = _References(call, scoped=scoped)
    if not query.of_links:
        return shown | {"workItems": [references.to(row.target) for row in rows]}
    relations = [
        {
            "rel": row.rel,
            "source": references.to(row.source) if row.source else None,
            "target": references.to(row.target),
        }
        for row in rows
    ]
    return shown | {"workItemRelations": relations}


class _References:
    """Ids with addresses; an answer has thousands, so that what their addresses share is put together once."""

    def __init__(self, call: Call, *, scoped: bool) -> None:
        ids = {p.name: p.id for p in call.world.organisation.projects} if scoped else {}
        self.base = f"{call.base}/_apis/wit/workItems/"
        self.by_project = {name: f"{call.base}/{id}/_apis/wit/workItems/" for name, id in ids.items()}

    def to(self, item: WorkItem) -> dict[str, Any]:
        base = self.by_project.get(item.fields["System.TeamProject"], self.base)
        return {"id": item.id, "url": f"{base}{item.id}"}
