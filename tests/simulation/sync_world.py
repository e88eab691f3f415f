"""Two sides kept in step while everything goes wrong: seeded, single-threaded, on a virtual clock.

People work on both sides (`sync_people`). Hints of it are lost, doubled and reordered, several workers follow them. At
every I/O of any of them the world may kill the worker, fail the call before or after it took effect, let a write land
late, or run another worker or a person in between. Then it goes quiet, sweeps until nothing is written any more, and is
judged (`sync_judge`).
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from shared.errors import InDoubt, RetryLater, Throttled
from shared.model import SideName
from shared.sync.hand import Timing
from shared.sync.rules import SIDES
from shared.sync.service import SyncService
from tests.memory.boards import Late
from tests.memory.sides import MemorySide
from tests.memory.storage import MemoryCursors
from tests.memory.sync_storage import MemoryLooks, MemorySyncStore
from tests.simulation.sync_pair import AWKWARD, PAIR, STRICT, drawn_rules
from tests.simulation.sync_people import People

TIMING = Timing(request_timeout_seconds=10, late_landing_seconds=20)
MESSAGE_LEASE_SECONDS = 30
MOST_ROUNDS = 60


class Killed(BaseException):
    """The worker's process is gone: not even `except Exception` sees it."""


@dataclass
class World:
    """Even seeds have one side without conditional writes and history; odd ones have both everywhere."""

    seed: int
    items: int = 4
    acts: int = 40
    trace: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.now = datetime(2026, 3, 2, 8, tzinfo=UTC)
        self.quiet = False
        self.depth = 0
        self.land_at: datetime | None = None
        self.calls: Counter[str] = Counter()
        self.strict = self.seed % 2 == 1
        self.rules = drawn_rules(self.random)
        traits = STRICT if self.strict else AWKWARD
        self.sides = {side: MemorySide(side, self.clock, self.on_call, traits[side]) for side in SIDES}
        self.store = MemorySyncStore(self.on_call)
        self.looks = MemoryLooks(self.clock, self.on_call)
        self.people = People(self.random, self.rules, self.sides, self.store, self.looks, self.tell)
        self.service = SyncService(
            store=self.store,
            looks=self.looks,
            cursors=MemoryCursors(self.on_call),
            rules=lambda pair: self.rules,
            doors=lambda pair: self.sides,
            clock=self.clock,
            new_id=lambda: f"{self.random.getrandbits(64):x}",
            timing=TIMING,
            address="https://boardbridge.example",
        )

    def clock(self) -> datetime:
        return self.now

    # ---------------------------------------------------------------- living

    def live(self) -> None:
        for _ in range(self.items):
            self.people.add()
        acts = {self.work: 12, self.people.act: 6, self.sweep: 2}
        for _ in range(self.acts):
            self.advance(self.random.uniform(0, 15))
            self.random.choices([*acts], [*acts.values()])[0]()
        self.quiet = True

    def settle(self) -> int:
        """Follow every hint, sweep, until nothing is written any more; returns the number of sweeps it took."""
        still = 0
        for rounds in range(MOST_ROUNDS):
            before = self.written()
            restored = any(thing.restored for side in self.sides.values() for thing in side.things.values())
            self.service.sweep(PAIR, full=restored and rounds == 1)  # what stands under it is in no feed
            self.drain()
            self.advance(3600)
            still = still + 1 if self.written() == before else 0
            if still == 3:
                return rounds
        raise AssertionError(self.story(f"still writing after {MOST_ROUNDS} sweeps"))

    def drain(self) -> None:
        for _ in range(3000):
            if (hold := self.store.hold(PAIR)) is not None:
                self.service.approve(PAIR, hold.links)
            due = self.looks.next_due()
            if due is None:
                return
            self.advance(max(0.0, (due - self.now).total_seconds()))
            self.work()
        raise AssertionError(self.story("the queue does not drain"))

    def work(self) -> None:
        """One worker takes one hint; if it is killed, its message comes back after a while."""
        look = self.looks.take()
        if look is None:
            return
        name = look.link or f"{look.side} {look.item}"
        try:
            self.tell(f"{name}: {self.service.handle(look)}")
        except Killed:
            self.tell(f"{name}: killed")
            self.looks.put(look, MESSAGE_LEASE_SECONDS)
        except RetryLater as failure:  # not even putting the hint back worked: the platform does it
            self.tell(f"{name}: {failure.reason}")
            self.looks.put(look, MESSAGE_LEASE_SECONDS)

    def sweep(self) -> None:
        try:
            self.service.sweep(PAIR)
        except (Killed, RetryLater) as failure:
            self.tell(f"sweep failed: {failure!r}")

    def advance(self, seconds: float) -> None:
        """Let time pass; what was to land late lands on the way."""
        until = self.now + timedelta(seconds=seconds)
        if self.land_at is not None and self.land_at <= until:
            self.now, self.land_at = max(self.now, self.land_at), None
            landed = sum(side.land_late() for side in self.sides.values())
            self.tell(f"{landed} late writes land")
        self.now = max(self.now, until)

    # ---------------------------------------------------------------- everything that can go wrong

    def on_call(self, name: str) -> None:
        self.calls[name] += 1
        if self.quiet:
            return
        self.advance(self.random.uniform(0, 0.4))
        if self.depth == 0 and " sync." in name and self.random.random() < 0.01:
            self.stall()
        chance = self.random.random()
        if chance < 0.01:
            raise Killed
        if chance < 0.10 and self.depth < 3:
            self.depth += 1
            try:
                self.random.choice([self.work, self.work, self.people.act])()
            finally:
                self.depth -= 1
        when, call = name.split(" ")
        if call.startswith(("boards.", "ppm.")):
            self.disturb_call(when, writes=call.endswith((".create", ".update", ".put_in_bin")))
        elif self.random.random() < 0.01:
            raise RetryLater(f"storage gave no answer {when} {call}", 2)

    def stall(self) -> None:
        """Storage is slow, and others go on meanwhile. A call to a side that is as slow as this has failed."""
        self.depth += 1
        for _ in range(8):
            self.advance(self.random.uniform(5, 15))
            self.work()
        self.depth -= 1

    def disturb_call(self, when: str, *, writes: bool) -> None:
        fault = self.random.choices(["none", "lost", "throttle", "late"], [93, 4, 1, 2 + 4 * writes])[0]
        doubt = InDoubt("no answer") if writes else RetryLater("no answer", 3)
        match fault:
            case "lost":  # before: it never got there; after: it was done and the answer was lost
                raise doubt
            case "throttle" if when == "before":
                raise Throttled("slow down", self.random.uniform(1, 10))
            case "late" if when == "before" and writes:
                margin = TIMING.late_landing_seconds - 1
                self.land_at = self.land_at or self.now + timedelta(seconds=self.random.uniform(0, margin))
                raise Late(InDoubt("no answer yet"))

    # ---------------------------------------------------------------- what is told

    def written(self) -> int:
        return sum(side.writes for side in self.sides.values())

    def story(self, what: str, side: SideName | None = None, item: str = "") -> str:
        """The seed, and what happened to the items of one link."""
        owner = self.store.of(PAIR).aliases.get((side, item)) if side else None
        if owner is None:
            return f"seed {self.seed}: {what}\n" + "\n".join(self.trace[-120:])
        link = self.store.of(PAIR).links[owner]
        names = {f"{s} {i}:" for s, i in link.ids.items()} | {f"{owner}:"}
        lines = [line for line in self.trace if any(name in line for name in names) or "land" in line]
        return f"seed {self.seed}: {what}\n{link}\n" + "\n".join(lines[-120:])

    def tell(self, line: str) -> None:
        self.trace.append(f"{self.now:%H:%M:%S} {line}")
