"""What to do next: every failure the product knows, named by its remedy rather than by its cause.

    BoardbridgeError
    ├── RetryLater         nothing is wrong with the item; look at it again after a while (costs no attempt)
    │   └── Throttled      the whole connection was told to wait
    ├── InDoubt            a write ended without an answer: it may have happened, or may still happen
    ├── Stale              somebody else wrote first: read again, decide again
    ├── Park               this one item needs a person; others go on
    │   ├── NotFound       the thing addressed is not there, or we may not see it
    │   └── Circular       a parent was refused because it would close a circle
    ├── StopConnection     nothing works on this connection until a person acts (expired token, stopped organisation)
    └── Refused            the caller sent something wrong: the answer to give, and what to fix
        └── NoTicket       a well-formed body in which no ticket can be found: it is kept in quarantine

Messages keep the other side's own sentence, never a token, and are cut to a readable length by `sentence`.
"""

from collections.abc import Collection, Sequence
from difflib import get_close_matches

MAX_SENTENCE_LENGTH = 500
FEW = 12  # names that can be listed in a sentence


def sentence(text: str) -> str:
    """The other side's words on one line, cut to a length that a log, a table cell and a person can take."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_SENTENCE_LENGTH else line[: MAX_SENTENCE_LENGTH - 1] + "…"


def resembling(name: str, known: Collection[str]) -> str:
    """What may have been meant by a name that is not `known`, as the end of a sentence."""
    names = {each.casefold(): each for each in known}
    if close := get_close_matches(name.casefold(), names):
        return f": do you mean {' or '.join(names[each] for each in close)}?"
    return f": {', '.join(known)}" if 0 < len(known) <= FEW else ""


class BoardbridgeError(Exception):
    """The common base. `reason` is one sentence for a person."""

    def __init__(self, reason: str) -> None:
        self.reason = sentence(reason)
        super().__init__(self.reason)


class RetryLater(BoardbridgeError):
    """Look at the item again after `after_seconds`; this is waiting, not failing."""

    def __init__(self, reason: str, after_seconds: float) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds


class Throttled(RetryLater):
    """The other side asked everyone on this connection to wait `after_seconds`."""


class InDoubt(BoardbridgeError):
    """A write was sent and no answer came back; it must not be repeated before it was searched for."""


class Stale(BoardbridgeError):
    """A conditional write lost its race (a 409 or 412); nothing was written."""


class Park(BoardbridgeError):
    """The other side refuses this one item for good; set it aside with the reason."""


class NotFound(Park):
    """Missing, deleted or not visible to us; the other side does not say which."""


class Circular(Park):
    """The other side refuses a parent because it would close a circle: what it stands under may move yet."""


class StopConnection(BoardbridgeError):
    """Nothing on `connection` can work until a person acts; `reason` says what to do."""

    def __init__(self, reason: str, connection: str) -> None:
        super().__init__(reason)
        self.connection = connection


class Refused(BoardbridgeError):
    """A request that cannot be taken: `status` is the HTTP answer, `faults` lists every (path, what to fix)."""

    def __init__(self, status: int, reason: str, faults: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(reason)
        self.status = status
        self.faults = tuple(faults)


class NoTicket(Refused):
    """The body parses but holds no ticket; `faults` names each expression looked for and where."""

    def __init__(self, reason: str, faults: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(422, reason, faults)
