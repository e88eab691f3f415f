"""What is sent to Freshservice, and how its answers are taken."""

from base64 import b64encode
from typing import Any

import pytest

from shared.connectors.freshservice.api import FreshserviceItsm
from shared.errors import Park
from shared.model import TicketAddress
from tests.connectors.canned import Canned, answer
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import KeptSecrets

TICKET = TicketAddress("7")
URL = "https://contoso.freshservice.example/api/v2"
NEXT = {"Link": f'<{URL}/tickets?page=2>; rel="next"'}


def freshservice(network: Canned, user: str | None = None) -> FreshserviceItsm:
    return FreshserviceItsm(
        "https://contoso.freshservice.example/",
        KeptSecrets(fresh="k3y"),
        "fresh",
        user,
        connection="fresh",
        clock=VirtualClock(),
        adapter=network,
    )


@pytest.mark.parametrize(("user", "pair"), [(None, b"k3y:X"), ("bridge", b"bridge:k3y")])
def test_a_key_is_the_name_of_a_user_and_a_secret_the_password_of_one(user: str | None, pair: bytes) -> None:
    network = Canned(answer(200, {"tickets": []}))
    freshservice(network, user).check()
    (request,) = network.requests
    assert request.url == f"{URL}/tickets?per_page=1"
    assert request.headers["Authorization"] == "Basic " + b64encode(pair).decode()


@pytest.mark.parametrize(
    ("public", "kind", "body"),
    [
        (True, "reply", {"body": "a &lt;b&gt; &amp; c<br>d"}),
        (False, "notes", {"body": "a &lt;b&gt; &amp; c<br>d", "private": True}),
    ],
)
def test_only_a_public_comment_is_a_reply(public: bool, kind: str, body: dict[str, Any]) -> None:
    network = Canned(answer(201, {"conversation": {}}))
    freshservice(network).comment(TICKET, "a <b> & c\nd", public=public)
    assert (network.requests[0].url, network.bodies) == (f"{URL}/tickets/7/{kind}", [body])


def test_a_status_goes_with_fields_in_their_types() -> None:
    network = Canned(answer(200, {"ticket": {}}))
    more = {"priority": "4", "group_id": "12", "category": "12", "custom_fields.cause": "A fuse"}
    freshservice(network).set_status(TICKET, "4", more)
    assert network.requests[0].method == "PUT"
    assert network.bodies == [
        {"status": 4, "priority": 4, "group_id": 12, "category": "12", "custom_fields": {"cause": "A fuse"}}
    ]


def test_a_status_that_is_no_number_is_parked_unsent() -> None:
    with pytest.raises(Park, match="a status is a number, such as 4 for Resolved, and not 'Resolved'"):
        freshservice(Canned()).set_status(TICKET, "Resolved", {})


def test_a_mandatory_field_is_parked_in_the_words_of_freshservice() -> None:
    faults = [{"field": "category", "message": "It should not be blank", "code": "missing_field"}]
    refusal = answer(400, {"description": "Validation failed", "errors": faults})
    with pytest.raises(Park, match="Validation failed; It should not be blank"):
        freshservice(Canned(refusal)).set_status(TICKET, "4", {})


@pytest.mark.parametrize("id", ["CHN-7", "PRB-7"])
def test_changes_and_problems_are_not_taken_for_missing_tickets(id: str) -> None:
    with pytest.raises(Park, match=f"{id} is a change or a problem"):
        freshservice(Canned()).read(TicketAddress(id), comments=False)


def test_a_page_of_one_second_is_turned_and_a_later_one_begins_anew() -> None:
    def page(*times: str, **headers: str) -> Any:
        tickets = [{"id": index, "updated_at": f"2026-05-04T12:00:0{time}Z"} for index, time in enumerate(times)]
        return answer(200, {"tickets": tickets}, headers)

    network = Canned(page("0", "0", **NEXT), page("0", "3", **NEXT), page("3"))
    list(freshservice(network).changed_since(VirtualClock()(), comments=False))
    asked = [(request.url or "").partition("updated_since=2026-05-04T")[2] for request in network.requests]
    assert [query.replace("%3A", ":").replace("per_page=100&", "") for query in asked] == [
        "11:59:59Z&page=1",
        "11:59:59Z&page=2",
        "12:00:02Z&page=1",
    ]
