"""The field rules of a pair, mapped one by one: listed, added, edited, deleted, put in order, reset to the defaults.

Every change answers with the rules as they are then and with how many linked items it touches; `?dry_run=true` answers
the same and saves nothing. `If-Match` with the `ETag` of what was read refuses to go over somebody else's change.
"""

import re
from typing import TYPE_CHECKING, Any

import azure.functions as func

from functions.answers import answer, answering, if_match
from functions.bodies import Body, flag
from functions.product import services, wiring

if TYPE_CHECKING:
    from shared.wiring import Edit

fields = func.Blueprint()

RULE = ("name", "boards", "ppm", "active", "direction", "policy", "values")


@fields.function_name("list_fields")
@fields.route("pairs/{pair}/fields", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering
def list_fields(req: func.HttpRequest) -> func.HttpResponse:
    """With `?choices=true` also the fields of both sides, and which of them can be mapped to which."""
    return _tagged(services().pairs.fields.show(_pair(req), choices=bool(flag(req, "choices"))))


@fields.function_name("add_field")
@fields.route("pairs/{pair}/fields", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def add_field(req: func.HttpRequest) -> func.HttpResponse:
    """A rule as the configuration writes it; `position` counts from 0, without it the rule comes last."""
    body = Body(req, *RULE, "position")
    return _changed(req, wiring().mapping_edits.added(_rule(body), body.some_whole("position")), 201)


@fields.function_name("edit_field")
@fields.route("pairs/{pair}/fields/{name}", methods=["PUT"], auth_level=func.AuthLevel.FUNCTION)
@answering
def edit_field(req: func.HttpRequest) -> func.HttpResponse:
    """The whole rule as it is to be; another `name` renames it."""
    return _changed(req, wiring().mapping_edits.replaced(_name(req), _rule(Body(req, *RULE))))


@fields.function_name("delete_field")
@fields.route("pairs/{pair}/fields/{name}", methods=["DELETE"], auth_level=func.AuthLevel.FUNCTION)
@answering
def delete_field(req: func.HttpRequest) -> func.HttpResponse:
    return _changed(req, wiring().mapping_edits.removed(_name(req)))


@fields.function_name("order_fields")
@fields.route("pairs/{pair}/fields/order", methods=["PUT"], auth_level=func.AuthLevel.FUNCTION)
@answering
def order_fields(req: func.HttpRequest) -> func.HttpResponse:
    """`names` are those of all rules, in the order they are to have."""
    return _changed(req, wiring().mapping_edits.ordered(Body(req, "names").some_texts("names") or []))


@fields.function_name("reset_fields")
@fields.route("pairs/{pair}/fields/reset", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def reset_fields(req: func.HttpRequest) -> func.HttpResponse:
    """The rules that pairs with this kind of PPM tool begin with; `left_out` in the answer is what cannot be mapped."""
    dry = bool(flag(req, "dry_run"))
    return _tagged(services().pairs.fields.reset(_pair(req), expected=if_match(req), dry=dry))


def _changed(req: func.HttpRequest, edit: "Edit", status: int = 200) -> func.HttpResponse:
    dry = bool(flag(req, "dry_run"))
    changed = services().pairs.fields.change(_pair(req), edit, expected=if_match(req), dry=dry)
    return _tagged(changed, 200 if dry else status)


def _tagged(shown: dict[str, Any], status: int = 200) -> func.HttpResponse:
    return answer(shown, status, {"ETag": f'"{shown["generation"]}"'})


def _rule(body: Body) -> dict[str, Any]:
    return {name: body.get(name) for name in RULE if body.get(name) is not None}


def _pair(req: func.HttpRequest) -> str:
    return req.route_params["pair"]


def _name(req: func.HttpRequest) -> str:
    """From the path, where the platform has decoded everything but slashes."""
    return re.sub("%2F", "/", req.route_params["name"], flags=re.IGNORECASE)
