"""Two sides through the whole product while everything goes wrong: host, storage, vault and both simulators, by HTTP.

`tests/bench/test_whole_worlds.py` plays more seeds. A failure prints its seed and the story of one link.
"""

from collections.abc import Iterator
from random import Random
from time import sleep

import pytest

from infra.local.clients import Product
from infra.local.cloud import TOKEN, Cloud
from infra.local.ppm_express.running import RunningPpmExpress
from tests.stories.conftest import QUICK, started
from tests.stories.judge import judge
from tests.stories.people import BoardPeople, PpmPeople
from tests.stories.worlds import BOARDS, PPM, World

PPM_TOKEN = "ppm-local-token"
ITEMS, ACTS, KILLS = 5, 42, 3
SCALAR = ("boards", "ppm", "ask")
CONFIGURATION = """
connections:
  contoso: {{kind: azure_devops, url: "{boards}", secret: azure-devops-pat}}
  ppm: {{kind: ppm_express, url: "{ppm}", secret: ppm-token}}
triage: {{project: Fabrikam, area: 'Fabrikam\\Triage', type: User Story}}
pairs:
  - name: {pair}
    boards: {{projects: [Fabrikam], kinds: {{Task: User Story}}}}
    ppm: {{connection: ppm, project: {project}}}
    adopt: [boards, ppm]
    limits: {{changes: 1000}}
    hierarchy: {{policy: {hierarchy}}}
    fields:
      - {{name: title, boards: System.Title, ppm: Name, policy: {title}}}
      - {{name: text, boards: System.Description, ppm: Description, policy: {text}}}
      - {{name: effort, boards: Microsoft.VSTS.Scheduling.StoryPoints, ppm: Effort, policy: {effort}}}
"""
BOARD_FIELDS = {
    "title": "System.Title",
    "text": "System.Description",
    "effort": "Microsoft.VSTS.Scheduling.StoryPoints",
}
PPM_FIELDS = {"title": "Name", "text": "Description", "effort": "Effort"}
FAULTS = (
    {"status": 429, "retry_after": 1},
    {"status": 503},
    {"status": "drop"},
    {"status": "drop", "when": "after"},
    {"status": 503, "when": "after"},
    {"status": "drop", "when": "late", "late_seconds": 1},
)
BOARD_CALLS = ("*", "work_items.create", "work_items.create", "work_items.update")
PPM_CALLS = ("", "^POST .*/tasks", "^POST .*/tasks", "^PATCH .*/tasks")


def whole_product() -> Cloud:
    return started(settings=QUICK, secrets={"ppm-token": PPM_TOKEN}, message_lease_seconds=5)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with whole_product() as cloud:
        yield cloud


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_two_sides_end_in_step_whatever_happens_to_the_whole_product(cloud: Cloud, seed: int):
    play(seed, cloud)


def play(seed: int, cloud: Cloud) -> World:
    """A pair of its own, with a tool of its own, on empty sides."""
    cloud.control.reset()
    with RunningPpmExpress() as ppm:
        ppm.control.token(value=PPM_TOKEN)
        return _play(seed, cloud, ppm)


def _play(seed: int, cloud: Cloud, ppm: RunningPpmExpress) -> World:
    random = Random(seed)
    policies = {name: random.choice(SCALAR) for name in PPM_FIELDS} | {"hierarchy": random.choice((BOARDS, PPM))}
    text = CONFIGURATION.format(
        boards=cloud.azure_devops_url, ppm=ppm.url, pair=f"world-{seed}", project=ppm.project, **policies
    )
    product = Product(cloud.host.url, cloud.host.KEY)
    answer = product.configure(text)
    assert answer.status_code == 200, answer.text
    product.close()
    board = BoardPeople(cloud.azure_devops_url, TOKEN, cloud.control, "Fabrikam", "User Story", BOARD_FIELDS)
    people = {BOARDS: board, PPM: PpmPeople(ppm.control, ppm.project, PPM_FIELDS)}
    world = World(seed, cloud, f"world-{seed}", people, ppm.control.overwritten)
    world.tell(f"policies: {policies}")
    RoughLife(world, cloud, ppm).live()
    world.settle()
    judge(world)
    board.close()
    return world


class RoughLife:
    """People work, sweeps run, calls fail, and the host is killed in the middle of it."""

    def __init__(self, world: World, cloud: Cloud, ppm: RunningPpmExpress) -> None:
        self._world = world
        self._cloud = cloud
        self._ppm = ppm
        self._random = world.random

    def live(self) -> None:
        for _ in range(ITEMS):
            self._world.add()
        acts = {self._person: 12, self._world.strike_the_hour: 2, self._fail: 5}
        for number in range(1, ACTS + 1):
            self._random.choices([*acts], [*acts.values()])[0]()
            sleep(self._random.uniform(0, 0.15))
            if number % (ACTS // KILLS) == 0:
                self._kill()
        self._cloud.control.clear_faults()
        self._ppm.control.clear_faults()

    def _person(self) -> None:
        """What fails does so for the product: people are not disturbed."""
        self._cloud.control.clear_faults()
        world = self._world
        acts = {
            world.edit: 8,
            world.clash: 8,
            world.move: 4,
            world.cross: 2,
            world.add: 4,
            world.clone: 1,
            world.delete: 1,
            world.restore: 1,
            world.link_again: 1,
        }
        self._random.choices([*acts], [*acts.values()])[0]()

    def _fail(self) -> None:
        """One of the calls of a sweep that begins is throttled, fails, loses its answer, or is answered too early."""
        fault = self._random.choice(FAULTS)
        if self._random.choice((BOARDS, PPM)) == BOARDS:
            self._cloud.control.fault(call=self._random.choice(BOARD_CALLS), times=1, **fault)
        else:
            self._ppm.control.fault(self._random.choice(PPM_CALLS), **fault)
        self._world.tell(f"a call fails: {fault}")
        self._world.strike_the_hour()
        sleep(self._random.uniform(0, 0.5))

    def _kill(self) -> None:
        """In the middle of what a sweep has set going."""
        self._world.strike_the_hour()
        sleep(self._random.uniform(0.1, 1.0))
        self._world.logs += self._cloud.host.log
        self._cloud.kill_host()
        self._world.tell("the host is killed")
