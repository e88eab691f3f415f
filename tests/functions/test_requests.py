"""What the document allows is taken, and what it forbids is refused with every fault by its path."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from functions.operations import OPERATIONS
from functions.product import wiring
from shared.errors import Refused

BODIES = sorted({operation.body for operation in OPERATIONS if operation.body} | {"TicketToExplain"})
QUERIES = {operation.query: operation.name for operation in OPERATIONS if operation.query}

ANYTHING = st.sampled_from(
    [None, True, 0, 1.5, {}, "", "12", "sideways", [], [""], [12], ["12"], [["12"]], {"Name": 1}]
)
TEXTS = st.sampled_from(["true", "false", "True", "1", "0", "200", "201", "-1", "1.0", " 1", "", "x", "boards"])


def bodies(schema: dict[str, Any], components: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What a schema of an object allows, and what it nearly does."""
    choices = {name: fitting(part, components) for name, part in schema["properties"].items()}
    names = st.sampled_from([*choices, "colour"])
    whole = st.fixed_dictionaries({name: choices.pop(name) for name in schema.get("required", ())}, optional=choices)
    spoilt = st.builds(lambda body, name, value: body | {name: value}, whole, names, ANYTHING)
    lacking = st.builds(lambda body, name: {key: body[key] for key in body if key != name}, whole, names)
    return whole | spoilt | lacking | ANYTHING


def fitting(schema: dict[str, Any], components: dict[str, Any]) -> st.SearchStrategy[Any]:
    match schema:
        case {"$ref": reference}:
            return fitting(components["schemas"][reference.rpartition("/")[2]], components)
        case {"anyOf": arms}:
            return st.one_of(fitting(arm, components) for arm in arms)
        case {"enum": values}:
            return st.sampled_from(values)
        case {"const": value}:
            return st.just(value)
        case {"type": "array", "items": items}:
            return st.lists(fitting(items, components), min_size=schema.get("minItems", 0), max_size=2)
        case {"type": kind}:
            text = st.text(min_size=schema.get("minLength", 0), max_size=3)
            return {"string": text, "object": st.dictionaries(text, ANYTHING, max_size=2), "null": st.none()}[kind]
    return ANYTHING


@pytest.mark.parametrize("name", BODIES)
@given(data=st.data())
def test_a_body_is_taken_if_and_only_if_the_document_allows_it(document, name, data):
    schema = document["components"]["schemas"][name]
    body = data.draw(bodies(schema, document["components"]))
    allowed = Draft202012Validator({**schema, "components": document["components"]}).is_valid(body)
    faults = faults_of(wiring().api.reading.body, name, json.dumps(body).encode())
    assert (faults == []) is allowed, faults
    assert len(set(faults)) == len(faults)


@pytest.mark.parametrize("name", QUERIES)
@given(data=st.data())
def test_a_query_is_taken_if_and_only_if_the_document_allows_it(document, name, data):
    described = next(
        operation["parameters"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if operation["operationId"] == QUERIES[name]
    )
    parameters = [each for each in described if each["in"] == "query"]
    schema = {
        "properties": {each["name"]: each["schema"] for each in parameters},
        "required": [each["name"] for each in parameters if each["required"]],
        "additionalProperties": False,
        "components": document["components"],
    }
    asked = data.draw(st.dictionaries(st.sampled_from([*schema["properties"], "colour"]), TEXTS))
    meant = {key: _meant(schema["properties"].get(key, {}), text) for key, text in asked.items()}
    allowed = Draft202012Validator(schema).is_valid(meant)
    faults = faults_of(wiring().api.reading.query, name, asked)
    assert (faults == []) is allowed, faults


def _meant(schema: dict[str, Any], text: str) -> Any:
    """A text of the address as what it stands for."""
    match schema.get("type"):
        case "boolean":
            return {"true": True, "false": False}.get(text, text)
        case "integer":
            return int(text) if text.isdecimal() else text
        case _:
            return text


def faults_of(read, name: str, given: Any) -> list[tuple[str, str]]:
    try:
        read(getattr(wiring().api.requests, name), given)
    except Refused as refused:
        assert refused.status == 400
        assert refused.faults
        return list(refused.faults)
    return []


@pytest.mark.parametrize(
    ("name", "body", "faults"),
    [
        ("LinkRequest", {"ppm": ""}, {"boards": "needed", "ppm": "at least 1 character"}),
        ("PlanRequest", {"colour": 1, "items": "boards:1"}, {"colour": "not known here: direction, what, items, fields",
                                                             "items": "list"}),
        ("PlanRequest", {"direction": "up", "fields": ["title", 7]}, {"direction": "'to_ppm'", "fields[1]": "string"}),
        ("CreateRequest", {"side": "left", "items": []}, {"side": "'boards' or 'ppm'", "items": "at least 1"}),
        ("CreateRequest", {"side": "ppm", "items": ["7"], "depth": [""]}, {"depth[0]": "1 character", "depth": "all"}),
        ("CreateRequest", {"side": "ppm", "items": ["7"], "type": 3}, {"type": "a text, or a list of texts"}),
        ("CreateRequest", {"side": "ppm", "items": ["7"], "type": ["Epic", ""]}, {"type[1]": "1 character"}),
        ("UnlinkRequest", ["boards:1"], {"": "object"}),
    ],
)  # fmt: skip
def test_every_fault_is_told_by_its_path(name, body, faults):
    found = dict(faults_of(wiring().api.reading.body, name, json.dumps(body).encode()))
    assert found.keys() == faults.keys()
    assert all(fix in found[path] for path, fix in faults.items()), found


def test_what_is_no_json_is_refused_in_a_sentence():
    with pytest.raises(Refused, match="the body is not JSON: ") as refused:
        wiring().api.reading.body(wiring().api.requests.PlanRequest, b'{"what": ')
    assert refused.value.status == 400


@pytest.mark.parametrize("body", [b"", b" \n", b"\xef\xbb\xbf{}"])
def test_an_empty_body_is_an_empty_object(body):
    asked = wiring().api.reading.body(wiring().api.requests.PlanRequest, body)
    assert (asked.direction, asked.what, asked.items) == ("rules", "values", None)


@pytest.mark.parametrize(
    ("given", "types"), [("", ()), ("Epic", ("Epic",)), (["Epic", "Feature"], ("Epic", "Feature"))]
)
def test_one_type_may_be_told_as_a_text(given, types):
    asked = json.dumps({"side": "ppm", "items": ["7"], "type": given}).encode()
    assert wiring().api.reading.body(wiring().api.requests.CreateRequest, asked).type == types


def test_an_object_of_any_names_is_taken_as_it_is():
    assert wiring().api.reading.mapping(b'{"kind": "generic", "token": {"secret": "s"}}') == {
        "kind": "generic",
        "token": {"secret": "s"},
    }
    with pytest.raises(Refused):
        wiring().api.reading.mapping(b"[]")


def test_the_directions_and_scopes_of_plans_are_those_that_the_sync_knows():
    from shared.sync.pairs.plans import DIRECTIONS, SCOPES

    fields = wiring().api.requests.PlanRequest.model_fields
    assert set(fields["direction"].annotation.__args__) == set(DIRECTIONS)
    assert set(fields["what"].annotation.__args__) == set(SCOPES)
