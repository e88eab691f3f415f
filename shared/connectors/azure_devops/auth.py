"""Who we are to Azure DevOps: a personal access token from Key Vault, or the app's managed identity.

Separate from the calls because a token can be renewed while the app runs: whoever was refused asks once more here
before the connection is stopped.
"""

from base64 import b64encode
from typing import Protocol

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError

from shared.connectors.azure_devops.errors import refused
from shared.connectors.http import Credential
from shared.errors import Park, RetryLater, StopConnection
from shared.ports import Secrets

AZURE_DEVOPS_SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default"
NO_IDENTITY = "Give the app a managed identity, and name a user-assigned one in AZURE_CLIENT_ID."


class Authenticator(Protocol):
    """Gives the credential of one connection. `remedy` is what a person does when it is refused.

    Raises `StopConnection` if there is none to be had before a person acts.
    """

    remedy: str

    def credential(self) -> Credential: ...

    def renewed(self, refused: Credential) -> Credential | None:
        """A credential other than the refused one, asked for at once; None if there is no other."""
        ...


class PersonalAccessToken:
    """A PAT kept in Key Vault under `secret`, sent as Basic with an empty user name (any other is refused)."""

    def __init__(self, secrets: Secrets, secret: str, connection: str) -> None:
        self._secrets = secrets
        self._secret = secret
        self._connection = connection
        self.remedy = f"Renew the personal access token in the Key Vault secret '{secret}'."

    def credential(self) -> Credential:
        return self._read(fresh=False)

    def renewed(self, refused: Credential) -> Credential | None:
        credential = self._read(fresh=True)
        return None if credential == refused else credential

    def _read(self, fresh: bool) -> Credential:
        try:
            secret = self._secrets.refresh(self._secret) if fresh else self._secrets.get(self._secret)
        except Park as missing:  # not one item but the whole connection is without its token
            raise StopConnection(missing.reason, self._connection) from missing
        token = secret.value.strip()
        return Credential("Basic " + b64encode(f":{token}".encode()).decode(), token)


class ManagedIdentity:
    """The identity of the app itself; `identity` caches its tokens and renews them before they expire."""

    def __init__(self, identity: TokenCredential, connection: str) -> None:
        self._identity = identity
        self._connection = connection
        self.remedy = "Add the app's managed identity to the organisation, with a licence and rights on the projects."

    def credential(self) -> Credential:
        try:
            token = self._identity.get_token(AZURE_DEVOPS_SCOPE).token
        except ClientAuthenticationError as error:
            raise refused(
                f"the managed identity gets no token: {error.message}", NO_IDENTITY, self._connection
            ) from error
        except AzureError as error:
            raise RetryLater(f"the managed identity cannot be asked: {error.message}", 30) from error
        return Credential(f"Bearer {token}", token)

    def renewed(self, refused: Credential) -> Credential | None:
        credential = self.credential()
        return None if credential == refused else credential
