"""The configuration, the connections in it, and what came through them that nobody understands."""

from typing import Literal

from shared.configuration import Configuration
from shared.operation.api.answers.common import Fault, Moment, Shape


class NothingConfigured(Shape):
    """Before the first configuration."""


type ConfigurationInForce = Configuration | NothingConfigured


class ConfigurationTaken(Shape):
    generation: str
    """To be given as `If-Match` with the next change."""
    tickets_looked_at_again: int


class Checked(Shape):
    """A configuration held against the organisation."""

    ok: bool
    checked: Literal["the configuration in force", "the document"]
    generation: str
    """That of the configuration in force, whichever was checked."""
    faults: list[Fault]
    warnings: list[Fault]


class OpenConnection(Shape):
    name: str
    kind: str
    state: Literal["open"]


class PausedConnection(Shape):
    """It asked to be left alone for a while."""

    name: str
    kind: str
    state: Literal["paused"]
    reason: str
    until: Moment


class StoppedConnection(Shape):
    """Nothing works on it until a person acts."""

    name: str
    kind: str
    state: Literal["stopped"]
    reason: str
    since: Moment | None


class Connections(Shape):
    connections: list[OpenConnection | PausedConnection | StoppedConnection]


class UnmappedWord(Shape):
    field: str
    value: str
    tickets: int


class Unmapped(Shape):
    unmapped: list[UnmappedWord]
    """Those of the most tickets first."""


class QuarantinedBody(Shape):
    id: str
    connection: str
    received_at: Moment
    reason: str
    looked_for: list[Fault]
    """The expressions that were looked for, by the fields they were to find."""
    body: str


class Quarantine(Shape):
    quarantine: list[QuarantinedBody]
    """The newest first."""
