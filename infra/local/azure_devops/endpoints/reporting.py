"""The reporting feeds: every revision, every link, page by page; for programs that keep a copy of the boards.

A token is good for ever. It stands behind the last row of its page, and behind the rows that a filter left out.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, urlencode

from infra.local.azure_devops.boards import feeds
from infra.local.azure_devops.boards.computed import value_of
from infra.local.azure_devops.boards.feeds import Batch, LinkFilter, RevisionFilter, stem
from infra.local.azure_devops.boards.identities import Identity
from infra.local.azure_devops.boards.journal import Relinked, Revised
from infra.local.azure_devops.boards.process import catalogue
from infra.local.azure_devops.boards.rules import split_tags
from infra.local.azure_devops.boards.store import Revision
from infra.local.azure_devops.clock import moment, stamp
from infra.local.azure_devops.endpoints.render import person, read_fields
from infra.local.azure_devops.endpoints.tags import tag_id
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Call, Endpoints, Location
from infra.local.azure_devops.versions import VERSION, check_version

endpoints = Endpoints()

REVISIONS = Location(
    "f828fe59-dd87-495d-a17c-7a8d6211ca6c",
    "wit",
    "workItemRevisions",
    "{project}/_apis/{area}/reporting/{resource}",
    2,
)
DISCUSSIONS = Location(
    "4a644469-90c5-4fcc-9a9f-be0827d369ec",
    "wit",
    "workItemRevisionsDiscussions",
    "{project}/_apis/{area}/reporting/workItemRevisions/discussions",
)
LINKS = Location(
    "b5b5b6d0-0308-40a1-b3f4-b9bb3c66878f", "wit", "workItemLinks", "{project}/_apis/{area}/reporting/{resource}", 3
)

TOKEN = re.compile(r"(\d+)(?:;\d+;\d+(?:;Discussion)?)?")
FLAT_UNTIL = 5.0  # the last version whose link rows have no attributes
TOKEN_NAME = "continuationtoken"
FLAGS = (
    "includeDeleted",
    "includeLatestOnly",
    "includeIdentityRef",
    "includeTagRef",
    "includeDiscussionChangesOnly",
)
KEPT = (*FLAGS, "fields", "types", "linkTypes", "$expand", "$maxPageSize", "api-version")  # in the link to what follows
PLACE = ("System.Id", "System.Rev", "System.RevisedDate")
COUNTERS = (
    "System.Watermark",
    "System.IsDeleted",
    "System.CommentCount",
    "System.RelatedLinkCount",
    "System.HyperLinkCount",
    "System.AttachedFileCount",
    "System.ExternalLinkCount",
)


@endpoints("GET", REVISIONS, name="reporting.revisions", cost=0.03)
def revisions(call: Call) -> dict[str, Any]:
    lists = {name: _listed(call, name) for name in ("fields", "types")}
    return _revisions(call, lists | {name: call.flag(name) for name in FLAGS})


@endpoints("POST", REVISIONS, name="reporting.revisions", cost=0.03)
def filtered_revisions(call: Call) -> dict[str, Any]:
    """The same feed with its filter in the body, for long lists of fields."""
    for name in ("fields", "types"):
        names = call.record.get(name) or []
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            raise bad_argument(f"'{name}' must be a list of names.")
    return _revisions(call, call.record)


@endpoints("GET", DISCUSSIONS, name="reporting.discussions", cost=0.03)
def discussions(call: Call) -> dict[str, Any]:
    return _revisions(call, {"includeDiscussionChangesOnly": True})


@endpoints("GET", LINKS, name="reporting.links", cost=0.03)
def links(call: Call) -> dict[str, Any]:
    world, project = call.world, call.project_or_none
    journal = world.store.journal
    after = _after(call, journal.links, lambda entry: entry.number)
    batch = feeds.read_links(
        journal,
        world.rules,
        LinkFilter(
            project=project.name if project else None,
            types=_folded(_listed(call, "types")),
            link_types=frozenset(stem(name).casefold() for name in _listed(call, "linkTypes")),
        ),
        after=after,
        until=world.lag.until(world.lag.links, world.clock),
        size=_size(call),
    )
    version = VERSION.fullmatch(check_version(call, LINKS) or "")
    row = _flat_link if version and float(version[1]) <= FLAT_UNTIL else _link
    token = str(batch.reached.number if batch.reached else after)
    return _page(call, batch, [row(call, entry) for entry in batch.entries], token)


def _revisions(call: Call, filters: dict[str, Any]) -> dict[str, Any]:
    world, project = call.world, call.project_or_none
    row = RevisionRow(call, filters)
    after = _after(call, world.store.journal.revisions, lambda entry: entry.revision.watermark)
    batch = feeds.read_revisions(
        world.store,
        world.rules,
        RevisionFilter(
            project=project.name if project else None,
            types=_folded(filters.get("types") or ()),
            include_deleted=filters.get("includeDeleted") is True,
            latest_only=filters.get("includeLatestOnly") is True,
            discussion_only=filters.get("includeDiscussionChangesOnly") is True,
        ),
        after=after,
        until=world.lag.until(world.lag.revisions, world.clock),
        size=_size(call),
    )
    call.items = len(batch.entries)
    at = batch.reached
    token = f"{at.revision.watermark};{at.item.id};{at.revision.rev}" if at else call.query.get(TOKEN_NAME, str(after))
    return _page(call, batch, [row(entry) for entry in batch.entries], token)


class RevisionRow:
    """How one request wants its revisions. Long texts come with `$expand=fields` only, even when they are named."""

    def __init__(self, call: Call, filters: dict[str, Any]) -> None:
        self.call = call
        expand = call.query.get("$expand", "none").lower()
        if expand not in ("none", "fields", "0", "1"):
            raise bad_argument(f"The value '{expand}' is not valid for $expand.")
        self.expanded = expand in ("fields", "1")
        self.named = read_fields(filters.get("fields") or [], "none")
        self.whole_people = filters.get("includeIdentityRef") is True
        self.whole_tags = filters.get("includeTagRef") is True

    def __call__(self, entry: Revised) -> dict[str, Any]:
        organisation, revision = self.call.world.organisation, entry.revision
        values = {name: value_of(organisation, entry.item, revision, name) for name in self._names(revision)}
        fields = {name: self._value(name, value, revision) for name, value in values.items() if value is not None}
        return {
            "id": entry.item.id,
            "rev": revision.rev,
            "fields": fields,
            "multilineFieldsFormat": {name: style for name, style in revision.formats.items() if name in fields},
        }

    def _names(self, revision: Revision) -> list[str]:
        if self.named is not None:
            names = set(self.named)
        elif self.expanded:
            names = {*revision.fields, *PLACE, *COUNTERS}
        else:
            hidden = {"System.CommentCount"}  # it comes with the other counters
            names = {*revision.fields, *PLACE} - hidden
        return [
            name
            for name, field in catalogue().by_reference.items()
            if name in names and (self.expanded or not field.long_text or name == "System.Tags")
        ]

    def _value(self, name: str, value: Any, revision: Revision) -> Any:
        if isinstance(value, Identity):
            return person(self.call.base, value) if self.whole_people else str(value)
        if name == "System.Tags" and self.whole_tags:
            return [self._tag(tag, revision) for tag in split_tags(value)]
        return value

    def _tag(self, name: str, revision: Revision) -> dict[str, str]:
        project = self.call.world.organisation.project(revision.fields["System.TeamProject"])
        id = tag_id(project, name.casefold())
        return {"id": id, "name": name, "url": f"{self.call.base}/{project.id}/_apis/wit/tags/{id}"}


def _flat_link(call: Call, entry: Relinked) -> dict[str, Any]:
    return {
        "rel": stem(entry.link.type.reference_name),
        "sourceId": entry.source.id,
        "targetId": entry.target.id,
        "changedDate": stamp(entry.at),
        "isActive": entry.active,
    }


def _link(call: Call, entry: Relinked) -> dict[str, Any]:
    projects = {project.name: project.id for project in call.world.organisation.projects}
    kind = stem(entry.link.type.reference_name)
    directed = entry.link.type.reference_name != kind
    by = person(call.base, entry.by)
    attributes = {
        "linkType": f"{kind}-Forward" if directed else kind,
        "sourceId": entry.source.id,
        "targetId": entry.target.id,
        "isActive": entry.active,
        "changedDate": stamp(entry.at),
        "changedBy": {name: by[name] for name in ("id", "displayName", "uniqueName", "descriptor")},
        "comment": entry.link.comment,
        "changedOperation": "create" if entry.active else "remove",
        "sourceProjectId": projects.get(entry.source.fields["System.TeamProject"]),
        "targetProjectId": projects.get(entry.target.fields["System.TeamProject"]),
    }
    return {"rel": kind, "attributes": {name: value for name, value in attributes.items() if value is not None}}


def _page[Entry](call: Call, batch: Batch[Entry], rows: list[dict[str, Any]], token: str) -> dict[str, Any]:
    """The link to what follows is there on the last page too: it is where to ask again later."""
    project = call.project_or_none
    scope = f"/{project.id}" if project else ""
    kept = {name: call.query[name.lower()] for name in KEPT if name.lower() in call.query}
    query = urlencode({"continuationToken": token} | kept, safe=";,$", quote_via=quote)
    behind = call.path[call.path.lower().index("/_apis/") :]
    return {
        "values": rows,
        "nextLink": f"{call.base}{scope}{behind}?{query}",
        "continuationToken": token,
        "isLastBatch": batch.last,
    }


def _after[Entry: (Revised, Relinked)](call: Call, journal: list[Entry], place: Callable[[Entry], int]) -> int:
    """Where to begin: behind the token, or at a moment, or at the very start."""
    token, start = call.query.get(TOKEN_NAME), call.query.get("startdatetime")
    if token and start:
        raise bad_argument("startDateTime cannot be used together with continuationToken.")
    if token:
        match = TOKEN.fullmatch(token)
        if match is None:
            raise bad_argument(f"The continuation token '{token}' is not valid.")
        return int(match[1])
    if not start:
        return 0
    try:
        older = feeds.older_than(journal, moment(start))
    except ValueError as error:
        raise bad_argument(f"The value '{start}' is not valid for startDateTime.") from error
    return place(journal[older - 1]) if older else 0


def _size(call: Call) -> int:
    size, limit = call.whole("$maxPageSize", 0), call.world.rules.feed_page_limit
    if size < 0:
        raise bad_argument("$maxPageSize must not be negative.")
    return min(size or limit, limit)


def _listed(call: Call, name: str) -> list[str]:
    return [word.strip() for word in call.query.get(name.lower(), "").split(",") if word.strip()]


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names)
