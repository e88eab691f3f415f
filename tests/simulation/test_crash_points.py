"""A worker dies at each I/O of a ticket's life in turn, before it and after it; one right work item is left.

The simulation beside finds what happens together; this finds what happens at one certain step, and leaves none out.
"""

import json
from itertools import count

import pytest

from shared.errors import InDoubt
from tests.memory.boards import Late
from tests.simulation.world import Killed, World

VERSIONS = (
    {"version": 1, "title": "VPN down", "status": "in_progress", "body": "one"},
    {"version": 2, "title": "VPN down in DC2", "status": "closed", "body": "two"},
)
SHOWN = {1: ("VPN down", "Active", "one"), 2: ("VPN down in DC2", "Closed", "two")}


class Life(World):
    """One ticket of two versions; the `step`th I/O of the workers is disturbed, all others go well."""

    def __init__(self, step: int, create: str) -> None:
        super().__init__(seed=1, tickets=0)
        self.step = step
        self.create = create
        self.steps = 0
        self.killed_at: str | None = None

    def on_call(self, name: str) -> None:
        if self.quiet:
            return
        self.steps += 1
        if self.steps == self.step:
            self.killed_at = name
            self.check_what_is_told()
            raise Killed
        if name == "before boards.create" and self.create == "late":
            self.create, self.land_at = "well", self.now
            raise Late(InDoubt("no answer yet"))
        if name == "after boards.create" and self.create == "lost":
            self.create = "well"
            raise InDoubt("the answer was lost")

    def check_what_is_told(self) -> None:
        """Who is told at this very moment that the ticket is in step finds it so on the board."""
        self.quiet = True
        ticket = self.service.look_up("generic", "T-1")
        if ticket["state"] == "synced":
            applied = SHOWN[int(ticket["version_applied"])]
            assert self.shown() == [applied], self.story(f"told to be in step at {self.killed_at}, and is not")
        self.quiet = False

    def shown(self) -> list[tuple[str, str, str]]:
        names = ("System.Title", "System.State", "System.Description")
        return [tuple(item.fields[name] for name in names) for item in self.boards.live()]

    def live(self) -> None:
        for version in VERSIONS:
            body = json.dumps({"id": "T-1", "team": "Network", **version}).encode()
            self.quiet = True
            self.service.accept("generic", body, {"content-type": "application/json"})
            self.quiet = False
            while (due := self.hints.next_due()) is not None:
                self.advance(max(0.0, (due - self.now).total_seconds()))
                self.work()


@pytest.mark.parametrize("create", ["well", "lost", "late"])
def test_death_at_any_step_leaves_one_work_item_in_the_newest_state(create):
    died_at = set()
    for step in count(1):
        life = Life(step, create)
        life.live()
        if life.killed_at is None:
            break
        died_at.add(life.killed_at)
        life.quiet = True
        life.settle()
        assert life.shown() == [SHOWN[2]], life.story(f"died at step {step}, {life.killed_at}")
        assert life.service.look_up("generic", "T-1")["state"] == "synced"
    assert {
        f"{when} {call}" for when in ("before", "after") for call in ("boards.create", "boards.update", "tickets.save")
    } <= (died_at | ({"after boards.create"} if create != "well" else set()))
