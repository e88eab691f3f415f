"""What is done with changes that other systems tell of."""

from shared.operation.api.answers.common import Shape


class BoardsEventTaken(Shape):
    work_item: int | None
    """The work item that the event is about, if it is about one."""
    tickets: int
    """How many tickets will be looked at."""
    pairs: int
    """How many pairs will look at the work item."""


class PpmEventTaken(Shape):
    tasks: list[str]
    """The tasks that the message points at."""
    pairs: int
    """How many pairs will look at them."""
