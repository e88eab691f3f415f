"""The functions as the platform would have them, and their document."""

from typing import Any

import azure.functions as func
import pytest

from function_app import app
from functions.operations import OPERATIONS
from functions.product import wiring


@pytest.fixture(scope="session")
def functions() -> dict[str, Any]:
    """By name. The platform's library gives them out only once."""
    return {function.get_function_name(): function for function in app.get_functions()}


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    return wiring().api.document.document(OPERATIONS)


@pytest.fixture(scope="session")
def ask(functions):
    """Call an HTTP function as the platform does."""

    def ask(name: str, body: bytes = b"", params: dict[str, str] | None = None, **path: str) -> func.HttpResponse:
        request = func.HttpRequest("POST", f"/api/{name}", params=params, route_params=path, body=body)
        return functions[name].get_user_function()(request)

    return ask
