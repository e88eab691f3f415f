"""Answers against Microsoft's published specifications: no key they do not know, no value of another type.

The specifications do not say what may be missing or null, so neither does this.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.azure_devops.client import Client, hyperlink
from tests.local.azure_devops.recordings import recorded

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
    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.paths = {path.lower(): methods for path, methods in document["paths"].items()}

    def answer(self, path: str, method: str = "get") -> dict[str, Any]:
        return self.paths[("/{organization}" + path).lower()][method]["responses"]["200"]["schema"]

    def faults(self, schema: dict[str, Any], value: Any, place: str = "") -> Iterator[str]:
        """Everything in `value` that `schema` does not allow, one sentence each."""
        if value is None or schema.get("$ref", "").endswith("/ReferenceLinks"):  # links may have any name
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


SPECIFICATIONS = {
    "wit": "specs/wit/7.1/workItemTracking.json",
    "work": "specs/work/7.1/work.json",
    "core": "specs/core/7.1/core.json",
}
TEAM = "Fabrikam/Network/_apis/work"


@pytest.mark.parametrize(
    ("area", "template", "path", "params"),
    [
        ("wit", "/{project}/_apis/wit/workitems/{id}", "Fabrikam/_apis/wit/workitems/1", {"$expand": "all"}),
        ("wit", "/{project}/_apis/wit/workitems/{id}", "Fabrikam/_apis/wit/workitems/2", {}),
        ("wit", "/{project}/_apis/wit/workitems", "_apis/wit/workitems", {"ids": "1,2", "$expand": "all"}),
        ("wit", "/{project}/_apis/wit/workItems/{id}/revisions", "_apis/wit/workitems/1/revisions", {}),
        ("wit", "/{project}/_apis/wit/workItems/{id}/updates", "_apis/wit/workitems/1/updates", {}),
        (
            "wit",
            "/{project}/_apis/wit/workItems/{workItemId}/comments",
            "Fabrikam/_apis/wit/workitems/1/comments",
            {"api-version": "7.1-preview.4"},
        ),
        ("wit", "/{project}/_apis/wit/classificationnodes", "Fabrikam/_apis/wit/classificationnodes", {"$depth": 3}),
        (
            "wit",
            "/{project}/_apis/wit/classificationnodes/{structureGroup}/{path}",
            "Fabrikam/_apis/wit/classificationnodes/iterations/Sprint 1",
            {},
        ),
        ("wit", "/{project}/_apis/wit/fields", "_apis/wit/fields", {}),
        ("wit", "/{project}/_apis/wit/workitemtypes", "Fabrikam/_apis/wit/workitemtypes", {}),
        ("wit", "/{project}/_apis/wit/workitemtypes/{type}/states", "Tailwind/_apis/wit/workitemtypes/Bug/states", {}),
        (
            "wit",
            "/{project}/_apis/wit/workitemtypes/{type}/fields",
            "Fabrikam/_apis/wit/workitemtypes/Bug/fields",
            {"$expand": "all"},
        ),
        ("wit", "/{project}/_apis/wit/workitemtypecategories", "Fabrikam/_apis/wit/workitemtypecategories", {}),
        ("wit", "/_apis/wit/workitemrelationtypes", "_apis/wit/workitemrelationtypes", {}),
        ("wit", "/{project}/_apis/wit/recyclebin/{id}", "_apis/wit/recyclebin/3", {}),
        ("core", "/_apis/projects", "_apis/projects", {}),
        ("core", "/_apis/projects/{projectId}", "_apis/projects/Fabrikam", {"includeCapabilities": "true"}),
        ("core", "/_apis/projects/{projectId}/teams", "_apis/projects/Fabrikam/teams", {}),
        ("work", "/{project}/{team}/_apis/work/teamsettings", f"{TEAM}/teamsettings", {}),
        (
            "work",
            "/{project}/{team}/_apis/work/teamsettings/teamfieldvalues",
            f"{TEAM}/teamsettings/teamfieldvalues",
            {},
        ),
        ("work", "/{project}/{team}/_apis/work/teamsettings/iterations", f"{TEAM}/teamsettings/iterations", {}),
        ("work", "/{project}/{team}/_apis/work/backlogs", f"{TEAM}/backlogs", {}),
        ("work", "/{project}/{team}/_apis/work/backlogconfiguration", f"{TEAM}/backlogconfiguration", {}),
    ],
)
def test_answers_keep_to_the_specification(
    client: Client, area: str, template: str, path: str, params: dict[str, Any]
) -> None:
    specification = Specification(recorded(SPECIFICATIONS[area]))
    fill(client)
    body = client.get(path, **params)
    schema = specification.answer(template)
    shown = body["value"] if schema.get("type") == "array" else body
    assert shown
    assert list(specification.faults(schema, shown)) == []


@pytest.mark.parametrize(
    ("template", "path", "body"),
    [
        (
            "/{project}/_apis/wit/artifacturiquery",
            "Fabrikam/_apis/wit/artifacturiquery",
            {"artifactUris": ["https://x/1"]},
        ),
        (
            "/{project}/{team}/_apis/wit/wiql",
            "Fabrikam/Network/_apis/wit/wiql",
            {"query": "SELECT [System.Id] FROM WorkItems ORDER BY [System.Id]"},
        ),
        ("/{project}/_apis/wit/workitemsbatch", "_apis/wit/workitemsbatch", {"ids": [1, 2], "$expand": "all"}),
    ],
)
def test_answers_to_queries_keep_to_the_specification(
    client: Client, template: str, path: str, body: dict[str, Any]
) -> None:
    specification = Specification(recorded(SPECIFICATIONS["wit"]))
    fill(client)
    answer = client("POST", path, body).json()
    schema = specification.answer(template, "post")
    shown = answer["value"] if schema.get("type") == "array" else answer
    assert list(specification.faults(schema, shown)) == []


def test_the_check_itself_can_fail() -> None:
    specification = Specification(recorded(SPECIFICATIONS["wit"]))
    schema = specification.answer("/{project}/_apis/wit/workitems/{id}")
    wrong = {"id": "1", "rev": 1, "nope": True, "fields": {}, "relations": [{"rel": 1}]}
    assert list(specification.faults(schema, wrong)) == [
        ".id: '1' is no integer",
        ".nope: unknown",
        ".relations[0].rel: 1 is no string",
    ]


def fill(client: Client) -> None:
    """A parent with a hyperlink and a comment, a child, and a deleted item."""
    for _ in range(3):
        client.create(assigned="Jamal Hartnett", tags="a; b")
    client.change(1, client.link("System.LinkTypes.Hierarchy-Forward", 2), hyperlink("https://x/1"))
    client("POST", "Fabrikam/_apis/wit/workItems/1/comments", {"text": "x"}, params={"api-version": "7.1-preview.4"})
    client("DELETE", "_apis/wit/workitems/3")
