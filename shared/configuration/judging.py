"""What is wrong with a document whose every part is well-formed: names, addresses and rules that do not go together."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

from shared.configuration.document import Configuration, destinations
from shared.configuration.pairs import FieldMapping
from shared.configuration.tokens import host_faults, secret_faults
from shared.configuration.values import NAME_IN_ADDRESS
from shared.faults import Fault
from shared.model import SideName

type Extend = Callable[[str, Mapping[str, str]], object]
type Law = Callable[[FieldMapping], Iterable[Fault]]


def faults_within(
    configuration: Configuration,
    extend: Extend,
    kinds_with_api: Collection[str],
    hosts: Collection[str],
    reserved: Collection[str],
    law: Law,
) -> Iterable[Fault]:
    """Every fault that the document alone shows. The arguments are those of `parse`."""
    yield from _organisation_faults(configuration)
    yield from _route_faults(configuration)
    yield from _destination_faults(configuration)
    yield from _field_faults(configuration, extend)
    yield from _access_faults(configuration, kinds_with_api)
    yield from host_faults(configuration, hosts)
    yield from secret_faults(configuration, reserved)
    yield from _pair_faults(configuration, law)


def _organisation_faults(configuration: Configuration) -> Iterable[Fault]:
    name, organisation = configuration.boards
    if organisation.authentication == "pat" and not organisation.secret:
        yield f"connections.{name}.secret", "name the Key Vault secret that holds the personal access token"


def _route_faults(configuration: Configuration) -> Iterable[Fault]:
    names = [route.name for route in configuration.routes]
    for index, route in enumerate(configuration.routes):
        if names.index(route.name) != index:
            yield f"routes[{index}].name", f"another route is called '{route.name}' already"
        for connection in route.connections or ():
            if connection not in configuration.itsm:
                known = ", ".join(configuration.itsm) or "none"
                yield f"routes[{index}].connections", f"there is no ITSM connection '{connection}': {known}"


def _destination_faults(configuration: Configuration) -> Iterable[Fault]:
    for path, destination in destinations(configuration):
        if not destination.area and not destination.team:
            yield path, "give an area or a team"
        for key in ("area", "iteration"):
            value = getattr(destination, key)
            if key == "iteration" and value == "current":
                continue
            if value and value.split("\\")[0].casefold() != destination.project.casefold():
                project = destination.project
                yield f"{path}.{key}", f"'{value}' is not in project '{project}': write {project}\\…"
        for tag in destination.tags:
            if not tag.strip() or re.search(r"[;,]", tag) or len(tag) > 400:
                yield f"{path}.tags", f"'{tag}' cannot be a tag: no comma, no semicolon, 1 to 400 characters"


def _field_faults(configuration: Configuration, extend: Extend) -> Iterable[Fault]:
    for name, connection in configuration.itsm.items():
        for field, expression in connection.fields.items():
            if not re.fullmatch(r"[a-z][a-z0-9_]*", field):
                fix = "name a field with small letters, digits and underscores"
                yield f"connections.{name}.fields.{field}", fix
            try:
                extend(connection.kind, {field: expression})
            except ValueError as error:
                yield f"connections.{name}.fields.{field}", str(error)


def _access_faults(configuration: Configuration, kinds_with_api: Collection[str]) -> Iterable[Fault]:
    for name, connection in configuration.itsm.items():
        path = f"connections.{name}"
        if connection.access and connection.kind not in kinds_with_api:
            known = ", ".join(sorted(kinds_with_api))
            yield (
                f"{path}.access",
                f"tickets of the kind '{connection.kind}' cannot be read back; only those of {known}",
            )
        if connection.access and not connection.url:
            yield f"{path}.url", "give the product's address: `access` reads tickets there"
        if connection.answers and not connection.access:
            yield f"{path}.access", "give an account of the product: `answers` writes to its tickets with it"
        if (
            (signature := connection.signature)
            and signature.timestamp
            and "{timestamp}" not in (signature.signed or "")
        ):
            yield f"{path}.signature.signed", "put {timestamp} into it, or the moment of signing proves nothing"
        if connection.token and connection.basic and connection.token.header.lower() == "authorization":
            yield f"{path}.token", "a request has one Authorization header: choose `token` or `basic`"


def _pair_faults(configuration: Configuration, law: Law) -> Iterable[Fault]:
    names = Counter(pair.name for pair in configuration.pairs)
    projects = Counter((pair.ppm.connection, pair.ppm.project.casefold()) for pair in configuration.pairs)
    for index, pair in enumerate(configuration.pairs):
        path = f"pairs[{index}]"
        if not NAME_IN_ADDRESS.fullmatch(pair.name):
            yield f"{path}.name", "name a pair with lower-case letters, digits and dashes: it is in the address"
        if names[pair.name] > 1:
            yield f"{path}.name", f"{names[pair.name]} pairs are called '{pair.name}'"
        if pair.ppm.connection not in configuration.ppm:
            known = ", ".join(configuration.ppm) or "none"
            yield f"{path}.ppm.connection", f"there is no PPM connection '{pair.ppm.connection}': {known}"
        if projects[pair.ppm.connection, pair.ppm.project.casefold()] > 1:
            yield f"{path}.ppm.project", f"'{pair.ppm.project}' is in another pair, too: name all projects in one"
        if pair.boards.home is not None and pair.boards.home not in pair.boards.projects:
            known = ", ".join(pair.boards.projects)
            yield f"{path}.boards.home", f"'{pair.boards.home}' is not one of the pair's projects: {known}"
        yield from _mapping_faults(f"{path}.fields", pair.fields, law)


def _mapping_faults(path: str, mappings: Collection[FieldMapping], law: Law) -> Iterable[Fault]:
    names = Counter(mapping.name for mapping in mappings)
    for index, mapping in enumerate(mappings):
        if names[mapping.name] > 1:
            yield f"{path}[{index}].name", f"{names[mapping.name]} fields are called '{mapping.name}'"
        broken = [*_ambiguous(mapping), *law(mapping)] if mapping.active else []
        yield from ((f"{path}[{index}].{where}", fault) for where, fault in broken)


def _ambiguous(mapping: FieldMapping) -> Iterable[Fault]:
    for side in SideName:
        words = Counter(word.casefold() for meant in mapping.values.values() for word in getattr(meant, side))
        yield from (
            ("values", f"{side} says '{word}' for {n} things: one at most") for word, n in words.items() if n > 1
        )
