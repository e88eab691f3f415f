"""The connector against the simulated organisation: the contract, and what only shows on a wire."""

from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from infra.local.azure_devops.running import RunningSimulator
from shared.connectors.azure_devops.boards import AzureDevOpsBoards
from shared.connectors.http import Credential
from shared.errors import InDoubt, RetryLater, Stale, StopConnection, Throttled
from tests.connectors.contracts import MARKER, TITLE, BoardsContract, Later, change, changes, story


def now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """The clock of this machine, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with RunningSimulator() as running:
        yield running


class Token:
    """An authenticator whose token a test may replace while it is in use."""

    remedy = "Renew it."

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens)

    def credential(self) -> Credential:
        token = self._tokens[0]
        return Credential("Basic " + b64encode(f":{token}".encode()).decode(), token)

    def renewed(self, refused: Credential) -> Credential | None:
        if len(self._tokens) == 1:
            return None
        del self._tokens[0]
        return self.credential()


@pytest.fixture
def boards(simulator: RunningSimulator, clock: Clock) -> Iterator[AzureDevOpsBoards]:
    simulator.control.reset()
    boards = AzureDevOpsBoards(simulator.url, Token("local-pat"), connection="boards", clock=clock)
    yield boards
    boards.close()


class SimulatedPeople:
    """What others do, by calls of their own."""

    def __init__(self, simulator: RunningSimulator) -> None:
        self._simulator = simulator

    def delete(self, id: int) -> None:
        self._call("DELETE", f"_apis/wit/workitems/{id}")

    def comment(self, id: int, html: str) -> int:
        says = [
            {"op": "add", "path": "/fields/System.History", "value": html},
            {"op": "add", "path": "/fields/System.ChangedBy", "value": "Jamal Hartnett"},
        ]
        self._call("PATCH", f"_apis/wit/workitems/{id}?bypassRules=true", says, "application/json-patch+json")
        newest, *_ = self._call("GET", self._comments(id), version="7.1-preview.4")["comments"]
        return newest["id"]

    def delete_comment(self, id: int, comment: int) -> None:
        self._call("DELETE", f"{self._comments(id)}/{comment}", version="7.1-preview.4")

    def rename_area(self, area: str, name: str) -> None:
        self._call("PATCH", self._node(area), {"name": name})

    def move_area(self, area: str, below: str) -> None:
        self._call("POST", self._node(below), {"id": self._id(area)})

    def delete_area(self, area: str, into: str) -> None:
        self._call("DELETE", f"{self._node(area)}?$reclassifyId={self._id(into)}")

    def refuse_new_tags(self) -> None:
        self._simulator.control.rules(refuse_new_tags=True)

    def _comments(self, id: int) -> str:
        return f"Fabrikam/_apis/wit/workItems/{id}/comments"

    def _id(self, area: str) -> int:
        return self._call("GET", self._node(area))["id"]

    def _node(self, area: str) -> str:
        project, _, below = area.partition("\\")
        return f"{project}/_apis/wit/classificationnodes/areas/{below.replace('\\', '/')}"

    def _call(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json", version: str = "7.1"
    ) -> Any:
        answer = requests.request(
            method,
            f"{self._simulator.url}/{path}",
            params={"api-version": version},
            json=body,
            headers={"Content-Type": content_type},
            auth=("", "local-pat"),
            timeout=5,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None


class TestAzureDevOpsBoards(BoardsContract):
    @pytest.fixture
    def boards(self, boards: AzureDevOpsBoards) -> AzureDevOpsBoards:
        return boards

    @pytest.fixture
    def people(self, simulator: RunningSimulator) -> SimulatedPeople:
        return SimulatedPeople(simulator)

    @pytest.fixture
    def later(self, clock: Clock) -> Later:
        def later() -> None:
            clock.ahead += timedelta(minutes=1)

        return later


# ---------------------------------------------------------------- what only shows on a wire


@pytest.mark.parametrize(("when", "created"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("status", [503, "drop"])
def test_a_create_without_an_answer_is_in_doubt(
    simulator: RunningSimulator, boards: AzureDevOpsBoards, when: str, created: int, status: int | str
) -> None:
    simulator.control.fault(call="work_items.create", when=when, status=status, times=1)
    with pytest.raises(InDoubt):
        boards.create(story("Once", MARKER))
    assert len(boards.find_by_hyperlink([MARKER.url])[MARKER.url]) == created


def test_a_lost_update_is_in_doubt_and_its_repeat_is_stale(
    simulator: RunningSimulator, boards: AzureDevOpsBoards
) -> None:
    item = boards.create(story())
    simulator.control.fault(call="work_items.update", when="after", status="drop", times=1)
    lost = change(item, fields={TITLE: "Lost answer"})
    with pytest.raises(InDoubt):
        boards.update(lost)
    with pytest.raises(Stale):
        boards.update(lost)
    assert boards.revision(item.id, item.rev + 1).fields[TITLE] == "Lost answer"


def test_no_answer_in_time(simulator: RunningSimulator) -> None:
    simulator.control.reset()
    impatient = AzureDevOpsBoards(
        simulator.url, Token("local-pat"), connection="boards", clock=now, timeout_seconds=0.1
    )
    simulator.control.latency(seconds=0.4)
    with pytest.raises(InDoubt, match=r"within 0\.1 s"):
        impatient.create(story())
    with pytest.raises(RetryLater, match=r"within 0\.1 s"):
        impatient.work_item(1)
    simulator.control.latency()
    impatient.close()


def test_a_block_names_its_wait(simulator: RunningSimulator, boards: AzureDevOpsBoards) -> None:
    simulator.control.throttle(mode="block", retry_after=33, times=1)
    with pytest.raises(Throttled, match="TF400733") as throttled:
        boards.create(story())
    assert throttled.value.after_seconds == 33
    assert boards.create(story()).rev == 1


def test_a_delayed_success_asks_to_wait(simulator: RunningSimulator) -> None:
    simulator.control.reset()
    told: list[float] = []
    boards = AzureDevOpsBoards(
        simulator.url, Token("local-pat"), connection="boards", clock=now, on_throttle=told.append
    )
    simulator.control.throttle(mode="delay", retry_after=9, times=1)
    assert boards.create(story()).rev == 1
    boards.close()
    assert told == [9]


@pytest.mark.parametrize("state", ["expired", "revoked", "no_scope"])
@pytest.mark.parametrize("act", ["check", "read", "create", "update"])
def test_a_token_that_is_not_taken_stops_the_connection(
    simulator: RunningSimulator, boards: AzureDevOpsBoards, state: str, act: str
) -> None:
    item = boards.create(story())
    simulator.control.token(state=state)
    with pytest.raises(StopConnection, match=r"\. Renew it\.$"):
        match act:
            case "check":
                boards.check()
            case "read":
                boards.work_item(item.id)
            case "create":
                boards.create(story())
            case "update":
                boards.update(change(item, fields={TITLE: "x"}))


def test_a_rotated_token_is_taken_up_without_a_loss(simulator: RunningSimulator) -> None:
    simulator.control.reset()
    simulator.control.token(value="second-pat")
    boards = AzureDevOpsBoards(simulator.url, Token("local-pat", "second-pat"), connection="boards", clock=now)
    item = boards.create(story("Once", MARKER))
    assert boards.find_by_hyperlink([MARKER.url]) == {MARKER.url: (item.id,)}
    boards.close()


def test_one_connector_serves_many_threads(boards: AzureDevOpsBoards) -> None:
    def one(number: int) -> tuple[str, str]:
        title = f"Story {number}"
        return title, boards.work_item(boards.create(story(title)).id).fields[TITLE]

    with ThreadPoolExecutor(8) as pool:
        assert all(wanted == got for wanted, got in pool.map(one, range(40)))


# ---------------------------------------------------------------- the feed


def test_the_feed_comes_in_batches(simulator: RunningSimulator, boards: AzureDevOpsBoards) -> None:
    simulator.control.rules(feed_page_limit=2)
    boards.create(story("Before"))
    start = boards.changed(None).cursor
    ids = [boards.create(story()).id for _ in range(5)]
    first = boards.changed(start)
    assert (first.ids, first.more) == (tuple(ids[:2]), True)
    assert changes(boards, start)[0] == set(ids)


def test_the_feed_begins_at_the_servers_now(
    simulator: RunningSimulator, boards: AzureDevOpsBoards, clock: Clock
) -> None:
    for ahead in (-4, 4):
        clock.ahead = timedelta(minutes=ahead)
        boards.create(story("Before"))
        begin = boards.changed(None)
        item = boards.create(story("After"))
        assert begin.ids == ()
        assert boards.changed(begin.cursor).ids == (item.id,)


def test_a_duplicate_shows_its_original_and_the_original_its_duplicate(boards: AzureDevOpsBoards, simulator) -> None:
    original, duplicate = boards.create(story("VPN down")), boards.create(story("VPN is down"))
    written = boards.update(change(duplicate, duplicate_of=original.id))
    boards.update(change(written, duplicate_of=original.id))
    shown = {}
    for item in (original, duplicate):
        address = f"{simulator.url}/_apis/wit/workitems/{item.id}?$expand=relations&api-version=7.1"
        relations = requests.get(address, auth=("", "local-pat"), timeout=10).json()["relations"]
        shown[item.id] = [(link["attributes"]["name"], int(link["url"].rpartition("/")[2])) for link in relations]
    assert shown == {original.id: [("Duplicate", duplicate.id)], duplicate.id: [("Duplicate Of", original.id)]}
