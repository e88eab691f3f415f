"""Plans are kept as they were shown, in Azure Storage as in memory."""

import random

import pytest

from shared.connectors.azure_storage.clients import Account
from shared.connectors.azure_storage.plans import TablePlans
from shared.errors import Refused
from shared.sync.pairs.plans import Plans
from tests.sync.place import MemoryPlans

HEAD = {"id": "1", "direction": "rules", "counts": {"in_step": 3}}
ITEMS = [
    {"link": f"boards:{n}", "fields": [{"name": "title", "writes": {"ppm": "Größe 🎫"}}]} for n in ("1", "2/3", "4")
]


class PlansContract:
    @pytest.fixture
    def plans(self) -> Plans:
        raise NotImplementedError

    def test_a_plan_is_read_as_it_was_kept(self, plans: Plans) -> None:
        plans.keep("roadmap", "1", HEAD, ITEMS)
        assert plans.head("roadmap", "1") == (HEAD, None)
        assert [(item, outcome) for _, item, outcome in plans.items("roadmap", "1")] == [(item, "") for item in ITEMS]
        assert plans.item("roadmap", "1", "boards:2/3") == (ITEMS[1], "")

    def test_the_items_can_be_read_on_from_any_place(self, plans: Plans) -> None:
        plans.keep("roadmap", "1", HEAD, ITEMS)
        (first, *_), *_ = plans.items("roadmap", "1")
        assert [item for _, item, _ in plans.items("roadmap", "1", first)] == ITEMS[1:]

    def test_its_start_and_what_became_of_an_item_are_noted(self, plans: Plans) -> None:
        plans.keep("roadmap", "1", HEAD, ITEMS)
        plans.start("roadmap", "1", {"at": "now"})
        plans.note("roadmap", "1", "boards:4", "updated")
        assert plans.head("roadmap", "1") == (HEAD, {"at": "now"})
        assert [outcome for *_, outcome in plans.items("roadmap", "1")] == ["", "", "updated"]

    @pytest.mark.parametrize(("pair", "id"), [("roadmap", "2"), ("other", "1"), ("roadmap", "1|x"), ("roadmap", "a/b")])
    def test_a_plan_is_found_under_its_own_pair_and_id_only(self, plans: Plans, pair: str, id: str) -> None:
        plans.keep("roadmap", "1", HEAD, ITEMS)
        assert plans.head(pair, id) is None
        assert list(plans.items(pair, id)) == []
        assert plans.item(pair, id, "boards:4") is None

    def test_a_plan_of_many_items_is_kept_whole(self, plans: Plans) -> None:
        many = [{**ITEMS[0], "link": f"boards:{n}"} for n in range(250)]
        plans.keep("roadmap", "1", HEAD, many)
        assert {item["link"] for _, item, _ in plans.items("roadmap", "1")} == {item["link"] for item in many}


class TestMemoryPlans(PlansContract):
    @pytest.fixture
    def plans(self) -> Plans:
        return MemoryPlans()


class TestTablePlans(PlansContract):
    @pytest.fixture
    def plans(self, account: Account) -> Plans:
        return TablePlans(account.tables)

    def test_an_item_that_is_too_large_is_refused(self, plans: Plans) -> None:
        noise = random.Random(1).randbytes(2_000_000).hex()
        with pytest.raises(Refused) as refused:
            plans.keep("roadmap", "1", HEAD, [{"link": "boards:1", "fields": noise}])
        assert refused.value.status == 413
