"""Subscriptions: who wants to hear of what, how well it goes, and what has been sent."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from infra.local.azure_devops.boards.identities import Identity
from infra.local.azure_devops.boards.process import catalogue
from infra.local.azure_devops.boards.rules import Rules, split_tags
from infra.local.azure_devops.hooks.events import Event

type Status = Literal["enabled", "onProbation", "disabledByUser", "disabledBySystem"]
type Result = Literal["pending", "succeeded", "failed", "filtered"]

KEPT_NOTIFICATIONS = 500


@dataclass(slots=True, eq=False)
class Notification:
    """One event on its way to one subscriber. `response` and `error` are for whoever looks for a fault."""

    id: int
    body: dict[str, Any]
    created: str
    modified: str
    status: Literal["queued", "requestInProgress", "completed"] = "queued"
    result: Result = "pending"
    attempts: int = 0
    response: str = ""
    error: str | None = None


@dataclass(slots=True, eq=False)
class Subscription:
    """Inputs are texts, empty ones left out. `retries` counts those made on probation."""

    id: str
    event_type: str
    resource_version: str
    publisher_inputs: dict[str, str]
    consumer_inputs: dict[str, str]
    created_by: Identity
    created: str
    modified: str
    status: Status = "enabled"
    retries: int = 0
    last_retry: str | None = None
    notifications: deque[Notification] = field(default_factory=lambda: deque(maxlen=KEPT_NOTIFICATIONS))

    @property
    def active(self) -> bool:
        return self.status in ("enabled", "onProbation")

    def wants(self, event: Event, rules: Rules) -> bool:
        """Whether every filter lets the event through; a filter left empty lets everything."""
        inputs, fields = self.publisher_inputs, event.revision.fields
        wanted = {name: inputs.get(name, "").strip().casefold() for name in FILTERS}
        tags = [tag.casefold() for tag in split_tags(fields.get("System.Tags", ""))]
        return (
            self.event_type == event.type
            and wanted["projectId"] in ("", event.project.id.casefold(), event.project.name.casefold())
            and _under(fields["System.AreaPath"].casefold(), wanted["areaPath"])
            and wanted["workItemType"] in ("", fields["System.WorkItemType"].casefold())
            and wanted["tag"] in ("", *tags)
            and (
                not wanted["commentPattern"] or wanted["commentPattern"] in fields.get("System.History", "").casefold()
            )
            and (not wanted["changedFields"] or _reference_name(wanted["changedFields"]) in event.changed)
            and (event.links_changed or wanted["linksChanged"] != "true")
            and (rules.hooks_for_links_alone or wanted["linksChanged"] == "true" or not event.links_alone)
        )


FILTERS = ("projectId", "areaPath", "workItemType", "tag", "commentPattern", "changedFields", "linksChanged")


def _under(path: str, root: str) -> bool:
    root = root.strip("\\")
    return not root or path == root or path.startswith(f"{root}\\")


def _reference_name(word: str) -> str:
    found = catalogue().find(word)
    return found.reference_name if found else word
