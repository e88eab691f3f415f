"""Pairs kept going: hints followed, sweeps on their hours, and a pair that waits for a person let go on."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.errors import Park, Refused, RetryLater, StopConnection
from shared.links import Look
from shared.ports import Cursors, Looks
from shared.sync.agreements import stamp
from shared.sync.hand import Outcome
from shared.sync.pairs import rows
from shared.sync.pairs.desk import Desk
from shared.sync.pairs.plans import PairPlans
from shared.sync.pairs.rows import Json
from shared.sync.service import SyncService

log = logging.getLogger(__name__)

FULL_SWEEP_EVERY = timedelta(days=1)
NO_PAIR = "unknown pair"


class Upkeep:
    def __init__(self, sync: SyncService, plans: PairPlans, looks: Looks, cursors: Cursors, desk: Desk) -> None:
        self._sync = sync
        self._plans = plans
        self._looks = looks
        self._cursors = cursors
        self._desk = desk

    def handle(self, look: Look) -> str:
        """Follow one hint. One of a pair that is not configured any more is dropped."""
        try:
            if look.pair not in {pair.name for pair in self._desk.pairs.all()}:
                return NO_PAIR
        except RetryLater as wait:  # there is no configuration at the moment
            self._looks.send(look, wait.after_seconds)
            return str(Outcome.POSTPONED)
        return str(self._plans.follow(look) if look.plan else self._sync.handle(look))

    def sweep(self) -> dict[str, int | str]:
        """Sweep every pair: how many hints were sent for each, or why it has to wait. One does not hold up another."""
        found: dict[str, int | str] = {}
        for pair in self._desk.pairs.all():
            try:
                found[pair.name] = self._sweep(pair.name)
            except (RetryLater, Park, StopConnection) as wait:
                log.warning("pair '%s' was not swept: %s", pair.name, wait.reason)
                found[pair.name] = wait.reason
        return found

    def _sweep(self, pair: str) -> int | str:
        """The feeds, and everything once a day and after a change of rules; in this order, because the feeds tell of
        mass changes (X3). At first there is no place in the feeds to go on from, and everything is all there is."""
        last = self._cursors.read(f"{pair}/full")
        sent = self._sync.sweep(pair, full=last is None)
        if (hold := self._desk.store.hold(pair)) is not None:
            return f"it waits for a person: {hold.reason}"
        now, rules = self._desk.clock(), stamp(self._desk.pairs.rules(pair))
        at, _, followed = (last or "").partition(" ")
        if followed != rules or now - datetime.fromisoformat(at) >= FULL_SWEEP_EVERY:
            if last is not None:
                sent += self._sync.sweep(pair, full=True)
            self._cursors.write(f"{pair}/full", f"{now.isoformat()} {rules}")
        return sent

    # ---------------------------------------------------------------- a pair that waits for a person

    def approve(self, pair: str, links: Sequence[str]) -> Json:
        """Let the pair go on, and exactly these deletions be carried over."""
        self._desk.pairs.pair(pair)
        hold = self._desk.store.hold(pair)
        if hold is None:
            raise Refused(409, f"pair '{pair}' does not wait for anybody")
        faults = [
            (f"links[{index}]", f"link '{link}' is not one of those that the pair waits for")
            for index, link in enumerate(links)
            if link not in hold.links
        ]
        if faults:
            raise Refused(422, "nothing was approved", faults)
        self._sync.approve(pair, links)
        return {"approved": list(links), "hold": rows.hold(self._desk.store.hold(pair))}
