"""Microsoft's published specifications: which operation an answer belongs to, and what in it they do not allow.

They say what there may be and of what type, not what may be missing or null; so neither does this.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.local.azure_devops.recordings import FOLDER

# Keys of recorded answers that the specifications lack.
BEYOND_THE_SPECIFICATIONS = {"multilineFieldsFormat"}
KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


class Specification:
    """One area's document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.paths = {path.lower(): methods for path, methods in document["paths"].items()}

    def answer(self, path: str, method: str = "get") -> dict[str, Any]:
        return self.paths[("/{organization}" + path).lower()][method]["responses"]["200"]["schema"]

    def faults(self, schema: dict[str, Any], value: Any, place: str = "") -> Iterator[str]:
        """Everything in `value` that `schema` does not allow, one sentence each."""
        if value is None or schema.get("$ref", "").endswith("/ReferenceLinks"):  # links may have any name
            return
        if schema.get("format") == "T":  # how they write an element of any type
            return
        if "$ref" in schema:
            schema = self.document["definitions"][schema["$ref"].rpartition("/")[2]]
        known = dict(self.properties(schema))
        kind = "object" if known else schema.get("type")
        if kind == "object" and not known:  # how the specifications write "anything"
            return
        if kind and not isinstance(value, KINDS[kind]):
            yield f"{place}: {value!r} is no {kind}"
            return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{place}: {value!r} is none of {schema['enum']}"
        if kind == "array":
            for number, element in enumerate(value):
                yield from self.faults(schema.get("items", {}), element, f"{place}[{number}]")
        elif kind == "object":
            for key, element in value.items():
                if key in known:
                    yield from self.faults(known[key], element, f"{place}.{key}")
                elif key not in BEYOND_THE_SPECIFICATIONS:
                    yield f"{place}.{key}: unknown"

    def properties(self, schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        yield from schema.get("properties", {}).items()
        for base in schema.get("allOf", []):
            yield from self.properties(self.document["definitions"][base["$ref"].rpartition("/")[2]])


FILES = {
    "wit": "specs/wit/7.1/workItemTracking.json",
    "work": "specs/work/7.1/work.json",
    "core": "specs/core/7.1/core.json",
    "hooks": "specs/hooks/7.1/serviceHooks.json",
}


@cache
def specification(area: str) -> Specification | None:
    """None where this machine has not got it."""
    path = FOLDER / FILES[area]
    return Specification(json.loads(path.read_text(encoding="utf-8-sig"))) if path.exists() else None


@cache
def _operations() -> list[tuple[re.Pattern[str], int, str, Specification, dict[str, Any]]]:
    """Address behind `_apis`, how exact it is, method, and what the answers are; the most exact addresses first."""
    found = []
    for area in FILES:
        document = specification(area)
        for template, methods in document.document["paths"].items() if document else ():
            tail = template.partition("/_apis/")[2]
            words = re.split(r"(\$?\{\w+\})", tail)
            pattern = "".join(_expression(word) for word in words)
            exact = sum(len(word) for word in words if not word.endswith("}"))
            found += [(re.compile(pattern, re.IGNORECASE), exact, method, document, operation)
                      for method, operation in methods.items() if isinstance(operation, dict)]  # fmt: skip
    return sorted(found, key=lambda operation: -operation[1])


def _expression(word: str) -> str:
    if word in ("{path}", "{query}"):
        return ".+"
    if word.startswith("${"):
        return r"(?:\$|%24)[^/]+"
    return "[^/$]+" if word.startswith("{") else re.escape(word)


def check(response: requests.Response, *_: object, **__: object) -> None:
    """For a session's `response` hook: every answer that a specification describes must keep to it."""
    address = urlsplit(str(response.request.url))
    asked = parse_qs(address.query).get("api-version", [""])[0]
    is_json = response.headers.get("content-type", "").startswith("application/json")
    if not (response.ok and response.content and is_json and asked.startswith("7.1")):
        return
    tail = address.path.partition("/_apis/")[2].rstrip("/")
    if tail.lower() == "wit/recyclebin" and "ids" in address.query:  # whole items; they describe the bare list only
        return
    for pattern, _exact, method, document, operation in _operations():
        if method == str(response.request.method).lower() and pattern.fullmatch(tail):
            answers = operation["responses"]
            schema = answers.get(str(response.status_code), answers.get("200", {})).get("schema")
            if schema is not None:
                body = response.json()
                listed = schema.get("type") == "array" and isinstance(body, dict)
                faults = list(document.faults(schema, body["value"] if listed else body))
                assert faults == [], f"{response.request.method} {address.path} breaks its specification"
            return
