"""The `Boards` port over Azure DevOps: work items as they are, written in single tested patches."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, timedelta

from requests.adapters import BaseAdapter

from shared.connectors.azure_devops import patches, translate
from shared.connectors.azure_devops.api import Api, Params, path
from shared.connectors.azure_devops.auth import Authenticator
from shared.connectors.azure_devops.metadata import Metadata
from shared.errors import Stale
from shared.model import Changes, Team, WorkItem, WorkItemChange, WorkItemComment, WorkItemDraft, WorkItemType
from shared.ports import Clock

MAX_URLS_PER_SEARCH = 200
WITH_LINKS = {"$expand": "relations"}
COMMENTS_VERSION = "7.1-preview.4"  # there is no other yet
ROWS_PER_BATCH = 200
CLOCKS_DIFFER_BY = timedelta(minutes=5)  # at most: ours and that of Azure DevOps
# The security namespace of tags and its right "Create tag definition".
TAGGING, CREATE_TAG = "bb50f182-8e5e-40b8-bc21-e8752a1e7ae2", 2


def _no_one(seconds: float) -> None:
    """For callers that have nobody to tell."""


class AzureDevOpsBoards:
    """One organisation; `url` as in `https://dev.azure.com/contoso`. Safe to share between threads.

    `connection` is its name in our configuration, for errors. `timeout_seconds` limits the wait for an answer.
    `on_throttle` is called with the seconds that everyone should wait when an answer asks for it although it succeeded.
    `adapter` replaces the network in tests.
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
        self._api = Api(
            url,
            authenticator,
            connection=connection,
            clock=clock,
            timeout_seconds=timeout_seconds,
            on_throttle=on_throttle,
            adapter=adapter,
        )
        self._clock = clock
        self._metadata = Metadata(self._api, clock)

    def close(self) -> None:
        self._api.close()

    def check(self) -> None:
        self._api.get("_apis/wit/workitemrelationtypes")  # short, and needs the scope that all our work needs

    def work_item(self, id: int) -> WorkItem:
        return translate.work_item(self._read(id), self._api.url)

    def revision(self, id: int, rev: int) -> WorkItem:
        return translate.work_item(self._api.get(f"_apis/wit/workItems/{id}/revisions/{rev}"), self._api.url)

    def create(self, draft: WorkItemDraft) -> WorkItem:
        patch = patches.to_create(draft, self._api.url)
        address = f"{path(draft.project)}/_apis/wit/workitems/${path(draft.type)}"
        return translate.work_item(self._api.patch("POST", address, patch, WITH_LINKS), self._api.url)

    def update(self, change: WorkItemChange) -> WorkItem:
        present = self._read(change.id) if patches.needs_present(change) else {}
        if present and present["rev"] != change.rev:
            raise Stale(f"work item {change.id} is at revision {present['rev']}, no longer at {change.rev}")
        patch = patches.to_update(change, self._api.url, present.get("fields", {}), present.get("relations") or ())
        if not patch:
            return translate.work_item(present or self._read(change.id), self._api.url)
        answer = self._api.patch("PATCH", f"_apis/wit/workitems/{change.id}", patch, WITH_LINKS)
        return translate.work_item(answer, self._api.url)

    def find_by_hyperlink(self, urls: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
        if len(urls) > MAX_URLS_PER_SEARCH:
            raise ValueError(f"search for at most {MAX_URLS_PER_SEARCH} URLs at once, not {len(urls)}")
        if not urls:
            return {}
        answer = self._api.query("_apis/wit/artifacturiquery", {"artifactUris": list(urls)})
        return translate.found(answer, urls)

    def work_item_type(self, project: str, name: str) -> WorkItemType:
        return self._metadata.work_item_type(project, name)

    def teams(self, project: str) -> tuple[Team, ...]:
        return self._metadata.teams(project)

    def current_iteration(self, project: str, team: str | None) -> str | None:
        return self._metadata.current_iteration(project, team)

    def areas(self, project: str) -> Mapping[str, str]:
        return self._metadata.areas(project)

    def iterations(self, project: str) -> tuple[str, ...]:
        return self._metadata.iterations(project)

    def tags(self, project: str) -> frozenset[str]:
        return self._metadata.tags(project)

    def may_create_tags(self, project: str) -> bool:
        token = f"/{self._metadata.project_id(project)}"
        return self._api.get(f"_apis/permissions/{TAGGING}/{CREATE_TAG}", {"tokens": token})["value"][0]

    def comments(self, id: int) -> tuple[WorkItemComment, ...]:
        # The only address that has the format is below the project, which a work item may leave.
        fields = self._api.get(f"_apis/wit/workitems/{id}", {"fields": "System.TeamProject"})["fields"]
        address = f"{path(fields['System.TeamProject'])}/_apis/wit/workItems/{id}/comments"
        params: Params = {"$expand": "renderedText", "order": "asc", "$top": ROWS_PER_BATCH}
        page = self._api.get(address, params, COMMENTS_VERSION)
        comments = list(page["comments"])
        while token := page.get("continuationToken"):
            page = self._api.get(address, {**params, "continuationToken": token}, COMMENTS_VERSION)
            comments += page["comments"]
        return tuple(translate.comment(each) for each in comments)

    def changed(self, cursor: str | None) -> Changes:
        if cursor is not None:
            return self._changes({"continuationToken": cursor})
        # Only a moment can be named to begin at: one that is past by either clock, and what was before now is passed.
        start = (self._clock() - CLOCKS_DIFFER_BY).astimezone(UTC)
        changes = self._changes({"startDateTime": f"{start:%Y-%m-%dT%H:%M:%SZ}"})
        while changes.more:
            changes = self._changes({"continuationToken": changes.cursor})
        return Changes((), changes.cursor, more=False)

    def _changes(self, begin: Params) -> Changes:
        params = {"includeLatestOnly": "true", "includeDeleted": "true", "fields": "System.Id"}
        rows = {"$maxPageSize": ROWS_PER_BATCH}
        return translate.changes(self._api.get("_apis/wit/reporting/workitemrevisions", {**params, **rows, **begin}))

    def _read(self, id: int) -> translate.Json:
        return self._api.get(f"_apis/wit/workitems/{id}", WITH_LINKS)
