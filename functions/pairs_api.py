"""What operators ask of pairs and have done to them: items seen, created, linked, unlinked, and plans made and applied.

Items are written `boards:12` or `ppm:7` where a request may mean either side.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import azure.functions as func

from functions.answers import answer, answering, asked_by
from functions.bodies import Body, choice, flag, number, text
from functions.product import services, wiring
from shared.model import SideName

pairs = func.Blueprint()

ROWS, MOST_ROWS = 50, 200
TEXT_FILTERS = ("project", "type", "text", "id", "team", "iteration", "query")
ALL_TYPES = "all"


@pairs.function_name("list_pairs")
@pairs.route("pairs", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering
def list_pairs(req: func.HttpRequest) -> func.HttpResponse:
    return answer({"pairs": services().pairs.views.overview()})


@pairs.function_name("list_items")
@pairs.route("pairs/{pair}/items", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering
def list_items(req: func.HttpRequest) -> func.HttpResponse:
    """A page of what is linked, then of what is not; `next` in the answer is the `after` of the next page."""
    texts = {name: req.params[name] for name in TEXT_FILTERS if req.params.get(name)}
    flags = {name: flag(req, name) for name in ("changed", "mismatch", "unlinked")}
    limit = number(req, "limit", ROWS, MOST_ROWS)
    return answer(
        services().pairs.views.items(_pair(req), wiring().Filters(**texts, **flags), limit, req.params.get("after", ""))
    )


@pairs.function_name("list_levels")
@pairs.route("pairs/{pair}/levels", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering
def list_levels(req: func.HttpRequest) -> func.HttpResponse:
    """What can be created together with `item` of `side`: each `depth` is one that `create` takes."""
    side = SideName(choice(req, "side", [*SideName]))
    return answer(services().pairs.counterparts.levels(_pair(req), side, text(req, "item")))


@pairs.function_name("create_items")
@pairs.route("pairs/{pair}/create", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def create_items(req: func.HttpRequest) -> func.HttpResponse:
    """Copies of the items `items` of `side`, with all below them whose type is in `depth`: a list, or "all".

    `type` is what they become; a list also says what becomes of those right below them, and so on.
    """
    body = Body(req, "side", "items", "depth", "project", "type", "parent", "area", "iteration", "fields")
    dry = bool(flag(req, "dry_run"))
    made = services().pairs.counterparts.create(
        _pair(req),
        SideName(body.one_of("side", [*SideName])),
        body.texts("items"),
        None if body.get("depth") == ALL_TYPES else body.some_texts("depth") or [],
        wiring().Wanted(
            project=body.text("project", ""),
            types=tuple(body.one_or_more("type")),
            parent=body.text("parent", ""),
            area=body.text("area", ""),
            iteration=body.text("iteration", ""),
            fields=body.mapping("fields"),
        ),
        dry=dry,
    )
    return answer(made, 200 if dry else 202)


@pairs.function_name("link_items")
@pairs.route("pairs/{pair}/link", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def link_items(req: func.HttpRequest) -> func.HttpResponse:
    body = Body(req, "boards", "ppm")
    return answer(services().pairs.counterparts.link(_pair(req), body.text("boards"), body.text("ppm")), 201)


@pairs.function_name("unlink_items")
@pairs.route("pairs/{pair}/unlink", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def unlink_items(req: func.HttpRequest) -> func.HttpResponse:
    return answer(services().pairs.counterparts.unlink(_pair(req), Body(req, "items").texts("items")))


@pairs.function_name("make_plan")
@pairs.route("pairs/{pair}/plans", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def make_plan(req: func.HttpRequest) -> func.HttpResponse:
    """`items` and `fields` narrow it; without them it is about all."""
    body = Body(req, "direction", "what", "items", "fields")
    plan = services().pairs.plans.plan(
        _pair(req),
        body.one_of("direction", wiring().DIRECTIONS, "rules"),
        body.one_of("what", wiring().SCOPES, "values"),
        body.some_texts("items"),
        body.some_texts("fields"),
        asked_by(req),
    )
    return answer(plan, 201, _location(plan))


@pairs.function_name("get_plan")
@pairs.route("pairs/{pair}/plans/{id}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering
def get_plan(req: func.HttpRequest) -> func.HttpResponse:
    """A page of the plan's items with what became of them; `next` in the answer is the `after` of the next page."""
    limit = number(req, "limit", ROWS, MOST_ROWS)
    return answer(services().pairs.plans.show(_pair(req), _plan(req), limit, req.params.get("after", "")))


@pairs.function_name("apply_plan")
@pairs.route("pairs/{pair}/plans/{id}/apply", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def apply_plan(req: func.HttpRequest) -> func.HttpResponse:
    """The plan is carried out item by item; its `outcomes` tell how far it is."""
    return answer(services().pairs.plans.apply(_pair(req), _plan(req), asked_by(req)), 202)


@pairs.function_name("undo_plan")
@pairs.route("pairs/{pair}/plans/{id}/undo", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def undo_plan(req: func.HttpRequest) -> func.HttpResponse:
    """A plan that takes this one back where nobody has edited since; `left` says what stays. Applied unless dry."""
    dry = bool(flag(req, "dry_run"))
    plan = services().pairs.plans.undo(_pair(req), _plan(req), asked_by(req), dry=dry)
    return answer(plan, 201 if dry else 202, _location(plan))


@pairs.function_name("list_history")
@pairs.route("pairs/{pair}/history", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering
def list_history(req: func.HttpRequest) -> func.HttpResponse:
    """What was written or refused, newest first, of one item (`item=boards:12`) or plan where they are given."""
    item, plan, after = (req.params.get(name, "") for name in ("item", "plan", "after"))
    return answer(services().pairs.views.history(_pair(req), item, plan, number(req, "limit", ROWS, MOST_ROWS), after))


@pairs.function_name("approve_pair")
@pairs.route("pairs/{pair}/approve", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def approve_pair(req: func.HttpRequest) -> func.HttpResponse:
    """`links` are the deletions to be carried over, of those that the pair waits for."""
    return answer(services().pairs.upkeep.approve(_pair(req), Body(req, "links").some_texts("links") or []))


def _pair(req: func.HttpRequest) -> str:
    return req.route_params["pair"]


def _plan(req: func.HttpRequest) -> str:
    return req.route_params["id"]


def _location(plan: Mapping[str, Any]) -> dict[str, str]:
    return {"Location": f"/api/pairs/{quote(plan['pair'])}/plans/{plan['id']}"}
