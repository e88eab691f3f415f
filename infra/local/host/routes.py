"""Route templates: `items/{id:int}`, `files/{*path}`, `ppm/{project?}`, matched as ASP.NET does for the real host.

A path is matched without regard to case; the most specific template wins; `%2F` in a path stays as it is, so that it
never splits a parameter. A method that a function does not take is simply not its route: the answer is 404, not 405.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from infra.local.host.settings import Refusal
from infra.local.host.worker import Function

CONSTRAINTS = {
    "": r"[^/]+",
    "alpha": r"[A-Za-z]+",
    "bool": r"true|false",
    "guid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "int": r"-?\d{1,10}",
    "long": r"-?\d{1,19}",
}
_PARAMETER = re.compile(r"\{(?P<rest>\*?)(?P<name>\w+)(?::(?P<constraint>\w+))?(?P<optional>\??)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """The path and methods that lead to one HTTP function; no methods means all of them."""

    function: Function
    pattern: re.Pattern[str]
    methods: frozenset[str]
    precedence: tuple[int, ...]

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The route's parameters when it takes this request, else None; absent optional ones are left out."""
        if self.methods and method not in self.methods:
            return None
        found = self.pattern.fullmatch(path)
        return found and {name: value for name, value in found.groupdict().items() if value is not None}


def routes_of(functions: tuple[Function, ...], prefix: str) -> tuple[Route, ...]:
    """The routes of the HTTP functions, most specific first; a `Refusal` names two that cannot be told apart."""
    routes = sorted((_route(f, prefix) for f in functions if f.triggered_by("http")), key=lambda r: r.precedence)
    for number, route in enumerate(routes):
        for other in routes[:number]:
            if _shape(route) == _shape(other) and _share_a_method(route, other):
                raise Refusal(
                    f"{other.function.name} and {route.function.name} have the same route "
                    f"{route.function.trigger.get('route', route.function.name)!r}: give one another route or method"
                )
    return tuple(routes)


def decoded(raw_path: str) -> str:
    """The path with its escapes resolved, except `%2F`."""
    return "".join(
        part if number % 2 else unquote(part) for number, part in enumerate(re.split(r"(?i)(%2f)", raw_path))
    )


def _route(function: Function, prefix: str) -> Route:
    template = (function.trigger.get("route") or function.name).strip("/")
    segments = [segment for segment in f"{prefix}/{template}".split("/") if segment]
    if segments[0].lower() in ("admin", "runtime"):
        raise Refusal(f"{function.name}: the route {template!r} conflicts with the host's own /{segments[0]} endpoints")
    pattern, precedence = "", []
    for segment in segments:
        part, rank = _segment(segment, function)
        pattern += part
        precedence.append(rank)
    methods = frozenset(str(method).upper() for method in function.trigger.get("methods") or ())
    return Route(function, re.compile(f"{pattern}/?", re.IGNORECASE), methods, tuple(precedence))


def _segment(segment: str, function: Function) -> tuple[str, int]:
    """The pattern of one segment and its rank: the lower, the more specific."""
    if "{" not in segment:
        return "/" + re.escape(segment), 0
    parameter = _PARAMETER.fullmatch(segment)
    constraint = (parameter and parameter["constraint"]) or ""
    if parameter is None or constraint not in CONSTRAINTS:
        known = ", ".join(filter(None, CONSTRAINTS))
        raise Refusal(
            f"{function.name}: this host cannot match the route segment {segment!r}; "
            f"write {{name}}, {{name?}}, {{*name}} or {{name:constraint}} with one of {known}"
        )
    name = parameter["name"]
    if parameter["rest"]:
        return f"(?:/(?P<{name}>.*))?", 3
    value = f"/(?P<{name}>{CONSTRAINTS[constraint]})"
    return (f"(?:{value})?" if parameter["optional"] else value), 1 if constraint else 2


def _shape(route: Route) -> str:
    return re.sub(r"\?P<\w+>", "", route.pattern.pattern).lower()


def _share_a_method(one: Route, other: Route) -> bool:
    return not one.methods or not other.methods or bool(one.methods & other.methods)
