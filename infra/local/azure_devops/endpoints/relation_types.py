"""The kinds of relations an item may have."""

from typing import Any

from infra.local.azure_devops.boards.links import LINK_TYPES, LinkType
from infra.local.azure_devops.boards.refusals import bad_link
from infra.local.azure_devops.routing import Call, Endpoints, Location

endpoints = Endpoints()

TYPES = Location(
    "f5d33bc9-5b49-4a3c-a9bd-f3cd46dd2165", "wit", "workItemRelationTypes", "_apis/{area}/{resource}/{relation}", 2
)


@endpoints("GET", TYPES, name="relation_types.list")
def list_types(call: Call) -> dict[str, Any]:
    shown = [relation_type_json(call, kind) for kind in LINK_TYPES.values()]
    return {"count": len(shown), "value": shown}


@endpoints("GET", TYPES, "relation", name="relation_types.get")
def get_type(call: Call) -> dict[str, Any]:
    kind = LINK_TYPES.get(call.route["relation"].casefold())
    if kind is None:
        raise bad_link(f"The relation type '{call.route['relation']}' does not exist.")
    return relation_type_json(call, kind)


def relation_type_json(call: Call, kind: LinkType) -> dict[str, Any]:
    resource = kind.opposite is None
    attributes: dict[str, Any] = {
        "usage": "resourceLink" if resource else "workItemLink",
        "editable": False,
        "enabled": True,
    }
    if not resource:
        attributes |= {
            "acyclic": kind.acyclic,
            "directional": kind.topology != "network",
            "singleTarget": kind.topology == "tree" and not kind.forward,
            "topology": kind.topology,
            "isForward": kind.forward,
            "oppositeEndReferenceName": kind.opposite,
        }
    return {
        "attributes": attributes,
        "referenceName": kind.reference_name,
        "name": kind.name,
        "url": f"{call.base}/_apis/wit/workItemRelationTypes/{kind.reference_name}",
    }
