"""The whole document, and what is asked of it."""

from collections.abc import Mapping

from shared.configuration.connections import AzureDevOpsConnection, ItsmConnection, PpmConnection
from shared.configuration.pairs import Pair
from shared.configuration.routes import Destination, Route, TeamAudience
from shared.configuration.values import Model


class Configuration(Model):
    connections: Mapping[str, AzureDevOpsConnection | PpmConnection | ItsmConnection]
    teams: tuple[TeamAudience, ...] = ()
    routes: tuple[Route, ...] = ()
    triage: Destination
    pairs: tuple[Pair, ...] = ()

    @property
    def boards(self) -> tuple[str, AzureDevOpsConnection]:
        """The one Azure DevOps organisation and its connection's name."""
        return next((n, c) for n, c in self.connections.items() if isinstance(c, AzureDevOpsConnection))

    @property
    def comments(self) -> str:
        """The most that any destination copies of comments: `none`, `public` or `all`."""
        copied = {destination.comments for _, destination in destinations(self)}
        return max(copied, key=("none", "public", "all").index)

    @property
    def projects(self) -> tuple[str, ...]:
        """Every Azure DevOps project that is spoken of, where tickets go first."""
        paired = (project for pair in self.pairs for project in pair.boards.projects)
        return tuple(dict.fromkeys((*(place.project for _, place in destinations(self)), *paired)))

    @property
    def itsm(self) -> dict[str, ItsmConnection]:
        return {name: c for name, c in self.connections.items() if isinstance(c, ItsmConnection)}

    @property
    def ppm(self) -> dict[str, PpmConnection]:
        return {name: c for name, c in self.connections.items() if isinstance(c, PpmConnection)}

    def pair(self, name: str) -> Pair | None:
        return next((pair for pair in self.pairs if pair.name == name), None)


def destinations(configuration: Configuration) -> list[tuple[str, Destination]]:
    """Every place where a ticket can go, with its path in the document."""
    routes = [(f"routes[{index}]", route) for index, route in enumerate(configuration.routes)]
    return [*routes, ("triage", configuration.triage)]
