"""What operators ask of pairs and have done to them: items seen, created, linked, unlinked, and plans made and applied.

Items are written `boards:12` or `ppm:7` where a request may mean either side.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from functions.answers import answer
from functions.operations import Call, Family
from functions.product import services, wiring

pairs = Family("pairs")

ALL_TYPES = "all"


@pairs.operation("pairs", "GET", answers={200: "Pairs"})
def list_pairs(call: Call) -> Any:
    """Every pair: how many links it has in which state, and why it waits, if it does."""
    return {"pairs": services().pairs.views.overview()}


@pairs.operation("pairs/{pair}/items", "GET", query="ItemsQuery", answers={200: "Rows"})
def list_items(call: Call) -> Any:
    """A page of what is linked, then of what is not, as both sides show it now.

    `next` in the answer is the `after` of the next page.
    """
    asked = call.query
    filters = wiring().Filters(**asked.model_dump(exclude={"limit", "after"}, exclude_defaults=True))
    return services().pairs.views.items(call.path["pair"], filters, asked.limit, asked.after)


# ---------------------------------------------------------------- counterparts


@pairs.operation("pairs/{pair}/levels", "GET", query="LevelsQuery", answers={200: "Levels"})
def list_levels(call: Call) -> Any:
    """What can be created together with an item: each `depth` is one that creating takes."""
    return services().pairs.counterparts.levels(call.path["pair"], call.query.side, call.query.item)


@pairs.operation(
    "pairs/{pair}/create",
    "POST",
    query="DryRunQuery",
    body="CreateRequest",
    answers={202: "Creation", 200: "Creation"},
)
def create_items(call: Call) -> Any:
    """Create counterparts of items, and of what is below them, on the other side.

    What has a counterpart keeps it, and nothing is created if anything stands in the way. What could not be made yet
    is made as it is asked for last. `?dry_run=true` only shows what would be (200); else the links are told where each
    can be followed (202).
    """
    body, dry = call.body, call.query.dry_run
    made = services().pairs.counterparts.create(
        call.path["pair"],
        body.side,
        body.items,
        None if body.depth == ALL_TYPES else body.depth,
        wiring().Wanted(
            project=body.project,
            types=body.type,
            parent=body.parent,
            area=body.area,
            iteration=body.iteration,
            fields=body.fields,
        ),
        call.asked_by,
        dry=dry,
    )
    return answer(made, 200 if dry else 202)


@pairs.operation("pairs/{pair}/link", "POST", body="LinkRequest", answers={201: "Linked"})
def link_items(call: Call) -> Any:
    """Say that two items are one thing."""
    return services().pairs.counterparts.link(call.path["pair"], call.body.boards, call.body.ppm)


@pairs.operation("pairs/{pair}/unlink", "POST", body="UnlinkRequest", answers={200: "Unlinked"})
def unlink_items(call: Call) -> Any:
    """Let items and their counterparts go separate ways; nothing is deleted."""
    return services().pairs.counterparts.unlink(call.path["pair"], call.body.items)


# ---------------------------------------------------------------- plans


@pairs.operation("pairs/{pair}/plans", "POST", body="PlanRequest", answers={201: "Plan"}, gives=("Location",))
def make_plan(call: Call) -> Any:
    """Plan what would be written, to be seen first and applied exactly so; `items` and `fields` narrow it."""
    body = call.body
    plan = services().pairs.plans.plan(
        call.path["pair"], body.direction, body.what, body.items, body.fields, call.asked_by
    )
    return answer(plan, 201, _location(plan))


@pairs.operation("pairs/{pair}/plans/{id}", "GET", query="PageQuery", answers={200: "Plan"})
def get_plan(call: Call) -> Any:
    """A page of a plan as it was shown, with what became of its items.

    `next` in the answer is the `after` of the next page.
    """
    return services().pairs.plans.show(call.path["pair"], call.path["id"], call.query.limit, call.query.after)


@pairs.operation("pairs/{pair}/plans/{id}/apply", "POST", answers={202: "Plan"})
def apply_plan(call: Call) -> Any:
    """Apply exactly the plan that was shown, item by item; its `outcomes` tell how far it is.

    Refused (409) if an item has moved since the plan was made, or while the pair waits for a person. Asked again, it
    goes on with what has no outcome yet.
    """
    return services().pairs.plans.apply(call.path["pair"], call.path["id"], call.asked_by)


@pairs.operation(
    "pairs/{pair}/plans/{id}/undo",
    "POST",
    query="DryRunQuery",
    answers={202: "Plan", 201: "Plan"},
    gives=("Location",),
)
def undo_plan(call: Call) -> Any:
    """Take a plan back where nobody has edited since, by another plan; its `left` says what stays.

    It is applied at once (202), unless `?dry_run=true` (201): then it can be applied as any other.
    """
    dry = call.query.dry_run
    plan = services().pairs.plans.undo(call.path["pair"], call.path["id"], call.asked_by, dry=dry)
    return answer(plan, 201 if dry else 202, _location(plan))


@pairs.operation("pairs/{pair}/history", "GET", query="HistoryQuery", answers={200: "History"})
def list_history(call: Call) -> Any:
    """A page of what was written or refused, newest first, of one item or plan where they are given.

    `next` in the answer is the `after` of the next page.
    """
    asked = call.query
    return services().pairs.views.history(call.path["pair"], asked.item, asked.plan, asked.limit, asked.after)


# ---------------------------------------------------------------- a pair that waits for a person


@pairs.operation("pairs/{pair}/approve", "POST", body="ApproveRequest", answers={200: "Approved"})
def approve_pair(call: Call) -> Any:
    """Let a pair that waits for a person go on, and carry over the deletions that are named."""
    return services().pairs.upkeep.approve(call.path["pair"], call.body.links)


def _location(plan: Mapping[str, Any]) -> dict[str, str]:
    return {"Location": f"/api/pairs/{quote(plan['pair'])}/plans/{plan['id']}"}
