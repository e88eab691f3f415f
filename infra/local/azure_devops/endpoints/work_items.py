"""Work items: create, change, read, list, revisions, updates, delete."""

from typing import Any
from urllib.parse import quote

from infra.local.azure_devops.boards.patch import Patch, draft_change, draft_new
from infra.local.azure_devops.boards.refusals import missing_item, missing_revision, too_many_ids
from infra.local.azure_devops.boards.rules import check_fields, check_links, follow_state, remember_tags, type_of
from infra.local.azure_devops.boards.store import Draft, WorkItem
from infra.local.azure_devops.clock import moment, stamp
from infra.local.azure_devops.endpoints.render import ItemView, read_expand, read_fields, updates
from infra.local.azure_devops.errors import bad_argument, bad_content_type
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

ITEMS = Location(
    "72c7ddf8-2cdc-4f60-90cd-ab71c14a399b", "wit", "workItems", "{project}/_apis/{area}/{resource}/{id}", 3
)
TYPED = Location(
    "62d3d110-0047-428c-ad3c-4fe872c91c74", "wit", "workItems", "{project}/_apis/{area}/{resource}/${type}", 3
)
BATCH = Location(
    "908509b6-4248-4475-a1cd-829139ba419f", "wit", "workItemsBatch", "{project}/_apis/{area}/{resource}", 1
)
REVISIONS = Location(
    "a00c85a5-80fa-4565-99c3-bcd2181434bb",
    "wit",
    "revisions",
    "{project}/_apis/{area}/workItems/{id}/{resource}/{revisionNumber}",
    3,
)
UPDATES = Location(
    "6570bf97-d02c-4a91-8d93-3abe9895b1a9",
    "wit",
    "updates",
    "{project}/_apis/{area}/workItems/{id}/{resource}/{updateNumber}",
    3,
)

IDS_LIMIT = 200
PAGE = 200
JSON_PATCH = "application/json-patch+json"


@endpoints("POST", TYPED, "type", name="work_items.create", cost=0.03)
@endpoints("PATCH", TYPED, "type", name="work_items.create", cost=0.03)
def create(call: Call) -> dict[str, Any]:
    kind = type_of(call.project, call.route["type"])
    draft = draft_new(call.project, kind)
    return _write(call, draft)


@endpoints("GET", TYPED, "type", name="work_items.template")
def template(call: Call) -> dict[str, Any]:
    """A new item of the type as a form starts with it; nothing is made."""
    kind = type_of(call.project, call.route["type"])
    view, draft = ItemView(call), draft_new(call.project, kind)
    url = f"{call.base}/{call.project.id}/_apis/wit/workItems/${quote(kind.name)}"
    return {"rev": 0, "fields": {name: view.value(value) for name, value in draft.fields.items()}, "url": url}


@endpoints("PATCH", ITEMS, "id", name="work_items.update", cost=0.03)
def update(call: Call) -> dict[str, Any]:
    return _write(call, draft_change(_find(call)))


def _write(call: Call, draft: Draft) -> dict[str, Any]:
    patch = _apply(call, draft)
    view = ItemView(call, expand=read_expand(call.query.get("$expand", "none")))
    if call.flag("validateOnly"):
        return _validated(draft, view, call)
    item = _save(call, draft)
    if patch.temporary_id is not None:
        call.negative_ids[patch.temporary_id] = item.id
    return view.single(item)


def _apply(call: Call, draft: Draft) -> Patch:
    """Put the document of the call into the draft and check the whole; nothing is written."""
    content_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != JSON_PATCH:
        raise bad_content_type(content_type, call.method, JSON_PATCH, call.world.rules.wrong_content_type_status)
    world = call.world
    now = stamp(world.clock())
    draft.bypass_rules = call.flag("bypassRules")
    patch = Patch(world.store, world.directory, now, call.negative_ids)
    patch.apply(draft, call.body)
    project = world.organisation.project(draft.fields["System.TeamProject"])
    check_fields(draft, project, world.rules)
    check_links(draft, world.store, world.rules)
    follow_state(draft, type_of(project, draft.fields["System.WorkItemType"]), call.caller, now)
    return patch


def _save(call: Call, draft: Draft) -> WorkItem:
    """Write the draft; what it says in its history becomes a comment."""
    world = call.world
    said, style = draft.fields.get("System.History"), draft.formats.pop("System.History", "html")
    if said is not None:
        draft.fields["System.CommentCount"] = draft.fields.get("System.CommentCount", 0) + 1
    item = world.store.save(draft, call.caller, always_revise=world.rules.revision_without_change)
    if said is not None:
        world.store.add_comment(item, said, style, item.fields["System.ChangedBy"])
    remember_tags(item, world.organisation.project(item.fields["System.TeamProject"]))
    return item


def _validated(draft: Draft, view: ItemView, call: Call) -> dict[str, Any]:
    """The answer to `validateOnly`: as if written, with the revision and dates left alone."""
    fields = {name: value for name, value in draft.fields.items() if name != "System.ChangedDate"}
    fields["System.ChangedBy"] = call.caller
    return {
        "id": draft.id,
        "rev": draft.item.rev if draft.item else 1,
        "fields": {name: view.value(value) for name, value in fields.items()},
        "url": f"{call.base}/_apis/wit/workItems/{draft.id}",
    }


@endpoints("GET", ITEMS, "id", name="work_items.get")
def get(call: Call) -> dict[str, Any]:
    item = _as_of(_find(call), call.query.get("asof"))
    if item is None:
        raise missing_item(call.number("id"))
    return _view(call).single(item)


@endpoints("GET", ITEMS, name="work_items.list")
def list_by_ids(call: Call) -> dict[str, Any]:
    texts = [text.strip() for text in call.query.get("ids", "").split(",") if text.strip()]
    if not texts or not all(text.isdecimal() for text in texts):
        raise bad_argument(f"The value '{call.query.get('ids', '')}' is not valid for ids.")
    return _several(
        call, [int(text) for text in texts], _view(call), call.query.get("asof"), call.query.get("errorpolicy")
    )


@endpoints("POST", BATCH, name="work_items.batch", cost=0.03)
def get_batch(call: Call) -> dict[str, Any]:
    body = call.record
    ids = body.get("ids") or []
    if not isinstance(ids, list) or not all(isinstance(id, int) for id in ids):
        raise bad_argument("'ids' must be whole numbers.")
    expand = read_expand(str(body.get("$expand") or "none"))
    view = ItemView(call, fields=read_fields(body.get("fields") or [], expand), expand=expand)
    return _several(call, ids, view, body.get("asOf"), body.get("errorPolicy"))


def _several(call: Call, ids: list[int], view: ItemView, as_of: str | None, error_policy: Any) -> dict[str, Any]:
    """Items in the order asked for, unless the rules say otherwise; errorPolicy omit puts null for a missing one."""
    if len(ids) > IDS_LIMIT:
        raise too_many_ids(IDS_LIMIT)
    call.items = len(ids)
    omit = str(error_policy).lower() in ("omit", "2")
    shown: list[dict[str, Any] | None] = []
    for id in dict.fromkeys(ids) if call.world.rules.lists_keep_order else sorted(set(ids)):
        item = call.world.store.items.get(id)
        item = _as_of(item, as_of) if item is not None and not item.deleted and _in_scope(call, item) else None
        if item is None and not omit:
            raise missing_item(id)
        shown.append(view.listed(item) if item else None)
    return {"count": len(shown), "value": shown}


@endpoints("DELETE", ITEMS, "id", name="work_items.delete")
def delete(call: Call) -> Answer:
    shown = delete_one(call, _find(call), destroy=call.flag("destroy"))
    return Answer(shown, call.world.rules.delete_status)


def delete_one(call: Call, item: WorkItem, *, destroy: bool) -> dict[str, Any]:
    """Into the recycle bin, or for good; the answer shows the item as it was."""
    store = call.world.store
    resource = ItemView(call).revision(item, item.current)
    store.delete(item, call.caller)
    shown = deleted_reference(call, item) | {"resource": resource}
    if destroy:
        store.destroy(item)
    return shown


def deleted_reference(call: Call, item: WorkItem) -> dict[str, Any]:
    """An item of the recycle bin; its date and person are display strings."""
    when = moment(item.fields["System.ChangedDate"])
    return {
        "id": item.id,
        "type": item.fields["System.WorkItemType"],
        "name": item.fields.get("System.Title", ""),
        "project": item.fields["System.TeamProject"],
        "deletedDate": f"{when.month}/{when.day}/{when.year} {when:%I:%M:%S %p}".replace(" 0", " "),
        "deletedBy": str(item.fields["System.ChangedBy"]),
        "code": 200,
        "url": f"{call.base}/_apis/wit/recycleBin/{item.id}",
    }


@endpoints("GET", REVISIONS, "id", name="work_items.revisions")
def revisions(call: Call) -> dict[str, Any]:
    item, view = _find(call), _view(call)
    return _paged(call, [view.revision(item, revision) for revision in item.revisions])


@endpoints("GET", REVISIONS, "id", "revisionNumber", name="work_items.revision")
def revision(call: Call) -> dict[str, Any]:
    item, rev = _find(call), call.number("revisionNumber")
    if rev > item.rev:
        raise missing_revision(item.id, rev)
    return _view(call).revision(item, item.revisions[rev - 1])


@endpoints("GET", UPDATES, "id", name="work_items.updates")
def list_updates(call: Call) -> dict[str, Any]:
    return _paged(call, updates(ItemView(call), _find(call)))


@endpoints("GET", UPDATES, "id", "updateNumber", name="work_items.update_number")
def one_update(call: Call) -> dict[str, Any]:
    item, number = _find(call), call.number("updateNumber")
    if number > len(item.updates):
        raise missing_revision(item.id, number)
    return updates(ItemView(call), item)[number - 1]


def _paged(call: Call, entries: list[dict[str, Any]]) -> dict[str, Any]:
    skip, top = call.whole("$skip", 0), min(call.whole("$top", PAGE), PAGE)
    page = entries[skip : skip + top]
    return {"count": len(page), "value": page}


def _view(call: Call) -> ItemView:
    expand = read_expand(call.query.get("$expand", "none"))
    names = [name for name in call.query.get("fields", "").split(",") if name.strip()]
    return ItemView(call, fields=read_fields(names, expand), expand=expand)


def _find(call: Call) -> WorkItem:
    """The item of the address. Through another project's address it does not exist."""
    item = call.world.store.get(call.number("id"))
    if not _in_scope(call, item):
        raise missing_item(item.id)
    return item


def _in_scope(call: Call, item: WorkItem) -> bool:
    project = call.project_or_none
    return project is None or project.name == item.fields["System.TeamProject"]


def _as_of(item: WorkItem, when: str | None) -> WorkItem | None:
    if when is None:
        return item
    try:
        return item.as_of(when)
    except ValueError as error:
        raise bad_argument(f"The value '{when}' is not valid for asOf.") from error
