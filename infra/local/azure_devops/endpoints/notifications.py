"""What service hooks have sent: one notification per event and subscription, and how it went."""

from collections import Counter
from typing import Any

from infra.local.azure_devops.endpoints.hooks import find, listed, missing, read_subscription, subscription_json
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.hooks.catalogue import ACTION, CONSUMER, PUBLISHER
from infra.local.azure_devops.hooks.subscriptions import Notification, Subscription
from infra.local.azure_devops.routing import Call, Endpoints, Location

endpoints = Endpoints()

MOST = 100  # notifications in one answer, unless asked otherwise

NOTIFICATIONS = Location(
    "0c62d343-21b0-4732-997b-017fde84dc28",
    "hooks",
    "notifications",
    "_apis/{area}/subscriptions/{subscriptionId}/{resource}/{notificationId}",
)
QUERY = Location("1a57562f-160a-4b5c-9185-905e95b39d36", "hooks", "notificationsQuery", "_apis/{area}/{resource}")
TEST = Location("1139462c-7e27-4524-a997-31b9b73551fe", "hooks", "testNotifications", "_apis/{area}/{resource}")


@endpoints("GET", NOTIFICATIONS, "subscriptionId", name="hooks.notifications")
def list_notifications(call: Call) -> dict[str, Any]:
    """Latest first; `status`, `result` and `maxResults` choose among them."""
    subscription = find(call)
    shown = [_notified(subscription, each) for each in reversed(subscription.notifications)]
    for name in ("status", "result"):
        if call.query.get(name):
            shown = [each for each in shown if each[name].lower() == call.query[name].lower()]
    return listed(shown[: call.whole("maxResults", MOST)])


@endpoints("GET", NOTIFICATIONS, "subscriptionId", "notificationId", name="hooks.notification")
def get_notification(call: Call) -> dict[str, Any]:
    subscription, wanted = find(call), call.number("notificationId")
    for each in subscription.notifications:
        if each.id == wanted:
            return _notified(subscription, each) | {"details": _details(subscription, each)}
    raise missing("notification", str(wanted))


@endpoints("POST", QUERY, name="hooks.notifications_query")
def query_notifications(call: Call) -> dict[str, Any]:
    """Of some subscriptions or of all; `status` and `resultType` choose, `includeDetails` shows the events."""
    query, subscriptions = call.record, call.world.hooks.subscriptions
    ids = query.get("subscriptionIds") or list(subscriptions)
    asked = [subscriptions[id] for id in ids if id in subscriptions]
    found = [
        _notified(each, sent) | ({"details": _details(each, sent)} if query.get("includeDetails") else {})
        for each in asked
        for sent in each.notifications
        if query.get("status") in (None, sent.status) and query.get("resultType") in (None, sent.result)
    ]
    return query | {
        "results": found[: query.get("maxResults") or MOST],
        "summary": [_summary(each) for each in asked],
        "associatedSubscriptions": [subscription_json(call, each) for each in asked],
    }


@endpoints("POST", TEST, name="hooks.test")
def test(call: Call) -> dict[str, Any]:
    """Sends a made-up event, to a subscription or to one that exists only in the `details` of the body."""
    wanted = call.world.hooks.subscriptions.get(str(call.record.get("subscriptionId")).lower())
    details = call.record.get("details")
    if wanted is None and not isinstance(details, dict):
        raise bad_argument("A test needs the 'subscriptionId' of a subscription, or 'details' of one.")
    subscription = wanted or read_subscription(call, details)
    sent = call.world.hooks.send_sample(subscription, call)
    return _notified(subscription, sent) | {"details": _details(subscription, sent)}


def _notified(subscription: Subscription, notification: Notification) -> dict[str, Any]:
    return {
        "id": notification.id,
        "subscriptionId": subscription.id,
        "eventId": notification.body["id"],
        "status": notification.status,
        "result": notification.result,
        "createdDate": notification.created,
        "modifiedDate": notification.modified,
    }


def _details(subscription: Subscription, notification: Notification) -> dict[str, Any]:
    return {
        "eventType": subscription.event_type,
        "publisherId": PUBLISHER,
        "consumerId": CONSUMER,
        "consumerActionId": ACTION,
        "publisherInputs": subscription.publisher_inputs,
        "event": {name: value for name, value in notification.body.items() if name != "scope"},
        "requestAttempts": notification.attempts,
        "response": notification.response,
        "errorMessage": notification.error,
        "queuedDate": notification.created,
    }


def _summary(subscription: Subscription) -> dict[str, Any]:
    counts = Counter(each.result for each in subscription.notifications)
    results = [{"result": result, "notificationCount": count} for result, count in counts.items()]
    return {"subscriptionId": subscription.id, "results": results}
