"""Calls and the functions that answer them.

A location is a resource as the service itself lists it under `OPTIONS _apis`: an id, an area, a route template. An
endpoint is one HTTP method of a location. Both the address table and the discovery answer come from the same
declarations, so adding an endpoint is one decorated function in the module of its area.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import orjson

from infra.local.azure_devops.boards.identities import SERVICE, Identity
from infra.local.azure_devops.errors import NoRoute, bad_argument

if TYPE_CHECKING:
    from infra.local.azure_devops.boards.organisation import Project, Team
    from infra.local.azure_devops.service import Service
    from infra.local.azure_devops.world import World

HIGHEST_VERSION = "7.2"


@dataclass(frozen=True, slots=True)
class Location:
    """`version` is the resource version behind `-preview.N`; a resource never released has `released="0.0"`."""

    id: str
    area: str
    resource: str
    template: str
    version: int = 1
    released: str = "7.1"

    def pattern(self) -> re.Pattern[str]:
        """The template as an expression on the path behind the organisation; every parameter may be left out."""
        expression = ""
        for segment in self.template.split("/"):
            words = segment.replace("{area}", self.area).replace("{resource}", self.resource)
            if words.startswith("{*"):
                expression += rf"(?:/(?P<{words[2:-1]}>.+))?"
            elif words.startswith("${"):
                expression += rf"/(?:\$|%24)(?P<{words[2:-1]}>[^/]+)"
            elif words.startswith("{"):
                expression += rf"(?:/(?P<{words[1:-1]}>[^/$][^/]*))?"
            else:
                expression += "/" + re.escape(words).replace(r"\$", r"(?:\$|%24)")
        return re.compile(expression + "/?", re.IGNORECASE)

    def head(self) -> str:
        """The first word behind `_apis`, by which locations are grouped."""
        behind = self.template.partition("_apis/")[2].partition("/")[0]
        return behind.replace("{area}", self.area).replace("{resource}", self.resource).lower()


@dataclass(slots=True)
class Answer:
    """What goes back: `body` becomes JSON, unless it is bytes already."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    delay_seconds: float = 0


@dataclass
class Call:
    """One request, seen from the function that answers it. `base` is `http://host/organisation`."""

    server: "Service"
    method: str
    base: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    route: dict[str, str] = field(default_factory=dict)
    caller: Identity = SERVICE
    negative_ids: dict[int, int] = field(default_factory=dict)  # temporary ids of a batch, and the real ones
    items: int = 1  # how many work items it touches, for latency per item

    @staticmethod
    def read_query(text: str) -> dict[str, str]:
        """Names are case-insensitive; of a repeated name the first counts."""
        pairs = parse_qsl(text, keep_blank_values=True) if text else []
        return {name.lower(): value for name, value in reversed(pairs)}

    @property
    def world(self) -> "World":
        return self.server.world

    @cached_property
    def body(self) -> Any:
        if not self.content:
            raise bad_argument("A value is required but was not present in the request.")
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError as error:
            raise bad_argument(f"The body of the request is not valid JSON: {error}") from error

    @property
    def record(self) -> dict[str, Any]:
        """The body, where it must be an object."""
        if not isinstance(self.body, dict):
            raise bad_argument("The body of the request must be a JSON object.")
        return self.body

    @cached_property
    def project(self) -> "Project":
        """The project of the address; an address that needs one and has none does not exist."""
        if "project" not in self.route:
            raise NoRoute
        return self.world.organisation.project(self.route["project"])

    @property
    def project_or_none(self) -> "Project | None":
        return self.project if "project" in self.route else None

    @cached_property
    def team(self) -> "Team":
        """The team of the address; the project's default team when the address names none."""
        return self.project.team(self.route["team"]) if "team" in self.route else self.project.teams[0]

    def number(self, name: str) -> int:
        """A positive whole number of the route; anything else is an address that does not exist."""
        text = self.route[name]
        if not text.isdecimal() or int(text) == 0:
            raise NoRoute
        return int(text)

    def flag(self, name: str) -> bool:
        return self.query.get(name.lower(), "").lower() == "true"

    def whole(self, name: str, default: int) -> int:
        text = self.query.get(name.lower())
        if text is None:
            return default
        if not text.lstrip("-").isdecimal():
            raise bad_argument(f"The value '{text}' is not valid for {name}.")
        return int(text)


type Handler = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`needs` are the route values, beyond project and team, without which it is another endpoint."""

    name: str
    method: str
    location: Location
    handler: Handler
    needs: frozenset[str]
    cost: float


class Endpoints:
    """The endpoints one module answers, in the order they are written."""

    def __init__(self) -> None:
        self.all: list[Endpoint] = []

    def __call__(
        self, method: str, location: Location, *needs: str, name: str, cost: float = 0.014
    ) -> Callable[[Handler], Handler]:
        """Register the decorated function. `name` is how faults and counts call it; `cost` is in TSTU."""

        def register(handler: Handler) -> Handler:
            self.all.append(Endpoint(name, method, location, handler, frozenset(needs), cost))
            return handler

        return register


class Router:
    """Finds the endpoint of a path. Words of the address are case-insensitive; values are decoded."""

    def __init__(self, *modules: Endpoints) -> None:
        self.locations: list[Location] = []
        self._by_head: dict[str, list[tuple[re.Pattern[str], list[Endpoint]]]] = {}
        by_location: dict[str, list[Endpoint]] = {}
        for endpoint in (each for module in modules for each in module.all):
            known = by_location.get(endpoint.location.id)
            if known is None:
                known = by_location[endpoint.location.id] = []
                self.locations.append(endpoint.location)
                group = self._by_head.setdefault(endpoint.location.head(), [])
                group.append((endpoint.location.pattern(), known))
            known.append(endpoint)

    def find(self, method: str, path: str) -> tuple[Endpoint | None, dict[str, str]]:
        """The endpoint and its route values; no endpoint when the address exists for other methods only.

        Raises NoRoute. `path` starts behind the organisation and is still percent-encoded.
        """
        head = path.lower().partition("_apis/")[2].partition("/")[0]
        seen = False
        for pattern, endpoints in self._by_head.get(head, ()):
            if match := pattern.fullmatch(path):
                route = {name: unquote(value) for name, value in match.groupdict().items() if value is not None}
                given = route.keys() - {"project", "team"}
                for endpoint in endpoints:
                    if endpoint.needs == given:
                        seen = True
                        if endpoint.method == method:
                            return endpoint, route
        if not seen:
            raise NoRoute
        return None, {}
