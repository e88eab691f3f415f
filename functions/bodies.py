"""A JSON body taken apart, name by name; what is wrong with it is told by the name."""

import json
from collections.abc import Collection
from typing import Any

import azure.functions as func

from shared.errors import Refused


class Body:
    """The object in a request's body, which may hold `names` and nothing else. An empty body is an empty object."""

    def __init__(self, req: func.HttpRequest, *names: str) -> None:
        self._values = whole(req)
        if unknown := [name for name in self._values if name not in names]:
            raise _refused(*((name, f"this is not known here: {', '.join(names)}") for name in unknown))

    def text(self, name: str, default: str | None = None) -> str:
        value = self._values.get(name, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise _refused((name, "a text is needed"))
        return value

    def one_of(self, name: str, choices: Collection[str], default: str | None = None) -> str:
        value = self._values.get(name, default)
        if value not in choices:
            raise _refused((name, f"choose one of {', '.join(choices)}"))
        return str(value)

    def texts(self, name: str) -> list[str]:
        """A list that must be there and have something in it."""
        found = self.some_texts(name)
        if not found:
            raise _refused((name, "a list is needed with at least one entry"))
        return found

    def some_texts(self, name: str) -> list[str] | None:
        """A list of texts; None where it is not there."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise _refused((name, "write a list of texts"))
        return value

    def some_whole(self, name: str) -> int | None:
        """A whole number from 0; None where it is not there."""
        value = self._values.get(name)
        if value is None or (type(value) is int and value >= 0):
            return value
        raise _refused((name, "write a whole number from 0"))

    def one_or_more(self, name: str) -> list[str]:
        """A text, or a list of texts; none where it is not there."""
        value = self._values.get(name)
        return [value] if isinstance(value, str) and value else self.some_texts(name) or []

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._values.get(name, {})
        if not isinstance(value, dict):
            raise _refused((name, "write an object of names and values"))
        return value

    def get(self, name: str) -> Any:
        return self._values.get(name)


def whole(req: func.HttpRequest) -> dict[str, Any]:
    """The object in a request's body, whatever its names."""
    body = req.get_body()
    try:
        value = json.loads(body.decode("utf-8-sig")) if body.strip() else {}
    except ValueError as error:
        raise Refused(400, f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Refused(400, "the body is a JSON object")
    return value


def flag(req: func.HttpRequest, name: str) -> bool | None:
    """`?name=true` or `=false`; None where it is not in the address."""
    given = req.params.get(name)
    if given is None or given in ("true", "false"):
        return None if given is None else given == "true"
    raise _refused((name, "write true or false"))


def text(req: func.HttpRequest, name: str) -> str:
    if given := req.params.get(name, "").strip():
        return given
    raise _refused((name, "a text is needed"))


def choice(req: func.HttpRequest, name: str, choices: Collection[str]) -> str:
    given = req.params.get(name, "")
    if given in choices:
        return given
    raise _refused((name, f"choose one of {', '.join(choices)}"))


def number(req: func.HttpRequest, name: str, default: int, most: int) -> int:
    given = req.params.get(name, str(default))
    if given.isascii() and given.isdecimal() and 1 <= int(given) <= most:
        return int(given)
    raise _refused((name, f"write a number from 1 to {most}"))


def _refused(*faults: tuple[str, str]) -> Refused:
    return Refused(400, "the request cannot be taken", faults)
