"""What one project of Redmine is like: its trackers, its fields, and which of them bears our markers.

Apart from the side because Redmine tells it in seven places, and because it may be a minute old. The fields that are
"for all projects" are named only on issues, and to administrators.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.connectors.redmine.fields import Field, Named, Place, core_fields, custom_field
from shared.connectors.rest import Rest, path
from shared.errors import Park, StopConnection

SAMPLE_SIZE = 25


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`project` and `user`, ours, by Redmine's numbers; `trackers` by id, `fields` by key.

    `marker` is where the field for markers is kept; `marked` are the trackers that have it, None if nobody told.
    """

    project: int
    user: int
    trackers: Mapping[str, str]
    fields: Mapping[str, Field]
    marker: Place
    marked: frozenset[str] | None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The trackers of which we can make issues."""
        return tuple(name for id, name in self.trackers.items() if self.marked is None or id in self.marked)


def read_catalogue(rest: Rest, project: str, marker_field: str, connection: str) -> Catalogue:
    """`StopConnection` where the project is not to be seen, or has no field to bear markers."""
    user = rest.get("users/current.json")["user"]
    shown = _project(rest, project, connection)
    named = Named(
        statuses=names(rest.get("issue_statuses.json")["issue_statuses"]),
        priorities=names(rest.get("enumerations/issue_priorities.json")["issue_priorities"]),
        categories=names(shown["issue_categories"]),
        versions=names(rest.get(f"{path('projects', project)}/versions.json")["versions"]),
    )
    trackers = names(shown["trackers"])
    described = {entry["id"]: entry for entry in _described(rest) if trackers.keys() & _trackers(entry)}
    present = _present(rest, project, shown, described.values())
    marker = next((id for id, entry in present.items() if _is_called(entry, marker_field)), None)
    if marker is None:
        raise StopConnection(
            f"Redmine: the project '{project}' has no custom field '{marker_field}' to know our items by. Add one for"
            " issues, of the format Link, used as a filter, for this project and all its trackers",
            connection,
        )
    fields = [
        custom_field(str(id), entry, described.get(id, {}), named.versions)
        for id, entry in {**described, **present}.items()
        if not _is_called(entry, marker_field) and described.get(id, {}).get("field_format") != "attachment"
    ]
    return Catalogue(
        project=shown["id"],
        user=user["id"],
        trackers=trackers,
        fields=core_fields(named) | {field.info.key: field for field in fields},
        marker=("cf", str(marker)),
        marked=frozenset(_trackers(described[marker])) if marker in described else None,
    )


def names(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {str(entry["id"]): entry["name"] for entry in entries}


def _project(rest: Rest, project: str, connection: str) -> Mapping[str, Any]:
    include = "trackers,issue_categories,issue_custom_fields"
    try:
        return rest.get(f"{path('projects', project)}.json", include=include)["project"]
    except Park as hidden:
        raise StopConnection(
            f"Redmine shows our user no project '{project}': correct its identifier, or make the user a member of it",
            connection,
        ) from hidden


def _described(rest: Rest) -> Iterator[Mapping[str, Any]]:
    """Custom fields of issues as administrators see them; none for other users."""
    try:
        entries = rest.get("custom_fields.json")["custom_fields"]
    except Park:
        return
    yield from (entry for entry in entries if entry["customized_type"] == "issue")


def _trackers(described: Mapping[str, Any]) -> set[str]:
    return {str(tracker["id"]) for tracker in described["trackers"]}


def _present(
    rest: Rest, project: str, shown: Mapping[str, Any], described: Collection[Mapping[str, Any]]
) -> dict[int, Mapping[str, Any]]:
    """The project's custom fields by id, as far as can be seen. While it has no issues, any field may be its own."""
    issues = _sample(rest, project_id=project, subproject_id="!*")
    more = [] if issues else list(described) or _custom_fields(_sample(rest))
    return {entry["id"]: entry for entry in (*shown["issue_custom_fields"], *more, *_custom_fields(issues))}


def _sample(rest: Rest, **where: str) -> list[Mapping[str, Any]]:
    """The issues that changed last."""
    return rest.get("issues.json", **where, status_id="*", sort="updated_on:desc", limit=SAMPLE_SIZE)["issues"]


def _custom_fields(issues: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [entry for issue in issues for entry in issue.get("custom_fields", ())]


def _is_called(entry: Mapping[str, Any], name: str) -> bool:
    return entry["name"].casefold() == name.casefold()
