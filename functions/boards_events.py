"""Azure DevOps tells that a work item changed (service hooks). It only makes answering faster: the sweep looks too."""

import json

import azure.functions as func

from functions.answers import answer, answering
from functions.product import services, wiring
from shared.errors import Refused

events = func.Blueprint()


@events.function_name("boards_events")
@events.route("boards/events", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
def boards_events(req: func.HttpRequest) -> func.HttpResponse:
    """202 whatever the event is about: an error would make Azure DevOps switch the subscription off."""
    try:
        event = json.loads(req.get_body().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is not JSON: {error}") from error
    id = wiring().changed_work_item(event)
    return answer({"work_item": id, "tickets": services().tickets.board_changed(id) if id else 0}, 202)
