"""Each failure of storage asks for its remedy, and a storage that is not there is not waited for."""

import socket
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from unittest.mock import Mock

import pytest
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ServiceRequestError

from shared.connectors.azure_storage import clients
from shared.connectors.azure_storage.health import TableHealthBoard
from shared.connectors.azure_storage.queues import QueueHints
from shared.connectors.azure_storage.remedies import remedies
from shared.connectors.azure_storage.tickets import TableTicketStore
from shared.errors import Refused, RetryLater, Stale
from shared.model import Health, Hint, Push


def answered(status: int, code: str = "") -> HttpResponseError:
    return HttpResponseError("the server's words", Mock(status_code=status, headers={"x-ms-error-code": code}))


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (answered(404, "ResourceNotFound"), Stale),
        (answered(409, "EntityAlreadyExists"), Stale),
        (answered(412, "UpdateConditionNotSatisfied"), Stale),
        (answered(409, "TableBeingDeleted"), RetryLater),
        (answered(409, "QueueBeingDeleted"), RetryLater),
        *[(answered(status), RetryLater) for status in (403, 408, 429, 500, 502, 503, 504)],
        (ClientAuthenticationError("no identity"), RetryLater),
        (ServiceRequestError("connection refused"), RetryLater),
        (answered(413), Refused),
        (answered(400, "PropertyNameInvalid"), HttpResponseError),
    ],
)
def test_remedy(error: AzureError, remedy: type[Exception]) -> None:
    with pytest.raises(remedy) as raised, remedies("table links"):
        raise error
    assert raised.value is error or "table links: " in str(raised.value)
    assert raised.value is error or raised.value.__cause__ is error


def test_a_missing_role_is_named() -> None:
    with pytest.raises(RetryLater, match="Grant its identity Storage Table Data Contributor"), remedies("table links"):
        raise answered(403, "AuthorizationPermissionMismatch")


@pytest.mark.parametrize("silent", [True, False], ids=["accepts and says nothing", "refuses connections"])
def test_a_dead_storage_is_given_up_within_the_patience_of_a_caller(
    silent: bool, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "READ_SECONDS", 0.2)
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    if not silent:
        server.close()
    account = clients.connect(
        {
            "AzureWebJobsStorage": "AccountName=devstoreaccount1;AccountKey=a2V5;"
            f"TableEndpoint=http://127.0.0.1:{port}/x;QueueEndpoint=http://127.0.0.1:{port}/x"
        }
    )
    push = Push("T1", datetime(2026, 11, 20, tzinfo=UTC), "hash", {})
    with closing(server), closing(account.tables), closing(account.queues):
        with pytest.raises(RetryLater, match="table links: no answer from storage"):
            TableTicketStore(account.tables).add_push("c", push, "key")
        with pytest.raises(RetryLater, match="table configuration: no answer from storage"):
            TableHealthBoard(account.tables).write("c", Health())
        with pytest.raises(RetryLater, match="queue reconcile: no answer from storage"):
            QueueHints(account.queues).send(Hint("c", "T1"))
    tries = 1 if silent else 3  # to wait for one answer takes long enough; a refusal comes at once
    assert Counter(calls) == {"POST": 1 + tries, "PUT": tries}
