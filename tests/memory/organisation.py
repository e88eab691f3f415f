"""The organisation that tests use, as data: two projects with the processes Agile and Scrum, their areas and teams."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import NAMESPACE_URL, uuid5

from shared.errors import Park
from shared.model import StateCategory, Team, WorkItemType

COMMON_FIELDS = (
    "System.Title",
    "System.Description",
    "System.State",
    "System.Reason",
    "System.Tags",
    "System.AssignedTo",
    "System.AreaPath",
    "System.IterationPath",
    "System.TeamProject",
    "System.WorkItemType",
    "System.History",
    "System.CreatedDate",
    "System.CreatedBy",
    "System.ChangedDate",
    "System.ChangedBy",
    "Microsoft.VSTS.Common.Priority",
)


def work_item_type(name: str, states: Mapping[str, str], *fields: str) -> WorkItemType:
    """`states` maps names to categories, the initial one first; from each any other may follow."""
    return WorkItemType(
        name=name,
        states={state: StateCategory(category) for state, category in states.items()},
        transitions={"": (next(iter(states)),), **{state: tuple(states) for state in states}},
        fields=frozenset((*COMMON_FIELDS, *fields)),
    )


@dataclass(frozen=True, slots=True)
class Project:
    """`areas` are paths by node identifier, `iterations` paths, root first. The first team is the default one."""

    name: str
    types: Mapping[str, WorkItemType]
    areas: Mapping[str, str]
    iterations: tuple[str, ...]
    teams: tuple[Team, ...]
    current_iteration: str | None

    def check(self, type: WorkItemType, previous_state: str, after: Mapping[str, Any]) -> None:
        """Refuse values that the process does not allow, as the server does before it writes anything.

        `previous_state` is "" for a work item that does not exist yet.
        """
        for name in after.keys() - type.fields:
            raise Park(f"TF51535: Cannot find field {name}.")
        trees = {"System.AreaPath": self.areas.values(), "System.IterationPath": self.iterations}
        for name, tree in trees.items():
            if after.get(name) not in tree:
                raise Park(f"TF401347: Invalid tree name given for work item -1, field '{name}'.")
        if not after.get("System.Title"):
            raise Park("TF401320: Rule Error for field Title. Error code: Required, InvalidEmpty.")
        state = after.get("System.State", "")
        if state != previous_state and state not in type.transitions.get(previous_state, type.states):
            raise Park(f"The field 'State' contains the value '{state}' that is not in the list of supported values")

    def with_area_called(self, area: str, path: str) -> Self:
        """The area and all below it at another path; teams go on owning them."""
        paths = {old: path + old[len(area) :] for old in self.areas.values() if lies_in(old, area)}
        teams = (
            replace(
                team,
                default_area=paths.get(team.default_area or "", team.default_area),
                areas=tuple((paths.get(old, old), with_children) for old, with_children in team.areas),
            )
            for team in self.teams
        )
        areas = {identifier: paths.get(old, old) for identifier, old in self.areas.items()}
        return replace(self, areas=areas, teams=tuple(teams))

    def without_area(self, area: str) -> Self:
        """Without the area and all below it; teams lose them."""
        teams = (
            replace(
                team,
                default_area=None if lies_in(team.default_area or "", area) else team.default_area,
                areas=tuple(each for each in team.areas if not lies_in(each[0], area)),
            )
            for team in self.teams
        )
        areas = {identifier: path for identifier, path in self.areas.items() if not lies_in(path, area)}
        return replace(self, areas=areas, teams=tuple(teams))


def lies_in(path: str, area: str) -> bool:
    """Whether `path` is `area` or below it."""
    return path == area or path.startswith(area + "\\")


def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


def project(name: str, types: tuple[WorkItemType, ...], teams: tuple[str, ...]) -> Project:
    """A project whose teams own an area each, named like them; the second of its sprints is the current one."""
    areas = {team: f"{name}\\{team}" for team in teams}
    iterations = (name, *(f"{name}\\Sprint {number}" for number in range(1, 6)))
    return Project(
        name=name,
        types={type.name: type for type in types},
        areas={_id(path): path for path in (name, *areas.values(), f"{name}\\Triage")},
        iterations=iterations,
        teams=(
            Team(name, f"{name} Team", name, ((name, False),), _id(f"{name} Team")),
            *(Team(name, team, area, ((area, True),), _id(team)) for team, area in areas.items()),
        ),
        current_iteration=iterations[2],
    )


# Agile: a resolved story is still in progress, only a resolved bug is in the category Resolved.
BUG = {"New": "Proposed", "Active": "InProgress", "Resolved": "Resolved", "Closed": "Completed"}
BACKLOG = {**BUG, "Resolved": "InProgress", "Removed": "Removed"}
TASK = {state: category for state, category in BACKLOG.items() if state != "Resolved"}
SCRUM = {
    "New": "Proposed",
    "Approved": "Proposed",
    "Committed": "InProgress",
    "Done": "Completed",
    "Removed": "Removed",
}
SCRUM_TASK = {"To Do": "Proposed", "In Progress": "InProgress", "Done": "Completed", "Removed": "Removed"}

FABRIKAM = project(
    "Fabrikam",
    (
        work_item_type("Epic", BACKLOG),
        work_item_type("Feature", BACKLOG),
        work_item_type("User Story", BACKLOG),
        work_item_type("Task", TASK),
        work_item_type("Bug", BUG, "Microsoft.VSTS.TCM.ReproSteps", "Microsoft.VSTS.Common.Severity"),
        work_item_type("Issue", {"Active": "InProgress", "Closed": "Completed"}),
    ),
    ("Network", "Service Desk", "Platform", "PMO"),
)
TAILWIND = project(
    "Tailwind",
    (
        work_item_type("Epic", SCRUM),
        work_item_type("Feature", SCRUM),
        work_item_type("Product Backlog Item", SCRUM),
        work_item_type("Task", SCRUM_TASK),
        work_item_type("Bug", SCRUM, "Microsoft.VSTS.TCM.ReproSteps", "Microsoft.VSTS.Common.Severity"),
    ),
    ("Web", "Data"),
)
