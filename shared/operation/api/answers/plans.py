"""Plans: what would be written and what became of it. And the history: what was."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field

from shared.model import SideName
from shared.operation.api.answers.common import Moment, Shape
from shared.operation.api.answers.pairs import Decision


class PlannedField(Decision):
    name: str


class PlanItem(Shape):
    link: str
    fingerprint: str
    """Of what the plan was made from: an item that has moved since has another one."""
    boards: str | None
    ppm: str | None
    fields: list[PlannedField]
    parent: Decision | None
    outcome: str | None
    """What became of it; null as long as nothing has."""


class Held(Shape):
    link: str
    reason: str


class Left(Shape):
    link: str
    field: str
    """The name of a field, or `parent`."""
    why: str


class PlanCounts(Shape):
    """Of all that the plan is about, listed or not."""

    writes: int
    """Items of the plan, on all its pages."""
    held: int
    left: int
    in_step: int
    """Links that have nothing to write."""


class Applied(Shape):
    at: Moment
    by: str
    """Who wanted it; empty where only a key was shown."""


class Plan(Shape):
    """What would be written, and why."""

    id: str
    pair: str
    made_at: Moment
    asked_by: str
    """Who wanted it; empty where only a key was shown."""
    direction: Literal["to_ppm", "to_boards", "rules", "undo"]
    what: Literal["values", "hierarchy", "undo"]
    only: list[str] | None
    """The fields it was narrowed to."""
    undoes: NotRequired[str]
    """The plan that it takes back."""
    counts: PlanCounts
    items: list[PlanItem]
    """A page of those that are written to, parents before children."""
    next: str | None
    """The `after` of the next page; null at the end."""
    held: list[Held]
    """Links that cannot be written; no more than a hundred are listed."""
    left: list[Left]
    """What was asked for and stays as it is; no more than a hundred are listed."""
    applied: Applied | None
    """Null until somebody wants it applied."""
    outcomes: dict[str, int]
    """How many of its items had which outcome, `waiting` among them; empty until it is applied."""


class WriteRow(Shape):
    """One thing that was written to one side, or refused by it."""

    at: Moment
    link: str
    side: SideName
    item: str
    field: str
    """The name of a field, or `parent`, `created` or `deleted`."""
    before: Annotated[Any, Field(alias="from")]
    to: Any
    """Of a created item, all it was made with, by the names of fields."""
    policy: str
    why: str
    plan: str | None
    """The plan that wrote it; null where the sync did by itself."""
    asked_by: str | None
    """Who wanted it, where that is known."""
    refused: str | None
    """Why the side did not take it; null if it did."""


class History(Shape):
    writes: list[WriteRow]
    """The newest first."""
    next: str | None
    """The `after` of the next page; null at the end."""
