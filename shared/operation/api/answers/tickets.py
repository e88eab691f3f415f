"""Tickets taken, looked up and explained."""

from typing import Literal

from shared.operation.api.answers.common import Moment, Shape, Values


class TicketTaken(Shape):
    result: Literal["accepted", "duplicate"]
    ticket: str
    """Its id in the product."""
    status_url: str
    """Where it can be asked what became of it."""


class OneTaken(TicketTaken):
    """The push of one ticket."""

    connection: str


class Quarantined(Shape):
    result: Literal["quarantined"]
    reason: str


class ManyTaken(Shape):
    """A push of several tickets."""

    result: Literal["accepted"]
    connection: str
    tickets: list[TicketTaken | Quarantined]


type Taken = OneTaken | ManyTaken


class LookAgain(Shape):
    result: str


class TicketWorkItem(Shape):
    id: int
    url: str


class Ticket(Shape):
    """What is known of a ticket, and where it stands."""

    connection: str
    ticket: str
    number: str | None
    title: str | None
    status: str | None
    """As the product says it."""
    state: Literal["accepted", "waiting", "creating", "updating", "synced", "parked"]
    reason: str | None
    """Why it is not in step."""
    work_item: TicketWorkItem | None
    team: str | None
    route: str | None
    why: str | None
    """Why it went that way."""
    version_received: str
    """The product's own count of changes, or the moment of the change."""
    version_applied: str | None
    applied_at: Moment | None
    not_told: str | None
    """What the product refused to be told of the work item."""
    unmapped: list[str]
    """What nobody has told the meaning of, such as `status=Waiting for parts`."""


class Hyperlink(Shape):
    url: str
    comment: str


class PassedOver(Shape):
    route: str
    why: str


class DraftedWorkItem(Shape):
    project: str
    type: str
    state_category: str | None
    fields: Values
    """By reference name."""
    hyperlinks: list[Hyperlink]
    parent: int | None


class Explanation(Shape):
    """Where a ticket would go and why, and the work item that would be written."""

    route: str
    why: str
    passed_over: list[PassedOver]
    audience: Literal["technical", "project"]
    team: str | None
    ticket: dict[str, str]
    """What was understood of it, by the names that routes match."""
    work_item: DraftedWorkItem
