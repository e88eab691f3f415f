"""Azure DevOps tells that a work item changed (service hooks). It only makes us faster: the hourly sweep looks, too."""

from typing import Any

from functions.operations import OUR_SECRET, Call, Family
from functions.product import services, wiring

events = Family("events")


@events.operation(
    "boards/events", "POST", raw={"application/json": "Anything"}, answers={202: "BoardsEventTaken"}, asks=OUR_SECRET
)
def boards_events(call: Call) -> Any:
    """Take a service hook event of Azure DevOps, from whoever shows our secret.

    202 whatever the event is about: on errors Azure DevOps switches the hook off.
    """
    services().pairs.events.admit(call.headers)
    event = wiring().boards_event(call.raw)
    tickets = pairs = 0
    if event.item is not None:
        tickets = services().tickets.board_changed(event.item)
        pairs = services().pairs.events.board_changed(str(event.item), event.projects)
    return {"work_item": event.item, "tickets": tickets, "pairs": pairs}
