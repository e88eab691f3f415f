"""The store of the simulation keeps the contract of `SyncStore`."""

import pytest

from shared.ports import SyncStore
from tests.memory.sync_storage import MemorySyncStore
from tests.sync.store_contract import SyncStoreContract


class TestMemorySyncStore(SyncStoreContract):
    @pytest.fixture
    def store(self) -> SyncStore:
        return MemorySyncStore()
