"""What an organisation has besides work items: projects, area and iteration trees, teams."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from infra.local.azure_devops.boards.identities import Identity
from infra.local.azure_devops.boards.organisation_refusals import missing_node, missing_project, missing_team
from infra.local.azure_devops.boards.process import Process


def guid(*words: str) -> str:
    """The same words give the same id in every run, so that logs of two runs can be compared."""
    return str(uuid5(NAMESPACE_URL, "/".join(words)))


@dataclass(slots=True, eq=False)
class Node:
    """An area or iteration. `start` and `finish` are stamps, of iterations only."""

    id: int
    identifier: str
    name: str
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)
    start: str | None = None
    finish: str | None = None

    @property
    def path(self) -> str:
        """As a field value holds it: `Fabrikam\\Network`."""
        return self.name if self.parent is None else f"{self.parent.path}\\{self.name}"

    def names(self) -> list[str]:
        """The names below the root, outermost first."""
        return self.path.split("\\")[1:]

    def child(self, name: str) -> "Node | None":
        return next((node for node in self.children if node.name.casefold() == name.casefold()), None)

    def below(self, names: list[str]) -> "Node":
        node = self
        for name in names:
            found = node.child(name)
            if found is None:
                raise missing_node("\\".join(names))
            node = found
        return node

    def walk(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.walk()

    def find(self, path: str) -> "Node | None":
        """By field value, case-insensitively; None when there is no such node."""
        root, *names = path.strip("\\").split("\\")
        node: Node | None = self if root.casefold() == self.name.casefold() else None
        for name in names:
            node = node and node.child(name)
        return node


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


@dataclass(slots=True, eq=False)
class Team:
    """`areas` maps area nodes to whether their children count too. The default area is None in a new team.

    `default_iteration` None is the macro @currentIteration. `hidden_backlogs` are categories. `members` maps people to
    whether they are administrators of the team. `capacities` and `days_off` are kept per iteration, as clients wrote
    them.
    """

    id: str
    name: str
    description: str
    default_area: Node | None = None
    areas: dict[Node, bool] = field(default_factory=dict)
    backlog_iteration: Node | None = None
    iterations: list[Node] = field(default_factory=list)
    default_iteration: Node | None = None
    bugs_behavior: str = "asRequirements"
    working_days: tuple[str, ...] = WEEKDAYS
    hidden_backlogs: set[str] = field(default_factory=set)
    members: dict[Identity, bool] = field(default_factory=dict)
    capacities: dict[Node, dict[str, dict[str, Any]]] = field(default_factory=dict)
    days_off: dict[Node, list[Any]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Project:
    """`properties` are those a client set, besides the service's own."""

    id: str
    name: str
    description: str
    process: Process
    areas: Node
    iterations: Node
    teams: list[Team] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)  # folded name -> the name as it was first written
    state: str = "wellFormed"
    visibility: str = "private"
    revision: int = 1
    changed: str = "2026-01-05T09:00:00Z"
    properties: dict[str, Any] = field(default_factory=dict)

    def team(self, name_or_id: str) -> Team:
        wanted = name_or_id.casefold()
        for team in self.teams:
            if wanted in (team.id, team.name.casefold()):
                return team
        raise missing_team(name_or_id)


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content: bytes


class Organisation:
    """`next_node_id` counts area and iteration ids, which are unique over the organisation."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.id = guid(name)
        self.projects: list[Project] = []
        self.deleted_projects: list[Project] = []
        self.operations: dict[str, int] = {}  # how often each is still to be asked before it has succeeded
        self.attachments: dict[str, Attachment] = {}
        self.next_node_id = 1

    def project(self, name_or_id: str) -> Project:
        wanted = name_or_id.casefold()
        for project in self.projects:
            if wanted in (project.id, project.name.casefold()):
                return project
        raise missing_project(name_or_id)

    def new_node(self, name: str, parent: Node | None = None, kind: str = "area") -> Node:
        node = Node(self.next_node_id, guid(self.name, kind, str(self.next_node_id)), name, parent)
        self.next_node_id += 1
        if parent is not None:
            parent.children.append(node)
        return node
