"""The look at everything that moved: what makes the sync right, while webhooks only make it faster (D2).

Feeds say what changed; a cursor is saved after its hints were sent, never before (S4). Deletions are carried over by
sweeps only, because only a sweep sees how many there are (X3). A full sweep lists both sides, for what feeds left out.

There may be more links and items than there is memory for: they pass by, and ids and hints are all that is kept.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from shared.links import Hold, Look, SyncLink, SyncState
from shared.model import SideName
from shared.ports import Clock, Cursors, Looks, Side, SyncStore
from shared.sync import guard, intents, parents
from shared.sync.reconciler import Reconciler, Sides
from shared.sync.rules import PPM, SIDES, PairRules, named

LINKS_AT_ONCE = 1000  # of which items are read together

type News = Mapping[SideName, dict[str, str]]  # ids of items that may have changed, each with its link if that is known


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
        again, doomed = self._unsettled(pair)
        if self._too_many_deletions(pair, doomed):
            return 0
        if not self._rules(pair).continuous:
            return self._looks.send_all(again.values())
        with self._reconciler.sides(pair) as sides:
            feeds = {side: self._changed(pair, side, sides[side], full=full) for side in SIDES}
            news = {side: ids for side, (ids, _) in feeds.items()}
            edited, too_much = self._examined(pair, sides, news)
            if not changes_approved and self._held(pair, too_much, edited):
                return 0
        sent = self._looks.send_all(self._worth_a_look(pair, again, news, full=full))
        for side, (_, cursor) in feeds.items():
            self._cursors.write(f"{pair}/{side}", cursor)
        return sent

    def _unsettled(self, pair: str) -> tuple[dict[str, Look], list[str]]:
        """The hints of what is not in step, by link; and the links of which an item was deleted, if nobody approved.

        A move that never fitted is tried again by sweeps only (H5).
        """
        again, doomed = {}, []
        for link in self._store.unsettled(pair):
            again[link.id] = Look(pair, link=link.id, swept=True, retry=link.refusals >= parents.MOST_REFUSALS)
            if link.doomed and not link.approved:
                doomed.append(link.id)
        return again, doomed

    def _too_many_deletions(self, pair: str, doomed: Sequence[str]) -> bool:
        if len(doomed) < 2:
            return False
        living = sum(link.state.alive for link in self._store.links(pair))
        return self._held(pair, guard.mass_deletion(self._rules(pair).limits, living, doomed), doomed)

    def _changed(self, pair: str, side: SideName, there: Side, *, full: bool) -> tuple[dict[str, str], str]:
        """What changed on a side, and the place in its feed to go on from; everything, if that place is unknown."""
        cursor = self._cursors.read(f"{pair}/{side}")
        ids: dict[str, str] = {}
        more, known = True, cursor is not None
        while more:
            feed = there.changed(cursor)
            ids |= dict.fromkeys(feed.ids, "")
            cursor, more = feed.cursor, feed.more
        if full or not known:
            ids.update((id, "") for id in there.everything())
        return ids, cursor or ""

    def _examined(self, pair: str, sides: Sides, news: News) -> tuple[Sequence[str], str]:
        """The links that people edited, and why they are too many, if they are.

        News are read where they are many: most are what we wrote ourselves (D4), or just stand beside what changed, as
        a feed that compares digests cannot tell. What is at rest in the PPM tool is struck out.
        """
        rules = self._rules(pair)
        if sum(map(len, news.values())) <= rules.limits.changes:
            return (), ""
        living, edited = 0, dict[str, None]()
        links: list[SyncLink] = []
        for link in self._store.links(pair):
            if link.state is not SyncState.SYNCED:
                continue
            living += 1
            if any(id in news[side] for side, id in link.ids.items()):
                links.append(link)
            if len(links) == LINKS_AT_ONCE:
                edited |= dict.fromkeys(_edited(rules, sides, links, news))
                links.clear()
        edited |= dict.fromkeys(_edited(rules, sides, links, news))
        return list(edited), guard.mass_change(rules.limits, living, len(edited))

    def _worth_a_look(self, pair: str, again: Mapping[str, Look], news: News, *, full: bool) -> Iterator[Look]:
        """Every link once, where the link of an item is known (D3)."""
        yield from again.values()
        for link in self._store.links(pair) if full else ():
            if link.state.alive:  # its items need no hints of their own, which would get in one another's way
                for side, id in link.ids.items():
                    news[side].pop(id, None)
                if link.id not in again:
                    yield Look(pair, link=link.id)
        yield from dict.fromkeys(
            Look(pair, link=link) if link else Look(pair, side, id)
            for side, ids in news.items()
            for id, link in ids.items()
            if link not in again
        )

    def _held(self, pair: str, reason: str, links: Sequence[str]) -> bool:
        if reason:
            self._store.set_hold(pair, Hold(reason, tuple(links), self._clock()))
        return bool(reason)


def _edited(rules: PairRules, sides: Sides, links: Iterable[SyncLink], news: News) -> Iterator[str]:
    """Those of `links` of which a side says what the two have not agreed on.

    Notes in the news which link an item has, so that nobody has to ask for it (D3), and strikes out what is at rest.
    """
    for side in SIDES:
        owners = {link.ids[side]: link for link in links if link.ids.get(side) in news[side]}
        news[side].update((id, link.id) for id, link in owners.items())
        for id, item in sides[side].read(owners, rules.keys(side)).items():
            if not item.in_bin and intents.touched(owners[id], named(rules.active), side, item):
                yield owners[id].id
            elif side is PPM and item.version == owners[id].versions.get(side):  # on boards, parents have none (H6)
                del news[side][id]
