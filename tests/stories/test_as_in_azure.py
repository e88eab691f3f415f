"""The product with no key at all, as it runs in Azure: storage, Key Vault and host state by managed identity."""

from pathlib import Path

import pytest

from infra.local.azure_devops.running import RunningSimulator
from infra.local.azurite import Azurite, NodeMissing
from infra.local.certificates import self_signed
from infra.local.cloud import TOKEN, TOKEN_SECRET
from infra.local.key_vault.running import RunningKeyVault
from infra.local.running import REPOSITORY, RunningHost
from tests.stories.described import product_of

CONFIGURATION = r"""
connections:
  contoso: {kind: azure_devops, url: AZURE_DEVOPS, secret: azure-devops-pat}
  generic: {kind: generic}
triage: {project: Fabrikam, area: Fabrikam\Triage, type: User Story}
"""


def test_a_ticket_reaches_the_board_without_any_key(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    try:
        azurite = Azurite(certificate=certificate)
    except NodeMissing as missing:
        pytest.skip(str(missing))
    with azurite, RunningKeyVault({TOKEN_SECRET: TOKEN}) as vault, RunningSimulator() as azure_devops:
        trusted = tmp_path / "trusted.pem"
        vault_bundle = Path(vault.environment["REQUESTS_CA_BUNDLE"])
        trusted.write_bytes(vault_bundle.read_bytes() + certificate.certificate.read_bytes())
        settings = {
            **vault.environment,
            "REQUESTS_CA_BUNDLE": str(trusted),
            "PROGRESS_SCHEDULE": "0 0 * * * *",
            "ALLOWED_HOSTS": "127.0.0.1",
            **{f"AzureWebJobsStorage__{name}ServiceUri": azurite.url(name) for name in ("blob", "queue", "table")},
        }
        with RunningHost(REPOSITORY, settings) as host:
            product = product_of(host)
            assert product.configure(CONFIGURATION.replace("AZURE_DEVOPS", azure_devops.url)).status_code == 200
            pushed = product.push("generic", {"id": "T-1", "title": "VPN down", "status": "open"})
            status = f"{host.url}/api/tickets/generic/T-1"
            assert pushed.status_code == 202
            assert product.settled(status, "synced")["work_item"]["id"] == 1
            product.close()
