"""Four products that are read back and answered: a stand-in each, how it is connected, and what its agents do.

Apart from the stories because two of them need it. Nothing here knows the product's code.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from azure.storage.queue import QueueClient

from infra.local.clients import Product, wait_for
from infra.local.cloud import Cloud
from infra.local.products.base import Remark, StandIn
from infra.local.products.freshservice import Freshservice
from infra.local.products.jira import CATEGORIES, STATUSES, Jira
from infra.local.products.servicenow import ServiceNow
from infra.local.products.zendesk import Zendesk

UNSHOWN = timedelta(seconds=61)  # what Zendesk's export leaves out
PASSED_ON = re.compile(r"\[azure-devops:\d+/\d+\]")


@dataclass(frozen=True, slots=True)
class Kind:
    """How a product is spoken to. `push` makes of the ticket that it keeps a push that no more than names it, or lies.

    `in_progress` and `resolved` are what `status` says once a team works on its ticket, or an agent did `resolve` it.
    """

    make: Callable[[], StandIn]
    team: str
    push: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    status: Callable[[Mapping[str, Any]], Any]
    in_progress: Any
    resolved: Any
    resolve: Mapping[str, Any]
    states: Mapping[str, Any] = field(default_factory=dict)
    comment_method: str = "POST"


FORGED = "Send me your passwords"  # ServiceNow's pushes lie
SOLUTION = {"close_code": "Solved (Permanently)", "close_notes": "The router was replaced."}
RESOLVED_IN_JIRA = {"id": "5", "name": STATUSES["5"][0], "statusCategory": {"id": CATEGORIES["done"], "key": "done"}}

KINDS = {
    "servicenow": Kind(
        make=ServiceNow,
        team="Network",
        push=lambda ticket: {"sys_id": ticket["sys_id"], "short_description": FORGED, "state": "7"},
        status=lambda ticket: ticket["state"],
        in_progress="2",
        resolved="6",
        resolve={"state": "6", **SOLUTION},
        states={name: {"status": "6", "more": SOLUTION} for name in ("Resolved", "Completed")},
        comment_method="PATCH",
    ),
    "jira_service_management": Kind(
        make=Jira,
        team="Service Desk",
        push=lambda ticket: {"issue": {"id": ticket["id"], "key": ticket["key"]}},
        status=lambda ticket: ticket["fields"]["status"]["name"],
        in_progress="In Progress",
        resolved="Resolved",
        resolve={"status": RESOLVED_IN_JIRA, "resolution": {"name": "Done"}},
        states={name: {"status": "done", "more": {"resolution": "Done"}} for name in ("Resolved", "Completed")},
    ),
    "freshservice": Kind(
        make=Freshservice,
        team="Service Desk",
        push=lambda ticket: {"freshdesk_webhook": {"ticket_id": f"INC-{ticket['id']}"}},
        status=lambda ticket: ticket["status"],
        in_progress=3,
        resolved=4,
        resolve={"status": 4},
        states={"InProgress": "3"},
    ),
    "zendesk": Kind(
        make=Zendesk,
        team="Network",
        push=lambda ticket: {"ticket": {"id": ticket["id"]}},
        status=lambda ticket: ticket["status"],
        in_progress="open",
        resolved="solved",
        resolve={"status": "solved"},
        comment_method="PUT",
    ),
}


class Desk:
    """One product, connected: what its agents and its webhook do, and what they see."""

    def __init__(self, name: str, product: StandIn, cloud: Cloud, app: Product) -> None:
        self.name = name
        self.kind = KINDS[name]
        self.connection = name.replace("_", "-")
        self.product = product
        self.secret_name = f"{self.connection}-secret"
        self._cloud = cloud
        self._app = app
        self.renew_secret(uuid4().hex)

    @property
    def configuration(self) -> dict[str, Any]:
        return {
            "kind": self.name,
            "url": self.product.url,
            "access": {"user": self.product.user, "secret": self.secret_name},
            "answers": {"public": True, "states": self.kind.states},
        }

    @property
    def route(self) -> dict[str, Any]:
        to = {"project": "Fabrikam", "team": self.kind.team, "type": "Bug"}
        return {"name": f"of {self.connection}", "connections": [self.connection], **to}

    # ---------------------------------------------------------------- what agents and the webhook do

    def push(self, id: str) -> str:
        """Say that something happened to a ticket, and no more; where it stands can be asked at what is returned."""
        answer = self._app.push(self.connection, self.kind.push(self.product.ticket(id)))
        assert answer.status_code == 202, answer.text
        return answer.json()["status_url"]

    def become_work_item(self, title: str = "VPN down") -> tuple[str, int]:
        """A new ticket that knows its work item; the ids of both."""
        id = self.product.create_ticket(title, "Cannot connect")
        work_item = self._app.settled(self.push(id), "synced")["work_item"]["id"]
        self.wait_until_introduced(id, work_item)
        return id, work_item

    def renew_secret(self, value: str) -> None:
        self.product.secret = value
        self._cloud.key_vault.rotate(self.secret_name, value)

    def pass_time(self) -> None:
        """Until the product's list of changes shows all that was done so far."""
        ahead = self.product.clock() - datetime.now(UTC) + UNSHOWN
        self.product.clock = lambda: datetime.now(UTC) + ahead

    # ---------------------------------------------------------------- what they see

    def status(self, id: str) -> Any:
        return self.kind.status(self.product.ticket(id))

    def wait_until_introduced(self, id: str, work_item: int) -> None:
        wait_for(lambda: self.introductions(id, work_item), lambda count: count == 1, "introduced")

    def introductions(self, id: str, work_item: int) -> int:
        """How often the ticket's agents, and nobody else, were told which work item it became."""
        if isinstance(self.product, Jira):
            return len(self.product.remote_links(id))
        mark = f"[azure-devops:{work_item}]"
        return sum(remark.text.startswith(mark) and not remark.public for remark in self.product.comments(id))

    def heard(self, id: str) -> list[Remark]:
        """What the board passed on of its discussion."""
        return [remark for remark in self.product.comments(id) if PASSED_ON.match(remark.text)]

    def reads(self, id: str) -> int:
        return self.product.asked(f"^GET .*/{id}$")

    def writes(self) -> int:
        return self.product.asked("^(POST|PUT|PATCH) ")


@contextmanager
def desks(cloud: Cloud, app: Product) -> Iterator[dict[str, Desk]]:
    """All four, serving; the app is not told of them yet."""
    with ExitStack() as serving:
        yield {name: Desk(name, serving.enter_context(kind.make()), cloud, app) for name, kind in KINDS.items()}


def at_rest(cloud: Cloud) -> None:
    """Wait until no hint is left, neither under way nor put off."""
    with QueueClient.from_connection_string(cloud.storage.connection_string, "reconcile") as queue:
        wait_for(lambda: queue.get_queue_properties().approximate_message_count, lambda count: count == 0, "at rest")


def an_hour_passes(cloud: Cloud, product: Product) -> None:
    """The hourly look, and all that follows from it."""
    ran = cloud.host.log.count("progress_sync ok")
    product.strike_the_hour()
    wait_for(lambda: cloud.host.log.count("progress_sync ok"), lambda count: count > ran, "looked")
    at_rest(cloud)
