"""What makes the sync faster than hourly, kept going: every product of the pairs is to tell us of changes, unasked.

A product that will not, or cannot reach us, costs latency only (D2): the reason is logged and noted for whoever looks
at the pair, and nothing fails.
"""

import json
import logging
from collections.abc import Callable, Collection, Mapping
from urllib.parse import quote, urlsplit

from shared.configuration import Configuration, Pair
from shared.errors import BoardbridgeError, Park
from shared.links import Look
from shared.model import SideName
from shared.ports import Cursors, Looks, SubscriptionsDoor
from shared.sync.pairs.admission import Admission
from shared.sync.rules import BOARDS, PPM, SIDES

log = logging.getLogger(__name__)

OK, OFF, UNCHECKED = "ok", "off", "not looked at yet"
SWEPT_ONLY = "it has no webhooks: the hourly sweep finds its changes"
LOOPBACK = ("127.0.0.1", "localhost")
ALL_PAIRS = Look("")
IN_USE = "secret of the subscriptions"  # the cursor with the version that was last put into them

type Refusals = Mapping[str, str]  # why changes are not told, by project


class SubscriptionUpkeep:
    """`doors` are the ways to the products that can tell of changes, by connection; `address` is where we are."""

    def __init__(
        self,
        *,
        configuration: Callable[[], tuple[Configuration, str]],
        doors: Callable[[Configuration], Mapping[str, SubscriptionsDoor]],
        admission: Admission,
        looks: Looks,
        cursors: Cursors,
        address: str,
    ) -> None:
        self._configuration = configuration
        self._doors = doors
        self._admission = admission
        self._looks = looks
        self._cursors = cursors
        self._address = address

    def soon(self) -> None:
        """Have all subscriptions looked at by whoever takes the next message."""
        self._looks.send(ALL_PAIRS)

    def soon_if_renewed(self) -> None:
        """Somebody came with a wrong secret: with an old one of ours, if it was renewed since the last look."""
        last = self._cursors.read(IN_USE)
        if last is not None and self._admission.renewed_since(last):
            self.soon()

    def mend(self) -> int:
        """Put right what is not as it should be; returns how many pairs hear of changes, from one side at least."""
        configuration, _ = self._configuration()
        refusals = {name: self._ensure(configuration, name, door) for name, door in self._doors(configuration).items()}
        notes = {pair.name: _note(configuration, pair, refusals) for pair in configuration.pairs}
        for pair, note in notes.items():
            self._cursors.write(_noted(pair), json.dumps(note))
        return sum(OK in note.values() for note in notes.values())

    def standing(self, pair: str) -> Mapping[str, str]:
        """By side, `ok` or why its changes are not told, as it was at the last look."""
        note = self._cursors.read(_noted(pair))
        return dict.fromkeys(SIDES, UNCHECKED) if note is None else json.loads(note)

    def _ensure(self, configuration: Configuration, name: str, door: SubscriptionsDoor) -> Refusals:
        projects = _projects(configuration, name)
        try:
            secret = self._admission.secret()
            self._cursors.write(IN_USE, secret.version)
            _refuse_out_of_reach(self._address, configuration.connections[name].url)
            with door.open() as there:
                refusals = there.ensure(self._address + _path(configuration, name), secret, projects)
        except BoardbridgeError as error:
            refusals = dict.fromkeys(projects, error.reason)
        for project, reason in refusals.items():
            log.warning("changes in %s/%s are seen by the hourly sweep only: %s", name, project, reason)
        return refusals


def _refuse_out_of_reach(address: str, url: str) -> None:
    """What runs on this machine can post to this machine; everybody else needs an address of the internet."""
    parts = urlsplit(address)
    if urlsplit(url).hostname not in LOOPBACK and (parts.scheme != "https" or parts.hostname in LOOPBACK):
        raise Park(f"nobody outside can post to {address}: set PUBLIC_URL to an https:// address of this app")


def _path(configuration: Configuration, connection: str) -> str:
    return f"/api/ppm/{quote(connection, safe='')}/events" if connection in configuration.ppm else "/api/boards/events"


def _projects(configuration: Configuration, connection: str) -> Collection[str]:
    """Those of all pairs that want to hear of changes; each once."""
    pairs = [pair for pair in configuration.pairs if pair.events]
    if connection in configuration.ppm:
        return dict.fromkeys(pair.ppm.project for pair in pairs if pair.ppm.connection == connection)
    return dict.fromkeys(project for pair in pairs for project in pair.boards.projects)


def _note(configuration: Configuration, pair: Pair, refusals: Mapping[str, Refusals]) -> Mapping[SideName, str]:
    if not pair.events:
        return dict.fromkeys(SIDES, OFF)
    return {
        BOARDS: _told(refusals.get(configuration.boards[0]), pair.boards.projects),
        PPM: _told(refusals.get(pair.ppm.connection), [pair.ppm.project]),
    }


def _told(refusals: Refusals | None, projects: Collection[str]) -> str:
    if refusals is None:
        return SWEPT_ONLY
    return "; ".join(dict.fromkeys(refusals[project] for project in projects if project in refusals)) or OK


def _noted(pair: str) -> str:
    return f"{pair}/events"
