"""Comments of a work item (preview only). Each one makes a revision, since the item counts its comments."""

from typing import Any

from infra.local.azure_devops.boards.patch import draft_change
from infra.local.azure_devops.boards.refusals import missing_comment, missing_item
from infra.local.azure_devops.boards.store import Comment, WorkItem
from infra.local.azure_devops.endpoints.render import ItemView, comment
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

COMMENTS = Location(
    "608aac0a-32e1-4493-a863-b9cf4566d257",
    "wit",
    "comments",
    "{project}/_apis/{area}/workItems/{workItemId}/{resource}/{commentId}",
    4,
    released="0.0",
)
PAGE = 200


@endpoints("GET", COMMENTS, "workItemId", name="comments.list")
def list_comments(call: Call) -> dict[str, Any]:
    """Newest first unless `order=asc`; `$top` and `continuationToken` page through them."""
    item = _item(call)
    entries = [entry for entry in item.comments if not entry.deleted or call.flag("includeDeleted")]
    if call.query.get("order", "desc").lower() != "asc":
        entries.reverse()
    skip, top = call.whole("continuationToken", 0), min(call.whole("$top", PAGE), PAGE)
    page = entries[skip : skip + top]
    url = f"{ItemView(call).url(item)}/comments"
    shown = {
        "totalCount": len(entries),
        "count": len(page),
        "comments": [comment(call, item, entry) for entry in page],
        "url": url,
    }
    if skip + top < len(entries):
        token = str(skip + top)
        shown |= {"continuationToken": token, "nextPage": f"{url}?continuationToken={token}&$top={top}"}
    return shown


@endpoints("GET", COMMENTS, "workItemId", "commentId", name="comments.get")
def get(call: Call) -> dict[str, Any]:
    item = _item(call)
    return comment(call, item, _entry(call, item))


@endpoints("POST", COMMENTS, "workItemId", name="comments.add")
def add(call: Call) -> dict[str, Any]:
    """The text is kept as given; `?format=markdown` says what it is written in."""
    item, text = _item(call), _text(call)
    _count(call, item, +1, text)
    style = call.query.get("format", "html").lower()
    return comment(call, item, call.world.store.add_comment(item, text, style, call.caller))


@endpoints("PATCH", COMMENTS, "workItemId", "commentId", name="comments.update")
def update(call: Call) -> dict[str, Any]:
    item = _item(call)
    entry, entry_text = _entry(call, item), _text(call)
    _count(call, item, 0, entry_text)
    entry.text, entry.version = entry_text, entry.version + 1
    entry.modified, entry.modified_by = item.fields["System.ChangedDate"], call.caller
    return comment(call, item, entry)


@endpoints("DELETE", COMMENTS, "workItemId", "commentId", name="comments.delete")
def delete(call: Call) -> Answer:
    item = _item(call)
    entry = _entry(call, item)
    _count(call, item, -1, None)
    entry.deleted = True
    return Answer(status=204)


def _count(call: Call, item: WorkItem, change: int, text: str | None) -> None:
    draft = draft_change(item)
    draft.fields["System.CommentCount"] += change
    if text is not None:
        draft.fields["System.History"] = text
    call.world.store.save(draft, call.caller, always_revise=True)


def _item(call: Call) -> WorkItem:
    item = call.world.store.get(call.number("workItemId"))
    if item.fields["System.TeamProject"] != call.project.name:
        raise missing_item(item.id)
    return item


def _entry(call: Call, item: WorkItem) -> Comment:
    wanted = call.number("commentId")
    for entry in item.comments:
        if entry.id == wanted and not entry.deleted:
            return entry
    raise missing_comment(wanted)


def _text(call: Call) -> str:
    text = call.record.get("text")
    if not isinstance(text, str) or not text:
        raise bad_argument("A value is required for 'text'.")
    return text
