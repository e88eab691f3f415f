"""What a client asks first: which resources there are, on which host, and who it is.

The organisation answers `ResourceAreas` empty, so a client uses its own base address for every area.
"""

from typing import Any

from infra.local.azure_devops.endpoints.render import person
from infra.local.azure_devops.routing import HIGHEST_VERSION, Call, Endpoints, Location

endpoints = Endpoints()

RESOURCE_AREAS = Location(
    "e81700f7-3be2-46de-8624-2eb35882fcaa", "Location", "ResourceAreas", "_apis/{resource}/{areaId}"
)
CONNECTION = Location("00d9565f-ed9c-4a06-9a50-00e7896ccab4", "Location", "ConnectionData", "_apis/{resource}")


def options(call: Call) -> dict[str, Any]:
    """Every resource, or those of the area behind `_apis`. Answers any address, so it is no endpoint itself."""
    wanted = call.path.partition("_apis")[2].strip("/").lower()
    listed = [
        {
            "id": location.id,
            "area": location.area,
            "resourceName": location.resource,
            "routeTemplate": location.template,
            "resourceVersion": location.version,
            "minVersion": "1.0",
            "maxVersion": HIGHEST_VERSION,
            "releasedVersion": location.released,
        }
        for location in call.server.locations
        if wanted in ("", location.area.lower())
    ]
    return {"count": len(listed), "value": listed}


@endpoints("GET", RESOURCE_AREAS, name="discovery.resource_areas")
def resource_areas(call: Call) -> dict[str, Any]:
    return {"count": 0, "value": []}


@endpoints("GET", RESOURCE_AREAS, "areaId", name="discovery.resource_areas")
def resource_area(call: Call) -> None:
    """One area by id: null means that this host answers for it itself."""


@endpoints("GET", CONNECTION, name="discovery.connection_data", cost=0.0046)
def connection_data(call: Call) -> dict[str, Any]:
    caller = person(call.base, call.caller)
    user = {
        "id": caller["id"],
        "descriptor": f"Microsoft.IdentityModel.Claims.ClaimsIdentity;{call.caller.unique_name}",
        "subjectDescriptor": caller["descriptor"],
        "providerDisplayName": caller["displayName"],
        "isActive": True,
        "properties": {"Account": {"$type": "System.String", "$value": call.caller.unique_name}},
        "resourceVersion": 2,
        "metaTypeId": 0,
    }
    organisation = call.world.organisation.id
    return {
        "authenticatedUser": user,
        "authorizedUser": user,
        "instanceId": organisation,
        "deploymentId": organisation,
        "deploymentType": "hosted",
        "locationServiceData": {
            "serviceOwner": "00025394-6065-48ca-87d9-7f5672854ef7",
            "defaultAccessMappingMoniker": "PublicAccessMapping",
            "lastChangeId": 1,
            "lastChangeId64": 1,
        },
    }
