"""Every kind of answer against the vendor's swagger: the client of this folder checks each one it gets."""

import pytest

from infra.local.ppm_express.tenant import PROJECT
from tests.local.ppm_express.conftest import Client
from tests.local.ppm_express.specification import faults_of, swagger

NOBODY = "ffffffff-0000-4000-8000-000000000000"
PERSON = "20000000-0000-4000-8000-000000000001"
TASKS, DATES = f"projects/{PROJECT}/tasks", f"projects/{PROJECT}/keydates"
WEBHOOK = {
    "eventTypes": ["Task:Created"],
    "headers": [{"name": "x", "value": "y"}],
    "httpVerb": "POST",
    "url": "http://x",
}


@pytest.fixture(autouse=True)
def needs_swagger() -> None:
    if swagger() is None:
        pytest.skip("the vendor's swagger is not here; BOARDBRIDGE_DATA names the folder with ppm-express/swagger.json")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "Me", None, 200),
        ("GET", "Fields/Task", None, 200),
        ("GET", "Fields/Idea", None, 200),
        ("GET", "Fields/Lamp", None, 400),
        ("GET", "Projects", None, 200),
        ("POST", "Projects", {"attributes": {"Name": "Office"}}, 201),
        ("POST", "Projects", {"attributes": {}}, 400),
        ("GET", f"Projects/{PROJECT}", None, 200),
        ("GET", f"Projects/{NOBODY}", None, 404),
        ("PATCH", f"Projects/{PROJECT}", {"updates": {"Name": "PMO 2"}}, 200),
        ("PATCH", f"Projects/{NOBODY}", {"updates": {}}, 404),
        ("GET", TASKS, None, 200),
        ("GET", f"projects/{NOBODY}/tasks", None, 403),
        ("POST", TASKS, {"attributes": {"Name": "Printer", "IsMilestone": True, "AssignedTo": [{"id": PERSON}]}}, 201),
        ("POST", TASKS, {"attributes": {"Name": "Printer", "Progress": 101}}, 400),
        ("POST", TASKS, {"Name": "Printer"}, 400),
        ("POST", TASKS, ["Printer"], 400),
        ("POST", f"projects/{NOBODY}/tasks", {"attributes": {"Name": "Printer"}}, 403),
        ("GET", f"{TASKS}/{NOBODY}", None, 404),
        ("PATCH", f"{TASKS}/{NOBODY}", {"updates": {}}, 404),
        ("GET", DATES, None, 200),
        ("GET", f"{DATES}/{NOBODY}", None, 404),
        ("GET", "Resources", None, 200),
        ("POST", "Resources", {"attributes": {"Name": "Ada"}}, 201),
        ("GET", f"Resources/{PERSON}", None, 200),
        ("GET", f"Resources/{NOBODY}", None, 404),
        ("PATCH", f"Resources/{PERSON}", {"updates": {"Email": "a@x.example"}}, 200),
        ("POST", "Webhooks", WEBHOOK, 201),
        ("POST", "Webhooks", {"url": "http://x"}, 400),
        ("GET", "Webhooks", None, 200),
        ("GET", f"Webhooks/{NOBODY}", None, 404),
        ("DELETE", f"Webhooks/{NOBODY}", None, 204),
    ],
)
def test_answers_keep_to_the_swagger(client: Client, method: str, path: str, body: object, status: int) -> None:
    task = client.create(IsMilestone=True)["id"]
    client.post("Webhooks", WEBHOOK)
    assert client("GET", f"{client.tasks}/{task}").status_code == 200
    assert client(method, path, body).status_code == status


@pytest.mark.parametrize("path", ["Me", "Fields/Task", "Projects", TASKS, "Resources", f"Webhooks/{NOBODY}"])
def test_refusals_of_the_token_keep_to_the_swagger(client: Client, path: str) -> None:
    client.session.headers["Authorization"] = "Bearer wrong"
    assert client("GET", path).status_code == 401


@pytest.mark.parametrize("path", ["Projects", TASKS, "Resources"])
def test_refusals_for_want_of_a_scope_keep_to_the_swagger(client: Client, path: str) -> None:
    client.control.token(scopes=[])
    assert client("GET", path).status_code == 403
    assert client("GET", "Me").status_code == 200


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"data": {"id": "1", "attributes": {}}}),
        (200, {"data": {"id": NOBODY, "attributes": [], "sourceType": "Ppmx"}}),
        (200, {"data": {"id": NOBODY, "sourceType": "Trello"}}),
        (200, {"data": {"id": NOBODY, "rev": 3}}),
        (200, {"data": []}),
        (404, {"errors": ["x"]}),
        (418, {}),
    ],
)
def test_what_breaks_the_swagger_is_seen(status: int, body: object) -> None:
    assert list(faults_of("get", f"/{TASKS}/{NOBODY}", status, body))
