"""Where a story is told: two sides, what people do on each, and what goes wrong there.

Two grounds: sides in memory, and the connectors against the simulators of Azure DevOps and PPM Express.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from shared.model import Item, SideName
from shared.ports import Secrets, Side
from shared.sync.rules import BOARDS, PPM
from tests.stories.telling.words import FIELDS

KINDS = {BOARDS: "User Story", PPM: "Task"}  # what an item is unless the story says otherwise
PROJECTS = ("Fabrikam", "Tailwind")
PLAN = "plan"
HIDDEN = "hidden from us"


def key(side: SideName, field: str) -> str:
    """How a side calls a field that stories have by a short name."""
    end = FIELDS[field][side]
    return end if isinstance(end, str) else end["field"]


KEYS = {side: tuple(key(side, field) for field in FIELDS) for side in (BOARDS, PPM)}


class Ground(Protocol):
    sides: Mapping[SideName, Side]
    secrets: Secrets

    def look(self, side: SideName) -> Mapping[str, Item]:
        """All that people see on a side, by id."""
        ...

    def add(
        self, side: SideName, fields: Mapping[str, Any], kind: str, parent: str | None, project: str, source: str
    ) -> str:
        """A new item; its id. `source` is where a task comes from, if not from the plan itself."""
        ...

    def edit(self, side: SideName, id: str, fields: Mapping[str, Any]) -> None: ...

    def move(self, side: SideName, id: str, parent: str | None) -> None: ...

    def delete(self, side: SideName, id: str) -> None: ...

    def restore(self, side: SideName, id: str) -> None: ...

    def clone(self, side: SideName, id: str) -> str:
        """A copy with all that the original bears; its id."""
        ...

    def hide(self, side: SideName, id: str, *, hidden: bool) -> None:
        """Let us not see an item any more, or again."""
        ...

    def transfer(self, id: str, project: str) -> None:
        """A work item goes to another project."""
        ...

    def lose_answer(self, side: SideName, write: str) -> None:
        """The next write of ours, `create` or `update`, is carried out, and its answer never arrives."""
        ...

    def expire(self, side: SideName) -> None:
        """Our token is refused from now on."""
        ...

    def renew(self, side: SideName) -> None: ...

    @property
    def in_wait(self) -> list[str]:
        """What was to go wrong and has not yet."""
        ...

    @property
    def writes(self) -> int:
        """How many there were so far, ours among them."""
        ...

    def close(self) -> None: ...
