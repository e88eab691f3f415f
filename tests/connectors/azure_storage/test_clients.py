"""Which account the settings name."""

import logging
from contextlib import closing

import pytest
from azure.core.credentials import AccessToken

from infra.local.azurite import Azurite
from shared.connectors.azure_storage.clients import connect

CLOUD = "DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=a2V5;EndpointSuffix=core.windows.net"


class Credential:
    """A token that nobody asks for: connecting sends nothing."""

    def get_token(self, *scopes: str, **options: object) -> AccessToken:
        raise AssertionError("connecting asked for a token")


@pytest.mark.parametrize(
    ("settings", "tables", "queues"),
    [
        (
            {"AzureWebJobsStorage": "UseDevelopmentStorage=true"},
            "http://127.0.0.1:10002/devstoreaccount1",
            "http://127.0.0.1:10001/devstoreaccount1/",
        ),
        (
            {"AzureWebJobsStorage": CLOUD, "AzureWebJobsStorage__accountName": "other"},
            "https://contoso.table.core.windows.net",
            "https://contoso.queue.core.windows.net/",
        ),
        (
            {"AzureWebJobsStorage__accountName": "contoso"},
            "https://contoso.table.core.windows.net",
            "https://contoso.queue.core.windows.net/",
        ),
        (
            {
                "AzureWebJobsStorage__tableServiceUri": "https://contoso.table.core.cloudapi.de",
                "AzureWebJobsStorage__queueServiceUri": "https://contoso.queue.core.cloudapi.de",
            },
            "https://contoso.table.core.cloudapi.de",
            "https://contoso.queue.core.cloudapi.de/",
        ),
    ],
)
def test_addresses(settings: dict[str, str], tables: str, queues: str) -> None:
    account = connect(settings, Credential())
    with closing(account.tables), closing(account.queues):
        assert (account.tables.url, account.queues.url) == (tables, queues)


@pytest.mark.parametrize(
    ("settings", "credential", "missing"),
    [
        ({}, None, "AzureWebJobsStorage is not set, and without a connection string a credential is needed"),
        ({}, Credential(), "set AzureWebJobsStorage to a connection string, or AzureWebJobsStorage__accountName"),
        ({"AzureWebJobsStorage__tableServiceUri": "https://x"}, Credential(), "AzureWebJobsStorage__queueServiceUri"),
    ],
)
def test_what_is_missing_is_named(settings: dict[str, str], credential: Credential | None, missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        connect(settings, credential)


def test_the_emulator_answers(azurite: Azurite) -> None:
    account = connect({"AzureWebJobsStorage": azurite.connection_string})
    with closing(account.tables), closing(account.queues):
        assert account.tables.get_service_properties()
        assert account.queues.get_service_properties()


def test_a_call_is_not_told_of_in_the_log(azurite: Azurite, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    account = connect({"AzureWebJobsStorage": azurite.connection_string})
    with closing(account.tables), closing(account.queues):
        list(account.tables.list_tables())
        list(account.queues.list_queues())
    assert caplog.messages == []
