"""WIQL text to a query: what is asked, without knowing any work item.

The grammar is in `wiql.lark`. What a value means depends on its field, so values keep the words they were written in.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from infra.local.azure_devops.boards.refusals import bad_query

WORD = re.compile(r"\w+|\S")

type Kind = Literal["text", "number", "boolean", "macro", "field"]
type Side = Literal["", "source", "target"]


@dataclass(frozen=True, slots=True)
class FieldName:
    """A field as a query names it; `side` says of which end of a link."""

    word: str
    side: Side = ""


@dataclass(frozen=True, slots=True)
class Value:
    """`source` is how it was written, for error messages. A macro may have arguments and an `offset`.

    `@StartOfMonth('+1M') - 2` has the argument `+1M` and the offset -2.
    """

    kind: Kind
    value: Any
    source: str
    offset: int = 0
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operator` is a symbol, or words in lower case; `ever` asks every revision instead of the latest."""

    field: FieldName
    operator: str
    values: tuple[Value, ...]
    ever: bool = False

    @property
    def source(self) -> str:
        return f"[{self.field.word}] {self.operator} {', '.join(value.source for value in self.values)}".strip()


@dataclass(frozen=True, slots=True)
class Every:
    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    part: "Condition"


type Condition = Comparison | Every | Either | Not


@dataclass(frozen=True, slots=True)
class Order:
    field: FieldName
    descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """`source` is workitems or workitemlinks. `modes` are the words of MODE, in lower case; none means its default."""

    columns: tuple[FieldName, ...]
    source: str
    where: Condition | None
    order: tuple[Order, ...] = ()
    as_of: Value | None = None
    modes: tuple[str, ...] = ()

    @property
    def of_links(self) -> bool:
        return self.source == "workitemlinks"


@lru_cache(maxsize=128)
def parse(text: str) -> Query:
    """Raises ApiError with the place in the text where reading stopped."""
    try:
        return PARSER.parse(text)  # type: ignore[return-value]
    except UnexpectedInput as error:
        if "_FROM" in _expected(error):
            word = WORD.match(text, error.pos_in_stream or 0)
            raise bad_query(
                "TF51006: The query statement is missing a FROM clause. "
                f"The error is caused by «{word[0] if word else ''}»."
            ) from error
        place = error.get_context(text, span=20).splitlines()[0].strip()
        raise bad_query(f"The query statement cannot be read. The error is caused by «{place}».") from error


def _expected(error: UnexpectedInput) -> set[str]:
    match error:
        case UnexpectedToken():
            return set(error.expected)
        case UnexpectedCharacters():
            return set(error.allowed or ())
    return set()


@v_args(inline=True)
class _Build(Transformer[Token, Query]):
    """One method per rule of the grammar; the arguments are what the rule names, in its order."""

    def query(
        self, columns: tuple[FieldName, ...], source: Token, where: Condition | None, *tails: dict[str, Any]
    ) -> Query:
        query = Query(columns, source.lower(), where)
        for tail in tails:
            query = replace(query, **tail)
        return query

    def columns(self, *fields: FieldName) -> tuple[FieldName, ...]:
        return fields

    def ordering(self, *orders: Order) -> dict[str, Any]:
        return {"order": orders}

    def as_of(self, when: Value) -> dict[str, Any]:
        return {"as_of": when}

    def mode(self, *words: Token) -> dict[str, Any]:
        return {"modes": tuple(word.lower() for word in words)}

    def order(self, field: FieldName, direction: Token | None) -> Order:
        return Order(field, direction is not None and direction.lower() == "desc")

    def either(self, *parts: Condition) -> Condition:
        return parts[0] if len(parts) == 1 else Either(parts)

    def both(self, *parts: Condition) -> Condition:
        return parts[0] if len(parts) == 1 else Every(parts)

    def negation(self, part: Condition) -> Condition:
        return part.part if isinstance(part, Not) else Not(part)

    def ever(self, inner: Comparison) -> Comparison:
        return replace(inner, ever=True)

    def condition(self, field: FieldName, operator: Token, *values: Value) -> Comparison:
        words = " ".join(operator.lower().split())
        if words in ("ever", "was ever"):
            return Comparison(field, "=", values, ever=True)
        return Comparison(field, "<>" if words == "!=" else words, values)

    def field(self, side: Token | None, name: Token) -> FieldName:
        word = side.strip("[]. ").lower() if side else ""
        return FieldName(str(name).strip(), word)  # type: ignore[arg-type]

    def text(self, quoted: Token) -> Value:
        return Value("text", _unquoted(quoted), str(quoted))

    def number(self, digits: Token) -> Value:
        number = float(digits)
        return Value("number", int(number) if number.is_integer() else number, str(digits))

    def boolean(self, word: Token) -> Value:
        return Value("boolean", word.lower() == "true", str(word))

    def arguments(self, *strings: Token) -> tuple[str, ...]:
        return tuple(_unquoted(string) for string in strings)

    def macro(self, name: Token, arguments: tuple[str, ...] | None, offset: Token | None) -> Value:
        words = f"({', '.join(repr(word) for word in arguments)})" if arguments else ""
        sign = f" {offset[0]} {offset[1:].strip()}" if offset else ""
        steps = int(offset.replace(" ", "")) if offset else 0
        return Value("macro", name[1:].lower(), f"{name}{words}{sign}", steps, arguments or ())

    def other_field(self, name: Token) -> Value:
        return Value("field", str(name).strip(), f"[{name}]")


def _unquoted(quoted: str) -> str:
    quote = quoted[0]
    return quoted[1:-1].replace(quote * 2, quote)


PARSER = Lark(
    (Path(__file__).parent / "wiql.lark").read_text(),
    parser="lalr",
    start="query",
    maybe_placeholders=True,
    transformer=_Build(),
)
