"""A connection as an operator has it: put with its token, used, checked, refused one day, renewed without a restart."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import yaml

from infra.local.clients import Product, wait_for
from infra.local.cloud import TOKEN, TOKEN_SECRET, Cloud
from infra.local.ppm_express.running import RunningPpmExpress
from tests.stories.conftest import QUICK, started
from tests.stories.described import check, product_of
from tests.stories.test_secrets import stored

FIRST, SECOND = "first-ppm-t0ken", "second-ppm-t0ken"
RENEWED = "renewed-azure-devops-t0ken"
SCOPES = ["vso.graph", "vso.identity", "vso.project", "vso.work_write"]
CONFIGURATION = """
connections:
  contoso: {{kind: azure_devops, url: "{boards}", secret: azure-devops-pat}}
triage: {{project: Fabrikam, area: 'Fabrikam\\Triage', type: User Story}}
"""


class Operator:
    """What an operator asks of `/api/connections`; `heard` is every answer, as text."""

    def __init__(self, cloud: Cloud) -> None:
        self._root = f"{cloud.host.url}/api/connections"
        self._session = requests.Session()
        self._session.headers["x-functions-key"] = cloud.host.KEY
        self._session.hooks["response"].append(check)
        self.heard = ""

    def __call__(self, method: str, path: str, status: int, body: Any = None) -> Any:
        answer = self._session.request(method, f"{self._root}/{path}", json=body, timeout=60)
        self.heard += answer.text
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def verdicts(self, name: str) -> dict[str, bool | None]:
        return {each["item"]: each["ok"] for each in self("POST", f"{name}/check", 200)["items"]}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started(settings=QUICK) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def ppm() -> Iterator[RunningPpmExpress]:
    with RunningPpmExpress() as ppm:
        yield ppm


@pytest.fixture(scope="module")
def product(cloud) -> Iterator[Product]:
    product = product_of(cloud.host)
    yield product
    product.close()


@pytest.fixture(scope="module")
def operator(cloud, product) -> Operator:
    operator = Operator(cloud)
    begin = operator("PUT", "contoso", 409, {"kind": "azure_devops", "url": cloud.azure_devops_url, "token": TOKEN})
    assert "PUT that to /api/configuration" in begin["faults"][0]["fix"]
    assert product.configure(CONFIGURATION.format(boards=cloud.azure_devops_url)).ok
    return operator


def test_a_connection_is_put_used_refused_and_renewed(cloud, ppm, product, operator):
    ppm.control.token(value=FIRST)
    shown = operator("PUT", "ppm", 200, {"kind": "ppm_express", "url": ppm.url, "token": FIRST})
    assert shown == operator("GET", "ppm", 200)
    assert (shown["secret"], shown["authentication"], shown["state"]) == ("ppm", "token", "open")
    assert operator("DELETE", "ppm", 204) is None
    operator("GET", "ppm", 404)
    operator("PUT", "ppm", 200, {"kind": "ppm_express", "url": ppm.url})

    document = yaml.safe_load(product.configuration())
    title = {"name": "title", "boards": "System.Title", "ppm": "Name"}
    pair = {"name": "roadmap", "boards": {"projects": ["Fabrikam"], "kinds": {"Task": "User Story"}}, "fields": [title]}
    document["pairs"] = [pair | {"ppm": {"connection": "ppm", "project": ppm.project}}]
    assert product.configure(yaml.safe_dump(document)).ok
    assert set(operator.verdicts("ppm").values()) == {True}
    assert operator("DELETE", "ppm", 409)["faults"][0]["path"] == "pairs[0].ppm.connection"

    ppm.control.token(value=SECOND)
    assert operator.verdicts("ppm") == {"address": True, "token": False} | dict.fromkeys(
        ("expiry", "projects", "task fields", "tasks read", "tasks write")
    )
    task = ppm.control.create({"Name": "Pay by card"})
    product.strike_the_hour()
    wait_for(lambda: operator("GET", "ppm", 200)["state"], lambda state: state == "stopped", "stopped")

    operator("PUT", "ppm", 200, {"kind": "ppm_express", "url": ppm.url, "token": SECOND})
    assert operator.verdicts("ppm")["token"] is True
    wait_for(lambda: _create(cloud, task), bool, "taken, as the connection works again")
    wait_for(lambda: _states(product, task), lambda states: states == ["synced"], "a work item for the task")
    wait_for(lambda: operator("GET", "ppm", 200)["state"], lambda state: state == "open", "open again")


def test_a_token_of_azure_devops_lacks_a_scope_expires_and_is_renewed(cloud, operator):
    cloud.control.token(scopes=[scope for scope in SCOPES if scope != "vso.graph"])
    checked = operator("POST", "contoso/check", 200)
    [lacking] = [each for each in checked["items"] if each["ok"] is False]
    assert (checked["ok"], lacking["item"], "vso.graph" in lacking["fix"]) == (False, "Graph read", True)

    cloud.control.token(state="expired")
    assert operator.verdicts("contoso")["token"] is False
    cloud.control.token(value=RENEWED)
    renewed = {"kind": "azure_devops", "url": cloud.azure_devops_url, "token": RENEWED}
    assert operator("PUT", "contoso", 200, renewed)["secret"] == TOKEN_SECRET
    assert operator("POST", "contoso/check", 200)["ok"] is True


def test_a_token_is_refused_with_its_connection_and_told_nowhere(cloud, product, operator):
    inside = {"kind": "ppm_express", "url": "https://10.0.0.7/@contoso/v1.0", "token": "unt0ld-token"}
    refused = operator("PUT", "inside", 400, inside)
    assert [fault["path"] for fault in refused["faults"]] == ["url"]
    cloud.key_vault.deny(False, read_only=True)
    unwritten = operator("PUT", "other", 422, inside | {"url": "https://api-us.ppm.express/@contoso/v1.0"})
    assert "Key Vault Secrets Officer" in unwritten["detail"]
    cloud.key_vault.deny(False)

    told = operator.heard + product.configuration() + cloud.host.log + stored(cloud.storage.connection_string)
    for secret in (TOKEN, FIRST, SECOND, RENEWED, "unt0ld-token"):
        assert secret not in told
        assert b64encode(f":{secret}".encode()).decode() not in told


def _create(cloud: Cloud, task: str) -> bool:
    url, key = f"{cloud.host.url}/api/pairs/roadmap/create", {"x-functions-key": cloud.host.KEY}
    return requests.post(url, json={"side": "ppm", "items": [task]}, headers=key, timeout=60).ok


def _states(product: Product, task: str) -> list[str]:
    return [row["state"] for row in product.get(f"pairs/roadmap/items?id={task}").json()["items"]]
