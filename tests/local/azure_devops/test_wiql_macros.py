"""Macros and dates of queries, at a moment that stands still: Wednesday 20 May 2026, 15:30 UTC."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.local.azure_devops.boards.sprints import sprint
from infra.local.azure_devops.errors import ApiError
from tests.local.azure_devops.board import NOW, Board


@pytest.mark.parametrize(
    ("macro", "day"),
    [
        ("@today", "2026-05-20"),
        ("@Today - 7", "2026-05-13"),
        ("@TODAY+30", "2026-06-19"),
        ("@StartOfDay", "2026-05-20"),
        ("@StartOfDay - 1", "2026-05-19"),
        ("@StartOfDay('-1d')", "2026-05-19"),
        ("@StartOfDay('-1')", "2026-05-19"),
        ("@StartOfDay('+36h')", "2026-05-21"),
        ("@StartOfDay('-1m')", "2026-05-19"),
        ("@StartOfWeek", "2026-05-17"),
        ("@StartOfWeek - 1", "2026-05-10"),
        ('@StartOfWeek("+1d")', "2026-05-18"),
        ("@StartOfMonth", "2026-05-01"),
        ("@StartOfMonth - 5", "2025-12-01"),
        ("@StartOfMonth('+1M')", "2026-06-01"),
        ("@StartOfMonth('-1d')", "2026-04-30"),
        ("@StartOfMonth('-1d') - 2", "2026-02-28"),
        ("@StartOfYear", "2026-01-01"),
        ("@StartOfYear + 1", "2027-01-01"),
        ("@StartOfYear('+3M') - 1", "2025-04-01"),
        ("'2026-05-20'", "2026-05-20"),
        ("'2026-05-20Z'", "2026-05-20"),
        ("'5/20/2026'", "2026-05-20"),
        ("'05-20-2026'", "2026-05-20"),
    ],
)
def test_a_date(macro: str, day: str) -> None:
    board = Board()
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    moments = (start - timedelta(milliseconds=1), start, start + timedelta(days=1, milliseconds=-1))
    for moment in (*moments, start + timedelta(days=1)):
        board.now = moment
        board.add()
    board.now = NOW
    assert board.where(f"[System.CreatedDate] = {macro}") == [2, 3]
    assert board.where(f"[System.CreatedDate] < {macro}") == [1]
    assert board.where(f"[System.CreatedDate] > {macro}") == [4]


@pytest.mark.parametrize(
    ("literal", "found"),
    [
        ("'2026-05-20T15:30:01Z'", [3]),
        ("'2026-05-20T15:30:00.9999999Z'", [2, 3]),
        ("'2026-05-20T17:30:00+02:00'", [2, 3]),
        ("'2026-05-20 15:30:01'", [3]),
        ("'5/20/2026 15:30:01 GMT'", [3]),
        ("'2026-05-20'", [1, 2, 3]),
        ("@today", [1, 2, 3]),
        ("@StartOfDay('+930m')", [2, 3]),
    ],
)
def test_time_precision_counts_whole_seconds_of_the_literal(literal: str, found: list[int]) -> None:
    board = Board()
    for milliseconds in (-1, 0, 1000):
        board.now = NOW + timedelta(milliseconds=milliseconds)
        board.add()
    assert board.where(f"[System.CreatedDate] >= {literal}", time_precision=True) == found


def test_the_current_iteration_of_a_team() -> None:
    board = Board()
    project = board.world.organisation.project("Fabrikam")
    network = project.team("Network")
    for number in range(1, 6):
        board.add(IterationPath=f"Fabrikam\\Sprint {number}")
    now = sprint(network, NOW)
    assert now is not None
    assert now.name == "Sprint 2"
    for macro, found in [
        ("@currentIteration", [2]),
        ("@CurrentIteration + 1", [3]),
        ("@currentIteration-1", [1]),
        ("@currentIteration('[Fabrikam]\\Network') + 3", [5]),
        ("@currentIteration('[Fabrikam]\\Network <id:0c1fd9a1>')", [2]),
    ]:
        team = None if "(" in macro else network
        assert board.where(f"[System.IterationPath] = {macro}", team=team) == found, macro
    assert board.where("[System.IterationPath] UNDER @currentIteration", team=network) == [2]
    for macro, message in [
        ("@currentIteration('[Fabrikam]\\Nobody')", "VS402612: The macro '@CurrentIteration' is not supported"),
        ("@currentIteration('Network')", "'Network' is not of the form"),
    ]:
        with pytest.raises(ApiError, match=message) as refused:
            board.where(f"[System.IterationPath] = {macro}", team=network)
        assert refused.value.status == 500
    assert board.where("[System.IterationPath] = @currentIteration + 4", team=network) == []
    assert board.where("[System.IterationPath] UNDER @currentIteration - 2", team=network) == []


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("[System.CreatedDate] > @StartOfDay('1x')", "cannot be read"),
        ("[System.CreatedDate] > @StartOfYear - 9999", "leads out of the calendar"),
        ("[System.CreatedDate] > @me", "does not exist or does not fit"),
        ("[System.Title] = @today", "does not exist or does not fit"),
        ("[System.CreatedDate] > '20/5/2026'", "is not a date"),
        ("[System.CreatedDate] > '5/20/2026 10:00'", "You cannot supply a time"),
        ("[System.Title] UNDER 'Fabrikam'", "for area and iteration paths only"),
        ("[System.Title] = [System.Id]", "of different types"),
        ("[System.Title] CONTAINS [System.State]", "cannot stand in"),
    ],
)
def test_what_does_not_fit(condition: str, message: str) -> None:
    with pytest.raises(ApiError, match=message):
        Board().where(condition)
