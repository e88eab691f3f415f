"""Connections as operators see, make, check, rotate and take them away. Tokens come in here and never go out."""

import azure.functions as func

from functions.answers import answer, answering, if_match
from functions.bodies import whole
from functions.product import services

connections = func.Blueprint()


@connections.function_name("list_connections")
@connections.route("connections", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering
def list_connections(req: func.HttpRequest) -> func.HttpResponse:
    return answer({"connections": services().connections.all()})


@connections.function_name("get_connection")
@connections.route("connections/{connection}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering
def get_connection(req: func.HttpRequest) -> func.HttpResponse:
    return answer(services().connections.one(_name(req)))


@connections.function_name("put_connection")
@connections.route("connections/{connection}", methods=["PUT"], auth_level=func.AuthLevel.FUNCTION)
@answering
def put_connection(req: func.HttpRequest) -> func.HttpResponse:
    """The body is the connection as the configuration has it; `token`, a text, goes into Key Vault."""
    return answer(services().connections.put(_name(req), whole(req), if_match(req)))


@connections.function_name("delete_connection")
@connections.route("connections/{connection}", methods=["DELETE"], auth_level=func.AuthLevel.FUNCTION)
@answering
def delete_connection(req: func.HttpRequest) -> func.HttpResponse:
    services().connections.delete(_name(req), if_match(req))
    return func.HttpResponse(status_code=204)


@connections.function_name("check_connection")
@connections.route("connections/{connection}/check", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def check_connection(req: func.HttpRequest) -> func.HttpResponse:
    """Address, token, expiry and each permission, asked of the product now; nothing is written there."""
    return answer(services().connections.check(_name(req)))


@connections.function_name("list_unmapped")
@connections.route("connections/{connection}/unmapped", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering
def list_unmapped(req: func.HttpRequest) -> func.HttpResponse:
    """Statuses, priorities and teams that nobody mapped, and how many tickets have them."""
    return answer({"unmapped": services().tickets.unmapped(_name(req))})


def _name(req: func.HttpRequest) -> str:
    return req.route_params["connection"]
