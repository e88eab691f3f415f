"""What the connectors are tried against: a running vault with its managed identity, and a clock that a test moves."""

from collections.abc import Iterator

import pytest

from infra.local.key_vault.running import RunningKeyVault
from tests.connectors.clock import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(scope="package")
def vault() -> Iterator[RunningKeyVault]:
    """A vault whose identity is that of this process."""
    with RunningKeyVault({"boards-pat": "first-token"}) as vault, pytest.MonkeyPatch.context() as environment:
        for name in ("REQUESTS_CA_BUNDLE", "IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
            environment.setenv(name, vault.environment[name])
        yield vault
