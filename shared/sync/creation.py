"""Counterparts made, linked and let go by hand. Whether it can be done at all is decided before anything is written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shared.errors import Refused
from shared.links import Copy
from shared.model import SideName
from shared.sync import create
from shared.sync.desk import Desk, read
from shared.sync.rows import Json
from shared.sync.rules import BOARDS, PPM, PairRules, other
from shared.sync.service import Creation, SyncService

NO_TYPE = "say as which work item type: give `type`, or map '{}' in the pair's boards.kinds"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How copies are to be made; what is empty follows from the pair. `parent` is an item of the side they come to."""

    project: str = ""
    type: str = ""
    parent: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


class Counterparts:
    def __init__(self, sync: SyncService, desk: Desk) -> None:
        self._sync = sync
        self._desk = desk

    def create(
        self, pair: str, side: SideName, items: Sequence[str], depth: Sequence[str] | None, wanted: Wanted, *, dry: bool
    ) -> Json:
        """Copies of items of `side` on the other, with all below them whose type is in `depth` (None: all).

        Nothing is made if anything stands in the way; what has a counterpart keeps it.
        """
        rules, items = self._desk.pairs.rules(pair), list(dict.fromkeys(items))
        self._refuse_impossible(pair, side, wanted)
        copy = Copy(wanted.project, wanted.type, self._parent(pair, other(side), wanted.parent), wanted.fields)
        chosen = self._sync.chosen(pair, side, items, depth)
        fresh = [each.item for each in chosen if not each.link and not each.refusal]
        drafts = self._drafts(pair, rules, side, fresh, copy, items)
        refusals = {each.item: why for each in chosen if (why := _refusal(each, items, drafts, other(side)))}
        listed = [_creation(each, drafts, refusals) for each in chosen]
        if dry:
            return {"dry_run": True, "items": listed}
        if refusals:
            places = {item: f"items[{index}]" for index, item in enumerate(items)}
            faults = [(places.get(item, "type"), f"{side} {item}: {why}") for item, why in refusals.items()]
            raise Refused(422, "nothing was created", faults)
        roots = [item for item in fresh if item in items]
        below = [item for item in fresh if item not in items]
        made = dict(zip(roots, self._sync.create(pair, side, roots, copy), strict=True))
        made |= zip(below, self._sync.create(pair, side, below, replace(copy, parent="")), strict=True)
        return {"items": [{**row, "link": row["link"] or made.get(row["item"])} for row in listed]}

    def _refuse_impossible(self, pair: str, side: SideName, wanted: Wanted) -> None:
        projects = self._desk.pairs.pair(pair).boards.projects
        faults = []
        if side is PPM and wanted.project and wanted.project not in projects:
            faults.append(("project", f"'{wanted.project}' is not one of the pair's: {', '.join(projects)}"))
        if side is BOARDS and wanted.project:
            faults.append(("project", "a PPM project is what the pair says it is: leave this out"))
        with self._desk.sides(pair) as sides:
            known = sides[other(side)].fields() if wanted.fields else {}
        unknown = [key for key in wanted.fields if key not in known]
        faults += [(f"fields.{key}", f"there is no such field on {other(side)}") for key in unknown]
        if faults:
            raise Refused(422, "nothing was created", faults)

    def _parent(self, pair: str, side: SideName, item: str) -> str:
        """The link of the item that copies are to stand under."""
        if not item:
            return ""
        record = self._desk.store.of_item(pair, side, item)
        if record is None or record.link is None or not record.link.state.alive:
            fix = f"{side} {item} is not linked, so its copies would have no place on {other(side)}: link it first"
            raise Refused(422, "nothing was created", [("parent", fix)])
        return record.link_id

    def _drafts(
        self, pair: str, rules: PairRules, side: SideName, ids: Sequence[str], copy: Copy, roots: Sequence[str]
    ) -> dict[str, Json]:
        """What would be made of each item, by its id."""
        with self._desk.sides(pair) as sides:
            items = read(sides[side], rules.keys(side), ids)
        found = {}
        for id, item in items.items():
            its = copy if id in roots else replace(copy, parent="")
            link = create.reserved(self._desk.address, pair, "", side, id, its)
            draft, _ = create.draft(rules, link, item, None)
            found[id] = {"project": draft.project, "type": draft.kind, "fields": dict(draft.fields)}
        return found

    # ---------------------------------------------------------------- linking by hand

    def link(self, pair: str, boards: str, ppm: str) -> Json:
        """Say that two items are one thing."""
        self._desk.pairs.pair(pair)
        ids = {BOARDS: boards, PPM: ppm}
        with self._desk.sides(pair) as sides:
            items = {side: read(sides[side], (), [id]).get(id) for side, id in ids.items()}
        faults = [
            (str(side), f"{side} has no item '{ids[side]}' that we can see" if item is None else "it is in the bin")
            for side, item in items.items()
            if item is None or item.in_bin
        ]
        if faults:
            raise Refused(422, "nothing was linked", faults)
        return {"link": self._sync.link(pair, boards, ppm)}

    def unlink(self, pair: str, items: Sequence[str]) -> Json:
        """Let items and their counterparts go separate ways; nothing is deleted."""
        self._desk.pairs.pair(pair)
        records = self._desk.links_of(pair, items)
        for record in records:
            self._sync.unlink(pair, record.link_id)
        return {"unlinked": [record.link_id for record in records]}


def _refusal(each: Creation, roots: Collection[str], drafts: Mapping[str, Json], target: SideName) -> str:
    """Why an item cannot be created, if it was chosen; below one that was, what is in the bin is left out."""
    if each.refusal:
        return each.refusal if each.item in roots else ""
    untold = target is BOARDS and each.item in drafts and not drafts[each.item]["type"]
    return NO_TYPE.format(each.kind) if untold else ""


def _creation(each: Creation, drafts: Mapping[str, Json], refusals: Mapping[str, str]) -> Json:
    refusal = refusals.get(each.item, each.refusal)
    return {
        "item": each.item,
        "type": each.kind,
        "link": each.link or None,
        "counterpart": each.counterpart or None,
        "refusal": refusal or None,
        "creates": None if refusal else drafts.get(each.item),
    }
