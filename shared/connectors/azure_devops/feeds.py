"""What changed in an organisation, from its two reporting feeds read as one.

Two, because a link between work items makes no revision: who only reads revisions never hears of a new parent. They are
read for the whole organisation, which is one call each however many projects a side has, and cut down to its projects.
One cursor has the places in both; a feed that is drained is not asked again before the other is.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any

from shared.connectors.azure_devops.api import Api, Params
from shared.connectors.azure_devops.metadata import Metadata
from shared.errors import Park
from shared.model import Feed
from shared.ports import Clock

ROWS_PER_PAGE = 200
CLOCKS_DIFFER_BY = timedelta(minutes=5)  # at most: ours and that of Azure DevOps
REVISIONS, LINKS = "revisions", "links"
ADDRESSES = {REVISIONS: "_apis/wit/reporting/workitemrevisions", LINKS: "_apis/wit/reporting/workitemlinks"}
FILTERS: Mapping[str, Params] = {
    REVISIONS: {
        "includeLatestOnly": "true",
        "includeDeleted": "true",
        "fields": "System.Id,System.TeamProject",
        "$maxPageSize": ROWS_PER_PAGE,
    },
    LINKS: {"linkTypes": "System.LinkTypes.Hierarchy"},
}

type Json = Mapping[str, Any]


class Feeds:
    """The feeds as the work items of `projects` show in them."""

    def __init__(self, api: Api, metadata: Metadata, projects: Sequence[str], clock: Clock) -> None:
        self._api = api
        self._metadata = metadata
        self._projects = projects
        self._clock = clock

    def changed(self, cursor: str | None) -> Feed:
        if cursor is None:
            return Feed((), _cursor({name: self._end(name) for name in ADDRESSES}, ()))
        places, behind = _places(cursor)
        pages = {name: self._page(name, {"continuationToken": places[name]}) for name in behind or ADDRESSES}
        more = [name for name, page in pages.items() if not page["isLastBatch"]]
        ids = dict.fromkeys(str(id) for name, page in pages.items() for id in self._touched(name, page["values"]))
        places |= {name: page["continuationToken"] for name, page in pages.items()}
        return Feed(tuple(ids), _cursor(places, more), more=bool(more))

    def _end(self, name: str) -> str:
        """Where a feed ends now. Only a moment can be named to begin at: one that is past by either clock."""
        start = (self._clock() - CLOCKS_DIFFER_BY).astimezone(UTC)
        page = self._page(name, {"startDateTime": f"{start:%Y-%m-%dT%H:%M:%SZ}"})
        while not page["isLastBatch"]:
            page = self._page(name, {"continuationToken": page["continuationToken"]})
        return page["continuationToken"]

    def _page(self, name: str, begin: Params) -> Json:
        return self._api.get(ADDRESSES[name], {**FILTERS[name], **begin})

    def _touched(self, name: str, rows: Sequence[Json]) -> Iterator[int]:
        if name == LINKS:
            return self._children(rows)
        wanted = {project.casefold() for project in self._projects}
        return (row["id"] for row in rows if row["fields"].get("System.TeamProject", "").casefold() in wanted)

    def _children(self, rows: Sequence[Json]) -> Iterator[int]:
        """Of a link between parent and child the child: it is its parent that came or went."""
        if not rows:
            return
        wanted = {self._metadata.project_id(project) for project in self._projects}
        for link in (row["attributes"] for row in rows):
            child = "source" if link["linkType"].endswith("-Reverse") else "target"
            if link.get(f"{child}ProjectId") in (None, *wanted):
                yield link[f"{child}Id"]


def _cursor(places: Mapping[str, str], behind: Sequence[str]) -> str:
    return json.dumps({**places, "behind": list(behind)}, separators=(",", ":"))


def _places(cursor: str) -> tuple[dict[str, str], Sequence[str]]:
    try:
        read = json.loads(cursor)
        return {name: read[name] for name in ADDRESSES}, read["behind"]
    except (ValueError, KeyError, TypeError) as error:
        raise Park(f"'{cursor}' is no place in the feeds of Azure DevOps") from error
