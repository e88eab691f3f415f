"""The cursor of the feed of changed issues; arithmetic only.

Redmine's time of change counts seconds, and is taken when a save begins: an issue may show a little later than its time
says, and change again within the same second. So each look starts a little before the end of the last, and the cursor
is what was seen in that while: by second and id, how an issue looked. It is news if it looks different.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from shared.connectors.redmine.journals import Issue, look
from shared.errors import Park

OVERLAP = timedelta(seconds=10)
REMEMBERED = OVERLAP + timedelta(seconds=1)  # because Redmine's filter is off by up to a second

type Seen = Mapping[str, Mapping[str, str]]


def parsed(cursor: str) -> Seen:
    try:
        return json.loads(cursor)["seen"]
    except (ValueError, TypeError, KeyError) as unknown:
        raise Park("Redmine: this is no cursor of the feed of issues; begin anew without one") from unknown


def cursor(seen: Seen, page: Sequence[Issue]) -> str:
    """What was seen until now and on a page more, without what the next look does not come back to."""
    grown = {second: dict(looks) for second, looks in seen.items()}
    for issue in page:
        grown.setdefault(issue["updated_on"], {})[str(issue["id"])] = look(issue)
    start = _before(max(grown, default=""), REMEMBERED)
    return json.dumps({"seen": {second: looks for second, looks in grown.items() if second >= start}})


def begin(seen: Seen | Sequence[str]) -> str:
    """Where to look from, as the seconds in `seen` have it; empty before anything was seen."""
    return _before(max(seen, default=""), OVERLAP)


def news(seen: Seen, page: Sequence[Issue]) -> tuple[str, ...]:
    return tuple(
        str(issue["id"]) for issue in page if seen.get(issue["updated_on"], {}).get(str(issue["id"])) != look(issue)
    )


def _before(second: str, while_: timedelta) -> str:
    return f"{datetime.fromisoformat(second) - while_:%Y-%m-%dT%H:%M:%SZ}" if second else ""
