"""Service hooks of ours in the simulated organisation: the contract, and what only Azure DevOps does to them."""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import requests

from infra.local.azure_devops.running import RunningSimulator
from infra.local.clients import wait_for
from shared.connectors.azure_devops.events import event
from shared.connectors.azure_devops.side import Organisation
from shared.connectors.azure_devops.subscriptions import EVENTS, AzureDevOpsSubscriptions
from shared.connectors.http import Credential
from shared.errors import Park, StopConnection
from shared.ports import EVENTS_HEADER
from tests.connectors.clock import VirtualClock
from tests.connectors.subscriptions_contract import FIRST, SECOND, SubscriptionsContract
from tests.local.azure_devops.receiver import Receiver

BY_HAND = {
    "publisherId": "tfs",
    "consumerId": "webHooks",
    "consumerActionId": "httpRequest",
    "eventType": "workitem.deleted",
}


class Token:
    remedy = "Renew it."

    def credential(self) -> Credential:
        return Credential("Basic " + b64encode(b":local-pat").decode(), "local-pat")

    def renewed(self, refused: Credential) -> Credential | None:
        return None


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with RunningSimulator() as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


class Hooks:
    """The organisation as an administrator sees it."""

    projects = ("Fabrikam", "Tailwind")

    def __init__(self, simulator: RunningSimulator, organisation: Organisation, receiver: Receiver) -> None:
        self.subscriptions = AzureDevOpsSubscriptions(organisation)
        self.address = receiver.url
        self.control = simulator.control
        self._receiver = receiver
        self._url = simulator.url

    def shown(self, url: str) -> list[dict[str, Any]]:
        return [each for each in self.call("GET")["value"] if each["consumerInputs"]["url"].startswith(url)]

    def ours(self) -> set[str]:
        return {each["id"] for each in self.shown(f"{self.address}?")}

    def states(self) -> set[str]:
        return {each["status"] for each in self.shown(f"{self.address}?")}

    def others(self) -> set[str]:
        return {each["id"] for each in self.shown("")} - self.ours()

    def delete(self, ids: Iterable[str]) -> None:
        for id in ids:
            self.call("DELETE", f"/{id}")

    def double(self) -> None:
        ours = min(self.shown(f"{self.address}?"), key=lambda each: each["id"])
        self.call("POST", body=ours)

    def change(self) -> int:
        """Make a work item; its id."""
        title = {"op": "add", "path": "/fields/System.Title", "value": "Printer"}
        return self._patch("POST", "Fabrikam/_apis/wit/workitems/$Bug", title)["id"]

    def put_under(self, child: int, parent: int) -> None:
        link = {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": f"{self._url}/_apis/wit/workItems/{parent}"}
        self._patch("PATCH", f"_apis/wit/workitems/{child}", {"op": "add", "path": "/relations/-", "value": link})

    def heard(self) -> set[str]:
        self.change()
        return {headers[EVENTS_HEADER] for headers, _ in self._told()}

    def heard_items(self) -> set[int | None]:
        """The work items that the product finds in what is told."""
        return {event(json.dumps(body).encode()).item for _, body in self._told()}

    def call(self, method: str, path: str = "", body: Any = None) -> Any:
        return self._call(method, f"_apis/hooks/subscriptions{path}", body)

    def _told(self) -> list[tuple[dict[str, str], dict[str, Any]]]:
        wait_for(self.control.hooks_under_way, lambda count: count == 0, "told")
        return [self._receiver.received.get() for _ in range(self._receiver.received.qsize())]

    def _patch(self, method: str, path: str, operation: Any) -> Any:
        return self._call(method, path, [operation], "application/json-patch+json")

    def _call(self, method: str, path: str, body: Any, content_type: str = "application/json") -> Any:
        url, headers = f"{self._url}/{path}?api-version=7.1", {"Content-Type": content_type}
        answer = requests.request(method, url, json=body, headers=headers, auth=("", "local-pat"), timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@pytest.fixture
def hooks(simulator: RunningSimulator, receiver: Receiver, clock: VirtualClock) -> Iterator[Hooks]:
    simulator.control.reset()
    organisation = Organisation(simulator.url, Token(), connection="boards", clock=clock)
    hooks = Hooks(simulator, organisation, receiver)
    hooks.call("POST", body=BY_HAND | {"consumerInputs": {"url": receiver.url}})
    yield hooks
    organisation.close()


class TestSubscriptions(SubscriptionsContract):
    @pytest.fixture
    def product(self, hooks: Hooks) -> Hooks:
        return hooks


def ensure(hooks: Hooks, *projects: str) -> Any:
    return hooks.subscriptions.ensure(hooks.address, FIRST, projects or hooks.projects)


def test_each_project_is_listened_to_by_itself_and_the_secret_is_in_a_header_only(hooks: Hooks) -> None:
    ensure(hooks)
    shown = hooks.shown(f"{hooks.address}?")
    assert len({each["publisherInputs"]["projectId"] for each in shown}) == len(hooks.projects)
    assert len(shown) == len(EVENTS) * len(hooks.projects)
    assert {each["consumerInputs"]["url"] for each in shown} == {f"{hooks.address}?v={FIRST.version}"}
    assert FIRST.value not in str(shown)


def test_where_everything_is_as_it_should_be_one_call_tells(hooks: Hooks) -> None:
    ensure(hooks)
    before = hooks.control.counts()
    ensure(hooks)
    after = hooks.control.counts()
    assert {name: n - before.get(name, 0) for name, n in after.items() if n > before.get(name, 0)} == {
        "hooks.subscriptions": 1
    }


def test_a_project_that_no_pair_names_any_more_is_not_listened_to(hooks: Hooks) -> None:
    ensure(hooks)
    ensure(hooks, "Tailwind")
    assert len(hooks.ours()) == len(EVENTS)
    assert hooks.heard() == set()


@pytest.mark.parametrize("answer", [pytest.param(410, id="disabled"), pytest.param(500, id="on probation")])
def test_what_the_system_switched_off_is_made_anew(hooks: Hooks, receiver: Receiver, answer: int) -> None:
    ensure(hooks)
    receiver.answers = [answer]
    hooks.change()
    wait_for(lambda: hooks.states() - {"enabled"}, bool, "switched off")
    receiver.answers = [200]
    ensure(hooks)
    assert hooks.states() == {"enabled"}
    assert len(hooks.ours()) == len(EVENTS) * len(hooks.projects)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "disabledByUser"},
        {"eventType": "workitem.restored"},
        {"publisherInputs": {"areaPath": "Fabrikam\\Network"}},
        {"publisherInputs": {"workItemType": "Bug"}},
    ],
    ids=str,
)
def test_what_people_changed_is_made_anew(hooks: Hooks, change: dict[str, Any]) -> None:
    ensure(hooks, "Fabrikam")
    created = next(each for each in hooks.shown(f"{hooks.address}?") if each["eventType"] == "workitem.created")
    inputs = created["publisherInputs"] | change.get("publisherInputs", {})
    hooks.call("PUT", f"/{created['id']}", {**created, **change, "publisherInputs": inputs})
    ensure(hooks, "Fabrikam")
    shown = hooks.shown(f"{hooks.address}?")
    assert sorted(each["eventType"] for each in shown) == sorted(event for event, _ in EVENTS)
    assert hooks.states() == {"enabled"}
    assert not [each for each in shown if each["publisherInputs"].keys() & {"areaPath", "workItemType"}]


def test_an_unset_filter_that_comes_back_as_false_is_none(hooks: Hooks) -> None:
    ensure(hooks, "Fabrikam")
    ours = hooks.ours()
    for each in hooks.shown(f"{hooks.address}?"):
        filters = {"areaPath": "", "linksChanged": "False", **each["publisherInputs"]}
        hooks.call("PUT", f"/{each['id']}", {**each, "publisherInputs": filters})
    ensure(hooks, "Fabrikam")
    assert hooks.ours() == ours


def test_links_are_told_where_updates_leave_them_out(hooks: Hooks) -> None:
    hooks.control.rules(hooks_for_links_alone=False)
    ensure(hooks, "Fabrikam")
    child, parent = hooks.change(), hooks.change()
    hooks.heard_items()
    hooks.put_under(child, parent)
    assert hooks.heard_items() == {child, parent}


def test_a_refused_project_is_told_and_the_others_are_listened_to(hooks: Hooks) -> None:
    refusals = ensure(hooks, "Nowhere", "Fabrikam")
    assert list(refusals) == ["Nowhere"]
    assert "Nowhere" in refusals["Nowhere"]
    assert len(hooks.ours()) == len(EVENTS)


def test_a_token_that_may_not_edit_subscriptions_says_so_and_keeps_what_there_is(hooks: Hooks) -> None:
    ensure(hooks)
    hooks.control.fault(call="hooks.subscribe", status=403)
    refusals = hooks.subscriptions.ensure(hooks.address, SECOND, hooks.projects)
    assert refusals.keys() == {*hooks.projects}
    assert hooks.heard() == {FIRST.value}


def test_what_cannot_be_deleted_does_no_harm(hooks: Hooks) -> None:
    ensure(hooks)
    hooks.control.fault(call="hooks.unsubscribe", status=403)
    assert hooks.subscriptions.ensure(hooks.address, SECOND, hooks.projects) == {}
    assert hooks.heard() == {FIRST.value, SECOND.value}


def test_a_token_that_may_not_see_them_says_so(hooks: Hooks) -> None:
    hooks.control.fault(call="hooks.subscriptions", status=403)
    with pytest.raises(Park):
        ensure(hooks)


def test_a_token_that_is_good_for_all_but_hooks_stops_nothing_else(hooks: Hooks) -> None:
    """`check` is what a gate asks before it stops a connection for everybody."""
    hooks.control.fault(call="hooks.subscriptions", status=401)
    with pytest.raises(StopConnection):
        ensure(hooks)
    hooks.subscriptions.check()
