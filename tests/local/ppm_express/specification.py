"""The vendor's swagger: which operation an answer belongs to, and what in it the swagger does not allow.

It is not part of the project. `BOARDBRIDGE_DATA` names the folder that has `ppm-express/swagger.json`; without it
`shared/data` beside the checkout is tried.
"""

import json
import os
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import requests

BESIDE = Path(__file__).parents[4] / "shared" / "data"
FILE = Path(os.environ.get("BOARDBRIDGE_DATA", BESIDE)) / "ppm-express" / "swagger.json"

KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
FORMATS = {"uuid": UUID, "date-time": datetime.fromisoformat}
# On the vendor's help page about webhooks, and not in the swagger, which has the document all the same.
BESIDE_THE_SWAGGER = {("get", "/Webhooks"): "WebhookResponseListResponse"}
ANYTIME = (429, 500, 502, 503)  # what any service may answer, described or not


@cache
def swagger() -> dict[str, Any] | None:
    return json.loads(FILE.read_text(encoding="utf-8-sig")) if FILE.exists() else None


def check(response: requests.Response, *_: object, **__: object) -> None:
    """For a session's `response` hook: every answer must keep to the swagger, where there is one."""
    if swagger() is None or response.status_code in ANYTIME:
        return
    method = str(response.request.method).lower()
    path = re.sub(r"^.*?/@\w+/v1\.0", "", str(response.request.url))
    faults = list(faults_of(method, path, response.status_code, response.json() if response.content else None))
    assert faults == [], f"{method.upper()} {path} breaks the swagger"


def faults_of(method: str, path: str, status: int, body: Any) -> Iterator[str]:
    document = swagger() or {}
    for template, operations in document["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path, re.IGNORECASE):
            if (method, template) in BESIDE_THE_SWAGGER and status == 200:
                yield from _faults({"$ref": f"/{BESIDE_THE_SWAGGER[method, template]}"}, body, "")
                return
            answers = operations[method]["responses"]
            if str(status) not in answers:
                yield f"{status} is no answer to {method} {template}"
            elif schema := answers[str(status)].get("schema"):
                yield from _faults(schema, body, "")
            return
    yield f"there is no {path}"


def _faults(schema: dict[str, Any], value: Any, place: str) -> Iterator[str]:
    """It does not say what may be missing, so neither does this."""
    if "$ref" in schema:
        schema = (swagger() or {})["definitions"][schema["$ref"].rpartition("/")[2]]
    kind, known = schema.get("type"), schema.get("properties", {})
    if kind and (not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind != "boolean")):
        yield f"{place}: {value!r} is no {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: {value!r} is none of {schema['enum']}"
    if parse := FORMATS.get(schema.get("format", "")):
        try:
            parse(value)
        except ValueError:
            yield f"{place}: {value!r} is no {schema['format']}"
    if kind == "array":
        for number, element in enumerate(value):
            yield from _faults(schema["items"], element, f"{place}[{number}]")
    for key, element in value.items() if known else ():
        if key in known:
            yield from _faults(known[key], element, f"{place}.{key}")
        else:
            yield f"{place}.{key}: unknown"
