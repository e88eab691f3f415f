"""How fast pushes are taken beside a function that does nothing, what they ask of storage, and what a ticket costs.

Ratios (`times` the first row) and counts are much the same on any machine; calls per second and milliseconds are this
machine's, which also runs storage, Azure DevOps and whoever pushes. What stands in one table is measured in turns.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from uuid import uuid4

import pytest
import requests
import yaml

from infra.local.clients import Board, Product, wait_for
from infra.local.cloud import TOKEN, Cloud
from infra.local.running import REPOSITORY, RunningHost
from tests.bench.relay import CountingRelay
from tests.stories.conftest import SIGNING_SECRET, configuration, started

pytestmark = pytest.mark.bench

TURNS = 4
CALLS_A_TURN = 100
COUNTED = 50
TICKETS = 200
AIM = 1.1

EMPTY, GENERIC = "an empty function", "a push, generic"

type Call = Callable[[], requests.Response]

INTAKE_ALONE = """
import azure.functions as func

from functions.health import health_check
from functions.itsm_intake import intake

app = func.FunctionApp()
for blueprint in (intake, health_check):
    app.register_functions(blueprint)
"""
CONNECTIONS = {
    "signed": {"kind": "servicenow", "signature": {"secret": "signing-secret"}},
    "anything": {"kind": "auto"},
}


def ticket(id: str, version: int = 1) -> dict:
    return {
        "id": id,
        "version": version,
        "title": f"Ticket {id}, version {version}",
        "team": "Network",
        "body": "x" * 500,
    }


def incident() -> dict:
    """As ServiceNow's own records look."""
    return {
        "sys_id": uuid4().hex,
        "sys_class_name": "incident",
        "number": "INC0012345",
        "short_description": "VPN down",
        "description": "x" * 500,
        "state": "1",
        "priority": "3",
        "assignment_group": {"display_value": "Network", "value": "8a4dde73c6112278017a6a4baf547aa7"},
        "sys_mod_count": "1",
        "sys_updated_on": "2026-05-04 10:00:00",
    }


@contextmanager
def configured(cloud: Cloud) -> Iterator[tuple[Product, Board]]:
    product, board = Product(cloud.host.url, cloud.host.KEY), Board(cloud.azure_devops_url, TOKEN)
    document = yaml.safe_load(configuration(cloud))
    document["connections"] |= CONNECTIONS
    assert product.configure(yaml.safe_dump(document)).ok
    yield product, board
    product.close()
    board.close()


def pushes(product: Product) -> dict[str, Call]:
    return {
        GENERIC: lambda: product.push("generic", ticket(uuid4().hex)),
        "a push, servicenow, signed": lambda: product.push("signed", incident(), secret=SIGNING_SECRET),
        "a push, auto": lambda: product.push("anything", incident()),
    }


def compare(title: str, calls: Mapping[str, Call], at_once: int) -> None:
    """Print a table in which the first call is what the others are held against."""
    for call in calls.values():
        call().raise_for_status()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    seconds = dict.fromkeys(calls, 0.0)
    with ThreadPoolExecutor(at_once) as pool:
        for _ in range(TURNS):
            for name, call in calls.items():
                begun = time.perf_counter()
                taken[name] += pool.map(lambda _, call=call: milliseconds(call), range(CALLS_A_TURN))
                seconds[name] += time.perf_counter() - begun
    print(f"\n{f'{title}, {at_once} at once':44}{'calls/s':>10}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}{'times':>8}")
    least = next(iter(calls))
    for name in calls:
        hundredths = quantiles(taken[name], n=100)
        times = "".join(f"{hundredths[at - 1]:10.1f}" for at in (50, 95, 99))
        rate = TURNS * CALLS_A_TURN / seconds[name]
        print(f"  {name:42}{rate:10.0f}{times}{seconds[name] / seconds[least]:8.1f}")


def milliseconds(call: Call) -> float:
    begun = time.perf_counter()
    call().raise_for_status()
    return (time.perf_counter() - begun) * 1000


def test_the_intake_alone(tmp_path: Path):
    """A host with nothing but the intake, as on plans where Azure scales HTTP functions apart from those of queues."""
    (tmp_path / "function_app.py").write_text(INTAKE_ALONE)
    shutil.copy(REPOSITORY / "host.json", tmp_path)
    with started() as cloud:
        with configured(cloud):
            cloud.host.stop()
        with RunningHost(tmp_path, cloud.settings) as host:
            product = Product(host.url, host.KEY)
            for at_once in (1, 8):
                compare("the intake alone", {EMPTY: lambda: product.get("health"), **pushes(product)}, at_once)
            product.close()
        print("\nrequests per push, of storage and of Azure DevOps")
        ports = cloud.storage.ports
        with CountingRelay(ports.table) as tables, CountingRelay(ports.queue) as queues:
            address = cloud.storage.connection_string
            for port, relay in ((ports.table, tables), (ports.queue, queues)):
                address = address.replace(f":{port}/", f":{relay.port}/")
            with RunningHost(tmp_path, cloud.settings | {"AzureWebJobsStorage": address}) as host:
                product = Product(host.url, host.KEY)
                for name, push in pushes(product).items():
                    push().raise_for_status()
                    count(name, push, cloud, tables, queues)
                product.close()


def count(name: str, push: Call, cloud: Cloud, tables: CountingRelay, queues: CountingRelay) -> None:
    cloud.control.forget_requests()
    tables.counts.clear()
    queues.counts.clear()
    for _ in range(COUNTED):
        push().raise_for_status()
    looks = tables.counts.pop("GET configuration", 0)
    of_storage = tables.counts + queues.counts
    of_boards = sum(cloud.control.counts().values())
    told = ", ".join(f"{count / COUNTED:g} {what}" for what, count in of_storage.items())
    print(f"  {name:42}{told}; {of_boards} of Azure DevOps; {looks} looks at the configuration in all")
    assert of_storage == {"POST links": COUNTED, "POST reconcile": COUNTED}, "two requests of storage each"
    assert of_boards == 0


def test_the_whole_app():
    with started() as cloud, configured(cloud) as (product, board):
        for at_once in (1, 8):
            calls = {EMPTY: lambda: product.get("health"), GENERIC: pushes(product)[GENERIC]}
            compare("while the tickets are worked on", calls, at_once)
        everything = 2 * (TURNS * CALLS_A_TURN + 1)
        wait_for(lambda: len(board.everything()), lambda count: count == everything, "every ticket on the board")
        print(f"\n{'calls of Azure DevOps when many tickets come at once':54}{'each':>6}")
        created = calls_per_ticket(cloud, product, version=1)
        updated = calls_per_ticket(cloud, product, version=2)
        print(f"  {f'{TICKETS} tickets created (aim: at most {AIM})':52}{created:6.2f}")
        print(f"  {f'{TICKETS} tickets updated (a read and a write)':52}{updated:6.2f}")
        assert len(board.everything()) == everything + TICKETS
        assert created <= AIM


def calls_per_ticket(cloud: Cloud, product: Product, version: int) -> float:
    cloud.control.forget_requests()
    with ThreadPoolExecutor(20) as pool:
        pushed = list(pool.map(lambda n: product.push("generic", ticket(f"cost-{n}", version)), range(TICKETS)))
    for response in pushed:
        status = response.json()["status_url"]
        wait_for(lambda s=status: product.ticket(s)["version_applied"], lambda v: v == str(version), "applied")
    return sum(cloud.control.counts().values()) / TICKETS
