"""What is wrong with a configuration that only the organisation can tell: its projects, its teams and their areas."""

from collections.abc import Iterable, Mapping

from shared.configuration.document import Configuration, destinations
from shared.faults import Fault
from shared.model import Team


def live_faults(configuration: Configuration, teams: Mapping[str, Iterable[Team] | None]) -> list[Fault]:
    """What only the organisation can tell: missing projects (None in `teams`), missing teams, audiences that mix."""
    faults = []
    for path, destination in destinations(configuration):
        live = teams.get(destination.project)
        if live is None:
            faults.append((f"{path}.project", f"there is no project '{destination.project}' in the organisation"))
            continue
        names = {team.name.casefold(): team for team in live}
        if destination.team and destination.team.casefold() not in names:
            known = ", ".join(sorted(team.name for team in names.values()))
            faults.append(
                (f"{path}.team", f"project '{destination.project}' has no team '{destination.team}': {known}")
            )
        elif destination.team and not destination.area and not names[destination.team.casefold()].default_area:
            faults.append((f"{path}.team", f"team '{destination.team}' has no default area; give the route an area"))
    return faults + audience_faults(configuration, {project: live or () for project, live in teams.items()})


def audience_faults(configuration: Configuration, teams: Mapping[str, Iterable[Team]]) -> list[Fault]:
    """Project-only routes into an area that a technical team owns. `teams` are the live ones, by project."""
    project_teams = {_team_key(t.project, t.team) for t in configuration.teams if t.audience == "project"}
    faults = []
    for index, route in enumerate(configuration.routes):
        if route.audience != "project":
            continue
        live = list(teams.get(route.project, ()))
        area = route.area or next(
            (t.default_area for t in live if t.name.casefold() == (route.team or "").casefold()), None
        )
        for team in live:
            if _team_key(team.project, team.name) not in project_teams and area and owns(team, area):
                fix = (
                    f"route '{route.name}' is for project teams only, but its area '{area}' belongs to the technical "
                    f"team '{team.name}'; choose another area, or list that team under teams with audience project"
                )
                faults.append((f"routes[{index}]", fix))
    return faults


def owns(team: Team, area: str) -> bool:
    """Whether work items in `area` show on the team's backlog."""
    wanted = area.casefold()
    return any(
        wanted == path.casefold() or (with_children and wanted.startswith(path.casefold() + "\\"))
        for path, with_children in team.areas
    )


def _team_key(project: str, team: str) -> tuple[str, str]:
    return project.casefold(), team.casefold()
