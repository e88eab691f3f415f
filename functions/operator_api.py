"""What operators ask and change over HTTP: configuration, routes, tickets, quarantine."""

import json
import re

import azure.functions as func

from functions.answers import answer, answering, headers_of, if_match
from functions.product import services
from shared.errors import Refused

operator = func.Blueprint()

YAML = "application/yaml; charset=utf-8"


@operator.function_name("get_configuration")
@operator.route("configuration", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering
def get_configuration(req: func.HttpRequest) -> func.HttpResponse:
    text, generation = services().operation.configuration_yaml()
    return func.HttpResponse(text, headers={"ETag": f'"{generation}"', "Content-Type": YAML})


@operator.function_name("put_configuration")
@operator.route("configuration", methods=["PUT"], auth_level=func.AuthLevel.FUNCTION)
@answering
def put_configuration(req: func.HttpRequest) -> func.HttpResponse:
    text = _document(req)
    generation = services().operation.replace_configuration(text, if_match(req))
    # A changed rule may free what was parked. What is in step is held against it by the next hourly sweep.
    looked_at = services().tickets.sweep(whole=False)
    services().pairs.subscriptions.soon()
    return answer({"generation": generation, "tickets_looked_at_again": looked_at}, headers={"ETag": f'"{generation}"'})


@operator.function_name("check_configuration")
@operator.route("configuration/check", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def check_configuration(req: func.HttpRequest) -> func.HttpResponse:
    """Hold the document in the body, or the configuration in force, against the organisation; nothing is changed."""
    return answer(services().operation.check_configuration(_document(req) or None))


@operator.function_name("explain_route")
@operator.route("routes/explain", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def explain_route(req: func.HttpRequest) -> func.HttpResponse:
    """The body is the ticket with `?connection=` in the address, or `{"connection": …, "body": …}`."""
    connection, body = req.params.get("connection"), req.get_body()
    if connection is None:
        connection, body = _envelope(body)
    return answer(services().tickets.explain(connection, body, headers_of(req)))


@operator.function_name("get_ticket")
@operator.route("tickets/{connection}/{*id}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering
def get_ticket(req: func.HttpRequest) -> func.HttpResponse:
    return answer(services().tickets.look_up(req.route_params["connection"], _ticket_id(req)))


@operator.function_name("look_again")
@operator.route("tickets/{connection}/{*id}", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def look_again(req: func.HttpRequest) -> func.HttpResponse:
    """Try a ticket again now, parked or not."""
    services().tickets.look_again(req.route_params["connection"], _ticket_id(req))
    return answer({"result": "it will be looked at again"}, 202)


@operator.function_name("list_quarantine")
@operator.route("quarantine", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering
def list_quarantine(req: func.HttpRequest) -> func.HttpResponse:
    return answer({"quarantine": services().operation.quarantined()})


def _document(req: func.HttpRequest) -> str:
    try:
        return req.get_body().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(400, f"the document is not UTF-8: {error}") from error


def _envelope(body: bytes) -> tuple[str, bytes]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    match document:
        case {"connection": str(connection), "body": ticket}:
            return connection, json.dumps(ticket).encode()
    raise Refused(400, 'say which connection the ticket is from: ?connection=… or {"connection": …, "body": …}')


def _ticket_id(req: func.HttpRequest) -> str:
    """From the path, where the platform has decoded everything but slashes, or from `?id=`."""
    if "id" in req.params:
        return req.params["id"]
    return re.sub("%2F", "/", req.route_params.get("id", ""), flags=re.IGNORECASE)
