"""Two sides in memory with a configured pair, its service, and a queue that is emptied by hand."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from shared.configuration import Configuration, parse
from shared.errors import Refused
from shared.links import SyncLink
from shared.model import FieldInfo, FieldType, Level, SideName
from shared.sync.hand import Timing
from shared.sync.pairs.admission import Admission
from shared.sync.pairs.configured import ConfiguredPairs, law, live_faults
from shared.sync.pairs.creation import Counterparts
from shared.sync.pairs.desk import Desk
from shared.sync.pairs.mappings import FieldMappings
from shared.sync.pairs.placing import Wanted
from shared.sync.pairs.plans import PairPlans
from shared.sync.pairs.subscriptions import SubscriptionUpkeep
from shared.sync.pairs.upkeep import Upkeep
from shared.sync.pairs.views import PairViews
from shared.sync.rules import BOARDS, PPM
from shared.sync.service import SyncService
from tests.memory.secrets import MemorySecrets
from tests.memory.sides import MemorySide, Traits
from tests.memory.storage import MemoryConfigurationStore, MemoryCursors
from tests.memory.subscriptions import MemorySubscriptions
from tests.memory.sync_storage import MemoryLooks, MemorySyncStore

PAIR = "roadmap"
ADDRESS = "https://boardbridge.example"
WANTED = Wanted()
FIELDS = {
    BOARDS: (
        FieldInfo("System.Title", "Title", FieldType.TEXT),
        FieldInfo("System.State", "State", FieldType.STATE, ("New", "Active", "Resolved", "Closed")),
        FieldInfo("System.AreaPath", "Area Path", FieldType.PICKLIST, ("Fabrikam", "Tailwind", "Tailwind\\Web")),
        FieldInfo("System.IterationPath", "Iteration Path", FieldType.PICKLIST, ("Fabrikam", "Fabrikam\\Sprint 1")),
        FieldInfo("Custom.Start", "Start", FieldType.DATE),
    ),
    PPM: (
        FieldInfo("Name", "Name", FieldType.TEXT),
        FieldInfo("Step", "Step", FieldType.PICKLIST, ("Open", "Running", "Done")),
        FieldInfo("StartDate", "Start Date", FieldType.DATE),
        FieldInfo("Status", "Status", FieldType.STATE, read_only=True),
    ),
}
LEVELS = (
    Level("Epics", 4, ("Epic",)),
    Level("Features", 3, ("Feature",)),
    Level("Stories", 2, ("User Story", "Bug")),
    Level("Tasks", 1, ("Task",)),
)
KINDS = {BOARDS: ("Epic", "Feature", "User Story", "Bug", "Task", "Issue"), PPM: ("Task",)}
STATES = {
    "todo": {"boards": "New", "ppm": "Open"},
    "doing": {"boards": "Active", "ppm": "Running"},
    "done": {"boards": ["Closed", "Resolved"], "ppm": "Done"},
}
ROADMAP: dict[str, Any] = {
    "name": PAIR,
    "boards": {"projects": ["Fabrikam", "Tailwind"], "kinds": {"Task": "User Story"}},
    "ppm": {"connection": "ppm", "project": "plan"},
    "fields": [
        {"name": "title", "boards": "System.Title", "ppm": "Name"},
        {"name": "state", "boards": "system.state", "ppm": "Step", "policy": "boards", "values": STATES},
    ],
}


def document(**change: Any) -> dict[str, Any]:
    """A configuration with one pair, as it is written."""
    return {
        "connections": {
            "contoso": {"kind": "azure_devops", "url": "https://dev.azure.com/contoso", "secret": "pat"},
            "ppm": {"kind": "ppm_express", "url": "https://api-us.ppm.express/@contoso/v1.0", "secret": "token"},
        },
        "triage": {"project": "Fabrikam", "area": "Fabrikam", "type": "Bug"},
        "pairs": [ROADMAP | change],
    }


def configured(**change: Any) -> Configuration:
    return Configuration.model_validate(document(**change))


class MemoryDocuments:
    """The configuration, judged by its own laws and by what the sides of its pairs say."""

    def __init__(self, document: Mapping[str, Any], sides: Mapping[SideName, MemorySide]) -> None:
        self._store = MemoryConfigurationStore()
        self._store.replace(document, None)
        self._sides = sides

    def configuration(self) -> tuple[Configuration, str]:
        document, generation = self._store.read()
        return Configuration.model_validate(document), generation

    def document(self) -> tuple[Mapping[str, Any], str]:
        return self._store.read()

    def judged(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        configuration = parse(document, (), lambda kind, fields: None, law=law)
        if faults := live_faults(configuration, lambda configuration, pair: self._sides):
            raise Refused(400, "the configuration was not taken", faults)
        return document

    def take(self, judged: Mapping[str, Any], expected: str | None) -> str:
        return self._store.replace(judged, expected)


def noon() -> datetime:
    """A clock that stands still."""
    return datetime(2026, 3, 2, 12, tzinfo=UTC)


class MemoryPlans:
    """`Plans` in memory."""

    def __init__(self) -> None:
        self.heads: dict[tuple[str, str], dict[str, Any]] = {}
        self.starts: dict[tuple[str, str], dict[str, Any]] = {}
        self.kept: dict[tuple[str, str, str], tuple[dict[str, Any], str]] = {}

    def keep(self, pair: str, id: str, head: dict[str, Any], items: Sequence[dict[str, Any]]) -> None:
        self.heads[pair, id] = head
        self.kept |= {(pair, id, item["link"]): (item, "") for item in items}

    def start(self, pair: str, id: str, note: dict[str, Any]) -> None:
        self.starts[pair, id] = note

    def head(self, pair: str, id: str) -> tuple[dict[str, Any], dict[str, Any] | None] | None:
        return (self.heads[pair, id], self.starts.get((pair, id))) if (pair, id) in self.heads else None

    def items(self, pair: str, id: str, after: str = "") -> Iterator[tuple[str, dict[str, Any], str]]:
        for (its_pair, its_id, link), (item, outcome) in sorted(self.kept.items(), key=lambda each: each[0]):
            if (its_pair, its_id) == (pair, id) and link > after:
                yield link, item, outcome

    def item(self, pair: str, id: str, link: str) -> tuple[dict[str, Any], str] | None:
        return self.kept.get((pair, id, link))

    def note(self, pair: str, id: str, link: str, outcome: str) -> None:
        item, before = self.kept[pair, id, link]
        self.kept[pair, id, link] = item, before or outcome


class Place:
    """`change` is what the pair's configuration says otherwise."""

    def __init__(self, traits: Mapping[SideName, Traits] = {}, **change: Any) -> None:
        self.now = datetime(2026, 3, 2, 8, tzinfo=UTC)
        self.sides = {
            side: MemorySide(
                side,
                self.clock,
                traits=traits.get(side, Traits()),
                infos={info.key: info for info in FIELDS[side]},
                kinds=KINDS[side],
                levels=LEVELS if side is BOARDS else (),
            )
            for side in (BOARDS, PPM)
        }
        self.documents = MemoryDocuments(document(**change), self.sides)
        self.store = MemorySyncStore()
        self.looks = MemoryLooks(self.clock)
        self.cursors = MemoryCursors()
        ids = count(1)
        self.configured = ConfiguredPairs(self.documents.configuration, lambda pair: self.sides)
        desk = Desk(self.store, self.configured, lambda pair: self.sides, self.clock, lambda: f"id{next(ids)}", ADDRESS)
        sync = SyncService(
            store=self.store,
            looks=self.looks,
            cursors=self.cursors,
            rules=self.configured.rules,
            doors=desk.doors,
            clock=self.clock,
            new_id=desk.new_id,
            timing=Timing(),
            address=ADDRESS,
        )
        self.subscriptions = SubscriptionUpkeep(
            configuration=lambda: (self.configuration, "1"),
            doors=lambda configuration: {"contoso": MemorySubscriptions(), "ppm": MemorySubscriptions()},
            admission=Admission(MemorySecrets(), "boardbridge-events", desk.new_id),
            looks=self.looks,
            cursors=self.cursors,
            address=ADDRESS,
        )
        self.views = PairViews(desk, self.subscriptions)
        self.counterparts = Counterparts(sync, desk)
        self.plans = PairPlans(sync, self.looks, MemoryPlans(), desk)
        self.fields = FieldMappings(desk, self.looks, self.documents)
        self.upkeep = Upkeep(sync, self.plans, self.looks, self.cursors, desk)

    @property
    def configuration(self) -> Configuration:
        return self.documents.configuration()[0]

    def clock(self) -> datetime:
        return self.now

    def add(self, title: str, state: str = "New", *, kind: str = "User Story", parent: str | None = None) -> str:
        return self.sides[BOARDS].add(kind, {"System.Title": title, "System.State": state}, parent)

    def task(self, name: str, step: str = "Open", parent: str | None = None) -> str:
        return self.sides[PPM].add("Task", {"Name": name, "Step": step}, parent)

    def drain(self, rounds: int = 100) -> None:
        """Follow every hint, waiting where it says to."""
        for _ in range(rounds):
            if (due := self.looks.next_due()) is None:
                return
            self.now = max(self.now, due)
            look = self.looks.take()
            assert look is not None, "a hint is due"
            self.upkeep.handle(look)
        raise AssertionError("the queue does not drain")

    def applied(self, plan: str) -> dict[str, Any]:
        """A plan once it is carried out, and its outcomes by link."""
        self.plans.apply(PAIR, plan)
        self.drain()
        shown = self.plans.show(PAIR, plan)
        return {item["link"]: item["outcome"] for item in shown["items"]}

    def linked(self, title: str = "Plan", **how: Any) -> SyncLink:
        """A work item with its copy in the PPM tool."""
        id = self.add(title, **how)
        made = self.counterparts.create(PAIR, BOARDS, [id], [], WANTED, dry=False)
        self.drain()
        return self.link(made["items"][0]["link"])

    def link(self, id: str) -> SyncLink:
        found = self.store.read(PAIR, id).link
        assert found is not None, f"there is a link {id}"
        return found

    def later(self) -> None:
        self.now += timedelta(minutes=1)
