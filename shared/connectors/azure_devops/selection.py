"""Which work items of some projects are meant: all, those of a team, of an iteration, or of a stored query.

Separate from the side because here people name things, in the words of Azure DevOps, and may be wrong about them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from shared.connectors.azure_devops.api import Api, Params, path
from shared.connectors.azure_devops.metadata import Metadata
from shared.errors import NotFound, Park, Refused, resembling
from shared.model import Selection, Team

IDS_PER_QUERY = 10_000  # a query for more than 20,000 is refused
CURRENT = "current"
IN_QUOTES = re.compile(r"'(?:[^']|'')*'")
# What these stand for depends on who asks, which is us and not who wrote or chose the query.
PERSONAL = re.compile(r"@(?:me|follows|myRecentActivity|recentMentions)\b", re.IGNORECASE)
WITH_TEXT: Params = {"$expand": "wiql"}
DEEPEST: Params = {"$depth": 2}  # that a listing of queries may go

type Json = Mapping[str, Any]


class Selector:
    """Of the work items of `projects`, by name. A team or query that is in one of them alone need not be told by it."""

    def __init__(self, api: Api, metadata: Metadata, projects: Sequence[str]) -> None:
        self._api = api
        self._metadata = metadata
        self._projects = projects

    def everything(self, *conditions: str) -> Iterator[str]:
        """The ids of all that meet these conditions of WIQL, ascending."""
        ours = f"[System.TeamProject] IN ({', '.join(map(_quoted, self._projects))})"
        last = 0
        while True:
            where = " AND ".join((ours, *conditions, f"[System.Id] > {last}"))
            wiql = f"SELECT [System.Id] FROM WorkItems WHERE {where} ORDER BY [System.Id]"  # noqa: S608
            rows = self._api.query("_apis/wit/wiql", {"query": wiql}, {"$top": IDS_PER_QUERY})["workItems"]
            yield from (str(row["id"]) for row in rows)
            if len(rows) < IDS_PER_QUERY:
                return
            last = rows[-1]["id"]

    def select(self, selection: Selection) -> frozenset[str]:
        team = self._team(selection.team) if selection.team else None
        conditions = [_in_areas_of(team)] if team else []
        if selection.iteration:
            conditions.append(_under("System.IterationPath", self._iteration(selection.iteration, team)))
        listed = self._listed(selection.query) if selection.query else None
        found = frozenset(self.everything(*conditions))
        return found if listed is None else found & listed

    # ---------------------------------------------------------------- teams and iterations

    def _team(self, name: str) -> Team:
        """`Network` or `Fabrikam/Network`: the name of a team has no slash."""
        teams = [team for project in self._projects for team in self._metadata.teams(project)]
        found = [team for team in teams if name.casefold() in (team.name.casefold(), _full_name(team).casefold())]
        if not found:
            _refuse("team", f"there is no team '{name}'{resembling(name, [team.name for team in teams])}")
        if len(found) > 1:
            _refuse("team", f"several projects have it: write {' or '.join(map(_full_name, found))}")
        if not found[0].areas:
            _refuse("team", f"the team '{name}' has no areas: give it some in its settings")
        return found[0]

    def _iteration(self, name: str, team: Team | None) -> str:
        if name.casefold() == CURRENT:
            if team is None:
                _refuse("iteration", f"'{CURRENT}' is that of a team: give the team, too")
            current = self._metadata.current_iteration(team.project, team.name)
            return current or _refuse("iteration", f"the team '{team.name}' has no current iteration")
        paths = [path for project in self._projects for path in self._metadata.iterations(project)]
        if name.casefold() not in {path.casefold() for path in paths}:
            _refuse("iteration", f"there is no iteration '{name}'{resembling(name, paths)}")
        return name

    # ---------------------------------------------------------------- stored queries

    def _listed(self, name: str) -> frozenset[str]:
        """What a query lists, of a tree or of one with direct links every row."""
        project, query = self._query(name)
        if "wiql" not in query:
            _refuse("query", f"'{name}' is a folder: choose a query in it")
        if personal := PERSONAL.search(IN_QUOTES.sub("", query["wiql"])):
            _refuse("query", f"'{name}' depends on who asks, by its {personal[0]}: name people in it, or use another")
        try:
            answer = self._api.get(f"{path(project)}/_apis/wit/wiql/{path(query['id'])}")
        except Park as refused:  # such as one for more than 20,000 work items
            _refuse("query", f"'{name}' cannot be run, correct or narrow it: {refused.reason}")
        rows = answer.get("workItems") or [row["target"] for row in answer.get("workItemRelations") or ()]
        return frozenset(str(row["id"]) for row in rows)

    def _query(self, name: str) -> tuple[str, Json]:
        """With its project. By its id, or its path with or without the project: `Fabrikam/Shared Queries/Open`."""
        first, _, rest = name.partition("/")
        named = [project for project in self._projects if rest and project.casefold() == first.casefold()]
        wanted = rest if named else name
        found = {project: self._stored(project, wanted) for project in named or self._projects}
        there = {project: query for project, query in found.items() if query is not None}
        if not there:
            known = [query for project in self._projects for query in self._paths(project)]
            _refuse("query", f"there is no query '{name}' that we may see{resembling(wanted, known)}")
        if len({query["id"] for query in there.values()}) > 1:
            _refuse("query", f"several projects have it: write {' or '.join(f'{each}/{name}' for each in there)}")
        return next(iter(there.items()))

    def _stored(self, project: str, name: str) -> Json | None:
        try:
            return self._api.get(f"{path(project)}/_apis/wit/queries/{path(*name.split('/'))}", WITH_TEXT)
        except NotFound:
            return None

    def _paths(self, project: str) -> Iterator[str]:
        folders = list(self._api.get(f"{path(project)}/_apis/wit/queries", DEEPEST)["value"])
        for each in folders:
            folders += each.get("children") or ()
            if not each.get("isFolder"):
                yield each["path"]


def _in_areas_of(team: Team) -> str:
    areas = (_under("System.AreaPath", area) if whole else _at("System.AreaPath", area) for area, whole in team.areas)
    return f"({' OR '.join(areas)})"


def _under(field: str, node: str) -> str:
    return f"[{field}] UNDER {_quoted(node)}"


def _at(field: str, node: str) -> str:
    return f"[{field}] = {_quoted(node)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _full_name(team: Team) -> str:
    return f"{team.project}/{team.name}"


def _refuse(what: str, fix: str) -> NoReturn:
    raise Refused(422, "nothing was selected", [(what, fix)])
