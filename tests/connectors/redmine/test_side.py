"""What is sent to Redmine, and how its refusals are taken. How a real one behaves is in `tests/real`."""

import logging
from base64 import b64encode
from contextlib import nullcontext
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from shared.connectors.redmine.side import LATEST
from shared.errors import Circular, InDoubt, NotFound, Park, RetryLater, StopConnection, Throttled
from shared.model import ItemChange, ItemDraft, Move
from tests.connectors.canned import Canned, answer
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import KeptSecrets
from tests.connectors.redmine.canned import (
    BUG,
    HIGH,
    MARKER,
    TASK,
    US,
    catalogue,
    issue,
    journal,
    marker_field,
    redmine,
    shows,
)

RENAME = ItemChange("17", "0", {"subject": "Calmer"})
DRAFT = ItemDraft("pmo", "Bug", {"subject": "Calm printers"}, MARKER)


def lost() -> Any:
    raise requests.ConnectionError("the line is dead")


def query(request: requests.PreparedRequest) -> dict[str, list[str]]:
    return parse_qs(urlsplit(str(request.url)).query)


# ---------------------------------------------------------------- the connection


def test_the_key_is_sent_as_a_user_name() -> None:
    network = Canned(*catalogue())
    redmine(network).check()
    sent = {request.headers["Authorization"] for request in network.requests}
    assert sent == {"Basic " + b64encode(b"ap1-key:unused").decode()}


def test_a_renewed_key_is_taken_at_once() -> None:
    secrets = KeptSecrets(redmine="old")
    secrets.values["redmine"] = "new"
    network = Canned(answer(401), *catalogue())
    redmine(network, secrets).check()
    assert network.requests[1].headers["Authorization"] == "Basic " + b64encode(b"new:unused").decode()


@pytest.mark.parametrize(
    "refusal",
    [
        answer(401, headers={"WWW-Authenticate": 'Basic realm="Redmine API"'}),
        answer(302, headers={"Location": "https://redmine.example/login"}),
        answer(200, b"<html><title>Sign in</title></html>", content_type="text/html"),
    ],
    ids=["401", "redirect", "page"],
)
def test_whoever_is_not_let_in_stops_the_connection(refusal: Any) -> None:
    with pytest.raises(StopConnection, match="Key Vault secret 'redmine'") as stop:
        redmine(Canned(refusal)).check()
    assert "ap1-key" not in stop.value.reason


@pytest.mark.parametrize("status", [403, 404])
def test_a_hidden_project_stops_the_connection(status: int) -> None:
    with pytest.raises(StopConnection, match="no project 'pmo'"):
        redmine(Canned(answer(200, {"user": US}), answer(status))).check()


@pytest.mark.parametrize("sample", [[], [{"id": 7, "name": "Points", "value": ""}]])
def test_a_field_for_markers_that_no_issue_shows_stops_the_connection(sample: list[Any]) -> None:
    """Though an administrator sees one, which other projects use."""
    network = Canned(*catalogue(marker_field(BUG), sample=sample))
    with pytest.raises(StopConnection, match="no custom field 'Boardbridge'"):
        redmine(network).check()


def test_an_administrator_of_an_empty_project_is_believed_to_have_a_field_for_markers() -> None:
    *known, _ = catalogue(marker_field(BUG))
    side = redmine(Canned(*known, answer(200, {"issues": []})))
    side.check()


@pytest.mark.parametrize("elsewhere", [[], [issue()]])
def test_another_user_of_an_empty_project_learns_of_it_from_issues_elsewhere(elsewhere: list[Any]) -> None:
    *known, _ = catalogue()
    side = redmine(Canned(*known, answer(200, {"issues": []}), answer(200, {"issues": elsewhere})))
    with nullcontext() if elsewhere else pytest.raises(StopConnection, match="no custom field 'Boardbridge'"):
        side.check()


def test_what_the_project_is_like_is_asked_again_after_a_minute() -> None:
    clock = VirtualClock()
    network = Canned(*catalogue(), *catalogue())
    side = redmine(network, clock=clock)
    side.fields()
    clock.pass_by(60)
    side.fields()
    assert len(network.requests) == 7
    clock.pass_by(1)
    side.fields()
    assert len(network.requests) == 14


def test_a_field_that_is_new_is_read_at_once() -> None:
    clock = VirtualClock()
    fields = [{"id": 1, "name": "Boardbridge", "value": MARKER}, {"id": 2, "name": "Points", "value": "8"}]
    network = Canned(*catalogue(), *catalogue(sample=fields), shows(custom_fields=fields))
    side = redmine(network, clock=clock)
    assert "cf_2" not in side.fields()
    clock.pass_by(LATEST.seconds + 1)
    assert side.read(["17"], ["cf_2"])["17"].fields == {"cf_2": "8"}


def test_a_field_that_nobody_has_is_not_looked_for_at_each_call() -> None:
    network = Canned(*catalogue(), shows(), shows(), shows())
    side = redmine(network)
    for _ in range(3):
        assert side.read(["17"], ["cf_2"])["17"].fields == {}


def test_the_field_for_markers_is_none_to_be_mapped() -> None:
    fields = redmine(Canned(*catalogue(marker_field(BUG)))).fields()
    assert "cf_1" not in fields
    assert fields["status"].choices == ("New", "Closed")


# ---------------------------------------------------------------- reading


def test_a_read_that_fails_is_tried_later() -> None:
    with pytest.raises(RetryLater):
        redmine(Canned(*catalogue(), answer(503))).read(["17"], ["subject"])


def test_throttling_says_how_long_to_wait() -> None:
    with pytest.raises(Throttled) as wait:
        redmine(Canned(*catalogue(), answer(429, headers={"Retry-After": "7"}))).read(["17"], [])
    assert wait.value.after_seconds == 7


@pytest.mark.parametrize("status", [403, 404])
def test_what_is_hidden_is_missing(status: int) -> None:
    assert redmine(Canned(*catalogue(), answer(status))).read(["17"], ["subject"]) == {}


def test_only_issues_that_bear_a_marker_are_found_where_redmine_passes_over_the_filter() -> None:
    others = [issue(1, custom_fields=[]), issue(2, custom_fields=[{"id": 1, "name": "Boardbridge", "value": ""}])]
    page = answer(200, {"issues": [*others, issue(17)]})
    network = Canned(*catalogue(), page, answer(200, {"issues": []}))
    assert redmine(network).find([MARKER, "https://bridge.example/none"]) == {
        MARKER: ("17",),
        "https://bridge.example/none": (),
    }
    first, last = (query(request) for request in network.requests[-2:])
    assert (first["op[cf_1]"], first["v[cf_1][]"]) == (["="], [MARKER, "https://bridge.example/none"])
    assert (first["v[issue_id][]"], last["v[issue_id][]"]) == (["1"], ["18"])
    assert (first["op[status_id]"], first["project_id"]) == (["*"], ["pmo"])


def test_many_markers_take_several_calls() -> None:
    network = Canned(*catalogue(), *(answer(200, {"issues": []}) for _ in range(3)))
    assert len(redmine(network).find([f"https://bridge.example/{number}" for number in range(60)])) == 60
    assert all(len(str(request.url)) < 8000 for request in network.requests)


# ---------------------------------------------------------------- writing


def test_an_update_sends_what_is_not_shown_yet() -> None:
    after = shows(17, journal(3, US, ("attr", "priority_id", "2", "3")), priority=HIGH)
    network = Canned(*catalogue(), shows(), answer(204), after)
    change = ItemChange("17", "0", {"subject": " Calm printers", "priority": "High", "description": ""}, Move(None))
    assert redmine(network).update(change, ["priority"]).fields == {"priority": "High"}
    assert network.bodies == [{"issue": {"priority_id": "3"}}]
    assert [(request.method, request.path_url.partition("?")[0]) for request in network.requests[-3:]] == [
        ("GET", "/issues/17.json"),
        ("PUT", "/issues/17.json"),
        ("GET", "/issues/17.json"),
    ]


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (answer(422, {"errors": ["Subject cannot be blank", "Due date is too early"]}), "blank; Due date is too early"),
        (answer(422, {"errors": []}), "answered 422"),
        (answer(403), r"does not let our user write to the project 'pmo' \(403\).*closed"),
    ],
)
def test_a_refused_update_is_parked_in_redmines_words(refusal: Any, says: str) -> None:
    with pytest.raises(Park, match=says):
        redmine(Canned(*catalogue(), shows(), refusal)).update(RENAME, [])


def test_an_issue_that_vanishes_before_it_is_written_is_not_found() -> None:
    with pytest.raises(NotFound):
        redmine(Canned(*catalogue(), shows(), answer(404))).update(RENAME, [])


@pytest.mark.parametrize("put", [lost, answer(500), answer(502, b"<html>Bad gateway</html>")])
def test_an_update_without_a_good_answer_is_in_doubt(put: Any) -> None:
    with pytest.raises(InDoubt):
        redmine(Canned(*catalogue(), shows(), put)).update(RENAME, [])


@pytest.mark.parametrize("get", [lost, answer(503), answer(429)])
def test_an_update_that_cannot_be_read_back_is_in_doubt(get: Any) -> None:
    with pytest.raises(InDoubt, match="was not seen"):
        redmine(Canned(*catalogue(), shows(), answer(204), get)).update(RENAME, [])


def test_a_value_that_redmine_tidies_is_taken() -> None:
    tidied = journal(3, US, ("attr", "subject", "Calm printers", "CALMER"))
    network = Canned(*catalogue(), shows(), answer(204), shows(17, tidied, subject="CALMER"))
    item = redmine(network).update(RENAME, ["subject"])
    assert (item.fields, item.version) == ({"subject": "CALMER"}, "3")


def test_a_value_without_a_journal_is_refused_by_the_target() -> None:
    network = Canned(*catalogue(), shows(), answer(204), shows())
    with pytest.raises(Park, match=r"^refused by target: Redmine left Subject at 'Calm printers', not 'Calmer'\. "):
        redmine(network).update(RENAME, [])


def test_a_parent_that_stays_is_refused_by_the_target() -> None:
    """As it does where the user may not manage subtasks."""
    network = Canned(*catalogue(), shows(), answer(204), shows())
    with pytest.raises(Park, match="left the parent at None, not '4'"):
        redmine(network).update(ItemChange("17", "0", move=Move("4")), [])
    assert network.bodies == [{"issue": {"parent_issue_id": "4"}}]


@pytest.mark.parametrize(
    ("parents", "error"),
    [
        ([shows(4, parent={"id": 8}), shows(8, parent={"id": 17})], Circular),
        ([shows(4, parent={"id": 8}), shows(8)], Park),
        ([shows(4, parent={"id": 8}), answer(404)], Park),
        ([shows(4, parent={"id": 8}), shows(8, parent={"id": 4})], Park),
    ],
    ids=["circle", "another reason", "hidden", "a circle elsewhere"],
)
def test_a_refused_parent_is_circular_if_it_stands_below(parents: list[Any], error: type[Park]) -> None:
    refusal = answer(422, {"errors": ["Übergeordnetes Ticket ist nicht gültig"]})
    with pytest.raises(Park, match="nicht gültig") as refused:
        redmine(Canned(*catalogue(), shows(), refusal, *parents)).update(ItemChange("17", "0", move=Move("4")), [])
    assert type(refused.value) is error


# ---------------------------------------------------------------- creating


def test_a_draft_is_one_request_with_its_marker_and_its_parent() -> None:
    network = Canned(*catalogue(), shows(parent={"id": 4}))
    item = redmine(network).create(ItemDraft("pmo", "Bug", {"subject": "Calm printers"}, MARKER, "4"), ["subject"])
    assert (item.id, item.version, item.parent, item.markers) == ("17", "0", "4", (MARKER,))
    assert network.bodies == [
        {
            "issue": {
                "project_id": "pmo",
                "tracker_id": 1,
                "subject": "Calm printers",
                "custom_fields": [{"id": 1, "value": MARKER}],
                "parent_issue_id": "4",
            }
        }
    ]


@pytest.mark.parametrize("post", [lost, answer(500), answer(201, b"created?")])
def test_a_create_without_a_good_answer_is_in_doubt(post: Any) -> None:
    with pytest.raises(InDoubt):
        redmine(Canned(*catalogue(), post)).create(DRAFT, [])


def test_a_tracker_without_the_field_for_markers_gets_no_items() -> None:
    side = redmine(Canned(*catalogue(marker_field(TASK))))
    with pytest.raises(Park, match="tracker 'Bug' is without the custom field for markers"):
        side.create(DRAFT, [])


def test_an_item_without_its_marker_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    side = redmine(Canned(*catalogue(), shows(custom_fields=[])))
    with caplog.at_level(logging.WARNING):
        assert side.create(DRAFT, []).markers == ()
    assert "issue 17 has no marker" in caplog.text
    assert "custom field 'Boardbridge' for the tracker 'Bug'" in caplog.text


def test_a_draft_for_another_project_is_refused() -> None:
    with pytest.raises(Park, match="made in the project 'pmo', not in 'elsewhere'"):
        redmine(Canned(*catalogue())).create(ItemDraft("elsewhere", "Bug", {}, MARKER), [])
