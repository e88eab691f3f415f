"""What PPM Express has of its own, as the side answers it: over the simulator, by HTTP."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from infra.local.ppm_express.running import RunningPpmExpress
from infra.local.ppm_express.tenant import SOURCES
from shared.connectors.ppm_express import side as ppm_express_side
from shared.connectors.ppm_express.api import LATEST, PpmExpressApi
from shared.connectors.ppm_express.side import PpmExpressSide
from shared.connectors.rest import Rest, bearer
from shared.errors import (
    BoardbridgeError,
    Circular,
    InDoubt,
    NotFound,
    Park,
    RetryLater,
    Stale,
    StopConnection,
    Throttled,
)
from shared.model import ItemChange, ItemDraft, Move
from tests.connectors.canned import Canned, answer
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import KeptSecrets
from tests.connectors.ppm_express.tenant import MARKER, made

MONDAY, TUESDAY, FRIDAY = "2026-05-11", "2026-05-12", "2026-05-15"
TASKS = "/@contoso/v1.0/projects/.*/tasks"


def asked(ppm: RunningPpmExpress) -> list[str]:
    """The latest requests, with the last segment of their path unless it is an id."""
    latest = [(request.split(" ")[0], request.rsplit("/", 1)[1]) for request in ppm.control.requests()]
    return [f"{method} {'task' if '-' in last else last}" for method, last in latest]


# ---------------------------------------------------------------- versions without an ETag


def test_a_change_of_an_old_version_is_stale_and_writes_nothing(ppm: RunningPpmExpress, side: PpmExpressSide) -> None:
    item = made(side)
    ppm.control.edit(item.id, {"Progress": 20})
    ppm.control.forget_requests()
    with pytest.raises(Stale, match="since it was read"):
        side.update(ItemChange(item.id, item.version, {"Name": "Late"}), ["Name"])
    assert asked(ppm) == ["GET task"]


def test_an_edit_right_after_the_write_is_stale_and_stays(ppm: RunningPpmExpress, side: PpmExpressSide) -> None:
    item = made(side)
    edit = {"project": ppm.project, "task": item.id, "fields": {"Name": "Theirs"}}
    ppm.control.fault(f"PATCH {TASKS}", status=None, edit=edit)
    with pytest.raises(Stale, match="while it was written"):
        side.update(ItemChange(item.id, item.version, {"Name": "Ours"}), ["Name"])
    assert side.read([item.id], ["Name"])[item.id].fields == {"Name": "Theirs"}


def test_a_version_outlives_a_second_look_and_shows_every_edit(ppm: RunningPpmExpress, side: PpmExpressSide) -> None:
    item = made(side, Progress=20)
    assert side.read([item.id], [])[item.id].version == item.version
    ppm.control.edit(item.id, {"Progress": 30})
    assert side.read([item.id], [])[item.id].version != item.version


def test_an_update_costs_a_look_before_and_a_look_after(ppm: RunningPpmExpress, side: PpmExpressSide) -> None:
    item = made(side)
    ppm.control.forget_requests()
    side.update(ItemChange(item.id, item.version, {"Name": "After"}), ["Name"])
    assert asked(ppm) == ["GET task", "PATCH task", "GET task"]


def test_many_are_read_with_one_call(ppm: RunningPpmExpress, side: PpmExpressSide) -> None:
    ids = [ppm.control.create({"Name": f"Printer {number}"}) for number in range(30)]
    side.fields(), side.read(ids[:1], [])
    ppm.control.forget_requests()
    assert len(side.read(ids, ["Name"])) == 30
    assert asked(ppm) == ["GET tasks"]


# ---------------------------------------------------------------- what the server makes of it


def test_the_answer_has_what_the_server_made_of_a_value(side: PpmExpressSide) -> None:
    item = made(side)
    change = ItemChange(item.id, item.version, {"Name": "  Trimmed ", "Progress": 54.6, "StartDate": "2026-05-09"})
    assert side.update(change, ["Name", "Progress", "StartDate"]).fields == {
        "Name": "Trimmed",
        "Progress": 55,
        "StartDate": MONDAY,  # the 9th is a Saturday
    }


@pytest.mark.parametrize(
    ("key", "first", "second"),
    [
        ("Priority", "Low", "High"),
        ("Progress", 10, 80),
        ("DueDate", FRIDAY, "2026-05-22"),
        ("Name", "A", "B"),
    ],
)
def test_a_write_that_was_accepted_and_ignored_is_refused_by_target(
    ppm: RunningPpmExpress, side: PpmExpressSide, key: str, first: Any, second: Any
) -> None:
    item = made(side, StartDate=MONDAY, **{key: first})
    ppm.control.fields(ignored=[key])
    with pytest.raises(Park, match=r"refused by target: PPM Express kept '"):
        side.update(ItemChange(item.id, item.version, {key: second}), [key])


def test_a_move_that_was_accepted_and_ignored_is_refused_by_target(
    ppm: RunningPpmExpress, side: PpmExpressSide
) -> None:
    parent, item = made(side), made(side)
    ppm.control.fields(ignored=["Parent"])
    with pytest.raises(Park, match=r"refused by target: PPM Express left task .* where it was"):
        side.update(ItemChange(item.id, item.version, move=Move(parent.id)), [])


def test_a_task_made_without_its_marker_is_named(ppm: RunningPpmExpress, side: PpmExpressSide) -> None:
    ppm.control.fields(ignored=["Boardbridge Link"])
    with pytest.raises(Park, match=r"made the task 30000000-.* without its marker"):
        made(side)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"Status": "Completed"}, r"lets nobody write the field 'Status'"),
        ({"Priority": "Urgent"}, r"'Urgent' is not a value of the field 'Priority'; there are Low, Medium, High"),
        ({"Progress": "half"}, r"'half' is no number for the field 'Progress'"),
        ({"Progress": 101}, r"takes values from 0 to 100"),
        ({"StartDate": "soon"}, r"'soon' is no date for the field 'Start Date'"),
        ({"AssignedTo": "nobody@contoso.example"}, r"no resource 'nobody@contoso.example'.*add it there"),
        ({"StartDate": FRIDAY, "DueDate": MONDAY}, r"must not be before the Start Date"),
        ({"Parent": "x"}, r"has no field 'Parent'"),
        ({"Boardbridge Link": "x"}, r"has no field 'Boardbridge Link'"),
    ],
)
def test_what_cannot_be_written_is_refused_with_what_to_fix(
    side: PpmExpressSide, fields: Mapping[str, Any], reason: str
) -> None:
    item = made(side)
    with pytest.raises(Park, match=reason):
        side.update(ItemChange(item.id, item.version, {"Name": "x", **fields}), [])
    with pytest.raises(Park, match=reason):
        made(side, **fields)
    assert side.read([item.id], side.fields()) == {item.id: item}
    assert list(side.everything()) == [item.id]


def test_a_person_is_known_by_address_and_found_by_address_or_name(side: PpmExpressSide) -> None:
    item = made(side, AssignedTo="OMAR@contoso.example")
    assert item.fields["AssignedTo"] == "omar@contoso.example"
    after = side.update(ItemChange(item.id, item.version, {"AssignedTo": "priya planner"}), ["AssignedTo"])
    assert after.fields == {"AssignedTo": "priya@contoso.example"}
    assert side.update(ItemChange(item.id, after.version, {"AssignedTo": None}), ["AssignedTo"]).fields == {
        "AssignedTo": None
    }


def test_without_a_right_to_see_resources_people_are_known_by_name(
    ppm: RunningPpmExpress, side: PpmExpressSide, caplog: pytest.LogCaptureFixture
) -> None:
    ppm.control.token(scopes=["Projects:Read", "Projects:Write"])
    person = [{"id": "20000000-0000-4000-8000-000000000001"}]
    task = ppm.control.create({"Name": "Printer", "AssignedTo": person})
    item = side.read([task], ["AssignedTo"])[task]
    assert item.fields == {"AssignedTo": "Priya Planner"}
    assert "resources cannot be read" in caplog.text
    with pytest.raises(Park, match="let the token read resources"):
        side.update(ItemChange(task, item.version, {"AssignedTo": "priya@contoso.example"}), [])


def test_a_draft_need_not_say_what_can_be_one_thing_only(ppm: RunningPpmExpress, side: PpmExpressSide) -> None:
    item = side.create(ItemDraft("", "", {"Name": "Printer"}, MARKER), ["Name"])
    assert (item.project, item.kind) == (ppm.project, "Task")
    with pytest.raises(Park, match="not 'Office'"):
        side.create(ItemDraft("Office", "Task", {"Name": "Printer"}, MARKER), ["Name"])


# ---------------------------------------------------------------- fields and people, which are remembered


def test_a_field_that_is_new_is_read_and_written_at_once(
    ppm: RunningPpmExpress, side: PpmExpressSide, clock: VirtualClock
) -> None:
    """Were it taken for empty, what it holds could be written over."""
    ppm.control.fields(without=["Priority"])
    assert "Priority" not in side.fields()
    ppm.control.fields(without=[])
    task = ppm.control.create({"Name": "Printer", "Priority": "Low"})
    clock.pass_by(LATEST.seconds + 1)
    item = side.read([task], ["Priority"])[task]
    assert item.fields == {"Priority": "Low"}
    after = side.update(ItemChange(task, item.version, {"Priority": "High"}), ["Priority"])
    assert after.fields == {"Priority": "High"}


@pytest.mark.parametrize("written", [True, False])
def test_a_person_who_is_new_is_known_at_once(
    ppm: RunningPpmExpress, side: PpmExpressSide, api: PpmExpressApi, clock: VirtualClock, *, written: bool
) -> None:
    item = made(side)
    rest = Rest("PPM Express", ppm.url, KeptSecrets(ppm="local-token"), "ppm", bearer, connection="ppm", clock=clock)
    person = {"Name": "Nora New", "Email": "nora@contoso.example"}
    nora = rest.write("POST", "Resources", {"attributes": person})["data"]["id"]
    rest.close()
    clock.pass_by(LATEST.seconds + 1)
    if written:
        side.update(ItemChange(item.id, item.version, {"AssignedTo": person["Email"]}), [])
    else:
        ppm.control.edit(item.id, {"AssignedTo": [{"id": nora}]})
    assert side.read([item.id], ["AssignedTo"])[item.id].fields == {"AssignedTo": person["Email"]}


def test_words_that_nobody_knows_are_not_looked_for_at_each_call(
    ppm: RunningPpmExpress, side: PpmExpressSide, clock: VirtualClock
) -> None:
    item = made(side)
    clock.pass_by(LATEST.seconds + 1)
    ppm.control.forget_requests()
    for _ in range(5):
        side.read([item.id], ["No such field"])
    assert sorted(asked(ppm)) == ["GET Resources", "GET Task", *["GET task"] * 5]


# ---------------------------------------------------------------- lists


@pytest.mark.parametrize(
    "reading",
    [
        lambda side: side.changed(None),
        lambda side: list(side.everything()),
        lambda side: side.find([MARKER]),
        lambda side: side.read([str(UUID(int=number)) for number in range(9)], []),
    ],
    ids=["changed", "everything", "find", "read"],
)
def test_a_list_that_breaks_off_is_not_a_short_list(
    ppm: RunningPpmExpress, clock: VirtualClock, reading: Callable[[PpmExpressSide], object]
) -> None:
    whole = b'{"data": [{"id": "1", "attributes": {"Name": "One"}}, {"id": "2", "attributes": {"Name": "Two"}}]}'
    for end in (whole.index(b", {"), whole.index(b"Two"), len(whole) - 1):
        network = Canned(*(answer(200, {"data": []}) for _ in range(2)), answer(200, whole[:end]))
        api = PpmExpressApi(ppm.url, KeptSecrets(ppm="x"), "ppm", connection="ppm", clock=clock, adapter=network)
        api.task_fields(), api.resources()
        with pytest.raises(RetryLater):
            reading(PpmExpressSide(api, ppm.project))


# ---------------------------------------------------------------- tasks that come from elsewhere


@pytest.mark.parametrize("source", SOURCES[1:])
def test_a_task_from_elsewhere_is_shown_and_never_written(
    ppm: RunningPpmExpress, side: PpmExpressSide, source: str
) -> None:
    task = ppm.control.create({"Name": "Theirs"}, source=source)
    item = side.read([task], ["Name"])[task]
    assert item.fields == {"Name": "Theirs"}
    assert f"from elsewhere ({source})" in item.read_only
    assert task in set(side.everything())
    for change in (ItemChange(task, item.version, {"Name": "Ours"}), ItemChange(task, item.version, move=Move(None))):
        ppm.control.forget_requests()
        if change.fields:
            with pytest.raises(Park, match=source):
                side.update(change, [])
        else:
            side.update(change, [])
        assert not [request for request in ppm.control.requests() if request.startswith("PATCH")]


# ---------------------------------------------------------------- hierarchy


@pytest.mark.parametrize("change", [{"without": ["Parent"]}, {"read_only": ["Parent"]}])
def test_without_a_writable_field_for_parents_nothing_moves(
    ppm: RunningPpmExpress, side: PpmExpressSide, change: dict[str, list[str]]
) -> None:
    one, two = made(side), made(side)
    ppm.control.fields(**change)
    side = PpmExpressSide(fresh(ppm), ppm.project)
    assert not side.capabilities().parents
    now = side.read([two.id], [])[two.id]
    with pytest.raises(Park, match="no writable field for the parent of a task"):
        side.update(ItemChange(two.id, now.version, move=Move(one.id)), [])
    with pytest.raises(Park, match="no writable field for the parent of a task"):
        side.create(ItemDraft(ppm.project, "Task", {"Name": "x"}, MARKER, parent=one.id), [])
    assert len(list(side.everything())) == 2


def test_a_parent_that_cannot_be_written_can_still_be_read(ppm: RunningPpmExpress) -> None:
    parent = ppm.control.create({"Name": "Parent"})
    child = ppm.control.create({"Name": "Child", "Parent": [{"id": parent}]})
    ppm.control.fields(read_only=["Parent"])
    side = PpmExpressSide(fresh(ppm), ppm.project)
    assert side.read([child], [])[child].parent == parent


def test_a_circle_that_somebody_closes_meanwhile_is_one(ppm: RunningPpmExpress, side: PpmExpressSide) -> None:
    one, two = made(side), made(side)
    under_one = {"Parent": [{"id": one.id}]}
    edit = {"project": ppm.project, "task": two.id, "fields": under_one}
    ppm.control.fault(f"GET {TASKS}/{two.id}$", status=None, edit=edit)
    with pytest.raises(Circular):
        side.update(ItemChange(one.id, one.version, move=Move(two.id)), [])
    assert side.read([one.id], [])[one.id].parent is None


def test_the_look_for_a_circle_takes_no_longer_than_a_call_may(
    ppm: RunningPpmExpress, api: PpmExpressApi, side: PpmExpressSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, above, two = made(side), made(side), made(side)
    side.update(ItemChange(two.id, two.version, move=Move(above.id)), [])
    ppm.control.forget_requests()
    calls = count(step=round(0.6 * api.timeout_seconds))
    monkeypatch.setattr(ppm_express_side, "monotonic", lambda: next(calls))
    with pytest.raises(RetryLater, match="too slow"):
        side.update(ItemChange(one.id, one.version, move=Move(two.id)), [])
    assert not [request for request in ppm.control.requests() if request.startswith("PATCH")]


# ---------------------------------------------------------------- markers


def test_a_marker_in_the_description_survives_what_people_write_around_it(
    ppm: RunningPpmExpress, api: PpmExpressApi, side: PpmExpressSide
) -> None:
    ppm.control.fields(without=["Boardbridge Link"])
    item = made(side, Description="It smokes")
    raw = api.task(ppm.project, item.id)["attributes"]["Description"]
    assert raw == f"It smokes\n\n[Boardbridge: {MARKER}]"
    ppm.control.edit(item.id, {"Description": f"{raw}\nA lot."})
    now = side.read([item.id], ["Description"])[item.id]
    assert (now.fields["Description"], now.markers) == ("It smokes\nA lot.", (MARKER,))
    after = side.update(ItemChange(item.id, now.version, {"Description": "Repaired"}), ["Description"])
    assert (after.fields["Description"], after.markers) == ("Repaired", (MARKER,))


def test_without_a_place_for_the_marker_no_task_is_made(ppm: RunningPpmExpress, side: PpmExpressSide) -> None:
    ppm.control.fields(without=["Boardbridge Link"], read_only=["Description"])
    with pytest.raises(Park, match="add a text field named 'Boardbridge'"):
        made(side)
    assert list(side.everything()) == []


# ---------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({"StartDate": TUESDAY}, (TUESDAY, FRIDAY, 4)),
        ({"DueDate": "2026-05-13"}, (MONDAY, "2026-05-13", 3)),
        ({"Duration": 6}, (MONDAY, "2026-05-18", 6)),
        ({"StartDate": "2026-05-18"}, ("2026-05-18", "2026-05-22", 5)),
        ({"DueDate": "2026-05-08"}, ("2026-05-04", "2026-05-08", 5)),
        ({"StartDate": TUESDAY, "DueDate": FRIDAY, "Duration": 9}, (TUESDAY, FRIDAY, 4)),
        ({"DueDate": ""}, (MONDAY, None, None)),
    ],
)
def test_dates_that_nobody_changed_stay(
    side: PpmExpressSide, change: Mapping[str, Any], after: tuple[Any, ...]
) -> None:
    """The task lasts from Monday to Friday: where both dates cannot stand, its length does."""
    item = made(side, StartDate=MONDAY, DueDate=FRIDAY)
    keys = ("StartDate", "DueDate", "Duration")
    fields = side.update(ItemChange(item.id, item.version, change), keys).fields
    assert tuple(fields[key] for key in keys) == after


def test_a_new_task_may_be_due_in_the_past(side: PpmExpressSide) -> None:
    item = made(side, DueDate="2026-03-02")
    assert item.fields["DueDate"] == item.fields["StartDate"] == "2026-03-02"


# ---------------------------------------------------------------- the token, the tenant, the line


def test_the_token_says_when_it_expires(ppm: RunningPpmExpress, side: PpmExpressSide) -> None:
    ppm.control.token(expires_at="2026-06-01T00:00:00+00:00")
    assert side.token_expires_at() == datetime(2026, 6, 1, tzinfo=UTC)


def test_an_expired_token_stops_the_connection(ppm: RunningPpmExpress, side: PpmExpressSide) -> None:
    ppm.control.token(expires_at="2026-05-04T11:59:59+00:00")
    with pytest.raises(StopConnection, match="Renew the credentials in the Key Vault secret 'ppm'"):
        side.check()


def test_a_renewed_token_is_taken_up(ppm: RunningPpmExpress, side: PpmExpressSide, secrets: KeptSecrets) -> None:
    ppm.control.token(value="renewed")
    secrets.values["ppm"] = "renewed"
    side.check()


def test_a_project_that_is_not_there_fails_the_check(api: PpmExpressApi) -> None:
    with pytest.raises(NotFound):
        PpmExpressSide(api, "10000000-0000-4000-8000-00000000ffff").check()


def test_too_many_requests_are_a_wait_for_everyone(ppm: RunningPpmExpress, side: PpmExpressSide) -> None:
    ppm.control.limit(1, seconds=20)
    side.check()
    with pytest.raises(Throttled) as wait:
        side.check()
    assert wait.value.after_seconds == 20


def test_a_token_that_may_only_read_parks_what_is_written(ppm: RunningPpmExpress, side: PpmExpressSide) -> None:
    item = made(side)
    ppm.control.token(scopes=["Projects:Read", "Resources:Read"])
    with pytest.raises(Park):
        side.update(ItemChange(item.id, item.version, {"Name": "x"}), [])
    assert side.read([item.id], side.fields()) == {item.id: item}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"when": "before", "status": 503}, InDoubt),
        ({"when": "before", "status": "drop"}, InDoubt),
        ({"when": "before", "status": 429, "retry_after": 7}, Throttled),
        ({"when": "before", "status": 409}, Stale),
    ],
)
def test_a_create_that_failed_left_nothing(
    ppm: RunningPpmExpress, side: PpmExpressSide, fault: dict[str, Any], error: type[BoardbridgeError]
) -> None:
    ppm.control.fault(f"POST {TASKS}", **fault)
    with pytest.raises(error):
        made(side)
    assert side.find([MARKER]) == {MARKER: ()}


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (f"POST {TASKS}", {"when": "after", "status": "drop"}),
        (f"POST {TASKS}", {"when": "after", "status": 502}),
        (f"GET {TASKS}/", {"when": "before", "status": 503}),
        (f"GET {TASKS}/", {"when": "before", "status": 429}),
    ],
)
def test_a_create_without_a_last_word_is_in_doubt_and_found(
    ppm: RunningPpmExpress, side: PpmExpressSide, call: str, fault: dict[str, Any]
) -> None:
    ppm.control.fault(call, **fault)
    with pytest.raises(InDoubt):
        made(side)
    assert len(side.find([MARKER])[MARKER]) == 1


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://api-us.ppm.express/@contoso/v1.0", "https://app.ppm.express/us/@contoso"),
        ("https://api-eu.ppm.express/@acme/v1.0/", "https://app.ppm.express/eu/@acme"),
        ("https://ppm.example/@acme/v1.0", "https://ppm.example/@acme/v1.0"),
    ],
)
def test_a_task_that_shows_next_to_nothing_is_an_item_with_an_address(url: str, page: str) -> None:
    task = "30000000-0000-4000-8000-000000000001"
    network = Canned(
        answer(200, {"data": {"id": task}}), answer(200, {"data": []}), answer(200, {"data": [{"id": "1"}]})
    )
    api = PpmExpressApi(url, KeptSecrets(p="t"), "p", connection="p", clock=VirtualClock(), adapter=network)
    item = PpmExpressSide(api, "7").read([task], ["Name"])[task]
    assert (item.fields, item.parent, item.markers, item.read_only) == ({}, None, (), "")
    assert item.url == f"{page}#project=7&task={task}"
    assert network.requests[0].url == f"{url.rstrip('/')}/projects/7/tasks/{task}"
    assert {request.headers["Authorization"] for request in network.requests} == {"Bearer t"}


def fresh(ppm: RunningPpmExpress) -> PpmExpressApi:
    """An API that remembers no fields yet."""
    return PpmExpressApi(ppm.url, KeptSecrets(ppm="local-token"), "ppm", connection="ppm", clock=VirtualClock())
