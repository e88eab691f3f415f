"""What may be asked: the bodies of requests, and the queries of their addresses.

Bodies take the types of JSON as they are, so that the number 12 is no text. A query is all text; what it means is read
from it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from shared.configuration import (
    Access,
    AzureDevOpsConnection,
    Configuration,
    FieldMapping,
    ItsmConnection,
    Name,
    PpmConnection,
    SecretName,
    Token,
)
from shared.model import SideName

__all__ = ["Configuration"]

MOST_ROWS = 200

Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class Query(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _flag(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError("write true or false")
    return value == "true"


def _count(value: str) -> int:
    if not (value.isascii() and value.isdecimal()):
        raise ValueError("write a number")
    return int(value)


def _one_or_more(value: Any) -> tuple[Any, ...]:
    match value:
        case str():
            return (value,) if value else ()
        case list() | tuple():
            return tuple(value)
        case _:
            raise ValueError("write a text, or a list of texts")


Flag = Annotated[bool, BeforeValidator(_flag)]
OneOrMore = Annotated[tuple[Text, ...], BeforeValidator(_one_or_more, json_schema_input_type=str | tuple[Text, ...])]


class PageQuery(Query):
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS), BeforeValidator(_count)] = 50
    """Entries of a page, at most."""
    after: str = ""
    """Where the page before ended: its `next`."""


class DryRunQuery(Query):
    dry_run: Flag = False
    """Only show what would be done."""


# ---------------------------------------------------------------- tickets


class TicketToExplain(Body):
    """A ticket as its product would send it, in an envelope that says from which connection."""

    connection: Text
    body: Any
    """What the product would send."""


type Anything = Any
type TicketOrEnvelope = TicketToExplain | Any


class ExplainQuery(Query):
    connection: str | SkipJsonSchema[None] = None
    """The connection that the body is from; without it, the body is an envelope that says so."""


# ---------------------------------------------------------------- connections

NewToken = Annotated[Text | None, Field(description="It goes into Key Vault; without it, the secret stays as it is.")]
OwnSecret = Annotated[SecretName | None, Field(description="Left out, it stays, or is named like the connection.")]


class AzureDevOpsToPut(AzureDevOpsConnection):
    """An Azure DevOps organisation with a token for it."""

    token: NewToken = None


class PpmToPut(PpmConnection):
    """A PPM tool with a token for it."""

    secret: OwnSecret = None
    token: NewToken = None


class AccessToPut(Access):
    """An account of the product's own API, whose secret need not be named."""

    secret: OwnSecret = None


class ItsmToPut(ItsmConnection):
    """A product that pushes tickets, with a token for its `access`."""

    access: AccessToPut | None = None
    token: Token | NewToken = None
    """A text goes into Key Vault, for `access`; an object is what its pushes bring."""


type ConnectionToPut = AzureDevOpsToPut | PpmToPut | ItsmToPut


# ---------------------------------------------------------------- pairs


class ItemsQuery(PageQuery):
    """Which rows are wanted. Texts are compared without case."""

    project: str = ""
    """The Azure DevOps project of the work item."""
    type: str = ""
    """The type of the work item; of the PPM item where there is no work item."""
    text: str = ""
    """Part of an id or of the value of a field."""
    id: str = ""
    """The id of an item on either side."""
    changed: Flag | SkipJsonSchema[None] = None
    """Whether a side changed since the two last agreed."""
    mismatch: Flag | SkipJsonSchema[None] = None
    """Whether the two stand under parents that are not counterparts."""
    unlinked: Flag | SkipJsonSchema[None] = None
    """Whether it lacks a counterpart."""
    team: str = ""
    """The team whose areas the work item is in: `Network` or `Fabrikam/Network`."""
    iteration: str = ""
    """The iteration of the work item, or one above it: its path, or `current`, which is that of `team`."""
    query: str = ""
    """The id or path of a stored query that lists the work item."""


class HistoryQuery(PageQuery):
    item: str = ""
    """An item of either side, written `boards:12` or `ppm:7`."""
    plan: str = ""
    """The id of a plan."""


class LevelsQuery(Query):
    side: SideName
    """The side that has the item."""
    item: Text
    """Its id there."""


class CreateRequest(Body):
    """Copies of items on the other side. What is left out follows from the configuration of the pair."""

    side: SideName
    """The side that has the items."""
    items: Texts
    """Their ids there."""
    depth: tuple[Text, ...] | Literal["all"] = ()
    """The types of items below them that are copied too, `all` for every one."""
    project: str = ""
    """The Azure DevOps project, where work items are made."""
    type: OneOrMore = ()
    """What the items become. A list also says what becomes of those right below them, and so on."""
    parent: str = ""
    """An item of the other side that the copies are to stand under."""
    area: str = ""
    """The area path of work items."""
    iteration: str = ""
    """The iteration path of work items."""
    fields: Mapping[str, Any] = {}
    """Values for fields of the copies, by the other side's names of fields; not those that have a place above."""


class LinkRequest(Body):
    """Two items that are one thing."""

    boards: Text
    """The id of the work item."""
    ppm: Text
    """The id of the PPM item."""


class UnlinkRequest(Body):
    items: Texts
    """Items of either side, written `boards:12` or `ppm:7`."""


class PlanRequest(Body):
    """What is to be written; without `items` and `fields` it is about all."""

    direction: Literal["to_ppm", "to_boards", "rules"] = "rules"
    """The side that is written; `rules`: each field goes where its rule says."""
    what: Literal["values", "hierarchy"] = "values"
    items: tuple[Text, ...] | None = None
    """Items of either side, written `boards:12` or `ppm:7`."""
    fields: tuple[Text, ...] | None = None
    """Names of fields of the pair."""


class ApproveRequest(Body):
    links: tuple[Text, ...] = ()
    """The deletions to be carried over, of those that the pair waits for."""


# ---------------------------------------------------------------- field rules

Position = Annotated[int, Field(ge=0, strict=True)]


class FieldsQuery(Query):
    choices: Flag = False
    """Also tell the fields of both sides."""


class FieldToPut(FieldMapping):
    name: Annotated[Name | None, Field(description="Left out, it stays.")] = None


class FieldToAdd(FieldMapping):
    position: Annotated[Position | None, Field(description="Counted from 0; left out, the rule comes last.")] = None


class Placed(BaseModel):
    """Where a rule is added. The rule itself is for the configuration to judge."""

    model_config = ConfigDict(extra="allow", frozen=True)

    position: Position | None = None


class OrderRequest(Body):
    names: tuple[Text, ...] = ()
    """Those of all rules, in the order they are to have."""
