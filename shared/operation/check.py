"""Whether a configuration can do its work in the organisation it names: everything that stands in its way, at once.

`look` asks the organisation for what a configuration relies on; the rest compares, and is pure. A fault keeps tickets
from becoming work items; a warning takes something away from them. Case never matters: Azure DevOps ignores it too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from shared.configuration import Configuration, Destination, Route, audience_faults, destinations
from shared.errors import NotFound, Park, StopConnection
from shared.faults import Fault
from shared.model import StateCategory, Team, WorkItemType
from shared.places import PlaceMemory
from shared.ports import Boards

WRITTEN = ("System.Title", "System.AreaPath", "System.IterationPath", "System.Tags")
DESCRIPTIONS = ("System.Description", "Microsoft.VSTS.TCM.ReproSteps")  # either will do
PRIORITY = "Microsoft.VSTS.Common.Priority"

type Teams = Mapping[str, Sequence[Team] | None]
type Categories = Mapping[str, Sequence[StateCategory]]


@dataclass(frozen=True, slots=True)
class Finding:
    path: str
    fix: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """A project as it is, as far as a configuration speaks of it.

    `types` has a sentence in place of a type that is missing; `may_create_tags` is None where we may not even ask;
    `without_sprint` are the teams that have no current iteration (None: the default team); `moved` is where areas are
    now that are not where the configuration has them.
    """

    teams: tuple[Team, ...]
    areas: tuple[str, ...]
    iterations: tuple[str, ...]
    types: Mapping[str, WorkItemType | str]
    tags: frozenset[str]
    may_create_tags: bool | None
    without_sprint: frozenset[str | None]
    moved: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Organisation:
    """`projects` by name as the configuration writes it, None for one that is missing."""

    projects: Mapping[str, Project | None]
    missing_parents: frozenset[int]


# ---------------------------------------------------------------- looking


def look(boards: Boards, memory: PlaceMemory, configuration: Configuration) -> Organisation:
    places = [destination for _, destination in destinations(configuration)]
    names = {each.project for each in (*places, *configuration.teams)}
    return Organisation(
        projects={
            name: _project(boards, memory, name, [p for p in places if p.project == name]) for name in sorted(names)
        },
        missing_parents=frozenset(p.parent for p in places if p.parent and _is_missing(boards, p.parent)),
    )


def look_at_teams(boards: Boards, configuration: Configuration) -> Teams:
    """Only the teams of every project where a ticket can go."""
    names = {destination.project for _, destination in destinations(configuration)}
    return {name: _teams(boards, name) for name in sorted(names)}


def _project(boards: Boards, memory: PlaceMemory, name: str, places: Iterable[Destination]) -> Project | None:
    teams = _teams(boards, name)
    if teams is None:
        return None
    tags = boards.tags(name)
    all_there = all(_among(tag, tags) for place in places for tag in place.tags)
    live = boards.areas(name)
    now = {place.area: memory.locate("area", name, place.area, live) for place in places if place.area}
    in_sprints = {place.team for place in places if place.iteration == "current"}
    return Project(
        teams=teams,
        areas=tuple(live.values()),
        iterations=boards.iterations(name),
        types={place.type: _type(boards, name, place.type) for place in places},
        tags=tags,
        may_create_tags=all_there or _may_create_tags(boards, name),
        without_sprint=frozenset(team for team in in_sprints if _has_no_sprint(boards, name, team)),
        moved={area: path for area, path in now.items() if path and not _same(area, path)},
    )


def _teams(boards: Boards, project: str) -> tuple[Team, ...] | None:
    try:
        return boards.teams(project)
    except NotFound:
        return None


def _type(boards: Boards, project: str, name: str) -> WorkItemType | str:
    try:
        return boards.work_item_type(project, name)
    except NotFound as missing:
        return missing.reason


def _may_create_tags(boards: Boards, project: str) -> bool | None:
    try:
        return boards.may_create_tags(project)
    except (Park, StopConnection):  # a token made for work items only need not be good for this question
        return None


def _has_no_sprint(boards: Boards, project: str, team: str | None) -> bool:
    try:
        return boards.current_iteration(project, team) is None
    except NotFound:  # the team is, which is a finding of its own
        return False


def _is_missing(boards: Boards, id: int) -> bool:
    try:
        boards.work_item(id)
    except NotFound:
        return True
    return False


# ---------------------------------------------------------------- comparing


def check(configuration: Configuration, organisation: Organisation, categories: Categories) -> list[Finding]:
    """Everything found. `categories` are, by a ticket's status, those of which a type needs one."""
    teams = {name: project.teams if project else None for name, project in organisation.projects.items()}
    findings = []
    for index, listed in enumerate(configuration.teams):
        findings += _placed(f"teams[{index}]", listed.project, listed.team, teams)
    for path, place in destinations(configuration):
        findings += _placed(path, place.project, place.team, teams)
        findings += _homed(path, place, teams)
        if project := organisation.projects[place.project]:
            findings += _in_project(path, place, project, categories)
        if place.parent in organisation.missing_parents:
            fix = f"there is no work item {place.parent}, or we may not see it; name another parent"
            findings.append(Finding(f"{path}.parent", fix))
    return findings + _mixed(_where_it_is(configuration, organisation), teams)


def _where_it_is(configuration: Configuration, organisation: Organisation) -> Configuration:
    """The configuration with moved areas under their present paths: they may lie under another team's now."""

    def now(route: Route) -> Route:
        project = organisation.projects[route.project]
        moved = project.moved.get(route.area or "") if project else None
        return route.model_copy(update={"area": moved}) if moved else route

    return configuration.model_copy(update={"routes": tuple(map(now, configuration.routes))})


def placement_faults(configuration: Configuration, teams: Teams) -> list[Fault]:
    """What makes a configuration unfit to be taken at all: missing projects, missing teams, audiences that mix."""
    findings = []
    for path, place in destinations(configuration):
        findings += [*_placed(path, place.project, place.team, teams), *_homed(path, place, teams)]
    return [(each.path, each.fix) for each in findings + _mixed(configuration, teams)]


def _placed(path: str, project: str, team: str | None, teams: Teams) -> Iterator[Finding]:
    live = teams[project]
    if live is None:
        known = [name for name, found in teams.items() if found is not None]
        fix = f"there is no project '{project}' in the organisation{_near(project, known)}"
        yield Finding(f"{path}.project", fix)
    elif team and not _among(team, names := sorted(each.name for each in live)):
        hint = _near(team, names) or f": {', '.join(names)}"
        yield Finding(f"{path}.team", f"project '{project}' has no team '{team}'{hint}")


def _homed(path: str, place: Destination, teams: Teams) -> Iterator[Finding]:
    for team in teams[place.project] or ():
        if _same(team.name, place.team or "") and not place.area and not team.default_area:
            yield Finding(f"{path}.team", f"team '{place.team}' has no default area; give the route an area")


def _mixed(configuration: Configuration, teams: Teams) -> list[Finding]:
    live = {name: found or () for name, found in teams.items()}
    return [Finding(path, fix) for path, fix in audience_faults(configuration, live)]


def _in_project(path: str, place: Destination, project: Project, categories: Categories) -> Iterator[Finding]:
    if moved := project.moved.get(place.area or ""):
        yield Finding(
            f"{path}.area", f"'{place.area}' is '{moved}' now, and works on; write its new path", warning=True
        )
    elif place.area and not _among(place.area, project.areas):
        fix = f"project '{place.project}' has no area '{place.area}'{_near(place.area, project.areas)}"
        yield Finding(f"{path}.area", fix)
    yield from _iteration(path, place, project)
    yield from _fit(f"{path}.type", place, project.types[place.type], categories)
    yield from _tags(f"{path}.tags", place, project)


def _iteration(path: str, place: Destination, project: Project) -> Iterator[Finding]:
    if place.iteration == "current":
        if place.team in project.without_sprint:
            whose = f"team '{place.team}'" if place.team else f"the default team of project '{place.project}'"
            fix = f"{whose} has no current iteration; until it has one, its tickets go to the top iteration"
            yield Finding(f"{path}.iteration", fix, warning=True)
    elif place.iteration and not _among(place.iteration, project.iterations):
        near = _near(place.iteration, project.iterations)
        yield Finding(f"{path}.iteration", f"project '{place.project}' has no iteration '{place.iteration}'{near}")


def _fit(path: str, place: Destination, type: WorkItemType | str, categories: Categories) -> Iterator[Finding]:
    """Whether tickets can be written as work items of the type."""
    if isinstance(type, str):
        yield Finding(path, f"project '{place.project}' has no type '{place.type}'; choose one that it has: {type}")
        return
    subject = f"the type '{type.name}' of project '{place.project}'"
    remedy = "in the process, or choose another type"
    if type.transitions.get("") == ():
        yield Finding(path, f"{subject} is disabled; enable it {remedy}")
    missing = [name for name in WRITTEN if name not in type.fields]
    missing += [] if type.fields.intersection(DESCRIPTIONS) else [DESCRIPTIONS[0]]
    if missing:
        yield Finding(path, f"{subject} lacks {' and '.join(missing)}, which tickets are written to; add it {remedy}")
    if PRIORITY not in type.fields:
        yield Finding(path, f"{subject} lacks {PRIORITY}; the priority of tickets will not show", warning=True)
    for status, wanted in categories.items():
        if not set(wanted) & set(type.states.values()):
            lack = f"has no state of category {' or '.join(wanted)}, which a ticket that is {status} needs"
            yield Finding(path, f"{subject} {lack}; add one {remedy}")


def _tags(path: str, place: Destination, project: Project) -> Iterator[Finding]:
    missing = ", ".join(f"'{tag}'" for tag in place.tags if not _among(tag, project.tags))
    if not missing or project.may_create_tags:
        return
    there = f"project '{place.project}' has no tag {missing}"
    grant = "create it there, or give us the permission 'Create tag definition'"
    if project.may_create_tags is None:
        fix = f"{there}, and we may not ask whether we may create it; if tickets are refused, {grant}"
        yield Finding(path, fix, warning=True)
    else:
        yield Finding(path, f"{there}, and we may not create it; {grant}")


def _same(left: str, right: str) -> bool:
    return left.casefold() == right.casefold()


def _among(name: str, known: Iterable[str]) -> bool:
    return any(_same(name, each) for each in known)


def _near(name: str, known: Iterable[str]) -> str:
    """The names that may have been meant, as the end of a sentence; paths are compared below the project."""

    def telling(name: str) -> str:
        return (name.partition("\\")[2] or name).casefold()

    by_name = {telling(each): each for each in known}
    meant = [f"'{by_name[match]}'" for match in get_close_matches(telling(name), by_name)]
    return f"; did you mean {' or '.join(meant)}?" if meant else ""
