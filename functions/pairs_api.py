"""What operators ask of pairs and have done to them: items seen, created, linked, unlinked, and plans made and applied.

Items are written `boards:12` or `ppm:7` where a request may mean either side.
"""

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


@pairs.operation(
    "pairs/{pair}/create",
    "POST",
    query="CreateQuery",
    body="CreateRequest",
    answers={202: "Creation", 200: "Creation"},
)
def create_items(call: Call) -> Any:
    """Create counterparts of items, and of what is below them, on the other side.

    What has a counterpart keeps it, and nothing is created if anything stands in the way. `?dry_run=true` only shows
    what would be (200); else the links are told where each can be followed (202).
    """
    body, dry = call.body, call.query.dry_run
    made = services().pairs.counterparts.create(
        call.path["pair"],
        body.side,
        body.items,
        None if body.depth == ALL_TYPES else body.depth,
        wiring().Wanted(body.project, body.type, body.parent, body.fields),
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


@pairs.operation("pairs/{pair}/plans", "POST", body="PlanRequest", answers={201: "Plan"}, gives=("Location",))
def make_plan(call: Call) -> Any:
    """Plan what would be written, to be seen first and applied exactly so; `items` and `fields` narrow it."""
    body = call.body
    plan = services().pairs.plans.plan(call.path["pair"], body.direction, body.what, body.items, body.fields)
    return answer(plan, 201, {"Location": f"/api/pairs/{quote(plan['pair'])}/plans/{plan['id']}"})


@pairs.operation("pairs/{pair}/plans/{id}", "GET", answers={200: "Plan"})
def get_plan(call: Call) -> Any:
    """A plan as it was shown, and what became of it."""
    return services().pairs.plans.show_plan(call.path["pair"], call.path["id"])


@pairs.operation("pairs/{pair}/plans/{id}/apply", "POST", answers={200: "Plan"})
def apply_plan(call: Call) -> Any:
    """Apply exactly the plan that was shown.

    Nothing is written to an item that has moved since, nor to any while the pair waits for a person (409).
    """
    return services().pairs.plans.apply(call.path["pair"], call.path["id"])


@pairs.operation("pairs/{pair}/approve", "POST", body="ApproveRequest", answers={200: "Approved"})
def approve_pair(call: Call) -> Any:
    """Let a pair that waits for a person go on, and carry over the deletions that are named."""
    return services().pairs.upkeep.approve(call.path["pair"], call.body.links)
