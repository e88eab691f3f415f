"""Every product of the pairs is asked to tell us of changes; what will not is noted, and nothing fails."""

from collections.abc import Mapping
from typing import Any

import pytest

from shared.configuration import Configuration
from shared.errors import Park, RetryLater
from shared.links import Look
from shared.sync.pairs.admission import Admission
from shared.sync.pairs.subscriptions import ALL_PAIRS, OFF, OK, SWEPT_ONLY, UNCHECKED, SubscriptionUpkeep
from tests.memory.secrets import MemorySecrets
from tests.memory.storage import MemoryCursors
from tests.memory.subscriptions import MemorySubscriptions
from tests.memory.sync_storage import MemoryLooks
from tests.sync.place import ADDRESS, PAIR, ROADMAP, configured, noon

SECRET = "boardbridge-events"
BOARDS_EVENTS, PPM_EVENTS = f"{ADDRESS}/api/boards/events", f"{ADDRESS}/api/ppm/ppm/events"


class Upkeep:
    """The subscriptions of some pairs; `change` is what the first says otherwise, `more` are others."""

    def __init__(self, *more: Mapping[str, Any], address: str = ADDRESS, **change: Any) -> None:
        document = configured(**change).model_dump()
        document["connections"]["redmine"] = {"kind": "redmine", "url": "https://redmine.example", "secret": "key"}
        document["pairs"] = [*document["pairs"], *(ROADMAP | dict(each) for each in more)]
        self.configuration = Configuration.model_validate(document)
        self.vault = MemorySecrets()
        self.products = {"contoso": MemorySubscriptions(), "ppm": MemorySubscriptions()}
        self.queue = MemoryLooks(noon)
        self.cursors = MemoryCursors()
        self.upkeep = SubscriptionUpkeep(
            configuration=lambda: (self.configuration, "1"),
            doors=lambda configuration: self.products,
            admission=Admission(self.vault, SECRET, lambda: "made"),
            looks=self.queue,
            cursors=self.cursors,
            address=address,
        )

    def mended(self, pair: str = PAIR) -> Mapping[str, str]:
        self.upkeep.mend()
        return self.upkeep.standing(pair)


def test_the_projects_of_all_pairs_are_listened_to_with_a_secret_that_is_made_once() -> None:
    place = Upkeep({"name": "web", "boards": {"projects": ["Tailwind", "Web"]}})
    assert place.upkeep.mend() == place.upkeep.mend() == 2
    assert place.products["contoso"].postings == [
        (BOARDS_EVENTS, project, "made") for project in ("Fabrikam", "Tailwind", "Web")
    ]
    assert place.products["ppm"].postings == [(PPM_EVENTS, "plan", "made")]
    assert place.vault.values == {SECRET: ["made"]}
    assert place.upkeep.standing(PAIR) == {"boards": OK, "ppm": OK}


def test_a_renewed_secret_is_put_into_all() -> None:
    place = Upkeep()
    place.upkeep.mend()
    place.vault.rotate(SECRET, "renewed")
    place.upkeep.mend()
    assert {secret for each in place.products.values() for _, _, secret in each.postings} == {"renewed"}


def test_a_pair_may_rest_on_the_sweep() -> None:
    place = Upkeep(events=False)
    assert place.mended() == {"boards": OFF, "ppm": OFF}
    assert all(each.postings == [] for each in place.products.values())


def test_a_tool_without_webhooks_is_swept() -> None:
    place = Upkeep(ppm={"connection": "redmine", "project": "plan"})
    assert place.mended() == {"boards": OK, "ppm": SWEPT_ONLY}


def test_a_refusal_is_told_at_the_pairs_that_it_is_about(caplog: pytest.LogCaptureFixture) -> None:
    place = Upkeep({"name": "web", "boards": {"projects": ["Web"]}})
    place.products["contoso"].refused["Web"] = "you need the permission Edit subscriptions"
    assert place.mended() == {"boards": OK, "ppm": OK}
    assert place.mended("web") == {"boards": "you need the permission Edit subscriptions", "ppm": OK}
    assert "contoso/Web are seen by the hourly sweep only: you need the permission" in caplog.text
    del place.products["contoso"].refused["Web"]
    assert place.mended("web")["boards"] == OK


@pytest.mark.parametrize("failure", [Park("no"), RetryLater("not now", 60)])
def test_one_product_that_fails_holds_up_no_other(failure: Exception) -> None:
    place = Upkeep()
    place.products["contoso"].failure = failure
    assert place.mended() == {"boards": str(failure), "ppm": OK}


def test_a_vault_that_lets_nobody_write_is_told() -> None:
    place = Upkeep()
    place.vault.sealed = "the role Key Vault Secrets Officer is missing"
    assert place.mended() == dict.fromkeys(("boards", "ppm"), place.vault.sealed)
    assert place.upkeep.mend() == 0


@pytest.mark.parametrize(
    ("address", "boards", "within_reach"),
    [
        ("https://boardbridge.example", "https://dev.azure.com/contoso", True),
        ("https://boardbridge.example", "http://127.0.0.1:7081/contoso", True),
        ("http://127.0.0.1:7071", "http://127.0.0.1:7081/contoso", True),
        ("http://127.0.0.1:7071", "https://dev.azure.com/contoso", False),
        ("https://localhost:7071", "https://dev.azure.com/contoso", False),
        ("http://boardbridge.example", "https://dev.azure.com/contoso", False),
    ],
)
def test_nobody_is_asked_to_post_where_he_cannot(address: str, boards: str, *, within_reach: bool) -> None:
    place = Upkeep(address=address)
    document = place.configuration.model_dump()
    document["connections"]["contoso"]["url"] = boards
    place.configuration = Configuration.model_validate(document)
    told = place.mended()["boards"]
    assert (told == OK) is within_reach
    assert bool(place.products["contoso"].postings) is within_reach
    assert within_reach or "set PUBLIC_URL" in told


def test_before_the_first_look_nothing_is_known() -> None:
    assert Upkeep().upkeep.standing(PAIR) == {"boards": UNCHECKED, "ppm": UNCHECKED}


def test_a_look_can_be_asked_for_and_is_about_no_pair() -> None:
    place = Upkeep()
    place.upkeep.soon()
    assert [look for _, _, look in place.queue.messages] == [ALL_PAIRS] == [Look("")]


def test_only_an_outdated_secret_hurries() -> None:
    place = Upkeep()
    place.upkeep.soon_if_renewed()
    place.upkeep.mend()
    place.upkeep.soon_if_renewed()
    assert place.queue.messages == []
    place.vault.rotate(SECRET, "renewed")
    place.vault.refresh(SECRET)
    place.upkeep.soon_if_renewed()
    assert len(place.queue.messages) == 1
    place.upkeep.mend()
    place.upkeep.soon_if_renewed()
    assert len(place.queue.messages) == 1
