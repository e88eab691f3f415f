"""What a tenant of PPM Express tells of a token: whose it is, until when, and what it is good for."""

from datetime import UTC, datetime

import pytest

from infra.local.ppm_express.running import RunningPpmExpress
from shared.connectors.ppm_express.api import PpmExpressApi
from shared.connectors.ppm_express.probe import PpmExpressProbe
from shared.model import Requirement
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import KeptSecrets

PERMISSIONS = ("projects", "task fields", "tasks read", "tasks write")


@pytest.fixture
def probed(ppm: RunningPpmExpress, api: PpmExpressApi, clock: VirtualClock):
    def probed(*projects: str) -> dict[str, Requirement]:
        probe = PpmExpressProbe(api, projects or (ppm.project,), clock)
        return {each.item: each for each in probe.probe()}

    return probed


def test_a_good_token(probed) -> None:
    items = probed()
    assert {name: each.ok for name, each in items.items()} == dict.fromkeys(
        ("address", "token", "expiry", *PERMISSIONS), True
    )
    assert items["token"].reason == "accepted as bridge@contoso.example"
    assert "Projects:Write" in items["tasks write"].reason


@pytest.mark.parametrize(
    ("scopes", "lacking"),
    [
        (["Projects:Read"], {"tasks write": None}),
        (["Projects:Write"], {"projects": False, "tasks read": False}),
        ([], {"projects": False, "tasks read": False, "tasks write": None}),
    ],
)
def test_each_scope_is_missed_where_it_is_needed(ppm: RunningPpmExpress, probed, scopes, lacking) -> None:
    ppm.control.token(scopes=scopes)
    items = probed()
    assert {name: items[name].ok for name in PERMISSIONS} == dict.fromkeys(PERMISSIONS, True) | lacking
    assert all(items[name].fix for name in lacking)


@pytest.mark.parametrize(("day", "ok"), [(17, False), (19, True)])
def test_a_token_that_expires_soon_is_to_be_renewed(ppm: RunningPpmExpress, probed, day: int, ok: bool) -> None:
    ppm.control.token(expires_at=datetime(2026, 5, day, tzinfo=UTC).isoformat())
    expiry = probed()["expiry"]
    assert (expiry.ok, f"2026-05-{day}" in expiry.reason) == (ok, True)


def test_a_refused_token_is_all_that_is_asked(
    ppm: RunningPpmExpress, probed, secrets: KeptSecrets, clock: VirtualClock
) -> None:
    ppm.control.token(value="another")
    items = probed()
    assert (items["address"].ok, items["token"].ok, items["projects"].ok) == (True, False, None)
    assert "Key Vault secret 'ppm'" in items["token"].fix
    assert set(ppm.control.requests()) == {"GET /@contoso/v1.0/Me"}


def test_a_project_that_is_not_there_is_named(probed) -> None:
    unknown = "10000000-0000-4000-8000-00000000ffff"
    assert probed(unknown)["projects"].reason.startswith(f"{unknown}: ")


def test_without_a_pair_there_is_no_project_to_ask_for(api: PpmExpressApi, clock: VirtualClock) -> None:
    items = {each.item: each for each in PpmExpressProbe(api, (), clock).probe()}
    assert (items["projects"].ok, items["tasks read"].ok) == (None, None)
