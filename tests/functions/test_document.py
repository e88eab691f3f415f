"""The document says what the functions are: all of them, and nothing else."""

import subprocess
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator


def operations(document):
    """Each operation with its method and path."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_the_document_has_every_registered_function_and_nothing_else(functions, document):
    triggers = {name: function.get_trigger() for name, function in functions.items()}
    registered = {
        name: ([each.value for each in trigger.methods], trigger.route.replace("{*", "{"), trigger.auth_level.name)
        for name, trigger in triggers.items()
        if trigger.get_binding_name() == "httpTrigger"
    }
    described = {
        operation["operationId"]: (
            [method],
            path.removeprefix("/api/"),
            "FUNCTION" if {"key": []} in operation["security"] else "ANONYMOUS",
        )
        for method, path, operation in operations(document)
        if not operation["operationId"].endswith("_by_query")
    }
    assert described == registered


def test_everything_asks_for_the_function_key_but_health_and_those_who_show_our_secret(document):
    key = [{"key": []}, {"code": []}]
    others = {path: op["security"] for _, path, op in operations(document) if op["security"] != key}
    secret = [{"secret": []}]
    assert others == {"/api/health": [], "/api/boards/events": secret, "/api/ppm/{connection}/events": secret}


def test_it_keeps_to_the_specification_of_openapi(document):
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_everything_is_explained(document):
    for _, path, operation in operations(document):
        assert operation["summary"], path
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), (path, parameter["name"])


def test_a_shape_has_the_name_of_its_model_alone(document):
    """Of two models with one name, pydantic tells the modules too."""
    assert [name for name in document["components"]["schemas"] if not name.isalnum()] == []


def test_a_rest_of_the_path_can_stand_in_the_query(document):
    asked = {
        path: [(parameter["name"], parameter["in"]) for parameter in operation["parameters"]]
        for method, path, operation in operations(document)
        if path.startswith("/api/tickets/") and method == "GET"
    }
    assert asked == {
        "/api/tickets/{connection}/{id}": [("connection", "path"), ("id", "path")],
        "/api/tickets/{connection}": [("connection", "path"), ("id", "query")],
    }


def test_describing_functions_does_not_cost_a_cold_start_their_models():
    program = "import sys, function_app; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
