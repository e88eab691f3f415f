"""Azure DevOps tells that a work item changed (service hooks). It only makes us faster: the hourly sweep looks, too."""

import azure.functions as func

from functions.answers import answer, answering, headers_of
from functions.product import services, wiring

events = func.Blueprint()


@events.function_name("boards_events")
@events.route("boards/events", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@answering
def boards_events(req: func.HttpRequest) -> func.HttpResponse:
    """For whoever shows our secret. 202 whatever the event is about: on errors Azure DevOps switches the hook off."""
    services().pairs.events.admit(headers_of(req))
    event = wiring().boards_event(req.get_body())
    tickets = pairs = 0
    if event.item is not None:
        tickets = services().tickets.board_changed(event.item)
        pairs = services().pairs.events.board_changed(str(event.item), event.projects)
    return answer({"work_item": event.item, "tickets": tickets, "pairs": pairs}, 202)
