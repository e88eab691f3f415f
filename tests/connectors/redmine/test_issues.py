"""Which issues are read alone, and which in a list: a list serves those that look as they did when they were alone."""

from collections.abc import Iterator, Mapping
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter, HTTPAdapter

from shared.connectors.redmine import issues
from shared.connectors.redmine.issues import Issues
from shared.connectors.redmine.side import key_as_user
from shared.connectors.rest import Rest
from tests.connectors.canned import answer
from tests.connectors.clock import VirtualClock
from tests.connectors.company import LONG, Expected, side_by_side
from tests.connectors.itsm_contracts import KeptSecrets
from tests.connectors.redmine.canned import JANE, issue, journal

SUBJECT = ("attr", "subject", "Old", "New")


class Network(BaseAdapter):
    """A Redmine that shows `there`, by id, and remembers what it was asked for."""

    def __init__(self, *ids: str) -> None:
        super().__init__()
        self.there: dict[str, dict[str, Any]] = {id: issue(int(id)) for id in ids}
        self.asked: list[str] = []

    def send(self, request: PreparedRequest, **_: Any) -> Response:
        address = urlsplit(str(request.url))
        query = parse_qs(address.query)
        if address.path == "/issues.json":
            wanted = query["v[issue_id][]"][0]
            self.asked.append(f"list {wanted}")
            found = [self.there[id] for id in wanted.split(",") if id in self.there]
            listed = [{key: value for key, value in each.items() if key != "journals"} for each in found]
            return HTTPAdapter().build_response(request, answer(200, {"issues": listed}))
        id = address.path.removeprefix("/issues/").removesuffix(".json")
        self.asked.append(id)
        shown = answer(200, {"issue": self.there[id]}) if id in self.there else answer(404)
        return HTTPAdapter().build_response(request, shown)

    def edit(self, id: str, **changes: Any) -> None:
        """By Jane, with a journal, and a second after the last change."""
        last = self.there[id]
        second = int(last["updated_on"][-3:-1]) + 1
        journals = [*last["journals"], journal(len(last["journals"]) + 1, JANE, SUBJECT)]
        self.there[id] = {**last, "updated_on": f"2026-05-04T11:00:{second:02}Z", "journals": journals, **changes}

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def network() -> Network:
    return Network("1", "2", "3")


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Expected:
    """Of which a test says how many there are, and who is waited for."""
    company = Expected()
    monkeypatch.setattr(issues, "Company", lambda: company)
    return company


@pytest.fixture
def reader(network: Network, company: Expected) -> Iterator[Issues]:
    secrets = KeptSecrets(redmine="ap1-key")
    url, connection = "https://redmine.example", {"connection": "pmo", "clock": VirtualClock(), "adapter": network}
    rest = Rest("Redmine", url, secrets, "redmine", key_as_user, **connection)
    yield Issues(rest, "pmo", LONG)
    rest.close()


def versions(reader: Issues, *ids: str) -> Mapping[str, str]:
    return {str(issue["id"]): version for issue, version in reader.versioned(ids)}


def test_issues_are_read_alone_at_first_and_by_one_list_while_they_look_the_same(
    network: Network, reader: Issues
) -> None:
    network.edit("2")
    seen = {"1": "0", "2": "1", "3": "0"}
    assert versions(reader, "1", "2", "3") == seen
    assert sorted(network.asked) == ["1", "2", "3"]
    network.asked.clear()
    assert versions(reader, "1", "2", "3") == seen
    assert network.asked == ["list 1,2,3"]


def test_what_was_edited_is_read_alone_again(network: Network, reader: Issues) -> None:
    versions(reader, "1", "2", "3")
    network.edit("2", subject="New")
    network.asked.clear()
    assert versions(reader, "1", "2", "3") == {"1": "0", "2": "1", "3": "0"}
    assert network.asked == ["list 1,2,3", "2"]


def test_one_alone_is_read_alone(network: Network, reader: Issues) -> None:
    versions(reader, "1"), versions(reader, "1")
    assert network.asked == ["1", "1"]


def test_what_is_gone_is_missing(network: Network, reader: Issues) -> None:
    versions(reader, "1", "2", "3")
    del network.there["2"]
    assert versions(reader, "1", "2", "3") == {"1": "0", "3": "0"}


def test_those_who_read_side_by_side_share_a_list(network: Network, reader: Issues, company: Expected) -> None:
    versions(reader, "1", "2", "3")
    network.asked.clear()
    company.number = 3
    together = Barrier(3)

    def read(id: str) -> Mapping[str, str]:
        together.wait(LONG)
        return versions(reader, id)

    done = side_by_side(*(lambda id=id: read(id) for id in "123"))
    assert [each.result() for each in done] == [{"1": "0"}, {"2": "0"}, {"3": "0"}]
    assert sum(asked.startswith("list") for asked in network.asked) == 1


def test_an_edit_undone_within_its_second_is_known_once_the_issue_was_read_alone(
    network: Network, reader: Issues
) -> None:
    """The read before a write is: so a write that was refused for an old version is not refused for ever."""
    versions(reader, "1", "2")
    before = network.there["1"]
    network.edit("1")
    network.there["1"] |= {"updated_on": before["updated_on"]}
    assert versions(reader, "1", "2")["1"] == "0"
    reader.alone("1")
    assert versions(reader, "1", "2")["1"] == "1"


def test_only_the_issues_read_last_are_remembered(
    network: Network, reader: Issues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issues, "MOST_REMEMBERED", 2)
    for id in ("1", "2", "1", "3"):
        reader.alone(id)
    network.asked.clear()
    assert len(versions(reader, "1", "2", "3")) == 3
    assert network.asked == ["list 1,3", "2"]
