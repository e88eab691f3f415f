"""How every HTTP function answers: JSON, and failures as RFC 9457 `application/problem+json` that name what to fix."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

import azure.functions as func

from shared.errors import BoardbridgeError, Park, Refused, RetryLater, Stale

log = logging.getLogger(__name__)

JSON, PROBLEM = "application/json", "application/problem+json"


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    return _json(body, status, JSON, headers)


def problem(status: int, reason: str, headers: Mapping[str, str] | None = None, **more: Any) -> func.HttpResponse:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": reason, **more}
    return _json(body, status, PROBLEM, headers)


def problem_of(error: BoardbridgeError, function: str) -> func.HttpResponse:
    """What a service raised, as the answer that tells the caller what to do."""
    match error:
        case Refused():
            faults = [{"path": path, "fix": fix} for path, fix in error.faults]
            return problem(error.status, error.reason, **({"faults": faults} if faults else {}))
        case RetryLater():
            return problem(503, error.reason, {"Retry-After": str(ceil(max(error.after_seconds, 1)))})
        case Stale():
            return problem(409, f"somebody else was quicker, ask again: {error.reason}")
        case Park():  # by another system, of what the caller asked for
            return problem(422, error.reason)
        case _:
            log.error("%s failed", function, exc_info=error)
            return problem(502, error.reason)


def _json(body: Any, status: int, media: str, headers: Mapping[str, str] | None) -> func.HttpResponse:
    text = json.dumps(body, ensure_ascii=False, indent=2)
    encoded = text.encode("utf-8", "backslashreplace")  # half a character is written as JSON escapes it
    return func.HttpResponse(encoded, status_code=status, headers=dict(headers or {}), mimetype=media)
