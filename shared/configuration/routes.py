"""Where tickets go and as what, and which teams are to see them there."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from shared.configuration.values import Model, Name, Priority

Audience = Literal["technical", "project"]


class TeamAudience(Model):
    """Says that a team is not a technical one. Teams that are not listed are technical."""

    project: str
    team: str
    audience: Audience


class Destination(Model):
    """Where a ticket goes and as what. `area` or `team` must be given; a team means its default area.

    `iteration` is a path, or `current` for the team's current iteration at the time of creation. `comments` says which
    of a ticket's comments are copied; without `confidential`, nothing that a confidential ticket says is.
    """

    project: Name
    team: Name | None = None
    area: Name | None = None
    type: Name
    iteration: Name | None = None
    parent: int | None = Field(default=None, gt=0)
    tags: tuple[str, ...] = ()
    priorities: Mapping[str, Priority] = {}
    comments: Literal["none", "public", "all"] = "public"
    confidential: bool = False


class Route(Destination):
    """The first route whose every condition holds takes the ticket.

    `when` maps a ticket field to a pattern or list of patterns: case does not matter, `*` and `?` are wildcards.
    """

    name: str
    connections: tuple[str, ...] | None = None
    when: Mapping[str, str | Annotated[tuple[str, ...], Field(min_length=1)]] = {}
    audience: Audience = "technical"
