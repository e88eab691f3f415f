"""One decorator for every HTTP function: its route, what it takes and answers, and how it fails.

    pairs = Family("pairs")

    @pairs.operation("pairs/{pair}/plans", "POST", body="PlanRequest", answers={201: "Plan"})
    def make_plan(call: Call) -> Any:
        return services().pairs.plans.plan(call.path["pair"], call.body.direction, …)

The first paragraph of a function's docstring is its summary in the document, the rest its description.
`body` and `query` name models of `shared/operation/api/requests.py`: a request that breaks one is refused before the
function is called. `raw` names, by media type, the shape of a body that the function takes as bytes (`call.raw`).
`answers` names shapes of `shared/operation/api/answers/` by status, "" for none. What a function returns is answered as
JSON with the first of these; one that has more to say returns a response of its own. What a service raises becomes a
problem.
`asks` says what the caller has to show if it is not the function key.

Models are named and not imported, because they cost a cold start more than all functions together (see `product`).
Everything that is declared here is in the document at `GET /api/openapi.json`.
"""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import azure.functions as func

from functions.answers import JSON, answer, problem_of
from functions.product import wiring
from shared.errors import BoardbridgeError

FUNCTION_KEY = ("key", "code")
OUR_SECRET = ("secret",)
NOTHING = ()
PLATFORM_PARAMETERS = ("code", "clientId")  # of the address, and none of ours: who calls with which key


@dataclass(frozen=True, slots=True)
class Operation:
    """An HTTP function as it is described. `text` is its docstring, `takes` and `gives` are names of headers.

    `asks` is what the caller has to show, any of these schemes of the document. The platform asks for its function key;
    for our secret, the function has to.
    """

    name: str
    route: str
    method: str
    tag: str
    text: str
    answers: Mapping[int, str]
    body: str = ""
    query: str = ""
    raw: Mapping[str, str] = field(default_factory=dict)
    media: str = JSON
    takes: Collection[str] = ()
    gives: Collection[str] = ()
    asks: Collection[str] = FUNCTION_KEY


@dataclass(frozen=True, slots=True)
class Call:
    """A request as its operation understands it: `body` and `query` are the models that it names, None without."""

    request: func.HttpRequest
    body: Any = None
    query: Any = None

    @property
    def path(self) -> Mapping[str, str]:
        return self.request.route_params

    @property
    def raw(self) -> bytes:
        return self.request.get_body()

    @property
    def headers(self) -> dict[str, str]:
        """By lower-case names."""
        return {name.lower(): value for name, value in self.request.headers.items()}

    @property
    def expected(self) -> str | None:
        """The generation in `If-Match`; None where any will do."""
        return self.headers.get("if-match", "").strip('W/"*') or None

    @property
    def asked_by(self) -> str:
        """Who asks, where the app has App Service authentication switched on; a function key alone has no name.

        Without it the platform lets the header in from anybody.
        """
        if os.environ.get("WEBSITE_AUTH_ENABLED", "").casefold() != "true":
            return ""
        return self.headers.get("x-ms-client-principal-name", "")


type Handler = Callable[[Call], Any]

OPERATIONS: list[Operation] = []


class Family(func.Blueprint):
    """Functions that belong together, under one tag of the document."""

    def __init__(self, tag: str) -> None:
        super().__init__()
        self._tag = tag

    def operation(
        self, route: str, method: str, *, answers: Mapping[int, str], **more: Any
    ) -> Callable[[Handler], Handler]:
        """Make a function of what follows; `more` is of `Operation`."""

        def declared(handler: Handler) -> Handler:
            operation = Operation(handler.__name__, route, method, self._tag, handler.__doc__ or "", answers, **more)
            OPERATIONS.append(operation)
            level = func.AuthLevel.FUNCTION if operation.asks == FUNCTION_KEY else func.AuthLevel.ANONYMOUS
            function = self.route(route, methods=[method], auth_level=level)(_answering(operation, handler))
            self.function_name(operation.name)(function)
            return handler

        return declared


def _answering(operation: Operation, handler: Handler) -> Callable[[func.HttpRequest], func.HttpResponse]:
    status = next(iter(operation.answers))

    def answered(req: func.HttpRequest) -> func.HttpResponse:
        try:
            found = handler(_call(operation, req))
        except BoardbridgeError as error:
            return problem_of(error, operation.name)
        return found if isinstance(found, func.HttpResponse) else answer(found, status)

    return answered


def _call(operation: Operation, req: func.HttpRequest) -> Call:
    if not (operation.body or operation.query):
        return Call(req)
    models, reading = wiring().api.requests, wiring().api.reading
    asked = {name: value for name, value in req.params.items() if name not in PLATFORM_PARAMETERS}
    return Call(
        req,
        body=reading.body(getattr(models, operation.body), req.get_body()) if operation.body else None,
        query=reading.query(getattr(models, operation.query), asked) if operation.query else None,
    )
