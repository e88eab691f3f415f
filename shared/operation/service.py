"""Promise 4: whoever runs it sees what is configured, which connections work, and what could not be understood."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from shared.configuration import AzureDevOpsConnection, Configuration, Extend, live_faults, parse, projects
from shared.errors import NotFound, Park, Refused, RetryLater, Stale, StopConnection
from shared.model import Quarantined, Team
from shared.ports import Boards, Clock, ConfigurationStore, HealthBoard, Quarantine

NOT_CONFIGURED_RETRY_SECONDS = 60
MOST_QUARANTINED_LISTED = 100


@dataclass(frozen=True, slots=True)
class _Parsed:
    generation: str
    configuration: Configuration


class _Unambiguous(yaml.SafeLoader):
    """YAML without tags, in which a key may stand only once: the second would silently replace the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for (key, _), name in zip(node.value, keys, strict=True):
            if keys.count(name) > 1 and name != "<<":
                raise yaml.constructor.ConstructorError(None, None, f"'{name}' stands there twice", key.start_mark)
        return super().construct_mapping(node, deep)


class OperationService:
    """`boards` makes the connector of an organisation from its connection, whether or not it is in force already."""

    def __init__(
        self,
        *,
        store: ConfigurationStore,
        health: HealthBoard,
        quarantine: Quarantine,
        boards: Callable[[str, AzureDevOpsConnection], Boards],
        itsm_kinds: Collection[str],
        extend: Extend,
        clock: Clock,
    ) -> None:
        self._store = store
        self._health = health
        self._quarantine = quarantine
        self._boards = boards
        self._itsm_kinds = itsm_kinds
        self._extend = extend
        self._clock = clock
        self._parsed: _Parsed | None = None

    def configuration(self) -> tuple[Configuration, str]:
        """The configuration in force and its generation; `RetryLater` while there is none."""
        document, generation = self._store.read()
        if not generation:
            raise RetryLater("nothing is configured yet: PUT /api/configuration", NOT_CONFIGURED_RETRY_SECONDS)
        parsed = self._parsed
        if parsed is None or parsed.generation != generation:
            parsed = self._parsed = _Parsed(generation, parse(document, self._itsm_kinds, self._extend))
        return parsed.configuration, generation

    def configuration_yaml(self) -> tuple[str, str]:
        """The whole configuration as one YAML document, and its generation ("" before the first)."""
        document, generation = self._store.read()
        return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=120), generation

    def replace_configuration(self, text: str, expected: str | None) -> str:
        """Take a YAML document as the configuration, whole or not at all; returns its generation.

        `Refused` lists every fault with its path: of form first, then what only the organisation can tell. `expected`
        is the generation it was edited from; another one in force refuses it (412).
        """
        try:
            document = yaml.load(text, Loader=_Unambiguous)  # noqa: S506 - a SafeLoader
        except yaml.YAMLError as error:
            raise Refused(400, f"this is not YAML: {' '.join(str(error).split())}") from error
        configuration = parse(document, self._itsm_kinds, self._extend)
        if faults := live_faults(configuration, self._live_teams(configuration)):
            raise Refused(400, f"the configuration has {len(faults)} fault(s) and was not taken", faults)
        try:
            return self._store.replace(document, expected)
        except Stale as stale:
            raise Refused(412, "the configuration was changed meanwhile; read it again, then repeat") from stale

    def _live_teams(self, configuration: Configuration) -> Mapping[str, tuple[Team, ...] | None]:
        name, connection = configuration.boards
        boards = self._boards(name, connection)
        live: dict[str, tuple[Team, ...] | None] = {}
        try:
            for project in sorted(projects(configuration)):
                try:
                    live[project] = boards.teams(project)
                except NotFound:
                    live[project] = None
        except (StopConnection, Park) as stop:
            raise Refused(
                400,
                "the configuration could not be held against the organisation",
                [(f"connections.{name}", stop.reason)],
            ) from stop
        return live

    def connections(self) -> list[dict[str, Any]]:
        """Each connection and whether it works, waits or is stopped, with the reason."""
        configuration, _ = self.configuration()
        return [
            {"name": name, "kind": connection.kind, **self._condition(name)}
            for name, connection in configuration.connections.items()
        ]

    def _condition(self, name: str) -> dict[str, Any]:
        health = self._health.read(name)
        if health.stopped:
            since = health.stopped_at.isoformat() if health.stopped_at else None
            return {"state": "stopped", "reason": health.stopped, "since": since}
        if health.paused_until and health.paused_until > self._clock():
            return {"state": "paused", "reason": "it asked us to wait", "until": health.paused_until.isoformat()}
        return {"state": "open"}

    def quarantined(self) -> list[dict[str, Any]]:
        """The newest bodies in which no ticket was found: what was looked for, and the body as it came."""
        return [_shown(item) for item in self._quarantine.list(MOST_QUARANTINED_LISTED)]


def _shown(item: Quarantined) -> dict[str, Any]:
    return {
        "id": item.id,
        "connection": item.connection,
        "received_at": item.received_at.isoformat(),
        "reason": item.reason,
        "looked_for": [{"path": path, "fix": fix} for path, fix in item.faults],
        "body": item.body.decode("utf-8", errors="replace"),
    }
