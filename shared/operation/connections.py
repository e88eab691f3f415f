"""Connections one by one: made, checked, rotated and taken away by an operator, and how each of them stands.

Separate from the configuration as a whole because a token comes with them, which goes into Key Vault and nowhere else.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.configuration import (
    AZURE_DEVOPS,
    PPM_KINDS,
    AzureDevOpsConnection,
    Configuration,
    ItsmConnection,
    PpmConnection,
)
from shared.errors import Park, Refused
from shared.faults import Fault
from shared.model import ADDRESS, TOKEN, Health, Requirement
from shared.operation.service import NOT_CONFIGURED, OperationService
from shared.ports import Clock, HealthBoard, Probe, Secrets

LONGEST_TOKEN = 4096  # characters; those of the products have some hundreds at most
FIRST = (
    "a connection is part of a configuration, and there is none yet: set its token as a secret in Key Vault by hand, "
    "name the secret in the first configuration, and PUT that to /api/configuration; it needs a connection of kind "
    f"{AZURE_DEVOPS} and a triage"
)
NOTHING_TO_ASK = Requirement(ADDRESS, None, "the product pushes its tickets, and nothing is asked of it")

type Connection = AzureDevOpsConnection | PpmConnection | ItsmConnection
type Document = Mapping[str, Any]


class Connections:
    """`probe` makes what asks the product of a connection whether all that it needs holds; None where nothing does."""

    def __init__(
        self,
        operation: OperationService,
        secrets: Secrets,
        health: HealthBoard,
        probe: Callable[[str, Configuration], Probe | None],
        clock: Clock,
    ) -> None:
        self._operation = operation
        self._secrets = secrets
        self._health = health
        self._probe = probe
        self._clock = clock

    # ---------------------------------------------------------------- what there is

    def all(self) -> list[dict[str, Any]]:
        """Each connection, and whether it works, waits or is stopped, with the reason."""
        configuration, _ = self._operation.configuration()
        return [self._shown(name, connection) for name, connection in configuration.connections.items()]

    def one(self, name: str) -> dict[str, Any]:
        """`Refused` (404) where there is none of that name."""
        configuration, _ = self._operation.configuration()
        return self._shown(name, _among(configuration.connections, name))

    def check(self, name: str) -> dict[str, Any]:
        """Whether all that it needs holds, item by item, asked of the product now.

        `ok` of the whole is false if any item is; an item is null where nobody can tell. A stopped connection that lets
        us in again is open from now on.
        """
        configuration, _ = self._operation.configuration()
        _among(configuration.connections, name)
        probe = self._probe(name, configuration)
        items = probe.probe() if probe else (NOTHING_TO_ASK,)
        if {ADDRESS, TOKEN} <= {each.item for each in items if each.ok} and self._health.read(name).stopped:
            self._health.write(name, Health())
        return {
            "name": name,
            "ok": all(each.ok is not False for each in items),
            "items": [
                {"item": each.item, "ok": each.ok, "reason": each.reason, "fix": "" if each.ok else each.fix}
                for each in items
            ],
        }

    # ---------------------------------------------------------------- what is changed

    def put(self, name: str, given: Document, expected: str | None) -> dict[str, Any]:
        """Make the connection what `given` says, its token apart; without `token`, the secret stays as it is.

        First all faults that can be seen here, then the token, then the configuration: what is in force never names a
        secret that was not set, and whatever happens in between, the same request again completes it. `expected` is the
        generation it was edited from; another one in force refuses it (412).
        """
        document, generation = self._document()
        known = document["connections"].get(name, {})
        given, token = _apart(given)
        wanted = _with_secret(given, known, name)
        changed = {**document, "connections": {**document["connections"], name: wanted}}
        try:
            connection = self._operation.parse(changed).connections[name]
            _, secret = _credential(connection)
            with self._token_in_place(secret, token):
                if wanted != known:  # else it is a rotation alone, which asks nothing of the rest
                    self._operation.replace(changed, expected or generation)
        except Refused as refused:
            raise _of_body(refused, name) from refused
        return self._shown(name, connection)

    @contextmanager
    def _token_in_place(self, secret: str | None, token: str | None) -> Iterator[None]:
        """Sets the secret; the token that was there before is put back if what goes on with the new one is refused."""
        before = self._kept(secret) if secret else None
        if secret is None and token is not None:
            raise _refused("nothing here signs in with a token: leave it out, or say who signs in")
        if secret is not None and (token or before) is None:
            raise _refused(f"the secret '{secret}' is not in Key Vault yet: give the token")
        if secret and token:
            self._secrets.set(secret, token)
        try:
            yield
        except Refused:
            if secret and token and before:
                self._secrets.set(secret, before)
            raise

    def _kept(self, secret: str) -> str | None:
        """The value of a secret now; None where there is none that can be used."""
        try:
            return self._secrets.refresh(secret).value
        except Park:
            return None

    def delete(self, name: str, expected: str | None) -> None:
        """`Refused` (409) names everything that needs it. Its secret stays in Key Vault."""
        document, generation = self._document()
        configuration, _ = self._operation.configuration()
        connection = _among(configuration.connections, name)
        if needed := list(_needed(name, connection, configuration)):
            raise Refused(409, f"the connection '{name}' is needed", needed)
        left = {key: value for key, value in document["connections"].items() if key != name}
        self._operation.keep({**document, "connections": left}, expected or generation)

    def _document(self) -> tuple[Document, str]:
        document, generation = self._operation.document()
        if not generation:
            raise Refused(409, NOT_CONFIGURED, [("", FIRST)])
        return document, generation

    # ---------------------------------------------------------------- how it is shown

    def _shown(self, name: str, connection: Connection) -> dict[str, Any]:
        authentication, secret = _credential(connection)
        return {
            "name": name,
            "kind": connection.kind,
            "url": connection.url,
            "authentication": authentication,
            "secret": secret,
            **self._condition(name),
        }

    def _condition(self, name: str) -> dict[str, Any]:
        health = self._health.read(name)
        if health.stopped:
            since = health.stopped_at.isoformat() if health.stopped_at else None
            return {"state": "stopped", "reason": health.stopped, "since": since}
        if health.paused_until and health.paused_until > self._clock():
            return {"state": "paused", "reason": "it asked us to wait", "until": health.paused_until.isoformat()}
        return {"state": "open"}


def _among(connections: Mapping[str, Connection], name: str) -> Connection:
    if name not in connections:
        raise Refused(404, f"there is no connection '{name}': {', '.join(connections)}")
    return connections[name]


def _credential(connection: Connection) -> tuple[str | None, str | None]:
    """How we authenticate, and the name of the secret; nothing of either where we do not."""
    if isinstance(connection, AzureDevOpsConnection):
        return connection.authentication, connection.secret
    if isinstance(connection, PpmConnection):
        return "token", connection.secret
    if connection.access is None:
        return None, None
    return "basic" if connection.access.user else "token", connection.access.secret


def _apart(given: Document) -> tuple[Document, str | None]:
    """The connection as the configuration has it, and the token, if `token` is one.

    Of an ITSM product, a mapping called `token` is what its pushes bring, and stays.
    """
    token = given.get("token")
    if token is None or isinstance(token, Mapping):
        return given, None
    if not isinstance(token, str) or not token.strip() or not token.strip().isprintable() or len(token) > LONGEST_TOKEN:
        raise _refused("write the token as one line of text")
    return {key: value for key, value in given.items() if key != "token"}, token.strip()


def _with_secret(wanted: Document, known: Document, name: str) -> Document:
    """With the secret of our account named, where there is one: as it was, or else like the connection."""
    if wanted.get("kind") in (AZURE_DEVOPS, *PPM_KINDS):
        if wanted.get("authentication") == "managed_identity":
            return wanted
        return {"secret": known.get("secret") or name} | dict(wanted)
    access = wanted.get("access")
    if not isinstance(access, Mapping):
        return wanted
    return {**wanted, "access": {"secret": (known.get("access") or {}).get("secret") or name} | dict(access)}


def _needed(name: str, connection: Connection, configuration: Configuration) -> Iterator[Fault]:
    """Everything that names the connection, by its path in the configuration."""
    if isinstance(connection, AzureDevOpsConnection):
        yield f"connections.{name}", "it is the one of the boards: PUT another in its place"
    for index, route in enumerate(configuration.routes):
        if name in (route.connections or ()):
            yield f"routes[{index}].connections", f"the route '{route.name}' is for its tickets: change the route"
    for index, pair in enumerate(configuration.pairs):
        if pair.ppm.connection == name:
            yield f"pairs[{index}].ppm.connection", f"the pair '{pair.name}' is kept in step by it: end the pair"


def _refused(fix: str) -> Refused:
    return Refused(400, "the connection was not taken", [("token", fix)])


def _of_body(refused: Refused, name: str) -> Refused:
    """The same with the paths that are within the connection as they are in the body."""
    faults = [(path.removeprefix(f"connections.{name}."), fix) for path, fix in refused.faults]
    return Refused(refused.status, refused.reason, faults)
