"""The Zendesk connector keeps the contract of `Itsm`, against the stand-in over real HTTP."""

from collections.abc import Iterator

import pytest

from infra.local.products.zendesk import Zendesk
from shared.connectors.zendesk.api import ZendeskItsm
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import ItsmOverHttpContract, KeptSecrets


class TestZendesk(ItsmOverHttpContract):
    kind = "zendesk"
    title_field = "subject"
    statuses = (("open", {}, "in_progress"), ("solved", {"360001": "replaced"}, "resolved"))
    lag_seconds = 61
    commenting = introducing = "PUT"

    @pytest.fixture
    def product(self, clock: VirtualClock) -> Iterator[Zendesk]:
        with Zendesk(clock=clock) as product:
            yield product

    @pytest.fixture
    def itsm(self, product: Zendesk, secrets: KeptSecrets, clock: VirtualClock) -> Iterator[ZendeskItsm]:
        itsm = ZendeskItsm(product.url, secrets, "snow", product.user, connection="snow", clock=clock)
        yield itsm
        itsm.close()
