"""When the tasks of a project are read by one list, and when each by a call of its own."""

from threading import Barrier

import pytest

from infra.local.ppm_express.running import RunningPpmExpress
from shared.connectors.ppm_express import project
from shared.connectors.ppm_express.api import PpmExpressApi
from shared.connectors.ppm_express.project import FEW, ProjectTasks
from tests.connectors.company import LONG, Expected, side_by_side

NOBODY = "30000000-0000-4000-8000-00000000ffff"


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Expected:
    """Of which a test says how many there are, and who is waited for."""
    company = Expected()
    monkeypatch.setattr(project, "Company", lambda: company)
    monkeypatch.setattr(project, "LONGEST_WAIT_SECONDS", LONG)
    return company


@pytest.fixture
def tasks(ppm: RunningPpmExpress, api: PpmExpressApi, company: Expected) -> ProjectTasks:
    return ProjectTasks(api, ppm.project)


def made(ppm: RunningPpmExpress, number: int) -> list[str]:
    ids = [ppm.control.create({"Name": f"Printer {each}"}) for each in range(number)]
    ppm.control.forget_requests()
    return ids


def counted(ppm: RunningPpmExpress) -> tuple[int, int]:
    """Lists, and tasks read alone, since requests were forgotten."""
    asked = [request.rsplit("/", 1)[1] for request in ppm.control.requests()]
    return asked.count("tasks"), len(asked) - asked.count("tasks")


@pytest.mark.parametrize(("readers", "lists", "alone"), [(1, 0, 1), (FEW, 0, FEW), (FEW + 1, 1, 0), (12, 1, 0)])
def test_more_than_a_few_readers_side_by_side_share_a_list(
    ppm: RunningPpmExpress, tasks: ProjectTasks, company: Expected, readers: int, lists: int, alone: int
) -> None:
    ids = made(ppm, readers)
    company.number = readers
    together = Barrier(readers)

    def read(id: str) -> list[str]:
        together.wait(LONG)
        return [task["id"] for task in tasks.some([id])]

    done = side_by_side(*(lambda id=id: read(id) for id in ids))
    assert [each.result() for each in done] == [[id] for id in ids]
    assert counted(ppm) == (lists, alone)


def test_where_there_are_many_tasks_more_are_read_alone(
    ppm: RunningPpmExpress, tasks: ProjectTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "LISTED_PER_CALL", 2)
    ids = made(ppm, 20)
    assert len(list(tasks.all())) == 20
    ppm.control.forget_requests()
    assert len(tasks.some(ids[:10])) == 10
    assert counted(ppm) == (0, 10)
    assert len(tasks.some(ids[:11])) == 11
    assert counted(ppm) == (1, 10)


def test_what_a_list_leaves_out_is_asked_for_by_itself(ppm: RunningPpmExpress, tasks: ProjectTasks) -> None:
    ids = made(ppm, FEW)
    assert {task["id"] for task in tasks.some([*ids, NOBODY])} == {*ids}
    assert counted(ppm) == (1, 1)
