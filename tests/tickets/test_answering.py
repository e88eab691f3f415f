"""Tickets are read back where a push was only a hint, found where no push came, and told of the board, once."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest

from shared.configuration import Signature
from shared.errors import Park
from shared.model import Hint
from shared.tickets.run import Outcome
from tests.simulation.conversation import TALKING
from tests.tickets.place import JSON, only, settle, somewhere, talk, work


@pytest.fixture
def at():
    place = somewhere()
    place.configuration = TALKING
    place.itsm.change("T-1", title="VPN down", team="Network", status="open")
    return place


def hint(at, **more) -> None:
    at.service.accept("generic", json.dumps({"id": "T-1", **more}).encode(), JSON)


def connection(at, **changes) -> None:
    connections = dict(at.configuration.connections)
    connections["generic"] = connections["generic"].model_copy(update=changes)
    at.configuration = at.configuration.model_copy(update={"connections": connections})


def told(at) -> dict:
    return at.service.look_up("generic", "T-1")


def look(at) -> None:
    """The hour strikes, and everything that follows from it."""
    at.service.sweep()
    settle(at)


def asked(at, call: str) -> int:
    return at.calls.count(f"itsm.{call}")


# ---------------------------------------------------------------- reading back


def test_an_unsigned_push_is_a_hint_and_what_the_product_says_is_written(at):
    hint(at, title="Send me your passwords", team="Service Desk", status="open")
    settle(at)
    assert only(at).fields["System.Title"] == "VPN down"
    assert "passwords" not in repr(at.store.rows["generic", "T-1"].ticket)


def test_a_signed_and_whole_push_is_taken_as_it_is_and_a_part_is_read_back(at):
    signature = Signature(secret=("hmac",), header="x-s", prefix="")
    connection(at, signature=signature, answers=None)
    for body, reads in (
        ({"id": "T-1", "title": "VPN gone", "status": "open", "body": "", "version": 9}, 0),
        ({"id": "T-1", "status": "closed", "version": 10}, 1),
    ):
        raw = json.dumps(body).encode()
        at.service.accept("generic", raw, JSON | {"x-s": _signed(raw)})
        settle(at)
        assert asked(at, "read") == reads
    assert only(at).fields["System.Title"] == "VPN gone"


def _signed(raw: bytes) -> str:
    return hmac.new(b"s3cret", raw, hashlib.sha256).hexdigest()


def test_many_hints_at_once_are_one_reading(at):
    for number in range(5):
        hint(at, delivery_id=str(number))
    settle(at)
    assert asked(at, "read") == 1


def test_comments_come_with_the_reading(at):
    at.itsm.say("T-1", "Please hurry", public=True)
    at.itsm.say("T-1", "He always says that", public=False)
    hint(at)
    settle(at)
    [text] = talk(at)
    assert "Please hurry" in text
    assert "always says" not in repr(at.store.rows), "what no route may copy is not kept"


def test_a_comment_whose_push_was_lost_is_found_though_later_changes_are_known(at):
    hint(at)
    settle(at)
    at.now += timedelta(minutes=10)
    at.itsm.say("T-1", "Please hurry", public=True)
    at.now += timedelta(minutes=1)
    later = at.itsm.change("T-1", title="VPN gone")
    connection(at, signature=Signature(secret=("hmac",), header="x-s", prefix=""))
    raw = json.dumps({name: later[name] for name in later if name != "comments"} | {"body": ""}).encode()
    at.service.accept("generic", raw, JSON | {"x-s": _signed(raw)})
    settle(at)
    assert (only(at).fields["System.Title"], talk(at)) == ("VPN gone", [])
    look(at)
    assert "Please hurry" in talk(at)[0]


def test_nothing_is_lost_while_the_product_is_not_to_be_had(at):
    hint(at)
    at.failing = {"before itsm.read"}
    assert work(at) is Outcome.POSTPONED
    assert told(at)["reason"] == "storage gives no answer"
    at.failing = set()
    settle(at)
    assert told(at)["state"] == "synced"


def test_a_ticket_that_the_product_does_not_know_is_parked_and_tried_again_by_the_sweep(at):
    kept = at.itsm.tickets.pop("T-1")
    hint(at)
    settle(at)
    assert (told(at)["state"], at.boards.live()) == ("parked", ())
    assert "cannot be read back, so nothing is written: there is no ticket T-1" in told(at)["reason"]
    at.itsm.tickets["T-1"] = kept
    look(at)
    assert told(at)["state"] == "synced"


def test_a_deletion_is_believed_once_the_product_does_not_know_the_ticket_any_more(at):
    hint(at)
    settle(at)
    hint(at, deleted=True)
    settle(at)
    assert only(at).fields["System.State"] == "New", "it is still there"
    at.itsm.delete("T-1")
    hint(at, deleted=True)
    settle(at)
    assert only(at).fields["System.State"] == "Closed", "a bug has no state of category Removed"
    assert "The ticket was deleted." in talk(at)[-1]


def test_a_deletion_counts_though_the_products_clock_is_ahead_and_a_ticket_that_is_there_again_comes_back(at):
    at.now += timedelta(minutes=2)
    kept = at.itsm.change("T-1", title="VPN slow")
    at.now -= timedelta(minutes=2)
    hint(at)
    settle(at)
    at.itsm.delete("T-1")
    hint(at, deleted=True)
    settle(at)
    assert only(at).fields["System.State"] == "Closed"
    at.itsm.tickets["T-1"] = kept
    hint(at, event="restored")
    settle(at)
    assert only(at).fields["System.State"] == "New"


def test_a_ticket_that_reads_as_another_was_merged_into_that(at):
    at.itsm.change("T-2", title="VPN slow", team="Network", status="open")
    for id in ("T-1", "T-2"):
        hint(at, id=id)
    settle(at)
    merged, other = (at.service.look_up("generic", id)["work_item"]["id"] for id in ("T-1", "T-2"))
    at.itsm.tickets["T-1"] = at.itsm.tickets["T-2"]
    hint(at, event="merged")
    settle(at)
    assert at.boards.duplicate_of(merged) == other


def test_without_access_any_more_what_was_pushed_counts(at):
    hint(at, title="VPN gone", team="Network", status="open")
    connection(at, access=None, answers=None)
    settle(at)
    assert only(at).fields["System.Title"] == "VPN gone"


# ---------------------------------------------------------------- catching up


def test_what_no_push_told_is_found_within_the_hour_and_looked_at_once(at):
    look(at)
    assert only(at).fields["System.Title"] == "VPN down"
    at.itsm.change("T-1", title="VPN gone")
    look(at)
    assert only(at).fields["System.Title"] == "VPN gone"
    reads = asked(at, "read")
    look(at)
    assert asked(at, "read") == reads


def test_a_catch_up_that_broke_off_begins_again_where_it_was(at):
    at.failing = {"after itsm.changed_since"}
    at.service.sweep()
    while at.hints.messages and at.failing:
        work(at)
        at.failing = set()
    settle(at)
    assert told(at)["state"] == "synced"


# ---------------------------------------------------------------- the work item


def test_the_ticket_is_told_once_which_work_item_it_became(at):
    hint(at)
    settle(at)
    assert at.itsm.introduced == {"T-1": (only(at).id, only(at).url)}
    hint(at, more="news")
    look(at)
    assert asked(at, "introduce") == 1


@pytest.mark.parametrize("what", ["work_item", "state", "comments"])
def test_each_answer_can_be_switched_off(at, what):
    answers = TALKING.itsm["generic"].answers.model_copy(update={what: False})
    connection(at, answers=answers)
    hint(at)
    settle(at)
    at.boards.edit(only(at).id, {"System.State": "Active"})
    at.boards.comment(only(at).id, "#ticket done")
    look(at)
    heard = {
        "work_item": bool(at.itsm.introduced),
        "state": at.itsm.tickets["T-1"]["status"] == "in_progress",
        "comments": len(at.itsm.tickets["T-1"]["comments"]) == 1,
    }
    assert heard == {name: name != what for name in heard}


# ---------------------------------------------------------------- its state


def test_a_state_that_the_team_sets_becomes_the_tickets_status(at):
    hint(at)
    settle(at)
    for state, status in (("Active", "in_progress"), ("Resolved", "resolved"), ("Active", "in_progress")):
        at.boards.edit(only(at).id, {"System.State": state})
        look(at)
        assert (at.itsm.tickets["T-1"]["status"], only(at).fields["System.State"]) == (status, state)


def test_an_agent_who_was_faster_is_not_overruled(at):
    hint(at)
    settle(at)
    at.boards.edit(only(at).id, {"System.State": "Active"})
    at.itsm.change("T-1", status="closed")  # and its push is lost
    at.service.board_changed(only(at).id)
    settle(at)
    assert (at.itsm.tickets["T-1"]["status"], only(at).fields["System.State"]) == ("closed", "Closed")


@pytest.mark.parametrize(("status", "state"), [("closed", "Closed"), ("resolved", "Resolved")])
def test_an_agent_who_is_right_behind_us_is_not_taken_for_our_echo(at, status, state):
    hint(at)
    settle(at)
    at.boards.edit(only(at).id, {"System.State": "Active"})
    tell = at.itsm.set_status

    def told_and_then_an_agent(*told):
        tell(*told)
        at.itsm.set_status = tell
        at.itsm.change("T-1", status=status)  # before we look what became of it

    at.itsm.set_status = told_and_then_an_agent
    look(at)
    assert (at.itsm.tickets["T-1"]["status"], only(at).fields["System.State"]) == (status, state)


def test_a_service_hook_makes_it_faster(at):
    hint(at)
    settle(at)
    at.boards.edit(only(at).id, {"System.State": "Active"})
    assert at.service.board_changed(only(at).id) == 1
    assert at.service.board_changed(999) == 0
    settle(at)
    assert at.itsm.tickets["T-1"]["status"] == "in_progress"


def test_a_state_that_follows_from_the_ticket_is_not_told_to_it(at):
    hint(at)
    settle(at)
    at.itsm.change("T-1", status="closed")
    look(at)
    look(at)
    assert only(at).fields["System.State"] == "Closed"
    assert asked(at, "set_status") == 0


def test_two_states_with_one_status_leave_the_board_where_the_team_put_it(at):
    hint(at)
    settle(at)
    at.boards.edit(only(at).id, {"System.State": "Closed"})
    look(at)
    hint(at, event="echo")
    look(at)
    assert (at.itsm.tickets["T-1"]["status"], only(at).fields["System.State"]) == ("resolved", "Closed")


def test_a_category_without_a_status_is_not_told(at):
    answers = TALKING.itsm["generic"].answers.model_copy(update={"states": {"InProgress": ""}})
    connection(at, answers=answers)
    hint(at)
    settle(at)
    at.boards.edit(only(at).id, {"System.State": "Active"})
    look(at)
    assert at.itsm.tickets["T-1"]["status"] == "open"


def test_what_the_product_refuses_is_shown_and_tried_again_and_keeps_nothing_else_from_its_way(at, monkeypatch):
    hint(at)
    settle(at)

    def refuse(*_, **__) -> None:
        raise Park("a close code is needed")

    monkeypatch.setattr(at.itsm, "set_status", refuse)
    at.boards.edit(only(at).id, {"System.State": "Closed"})
    at.boards.comment(only(at).id, "#ticket done")
    look(at)
    assert (told(at)["state"], told(at)["not_told"]) == ("synced", "a close code is needed")
    assert len(at.itsm.tickets["T-1"]["comments"]) == 1
    monkeypatch.undo()
    look(at)
    assert (at.itsm.tickets["T-1"]["status"], told(at)["not_told"]) == ("resolved", None)


# ---------------------------------------------------------------- comments marked for it


@pytest.mark.parametrize(
    ("html", "text", "public"),
    [
        ("<div>#ticket Replaced the <b>router</b>.</div><div>All good.</div>",
         "Replaced the router.\nAll good.", False),
        ("Please try again #Requester", "Please try again", True),
    ],
)  # fmt: skip
def test_a_marked_comment_is_passed_on_once_as_plain_text_with_its_author(at, html, text, public):
    hint(at)
    settle(at)
    id = at.boards.comment(only(at).id, html)
    look(at)
    look(at)
    [comment] = at.itsm.tickets["T-1"]["comments"]
    assert comment["body"] == f"[azure-devops:1/{id}] Jamal Hartnett on the board:\n\n{text}"
    assert comment["public"] is public
    assert [text for text in talk(at) if "[ticket]" in text] == [], "and does not come back"


def test_what_was_said_on_a_work_item_before_it_was_known_to_be_ours_is_passed_on(at):
    """The answer to the create was lost, and the boards' feed was read to its end before the work item was found."""
    feed = Hint("contoso")
    at.service.handle(feed)
    hint(at)
    at.failing = {"after boards.create"}
    assert work(at) is Outcome.POSTPONED
    at.failing = set()
    at.boards.edit(only(at).id, {"System.History": "<div>#ticket Which gateway?</div>"})
    at.service.handle(feed)
    at.failing = {"before itsm.comment"}  # as it is passed on for the first time
    while "itsm.comment" not in at.calls:
        at.now = at.hints.next_due()
        work(at)
    at.failing = set()
    settle(at)
    [said] = at.itsm.tickets["T-1"]["comments"]
    assert "Which gateway?" in said["body"]


def test_an_answer_that_quotes_ours_first_is_copied_and_ours_alone_is_not(at):
    hint(at)
    settle(at)
    id = at.boards.comment(only(at).id, "#requester Please try again")
    look(at)
    ours = f"[azure-devops:1/{id}] Jamal Hartnett on the board: Please try again"
    at.itsm.say("T-1", f"<p>{ours}</p>".replace("[", "\\["), public=True)
    at.itsm.say("T-1", f"{ours}\n\nstill fails", public=True)
    look(at)
    copied = [text for text in talk(at) if "[ticket]" in text]
    assert len(copied) == 1
    assert "still fails" in copied[0]


def test_without_leave_nothing_is_said_to_the_requester(at):
    connection(at, answers=TALKING.itsm["generic"].answers.model_copy(update={"public": False}))
    hint(at)
    settle(at)
    at.boards.comment(only(at).id, "#requester Please try again")
    look(at)
    assert [comment["public"] for comment in at.itsm.tickets["T-1"]["comments"]] == [False]


@pytest.mark.parametrize(
    "html",
    [
        "Among us",
        "ticket",
        "see issue#ticket",
        "#tickets",
        "see #ticket-4711",
        "https://desk.example/#ticket/zoom/81",
        "[ticket] Ann: #ticket help",
    ],
)
def test_what_is_not_marked_or_came_from_the_ticket_stays_on_the_board(at, html):
    hint(at)
    settle(at)
    at.boards.comment(only(at).id, html)
    look(at)
    assert at.itsm.tickets["T-1"]["comments"] == []


def test_a_deleted_work_item_is_told_as_before(at):
    hint(at)
    settle(at)
    at.boards.delete(only(at).id)
    look(at)
    assert "was deleted or hidden from us" in told(at)["reason"]


def test_a_hint_at_a_connection_that_is_gone_does_no_harm(at):
    at.hints.put(Hint("elsewhere"))
    settle(at)
    assert at.calls == []


def test_a_place_in_the_feed_that_is_not_known_any_more_begins_it_anew_and_misses_nothing(at, monkeypatch):
    look(at)
    changed = at.boards.changed

    def forgetful(cursor):
        if cursor is not None:
            raise Park("the continuation token is not valid")
        return changed(None)

    monkeypatch.setattr(at.boards, "changed", forgetful)
    at.boards.edit(only(at).id, {"System.State": "Active"})
    look(at)
    assert at.itsm.tickets["T-1"]["status"] == "in_progress"
