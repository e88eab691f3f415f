"""Plans are kept as they were shown, in Azure Storage as in memory."""

import random

import pytest

from shared.connectors.azure_storage.clients import Account
from shared.connectors.azure_storage.plans import TablePlans
from shared.errors import Refused
from shared.sync.plans import Plans
from tests.sync.place import MemoryPlans

PLAN = {
    "id": "1",
    "items": [{"link": "boards:1", "fields": [{"name": "title", "writes": {"ppm": "Größe 🎫"}}]}],
    "in_step": 3,
}


class PlansContract:
    @pytest.fixture
    def plans(self) -> Plans:
        raise NotImplementedError

    def test_a_plan_is_read_as_it_was_kept(self, plans: Plans) -> None:
        plans.keep("roadmap", "1", PLAN)
        assert plans.read("roadmap", "1") == (PLAN, None)

    def test_what_came_of_it_is_noted_beside_it(self, plans: Plans) -> None:
        plans.keep("roadmap", "1", PLAN)
        plans.note("roadmap", "1", {"at": "now"})
        assert plans.read("roadmap", "1") == (PLAN, {"at": "now"})

    @pytest.mark.parametrize(("pair", "id"), [("roadmap", "2"), ("other", "1"), ("roadmap", "1|x"), ("roadmap", "a/b")])
    def test_a_plan_is_found_under_its_own_pair_and_id_only(self, plans: Plans, pair: str, id: str) -> None:
        plans.keep("roadmap", "1", PLAN)
        assert plans.read(pair, id) is None

    def test_a_plan_of_many_items_is_kept_whole(self, plans: Plans) -> None:
        many = {**PLAN, "items": PLAN["items"] * 2_000}
        plans.keep("roadmap", "1", many)
        assert plans.read("roadmap", "1") == (many, None)


class TestMemoryPlans(PlansContract):
    @pytest.fixture
    def plans(self) -> Plans:
        return MemoryPlans()


class TestTablePlans(PlansContract):
    @pytest.fixture
    def plans(self, account: Account) -> Plans:
        return TablePlans(account.tables)

    def test_a_plan_that_is_too_large_is_refused(self, plans: Plans) -> None:
        noise = random.Random(1).randbytes(2_000_000).hex()
        with pytest.raises(Refused) as refused:
            plans.keep("roadmap", "1", {"items": noise})
        assert refused.value.status == 413
