"""What only a real Redmine can tell: what it takes, passes over, refuses and forgets, and what we make of it.

Where a quirk shows in Redmine's own API, the test looks there first, so that a Redmine which has lost it is noticed.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from infra.local.redmine import Redmine, RedmineRefusal
from infra.local.redmine.server import ADMINISTRATOR_KEY, MEMBER_KEY, PERSON_KEY
from shared.connectors.redmine.side import RedmineSide
from shared.errors import Circular, NotFound, Park, Stale, StopConnection
from shared.model import Item, ItemChange, ItemDraft, Move
from tests.connectors.itsm_contracts import KeptSecrets

pytestmark = pytest.mark.real

MARKER = "https://bridge.example/links/boards%3A12?a=1&b=2"

type Sides = Callable[..., RedmineSide]


@pytest.fixture
def project(redmine: Redmine) -> str:
    return redmine.create_project()


@pytest.fixture
def sides(redmine: Redmine, project: str) -> Iterator[Sides]:
    """Sides of the project, as an administrator unless told."""
    opened: list[RedmineSide] = []

    def side(key: str = ADMINISTRATOR_KEY, **more: Any) -> RedmineSide:
        wanted = {"project": project, "connection": "pmo", "clock": lambda: datetime.now(UTC), **more}
        opened.append(RedmineSide(redmine.url, secrets=KeptSecrets(redmine=key), secret="redmine", **wanted))
        return opened[-1]

    yield side
    for each in opened:
        each.close()


@pytest.fixture
def side(sides: Sides) -> RedmineSide:
    return sides()


def make(side: RedmineSide, project: str, title: str = "Calm printers", **more: Any) -> Item:
    fields = {"subject": title, **more.pop("fields", {})}
    draft = ItemDraft(project, more.pop("kind", "Bug"), fields, more.pop("marker", MARKER), **more)
    return side.create(draft, ["subject", *fields])


def read(side: RedmineSide, id: str, *fields: str) -> Item:
    return side.read([id], fields)[id]


def change(side: RedmineSide, id: str, move: Move | None = None, **fields: Any) -> Item:
    return side.update(ItemChange(id, read(side, id).version, fields, move), [*fields])


def everything_new(side: RedmineSide, cursor: str) -> set[str]:
    return set(side.changed(cursor).ids)


# ---------------------------------------------------------------- accepted, and ignored


def test_a_parent_with_an_open_child_is_not_closed(redmine: Redmine, side: RedmineSide, project: str) -> None:
    parent = make(side, project, "Parent")
    child = make(side, project, "Child", parent=parent.id)
    redmine.edit(parent.id, status_id=redmine.status("Closed"))  # says 204
    assert redmine.issue(parent.id)["status"]["name"] == "New"

    with pytest.raises(Park, match=r"^refused by target: .* left Status at 'New', not 'Closed'\. .*subtasks"):
        change(side, parent.id, status="Closed")
    change(side, child.id, status="Closed")
    assert change(side, parent.id, status="Closed").fields == {"status": "Closed"}


@pytest.mark.parametrize(
    ("field", "label", "value", "raw"),
    [
        ("start_date", "Start date", "2026-02-01", {"start_date": "2026-02-01"}),
        ("due_date", "Due date", "2026-12-01", {"due_date": "2026-12-01"}),
        ("done_ratio", "% Done", 50, {"done_ratio": 50}),
        ("priority", "Priority", "Urgent", {"priority_id": 4}),
    ],
)
def test_a_parent_takes_from_its_children_and_not_from_us(
    redmine: Redmine, side: RedmineSide, project: str, field: str, label: str, value: Any, raw: dict[str, Any]
) -> None:
    parent = make(side, project, "Parent")
    derived = {"start_date": "2026-03-01", "due_date": "2026-03-05", "done_ratio": 20, "priority": "High"}
    make(side, project, "Child", parent=parent.id, fields=derived)
    redmine.edit(parent.id, **raw)  # says 204
    assert read(side, parent.id, *derived).fields == derived

    with pytest.raises(Park, match=rf"^refused by target: .* left {label} at {derived[field]!r}, not {value!r}"):
        change(side, parent.id, **{field: value})
    assert read(side, parent.id, *derived).fields == derived


def test_a_refused_field_is_told_though_others_were_taken(side: RedmineSide, project: str) -> None:
    parent = make(side, project, "Parent")
    make(side, project, "Child", parent=parent.id)
    with pytest.raises(Park, match="left % Done at 0, not 50") as refused:
        change(side, parent.id, done_ratio=50, subject="Renamed")
    assert "Subject" not in refused.value.reason
    assert read(side, parent.id, "subject").fields == {"subject": "Renamed"}
    assert side.written_by_us(parent.id, parent.version, {"subject": "Renamed", "done_ratio": 50}) == {
        "subject": "Renamed"
    }


def test_a_status_that_the_workflow_does_not_offer_is_refused(redmine: Redmine, sides: Sides, project: str) -> None:
    member = sides(MEMBER_KEY)
    item = make(member, project)
    redmine.give_role(project, "boardbridge", "Developer")
    assert change(member, item.id, status="Resolved").fields == {"status": "Resolved"}
    with pytest.raises(Park, match=r"left Status at 'Resolved', not 'Rejected'.*workflow"):
        change(member, item.id, status="Rejected")


def test_an_unknown_custom_field_is_passed_over(redmine: Redmine, side: RedmineSide, project: str) -> None:
    item = make(side, project)
    redmine.edit(item.id, custom_fields=[{"id": 4711, "value": "x"}])  # says 204
    assert 4711 not in [entry["id"] for entry in redmine.issue(item.id)["custom_fields"]]
    with pytest.raises(Park, match="no field cf_4711"):
        change(side, item.id, cf_4711="x")


def test_a_field_that_the_tracker_does_not_have_is_refused_before_anything_is_written(
    redmine: Redmine, side: RedmineSide, project: str
) -> None:
    severity = f"cf_{redmine.custom_field('Severity')}"
    feature = make(side, project, kind="Feature")
    redmine.edit_custom_field(feature.id, "Severity", "major")  # says 204
    assert severity not in read(side, feature.id, severity).fields
    with pytest.raises(Park, match=r"^refused by target: .*'Feature' has no field Severity"):
        change(side, feature.id, **{severity: "major", "subject": "Renamed"})
    assert read(side, feature.id, "subject").fields == {"subject": "Calm printers"}


# ---------------------------------------------------------------- what moves an issue, and what does not


def test_a_write_of_nothing_is_noted_by_redmine_and_so_not_sent(
    redmine: Redmine, side: RedmineSide, project: str
) -> None:
    item = make(side, project, fields={"done_ratio": 10, "description": "a\nb", "assigned_to": "jane@example.com"})
    cursor = side.changed(None).cursor
    again = side.update(ItemChange(item.id, item.version, item.fields), item.fields.keys())
    assert again == item
    assert everything_new(side, cursor) == set()

    wait_for_the_next_second(redmine, project)
    redmine.edit(item.id, subject="Calm printers")
    now = read(side, item.id)
    assert now.changed_at > item.changed_at
    assert now.version == item.version
    assert redmine.issue(item.id, "journals")["journals"] == []


def test_an_edit_of_a_child_touches_its_parent_and_is_no_edit_of_it(
    redmine: Redmine, side: RedmineSide, project: str
) -> None:
    parent = make(side, project, "Parent")
    child = make(side, project, "Child", parent=parent.id)
    before = read(side, parent.id)
    wait_for_the_next_second(redmine, project)
    redmine.edit(child.id, due_date="2030-01-01")
    touched = read(side, parent.id, "due_date")
    assert touched.changed_at > before.changed_at
    assert touched.fields == {"due_date": "2030-01-01"}
    renamed = side.update(ItemChange(parent.id, before.version, {"subject": "Renamed"}), ["subject"])
    assert renamed.fields == {"subject": "Renamed"}


def test_a_child_that_comes_or_goes_is_no_edit_of_its_parent(redmine: Redmine, side: RedmineSide, project: str) -> None:
    parent, child = make(side, project, "Parent"), make(side, project, "Child")
    for above in (parent.id, None):
        redmine.move(child.id, above)
        assert redmine.issue(parent.id, "journals")["journals"][-1]["details"][0]["name"] == "child_id"
        assert read(side, parent.id).version == parent.version


def test_a_comment_is_no_edit(redmine: Redmine, side: RedmineSide, project: str) -> None:
    item = make(side, project)
    redmine.comment(item.id, "Looking")
    assert read(side, item.id).version == item.version


def test_redmine_keeps_lock_versions_to_itself(redmine: Redmine, side: RedmineSide, project: str) -> None:
    item = make(side, project)
    assert "lock_version" not in redmine.issue(item.id)
    redmine.edit(item.id, subject="One")
    with pytest.raises(RedmineRefusal) as stale:
        redmine.edit(item.id, subject="Two", lock_version=0)
    assert (stale.value.status, stale.value.said) == (422, '{"errors":[]}')
    redmine.edit(item.id, subject="Two")


def test_a_stale_change_is_refused_before_it_is_written(redmine: Redmine, side: RedmineSide, project: str) -> None:
    item = make(side, project)
    redmine.edit(item.id, subject="Somebody was first")
    with pytest.raises(Stale):
        side.update(ItemChange(item.id, item.version, {"subject": "Late"}), [])
    assert read(side, item.id, "subject").fields == {"subject": "Somebody was first"}


class Meanwhile(HTTPAdapter):
    """The network, on which something happens before or after each PUT."""

    def __init__(self, before: Callable[[], None] = lambda: None, after: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._before, self._after = before, after

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        if request.method != "PUT":
            return super().send(request, *args, **more)
        self._before()
        response = super().send(request, *args, **more)
        self._after()
        return response


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("field", ["subject", "description"])
def test_an_edit_while_we_write_is_noticed(
    redmine: Redmine,
    sides: Sides,
    project: str,
    caplog: pytest.LogCaptureFixture,
    when: str,
    field: str,
) -> None:
    item = make(sides(), project)
    side = sides(adapter=Meanwhile(**{when: lambda: redmine.edit(item.id, **{field: "Theirs"})}))
    with caplog.at_level(logging.WARNING), pytest.raises(Stale, match="edited while it was written"):
        change(side, item.id, subject="Ours")
    assert ("edited while we wrote the same" in caplog.text) == (field == "subject")
    assert side.written_by_us(item.id, item.version, {"subject": "Ours"}) == {"subject": "Ours"}


def test_a_write_whose_issue_is_deleted_at_once_says_that_it_is_not_there(
    redmine: Redmine, sides: Sides, project: str
) -> None:
    item = make(sides(), project)
    with pytest.raises(NotFound, match=rf"no issue {item.id}"):
        change(sides(adapter=Meanwhile(after=lambda: redmine.delete(item.id))), item.id, subject="Ours")


# ---------------------------------------------------------------- refused


def test_a_circle_is_told_in_words_that_mean_much_else(redmine: Redmine, side: RedmineSide, project: str) -> None:
    top = make(side, project, "Top")
    below = make(side, project, "Below", parent=top.id)
    for wrong in (below.id, "4711"):
        with pytest.raises(RedmineRefusal, match="Parent task is invalid") as refused:
            redmine.move(top.id, wrong)
        assert refused.value.status == 422
    with pytest.raises(Circular, match="Parent task is invalid"):
        change(side, top.id, Move(below.id))
    with pytest.raises(Park, match="Parent task is invalid") as parked:
        change(side, top.id, Move("4711"))
    assert not isinstance(parked.value, Circular)


def test_a_circle_is_known_in_any_language(redmine: Redmine, sides: Sides, project: str) -> None:
    member = sides(MEMBER_KEY)
    top = make(member, project, "Top")
    below = make(member, project, "Below", parent=top.id)
    redmine.change_user("boardbridge", language="de")
    try:
        with pytest.raises(Circular, match="nicht gültig"):
            change(member, top.id, Move(below.id))
    finally:
        redmine.change_user("boardbridge", language="en")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"start_date": "2026-03-02", "due_date": "2026-03-01"}, "Due date must be greater than start date"),
        ({"subject": ""}, "Subject cannot be blank"),
        ({"subject": "x" * 256}, "Subject is too long"),
        ({"due_date": "tomorrow"}, "Due date is not a valid date"),
        ({"assigned_to": "nobody@example.com"}, "nobody of the project is called 'nobody@example.com'"),
        ({"status": "On fire"}, "Status cannot be 'On fire'; it can be 'New', "),
        ({"estimated_hours": "long"}, "'long' is no number"),
        ({"author": "jane@example.com"}, r"'author' \(Author\) cannot be written"),
    ],
)
def test_what_redmine_refuses_is_parked_in_words(
    side: RedmineSide, project: str, fields: dict[str, Any], says: str
) -> None:
    item = make(side, project)
    with pytest.raises(Park, match=says):
        change(side, item.id, **fields)
    assert read(side, item.id, "subject") == item


def test_a_text_for_a_number_is_refused_by_redmine_where_we_do_not_know_better(
    redmine: Redmine, sides: Sides, project: str
) -> None:
    points = f"cf_{redmine.custom_field('Points')}"
    item = make(sides(), project)
    with pytest.raises(Park, match="Points is not a number"):
        change(sides(MEMBER_KEY), item.id, **{points: "many"})
    with pytest.raises(Park, match="'many' is no number"):
        change(sides(), item.id, **{points: "many"})


def test_a_custom_number_comes_back_as_a_text(redmine: Redmine, side: RedmineSide, project: str) -> None:
    points = f"cf_{redmine.custom_field('Points')}"
    item = make(side, project, fields={points: 8})
    raw = next(entry for entry in redmine.issue(item.id)["custom_fields"] if entry["name"] == "Points")
    assert raw["value"] == "8"
    assert item.fields[points] == 8
    assert change(side, item.id, **{points: 8.0}).version == item.version


def test_a_closed_project_is_not_written_to(redmine: Redmine, side: RedmineSide, project: str) -> None:
    item = make(side, project)
    redmine.close_project(project)
    assert read(side, item.id, "subject").fields == {"subject": "Calm printers"}
    with pytest.raises(Park, match=r"403.*closed"):
        change(side, item.id, subject="Late")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "issues/4711.json", {"X-Redmine-API-Key": PERSON_KEY}, 404),
        ("PUT", "issues/4711.json", {"X-Redmine-API-Key": PERSON_KEY}, 404),
        ("GET", "users/current.json", {}, 401),
        ("GET", "issues.json", {"X-Redmine-API-Key": ADMINISTRATOR_KEY, "X-Redmine-Switch-User": "nobody"}, 412),
        ("POST", "uploads.json", {"X-Redmine-API-Key": PERSON_KEY, "Content-Type": "image/png"}, 406),
    ],
)
def test_redmine_refuses_without_a_word(
    redmine: Redmine, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    with requests.request(method, f"{redmine.url}/{path}", headers=headers, timeout=30) as response:
        assert (response.status_code, response.text.strip()) == (status, "")


# ---------------------------------------------------------------- the connection


def test_a_wrong_key_stops_the_connection(sides: Sides) -> None:
    with pytest.raises(StopConnection, match="Key Vault secret 'redmine'") as stop:
        sides("wrong").check()
    assert stop.value.connection == "pmo"


@pytest.mark.parametrize("key", [ADMINISTRATOR_KEY, MEMBER_KEY])
def test_a_project_that_is_not_to_be_seen_stops_the_connection(sides: Sides, key: str) -> None:
    with pytest.raises(StopConnection, match="no project 'nowhere'"):
        sides(key, project="nowhere").check()


@pytest.mark.parametrize("key", [ADMINISTRATOR_KEY, MEMBER_KEY])
def test_a_missing_field_for_markers_stops_the_connection(redmine: Redmine, sides: Sides, key: str) -> None:
    """Where it cannot be told yet, for want of an issue, an administrator is believed to have one for all projects."""
    bare = redmine.create_project(custom_fields=())
    redmine.create_issue(bare, "Somebody's")
    for side in (sides(key, project=bare), sides(key, marker_field="Elsewhere")):
        with pytest.raises(StopConnection, match=r"no custom field '(Boardbridge|Elsewhere)'.*Add one for issues"):
            side.check()


def test_versions_and_categories_are_known_by_name(redmine: Redmine, side: RedmineSide, project: str) -> None:
    redmine.create_version(project, "2.0")
    redmine.create_category(project, "Printers")
    wanted = {"fixed_version": "2.0", "category": "Printers"}
    item = make(side, project, fields=wanted)
    assert {key: item.fields[key] for key in wanted} == wanted
    assert (side.fields()["category"].choices, side.fields()["fixed_version"].choices) == (("Printers",), ("2.0",))
    assert change(side, item.id, category="", fixed_version=None).fields == {"category": None, "fixed_version": None}


def test_a_name_that_is_a_moment_old_is_read(redmine: Redmine, side: RedmineSide, project: str) -> None:
    """Though what the project is like was asked for before: a number in its place would be taken for an edit."""
    item = make(side, project)
    redmine.edit(item.id, fixed_version_id=redmine.create_version(project, "3.0"))
    assert read(side, item.id, "fixed_version").fields == {"fixed_version": "3.0"}


# ---------------------------------------------------------------- what is in the scope


def test_closed_issues_belong_to_the_scope(redmine: Redmine, side: RedmineSide, project: str) -> None:
    item = make(side, project)
    cursor = side.changed(None).cursor
    redmine.edit(item.id, status_id=redmine.status("Closed"))
    assert redmine.call("GET", "issues", project_id=project)["issues"] == []
    assert list(side.everything()) == [item.id]
    assert side.find([MARKER]) == {MARKER: (item.id,)}
    assert everything_new(side, cursor) == {item.id}
    assert read(side, item.id, "status").fields == {"status": "Closed"}


def test_issues_of_subprojects_do_not(redmine: Redmine, side: RedmineSide, project: str) -> None:
    below = redmine.create_project(parent=project)
    cursor = side.changed(None).cursor
    theirs = redmine.create_issue(below, "Theirs")
    assert [issue["id"] for issue in redmine.call("GET", "issues", project_id=project)["issues"]] == [int(theirs)]
    assert list(side.everything()) == []
    assert everything_new(side, cursor) == set()


def test_an_issue_that_went_to_another_project_is_read_and_left_alone(
    redmine: Redmine, side: RedmineSide, project: str
) -> None:
    item, elsewhere = make(side, project), redmine.create_project()
    redmine.move_to_project(item.id, elsewhere)
    gone = read(side, item.id, "subject")
    assert (gone.project, gone.fields) == (f"PMO {elsewhere}", {"subject": "Calm printers"})
    assert gone.read_only == f"issue {item.id} is in the project 'PMO {elsewhere}' now: move it back, or unlink it"
    assert gone.foreign
    with pytest.raises(Park, match="move it back, or unlink it"):
        change(side, item.id, subject="Late")
    assert list(side.everything()) == []


def test_a_copy_bears_the_marker_of_the_original(redmine: Redmine, side: RedmineSide, project: str) -> None:
    item = make(side, project)
    copy = redmine.copy(item.id)
    assert side.find([MARKER]) == {MARKER: (item.id, copy)}


def test_a_page_is_a_hundred_whatever_is_asked(redmine: Redmine, project: str) -> None:
    assert redmine.call("GET", "issues", project_id=project, limit=1000)["limit"] == 100


# ---------------------------------------------------------------- the feed


def test_two_edits_within_a_second_are_both_told(redmine: Redmine, side: RedmineSide, project: str) -> None:
    item = make(side, project)
    cursor = side.changed(None).cursor
    for number in range(5):
        redmine.edit(item.id, subject=f"Edit {number}")
        feed = side.changed(cursor)
        assert feed.ids == (item.id,)
        cursor = feed.cursor
    assert side.changed(cursor).ids == ()


def test_the_feed_of_a_new_project_begins_with_its_first_issue(
    redmine: Redmine, side: RedmineSide, project: str
) -> None:
    cursor = side.changed(None).cursor
    first = redmine.create_issue(project, "First")
    assert everything_new(side, cursor) == {first}


# ---------------------------------------------------------------- history


def test_history_leads_back_to_what_an_issue_was_made_as(redmine: Redmine, side: RedmineSide, project: str) -> None:
    custom = {name: f"cf_{redmine.custom_field(name)}" for name in ("Points", "Labels", "Approved", "Reviewer")}
    first = {
        "subject": "First",
        "description": "a\nb",
        "status": "New",
        "priority": "High",
        "assigned_to": "jane@example.com",
        "start_date": "2026-03-01",
        "due_date": "2026-03-02",
        "estimated_hours": 7.5,
        "done_ratio": 10,
        custom["Points"]: 8,
        custom["Labels"]: ["mail", "net"],
        custom["Approved"]: "no",
        custom["Reviewer"]: "otto@example.com",
    }
    parent = make(side, project, "Parent")
    item = make(side, project, fields=first, parent=parent.id)
    redmine.edit(
        item.id,
        subject="Second",
        description="",
        status_id=redmine.status("In Progress"),
        priority_id=redmine.priority("Low"),
        assigned_to_id="",
        start_date="",
        due_date="",
        estimated_hours="",
        done_ratio=90,
        parent_issue_id="",
        tracker_id=redmine.tracker("Feature"),
    )
    for name, value in (("Points", ""), ("Labels", ["net", "print"]), ("Approved", "1"), ("Reviewer", "")):
        redmine.edit_custom_field(item.id, name, value)
    redmine.edit_custom_field(item.id, "Boardbridge", "")

    now, shown = read(side, item.id, *first), side.first_shown(item.id, list(first))
    assert (now.kind, now.parent, now.markers) == ("Feature", None, ())
    assert shown is not None
    labels = custom["Labels"]
    assert {**shown.fields, labels: sorted(shown.fields[labels])} == first
    assert (shown.version, shown.kind, shown.parent, shown.markers) == ("0", "Bug", parent.id, (MARKER,))


def test_history_tells_our_writes_from_theirs_in_what_people_see(
    redmine: Redmine, side: RedmineSide, project: str
) -> None:
    points, labels = (f"cf_{redmine.custom_field(name)}" for name in ("Points", "Labels"))
    item = make(side, project)
    ours = {"status": "In Progress", "assigned_to": "otto@example.com", points: 8, labels: ["net", "mail"]}
    ours |= {"description": "a\nb", "estimated_hours": 2}
    change(side, item.id, **ours)
    redmine.edit(item.id, status_id=redmine.status("Resolved"), assigned_to_id="")
    redmine.edit_custom_field(item.id, "Labels", ["print"])
    written = side.written_by_us(item.id, item.version, {**ours, "done_ratio": 10, "status": "In Progress"})
    assert written is not None
    assert {**written, labels: sorted(written[labels])} == {**ours, labels: ["mail", "net"]}
    assert side.written_by_us(item.id, item.version, {"status": "Resolved", "assigned_to": ""}) == {}


def test_journals_are_read_in_whatever_order_our_user_likes(redmine: Redmine, sides: Sides, project: str) -> None:
    member = sides(MEMBER_KEY)
    item = make(member, project, "First")
    redmine.change_user("boardbridge", pref={"comments_sorting": "desc"})
    try:
        for title in ("Second", "Third"):
            assert change(member, item.id, subject=title).fields == {"subject": title}
        shown = member.first_shown(item.id, ["subject"])
        assert shown is not None
        assert shown.fields == {"subject": "First"}
    finally:
        redmine.change_user("boardbridge", pref={"comments_sorting": "asc"})


def wait_for_the_next_second(redmine: Redmine, project: str) -> None:
    """Until Redmine's own clock, which shows on what it makes, has gone on by a second."""
    first = redmine.issue(redmine.create_issue(project, "Tick"))["created_on"]
    while redmine.issue(redmine.create_issue(project, "Tock"))["created_on"] == first:
        continue
