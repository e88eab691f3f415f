"""Runs a query over work items: the flat list, or the rows of a link query, within the service's limits."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from infra.local.azure_devops.boards.refusals import bad_query, query_timed_out, query_too_large
from infra.local.azure_devops.boards.store import WorkItem
from infra.local.azure_devops.clock import stamp
from infra.local.azure_devops.query.links import MODES, LinkQuery, Row, link_field_of
from infra.local.azure_devops.query.parser import Query
from infra.local.azure_devops.query.predicates import Compiler
from infra.local.azure_devops.query.values import Context, Values, field_of


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rows a query may find, and how many seconds it may take."""

    rows: int = 20_000
    seconds: float = 30


def run(query: Query, context: Context, items: Iterable[WorkItem], limits: Limits, top: int) -> list[Row]:
    """At most `top` rows. The size limit strikes unless `top` is smaller than it. Raises ApiError."""
    started = time.perf_counter()
    check(query, context)
    with _not_too_deep():
        rows = _found(query, context, items)
    if time.perf_counter() - started > limits.seconds:
        raise query_timed_out()
    if len(rows) >= limits.rows <= top:
        raise query_too_large(limits.rows)
    return rows[:top]


def as_of(query: Query, context: Context) -> datetime:
    return context.now if query.as_of is None else Values(context).moment(query.as_of)


def check(query: Query, context: Context) -> None:
    """Refuses a query that could not be run whatever there is to find. Raises ApiError."""
    for name in (*query.columns, *(order.field for order in query.order)):
        link_field_of(name) if query.of_links else field_of(name.word)
    if query.modes and not query.of_links:
        raise bad_query("MODE is for queries FROM WorkItemLinks.")
    if query.modes not in MODES:
        raise bad_query(f"There is no MODE ({', '.join(query.modes)}).")
    with _not_too_deep():
        _found(query, context, ())


def _found(query: Query, context: Context, items: Iterable[WorkItem]) -> list[Row]:
    compiler = Compiler(context)
    if query.as_of is not None:
        when = stamp(as_of(query, context))
        items = [then for item in items if (then := item.as_of(when)) is not None]
    return LinkQuery(query, compiler, items).rows() if query.of_links else _flat(query, compiler, items)


def _flat(query: Query, compiler: Compiler, items: Iterable[WorkItem]) -> list[Row]:
    """By id where the query gives no order."""
    if query.where is None:
        found = list(items)
    else:
        matches = compiler.predicate(query.where)
        found = [item for item in items if matches(item, item.revisions[-1])]
    for order in reversed(query.order):
        found = compiler.arranged(found, order)
    return [Row(item) for item in found]


@contextmanager
def _not_too_deep() -> Iterator[None]:
    try:
        yield
    except RecursionError as error:
        raise bad_query("The conditions of the query are nested too deeply.") from error
