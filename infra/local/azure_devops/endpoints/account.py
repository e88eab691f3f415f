"""What belongs to the organisation and the caller as a whole: collections, recent work, icons, kinds of artifacts."""

from typing import Any

from infra.local.azure_devops.endpoints.render import ItemView
from infra.local.azure_devops.errors import NoRoute
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

COLLECTIONS = Location(
    "8031090f-ef1d-4af6-85fc-698cd75d42bf", "core", "projectCollections", "_apis/{resource}/{collectionId}"
)
RECENT = Location(
    "1bc988f4-c15f-4072-ad35-497c87e3a909", "wit", "accountMyWorkRecentActivity", "_apis/work/{resource}", 2
)
ARTIFACT_LINKS = Location("1a31de40-e318-41cd-a6c6-881077df52e3", "wit", "artifactLinkTypes", "_apis/{area}/{resource}")
ICONS = Location("4e1eb4a5-1970-4228-a682-ec48eb2dca30", "wit", "workItemIcons", "_apis/{area}/{resource}/{icon}")

RECENT_LIMIT = 200
ARTIFACT_LINK_TYPES = (
    ("Branch", "Git", "Ref"),
    ("Build", "Build", "Build"),
    ("Fixed in Commit", "Git", "Commit"),
    ("Pull Request", "Git", "PullRequestId"),
    ("Wiki Page", "Wiki", "WikiPage"),
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"><rect width="16" height="16" fill="#{}"/></svg>'
XAML = '<Rectangle xmlns="http://schemas.microsoft.com/winfx/2006/xaml/presentation" Width="16" Fill="#{}"/>'
PICTURES = {"image/svg+xml": SVG, "image/xaml+xml": XAML}


@endpoints("GET", COLLECTIONS, name="account.collections")
def collections(call: Call) -> dict[str, Any]:
    """On the Services an organisation is its own and only collection."""
    return {"count": 1, "value": [_collection(call)]}


@endpoints("GET", COLLECTIONS, "collectionId", name="account.collection")
def collection(call: Call) -> dict[str, Any]:
    organisation = call.world.organisation
    if call.route["collectionId"].lower() not in (organisation.id, organisation.name.lower()):
        raise NoRoute
    return _collection(call) | {"state": "Started", "processCustomizationType": "inherited"}


def _collection(call: Call) -> dict[str, Any]:
    organisation = call.world.organisation
    url = f"{call.base}/_apis/projectCollections/{organisation.id}"
    return {"id": organisation.id, "name": organisation.name, "url": url}


@endpoints("GET", RECENT, name="account.recent_activity", cost=0.031)
def recent_activity(call: Call) -> dict[str, Any]:
    """The items the caller wrote last, latest first. Reading is not remembered."""
    view, shown = ItemView(call), []
    for item in call.world.store.live():
        mine = [revision for revision in item.revisions if revision.fields["System.ChangedBy"] == call.caller]
        if mine:
            fields, assigned = item.fields, item.fields.get("System.AssignedTo")
            entry = {
                "id": item.id,
                "title": fields.get("System.Title", ""),
                "workItemType": fields["System.WorkItemType"],
                "teamProject": fields["System.TeamProject"],
                "state": fields["System.State"],
                "changedDate": fields["System.ChangedDate"],
                "activityDate": mine[-1].fields["System.ChangedDate"],
                "activityType": "edited",
                "identityId": call.caller.id,
            }
            shown.append(entry | ({"assignedTo": view.value(assigned)} if assigned else {}))
    shown.sort(key=lambda entry: entry["activityDate"], reverse=True)
    return {"count": len(shown[:RECENT_LIMIT]), "value": shown[:RECENT_LIMIT]}


@endpoints("GET", ARTIFACT_LINKS, name="account.artifact_link_types")
def artifact_link_types(call: Call) -> dict[str, Any]:
    shown = [{"linkType": name, "toolType": tool, "artifactType": kind} for name, tool, kind in ARTIFACT_LINK_TYPES]
    return {"count": len(shown), "value": shown}


@endpoints("GET", ICONS, name="account.icons")
def icons(call: Call) -> dict[str, Any]:
    shown = [_icon(call, name) for name in _icons(call)]
    return {"count": len(shown), "value": shown}


@endpoints("GET", ICONS, "icon", name="account.icon")
def icon(call: Call) -> Answer | dict[str, Any]:
    """Its address as JSON, or a plain square of its colour for one who asks for a picture."""
    name = call.route["icon"].lower()
    if name not in _icons(call):
        raise NoRoute
    color = "".join(each for each in call.query.get("color", "") if each.isalnum()) or "009ccc"
    for content_type, picture in PICTURES.items():
        if content_type in call.headers.get("accept", ""):
            return Answer(picture.format(color).encode(), content_type=content_type)
    return _icon(call, name)


def _icons(call: Call) -> list[str]:
    kinds = [kind for project in call.world.organisation.projects for kind in project.process.types.values()]
    return sorted({kind.icon for kind in kinds})


def _icon(call: Call, name: str) -> dict[str, str]:
    return {"id": name, "url": f"{call.base}/_apis/wit/workItemIcons/{name}?color={call.query.get('color', '')}&v=2"}
