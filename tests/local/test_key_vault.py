"""The Key Vault stand-in under the real clients: nothing here, and nothing in the product, knows that it is none."""

from collections.abc import Iterator

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

from infra.local.key_vault.running import RunningKeyVault

AZURE_DEVOPS = "499b84ac-1321-427f-aa17-267ca6975798"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningKeyVault]:
    with RunningKeyVault({"board-token": "one=1"}) as vault:
        yield vault


@pytest.fixture
def vault(running: RunningKeyVault, monkeypatch: pytest.MonkeyPatch) -> RunningKeyVault:
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    return running


@pytest.fixture
def client(vault: RunningKeyVault) -> Iterator[SecretClient]:
    with ManagedIdentityCredential() as credential, SecretClient(vault.url, credential) as client:
        yield client


def test_a_secret_is_read_through_the_challenge(vault: RunningKeyVault, client: SecretClient) -> None:
    secret = client.get_secret("Board-Token")  # names know no case
    assert secret.value == "one=1"
    assert client.get_secret("board-token", secret.properties.version).value == "one=1"
    assert vault.requests[-3:] == ["GET /secrets/Board-Token/"] * 2 + [
        f"GET /secrets/board-token/{secret.properties.version}"
    ]


def test_rotation_is_seen_at_the_next_read_and_old_versions_stay(vault: RunningKeyVault, client: SecretClient) -> None:
    vault.rotate("rotating", "one")
    old = client.get_secret("rotating").properties.version
    vault.rotate("rotating", "two")
    assert client.get_secret("rotating").value == "two"
    assert client.get_secret("rotating", old).value == "one"
    versions = [version.version for version in client.list_properties_of_secret_versions("rotating")]
    assert versions == [old, client.get_secret("rotating").properties.version]


def test_secrets_are_written_and_listed_without_values(client: SecretClient) -> None:
    client.set_secret("another", "value", content_type="text/plain")
    listed = {secret.name: secret.content_type for secret in client.list_properties_of_secrets()}
    assert listed.items() >= {"another": "text/plain", "board-token": None}.items()


def test_a_disabled_secret_is_forbidden(vault: RunningKeyVault, client: SecretClient) -> None:
    vault.rotate("old", "one")
    client.update_secret_properties("old", client.get_secret("old").properties.version, enabled=False)
    with pytest.raises(HttpResponseError, match="disabled secret") as caught:
        client.get_secret("old")
    assert caught.value.status_code == 403
    vault.rotate("old", "two")
    assert client.get_secret("old").value == "two"


def test_an_unknown_secret_or_version_is_not_found(client: SecretClient) -> None:
    for name, version in [("no-such", None), ("board-token", "0" * 32)]:
        with pytest.raises(ResourceNotFoundError, match="SecretNotFound"):
            client.get_secret(name, version)


def test_access_can_be_taken_away_and_given_back(vault: RunningKeyVault, client: SecretClient) -> None:
    vault.deny()
    with pytest.raises(HttpResponseError, match="not authorized") as caught:
        client.get_secret("board-token")
    assert (caught.value.status_code, caught.value.error.innererror["code"]) == (403, "ForbiddenByRbac")
    vault.deny(False)
    assert client.get_secret("board-token").value == "one=1"


def test_throttling_is_weathered_by_the_client(vault: RunningKeyVault, client: SecretClient) -> None:
    client.get_secret("board-token")
    before = len(vault.requests)
    vault.fail_next(429, 503, retry_after_seconds=0)
    assert client.get_secret("board-token").value == "one=1"
    assert len(vault.requests) == before + 3


def test_a_token_for_something_else_does_not_open_the_vault(vault: RunningKeyVault) -> None:
    with ManagedIdentityCredential() as credential:
        token = credential.get_token(f"{AZURE_DEVOPS}/.default").token
    response = requests.get(
        f"{vault.url}/secrets/board-token?api-version=7.6", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert (response.status_code, "Invalid audience" in response.text) == (401, True)


def test_a_wrong_identity_header_gets_no_token(vault: RunningKeyVault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "guessed")
    with ManagedIdentityCredential() as credential, pytest.raises(ClientAuthenticationError):
        credential.get_token(f"{AZURE_DEVOPS}/.default")


def test_the_default_credential_finds_the_identity(vault: RunningKeyVault) -> None:
    with DefaultAzureCredential() as credential, SecretClient(vault.url, credential) as client:
        assert client.get_secret("board-token").value == "one=1"
