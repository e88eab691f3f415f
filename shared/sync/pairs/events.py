"""What other systems tell of changes, turned into hints: they say where to look and carry nothing to apply (D1).

Losing every event costs latency only (D2), so all that matters here is that a storm of them is cheap: nobody outside is
asked, and there is one message for each pair and item.
"""

from collections.abc import Callable, Collection, Mapping

from shared.configuration import PPM_KINDS_WITH_WEBHOOKS, Configuration, Pair
from shared.errors import Refused
from shared.links import Look
from shared.ports import EVENTS_HEADER, Looks
from shared.sync.pairs.admission import Admission
from shared.sync.pairs.subscriptions import SubscriptionUpkeep
from shared.sync.rules import BOARDS, PPM


class Events:
    """Projects are named as in the pairs; where an event names none, all pairs are meant."""

    def __init__(
        self,
        configuration: Callable[[], tuple[Configuration, str]],
        looks: Looks,
        admission: Admission,
        subscriptions: SubscriptionUpkeep,
    ) -> None:
        self._configuration = configuration
        self._looks = looks
        self._admission = admission
        self._subscriptions = subscriptions

    def admit(self, headers: Mapping[str, str], tool: str | None = None) -> None:
        """Let in who shows our secret; `headers` have names in lower case, `tool` is the PPM connection that tells.

        `Refused`: 401 for everybody else, 404 for a tool that there is not, or that has no webhooks.
        """
        given = headers.get(EVENTS_HEADER.lower(), "")
        if not given or not self._admission.knows(given):
            if given:
                self._subscriptions.soon_if_renewed()
            raise Refused(401, f"the header {EVENTS_HEADER} does not have the secret of Boardbridge's subscriptions")
        if tool is not None:
            self._refuse_silent(tool)

    def board_changed(self, item: str, projects: Collection[str]) -> int:
        """Have every pair look at a work item; returns how many will."""
        pairs = [pair for pair in self._listening() if _meant(pair.boards.projects, projects)]
        for pair in pairs:
            self._looks.send(Look(pair.name, BOARDS, item))
        return len(pairs)

    def tasks_changed(self, connection: str, tasks: Collection[str], projects: Collection[str]) -> int:
        """Have every pair of a PPM connection look at these tasks; returns how many pairs will."""
        pairs = [
            pair
            for pair in self._listening()
            if pair.ppm.connection == connection and _meant([pair.ppm.project], projects)
        ]
        for pair in pairs:
            for task in tasks:
                self._looks.send(Look(pair.name, PPM, task))
        return len(pairs)

    def _listening(self) -> list[Pair]:
        return [pair for pair in self._configuration()[0].pairs if pair.events]

    def _refuse_silent(self, tool: str) -> None:
        there = self._configuration()[0].ppm
        if tool not in there:
            raise Refused(404, f"there is no PPM tool '{tool}': {', '.join(there) or 'none'}")
        if (kind := there[tool].kind) not in PPM_KINDS_WITH_WEBHOOKS:
            raise Refused(404, f"'{tool}' is a {kind}, which has no webhooks: the hourly sweep finds its changes")


def _meant(own: Collection[str], told: Collection[str]) -> bool:
    return not told or not {name.casefold() for name in own}.isdisjoint(name.casefold() for name in told)
