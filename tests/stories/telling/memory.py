"""The two sides in memory, each as awkward as the product it stands for."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.errors import InDoubt, StopConnection
from shared.model import FieldInfo, Item, SideName
from shared.model import FieldType as T
from shared.ports import Clock
from shared.sync.rules import BOARDS, PPM
from tests.connectors.itsm_contracts import KeptSecrets
from tests.memory.sides import MemorySide, Thing, Traits
from tests.stories.telling.ground import HIDDEN, PLAN, PROJECTS, key
from tests.stories.telling.words import SIDES, Story

TYPES = {
    "title": (T.TEXT, T.TEXT),
    "state": (T.STATE, T.TEXT),
    "description": (T.RICH_TEXT, T.TEXT),
    "start": (T.DATE, T.DATE),
    "estimate": (T.DURATION, T.DURATION),
    "progress": (T.NUMBER, T.PERCENT),
    "tags": (T.TAGS, T.TAGS),
    "owner": (T.IDENTITY, T.IDENTITY),
}
INFOS = {
    side: {key(side, name): FieldInfo(key(side, name), name, types[number]) for name, types in TYPES.items()}
    for number, side in enumerate((BOARDS, PPM))
}
KINDS = {BOARDS: ("Epic", "Feature", "User Story", "Product Backlog Item", "Bug", "Task"), PPM: ("Task",)}
STARTING = {BOARDS: {"System.State": "New"}, PPM: {}}
LIKE_AZURE_DEVOPS = Traits(moves_make_revisions=False)
LIKE_PPM_EXPRESS = Traits(conditional_writes=False, history=False, bins=False)


class MemoryGround:
    def __init__(self, story: Story, clock: Clock) -> None:
        self.secrets = KeptSecrets(boards="token", ppm="token")
        self.sides = {
            side: MemorySide(side, clock, self._on_call, _traits(side, story.awkward), INFOS[side], KINDS[side])
            for side in INFOS
        }
        self._lost: set[str] = set()
        self._expired: set[SideName] = set()

    def close(self) -> None:
        """Nothing is open."""

    def look(self, side: SideName) -> Mapping[str, Item]:
        return {thing.id: _shown(thing) for thing in self.sides[side].live()}

    def add(
        self, side: SideName, fields: Mapping[str, Any], kind: str, parent: str | None, project: str, source: str
    ) -> str:
        id = self.sides[side].add(kind, {**STARTING[side], **fields}, parent)
        thing = self.sides[side].things[id]
        thing.project = project
        thing.read_only = f"this task comes from {source}: change it there" if source else ""
        return id

    def edit(self, side: SideName, id: str, fields: Mapping[str, Any]) -> None:
        self.sides[side].edit(id, fields)

    def move(self, side: SideName, id: str, parent: str | None) -> None:
        self.sides[side].move(id, parent)

    def delete(self, side: SideName, id: str) -> None:
        self.sides[side].delete(id)

    def restore(self, side: SideName, id: str) -> None:
        self.sides[side].restore(id)

    def clone(self, side: SideName, id: str) -> str:
        clone = self.sides[side].clone(id)
        self.sides[side].things[clone].project = self.sides[side].things[id].project
        return clone

    def hide(self, side: SideName, id: str, *, hidden: bool) -> None:
        self.sides[side].things[id].hidden = hidden

    def transfer(self, id: str, project: str) -> None:
        thing = self.sides[BOARDS].things[id]
        outside = project not in PROJECTS
        thing.project = project
        thing.read_only = f"it is in the project '{project}' now, which does not belong to this pair" if outside else ""
        self.sides[BOARDS].edit(id, {})

    def lose_answer(self, side: SideName, write: str) -> None:
        self._lost.add(f"after {side}.{write}")

    def expire(self, side: SideName) -> None:
        self._expired.add(side)

    def renew(self, side: SideName) -> None:
        self._expired.remove(side)
        self.secrets.values[side] = "renewed"

    @property
    def in_wait(self) -> list[str]:
        return sorted(self._lost)

    @property
    def writes(self) -> int:
        return sum(side.writes for side in self.sides.values())

    def _on_call(self, call: str) -> None:
        side = SideName(call.split()[1].partition(".")[0])
        if call.startswith("before") and side in self._expired:
            raise StopConnection("the token has expired", str(side))
        if call in self._lost:
            self._lost.remove(call)
            raise InDoubt("the answer was lost")


def _traits(side: SideName, awkward: Mapping[str, Mapping[str, Any]]) -> Traits:
    usual = LIKE_AZURE_DEVOPS if side is BOARDS else LIKE_PPM_EXPRESS
    ways = next((ways for name, ways in awkward.items() if SIDES[name] is side), {})

    def keys(way: str) -> frozenset[str]:
        return frozenset(key(side, field) for field in ways.get(way, ()))

    return replace(
        usual,
        trimmed=keys("trims"),
        shouted=keys("shouts"),
        rounded=keys("rounds"),
        derived=keys("ignores"),
        forbidden=tuple(ways.get("refuses", ())),
        percent_steps=tuple(ways.get("steps", ())),
        bins=ways.get("bin", usual.bins),
    )


def _shown(thing: Thing) -> Item:
    return Item(
        id=thing.id,
        fields=thing.fields,
        parent=thing.parent,
        kind=thing.kind,
        project=thing.project or PLAN,
        read_only=HIDDEN if thing.hidden else thing.read_only,
    )
