"""WIQL text to a query: what is asked, without knowing any work item.

The grammar is in `wiql.lark`. What a value means depends on its field, so values keep the words they were written in.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput

from infra.local.azure_devops.boards.refusals import bad_query

type Kind = Literal["text", "number", "boolean", "macro", "field"]

PARSER = Lark((Path(__file__).parent / "wiql.lark").read_text(), parser="lalr", start="query", maybe_placeholders=True)


@dataclass(frozen=True, slots=True)
class Value:
    """`source` is how it was written, for error messages. A macro has an `offset`, as in `@today - 7`."""

    kind: Kind
    value: Any
    source: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operator` is a symbol, or words in lower case; `ever` asks every revision instead of the latest."""

    field: str
    operator: str
    values: tuple[Value, ...]
    ever: bool = False

    @property
    def source(self) -> str:
        return f"[{self.field}] {self.operator} {', '.join(value.source for value in self.values)}".strip()


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
    field: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """`source` is workitems or workitemlinks."""

    columns: tuple[str, ...]
    source: str
    where: Condition | None
    order: tuple[Order, ...]
    as_of: Value | None


def parse(text: str) -> Query:
    """Raises ApiError with the place in the text where reading stopped."""
    try:
        return _Build().transform(PARSER.parse(text))
    except UnexpectedInput as error:
        place = error.get_context(text, span=20).splitlines()[0].strip()
        raise bad_query(f"The query statement cannot be read. The error is caused by «{place}».") from error


@v_args(inline=True)
class _Build(Transformer[Token, Query]):
    """One method per rule of the grammar; the arguments are what the rule names, in its order."""

    def query(
        self,
        columns: tuple[str, ...],
        source: Token,
        where: Condition | None,
        ordering: tuple[Order, ...] | None,
        as_of: Value | None,
    ) -> Query:
        return Query(columns, source.lower(), where, ordering or (), as_of)

    def columns(self, *fields: str) -> tuple[str, ...]:
        return fields

    def ordering(self, *orders: Order) -> tuple[Order, ...]:
        return orders

    def order(self, field: str, direction: Token | None) -> Order:
        return Order(field, direction is not None and direction.lower() == "desc")

    def either(self, *parts: Condition) -> Condition:
        return parts[0] if len(parts) == 1 else Either(parts)

    def both(self, *parts: Condition) -> Condition:
        return parts[0] if len(parts) == 1 else Every(parts)

    def negation(self, part: Condition) -> Condition:
        return Not(part)

    def ever(self, inner: Comparison) -> Comparison:
        return Comparison(inner.field, inner.operator, inner.values, ever=True)

    def condition(self, field: str, operator: Token, *values: Value) -> Comparison:
        words = " ".join(operator.lower().split())
        if words in ("ever", "was ever"):
            return Comparison(field, "=", values, ever=True)
        return Comparison(field, "<>" if words == "!=" else words, values)

    def field(self, name: Token) -> str:
        return str(name).strip()

    def text(self, quoted: Token) -> Value:
        quote = quoted[0]
        return Value("text", quoted[1:-1].replace(quote * 2, quote), str(quoted))

    def number(self, digits: Token) -> Value:
        number = float(digits)
        return Value("number", int(number) if number.is_integer() else number, str(digits))

    def boolean(self, word: Token) -> Value:
        return Value("boolean", word.lower() == "true", str(word))

    def arguments(self, *strings: Token) -> tuple[str, ...]:
        return strings

    def macro(self, name: Token, arguments: tuple[str, ...] | None, offset: Token | None) -> Value:
        """Arguments, as in `@currentIteration('[Fabrikam]\\Network')`, are read and left aside."""
        steps = int(offset.replace(" ", "")) if offset else 0
        return Value("macro", name[1:].lower(), f"{name}{offset or ''}", steps)

    def other_field(self, name: Token) -> Value:
        return Value("field", str(name).strip(), f"[{name}]")
