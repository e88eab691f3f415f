"""PPM projects and Azure DevOps projects that are kept in step, and the rules by which they are."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from shared.configuration.values import Model, Name, Names, Zone, listed
from shared.model import FieldType, SideName

Share = Annotated[float, Field(ge=0, le=1)]
Direction = Literal["both", "to_ppm", "to_boards"]


class FieldEnd(Model):
    """A field by its side's key. Its `type` is what the side says, unless told; so is the `format` of its values."""

    field: Name
    type: FieldType | None = None
    format: str | None = None


def _end(value: object) -> object:
    """A field's key alone, or with what else there is to say of it."""
    return {"field": value} if isinstance(value, str) else value


End = Annotated[FieldEnd, BeforeValidator(_end, json_schema_input_type=str | FieldEnd)]


class Words(Model):
    """How each side says one thing. All words are understood, the first is the one that is written."""

    boards: Names = ()
    ppm: Names = ()


class Person(Words):
    """A person's mail addresses on each side, of which the first is the one that is written."""

    boards: Annotated[Names, Field(min_length=1)]
    ppm: Annotated[Names, Field(min_length=1)]


class FieldMapping(Model):
    """An Azure DevOps field and a PPM field that say the same. `values` are their words, by what they mean."""

    name: Name
    boards: End
    ppm: End
    active: bool = True
    direction: Direction = "both"
    policy: Literal["boards", "ppm", "newest", "merge", "ask"] = "ask"
    values: Mapping[str, Words] = {}


class PairBoards(Model):
    """`home` is the project where work items are made, the first unless told; `kinds` the work item type that each kind
    of PPM item becomes."""

    projects: Annotated[Names, Field(min_length=1)]
    home: str | None = None
    kinds: Mapping[str, str] = {}


class PairPpm(Model):
    """`kinds` says what each work item type becomes, where the tool knows kinds (a tracker of Redmine)."""

    connection: str
    project: Name
    kinds: Mapping[str, str] = {}


class Hierarchy(Model):
    active: bool = True
    direction: Direction = "both"
    policy: Literal["boards", "ppm", "ask"] = "boards"


class Limits(Model):
    """How much at once is taken for a mistake until a person says otherwise: more than the number and the share."""

    deletions: Annotated[int, Field(ge=0)] = 5
    deletions_share: Share = 0.1
    changes: Annotated[int, Field(ge=0)] = 20
    changes_share: Share = 0.5


class Pair(Model):
    """One PPM project with the Azure DevOps projects that it is kept in step with.

    `adopt` are the sides whose new items are copied to the other unasked. A pair that is not `continuous` writes what a
    person asks for and nothing by itself, which goes for new copies and deletions, too. `people` are persons whom the
    two sides know by different mail addresses; `zone` is where a moment becomes a date. Without `events` nobody is
    asked to tell of changes, and the hourly sweep alone finds them.
    """

    name: str
    boards: PairBoards
    ppm: PairPpm
    fields: tuple[FieldMapping, ...]
    hierarchy: Hierarchy = Hierarchy()
    deletes: Literal["bin", "unlink"] = "unlink"
    adopt: Annotated[
        tuple[SideName, ...], BeforeValidator(listed, json_schema_input_type=SideName | tuple[SideName, ...])
    ] = ()
    limits: Limits = Limits()
    continuous: bool = True
    people: Mapping[str, Person] = {}
    zone: Zone = "UTC"
    events: bool = True
