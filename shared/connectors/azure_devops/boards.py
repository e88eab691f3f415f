"""The `Boards` port over Azure DevOps: work items as they are, written in single tested patches."""

from collections.abc import Callable, Mapping, Sequence

from requests.adapters import BaseAdapter

from shared.connectors.azure_devops import patches, translate
from shared.connectors.azure_devops.api import Api, path
from shared.connectors.azure_devops.auth import Authenticator
from shared.connectors.azure_devops.metadata import Metadata
from shared.errors import Stale
from shared.model import Team, WorkItem, WorkItemChange, WorkItemDraft, WorkItemType
from shared.ports import Clock

MAX_URLS_PER_SEARCH = 200


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
        return translate.work_item(self._api.patch("POST", address, patch, expand="relations"), self._api.url)

    def update(self, change: WorkItemChange) -> WorkItem:
        present = self._read(change.id) if patches.needs_present(change) else {}
        if present and present["rev"] != change.rev:
            raise Stale(f"work item {change.id} is at revision {present['rev']}, no longer at {change.rev}")
        patch = patches.to_update(change, self._api.url, present.get("fields", {}), present.get("relations") or ())
        if not patch:
            return translate.work_item(present or self._read(change.id), self._api.url)
        answer = self._api.patch("PATCH", f"_apis/wit/workitems/{change.id}", patch, expand="relations")
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

    def _read(self, id: int) -> translate.Json:
        return self._api.get(f"_apis/wit/workitems/{id}", expand="relations")
