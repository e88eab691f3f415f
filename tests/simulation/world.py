"""A small world in which everything goes wrong: seeded, single-threaded, on a virtual clock.

ITSM products push ticket histories shuffled and repeated, team members edit the board, several workers follow hints.
At every I/O of any of them the world may kill the worker, fail the call before or after it took effect, let a write
land late, throttle, expire the token, or run another worker in between. Then it goes quiet, sweeps, and is judged.
"""

import json
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import ClassVar

from shared.configuration import Configuration, parse
from shared.connectors.gate import Gate
from shared.errors import InDoubt, Refused, RetryLater, StopConnection, Throttled
from shared.model import Hint, Secret, WorkItem
from shared.places import PlaceMemory
from shared.tickets.preset import kinds, preset
from shared.tickets.run import Timing
from shared.tickets.service import TicketService
from tests.memory.boards import Late, MemoryBoards
from tests.memory.itsm import MemoryItsm
from tests.memory.storage import MemoryCursors, MemoryHealthBoard, MemoryHints, MemoryQuarantine, MemoryTickets

TIMING = Timing(request_timeout_seconds=10, late_landing_seconds=20)
MESSAGE_LEASE_SECONDS = 30
MOST_ROUNDS = 60
CONFIGURATION = parse(
    {
        "connections": {
            "contoso": {"kind": "azure_devops", "url": "https://dev.azure.com/contoso", "secret": "pat"},
            "generic": {"kind": "generic"},
        },
        "routes": [
            {"name": "network", "when": {"team": "Network"}, "project": "Fabrikam", "team": "Network",
             "type": "User Story", "tags": ["itsm", "network"]},
            {"name": "desk", "when": {"team": "Service Desk"}, "project": "Fabrikam", "team": "Service Desk",
             "type": "User Story", "tags": ["itsm", "desk"]},
        ],
        "triage": {"project": "Fabrikam", "area": "Fabrikam\\Triage", "type": "User Story", "tags": ["triage"]},
    },
    kinds(),
    lambda kind, fields: preset(kind).extended(fields),
)  # fmt: skip


WRITES = ("boards.create", "boards.update", "itsm.introduce", "itsm.comment", "itsm.set_status")


class Killed(BaseException):
    """The worker's process is gone: not even `except Exception` sees it."""


@dataclass(slots=True)
class History:
    """One ticket's pushes, in the order in which they happened; `board_title` is what the team renamed it to last."""

    id: str
    versions: list[dict[str, object]]
    board_title: str | None = None

    @property
    def newest(self) -> dict[str, object]:
        return self.versions[-1]

    @property
    def renamed(self) -> bool:
        return len({version["title"] for version in self.versions}) > 1


class Vault:
    """`Secrets` with one token that can be renewed."""

    def __init__(self) -> None:
        self.version = 1

    def get(self, name: str) -> Secret:
        return Secret("token", str(self.version))

    refresh = get


@dataclass
class World:
    """`configuration` is what a kind of world is configured with."""

    seed: int
    tickets: int = 3
    configuration: ClassVar[Configuration] = CONFIGURATION
    trace: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.now = datetime(2026, 3, 2, 8, tzinfo=UTC)
        self.quiet = False
        self.depth = 0
        self.token_good = True
        self.land_at: datetime | None = None
        self.calls: Counter[str] = Counter()
        self.vault = Vault()
        self.store = MemoryTickets(self.on_call)
        self.hints = MemoryHints(self.clock, self.on_call)
        self.boards = MemoryBoards(self.clock, self.on_call)
        self.door = Gate("contoso", "pat", self.boards, MemoryHealthBoard(self.on_call), self.vault, self.clock, 15)
        self.cursors = MemoryCursors(self.on_call)
        self.itsm = MemoryItsm(self.clock, self.on_call)
        self.products = Gate("generic", "pat", self.itsm, MemoryHealthBoard(self.on_call), self.vault, self.clock, 15)
        self.histories = [self._history(number) for number in range(self.tickets)]
        self.service = self.new_worker()

    def new_worker(self) -> TicketService:
        return TicketService(
            store=self.store,
            hints=self.hints,
            quarantine=MemoryQuarantine(),
            secrets=self.vault,
            boards=self.door,
            configuration=lambda: (self.configuration, "1"),
            clock=self.clock,
            new_id=lambda: f"{self.random.getrandbits(64):x}",
            timing=TIMING,
            cursors=self.cursors,
            places=PlaceMemory(self.cursors),
            products=lambda name: self.products,
            public_url="https://boardbridge.example",
        )

    def clock(self) -> datetime:
        return self.now

    # ---------------------------------------------------------------- living

    def live(self) -> None:
        """Push everything, shuffled and repeated, with workers and team members in between; then go quiet."""
        deliveries = [(history, version) for history in self.histories for version in history.versions]
        deliveries += self.random.choices(deliveries, k=len(deliveries) // 2)
        self.random.shuffle(deliveries)
        while deliveries or self.random.random() < 0.9:
            self.advance(self.random.uniform(0, 4))
            match self.random.choices(["push", "work", "edit", "renew"], [4, 6, 2, 1])[0]:
                case "push" if deliveries:
                    if not self.push(*deliveries[-1]):
                        continue  # no answer: the product sends it again
                    deliveries.pop()
                case "work":
                    self.work()
                case "edit":
                    self.edit_board()
                case "renew":
                    self.renew_token()
        self.quiet = True
        self.renew_token()

    def settle(self) -> int:
        """Follow every hint, sweep, until there is nothing to do; returns the number of sweeps it took."""
        for rounds in range(MOST_ROUNDS):
            while (due := self.hints.next_due()) is not None:
                self.advance(max(0.0, (due - self.now).total_seconds()))
                self.work()
            if self.service.sweep() == 0:
                return rounds
        raise AssertionError(f"seed {self.seed}: still not settled after {MOST_ROUNDS} sweeps")

    def push(self, history: History, version: dict[str, object]) -> bool:
        try:
            self.service.accept("generic", json.dumps(version).encode(), {"content-type": "application/json"})
        except (Killed, RetryLater, Refused) as failure:
            self.tell(f"push of {history.id} v{version['version']} failed: {failure!r}")
            return False
        return True

    def work(self) -> None:
        """One worker takes one hint; if it is killed, its message comes back after the lease."""
        hint = self.hints.take()
        if hint is None:
            return
        try:
            outcome = self.service.handle(hint)
            self.tell(f"{hint.ticket_id}: {outcome}")
        except Killed:
            self.tell(f"{hint.ticket_id}: killed")
            self.hints.put(hint, MESSAGE_LEASE_SECONDS)
        except RetryLater as failure:  # not even putting the hint back worked: the platform does it
            self.tell(f"{hint.ticket_id}: {failure.reason}")
            self.hints.put(hint, MESSAGE_LEASE_SECONDS)

    def edit_board(self) -> None:
        """A team member tags, assigns and renames a work item."""
        items = self.boards.live()
        if not items:
            return
        item = self.random.choice(items)
        history = next(h for h in self.histories if any(f"/{h.id}?link=" in link.url for link in item.hyperlinks))
        tags = {*str(item.fields.get("System.Tags", "")).split("; "), "team"} - {""}
        edit = {"System.Tags": "; ".join(sorted(tags)), "System.AssignedTo": "Norman Paulk <norman@contoso.com>"}
        if self.random.random() < 0.5:
            history.board_title = edit["System.Title"] = f"Renamed by the team {self.random.randrange(1000)}"
        self.boards.edit(item.id, edit)
        self.tell(f"{history.id}: #{item.id} edited {edit}")

    def renew_token(self) -> None:
        if not self.token_good:
            self.token_good = True
            self.vault.version += 1

    def advance(self, seconds: float) -> None:
        """Let time pass; what was to land late lands on the way."""
        until = self.now + timedelta(seconds=seconds)
        if self.land_at is not None and self.land_at <= until:
            self.now, self.land_at = max(self.now, self.land_at), None
            self.tell(f"{self.boards.land_late() + self.itsm.land_late()} late writes land")
        self.now = max(self.now, until)

    # ---------------------------------------------------------------- everything that can go wrong

    def on_call(self, name: str) -> None:
        self.calls[name] += 1
        if self.quiet:
            return
        self.advance(self.random.uniform(0, 0.5))
        chance = self.random.random()
        if chance < 0.02:
            raise Killed
        if chance < 0.10 and self.depth < 2:
            self.depth += 1
            try:
                self.random.choice([self.work, self.edit_board])()
            finally:
                self.depth -= 1
        when, call = name.split(" ")
        if call.startswith(("boards.", "itsm.")):
            self.disturb_call(when, writes=call in WRITES)
        elif not call.startswith("health.") and self.random.random() < 0.02:
            raise RetryLater(f"storage gave no answer {when} {call}", 2)

    def disturb_call(self, when: str, *, writes: bool) -> None:
        if when == "before" and not self.token_good:
            raise StopConnection("the token has expired", "contoso")
        fault = self.random.choices(["none", "lost", "throttle", "expire", "late"], [85, 6, 3, 1, 5])[0]
        doubt = InDoubt("no answer") if writes else RetryLater("no answer", 3)
        match fault:
            case "lost":  # before: it never got there; after: it was done and the answer was lost
                raise doubt
            case "throttle" if when == "before":
                raise Throttled("slow down", self.random.uniform(1, 10))
            case "expire" if when == "before":
                self.token_good = False
                raise StopConnection("the token has expired", "contoso")
            case "late" if when == "before" and writes:
                margin = TIMING.late_landing_seconds - 1
                self.land_at = self.land_at or self.now + timedelta(seconds=self.random.uniform(0, margin))
                raise Late(InDoubt("no answer yet"))

    # ---------------------------------------------------------------- judging

    def judge(self) -> None:
        """Every ticket has one work item in the newest state, and what the team did is still there."""
        for history in self.histories:
            self._judge_one(history)
        assert len(self.boards.live()) == len(self.histories), self.story("more work items than tickets")
        writes = self.written()
        for history in self.histories:
            self.hints.put(Hint("generic", history.id, retry=True))
        self.settle()
        assert self.written() == writes, self.story("a further look wrote again")

    def _judge_one(self, history: History) -> None:
        ticket = self.service.look_up("generic", history.id)
        assert ticket["state"] == "synced", self.story(f"{history.id} is {ticket['state']}: {ticket['reason']}")
        bearing = [i for i in self.boards.live() if any(f"/{history.id}?link=" in link.url for link in i.hyperlinks)]
        assert [i.id for i in bearing] == [ticket["work_item"]["id"]], self.story(
            f"{history.id} has {len(bearing)} items"
        )
        fields, newest = bearing[0].fields, history.newest
        assert fields["System.Description"] == newest["body"], self.story(f"{history.id}: description")
        assert fields["System.State"] == newest["state"], self.story(f"{history.id}: state {fields['System.State']}")
        if not history.renamed:
            title = history.board_title or newest["title"]
            assert fields["System.Title"] == title, self.story(f"{history.id}: the team's title is lost")
        titles = {newest["title"], history.board_title}
        assert fields["System.Title"] in titles, self.story(f"{history.id}: title {fields['System.Title']}")
        route = {"Network": "network", "Service Desk": "desk"}[str(newest["team"])]
        assert fields["System.AreaPath"] == f"Fabrikam\\{newest['team']}", self.story(f"{history.id}: area")
        tags = {"itsm", route} | ({"team"} if "System.AssignedTo" in fields else set())
        assert set(fields["System.Tags"].split("; ")) == tags, self.story(f"{history.id}: tags {fields['System.Tags']}")
        assert self._came_back(bearing[0]) == [], self.story(f"{history.id}: a title that was replaced came back")

    def _came_back(self, item: WorkItem) -> list[str]:
        """Ticket titles that were written a second time, over whatever had replaced them (I4)."""
        titles = [str(self.boards.revision(item.id, rev).fields["System.Title"]) for rev in range(1, item.rev + 1)]
        arrivals = Counter(title for before, title in pairwise(["", *titles]) if title != before)
        return [title for title, times in arrivals.items() if times > 1 and not title.startswith("Renamed")]

    def written(self) -> int:
        return sum(item.rev for item in self.boards.live())

    def story(self, what: str) -> str:
        return f"seed {self.seed}: {what}\n" + "\n".join(self.trace[-80:])

    def tell(self, line: str) -> None:
        self.trace.append(f"{self.now:%H:%M:%S} {line}")

    # ---------------------------------------------------------------- made-up histories

    def _history(self, number: int) -> History:
        id = f"T-{self.seed}-{number}"
        renames = self.random.random() < 0.5
        versions = []
        for version in range(1, self.random.randint(2, 5)):
            status, state = self.random.choice(
                [("open", "New"), ("in_progress", "Active"), ("resolved", "Closed"), ("closed", "Closed")]
            )
            versions.append({
                "id": id, "version": version, "team": self.random.choice(["Network", "Service Desk"]),
                "status": status, "state": state,
                "title": f"Ticket {number}" + (f", version {version}" if renames else ""),
                "body": f"text {zlib.crc32(f'{id}{version}'.encode())}",
            })  # fmt: skip
        return History(id, versions)
