"""Connections as operators see, make, check, rotate and take them away. Tokens come in here and never go out."""

from typing import Any

import azure.functions as func

from functions.answers import JSON
from functions.operations import Call, Family
from functions.product import services, wiring

connections = Family("connections")


@connections.operation("connections", "GET", answers={200: "Connections"})
def list_connections(call: Call) -> Any:
    """Each connection and whether it works, waits or is stopped, with the reason."""
    return {"connections": services().connections.all()}


@connections.operation("connections/{connection}", "GET", answers={200: "Connection"})
def get_connection(call: Call) -> Any:
    """A connection, and whether it works, waits or is stopped, with the reason."""
    return services().connections.one(call.path["connection"])


@connections.operation(
    "connections/{connection}",
    "PUT",
    raw={JSON: "ConnectionToPut"},
    takes=("If-Match",),
    answers={200: "Connection"},
)
def put_connection(call: Call) -> Any:
    """Make a connection what the body says, as the configuration has it; `token`, a text, goes into Key Vault.

    Without `token`, the secret stays as it is.
    """
    given = wiring().api.reading.mapping(call.raw)
    return services().connections.put(call.path["connection"], given, call.expected)


@connections.operation("connections/{connection}", "DELETE", takes=("If-Match",), answers={204: ""})
def delete_connection(call: Call) -> Any:
    """Take a connection away that nothing needs (else 409); its secret stays in Key Vault."""
    services().connections.delete(call.path["connection"], call.expected)
    return func.HttpResponse(status_code=204)


@connections.operation("connections/{connection}/check", "POST", answers={200: "CheckedConnection"})
def check_connection(call: Call) -> Any:
    """Address, token, expiry and each permission, asked of the product now; nothing is written there."""
    return services().connections.check(call.path["connection"])


@connections.operation("connections/{connection}/unmapped", "GET", answers={200: "Unmapped"})
def list_unmapped(call: Call) -> Any:
    """Statuses, priorities and teams that nobody mapped, and how many tickets have them."""
    return {"unmapped": services().tickets.unmapped(call.path["connection"])}
