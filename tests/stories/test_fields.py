"""An operator maps the fields of a pair one by one, through the whole product; what is saved takes effect at once."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from infra.local.clients import Board, wait_for
from infra.local.cloud import TOKEN, Cloud
from infra.local.ppm_express.running import RunningPpmExpress
from tests.stories.conftest import QUICK, started
from tests.stories.described import check, product_of
from tests.stories.test_pairs import PPM_TOKEN, Pair, configuration, made

PRIORITY = {
    "name": "priority",
    "boards": "Microsoft.VSTS.Common.Priority",
    "ppm": "Priority",
    "policy": "ppm",
    "values": {
        "high": {"boards": ["1"], "ppm": "High"},
        "medium": {"boards": ["2"], "ppm": "Medium"},
        "low": {"boards": ["3", "4"], "ppm": "Low"},
    },
}


class Fields:
    """The API of the field rules of one pair; answers with their status."""

    def __init__(self, cloud: Cloud) -> None:
        self._root = f"{cloud.host.url}/api/pairs/roadmap/fields"
        self._session = requests.Session()
        self._session.headers["x-functions-key"] = cloud.host.KEY
        self._session.hooks["response"].append(check)

    def ask(
        self, method: str, path: str = "", body: Any = None, etag: str = "", **params: str
    ) -> tuple[int, dict[str, Any], str]:
        headers = {"If-Match": etag} if etag else {}
        answer = self._session.request(method, self._root + path, json=body, params=params, headers=headers, timeout=60)
        return answer.status_code, answer.json(), answer.headers.get("ETag", "")


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started(settings=QUICK, secrets={"ppm-token": PPM_TOKEN}) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def ppm() -> Iterator[RunningPpmExpress]:
    with RunningPpmExpress() as ppm:
        ppm.control.token(value=PPM_TOKEN)
        yield ppm


@pytest.fixture(scope="module")
def board(cloud: Cloud) -> Iterator[Board]:
    board = Board(cloud.azure_devops_url, TOKEN)
    yield board
    board.close()


def names(answer: dict[str, Any]) -> list[str]:
    return [rule["name"] for rule in answer["fields"]]


def test_fields_are_mapped_one_by_one_and_take_effect_at_once(
    cloud: Cloud, ppm: RunningPpmExpress, board: Board
) -> None:
    product = product_of(cloud.host)
    assert product.configure(configuration(cloud, ppm)).status_code == 200
    product.close()
    pair, fields = Pair(cloud), Fields(cloud)
    epic = made(board, "Epic", "New shop")
    pair.post("create", 202, {"side": "boards", "items": [str(epic)]})
    task = pair.synced(epic)["ppm"]["id"]
    ppm.control.edit(task, {"Priority": "High"})

    # What is there, and what could be.
    status, shown, first = fields.ask("GET", choices="true")
    assert (status, names(shown)) == (200, ["title", "description", "start"])
    assert (shown["fields"][0]["boards"]["label"], shown["fields"][0]["ppm"]["type"]) == ("Title", "text")
    by_key = {field["key"]: field for field in shown["choices"]["boards"]}
    assert "Priority" in by_key["System.State"]["fits"]
    assert "DueDate" in by_key["Microsoft.VSTS.Scheduling.TargetDate"]["fits"]
    assert {"High", "Low"} <= set(
        next(each for each in shown["choices"]["ppm"] if each["key"] == "Priority")["choices"]
    )

    # Refused as a whole, by the path of the value at fault.
    wrong = PRIORITY | {"values": PRIORITY["values"] | {"low": {"boards": ["3"]}}}
    status, refused, _ = fields.ask("POST", body=wrong)
    assert (status, [fault["path"] for fault in refused["faults"]]) == (400, ["values.low"])

    # Tried, then done.
    number = PRIORITY | {"boards": {"field": "Microsoft.VSTS.Common.Priority", "type": "picklist"}}
    status, tried, unchanged = fields.ask("POST", body=number | {"position": 1}, dry_run="true")
    assert (status, tried["saved"], tried["touches"], tried["of"], unchanged) == (200, False, 1, 1, first), tried
    assert tried["examples"][0]["boards"] == {"id": str(epic), "title": "New shop"}
    assert tried["examples"][0]["to"] == {"boards": "1"}
    status, saved, second = fields.ask("POST", body=number | {"position": 1}, etag=first)
    assert (status, names(saved)) == (201, ["title", "priority", "description", "start"])
    priority = "Microsoft.VSTS.Common.Priority"
    wait_for(lambda: board.work_item(epic)["fields"][priority], lambda value: value == 1, "written at once")

    # Somebody who has read what was there before is told so.
    status, stale, _ = fields.ask("DELETE", "/start", etag=first)
    assert (status, stale["title"]) == (412, "Precondition Failed")

    # Renamed, put in order, deleted, and begun again.
    status, renamed, _ = fields.ask("PUT", "/priority", number | {"name": "how urgent / important"}, etag=second)
    assert (status, renamed["touches"]) == (200, 0)
    order = ["how urgent / important", "start", "title", "description"]
    status, ordered, _ = fields.ask("PUT", "/order", {"names": order})
    assert (status, names(ordered)) == (200, order)
    status, left, _ = fields.ask("DELETE", "/how%20urgent%20%2F%20important")
    assert (status, names(left)) == (200, order[1:])
    status, reset, _ = fields.ask("POST", "/reset")
    assert (status, names(reset)) == (200, ["title", "description", "start", "due", "effort", "assigned to"])
    assert {each["name"]: each["why"] for each in reset["left_out"]} == {
        "state": "Status cannot be written on ppm",
        "percent": "boards has no field Percent Complete or % Complete or Progress",
        "tags": "Labels takes no other tags on ppm than customer, legal, risk",
    }


def test_what_is_wrong_with_a_request_is_told_by_its_field(cloud: Cloud, ppm: RunningPpmExpress) -> None:
    product = product_of(cloud.host)
    assert product.configure(configuration(cloud, ppm)).status_code == 200
    product.close()
    fields = Fields(cloud)
    for method, path, body, params, status, paths in [
        ("POST", "", PRIORITY | {"position": -1}, {}, 400, ["position"]),
        ("POST", "", PRIORITY | {"colour": "red"}, {}, 400, ["colour"]),
        ("POST", "", {"name": "priority"}, {}, 400, ["boards", "ppm"]),
        ("POST", "", PRIORITY | {"direction": "up"}, {"dry_run": "true"}, 400, ["direction"]),
        ("POST", "", PRIORITY, {"dry_run": "perhaps"}, 400, ["dry_run"]),
        ("PUT", "/title", {"boards": "System.Titel", "ppm": "Name"}, {}, 400, ["boards.field"]),
        ("PUT", "/order", {"names": "title"}, {}, 400, ["names"]),
        ("PUT", "/order", {"names": ["title"]}, {}, 422, ["names", "names"]),
        ("DELETE", "/nothing", None, {}, 404, []),
        ("GET", "", None, {"choices": "all"}, 400, ["choices"]),
    ]:
        answered, refused, _ = fields.ask(method, path, body, **params)
        assert (answered, [fault["path"] for fault in refused.get("faults", [])]) == (status, paths), refused
