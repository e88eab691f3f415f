"""How every HTTP function answers: JSON, and failures as RFC 9457 `application/problem+json` that name what to fix."""

import functools
import json
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

import azure.functions as func

from shared.errors import BoardbridgeError, Park, Refused, RetryLater, Stale

log = logging.getLogger(__name__)

Handler = Callable[[func.HttpRequest], func.HttpResponse]


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    text = json.dumps(body, ensure_ascii=False, indent=2)
    return func.HttpResponse(text, status_code=status, headers=dict(headers or {}), mimetype="application/json")


def problem(status: int, reason: str, **more: Any) -> func.HttpResponse:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": reason, **more}
    return func.HttpResponse(
        json.dumps(body, ensure_ascii=False, indent=2), status_code=status, mimetype="application/problem+json"
    )


def answering(handler: Handler) -> Handler:
    """Turn what a service raises into the answer that tells the caller what to do."""

    @functools.wraps(handler)
    def answered(req: func.HttpRequest) -> func.HttpResponse:
        try:
            return handler(req)
        except Refused as refused:
            faults = [{"path": path, "fix": fix} for path, fix in refused.faults]
            return problem(refused.status, refused.reason, **({"faults": faults} if faults else {}))
        except RetryLater as wait:
            response = problem(503, wait.reason)
            response.headers["Retry-After"] = str(ceil(max(wait.after_seconds, 1)))
            return response
        except Stale as race:
            return problem(409, f"somebody else was quicker, ask again: {race.reason}")
        except Park as refusal:  # by another system, of what the caller asked for
            return problem(422, refusal.reason)
        except BoardbridgeError as error:
            log.exception("%s failed", handler.__name__)
            return problem(502, error.reason)

    return answered


def headers_of(req: func.HttpRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in req.headers.items()}


def if_match(req: func.HttpRequest) -> str | None:
    """The generation that the caller has read; None where any will do."""
    return headers_of(req).get("if-match", "").strip('W/"*') or None


def asked_by(req: func.HttpRequest) -> str:
    """Who asks, where the app has App Service authentication switched on; a function key alone has no name."""
    return headers_of(req).get("x-ms-client-principal-name", "")
