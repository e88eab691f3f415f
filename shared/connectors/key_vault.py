"""The `Secrets` port over Azure Key Vault: values remembered for minutes, asked for again when a token was refused.

Separate from every user of a secret so that a rotated one is noticed without a restart, and a vault that is down for a
moment stops nobody whose secret is known.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.keyvault.secrets import SecretClient

from shared.connectors.http import pause_seconds
from shared.errors import BoardbridgeError, NotFound, Park, RetryLater
from shared.model import Secret
from shared.ports import Clock

log = logging.getLogger(__name__)

RETRY_SECONDS = 15.0


@dataclass(slots=True)
class _Entry:
    """What is known of one secret: the last outcome of asking, and the last value even if asking failed since."""

    lock: Lock = field(default_factory=Lock)
    asked_at: datetime | None = None
    outcome: Secret | BoardbridgeError | None = None
    secret: Secret | None = None
    read_at: datetime | None = None


class KeyVaultSecrets:
    """One vault, read as `credential`. Safe to share between threads; those asking for one name at once cause one call.

    Values are taken from memory for `cache_seconds`. `refresh` asks the vault at most every `refresh_seconds` per name
    and otherwise repeats what it answered last, so that a storm of refused calls does not become one here.
    """

    def __init__(
        self,
        vault_url: str,
        credential: TokenCredential,
        clock: Clock,
        *,
        cache_seconds: float = 600,
        refresh_seconds: float = 5,
    ) -> None:
        self._vault_url = vault_url
        # A broken connection is tried once more, a refusal is not: the SDK would sleep for as long as the vault asks,
        # and whoever asks here has a caller waiting, or a queue to go back to.
        self._client = SecretClient(
            vault_url, credential, retry_total=1, retry_status=0, connection_timeout=5, read_timeout=10
        )
        self._clock = clock
        self._cache = timedelta(seconds=cache_seconds)
        self._refresh = timedelta(seconds=refresh_seconds)
        self._lock = Lock()
        self._entries: dict[str, _Entry] = {}

    def close(self) -> None:
        self._client.close()

    def get(self, name: str) -> Secret:
        """The value, at most `cache_seconds` old, or as old as it must be while the vault is not to be had."""
        entry = self._entry(name)
        with entry.lock:
            if entry.secret and entry.read_at and self._clock() - entry.read_at < self._cache:
                return entry.secret
            try:
                return self._ask(name, entry)
            except RetryLater as unreachable:
                if entry.secret is None:
                    raise
                log.warning("using the secret '%s' as read at %s: %s", name, entry.read_at, unreachable.reason)
                return entry.secret

    def refresh(self, name: str) -> Secret:
        entry = self._entry(name)
        with entry.lock:
            return self._ask(name, entry)

    def set(self, name: str, value: str) -> Secret:
        """Whoever asks this worker has the new value from now on; others when the old one is refused, or forgotten."""
        entry = self._entry(name)
        with entry.lock:
            try:
                made = self._client.set_secret(name, value)
            except HttpResponseError as error:
                raise self._unwritten(name, error) from error
            except AzureError as error:
                raise self._unreachable(name, error, RETRY_SECONDS) from error
            secret = Secret(value, made.properties.version or "")
            entry.outcome = entry.secret = secret
            entry.asked_at = entry.read_at = self._clock()
            return secret

    def _entry(self, name: str) -> _Entry:
        with self._lock:
            return self._entries.setdefault(name, _Entry())

    def _ask(self, name: str, entry: _Entry) -> Secret:
        now = self._clock()
        if entry.outcome is None or entry.asked_at is None or now - entry.asked_at >= self._refresh:
            entry.outcome, entry.asked_at = self._read(name), now
            if isinstance(entry.outcome, Secret):
                entry.secret, entry.read_at = entry.outcome, now
            elif isinstance(entry.outcome, Park):  # the vault itself says that the value is no longer ours to use
                entry.secret = None
        if isinstance(entry.outcome, Secret):
            return entry.outcome
        raise entry.outcome.with_traceback(None)  # it may be raised many times

    def _read(self, name: str) -> Secret | BoardbridgeError:
        """The vault's answer, an error being one too: both are remembered alike."""
        try:
            found = self._client.get_secret(name)
        except ResourceNotFoundError:
            return NotFound(f"there is no secret '{name}' in {self._vault_url}; add it, or correct the name")
        except ClientAuthenticationError as error:
            return self._unreachable(name, error, RETRY_SECONDS)
        except HttpResponseError as error:
            return self._refused(name, error)
        except AzureError as error:
            return self._unreachable(name, error, RETRY_SECONDS)
        return Secret(found.value or "", found.properties.version or "")

    def _refused(self, name: str, error: HttpResponseError) -> BoardbridgeError:
        if error.status_code == 403 and _inner_code(error) == "SecretDisabled":
            return Park(f"the secret '{name}' in {self._vault_url} is disabled; enable it, or give it a new version")
        if error.status_code == 403:
            return Park(
                f"the secret '{name}' in {self._vault_url} is not ours to read; give the app's identity the role "
                f"'Key Vault Secrets User': {_first_line(error)}"
            )
        if error.status_code == 400:
            return Park(f"'{name}' cannot be read from {self._vault_url}; correct the name: {_first_line(error)}")
        return self._not_now(name, error)

    def _unwritten(self, name: str, error: HttpResponseError) -> BoardbridgeError:
        if error.status_code == 403:
            return Park(
                f"secrets in {self._vault_url} are not ours to write; give the app's identity the role 'Key Vault "
                f"Secrets Officer', or set the secret '{name}' yourself: {_first_line(error)}"
            )
        if error.status_code == 409:
            return Park(f"the secret '{name}' in {self._vault_url} was deleted; recover it: {_first_line(error)}")
        if error.status_code == 400:
            return Park(f"'{name}' cannot be written to {self._vault_url}: {_first_line(error)}")
        return self._not_now(name, error)

    def _not_now(self, name: str, error: HttpResponseError) -> RetryLater:
        headers = error.response.headers if error.response else {}
        return self._unreachable(name, error, pause_seconds(headers, self._clock()) or RETRY_SECONDS)

    def _unreachable(self, name: str, error: AzureError, seconds: float) -> RetryLater:
        return RetryLater(f"{self._vault_url} cannot be asked for '{name}' now: {_first_line(error)}", seconds)


def _inner_code(error: HttpResponseError) -> str:
    """Which kind of "Forbidden" it is; the SDK keeps the vault's inner code one level down."""
    inner = getattr(error.error, "innererror", None) or {}
    return str(inner.get("code", ""))


def _first_line(error: AzureError) -> str:
    return error.message.splitlines()[0] if error.message else type(error).__name__
