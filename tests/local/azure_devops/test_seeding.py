"""Many items at once: as many as asked for, all of them good, and the same in every run."""

import json
import subprocess
import sys
from datetime import datetime, timedelta

import pytest
import requests

from infra.local.azure_devops.clock import moment
from infra.local.azure_devops.world import World
from tests.local.azure_devops.client import Client, add


def seeded(items: int) -> World:
    world = World(clock=lambda: datetime.fromisoformat("2026-03-31T12:00:00Z"))
    world.seed(items)
    return world


def test_a_year_of_work() -> None:
    world = seeded(600)
    items = list(world.store.items.values())
    assert len(items) == 600
    assert sum(item.rev for item in items) > 1_000
    dates = [moment(revision.fields["System.ChangedDate"]) for item in items for revision in item.revisions]
    assert timedelta(days=360) < max(dates) - min(dates) < timedelta(days=365)
    assert max(dates) <= world.clock()
    by_watermark = sorted((r.watermark, r.fields["System.ChangedDate"]) for item in items for r in item.revisions)
    assert by_watermark == sorted(by_watermark, key=lambda pair: moment(pair[1]))


def test_the_hierarchy_follows_the_backlogs() -> None:
    world = seeded(600)
    for item in world.store.items.values():
        process = world.organisation.project(item.fields["System.TeamProject"]).process
        levels = {name: backlog.rank for backlog in process.backlogs for name in backlog.types}
        kind = item.fields["System.WorkItemType"]
        assert (item.parent is None) == (levels[kind] == max(levels.values()))
        if item.parent is not None:
            above = world.store.items[item.parent].fields
            assert above["System.TeamProject"] == item.fields["System.TeamProject"]
            assert levels[above["System.WorkItemType"]] > levels[kind]


def test_the_same_in_every_run() -> None:
    one, other = (
        [[revision.fields for revision in item.revisions] for item in seeded(200).store.items.values()]
        for _ in range(2)
    )
    assert one == other


def test_every_item_can_be_read_found_and_changed(client: Client) -> None:
    """The rules were not asked while seeding; they would have said yes."""
    client.create("made by hand")
    assert client.control.seed(150) == 151
    for id in client.query("[System.Id] > 1"):
        assert client.change(id, add("System.Title", "Changed"))["fields"]["System.Title"] == "Changed"
    assert len(client.query("[System.Title] = 'Changed'")) == 150
    client.control.reset()
    assert client.query("[System.Id] > 0") == []


@pytest.mark.parametrize("wrong", [{}, {"items": -1}, {"items": "many"}, {"items": 1, "more": 2}])
def test_a_seed_that_makes_no_sense_is_refused(client: Client, wrong: dict[str, object]) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        client.control._call("POST", "seed", wrong)


def test_seeded_from_the_command_line() -> None:
    command = [sys.executable, "-m", "infra.local.azure_devops", "--port", "0", "--seed-items", "50"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            answer = requests.get(f"{url}/_apis/wit/workitems", {"ids": "1,50"}, auth=("", "local-pat"), timeout=10)
            assert json.loads(answer.content)["count"] == 2
        finally:
            process.terminate()
