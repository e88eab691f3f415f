"""The issues of one project as Redmine shows them: one alone with its journals, or a page of many without.

The version of an issue is in its journals, so it has to be read alone. But one that still looks as it did then, the
second of its last change included, has been edited no more: that is seen in a list, which those who read side by side
share. What a list cannot tell is an edit undone within one second. Then the version is an old one, and the read before
a write, which is always of the issue alone, sees the newer.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

from shared.connectors.redmine import journals
from shared.connectors.redmine.journals import Issue
from shared.connectors.rest import Rest, path
from shared.connectors.sharing import LONGEST_WAIT_SHARE, Company, Shared
from shared.errors import NotFound, Park

PAGE_SIZE = 100  # Redmine's largest
READERS = 8
MOST_REMEMBERED = 10_000  # issues, by a few hundred bytes each

type Filters = Mapping[str, tuple[str, Sequence[str]]]  # (operator, values) by field
type Versioned = tuple[Issue, str]


class Issues:
    """Those of `project` itself, without its subprojects. Safe to share between threads."""

    def __init__(self, rest: Rest, project: str, timeout_seconds: float) -> None:
        self._rest = rest
        self._project = project
        self._versions = _Versions()
        self._unchanged = Shared(
            self._list_unchanged,
            Company(),
            most_at_once=PAGE_SIZE,
            longest_wait_seconds=LONGEST_WAIT_SHARE * timeout_seconds,
        )

    def alone(self, id: str) -> Issue:
        """An issue, of whichever project, with its journals and children."""
        try:
            issue = self._rest.get(address(id), include="journals,children")["issue"]
        except NotFound as missing:
            raise NotFound(f"Redmine: there is no issue {id}, or our user may not see it") from missing
        self._versions.remember(id, issue)
        return issue

    def alone_or_none(self, id: str) -> Issue | None:
        try:
            return self.alone(id)
        except Park:
            return None

    def versioned(self, ids: Collection[str]) -> Iterator[Versioned]:
        """Issues as they are now, with their versions. Those deleted or hidden are missing."""
        known = [id for id in ids if id in self._versions]
        found = [each for each in self._unchanged(known) if each]
        rest = set(ids) - {str(issue["id"]) for issue, _ in found}
        yield from found
        for issue in self._all_alone(rest):
            if issue:
                yield issue, journals.version(issue)

    def by_id(self, filters: Filters) -> Iterator[Issue]:
        """All of them; pages go by ids, which stay in place while issues change and go."""
        last = 0
        while page := self.listed({**filters, "issue_id": (">=", [str(last + 1)])}, sort="id"):
            yield from page
            last = page[-1]["id"]

    def changed_since(self, start: str, offset: int) -> tuple[list[Issue], bool]:
        """One page, oldest change first, and whether there is another."""
        page = self.listed({"updated_on": (">=", [start])} if start else {}, sort="updated_on,id", offset=offset)
        return page, len(page) == PAGE_SIZE

    def listed(self, filters: Filters, *, sort: str, offset: int = 0, limit: int | None = None) -> list[Issue]:
        """Open and closed ones, without their journals."""
        filters = {"status_id": ("*", []), "subproject_id": ("!*", []), **filters}
        params: dict[str, Any] = {"project_id": self._project, "sort": sort, "offset": offset}
        params |= {"limit": limit or PAGE_SIZE, "f[]": list(filters)}
        for name, (operator, values) in filters.items():
            params |= {f"op[{name}]": operator, f"v[{name}][]": list(values)}
        return self._rest.get("issues.json", **params)["issues"]

    def _all_alone(self, ids: Collection[str]) -> list[Issue | None]:
        if len(ids) <= 1:
            return [self.alone_or_none(id) for id in ids]
        with ThreadPoolExecutor(READERS) as pool:
            return list(pool.map(self.alone_or_none, ids))

    def _list_unchanged(self, ids: Sequence[str]) -> list[Versioned | None]:
        """None for each that must be read alone; that is one by itself, too, which costs a call in any case."""
        wanted = dict.fromkeys(ids)
        if len(wanted) == 1:
            return [None] * len(ids)
        page = self.listed({"issue_id": ("=", [",".join(wanted)])}, sort="id")
        unchanged = {str(issue["id"]): (issue, version) for issue in page if (version := self._versions.of(issue))}
        return [unchanged.get(id) for id in ids]


class _Versions:
    """The versions of the issues that were read last, each with how the issue looked then."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, id: str) -> bool:
        return id in self._known

    def of(self, issue: Issue) -> str | None:
        """None if it looks otherwise by now."""
        look, version = self._known.get(str(issue["id"]), ("", None))
        return version if look == journals.look(issue) else None

    def remember(self, id: str, issue: Issue) -> None:
        with self._lock:
            self._known[id] = journals.look(issue), journals.version(issue)
            self._known.move_to_end(id)
            while len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)


def address(id: str) -> str:
    return f"{path('issues', id)}.json"
