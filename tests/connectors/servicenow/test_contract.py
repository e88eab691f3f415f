"""The ServiceNow connector keeps the contract of `Itsm`, against the stand-in over real HTTP."""

from collections.abc import Iterator

import pytest

from infra.local.products.servicenow import ServiceNow
from shared.connectors.servicenow.api import ServiceNowItsm
from shared.model import TicketAddress
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import ItsmOverHttpContract, KeptSecrets


class TestServiceNow(ItsmOverHttpContract):
    kind = "servicenow"
    title_field = "short_description"
    statuses = (
        ("2", {}, "in_progress"),
        ("6", {"close_code": "Solved (Permanently)", "close_notes": "New fuse"}, "resolved"),
    )
    commenting = introducing = "PATCH"

    @pytest.fixture
    def product(self, clock: VirtualClock) -> Iterator[ServiceNow]:
        with ServiceNow(clock=clock) as product:
            yield product

    @pytest.fixture
    def itsm(self, product: ServiceNow, secrets: KeptSecrets, clock: VirtualClock) -> Iterator[ServiceNowItsm]:
        itsm = ServiceNowItsm(product.url, secrets, "snow", product.user, connection="snow", clock=clock)
        yield itsm
        itsm.close()

    def address(self, id: str) -> TicketAddress:
        return TicketAddress(id, "incident")


class TestServiceNowByIdAlone(TestServiceNow):
    """Where nobody told us the class of the ticket."""

    def address(self, id: str) -> TicketAddress:
        return TicketAddress(id)
