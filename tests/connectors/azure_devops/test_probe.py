"""An organisation is asked for all that a connection needs: each scope by itself, and every way of not being let in."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from infra.local.azure_devops.running import RunningSimulator
from shared.connectors.azure_devops.auth import Authenticator, ManagedIdentity, PersonalAccessToken
from shared.connectors.azure_devops.probe import AzureDevOpsProbe, Place, identity_url
from shared.errors import Park, RetryLater
from shared.model import Requirement
from tests.connectors.canned import Canned, answer
from tests.connectors.itsm_contracts import KeptSecrets

ALL = ("vso.graph", "vso.identity", "vso.project", "vso.work_write")
PERMISSIONS = ("Graph read", "Identity read", "Project and Team read", "Work Items read", "Work Items write")
TRIAGE = Place("Fabrikam", "User Story", "Fabrikam\\Triage")
CONNECTION = {"authenticatedUser": {"id": "2", "providerDisplayName": "Board Bridge"}}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSimulator]:
    with RunningSimulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(running: RunningSimulator) -> Iterator[RunningSimulator]:
    yield running
    running.control.availability()
    running.control.reset()


def now() -> datetime:
    return datetime(2026, 5, 4, 12, tzinfo=UTC)


def pat(value: str = "local-pat") -> PersonalAccessToken:
    return PersonalAccessToken(KeptSecrets(pat=value), "pat", "boards")


def probed(
    url: str,
    authenticator: Authenticator | None = None,
    *,
    projects: tuple[str, ...] = ("Fabrikam", "Tailwind"),
    place: Place = TRIAGE,
    personal: bool = True,
    network: Canned | None = None,
) -> dict[str, Requirement]:
    probe = AzureDevOpsProbe(
        url,
        authenticator or pat(),
        projects,
        place,
        personal=personal,
        connection="boards",
        clock=now,
        timeout_seconds=5,
        adapter=network,
    )
    with closing(probe):
        return {each.item: each for each in probe.probe()}


def verdicts(items: dict[str, Requirement]) -> dict[str, bool | None]:
    return {name: each.ok for name, each in items.items()}


def test_a_token_with_all_scopes_has_all_that_is_needed(simulator: RunningSimulator) -> None:
    simulator.control.token(scopes=list(ALL))
    items = probed(simulator.url)
    told = dict.fromkeys(("address", "token", *PERMISSIONS, "service hooks"), True)
    assert verdicts(items) == told | {"expiry": None}
    assert "personal access token" in items["expiry"].reason
    assert items["token"].reason.startswith("accepted as ")
    assert "work_items.create" in simulator.control.counts()
    assert simulator.control.seed(0) == 0, "nothing was made"


@pytest.mark.parametrize(
    ("missing", "item"),
    [
        ("vso.graph", "Graph read"),
        ("vso.identity", "Identity read"),
        ("vso.project", "Project and Team read"),
        ("vso.work_write", "Work Items write"),
    ],
)
def test_each_missing_scope_is_told_by_its_item(simulator: RunningSimulator, missing: str, item: str) -> None:
    simulator.control.token(scopes=[*(scope for scope in ALL if scope != missing), "vso.work"])
    items = probed(simulator.url)
    assert [name for name, ok in verdicts(items).items() if ok is False] == [item]
    assert missing in items[item].fix


def test_a_token_for_nothing_about_work_items_lacks_three_things(simulator: RunningSimulator) -> None:
    simulator.control.token(scopes=["vso.graph", "vso.identity", "vso.project"])
    found = verdicts(probed(simulator.url))
    lacking = [name for name, ok in found.items() if ok is False]
    assert (lacking, found["service hooks"]) == (["Work Items read", "Work Items write"], None)


def test_a_project_that_is_not_seen_is_named(simulator: RunningSimulator) -> None:
    items = probed(simulator.url, projects=("Fabrikam", "Atlantis"))
    assert items["Project and Team read"].ok is False
    assert items["Project and Team read"].reason.startswith("Atlantis: TF200016")


def test_a_type_that_wants_more_fields_may_be_written_all_the_same(simulator: RunningSimulator) -> None:
    simulator.control.rules(require=[{"type": "User Story", "field": "Microsoft.VSTS.Common.Risk"}])
    assert probed(simulator.url)["Work Items write"].ok is True
    simulator.control.rules()


def test_a_place_that_does_not_exist_cannot_be_written_to(simulator: RunningSimulator) -> None:
    item = probed(simulator.url, place=Place("Fabrikam", "User Story", "Fabrikam\\Nowhere"))["Work Items write"]
    assert (item.ok, "TF401347" in item.reason) == (False, True)


@pytest.mark.parametrize(
    ("token", "says", "fix"),
    [
        ({"state": "expired"}, "has expired", "Renew the personal access token"),
        ({"state": "revoked"}, "sign-in page (203)", "Renew the personal access token"),
        ({"state": "no_scope"}, "401 without a word", "Renew the personal access token"),
    ],
)
def test_a_token_that_is_no_good_is_all_that_is_asked(
    simulator: RunningSimulator, token: dict[str, str], says: str, fix: str
) -> None:
    simulator.control.token(**token)
    items = probed(simulator.url)
    assert (items["address"].ok, items["token"].ok) == (True, False)
    assert says in items["token"].reason
    assert fix in items["token"].fix
    assert {ok for name, ok in verdicts(items).items() if name not in ("address", "token")} == {None}


@pytest.mark.parametrize("status", [200, 203, 401, 403])
def test_a_conditional_access_policy_is_explained(simulator: RunningSimulator, status: int) -> None:
    simulator.control.availability("conditional_access", status=status)
    token = probed(simulator.url)["token"]
    assert "conditional access policy" in token.reason
    assert "administrator of Microsoft Entra" in token.fix


def test_a_stopped_organisation_and_one_that_is_not_there_are_no_address(simulator: RunningSimulator) -> None:
    simulator.control.availability("stopped")
    assert probed(simulator.url)["address"].reason.startswith("TF24668")
    assert probed(simulator.url.replace("contoso", "atlantis"))["address"].ok is False
    nobody = probed("http://127.0.0.1:1/contoso")
    assert (nobody["address"].ok, nobody["token"].ok) == (False, None)


def test_another_product_is_not_taken_for_azure_devops() -> None:
    items = probed("https://dev.azure.com/contoso", network=Canned(answer(200, {"hello": "world"})))
    assert (items["address"].ok, items["token"].ok) == (False, None)
    assert "answers, but not as this product does" in items["address"].reason


@pytest.mark.parametrize(
    ("lost", "ok"), [(Park("there is no secret 'pat'"), False), (RetryLater("the vault is away", 15), None)]
)
def test_without_a_token_nobody_is_asked(lost: Exception, ok: bool | None) -> None:
    class Lost(KeptSecrets):
        def get(self, name: str) -> None:
            raise lost

    items = probed("https://dev.azure.com/contoso", PersonalAccessToken(Lost(), "pat", "boards"), network=Canned())
    assert (items["address"].ok, items["token"].ok, items["token"].reason) == (None, ok, str(lost))


def test_an_identity_that_microsoft_entra_refuses_is_told_in_its_words() -> None:
    class Refused:
        def get_token(self, *scopes: str) -> AccessToken:
            raise ClientAuthenticationError("AADSTS53003: Access has been blocked by Conditional Access policies.")

    items = probed("https://dev.azure.com/contoso", ManagedIdentity(Refused(), "boards"), network=Canned())
    assert (items["address"].ok, items["token"].ok) == (None, False)
    assert "AADSTS53003" in items["token"].reason
    assert "administrator of Microsoft Entra" in items["token"].fix


@pytest.mark.parametrize(
    ("given", "ok", "says", "fix"),
    [
        (answer(401), False, "401 without a word", "scope Graph (Read), vso.graph"),
        (answer(403, {"message": "VS403463: The policy has failed."}), False, "VS403463", "administrator of Microsoft"),
        (answer(403, {"message": "TF400813: You are a guest."}), False, "a guest", "no guest who may not"),
        (answer(429, b"", {"Retry-After": "7"}), None, "429", "Ask again"),
        (answer(503), None, "503", "Ask again"),
    ],
)
def test_what_each_answer_says_of_one_permission(given: Any, ok: bool | None, says: str, fix: str) -> None:
    others = (answer(200, {"value": [], "count": 0}) for _ in range(6))
    graph = probed(
        "https://dev.azure.com/contoso",
        projects=("Fabrikam",),
        network=Canned(answer(200, CONNECTION), given, *others),
    )["Graph read"]
    assert graph.ok is ok
    assert says in graph.reason
    assert fix in graph.fix


def test_a_managed_identity_is_checked_like_a_token(simulator: RunningSimulator) -> None:
    class Identity:
        def get_token(self, *scopes: str) -> AccessToken:
            return AccessToken("local-pat", 2**31)

    items = probed(simulator.url, ManagedIdentity(Identity(), "boards"), personal=False)
    assert set(verdicts(items).values()) == {True}


def test_a_managed_identity_is_not_told_of_scopes(simulator: RunningSimulator) -> None:
    simulator.control.token(scopes=["vso.work_write"])
    identity, token = (probed(simulator.url, personal=personal)["Graph read"] for personal in (False, True))
    assert (identity.fix in token.fix, "scope" in identity.fix) == (True, False)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://dev.azure.com/contoso", "https://vssps.dev.azure.com/contoso"),
        ("https://contoso.visualstudio.com", "https://contoso.vssps.visualstudio.com"),
        ("https://contoso.visualstudio.com/DefaultCollection", "https://contoso.vssps.visualstudio.com"),
        ("https://boards.contoso.example/contoso", "https://boards.contoso.example/contoso"),
        ("http://127.0.0.1:7081/contoso", "http://127.0.0.1:7081/contoso"),
    ],
)
def test_people_are_asked_for_on_a_host_of_their_own(url: str, expected: str) -> None:
    assert identity_url(url) == expected


def test_no_redirect_is_followed_and_no_other_host_is_asked() -> None:
    elsewhere = {"Location": "https://evil.example/"}
    network = Canned(answer(200, CONNECTION), *(answer(302, b"", elsewhere) for _ in range(7)))
    items = probed("https://dev.azure.com/contoso", projects=("Fabrikam",), network=network)
    assert all(items[name].ok is False for name in PERMISSIONS)
    hosts = {request.url.split("/")[2] for request in network.requests}
    assert hosts == {"dev.azure.com", "vssps.dev.azure.com"}
