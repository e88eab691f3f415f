"""Connections put, shown, checked and taken away, over an organisation, a vault and a store in memory."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.configuration import Configuration
from shared.errors import Park, Refused, RetryLater
from shared.model import Health, Requirement, Secret, StateCategory
from shared.operation.connections import Connections
from shared.operation.service import OperationService
from shared.places import PlaceMemory
from tests.memory.boards import MemoryBoards
from tests.memory.organisation import FABRIKAM
from tests.memory.storage import MemoryConfigurationStore, MemoryCursors, MemoryHealthBoard, MemoryQuarantine

URL = "https://dev.azure.com/contoso"
PPM_URL = "https://api-us.ppm.express/@contoso/v1.0"
PAIR = {
    "name": "roadmap",
    "boards": {"projects": ["Fabrikam"]},
    "ppm": {"connection": "ppm", "project": "p1"},
    "fields": [{"name": "title", "boards": "System.Title", "ppm": "Name"}],
}
GOOD: dict[str, Any] = {
    "connections": {
        "contoso": {"kind": "azure_devops", "url": URL, "secret": "boards-pat"},
        "ppm": {"kind": "ppm_express", "url": PPM_URL, "secret": "ppm-token"},
        "desk": {"kind": "generic"},
        "snow": {"kind": "servicenow", "url": "https://contoso.service-now.com"},
    },
    "routes": [{"name": "desk", "connections": ["desk"], "project": "Fabrikam", "team": "Network", "type": "Bug"}],
    "triage": {"project": "Fabrikam", "area": "Fabrikam\\Triage", "type": "Issue"},
    "pairs": [PAIR],
}


def noon() -> datetime:
    return datetime(2026, 5, 4, 12, tzinfo=UTC)


class Vault:
    """Secrets in memory; `refuses` is raised by whoever writes."""

    def __init__(self, **values: str) -> None:
        self.values = {name.replace("_", "-"): value for name, value in values.items()}
        self.refuses: Exception | None = None

    def get(self, name: str) -> Secret:
        if name not in self.values:
            raise Park(f"there is no secret '{name}'")
        return Secret(self.values[name])

    refresh = get

    def set(self, name: str, value: str) -> Secret:
        if self.refuses:
            raise self.refuses
        self.values[name] = value
        return Secret(value)


class Answers:
    """A probe that has its answers."""

    def __init__(self, *answers: Requirement) -> None:
        self._answers = answers

    def probe(self) -> tuple[Requirement, ...]:
        return self._answers


class Place:
    """`faults` are what the sides of pairs say against any configuration from now on."""

    def __init__(self, document: Mapping[str, Any] | None = GOOD) -> None:
        self.store = MemoryConfigurationStore()
        self.vault = Vault(boards_pat="first", ppm_token="first")
        self.health = MemoryHealthBoard()
        self.faults: list[tuple[str, str]] = []
        self.taken: list[Configuration] = []
        self.answers: Answers | None = None
        if document:
            self.store.replace(document, None)
        self.operation = OperationService(
            store=self.store,
            quarantine=MemoryQuarantine(),
            boards=lambda name, connection: MemoryBoards(noon, lambda _: None, (FABRIKAM,)),
            itsm_kinds=["generic", "servicenow"],
            kinds_with_api=["servicenow"],
            extend=lambda kind, fields: None,
            hosts=(),
            reserved=["boardbridge-events"],
            law=lambda mapping: (),
            pairs=lambda configuration: self.faults,
            taken=self.taken.append,
            places=PlaceMemory(MemoryCursors()),
            categories={"open": (StateCategory.PROPOSED,)},
        )
        self.connections = Connections(
            self.operation, self.vault, self.health, lambda name, configuration: self.answers, noon
        )

    @property
    def document(self) -> dict[str, Any]:
        return dict(self.store.read()[0])

    def put(self, name: str, expected: str | None = None, **given: Any) -> dict[str, Any]:
        return self.connections.put(name, given, expected)

    def faults_of(self, name: str, **given: Any) -> dict[str, str]:
        before = self.store.read(), dict(self.vault.values)
        with pytest.raises(Refused) as refused:
            self.put(name, **given)
        assert (self.store.read(), self.vault.values) == before, "what is refused changes nothing"
        assert refused.value.status == 400
        return dict(refused.value.faults)


@pytest.fixture
def place() -> Place:
    return Place()


# ---------------------------------------------------------------- put


def test_a_new_connection_has_its_token_in_a_secret_of_its_name(place: Place) -> None:
    shown = place.put("pmo", kind="ppm_express", url=PPM_URL, token=" t0ken\n")
    assert shown == {
        "name": "pmo",
        "kind": "ppm_express",
        "url": PPM_URL,
        "authentication": "token",
        "secret": "pmo",
        "state": "open",
    }
    assert place.vault.values["pmo"] == "t0ken"
    assert place.document["connections"]["pmo"] == {"kind": "ppm_express", "url": PPM_URL, "secret": "pmo"}
    assert place.connections.one("pmo") == shown


@pytest.mark.parametrize(
    ("name", "given", "secret", "authentication"),
    [
        ("contoso", {"kind": "azure_devops", "url": URL}, "boards-pat", "pat"),
        ("contoso", {"kind": "azure_devops", "url": URL, "secret": "other"}, "other", "pat"),
        ("ppm", {"kind": "ppm_express", "url": PPM_URL}, "ppm-token", "token"),
        ("snow", {"kind": "servicenow", "url": "https://x.service-now.com", "access": {"user": "b"}}, "snow", "basic"),
        ("snow", {"kind": "servicenow", "url": "https://x.service-now.com", "access": {}}, "snow", "token"),
    ],
)
def test_where_a_token_goes(place: Place, name: str, given: dict[str, Any], secret: str, authentication: str) -> None:
    shown = place.put(name, **given, token="new")
    assert (shown["secret"], shown["authentication"]) == (secret, authentication)
    assert place.vault.values[secret] == "new"
    assert "new" not in repr((shown, place.document))


def test_what_was_taken_is_told_and_what_was_refused_is_not(place: Place) -> None:
    place.put("pmo", kind="ppm_express", url=PPM_URL, token="t")
    assert [list(taken.connections) for taken in place.taken] == [["contoso", "ppm", "desk", "snow", "pmo"]]
    place.faults = [("pairs[0].name", "call it as it was")]
    place.faults_of("pmo", kind="ppm_express", url="https://api-eu.ppm.express/@contoso/v1.0")
    assert len(place.taken) == 1


def test_without_a_token_the_secret_stays_as_it_is(place: Place) -> None:
    shown = place.put("ppm", kind="ppm_express", url="https://api-eu.ppm.express/@contoso/v1.0")
    assert (shown["url"], shown["secret"]) == ("https://api-eu.ppm.express/@contoso/v1.0", "ppm-token")
    assert place.vault.values["ppm-token"] == "first"


def test_a_rotation_asks_nothing_of_the_rest(place: Place) -> None:
    place.faults = [("pairs[0].fields[0].ppm", "there is no field 'Name'")]
    generation = place.store.read()[1]
    place.put("ppm", kind="ppm_express", url=PPM_URL, token="second")
    assert (place.vault.values["ppm-token"], place.store.read()[1]) == ("second", generation)


def test_a_managed_identity_needs_no_secret(place: Place) -> None:
    identity = {"kind": "azure_devops", "url": URL, "authentication": "managed_identity"}
    assert place.put("contoso", **identity)["secret"] is None
    assert "nothing here signs in with a token" in place.faults_of("contoso", **identity, token="x")["token"]


def test_a_product_that_pushes_shows_its_token_and_needs_none_of_ours(place: Place) -> None:
    shown = place.put("desk", kind="generic", token={"secret": "push", "header": "X-Token"})
    assert (shown["secret"], shown["authentication"]) == (None, None)
    assert place.document["connections"]["desk"]["token"] == {"secret": "push", "header": "X-Token"}


@pytest.mark.parametrize(
    ("name", "given", "path", "fix"),
    [
        ("ppm", {"kind": "ppm_express", "url": "http://10.0.0.7", "token": "t"}, "url", "https://"),
        ("ppm", {"kind": "ppm_express", "url": "https://10.0.0.7", "token": "t"}, "url", "ALLOWED_HOSTS"),
        ("ppm", {"kind": "ppm_express", "token": "t"}, "url", "this is needed"),
        ("ppm", {"kind": "ppm_express", "url": PPM_URL, "colour": "red"}, "colour", "not known here"),
        ("ppm", {"url": PPM_URL, "token": "t"}, "kind", "this is needed"),
        ("ppm", {"kind": "redmin", "url": PPM_URL}, "kind", "is not a known kind"),
        ("ppm", {"kind": "generic"}, "pairs[0].ppm.connection", "there is no PPM connection 'ppm'"),
        ("other", {"kind": "azure_devops", "url": URL, "token": "t"}, "connections", "exactly one connection"),
        ("Other", {"kind": "ppm_express", "url": PPM_URL, "token": "t"}, "connections.Other", "lower-case letters"),
        ("new", {"kind": "ppm_express", "url": PPM_URL}, "token", "the secret 'new' is not in Key Vault yet"),
        ("ppm", {"kind": "ppm_express", "url": PPM_URL, "token": "two\nlines"}, "token", "one line"),
        ("ppm", {"kind": "ppm_express", "url": PPM_URL, "token": " "}, "token", "one line"),
        ("ppm", {"kind": "ppm_express", "url": PPM_URL, "token": 7}, "token", "one line"),
        ("desk", {"kind": "generic", "token": "t"}, "token", "nothing here signs in"),
    ],
)
def test_what_is_wrong_is_told_by_its_path_in_the_body(
    place: Place, name: str, given: dict[str, Any], path: str, fix: str
) -> None:
    assert fix in place.faults_of(name, **given)[path]


@pytest.mark.parametrize("secret", ["boards-pat", "boardbridge-events"])
@pytest.mark.parametrize("token", [{}, {"token": "t"}])
def test_a_secret_of_another_is_neither_sent_nor_written_over(place: Place, secret: str, token: dict[str, str]) -> None:
    assert "name" in place.faults_of("steal", kind="ppm_express", url=PPM_URL, secret=secret, **token)["secret"]


def test_what_the_organisation_refuses_leaves_the_token_as_it_was(place: Place) -> None:
    place.faults = [("pairs[0].ppm.project", "there is no project 'p1'")]
    elsewhere = "https://api-eu.ppm.express/@contoso/v1.0"
    assert "pairs[0].ppm.project" in place.faults_of("ppm", kind="ppm_express", url=elsewhere, token="second")


@pytest.mark.parametrize("failure", [Park("give it the role 'Key Vault Secrets Officer'"), RetryLater("away", 15)])
def test_a_token_that_cannot_be_kept_makes_no_connection(place: Place, failure: Exception) -> None:
    place.vault.refuses = failure
    with pytest.raises(type(failure)):
        place.put("pmo", kind="ppm_express", url=PPM_URL, token="t")
    assert "pmo" not in place.document["connections"]


def test_a_death_after_the_token_is_mended_by_the_same_request(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying, suppress(SystemExit):
        dying.setattr(place.store, "replace", die)
        place.put("pmo", kind="ppm_express", url=PPM_URL, token="t")
    assert (place.vault.values["pmo"], "pmo" in place.document["connections"]) == ("t", False)
    assert place.put("pmo", kind="ppm_express", url=PPM_URL, token="t") == place.connections.one("pmo")


def test_of_two_writers_the_second_is_told(place: Place) -> None:
    generation = place.store.read()[1]
    place.put("pmo", generation, kind="ppm_express", url=PPM_URL, token="t")
    with pytest.raises(Refused, match="changed meanwhile") as refused:
        place.put("pmo2", generation, kind="ppm_express", url=PPM_URL, token="t")
    assert refused.value.status == 412


def test_before_the_first_configuration_it_is_told_how_to_begin() -> None:
    with pytest.raises(Refused, match="nothing is configured") as refused:
        Place(None).put("contoso", kind="azure_devops", url=URL, token="t")
    assert (refused.value.status, "PUT that to /api/configuration" in refused.value.faults[0][1]) == (409, True)


# ---------------------------------------------------------------- seen and checked


def test_how_each_connection_stands(place: Place) -> None:
    place.health.write("contoso", Health(stopped="the token has expired", stopped_at=noon()))
    place.health.write("ppm", Health(paused_until=noon() + timedelta(seconds=20)))
    states = {each["name"]: each for each in place.connections.all()}
    assert {name: each["state"] for name, each in states.items()} == {
        "contoso": "stopped",
        "ppm": "paused",
        "desk": "open",
        "snow": "open",
    }
    assert (states["contoso"]["reason"], states["contoso"]["secret"]) == ("the token has expired", "boards-pat")


@pytest.mark.parametrize(("oks", "whole"), [((True, None), True), ((True, False), False), ((None,), True)])
def test_a_check_fails_by_any_item_that_does(place: Place, oks: tuple[bool | None, ...], whole: bool) -> None:
    place.answers = Answers(*(Requirement(f"item {n}", ok, "why", "do this") for n, ok in enumerate(oks)))
    checked = place.connections.check("ppm")
    assert (checked["name"], checked["ok"]) == ("ppm", whole)
    assert checked["items"] == [
        {"item": f"item {n}", "ok": ok, "reason": "why", "fix": "" if ok else "do this"} for n, ok in enumerate(oks)
    ]


STOPPED = Health(stopped="the token was refused", stopped_at=noon())
PAUSED = Health(paused_until=noon() + timedelta(seconds=20))


@pytest.mark.parametrize(
    ("health", "oks", "after"),
    [
        (STOPPED, {"address": True, "token": True}, Health()),
        (STOPPED, {"address": True, "token": True, "tasks write": False}, Health()),
        (STOPPED, {"address": True, "token": False}, STOPPED),
        (STOPPED, {"address": False, "token": None}, STOPPED),
        (PAUSED, {"address": True, "token": True}, PAUSED),
    ],
)
def test_a_check_that_was_let_in_opens_a_stopped_connection(
    place: Place, health: Health, oks: dict[str, bool | None], after: Health
) -> None:
    place.health.write("ppm", health)
    place.answers = Answers(*(Requirement(item, ok, "why") for item, ok in oks.items()))
    place.connections.check("ppm")
    assert place.health.read("ppm") == after


def test_a_product_that_is_asked_for_nothing_has_nothing_to_check(place: Place) -> None:
    [item] = place.connections.check("desk")["items"]
    assert (item["ok"], "pushes" in item["reason"]) == (None, True)


@pytest.mark.parametrize("ask", ["one", "check"])
def test_a_connection_that_is_not_there(place: Place, ask: str) -> None:
    with pytest.raises(Refused, match="no connection 'nowhere': contoso, ppm, desk, snow") as refused:
        getattr(place.connections, ask)("nowhere")
    assert refused.value.status == 404


# ---------------------------------------------------------------- taken away


def test_a_connection_that_nothing_needs_is_taken_away_and_its_secret_is_not(place: Place) -> None:
    place.put("pmo", kind="ppm_express", url=PPM_URL, token="t")
    place.connections.delete("pmo", None)
    assert "pmo" not in place.document["connections"]
    assert place.vault.values["pmo"] == "t"


@pytest.mark.parametrize(
    ("name", "needed_at"),
    [
        ("contoso", "connections.contoso"),
        ("ppm", "pairs[0].ppm.connection"),
        ("desk", "routes[0].connections"),
    ],
)
def test_a_connection_that_is_needed_stays(place: Place, name: str, needed_at: str) -> None:
    with pytest.raises(Refused) as refused:
        place.connections.delete(name, None)
    assert (refused.value.status, [path for path, _ in refused.value.faults]) == (409, [needed_at])
    assert name in place.document["connections"]
