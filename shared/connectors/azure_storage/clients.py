"""An account's clients from the settings that the Functions host reads too, so that both always use one account.

Separate, because it alone knows how an account is named and how long a call may take.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from azure.core.credentials import TokenCredential
from azure.core.pipeline.transport import RequestsTransport
from azure.data.tables import TableServiceClient
from azure.storage.queue import LinearRetry, QueueServiceClient
from requests.adapters import HTTPAdapter

SETTING = "AzureWebJobsStorage"

# An ITSM product waits a few seconds for its answer and tries again itself: short calls, few repeats, and none for an
# answer that did not come.
CONNECTION_SECONDS = 2
READ_SECONDS = 3
RETRIES = 2
BACKOFF_SECONDS = 0.2
# In which the SDKs tell of every call and every answer, headers and all; the platform would keep it.
CHATTER = "azure.core.pipeline.policies.http_logging_policy"
POOL_SIZE = 80  # at least the threads of one worker, so that no connection is thrown away

# The emulator's account and key are the same everywhere and public.
_DEVELOPMENT = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1"
)


@dataclass(frozen=True, slots=True)
class Account:
    """The clients of one storage account, safe to share between threads."""

    tables: TableServiceClient
    queues: QueueServiceClient


def connect(settings: Mapping[str, str], credential: TokenCredential | None = None) -> Account:
    """The account that `AzureWebJobsStorage` names; nothing is sent yet.

    Either a connection string (`UseDevelopmentStorage=true` is the emulator on its usual ports), or an identity:
    `AzureWebJobsStorage__accountName`, or `__tableServiceUri` with `__queueServiceUri`, and a `credential`.
    `ValueError` names the setting that is missing.
    """
    logging.getLogger(CHATTER).setLevel(logging.WARNING)
    if string := settings.get(SETTING):
        string = _DEVELOPMENT if string.strip().rstrip(";").lower() == "usedevelopmentstorage=true" else string
        return Account(
            TableServiceClient.from_connection_string(string, **_table_options()),
            QueueServiceClient.from_connection_string(string, **_queue_options()),
        )
    if credential is None:
        raise ValueError(f"{SETTING} is not set, and without a connection string a credential is needed")
    tables, queues = _addresses(settings)
    return Account(
        TableServiceClient(tables, credential=credential, **_table_options()),
        QueueServiceClient(queues, credential=credential, **_queue_options()),
    )


def _addresses(settings: Mapping[str, str]) -> tuple[str, str]:
    tables, queues = settings.get(f"{SETTING}__tableServiceUri"), settings.get(f"{SETTING}__queueServiceUri")
    if tables and queues:
        return tables, queues
    if account := settings.get(f"{SETTING}__accountName"):
        return f"https://{account}.table.core.windows.net", f"https://{account}.queue.core.windows.net"
    raise ValueError(
        f"set {SETTING} to a connection string, or {SETTING}__accountName, "
        f"or both {SETTING}__tableServiceUri and {SETTING}__queueServiceUri"
    )


def _table_options() -> dict[str, Any]:
    return {
        "transport": _transport(),
        "retry_total": RETRIES,
        "retry_read": 0,
        "retry_backoff_factor": BACKOFF_SECONDS,
    }


def _queue_options() -> dict[str, Any]:
    retry = LinearRetry(backoff=BACKOFF_SECONDS, retry_total=RETRIES, retry_read=0, random_jitter_range=0)
    return {"transport": _transport(), "retry_policy": retry}


def _as_given(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps `requests` from looking for a .netrc file at every call: the SDK signs them itself."""
    return request


def _transport() -> RequestsTransport:
    session = requests.Session()
    session.auth = _as_given
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=POOL_SIZE))
    return RequestsTransport(session=session, connection_timeout=CONNECTION_SECONDS, read_timeout=READ_SECONDS)
