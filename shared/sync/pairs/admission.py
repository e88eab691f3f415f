"""The secret by which those who tell us of changes are known: ours, made when it is missing, and put into every
subscription. Who has a newer one put into the vault renews it."""

import hmac
from collections.abc import Callable

from shared.errors import NotFound, Park
from shared.model import Secret
from shared.ports import Secrets


class Admission:
    """`name` is that of the secret in the vault."""

    def __init__(self, secrets: Secrets, name: str, new_value: Callable[[], str]) -> None:
        self._secrets = secrets
        self._name = name
        self._new_value = new_value

    def secret(self) -> Secret:
        """As the vault has it now. `Park` if it can be neither read nor made."""
        try:
            return self._secrets.refresh(self._name)
        except NotFound:
            return self._secrets.set(self._name, self._new_value())

    def knows(self, given: str) -> bool:
        """Whether this is the secret; a renewed one is asked for at once."""
        try:
            return any(
                hmac.compare_digest(given.encode(), ask(self._name).value.encode())
                for ask in (self._secrets.get, self._secrets.refresh)
            )
        except Park:  # there is no such secret, so nobody has it
            return False

    def renewed_since(self, version: str) -> bool:
        try:
            return self._secrets.get(self._name).version != version
        except Park:
            return False
