"""Comments of a work item (preview only), their versions and the reactions to them.

Adding, changing and deleting one makes a revision, since the item counts its comments; a reaction makes none.
"""

from dataclasses import replace
from typing import Any

from infra.local.azure_devops.boards.patch import draft_change
from infra.local.azure_devops.boards.refusals import missing_comment, missing_item
from infra.local.azure_devops.boards.store import Comment, WorkItem
from infra.local.azure_devops.endpoints.render import ItemView, comment, person
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
VERSIONS = Location(
    "49e03b34-3be0-42e3-8a5d-e8dfb88ac954",
    "wit",
    "commentsVersions",
    "{project}/_apis/{area}/workItems/{workItemId}/comments/{commentId}/versions/{version}",
    4,
    released="0.0",
)
REACTIONS = Location(
    "f6cb3f27-1028-4851-af96-887e570dc21f",
    "wit",
    "commentsReactions",
    "{project}/_apis/{area}/workItems/{workItemId}/comments/{commentId}/reactions/{reactionType}",
    1,
    released="0.0",
)
REACTION_USERS = Location(
    "e33ca5e0-2349-4285-af3d-d72d86781c35",
    "wit",
    "commentReactionsEngagedUsers",
    "{project}/_apis/{area}/workItems/{workItemId}/comments/{commentId}/reactions/{reactionType}/users",
    1,
    released="0.0",
)
PAGE = 200
KINDS = ("like", "dislike", "heart", "hooray", "smile", "confused")

# By name, or by the number Microsoft's MCP server sends.
FORMATS = {"markdown": "markdown", "html": "html", "0": "markdown", "1": "html"}


@endpoints("GET", COMMENTS, "workItemId", name="comments.list")
def list_comments(call: Call) -> dict[str, Any]:
    """Newest first unless `order=asc`; `$top` and `continuationToken` page through them, `ids` picks some."""
    item = _item(call)
    entries = [entry for entry in item.comments if not entry.deleted or call.flag("includeDeleted")]
    if wanted := call.query.get("ids"):
        ids = wanted.split(",")
        entries = [entry for entry in entries if str(entry.id) in ids]
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
    return comment(call, item, _entry(call, item, deleted_too=call.flag("includeDeleted")))


@endpoints("POST", COMMENTS, "workItemId", name="comments.add")
def add(call: Call) -> dict[str, Any]:
    """The text is kept as given; `?format=markdown` says what it is written in."""
    item, text, style = _item(call), _text(call), _style(call, "html")
    _count(call, item, +1, text)
    return comment(call, item, call.world.store.add_comment(item, text, style, call.caller))


@endpoints("PATCH", COMMENTS, "workItemId", "commentId", name="comments.update")
def update(call: Call) -> dict[str, Any]:
    item = _item(call)
    entry, entry_text = _entry(call, item), _text(call)
    style = _style(call, entry.format)
    _count(call, item, 0, entry_text)
    entry.earlier.append(replace(entry, earlier=[], reactions={}))
    entry.text, entry.format, entry.version = entry_text, style, entry.version + 1
    entry.modified, entry.modified_by = item.fields["System.ChangedDate"], call.caller
    return comment(call, item, entry)


@endpoints("DELETE", COMMENTS, "workItemId", "commentId", name="comments.delete")
def delete(call: Call) -> Answer:
    item = _item(call)
    entry = _entry(call, item)
    _count(call, item, -1, None)
    entry.deleted = True
    return Answer(status=204)


@endpoints("GET", VERSIONS, "workItemId", "commentId", name="comments.versions")
def versions(call: Call) -> dict[str, Any]:
    """Latest first."""
    item = _item(call)
    entry = _entry(call, item, deleted_too=True)
    shown = [_version(call, item, each) for each in (entry, *reversed(entry.earlier))]
    return {"count": len(shown), "value": shown}


@endpoints("GET", VERSIONS, "workItemId", "commentId", "version", name="comments.version")
def version(call: Call) -> dict[str, Any]:
    item, wanted = _item(call), call.number("version")
    entry = _entry(call, item, deleted_too=True)
    for each in (*entry.earlier, entry):
        if each.version == wanted:
            return _version(call, item, each)
    raise missing_comment(entry.id)


@endpoints("GET", REACTIONS, "workItemId", "commentId", name="comments.reactions")
def reactions(call: Call) -> dict[str, Any]:
    item = _item(call)
    entry = _entry(call, item)
    shown = [_reaction(call, item, entry, kind) for kind in KINDS if entry.reactions.get(kind)]
    return {"count": len(shown), "value": shown}


@endpoints("PUT", REACTIONS, "workItemId", "commentId", "reactionType", name="comments.react")
def react(call: Call) -> dict[str, Any]:
    item, kind = _item(call), _kind(call)
    entry = _entry(call, item)
    people = entry.reactions.setdefault(kind, [])
    if call.caller not in people:
        people.append(call.caller)
    return _reaction(call, item, entry, kind)


@endpoints("DELETE", REACTIONS, "workItemId", "commentId", "reactionType", name="comments.unreact")
def unreact(call: Call) -> dict[str, Any]:
    item, kind = _item(call), _kind(call)
    entry = _entry(call, item)
    entry.reactions[kind] = [each for each in entry.reactions.get(kind, []) if each != call.caller]
    return _reaction(call, item, entry, kind)


@endpoints("GET", REACTION_USERS, "workItemId", "commentId", "reactionType", name="comments.reaction_users")
def reaction_users(call: Call) -> dict[str, Any]:
    item, kind = _item(call), _kind(call)
    shown = [person(call.base, who) for who in _entry(call, item).reactions.get(kind, [])]
    return {"count": len(shown), "value": shown}


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


def _entry(call: Call, item: WorkItem, *, deleted_too: bool = False) -> Comment:
    wanted = call.number("commentId")
    for entry in item.comments:
        if entry.id == wanted and (deleted_too or not entry.deleted):
            return entry
    raise missing_comment(wanted)


def _style(call: Call, otherwise: str) -> str:
    style = FORMATS.get(call.query.get("format", otherwise).lower())
    if style is None:
        raise bad_argument(f"The value '{call.query['format']}' is not valid for format.")
    return style


def _kind(call: Call) -> str:
    wanted = call.route["reactionType"].lower()
    kind = KINDS[int(wanted)] if wanted.isdecimal() and int(wanted) < len(KINDS) else wanted
    if kind not in KINDS:
        raise bad_argument(f"A reaction is one of {', '.join(KINDS)}, not '{wanted}'.")
    return kind


def _version(call: Call, item: WorkItem, entry: Comment) -> dict[str, Any]:
    shown = comment(call, item, entry)
    del shown["format"], shown["workItemId"]
    return shown | {"url": f"{shown['url']}/versions/{entry.version}"}


def _reaction(call: Call, item: WorkItem, entry: Comment, kind: str) -> dict[str, Any]:
    people = entry.reactions.get(kind, [])
    return {
        "commentId": entry.id,
        "type": kind,
        "count": len(people),
        "isCurrentUserEngaged": call.caller in people,
        "url": f"{ItemView(call).url(item)}/comments/{entry.id}/reactions/{kind}",
    }


def _text(call: Call) -> str:
    text = call.record.get("text")
    if not isinstance(text, str) or not text:
        raise bad_argument("A value is required for 'text'.")
    return text
