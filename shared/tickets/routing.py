"""Which team gets a ticket, as what, and why the routes before were passed over.

Routes are tried in order; the first whose every condition holds decides. A ticket that no route wants goes to triage:
nothing is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from shared.configuration import Configuration, Destination, Route

TRIAGE = "triage"


@dataclass(frozen=True, slots=True)
class Decision:
    """The route that took the ticket (`triage` if none did), why, and why each earlier one did not."""

    route: str
    destination: Destination
    why: str
    passed_over: tuple[tuple[str, str], ...]


def decide(fields: Mapping[str, str], connection: str, configuration: Configuration) -> Decision:
    passed_over = []
    for route in configuration.routes:
        objection = _objection(route, fields, connection)
        if objection is None:
            return Decision(route.name, route, _reason(route, fields, connection), tuple(passed_over))
        passed_over.append((route.name, objection))
    why = f"none of {len(passed_over)} routes matched" if passed_over else "there are no routes"
    return Decision(TRIAGE, configuration.triage, why, tuple(passed_over))


def _objection(route: Route, fields: Mapping[str, str], connection: str) -> str | None:
    """The first condition of `route` that does not hold, as a sentence; None if all hold."""
    if route.connections is not None and connection not in route.connections:
        return f"it takes tickets from {_either(route.connections)}, not from '{connection}'"
    for name, patterns in route.when.items():
        patterns = (patterns,) if isinstance(patterns, str) else patterns
        value = fields.get(name)
        if value is None:
            return f"the ticket says nothing of {name}, which must be {_either(patterns)}"
        if not any(_matches(part, pattern) for part in (value, *value.split("; ")) for pattern in patterns):
            return f"{name} is '{value}', not {_either(patterns)}"
    return None


def _matches(value: str, pattern: str) -> bool:
    """`*` and `?` are wildcards; a bracket is a bracket, as in the names of many teams."""
    return fnmatchcase(value.strip().casefold(), pattern.strip().casefold().replace("[", "[[]"))


def _reason(route: Route, fields: Mapping[str, str], connection: str) -> str:
    conditions = [f"{name} is '{fields[name]}'" for name in route.when]
    every = "it takes every ticket" + (f" from '{connection}'" if route.connections is not None else "")
    return " and ".join(conditions) or every


def _either(choices: tuple[str, ...]) -> str:
    return " or ".join(f"'{choice}'" for choice in choices)
