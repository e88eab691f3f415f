"""Freshservice keeps the contract of `Itsm`."""

from collections.abc import Iterator

import pytest

from infra.local.products.freshservice import Freshservice
from shared.connectors.freshservice.api import FreshserviceItsm
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import ItsmOverHttpContract, KeptSecrets


class TestFreshservice(ItsmOverHttpContract):
    kind = "freshservice"
    title_field = "subject"
    statuses = (
        ("3", {"priority": "4"}, "in_progress"),
        ("4", {"custom_fields.cause": "A fuse"}, "resolved"),
        ("2", {}, "open"),
    )

    @pytest.fixture
    def product(self, clock: VirtualClock) -> Iterator[Freshservice]:
        with Freshservice(clock=clock) as product:
            yield product

    @pytest.fixture
    def itsm(self, product: Freshservice, secrets: KeptSecrets, clock: VirtualClock) -> Iterator[FreshserviceItsm]:
        itsm = FreshserviceItsm(product.url, secrets, "snow", None, connection="fresh", clock=clock)
        yield itsm
        itsm.close()
