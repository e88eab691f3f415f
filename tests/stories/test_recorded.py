"""Bodies that real products sent go through the real host and end as a person would expect.

One connection per recording, so that each stands alone; then the history of one Jira issue and of one Request Tracker
ticket, shuffled and repeated, into one connection each. Skipped where the recordings are not on this machine.
"""

from random import Random

import pytest
import yaml

from infra.local.clients import wait_for
from tests.tickets import recorded

pytestmark = pytest.mark.skipif(not recorded.names(), reason="the recordings are not on this machine")

QUICK_FILTERS = (
    'As a user, I can find important items on the board by using the customisable "Quick Filters" above >> '
    'Try clicking the "Only My Issues" Quick Filter above'
)
# What the work item shows: title, state, priority, type. 422: there is no ticket in the body.
EXPECTED = {
    "jira.api-get_issue": ("Test issue summary", "New", 2, "Product Backlog Item"),
    "jira.cloud-comment-created": ("Unit test summary 1", "New", 2, "Product Backlog Item"),
    "jira.cloud-issue-created-many-fields": ("Lots of fields selected", "New", 3, "Product Backlog Item"),
    "jira.issue-assigned-empty-changelog": (
        "Test issue for empty changelog assignment", "New", 3, "Product Backlog Item"),
    "jira.issue-created": ("Unit test summary", "New", 2, "Product Backlog Item"),
    "jira.issue-created-with-security-level": ("Unit test summary", "New", 2, "Product Backlog Item"),
    "jira.issue-deleted": ("hey", "Removed", 3, "Product Backlog Item"),
    "jira.issue-updated-assigned": ("Unit test summary 1", "New", 2, "Product Backlog Item"),
    "jira.issue-updated-multiple-values": ("Unit test summary 1", "New", 2, "Product Backlog Item"),
    "jira.issue-updated-resolved": ("Unit test summary 1", "Done", 2, "Product Backlog Item"),
    "jira.mx-issue-updated-status-changed": (
        "Prueba de creación de tareas en un proyecto público", "Committed", 1, "Product Backlog Item"),
    "jira.mx-issuelink-created": 422,
    "jira.server-old-issue-updated-no-event-type-commented": (QUICK_FILTERS, "New", 3, "Product Backlog Item"),
    "rt.live-comment": ("VPN down in DC2", "Active", 4, "Bug"),
    "rt.live-create": ("VPN down", "New", 4, "Bug"),
    "rt.live-set-subject": ("VPN down in DC2", "Active", 4, "Bug"),
    "rt.live-status-resolved": ("VPN down in DC2", "Resolved", 4, "Bug"),
    "servicenow.api-get_security_incident_success": ("test", "Closed", 4, "User Story"),
    "servicenow.docs-c_ServiceCatalogAPI-INC-1": ("INC0010006", "New", 2, "User Story"),
    "servicenow.docs-c_ServiceCatalogAPI-REQ-1": ("REQ0010010", "New", 2, "User Story"),
    "servicenow.docs-c_TableAPI-INC-1": ("Can't access SFA software", "New", 3, "User Story"),
    "servicenow.docs-c_TableAPI-INC-3": ("Unable to connect to office wifi", "New", 3, "Bug"),
    "servicenow.docs-change-management-api-CHG-1": ("Reboot the server at 6 am", "Closed", 4, "User Story"),
    "servicenow.docs-change-management-api-CHG-3": ("Clear BGP sessions on a Cisco router", "Closed", 4, "User Story"),
    "servicenow.docs-devops-api-CHG-1": ("CHG0030001", "Closed", 4, "User Story"),
}  # fmt: skip
HISTORIES = {
    "jira": ("jira", ["issue-created", "issue-updated-multiple-values", "cloud-comment-created",
                      "issue-updated-resolved", "issue-updated-assigned"], ("Unit test summary 1", "New", 2)),
    "rt": ("request_tracker", ["live-create", "live-set-subject", "live-comment", "live-status-resolved"],
           ("VPN down in DC2", "Resolved", 4)),
}  # fmt: skip


def connection(name: str) -> str:
    return name.lower().replace(".", "-").replace("_", "-")


@pytest.fixture(scope="module")
def configured(running):
    """The stories' configuration with a connection of its own for each recording, and the old one afterwards."""
    _, product, _ = running
    before = product.configuration()
    document = yaml.safe_load(before)
    kinds = {connection(name): recorded.KINDS[name.split(".")[0]] for name in recorded.names()}
    kinds |= {f"{name}-history": kind for name, (kind, *_) in HISTORIES.items()}
    document["connections"] |= {name: {"kind": kind} for name, kind in kinds.items()}
    for route, kind in (("jira", "jira"), ("rt", "request_tracker")):
        entry = next(entry for entry in document["routes"] if entry["name"] == route)
        entry["connections"] = [name for name in kinds if kinds[name] == kind]
    assert product.configure(yaml.safe_dump(document)).ok
    yield
    assert product.configure(before).ok


def push(product, name: str, to: str):
    _, body, headers = recorded.recording(name)
    told = {header: headers[header] for header in ("x-rt-delivery",) if header in headers}
    return product.push(to, body, **{header.replace("-", "_"): value for header, value in told.items()})


def shown(board, ticket: dict) -> tuple:
    fields = board.work_item(ticket["work_item"]["id"])["fields"]
    return tuple(fields[name] for name in ("System.Title", "System.State", "Microsoft.VSTS.Common.Priority"))


@pytest.mark.parametrize("name", recorded.names())
def test_each_recording_ends_as_expected(product, board, configured, name):
    answer = push(product, name, connection(name))
    if EXPECTED[name] == 422:
        assert (answer.status_code, "quarantine" in answer.text) == (422, True)
        return
    *expected, type = EXPECTED[name]
    ticket = product.settled(answer.json()["status_url"], "synced")
    assert [*shown(board, ticket)] == expected
    assert board.work_item(ticket["work_item"]["id"])["fields"]["System.WorkItemType"] == type
    assert push(product, name, connection(name)).status_code == 202


@pytest.mark.parametrize("product_name", HISTORIES)
def test_a_history_shuffled_and_repeated_ends_as_one_work_item_in_its_newest_state(
    product, board, configured, product_name
):
    _, names, expected = HISTORIES[product_name]
    deliveries = [f"{product_name}.{name}" for name in names] * 3
    if missing := set(deliveries) - set(recorded.names()):
        pytest.skip(f"not on this machine: {', '.join(sorted(missing))}")
    Random(5).shuffle(deliveries)
    answers = [push(product, name, f"{product_name}-history") for name in deliveries]
    assert {answer.status_code for answer in answers} == {202}
    [status] = {answer.json()["status_url"] for answer in answers}
    ticket = wait_for(
        lambda: product.ticket(status),
        lambda ticket: ticket["state"] == "synced" and shown(board, ticket) == expected,
        f"{expected}",
    )
    marker = [id for id in board.everything() if _bears(board, id, status)]
    assert marker == [ticket["work_item"]["id"]]


def _bears(board, id: int, url: str) -> bool:
    return any(relation["url"].startswith(f"{url}?link=") for relation in board.work_item(id).get("relations", ()))
