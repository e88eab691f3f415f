"""Both sides of a ticket, end to end: read back from its product, shown on the board, and answered.

The products are stand-ins over real HTTP; the app, storage, Key Vault and Azure DevOps are processes of their own. Two
products have a service hook that tells of the board; of the others' work items only the hourly look does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Semaphore

import pytest
import yaml

from infra.local.clients import EVENTS_HEADER, PATIENCE_SECONDS, Board, Product, wait_for
from infra.local.cloud import EVENTS, TOKEN, Cloud
from infra.local.products.base import Reply, Request
from tests.stories.conftest import QUICK, configuration, started
from tests.stories.described import product_of
from tests.stories.products import FORGED, KINDS, Desk, an_hour_passes, at_rest, desks

HOOKED = "Network"  # the team with the service hook
SIGN_IN_PAGE = b"<html><title>Sign in</title></html>"


@pytest.fixture(scope="module")
def place():
    """The app with all four products, as `cloud`, `app`, `board` and the desks by name."""
    with started(settings=QUICK, message_lease_seconds=5) as cloud:
        app, board = product_of(cloud.host), Board(cloud.azure_devops_url, TOKEN)
        with desks(cloud, app) as by_name:
            document = yaml.safe_load(configuration(cloud))
            document["connections"] |= {desk.connection: desk.configuration for desk in by_name.values()}
            document["routes"] = [desk.route for desk in by_name.values()]
            answer = app.configure(yaml.safe_dump(document))
            assert answer.ok, answer.text
            for event in ("workitem.updated", "workitem.commented"):
                address = f"{cloud.host.url}/api/boards/events"
                board.subscribe(event, address, f"{EVENTS_HEADER}: {EVENTS}", areaPath=f"Fabrikam\\{HOOKED}")
            an_hour_passes(cloud, app)  # the first look at the boards only finds where to begin
            yield cloud, app, board, by_name
        app.close()
        board.close()


@pytest.fixture
def cloud(place) -> Cloud:
    return place[0]


@pytest.fixture
def app(place) -> Product:
    return place[1]


@pytest.fixture
def board(place) -> Board:
    return place[2]


@pytest.fixture
def all_desks(place) -> dict[str, Desk]:
    return place[3]


@pytest.fixture
def desk(all_desks, request) -> Desk:
    return all_desks[request.param]


def at(*names: str):
    return pytest.mark.parametrize("desk", names, indirect=True)


def state(board: Board, id: int) -> str:
    return board.work_item(id)["fields"]["System.State"]


def talk(board: Board, id: int) -> str:
    return "\n".join(board.comments(id))


# ---------------------------------------------------------------- a ticket's life


@at(*KINDS)
def test_a_tickets_life_on_both_sides(cloud, app, board, desk):
    # What the product says is written, whatever the push said.
    id = desk.product.create_ticket("VPN down", "Cannot connect")
    desk.product.comment(id, "Please hurry", public=True)
    desk.product.comment(id, "He always says that", public=False)
    status = desk.push(id)
    told = app.settled(status, "synced")
    work_item = told["work_item"]["id"]
    assert (told["title"], board.work_item(work_item)["fields"]["System.Title"]) == ("VPN down", "VPN down")
    assert FORGED not in repr((told, board.work_item(work_item)))
    assert "Please hurry" in talk(board, work_item)
    assert "He always says that" not in talk(board, work_item)

    # The ticket's agents learn of the work item, its requester does not.
    desk.wait_until_introduced(id, work_item)
    assert [remark for remark in desk.product.comments(id) if remark.public and "azure-devops" in remark.text] == []

    # What the team does reaches the ticket, each comment with its audience.
    board.edit(work_item, State="Active")
    board.comment(work_item, "Among us")
    board.comment(work_item, "<div>#ticket Replaced the <b>router</b>.</div>")
    board.comment(work_item, "Please try again #requester")
    if desk.kind.team != HOOKED:
        an_hour_passes(cloud, app)
    wait_for(lambda: len(desk.heard(id)), lambda count: count == 2, "heard")
    at_rest(cloud)
    assert desk.status(id) == desk.kind.in_progress
    assert [(remark.text.partition(":\n\n")[2], remark.public) for remark in desk.heard(id)] == [
        ("Replaced the router.", False),
        ("Please try again", True),
    ]

    # Nothing comes back, however often both sides are looked at.
    everything = seen(board, desk, id, work_item)
    for _ in range(2):
        desk.pass_time()
        desk.push(id)
        an_hour_passes(cloud, app)
        assert seen(board, desk, id, work_item) == everything

    # An agent resolves it, and no push tells of that.
    desk.product.update(id, **desk.kind.resolve)
    desk.pass_time()
    an_hour_passes(cloud, app)
    assert (state(board, work_item), desk.status(id)) == ("Resolved", desk.kind.resolved)
    assert app.ticket(status)["not_told"] is None


def seen(board: Board, desk: Desk, id: str, work_item: int) -> tuple:
    """All that an echo would change: comments on both sides, revisions, and what was written to the product."""
    return board.work_item(work_item)["rev"], board.comments(work_item), desk.product.comments(id), desk.writes()


def test_what_is_known_already_is_not_read_again_by_the_hourly_look(cloud, app, all_desks):
    ids = {name: desk.become_work_item()[0] for name, desk in all_desks.items()}
    for desk in all_desks.values():
        desk.pass_time()
    an_hour_passes(cloud, app)

    def reads() -> dict[str, int]:
        return {name: desk.reads(ids[name]) for name, desk in all_desks.items()}

    before = reads()
    an_hour_passes(cloud, app)
    assert reads() == before


# ---------------------------------------------------------------- what goes wrong on the way


@at("zendesk")
def test_a_product_that_asks_to_wait_is_left_alone_until_then(cloud, app, desk):
    id = desk.product.create_ticket("Asked to wait")
    before = desk.product.asked()
    desk.product.fail_next(429, headers={"Retry-After": "3"})
    status = desk.push(id)
    app.settled(status, "waiting")
    assert app.connection(desk.connection)["state"] == "paused"
    push_in_vain(cloud, desk, id)
    assert desk.product.asked() == before + 1
    assert app.settled(status, "synced")["work_item"]
    at_rest(cloud)
    assert "reconcile_item FAILED" not in cloud.host.log and "poison" not in cloud.host.log


@at("freshservice")
def test_a_product_that_is_down_is_asked_again(cloud, app, desk):
    id = desk.product.create_ticket("Down")
    desk.product.fail_next(503, headers={"Retry-After": "2"})
    status = desk.push(id)
    assert app.settled(status, "waiting")["reason"] == "Freshservice: The request was not processed."
    work_item = app.settled(status, "synced")["work_item"]["id"]
    at_rest(cloud)
    assert desk.introductions(id, work_item) == 1


@at("jira_service_management")
def test_a_sign_in_page_stops_the_connection_until_its_secret_is_renewed(cloud, app, desk):
    id = desk.product.create_ticket("Signed out")
    desk.product.fail_next(200, times=2, body=SIGN_IN_PAGE)  # to the reading, and to the call that makes sure
    status = desk.push(id)
    reason = app.settled(status, "waiting")["reason"]
    assert desk.secret_name in reason
    stopped = app.connection(desk.connection)
    assert (stopped["state"], stopped["reason"]) == ("stopped", reason)
    before = desk.product.asked()
    push_in_vain(cloud, desk, id)
    assert desk.product.asked() == before, "nobody calls"
    desk.renew_secret("renewed")
    assert app.settled(status, "synced")["work_item"]
    assert app.connection(desk.connection)["state"] == "open"


def test_a_comment_of_which_nobody_knows_whether_it_was_said_is_said_once(cloud, app, board, all_desks):
    told = {name: desk.become_work_item("Lost answer") for name, desk in all_desks.items()}
    at_rest(cloud)
    for name, desk in all_desks.items():
        if name in ("servicenow", "jira_service_management"):
            desk.product.drop_answer(method=desk.kind.comment_method)
        else:
            desk.product.fail_next(503, method=desk.kind.comment_method)
    comments = {name: board.comment(work_item, "#ticket Only once") for name, (_, work_item) in told.items()}
    an_hour_passes(cloud, app)
    for name, (id, work_item) in told.items():
        [heard] = all_desks[name].heard(id)
        assert heard.text.startswith(f"[azure-devops:{work_item}/{comments[name]}]")


@at("zendesk")
def test_a_worker_killed_before_it_knows_what_it_did_says_nothing_twice(cloud, app, board, desk, monkeypatch):
    old, work_item = desk.become_work_item("Told before")
    at_rest(cloud)
    new = desk.product.create_ticket("Told while killed")
    with killed_after_writes(2, cloud, desk, monkeypatch):
        board.comment(work_item, "#ticket Only once")
        status = desk.push(new)
    other = app.settled(status, "synced")["work_item"]["id"]
    an_hour_passes(cloud, app)
    assert [len(desk.heard(id)) for id in (old, new)] == [1, 0]
    assert [desk.introductions(old, work_item), desk.introductions(new, other)] == [1, 1]


def push_in_vain(cloud: Cloud, desk: Desk, id: str) -> None:
    """Push a ticket, and see the app put it off."""
    put_off = f"{desk.connection}/{id} waits"
    before = cloud.host.log.count(put_off)
    desk.push(id)
    wait_for(lambda: cloud.host.log.count(put_off), lambda count: count > before, "put off")


@contextmanager
def killed_after_writes(count: int, cloud: Cloud, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """SIGKILL the host once the product has done what so many writes ask, and before any is answered."""
    reply, done, killed = desk.product.reply, Semaphore(0), Event()

    def kept_back(request: Request) -> Reply | None:
        answer = reply(request)
        if request.method == "GET":
            return answer
        done.release()
        killed.wait()
        return None

    with monkeypatch.context() as patched:
        patched.setattr(desk.product, "reply", kept_back)
        yield
        for _ in range(count):
            assert done.acquire(timeout=PATIENCE_SECONDS), "too little was written"
        cloud.kill_host()
    killed.set()
