"""JSON Patch documents: from operations on an item to a draft of it.

A document is applied to a draft from first to last and either all of it counts or none. Relation indexes are those of
the list as the earlier operations of the same document have left it.
"""

import re
from dataclasses import replace
from typing import Any

from infra.local.azure_devops.boards.identities import Directory, Identity
from infra.local.azure_devops.boards.links import LINK_TYPES, Relation
from infra.local.azure_devops.boards.organisation import Project
from infra.local.azure_devops.boards.process import Field, WorkItemType, catalogue
from infra.local.azure_devops.boards.refusals import (
    bad_link,
    bad_patch,
    broken_rule,
    failed_test,
    required_field,
    stale_revision,
    unknown_field,
    unknown_identity,
)
from infra.local.azure_devops.boards.rules import split_tags
from infra.local.azure_devops.boards.store import Draft, Store, WorkItem, without_history
from infra.local.azure_devops.clock import moment, stamp

SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.IGNORECASE | re.DOTALL)
NEVER_EMPTY = {
    "System.AreaPath",
    "System.IterationPath",
    "System.State",
    "System.TeamProject",
    "System.WorkItemType",
}
# Read-only fields that a writer who bypasses the rules may set all the same.
AUTHORSHIP = {"System.CreatedBy", "System.CreatedDate", "System.ChangedBy", "System.ChangedDate"}
TEMPORARY = re.compile(r"-\d+")  # ids of a batch; a number, or a text as Microsoft's MCP server writes it
ITEM_URL = re.compile(r".*/_apis/wit/workitems/(-?\d+)/?(?:\?.*)?", re.IGNORECASE)


def draft_new(project: Project, kind: WorkItemType) -> Draft:
    fields = {
        "System.AreaPath": project.name,
        "System.TeamProject": project.name,
        "System.IterationPath": project.name,
        "System.WorkItemType": kind.name,
        "System.State": kind.initial_state,
        "System.Reason": kind.initial_reason,
    }
    return Draft(None, fields | kind.defaults, {}, [])


def draft_change(item: WorkItem) -> Draft:
    return Draft(item, without_history(item.fields), dict(item.current.formats), list(item.relations))


class Patch:
    """Applies one document. `negative_ids` are the temporary ids of items made earlier in the same batch."""

    def __init__(
        self, store: Store, directory: Directory, now: str, negative_ids: dict[int, int] | None = None
    ) -> None:
        self.store = store
        self.directory = directory
        self.now = now
        self.negative_ids = negative_ids or {}
        self.temporary_id: int | None = None

    def apply(self, draft: Draft, document: Any) -> None:
        if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
            raise bad_patch("You must pass a valid patch document in the body of the request.")
        if not document:
            raise bad_patch("You must pass a valid patch document in the body of the request.")
        # The format decides how a text is stored, wherever in the document it stands.
        for operation in sorted(document, key=lambda each: "multilineFieldsFormat" not in str(each.get("path"))):
            self._apply_one(draft, operation)

    def _apply_one(self, draft: Draft, operation: dict[str, Any]) -> None:
        op = str(operation.get("op", "")).lower()  # some clients write "Add"
        path, value = str(operation.get("path", "")), operation.get("value")
        match [op, *path.strip("/").split("/")]:
            case ["test", "rev"]:
                if value != (draft.item.rev if draft.item else 0):
                    raise stale_revision(draft.item.rev if draft.item else 0, value)
            case ["test", "fields", name]:
                actual = draft.fields.get(self._field(name).reference_name)
                if actual != value:
                    raise failed_test(path, actual, value)
            case ["add" | "replace" as verb, "fields", name]:
                self._set(draft, self._field(name), value, merge=verb == "add")
            case ["remove", "fields", name]:
                self._set(draft, self._field(name), None, merge=False)
            case ["add" | "replace", "multilineFieldsFormat", name]:
                self._set_format(draft, self._field(name), str(value))
            case ["add", "relations", "-"]:
                draft.relations.append(self._new_relation(value))
            case ["remove", "relations", index]:
                draft.relations.remove(self._relation(draft, index))
            case ["add" | "replace", "relations", index, "attributes", "comment"]:
                old = self._relation(draft, index)
                draft.relations[draft.relations.index(old)] = replace(old, comment=value)
            case ["add", "id"] if draft.item is None and TEMPORARY.fullmatch(str(value)):
                self.temporary_id = int(value)
            case _:
                raise bad_patch(f"The operation '{op}' on path '{path}' is not supported.")

    def _field(self, name: str) -> Field:
        field = catalogue().find(name)
        if field is None:
            raise unknown_field(name)
        return field

    def _set(self, draft: Draft, field: Field, value: Any, *, merge: bool) -> None:
        if field.reference_name == "System.Parent":
            raise bad_patch("System.Parent is changed by adding or removing a parent link, not by writing the field.")
        if draft.bypass_rules and field.reference_name in AUTHORSHIP:
            self._author(draft, field, value)
            return
        if field.read_only:
            raise broken_rule(
                field.reference_name,
                f"TF401326: Invalid field status 'ReadOnly' for field '{field.reference_name}'.",
                "readOnly",
            )
        stored = self._stored(field, value, draft)
        if field.reference_name == "System.Tags":
            kept = str(draft.fields.get("System.Tags", "")) if merge else ""
            stored = "; ".join(split_tags(f"{kept};{stored or ''}"))
        if stored is None or stored == "":
            if field.reference_name in NEVER_EMPTY:
                raise required_field(field.reference_name, field.name)
            draft.fields.pop(field.reference_name, None)
        else:
            draft.fields[field.reference_name] = stored

    def _author(self, draft: Draft, field: Field, value: Any) -> None:
        """Who made or changed the item, and when. What is said of the making of an existing item is ignored."""
        if draft.item is not None and field.reference_name.startswith("System.Created"):
            return
        stored = self._stored(field, value, draft)
        if isinstance(stored, str) and field.identity:
            stored = Identity(stored, stored)
        if stored is not None:
            draft.authored[field.reference_name] = stored

    def _stored(self, field: Field, value: Any, draft: Draft) -> Any:
        """The value as the server keeps it. HTML keeps its wording; only scripts are taken out."""
        if value is None or value == "":
            return None
        if field.identity:
            try:
                return self.directory.resolve(value)
            except LookupError as error:
                if draft.bypass_rules:
                    return str(value)
                raise unknown_identity(field.reference_name, field.name, str(error.args[0])) from error
        try:
            match field.type:
                case "integer":
                    return int(value)
                case "double":
                    number = float(value)
                    return int(number) if number.is_integer() else number
                case "boolean":
                    return value if isinstance(value, bool) else {"true": True, "false": False}[str(value).lower()]
                case "dateTime":
                    return stamp(moment(str(value)))
        except (ValueError, TypeError, KeyError) as error:
            raise broken_rule(
                field.reference_name,
                f"The field '{field.name}' contains the value '{value}' that is not of type {field.type}.",
                "invalidType",
            ) from error
        if field.type == "html" and draft.formats.get(field.reference_name) != "markdown":
            return SCRIPT.sub("", str(value))
        return str(value)

    def _set_format(self, draft: Draft, field: Field, wanted: str) -> None:
        """Markdown is one-way: once a field of an item has it, HTML is refused."""
        current, wanted = draft.formats.get(field.reference_name, "html"), wanted.lower()
        if wanted not in ("html", "markdown") or (current == "markdown" and wanted == "html"):
            raise bad_patch(f"The format of field {field.reference_name} cannot change from {current} to {wanted}.")
        if wanted == "markdown":
            draft.formats[field.reference_name] = wanted

    def _relation(self, draft: Draft, index: str) -> Relation:
        """The relation a client sees at `index`; one just added has its place among the others already."""
        listed = sorted(draft.relations, key=lambda r: r.place)
        if not index.isdecimal() or int(index) >= len(listed):
            raise bad_patch(f"Index out of range for path /relations/{index}.")
        return listed[int(index)]

    def _new_relation(self, value: Any) -> Relation:
        if not isinstance(value, dict) or not value.get("rel") or not value.get("url"):
            raise bad_patch("A relation needs 'rel' and 'url'.")
        kind = LINK_TYPES.get(str(value["rel"]).casefold())
        if kind is None:
            raise bad_link(f"The relation type '{value['rel']}' does not exist.")
        attributes = value.get("attributes") or {}
        if not isinstance(attributes, dict):
            raise bad_patch("The attributes of a relation must be an object.")
        return Relation(
            id=self.store.new_relation_id(),
            type=kind,
            target=None if kind.opposite is None else self._target(str(value["url"])),
            uri=str(value["url"]) if kind.opposite is None else None,
            comment=attributes.get("comment"),
            name=attributes.get("name") if kind.opposite is None else None,
            created=self.now,
        )

    def _target(self, url: str) -> int:
        match = ITEM_URL.fullmatch(url)
        if match is None:
            raise bad_link(f"The work item address '{url}' is not valid.")
        item_id = self.negative_ids.get(int(match[1]), int(match[1]))
        return self.store.get(item_id).id
