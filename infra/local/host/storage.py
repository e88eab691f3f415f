"""Queue and blob clients for a binding's `connection`, as the storage extension finds them in the app settings.

A connection named `X` is either the setting `X`, a connection string, or the identity-based family `X__accountName`,
`X__queueServiceUri`, `X__blobServiceUri` (and `X__clientId` for a user-assigned identity).
"""

import contextlib
import os
from functools import cache
from typing import Any

import requests
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient, QueueServiceClient
from requests.adapters import HTTPAdapter

from infra.local.host.settings import Refusal

DEFAULT_CONNECTION = "AzureWebJobsStorage"
CONNECTIONS = 64

# The account every emulator has; its key is published.
EMULATOR = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;"
    "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
)


@cache
def queue_service(connection: str) -> QueueServiceClient:
    """The queues of the named connection."""
    return _client(QueueServiceClient, connection, "queue")


@cache
def blob_service(connection: str) -> BlobServiceClient:
    """The blobs of the named connection."""
    return _client(BlobServiceClient, connection, "blob")


def create_queue(queue: QueueClient) -> None:
    """Create the queue unless it is there, which a second function or host may have seen to meanwhile."""
    with contextlib.suppress(ResourceExistsError):
        queue.create_queue()


def send(queue: QueueClient, text: str, *, time_to_live_seconds: int | None = None) -> None:
    """Send `text` as it is, creating the queue on first use; -1 keeps the message for ever."""
    try:
        queue.send_message(text, time_to_live=time_to_live_seconds)
    except ResourceNotFoundError:
        create_queue(queue)
        queue.send_message(text, time_to_live=time_to_live_seconds)


def _client[Client](kind: type[Client], connection: str, service: str) -> Client:
    options: dict[str, Any] = {"transport": _transport()}
    if text := os.environ.get(connection):
        text = EMULATOR if text.strip().rstrip(";").lower() == "usedevelopmentstorage=true" else text
        return kind.from_connection_string(text, **options)  # type: ignore[attr-defined]
    account = os.environ.get(f"{connection}__accountName")
    url = os.environ.get(f"{connection}__{service}ServiceUri") or (
        account and f"https://{account}.{service}.core.windows.net"
    )
    if not url:
        raise Refusal(
            f"no storage is configured: set the app setting {connection} to a connection string, "
            f"or {connection}__accountName (or {connection}__{service}ServiceUri) for a managed identity"
        )
    from azure.identity import ManagedIdentityCredential  # here, because it is a quarter of a host's start

    credential = ManagedIdentityCredential(client_id=os.environ.get(f"{connection}__clientId"))
    return kind(url, credential=credential, **options)


def _transport() -> RequestsTransport:
    """Requests of all running messages share one pool of connections per service."""
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=CONNECTIONS))
    return RequestsTransport(session=session)
