"""Deleted work items: many deleted at once, list, read, restore, destroy."""

from typing import Any

from infra.local.azure_devops.boards.refusals import missing_item, too_many_ids
from infra.local.azure_devops.boards.store import WorkItem
from infra.local.azure_devops.endpoints.render import ItemView
from infra.local.azure_devops.endpoints.work_items import IDS_LIMIT, delete_one, deleted_reference
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

BIN = Location("b70d8d39-926c-465e-b927-b1bf0e5ca0e0", "wit", "recycleBin", "{project}/_apis/{area}/{resource}/{id}", 2)


DELETE_MANY = Location(
    "8bc57545-27e5-420d-b709-f6e3ebcc1fc1", "wit", "workItemsDelete", "{project}/_apis/{area}/{resource}", 1
)


@endpoints("POST", DELETE_MANY, name="recycle_bin.delete_many", cost=0.03)
def delete_many(call: Call) -> dict[str, Any]:
    """Into the bin, or for good with `destroy`. All of the `ids` must be there, or nothing is deleted."""
    ids = call.record.get("ids")
    if not isinstance(ids, list) or not ids:
        raise bad_argument("A value is required for 'ids'.")
    if len(ids) > IDS_LIMIT:
        raise too_many_ids(IDS_LIMIT)
    items = [call.world.store.get(id) for id in dict.fromkeys(ids)]
    for item in items:
        if not _in_scope(call, item):
            raise missing_item(item.id)
    call.items = len(items)
    return {"results": [delete_one(call, item, destroy=bool(call.record.get("destroy"))) for item in items]}


@endpoints("GET", BIN, name="recycle_bin.list")
def list_deleted(call: Call) -> dict[str, Any]:
    """Ids and addresses of all deleted items; with `ids`, the deleted items themselves."""
    wanted = call.query.get("ids")
    deleted = [item for item in call.world.store.items.values() if item.deleted and _in_scope(call, item)]
    if wanted is not None:
        ids = {id.strip() for id in wanted.split(",")}
        shown = [deleted_reference(call, item) for item in deleted if str(item.id) in ids]
    else:
        shown = [{"id": item.id, "url": deleted_reference(call, item)["url"]} for item in deleted]
    return {"count": len(shown), "value": shown}


@endpoints("GET", BIN, "id", name="recycle_bin.get")
def get_deleted(call: Call) -> dict[str, Any]:
    return deleted_reference(call, _find(call))


@endpoints("PATCH", BIN, "id", name="recycle_bin.restore")
def restore(call: Call) -> dict[str, Any]:
    if call.record.get("isDeleted") is not False:
        raise bad_argument("'isDeleted' must be false.")
    item = _find(call)
    call.world.store.restore(item, call.caller)
    return deleted_reference(call, item) | {"resource": ItemView(call).revision(item, item.current)}


@endpoints("DELETE", BIN, "id", name="recycle_bin.destroy")
def destroy(call: Call) -> Answer:
    call.world.store.destroy(_find(call))
    return Answer(status=204)


def _in_scope(call: Call, item: WorkItem) -> bool:
    project = call.project_or_none
    return project is None or project.name == item.fields["System.TeamProject"]


def _find(call: Call) -> WorkItem:
    item = call.world.store.items.get(call.number("id"))
    if item is None or not item.deleted or not _in_scope(call, item):
        raise missing_item(call.number("id"))
    return item
