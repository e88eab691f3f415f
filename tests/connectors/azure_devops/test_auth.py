"""Personal access tokens and the managed identity: what is sent, and when another credential is to be had."""

from base64 import b64decode

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from azure.identity import ManagedIdentityCredential

from infra.local.key_vault.running import RunningKeyVault
from shared.connectors.azure_devops.auth import AZURE_DEVOPS_SCOPE, ManagedIdentity, PersonalAccessToken
from shared.errors import Park, RetryLater, StopConnection
from shared.model import Secret


class Vault:
    """A vault that remembers `known` and has `now`; an error there is raised."""

    def __init__(self, known: str | Exception, now: str | Exception) -> None:
        self._known = known
        self._now = now

    def get(self, name: str) -> Secret:
        return self._give(self._known)

    def refresh(self, name: str) -> Secret:
        return self._give(self._now)

    def _give(self, value: str | Exception) -> Secret:
        if isinstance(value, Exception):
            raise value
        return Secret(value, "1")


def token(known: str | Exception, now: str | Exception = "") -> PersonalAccessToken:
    return PersonalAccessToken(Vault(known, now), "boards-pat", "boards")


def test_a_token_is_the_password_of_nobody() -> None:
    credential = token("secret\n").credential()
    scheme, _, encoded = credential.authorization.partition(" ")
    assert (scheme, b64decode(encoded), credential.token) == ("Basic", b":secret", "secret")


@pytest.mark.parametrize(("now", "there_is_another"), [("old", False), ("old\n", False), ("new", True)])
def test_a_refused_token_is_replaced_by_a_renewed_one(now: str, there_is_another: bool) -> None:
    authenticator = token("old", now)
    renewed = authenticator.renewed(authenticator.credential())
    assert (renewed.token if renewed else None) == ("new" if there_is_another else None)


def test_a_missing_secret_stops_the_connection_rather_than_one_item() -> None:
    with pytest.raises(StopConnection, match="no secret 'boards-pat'") as stopped:
        token(Park("there is no secret 'boards-pat'")).credential()
    assert stopped.value.connection == "boards"


def test_a_vault_that_is_not_to_be_had_stops_nothing() -> None:
    authenticator = token("old", RetryLater("the vault is away", 15))
    with pytest.raises(RetryLater, match="the vault is away"):
        authenticator.renewed(authenticator.credential())


def test_the_remedy_names_the_secret() -> None:
    assert "'boards-pat'" in token("x").remedy


class Identity:
    def __init__(self, *outcomes: str | Exception) -> None:
        self._outcomes = list(outcomes)
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        self.scopes += scopes
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return AccessToken(outcome, 0)


def test_the_managed_identity_bears_a_token_for_azure_devops() -> None:
    identity = Identity("token")
    assert ManagedIdentity(identity, "boards").credential().authorization == "Bearer token"
    assert identity.scopes == [AZURE_DEVOPS_SCOPE]


def test_the_managed_identity_has_another_token_only_if_it_is_another() -> None:
    steady, renewing = ManagedIdentity(Identity("one"), "boards"), ManagedIdentity(Identity("one", "two"), "boards")
    assert steady.renewed(steady.credential()) is None
    assert renewing.renewed(renewing.credential()) is not None


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (ClientAuthenticationError("no identity is assigned"), StopConnection),
        (ServiceRequestError("connection refused"), RetryLater),
    ],
)
def test_the_managed_identity_gets_no_token(failure: Exception, error: type[Exception]) -> None:
    with pytest.raises(error, match=str(failure)):
        ManagedIdentity(Identity(failure), "boards").credential()


def test_the_real_identity_client(vault: RunningKeyVault) -> None:
    with ManagedIdentityCredential() as identity:
        authenticator = ManagedIdentity(identity, "boards")
        credential = authenticator.credential()
        assert credential.authorization.startswith("Bearer ey")
        assert authenticator.renewed(credential) is None
