"""Whether the app runs at all; asks nothing of anybody, so it can be asked often and by anyone."""

import azure.functions as func

from functions.answers import answer

health_check = func.Blueprint()


@health_check.function_name("health")
@health_check.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest) -> func.HttpResponse:
    return answer({"status": "ok"})
