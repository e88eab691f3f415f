"""ITSM products push tickets here. The answer comes after the push is stored and before anything else is done."""

from typing import Any

from functions.answers import answer, problem
from functions.operations import Call, Family
from functions.product import services

intake = Family("intake")

LARGEST_BODY_BYTES = 512 * 1024  # a ticket with a long description is a tenth of this; storage takes twice as much


@intake.operation("itsm/{connection}", "POST", raw={"*/*": "Anything"}, answers={202: "Taken"}, gives=("Location",))
def itsm_intake(call: Call) -> Any:
    """Take a ticket, or several, as the product of the connection sends them.

    It is stored when this answers, and worked on next; what the sender has to show besides the function key is in the
    configuration of the connection. A body in which no ticket is found is kept in quarantine.
    """
    if len(call.raw) > LARGEST_BODY_BYTES:
        return problem(413, f"the body has {len(call.raw)} bytes; send the ticket without attachments, at most 512 KiB")
    encoding = call.headers.get("content-encoding", "identity")
    if encoding not in ("", "identity"):
        return problem(415, f"send the body as it is, not as {encoding}")
    accepted = services().tickets.accept(call.path["connection"], call.raw, call.headers)
    alone = "status_url" in accepted  # a batch has one for each of its tickets
    return answer(accepted, 202, {"Location": accepted["status_url"]} if alone else {})
