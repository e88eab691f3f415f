"""What a Redmine tells of an API key, in answers that are made up in the shapes of the real one."""

from typing import Any

import pytest

from shared.connectors.redmine.probe import RedmineProbe
from shared.model import Requirement
from tests.connectors.canned import Canned, answer
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import KeptSecrets
from tests.connectors.redmine.canned import catalogue

USER = {"id": 5, "login": "bridge", "admin": False}
MEMBERSHIP = {"project": {"id": 9, "name": "PMO"}, "roles": [{"id": 4, "name": "Manager"}]}
PROJECT = {"project": {"id": 9, "identifier": "pmo"}}
MAY_ALL = ["view_issues", "add_issues", "edit_issues", "manage_subtasks"]


def member(permissions: list[str]) -> list[Any]:
    """What is asked of a member's rights, once the project and its issues were seen."""
    return [
        answer(200, {"user": {**USER, "memberships": [MEMBERSHIP]}}),
        answer(200, PROJECT),
        answer(200, {"role": {"id": 4, "permissions": permissions}}),
    ]


def probed(*answers: Any) -> dict[str, Requirement]:
    probe = RedmineProbe(
        "https://redmine.example",
        ["pmo"],
        KeptSecrets(redmine="key"),
        "redmine",
        connection="pmo",
        clock=VirtualClock(),
        adapter=Canned(*answers),
    )
    return {each.item: each for each in probe.probe()}


def a_member(permissions: list[str], *fields: Any) -> dict[str, Requirement]:
    seen = [answer(200, {"user": USER}), answer(200, PROJECT), answer(200, {"issues": []})]
    return probed(*seen, *member(permissions), *(fields or catalogue()), answer(200, {"user": USER}))


def test_a_member_who_may_all_that_is_needed() -> None:
    items = a_member(MAY_ALL)
    assert [name for name, each in items.items() if each.ok is not True] == ["administrator"]
    assert items["administrator"].ok is None


def test_a_right_that_no_role_has_is_named() -> None:
    item = a_member(["view_issues", "edit_issues"])["issues write"]
    assert (item.ok, item.reason) == (False, "pmo: the user's roles lack add_issues, manage_subtasks")


def test_a_project_without_the_field_for_markers() -> None:
    item = a_member(MAY_ALL, *catalogue(sample=[]))["marker field"]
    assert (item.ok, "has no custom field 'Boardbridge'" in item.reason) == (False, True)


@pytest.mark.parametrize(
    ("first", "address", "says", "fix"),
    [
        (answer(401), True, "401 without a word", "Key Vault secret 'redmine'"),
        (answer(403), True, "the REST API of this Redmine is off", "Enable the REST web service"),
        (answer(200, b"<html>Another site</html>"), False, "without a word", "Correct the address"),
        (answer(302, b"", {"Location": "https://evil.example/"}), False, "302", "Correct the address"),
        (answer(200, {"hello": "world"}), False, "not as this product does", "Correct the address"),
        (answer(404), False, "404", "Correct the address"),
    ],
)
def test_an_entrance_that_is_shut(first: Any, address: bool, says: str, fix: str) -> None:
    items = probed(first)
    shut = items["token" if address else "address"]
    assert (items["address"].ok, shut.ok, items["projects"].ok) == (address, False, None)
    assert says in shut.reason
    assert fix in shut.fix
