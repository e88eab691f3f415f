"""A world of work items without a server, for what is asked of queries alone: quick to fill, with a still clock."""

from datetime import UTC, datetime
from typing import Any

from infra.local.azure_devops.boards.links import CHILD, LINK_TYPES, PARENT, Relation
from infra.local.azure_devops.boards.patch import draft_change, draft_new
from infra.local.azure_devops.clock import stamp
from infra.local.azure_devops.query.parser import parse
from infra.local.azure_devops.query.run import Limits, run
from infra.local.azure_devops.query.values import Context
from infra.local.azure_devops.world import World

NOW = datetime(2026, 5, 20, 15, 30, tzinfo=UTC)  # a Wednesday

type Row = tuple[int | None, str | None, int]


class Board:
    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.world = World(clock=lambda: self.now)
        self.me, *self.people = self.world.directory.people

    def add(self, kind: str = "Task", project: str = "Fabrikam", **fields: Any) -> int:
        """A new item; `fields` are the last parts of reference names, such as `AreaPath` or `Priority`."""
        found = self.world.organisation.project(project)
        draft = draft_new(found, found.process.types[kind])
        draft.fields |= {_name(word): value for word, value in fields.items()}
        return self.world.store.save(draft, self.me).id

    def change(self, id: int, **fields: Any) -> None:
        draft = draft_change(self.world.store.items[id])
        draft.fields |= {_name(word): value for word, value in fields.items()}
        self.world.store.save(draft, self.me)

    def link(self, source: int, target: int, rel: str = CHILD) -> None:
        store = self.world.store
        draft = draft_change(store.items[source])
        kind = LINK_TYPES[rel.casefold()]
        draft.relations.append(Relation(store.new_relation_id(), kind, target, None, None, None, stamp(self.now)))
        store.save(draft, self.me)

    def unlink(self, child: int) -> None:
        draft = draft_change(self.world.store.items[child])
        draft.relations = [r for r in draft.relations if r.type.reference_name != PARENT]
        self.world.store.save(draft, self.me)

    def rows(self, text: str, **context: Any) -> list[Row]:
        """Source, link type and target of each row; `context` replaces what the query is asked in."""
        organisation = self.world.organisation
        asked: dict[str, Any] = {
            "organisation": organisation,
            "directory": self.world.directory,
            "caller": self.me,
            "now": self.now,
            "project": organisation.project("Fabrikam"),
        }
        found = run(parse(text), Context(**asked | context), self.world.store.live(), Limits(), 1_000)
        return [(row.source.id if row.source else None, row.rel, row.target.id) for row in found]

    def where(self, condition: str, **context: Any) -> list[int]:
        rows = self.rows(f"SELECT [System.Id] FROM WorkItems WHERE {condition}", **context)
        return [target for _, _, target in rows]


def _name(word: str) -> str:
    prefix = {"Priority": "Microsoft.VSTS.Common", "StartDate": "Microsoft.VSTS.Scheduling"}.get(word, "System")
    return f"{prefix}.{word}"
