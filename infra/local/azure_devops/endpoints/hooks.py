"""Service hooks: what may be subscribed to, and the subscriptions.

A subscription may point at this machine only: the simulator posts for real.
"""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from infra.local.azure_devops.clock import stamp
from infra.local.azure_devops.endpoints.render import person
from infra.local.azure_devops.errors import ApiError, bad_argument
from infra.local.azure_devops.hooks.catalogue import (
    ACTION,
    CONSUMER,
    CONSUMER_INPUTS,
    EVENT_TYPES,
    PUBLISHER,
    RESOURCE_VERSIONS,
    describe_action,
    describe_consumer,
    describe_event_type,
    describe_publisher,
)
from infra.local.azure_devops.hooks.post import is_loopback
from infra.local.azure_devops.hooks.subscriptions import Subscription
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

PUBLISHERS = Location(
    "1e83a210-5b53-43bc-90f0-d476a4e5d731", "hooks", "publishers", "_apis/{area}/{resource}/{publisherId}"
)
EVENTS = Location(
    "db4777cd-8e08-4a84-8ba3-c974ea033718",
    "hooks",
    "eventTypes",
    "_apis/{area}/publishers/{publisherId}/{resource}/{eventTypeId}",
)
PUBLISHERS_QUERY = Location(
    "99b44a8a-65a8-4670-8f3e-e7f7842cce64", "hooks", "publishersQuery", "_apis/{area}/{resource}"
)
CONSUMERS = Location(
    "4301c514-5f34-4f5d-a145-f0ea7b5b7d19", "hooks", "consumers", "_apis/{area}/{resource}/{consumerId}"
)
ACTIONS = Location(
    "c3428e90-7a69-4194-8ed8-0f153185ee0d",
    "hooks",
    "actions",
    "_apis/{area}/consumers/{consumerId}/{resource}/{consumerActionId}",
)
SUBSCRIPTIONS = Location(
    "fc50d02a-849f-41fb-8af1-0a5216103269", "hooks", "subscriptions", "_apis/{area}/{resource}/{subscriptionId}"
)
SUBSCRIPTIONS_QUERY = Location(
    "c7c3c1cf-9e05-4c0d-a425-a0f922c2c6ed", "hooks", "subscriptionsQuery", "_apis/{area}/{resource}"
)
MASK = "********"
QUERIED = ("publisherId", "eventType", "consumerId", "consumerActionId")


@endpoints("GET", PUBLISHERS, name="hooks.publishers")
def list_publishers(call: Call) -> dict[str, Any]:
    return listed([describe_publisher(call.base)])


@endpoints("GET", PUBLISHERS, "publisherId", name="hooks.publisher")
def get_publisher(call: Call) -> dict[str, Any]:
    _known("publisher", call.route["publisherId"], [PUBLISHER])
    return describe_publisher(call.base)


@endpoints("POST", PUBLISHERS_QUERY, name="hooks.publishers_query")
def query_publishers(call: Call) -> dict[str, Any]:
    ids = call.record.get("publisherIds") or [PUBLISHER]
    return call.record | {"results": [describe_publisher(call.base)] if PUBLISHER in ids else []}


@endpoints("GET", EVENTS, "publisherId", name="hooks.event_types")
def list_event_types(call: Call) -> dict[str, Any]:
    _known("publisher", call.route["publisherId"], [PUBLISHER])
    return listed([describe_event_type(event, call.base) for event in EVENT_TYPES.values()])


@endpoints("GET", EVENTS, "publisherId", "eventTypeId", name="hooks.event_type")
def get_event_type(call: Call) -> dict[str, Any]:
    _known("publisher", call.route["publisherId"], [PUBLISHER])
    _known("event type", call.route["eventTypeId"], EVENT_TYPES)
    return describe_event_type(EVENT_TYPES[call.route["eventTypeId"]], call.base)


@endpoints("GET", CONSUMERS, name="hooks.consumers")
def list_consumers(call: Call) -> dict[str, Any]:
    return listed([describe_consumer(call.base)])


@endpoints("GET", CONSUMERS, "consumerId", name="hooks.consumer")
def get_consumer(call: Call) -> dict[str, Any]:
    _known("consumer", call.route["consumerId"], [CONSUMER])
    return describe_consumer(call.base)


@endpoints("GET", ACTIONS, "consumerId", name="hooks.actions")
def list_actions(call: Call) -> dict[str, Any]:
    _known("consumer", call.route["consumerId"], [CONSUMER])
    return listed([describe_action(call.base)])


@endpoints("GET", ACTIONS, "consumerId", "consumerActionId", name="hooks.action")
def get_action(call: Call) -> dict[str, Any]:
    _known("consumer", call.route["consumerId"], [CONSUMER])
    _known("action", call.route["consumerActionId"], [ACTION])
    return describe_action(call.base)


@endpoints("GET", SUBSCRIPTIONS, name="hooks.subscriptions")
def list_subscriptions(call: Call) -> dict[str, Any]:
    wanted = {name: call.query[name.lower()] for name in QUERIED if call.query.get(name.lower())}
    found = [subscription_json(call, each) for each in call.world.hooks.subscriptions.values()]
    return listed([each for each in found if wanted.items() <= each.items()])


@endpoints("POST", SUBSCRIPTIONS_QUERY, name="hooks.subscriptions_query")
def query_subscriptions(call: Call) -> dict[str, Any]:
    """Of the filters on inputs, each is a list of conditions that must all hold, and any filter is enough."""
    query = call.record
    wanted = {name: query[name] for name in QUERIED if query.get(name)}
    found = [
        shown
        for shown in (subscription_json(call, each) for each in call.world.hooks.subscriptions.values())
        if wanted.items() <= shown.items()
        and _passes(query.get("publisherInputFilters"), shown["publisherInputs"])
        and _passes(query.get("consumerInputFilters"), shown["consumerInputs"])
    ]
    return query | {"results": found}


@endpoints("POST", SUBSCRIPTIONS, name="hooks.subscribe", cost=0.03)
def subscribe(call: Call) -> dict[str, Any]:
    made = read_subscription(call, call.record)
    call.world.hooks.subscriptions[made.id] = made
    return subscription_json(call, made)


@endpoints("GET", SUBSCRIPTIONS, "subscriptionId", name="hooks.subscription")
def get_subscription(call: Call) -> dict[str, Any]:
    return subscription_json(call, find(call))


@endpoints("PUT", SUBSCRIPTIONS, "subscriptionId", name="hooks.resubscribe", cost=0.03)
def replace_subscription(call: Call) -> dict[str, Any]:
    """A subscription that is written again starts again: enabled, unless the body disables it."""
    made = read_subscription(call, call.record, find(call))
    call.world.hooks.subscriptions[made.id] = made
    return subscription_json(call, made)


@endpoints("DELETE", SUBSCRIPTIONS, "subscriptionId", name="hooks.unsubscribe")
def unsubscribe(call: Call) -> Answer:
    found = find(call)
    found.status = "disabledByUser"
    del call.world.hooks.subscriptions[found.id]
    return Answer(status=204)


def read_subscription(call: Call, body: dict[str, Any], old: Subscription | None = None) -> Subscription:
    """The subscription a body describes, new or in the place of an old one. A masked input keeps its value."""
    now = stamp(call.world.clock())
    old = old or Subscription(str(uuid4()), "", "", {}, {}, call.caller, now, now)
    _known("publisher", body.get("publisherId"), [PUBLISHER], 400)
    _known("event type", body.get("eventType"), EVENT_TYPES, 400)
    _known("consumer", body.get("consumerId"), [CONSUMER], 400)
    _known("action", body.get("consumerActionId"), [ACTION], 400)
    sent = _texts(body.get("consumerInputs"))
    inputs = {name: old.consumer_inputs.get(name, "") if text == MASK else text for name, text in sent.items()}
    url = inputs.get("url", "")
    if not is_loopback(url):
        raise bad_argument(f"The url '{url}' is not an address of this machine, and the simulator posts to no other.")
    filters = _texts(body.get("publisherInputs"))
    if filters.get("projectId"):
        filters["projectId"] = call.world.organisation.project(filters["projectId"]).id
    return replace(
        old,
        event_type=body["eventType"],
        resource_version=body.get("resourceVersion") or RESOURCE_VERSIONS[0],
        publisher_inputs=filters,
        consumer_inputs=inputs,
        modified=now,
        status="disabledByUser" if body.get("status") == "disabledByUser" else "enabled",
        retries=0,
        last_retry=None,
    )


def _texts(inputs: Any) -> dict[str, str]:
    if not isinstance(inputs, dict | None):
        raise bad_argument("Inputs must be an object.")
    return {str(name): str(value) for name, value in (inputs or {}).items() if value is not None}


def subscription_json(call: Call, subscription: Subscription) -> dict[str, Any]:
    url = f"{call.base}/_apis/hooks/subscriptions/{subscription.id}"
    consumer_inputs = {
        name: MASK if text and name in CONSUMER_INPUTS and CONSUMER_INPUTS[name].confidential else text
        for name, text in subscription.consumer_inputs.items()
    }
    who = person(call.base, subscription.created_by)
    by = {name: who[name] for name in ("id", "displayName", "uniqueName", "url", "imageUrl", "descriptor")}
    event = EVENT_TYPES[subscription.event_type]
    shown = {
        "id": subscription.id,
        "url": url,
        "status": subscription.status,
        "publisherId": PUBLISHER,
        "eventType": subscription.event_type,
        "resourceVersion": subscription.resource_version,
        "eventDescription": event.name,
        "consumerId": CONSUMER,
        "consumerActionId": ACTION,
        "actionDescription": f"To {subscription.consumer_inputs['url']}",
        "createdBy": by,
        "createdDate": subscription.created,
        "modifiedBy": by,
        "modifiedDate": subscription.modified,
        "publisherInputs": subscription.publisher_inputs,
        "consumerInputs": consumer_inputs,
        "_links": {"self": {"href": url}, "notifications": {"href": f"{url}/notifications"}},
    }
    if subscription.last_retry is not None:
        shown |= {"probationRetries": str(subscription.retries), "lastProbationRetryDate": subscription.last_retry}
    return shown


def _passes(filters: Any, inputs: dict[str, str]) -> bool:
    if not filters:
        return True
    return any(all(_holds(condition, inputs) for condition in each.get("conditions") or ()) for each in filters)


def _holds(condition: dict[str, Any], inputs: dict[str, str]) -> bool:
    actual, wanted = inputs.get(condition.get("inputId", ""), ""), str(condition.get("inputValue") or "")
    if not condition.get("caseSensitive"):
        actual, wanted = actual.casefold(), wanted.casefold()
    return (actual == wanted) is (str(condition.get("operator", "equals")).lower() not in ("notequals", "1"))


def find(call: Call) -> Subscription:
    """The subscription of the address."""
    wanted = call.route["subscriptionId"].lower()
    found = call.world.hooks.subscriptions.get(wanted)
    if found is None:
        raise missing("subscription", wanted)
    return found


def _known(what: str, name: Any, known: Any, status: int = 404) -> None:
    if name not in known:
        raise missing(what, str(name), status)


def missing(what: str, name: str, status: int = 404) -> ApiError:
    kind = what.title().replace(" ", "")
    return ApiError(
        status,
        f"There is no {what} '{name}'.",
        f"Microsoft.VisualStudio.Services.ServiceHooks.WebApi.{kind}NotFoundException",
    )


def listed(values: list[dict[str, Any]]) -> dict[str, Any]:
    return {"count": len(values), "value": values}
