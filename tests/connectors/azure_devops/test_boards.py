"""The connector over a canned network: what goes out, and what the connector does about each kind of answer."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore
from typing import Any

import pytest
import urllib3

from shared.connectors.azure_devops.boards import AzureDevOpsBoards
from shared.connectors.http import Credential
from shared.errors import InDoubt, NotFound, RetryLater, Stale, StopConnection, Throttled
from shared.model import Changes, Hyperlink, WorkItemChange, WorkItemDraft
from tests.connectors.canned import Canned, answer
from tests.connectors.clock import VirtualClock

ORGANISATION = "https://dev.azure.com/contoso"
SIGN_IN_PAGE = b"<html><title>Azure DevOps Services | Sign In</title></html>"
DRAFT = WorkItemDraft("Fabrikam", "Bug", {"System.Title": "x"})


class Tokens:
    """Tokens `t1`, `t2`, …: as many as there are renewals."""

    remedy = "Renew the secret 'boards-pat'."

    def __init__(self, renewals: int = 0) -> None:
        self._last = 1 + renewals
        self._now = 1

    def credential(self) -> Credential:
        return Credential(f"Basic t{self._now}", f"t{self._now}")

    def renewed(self, refused: Credential) -> Credential | None:
        if self._now == self._last:
            return None
        self._now += 1
        return self.credential()


type Connect = Callable[..., tuple[AzureDevOpsBoards, Canned]]


@pytest.fixture
def connect(clock: VirtualClock) -> Iterator[Connect]:
    opened: list[AzureDevOpsBoards] = []

    def connect(
        *answers: urllib3.HTTPResponse | Callable[[], urllib3.HTTPResponse],
        renewals: int = 0,
        on_throttle: Callable[[float], None] = print,
    ) -> tuple[AzureDevOpsBoards, Canned]:
        network = Canned(*answers)
        boards = AzureDevOpsBoards(
            ORGANISATION + "/",
            Tokens(renewals),
            connection="boards",
            clock=clock,
            timeout_seconds=20,
            on_throttle=on_throttle,
            adapter=network,
        )
        opened.append(boards)
        return boards, network

    yield connect
    for boards in opened:
        boards.close()


def work_item(
    rev: int = 1,
    *,
    status: int = 200,
    fields: Mapping[str, Any] | None = None,
    relations: list[Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> urllib3.HTTPResponse:
    always = {"System.TeamProject": "Fabrikam", "System.WorkItemType": "Bug"}
    body = {"id": 7, "rev": rev, "fields": {**always, **(fields or {})}, "relations": relations or []}
    return answer(status, body, headers)


# ---------------------------------------------------------------- what goes out


def test_a_read(connect: Connect) -> None:
    boards, network = connect(work_item())
    boards.work_item(7)
    (request,) = network.requests
    assert (request.method, request.url) == (
        "GET",
        f"{ORGANISATION}/_apis/wit/workitems/7?%24expand=relations&api-version=7.1",
    )
    assert request.headers["Accept"] == "application/json"
    assert request.headers["X-TFS-FedAuthRedirect"] == "Suppress"
    assert request.headers["Authorization"] == "Basic t1"
    assert network.timeouts == [(5.0, 20)]


def test_a_create_escapes_the_names_of_project_and_type(connect: Connect) -> None:
    boards, network = connect(work_item())
    boards.create(WorkItemDraft("R&D / Größe #1", "User Story? 100%", {"System.Title": "ä"}))
    (request,) = network.requests
    assert (request.method, request.headers["Content-Type"]) == ("POST", "application/json-patch+json")
    assert request.url == (
        f"{ORGANISATION}/R%26D%20%2F%20Gr%C3%B6%C3%9Fe%20%231/_apis/wit/workitems/$User%20Story%3F%20100%25"
        "?%24expand=relations&api-version=7.1"
    )
    assert network.bodies == [[{"op": "add", "path": "/fields/System.Title", "value": "ä"}]]


def test_a_plain_update_is_one_call(connect: Connect) -> None:
    boards, network = connect(work_item(4))
    assert boards.update(WorkItemChange(7, 3, {"System.Title": "x"})).rev == 4
    assert [request.method for request in network.requests] == ["PATCH"]
    assert network.bodies[0][0] == {"op": "test", "path": "/rev", "value": 3}


def test_links_are_looked_at_right_before_they_are_changed(connect: Connect) -> None:
    marker = {"rel": "Hyperlink", "url": "https://itsm.example/1", "attributes": {}}
    boards, network = connect(work_item(3, relations=[marker]), work_item(4))
    boards.update(WorkItemChange(7, 3, remove_hyperlinks=("https://itsm.example/1",)))
    assert [request.method for request in network.requests] == ["GET", "PATCH"]
    assert network.bodies[0][1] == {"op": "remove", "path": "/relations/0"}


def test_a_change_that_is_seen_to_be_stale_is_not_sent(connect: Connect) -> None:
    boards, network = connect(work_item(5))
    with pytest.raises(Stale, match="at revision 5, no longer at 3"):
        boards.update(WorkItemChange(7, 3, {"System.Tags": "x"}))
    assert [request.method for request in network.requests] == ["GET"]


@pytest.mark.parametrize(
    "change",
    [WorkItemChange(7, 3), WorkItemChange(7, 3, add_hyperlinks=(Hyperlink("https://itsm.example/1"),))],
)
def test_nothing_to_write_is_not_written(connect: Connect, change: WorkItemChange) -> None:
    marker = {"rel": "Hyperlink", "url": "https://itsm.example/1", "attributes": {}}
    boards, network = connect(work_item(3, relations=[marker]))
    assert boards.update(change).rev == 3
    assert [request.method for request in network.requests] == ["GET"]


def test_a_search_is_a_read_by_post(connect: Connect) -> None:
    boards, network = connect(answer(503), answer(200, {"artifactUrisQueryResult": {"u": [{"id": 2}, {"id": 1}]}}))
    with pytest.raises(RetryLater):
        boards.find_by_hyperlink(["u"])
    assert boards.find_by_hyperlink(["u"]) == {"u": (1, 2)}
    assert network.requests[0].headers["Content-Type"] == "application/json"
    assert network.bodies[0] == {"artifactUris": ["u"]}


def test_a_search_for_nothing_asks_nobody(connect: Connect) -> None:
    boards, _ = connect()
    assert boards.find_by_hyperlink([]) == {}


# ---------------------------------------------------------------- a refused credential


@pytest.mark.parametrize(
    "refusal",
    [
        lambda: answer(203, SIGN_IN_PAGE, content_type="text/html"),
        lambda: answer(200, SIGN_IN_PAGE, content_type="text/html"),
        lambda: answer(302, headers={"Location": "https://login.example/_signin"}),
        lambda: answer(401),
        lambda: answer(401, {"message": "Access Denied: The Personal Access Token used has expired."}),
    ],
)
def test_a_refused_credential_is_renewed_once_or_stops_the_connection(
    connect: Connect, refusal: Callable[[], urllib3.HTTPResponse]
) -> None:
    boards, network = connect(refusal(), work_item(), renewals=1)
    assert boards.create(DRAFT).id == 7
    assert [request.headers["Authorization"] for request in network.requests] == ["Basic t1", "Basic t2"]
    assert network.bodies[0] == network.bodies[1]

    for renewals in (0, 1):
        boards, _ = connect(*[refusal() for _ in range(1 + renewals)], renewals=renewals)
        with pytest.raises(StopConnection, match=r"[^.]\. Renew the secret 'boards-pat'\.$") as stopped:
            boards.create(DRAFT)
        assert stopped.value.connection == "boards"


def test_the_words_of_azure_devops_are_kept(connect: Connect) -> None:
    boards, _ = connect(answer(401, {"message": "Access Denied: The Personal Access Token used has expired."}))
    with pytest.raises(StopConnection) as stopped:
        boards.work_item(7)
    assert str(stopped.value) == (
        "Access Denied: The Personal Access Token used has expired. Renew the secret 'boards-pat'."
    )


def test_a_success_that_is_no_json_leaves_a_write_in_doubt(connect: Connect) -> None:
    boards, _ = connect(answer(200, b"OK", content_type="text/plain"), answer(200, b"{", content_type="text/plain"))
    with pytest.raises(InDoubt, match="not JSON"):
        boards.create(DRAFT)
    with pytest.raises(RetryLater, match="not JSON"):
        boards.work_item(7)


# ---------------------------------------------------------------- throttling


def test_a_success_may_ask_everyone_to_wait(connect: Connect) -> None:
    told: list[float] = []
    boards, _ = connect(
        work_item(headers={"Retry-After": "12"}),
        work_item(headers={"X-RateLimit-Remaining": "0"}),
        work_item(headers={"X-RateLimit-Remaining": "3", "X-RateLimit-Cost": ".0137"}),
        on_throttle=told.append,
    )
    for _ in range(3):
        boards.create(DRAFT)
    assert told == [12, 30]


def test_a_block_is_raised_and_not_told_twice(connect: Connect) -> None:
    told: list[float] = []
    boards, _ = connect(answer(429, {"message": "TF400733: blocked"}, {"Retry-After": "44"}), on_throttle=told.append)
    with pytest.raises(Throttled) as throttled:
        boards.create(DRAFT)
    assert (throttled.value.after_seconds, told) == (44, [])


def test_an_answer_is_not_lost_because_nobody_could_be_told_to_wait(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    def unavailable(_: float) -> None:
        raise RetryLater("the table is away", 5)

    boards, _ = connect(work_item(headers={"Retry-After": "12"}), on_throttle=unavailable)
    assert boards.create(DRAFT).id == 7
    assert "could not pause 'boards' for 12 s: the table is away" in caplog.text


# ---------------------------------------------------------------- what changes rarely

BUG = {"name": "Bug", "states": [], "transitions": {}, "fields": []}


def test_metadata_is_remembered_for_a_minute(connect: Connect, clock: VirtualClock) -> None:
    boards, network = connect(answer(200, BUG), answer(200, BUG))
    for seconds, calls in ((0, 1), (59, 1), (1, 2)):
        clock.pass_by(seconds)
        boards.work_item_type("Fabrikam", "Bug")
        assert len(network.requests) == calls


def test_what_was_not_found_is_looked_for_again(connect: Connect) -> None:
    missing = answer(404, {"message": "VS402323: Work item type Bug does not exist."})
    boards, _ = connect(missing, answer(200, {"value": [{"name": "Task"}]}), answer(200, BUG))
    with pytest.raises(NotFound, match=r"VS402323: .* 'Fabrikam' has: Task"):
        boards.work_item_type("Fabrikam", "Bug")
    assert boards.work_item_type("Fabrikam", "Bug").name == "Bug"


def test_many_that_ask_at_once_cause_one_call(connect: Connect) -> None:
    asking = Semaphore(0)

    def when_everyone_asks() -> urllib3.HTTPResponse:
        assert all(asking.acquire(timeout=5) for _ in range(8))
        return answer(200, {"value": [{"path": "P\\1", "attributes": {"timeFrame": "current"}}]})

    def ask(_: int) -> str | None:
        asking.release()
        return boards.current_iteration("P", None)

    boards, network = connect(when_everyone_asks)
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(ask, range(8)))
    assert paths == ["P\\1"] * 8
    assert len(network.requests) == 1


def test_teams_come_in_pages(connect: Connect) -> None:
    names = [f"Team {n}" for n in range(101)]
    teams = [{"id": name, "name": name} for name in names]
    pages = [answer(200, {"value": page}) for page in (teams[:100], teams[100:])]
    areas = [answer(200, {"defaultValue": None, "values": []}) for _ in names]
    boards, network = connect(*pages, *areas)
    assert [team.name for team in boards.teams("R&D")] == names
    urls = [request.url for request in network.requests]
    assert urls[:2] == [
        f"{ORGANISATION}/_apis/projects/R%26D/teams?%24top=100&%24skip={skip}&api-version=7.1" for skip in (0, 100)
    ]
    assert urls[2] == f"{ORGANISATION}/R%26D/Team%200/_apis/work/teamsettings/teamfieldvalues?api-version=7.1"


def test_a_tree_is_read_whole_and_remembered(connect: Connect) -> None:
    tree = {"identifier": "a", "name": "R&D", "children": [{"identifier": "b", "name": "Web"}]}
    boards, network = connect(answer(200, tree), answer(200, tree))
    for _ in range(2):
        assert boards.areas("R&D") == {"a": "R&D", "b": "R&D\\Web"}
        assert boards.iterations("R&D") == ("R&D", "R&D\\Web")
    assert [request.url for request in network.requests] == [
        f"{ORGANISATION}/R%26D/_apis/wit/classificationnodes/{kind}?%24depth=100&api-version=7.1"
        for kind in ("areas", "iterations")
    ]


# ---------------------------------------------------------------- tags


@pytest.mark.parametrize("allowed", [True, False])
def test_the_right_to_create_tags_is_that_on_the_project(connect: Connect, allowed: bool) -> None:
    project = {"id": "0c9e6a6b-0001-4f0e-9e70-000000000001", "name": "R&D"}
    boards, network = connect(answer(200, project), answer(200, {"count": 1, "value": [allowed]}))
    assert boards.may_create_tags("R&D") is allowed
    tagging, token = "bb50f182-8e5e-40b8-bc21-e8752a1e7ae2", "%2F0c9e6a6b-0001-4f0e-9e70-000000000001"
    assert [request.url for request in network.requests] == [
        f"{ORGANISATION}/_apis/projects/R%26D?api-version=7.1",
        f"{ORGANISATION}/_apis/permissions/{tagging}/2?tokens={token}&api-version=7.1",
    ]


# ---------------------------------------------------------------- comments and changes


def test_comments_come_in_pages_from_the_project_where_the_work_item_is(connect: Connect) -> None:
    def comment(id: int) -> dict[str, Any]:
        return {"id": id, "text": f"<p>{id}</p>", "createdBy": {"displayName": "Jamal Hartnett"}}

    boards, network = connect(
        work_item(fields={"System.TeamProject": "R&D"}),
        answer(200, {"comments": [comment(1), comment(2)], "continuationToken": "next+1"}),
        answer(200, {"comments": [comment(3)]}),
    )
    assert [each.html for each in boards.comments(7)] == ["<p>1</p>", "<p>2</p>", "<p>3</p>"]
    address = (
        f"{ORGANISATION}/R%26D/_apis/wit/workItems/7/comments"
        "?%24expand=renderedText&order=asc&%24top=200{}&api-version=7.1-preview.4"
    )
    assert [request.url for request in network.requests] == [
        f"{ORGANISATION}/_apis/wit/workitems/7?fields=System.TeamProject&api-version=7.1",
        address.format(""),
        address.format("&continuationToken=next%2B1"),
    ]


def feed(*ids: int, cursor: str, last: bool = True) -> urllib3.HTTPResponse:
    rows = [{"id": id, "rev": 1, "fields": {}} for id in ids]
    return answer(200, {"values": rows, "continuationToken": cursor, "isLastBatch": last})


FEED = (
    f"{ORGANISATION}/_apis/wit/reporting/workitemrevisions"
    "?includeLatestOnly=true&includeDeleted=true&fields=System.Id&%24maxPageSize=200&{}&api-version=7.1"
)


def test_the_feed_goes_on_from_its_cursor(connect: Connect) -> None:
    boards, network = connect(feed(cursor="5;1;1", last=False), feed(8, cursor="9;8;2;Discussion"))
    assert boards.changed("4;1;1") == Changes((), "5;1;1", more=True)  # an empty batch is not the end
    assert boards.changed("5;1;1") == Changes((8,), "9;8;2;Discussion", more=False)
    assert [request.url for request in network.requests] == [
        FEED.format("continuationToken=4%3B1%3B1"),
        FEED.format("continuationToken=5%3B1%3B1"),
    ]


def test_the_feed_begins_at_its_end_whatever_our_clock_says(connect: Connect) -> None:
    boards, network = connect(feed(1, 2, cursor="5;2;1", last=False), feed(3, cursor="6;3;1"))
    assert boards.changed(None) == Changes((), "6;3;1", more=False)
    assert [request.url for request in network.requests] == [
        FEED.format("startDateTime=2026-05-04T11%3A55%3A00Z"),
        FEED.format("continuationToken=5%3B2%3B1"),
    ]
