"""Work items as JSON. Empty fields are left out, addresses carry the project's id, people are whole objects."""

import re
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from infra.local.azure_devops.boards.computed import EXPANDED, value_of
from infra.local.azure_devops.boards.identities import Identity
from infra.local.azure_devops.boards.links import Relation
from infra.local.azure_devops.boards.organisation import Attachment
from infra.local.azure_devops.boards.process import catalogue
from infra.local.azure_devops.boards.refusals import expand_with_fields, unknown_field
from infra.local.azure_devops.boards.store import Comment, Revision, Update, WorkItem
from infra.local.azure_devops.clock import NEVER
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Call

ATTACHMENT_URL = re.compile(r"/_apis/wit/attachments/([0-9a-f-]{36})", re.IGNORECASE)
# `$expand` by name, or by the number the Node client sends.
EXPAND = {"none": "none", "relations": "relations", "fields": "fields", "links": "links", "all": "all"} | {
    str(number): word for number, word in enumerate(("none", "relations", "fields", "links", "all"))
}


@lru_cache(maxsize=1024)
def person(base: str, identity: Identity) -> dict[str, Any]:
    avatar = f"{base}/_apis/GraphProfile/MemberAvatars/{identity.descriptor}"
    return {
        "displayName": identity.display_name,
        "url": f"{base}/_apis/Identities/{identity.id}",
        "_links": {"avatar": {"href": avatar}},
        "id": identity.id,
        "uniqueName": identity.unique_name,
        "imageUrl": avatar,
        "descriptor": identity.descriptor,
    }


def read_expand(text: str) -> str:
    word = EXPAND.get(text.lower())
    if word is None:
        raise bad_argument(f"The value '{text}' is not valid for $expand.")
    return word


def read_fields(names: list[str], expand: str) -> list[str] | None:
    """Reference names of the fields a request asks for, in the order of answers; None when it names none."""
    if not names:
        return None
    if expand != "none":
        raise expand_with_fields()
    found = set()
    for name in names:
        field = catalogue().find(name.strip())
        if field is None:
            raise unknown_field(name.strip())
        found.add(field.reference_name)
    return [name for name in catalogue().by_reference if name in found]


class ItemView:
    """How one request wants its items shown. `fields` and `expand` exclude one another."""

    def __init__(self, call: Call, *, fields: list[str] | None = None, expand: str = "none") -> None:
        self.call = call
        self.base = call.base
        self.organisation = call.world.organisation
        self.fields = fields
        self.expand = expand

    def url(self, item: WorkItem, *, scoped: bool = True) -> str:
        """`scoped` puts the project's id in the address, as single answers and project-level calls have it."""
        scope = f"/{self.organisation.project(item.fields['System.TeamProject']).id}" if scoped else ""
        return f"{self.base}{scope}/_apis/wit/workItems/{item.id}"

    def single(self, item: WorkItem) -> dict[str, Any]:
        return self._core(item, item.current) | {
            "multilineFieldsFormat": item.current.formats,
            "_links": self._links(item),
            "url": self.url(item),
        }

    def listed(self, item: WorkItem) -> dict[str, Any]:
        """As one of many: bare, unless links are asked for."""
        shown = self._core(item, item.current)
        if item.current.formats:
            shown["multilineFieldsFormat"] = item.current.formats
        if self.expand in ("links", "all"):
            shown["_links"] = self._links(item)
        return shown | {"url": self.url(item, scoped="project" in self.call.route)}

    def revision(self, item: WorkItem, revision: Revision) -> dict[str, Any]:
        return self._core(item, revision) | {"url": f"{self.url(item)}/revisions/{revision.rev}"}

    def _core(self, item: WorkItem, revision: Revision) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": item.id, "rev": revision.rev, "fields": self._fields(item, revision)}
        if self.expand in ("relations", "all") and item.relations:
            shown["relations"] = [self.relation(relation) for relation in item.relations]
        return shown

    def _fields(self, item: WorkItem, revision: Revision) -> dict[str, Any]:
        if self.fields is not None:
            values = {name: value_of(self.organisation, item, revision, name) for name in self.fields}
            return {name: self.value(value) for name, value in values.items() if value is not None}
        values = revision.fields
        if self.expand in ("fields", "all"):
            added = {name: value_of(self.organisation, item, revision, name) for name in EXPANDED}
            values = catalogue().ordered(values | {k: v for k, v in added.items() if v is not None})
        elif self.expand == "relations" and item.parent is not None:
            values = values | {"System.Parent": item.parent}
        return {name: self.value(value) for name, value in values.items()}

    def value(self, value: Any) -> Any:
        return person(self.base, value) if isinstance(value, Identity) else value

    def relation(self, relation: Relation) -> dict[str, Any]:
        attributes: dict[str, Any]
        if relation.target is not None:
            attributes = {"isLocked": False}
            other = self.call.world.store.items.get(relation.target)
            url = self.url(other) if other else f"{self.base}/_apis/wit/workItems/{relation.target}"
        else:
            attributes = {
                "authorizedDate": relation.created,
                "id": relation.id,
                "resourceCreatedDate": relation.created,
                "resourceModifiedDate": relation.created,
                "revisedDate": NEVER,
            }
            url = relation.uri
            if attachment := self._attachment(relation):
                attributes |= {"resourceSize": len(attachment.content), "name": attachment.name}
        if relation.comment is not None:
            attributes["comment"] = relation.comment
        name = relation.type.name if relation.target is not None else relation.name
        if name is not None:
            attributes["name"] = name
        return {"rel": relation.type.reference_name, "url": url, "attributes": attributes}

    def _attachment(self, relation: Relation) -> Attachment | None:
        """The uploaded file a relation leads to, if it does."""
        found = ATTACHMENT_URL.search(relation.uri or "")
        return self.organisation.attachments.get(found[1].lower()) if found else None

    def _links(self, item: WorkItem) -> dict[str, Any]:
        url = self.url(item)
        project = url.partition("/_apis/")[0]
        kind = quote(item.fields["System.WorkItemType"])
        return {
            "self": {"href": url},
            "workItemUpdates": {"href": f"{url}/updates"},
            "workItemRevisions": {"href": f"{url}/revisions"},
            "workItemComments": {"href": f"{url}/comments"},
            "html": {"href": f"{project}/_workitems/edit/{item.id}"},
            "workItemType": {"href": f"{project}/_apis/wit/workItemTypes/{kind}"},
            "fields": {"href": f"{project}/_apis/wit/fields"},
        }


def updates(view: ItemView, item: WorkItem) -> list[dict[str, Any]]:
    return [update(view, item, each) for each in item.updates]


def update(view: ItemView, item: WorkItem, change: Update) -> dict[str, Any]:
    """One change: of fields it shows old and new values, of links alone it has no fields."""
    shown: dict[str, Any] = {
        "id": change.number,
        "workItemId": item.id,
        "rev": change.rev,
        "revisedBy": view.value(change.by),
        "revisedDate": change.at,
    }
    if change.made_revision:
        revision = item.revisions[change.rev - 1]
        before = item.revisions[change.rev - 2] if change.rev > 1 else None
        shown["revisedDate"] = item.revised(revision) or NEVER
        shown["fields"] = _differences(view, item, before, revision)
    if change.relations:
        kinds = {
            "added": change.relations.added,
            "removed": change.relations.removed,
            "updated": change.relations.edited,
        }
        shown["relations"] = {
            kind: [view.relation(r) for r in relations] for kind, relations in kinds.items() if relations
        }
    return shown | {"url": f"{view.url(item)}/updates/{change.number}"}


def _differences(view: ItemView, item: WorkItem, before: Revision | None, after: Revision) -> dict[str, Any]:
    def everything(revision: Revision | None) -> dict[str, Any]:
        if revision is None:
            return {}
        # The parent is a link, not part of any revision.
        computed = {
            name: compute(view.organisation, item, revision)
            for name, compute in EXPANDED.items()
            if name != "System.Parent"
        }
        return {name: value for name, value in (computed | revision.fields).items() if value is not None}

    old, new = everything(before), everything(after)
    changed: dict[str, Any] = {}
    for name in catalogue().by_reference:
        if old.get(name) != new.get(name):
            changed[name] = {
                key: view.value(values[name])
                for key, values in (("oldValue", old), ("newValue", new))
                if name in values
            }
    return changed


def comment(call: Call, item: WorkItem, entry: Comment) -> dict[str, Any]:
    return {
        "workItemId": item.id,
        "id": entry.id,
        "version": entry.version,
        "text": entry.text,
        "renderedText": entry.text,
        "format": entry.format,
        "createdBy": person(call.base, entry.created_by),
        "createdDate": entry.created,
        "modifiedBy": person(call.base, entry.modified_by),
        "modifiedDate": entry.modified,
        "isDeleted": entry.deleted,
        "url": f"{ItemView(call).url(item)}/comments/{entry.id}",
    }
