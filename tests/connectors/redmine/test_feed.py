"""The feed tells of every change, however close together, and of nothing twice for long."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter, HTTPAdapter

from shared.connectors.redmine import issues
from shared.connectors.redmine.side import RedmineSide
from shared.errors import Park
from tests.connectors.canned import Canned, answer
from tests.connectors.clock import VirtualClock
from tests.connectors.redmine.canned import issue, redmine

PAGE = 3


class Issues(BaseAdapter):
    """Redmine's list of issues, with time of change in whole seconds, and a filter that is off by a second."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self.issues: dict[int, dict[str, Any]] = {}

    def save(self, id: int) -> None:
        times = len(self.issues.get(id, {}).get("subject", ""))
        self.issues[id] = issue(id, subject="x" * (times + 1), updated_on=f"{self.clock():%Y-%m-%dT%H:%M:%SZ}")

    def send(self, request: PreparedRequest, **_: Any) -> Response:
        query = {name: values[0] for name, values in parse_qs(urlsplit(str(request.url)).query).items()}
        found = sorted(self.issues.values(), key=lambda issue: (issue["updated_on"], issue["id"]))
        if query["sort"] == "updated_on:desc":
            found.reverse()
        since = query.get("v[updated_on][]", "")
        found = [issue for issue in found if issue["updated_on"] >= _a_second_before(since)]
        offset = int(query["offset"])
        page = answer(200, {"issues": found[offset : offset + int(query["limit"])]})
        return HTTPAdapter().build_response(request, page)

    def close(self) -> None:
        """Nothing is open."""


def _a_second_before(time: str) -> str:
    return f"{time[:-3]}{int(time[-3:-1]) - 1:02}Z" if time and time[-3:-1] != "00" else time


def told(side: RedmineSide, cursor: str) -> tuple[list[str], str]:
    """All of the feed after `cursor`, which must end, and where it ends."""
    ids: list[str] = []
    for _ in range(100):
        batch = side.changed(cursor)
        ids += batch.ids
        cursor = batch.cursor
        if not batch.more:
            return ids, cursor
    raise AssertionError("the feed does not end")


moments = st.lists(
    st.tuples(st.sampled_from([0, 0, 0, 1, 5, 40]), st.lists(st.integers(1, 9), max_size=12)), min_size=1, max_size=12
)


@given(moments, moments)
def test_every_change_is_told_once(before: list[tuple[int, list[int]]], after: list[tuple[int, list[int]]]) -> None:
    network = Issues()
    side = redmine(network, clock=network.clock)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(issues, "PAGE_SIZE", PAGE)
        for seconds, ids in before:
            network.clock.pass_by(seconds)
            for id in ids:
                network.save(id)
        first = side.changed(None)
        assert (first.ids, first.more) == ((), False)
        cursor = first.cursor
        for seconds, ids in after:
            network.clock.pass_by(seconds)
            for id in ids:
                network.save(id)
            found, cursor = told(side, cursor)
            assert sorted(found) == sorted({str(id) for id in ids})


def test_an_issue_that_shows_late_is_told() -> None:
    network = Issues()
    side = redmine(network, clock=network.clock)
    network.save(1)
    cursor = side.changed(None).cursor
    network.clock.pass_by(5)
    network.save(2)
    found, cursor = told(side, cursor)
    assert found == ["2"]
    network.clock.pass_by(-4)  # a save that had begun before the last one, and ended after it
    network.save(3)
    assert told(side, cursor)[0] == ["3"]


def test_the_cursor_forgets_what_it_need_not_know() -> None:
    network = Issues()
    side = redmine(network, clock=network.clock)
    cursor = side.changed(None).cursor
    for id in range(1, 40):
        network.save(id)
        network.clock.pass_by(1)
        _, cursor = told(side, cursor)
    assert len(seen(cursor)) == 12


def seen(cursor: str) -> Mapping[str, Any]:
    return json.loads(cursor)["seen"]


@pytest.mark.parametrize("cursor", ["", "7", "[]", '{"other": 1}', "not JSON"])
def test_a_cursor_of_something_else_is_parked(cursor: str) -> None:
    with pytest.raises(Park, match="begin anew"):
        redmine(Canned()).changed(cursor)
