"""Calls that work items share: what goes in one, what each caller is told, and what becomes of a batch that fails."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local.azure_devops.running import RunningSimulator
from shared.connectors.azure_devops import batching
from shared.connectors.azure_devops.api import Api, Write
from shared.connectors.azure_devops.batching import SharedCalls
from shared.connectors.http import Credential
from shared.errors import InDoubt, NotFound, NotLetIn, Stale, Throttled
from tests.connectors.canned import Canned, answer
from tests.connectors.company import LONG, Expected, side_by_side

TITLE = "System.Title"


def now() -> datetime:
    return datetime.now(UTC)


class Token:
    remedy = "Renew it."

    def credential(self) -> Credential:
        return Credential("Basic OmxvY2FsLXBhdA==", "local-pat")

    def renewed(self, refused: Credential) -> Credential | None:
        return None


class Calls(SharedCalls):
    """Calls that wait for as many as a test says."""

    def __init__(self, url: str, adapter: Any = None) -> None:
        self.told: list[float] = []
        self.company = Expected()
        self.api = Api(
            url,
            Token(),
            connection="boards",
            clock=now,
            timeout_seconds=10,
            on_throttle=self.told.append,
            adapter=adapter,
        )
        super().__init__(self.api, self.company, quiet_seconds=LONG, longest_wait_seconds=LONG)

    def together(self, *writes: Write) -> list[Any]:
        """What came of each: the work item, or the error."""
        return self.side_by_side(*(lambda write=write: self.write(write) for write in writes))

    def side_by_side(self, *acts: Callable[[], Any]) -> list[Any]:
        self.company.number = len(acts)
        done = side_by_side(*acts)
        self.company.number = 1
        return [each.exception() or each.result() for each in done]


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with RunningSimulator() as running:
        yield running


@pytest.fixture
def calls(simulator: RunningSimulator) -> Iterator[Calls]:
    simulator.control.reset()
    calls = Calls(simulator.url)
    yield calls
    calls.api.close()


def create(title: str) -> Write:
    return Write("POST", "Contoso-Basic/_apis/wit/workitems/$Issue", [put(TITLE, title)])


def edit(id: int, rev: int, *operations: dict[str, Any]) -> Write:
    return Write("PATCH", f"_apis/wit/workitems/{id}", [{"op": "test", "path": "/rev", "value": rev}, *operations])


def put(name: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": f"/fields/{name}", "value": value}


def made(calls: Calls, number: int = 4) -> list[int]:
    return [calls.api.patch("POST", create("Made").address, create(f"Made {n}").patch, {})["id"] for n in range(number)]


def kinds(outcomes: Sequence[Any]) -> list[str]:
    return [type(each).__name__ if isinstance(each, Exception) else "done" for each in outcomes]


def revisions(calls: Calls, ids: Sequence[int]) -> list[int]:
    return [calls.api.get(f"_apis/wit/workitems/{id}")["rev"] for id in ids]


def test_reads_side_by_side_are_one_call(simulator: RunningSimulator, calls: Calls) -> None:
    ids = made(calls)
    simulator.control.forget_requests()
    found = calls.side_by_side(*(lambda id=id: calls.work_items(list({id, ids[0]})) for id in ids))
    assert [sorted(each) for each in found] == [sorted({id, ids[0]}) for id in ids]
    assert simulator.control.counts() == {"work_items.batch": 1}


def test_deleted_and_missing_work_items_are_told_apart(simulator: RunningSimulator, calls: Calls) -> None:
    there, deleted = made(calls, 2)
    calls.api.delete(f"_apis/wit/workitems/{deleted}")
    found = calls.work_items([there, deleted, 999_999])
    assert {id: json.get("rev") for id, json in found.items()} == {there: 1, deleted: None}


def test_a_bin_that_may_not_be_read_tells_nothing(simulator: RunningSimulator, calls: Calls) -> None:
    (deleted,) = made(calls, 1)
    calls.api.delete(f"_apis/wit/workitems/{deleted}")
    simulator.control.fault(call="recycle_bin.list", status=403)
    assert calls.work_items([deleted]) == {}


def test_searches_side_by_side_are_one_call(simulator: RunningSimulator, calls: Calls) -> None:
    link = {"rel": "Hyperlink", "url": "https://bridge.example/1"}
    body = [put(TITLE, "Marked"), {"op": "add", "path": "/relations/-", "value": link}]
    id = calls.api.patch("POST", create("").address, body, {})["id"]
    simulator.control.forget_requests()
    urls = [f"https://bridge.example/{n}" for n in range(3)]
    found = calls.side_by_side(*(lambda url=url: calls.found([url]) for url in urls))
    assert found == [{urls[0]: ()}, {urls[1]: (id,)}, {urls[2]: ()}]
    assert simulator.control.counts() == {"artifacts.query": 1}


def test_writes_side_by_side_are_one_call(simulator: RunningSimulator, calls: Calls) -> None:
    first, second, _, _ = made(calls)
    simulator.control.forget_requests()
    edits = [edit(id, 1, put(TITLE, f"Edited {id}")) for id in (first, second)]
    outcomes = calls.together(*edits, create("New & <odd>"), create("New"))
    assert [each["fields"][TITLE] for each in outcomes] == [
        f"Edited {first}",
        f"Edited {second}",
        "New & <odd>",
        "New",
    ]
    counts = simulator.control.counts()
    assert counts == {"batch": 1, "work_items.update": 2, "work_items.create": 2}


def test_one_write_alone_is_no_batch(simulator: RunningSimulator, calls: Calls) -> None:
    assert calls.write(create("Alone"))["rev"] == 1
    assert simulator.control.counts() == {"work_items.create": 1}


def test_each_is_told_what_it_would_be_told_alone(simulator: RunningSimulator, calls: Calls) -> None:
    ids = made(calls)
    simulator.control.fault(call="work_items.update", item=ids[2], status=503, when="after")
    simulator.control.fault(call="work_items.update", item=ids[3], status=429, retry_after=7)
    outcomes = calls.together(
        edit(ids[0], 1, put(TITLE, "Fine")),
        edit(ids[1], 3, put(TITLE, "Stale")),
        edit(ids[0] + 1000, 1, put(TITLE, "Missing")),
        edit(ids[1], 1, put("System.State", "Baking")),
        edit(ids[2], 1, put(TITLE, "In doubt")),
        edit(ids[3], 1, put(TITLE, "Throttled")),
    )
    assert kinds(outcomes) == ["done", "Stale", "NotFound", "Park", "InDoubt", "Throttled"]
    assert isinstance(outcomes[1], Stale)
    assert "Baking" in str(outcomes[3])
    assert outcomes[5].after_seconds == 7
    assert revisions(calls, ids) == [2, 1, 2, 1]


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_a_refused_batch_is_sent_one_by_one(simulator: RunningSimulator, calls: Calls, status: int) -> None:
    ids = made(calls)
    simulator.control.fault(call="batch", status=status)
    simulator.control.forget_requests()
    writes = [edit(id, 1, put(TITLE, "Edited")) for id in ids[:3]]
    assert kinds(calls.together(*writes, edit(ids[3], 9))) == ["done", "done", "done", "Stale"]
    assert simulator.control.counts() == {"batch": 1, "work_items.update": 4}


def test_after_a_refusal_a_batch_is_left_alone_for_a_while(
    simulator: RunningSimulator, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.control.fault(call="batch", status=404, times=1)
    calls.together(create("1"), create("2"))
    calls.together(create("3"), create("4"))
    assert simulator.control.counts()["batch"] == 1
    moment = batching.monotonic()
    monkeypatch.setattr(batching, "monotonic", lambda: moment + batching.SINGLE_SECONDS)
    calls.together(create("5"), create("6"))
    assert simulator.control.counts() == {"batch": 2, "work_items.create": 6}


@pytest.mark.parametrize(("when", "rev"), [("before", 1), ("after", 2)])
@pytest.mark.parametrize("status", [500, 503, "drop"])
def test_a_doubtful_batch_is_in_doubt_for_each(
    simulator: RunningSimulator, calls: Calls, when: str, rev: int, status: int | str
) -> None:
    ids = made(calls)
    simulator.control.fault(call="batch", when=when, status=status, times=1)
    outcomes = calls.together(*(edit(id, 1, put(TITLE, "Edited")) for id in ids))
    assert kinds(outcomes) == ["InDoubt"] * 4
    assert revisions(calls, ids) == [rev] * 4


def test_a_throttled_batch_wrote_nothing(simulator: RunningSimulator, calls: Calls) -> None:
    ids = made(calls)
    simulator.control.fault(call="batch", status=429, retry_after=33)
    outcomes = calls.together(*(edit(id, 1, put(TITLE, "Edited")) for id in ids))
    assert {(type(each), each.after_seconds) for each in outcomes} == {(Throttled, 33)}
    assert revisions(calls, ids) == [1] * 4


@pytest.mark.parametrize(
    "odd",
    [
        {"count": 1, "value": [{"code": 200, "body": "{}"}]},
        {"count": 3, "value": [{"code": 200, "body": "{}"}] * 3},
        {"value": None},
        [],
        b"<!-- a proxy -->",
    ],
)
def test_answers_that_cannot_be_told_apart_leave_all_in_doubt(odd: Any) -> None:
    content_type = "application/json"
    network = Canned(answer(200, odd, content_type=content_type), answer(200, {"id": 7, "rev": 1}))
    calls = Calls("https://dev.azure.com/contoso", network)
    outcomes = calls.together(create("1"), create("2"))
    expected = NotLetIn if isinstance(odd, bytes) else InDoubt
    assert [type(each) for each in outcomes] == [expected] * 2
    if expected is InDoubt:  # and what comes next does not rely on batches
        assert calls.write(create("3")) == {"id": 7, "rev": 1}


def test_an_odd_answer_leaves_its_own_write_in_doubt() -> None:
    item = json.dumps({"id": 7, "rev": 2})
    answers = [
        {"code": 200, "body": item, "headers": {"retry-after": 9}},
        {"code": 200, "body": item, "headers": {"Retry-After": "4"}},
        {"body": item},
        {"code": 200},
        {"code": 200, "body": "not JSON"},
        {"code": 401, "body": ""},
        {"code": 404, "body": json.dumps({"message": "TF401232: Work item 7 does not exist"})},
    ]
    calls = Calls("https://dev.azure.com/contoso", Canned(answer(200, {"value": answers})))
    outcomes = calls.api.batch([create("x")] * len(answers))
    assert outcomes[:2] == [{"id": 7, "rev": 2}] * 2
    assert [type(each) for each in outcomes[2:]] == [InDoubt, InDoubt, InDoubt, NotLetIn, NotFound]
    assert calls.told == [9]


def test_a_batch_as_it_is_sent() -> None:
    network = Canned(answer(200, {"value": [{"code": 200, "body": "{}"}] * 2}))
    calls = Calls("https://dev.azure.com/contoso", network)
    new = Write("POST", "A%20B/_apis/wit/workitems/$User%20Story", [put(TITLE, "x")], {"$expand": "relations"})
    calls.api.batch([edit(7, 3, put(TITLE, "y")), new])
    assert network.requests[0].url == "https://dev.azure.com/contoso/_apis/wit/$batch?api-version=7.1"
    json_patch = {"Content-Type": "application/json-patch+json"}
    assert network.bodies == [
        [
            {
                "method": "PATCH",
                "uri": "/_apis/wit/workitems/7?api-version=7.1",
                "headers": json_patch,
                "body": [{"op": "test", "path": "/rev", "value": 3}, put(TITLE, "y")],
            },
            {
                "method": "PATCH",
                "uri": "/A%20B/_apis/wit/workitems/$User%20Story?$expand=relations&api-version=7.1",
                "headers": json_patch,
                "body": [{"op": "add", "path": "/id", "value": -2}, put(TITLE, "x")],
            },
        ]
    ]
