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


class ConnectionShown(Shape):
    name: str
    kind: str
    url: str | None
    authentication: Literal["pat", "managed_identity", "token", "basic"] | None
    """How we sign in there; null where we do not."""
    secret: str | None
    """The name of the secret in Key Vault, where there is one."""


class OpenConnection(ConnectionShown):
    state: Literal["open"]


class PausedConnection(ConnectionShown):
    """It asked to be left alone for a while."""

    state: Literal["paused"]
    reason: str
    until: Moment


class StoppedConnection(ConnectionShown):
    """Nothing works on it until a person acts."""

    state: Literal["stopped"]
    reason: str
    since: Moment | None


type Connection = OpenConnection | PausedConnection | StoppedConnection


class Connections(Shape):
    connections: list[Connection]


class CheckedItem(Shape):
    item: str
    """What is needed."""
    ok: bool | None
    """Null where nobody can tell."""
    reason: str
    fix: str
    """What to do about it; empty if it is well."""


class CheckedConnection(Shape):
    """Whether a connection has all that it needs."""

    name: str
    ok: bool
    """False if any item is."""
    items: list[CheckedItem]


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
