"""Request Tracker: the transactions that a Scrip sends, and tickets that are read back in the same layout."""

from typing import Any

import pytest

from shared.errors import NoTicket
from shared.model import Comment, Push
from shared.tickets.mapping import comments_of
from tests.tickets.presets.helpers import at, commented, fixture, push, read, read_fixture, read_recording
from tests.tickets.recorded import names

TICKET = {
    "number": "41",
    "kind": "Mail",
    "title": "Mail bounces",
    "status": "new",
    "status_category": "open",
    "priority": "50",
    "priority_level": "3",
    "team": "Mail",
    "assignee": "",
    "requester": "ann@example.org; cy@example.org",
    "url": "https://rt.example.org/Ticket/Display.html?id=41",
    "deleted": "",
}
INTERNAL = Comment("502", "internal: blocked by the filter", author="bray", at="2026-03-02 08:10:00")
REPLY = Comment("503", "Dear Ann, we are looking.", author="bray", public=True, at="2026-03-02 08:20:00")

EXPECTED = {
    "create": push(
        "41",
        TICKET | {"body": "All mail to example.com\ncomes back.", "body_format": "text"},
        version=501,
        changed_at=at(8),
        delivery_id="501",
        actor="bray",
    ),
    "comment": push(
        "41", TICKET | commented(INTERNAL), version=502, changed_at=at(8, 10), delivery_id="502", actor="bray"
    ),
    "correspond": push(
        "41",
        TICKET | {"status": "open", "status_category": "in_progress", "assignee": "bray"} | commented(REPLY),
        version=503,
        changed_at=at(8, 20),
        delivery_id="503",
        actor="bray",
    ),
    "status": push(
        "41",
        TICKET
        | {
            "status": "rejected",
            "status_category": "cancelled",
            "assignee": "bray",
            "priority": "0",
            "priority_level": "4",
        },
        version=504,
        changed_at=at(8, 30),
        delivery_id="504",
        actor="bray",
    ),
    "deleted": push(
        "41",
        TICKET | {"status": "deleted", "status_category": "cancelled", "deleted": "true"},
        version=506,
        changed_at=at(9, 10),
        delivery_id="506",
        actor="bray",
    ),
    "read_back": push(
        "41",
        TICKET
        | {"status": "resolved", "status_category": "resolved", "priority": "100", "priority_level": "2"}
        | commented(
            INTERNAL,
            Comment("503", "<p>Dear Ann, we are looking.</p>", "html", "bray", public=True, at="2026-03-02 08:20:00"),
        ),
        version=505,
        changed_at=at(9),
        delivery_id="505",
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_transaction_is_read_whole(name: str) -> None:
    assert read_fixture(f"request_tracker.{name}") == EXPECTED[name]


def test_a_comment_has_the_same_id_pushed_and_read_back() -> None:
    pushed = [*comments_of(read_fixture("request_tracker.comment").fields)]
    pushed += comments_of(read_fixture("request_tracker.correspond").fields)
    back = comments_of(read_fixture("request_tracker.read_back").fields)
    assert [(each.id, each.public) for each in pushed] == [(each.id, each.public) for each in back]


def test_a_ticket_that_was_deleted_can_come_back() -> None:
    body = fixture("request_tracker.deleted")
    body["ticket"]["status"] = "open"
    fields = read("request_tracker", body).fields
    assert (fields["deleted"], fields["status_category"]) == ("", "in_progress")


@pytest.mark.parametrize(
    ("priority", "level"),
    [(0, "4"), ("49", "4"), (50, "3"), ("99", "3"), (100, "2"), ("2000", "2"), (-1, None), ("urgent", None)],
)
def test_priorities_follow_the_scale_that_rt_shows(priority: Any, level: str | None) -> None:
    body = {"transaction_id": 1, "ticket": {"id": 1, "queue": "Mail", "subject": "x", "priority": priority}}
    assert read("request_tracker", body).fields.get("priority_level") == level


def test_the_header_names_the_delivery_before_the_body_does() -> None:
    assert read_fixture("request_tracker.create", {"x-rt-delivery": "d-9"}).delivery_id == "d-9"


def test_a_ticket_of_the_rest_api_is_refused_with_what_is_missing() -> None:
    with pytest.raises(NoTicket, match="looked at `ticket`, found no object"):
        read("request_tracker", {"id": 41, "Subject": "Mail bounces", "Queue": {"id": "3", "type": "queue"}})


# ---------------------------------------------------------------- recordings

RECORDED: dict[str, tuple[int, dict[str, str | None]]] = {
    "rt.live-comment": (37, {"title": "VPN down in DC2", "body": None, "status_category": "in_progress"}),
    "rt.live-create": (33, {"title": "VPN down", "body": "Cannot connect", "status_category": "open"}),
    "rt.live-set-subject": (36, {"title": "VPN down in DC2", "body": None, "assignee": ""}),
    "rt.live-status-resolved": (38, {"status_category": "resolved", "requester": "ann@example.com"}),
}


@pytest.mark.parametrize("name", [name for name in names() if name in RECORDED])
def test_recorded_transactions(name: str) -> None:
    (found,) = read_recording(name)
    assert isinstance(found, Push)
    version, fields = RECORDED[name]
    assert (found.ticket_id, found.version, found.delivery_id) == ("1", version, str(version))
    assert {field: found.fields.get(field) for field in fields} == fields
    comments = [(each.id, each.body, each.public) for each in comments_of(found.fields)]
    assert comments == ([("37", "looking", False)] if name == "rt.live-comment" else [])
