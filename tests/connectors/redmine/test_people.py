"""People are known by mail address where it may be seen, else by login, else by name."""

from typing import Any

import pytest

from shared.connectors.redmine.people import People
from shared.connectors.rest import Rest, bearer
from shared.errors import Park, RetryLater
from tests.connectors.canned import Canned, answer
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import KeptSecrets


def members(*entries: dict[str, Any]) -> Any:
    return answer(200, {"memberships": list(entries)})


JANE, OTTO = {"user": {"id": 6, "name": "Jane Doe"}}, {"user": {"id": 7, "name": "Otto Müller"}}
TEAM = {"group": {"id": 8, "name": "Printers"}}


def user(**words: str) -> Any:
    return answer(200, {"user": words})


def people(network: Canned, clock: VirtualClock | None = None) -> People:
    clock = clock or VirtualClock()
    secrets = KeptSecrets(redmine="key")
    rest = Rest(
        "Redmine", "https://x.example", secrets, "redmine", bearer, connection="x", clock=clock, adapter=network
    )
    return People(rest, "pmo", clock)


@pytest.mark.parametrize(
    ("answers", "name", "address"),
    [
        ([user(login="jane", mail="jane@example.com")], "Jane Doe", "jane@example.com"),
        ([user(login="jane")], "Jane Doe", "jane"),
        ([answer(404)], "Jane Doe", "Jane Doe"),
        ([answer(404), members(JANE, TEAM)], "", "Jane Doe"),
        ([answer(404), members(TEAM)], "", "#6"),
        ([answer(404), answer(403)], "", "#6"),
    ],
    ids=["mail", "login", "name", "a name from the members", "nobody any more", "nobody to be seen"],
)
def test_a_person_is_called_by_what_may_be_seen(answers: list[Any], name: str, address: str) -> None:
    assert people(Canned(*answers)).address("6", name) == address


@pytest.mark.parametrize("address", ["otto@example.com", "OTTO@example.com", "otto", "Otto Müller", "otto müller"])
def test_a_member_is_found_by_any_of_these(address: str) -> None:
    network = Canned(members(JANE, OTTO), user(login="jane"), user(login="otto", mail="otto@example.com"))
    assert people(network).id_of(address) == "7"


def test_a_group_is_found_by_name_alone() -> None:
    assert people(Canned(members(JANE, TEAM))).id_of("printers") == "8"


def test_who_is_no_member_is_parked() -> None:
    with pytest.raises(Park, match=r"nobody of the project is called 'eve@example\.com'"):
        people(Canned(members(JANE), user(login="jane"))).id_of("eve@example.com")


def test_all_pages_of_members_are_read() -> None:
    page = [{"user": {"id": number, "name": f"Member {number}"}} for number in range(100, 200)]
    network = Canned(members(*page), members(OTTO))
    assert people(network).id_of("Otto Müller") == "7"
    assert "offset=100" in str(network.requests[1].url)


def test_what_was_asked_is_kept_for_a_while() -> None:
    clock = VirtualClock()
    network = Canned(user(login="jane"), user(login="jane", mail="jane@example.com"))
    directory = people(network, clock)
    for seconds, address in ((0, "jane"), (600, "jane"), (1, "jane@example.com")):
        clock.pass_by(seconds)
        assert directory.address("6") == address


def test_a_failure_is_not_kept() -> None:
    network = Canned(answer(503), user(login="jane"))
    directory = people(network)
    with pytest.raises(RetryLater):
        directory.address("6")
    assert directory.address("6") == "jane"
