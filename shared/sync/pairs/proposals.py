"""What copies of chosen items would be, as both sides have it now. Reads, and writes nothing."""

from collections.abc import Iterator, Mapping, Sequence

from shared.links import Copy, SyncLink
from shared.model import Item, SideName
from shared.ports import Side
from shared.sync import create
from shared.sync.pairs import levels, placing
from shared.sync.pairs.desk import Desk, read
from shared.sync.pairs.levels import Above
from shared.sync.pairs.placing import Fault, Ground, Proposal, Wanted
from shared.sync.rules import BOARDS, PPM, other
from shared.sync.service import Creation


class CopyRequest:
    """A request for copies of `roots`, items of `side`, and of what is below them, while both sides' doors are open."""

    def __init__(
        self,
        desk: Desk,
        sides: Mapping[SideName, Side],
        pair: str,
        side: SideName,
        roots: Sequence[str],
        wanted: Wanted,
    ) -> None:
        self._desk = desk
        self._pair = pair
        self._side = side
        self._roots = roots
        self._wanted = wanted
        self._origin, self._target = sides[side], sides[other(side)]
        self._rules = desk.pairs.rules(pair)
        self._projects = desk.pairs.pair(pair).boards.projects
        self._ground = self._look(other(side))

    def faults(self, depth: Sequence[str]) -> Iterator[Fault]:
        yield from placing.faults(self._wanted, self._ground)
        if depth:
            yield from placing.unknown_kinds(depth, self._kinds_there_are())

    def proposals(self, chosen: Sequence[Creation]) -> dict[str, Proposal]:
        """What would be made of each item that has no counterpart yet."""
        items = read(self._origin, self._rules.keys(self._side), [each.item for each in chosen])
        fresh = [each.item for each in chosen if each.item in items and not each.counterpart and not each.refusal]
        return {id: self._proposal(items[id], placing.depth(items, id)) for id in fresh}

    def refusals(self, chosen: Sequence[Creation], proposals: Mapping[str, Proposal]) -> dict[str, Fault]:
        above = self._above(proposals) if self._ground.levels else {}
        return placing.refusals(chosen, self._roots, proposals, above, self._ground, self._wanted)

    # ---------------------------------------------------------------- where copies are made

    def _look(self, target: SideName) -> Ground:
        wanted = self._wanted
        project = wanted.project or self._rules.homes.get(target, "")
        known = target is PPM or project in self._projects
        above = self._link(target, wanted.parent) if wanted.parent else None
        return Ground(
            target,
            project,
            self._projects,
            kinds=self._target.kinds(project) if known else (),
            levels=self._target.levels(project) if known else (),
            fields=self._target.fields() if wanted.values else {},
            parent=read(self._target, (), [wanted.parent]).get(wanted.parent) if wanted.parent else None,
            parent_link=above.id if above else "",
        )

    def _kinds_there_are(self) -> dict[str, None]:
        """Those on a level, too: nothing new may be made of them any more, and items of them are still there."""
        projects = self._projects if self._side is BOARDS else ("",)
        found = {kind: None for project in projects for kind in self._origin.kinds(project)}
        on_levels = (level.kinds for project in projects for level in self._origin.levels(project))
        return found | {kind: None for kinds in on_levels for kind in kinds}

    # ---------------------------------------------------------------- what copies would be

    def _proposal(self, item: Item, depth: int) -> Proposal:
        wanted = self._wanted
        copy = Copy(
            project=wanted.project,
            kind=wanted.types[depth] if depth < len(wanted.types) else "",
            parent=self._ground.parent_link if item.id in self._roots else "",
            fields=wanted.values,
        )
        link = create.reserved(self._desk.address, self._pair, "", self._side, item.id, copy)
        draft, _ = create.draft(self._rules, link, item, None, born_first=self._target.capabilities().born_first)
        return Proposal(item, copy, draft)

    def _above(self, proposals: Mapping[str, Proposal]) -> dict[str, Above]:
        """What copies are to stand under: another copy, or what is there already."""
        found: dict[str, Above] = {}
        there: dict[str, str] = {}
        for id, each in proposals.items():
            beside = proposals.get(each.item.parent or "")
            if beside and not each.copy.parent and self._hierarchy_is_copied():
                kind = beside.draft.kind
                found[id] = Above(f"the copy of {beside.item.id}", kind, levels.of_kind(self._ground.levels, kind))
            elif parent := self._parent_there(each):
                there[id] = parent
        items = read(self._target, (), list(dict.fromkeys(there.values())))
        for id, item in ((id, items[parent]) for id, parent in there.items() if parent in items):
            level = levels.of_kind(self._target.levels(item.project), item.kind)
            found[id] = Above(f"{self._ground.side} {item.id}", item.kind, level)
        return found

    def _parent_there(self, proposal: Proposal) -> str | None:
        """The wanted parent, or the counterpart of the item's own."""
        if proposal.copy.parent:
            return self._wanted.parent
        if proposal.item.parent is None or not self._hierarchy_is_copied():
            return None
        link = self._link(self._side, proposal.item.parent)
        return link.ids.get(self._ground.side) if link else None

    def _hierarchy_is_copied(self) -> bool:
        hierarchy = self._rules.hierarchy
        return hierarchy.active and hierarchy.direction.target in (None, self._ground.side)

    def _link(self, side: SideName, item: str) -> SyncLink | None:
        """The living link of an item."""
        record = self._desk.store.of_item(self._pair, side, item)
        return record.link if record and record.link and record.link.state.alive else None
