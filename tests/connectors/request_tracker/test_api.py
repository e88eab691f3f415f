"""What is sent to Request Tracker, and how its answers are taken; tests/real has the contract, against a real one."""

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
import urllib3

from shared.connectors.request_tracker.api import RequestTrackerItsm
from shared.errors import Park, Stale, StopConnection, Throttled
from shared.model import TicketAddress
from tests.connectors.canned import Canned, answer
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import KeptSecrets

TICKET = TicketAddress("7")
NOTHING = {"items": [], "pages": None}


def itsm(network: Canned, user: str | None = "bridge", secrets: KeptSecrets | None = None) -> RequestTrackerItsm:
    return RequestTrackerItsm(
        "https://rt.example/desk/",
        secrets or KeptSecrets(rt="pa55word"),
        "rt",
        user,
        connection="rt",
        clock=VirtualClock(),
        adapter=network,
    )


def shown(etag: str = '"39"', **fields: Any) -> urllib3.HTTPResponse:
    ticket = {
        "id": 7,
        "Subject": "VPN down",
        "Status": "new",
        "Queue": {"id": "1", "Name": "Network"},
        "Owner": {"id": "Nobody"},
        "LastUpdatedBy": {"id": "RT_System", "EmailAddress": ""},
        "Priority": "10",
        "Created": "2026-05-04T09:00:00Z",
        "LastUpdated": "2026-05-04T10:00:00Z",
        "Requestor": [],
    }
    return answer(200, ticket | fields, {"ETag": etag})


@pytest.mark.parametrize(
    ("user", "authorization"),
    [("bridge", "Basic " + b64encode(b"bridge:pa55word").decode()), (None, "token pa55word")],
)
def test_a_user_signs_in_with_a_password_and_nobody_with_a_token(user: str | None, authorization: str) -> None:
    network = Canned(answer(200, {"Version": "5.0.3"}))
    itsm(network, user).check()
    (request,) = network.requests
    assert (request.url, request.headers["Authorization"]) == ("https://rt.example/desk/REST/2.0/rt", authorization)


def test_a_renewed_token_is_tried_once() -> None:
    secrets = KeptSecrets(rt="old")
    secrets.values["rt"] = "new"
    network = Canned(answer(401, {"message": "Unauthorized"}), answer(200, {}))
    itsm(network, None, secrets).check()
    assert [request.headers["Authorization"] for request in network.requests] == ["token old", "token new"]


@pytest.mark.parametrize(
    "refusal", [answer(401, {"message": "Unauthorized"}), answer(200, b"<html>Login</html>"), answer(302, b"")]
)
def test_a_sign_in_that_fails_stops_the_connection(refusal: urllib3.HTTPResponse) -> None:
    with pytest.raises(StopConnection, match="Key Vault secret 'rt'"):
        itsm(Canned(refusal)).check()


@pytest.mark.parametrize("etag", ['"39"', 'W/"39"'])
def test_a_status_is_set_on_the_ticket_that_was_seen(etag: str) -> None:
    """A proxy that compresses answers makes their ETags weak, which no `If-Match` would match."""
    network = Canned(shown(etag), answer(200, ["Status changed"]), shown('"40"', Status="open"))
    itsm(network).set_status(TICKET, "open", {})
    written = network.requests[1]
    assert (written.method, written.url) == ("PUT", "https://rt.example/desk/REST/2.0/ticket/7")
    assert written.headers["If-Match"] == '"39"'
    assert network.bodies == [{"Status": "open"}]


def test_a_status_set_meanwhile_is_stale() -> None:
    with pytest.raises(Stale):
        itsm(Canned(shown(), answer(412, {"message": "Precondition Failed"}))).set_status(TICKET, "open", {})


def test_a_change_that_is_answered_200_and_not_made_is_parked_with_the_reason() -> None:
    network = Canned(shown(), answer(200, ["Ticket 7: Prioriteit is geen getal."]), shown(Status="open"))
    with pytest.raises(Park, match=r"Request Tracker: Ticket 7: Prioriteit is geen getal\."):
        itsm(network).set_status(TICKET, "open", {"Priority": "high"})


def test_a_field_that_request_tracker_would_pass_over_is_parked_unsent() -> None:
    with pytest.raises(Park, match="a ticket has no field Cause, Team; correct the name"):
        itsm(Canned(shown())).set_status(TICKET, "open", {"Team": "x", "Cause": "y", "Priority": "1"})


def test_a_status_that_is_set_already_is_not_set_again() -> None:
    network = Canned(shown(Status="open"), answer(200, []), shown(Status="open"))
    itsm(network).set_status(TICKET, "Open", {"Priority": "10"})
    assert network.bodies == [{"Priority": "10"}]


@pytest.mark.parametrize(("public", "kind"), [(True, "correspond"), (False, "comment")])
def test_only_a_public_comment_is_a_reply(public: bool, kind: str) -> None:
    network = Canned(shown(), answer(201, ["Comments added"]))
    itsm(network).comment(TICKET, "Try <again>", public=public)
    assert network.requests[-1].url == f"https://rt.example/desk/REST/2.0/ticket/7/{kind}"
    assert network.bodies == [{"Content": "Try <again>", "ContentType": "text/plain"}]


def test_throttling_waits_as_long_as_asked() -> None:
    with pytest.raises(Throttled) as throttled:
        itsm(Canned(answer(429, b"", {"Retry-After": "12"}))).read(TICKET, comments=False)
    assert throttled.value.after_seconds == 12


def test_a_requester_with_an_account_is_asked_for_their_address() -> None:
    requestors = [{"id": "ann@example.com"}, {"id": "bsmith"}, {"id": "robot"}, {"id": "hidden"}]
    accounts = [
        answer(200, {"EmailAddress": "bob@example.com"}),
        answer(200, {"EmailAddress": ""}),
        answer(403, {"message": "Forbidden"}),
    ]
    network = Canned(shown(Requestor=requestors), answer(200, NOTHING), *accounts)
    read = itsm(network).read(TICKET, comments=False)
    assert read["ticket"]["requestors"] == ["ann@example.com", "bob@example.com", "robot", "hidden"]
    assert read["actor"] == "RT_System"


def test_what_is_said_is_read_to_the_end_where_nobody_tells_the_number_of_pages() -> None:
    def said(id: str) -> dict[str, Any]:
        creator = {"id": "root", "EmailAddress": "root@example.com"}
        return {"id": id, "Type": "Comment", "ObjectId": 7, "Creator": creator, "Created": "2026-05-04T10:00:00Z"}

    texts = [{"TransactionId": id, "ContentType": "text/plain", "Content": f"Said in {id}"} for id in ("8", "9")]
    pages = [[said("8")], [said("9")], [], texts, []]
    network = Canned(shown(), *(answer(200, NOTHING | {"items": items}) for items in pages))
    read = itsm(network).read(TICKET, comments=True)
    assert [comment["content"] for comment in read["comments"]] == ["Said in 8", "Said in 9"]


def test_the_plain_one_of_several_texts_counts() -> None:
    opening = {"id": "8", "Type": "Create", "ObjectId": 7, "Creator": {"id": "root"}, "Created": "2026-05-04T10:00:00Z"}
    texts = [
        {"TransactionId": "8", "ContentType": kind, "Content": content}
        for kind, content in (("text/html", "<p>rich</p>"), ("text/plain", "plain"), ("text/html", "<p>rich</p>"))
    ]
    network = Canned(shown(), *(answer(200, {"items": items, "pages": 1}) for items in ([opening], texts)))
    assert itsm(network).read(TICKET, comments=False)["content"] == "plain"


def test_a_ticket_that_is_gone_since_it_was_listed_hides_no_other() -> None:
    listed = [{"id": id, "LastUpdated": "2026-05-04T12:00:00Z"} for id in ("6", "7")]
    gone = answer(404, {"message": "Not Found"})
    pages = [answer(200, NOTHING | {"items": items}) for items in (listed, [])]
    network = Canned(*pages, gone, shown(), answer(200, NOTHING))
    changed = itsm(network).changed_since(VirtualClock()() - timedelta(hours=1), comments=False)
    assert [document["ticket"]["id"] for document in changed] == [7]
