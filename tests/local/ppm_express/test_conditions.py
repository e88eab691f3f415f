"""The token, webhooks, faults and limits of the simulator, and how it is started."""

import sys
from typing import Any

import pytest
import requests

from infra.local.ppm_express.tenant import MOST_WEBHOOKS
from infra.local.running import RunningProcess
from tests.local.azure_devops.receiver import Receiver
from tests.local.ppm_express.conftest import Client

HOOK = {
    "eventTypes": ["Task:Created", "Task:Updated", "Task:Deleted"],
    "headers": [{"name": "X-Key", "value": "k"}],
    "httpVerb": "POST",
}


def settle(client: Client) -> None:
    """Until nothing is on its way; each look is a call, so that no time is spent idle."""
    for _ in range(5_000):
        if client.control.under_way() == 0:
            return
    raise AssertionError("messages are still under way")


# ---------------------------------------------------------------- the token


def test_the_token_tells_its_expiry_and_scopes(client: Client) -> None:
    client.control.token(expires_at="2026-06-01T00:00:00+00:00", scopes=["Projects:Read"])
    token = client.get("Me")["token"]
    assert (token["expirationDate"], token["scopes"]) == ("2026-06-01T00:00:00Z", ["Projects:Read"])
    assert client("POST", client.tasks, {"attributes": {"Name": "x"}}).status_code == 403


def test_a_token_expires_with_time_and_is_replaced(client: Client) -> None:
    client.control.token(expires_at="2026-05-04T12:00:01+00:00")
    assert client("GET", "Me").status_code == 200
    client.control.token(expires_at="2026-05-04T12:00:00+00:00")
    assert client("GET", "Me").json()["errorMessage"] == "The token has expired."
    client.control.token(value="next", expires_at="2026-07-01T00:00:00+00:00")
    assert client("GET", "Me").status_code == 401
    client.session.headers["Authorization"] = "Bearer next"
    assert client("GET", "Me").status_code == 200


# ---------------------------------------------------------------- webhooks


def test_changes_of_tasks_are_posted_with_the_headers_asked_for(client: Client, receiver: Receiver) -> None:
    hook = client.post("Webhooks", {**HOOK, "url": receiver.url})
    task = client.create()["id"]
    client.patch(task, Name="Printer")  # nothing new
    client.patch(task, Name="Calm printer")
    client.control.delete(task)
    for event in HOOK["eventTypes"]:
        headers, body = receiver.received.get(timeout=5)
        assert (headers["X-Key"], body["WebhookId"]) == ("k", hook["id"])
        assert body["Data"] == {"EventType": event, "ProjectId": client.ppm.project, "Id": task}
    assert receiver.nothing_more()


def test_only_events_that_were_asked_for_are_posted(client: Client, receiver: Receiver) -> None:
    client.post("Webhooks", {**HOOK, "url": receiver.url, "eventTypes": ["Task:Deleted"]})
    client.control.delete(client.create()["id"])
    assert receiver.next()["Data"]["EventType"] == "Task:Deleted"
    settle(client)
    assert receiver.nothing_more()


@pytest.mark.parametrize(("shares", "arrive"), [({"lose": 1.0}, 0), ({"double": 1.0}, 2)])
def test_messages_get_lost_or_doubled(
    client: Client, receiver: Receiver, shares: dict[str, float], arrive: int
) -> None:
    client.control.deliveries(**shares)
    client.post("Webhooks", {**HOOK, "url": receiver.url})
    client.create()
    settle(client)
    assert receiver.received.qsize() == arrive


def test_a_tenant_has_a_most_of_webhooks_and_one_call_deletes_them_all(client: Client) -> None:
    for number in range(MOST_WEBHOOKS):
        hook = client.post("Webhooks", {**HOOK, "url": f"http://x.example/{number}"})
    assert client("POST", "Webhooks", {**HOOK, "url": "http://x.example/more"}).status_code == 400
    assert client("DELETE", f"Webhooks/{hook['id']}").status_code == 204
    assert client("GET", f"Webhooks/{hook['id']}").status_code == 404
    assert len(client.get("Webhooks")) == MOST_WEBHOOKS - 1
    client.session.hooks["response"].clear()  # a call of the help page alone
    assert client("DELETE", "Webhooks").status_code == 204
    assert client.get("Webhooks") == []


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("fault", "status", "made"),
    [
        ({"status": 503}, 503, 0),
        ({"status": 502, "when": "after"}, 502, 1),
        ({"status": None, "when": "after"}, 201, 1),
        ({"status": "drop"}, None, 0),
        ({"status": "drop", "when": "after"}, None, 1),
    ],
)
def test_a_fault_strikes_before_or_after_the_write(
    client: Client, fault: dict[str, Any], status: int | None, made: int
) -> None:
    client.control.fault("POST .*/tasks", **fault)
    try:
        seen = client("POST", client.tasks, {"attributes": {"Name": "x"}}).status_code
    except requests.ConnectionError:
        seen = None
    assert seen == status
    assert len(client.get(client.tasks)) == made


def test_a_write_can_land_after_its_answer(client: Client) -> None:
    for name, seconds in (("much later", 3600), ("soon", 0)):
        client.control.fault("POST .*/tasks", status=503, when="late", late_seconds=seconds)
        assert client("POST", client.tasks, {"attributes": {"Name": name}}).status_code == 503
    for _ in range(5_000):
        if landed := client.get(client.tasks):
            break
    assert [task["attributes"]["Name"] for task in landed] == ["soon"]


def test_a_fault_strikes_as_often_as_asked(client: Client) -> None:
    client.control.fault("GET .*/me", status=429, retry_after=7, times=2)
    answers = [client("GET", "Me") for _ in range(3)]
    assert [(answer.status_code, answer.headers.get("Retry-After")) for answer in answers] == [
        (429, "7"),
        (429, "7"),
        (200, None),
    ]
    client.control.fault(status=500, times=None)
    assert {client("GET", "Me").status_code for _ in range(3)} == {500}
    client.control.clear_faults()
    assert client("GET", "Me").status_code == 200


def test_too_many_requests_have_to_wait(client: Client) -> None:
    client.control.limit(2, seconds=30)
    assert [client("GET", "Me").status_code for _ in range(3)] == [200, 200, 429]
    client.clock.pass_by(31)
    assert client("GET", "Me").status_code == 200


def test_requests_are_counted(client: Client) -> None:
    client.get("Me")
    client.get("Fields/Task")
    assert client.control.requests() == ["GET /@contoso/v1.0/Me", "GET /@contoso/v1.0/Fields/Task"]
    client.control.forget_requests()
    assert client.control.requests() == []


@pytest.mark.parametrize(
    "command",
    [
        lambda control: control.fault(colour="red"),
        lambda control: control.create({"Name": "x"}, source="Trello"),
        lambda control: control.edit("nobody", {}),
        lambda control: control.holidays("soon"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(client: Client, command: Any) -> None:
    with pytest.raises(requests.HTTPError):
        command(client.control)


def test_it_runs_by_itself() -> None:
    command = [sys.executable, "-m", "infra.local.ppm_express", "--port", "0", "--tenant", "fabrikam", "--token", "t"]
    with RunningProcess(command, ready=r"^PPM Express simulator: (\S+) ") as process:
        url = process.ready[1]
        assert url.endswith("/@fabrikam/v1.0")
        answer = requests.get(f"{url}/Projects", headers={"Authorization": "Bearer t"}, timeout=10)
        assert [project["attributes"]["Name"] for project in answer.json()["data"]] == ["PMO"]
        process.stop()
        assert process.exit_code == 0
