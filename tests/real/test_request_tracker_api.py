"""The connector of Request Tracker against a real one: the contract of `Itsm`, and what only the real one can tell."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from infra.local.azurite import free_ports
from infra.local.products.base import Remark
from infra.local.request_tracker import RequestTracker
from infra.local.request_tracker.server import ADMINISTRATOR
from shared.connectors.request_tracker import api
from shared.connectors.request_tracker.api import RequestTrackerItsm
from shared.errors import Park, StopConnection
from shared.model import TicketAddress
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import ItsmContract, KeptSecrets
from tests.real.conftest import Receiver

pytestmark = pytest.mark.real

NOWHERE = "http://127.0.0.1:9/"
DAYS = count(5000)  # each test has a day of its own, so that it finds nobody else's changes
USER, PASSWORD = ADMINISTRATOR


class ClockOfRequestTracker(VirtualClock):
    """A clock that Request Tracker goes by too."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self.pass_by(next(DAYS) * 86400)

    def pass_by(self, seconds: float) -> None:
        super().pass_by(seconds)
        self._file.write_text(f"{self.now:%s}")


class Agents:
    """Agents of Request Tracker, as the contract knows them."""

    def __init__(self, tracker: RequestTracker) -> None:
        self._tracker = tracker

    def create_ticket(self, title: str, description: str = "") -> str:
        return str(self._tracker.create_ticket(title, content=description))

    def update(self, id: str, **fields: Any) -> None:
        self._tracker.update(int(id), **fields)

    def comment(self, id: str, text: str, *, public: bool) -> None:
        (self._tracker.reply if public else self._tracker.comment)(int(id), text)

    def delete(self, id: str) -> None:
        self._tracker.shred(int(id))

    def comments(self, id: str) -> list[Remark]:
        return [Remark(text, public) for text, public in self._tracker.comments(int(id))]


@pytest.fixture(scope="module")
def clock_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("clock") / "now"
    file.write_text(f"{datetime.now():%s}")
    return file


@pytest.fixture(scope="module")
def tracker(tracker_directory: Path, clock_file: Path) -> Iterator[RequestTracker]:
    if not RequestTracker.is_installed():
        pytest.skip("Request Tracker is not installed: run `make test-real`")
    with RequestTracker(free_ports(1)[0], tracker_directory) as tracker:
        yield tracker.start(NOWHERE, "unused", clock=clock_file)


@pytest.fixture
def clock(clock_file: Path) -> VirtualClock:
    return ClockOfRequestTracker(clock_file)


@pytest.fixture
def product(tracker: RequestTracker, clock: VirtualClock) -> Agents:
    return Agents(tracker)


@pytest.fixture
def itsm(tracker: RequestTracker, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[RequestTrackerItsm]:
    monkeypatch.setattr(api, "PAGE_SIZE", 3)  # so that a few tickets are several pages
    secrets = KeptSecrets(rt=PASSWORD)
    itsm = RequestTrackerItsm(tracker.url, secrets, "rt", USER, connection="rt", clock=clock)
    yield itsm
    itsm.close()


class TestRequestTracker(ItsmContract):
    kind = "request_tracker"
    title_field = "Subject"
    statuses = (("open", {}, "in_progress"), ("rejected", {}, "cancelled"), ("open", {"Priority": "50"}, "in_progress"))
    more_than_a_page = 7

    @pytest.fixture
    def product(self, product: Agents) -> Agents:
        return product

    @pytest.fixture
    def itsm(self, itsm: RequestTrackerItsm) -> RequestTrackerItsm:
        return itsm


def test_what_is_read_is_what_is_pushed(request_tracker: RequestTracker, receiver: Receiver) -> None:
    request_tracker.start(receiver.url, "secret")
    ticket = request_tracker.create_ticket("VPN für Zürich down", content="Cannot connect", priority=40)
    request_tracker.update(ticket, Status="open")
    _, last = (json.loads(delivery.body) for delivery in receiver.take(2))
    itsm = RequestTrackerItsm(
        request_tracker.url, KeptSecrets(rt=PASSWORD), "rt", USER, connection="rt", clock=lambda: datetime.now(UTC)
    )
    read = itsm.read(TicketAddress(str(ticket)), comments=False)
    itsm.close()
    assert read["ticket"].keys() == last["ticket"].keys()
    assert read["ticket"] == last["ticket"] | {"last_updated": read["ticket"]["last_updated"]}
    assert read["transaction_id"] >= last["transaction_id"]
    assert (read["actor"], read["content"]) == (last["actor"], "Cannot connect")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
@pytest.mark.parametrize("minutes", [1, 30, 60, 6000])
def test_changes_are_found_in_any_time_zone(
    tracker: RequestTracker, product: Agents, itsm: RequestTrackerItsm, clock: VirtualClock, zone: str, minutes: int
) -> None:
    """Also where RT would take the number of seconds for a year, as it does with 2100."""
    tracker.set_time_zone(zone)
    product.create_ticket("Too early")
    clock.pass_by(minutes * 60)
    since = clock()
    id = product.create_ticket("In time")
    clock.pass_by(minutes * 60)
    assert [document["ticket"]["id"] for document in itsm.changed_since(since, comments=False)] == [int(id)]


def test_rich_text_becomes_plain(tracker: RequestTracker, itsm: RequestTrackerItsm) -> None:
    html = "<p>Cannot <b>connect</b> &amp; print</p><ul><li>one</li><li>two<br>three</li></ul>"
    id = tracker.create_ticket("VPN down", content=html, content_type="text/html")
    read = itsm.read(TicketAddress(str(id)), comments=False)
    assert read["content"] == "Cannot connect & print\none\ntwo\nthree"


def test_a_merged_ticket_is_read_as_the_one_that_it_became(
    tracker: RequestTracker, product: Agents, itsm: RequestTrackerItsm
) -> None:
    old, new = product.create_ticket("Old", "It smokes"), product.create_ticket("New", "It burns")
    product.comment(old, "Said on the old one", public=False)
    tracker.update(int(old), MergeInto=int(new))
    for id in (old, new):
        read = itsm.read(TicketAddress(id), comments=True)
        assert (str(read["ticket"]["id"]), read["content"]) == (new, "It burns")
        assert [comment["content"] for comment in read["comments"]] == ["Said on the old one"]


def test_a_deleted_ticket_is_read_as_deleted(
    tracker: RequestTracker, product: Agents, itsm: RequestTrackerItsm
) -> None:
    id = product.create_ticket("Spam")
    tracker.update(int(id), Status="deleted")
    assert itsm.read(TicketAddress(id), comments=False)["ticket"]["status"] == "deleted"


@pytest.mark.parametrize(
    ("status", "more", "says"),
    [
        ("on fire", {}, "Status 'on fire' isn't a valid status for this ticket"),
        ("open", {"Queue": "Nowhere"}, "Queue Nowhere does not exist"),
        ("open", {"Owner": "nobody-of-that-name"}, "That user does not exist"),
    ],
)
def test_what_request_tracker_refuses_is_parked_in_its_words(
    product: Agents, itsm: RequestTrackerItsm, status: str, more: dict[str, str], says: str
) -> None:
    with pytest.raises(Park, match=re.escape(says)):
        itsm.set_status(TicketAddress(product.create_ticket("VPN down")), status, more)


def test_further_fields_are_set_and_set_again(product: Agents, itsm: RequestTrackerItsm) -> None:
    more = {"Owner": "root", "Queue": "General", "Priority": "70", "Due": "2040-01-02 03:04:05"}
    address = TicketAddress(product.create_ticket("VPN down"))
    for _ in range(2):
        itsm.set_status(address, "Open", more)
        ticket = itsm.read(address, comments=False)["ticket"]
        assert (ticket["status"], ticket["owner"], ticket["priority"]) == ("open", "root", 70)


def test_a_wrong_password_stops_the_connection(tracker: RequestTracker, clock: VirtualClock) -> None:
    itsm = RequestTrackerItsm(tracker.url, KeptSecrets(rt="wrong"), "rt", USER, connection="rt", clock=clock)
    with pytest.raises(StopConnection, match="Unauthorized"):
        itsm.check()
    itsm.close()
