"""A real Redmine as the PPM tool of a pair, through the whole product: two hundred items in trees, worked on from both
sides, end in step; and a sweep that finds nothing leaves no trace in either.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from time import sleep
from typing import Any

import pytest

from infra.local.clients import Product
from infra.local.cloud import TOKEN, Cloud
from infra.local.redmine import Redmine, RedmineRefusal
from infra.local.redmine.server import ADMINISTRATOR_KEY
from tests.stories.conftest import QUICK, started
from tests.stories.judge import judge
from tests.stories.people import BoardPeople, Edited, Seen
from tests.stories.worlds import BOARDS, PPM, ROUND_SECONDS, World

pytestmark = pytest.mark.real

# Redmine answers one call at a time here: more of ours would wait for one another until they give up.
FOR_ONE_WORKER = {"PYTHON_THREADPOOL_THREAD_COUNT": "8", "REQUEST_TIMEOUT_SECONDS": "20"}
SEED = 5
ITEMS, ACTS, FEW = 200, 120, 4
CONFIGURATION = """
connections:
  contoso: {{kind: azure_devops, url: "{boards}", secret: azure-devops-pat}}
  pmo: {{kind: redmine, url: "{redmine}", secret: redmine-key}}
triage: {{project: Fabrikam, area: 'Fabrikam\\Triage', type: User Story}}
pairs:
  - name: {project}
    boards: {{projects: [Fabrikam], kinds: {{Feature: User Story}}}}
    ppm: {{connection: pmo, project: {project}, kinds: {{User Story: Feature}}}}
    adopt: [boards, ppm]
    limits: {{changes: {most_changes}}}
    hierarchy: {{policy: boards}}
    fields:
      - {{name: title, boards: System.Title, ppm: subject, policy: ppm}}
      - {{name: text, boards: System.Description, ppm: description, policy: boards}}
      - {{name: effort, boards: Microsoft.VSTS.Scheduling.StoryPoints, ppm: {points}, policy: boards}}
"""
ISSUES = """
    SELECT issues.id, issues.subject, issues.description, issues.parent_id, issues.updated_on, points.value AS points
    FROM issues JOIN projects ON projects.id = issues.project_id AND projects.identifier = ?
    LEFT JOIN custom_values AS points
        ON points.customized_type = 'Issue' AND points.customized_id = issues.id AND points.custom_field_id = ?
"""
BOARD_FIELDS = {
    "title": "System.Title",
    "text": "System.Description",
    "effort": "Microsoft.VSTS.Scheduling.StoryPoints",
}


class IssuePeople:
    """People of one project of Redmine. What an edit replaced is told by its journal."""

    def __init__(self, redmine: Redmine, project: str) -> None:
        self._redmine = redmine
        self._project = project
        self._tracker = redmine.tracker("Feature")
        self._points = redmine.custom_field("Points")

    def items(self) -> Mapping[str, Seen]:
        return {
            str(row["id"]): _seen(row["subject"], row["description"], row["points"], row["parent_id"])
            for row in self._rows()
        }

    def see(self, id: str) -> Seen:
        return self.items()[id]

    def add(self, values: Mapping[str, Any], parent: str | None) -> str:
        under = {"parent_issue_id": parent} if parent else {}
        return self._redmine.create_issue(
            self._project,
            values["title"],
            tracker_id=self._tracker,
            description=values["text"],
            custom_fields=[{"id": self._points, "value": values["effort"]}],
            **under,
        )

    def edit(self, id: str, rule: str, value: Any) -> Edited:
        match rule:
            case "title":
                self._redmine.edit(id, subject=value)
            case "text":
                self._redmine.edit(id, description=value)
            case _:
                self._redmine.edit_custom_field(id, "Points", value)
        issue = self._redmine.issue(id, "journals")
        name = {"title": "subject", "text": "description"}.get(rule, str(self._points))
        edits = [detail for journal in issue["journals"] for detail in journal["details"] if detail["name"] == name]
        mine = next((edit for edit in reversed(edits) if edit["new_value"].strip() == str(value).strip()), {})
        return Edited(mine.get("old_value"), self._shown(issue).values[rule])

    def move(self, id: str, parent: str | None) -> bool:
        try:
            self._redmine.move(id, parent)
        except RedmineRefusal:
            return False
        return True

    def clone(self, id: str) -> str:
        return self._redmine.copy(id)

    def footprint(self) -> Any:
        """Redmine takes note even of a write of nothing."""
        return {row["id"]: row["updated_on"] for row in self._rows()}

    def _rows(self) -> list[sqlite3.Row]:
        return self._redmine.rows(ISSUES, self._project, self._points)

    def _shown(self, issue: Mapping[str, Any]) -> Seen:
        points = next(field["value"] for field in issue["custom_fields"] if field["id"] == self._points)
        return _seen(issue["subject"], issue["description"], points, issue.get("parent", {}).get("id"))


def _seen(subject: str, description: str | None, points: str | None, parent: int | None) -> Seen:
    values = {"title": subject, "text": description, "effort": float(points) if points else None}
    return Seen(values, str(parent) if parent else None)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    settings = {**QUICK, **FOR_ONE_WORKER}
    with started(settings=settings, secrets={"redmine-key": ADMINISTRATOR_KEY}) as cloud:
        yield cloud


@pytest.fixture
def world(cloud: Cloud, redmine: Redmine) -> Iterator[World]:
    """A pair of its own, called like its project of Redmine."""
    cloud.control.reset()
    project = redmine.create_project()
    board = BoardPeople(cloud.azure_devops_url, TOKEN, cloud.control, "Fabrikam", "User Story", BOARD_FIELDS)
    configure(cloud, redmine, project, most_changes=1000)
    yield World(SEED, cloud, project, {BOARDS: board, PPM: IssuePeople(redmine, project)}, patience_seconds=600)
    board.close()


def configure(cloud: Cloud, redmine: Redmine, project: str, *, most_changes: int) -> None:
    text = CONFIGURATION.format(
        boards=cloud.azure_devops_url,
        redmine=redmine.url,
        project=project,
        points=f"cf_{redmine.custom_field('Points')}",
        most_changes=most_changes,
    )
    product = Product(cloud.host.url, cloud.host.KEY)
    answer = product.configure(text)
    product.close()
    assert answer.status_code == 200, answer.text


def test_two_hundred_items_worked_on_from_both_sides_end_in_step(world: World) -> None:
    for _ in range(ITEMS):
        world.add()
    world.settle()
    assert [len(people.items()) for people in world.people.values()] == [ITEMS, ITEMS]
    judge(world)
    acts = {world.edit: 10, world.clash: 3, world.move: 4, world.cross: 1}
    for act in world.random.choices([*acts], [*acts.values()], k=ACTS):
        act()
    world.settle()
    judge(world)
    before, parked = world.footprint(), sum(bool(link.parked) for link in world.store.links(world.pair))
    assert world.sweep() == f"{parked} hints"
    sleep(ROUND_SECONDS)
    assert world.footprint() == before


def test_too_many_changes_at_once_wait_for_a_person(world: World, redmine: Redmine) -> None:
    """X3: as after a mistaken mass edit in Redmine."""
    for _ in range(FEW):
        world.add()
    world.settle()
    configure(world.cloud, redmine, world.pair, most_changes=FEW - 1)
    board, issues = world.people[BOARDS], world.people[PPM]
    for id in issues.items():
        issues.edit(id, "title", f"Renamed {id}")
    before = board.footprint()
    assert world.sweep().startswith(f"it waits for a person: {FEW} items changed at once, of {FEW} that are linked")
    assert world.sweep().startswith("it waits for a person")
    assert board.footprint() == before

    world.ask("POST", "approve", {})
    world.settle()
    titles = {seen.values["title"] for seen in board.items().values()}
    assert titles == {f"Renamed {id}" for id in issues.items()}
