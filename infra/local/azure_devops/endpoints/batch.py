"""`$batch`: many writes in one call, each succeeding or failing alone.

Each answer is JSON inside a string. Items made earlier in a batch are named by their negative ids in later relations.
Separate from work items because every request in it goes through the whole server again: routing, faults, counts.
"""

from typing import Any

import orjson

from infra.local.azure_devops.errors import Dropped, bad_argument
from infra.local.azure_devops.routing import Call, Endpoints, Location

endpoints = Endpoints()

BATCH = Location("92eefc1f-1e81-473d-88d6-749205248dc3", "wit", "batch", "_apis/{area}/$batch")


@endpoints("PATCH", BATCH, name="batch", cost=0.03)
@endpoints("POST", BATCH, name="batch", cost=0.03)
def batch(call: Call) -> dict[str, Any]:
    """An inner request whose connection a fault drops takes the whole call with it."""
    requests = call.body
    if not isinstance(requests, list) or not all(isinstance(each, dict) for each in requests):
        raise bad_argument("The body of $batch must be a list of requests.")
    call.items = len(requests)
    answers = []
    for request in requests:
        answer = call.server.answer(inner(call, request))
        if answer is None:
            raise Dropped
        answers.append(
            {
                "code": answer.status,
                "headers": {"Content-Type": answer.content_type} | answer.headers,
                "body": (answer.body if isinstance(answer.body, bytes) else orjson.dumps(answer.body)).decode(),
            }
        )
    return {"count": len(answers), "value": answers}


def inner(outer: Call, request: dict[str, Any]) -> Call:
    """One request of a batch as a call of its own, with the caller's credentials."""
    path, _, query = str(request.get("uri", "")).partition("?")
    headers = {str(name).lower(): str(value) for name, value in (request.get("headers") or {}).items()}
    return Call(
        server=outer.server,
        method=str(request.get("method", "")).upper(),
        base=outer.base,
        path=path,
        query=Call.read_query(query),
        headers={"authorization": outer.headers["authorization"]} | headers,
        content=orjson.dumps(request.get("body")),
        caller=outer.caller,
        negative_ids=outer.negative_ids,
    )
