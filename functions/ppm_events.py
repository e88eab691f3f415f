"""A PPM tool tells that tasks changed (webhooks). It only makes us faster: the hourly sweep looks, too."""

from typing import Any

from functions.operations import OUR_SECRET, Call, Family
from functions.product import services, wiring

ppm = Family("events")


@ppm.operation(
    "ppm/{connection}/events",
    "POST",
    raw={"application/json": "Anything"},
    answers={202: "PpmEventTaken"},
    asks=OUR_SECRET,
)
def ppm_events(call: Call) -> Any:
    """Take a webhook message of a PPM tool, from whoever shows our secret."""
    connection = call.path["connection"]
    services().pairs.events.admit(call.headers, connection)
    event = wiring().ppm_event(call.raw)
    pairs = services().pairs.events.tasks_changed(connection, event.tasks, event.projects)
    return {"tasks": list(event.tasks), "pairs": pairs}
