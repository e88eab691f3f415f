"""What the probes of all products have in common: the order of the questions, and what each way of failing says.

Separate because what is needed differs from product to product, and what "no" looks like does not: first that the
address answers and the token is taken, which one call shows; only then every single permission.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import NotLetIn, Park, RetryLater, StopConnection, Throttled
from shared.model import ADDRESS, TOKEN, Requirement
from shared.ports import Clock, Itsm

EXPIRY = "expiry"
ASK_AGAIN = "Ask again in a while."
ELSEWHERE = "Correct the address, or see whether the product runs."
EXPIRES_SOON = timedelta(days=14)


class Untold(Exception):
    """Nobody can tell whether something holds; the message says why."""


@dataclass(frozen=True, slots=True)
class Need:
    """`ask` says how the `item` holds; it raises `Untold`, or what any call raises. `fix` is for a person."""

    item: str
    ask: Callable[[], str]
    fix: str


def probed(
    url: str, require_credential: Callable[[], None], greet: Callable[[], str], needs: Sequence[Need]
) -> tuple[Requirement, ...]:
    """Address, token and `needs`, which are asked for only once the token was taken.

    `require_credential` raises where there is none; `greet` calls the product at `url` and says as whom it knows us.
    """
    address, token = _entrance(url, require_credential, greet)
    if not token.ok:
        reason = "this was not asked, because the token comes first"
        return address, token, *(Requirement(need.item, None, reason) for need in needs)
    return address, token, *(_asked(need) for need in needs)


def expiry(moment: datetime | None, clock: Clock) -> str:
    """Until when a token is good; raises `Untold` without a moment, and `Park` if there is little left to renew it."""
    if moment is None:
        raise Untold("the product does not tell when this token expires")
    if moment - clock() < EXPIRES_SOON:
        raise Park(f"it expires on {moment:%Y-%m-%d %H:%M} UTC, which is soon")
    return f"it is good until {moment:%Y-%m-%d %H:%M} UTC"


def in_each(projects: Sequence[str], ask: Callable[[str], object]) -> str:
    """Asks of each project; raises for the first that is refused, by its name, and `Untold` if there is none."""
    if not projects:
        raise Untold("no pair names a project of this connection yet")
    for project in projects:
        try:
            ask(project)
        except NotLetIn:
            raise
        except (Park, StopConnection) as refused:
            raise Park(f"{project}: {refused.reason}") from refused
    return f"it holds in {', '.join(projects)}"


class ItsmProbe:
    """The `Probe` port over any ITSM product at `url`, by nothing but the `Itsm` port.

    `require_credential` raises where there is none.
    """

    def __init__(self, url: str, require_credential: Callable[[], None], product: Itsm, clock: Clock) -> None:
        self._url = url
        self._require_credential = require_credential
        self._product = product
        self._clock = clock

    def probe(self) -> tuple[Requirement, ...]:
        return probed(self._url, self._require_credential, self._greet, self._needs())

    def _greet(self) -> str:
        self._product.check()
        return "it was accepted"

    def _needs(self) -> Sequence[Need]:
        rights = "Give the account the rights that the product's page names."
        return (
            Need(EXPIRY, lambda: expiry(None, self._clock), "Look it up where it was made, and note the day."),
            Need("tickets read", self._read, rights),
            Need("tickets write", _only_writing_tells, f"If an answer to a ticket is refused: {rights}"),
        )

    def _read(self) -> str:
        next(iter(self._product.changed_since(self._clock(), comments=False)), None)
        return "the tickets that changed last could be listed"


def _only_writing_tells() -> str:
    raise Untold("the product tells only when something is written")


def _entrance(
    url: str, require_credential: Callable[[], None], greet: Callable[[], str]
) -> tuple[Requirement, Requirement]:
    answers = Requirement(ADDRESS, True, f"{url} answers")
    unasked = Requirement(ADDRESS, None, "this was not asked, because there is no token to ask with")
    try:
        require_credential()
    except RetryLater as wait:
        return unasked, Requirement(TOKEN, None, wait.reason, ASK_AGAIN)
    except NotLetIn as refused:
        return unasked, Requirement(TOKEN, False, refused.said, refused.remedy)
    except StopConnection as missing:
        return unasked, Requirement(TOKEN, False, missing.reason, "Put the connection again, with its token.")
    untried = Requirement(TOKEN, None, "this was not asked, because the address comes first")
    try:
        return answers, Requirement(TOKEN, True, greet())
    except NotLetIn as refused:
        return answers, Requirement(TOKEN, False, refused.said, refused.remedy)
    except Throttled as wait:
        return answers, Requirement(TOKEN, None, wait.reason, ASK_AGAIN)
    except (RetryLater, StopConnection, Park) as failure:
        return Requirement(ADDRESS, False, failure.reason, ELSEWHERE), untried
    except (LookupError, TypeError, AttributeError):  # JSON of another shape, so of another product
        return Requirement(ADDRESS, False, f"{url} answers, but not as this product does", ELSEWHERE), untried


def _asked(need: Need) -> Requirement:
    try:
        return Requirement(need.item, True, need.ask())
    except Untold as untold:
        return Requirement(need.item, None, str(untold), need.fix)
    except RetryLater as wait:
        return Requirement(need.item, None, wait.reason, ASK_AGAIN)
    except NotLetIn as refused:
        return Requirement(need.item, False, refused.said, refused.remedy if refused.by_policy else need.fix)
    except (StopConnection, Park) as refused:
        return Requirement(need.item, False, refused.reason, need.fix)
