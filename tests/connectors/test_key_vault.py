"""The Key Vault connector with Microsoft's own clients against the running stand-in."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.identity import ManagedIdentityCredential

from infra.local.key_vault.running import RunningKeyVault
from shared.connectors.key_vault import KeyVaultSecrets
from shared.errors import NotFound, Park, RetryLater
from tests.connectors.clock import VirtualClock

NAME = "boards-pat"


@pytest.fixture
def secrets(vault: RunningKeyVault, clock: VirtualClock) -> Iterator[KeyVaultSecrets]:
    vault.rotate(NAME, "first-token")
    with ManagedIdentityCredential() as identity:
        secrets = KeyVaultSecrets(vault.url, identity, clock)
        yield secrets
        secrets.close()
    vault.deny(False)
    vault.fail_next()


def asked(vault: RunningKeyVault) -> int:
    return sum(request == f"GET /secrets/{NAME}/" for request in vault.requests)


def test_a_value_and_its_version(secrets: KeyVaultSecrets) -> None:
    secret = secrets.get(NAME)
    assert secret.value == "first-token"
    assert len(secret.version) == 32
    assert "first-token" not in repr(secret)


def test_a_value_is_remembered_for_ten_minutes(
    secrets: KeyVaultSecrets, vault: RunningKeyVault, clock: VirtualClock
) -> None:
    secrets.get(NAME)
    vault.rotate(NAME, "second-token")
    for seconds, value in ((599, "first-token"), (1, "second-token")):
        clock.pass_by(seconds)
        assert secrets.get(NAME).value == value


def test_refresh_asks_at_once_but_not_all_the_time(
    secrets: KeyVaultSecrets, vault: RunningKeyVault, clock: VirtualClock
) -> None:
    first = secrets.get(NAME)
    vault.rotate(NAME, "second-token")
    for seconds, value in ((4, "first-token"), (1, "second-token"), (0, "second-token")):
        clock.pass_by(seconds)
        assert secrets.refresh(NAME).value == value
    assert secrets.get(NAME).value == "second-token"
    assert secrets.get(NAME).version != first.version


def test_a_missing_secret_is_named_and_not_asked_for_all_the_time(
    secrets: KeyVaultSecrets, vault: RunningKeyVault, clock: VirtualClock
) -> None:
    before = len(vault.requests)
    for _ in range(3):
        for read in (secrets.get, secrets.refresh):
            with pytest.raises(NotFound, match=f"no secret 'nothing' in {vault.url}"):
                read("nothing")
    assert vault.requests[before:].count("GET /secrets/nothing/") <= 2  # the challenge makes a first request two
    vault.rotate("nothing", "something")
    clock.pass_by(5)
    assert secrets.get("nothing").value == "something"


def test_a_disabled_secret(secrets: KeyVaultSecrets, vault: RunningKeyVault) -> None:
    vault.rotate(NAME, "second-token", enabled=False)
    with pytest.raises(Park, match=f"'{NAME}' .* is disabled"):
        secrets.get(NAME)


def test_a_secret_that_is_not_ours_to_read_is_forgotten(
    secrets: KeyVaultSecrets, vault: RunningKeyVault, clock: VirtualClock
) -> None:
    secrets.get(NAME)
    vault.deny()
    clock.pass_by(5)
    for read in (secrets.refresh, secrets.get):
        with pytest.raises(Park, match="Key Vault Secrets User"):
            read(NAME)


def test_a_vault_that_asks_to_wait_is_left_alone(secrets: KeyVaultSecrets, vault: RunningKeyVault) -> None:
    vault.fail_next(429, 429, retry_after_seconds=20)
    for _ in range(2):
        with pytest.raises(RetryLater, match=NAME) as wait:
            secrets.get(NAME)
        assert wait.value.after_seconds == 20


def test_a_known_value_outlives_the_vault(
    secrets: KeyVaultSecrets, vault: RunningKeyVault, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    secrets.get(NAME)
    clock.pass_by(601)
    vault.fail_next(503)
    assert secrets.get(NAME).value == "first-token"
    assert "using the secret 'boards-pat' as read at 2026-05-04" in caplog.text
    assert "first-token" not in caplog.text
    with pytest.raises(RetryLater):
        secrets.refresh(NAME)
    clock.pass_by(5)
    assert secrets.refresh(NAME).value == "first-token"


def test_nobody_at_home(clock: VirtualClock) -> None:
    with ManagedIdentityCredential() as identity:
        secrets = KeyVaultSecrets("https://127.0.0.1:1", identity, clock)
        with pytest.raises(RetryLater, match=r"127\.0\.0\.1:1 cannot be asked for 'boards-pat'"):
            secrets.get(NAME)
        secrets.close()


def test_a_value_that_was_set_is_known_at_once(
    secrets: KeyVaultSecrets, vault: RunningKeyVault, clock: VirtualClock
) -> None:
    before = secrets.refresh(NAME)
    made = secrets.set(NAME, "third-token")
    asked_before = asked(vault)
    assert secrets.get(NAME) == secrets.refresh(NAME) == made
    assert (made.value, made.version == before.version, asked(vault)) == ("third-token", False, asked_before)
    clock.pass_by(5)
    assert secrets.refresh(NAME) == made


def test_a_secret_that_is_set_for_the_first_time_was_missing_before(secrets: KeyVaultSecrets) -> None:
    with pytest.raises(Park):
        secrets.get("new-connection")
    secrets.set("new-connection", "a-token")
    assert secrets.get("new-connection").value == "a-token"


def test_writing_needs_a_role_of_its_own(
    secrets: KeyVaultSecrets, vault: RunningKeyVault, caplog: pytest.LogCaptureFixture
) -> None:
    vault.deny(False, read_only=True)
    with pytest.raises(Park, match="'Key Vault Secrets Officer'") as refused:
        secrets.set(NAME, "unwritten-token")
    assert secrets.get(NAME).value == "first-token"
    assert "unwritten-token" not in f"{refused.value} {caplog.text}"


def test_a_vault_that_is_busy_can_be_written_later(secrets: KeyVaultSecrets, vault: RunningKeyVault) -> None:
    secrets.get(NAME)
    vault.fail_next(503, retry_after_seconds=7)
    with pytest.raises(RetryLater, match=NAME) as wait:
        secrets.set(NAME, "second-token")
    assert wait.value.after_seconds == 7
    assert secrets.set(NAME, "second-token").value == secrets.get(NAME).value


def test_many_that_ask_at_once_cause_one_call(secrets: KeyVaultSecrets, vault: RunningKeyVault) -> None:
    before = asked(vault)
    with ThreadPoolExecutor(8) as pool:
        values = {secret.value for secret in pool.map(lambda _: secrets.get(NAME), range(16))}
    assert values == {"first-token"}
    assert asked(vault) - before <= 2  # the challenge makes a first request two
