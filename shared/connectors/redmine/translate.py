"""Between issues, as Redmine shows and takes them, and items, as the port knows them, for one project.

What the side asks and decides is not here: only what is said, in whose words.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from shared.connectors.redmine import journals
from shared.connectors.redmine.catalogue import Catalogue
from shared.connectors.redmine.fields import PARENT, TRACKER, Directory, Field, Place, custom_value
from shared.connectors.redmine.journals import Edit, Issue
from shared.connectors.rest import path
from shared.errors import Park
from shared.model import Item, ItemDraft

type Raw = dict[Place, Any]


class Translation:
    """For the project `name`, which is like `catalogue`, of the Redmine at `url`. Names of people may take calls."""

    def __init__(self, catalogue: Catalogue, people: Directory, name: str, url: str) -> None:
        self.catalogue = catalogue
        self._people = people
        self._name = name
        self._url = url

    # ---------------------------------------------------------------- from issues

    def item(self, issue: Issue, fields: Collection[str], version: str | None = None) -> Item:
        """`version` is that of an issue without its journals, which would tell it."""
        known = self._known(fields).items()
        return Item(
            id=str(issue["id"]),
            fields={key: field.now(issue, self._people) for key, field in known if field.is_shown(issue)},
            version=version or journals.version(issue),
            parent=_id(issue.get("parent", {}).get("id")),
            kind=issue["tracker"]["name"],
            project=self._project(issue),
            url=self._address(issue),
            markers=_texts(custom_value(issue, self.catalogue.marker)),
            changed_at=datetime.fromisoformat(issue["updated_on"]),
            read_only=self._read_only(issue),
        )

    def item_as_made(self, issue: Issue, fields: Collection[str]) -> Item:
        """The item as its journals say that it was before the first edit."""
        _, first = journals.edits(issue, self._values(issue))
        known = self._known(fields).items()
        return Item(
            id=str(issue["id"]),
            fields={key: field.shown(first[field.place], self._people) for key, field in known if field.place in first},
            version=journals.NEVER_EDITED,
            parent=_id(first[PARENT]),
            kind=self.catalogue.trackers.get(str(first[TRACKER]), ""),
            project=self._project(issue),
            url=self._address(issue),
            markers=_texts(first[self.catalogue.marker]),
            changed_at=datetime.fromisoformat(issue["created_on"]),
        )

    def edits(self, issue: Issue, after: str) -> list[Edit]:
        """The edits since a version, oldest first."""
        return [
            edit
            for edit in journals.edits(issue, self._values(issue))[0]
            if edit.journal > int(after or journals.NEVER_EDITED)
        ]

    def set_by(self, edit: Edit, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Of `fields`, those that an edit set to that value, as Redmine kept it."""
        return {
            key: field.shown(edit.values[field.place], self._people)
            for key, field in self._known(fields).items()
            if field.place in edit.values and self._means(field, fields[key], edit.values[field.place])
        }

    # ---------------------------------------------------------------- to issues

    def new_issue(self, draft: ItemDraft) -> dict[str, Any]:
        """What makes a new issue; `Park` for a draft that Redmine would make something else of."""
        if draft.project not in ("", self._name):
            raise Park(f"Redmine: items of this side are made in the project '{self._name}', not in '{draft.project}'")
        trackers = self.catalogue.trackers
        tracker = next((id for id, name in trackers.items() if name == draft.kind), None)
        if tracker is None:
            there = ", ".join(f"'{name}'" for name in trackers.values())
            raise Park(f"Redmine: the project '{self._name}' has no tracker '{draft.kind}'; it has {there}")
        if self.catalogue.marked is not None and tracker not in self.catalogue.marked:
            raise Park(
                f"Redmine: the tracker '{draft.kind}' is without the custom field for markers; use it there, too"
            )
        raw = self._raw(draft.fields) | {self.catalogue.marker: draft.marker}
        if draft.parent:
            raw[PARENT] = draft.parent
        return {"project_id": self._name, "tracker_id": int(tracker), **body(raw)}

    def not_yet_shown(self, issue: Issue, fields: Mapping[str, Any]) -> Raw:
        """What is to be written for an issue to show these fields; `Park` for those that it cannot have."""
        raw = self._raw(fields)
        written = self._known(fields).values()
        if missing := [field.info.label for field in written if not field.is_shown(issue)]:
            tracker = issue["tracker"]["name"]
            raise Park(f"refused by target: in Redmine the tracker '{tracker}' has no field {', '.join(missing)}")
        return {
            field.place: raw[field.place] for field in written if not field.same(raw[field.place], field.raw(issue))
        }

    def ignored(self, issue: Issue, written: Mapping[Place, Any]) -> Iterator[str]:
        """A sentence for each value that was written to an issue and that it does not show."""
        for field in self.catalogue.fields.values():
            if field.place in written and not field.same(written[field.place], field.raw(issue)):
                now, wanted = field.now(issue, self._people), field.shown(written[field.place], self._people)
                yield f"left {field.info.label} at {now!r}, not {wanted!r}"
        parent = _id(issue.get("parent", {}).get("id"))
        if PARENT in written and written[PARENT] != parent:
            yield f"left the parent at {parent!r}, not {written[PARENT]!r}"

    # ---------------------------------------------------------------- within

    def _known(self, fields: Collection[str]) -> dict[str, Field]:
        return {key: self.catalogue.fields[key] for key in fields if key in self.catalogue.fields}

    def _values(self, issue: Issue) -> Raw:
        """All that journals may speak of, as it is now."""
        values = {field.place: field.raw(issue) for field in self.catalogue.fields.values() if field.is_shown(issue)}
        return values | {
            self.catalogue.marker: custom_value(issue, self.catalogue.marker),
            PARENT: issue.get("parent", {}).get("id"),
            TRACKER: issue["tracker"]["id"],
        }

    def _raw(self, fields: Mapping[str, Any]) -> Raw:
        if unknown := sorted(fields.keys() - self.catalogue.fields.keys()):
            raise Park(f"Redmine: issues of '{self._name}' have no field {', '.join(unknown)}; correct the mapping")
        return {field.place: field.stored(fields[key], self._people) for key, field in self._known(fields).items()}

    def _means(self, field: Field, value: Any, raw: Any) -> bool:
        try:
            return field.same(field.stored(value, self._people), raw)
        except Park:  # a name that is no more
            return False

    def _project(self, issue: Issue) -> str:
        return self._name if issue["project"]["id"] == self.catalogue.project else issue["project"]["name"]

    def _read_only(self, issue: Issue) -> str:
        if issue["project"]["id"] == self.catalogue.project:
            return ""
        return f"issue {issue['id']} is in the project '{issue['project']['name']}' now: move it back, or unlink it"

    def _address(self, issue: Issue) -> str:
        return f"{self._url}/{path('issues', issue['id'])}"


def body(raw: Mapping[Place, Any]) -> dict[str, Any]:
    """Raw values in the words that the API takes them by."""
    named: dict[str, Any] = {name: value for (kind, name), value in raw.items() if kind == "attr"}
    custom = [{"id": int(name), "value": value} for (kind, name), value in raw.items() if kind == "cf"]
    if "parent_id" in named:
        named["parent_issue_id"] = named.pop("parent_id") or ""
    return {**named, **({"custom_fields": custom} if custom else {})}


def _id(number: Any) -> str | None:
    return str(number) if number else None


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(entry) for entry in (value if isinstance(value, list) else [value]) if entry)
