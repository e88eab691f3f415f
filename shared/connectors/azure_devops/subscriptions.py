"""The `Subscriptions` port over Azure DevOps: service hooks of ours, kept as they should be.

Needs the permissions to view and to edit subscriptions, which members of Project Administrators have. The header with
the secret is confidential and comes back masked, so the address carries the secret's version (`?v=`): it shows which
secret a subscription was made with, and which subscriptions are ours.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from shared.connectors.azure_devops.api import path
from shared.connectors.azure_devops.side import Organisation
from shared.errors import Park
from shared.model import Secret
from shared.ports import EVENTS_HEADER

log = logging.getLogger(__name__)

SUBSCRIPTIONS = "_apis/hooks/subscriptions"
POSTED = {"publisherId": "tfs", "consumerId": "webHooks", "consumerActionId": "httpRequest"}
# Whether an update of links alone is told without the filter for it, Microsoft does not say.
EVENTS: Sequence[tuple[str, Mapping[str, str]]] = (
    ("workitem.created", {}),
    ("workitem.updated", {}),
    ("workitem.updated", {"linksChanged": "true"}),
    ("workitem.deleted", {}),
    ("workitem.restored", {}),
    ("workitem.commented", {}),
)
FILTERS = ("projectId", "areaPath", "workItemType", "tag", "changedFields", "linksChanged", "commentPattern")
UNSET = ("", "false")

type Json = Mapping[str, Any]


class AzureDevOpsSubscriptions:
    """The service hooks of an organisation."""

    def __init__(self, organisation: Organisation) -> None:
        self._api = organisation.api
        self._metadata = organisation.metadata

    def check(self) -> None:
        self._api.get("_apis/wit/workitemrelationtypes")

    def ensure(self, address: str, secret: Secret, projects: Collection[str]) -> Mapping[str, str]:
        """One call where everything is as it should be."""
        there, ids, refusals = self._ours(address), set(), {}
        for project in projects:
            try:
                id = self._metadata.project_id(project)
                ids.add(id)
                self._ensure([each for each in there if _project(each) == id], wanted(address, secret, id))
            except Park as refusal:
                refusals[project] = refusal.reason
        for stray in there:
            if _project(stray) not in ids:
                self._delete(stray)
        return refusals

    def _ours(self, address: str) -> list[Json]:
        """In an order that is the same for everybody, so that of two doubles all workers keep the same one."""
        found = self._api.get(SUBSCRIPTIONS, POSTED)["value"]
        return sorted(
            (each for each in found if each["consumerInputs"].get("url", "").startswith(f"{address}?v=")),
            key=lambda each: each["id"],
        )

    def _ensure(self, there: Sequence[Json], wanted: Sequence[Json]) -> None:
        kept = [next((each for each in there if _is(each, wish)), None) or self._make(wish) for wish in wanted]
        for each in there:
            if each not in kept:
                self._delete(each)

    def _make(self, wish: Json) -> Json:
        return self._api.post(SUBSCRIPTIONS, wish)

    def _delete(self, surplus: Json) -> None:
        """What cannot be deleted, or was by another worker, tells too much at worst."""
        try:
            self._api.delete(f"{SUBSCRIPTIONS}/{path(surplus['id'])}")
        except Park as refusal:
            log.info("subscription %s is left: %s", surplus["id"], refusal.reason)


def wanted(address: str, secret: Secret, project_id: str) -> list[Json]:
    """The subscriptions of one project, as they are asked for."""
    return [
        {
            **POSTED,
            "eventType": event,
            "resourceVersion": "1.0",
            "publisherInputs": {"projectId": project_id, **filters},
            "consumerInputs": {
                "url": f"{address}?v={secret.version}",
                "httpHeaders": f"{EVENTS_HEADER}: {secret.value}",
                "resourceDetailsToSend": "all",  # with less, an update does not say which item it is of
                "messagesToSend": "none",
                "detailedMessagesToSend": "none",
            },
        }
        for event, filters in EVENTS
    ]


def _is(there: Json, wish: Json) -> bool:
    """Whether it does what is wished. One on probation, or switched off by whomever, does not."""
    return (
        there["status"] == "enabled"
        and there["eventType"] == wish["eventType"]
        and there["consumerInputs"]["url"] == wish["consumerInputs"]["url"]
        and all(_filter(there, name) == _filter(wish, name) for name in FILTERS)
    )


def _project(subscription: Json) -> str:
    return _filter(subscription, "projectId")


def _filter(subscription: Json, name: str) -> str:
    value = (subscription["publisherInputs"].get(name) or "").casefold()
    return "" if value in UNSET else value
