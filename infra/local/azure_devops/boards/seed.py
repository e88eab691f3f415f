"""The organisation a simulator starts with and returns to on reset: four projects, one per process."""

from datetime import datetime, timedelta

from infra.local.azure_devops.boards.identities import EVERYONE, SERVICE
from infra.local.azure_devops.boards.organisation import Node, Organisation, Project, Team, guid
from infra.local.azure_devops.boards.process import process
from infra.local.azure_devops.clock import stamp

SPRINT = timedelta(days=14)

# Project, process, areas, and the areas that have a team of the same name. A parent stands before its children.
PROJECTS = (
    (
        "Fabrikam",
        "agile",
        ("Network", "Service Desk", "Platform", "Triage", "PMO"),
        ("Network", "Service Desk", "Platform", "PMO"),
    ),
    ("Tailwind", "scrum", ("Web", "Data", "Triage"), ("Web", "Data")),
    ("Contoso-Basic", "basic", ("Web", "Mobile"), ("Web", "Mobile")),
    (
        "Litware",
        "cmmi",
        ("Products", "Products\\Alpha", "Products\\Beta", "Change Board"),
        ("Products", "Products\\Alpha", "Products\\Beta"),
    ),
)


def seeded(name: str, today: datetime) -> Organisation:
    """Sprints are two weeks, start on a Monday, and `today` is in the second of five."""
    organisation = Organisation(name)
    for project_name, process_name, areas, teams in PROJECTS:
        project = new_project(
            organisation, guid(name, project_name), project_name, process_name, f"{process(process_name).name} project"
        )
        for area in areas:
            *above, last = area.split("\\")
            organisation.new_node(last, project.areas.below(above))
        add_sprints(organisation, project, today)
        add_team(organisation, project, f"{project_name} Team", project.areas, whole=False)
        for area in teams:
            node = project.areas.below(area.split("\\"))
            add_team(organisation, project, node.name, node, whole=True)
    return organisation


def new_project(organisation: Organisation, id: str, name: str, process_name: str, description: str) -> Project:
    """A project with its two roots and nothing else."""
    project = Project(
        id=id,
        name=name,
        description=description,
        process=process(process_name),
        areas=organisation.new_node(name),
        iterations=organisation.new_node(name, kind="iteration"),
    )
    organisation.projects.append(project)
    return project


def add_sprints(organisation: Organisation, project: Project, today: datetime) -> None:
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
    current = midnight - timedelta(days=midnight.weekday())
    for number in range(1, 6):
        sprint = organisation.new_node(f"Sprint {number}", project.iterations, kind="iteration")
        start = current + SPRINT * (number - 2)
        sprint.start, sprint.finish = stamp(start), stamp(start + SPRINT - timedelta(days=3))


def add_team(organisation: Organisation, project: Project, name: str, area: Node, *, whole: bool) -> None:
    """A team that owns an area, with or without what is below; everyone is in it, and the service runs it."""
    project.teams.append(
        Team(
            id=guid(organisation.name, project.name, "team", name),
            name=name,
            description="" if project.teams else "The default project team.",
            default_area=area,
            areas={area: whole},
            backlog_iteration=project.iterations,
            iterations=list(project.iterations.children),
            bugs_behavior=project.process.bugs_behavior,
            members={person: person is SERVICE for person in EVERYONE},
        )
    )
