"""Bodies that real products sent go through the real host and end as a person would expect.

What is expected of each stands in `tests/fixtures/expected/<name>.yaml`. Each recording has a connection of its own, so
that it stands alone; all of them go to one connection of kind `auto` too, where tickets of one id are one ticket: a
recording that others of its ticket come after says which of them it is `overtaken_by`, and that one what they say
`together`. Everything is sent once for all tests here. Skipped where the recordings are not on this machine.
"""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests
import yaml

from infra.local.clients import Product, taken, wait_for
from infra.local.cloud import EVENTS
from tests.stories.conftest import SIGNING_SECRET
from tests.stories.seen import bearing, seen, to_compare
from tests.tickets import recorded

EXPECTED = Path(__file__).parents[1] / "fixtures" / "expected"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
EVERYTHING = "everything"  # the connection for all products
HISTORIES = {
    "jira.issue-updated-assigned": ["issue-created", "issue-updated-multiple-values", "issue-updated-resolved",
                                    "cloud-comment-created", "issue-created-with-security-level"],
    "rt.live-status-resolved": ["live-create", "live-set-subject", "live-comment"],
}  # fmt: skip

pytestmark = pytest.mark.skipif(not recorded.FOLDER.is_dir(), reason="the recordings are not on this machine")


def expectation(name: str) -> dict[str, Any]:
    return yaml.safe_load((EXPECTED / f"{name}.yaml").read_text())


def answered(status: int) -> list[str]:
    """The recordings of tickets that are to be answered so."""
    written = [name for name in recorded.names() if (EXPECTED / f"{name}.yaml").exists()]
    return [name for name in written if expectation(name)["answer"] == status]


def marked(name: str) -> Any:
    """The recording, marked where the product does not do yet what is expected of it."""
    reason = expectation(name).get("xfail")
    return pytest.param(name, marks=[pytest.mark.xfail(reason=reason, strict=True)] if reason else [])


def connection(name: str) -> str:
    return name.lower().replace(".", "-").replace("_", "-")


# ---------------------------------------------------------------- everything is sent, then looked at


@dataclass(frozen=True)
class Sent:
    """The answers by recording: of its own connection, of the same body again, of the connection for everything."""

    own: dict[str, requests.Response]
    again: dict[str, requests.Response]
    everything: dict[str, list[requests.Response]]
    revisions: dict[int, int]  # of work items before they were sent again
    items: list[dict[str, Any]]  # as they are at last

    def item(self, id: int) -> dict[str, Any]:
        return next(item for item in self.items if item["id"] == id)


@pytest.fixture(scope="module")
def configured(running) -> Iterator[None]:
    """The organisation of the stories with a connection for each recording, and what was configured before after."""
    _, product, _ = running
    before = product.configuration()
    organisation = yaml.safe_load(before)["connections"]["contoso"]
    own = {connection(name): {"kind": recorded.recording(name)[0]} for name in recorded.names()}
    histories = {f"{connection(name)}-history": {"kind": recorded.recording(name)[0]} for name in HISTORIES}
    for name, settings in own.items():
        if name.startswith("rt-"):
            settings["signature"] = {"secret": "signing-secret"}
    connections = {"contoso": organisation, EVERYTHING: {"kind": "auto"}, **own, **histories}
    routes = yaml.safe_load((EXPECTED / "routes.yaml").read_text())
    answer = product.configure(yaml.safe_dump({"connections": connections, **routes}))
    assert answer.ok, answer.text
    yield
    assert product.configure(before).ok


@pytest.fixture(scope="module")
def sent(running, configured) -> Sent:
    _, product, board = running
    names = recorded.names()
    with ThreadPoolExecutor(8) as senders:
        own = dict(zip(names, senders.map(lambda name: push(product, name, connection(name)), names), strict=True))
        everything = {name: [push(product, name, EVERYTHING), push_marked(product, name, EVERYTHING)] for name in names}
        settled(product, own.values())
        revisions = {item["id"]: item["rev"] for item in board.work_items(board.everything())}
        again = dict(
            zip(names, senders.map(lambda name: push_marked(product, name, connection(name)), names), strict=True)
        )
        settled(product, again.values())
        settled(product, (answer for answers in everything.values() for answer in answers))
    return Sent(own, again, everything, revisions, board.work_items(board.everything()))


def push(product: Product, name: str, to: str) -> requests.Response:
    body, headers = as_sent(name)
    return taken(lambda: product.push(to, body, **headers))


def push_marked(product: Product, name: str, to: str) -> requests.Response:
    """With a byte order mark, called plain text, and signed anew because of the mark."""
    body, headers = as_sent(name)
    secret = SIGNING_SECRET if headers.pop("x_hub_signature", None) else None
    body = BYTE_ORDER_MARK + body
    return taken(lambda: product.push(to, body, secret=secret, **headers, Content_Type="text/plain"))


def as_sent(name: str) -> tuple[bytes, dict[str, str]]:
    """The bytes of a recording, and those of its headers that the product added itself."""
    _, document, headers = recorded.recording(name)
    own = {header.replace("-", "_"): value for header, value in headers.items() if header.startswith("x-")}
    if own:  # kept beside its headers, as a document: this is how the bytes were that the signature fits
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(), own
    return (recorded.FOLDER / f"{name}.json").read_bytes(), own


def addresses(answer: requests.Response) -> list[str]:
    """The status addresses of the tickets that were taken, in the order of the body."""
    told = answer.json()
    return [ticket["status_url"] for ticket in told.get("tickets", [told]) if "status_url" in ticket]


def settled(product: Product, answers: Iterable[requests.Response]) -> None:
    """Wait until nothing more is to be done for any of their tickets."""
    for address in dict.fromkeys(address for answer in answers for address in addresses(answer)):
        wait_for(lambda address=address: product.ticket(address), at_rest, "at rest", patience_seconds=30)


def at_rest(ticket: dict[str, Any]) -> bool:
    return ticket["state"] == "synced" or str(ticket["reason"]).startswith("nothing but its id")


def held_against(sent: Sent, running, address: str, expected: dict[str, Any]) -> None:
    """Compare one ticket and its work item with what a person expects of them."""
    _, product, board = running
    ticket = product.ticket(address)
    assert {key: ticket[key] for key in ("number", "status", "unmapped")} == {
        key: expected[key] for key in ("number", "status", "unmapped")
    }
    assert (ticket["state"], ticket["not_told"]) == (expected.get("state", "synced"), None)
    if expected["work_item"] is None:
        assert (ticket["work_item"], bearing(sent.items, address)) == (None, [])
        return
    assert bearing(sent.items, address) == [ticket["work_item"]["id"]]
    item = sent.item(ticket["work_item"]["id"])
    shown = seen(board, item, product.url)
    assert to_compare(shown, expected["work_item"]) == expected["work_item"]
    whole = json.dumps([item, shown], ensure_ascii=False)
    assert [text for text in expected.get("never", ()) if text in whole] == []


# ---------------------------------------------------------------- what is expected


def test_each_recording_has_its_expectation_and_each_expectation_its_recording():
    expected = {file.stem for file in EXPECTED.glob("*.yaml")} - {"routes"}
    assert expected == {file.stem for file in recorded.FOLDER.glob("*.json")}


@pytest.mark.parametrize("name", [marked(name) for name in answered(202)])
def test_a_recording_ends_as_the_work_items_that_a_person_expects(running, sent, name):
    expected, answer = expectation(name), sent.own[name]
    assert answer.status_code == 202, answer.text
    assert (recorded.recording(name)[0], len(addresses(answer))) == (expected["kind"], len(expected["tickets"]))
    for address, ticket in zip(addresses(answer), expected["tickets"], strict=True):
        held_against(sent, running, address, ticket)


@pytest.mark.parametrize("name", answered(202))
def test_the_same_again_with_a_byte_order_mark_as_plain_text_changes_nothing(sent, name):
    assert sent.again[name].status_code == 202, sent.again[name].text
    assert addresses(sent.again[name]) == addresses(sent.own[name])
    items = [id for address in addresses(sent.own[name]) for id in bearing(sent.items, address)]
    assert {id: sent.item(id)["rev"] for id in items} == {id: sent.revisions[id] for id in items}


@pytest.mark.parametrize("name", [marked(name) for name in answered(202)])
def test_one_connection_for_all_products_ends_in_the_same_work_items(running, sent, name):
    expected = expectation(name)
    first, second = sent.everything[name]
    assert (first.status_code, second.status_code) == (202, 202), first.text + second.text
    assert addresses(first) == addresses(second)
    for address, ticket in zip(addresses(first), expected["tickets"], strict=True):
        last = expectation(ticket["overtaken_by"])["tickets"][0] if "overtaken_by" in ticket else ticket
        together = last | {"work_item": last["work_item"] and last["work_item"] | last.get("together", {})}
        held_against(sent, running, address, together)


@pytest.mark.parametrize("name", answered(422))
def test_a_recording_without_a_ticket_is_refused_and_kept(sent, name):
    for answer in (sent.own[name], sent.again[name], *sent.everything[name]):
        assert answer.status_code == 422
        assert expectation(name)["says"] in answer.json()["detail"]


@pytest.mark.parametrize("name", HISTORIES)
def test_the_recordings_of_one_ticket_shuffled_and_repeated_end_in_its_newest_state(running, configured, name):
    _, product, board = running
    product_name = name.split(".")[0]
    deliveries = [name, *(f"{product_name}.{other}" for other in HISTORIES[name])] * 3
    if missing := set(deliveries) - set(recorded.names()):
        pytest.skip(f"not on this machine: {', '.join(sorted(missing))}")
    Random(5).shuffle(deliveries)
    answers = [push(product, each, f"{connection(name)}-history") for each in deliveries]
    assert {answer.status_code for answer in answers} == {202}
    settled(product, answers)
    [address] = {address for answer in answers for address in addresses(answer)}
    [expected] = expectation(name)["tickets"]
    items = board.work_items(board.everything())
    together = expected | {"work_item": expected["work_item"] | expected["together"]}
    held_against(Sent({}, {}, {}, {}, items), running, address, together)


@pytest.mark.parametrize("mark", [b"", BYTE_ORDER_MARK], ids=["plain", "marked"])
@pytest.mark.parametrize("name", [file.stem for file in recorded.FOLDER.glob("ado.*.json")])
def test_an_event_of_azure_devops_names_its_work_item(product, name, mark):
    expected = expectation(name)
    body = (recorded.FOLDER / f"{name}.json").read_bytes().removeprefix(BYTE_ORDER_MARK)
    answer = product.tell_of_board(mark + body, secret=EVENTS)
    assert (answer.status_code, answer.json()) == (
        expected["answer"],
        {"work_item": expected["work_item"], "tickets": 0, "pairs": 0},
    )
