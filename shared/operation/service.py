"""Promise 4: whoever runs it sees what is configured, and what could not be understood."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from shared.configuration import AzureDevOpsConnection, Configuration, Extend, Law, destinations, parse
from shared.errors import Park, Refused, RetryLater, Stale, StopConnection
from shared.faults import Fault
from shared.model import Quarantined
from shared.operation import check
from shared.places import PlaceMemory
from shared.ports import Boards, ConfigurationStore, Quarantine

NOT_CONFIGURED = "nothing is configured yet: PUT /api/configuration"
NOT_CONFIGURED_RETRY_SECONDS = 60
MOST_QUARANTINED_LISTED = 100


@dataclass(frozen=True, slots=True)
class _Parsed:
    generation: str
    configuration: Configuration


@dataclass(frozen=True, slots=True)
class Judged:
    """A document that may become the configuration, and the organisation that it was held against."""

    document: Mapping[str, Any]
    configuration: Configuration
    boards: Boards


class _Unambiguous(yaml.SafeLoader):
    """YAML without tags, in which a key may stand only once: the second would silently replace the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for (key, _), name in zip(node.value, keys, strict=True):
            if keys.count(name) > 1 and name != "<<":
                raise yaml.constructor.ConstructorError(None, None, f"'{name}' stands there twice", key.start_mark)
        return super().construct_mapping(node, deep)


class OperationService:
    """`boards` makes the connector of an organisation from its connection, whether or not it is in force already.

    `itsm_kinds` are the presets there are, `kinds_with_api` those whose tickets can be read back; `categories` are, by
    a ticket's status, the state categories of which a work item type needs one.

    `hosts` and `reserved` are as `parse` takes them, `law` is that of value maps; `pairs` tells what is wrong with the
    pairs of a configuration, from what both of their sides say and what is linked; `taken` is called with every
    configuration that was put in force.
    """

    def __init__(
        self,
        *,
        store: ConfigurationStore,
        quarantine: Quarantine,
        boards: Callable[[str, AzureDevOpsConnection], Boards],
        itsm_kinds: Collection[str],
        kinds_with_api: Collection[str],
        extend: Extend,
        hosts: Collection[str],
        reserved: Collection[str],
        law: Law,
        pairs: Callable[[Configuration], Iterable[Fault]],
        taken: Callable[[Configuration], None],
        places: PlaceMemory,
        categories: check.Categories,
    ) -> None:
        self._store = store
        self._quarantine = quarantine
        self._boards = boards
        self._itsm_kinds = itsm_kinds
        self._kinds_with_api = kinds_with_api
        self._extend = extend
        self._hosts = hosts
        self._reserved = reserved
        self._law = law
        self._pairs = pairs
        self._taken = taken
        self._places = places
        self._categories = categories
        self._parsed: _Parsed | None = None

    def configuration(self) -> tuple[Configuration, str]:
        """The configuration in force and its generation; `RetryLater` while there is none."""
        document, generation = self._store.read()
        if not generation:
            raise RetryLater(NOT_CONFIGURED, NOT_CONFIGURED_RETRY_SECONDS)
        parsed = self._parsed
        if parsed is None or parsed.generation != generation:
            parsed = self._parsed = _Parsed(generation, self.parse(document))
        return parsed.configuration, generation

    def parse(self, document: Any) -> Configuration:
        """The configuration in a document; `Refused` lists every fault that needs no organisation to be seen."""
        return parse(
            document,
            self._itsm_kinds,
            self._extend,
            self._kinds_with_api,
            hosts=self._hosts,
            reserved=self._reserved,
            law=self._law,
        )

    def configuration_yaml(self) -> tuple[str, str]:
        """The whole configuration as one YAML document, and its generation ("" before the first)."""
        document, generation = self._store.read()
        return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=120), generation

    def document(self) -> tuple[Mapping[str, Any], str]:
        """The configuration's document as it is at this moment, to be edited, and its generation; ({}, "") before the
        first."""
        return self._store.read(fresh=True)

    def replace_configuration(self, text: str, expected: str | None) -> str:
        """Take a YAML document as the configuration; another generation than `expected` in force refuses it (412)."""
        return self.replace(_document(text), expected)

    def replace(self, document: Any, expected: str | None) -> str:
        """As `replace_configuration`, of the document that the text stands for."""
        judged = self.judged(document)
        with _unless_changed():
            return self.take(judged, expected)

    def keep(self, document: Mapping[str, Any], expected: str | None) -> str:
        """Put a document that is known to be good in force, and return its generation."""
        with _unless_changed():
            return self._store.replace(document, expected)

    def take(self, judged: Judged, expected: str | None) -> str:
        """Put a document in place, whole or not at all; returns its generation.

        `Stale` if `expected` is given and is not the generation in force.
        """
        for _, place in destinations(judged.configuration):
            if place.team:
                live = {team.id: team.name for team in judged.boards.teams(place.project)}
                self._places.locate("team", place.project, place.team, live)
            if place.area:  # from now on it is known wherever it moves
                self._places.locate("area", place.project, place.area, judged.boards.areas(place.project))
        generation = self._store.replace(judged.document, expected)
        self._taken(judged.configuration)
        return generation

    def judged(self, document: Any) -> Judged:
        """The document as one that may become the configuration; changes nothing.

        `Refused` lists every fault with its path: of form first, then what only the organisation can tell.
        """
        configuration = self.parse(document)
        name, connection = configuration.boards
        boards = self._boards(name, connection)
        try:
            teams = check.look_at_teams(boards, configuration)
        except (StopConnection, Park) as stop:
            faults = [(f"connections.{name}", stop.reason)]
            raise Refused(400, "the configuration could not be held against the organisation", faults) from stop
        if faults := [*check.placement_faults(configuration, teams), *self._pairs(configuration)]:
            raise Refused(400, f"the configuration has {len(faults)} fault(s) and was not taken", faults)
        return Judged(document, configuration, boards)

    def check_configuration(self, text: str | None) -> dict[str, Any]:
        """Hold a YAML document, or the configuration in force, against the organisation as it is; changes nothing.

        `generation` is that of the configuration in force, whichever was checked.
        """
        document, generation = self._store.read()
        try:
            if text is None and not generation:
                raise Refused(400, NOT_CONFIGURED)
            document = document if text is None else _document(text)
            findings = self._findings(self.parse(document))
        except Refused as refused:
            findings = [check.Finding(path, fix) for path, fix in refused.faults or [("", refused.reason)]]
        faults = [(each.path, each.fix) for each in findings if not each.warning]
        warnings = [(each.path, each.fix) for each in findings if each.warning]
        return {
            "ok": not faults,
            "checked": "the configuration in force" if text is None else "the document",
            "generation": generation,
            "faults": _listed(faults),
            "warnings": _listed(warnings),
        }

    def _findings(self, configuration: Configuration) -> list[check.Finding]:
        name, connection = configuration.boards
        try:
            organisation = check.look(self._boards(name, connection), self._places, configuration)
        except (StopConnection, RetryLater, Park) as failure:
            return [check.Finding(f"connections.{name}", failure.reason)]
        found = check.check(configuration, organisation, self._categories)
        return [*found, *(check.Finding(path, fix) for path, fix in self._pairs(configuration))]

    def quarantined(self) -> list[dict[str, Any]]:
        """The newest bodies in which no ticket was found: what was looked for, and the body as it came."""
        return [_shown(item) for item in self._quarantine.list(MOST_QUARANTINED_LISTED)]


@contextmanager
def _unless_changed() -> Iterator[None]:
    try:
        yield
    except Stale as stale:
        raise Refused(412, "the configuration was changed meanwhile; read it again, then repeat") from stale


def _document(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Unambiguous)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:  # PyYAML raises them all
        raise Refused(400, f"this is not YAML: {' '.join(str(error).split())}") from error


def _listed(faults: Iterable[Fault]) -> list[dict[str, str]]:
    return [{"path": path, "fix": fix} for path, fix in faults]


def _shown(item: Quarantined) -> dict[str, Any]:
    return {
        "id": item.id,
        "connection": item.connection,
        "received_at": item.received_at.isoformat(),
        "reason": item.reason,
        "looked_for": _listed(item.faults),
        "body": item.body.decode("utf-8", errors="replace"),
    }
