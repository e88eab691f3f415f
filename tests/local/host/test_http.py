"""HTTP functions: routes, keys, methods, and what a request and a response carry."""

import statistics
import time
from collections.abc import Iterator

import pytest
import requests

from infra.local.azurite import Azurite
from infra.local.running import RunningHost

APP = """
import json

OPEN = func.AuthLevel.ANONYMOUS

@app.route(route="echo/{first}/{second?}", auth_level=OPEN)
def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {"method": req.method, "url": req.url, "params": dict(req.route_params), "query": dict(req.params),
            "headers": dict(req.headers), "body": req.get_body().decode()}
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")

@app.route(route="items/{id:int}", auth_level=OPEN)
def by_number(req: func.HttpRequest) -> str:
    return "number " + req.route_params["id"]

@app.route(route="items/{name}", auth_level=OPEN)
def by_name(req: func.HttpRequest) -> str:
    return "name " + req.route_params["name"]

@app.route(route="items/special", auth_level=OPEN)
def literal(req: func.HttpRequest) -> str:
    return "literal"

@app.route(route="files/{*path}", auth_level=OPEN)
def files(req: func.HttpRequest) -> str:
    return "file " + req.route_params.get("path", "none")

@app.route(route="both", methods=["GET"], auth_level=OPEN)
def read(req: func.HttpRequest) -> str:
    return "read"

@app.route(route="both", methods=["POST", "HEAD"], auth_level=OPEN)
def write(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("write", headers={"X-Seen": req.method})

@app.route()
def closed(req: func.HttpRequest) -> str:
    return "opened"

@app.route(auth_level=func.AuthLevel.ADMIN)
def master(req: func.HttpRequest) -> str:
    return "opened"

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
def by_timer(timer: func.TimerRequest) -> None: ...

@app.route(auth_level=OPEN)
def fails(req: func.HttpRequest) -> str:
    raise ValueError("not for the caller's eyes")

@app.route(auth_level=OPEN)
def cookie(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(status_code=303, headers={"Location": "/there", "Set-Cookie": "a=b; Path=/; HttpOnly"})
"""


@pytest.fixture(scope="module")
def host(azurite: Azurite, write_app) -> Iterator[RunningHost]:
    settings = {"AzureWebJobsStorage": azurite.connection_string, "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1000"}
    with RunningHost(write_app(APP), settings) as host:
        yield host


def call(host: RunningHost, method: str, path: str, **options: object) -> requests.Response:
    return requests.request(method, host.url + path, timeout=10, allow_redirects=False, **options)


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/api/items/12", 200, "number 12"),
        ("GET", "/api/items/special", 200, "literal"),
        ("GET", "/api/items/other", 200, "name other"),
        ("GET", "/api/ITEMS/Other/", 200, "name Other"),
        ("GET", "/api/items/a%2Fb%20c", 200, "name a%2Fb c"),
        ("GET", "/api/items", 404, ""),
        ("GET", "/items/12", 404, ""),
        ("GET", "/api/files/a/b.txt", 200, "file a/b.txt"),
        ("GET", "/api/files", 200, "file none"),
        ("GET", "/api/both", 200, "read"),
        ("POST", "/api/both", 200, "write"),
        ("PUT", "/api/both", 404, ""),
        ("HEAD", "/api/items/1", 200, ""),
        ("GET", "/api/closed", 401, ""),
        ("GET", "/api/closed?code=wrong", 401, ""),
        ("GET", "/api/closed?code=local-key", 200, "opened"),
        ("GET", "/api/master", 401, ""),
        ("GET", "/api/master?code=local-key", 200, "opened"),
        ("GET", "/api/fails", 500, ""),
        ("GET", "/admin/functions", 401, ""),
        ("GET", "/admin/nothing?code=local-key", 404, ""),
    ],
)
def test_an_answer(host: RunningHost, method: str, path: str, status: int, text: str) -> None:
    response = call(host, method, path)
    assert (response.status_code, response.text) == (status, text)


def test_the_key_may_come_in_a_header(host: RunningHost) -> None:
    assert call(host, "GET", "/api/closed", headers={"X-Functions-Key": host.KEY}).text == "opened"


def test_head_reaches_a_function_that_takes_it(host: RunningHost) -> None:
    response = call(host, "HEAD", "/api/both")
    assert (response.headers["X-Seen"], response.content) == ("HEAD", b"")


def test_what_a_function_sees(host: RunningHost) -> None:
    path = "/api/echo/caf%C3%A9?x=1&x=2&empty=&code=k"
    seen = call(host, "POST", path, data="söme".encode(), headers={"X-Mixed-Case": "Kept"}).json()
    assert seen["method"] == "POST"
    assert seen["url"] == host.url + path
    assert seen["params"] == {"first": "café"}
    assert seen["query"] == {"x": "1,2", "empty": "", "code": "k"}
    assert seen["headers"]["x-mixed-case"] == "Kept"
    assert seen["body"] == "söme"


def test_a_redirect_with_a_cookie(host: RunningHost) -> None:
    response = call(host, "GET", "/api/cookie")
    assert (response.status_code, response.headers["Location"], response.content) == (303, "/there", b"")
    assert response.headers["Set-Cookie"] == "a=b; HttpOnly; Path=/"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(host: RunningHost, chunked: bool) -> None:
    body = b"x" * 1001
    assert call(host, "POST", "/api/echo/a", data=iter([body]) if chunked else body).status_code == 413
    assert call(host, "POST", "/api/echo/a", data=body[:1000]).status_code == 200


def test_a_failure_is_in_the_log_with_its_traceback(host: RunningHost) -> None:
    call(host, "GET", "/api/fails")
    host.wait_for(r"fails FAILED in \d+ ms\n(.*\n)+?ValueError: not for the caller's eyes")


def test_the_admin_endpoints_say_what_runs(host: RunningHost) -> None:
    key = {"x-functions-key": host.KEY}
    assert call(host, "GET", "/admin/host/status", headers=key).json()["state"] == "Running"
    functions = call(host, "GET", "/admin/functions", headers=key).json()
    assert {"closed", "echo", "files"} < {function["name"] for function in functions}
    [trigger] = [b for b in functions[0]["config"]["bindings"] if b["type"] == "httpTrigger"]
    assert trigger["route"] == "echo/{first}/{second?}"


@pytest.mark.parametrize(
    ("function", "body", "status", "text"),
    [
        ("echo", b"{}", 400, "echo is an HTTP function: call its route"),
        ("by_timer", b"[1]", 400, 'the body must be a JSON object such as {"input": "…"}'),
        ("by_timer", b"{", 400, 'the body must be a JSON object such as {"input": "…"}'),
        ("no_such", b"{}", 404, ""),
        ("by_timer", b"", 202, ""),
    ],
)
def test_what_cannot_be_run_by_hand(host: RunningHost, function: str, body: bytes, status: int, text: str) -> None:
    response = call(host, "POST", f"/admin/functions/{function}?code={host.KEY}", data=body)
    assert (response.status_code, response.text) == (status, text)


def test_answers_do_not_wait_for_acknowledgements(host: RunningHost) -> None:
    """Nagle's algorithm with delayed acknowledgements would make each of these take 40 ms."""
    seconds = []
    with requests.Session() as session:
        for _ in range(20):
            started = time.perf_counter()
            session.get(f"{host.url}/api/items/1", timeout=10)
            seconds.append(time.perf_counter() - started)
    assert statistics.median(seconds) < 0.03
