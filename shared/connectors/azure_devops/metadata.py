"""What changes rarely: types, teams, areas, iterations and tags of a project, remembered for a minute.

Separate from the work items because its staleness is allowed and theirs is not. Errors are never remembered, so what
was not found is looked for again at the next call.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from shared.connectors.azure_devops import translate
from shared.connectors.azure_devops.api import Api, path
from shared.errors import NotFound
from shared.model import FieldInfo, FieldType, Level, StateCategory, Team, WorkItemType
from shared.ports import Clock

REMEMBERED_FOR = timedelta(minutes=1)  # so that a mended team or type is seen soon
TEAMS_PER_PAGE = 100
WHOLE_TREE = 100  # levels; Azure DevOps allows 14 today
HIDDEN = "Microsoft.HiddenCategory"  # types that people do not make: reviews, feedback, parts of tests
BUGS = "Microsoft.BugCategory"
TREES = {"System.AreaPath": "areas", "System.IterationPath": "iterations"}


@dataclass(slots=True)
class _Entry:
    lock: Lock = field(default_factory=Lock)
    read_at: datetime | None = None
    value: Any = None


class Metadata:
    """Safe to share between threads; those that ask for the same thing at once cause one call."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._lock = Lock()
        self._entries: dict[tuple[str | None, ...], _Entry] = {}

    def work_item_type(self, project: str, name: str) -> WorkItemType:
        return self._remembered(("type", project, name), lambda: self._read_type(project, name))

    def fields_by_type(self, project: str) -> Mapping[str, frozenset[str]]:
        """The fields of all types, in one call where asking type by type makes a dozen."""
        return self._remembered(("fields by type", project), lambda: self._read_fields_by_type(project))

    def teams(self, project: str) -> tuple[Team, ...]:
        return self._remembered(("teams", project), lambda: self._read_teams(project))

    def current_iteration(self, project: str, team: str | None) -> str | None:
        return self._remembered(("iteration", project, team), lambda: self._read_current_iteration(project, team))

    def areas(self, project: str) -> Mapping[str, str]:
        return self._remembered(("areas", project), lambda: dict(self._read_tree(project, "areas")))

    def iterations(self, project: str) -> tuple[str, ...]:
        tree = self._remembered(("iterations", project), lambda: self._read_tree(project, "iterations"))
        return tuple(path for _, path in tree)

    def tags(self, project: str) -> frozenset[str]:
        return self._remembered(("tags", project), lambda: self._read_tags(project))

    def project_id(self, project: str) -> str:
        return self._remembered(("project", project), lambda: self._api.get(f"_apis/projects/{path(project)}")["id"])

    def fields(self) -> Mapping[str, FieldInfo]:
        """Every field of the organisation, without what it may hold."""
        return self._remembered(("fields",), lambda: translate.field_infos(self._api.get("_apis/wit/fields")))

    def fields_of(self, projects: Sequence[str]) -> Mapping[str, FieldInfo]:
        """The fields that work items of these projects can have, with what they may hold in any of them."""
        found: dict[str, FieldInfo] = {}
        for project in projects:
            categories = translate.state_categories(self._types(project))
            for name, choices in self._choices(project).items():
                if known := found.get(name) or self.fields().get(name):
                    found[name] = _with_choices(known, choices, categories)
        return found

    def kinds(self, project: str) -> tuple[str, ...]:
        """The types of which people can make work items."""
        return tuple(type["name"] for type in self._types(project) if not type.get("isDisabled"))

    def levels(self, project: str) -> tuple[Level, ...]:
        """The backlog levels of a project as its default team has them, who decides where bugs stand."""
        return self._remembered(("levels", project), lambda: self._read_levels(project))

    def our_identity(self) -> str:
        """The id of whoever calls."""
        return self._remembered(("us",), lambda: self._api.get("_apis/connectionData", version="7.1-preview"))[
            "authenticatedUser"
        ]["id"]

    def _remembered[T](self, key: tuple[str | None, ...], read: Callable[[], T]) -> T:
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
        with entry.lock:
            if entry.read_at is None or self._clock() - entry.read_at >= REMEMBERED_FOR:
                entry.value = read()
                entry.read_at = self._clock()
            return entry.value

    def _read_type(self, project: str, name: str) -> WorkItemType:
        types = f"{path(project)}/_apis/wit/workitemtypes"
        try:
            return translate.work_item_type(self._api.get(f"{types}/{path(name)}"))
        except NotFound as missing:
            names = ", ".join(type["name"] for type in self._api.get(types)["value"])
            raise NotFound(f"{missing.reason.rstrip('.')}. '{project}' has: {names}") from missing

    def _read_fields_by_type(self, project: str) -> Mapping[str, frozenset[str]]:
        types = self._api.get(f"{path(project)}/_apis/wit/workitemtypes")["value"]
        return {type["name"]: frozenset(field["referenceName"] for field in type["fields"]) for type in types}

    def _read_teams(self, project: str) -> tuple[Team, ...]:
        address = f"_apis/projects/{path(project)}/teams"
        found: list[tuple[str, str]] = []
        page = None
        while page is None or len(page) == TEAMS_PER_PAGE:
            page = self._api.get(address, {"$top": TEAMS_PER_PAGE, "$skip": len(found)})["value"]
            found += ((team["id"], team["name"]) for team in page)
        return tuple(self._read_team(project, id, name) for id, name in found)

    def _read_team(self, project: str, id: str, name: str) -> Team:
        areas = self._api.get(f"{path(project, name)}/_apis/work/teamsettings/teamfieldvalues")
        return translate.team(project, id, name, areas)

    def _read_current_iteration(self, project: str, team: str | None) -> str | None:
        context = path(project) if team is None else path(project, team)
        iterations = self._api.get(f"{context}/_apis/work/teamsettings/iterations", {"$timeframe": "current"})
        return translate.current_iteration(iterations)

    def _read_tree(self, project: str, kind: str) -> list[tuple[str, str]]:
        address = f"{path(project)}/_apis/wit/classificationnodes/{kind}"
        return list(translate.nodes(self._api.get(address, {"$depth": WHOLE_TREE})))

    def _choices(self, project: str) -> Mapping[str, tuple[str, ...]]:
        return self._remembered(("choices", project), lambda: self._read_choices(project))

    def _read_choices(self, project: str) -> Mapping[str, tuple[str, ...]]:
        address, types = f"{path(project)}/_apis/wit/workitemtypes", self._types(project)
        allowed = {"$expand": "allowedValues"}
        fields = [self._api.get(f"{address}/{path(type['name'])}/fields", allowed) for type in types]
        trees = {name: tuple(dict(self._read_tree(project, kind)).values()) for name, kind in TREES.items()}
        return {**translate.choices(types, fields), **trees}

    def _types(self, project: str) -> Sequence[Mapping[str, Any]]:
        return self._remembered(("types", project), lambda: self._read_types(project))

    def _read_types(self, project: str) -> Sequence[Mapping[str, Any]]:
        hidden = self._categories(project).get(HIDDEN, ())
        types = self._api.get(f"{path(project)}/_apis/wit/workitemtypes")["value"]
        return [type for type in types if type["name"] not in hidden]

    def _read_levels(self, project: str) -> tuple[Level, ...]:
        configuration = self._api.get(f"{path(project)}/_apis/work/backlogconfiguration")
        return translate.levels(configuration, self._categories(project).get(BUGS, ()))

    def _categories(self, project: str) -> Mapping[str, Sequence[str]]:
        """The types of each category."""
        address = f"{path(project)}/_apis/wit/workitemtypecategories"
        categories = self._remembered(("categories", project), lambda: self._api.get(address)["value"])
        return {each["referenceName"]: [type["name"] for type in each["workItemTypes"]] for each in categories}

    def _read_tags(self, project: str) -> frozenset[str]:
        return frozenset(tag["name"] for tag in self._api.get(f"{path(project)}/_apis/wit/tags")["value"])


def _with_choices(info: FieldInfo, choices: Sequence[str], categories: Mapping[str, StateCategory]) -> FieldInfo:
    """A text that may hold some values only is a pick list."""
    chosen = tuple(dict.fromkeys((*info.choices, *choices)))
    if info.type is FieldType.STATE:
        more = {state: category for state, category in categories.items() if state not in info.categories}
        return replace(info, choices=chosen, categories={**info.categories, **more})
    listed = info.type is FieldType.TEXT and chosen
    return replace(info, type=FieldType.PICKLIST if listed else info.type, choices=chosen)
