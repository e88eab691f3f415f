"""What is peculiar to Zendesk: requests as they are sent, the export's last minute, names, and its ways to refuse."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from infra.local.products.zendesk import Zendesk
from shared.connectors.zendesk.api import ZendeskItsm
from shared.errors import Park, RetryLater, Throttled
from shared.model import Push, TicketAddress
from shared.tickets.mapping import Sender, comments_of, the_ticket
from shared.tickets.preset import preset
from tests.connectors.canned import Canned, answer
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import URL, KeptSecrets

TICKET = {"id": 35, "status": "open", "updated_at": "2026-05-04T11:00:00Z"}


@pytest.fixture
def product(clock: VirtualClock) -> Iterator[Zendesk]:
    with Zendesk(clock=clock) as product:
        yield product


@pytest.fixture
def itsm(product: Zendesk, clock: VirtualClock) -> Iterator[ZendeskItsm]:
    secrets = KeptSecrets(zendesk=product.secret)
    itsm = ZendeskItsm(product.url, secrets, "zendesk", product.user, connection="zendesk", clock=clock)
    yield itsm
    itsm.close()


def canned(network: Canned, clock: VirtualClock, user: str | None = "bridge@example.com") -> ZendeskItsm:
    secrets = KeptSecrets(zendesk="s3cret")
    return ZendeskItsm(
        "https://acme.zendesk.com", secrets, "zendesk", user, connection="zendesk", clock=clock, adapter=network
    )


def parameters(network: Canned) -> list[dict[str, str]]:
    return [
        {name: value for name, (value,) in parse_qs(urlsplit(request.url).query).items()}
        for request in network.requests
    ]


def understood(document: Any, clock: VirtualClock) -> Push:
    return the_ticket(document, preset("zendesk"), Sender({}, clock(), "hash"))


# ---------------------------------------------------------------- requests


@pytest.mark.parametrize(
    ("user", "authorization"),
    [("bridge@example.com", "Basic YnJpZGdlQGV4YW1wbGUuY29tL3Rva2VuOnMzY3JldA=="), (None, "Bearer s3cret")],
)
def test_an_api_token_belongs_to_a_user_and_an_oauth_token_stands_alone(
    clock: VirtualClock, user: str | None, authorization: str
) -> None:
    network = Canned(answer(200, {"tickets": []}))
    canned(network, clock, user).check()
    assert network.requests[0].headers["Authorization"] == authorization


@pytest.mark.parametrize("public", [True, False])
def test_a_comment_always_says_who_is_to_see_it(clock: VirtualClock, public: bool) -> None:
    network = Canned(answer(200, {"ticket": TICKET}))
    canned(network, clock).comment(TicketAddress("35"), "New fuse", public=public)
    assert (network.requests[0].method, network.requests[0].url) == (
        "PUT",
        "https://acme.zendesk.com/api/v2/tickets/35",
    )
    assert network.bodies == [{"ticket": {"comment": {"body": "New fuse", "public": public}}}]


@pytest.mark.parametrize(
    ("more", "sent"),
    [
        ({}, {}),
        (
            {"priority": "low", "360001": "replaced"},
            {"priority": "low", "custom_fields": [{"id": 360001, "value": "replaced"}]},
        ),
    ],
)
def test_a_status_is_set_unless_the_ticket_has_changed_since_it_was_looked_at(
    clock: VirtualClock, more: dict[str, str], sent: dict[str, Any]
) -> None:
    network = Canned(answer(200, {"ticket": TICKET}), answer(200, {"ticket": TICKET}))
    canned(network, clock).set_status(TicketAddress("35"), "solved", more)
    safely = {"safe_update": True, "updated_stamp": "2026-05-04T11:00:00Z"}
    assert network.bodies == [{"ticket": {"status": "solved", **sent, **safely}}]


def test_a_lost_race_is_run_again_later(clock: VirtualClock) -> None:
    conflict = {"error": "UpdateConflict", "description": "Safe Update prevented the update."}
    network = Canned(answer(200, {"ticket": TICKET}), answer(409, conflict))
    with pytest.raises(RetryLater, match="Safe Update prevented"):
        canned(network, clock).set_status(TicketAddress("35"), "solved", {})


def test_an_export_is_read_on_by_its_cursor(clock: VirtualClock) -> None:
    pages = ({"tickets": [], "after_cursor": "c1", "end_of_stream": False}, {"tickets": [], "end_of_stream": True})
    network = Canned(*(answer(200, page) for page in pages))
    assert list(canned(network, clock).changed_since(clock() - timedelta(hours=1), comments=False)) == []
    start = int((clock() - timedelta(hours=1, seconds=120)).timestamp())
    always = {"per_page": "1000", "include": "users,groups"}
    assert parameters(network) == [{**always, "start_time": str(start)}, {**always, "cursor": "c1"}]


# ---------------------------------------------------------------- what is read


def test_a_change_that_the_last_export_left_out_is_in_the_next(
    product: Zendesk, itsm: ZendeskItsm, clock: VirtualClock
) -> None:
    id = product.create_ticket("Printer on fire")
    clock.pass_by(30)
    last = clock()
    assert list(itsm.changed_since(last - timedelta(hours=1), comments=False)) == []
    clock.pass_by(3600)
    (changed,) = itsm.changed_since(last, comments=False)
    assert understood(changed, clock).ticket_id == id


@pytest.mark.parametrize("ahead_seconds", [-59, 0, 3600])
def test_an_export_from_just_now_is_not_refused(
    product: Zendesk, itsm: ZendeskItsm, clock: VirtualClock, ahead_seconds: int
) -> None:
    assert list(itsm.changed_since(clock() + timedelta(seconds=ahead_seconds), comments=False)) == []
    assert product.asked("incremental") == 1


def test_a_deleted_ticket_is_told_as_deleted(product: Zendesk, itsm: ZendeskItsm, clock: VirtualClock) -> None:
    gone, there = product.create_ticket("Gone"), product.create_ticket("There")
    product.delete(gone)
    product.comment(there, "New fuse", public=True)
    clock.pass_by(61)
    told = [understood(document, clock) for document in itsm.changed_since(VirtualClock()(), comments=True)]
    assert [(push.ticket_id, push.fields["deleted"]) for push in told] == [(gone, "true"), (there, "")]
    assert [comment.body for comment in comments_of(told[1].fields)][-1] == "New fuse"


def test_teams_and_people_are_told_by_name(product: Zendesk, itsm: ZendeskItsm, clock: VirtualClock) -> None:
    id = product.create_ticket("Printer on fire", group_id=7002, assignee_id=9002)
    product.comment(id, "New fuse", public=True)
    clock.pass_by(61)
    (changed,) = itsm.changed_since(VirtualClock()(), comments=True)
    for document in (changed, itsm.read(TicketAddress(id), comments=True)):
        fields = understood(document, clock).fields
        assert (fields["team"], fields["team_id"], fields["assignee"]) == ("Network", "7002", "Anna Agent")
        assert comments_of(fields)[-1].author == "Anna Agent"


def test_nobody_is_told_apart_from_somebody_whose_name_is_gone(
    product: Zendesk, itsm: ZendeskItsm, clock: VirtualClock
) -> None:
    id = product.create_ticket("Printer on fire", group_id=7999, assignee_id=None)
    document = itsm.read(TicketAddress(id), comments=False)
    assert "group" not in document["ticket"]
    assert document["ticket"]["assignee"] is None
    assert understood(document, clock).fields["assignee"] == ""


def test_an_export_that_is_throttled_half_way_says_so(product: Zendesk, itsm: ZendeskItsm, clock: VirtualClock) -> None:
    for n in range(130):
        product.create_ticket(f"Ticket {n}")
    clock.pass_by(61)
    changed = itsm.changed_since(VirtualClock()(), comments=False)
    next(changed)
    product.fail_next(429, headers={"Retry-After": "36"})
    with pytest.raises(Throttled) as throttled:
        list(changed)
    assert throttled.value.after_seconds == 36


# ---------------------------------------------------------------- introduce, refusals


def test_an_introduction_bears_a_mark(product: Zendesk, itsm: ZendeskItsm) -> None:
    id = product.create_ticket("Printer on fire")
    itsm.introduce(TicketAddress(id), 4711, URL)
    itsm.introduce(TicketAddress(id), 471, URL)
    assert [remark.text for remark in product.comments(id)[1:]] == [
        f"[azure-devops:4711] This ticket is a work item in Azure DevOps: {URL}",
        f"[azure-devops:471] This ticket is a work item in Azure DevOps: {URL}",
    ]


def test_a_status_that_is_there_already_is_not_written(product: Zendesk, itsm: ZendeskItsm) -> None:
    id = product.create_ticket("Printer on fire", status="closed")
    itsm.set_status(TicketAddress(id), "closed", {})
    assert product.asked("PUT") == 0


@pytest.mark.parametrize(("before", "after"), [("closed", "open"), ("open", "waiting")])
def test_a_refused_status_is_parked(product: Zendesk, itsm: ZendeskItsm, before: str, after: str) -> None:
    id = product.create_ticket("Printer on fire", status=before)
    with pytest.raises(Park, match="Zendesk: Record validation errors"):
        itsm.set_status(TicketAddress(id), after, {})
    assert product.ticket(id)["status"] == before
