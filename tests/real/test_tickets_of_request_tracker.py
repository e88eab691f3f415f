"""The first promise with a real ITSM product at one end: Request Tracker and the board tell each other what happens."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from infra.local.azurite import free_ports
from infra.local.clients import Board, Product, wait_for
from infra.local.cloud import TOKEN, Cloud
from infra.local.request_tracker import RequestTracker
from infra.local.request_tracker.server import ADMINISTRATOR
from tests.stories.conftest import SIGNING_SECRET, configuration, started
from tests.stories.described import product_of
from tests.stories.products import an_hour_passes

pytestmark = pytest.mark.real

NOWHERE = "http://127.0.0.1:9/"
USER, PASSWORD = ADMINISTRATOR
SECRET = "rt-password"
PATIENT = {"REQUEST_TIMEOUT_SECONDS": "5", "LATE_LANDING_SECONDS": "1"}  # RT is slow where many ask at once


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Cloud, Product, Board]]:
    with started(settings=PATIENT) as cloud:
        app, board = product_of(cloud.host), Board(cloud.azure_devops_url, TOKEN)
        cloud.key_vault.rotate(SECRET, PASSWORD)
        yield cloud, app, board
        app.close()
        board.close()


@pytest.fixture
def cloud(place: tuple[Cloud, Product, Board]) -> Cloud:
    return place[0]


@pytest.fixture
def app(place: tuple[Cloud, Product, Board]) -> Product:
    return place[1]


@pytest.fixture
def board(place: tuple[Cloud, Product, Board]) -> Board:
    return place[2]


@pytest.fixture(scope="module")
def tracker_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of its own: the hourly look would find the tickets of other tests in a shared one."""
    return tmp_path_factory.mktemp("request-tracker")


@pytest.fixture
def tracker(cloud: Cloud, tracker_directory: Path) -> Iterator[RequestTracker]:
    """Not yet started: the test says whether it pushes."""
    if not RequestTracker.is_installed():
        pytest.skip("Request Tracker is not installed: run `make test-real`")
    with RequestTracker(free_ports(1)[0], tracker_directory) as tracker:
        yield tracker


def webhook(cloud: Cloud) -> str:
    return f"{cloud.host.url}/api/itsm/rt?code={cloud.host.KEY}"


def configure(cloud: Cloud, app: Product, tracker: RequestTracker | None = None) -> None:
    """Take what `tracker` pushes; with a `tracker`, read its tickets back and answer them too."""
    document = yaml.safe_load(configuration(cloud))
    if tracker:
        document["connections"]["rt"] |= {
            "url": tracker.url,
            "access": {"user": USER, "secret": SECRET},
            "answers": {"public": True},
        }
    answer = app.configure(yaml.safe_dump(document))
    assert answer.ok, answer.text


def work_item_of(app: Product, number: int) -> int:
    wait_for(lambda: app.get(f"tickets/rt/{number}").status_code, lambda code: code == 200, "known")
    return app.settled(f"{app.url}/api/tickets/rt/{number}", "synced")["work_item"]["id"]


def shows(board: Board, id: int, **wanted: object) -> dict:
    """The work item's fields once they show what is wanted."""
    return wait_for(
        lambda: board.work_item(id)["fields"],
        lambda fields: wanted.items() <= {name.split(".")[-1]: value for name, value in fields.items()}.items(),
        f"showing {wanted}",
    )


# ---------------------------------------------------------------- from the ticket to the board


def test_a_tickets_life_shows_on_the_board_of_its_team(
    cloud: Cloud, app: Product, board: Board, tracker: RequestTracker
) -> None:
    configure(cloud, app)
    tracker.start(webhook(cloud), SIGNING_SECRET)
    before = board.everything()
    number = tracker.create_ticket("VPN down", content="Cannot connect\n<script>x()</script>", priority=80)
    id = work_item_of(app, number)

    created = shows(board, id, Title="VPN down", State="New", AreaPath="Fabrikam\\Service Desk")
    assert created["Microsoft.VSTS.TCM.ReproSteps"] == "Cannot connect<br>&lt;script&gt;x()&lt;/script&gt;"
    links = [relation["url"] for relation in board.work_item(id)["relations"]]
    assert f"{tracker.url}/Ticket/Display.html?id={number}" in links

    tracker.update(number, Subject="VPN für Zürich down ☕", Status="open")
    shows(board, id, Title="VPN für Zürich down ☕", State="Active")
    board.edit(id, Title="[Zürich] VPN")
    tracker.comment(number, "Between colleagues")
    tracker.reply(number, "Please try again")
    tracker.update(number, Status="resolved")
    resolved = shows(board, id, State="Resolved", Title="[Zürich] VPN")
    assert resolved["Microsoft.VSTS.TCM.ReproSteps"] == created["Microsoft.VSTS.TCM.ReproSteps"], (
        "talk is not the description"
    )
    assert board.everything() == [*before, id]


# ---------------------------------------------------------------- both ways


def test_a_ticket_and_its_work_item_tell_each_other(
    cloud: Cloud, app: Product, board: Board, tracker: RequestTracker
) -> None:
    configure(cloud, app, tracker.start(webhook(cloud), SIGNING_SECRET))
    an_hour_passes(cloud, app)  # the first look at the boards only finds where to begin
    number = tracker.create_ticket("VPN down", content="Cannot connect")
    id = work_item_of(app, number)
    tracker.update(number, Status="open")
    tracker.comment(number, "He always says that")
    shows(board, id, State="Active")

    def heard() -> list[tuple[str, bool]]:
        return [(text, public) for text, public in tracker.comments(number) if text.startswith("[azure-devops:")]

    def status() -> str:
        return tracker.ticket(number)["Status"]

    def seen() -> tuple:
        return board.work_item(id)["rev"], board.comments(id), [*tracker.comments(number)], status()

    # Agents learn of the work item, and of what the team says to them.
    internal = board.comment(id, "<div>#ticket Replaced the <b>router</b>.</div>")
    public = board.comment(id, "Please try again #requester")
    board.comment(id, "Among us")
    an_hour_passes(cloud, app)
    introduction, *passed_on = heard()
    assert introduction[0].startswith(f"[azure-devops:{id}] ")
    assert introduction[1] is False
    assert [(text.partition("] ")[0], text.partition(":\n\n")[2].strip(), public) for text, public in passed_on] == [
        (f"[azure-devops:{id}/{internal}", "Replaced the router.", False),
        (f"[azure-devops:{id}/{public}", "Please try again", True),
    ]
    assert status() == "open"
    assert not any("He always says that" in text for text in board.comments(id))

    # RT has pushed all that we wrote, and the hourly look finds it again: none of it comes back.
    everything = seen()
    for _ in range(2):
        an_hour_passes(cloud, app)
        assert seen() == everything

    # The team is done, and an agent is not content.
    board.edit(id, State="Closed")
    an_hour_passes(cloud, app)
    assert (status(), board.work_item(id)["fields"]["System.State"]) == ("resolved", "Closed")
    tracker.update(number, Status="open")
    shows(board, id, State="Active")
    assert len(heard()) == 3


def test_a_reply_that_was_pushed_is_not_copied_again_when_it_is_read(
    cloud: Cloud, app: Product, board: Board, tracker: RequestTracker
) -> None:
    configure(cloud, app, tracker.start(webhook(cloud), SIGNING_SECRET))
    number = tracker.create_ticket("Screen is black")
    id = work_item_of(app, number)
    tracker.reply(number, "Have you tried again?")
    wait_for(lambda: len(board.comments(id)), lambda count: count == 1, "copied")
    for _ in range(2):
        an_hour_passes(cloud, app)
    assert len(board.comments(id)) == 1


def test_a_last_word_to_the_requester_leaves_the_ticket_resolved(
    cloud: Cloud, app: Product, board: Board, tracker: RequestTracker
) -> None:
    configure(cloud, app, tracker.start(NOWHERE, SIGNING_SECRET))
    number = tracker.create_ticket("Mouse is stuck")
    tracker.update(number, Status="open")
    an_hour_passes(cloud, app)
    id = work_item_of(app, number)
    board.edit(id, State="Resolved")
    board.comment(id, "It has a new battery #requester")
    an_hour_passes(cloud, app)
    assert tracker.ticket(number)["Status"] == "resolved"


def test_what_the_webhook_missed_is_found_by_the_hourly_look(
    cloud: Cloud, app: Product, board: Board, tracker: RequestTracker
) -> None:
    configure(cloud, app, tracker.start(NOWHERE, SIGNING_SECRET))
    number = tracker.create_ticket("Printer on fire", content="It smokes")
    tracker.reply(number, "We are on it")
    an_hour_passes(cloud, app)
    id = work_item_of(app, number)
    fields = shows(board, id, Title="Printer on fire", State="Active")
    assert fields["Microsoft.VSTS.TCM.ReproSteps"] == "It smokes"
    [copied] = board.comments(id)
    assert "We are on it" in copied
    tracker.update(number, Subject="Printer is out", Status="resolved")
    an_hour_passes(cloud, app)
    shows(board, id, Title="Printer is out", State="Resolved")
    assert [public for _, public in tracker.comments(number)] == [True, False], "the reply, and the introduction"
