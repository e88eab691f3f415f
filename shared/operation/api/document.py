"""The OpenAPI 3.1 document: every operation with the models that it names. Pure."""

import inspect
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Protocol

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from shared.operation.api import answers, requests
from shared.ports import EVENTS_HEADER

PREFIX = "/api"
SCHEMAS = "#/components/schemas/{model}"
PROBLEM_SHAPE = "Problem"
JSON, PROBLEM = "application/json", "application/problem+json"
IN_PATHS = {
    "connection": "The name of a connection in the configuration.",
    "pair": "The name of a pair in the configuration.",
    "name": "The name of a field rule.",
    "id": "The id of what is asked for; a ticket's number will do.",
}
HEADERS = {
    "ETag": "The generation of the configuration.",
    "If-Match": "The generation that the change was made from; another one in force refuses it (412).",
    "Location": "Where what was made can be seen.",
}
SECURITY = {
    "key": {"type": "apiKey", "in": "header", "name": "x-functions-key"},
    "code": {"type": "apiKey", "in": "query", "name": "code"},
    "secret": {"type": "apiKey", "in": "header", "name": EVENTS_HEADER},
}
UNAUTHORIZED = "Without a body: the function key is missing or wrong. With one: what else the sender has to show is."
BROKEN = "A fault of ours, without a body: the log tells."

type Json = dict[str, Any]


class Operation(Protocol):
    """What the document reads of an operation. Models are named; `raw` and `answers` have them by media and status."""

    name: str
    method: str
    route: str
    tag: str
    text: str
    asks: Collection[str]
    body: str
    raw: Mapping[str, str]
    query: str
    answers: Mapping[int, str]
    media: str
    takes: Collection[str]
    gives: Collection[str]


def document(operations: Collection[Operation]) -> Json:
    schemas = _Schemas(operations)
    paths: dict[str, Json] = defaultdict(dict)
    for operation in operations:
        for number, (path, parameters) in enumerate(_addresses(operation.route)):
            described = _operation(operation, parameters, schemas)
            described["operationId"] += "_by_query" if number else ""
            paths[path][operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "Boardbridge", "version": "1"},
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas.components,
            "securitySchemes": SECURITY,
            "responses": {
                "Problem": _answer("What was asked was not done.", PROBLEM, schemas.answered(PROBLEM_SHAPE)),
                "Unauthorized": _answer(UNAUTHORIZED, PROBLEM, schemas.answered(PROBLEM_SHAPE)),
                "Broken": {"description": BROKEN},
            },
        },
    }


def _addresses(route: str) -> Iterator[tuple[str, list[Json]]]:
    """The path of a route with its parameters. A rest (`{*id}`) is in the path, slashes and all, or in the query."""
    named = re.findall(r"\{\*?(\w+)", route)
    parameters = [_parameter(name, "path", {"type": "string"}, IN_PATHS.get(name), required=True) for name in named]
    yield f"{PREFIX}/{re.sub(r'\{\*?(\w+)[^}]*\}', r'{\1}', route)}", parameters
    if "{*" in route:
        asked = _parameter(named[-1], "query", {"type": "string"}, IN_PATHS.get(named[-1]), required=True)
        yield f"{PREFIX}/{route.partition('/{*')[0]}", [*parameters[:-1], asked]


def _operation(operation: Operation, parameters: list[Json], schemas: "_Schemas") -> Json:
    summary, _, more = inspect.cleandoc(operation.text).partition("\n\n")
    found: Json = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": " ".join(summary.split()).rstrip("."),
        "responses": _responses(operation, schemas),
        "security": [{name: []} for name in operation.asks],
    }
    if more:
        found["description"] = " ".join(more.split())
    if parameters := [*parameters, *_asked_for(operation, schemas)]:
        found["parameters"] = parameters
    if takes := operation.raw or ({JSON: operation.body} if operation.body else {}):
        content = {media: {"schema": schemas.asked(name)} for media, name in takes.items()}
        required = bool(operation.body) and schemas.needed(operation.body)
        found["requestBody"] = {"required": required, "content": content}
    return found


def _asked_for(operation: Operation, schemas: "_Schemas") -> Iterator[Json]:
    """What may be told beside path and body."""
    for name, schema, required in schemas.parameters(operation.query) if operation.query else ():
        about = schema.pop("description", None)
        yield _parameter(name, "query", schema, about, required=required)
    for name in operation.takes:
        yield _parameter(name, "header", {"type": "string"}, HEADERS[name])


def _parameter(name: str, place: str, schema: Json, about: str | None, *, required: bool = False) -> Json:
    found = {"name": name, "in": place, "required": required, "schema": schema}
    return found | ({"description": about} if about else {})


def _responses(operation: Operation, schemas: "_Schemas") -> Json:
    given = {name: {"description": HEADERS[name], "schema": {"type": "string"}} for name in operation.gives}
    found: Json = {}
    for status, name in operation.answers.items():
        about = HTTPStatus(status).phrase
        answer = _answer(about, operation.media, schemas.answered(name)) if name else {"description": about}
        found[str(status)] = answer | ({"headers": given} if given else {})
    if operation.asks:
        found["401"] = {"$ref": "#/components/responses/Unauthorized"}
    found["500"] = {"$ref": "#/components/responses/Broken"}
    found["default"] = {"$ref": "#/components/responses/Problem"}
    return found


def _answer(about: str, media: str, schema: Json) -> Json:
    return {"description": about, "content": {media: {"schema": schema}}}


class _WithoutTitles(GenerateJsonSchema):
    """The name of a field is not told a second time as its title."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


class _Schemas:
    """The schemas of all models that operations name, each under its own name."""

    def __init__(self, operations: Collection[Operation]) -> None:
        queries = {each.query for each in operations if each.query}
        asked = {name for each in operations for name in (each.body, *each.raw.values()) if name} | queries
        answered = {name for each in operations for name in each.answers.values() if name} | {PROBLEM_SHAPE}
        named = {(requests, name) for name in asked} | {(answers, name) for name in answered}
        adapters = [(each, "validation", TypeAdapter(getattr(*each))) for each in named]
        references, found = TypeAdapter.json_schemas(adapters, ref_template=SCHEMAS, schema_generator=_WithoutTitles)
        self._references = {each: schema for (each, _), schema in references.items()}
        self.components = dict(sorted(found["$defs"].items()))
        self._queries = {name: self.components.pop(name) for name in queries}

    def asked(self, name: str) -> Json:
        return self._references[requests, name]

    def answered(self, name: str) -> Json:
        return self._references[answers, name]

    def needed(self, name: str) -> bool:
        """Whether a body has to say anything at all."""
        return "required" in self.components[name]

    def parameters(self, query: str) -> Iterator[tuple[str, Json, bool]]:
        """Those of a query: name, schema, whether it is needed. One that has no default is absent, never null."""
        needed = self._queries[query].get("required", ())
        for name, schema in self._queries[query]["properties"].items():
            yield name, {k: v for k, v in schema.items() if (k, v) != ("default", None)}, name in needed
