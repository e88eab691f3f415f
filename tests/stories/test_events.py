"""What makes the sync faster than hourly, in the whole product: both sides tell of changes, asked to by us."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from infra.local.clients import EVENTS_HEADER, Board, wait_for
from infra.local.cloud import TOKEN, Cloud
from infra.local.ppm_express.running import RunningPpmExpress
from tests.stories.conftest import QUICK, started
from tests.stories.described import product_of
from tests.stories.products import an_hour_passes, at_rest
from tests.stories.test_pairs import PPM_TOKEN, Pair, configuration, made
from tests.stories.test_secrets import stored

SECRET = "own-events"  # in no vault at first
NO_TIMER = {"PROGRESS_SCHEDULE": "0 0 0 1 1 *"}
TOLD, RENEWED = {"boards": "ok", "ppm": "ok"}, "renewed-by-hand"


class Place:
    """A pair that hears of changes, with the subscriptions as administrators of both products see them."""

    def __init__(self, cloud: Cloud, ppm: RunningPpmExpress) -> None:
        self.cloud, self.ppm = cloud, ppm
        self.product = product_of(cloud.host)
        self.board = Board(cloud.azure_devops_url, TOKEN)
        self.pair = Pair(cloud)

    def configure(self) -> None:
        text = configuration(self.cloud, self.ppm).replace("events: false", "events: true")
        assert self.product.configure(text).status_code == 200
        wait_for(self.told, lambda told: told == TOLD, "listening")

    def told(self) -> dict[str, str]:
        [shown] = self.product.get("pairs").json()["pairs"]
        return shown["events"]

    def linked(self, title: str) -> tuple[int, str]:
        """A work item and its task."""
        id = made(self.board, "Feature", title)
        self.pair.post("create", 202, {"side": "boards", "items": [str(id)]})
        return id, self.pair.synced(id)["ppm"]["id"]

    def title(self, id: int) -> str:
        return self.board.work_item(id)["fields"]["System.Title"]

    def name(self, task: str) -> str:
        return self._ppm("GET", f"projects/{self.ppm.project}/tasks/{task}")["attributes"]["Name"]

    def hooks(self) -> list[dict[str, Any]]:
        answer = requests.get(
            f"{self.board.url}/_apis/hooks/subscriptions?api-version=7.1", auth=("", TOKEN), timeout=10
        )
        return answer.json()["value"]

    def states(self) -> set[str]:
        return {hook["status"] for hook in self.hooks()}

    def addresses(self) -> set[str]:
        return {hook["consumerInputs"]["url"] for hook in self.hooks()}

    def unsubscribe(self) -> None:
        for hook in self.hooks():
            requests.delete(f"{hook['url']}?api-version=7.1", auth=("", TOKEN), timeout=10).raise_for_status()
        self._ppm("DELETE", "webhooks")

    def hears_both(self, id: int, task: str, word: str) -> None:
        """An edit on either side reaches the other, before any sweep."""
        self.board.edit(id, Title=f"{word} on the board")
        wait_for(lambda: self.name(task), lambda name: name == f"{word} on the board", "told by Azure DevOps")
        at_rest(self.cloud)
        self.ppm.control.edit(task, {"Name": f"{word} in the plan"})
        wait_for(lambda: self.title(id), lambda title: title == f"{word} in the plan", "told by PPM Express")
        at_rest(self.cloud)

    def _ppm(self, method: str, path: str) -> Any:
        headers = {"Authorization": f"Bearer {PPM_TOKEN}"}
        answer = requests.request(method, f"{self.ppm.url}/{path}", headers=headers, timeout=10)
        answer.raise_for_status()
        return answer.json()["data"] if answer.content else None


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    settings = {**QUICK, **NO_TIMER, "EVENTS_SECRET": SECRET}
    with (
        started(settings=settings, secrets={"ppm-token": PPM_TOKEN}, message_lease_seconds=5) as cloud,
        RunningPpmExpress() as ppm,
    ):
        ppm.control.token(value=PPM_TOKEN)
        place = Place(cloud, ppm)
        place.configure()
        yield place
        place.product.close()
        place.board.close()


@pytest.fixture(scope="module")
def shop(place: Place) -> tuple[int, str]:
    return place.linked("Shop")


def test_an_edit_on_either_side_reaches_the_other_without_any_sweep(place, shop):
    place.hears_both(*shop, "First")
    id, task = place.linked("Basket")
    place.ppm.control.move(task, shop[1])
    wait_for(
        lambda: place.board.work_item(id)["fields"].get("System.Parent"), lambda parent: parent == shop[0], "moved"
    )
    assert "progress_sync ok" not in place.cloud.host.log


@pytest.mark.parametrize("path", ["boards/events", "ppm/ppm/events"])
@pytest.mark.parametrize("headers", [{}, {EVENTS_HEADER: "wrong"}, {"x-functions-key": "local-key"}], ids=str)
def test_whoever_does_not_show_our_secret_changes_nothing(place, path, headers):
    at_rest(place.cloud)
    looks = place.cloud.host.log.count("roadmap/")
    body = {"eventType": "workitem.created", "resource": {"id": 1}, "Data": {"Id": "1"}}
    answer = requests.post(f"{place.cloud.host.url}/api/{path}", json=body, headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert EVENTS_HEADER in answer.json()["detail"]
    at_rest(place.cloud)
    assert place.cloud.host.log.count("roadmap/") == looks


def test_subscriptions_that_people_deleted_are_made_again_within_the_hour(place, shop):
    before = len(place.hooks())
    place.unsubscribe()
    an_hour_passes(place.cloud, place.product)
    assert len(place.hooks()) == before
    place.hears_both(*shop, "Again")


def test_what_nobody_told_is_found_by_the_sweep_which_mends_what_the_system_switched_off(place, shop):
    place.cloud.control.hooks(time_factor=1e-6)
    place.cloud.host.kill()
    place.board.edit(shop[0], Title="Nobody heard")
    wait_for(place.states, lambda states: "disabledBySystem" in states, "switched off")
    place.cloud.kill_host()
    an_hour_passes(place.cloud, place.product)
    wait_for(lambda: place.name(shop[1]), lambda name: name == "Nobody heard", "found")
    assert place.states() == {"enabled"}
    place.hears_both(*shop, "After that")


def test_a_renewed_secret_is_in_use_after_the_first_event_that_shows_the_old_one(place, shop):
    before = place.addresses()
    place.cloud.key_vault.rotate(SECRET, RENEWED)
    place.cloud.kill_host()  # so that nobody remembers the old one
    place.board.edit(shop[0], Title="Told with the old secret")
    wait_for(place.addresses, lambda now: now.isdisjoint(before), "made anew")
    an_hour_passes(place.cloud, place.product)
    assert place.states() == {"enabled"}
    place.hears_both(*shop, "Renewed")
    told = f"{place.product.get('pairs').text}{place.hooks()}{place.cloud.host.log}"
    assert RENEWED not in told + stored(place.cloud.storage.connection_string)


def test_a_storm_during_a_sweep_ends_as_the_last_edit_says(place, shop):
    place.cloud.control.hooks(lose=0.2, double=0.5, reorder=0.5)
    place.ppm.control.deliveries(lose=0.2, double=0.5)
    for number in range(30):
        place.board.edit(shop[0], Title=f"Storm {number}")
        if number == 10:
            place.product.strike_the_hour()
    an_hour_passes(place.cloud, place.product)
    wait_for(lambda: place.name(shop[1]), lambda name: name == "Storm 29", "calm")
    assert place.title(shop[0]) == "Storm 29"


def test_a_pair_that_rests_on_the_sweep_is_told_nothing(place):
    text = configuration(place.cloud, place.ppm)
    assert place.product.configure(text).status_code == 200
    wait_for(place.told, lambda told: told == {"boards": "off", "ppm": "off"}, "off")
    assert place.hooks() == []
