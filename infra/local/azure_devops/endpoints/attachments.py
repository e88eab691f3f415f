"""Files: uploaded here, then linked to work items by relations of the type AttachedFile."""

from urllib.parse import quote
from uuid import uuid4

from infra.local.azure_devops.boards.organisation import Attachment
from infra.local.azure_devops.boards.organisation_refusals import attachment_too_large, missing_attachment
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

ATTACHMENTS = Location(
    "e07b5fa4-1499-494d-a496-64b860fd64ff", "wit", "attachments", "{project}/_apis/{area}/{resource}/{id}", 3
)
SIZE_LIMIT = 60 * 1024 * 1024


@endpoints("POST", ATTACHMENTS, name="attachments.upload", cost=0.03)
def upload(call: Call) -> Answer:
    """The whole file in one request; uploads in pieces are not simulated."""
    if call.query.get("uploadtype", "simple").lower() != "simple":
        raise bad_argument("This simulator takes attachments in one request only (uploadType=simple).")
    if len(call.content) > SIZE_LIMIT:
        raise attachment_too_large(SIZE_LIMIT)
    id, name = str(uuid4()), call.query.get("filename", "")
    call.world.organisation.attachments[id] = Attachment(name, call.content)
    scope = f"/{call.project.id}" if call.project_or_none else ""
    return Answer({"id": id, "url": f"{call.base}{scope}/_apis/wit/attachments/{id}?fileName={quote(name)}"}, 201)


@endpoints("GET", ATTACHMENTS, "id", name="attachments.get")
def download(call: Call) -> Answer:
    found = call.world.organisation.attachments.get(call.route["id"].lower())
    if found is None:
        raise missing_attachment(call.route["id"])
    name = quote(call.query.get("filename") or found.name)
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}"} if call.flag("download") else {}
    return Answer(found.content, 200, headers, "application/octet-stream")
