"""The look at everything that moved: what makes the sync right, while webhooks only make it faster (D2).

Feeds say what changed; a cursor is saved after its hints were sent, never before (S4). Deletions are carried over by
sweeps only, because only a sweep sees how many there are (X3). A full sweep lists both sides, for what feeds left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.links import Hold, Look, SyncLink, SyncState
from shared.model import SideName
from shared.ports import Clock, Cursors, Looks, Side, SyncStore
from shared.sync import guard, intents, parents
from shared.sync.reconciler import Reconciler, Sides
from shared.sync.rules import PPM, SIDES, PairRules, named


@dataclass(frozen=True, slots=True)
class _Examined:
    """The looks worth taking; the links of items that were edited, and why they are too many, if they are."""

    news: Sequence[Look]
    edited: list[str] = field(default_factory=list)
    too_much: str = ""


class Sweep:
    def __init__(
        self,
        *,
        store: SyncStore,
        looks: Looks,
        cursors: Cursors,
        rules: Callable[[str], PairRules],
        reconciler: Reconciler,
        clock: Clock,
    ) -> None:
        self._store = store
        self._looks = looks
        self._cursors = cursors
        self._rules = rules
        self._reconciler = reconciler
        self._clock = clock

    def sweep(self, pair: str, *, full: bool = False, changes_approved: bool = False) -> int:
        """Send a hint for all that may be out of step; returns how many. A pair on hold is left alone."""
        if self._store.hold(pair) is not None:
            return 0
        unsettled = list(self._store.unsettled(pair))
        if self._too_many_deletions(pair, unsettled):
            return 0
        if not self._rules(pair).continuous:
            return self._send(self._again(link) for link in unsettled)
        with self._reconciler.sides(pair) as sides:
            feeds = {side: self._changed(pair, side, sides[side], full=full) for side in SIDES}
            seen = self._examined(pair, sides, {side: ids for side, (ids, _) in feeds.items()})
            if not changes_approved and self._held(pair, seen.too_much, seen.edited):
                return 0
        looks = {link.id: self._again(link) for link in unsettled}
        owned: set[tuple[SideName, str]] = set()
        for link in self._store.links(pair) if full else ():
            if link.state.alive:  # its items need no hints of their own, which would get in one another's way
                looks.setdefault(link.id, Look(pair, link=link.id))
                owned |= set(link.ids.items())
        news = (each for each in seen.news if each.link not in looks and (each.side, each.item) not in owned)
        sent = self._send([*looks.values(), *news])
        for side, (_, cursor) in feeds.items():
            self._cursors.write(f"{pair}/{side}", cursor)
        return sent

    def _send(self, looks: Iterable[Look]) -> int:
        looks = list(dict.fromkeys(looks))
        self._looks.send_all(looks)
        return len(looks)

    def _changed(self, pair: str, side: SideName, there: Side, *, full: bool) -> tuple[tuple[str, ...], str]:
        """What changed on a side, and the place in its feed to go on from; everything, if that place is unknown."""
        cursor = self._cursors.read(f"{pair}/{side}")
        ids: dict[str, None] = {}
        more, known = True, cursor is not None
        while more:
            feed = there.changed(cursor)
            ids |= dict.fromkeys(feed.ids)
            cursor, more = feed.cursor, feed.more
        if full or not known:
            ids |= dict.fromkeys(there.everything())
        return tuple(ids), cursor or ""

    def _again(self, link: SyncLink) -> Look:
        """What is not in step is looked at again; a move that never fitted is tried again by sweeps only (H5)."""
        return Look(link.pair, link=link.id, swept=True, retry=link.refusals >= parents.MOST_REFUSALS)

    def _too_many_deletions(self, pair: str, unsettled: Iterable[SyncLink]) -> bool:
        doomed = [link.id for link in unsettled if link.doomed and not link.approved]
        if len(doomed) < 2:
            return False
        return self._held(pair, guard.mass_deletion(self._rules(pair).limits, self._living(pair), doomed), doomed)

    def _examined(self, pair: str, sides: Sides, changed: Mapping[SideName, Sequence[str]]) -> _Examined:
        """Read what feeds name where it is much: most of it is what we wrote ourselves (D4), or just stands beside what
        changed, as a feed that compares digests cannot tell.
        """
        named_by_feeds = {(side, id) for side, ids in changed.items() for id in ids}
        rules = self._rules(pair)
        if len(named_by_feeds) <= rules.limits.changes:
            return _Examined([Look(pair, side, id) for side, ids in changed.items() for id in ids])
        living, owners = 0, {}
        for link in self._store.links(pair):  # one by one: there may be more links than there is memory for
            if link.state is SyncState.SYNCED:
                living += 1
                owners |= dict.fromkeys(named_by_feeds & set(link.ids.items()), link)
        edited: dict[str, None] = {}
        at_rest = set()
        for side, ids in changed.items():
            linked = [id for id in ids if (side, id) in owners]
            for id, item in sides[side].read(linked, rules.keys(side)).items():
                link = owners[side, id]
                if not item.in_bin and intents.touched(link, named(rules.active), side, item):
                    edited[link.id] = None
                elif side is PPM and item.version == link.versions.get(side):  # on boards, parents have none (H6)
                    at_rest.add((side, id))
        # D3: by link where that is known, so that nobody has to ask for it, nor looks twice.
        news = [
            Look(pair, link=owners[side, id].id) if (side, id) in owners else Look(pair, side, id)
            for side, ids in changed.items()
            for id in ids
            if (side, id) not in at_rest
        ]
        return _Examined(news, list(edited), guard.mass_change(rules.limits, living, len(edited)))

    def _living(self, pair: str) -> int:
        return sum(link.state.alive for link in self._store.links(pair))

    def _held(self, pair: str, reason: str, links: list[str]) -> bool:
        if reason:
            self._store.set_hold(pair, Hold(reason, tuple(links), self._clock()))
        return bool(reason)
