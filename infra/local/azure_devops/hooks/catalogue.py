"""What may be subscribed to, and what may be done with it: the five events of work items, and a POST to an address.

The real service has many more publishers and consumers; these are the ones a program that follows work items uses.
"""

from dataclasses import dataclass
from typing import Any

PUBLISHER = "tfs"
CONSUMER = "webHooks"
ACTION = "httpRequest"
RESOURCE_VERSIONS = ("1.0", "5.1-preview.3")


@dataclass(frozen=True, slots=True)
class Input:
    """One setting of a subscription. A confidential one is never shown again."""

    id: str
    name: str
    description: str
    mode: str = "textBox"
    confidential: bool = False
    required: bool = False
    values: tuple[str, ...] = ()

    def describe(self) -> dict[str, Any]:
        described: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "inputMode": self.mode,
            "isConfidential": self.confidential,
            "useInDefaultDescription": False,
            "validation": {"dataType": "uri" if self.id == "url" else "string", "isRequired": self.required},
        }
        if self.values:
            described["values"] = {
                "defaultValue": self.values[0],
                "possibleValues": [{"value": value, "displayValue": value or "[Any]"} for value in self.values],
                "isLimitedToPossibleValues": True,
            }
        return described


AREA = Input("areaPath", "Area path", "Only items under this area")
TYPE = Input("workItemType", "Work item type", "Only items of this type")
TAG = Input("tag", "Tag", "Only items with this tag")
FIELD = Input("changedFields", "Field", "Only changes of this field")
LINKS = Input("linksChanged", "Links are added or removed", "Only changes of links", mode="checkBox")
WORDS = Input("commentPattern", "Comment pattern", "Only comments with these words")


@dataclass(frozen=True, slots=True)
class EventType:
    id: str
    name: str
    description: str
    verb: str
    inputs: tuple[Input, ...]


EVENT_TYPES = {
    event.id: event
    for event in (
        EventType(
            "workitem.created", "Work item created", "A work item is created", "created by", (AREA, TYPE, LINKS, TAG)
        ),
        EventType("workitem.deleted", "Work item deleted", "A work item is deleted", "deleted by", (AREA, TYPE, TAG)),
        EventType(
            "workitem.restored", "Work item restored", "A work item is restored", "restored by", (AREA, TYPE, TAG)
        ),
        EventType(
            "workitem.updated",
            "Work item updated",
            "A work item is changed",
            "updated by",
            (AREA, TYPE, TAG, FIELD, LINKS),
        ),
        EventType(
            "workitem.commented",
            "Work item commented on",
            "A work item is commented on",
            "commented on by",
            (AREA, TYPE, TAG, WORDS),
        ),
    )
}

AMOUNTS = ("all", "minimal", "none")
FORMATS = ("all", "text", "html", "markdown", "none")
CONSUMER_INPUTS = {
    each.id: each
    for each in (
        Input("url", "URL", "The address the event is posted to", required=True),
        Input("acceptUntrustedCerts", "Accept untrusted SSL certificates", "For addresses with https", mode="checkBox"),
        Input("basicAuthUsername", "Basic authentication username", "Sent with every event"),
        Input(
            "basicAuthPassword",
            "Basic authentication password",
            "Sent with every event",
            mode="passwordBox",
            confidential=True,
        ),
        Input("httpHeaders", "HTTP headers", "One `name: value` per line", mode="textArea", confidential=True),
        Input("resourceDetailsToSend", "Resource details to send", "How much of the item", "combo", values=AMOUNTS),
        Input("messagesToSend", "Messages to send", "Which short message", "combo", values=FORMATS),
        Input("detailedMessagesToSend", "Detailed messages to send", "Which long message", "combo", values=FORMATS),
    )
}


def describe_event_type(event: EventType, base: str) -> dict[str, Any]:
    return {
        "publisherId": PUBLISHER,
        "id": event.id,
        "url": f"{base}/_apis/hooks/publishers/{PUBLISHER}/eventTypes/{event.id}",
        "name": event.name,
        "description": event.description,
        "supportedResourceVersions": list(RESOURCE_VERSIONS),
        "inputDescriptors": [each.describe() for each in event.inputs],
    }


def describe_publisher(base: str) -> dict[str, Any]:
    return {
        "id": PUBLISHER,
        "url": f"{base}/_apis/hooks/publishers/{PUBLISHER}",
        "name": "Azure DevOps Services",
        "description": "Publishes Azure DevOps Services events",
        "supportedEvents": [describe_event_type(event, base) for event in EVENT_TYPES.values()],
    }


def describe_action(base: str) -> dict[str, Any]:
    return {
        "id": ACTION,
        "consumerId": CONSUMER,
        "url": f"{base}/_apis/hooks/consumers/{CONSUMER}/actions/{ACTION}",
        "name": "Post via HTTP",
        "description": "Posts a JSON object representation of an event to an address.",
        "supportedEventTypes": list(EVENT_TYPES),
        "supportedResourceVersions": {event: list(RESOURCE_VERSIONS) for event in EVENT_TYPES},
        "inputDescriptors": [each.describe() for each in CONSUMER_INPUTS.values()],
    }


def describe_consumer(base: str) -> dict[str, Any]:
    return {
        "id": CONSUMER,
        "url": f"{base}/_apis/hooks/consumers/{CONSUMER}",
        "name": "Web Hooks",
        "description": "Sends events to an address of your own.",
        "authenticationType": "none",
        "inputDescriptors": [],
        "actions": [describe_action(base)],
    }
