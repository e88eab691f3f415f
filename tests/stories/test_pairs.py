"""A PMO plan and the board, kept in step by the whole product: host, storage, both simulators, and people on each."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from infra.local.clients import Board, Product, wait_for
from infra.local.cloud import TOKEN, Cloud
from infra.local.ppm_express.running import RunningPpmExpress
from tests.stories.conftest import QUICK, started
from tests.stories.described import check, product_of

PPM_TOKEN = "ppm-local-token"
CONFIGURATION = """
connections:
  contoso: {{kind: azure_devops, url: "{boards}", secret: azure-devops-pat}}
  ppm: {{kind: ppm_express, url: "{ppm}", secret: ppm-token}}
triage: {{project: Fabrikam, area: 'Fabrikam\\Triage', type: User Story}}
pairs:
  - name: roadmap
    events: false  # so that nothing moves but what these stories move
    boards: {{projects: [Fabrikam], kinds: {{Task: User Story}}}}
    ppm: {{connection: ppm, project: {project}}}
    hierarchy: {{policy: boards}}
    fields:
      - {{name: title, boards: System.Title, ppm: Name, policy: ask}}
      - {{name: description, boards: System.Description, ppm: Description, policy: boards}}
      - {{name: start, boards: Microsoft.VSTS.Scheduling.StartDate, ppm: StartDate, direction: to_boards}}
"""


class Pair:
    """The operator API of one pair."""

    def __init__(self, cloud: Cloud) -> None:
        self.root = f"{cloud.host.url}/api/pairs/roadmap"
        self.session = requests.Session()
        self.session.headers["x-functions-key"] = cloud.host.KEY
        self.session.hooks["response"].append(check)

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        answer = self.session.get(f"{self.root}/{path}", params=params, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, path: str, status: int, field: str, **params: Any) -> None:
        answer = self.session.get(f"{self.root}/{path}", params=params, timeout=60)
        assert answer.status_code == status, answer.text
        assert [fault["path"] for fault in answer.json()["faults"]] == [field]

    def post(self, path: str, status: int, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.session.post(f"{self.root}/{path}", json=body, timeout=60)
        assert answer.status_code == status, answer.text
        return answer.json()

    def apply(self, plan: dict[str, Any]) -> None:
        """Have a plan applied, and wait for all of it to be updated."""
        self.applied(self.post(f"plans/{plan['id']}/apply", 202, {}))

    def applied(self, plan: dict[str, Any]) -> None:
        done = {"updated": plan["counts"]["writes"]}
        wait_for(lambda: self.get(f"plans/{plan['id']}"), lambda shown: shown["outcomes"] == done, "applied")

    def row(self, id: int) -> dict[str, Any]:
        [row] = [row for row in self.get("items", id=str(id))["items"] if row["boards"]]
        return row

    def synced(self, id: int) -> dict[str, Any]:
        return wait_for(lambda: self.row(id), lambda row: row["state"] == "synced" and not row["under_way"], "synced")


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
def product(cloud, ppm) -> Iterator[Product]:
    product = product_of(cloud.host)
    yield product
    product.close()


@pytest.fixture(scope="module")
def board(cloud) -> Iterator[Board]:
    board = Board(cloud.azure_devops_url, TOKEN)
    yield board
    board.close()


def configuration(cloud: Cloud, ppm: RunningPpmExpress) -> str:
    return CONFIGURATION.format(boards=cloud.azure_devops_url, ppm=ppm.url, project=ppm.project)


def made(board: Board, kind: str, title: str, parent: int | None = None) -> int:
    patch: list[dict[str, Any]] = [{"op": "add", "path": "/fields/System.Title", "value": title}]
    if parent is not None:
        url = f"{board.url}/_apis/wit/workItems/{parent}"
        patch.append({"op": "add", "path": "/relations/-",
                      "value": {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": url}})  # fmt: skip
    answer = requests.post(
        f"{board.url}/Fabrikam/_apis/wit/workitems/${kind}?api-version=7.1",
        json=patch,
        headers={"Content-Type": "application/json-patch+json"},
        auth=("", TOKEN),
        timeout=30,
    )
    answer.raise_for_status()
    return answer.json()["id"]


def test_a_pair_that_does_not_fit_its_sides_is_refused_with_every_fault(cloud, ppm, product):
    text = configuration(cloud, ppm)
    wrong = text.replace("ppm: Name", "ppm: Start Date").replace("ppm: Description", "ppm: Status, direction: both")
    refused = product.configure(wrong)
    assert refused.status_code == 400
    assert {fault["path"]: fault["fix"] for fault in refused.json()["faults"]} == {
        "pairs[0].fields[0].ppm.field": "there is no field 'Start Date' on ppm: do you mean StartDate?",
        "pairs[0].fields[1].ppm.field": "'Status' cannot be written on ppm: choose the direction to_boards",
    }
    inside = product.configure(text.replace(ppm.url, "https://10.0.0.7/@contoso/v1.0"))
    assert [fault["path"] for fault in inside.json()["faults"]] == ["connections.ppm.url"]
    nowhere = product.configure(text.replace(ppm.project, "10000000-0000-4000-8000-00000000ffff"))
    assert [fault["path"] for fault in nowhere.json()["faults"]] == ["pairs[0].ppm.project"]


def test_a_plan_goes_to_the_ppm_tool_and_stays_one_with_the_board(cloud, ppm, product, board):
    assert product.configure(configuration(cloud, ppm)).status_code == 200
    pair = Pair(cloud)
    epic = made(board, "Epic", "New shop")
    feature = made(board, "Feature", "Basket", epic)

    # Created down to a chosen level, shown first.
    wanted = {"side": "boards", "items": [str(epic)], "depth": ["Feature"]}
    shown = pair.post("create?dry_run=true", 200, wanted)
    assert [row["creates"]["fields"]["Name"] for row in shown["items"]] == ["New shop", "Basket"]
    pair.post("create", 202, wanted)
    pair.synced(epic)
    row = wait_for(lambda: pair.row(feature), lambda row: row["ppm"] and row["ppm"].get("parent"), "under its parent")
    assert row["ppm"]["parent"] == pair.row(epic)["ppm"]["id"]
    assert [each["boards"]["id"] for each in pair.get("items", unlinked="false", limit="1")["items"]] == [str(epic)]

    # Renamed over there, seen here, planned and applied.
    ppm.control.edit(row["ppm"]["id"], {"Name": "Shopping basket"})
    [changed] = pair.get("items", changed="true")["items"]
    assert changed["fields"][0]["changed"] == ["ppm"]
    assert changed["fields"][0]["writes"] == {"boards": "Shopping basket"}
    plan = pair.post("plans", 201, {"direction": "rules", "what": "values"})
    assert pair.get(f"plans/{plan['id']}") == plan
    pair.apply(plan)
    assert board.work_item(feature)["fields"]["System.Title"] == "Shopping basket"
    assert "was applied at" in pair.post(f"plans/{plan['id']}/apply", 409, {})["detail"]
    [told] = pair.get("history", plan=plan["id"])["writes"]
    assert (told["side"], told["from"], told["to"]) == ("boards", "Basket", "Shopping basket")

    # Taken back, and planned again.
    undone = pair.post(f"plans/{plan['id']}/undo", 202, {})
    pair.applied(undone)
    assert board.work_item(feature)["fields"]["System.Title"] == "Basket"
    pair.apply(pair.post("plans", 201, {"direction": "to_boards", "what": "values", "items": [f"boards:{feature}"]}))
    assert board.work_item(feature)["fields"]["System.Title"] == "Shopping basket"

    # Moved here: a mismatch of the hierarchy, which the plan of values leaves alone.
    ppm.control.move(row["ppm"]["id"], None)
    [mismatch] = pair.get("items", mismatch="true")["items"]
    assert mismatch["hierarchy"]["boards"]["id"] == str(epic)
    assert mismatch["hierarchy"]["ppm"] is None
    plan = pair.post("plans", 201, {"direction": "to_ppm", "what": "hierarchy", "items": [f"boards:{feature}"]})
    pair.apply(plan)
    assert pair.get("items", mismatch="true")["items"] == []

    # The hourly sweep finds what nobody planned, and one that finds nothing writes nothing.
    board.edit(epic, Title="New shop for all")
    _sweep(cloud)
    wait_for(lambda: pair.row(epic), lambda row: row["fields"][0].get("ppm") == "New shop for all", "renamed")
    wait_for(lambda: pair.get("items", changed="true"), lambda page: not page["items"], "in step")
    wait_for(lambda: _sweep(cloud), lambda found: found == "0 hints", "a sweep that finds nothing")
    before = {id: board.work_item(id)["rev"] for id in (epic, feature)}
    ppm.control.forget_requests()
    assert _sweep(cloud) == "0 hints"
    assert {id: board.work_item(id)["rev"] for id in (epic, feature)} == before
    assert not [each for each in ppm.control.requests() if each.startswith(("POST", "PATCH"))]


def test_a_pair_keeps_its_name_while_its_items_are_linked(cloud, ppm, product, board):
    text = configuration(cloud, ppm)
    assert product.configure(text).status_code == 200
    pair, epic = Pair(cloud), made(board, "Epic", "Loyalty")
    pair.post("create", 202, {"side": "boards", "items": [str(epic)]})
    link = pair.synced(epic)["link"]
    renamed, without = text.replace("name: roadmap", "name: road-map"), text.partition("pairs:")[0]
    assert [fault["path"] for fault in product.configure(renamed).json()["faults"]] == ["pairs[0].name"]
    assert product.configure(without).status_code == 200
    assert [fault["path"] for fault in product.configure(renamed).json()["faults"]] == ["pairs[0].name"]
    assert product.configure(text).status_code == 200
    assert pair.synced(epic)["link"] == link


def test_a_task_becomes_a_work_item_under_a_chosen_parent_and_can_be_let_go(cloud, ppm, product, board):
    assert product.configure(configuration(cloud, ppm)).status_code == 200
    pair = Pair(cloud)
    feature = made(board, "Feature", "Checkout")
    pair.post("create", 202, {"side": "boards", "items": [str(feature)]})
    pair.synced(feature)
    task = ppm.control.create({"Name": "Pay by card", "StartDate": "2026-05-11T00:00:00Z"})
    wanted = {"side": "ppm", "items": [task], "type": "User Story", "parent": str(feature)}
    refused = pair.post("create", 422, wanted | {"project": "Tailwind", "parent": "99999"})
    assert [fault["path"] for fault in refused["faults"]] == ["project", "parent"]
    pair.post("create", 202, wanted)

    def linked() -> list[dict[str, Any]]:
        return [row for row in pair.get("items", id=task)["items"] if row["state"] == "synced" and row["boards"]]

    [row] = wait_for(linked, bool, "created")
    story = board.work_item(int(row["boards"]["id"]))
    assert story["fields"]["System.WorkItemType"] == "User Story"
    assert story["fields"]["System.Title"] == "Pay by card"
    assert story["fields"]["System.Parent"] == feature
    assert story["fields"]["Microsoft.VSTS.Scheduling.StartDate"] == "2026-05-11T00:00:00Z"

    pair.post("unlink", 200, {"items": [f"ppm:{task}"]})
    assert [each["link"] for each in pair.get("items", unlinked="true", id=task)["items"]] == [row["link"]]
    again = pair.post("link", 201, {"boards": row["boards"]["id"], "ppm": task})
    wait_for(linked, lambda rows: [each["link"] for each in rows] == [again["link"]], "linked again")
    assert pair.post("link", 409, {"boards": row["boards"]["id"], "ppm": task})["detail"].startswith("link ")
    [shown] = product.get("pairs").json()["pairs"]
    assert (shown["name"], shown["hold"]) == ("roadmap", None)


def test_work_items_are_chosen_by_team_iteration_and_query_and_created_down_to_a_level(cloud, ppm, product, board):
    assert product.configure(configuration(cloud, ppm)).status_code == 200
    pair = Pair(cloud)
    epic = made(board, "Epic", "New network")
    feature = made(board, "Feature", "Cabling", epic)
    story = made(board, "User Story", "Lay cables", feature)
    early = made(board, "User Story", "Draw a map", epic)
    task = made(board, "Task", "Buy cables", story)
    for id in (epic, feature, story, early, task):
        board.edit(id, AreaPath="Fabrikam\\Network", IterationPath="Fabrikam\\Sprint 2")
    everybody = {
        "name": "Stories",
        "wiql": "SELECT [System.Id] FROM WorkItems WHERE [System.WorkItemType] = 'User Story'",
    }
    queries = f"{board.url}/Fabrikam/_apis/wit/queries/Shared%20Queries?api-version=7.1"
    requests.post(queries, json=everybody, auth=("", TOKEN), timeout=30).raise_for_status()

    def chosen(**filters: str) -> set[int]:
        return {int(row["boards"]["id"]) for row in pair.get("items", **filters)["items"]}

    assert chosen(team="Network", iteration="current") == {epic, feature, story, early, task}
    assert chosen(team="Network", query="Shared Queries/Stories", text="cables") == {story}
    assert chosen(team="Service Desk", iteration="current") == set()
    pair.refused("items", 422, "team", team="Netwerk")
    pair.refused("items", 422, "query", query="Shared Queries/Nothing")

    offers = {offer["label"]: offer["depth"] for offer in pair.get("levels", side="boards", item=str(epic))["levels"]}
    assert list(offers) == [
        "item only",
        "with all sub features",
        "with all sub features and user stories",
        "with all subentities",
    ]
    wanted = {"side": "boards", "items": [str(epic)], "depth": offers["with all sub features and user stories"]}
    shown = pair.post("create?dry_run=true", 200, wanted)
    assert {int(row["item"]) for row in shown["items"]} == {epic, feature, story, early}
    assert [offer["label"] for offer in pair.get("levels", side="boards", item=str(task))["levels"]] == [
        "item only",
        "with all subentities",
    ]
    pair.refused("levels", 422, "item", side="boards", item="99999")


def test_a_tree_of_tasks_becomes_work_items_level_by_level_or_not_at_all(cloud, ppm, product, board):
    assert product.configure(configuration(cloud, ppm)).status_code == 200
    pair = Pair(cloud)
    top, middle = (ppm.control.create({"Name": name}) for name in ("Move to the cloud", "Move the shop"))
    ppm.control.move(middle, top)
    wanted = {"side": "ppm", "items": [top], "depth": "all"}
    flat = pair.post("create", 422, wanted | {"area": "Fabrikam\\Netwerk", "iteration": "Fabrikam\\Sprint 9"})
    assert [fault["path"] for fault in flat["faults"]] == ["area", "iteration", "type"]
    assert "no User Story stands under the copy of" in flat["faults"][2]["fix"]
    [_, below] = pair.post("create?dry_run=true", 200, wanted)["items"]
    assert f"ppm {middle}: {below['refusal']}" == flat["faults"][2]["fix"]
    upward = wanted | {"type": ["User Story", "Feature"]}
    assert [fault["path"] for fault in pair.post("create", 422, upward)["faults"]] == ["type"]

    level_by_level = {"type": ["Epic", "Feature"], "area": "Fabrikam\\PMO", "iteration": "Fabrikam\\Sprint 1"}
    pair.post("create", 202, wanted | level_by_level)

    def boards_of(task: str) -> dict[str, Any]:
        [row] = pair.get("items", id=task)["items"]
        return board.work_item(int(row["boards"]["id"]))["fields"] if row["boards"] else {}

    feature = wait_for(lambda: boards_of(middle), lambda fields: "System.Parent" in fields, "under its parent")
    assert feature["System.WorkItemType"] == "Feature"
    assert (feature["System.AreaPath"], feature["System.IterationPath"]) == ("Fabrikam\\PMO", "Fabrikam\\Sprint 1")
    epic = boards_of(top)
    assert (epic["System.WorkItemType"], epic["System.Title"]) == ("Epic", "Move to the cloud")
    assert board.work_item(feature["System.Parent"])["fields"] == epic

    story = ppm.control.create({"Name": "Pay in the cloud"})
    wrong = {"side": "ppm", "items": [story], "type": "Epic", "parent": str(feature["System.Parent"])}
    [fault] = pair.post("create", 422, wrong)["faults"]
    assert fault["path"] == "parent"
    assert fault["fix"].endswith("may")


def test_what_is_wrong_with_a_request_is_told_by_its_field(cloud, ppm, product):
    assert product.configure(configuration(cloud, ppm)).status_code == 200
    pair = Pair(cloud)
    for path, body, status, field in [
        ("plans", {"direction": "sideways"}, 400, "direction"),
        ("plans", {"items": "boards:1"}, 400, "items"),
        ("plans", {"colour": "red"}, 400, "colour"),
        ("unlink", {"items": ["boards:99999"]}, 422, "items[0]"),
        ("link", {"boards": "99999"}, 400, "ppm"),
        ("create", {"side": "boards", "items": []}, 400, "items"),
        ("create", {"side": "ppm", "items": ["1"], "type": {"0": "Epic"}}, 400, "type"),
    ]:
        answer = pair.post(path, status, body)
        assert [fault["path"] for fault in answer["faults"]] == [field], answer
    pair.refused("levels", 400, "side", side="left", item="1")
    pair.refused("levels", 400, "item", side="boards")


def _sweep(cloud: Cloud) -> str:
    """Run the timer by hand; what it says of the pair."""
    key, told = {"x-functions-key": cloud.host.KEY}, re.compile(r"pair roadmap: (.*)")
    before = len(told.findall(cloud.host.log))
    requests.post(f"{cloud.host.url}/admin/functions/progress_sync", json={}, headers=key, timeout=10)
    return wait_for(lambda: told.findall(cloud.host.log), lambda found: len(found) > before, "swept")[-1]
