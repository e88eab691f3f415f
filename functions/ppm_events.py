"""A PPM tool tells that tasks changed (webhooks). It only makes us faster: the hourly sweep looks, too."""

import azure.functions as func

from functions.answers import answer, answering, headers_of
from functions.product import services, wiring

ppm = func.Blueprint()


@ppm.function_name("ppm_events")
@ppm.route("ppm/{connection}/events", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@answering
def ppm_events(req: func.HttpRequest) -> func.HttpResponse:
    """For whoever shows our secret."""
    connection = req.route_params["connection"]
    services().pairs.events.admit(headers_of(req), connection)
    event = wiring().ppm_event(req.get_body())
    pairs = services().pairs.events.tasks_changed(connection, event.tasks, event.projects)
    return answer({"tasks": list(event.tasks), "pairs": pairs}, 202)
