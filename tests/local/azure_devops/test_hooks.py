"""Service hooks, received by a real server: which events come, what is in them, and how subscriptions are kept."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from tests.local.azure_devops.client import JSON_PATCH, Client, add, hyperlink, replace
from tests.local.azure_devops.receiver import SECONDS, Receiver, received, subscribe, subscription
from tests.local.azure_devops.recordings import recorded

CHILD = "System.LinkTypes.Hierarchy-Forward"
EVENTS = ["created", "updated", "commented", "deleted", "restored"]


def say(client: Client, words: str, item: int = 1) -> None:
    path = f"Fabrikam/_apis/wit/workItems/{item}/comments"
    client("POST", path, {"text": words}, params={"api-version": "7.1-preview.4"})


def keys(value: Any) -> Any:
    return {name: keys(element) for name, element in value.items()} if isinstance(value, dict) else None


def test_the_five_events_look_like_microsofts_samples(client: Client, receiver: Receiver) -> None:
    samples = {event["eventType"]: event for event in recorded("service-hook-events.json")["events"]}
    for event in EVENTS:
        subscribe(client, receiver, f"workitem.{event}")
    client.create("Some great new idea!", kind="Bug", assigned="Jamal Hartnett")
    events = {"workitem.created": receiver.next()}
    client.change(1, replace("System.State", "Active"))
    events["workitem.updated"] = receiver.next()
    say(client, "This is a great new idea")
    for _ in range(2):
        event = receiver.next()
        events.setdefault(event["eventType"], event)
    client("DELETE", "_apis/wit/workitems/1")
    events["workitem.deleted"] = receiver.next()
    client("PATCH", "_apis/wit/recyclebin/1", {"isDeleted": False})
    events["workitem.restored"] = receiver.next()
    assert events.keys() == samples.keys()
    for name, event in events.items():
        sample = samples[name]
        assert event["eventType"] == name
        for part in ("message", "resourceContainers", "resource"):
            own, known = keys(event[part]), keys(sample[part])
            own.pop("fields", None), known.pop("fields", None)
            for each in (own, known):
                each.get("revision", {}).pop("fields", None)
            # null in the sample, and whole here
            own.pop("revisedBy", None), known.pop("revisedBy", None)
            assert own == known, (name, part)
        assert event.keys() == sample.keys()


def test_the_update_has_its_number_the_item_and_texts(client: Client, receiver: Receiver) -> None:
    subscribe(client, receiver)
    client.create(assigned="Jamal Hartnett")
    client.change(1, hyperlink("https://x/1"))
    receiver.next()
    client.change(1, add("System.AssignedTo", "fabrikamfiber5@hotmail.com"), replace("System.Title", "again"))
    resource = receiver.next()["resource"]
    assert (resource["id"], resource["workItemId"], resource["rev"]) == (3, 1, 3)
    assert resource["fields"]["System.Rev"] == {"oldValue": "2", "newValue": "3"}
    assert resource["fields"]["System.AssignedTo"] == {
        "oldValue": "Jamal Hartnett <fabrikamfiber4@hotmail.com>",
        "newValue": "Raisa Pokrovskaya <fabrikamfiber5@hotmail.com>",
    }
    revision = resource["revision"]
    assert (revision["id"], revision["rev"], revision["fields"]["System.Title"]) == (1, 3, "again")
    assert revision["fields"]["System.AssignedTo"] == "Raisa Pokrovskaya <fabrikamfiber5@hotmail.com>"
    assert client.session.get(resource["url"], timeout=5).json()["id"] == 3


type Act = Callable[[Client], object]


ACTS: dict[str, Act] = {
    "title": lambda client: client.change(1, replace("System.Title", "x")),
    "state": lambda client: client.change(1, replace("System.State", "Active")),
    "other project": lambda client: client.change(2, replace("System.Title", "x")),
    "link": lambda client: client.change(1, client.link(CHILD, 3)),
    "address": lambda client: client.change(1, hyperlink("https://x/1")),
}


@pytest.mark.parametrize(
    ("inputs", "heard"),
    [
        ({}, {"title", "state", "other project", "link", "address"}),
        ({"projectId": ""}, {"title", "state", "other project", "link", "address"}),
        ({"projectId": "Tailwind"}, {"other project"}),
        ({"areaPath": "Fabrikam\\Network"}, {"title", "state", "link", "address"}),
        ({"areaPath": "fabrikam"}, {"title", "state", "link", "address"}),
        ({"areaPath": "Fabrikam\\Net"}, set()),
        ({"workItemType": "bug"}, {"other project"}),
        ({"changedFields": "System.State"}, {"state"}),
        ({"changedFields": "Title"}, {"title", "other project"}),
        ({"tag": "B"}, {"title", "state", "link", "address"}),
        ({"tag": "ab"}, set()),
        ({"linksChanged": "true"}, {"link", "address"}),
    ],
)
def test_filters(client: Client, receiver: Receiver, inputs: dict[str, str], heard: set[str]) -> None:
    client.create(area="Fabrikam\\Network", tags="a; b")
    client.create(kind="Bug", project="Tailwind")
    client.create(area="Fabrikam\\Network", tags="a; b")
    subscribe(client, receiver, **inputs)
    for name, act in ACTS.items():
        act(client)
        events = received(client, receiver)
        assert bool(events) is (name in heard), name
        # both ends of a link have an update
        assert {event["resource"]["workItemId"] for event in events} <= ({1, 3} if name == "link" else {1, 2})


def test_comments_are_chosen_by_their_words(client: Client, receiver: Receiver) -> None:
    client.create()
    subscribe(client, receiver, "workitem.commented", commentPattern="Help")
    say(client, "nothing")
    say(client, "please help me")
    client.change(1, add("System.History", "HELP"))
    events = received(client, receiver)
    assert sorted(event["resource"]["fields"]["System.History"] for event in events) == ["HELP", "please help me"]


def test_links_alone_and_suppressed_writes_are_switchable(client: Client, receiver: Receiver) -> None:
    client.create(), client.create()
    subscribe(client, receiver)
    client.control.rules(hooks_for_links_alone=False, hooks_for_suppressed_writes=False)
    client.change(1, client.link(CHILD, 2))
    client.patch(1, replace("System.Title", "x"), suppressNotifications="true")
    assert received(client, receiver) == []
    client.control.rules()
    client.patch(1, replace("System.Title", "y"), suppressNotifications="true")
    [event] = received(client, receiver)
    assert event["resource"]["revision"]["fields"]["System.Title"] == "y"


def test_a_subscription_is_kept_changed_and_taken_away(client: Client, receiver: Receiver) -> None:
    project = client.get("_apis/projects/Fabrikam")["id"]
    secret = {"consumer_basicAuthPassword": "secret", "projectId": "Fabrikam"}
    made = subscribe(client, receiver, "workitem.created", **secret)
    assert made["consumerInputs"] == {"url": receiver.url, "basicAuthPassword": "********"}
    assert made["publisherInputs"] == {"projectId": project}
    path = f"_apis/hooks/subscriptions/{made['id']}"
    assert client.get(path) == made
    changed = client("PUT", path, made | {"eventType": "workitem.deleted"}).json()
    assert (changed["eventType"], changed["createdDate"]) == ("workitem.deleted", made["createdDate"])
    client.create()
    client("DELETE", "_apis/wit/workitems/1")
    headers, event = receiver.received.get(timeout=SECONDS)
    assert event["eventType"] == "workitem.deleted"
    assert headers["Authorization"] == "Basic " + b64encode(b":secret").decode()
    assert client("PUT", path, made | {"status": "disabledByUser"}).json()["status"] == "disabledByUser"
    client.create()
    assert client("DELETE", path).status_code == 204
    assert client("GET", path).status_code == 404
    assert client.get("_apis/hooks/subscriptions")["count"] == 0
    assert received(client, receiver) == []


def test_subscriptions_are_found(client: Client, receiver: Receiver) -> None:
    bugs = subscribe(client, receiver, "workitem.created", workItemType="Bug")
    subscribe(client, receiver, "workitem.created", workItemType="Task")
    subscribe(client, receiver, "workitem.deleted", workItemType="Bug")
    listed = client.get("_apis/hooks/subscriptions", eventType="workitem.created", consumerId="webHooks")
    assert listed["count"] == 2
    query = {
        "publisherId": "tfs",
        "eventType": "workitem.created",
        "publisherInputFilters": [
            {"conditions": [{"inputId": "workItemType", "operator": "equals", "inputValue": "bug"}]}
        ],
    }
    answer = client("POST", "_apis/hooks/subscriptionsquery", query).json()
    assert answer["results"] == [bugs]


@pytest.mark.parametrize(
    "change",
    [
        {"publisherId": "rm"},
        {"eventType": "build.complete"},
        {"consumerId": "slack"},
        {"consumerActionId": "postMessage"},
        {"consumerInputs": {}},
        {"consumerInputs": {"url": "http://example.com/"}},
        {"consumerInputs": {"url": "http://10.0.0.1/"}},
        {"consumerInputs": {"url": "file:///etc/passwd"}},
        {"consumerInputs": "url"},
    ],
)
def test_subscriptions_that_are_refused(client: Client, change: dict[str, Any]) -> None:
    body = subscription("http://127.0.0.1:9/") | change
    assert client("POST", "_apis/hooks/subscriptions", body).status_code == 400


def test_a_batch_tells_of_each_item(client: Client, receiver: Receiver) -> None:
    subscribe(client, receiver, "workitem.created")
    request = {
        "method": "PATCH",
        "uri": "/Fabrikam/_apis/wit/workitems/$Task?api-version=7.1",
        "headers": JSON_PATCH,
        "body": [add("System.Title", "x")],
    }
    client("PATCH", "_apis/wit/$batch", [request, request])
    assert sorted(event["resource"]["id"] for event in received(client, receiver)) == [1, 2]


def test_the_official_client_manages_subscriptions(clients: Any, receiver: Receiver) -> None:
    hooks = clients.hooks
    made = hooks.create_subscription(subscription(receiver.url, "workitem.created", workItemType="Task"))
    assert hooks.get_subscription(made.id).publisher_inputs == {"workItemType": "Task"}
    made.publisher_inputs = {"workItemType": "Bug"}
    assert hooks.replace_subscription(made, made.id).publisher_inputs == {"workItemType": "Bug"}
    assert [each.id for each in hooks.list_subscriptions(publisher_id="tfs")] == [made.id]
    assert [each.id for each in hooks.create_subscriptions_query({"publisherId": "tfs"}).results] == [made.id]
    assert [each.id for each in hooks.list_publishers()] == ["tfs"]
    assert hooks.get_publisher("tfs").supported_events[0].id == "workitem.created"
    assert len(hooks.list_event_types("tfs")) == 5
    assert hooks.get_event_type("tfs", "workitem.updated").input_descriptors
    assert [each.id for each in hooks.list_consumers()] == ["webHooks"]
    assert hooks.get_consumer("webHooks").actions[0].id == "httpRequest"
    assert hooks.get_consumer_action("webHooks", "httpRequest").consumer_id == "webHooks"
    assert len(hooks.list_consumer_actions("webHooks")) == 1
    clients.work_items.create_work_item([add("System.Title", "Router is down")], "Fabrikam", "Bug")
    event = receiver.next()
    [sent] = hooks.get_notifications(made.id)
    assert hooks.get_notification(made.id, sent.id).details.event.id == sent.event_id == event["id"]
    hooks.delete_subscription(made.id)
    assert hooks.list_subscriptions() == []


def test_a_made_up_event_tries_a_receiver(client: Client, receiver: Receiver) -> None:
    for event in EVENTS:
        body = {"details": subscription(receiver.url, f"workitem.{event}", workItemType="Nope")}
        answer = client("POST", "_apis/hooks/testnotifications", body)
        assert (answer.status_code, answer.json()["result"]) == (200, "pending")
        assert receiver.next()["eventType"] == f"workitem.{event}"
    assert client("POST", "_apis/hooks/testnotifications", {}).status_code == 400


@pytest.mark.parametrize(
    "path",
    ["publishers/rm", "publishers/tfs/eventTypes/nope", "consumers/slack", "consumers/webHooks/actions/nope"],
)
def test_what_there_is_not(client: Client, path: str) -> None:
    assert client("GET", f"_apis/hooks/{path}").status_code == 404
