"""The organisation a simulator starts with and returns to on reset: two projects, one per process."""

from datetime import datetime, timedelta

from infra.local.azure_devops.boards.organisation import Organisation, Project, Team, guid
from infra.local.azure_devops.boards.process import process
from infra.local.azure_devops.clock import stamp

SPRINT = timedelta(days=14)

# Project, process, areas, and the team with its area.
PROJECTS = (
    (
        "Fabrikam",
        "agile",
        ("Network", "Service Desk", "Platform", "Triage", "PMO"),
        ("Network", "Service Desk", "Platform", "PMO"),
    ),
    ("Tailwind", "scrum", ("Web", "Data", "Triage"), ("Web", "Data")),
)


def seeded(name: str, today: datetime) -> Organisation:
    """Sprints are two weeks, start on a Monday, and `today` is in the second of five."""
    organisation = Organisation(name)
    for project_name, process_name, areas, teams in PROJECTS:
        project = Project(
            id=guid(name, project_name),
            name=project_name,
            description=f"{process(process_name).name} project",
            process=process(process_name),
            areas=organisation.new_node(project_name),
            iterations=organisation.new_node(project_name, kind="iteration"),
        )
        for area in areas:
            organisation.new_node(area, project.areas)
        _add_sprints(organisation, project, today)
        _add_team(organisation, project, f"{project_name} Team", None)
        for team in teams:
            _add_team(organisation, project, team, team)
        organisation.projects.append(project)
    return organisation


def _add_sprints(organisation: Organisation, project: Project, today: datetime) -> None:
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
    current = midnight - timedelta(days=midnight.weekday())
    for number in range(1, 6):
        sprint = organisation.new_node(f"Sprint {number}", project.iterations, kind="iteration")
        start = current + SPRINT * (number - 2)
        sprint.start, sprint.finish = stamp(start), stamp(start + SPRINT - timedelta(days=3))


def _add_team(organisation: Organisation, project: Project, name: str, area: str | None) -> None:
    """The default team owns the root area without its children; every other team its own area with them."""
    node = project.areas.child(area) if area else project.areas
    project.teams.append(
        Team(
            id=guid(organisation.name, project.name, "team", name),
            name=name,
            description="The default project team." if area is None else "",
            default_area=node,
            areas={node: area is not None} if node else {},
            backlog_iteration=project.iterations,
            iterations=list(project.iterations.children),
        )
    )
