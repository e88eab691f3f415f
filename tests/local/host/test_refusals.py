"""What Azure would refuse to load is refused here, with the runtime's message; so are settings that cannot work."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.host.routes import routes_of
from infra.local.host.settings import Refusal, read_host_json
from infra.local.host.worker import Function
from infra.local.running import REPOSITORY

QUEUE = '@app.queue_trigger(arg_name="message", queue_name="work", connection="AzureWebJobsStorage")\n'
TIMER = '@app.timer_trigger(arg_name="timer", schedule="{}")\ndef tick(timer: func.TimerRequest) -> None: ...\n'
ROUTE = '@app.route(route="{}")\ndef {}(req: func.HttpRequest) -> str: ...\n'


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(
            '@app.queue_output(arg_name="out", queue_name="q", connection="AzureWebJobsStorage")\n@app.route()\n'
            "def f(req: func.HttpRequest, out: func.Out[list[str]]) -> str: ...",
            "has invalid non-type annotation",
            id="Out of list instead of typing.List",
        ),
        pytest.param(
            QUEUE + "def work(message: func.QueueMessage, other: str) -> None: ...",
            "declared in Python but not in the function definition",
            id="a parameter without a binding",
        ),
        pytest.param(
            '@app.queue_output(arg_name="out", queue_name="q", connection="AzureWebJobsStorage")\n'
            + QUEUE
            + "def work(message: func.QueueMessage) -> None: ...",
            "declared as bindings but are not present in Python",
            id="a binding without a parameter",
        ),
        pytest.param(
            QUEUE + "def work(message: dict) -> None: ...",
            "do not match the corresponding function parameter's Python type annotation dict",
            id="a queue message as dict",
        ),
        pytest.param(
            "def logged(f):\n    def inner(*args, **kwargs): return f(*args, **kwargs)\n    return inner\n"
            "@app.route()\n@logged\ndef f(req: func.HttpRequest) -> str: ...",
            "declared in Python but not in the function definition",
            id="a decorator without functools.wraps",
        ),
        pytest.param("other = func.FunctionApp()", "More than one FunctionApp", id="two apps"),
        pytest.param("import no_such_module", "No module named 'no_such_module'", id="a missing package"),
        pytest.param("del app", "Could not find top level function app instances", id="no app"),
        pytest.param("@app.warmup()\ndef f(context): ...", "has no attribute 'warmup'", id="a wrong decorator name"),
        pytest.param("def f(:", "SyntaxError", id="a syntax error"),
        pytest.param(
            ROUTE.format("a", "f") + ROUTE.format("b", "f"), "does not have a unique function name", id="one name twice"
        ),
        pytest.param(
            "part = func.Blueprint()\n@part.route()\ndef f(req: func.HttpRequest) -> str: ...\ndel part",
            "no function was found",
            id="a blueprint that is not registered",
        ),
        pytest.param(TIMER.format("%NOT_SET%"), "'%NOT_SET%' does not resolve to a value", id="an unknown setting"),
        pytest.param(TIMER.format("hourly"), "'hourly' was not recognized", id="a wrong schedule"),
        pytest.param(
            QUEUE + "def work(message: str) -> None: ...", "set the app setting AzureWebJobsStorage", id="no storage"
        ),
        pytest.param(
            '@app.event_grid_trigger(arg_name="event")\ndef f(event: func.EventGridEvent) -> None: ...',
            "this host has no eventGridTrigger",
            id="another trigger",
        ),
    ],
)
def test_an_app_is_refused(write_app, source: str, message: str) -> None:
    assert message in refusal(write_app(source))


@pytest.mark.parametrize(
    ("host_json", "message"),
    [
        (None, "host.json is missing"),
        ("{", "host.json is not JSON"),
        ('{"version": "1.0"}', '"version" must be "2.0"'),
        ('{"version": "2.0", "extensions": {"queues": {"batchSize": 33}}}', "batchSize must be between 1 and 32"),
        ('{"version": "2.0", "extensions": {"queues": {"visibilityTimeout": 30}}}', "30 is not a time span"),
        ('{"version": "2.0", "extensions": {"queues": {"messageEncoding": "hex"}}}', "must be base64 or none"),
    ],
)
def test_a_host_json_is_refused(tmp_path: Path, host_json: str | None, message: str) -> None:
    if host_json is not None:
        (tmp_path / "host.json").write_text(host_json)
    with pytest.raises(Refusal, match=re.escape(message)):
        read_host_json(tmp_path)


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        ({"f": ("a/{x}", None), "g": ("A/{y}", None)}, "f and g have the same route 'A/{y}'"),
        ({"f": ("a", ["GET"]), "g": ("a", ["get", "PUT"])}, "f and g have the same route 'a'"),
        ({"f": ("a/{x:regex(b)}", None)}, "cannot match the route segment '{x:regex(b)}'"),
        ({"f": ("a/b{x}", None)}, "cannot match the route segment 'b{x}'"),
    ],
)
def test_routes_are_refused(routes: dict[str, tuple[str, list[str] | None]], message: str) -> None:
    with pytest.raises(Refusal, match=re.escape(message)):
        routes_of(_functions(routes), "api")


def test_routes_that_differ_in_method_or_constraint_are_two() -> None:
    routes = {"f": ("a", ["GET"]), "g": ("a", ["PUT"]), "h": ("a/{x:int}", None), "i": ("a/{x}", None)}
    assert len(routes_of(_functions(routes), "api")) == 4


def test_the_paths_of_the_host_itself_are_taken() -> None:
    with pytest.raises(Refusal, match="conflicts with the host's own /admin endpoints"):
        routes_of(_functions({"f": ("admin/{x}", None)}), "")


def _functions(routes: dict[str, tuple[str, list[str] | None]]) -> tuple[Function, ...]:
    return tuple(
        Function(name, name, ({"type": "httpTrigger", "name": "req", "route": route, "methods": methods},))
        for name, (route, methods) in routes.items()
    )


def test_a_folder_without_function_app_py_is_refused(write_app) -> None:
    app = write_app("")
    (app / "function_app.py").unlink()
    assert "function_app.py must lie there beside host.json" in refusal(app)


def test_a_function_that_returns_without_a_binding_fails_when_called(write_app, start_host, run_by_hand) -> None:
    app = write_app(TIMER.format("0 0 0 1 1 *").replace("-> None: ...", "-> None: return 1"))
    host = start_host(app)
    run_by_hand(host, "tick")
    host.wait_for("without a \\$return binding")


def test_local_settings_are_app_settings_unless_the_environment_has_them(write_app, start_host) -> None:
    app = write_app(TIMER.format("%SCHEDULE%") + 'logging.warning("greeting %s", os.environ["GREETING"])\n')
    (app / "local.settings.json").write_text('{"Values": {"SCHEDULE": "0 0 0 1 1 *", "GREETING": "file"}}')
    assert "greeting file" in start_host(app).log
    assert "greeting environment" in start_host(app, GREETING="environment").log


def refusal(app: Path) -> str:
    """What the host says when it refuses `app`."""
    command = [sys.executable, "-m", "infra.local.host", str(app), "--port", "0"]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=20, check=False)
    assert (ended.returncode, ended.stdout) == (1, ""), ended.stderr
    assert "This app cannot run: " in ended.stderr
    return ended.stderr
