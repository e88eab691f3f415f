"""The connector against the simulated organisation: the contract, and what only shows on a wire."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import requests

from infra.local.azure_devops.running import RunningSimulator
from shared.connectors.azure_devops.boards import AzureDevOpsBoards
from shared.connectors.http import Credential
from shared.errors import InDoubt, RetryLater, Stale, StopConnection, Throttled
from tests.connectors.contracts import MARKER, TITLE, BoardsContract, change, story


def now() -> datetime:
    return datetime.now(UTC)


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
def boards(simulator: RunningSimulator) -> Iterator[AzureDevOpsBoards]:
    simulator.control.reset()
    boards = AzureDevOpsBoards(simulator.url, Token("local-pat"), connection="boards", clock=now)
    yield boards
    boards.close()


class TestAzureDevOpsBoards(BoardsContract):
    @pytest.fixture
    def boards(self, boards: AzureDevOpsBoards) -> AzureDevOpsBoards:
        return boards

    @pytest.fixture
    def delete(self, simulator: RunningSimulator) -> Callable[[int], None]:
        def delete(id: int) -> None:
            address = f"{simulator.url}/_apis/wit/workitems/{id}?api-version=7.1"
            requests.delete(address, auth=("", "local-pat"), timeout=5).raise_for_status()

        return delete


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
