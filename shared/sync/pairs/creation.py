"""Counterparts made, linked and let go by hand. Whether it can be done at all is decided before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from shared.errors import Refused
from shared.links import Asked
from shared.model import SideName
from shared.sync import create
from shared.sync.pairs import levels
from shared.sync.pairs.desk import Desk, read
from shared.sync.pairs.placing import Fault, Proposal, Wanted
from shared.sync.pairs.proposals import CopyRequest
from shared.sync.pairs.rows import Json
from shared.sync.rules import BOARDS, PPM
from shared.sync.service import Creation, SyncService


class Counterparts:
    def __init__(self, sync: SyncService, desk: Desk) -> None:
        self._sync = sync
        self._desk = desk

    def levels(self, pair: str, side: SideName, item: str) -> Json:
        """What can be created together with an item."""
        with self._desk.sides(pair) as sides:
            found = read(sides[side], (), [item]).get(item)
            if found is None:
                raise Refused(422, "nothing is on offer", [("item", f"{side} has no item '{item}' that we can see")])
            offers = levels.offers(sides[side].levels(found.project), found.kind)
        return {"item": item, "type": found.kind, "levels": [asdict(offer) for offer in offers]}

    def create(
        self,
        pair: str,
        side: SideName,
        items: Sequence[str],
        depth: Sequence[str] | None,
        wanted: Wanted,
        asked_by: str = "",
        *,
        dry: bool,
    ) -> Json:
        """Copies of items of `side` on the other, with all below them whose type is in `depth` (None: all).

        Nothing is made if anything stands in the way; what has a counterpart keeps it.
        """
        roots = list(dict.fromkeys(items))
        with self._desk.sides(pair) as sides:
            request = CopyRequest(self._desk, sides, pair, side, roots, wanted)
            faults = list(request.faults(depth or ()))
            chosen = self._sync.chosen(pair, side, roots, depth)
            proposals = request.proposals(chosen)
            refusals = request.refusals(chosen, proposals)
        if faults or (refusals and not dry):
            faults += [(path, f"{side} {item}: {why}") for item, (path, why) in refusals.items()]
            raise Refused(422, "nothing was created", faults)
        listed = [_creation(each, proposals, refusals) for each in chosen]
        if dry:
            return {"dry_run": True, "items": listed}
        asked = Asked(by=asked_by)
        made = {
            id: self._sync.create(pair, side, [id], replace(each.copy, asked=asked))[0]
            for id, each in proposals.items()
        }
        return {"items": [{**row, "link": row["link"] or made.get(row["item"])} for row in listed]}

    # ---------------------------------------------------------------- linking by hand

    def link(self, pair: str, boards: str, ppm: str) -> Json:
        """Say that two items are one thing."""
        self._desk.pairs.pair(pair)
        ids = {BOARDS: boards, PPM: ppm}
        with self._desk.sides(pair) as sides:
            items = {side: read(sides[side], (), [id]).get(id) for side, id in ids.items()}
        faults = [
            (str(side), why)
            for side, item in items.items()
            if (why := create.unfit(item) if item else f"{side} has no item '{ids[side]}' that we can see")
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


def _creation(each: Creation, proposals: Mapping[str, Proposal], refusals: Mapping[str, Fault]) -> Json:
    _, refusal = refusals.get(each.item, ("", each.refusal))
    return {
        "item": each.item,
        "type": each.kind,
        "link": each.link or None,
        "counterpart": each.counterpart or None,
        "refusal": refusal or None,
        "creates": None if refusal else _shown(proposals.get(each.item)),
    }


def _shown(proposal: Proposal | None) -> Json | None:
    if proposal is None:
        return None
    draft = proposal.draft
    return {"project": draft.project, "type": draft.kind, "fields": dict(draft.fields)}
