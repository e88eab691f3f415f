"""ITSM products push tickets here. The answer comes after the push is stored and before anything else is done."""

import azure.functions as func

from functions.answers import answer, answering, headers_of, problem
from functions.product import services

intake = func.Blueprint()

LARGEST_BODY_BYTES = 512 * 1024  # a ticket with a long description is a tenth of this; storage takes twice as much


@intake.function_name("itsm_intake")
@intake.route("itsm/{connection}", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def itsm_intake(req: func.HttpRequest) -> func.HttpResponse:
    body = req.get_body()
    if len(body) > LARGEST_BODY_BYTES:
        return problem(413, f"the body has {len(body)} bytes; send the ticket without attachments, at most 512 KiB")
    headers = headers_of(req)
    if headers.get("content-encoding", "identity") not in ("", "identity"):
        return problem(415, f"send the body as it is, not as {headers['content-encoding']}")
    accepted = services().tickets.accept(req.route_params["connection"], body, headers)
    alone = "status_url" in accepted  # a batch has one for each of its tickets
    return answer(accepted, 202, {"Location": accepted["status_url"]} if alone else {})
