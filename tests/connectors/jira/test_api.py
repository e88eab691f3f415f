"""What is sent to Jira, and how its answers are taken."""

from base64 import b64encode
from typing import Any

import pytest

from infra.local.products.jira import Jira
from shared.connectors.jira.api import JiraItsm
from shared.errors import NotFound, Park, StopConnection
from shared.model import TicketAddress
from tests.connectors.canned import Canned, answer
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import KeptSecrets

ISSUE = TicketAddress("10001")
HIDDEN = {"errorMessages": ["Issue does not exist or you do not have permission to see it."], "errors": {}}
OPEN = {"id": "1", "name": "Offen", "statusCategory": {"key": "new"}}
DONE = {"id": "5", "name": "Gelöst", "statusCategory": {"key": "done"}}
WONT_DO = {"id": "6", "name": "Abgelehnt", "statusCategory": {"key": "done"}}


def jira(network: Canned, user: str | None = "bridge", secrets: KeptSecrets | None = None) -> JiraItsm:
    return JiraItsm(
        "https://jira.example/",
        secrets or KeptSecrets(jira="pa55word"),
        "jira",
        user,
        connection="jira",
        clock=VirtualClock(),
        adapter=network,
    )


def issue(status: dict[str, Any] = OPEN) -> Any:
    return answer(200, {"id": "10001", "key": "SUP-1", "fields": {"status": status, "updated": "2026-05-04T12:00:00Z"}})


def transitions(*offered: tuple[str, str, dict[str, Any]], **fields: dict[str, Any]) -> Any:
    schemas = {name: {"schema": schema} for name, schema in fields.items()}
    return answer(
        200, {"transitions": [{"id": id, "name": name, "to": to, "fields": schemas} for id, name, to in offered]}
    )


OFFERED = (("11", "Lösen", DONE), ("12", "Ablehnen", WONT_DO))


@pytest.mark.parametrize(
    ("user", "authorization"),
    [("bridge", "Basic " + b64encode(b"bridge:pa55word").decode()), (None, "Bearer pa55word")],
)
def test_a_user_signs_in_with_a_password_and_nobody_with_a_token(user: str | None, authorization: str) -> None:
    network = Canned(answer(200, {}))
    jira(network, user).check()
    (request,) = network.requests
    assert (request.url, request.headers["Authorization"]) == ("https://jira.example/rest/api/2/myself", authorization)


# ---------------------------------------------------------------- a token that Jira no longer knows


def test_an_expired_token_is_not_taken_for_a_missing_issue() -> None:
    network = Canned(answer(404, HIDDEN), *[answer(401, b"")] * 2)
    with pytest.raises(StopConnection, match="Key Vault secret 'jira'"):
        jira(network).read(ISSUE, comments=False)


def test_a_token_renewed_meanwhile_finds_the_issue() -> None:
    secrets = KeptSecrets(jira="old")
    secrets.values["jira"] = "new"
    network = Canned(answer(404, HIDDEN), answer(401, b""), answer(200, {}), issue())
    assert jira(network, None, secrets).read(ISSUE, comments=False)["key"] == "SUP-1"
    assert [request.headers["Authorization"][-3:] for request in network.requests] == ["old", "old", "new", "new"]


def test_an_issue_that_a_known_caller_cannot_see_is_not_found() -> None:
    with pytest.raises(NotFound, match="do not have permission"):
        jira(Canned(answer(404, HIDDEN), answer(200, {}), answer(404, HIDDEN))).read(ISSUE, comments=False)


def test_an_expired_token_is_not_taken_for_nothing_changed() -> None:
    """Jira lets strangers search, and finds nothing for them."""
    with pytest.raises(StopConnection):
        list(jira(Canned(answer(401, b""))).changed_since(VirtualClock()(), comments=False))


# ---------------------------------------------------------------- what changed


def test_cloud_and_data_center_are_searched_in_their_own_ways() -> None:
    for cloud, searched in ((True, "GET /rest/api/2/search/jql"), (False, "GET /rest/api/2/search")):
        with Jira(cloud=cloud, clock=VirtualClock()) as product:
            product.create_ticket("Printer on fire")
            secrets = KeptSecrets(jira=product.secret)
            itsm = JiraItsm(product.url, secrets, "jira", product.user, connection="jira", clock=product.clock)
            assert len(list(itsm.changed_since(VirtualClock()(), comments=False))) == 1
            itsm.close()
            assert [str(request) for request in product.requests] == [
                "GET /rest/api/2/myself",
                "GET /rest/api/2/serverInfo",
                searched,
            ]


def test_the_moment_is_told_in_no_time_zone() -> None:
    network = Canned(answer(200, {}), answer(200, {"deploymentType": "Cloud"}), answer(200, {"issues": []}))
    assert not list(jira(network).changed_since(VirtualClock()(), comments=False))
    assert "jql=updated+%3E%3D+1777896000000+ORDER+BY+updated+ASC" in str(network.requests[-1].url)


# ---------------------------------------------------------------- comments


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ({"jsdPublic": False}, {"jsdPublic": False}),
        ({"properties": [{"key": "sd.public.comment", "value": {"internal": True}}]}, {"jsdPublic": False}),
        ({"properties": [{"key": "sd.public.comment", "value": {"internal": False}}]}, {"jsdPublic": True}),
        ({"properties": [{"key": "of.an.app", "value": 1}]}, {}),
        ({}, {}),
    ],
)
def test_the_audience_of_a_comment_is_told_in_one_way(comment: dict[str, Any], told: dict[str, bool]) -> None:
    page = {"comments": [{"id": "1", "body": "x", **comment}], "total": 1}
    read = jira(Canned(issue(), answer(200, page))).read(ISSUE, comments=True)
    assert {"jsdPublic"} & read["fields"]["comment"]["comments"][0].keys() == told.keys()
    assert told.items() <= read["fields"]["comment"]["comments"][0].items()


@pytest.mark.parametrize("public", [True, False])
def test_a_comment_says_whom_it_is_for(public: bool) -> None:
    network = Canned(answer(201, {}))
    jira(network).comment(ISSUE, "The fuse is *new*", public=public)
    audience = {"key": "sd.public.comment", "value": {"internal": not public}}
    assert network.bodies == [{"body": r"The fuse is \*new\*", "properties": [audience]}]


# ---------------------------------------------------------------- status


@pytest.mark.parametrize(
    ("status", "transition"),
    [("12", "12"), ("ablehnen", "12"), ("Abgelehnt", "12"), ("6", "12"), ("done", "11"), ("Gelöst", "11")],
)
def test_a_status_is_reached_by_transition_status_or_category(status: str, transition: str) -> None:
    network = Canned(issue(), transitions(*OFFERED), answer(204))
    jira(network).set_status(ISSUE, status, {})
    assert network.bodies == [{"transition": {"id": transition}, "fields": {}}]


@pytest.mark.parametrize("status", ["done", "Gelöst", "5"])
def test_an_issue_that_is_there_already_stays(status: str) -> None:
    network = Canned(issue(DONE))
    jira(network).set_status(ISSUE, status, {"resolution": "Fixed"})
    assert [request.method for request in network.requests] == ["GET"]


@pytest.mark.parametrize(
    ("offered", "says"),
    [
        (OFFERED, r"its workflow offers 'Lösen' to 'Gelöst', 'Ablehnen' to 'Abgelehnt'"),
        ((), r"its workflow offers us no transition"),
    ],
)
def test_a_status_out_of_reach_is_parked_with_what_is_on_offer(
    offered: tuple[tuple[str, str, dict[str, Any]], ...], says: str
) -> None:
    with pytest.raises(Park, match=f"SUP-1 is 'Offen' and cannot become 'In Arbeit'; {says}"):
        jira(Canned(issue(), transitions(*offered))).set_status(ISSUE, "In Arbeit", {})


def test_fields_are_sent_in_the_form_that_the_screen_asks_for() -> None:
    screen = {
        "resolution": {"type": "resolution"},
        "customfield_1": {"type": "option"},
        "customfield_2": {"type": "string"},
        "labels": {"type": "array", "items": "string"},
        "components": {"type": "array", "items": "component"},
    }
    network = Canned(issue(), transitions(*OFFERED, **screen), answer(204))
    jira(network).set_status(ISSUE, "done", {**dict.fromkeys(screen, "x"), "not_on_it": "x"})
    assert network.bodies[0]["fields"] == {
        "resolution": {"name": "x"},
        "customfield_1": {"value": "x"},
        "customfield_2": "x",
        "labels": ["x"],
        "components": [{"name": "x"}],
        "not_on_it": "x",
    }


def test_a_field_that_jira_refuses_is_parked_in_its_words() -> None:
    refusal = {"errorMessages": [], "errors": {"resolution": "Resolution is required."}}
    with pytest.raises(Park, match=r"resolution: Resolution is required\."):
        jira(Canned(issue(), transitions(*OFFERED), answer(400, refusal))).set_status(ISSUE, "done", {})
