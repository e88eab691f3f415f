"""Which work items carry a link to given addresses: hyperlinks and artifact links, deleted items left out."""

from typing import Any

from infra.local.azure_devops.endpoints.render import ItemView
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Call, Endpoints, Location

endpoints = Endpoints()

QUERY = Location("a9a9aa7a-8c09-44d3-ad1b-46e855c1e3d3", "wit", "artifactUriQuery", "{project}/_apis/{area}/{resource}")


@endpoints("POST", QUERY, name="artifacts.query", cost=0.03)
def query(call: Call) -> dict[str, Any]:
    uris = call.record.get("artifactUris")
    if not isinstance(uris, list):
        raise bad_argument("'artifactUris' must be a list of addresses.")
    view, project, world = ItemView(call), call.project_or_none, call.world
    return {
        "artifactUrisQueryResult": {
            uri: [
                {"id": item.id, "url": view.url(item, scoped=project is not None)}
                for item in world.lag.with_uri(world.store, str(uri))
                if project is None or item.fields["System.TeamProject"] == project.name
            ]
            for uri in uris
        }
    }
