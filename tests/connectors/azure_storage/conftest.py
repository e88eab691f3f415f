"""One Azurite for all tests of this folder; each test finds the account empty."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import requests

from infra.local.azurite import Azurite
from shared.connectors.azure_storage.clients import Account, connect


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    with Azurite() as azurite:
        yield azurite


@pytest.fixture
def account(azurite: Azurite) -> Iterator[Account]:
    account = connect({"AzureWebJobsStorage": azurite.connection_string})
    with closing(account.tables), closing(account.queues):
        yield account
        for table in account.tables.list_tables():
            account.tables.delete_table(table.name)
        for queue in account.queues.list_queues():
            account.queues.delete_queue(queue)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods of all HTTP requests sent from here on."""
    sent: list[str] = []
    request = requests.Session.request

    def counted(session: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        sent.append(method)
        return request(session, method, url, **options)

    monkeypatch.setattr(requests.Session, "request", counted)
    return sent
