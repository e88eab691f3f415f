"""The language in which presets say where things are: JMESPath, and functions for how ITSM products write them.

    shown(x)  stored(x)  reference(x)      a ServiceNow field or Jira object: for people, as kept, as identifier
    prose(x)                               plain text of rich text
    milliseconds(x)                        a moment, however written, since 1970
    segment(url, 'issue')                  the part of a URL's path after that one
    before(text, '/rest/')                 the text before a mark
    letters(text)                          the letters that a number begins with: INC of INC0010002
    unless(x, 'Nobody')                    x, or empty where it equals that

All of them answer null for what they cannot read. Separate so that a connection's own expressions are checked when the
configuration is read, with the place of the mistake, and not on the first ticket.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import jmespath
from jmespath.exceptions import EmptyExpressionError, JMESPathError
from jmespath.functions import Functions, signature
from jmespath.parser import ParsedResult

from shared.tickets import notation

ANY: dict[str, list[str]] = {"types": []}


class _Functions(Functions):
    """Found by JMESPath under their names without `_func_`."""

    @signature(ANY)
    def _func_shown(self, value: Any) -> Any:
        return notation.shown(value)

    @signature(ANY)
    def _func_stored(self, value: Any) -> Any:
        return notation.stored(value)

    @signature(ANY)
    def _func_reference(self, value: Any) -> Any:
        return notation.reference(value)

    @signature(ANY)
    def _func_prose(self, value: Any) -> Any:
        return notation.prose(value)

    @signature(ANY)
    def _func_milliseconds(self, value: Any) -> int | None:
        return notation.milliseconds(value)

    @signature(ANY, ANY)
    def _func_segment(self, url: Any, name: Any) -> str | None:
        match = re.search(rf"/{re.escape(str(name))}/([^/?#]+)", url) if isinstance(url, str) else None
        return match[1] if match else None

    @signature(ANY, ANY)
    def _func_before(self, value: Any, mark: Any) -> str | None:
        return value.split(mark, 1)[0] if isinstance(value, str) and mark and str(mark) in value else None

    @signature(ANY)
    def _func_letters(self, value: Any) -> str | None:
        match = re.match(r"[A-Za-z]+", value) if isinstance(value, str) else None
        return match[0].upper() if match else None

    @signature(ANY, ANY)
    def _func_unless(self, value: Any, nothing: Any) -> Any:
        return "" if value == nothing else value


FUNCTIONS = _Functions()
OPTIONS = jmespath.Options(custom_functions=FUNCTIONS)


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression. `str()` gives it back as written."""

    source: str
    _parsed: ParsedResult = field(repr=False, compare=False)

    def __str__(self) -> str:
        return self.source

    def find(self, scope: Any) -> Any:
        """What stands there; None where nothing does, or something of a shape that the expression is not made for."""
        try:
            return self._parsed.search(scope, OPTIONS)
        except (JMESPathError, TypeError, ValueError, ArithmeticError):
            return None


def compile_expression(source: str) -> Expression:
    """Raises ValueError with the expression, the column (from 1) and what is wrong there."""
    try:
        parsed = jmespath.compile(source)
    except EmptyExpressionError:
        raise ValueError("an empty text is not a JMESPath expression") from None
    except JMESPathError as error:
        column = min(getattr(error, "lex_position", 0), len(source))
        there = f"'{source[column : column + 10]}' is not expected" if source[column:] else "it ends too early"
        raise ValueError(f"`{source}` is not a JMESPath expression: {there} at column {column + 1}") from error
    _check_functions(parsed.parsed, source)
    return Expression(source, parsed)


def _check_functions(node: Any, source: str) -> None:
    """JMESPath itself finds a misspelt function only when it is called, which may be never."""
    if not isinstance(node, dict):
        return
    if node["type"] == "function_expression":
        name, given = node["value"], len(node["children"])
        column = source.find(name) + 1
        if name not in FUNCTIONS.FUNCTION_TABLE:
            raise ValueError(f"`{source}`: there is no function '{name}' (column {column})")
        expected = FUNCTIONS.FUNCTION_TABLE[name]["signature"]
        variadic = bool(expected and expected[-1].get("variadic"))
        if given < len(expected) or (given > len(expected) and not variadic):
            raise ValueError(f"`{source}`: {name}() takes {len(expected)} arguments, not {given} (column {column})")
    for child in node.get("children", ()):
        _check_functions(child, source)
