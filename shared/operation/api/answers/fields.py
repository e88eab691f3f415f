"""The field rules of a pair, what can be chosen for them, and what a change of them touches."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field

from shared.model import FieldType, SideName
from shared.operation.api.answers.common import Fault, Shape


class RuleEnd(Shape):
    field: str
    """By its side's key."""
    type: FieldType
    format: str | None
    label: str
    """As people know it there."""


class RuleWords(Shape):
    boards: list[str]
    ppm: list[str]


class FieldRule(Shape):
    """A field of both sides, with what the sides say where the configuration says nothing."""

    name: str
    boards: RuleEnd
    ppm: RuleEnd
    active: bool
    direction: Literal["both", "to_ppm", "to_boards"]
    policy: Literal["boards", "ppm", "newest", "merge", "ask"]
    values: dict[str, RuleWords]
    """The words of both sides, by what they mean."""


class FieldChoice(Shape):
    key: str
    label: str
    type: FieldType
    choices: list[str]
    categories: dict[str, str]
    """Of states, what each means."""
    read_only: bool
    fits: list[str]
    """The keys of the other side's fields that it could be mapped to."""


class FieldChoices(Shape):
    boards: list[FieldChoice]
    ppm: list[FieldChoice]


class Fields(Shape):
    """The rules in order."""

    fields: list[FieldRule]
    faults: list[Fault]
    """What does not fit the two sides any more."""
    choices: NotRequired[FieldChoices]
    generation: str
    """To be given as `If-Match` with the next change."""


class ExampleItem(Shape):
    id: str
    title: str


class Example(Shape):
    """What the rules would do to two items."""

    link: str
    boards: ExampleItem
    ppm: ExampleItem
    field: str
    before: Annotated[dict[SideName, Any], Field(alias="from")]
    to: dict[SideName, Any]
    """Empty where a person is asked, or nothing can be said."""
    why: str


class LeftOut(Shape):
    name: str
    why: str


class FieldsChanged(Shape):
    """The rules after a change, and what it touches."""

    fields: list[FieldRule]
    touches: int
    """Linked items with something to write."""
    held: int
    """Linked items that cannot be written, or that a person is asked about."""
    of: int
    """All linked items."""
    counted: int
    """How many of them were looked at."""
    examples: list[Example]
    left_out: list[LeftOut]
    """Default rules that cannot be mapped here."""
    saved: bool
    generation: str
    """To be given as `If-Match` with the next change."""
