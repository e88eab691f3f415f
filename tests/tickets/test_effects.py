"""What becomes of a work item when its ticket is commented, resolved, deleted, merged, moved or reassigned."""

from datetime import timedelta

import pytest

from shared.tickets.run import Outcome
from tests.tickets.place import only, push, settle, somewhere, talk, work

STATE, TITLE, AREA = "System.State", "System.Title", "System.AreaPath"
SPRINT, DESCRIPTION = "System.IterationPath", "System.Description"


@pytest.fixture
def at():
    return somewhere()


def route(at, name: str, **changes) -> None:
    """The configuration with one route changed, as a new generation."""
    routes = tuple(r.model_copy(update=changes) if r.name == name else r for r in at.configuration.routes)
    at.configuration = at.configuration.model_copy(update={"routes": routes})
    at.generation += "'"


def said(body: str, id: int = 1, **more) -> dict:
    return {"id": id, "body": body, "author": "Ann", "public": True, "at": "2026-03-02T07:00:00Z", **more}


# ---------------------------------------------------------------- comments


def test_public_comments_go_into_the_discussion_and_internal_ones_do_not(at):
    push(at, comments=[said("Is it <b>urgent</b>?"), said("He is always in a hurry", 2, public=False)])
    settle(at)
    assert talk(at) == ["<p><b>[ticket] Ann, 2026-03-02T07:00:00Z:</b></p>Is it <b>urgent</b>?"]
    assert only(at).rev == 1, "they come with the work item, in the same patch"


def test_internal_comments_are_copied_where_the_route_says_all_and_are_called_so(at):
    route(at, "network", comments="all")
    push(at, comments=[said("Between us", public=False)])
    settle(at)
    assert talk(at) == ["<p><b>[ticket] Ann, internal, 2026-03-02T07:00:00Z:</b></p>Between us"]


def test_internal_comments_are_not_even_kept_where_no_route_copies_them(at):
    push(at, comments=[said("Between us", public=False)])
    assert "Between us" not in repr(at.store.rows)


def test_no_comment_is_copied_where_the_route_says_none(at):
    route(at, "network", comments="none")
    push(at, comments=[said("Hello")])
    settle(at)
    assert talk(at) == []


def test_each_comment_is_copied_once_however_often_it_is_sent(at):
    push(at, comments=[said("one")])
    settle(at)
    push(at, version=2, comments=[said("one"), said("two", 2)])
    push(at, version=3, comments=[said("two", 2), said("three", 3)])
    settle(at)
    push(at, version=4, comments=[said("one"), said("three", 3)])
    settle(at)
    assert [text.rpartition("</p>")[2] for text in talk(at)[:1]] == ["one"]
    assert [text.count("[ticket]") for text in talk(at)] == [1, 2]
    kept = at.store.rows["generic", "T-1"].ticket.said
    assert {said.value for name, said in kept.items() if name.startswith("comment:")} == {""}, (
        "words are not carried along"
    )


def test_an_older_push_that_comes_late_says_nothing_again(at):
    """The first wording may have held a password."""
    push(at, comments=[said("hunter2")])
    settle(at)
    push(at, version=3, comments=[said("(redacted)")])
    settle(at)
    push(at, version=4, title="VPN slow")
    settle(at)
    before = talk(at)
    push(at, version=2, comments=[said("hunter2 is the password")])
    settle(at)
    assert talk(at) == before


def test_a_public_comment_that_is_made_internal_before_it_was_copied_is_not_copied(at):
    push(at, comments=[said("secret")])
    push(at, version=2, comments=[said("secret", public=False)])
    settle(at)
    assert talk(at) == []


def test_an_edited_comment_is_said_again_and_called_so(at):
    push(at, comments=[said("Room 12")])
    settle(at)
    push(at, version=2, comments=[said("Room 21")])
    settle(at)
    assert talk(at)[1] == "<p><i>edited:</i></p><p><b>[ticket] Ann, 2026-03-02T07:00:00Z:</b></p>Room 21"


def test_a_comment_alone_on_a_ticket_that_is_not_known_yet_waits_for_it(at):
    body = {"id": "T-1", "comments": [said("Hello")]}
    at.service.accept("generic", repr(body).replace("'", '"').replace("True", "true").encode(), {})
    assert work(at) is Outcome.UNKNOWN
    push(at)
    settle(at)
    assert len(talk(at)) == 1


def test_our_own_introduction_does_not_come_back_as_a_comment(at):
    push(at, comments=[said("[azure-devops:1] This ticket is a work item"), said("See [azure-devops:1], he says", 2)])
    settle(at)
    [text] = talk(at)
    assert "he says" in text
    assert "This ticket is" not in text


def test_scripts_in_comments_do_not_reach_the_board(at):
    push(at, comments=[said("<p>Hi<script>alert(1)</script></p>", format="html")])
    settle(at)
    assert "script" not in talk(at)[0]


# ---------------------------------------------------------------- confidential


def test_nothing_that_a_confidential_ticket_says_is_copied(at):
    push(at, number="HR-7", confidential="HR only", body="She is leaving", comments=[said("Really?")])
    settle(at)
    fields = only(at).fields
    assert fields[TITLE] == "HR-7 (confidential)"
    assert fields[DESCRIPTION] == "This ticket is confidential. Read it where it was written."
    assert talk(at) == []
    assert not {"VPN down", "She is leaving", "Really?"} & {str(value) for value in fields.values()}


def test_a_route_may_take_confidential_tickets_as_they_are(at):
    route(at, "network", confidential=True)
    push(at, confidential="HR only", body="She is leaving")
    settle(at)
    assert (only(at).fields[TITLE], only(at).fields[DESCRIPTION]) == ("VPN down", "She is leaving")


def test_a_ticket_that_becomes_confidential_takes_its_words_back(at):
    push(at, body="She is leaving")
    settle(at)
    push(at, version=2, body="She is leaving", confidential=True)
    settle(at)
    assert (only(at).fields[TITLE], "leaving" in only(at).fields[DESCRIPTION]) == ("T-1 (confidential)", False)


# ---------------------------------------------------------------- a life


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("in_progress", "Active"),
        ("resolved", "Closed"),
        ("closed", "Closed"),
        ("cancelled", "Removed"),
        ("open", "New"),
    ],
)
def test_a_status_is_shown_by_a_state_of_its_category(at, status, state):
    push(at)
    settle(at)
    push(at, version=2, status=status)
    settle(at)
    assert only(at).fields[STATE] == state


def test_a_reopened_ticket_reopens_its_work_item(at):
    for version, status, state in ((1, "closed", "Closed"), (2, "open", "New"), (3, "in progress", "Active")):
        push(at, version=version, status=status)
        settle(at)
        assert only(at).fields[STATE] == state


def test_a_cleared_status_leaves_the_state_and_lets_everything_else_through(at):
    push(at, status="in_progress")
    settle(at)
    push(at, version=2, status=None, title="VPN slow")
    settle(at)
    assert (only(at).fields[STATE], only(at).fields[TITLE]) == ("Active", "VPN slow")
    push(at, version=3, status="closed")
    settle(at)
    assert only(at).fields[STATE] == "Closed"


def test_a_time_of_change_that_lies_in_the_future_does_not_freeze_the_ticket(at):
    push(at, version=None, changed_at="2099-01-01T00:00:00Z", title="from the future")
    settle(at)
    at.now += timedelta(hours=1)
    push(at, version=None, changed_at=at.now.isoformat(), title="VPN slow")
    settle(at)
    assert only(at).fields[TITLE] == "VPN slow"


def test_an_unknown_status_is_shown_and_counted_and_changes_nothing(at):
    push(at, status="in_progress")
    settle(at)
    push(at, version=2, status="Waiting for parts", priority="P9")
    push(at, "T-2", status="Waiting for parts", team="Plumbing")
    settle(at)
    told = at.service.look_up("generic", "T-1")
    assert at.boards.work_item(told["work_item"]["id"]).fields[STATE] == "Active"
    assert (told["status"], told["unmapped"]) == ("Waiting for parts", ["status=Waiting for parts", "priority=P9"])
    assert at.service.unmapped("generic") == [
        {"field": "status", "value": "Waiting for parts", "tickets": 2},
        {"field": "priority", "value": "P9", "tickets": 1},
        {"field": "team", "value": "Plumbing", "tickets": 1},
    ]
    push(at, version=3, status="closed", priority="low")
    settle(at)
    assert at.service.look_up("generic", "T-1")["unmapped"] == []


def test_a_deleted_ticket_removes_its_work_item_from_the_board_and_says_so(at):
    push(at)
    settle(at)
    push(at, version=2, deleted=True)
    settle(at)
    assert (only(at).fields[STATE], talk(at)) == ("Removed", ["[ticket] The ticket was deleted."])
    push(at, version=3, deleted=False, status="open")
    settle(at)
    assert only(at).fields[STATE] == "New"


@pytest.mark.parametrize("named", ["T-2", "INC-2"])
def test_a_merged_ticket_leads_to_the_work_item_of_the_other(at, named):
    push(at)
    push(at, "T-2", number="INC-2", title="VPN slow")
    settle(at)
    push(at, version=2, merged_into=named, status="cancelled")
    settle(at)
    merged, other = (at.service.look_up("generic", id)["work_item"]["id"] for id in ("T-1", "T-2"))
    assert at.boards.work_item(merged).fields[STATE] == "Removed"
    assert at.boards.duplicate_of(merged) == other
    assert at.boards.comments(merged)[0].html == f"[ticket] The ticket was merged into {named}."


def test_a_ticket_merged_into_one_that_nobody_knows_is_removed_and_linked_when_that_comes(at):
    push(at, merged_into="T-9", status="closed")
    settle(at)
    merged = only(at)
    assert (merged.fields[STATE], at.boards.duplicate_of(merged.id)) == ("Removed", None)
    push(at, "T-9")
    settle(at)
    at.service.sweep()
    settle(at)
    assert at.boards.duplicate_of(merged.id) == at.service.look_up("generic", "T-9")["work_item"]["id"]
    assert at.service.sweep() == 0


def test_a_merge_that_was_made_otherwise_leads_elsewhere_and_one_undone_nowhere(at):
    ids = {}
    for id in ("T-1", "T-2", "T-3"):
        push(at, id)
        settle(at)
        ids[id] = at.service.look_up("generic", id)["work_item"]["id"]
    for version, into, shown in ((2, "T-2", ids["T-2"]), (3, "T-3", ids["T-3"]), (4, "", None)):
        push(at, version=version, merged_into=into)
        settle(at)
        assert at.boards.duplicate_of(ids["T-1"]) == shown
    assert at.boards.work_item(ids["T-1"]).fields[STATE] == "New"


def test_a_ticket_merged_into_one_that_was_merged_itself_leads_to_that(at):
    push(at, "T-2", merged_into="T-9")
    push(at, "T-1", merged_into="T-2")
    settle(at)
    first, second = (at.service.look_up("generic", id)["work_item"]["id"] for id in ("T-1", "T-2"))
    at.service.sweep()
    settle(at)
    assert at.boards.duplicate_of(first) == second


@pytest.mark.parametrize("circle", [["T-1"], ["T-1", "T-2"], ["T-1", "T-2", "T-3"]])
def test_tickets_merged_in_a_circle_are_removed_and_close_no_circle_of_links(at, circle):
    for id in circle:
        push(at, id)
    settle(at)
    for id, into in zip(circle, circle[1:] + circle[:1], strict=True):
        push(at, id, version=2, merged_into=into, title="merged")
        settle(at)
    items = [at.service.look_up("generic", id)["work_item"]["id"] for id in circle]
    assert {at.boards.work_item(id).fields[TITLE] for id in items} == {"merged"}
    assert [at.boards.duplicate_of(id) for id in items][-1] is None


def test_a_ticket_whose_number_changes_keeps_its_work_item_and_is_found_by_both(at):
    push(at, number="NET-1")
    settle(at)
    push(at, version=2, number="WEB-7", team="Service Desk")
    settle(at)
    assert only(at).fields[AREA] == "Fabrikam\\Service Desk"
    assert at.service.look_up("generic", "NET-1") == at.service.look_up("generic", "WEB-7")


def test_a_reassigned_ticket_takes_area_and_sprint_of_its_new_team_and_keeps_its_work_item(at):
    route(at, "network", iteration="current")
    push(at)
    settle(at)
    item = only(at)
    assert (item.fields[AREA], item.fields[SPRINT]) == ("Fabrikam\\Network", "Fabrikam\\Sprint 2")
    push(at, version=2, team="Service Desk")
    settle(at)
    moved = only(at)
    assert (moved.id, moved.fields[AREA], moved.fields[SPRINT]) == (item.id, "Fabrikam\\Service Desk", "Fabrikam")
    push(at, version=3, team="Network")
    settle(at)
    assert only(at).fields[SPRINT] == "Fabrikam\\Sprint 2"


def test_a_sprint_that_the_team_chose_stays_when_the_ticket_changes_otherwise(at):
    push(at)
    settle(at)
    at.boards.edit(only(at).id, {SPRINT: "Fabrikam\\Sprint 4"})
    push(at, version=2, title="VPN slow")
    settle(at)
    assert only(at).fields[SPRINT] == "Fabrikam\\Sprint 4"


# ---------------------------------------------------------------- areas that move


def to_area(at, area: str) -> None:
    route(at, "network", team=None, area=area)


def test_a_renamed_or_moved_area_keeps_working(at):
    to_area(at, "Fabrikam\\Platform")
    push(at)
    settle(at)
    at.boards.rename_area("Fabrikam\\Platform", "Foundations")
    push(at, "T-2")
    settle(at)
    at.boards.move_area("Fabrikam\\Foundations", "Fabrikam\\Network")
    push(at, "T-3")
    push(at, version=2, title="VPN slow")
    settle(at)
    assert [item.fields[AREA] for item in at.boards.live()] == ["Fabrikam\\Network\\Foundations"] * 3
    assert at.service.look_up("generic", "T-3")["state"] == "synced"


def test_a_renamed_area_does_not_take_work_items_from_where_the_team_moved_them(at):
    to_area(at, "Fabrikam\\Platform")
    push(at)
    settle(at)
    at.boards.edit(only(at).id, {AREA: "Fabrikam\\Network"})
    at.boards.rename_area("Fabrikam\\Platform", "Foundations")
    push(at, version=2, title="VPN slow")
    settle(at)
    assert (only(at).fields[AREA], only(at).fields[TITLE]) == ("Fabrikam\\Network", "VPN slow")


def test_a_renamed_team_keeps_its_tickets(at):
    push(at)
    settle(at)
    at.boards.rename_team("Fabrikam", "Network", "Connectivity")
    push(at, version=2, title="VPN slow")
    push(at, "T-2")
    settle(at)
    assert [item.fields[AREA] for item in at.boards.live()] == ["Fabrikam\\Network"] * 2
    assert at.service.look_up("generic", "T-2")["team"] == "Connectivity"


def test_a_deleted_area_sends_tickets_to_triage_and_says_so(at):
    to_area(at, "Fabrikam\\Platform")
    push(at)
    settle(at)
    at.boards.delete_area("Fabrikam\\Platform", "Fabrikam")
    push(at, "T-2")
    settle(at)
    told = at.service.look_up("generic", "T-2")
    assert at.boards.work_item(told["work_item"]["id"]).fields[AREA] == "Fabrikam\\Triage"
    assert told["route"] == "triage"
    assert told["why"].startswith("route 'network' took it, but the area 'Fabrikam\\Platform' does not exist any more")


def test_without_an_area_for_triage_a_ticket_is_parked_with_the_fix(at):
    push(at, team="nobody's")
    at.boards.delete_area("Fabrikam\\Triage", "Fabrikam")
    settle(at)
    told = at.service.look_up("generic", "T-1")
    assert told["state"] == "parked"
    assert "give triage another area" in told["reason"]


def test_an_area_that_moved_to_a_technical_team_takes_no_project_tickets(at):
    to_area(at, "Fabrikam\\Triage")
    route(at, "network", audience="project")
    push(at)
    settle(at)
    assert only(at).fields[AREA] == "Fabrikam\\Triage"
    at.boards.move_area("Fabrikam\\Triage", "Fabrikam\\Network")
    push(at, "T-2")
    settle(at)
    assert "technical" in at.service.look_up("generic", "T-2")["reason"]
