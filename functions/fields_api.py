"""The field rules of a pair, mapped one by one: listed, added, edited, deleted, put in order, reset to the defaults.

Every change answers with the rules as they are then and with how many linked items it touches; `?dry_run=true` answers
the same and saves nothing. `If-Match` with the `ETag` of what was read refuses to go over somebody else's change.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import azure.functions as func

from functions.answers import JSON, answer
from functions.operations import Call, Family
from functions.product import services, wiring

if TYPE_CHECKING:
    from shared.wiring import Edit

fields = Family("fields")

CHANGE = {"query": "DryRunQuery", "takes": ("If-Match",), "gives": ("ETag",), "answers": {200: "FieldsChanged"}}


@fields.operation("pairs/{pair}/fields", "GET", query="FieldsQuery", answers={200: "Fields"}, gives=("ETag",))
def list_fields(call: Call) -> Any:
    """The field rules of a pair in order, and what does not fit the two sides any more.

    With `?choices=true` also the fields of both sides, and which of them can be mapped to which.
    """
    return _tagged(services().pairs.fields.show(call.path["pair"], choices=call.query.choices))


@fields.operation(
    "pairs/{pair}/fields",
    "POST",
    raw={JSON: "FieldToAdd"},
    **CHANGE | {"answers": {201: "FieldsChanged", 200: "FieldsChanged"}},
)
def add_field(call: Call) -> Any:
    """Add a rule as the configuration writes it."""
    asked = wiring().api.reading.body(wiring().api.requests.Placed, call.raw)
    return _changed(call, wiring().mapping_edits.added(_told(asked.model_extra), asked.position), 201)


@fields.operation("pairs/{pair}/fields/{name}", "PUT", raw={JSON: "FieldToPut"}, **CHANGE)
def edit_field(call: Call) -> Any:
    """Make a rule what the body says, as a whole; another `name` renames it."""
    rule = _told(wiring().api.reading.mapping(call.raw))
    return _changed(call, wiring().mapping_edits.replaced(_name(call), rule))


@fields.operation("pairs/{pair}/fields/{name}", "DELETE", **CHANGE)
def delete_field(call: Call) -> Any:
    """Take a rule away."""
    return _changed(call, wiring().mapping_edits.removed(_name(call)))


@fields.operation("pairs/{pair}/fields/order", "PUT", body="OrderRequest", **CHANGE)
def order_fields(call: Call) -> Any:
    """Put the rules in another order."""
    return _changed(call, wiring().mapping_edits.ordered(call.body.names))


@fields.operation("pairs/{pair}/fields/reset", "POST", **CHANGE)
def reset_fields(call: Call) -> Any:
    """Go back to the rules that pairs with this kind of PPM tool begin with; `left_out` is what cannot be mapped."""
    pair, dry = call.path["pair"], call.query.dry_run
    return _tagged(services().pairs.fields.reset(pair, expected=call.expected, dry=dry))


def _changed(call: Call, edit: "Edit", status: int = 200) -> func.HttpResponse:
    dry = call.query.dry_run
    changed = services().pairs.fields.change(call.path["pair"], edit, expected=call.expected, dry=dry)
    return _tagged(changed, 200 if dry else status)


def _tagged(shown: dict[str, Any], status: int = 200) -> func.HttpResponse:
    return answer(shown, status, {"ETag": f'"{shown["generation"]}"'})


def _told(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in rule.items() if value is not None}


def _name(call: Call) -> str:
    """From the path, where the platform has decoded everything but slashes."""
    return re.sub("%2F", "/", call.path["name"], flags=re.IGNORECASE)
