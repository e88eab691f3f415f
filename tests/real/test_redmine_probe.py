"""What a real Redmine tells of an API key: rights by roles, and what is said where something is missing."""

from contextlib import closing
from datetime import UTC, datetime

import pytest

from infra.local.redmine import Redmine
from infra.local.redmine.server import ADMINISTRATOR_KEY, MEMBER_KEY
from shared.connectors.redmine.probe import RedmineProbe
from tests.connectors.itsm_contracts import KeptSecrets

pytestmark = pytest.mark.real

ALL = ("address", "token", "expiry", "projects", "issues read", "issues write", "marker field")


def probed(redmine: Redmine, project: str, key: str) -> dict[str, bool | None]:
    probe = RedmineProbe(
        redmine.url,
        [project],
        KeptSecrets(redmine=key),
        "redmine",
        connection="pmo",
        clock=lambda: datetime.now(UTC),
    )
    with closing(probe):
        return {each.item: each.ok for each in probe.probe()}


@pytest.mark.parametrize(("key", "administrator"), [(MEMBER_KEY, None), (ADMINISTRATOR_KEY, True)])
def test_a_member_and_an_administrator_have_all_that_is_needed(redmine: Redmine, key: str, administrator) -> None:
    found = probed(redmine, redmine.create_project(), key)
    assert found == dict.fromkeys(ALL, True) | {"administrator": administrator}


def test_a_key_that_nobody_has(redmine: Redmine) -> None:
    found = probed(redmine, "pmo", "f" * 40)
    assert (found["address"], found["token"], found["projects"]) == (True, False, None)


def test_a_project_that_is_not_there(redmine: Redmine) -> None:
    found = probed(redmine, "nowhere", MEMBER_KEY)
    assert [name for name, ok in found.items() if ok is False] == [
        *("projects", "issues read", "issues write", "marker field")
    ]
