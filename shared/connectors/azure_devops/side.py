"""The `Side` port over Azure DevOps: some projects of one organisation, whose work items are kept in step.

Beside `boards.py`, which is the same product for another promise: here items are read and written by many callers side
by side, so their calls are shared, and a parent can be taken away again.

A revision guards the fields of a work item and not its links, which make none. So a move reads the links right before
it writes, and a parent that came in between shows as `Stale` (there can only be one) or in what is returned.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from requests.adapters import BaseAdapter

from shared.connectors.azure_devops import patches, translate
from shared.connectors.azure_devops.api import Api, Params, Write, path
from shared.connectors.azure_devops.auth import Authenticator
from shared.connectors.azure_devops.batching import SharedCalls
from shared.connectors.azure_devops.feeds import Feeds
from shared.connectors.azure_devops.metadata import Metadata
from shared.connectors.azure_devops.selection import Selector
from shared.connectors.sharing import LONGEST_WAIT_SHARE
from shared.errors import BoardbridgeError, Circular, InDoubt, NotFound, Park, Stale
from shared.model import (
    Capabilities,
    Feed,
    FieldInfo,
    FieldType,
    Hyperlink,
    Item,
    ItemChange,
    ItemDraft,
    Level,
    Selection,
    WorkItemDraft,
)
from shared.ports import Clock

WITH_LINKS: Params = {"$expand": "relations"}
MARKER_COMMENT = "Kept in step by Boardbridge"
HIGHEST_ID = 2**31 - 1
ROWS_PER_PAGE = 200
# What a move is told: it would close a circle; another parent came since it looked.
CIRCLE, ANOTHER_PARENT = "TF201035", "TF201036"
DESCRIPTOR = re.compile(r"[a-z]{2,}\.[A-Za-z0-9_-]{16,}")  # as in `aad.NzYy…`

type Json = Mapping[str, Any]


def _no_one(seconds: float) -> None:
    """For callers that have nobody to tell."""


class Organisation:
    """What the sides of one organisation share: the connection, what is remembered, and the calls made together.

    The arguments are those of `AzureDevOpsBoards`. Safe to share between threads.
    """

    def __init__(
        self,
        url: str,
        authenticator: Authenticator,
        *,
        connection: str,
        clock: Clock,
        timeout_seconds: float = 30,
        on_throttle: Callable[[float], None] = _no_one,
        adapter: BaseAdapter | None = None,
    ) -> None:
        self.api = Api(
            url,
            authenticator,
            connection=connection,
            clock=clock,
            timeout_seconds=timeout_seconds,
            on_throttle=on_throttle,
            adapter=adapter,
        )
        self.clock = clock
        self.metadata = Metadata(self.api, clock)
        self.calls = SharedCalls(self.api, longest_wait_seconds=LONGEST_WAIT_SHARE * timeout_seconds)

    def close(self) -> None:
        self.api.close()


class AzureDevOpsSide:
    """Some `projects` of an organisation, by name. Safe to share between threads."""

    def __init__(self, organisation: Organisation, projects: Sequence[str]) -> None:
        self._api = organisation.api
        self._calls = organisation.calls
        self._metadata = organisation.metadata
        self._projects = tuple(projects)
        self._feeds = Feeds(self._api, self._metadata, self._projects, organisation.clock)
        self._selector = Selector(self._api, self._metadata, self._projects)

    def check(self) -> None:
        self._api.get("_apis/wit/workitemrelationtypes")  # short, and needs the scope that all our work needs

    def capabilities(self) -> Capabilities:
        return Capabilities(conditional_writes=True, history=True, parents=True, bins=True, born_first=True)

    def fields(self) -> Mapping[str, FieldInfo]:
        return self._metadata.fields_of(self._projects)

    def kinds(self, project: str) -> tuple[str, ...]:
        return self._metadata.kinds(project)

    def levels(self, project: str) -> tuple[Level, ...]:
        return self._metadata.levels(project)

    def read(self, ids: Collection[str], fields: Collection[str]) -> Mapping[str, Item]:
        found = self._calls.work_items([int(id) for id in dict.fromkeys(ids) if _possible(id)])
        return {str(id): self._item(json, fields) for id, json in found.items()}

    def create(self, draft: ItemDraft, fields: Collection[str]) -> Item:
        if not self._ours(draft.project):
            raise Park(f"'{draft.project}' is not one of this pair's projects: {', '.join(self._projects)}")
        made = WorkItemDraft(
            project=draft.project,
            type=draft.kind,
            fields=self._stated(draft.fields),
            hyperlinks=(Hyperlink(draft.marker, MARKER_COMMENT),),
            parent=None if draft.parent is None else int(draft.parent),
        )
        patch = patches.to_create(made, self._api.url)
        address = f"{path(draft.project)}/_apis/wit/workitems/${path(draft.kind)}"
        return self._written_item(self._calls.write(Write("POST", address, patch, WITH_LINKS)), fields)

    def update(self, change: ItemChange, fields: Collection[str]) -> Item:
        present = self._present(change.id) if patches.rests_on_present(change) or not change.fields else {}
        if present and str(present["rev"]) != change.version:
            raise Stale(f"work item {change.id} is at revision {present['rev']}, no longer at {change.version}")
        stated = ItemChange(change.id, change.version, self._stated(change.fields), change.move)
        patch = patches.to_sync(stated, self._api.url, present.get("fields", {}), present.get("relations") or ())
        if not patch:
            return self._item(present, fields)
        try:
            written = self._calls.write(Write("PATCH", f"_apis/wit/workitems/{change.id}", patch, WITH_LINKS))
        except Park as refused:
            if refused.reason.startswith(CIRCLE):
                raise Circular(refused.reason) from refused
            if refused.reason.startswith(ANOTHER_PARENT):
                raise Stale(refused.reason) from refused
            raise
        return self._written_item(written, fields)

    def put_in_bin(self, id: str, version: str) -> None:
        """The service deletes whatever is there, so the version is compared right before."""
        present = self._found(id)
        if "rev" not in present:
            return
        if str(present["rev"]) != version:
            raise Stale(f"work item {id} is at revision {present['rev']}, no longer at {version}")
        self._api.delete(f"_apis/wit/workitems/{id}")

    def find(self, markers: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """In the whole organisation: who moved an item to another project has not made room for a second one."""
        found = self._calls.found(list(dict.fromkeys(markers)))
        return {marker: tuple(str(id) for id in ids) for marker, ids in found.items()}

    def first_shown(self, id: str, fields: Collection[str]) -> Item:
        """Without parent and markers: links are not in revisions."""
        return self._item(self._api.get(f"_apis/wit/workItems/{path(id)}/revisions/1"), fields)

    def written_by_us(self, id: str, after: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        us, kinds, known = self._metadata.our_identity(), self._metadata.fields(), int(after or 0)
        stored: dict[str, Any] = {}
        for update in self._updates(id, known):
            if update["rev"] > known and update["revisedBy"]["id"] == us:
                set_to = {name: translate.plain(name, to.get("newValue")) for name, to in update["fields"].items()}
                stored |= {
                    name: set_to[name]
                    for name, wanted in fields.items()
                    if name in set_to and name in kinds and translate.same(kinds[name].type, set_to[name], wanted)
                }
        return stored

    def changed(self, cursor: str | None) -> Feed:
        return self._feeds.changed(cursor)

    def everything(self) -> Iterator[str]:
        return self._selector.everything()

    def select(self, selection: Selection) -> frozenset[str]:
        return self._selector.select(selection)

    def _item(self, json: Json, fields: Collection[str]) -> Item:
        shown = json.get("fields", {})
        ours = self._ours(shown.get("System.TeamProject", ""))
        known = self._fields_of(shown) if ours else ()
        return translate.item(json, self._api.url, fields, known, ours=ours)

    def _fields_of(self, shown: Mapping[str, Any]) -> Collection[str]:
        """The fields of a work item's type; of a type that is gone nothing is known."""
        return self._metadata.fields_by_type(shown["System.TeamProject"]).get(shown["System.WorkItemType"], ())

    def _ours(self, project: str) -> bool:
        return project.casefold() in {name.casefold() for name in self._projects}

    def _written_item(self, json: Json, fields: Collection[str]) -> Item:
        """As `_item`; but what fails now must not look as if nothing had been written."""
        try:
            return self._item(json, fields)
        except BoardbridgeError as error:
            raise InDoubt(f"work item {json['id']} was written, and then: {error.reason}") from error

    def _present(self, id: str) -> Json:
        present = self._found(id)
        if "rev" not in present:
            raise NotFound(f"work item {id} is in the recycle bin")
        return present

    def _found(self, id: str) -> Json:
        found = self._calls.work_items([int(id)] if _possible(id) else [])
        if not found:
            raise NotFound(f"work item {id} does not exist, or you do not have permissions to read it")
        return found[int(id)]

    def _updates(self, id: str, after: int) -> Iterator[Json]:
        """The changes of fields after a revision. There are at least as many updates as revisions before it."""
        skipped = after
        while page := self._api.get(
            f"_apis/wit/workItems/{path(id)}/updates", {"$top": ROWS_PER_PAGE, "$skip": skipped}
        )["value"]:
            yield from (update for update in page if update.get("fields"))
            skipped += len(page)

    def _stated(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._written(name, value) for name, value in fields.items()}

    def _written(self, name: str, value: Any) -> Any:
        """A value as a patch has it: tags in one text, and a person without a unique name by descriptor."""
        if isinstance(value, list):
            return "; ".join(value)
        if isinstance(value, str) and DESCRIPTOR.fullmatch(value):
            info = self._metadata.fields().get(name)
            return {"descriptor": value} if info and info.type is FieldType.IDENTITY else value
        return value


def _possible(id: str) -> bool:
    return id.isdecimal() and int(id) <= HIGHEST_ID
