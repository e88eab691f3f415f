"""What is done with two sides kept in step: hints followed, plans shown and applied, items created, linked, unlinked.

Everything that a person asks for ends in the same run over one link as a hint does; the request only narrows the plan.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.errors import Park, Refused, RetryLater, Stale
from shared.links import Copy, Look, SyncLink, SyncState
from shared.model import Item, SideName
from shared.ports import Clock, Cursors, Looks, SideDoor, SyncRecord, SyncStore
from shared.sync import create, plan
from shared.sync.hand import Outcome, Timing, Worker
from shared.sync.plan import EVERYTHING, Plan, Request
from shared.sync.reconciler import Reconciler, free
from shared.sync.rules import BOARDS, PPM, PairRules, other
from shared.sync.sweep import Sweep

log = logging.getLogger(__name__)

AGAIN_SECONDS = 5  # after a lost race
IDS_PER_READ = 200


@dataclass(frozen=True, slots=True)
class Creation:
    """What creating would do with one item: `link` is the one it has already, `refusal` why it cannot be made.

    Without a `counterpart`, it is still to be made, whether or not there is a link.
    """

    item: str
    kind: str
    link: str = ""
    counterpart: str = ""
    refusal: str = ""


class SyncService:
    def __init__(
        self,
        *,
        store: SyncStore,
        looks: Looks,
        cursors: Cursors,
        rules: Callable[[str], PairRules],
        doors: Callable[[str], Mapping[SideName, SideDoor]],
        clock: Clock,
        new_id: Callable[[], str],
        timing: Timing,
        address: str,
    ) -> None:
        self._store = store
        self._looks = looks
        self._rules = rules
        self._address = address
        worker = Worker(store, looks, clock, new_id, timing, address)
        self._reconciler = Reconciler(worker=worker, rules=rules, doors=doors)
        self._sweep = Sweep(
            store=store, looks=looks, cursors=cursors, rules=rules, reconciler=self._reconciler, clock=clock
        )

    # ---------------------------------------------------------------- following hints

    def handle(self, look: Look) -> Outcome:
        """Follow one hint; what has to wait is put back on the queue, and costs no attempt."""
        return self._follow(look)

    def _follow(self, look: Look, request: Request = EVERYTHING, expected: str | None = None) -> Outcome:
        try:
            return self._reconciler.reconcile(look, request, expected)
        except Stale as lost:
            self._postpone(look, lost.reason, AGAIN_SECONDS)
        except RetryLater as wait:
            self._postpone(look, wait.reason, wait.after_seconds)
        return Outcome.POSTPONED

    def _postpone(self, look: Look, reason: str, seconds: float) -> None:
        log.info("pair %s, %s: looked at again in %.0f s: %s", look.pair, look.link or look.item, seconds, reason)
        self._looks.send(look, seconds)

    def sweep(self, pair: str, *, full: bool = False) -> int:
        """Send a hint for all that may be out of step; returns how many."""
        return self._sweep.sweep(pair, full=full)

    # ---------------------------------------------------------------- plans

    def plan(self, pair: str, links: Sequence[str], request: Request) -> tuple[Plan, ...]:
        """What would be written to these links, and why; parents before children. Writes nothing."""
        return plan.in_order([self._reconciler.preview(pair, link, request) for link in links])

    def apply(self, look: Look, request: Request, fingerprint: str) -> Outcome:
        """Exactly the plan that was shown, to one link; `MOVED`, and nothing written, if it would be another by now.

        What has to wait is put back on the queue.
        """
        try:
            return self._follow(look, request, fingerprint)
        except Refused:
            return Outcome.MOVED

    # ---------------------------------------------------------------- creating

    def chosen(
        self, pair: str, side: SideName, roots: Collection[str], depth: Collection[str] | None
    ) -> tuple[Creation, ...]:
        """These items and all below them whose kind is in `depth` (None: every kind), parents first. Writes nothing."""
        with self._reconciler.sides(pair) as sides:
            ids = list(dict.fromkeys([*roots, *(sides[side].everything() if depth is None or depth else ())]))
            items: dict[str, Item] = {}
            for start in range(0, len(ids), IDS_PER_READ):
                items |= sides[side].read(ids[start : start + IDS_PER_READ], ())
        parents = {id: item.parent for id, item in items.items()}
        kinds = {id: item.kind for id, item in items.items()}
        there = create.below(parents, kinds, [root for root in roots if root in items], depth)
        missing = [Creation(root, "", refusal="not found") for root in roots if root not in items]
        return (*(self._creation(pair, side, items[id]) for id in there), *missing)

    def _creation(self, pair: str, side: SideName, item: Item) -> Creation:
        record = self._store.of_item(pair, side, item.id)
        link = record.link if record and record.link and record.link.state.alive else None
        counterpart = link.ids.get(other(side), "") if link else ""
        refusal = "" if counterpart else create.unfit(item)
        return Creation(item.id, item.kind, link.id if link else "", counterpart, refusal)

    def create(self, pair: str, side: SideName, items: Sequence[str], copy: Copy = Copy()) -> tuple[str, ...]:  # noqa: B008
        """Have copies made of these items on the other side, each once; what is linked already stays so (C1).

        Returns the links; the copies are made by the hints this sends, and found in the links afterwards.
        """
        links = [self._reserved(pair, side, item, copy) for item in items]
        for link in links:
            self._looks.send(Look(pair, link=link))
        return tuple(links)

    def _reserved(self, pair: str, side: SideName, item: str, copy: Copy) -> str:
        owner = self._store.of_item(pair, side, item)
        if owner is not None and owner.link is not None and owner.link.state.alive:
            return self._wished(owner, owner.link, copy)
        record = free(self._store, pair, side, item)
        fresh = create.reserved(self._address, pair, record.link_id, side, item, copy)
        return self._take_over(record, fresh, [owner] if owner else [])

    def _wished(self, record: SyncRecord, link: SyncLink, copy: Copy) -> str:
        """The last wish counts until the copy is there. Of one that may be under way nothing is forgotten (C4)."""
        wished = replace(link, copy=copy, parked="", parked_on="")
        if link.state is SyncState.CREATING and wished != link:
            self._save(record, wished)
        return link.id

    # ---------------------------------------------------------------- linking by hand

    def link(self, pair: str, boards_id: str, ppm_id: str) -> str:
        """Say that two items are one thing. Where they differ, both have changed; an empty field is filled."""
        owners = [self._store.of_item(pair, BOARDS, boards_id), self._store.of_item(pair, PPM, ppm_id)]
        for owner in owners:
            if owner is not None and owner.link is not None and owner.link.state.alive:
                raise Refused(409, f"link {owner.link.id} owns one of them: unlink that first")
        record = free(self._store, pair, BOARDS, boards_id)
        fresh = replace(
            create.reserved(self._address, pair, record.link_id, BOARDS, boards_id, Copy()),
            state=SyncState.SYNCED,
            ids={BOARDS: boards_id, PPM: ppm_id},
        )
        id = self._take_over(record, fresh, [owner for owner in owners if owner])
        self._looks.send(Look(pair, link=id))
        return id

    def _take_over(self, record: SyncRecord, fresh: SyncLink, owners: Sequence[SyncRecord]) -> str:
        """A new life for items whose links are dead; the row of the same id is written over."""
        releases = {owner.link_id: owner for owner in owners if owner.link_id != fresh.id}
        self._save(record, fresh, list(releases.values()))
        return fresh.id

    def _save(self, record: SyncRecord, link: SyncLink, releases: Sequence[SyncRecord] = ()) -> None:
        try:
            self._store.save(record, link, releases=releases)
        except Stale as lost:
            raise Refused(409, "somebody else linked or created one of these at this moment: look again") from lost

    def unlink(self, pair: str, link: str) -> None:
        """The two items go separate ways; nothing is deleted, and neither is taken for a new one."""
        self._change(pair, link, state=SyncState.UNLINKED, deleted=(), doomed=False, parked="")

    def _change(self, pair: str, link: str, **changes: Any) -> None:
        """A person's word goes before that of a worker who has the link in hand: its next save will be `Stale`."""
        for last in (False, False, True):
            record = self._living(pair, link)
            assert record.link is not None, "a living link is there"
            try:
                self._store.save(record, replace(record.link, **changes))
            except Stale:
                if last:
                    raise
            else:
                return

    # ---------------------------------------------------------------- a pair that waits for a person

    def approve(self, pair: str, links: Collection[str]) -> None:
        """Let exactly these deletions be carried over, and the pair go on; all others are counted again.

        A link that has died meanwhile needs no approval any more. A pair that was held because too much had changed
        goes on with what has changed by now.
        """
        for link in links:
            record = self._store.read(pair, link)
            if record.link is not None and record.link.state.alive:
                self._store.save(record, replace(record.link, approved=True))
                self._looks.send(Look(pair, link=link))
        self._store.set_hold(pair, None)
        self._sweep.sweep(pair, changes_approved=True)

    def links(self, pair: str) -> Iterator[SyncLink]:
        return self._store.links(pair)

    def _living(self, pair: str, link: str) -> SyncRecord:
        record = self._store.read(pair, link)
        if record.link is None or not record.link.state.alive:
            raise Park(f"pair {pair} has no living link {link}")
        return record
