"""That Redmine's lists show of an issue all that it shows alone, but journals and children: reading relies on it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from infra.local.redmine import Redmine
from infra.local.redmine.server import ADMINISTRATOR_KEY, MEMBER_KEY
from shared.connectors.redmine.side import RedmineSide
from tests.connectors.itsm_contracts import KeptSecrets

pytestmark = pytest.mark.real


class Counted(HTTPAdapter):
    """The network, and what was read of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def send(self, request: PreparedRequest, **options: Any) -> Response:
        self.asked.append(request.path_url.partition("?")[0])
        return super().send(request, **options)


@pytest.fixture
def project(redmine: Redmine) -> str:
    return redmine.create_project()


@pytest.fixture
def network() -> Counted:
    return Counted()


@pytest.fixture(params=[ADMINISTRATOR_KEY, MEMBER_KEY], ids=["administrator", "member"])
def side(request: pytest.FixtureRequest, redmine: Redmine, project: str, network: Counted) -> Iterator[RedmineSide]:
    secrets, clock = KeptSecrets(redmine=request.param), lambda: datetime.now(UTC)
    side = RedmineSide(redmine.url, project, secrets, "redmine", connection="pmo", clock=clock, adapter=network)
    yield side
    side.close()


@pytest.fixture
def ids(redmine: Redmine, project: str) -> list[str]:
    """Of every sort: with a child, a child, closed, private, edited, with much in it."""
    parent = redmine.create_issue(project, "Parent", estimated_hours=4)
    child = redmine.create_issue(project, "Child", parent_issue_id=parent, estimated_hours=2.5)
    closed = redmine.create_issue(project, "Closed")
    redmine.edit(closed, status_id=redmine.status("Closed"), notes="Done")
    private = redmine.create_issue(project, "Private", is_private=True, description="a\r\nb ")
    full = redmine.create_issue(project, "Full", assigned_to_id=redmine.user("otto"), done_ratio=30)
    for name, value in {"Points": 8, "Effort": 2.5, "Labels": ["net", "mail"], "Approved": "1"}.items():
        redmine.edit_custom_field(full, name, value)
    return [parent, child, closed, private, full]


def test_issues_that_were_read_alone_are_read_again_by_one_list(
    side: RedmineSide, network: Counted, ids: list[str]
) -> None:
    alone = side.read(ids, side.fields())
    network.asked.clear()
    assert side.read(ids, side.fields()) == alone
    assert network.asked == ["/issues.json"]
    assert len(alone) == len(ids)


def test_an_edit_shows_in_the_list(side: RedmineSide, network: Counted, ids: list[str], redmine: Redmine) -> None:
    before = side.read(ids, ["subject"])
    redmine.edit(ids[1], subject="Grown")
    network.asked.clear()
    after = side.read(ids, ["subject"])
    assert after[ids[1]].fields == {"subject": "Grown"}
    assert int(after[ids[1]].version) > int(before[ids[1]].version)
    assert {"/issues.json", f"/issues/{ids[1]}.json"} <= {*network.asked}
    assert len(network.asked) <= 3  # its parent's time of change moves with it
