"""Azurite as the tests and the local stack run it, and the host on it with an identity instead of a key."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from infra.local.azurite import Azurite, NodeMissing, node
from infra.local.certificates import Certificate, self_signed
from infra.local.key_vault.running import RunningKeyVault
from infra.local.running import REPOSITORY, RunningHost

APP = """
@app.queue_trigger(arg_name="message", queue_name="work", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="$return", queue_name="done", connection="AzureWebJobsStorage")
def work(message: func.QueueMessage) -> str:
    return message.get_body().decode().upper()

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
def tick(timer: func.TimerRequest) -> None:
    logging.info("status %s", timer.schedule_status)
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def secure_azurite(certificate: Certificate) -> Iterator[Azurite]:
    try:
        process = Azurite(certificate=certificate)
    except NodeMissing as missing:
        pytest.skip(str(missing))
    with process:
        yield process


def test_the_lock_file_is_of_one_version_and_names_no_registry() -> None:
    lock = json.loads((REPOSITORY / "infra/local/azurite/package-lock.json").read_text())
    assert lock["packages"]["node_modules/azurite"]["version"] == "3.37.0"
    assert not [path for path, package in lock["packages"].items() if "resolved" in package]


def test_the_present_clients_are_served(azurite: Azurite) -> None:
    with TableServiceClient.from_connection_string(azurite.connection_string) as tables:
        table = tables.create_table_if_not_exists("clients")
        table.upsert_entity({"PartitionKey": "a", "RowKey": "b", "text": "ü"})
        assert table.get_entity("a", "b")["text"] == "ü"


def test_an_identity_opens_storage_and_the_host_needs_no_key(
    secure_azurite: Azurite, certificate: Certificate, write_app
) -> None:
    bundle = str(certificate.bundle)
    with (
        RunningKeyVault({}) as vault,
        QueueServiceClient.from_connection_string(secure_azurite.connection_string, connection_verify=bundle) as queues,
    ):
        settings = {
            **vault.environment,
            "REQUESTS_CA_BUNDLE": bundle,
            "AzureWebJobsStorage__queueServiceUri": secure_azurite.url("queue"),
            "AzureWebJobsStorage__blobServiceUri": secure_azurite.url("blob"),
        }
        queues.create_queue("work").send_message("c2hvdXQ=")  # shout
        with RunningHost(write_app(APP, maxPollingInterval="00:00:00.200"), settings) as host:
            host.wait_for("work ok")
            host.wait_for("status {.*'Next'")
        [message] = queues.get_queue_client("done").receive_messages()
        assert message.content == "U0hPVVQ="  # SHOUT


def test_without_key_or_identity_storage_stays_closed(secure_azurite: Azurite, certificate: Certificate) -> None:
    response = requests.get(f"{secure_azurite.url('queue')}?comp=list", verify=str(certificate.bundle), timeout=10)
    assert response.status_code in (401, 403)


def test_the_program_named_by_the_setting_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOARDBRIDGE_NODE", "/somewhere/node")
    assert node() == "/somewhere/node"


def test_a_machine_without_node_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BOARDBRIDGE_NODE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("infra.local.azurite.find_spec", lambda name: None)
    with pytest.raises(NodeMissing, match="install it, or point BOARDBRIDGE_NODE"):
        node()
