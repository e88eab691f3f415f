"""A document becomes a configuration, or is refused with every fault found."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from shared.configuration.connections import (
    AZURE_DEVOPS,
    PPM_KINDS,
    AzureDevOpsConnection,
    ItsmConnection,
    PpmConnection,
)
from shared.configuration.document import Configuration
from shared.configuration.judging import Extend, Law, faults_within
from shared.configuration.pairs import FieldMapping
from shared.configuration.values import NAME_IN_ADDRESS, Model
from shared.errors import Refused
from shared.faults import Fault, faults_of


def _lawful(mapping: FieldMapping) -> Iterable[Fault]:
    return ()


def parse(
    document: Any,
    itsm_kinds: Collection[str],
    extend: Extend,
    kinds_with_api: Collection[str] = (),
    *,
    hosts: Collection[str] = (),
    reserved: Collection[str] = (),
    law: Law = _lawful,
) -> Configuration:
    """The configuration in `document`, or `Refused` (400) with every fault found.

    `itsm_kinds` are the presets there are, `kinds_with_api` those of products that we can read and answer; `extend`
    tries a preset with a connection's own fields. `hosts` are patterns of those that may be called besides the
    vendors' own, `reserved` the secrets that no connection may name; `law` tells what is wrong with the value map of a
    field.
    """
    if not isinstance(document, Mapping):
        raise Refused(400, "the configuration is a mapping with connections, teams, routes, triage and pairs")
    connections, faults = _connections(document.get("connections"), itsm_kinds)
    try:
        configuration = Configuration.model_validate({**document, "connections": connections})
    except ValidationError as error:
        faults += faults_of(error)
    else:
        faults = faults or list(faults_within(configuration, extend, kinds_with_api, hosts, reserved, law))
    if faults:
        raise Refused(400, f"the configuration has {len(faults)} fault(s) and was not taken", sorted(set(faults)))
    return configuration


def _connections(given: Any, itsm_kinds: Collection[str]) -> tuple[Any, list[Fault]]:
    """Each connection as the model of its kind, so that its faults speak of that kind alone, and those faults."""
    if not isinstance(given, Mapping):
        return given, []
    models, faults = {}, []
    kinds = {name: c.get("kind") if isinstance(c, Mapping) else None for name, c in given.items()}
    for name, connection in given.items():
        if not isinstance(name, str) or not NAME_IN_ADDRESS.fullmatch(name):
            fix = (
                "name a connection with lower-case letters, digits and dashes, a number in quotes: it is in the address"
            )
            faults.append((f"connections.{name}", fix))
        if kinds[name] not in (None, AZURE_DEVOPS, *itsm_kinds, *PPM_KINDS):
            known = ", ".join([AZURE_DEVOPS, *sorted(itsm_kinds), *PPM_KINDS])
            faults.append((f"connections.{name}.kind", f"'{kinds[name]}' is not a known kind: {known}"))
        try:
            models[str(name)] = _model_of(kinds[name]).model_validate(connection)
        except ValidationError as error:
            faults += faults_of(error, "connections", name)
    if (count := list(kinds.values()).count(AZURE_DEVOPS)) != 1:
        fix = f"exactly one connection of kind {AZURE_DEVOPS} is needed, here are {count}"
        faults.append(("connections", fix))
    return models, faults


def _model_of(kind: object) -> type[Model]:
    if kind == AZURE_DEVOPS:
        return AzureDevOpsConnection
    return PpmConnection if kind in PPM_KINDS else ItsmConnection
