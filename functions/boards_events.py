"""Azure DevOps tells that a work item changed (service hooks). It only makes answering faster: the sweep looks too."""

import json
from typing import Any

from functions.operations import Call, Family
from functions.product import services, wiring
from shared.errors import Refused

events = Family("events")


@events.operation("boards/events", "POST", raw={"application/json": "Anything"}, answers={202: "EventTaken"})
def boards_events(call: Call) -> Any:
    """Take a service hook event of Azure DevOps.

    202 whatever the event is about: an error would make Azure DevOps switch the subscription off.
    """
    try:
        event = json.loads(call.raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is not JSON: {error}") from error
    id = wiring().changed_work_item(event)
    return {"work_item": id, "tickets": services().tickets.board_changed(id) if id else 0}
