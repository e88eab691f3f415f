"""What operators ask and change over HTTP: configuration, routes, tickets, quarantine, this document."""

import json
import re
from typing import Any

import azure.functions as func

from functions.answers import answer
from functions.operations import OPERATIONS, Call, Family
from functions.product import services, wiring
from shared.errors import Refused

operator = Family("operation")

YAML = "application/yaml"
ANY_MEDIA = "*/*"


@operator.operation("openapi.json", "GET", answers={200: "Described"})
def get_openapi(call: Call) -> Any:
    """This document."""
    return wiring().api.document.document(OPERATIONS)


@operator.operation("configuration", "GET", media=YAML, answers={200: "ConfigurationInForce"}, gives=("ETag",))
def get_configuration(call: Call) -> Any:
    """The whole configuration as it was given."""
    text, generation = services().operation.configuration_yaml()
    return func.HttpResponse(text, headers={"ETag": f'"{generation}"', "Content-Type": f"{YAML}; charset=utf-8"})


@operator.operation(
    "configuration",
    "PUT",
    raw={YAML: "Configuration"},
    takes=("If-Match",),
    answers={200: "ConfigurationTaken"},
    gives=("ETag",),
)
def put_configuration(call: Call) -> Any:
    """Replace the configuration, whole or not at all."""
    text = _document(call.raw)
    generation = services().operation.replace_configuration(text, call.expected)
    # A changed rule may free what was parked. What is in step is held against it by the next hourly sweep.
    looked_at = services().tickets.sweep(whole=False)
    services().pairs.subscriptions.soon()
    return answer({"generation": generation, "tickets_looked_at_again": looked_at}, headers={"ETag": f'"{generation}"'})


@operator.operation("configuration/check", "POST", raw={YAML: "Configuration"}, answers={200: "Checked"})
def check_configuration(call: Call) -> Any:
    """Hold the document in the body, or the configuration in force, against the organisation; nothing is changed."""
    return services().operation.check_configuration(_document(call.raw) or None)


@operator.operation(
    "routes/explain", "POST", query="ExplainQuery", raw={ANY_MEDIA: "TicketOrEnvelope"}, answers={200: "Explanation"}
)
def explain_route(call: Call) -> Any:
    """Where a ticket would go and why, and the work item that would be written; nothing is kept.

    The body is the ticket with `?connection=` in the address, or `{"connection": …, "body": …}`.
    """
    connection, body = call.query.connection, call.raw
    if connection is None:
        connection, body = _envelope(body)
    return services().tickets.explain(connection, body, call.headers)


@operator.operation("tickets/{connection}/{*id}", "GET", answers={200: "Ticket"})
def get_ticket(call: Call) -> Any:
    """What became of a ticket: its work item, team, route and why, or what it waits for."""
    return services().tickets.look_up(call.path["connection"], _ticket_id(call.request))


@operator.operation("tickets/{connection}/{*id}", "POST", answers={202: "LookAgain"})
def look_again(call: Call) -> Any:
    """Try a ticket again now, parked or not."""
    services().tickets.look_again(call.path["connection"], _ticket_id(call.request))
    return {"result": "it will be looked at again"}


@operator.operation("quarantine", "GET", answers={200: "Quarantine"})
def list_quarantine(call: Call) -> Any:
    """The newest bodies in which no ticket was found: what was looked for, and the body as it came."""
    return {"quarantine": services().operation.quarantined()}


def _document(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(400, f"the document is not UTF-8: {error}") from error


def _envelope(body: bytes) -> tuple[str, bytes]:
    envelope = wiring().api.reading.body(wiring().api.requests.TicketToExplain, body)
    return envelope.connection, json.dumps(envelope.body).encode()


def _ticket_id(request: func.HttpRequest) -> str:
    """From the path, where the platform has decoded everything but slashes, or from `?id=`."""
    if "id" in request.params:
        return request.params["id"]
    return re.sub("%2F", "/", request.route_params.get("id", ""), flags=re.IGNORECASE)
