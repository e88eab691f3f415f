"""The `Side` port over one project of Redmine 5, by its REST API.

Redmine has no conditional writes that its API could use: `lock_version` is honoured and never told. It says 204 to much
that it then passes over: a status that the workflow does not offer, a parent's dates, a field that the tracker does not
have. So a write reads the issue before and after, and Redmine's journals decide what became of it.

Its journals make this a side with history, whose user must therefore be nobody else's: what that user edits counts as
written by us. Issues are deleted for good or not at all, so nothing is put into a bin, and the feed does not tell of
deletes.
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import batched
from threading import Lock
from typing import Any

from requests.adapters import BaseAdapter

from shared.connectors.redmine import feed
from shared.connectors.redmine.catalogue import Catalogue, read_catalogue
from shared.connectors.redmine.fields import PARENT
from shared.connectors.redmine.issues import Issues, address
from shared.connectors.redmine.journals import Issue
from shared.connectors.redmine.people import People
from shared.connectors.redmine.translate import Raw, Translation, body
from shared.connectors.rest import Rest, basic
from shared.errors import Circular, InDoubt, Park, Refused, RetryLater, Stale
from shared.model import Capabilities, Feed, FieldInfo, Item, ItemChange, ItemDraft, Level, Selection
from shared.ports import Clock, Secrets

log = logging.getLogger(__name__)

MARKER_FIELD = "Boardbridge"
MARKERS_PER_CALL = 25  # as many as fit into a URL
CATALOGUE_KEPT_FOR = timedelta(minutes=1)
LATEST = timedelta(seconds=5)  # where it lacks a field: so one that nobody has is not looked for at each call
FORBIDDEN = "Redmine: answered 403"  # which Redmine has no words for


class RedmineSide:
    """The issues of `project`, an identifier as in Redmine's URLs, without those of its subprojects.

    The secret is the API key of a user who may view, add and edit issues and manage subtasks there. Only of an
    administrator does Redmine tell what kind of value a custom field has; others see them as texts. Items made by us
    bear their marker in the custom field named `marker_field`, of the format "Text" or "Link" and used as a filter.
    """

    def __init__(
        self,
        url: str,
        project: str,
        secrets: Secrets,
        secret: str,
        *,
        connection: str,
        clock: Clock,
        marker_field: str = MARKER_FIELD,
        timeout_seconds: float = 30,
        adapter: BaseAdapter | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._project = project
        self._connection = connection
        self._clock = clock
        self._marker_field = marker_field
        self._rest = Rest(
            "Redmine",
            self._url,
            secrets,
            secret,
            key_as_user,
            connection=connection,
            clock=clock,
            timeout_seconds=timeout_seconds,
            adapter=adapter,
        )
        self._issues = Issues(self._rest, project, timeout_seconds)
        self._people = People(self._rest, project, clock)
        self._known: tuple[datetime, Catalogue] | None = None
        self._one_asks = Lock()

    def close(self) -> None:
        self._rest.close()

    # ---------------------------------------------------------------- the side

    def check(self) -> None:
        """That the key is good, the project to be seen, and the field for markers there."""
        self._read_catalogue()

    def capabilities(self) -> Capabilities:
        return Capabilities(
            conditional_writes=False, history=True, parents=True, bins=False, percent_steps=tuple(range(101))
        )

    def fields(self) -> Mapping[str, FieldInfo]:
        return {key: field.info for key, field in self._translation().catalogue.fields.items()}

    def kinds(self, project: str) -> tuple[str, ...]:
        return self._translation().catalogue.kinds

    def levels(self, project: str) -> tuple[Level, ...]:
        """Trackers have none: any issue may stand under any other."""
        return ()

    # ---------------------------------------------------------------- read

    def read(self, ids: Collection[str], fields: Collection[str]) -> Mapping[str, Item]:
        """Redmine does not say apart what was deleted and what is hidden: both are missing here."""
        translation = self._translation(fields)
        versioned = self._issues.versioned(ids)
        return {str(issue["id"]): translation.item(issue, fields, version) for issue, version in versioned}

    def find(self, markers: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """A field that is no filter is passed over by Redmine, and then all issues are looked through."""
        translation = self._translation()
        found: dict[str, list[str]] = {marker: [] for marker in markers}
        for some in batched(found, MARKERS_PER_CALL, strict=False):
            for issue in self._issues.by_id({"_".join(translation.catalogue.marker): ("=", some)}):
                for marker in set(translation.item(issue, []).markers).intersection(some):
                    found[marker].append(str(issue["id"]))
        return {marker: tuple(ids) for marker, ids in found.items()}

    def everything(self) -> Iterator[str]:
        for issue in self._issues.by_id({}):
            yield str(issue["id"])

    def select(self, selection: Selection) -> frozenset[str]:
        raise Refused(422, "nothing was selected", [(name, "Redmine has no such filter") for name in selection.given])

    # ---------------------------------------------------------------- write

    def create(self, draft: ItemDraft, fields: Collection[str]) -> Item:
        """What Redmine passes over is not refused here, for the issue is made: it shows in what is returned."""
        translation = self._translation(draft.fields)
        issue = self._write("POST", "issues.json", translation.new_issue(draft))["issue"]
        made = translation.item(issue, fields)
        if draft.marker not in made.markers:
            log.warning(
                "issue %s has no marker, so it would be made twice if an answer were lost: "
                "use the custom field '%s' for the tracker '%s', and let our user edit it",
                *(made.id, self._marker_field, draft.kind),
            )
        return made

    def update(self, change: ItemChange, fields: Collection[str]) -> Item:
        """Only what the issue does not show yet is sent, because Redmine takes note even of a write of nothing.

        `Stale` after somebody else's edit in between leaves it open what was written: `written_by_us` says.
        """
        translation = self._translation(change.fields)
        issue = self._issues.alone(change.id)
        item = translation.item(issue, fields)
        if item.read_only:
            raise Park(item.read_only)
        if item.version != change.version:
            raise Stale(f"Redmine: issue {change.id} was edited since it was read")
        wanted = translation.not_yet_shown(issue, change.fields)
        if change.move and change.move.parent != item.parent:
            wanted[PARENT] = change.move.parent
        if not wanted:
            return item
        try:
            self._write("PUT", address(change.id), body(wanted))
        except Park as refused:
            if self._stands_under(wanted.get(PARENT), change.id):
                raise Circular(refused.reason) from refused
            raise
        return translation.item(self._read_back(translation, change, wanted), fields)

    def put_in_bin(self, id: str, version: str) -> None:
        raise Park(f"Redmine deletes for good, which is not done from here: close or delete issue {id} in Redmine")

    # ---------------------------------------------------------------- history

    def first_shown(self, id: str, fields: Collection[str]) -> Item | None:
        return self._translation().item_as_made(self._issues.alone(id), fields)

    def written_by_us(self, id: str, after: str, fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
        translation = self._translation()
        written: dict[str, Any] = {}
        for edit in translation.edits(self._issues.alone(id), after):
            if edit.user == translation.catalogue.user:
                written |= translation.set_by(edit, fields)
        return written

    # ---------------------------------------------------------------- the feed

    def changed(self, cursor: str | None) -> Feed:
        if cursor is None:
            return Feed((), self._cursor_of_now())
        seen = feed.parsed(cursor)
        start, offset = feed.begin(seen), 0
        while True:
            page, more = self._issues.changed_since(start, offset)
            news = feed.news(seen, page)
            if news or not more:
                return Feed(news, feed.cursor(seen, page), more)
            last = page[-1]["updated_on"]
            start, offset = (last, 0) if last > start else (start, offset + len(page))

    def _cursor_of_now(self) -> str:
        """By Redmine's own clock: what has changed until now is no news."""
        newest = self._issues.listed({}, sort="updated_on:desc", limit=1)
        start, pages, more = feed.begin([issue["updated_on"] for issue in newest]), [], bool(newest)
        while more:
            page, more = self._issues.changed_since(start, len(pages))
            pages += page
        return feed.cursor({}, pages)

    # ---------------------------------------------------------------- issues

    def _write(self, method: str, address: str, issue: Mapping[str, Any]) -> Any:
        try:
            return self._rest.write(method, address, {"issue": issue})
        except Park as refused:
            if refused.reason != FORBIDDEN:
                raise
            raise Park(
                f"Redmine does not let our user write to the project '{self._project}' (403): see whether it is closed,"
                " and whether the user's role may add and edit issues and manage subtasks"
            ) from refused

    def _stands_under(self, parent: str | None, id: str) -> bool:
        """Whether `parent` is `id` or somewhere below it. Redmine refuses a circle in words for much else, too."""
        passed: set[str] = set()
        while parent and parent != id and parent not in passed:
            passed.add(parent)
            issue = self._issues.alone_or_none(parent) or {}
            parent = str(issue["parent"]["id"]) if "parent" in issue else None
        return parent == id

    def _read_back(self, translation: Translation, change: ItemChange, wanted: Raw) -> Issue:
        """The issue after a write that Redmine answered well, if it took all of it and nobody else came in between."""
        try:
            issue = self._issues.alone(change.id)
        except RetryLater as unread:
            raise InDoubt(f"{unread.reason}; what became of a write was not seen") from unread
        edits = translation.edits(issue, change.version)
        if others := [edit for edit in edits if edit.user != translation.catalogue.user]:
            if any(edit.values.keys() & wanted.keys() for edit in others):  # SYNC.md, L1
                log.warning("issue %s was edited while we wrote the same fields: see its history", change.id)
            raise Stale(f"Redmine: issue {change.id} was edited while it was written")
        taken = {place for edit in edits for place in edit.values}
        left = {place: value for place, value in wanted.items() if place not in taken}
        if ignored := list(translation.ignored(issue, left)):
            raise Park(f"refused by target: Redmine {'; '.join(ignored)}. {_why(issue)}")
        return issue

    def _translation(self, fields: Collection[str] = ()) -> Translation:
        """A field that is not known may be new; taken for empty, what it holds could be written over."""
        with self._one_asks:
            suffices = self._known is not None and self._known[1].fields.keys() >= {*fields}
            kept_for = CATALOGUE_KEPT_FOR if suffices else LATEST
            if self._known is None or self._clock() - self._known[0] > kept_for:
                self._known = (self._clock(), self._read_catalogue())
            return Translation(self._known[1], self._people, self._project, self._url)

    def _read_catalogue(self) -> Catalogue:
        return read_catalogue(self._rest, self._project, self._marker_field, self._connection)


def key_as_user(key: str) -> str:
    """Redmine takes an API key for a user name, with any password."""
    return basic(key)("unused")


def _why(issue: Issue) -> str:
    if issue.get("children"):
        return "An issue with subtasks takes dates, priority and progress from them, and closes after them"
    return "So it does where the workflow, the tracker or the user's role does not allow a value"
