"""Intake and look-ups over storage in memory: what is stored before the answer, and what is told of a ticket."""

import hashlib
import hmac
import json
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Park, Refused, RetryLater, Stale, StopConnection, Throttled
from shared.model import Hint, Secret
from shared.tickets.run import Outcome
from tests.simulation.world import CONFIGURATION
from tests.tickets.place import JSON, push, somewhere, work

SIGNED = CONFIGURATION.model_copy(
    update={
        "connections": {
            **CONFIGURATION.connections,
            "generic": CONFIGURATION.itsm["generic"].model_validate(
                {"kind": "generic", "signature": {"header": "X-Signature", "prefix": "", "secret": "hmac"}}
            ),
        }
    }
)


@pytest.fixture
def at():
    return somewhere()


def test_a_push_costs_two_storage_calls_and_none_of_azure_devops(at):
    answer = push(at, "INC/1")
    assert at.calls == ["tickets.add_push", "hints.send"]
    assert answer == {
        "result": "accepted",
        "connection": "generic",
        "ticket": "INC/1",
        "status_url": "https://app.example/api/tickets/generic/INC/1",
    }


def test_a_repeat_is_told_as_one_and_leaves_its_hint_too(at):
    push(at)
    assert push(at)["result"] == "duplicate"
    assert len(at.hints.messages) == 2


@pytest.mark.parametrize("call", ["tickets.add_push", "hints.send"])
def test_nothing_is_accepted_that_is_not_stored_and_hinted_at(at, call):
    at.failing = {f"before {call}"}
    with pytest.raises(RetryLater):
        push(at)
    at.failing = set()
    push(at)
    assert work(at) is Outcome.CREATED


def test_a_body_without_a_ticket_is_kept_before_it_is_refused(at):
    with pytest.raises(Refused, match="kept in quarantine as an-id") as refused:
        at.service.accept("generic", b'{"subject": "x"}', JSON | {"authorization": "secret", "user-agent": "cron"})
    [kept] = at.quarantine.list(10)
    assert kept.body == b'{"subject": "x"}'
    assert kept.headers == {"content-type": "application/json", "user-agent": "cron"}, "no credentials are kept"
    assert kept.faults == refused.value.faults
    with pytest.raises(Refused, match="kept in quarantine as an-id"):  # however much there is to say
        at.service.accept("generic", json.dumps([{f"key {n}" * 9: n} for n in range(40)]).encode(), JSON)
    at.failing = {"before quarantine.keep"}
    with pytest.raises(RetryLater):
        at.service.accept("generic", b"{}", JSON)


def test_signatures(at):
    at.configuration = SIGNED
    body = b'{"id": "1", "title": "x"}'
    good = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert at.service.accept("generic", body, JSON | {"x-signature": good})
    for headers in ({}, {"x-signature": "0" * 64}, {"x-signature": "é"}):
        with pytest.raises(Refused) as refused:
            at.service.accept("generic", body, JSON | headers)
        assert refused.value.status == 401


def test_a_secret_that_cannot_be_read_makes_the_sender_try_again(at, monkeypatch):
    def missing(name: str) -> Secret:
        raise Park(f"there is no secret '{name}'")

    at.configuration = SIGNED
    monkeypatch.setattr(at.vault, "get", missing)
    with pytest.raises(RetryLater, match="cannot be checked"):
        at.service.accept("generic", b"{}", JSON)


def test_the_life_of_a_ticket_as_it_is_told(at):
    with pytest.raises(Refused, match="no ticket 'T-1'"):
        at.service.look_up("generic", "T-1")
    push(at)
    told = at.service.look_up("generic", "T-1")
    assert (told["state"], told["work_item"], told["version_received"], told["version_applied"]) == (
        "accepted", None, "1", None)  # fmt: skip
    assert work(at) is Outcome.CREATED
    told = at.service.look_up("generic", "T-1")
    assert (told["state"], told["reason"], told["route"], told["team"], told["why"], told["version_applied"]) == (
        "synced", None, "network", "Network", "team is 'Network'", "1")  # fmt: skip
    assert told["work_item"] == {"id": 1, "url": "https://dev.azure.com/contoso/Fabrikam/_workitems/edit/1"}


def test_a_ticket_is_found_by_the_number_people_know(at):
    push(at, "6f1c", number="INC0012001")
    work(at)
    assert at.service.look_up("generic", "INC0012001") == at.service.look_up("generic", "6f1c")
    at.service.look_again("generic", "INC0012001")
    assert at.hints.take() == Hint("generic", "6f1c", retry=True)


def test_a_ticket_in_step_costs_one_read(at):
    push(at)
    work(at)
    at.calls.clear()
    at.hints.put(Hint("generic", "T-1"))
    assert work(at) is Outcome.UNCHANGED
    assert [call for call in at.calls if call.startswith("tickets.")] == ["tickets.read"]
    assert not [call for call in at.calls if call in ("boards.work_item", "boards.create", "boards.update")]


def test_creating_costs_three_storage_calls_and_one_create(at):
    push(at)
    at.calls.clear()
    work(at)
    wanted = ("tickets.read", "tickets.save", "boards.create", "tickets.save")
    assert tuple(call for call in at.calls if call in wanted) == wanted


def test_a_pause_is_told_and_the_hint_comes_back_after_it(at):
    push(at)
    with pytest.raises(RetryLater), at.gate.open():
        raise Throttled("slow down", 40)
    assert work(at) is Outcome.POSTPONED
    told = at.service.look_up("generic", "T-1")
    assert told["state"] == "waiting" and "40 s are left" in told["reason"]
    assert at.hints.next_due() == at.now + timedelta(seconds=40)


def test_what_is_refused_is_parked_and_tried_again_only_when_something_changed(at):
    at.configuration = CONFIGURATION.model_copy(
        update={"routes": (CONFIGURATION.routes[0].model_copy(update={"team": "Payroll"}),)}
    )
    push(at)
    assert work(at) is Outcome.PARKED
    told = at.service.look_up("generic", "T-1")
    assert told["state"] == "parked" and "no team 'Payroll'" in told["reason"]
    at.configuration = CONFIGURATION
    at.hints.put(Hint("generic", "T-1"))
    assert work(at) is Outcome.PARKED, "the same ticket under the same generation of the configuration"
    at.service.look_again("generic", "T-1")
    assert work(at) is Outcome.CREATED
    assert at.service.look_up("generic", "T-1")["state"] == "synced"


def test_the_unforeseen_is_told_and_raised_for_the_platform_to_retry(at, monkeypatch):
    def broken(draft):
        raise ValueError("a bug")

    push(at)
    monkeypatch.setattr(at.boards, "create", broken)
    with pytest.raises(ValueError, match="a bug"):
        work(at)
    told = at.service.look_up("generic", "T-1")
    assert (told["state"], told["reason"]) == ("waiting", "ValueError: a bug")


def test_a_comment_on_an_unknown_ticket_makes_no_work_item_until_more_is_known(at):
    at.service.accept("generic", b'{"id": "T-1"}', JSON)
    assert work(at) is Outcome.UNKNOWN
    assert "nothing but its id" in at.service.look_up("generic", "T-1")["reason"]
    push(at)
    while at.hints.messages:
        work(at)
    assert len(at.boards.live()) == 1


@given(st.data())
def test_any_shuffle_and_repetition_of_pushes_ends_as_one_work_item_in_the_newest_state(data):
    at = somewhere()
    statuses = data.draw(st.lists(st.sampled_from(["open", "in_progress", "closed"]), min_size=1, max_size=5))
    pushes = [{"version": n, "title": f"Title {n}", "status": status} for n, status in enumerate(statuses, start=1)]
    deliveries = data.draw(st.permutations(pushes + data.draw(st.lists(st.sampled_from(pushes), max_size=5))))
    for fields in deliveries:
        push(at, **fields)
        for _ in range(data.draw(st.integers(0, 2))):
            work(at)
    while at.hints.messages:
        work(at)
    [item] = at.boards.live()
    assert item.fields["System.Title"] == f"Title {len(pushes)}"
    assert item.fields["System.State"] == {"open": "New", "in_progress": "Active", "closed": "Closed"}[statuses[-1]]


@pytest.mark.parametrize("refusal", [Park("403"), Stale("409"), Throttled("429", 1), StopConnection("203", "contoso")])
def test_a_create_that_was_answered_by_a_refusal_all_the_same_is_not_repeated(at, monkeypatch, refusal):
    create = at.boards.create

    def refused_after_landing(draft):
        create(draft)
        raise refusal

    push(at)
    monkeypatch.setattr(at.boards, "create", refused_after_landing)
    work(at)
    monkeypatch.setattr(at.boards, "create", create)
    at.service.look_again("generic", "T-1")
    at.now += timedelta(minutes=10)
    while at.hints.messages:
        work(at)
    assert len(at.boards.live()) == 1
    assert at.service.look_up("generic", "T-1")["state"] == "synced"


def test_markers_differ_even_to_a_search_that_ignores_case(at):
    for id in ("Ab", "aB"):
        push(at, id)
        work(at)
    markers = {link.url.casefold() for item in at.boards.live() for link in item.hyperlinks}
    assert len(markers) == 2


def test_another_organisation_under_the_same_name_is_not_touched(at):
    push(at)
    work(at)
    name, organisation = CONFIGURATION.boards
    elsewhere = organisation.model_copy(update={"url": "https://dev.azure.com/elsewhere"})
    connections = {**CONFIGURATION.connections, name: elsewhere}
    at.configuration = CONFIGURATION.model_copy(update={"connections": connections})
    push(at, version=2, title="ours")
    while at.hints.messages:
        work(at)
    assert at.boards.live()[0].fields["System.Title"] == "VPN down"
    told = at.service.look_up("generic", "T-1")
    assert told["state"] == "parked" and "was made in https://dev.azure.com/contoso" in told["reason"]


@pytest.mark.parametrize("id", ["a/b", "a%2Fb", "50%20off", "..", ".", "a/../b", "back\\slash", "line\nbreak", "ü #?"])
def test_a_status_address_holds_its_id_once_decoded(at, id):
    address = urlsplit(at.service.status_url("generic", id))
    told = parse_qs(address.query)["id"][0] if address.query else unquote(address.path.split("/generic/")[1])
    assert told == id
    assert "%2F" not in address.path and "/." not in address.path


def test_the_reason_for_a_wait_is_told(at, monkeypatch):
    def down(*_):
        raise RetryLater("Azure DevOps answered 503", 30)

    push(at)
    monkeypatch.setattr(at.boards, "teams", down)
    assert work(at) is Outcome.POSTPONED
    told = at.service.look_up("generic", "T-1")
    assert (told["state"], told["reason"]) == ("waiting", "Azure DevOps answered 503")


def test_who_looks_again_finds_out_that_the_work_item_is_gone(at):
    push(at)
    work(at)
    at.boards.delete(1)
    at.service.look_again("generic", "T-1")
    work(at)
    assert at.service.look_up("generic", "T-1")["state"] == "parked"


def test_an_unreadable_time_is_no_description(at):
    at.service.accept("generic", b'{"id": "T-1", "changed_at": "yesterday"}', JSON)
    assert work(at) is Outcome.UNKNOWN


def test_the_sweep_finds_what_a_lost_hint_left(at):
    push(at)
    at.hints.messages.clear()
    assert at.service.sweep() == 1
    assert work(at) is Outcome.CREATED
    assert at.service.sweep() == 0


def test_a_changed_configuration_reaches_tickets_in_step_with_the_whole_sweep(at):
    push(at)
    work(at)
    assert at.service.sweep() == 0
    to_the_desk = CONFIGURATION.routes[0].model_copy(update={"team": "Service Desk"})
    at.configuration, at.generation = CONFIGURATION.model_copy(update={"routes": (to_the_desk,)}), "2"
    assert at.service.sweep(whole=False) == 0
    assert at.service.sweep() == 1
    assert work(at) is Outcome.UPDATED
    assert at.boards.live()[0].fields["System.AreaPath"] == "Fabrikam\\Service Desk"
    assert at.service.sweep() == 0, "held against the new one now"


def test_a_work_item_that_was_deleted_parks_its_ticket(at):
    push(at)
    work(at)
    at.boards.delete(1)
    push(at, version=2, title="VPN up")
    work(at)
    told = at.service.look_up("generic", "T-1")
    assert told["state"] == "parked" and "work item 1 was deleted or hidden" in told["reason"]


def test_while_the_boards_are_shut_a_sweep_only_tries_the_door(at):
    """Otherwise each hour of a weekend would add as many messages as there are tickets waiting."""
    for number in range(5):
        push(at, f"T-{number}")
    with pytest.raises(RetryLater), at.gate.open():
        raise Throttled("slow down", 3600)
    assert at.service.sweep() == 1
    at.now += timedelta(hours=2)
    assert at.service.sweep() == 5
