"""Jira keeps the contract of `Itsm`, Cloud as well as Data Center."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.products.jira import Jira
from shared.connectors.jira.api import JiraItsm
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import ItsmOverHttpContract, KeptSecrets


class JiraContract(ItsmOverHttpContract):
    title_field = "summary"
    statuses = (
        ("In Progress", {}, "in_progress"),
        ("done", {"resolution": "Fixed"}, "resolved"),
        ("new", {}, "open"),
    )
    cloud: bool

    @pytest.fixture
    def product(self, clock: VirtualClock) -> Iterator[Jira]:
        with Jira(cloud=self.cloud, clock=clock) as product:
            yield product

    @pytest.fixture
    def itsm(self, product: Jira, secrets: KeptSecrets, clock: VirtualClock) -> Iterator[JiraItsm]:
        user = product.user if self.cloud else None  # on Data Center, a personal access token
        itsm = JiraItsm(product.url, secrets, "snow", user, connection="jira", clock=clock)
        yield itsm
        itsm.close()

    def introduced(self, product: Any, id: str) -> list[str]:
        return [link["object"]["url"] for link in product.remote_links(id)]


class TestCloud(JiraContract):
    kind = "jira_service_management"
    cloud = True


class TestDataCenter(JiraContract):
    kind = "jira_service_management"
    cloud = False


class TestWithoutServiceManagement(JiraContract):
    """The other preset reads the same documents."""

    kind = "jira"
    cloud = True
    statuses = tuple(
        (status, more, "closed" if status == "done" else now) for status, more, now in JiraContract.statuses
    )
