"""What shapes of answers are made of, failures, and what is said of the app itself."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import ConfigDict, WithJsonSchema

type Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]

Values = dict[str, Any]


class Shape(TypedDict):
    __pydantic_config__ = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Fault(Shape):
    path: str
    """Where it is in what was sent, such as `items[0]` or `pairs[0].fields[2].ppm`."""
    fix: str
    """What to do about it."""


class Problem(Shape):
    """Why a request was not followed (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    """The reason, for a person."""
    faults: NotRequired[list[Fault]]
    """Every fault of what was sent."""


class Health(Shape):
    status: Literal["ok"]


class Described(Shape):
    """An OpenAPI document."""

    openapi: str
    info: Values
    servers: list[Values]
    paths: Values
    components: Values
