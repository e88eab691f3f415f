"""A pair of so many links, laid down at once: creating them would take longer than all that is measured.

The rows are those that creating leaves behind: what the connectors read on both sides is the baseline.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import batched
from typing import Any

import yaml
from azure.data.tables import TableServiceClient

from infra.local.cloud import TOKEN, Cloud
from infra.local.ppm_express.running import RunningPpmExpress
from shared.configuration import Pair
from shared.connectors.azure_devops.api import Write
from shared.connectors.azure_devops.batching import MOST_AT_ONCE
from shared.connectors.azure_devops.side import AzureDevOpsSide, Organisation
from shared.connectors.azure_storage.clients import connect
from shared.connectors.azure_storage.cursors import TableCursors
from shared.connectors.azure_storage.links import TABLE, TableSyncStore
from shared.connectors.azure_storage.tables import TRANSACTION_LIMIT, Operation, Table
from shared.connectors.http import Credential
from shared.connectors.ppm_express.api import PpmExpressApi
from shared.connectors.ppm_express.side import PpmExpressSide
from shared.links import Copy, SyncLink, SyncState
from shared.model import Item, Secret, SideName
from shared.ports import Side, SyncRecord
from shared.sync import create, intents
from shared.sync.agreements import stamp
from shared.sync.pairs import configured
from shared.sync.parents import NONE
from shared.sync.rules import BOARDS, PPM, SIDES, PairRules, named
from shared.sync.values import kept
from tests.stories.conftest import started

NAME = "roadmap"
PROJECTS = ("Fabrikam", "Tailwind", "Contoso-Basic", "Litware")
CONFIGURATION = """
connections:
  contoso: {{kind: azure_devops, url: "{boards}", secret: azure-devops-pat}}
  ppm: {{kind: ppm_express, url: "{ppm}", secret: ppm-token}}
triage: {{project: Fabrikam, area: 'Fabrikam\\Triage', type: User Story}}
pairs:
  - name: roadmap
    boards: {{projects: [{projects}]}}
    ppm: {{connection: ppm, project: {project}}}
    hierarchy: {{policy: boards}}
    limits: {{changes_share: 1}}
    fields:
      - {{name: title, boards: System.Title, ppm: Name, policy: boards}}
      - {{name: description, boards: System.Description, ppm: Description, policy: boards}}
"""


def configuration(boards: str, ppm: RunningPpmExpress) -> str:
    return CONFIGURATION.format(boards=boards, ppm=ppm.url, project=ppm.project, projects=", ".join(PROJECTS))


@contextmanager
def laid_down(links: int, seconds_a_call: float) -> Iterator[tuple[Cloud, RunningPpmExpress, "Roadmap"]]:
    """A roadmap between simulators that run, and storage; no host does. Azure DevOps takes its time for a call."""
    with RunningPpmExpress() as ppm:
        vault = {"ppm-token": ppm.token}
        with started(settings={"REQUEST_TIMEOUT_SECONDS": "30"}, secrets=vault) as cloud:
            cloud.host.stop()
            roadmap = Roadmap(cloud, ppm, links)
            cloud.control.latency(seconds_a_call)
            yield cloud, ppm, roadmap


class Roadmap:
    """So many work items with a task for each; `task_of` has the task of each work item, oldest first."""

    def __init__(self, cloud: Cloud, ppm: RunningPpmExpress, links: int) -> None:
        self._ppm = ppm
        self._organisation = Organisation(cloud.azure_devops_url, Known(TOKEN), connection="contoso", clock=now)
        tenant = PpmExpressApi(ppm.url, Known(ppm.token), "ppm-token", connection="ppm", clock=now)
        self.sides: Mapping[SideName, Side] = {
            BOARDS: AzureDevOpsSide(self._organisation, PROJECTS),
            PPM: PpmExpressSide(tenant, ppm.project),
        }
        cloud.control.seed(links)
        ids = sorted(self.sides[BOARDS].everything(), key=int)
        account = connect(cloud.settings)
        pair = Pair.model_validate(yaml.safe_load(configuration(cloud.azure_devops_url, ppm))["pairs"][0])
        self.rules = configured.rules(pair, {side: configured.look("", there) for side, there in self.sides.items()})
        work_items = self._read(BOARDS, ids)
        self.task_of = laid_out(work_items, self._make_task)
        tasks = self._read(PPM, list(self.task_of.values()))
        store = _Gathering(account.tables)
        for id, task in self.task_of.items():
            link = in_step(self.rules, work_items[id], tasks[task])
            store.save(SyncRecord(NAME, link.id, None), link)
        store.flush()
        self._cursors = TableCursors(account.tables)
        self.catch_up()

    def catch_up(self) -> None:
        """As if a sweep had just ended."""
        for side, there in self.sides.items():
            self._cursors.write(f"{NAME}/{side}", there.changed(None).cursor)
        self._cursors.write(f"{NAME}/full", f"{now().isoformat()} {stamp(self.rules)}")

    def _read(self, side: SideName, ids: Sequence[str]) -> Mapping[str, Item]:
        return self.sides[side].read(ids, self.rules.keys(side))

    def _make_task(self, said: Mapping[str, Any], parent: str | None) -> str:
        above = [{"id": parent}] if parent else []
        return self._ppm.tenant.create_task(self._ppm.project, {**said, "Parent": above}).id

    def rename(self, side: SideName, number: int, words: str) -> None:
        """As people do it on one side: the latest work items, or their tasks."""
        if side is PPM:
            for id in self.latest(number):
                self._ppm.tenant.update_task(self._ppm.project, self.task_of[id], {"Name": f"{words} {id}"})
        else:
            for batch in batched(self.latest(number), MOST_AT_ONCE, strict=False):
                self._organisation.api.batch([_renaming(id, f"{words} {id}") for id in batch])

    def latest(self, number: int) -> list[str]:
        return list(self.task_of)[len(self.task_of) - number :]

    def names_differ(self, number: int) -> int:
        """How many of the latest pairs are not called the same."""
        latest = self.latest(number)
        work_items = self.sides[BOARDS].read(latest, ["System.Title"])
        tasks = self.sides[PPM].read([self.task_of[id] for id in latest], ["Name"])
        return sum(work_items[id].fields["System.Title"] != tasks[self.task_of[id]].fields["Name"] for id in latest)


class _Gathering(TableSyncStore):
    """Saves by the hundred rows, whichever links they belong to."""

    def __init__(self, service: TableServiceClient) -> None:
        super().__init__(service)
        self._table = self._rows = _GatheringTable(service, TABLE)
        self._partition = lambda pair: self._rows

    def flush(self) -> None:
        self._rows.flush()


class _GatheringTable(Table):
    def __init__(self, service: TableServiceClient, name: str) -> None:
        super().__init__(service, name)
        self._gathered: list[Operation] = []

    def transact(self, operations: Sequence[Operation]) -> list[str | None]:
        if len(self._gathered) + len(operations) > TRANSACTION_LIMIT:
            self.flush()
        self._gathered += operations
        return [None] * len(operations)

    def flush(self) -> None:
        super().transact(self._gathered)
        self._gathered = []


def laid_out(
    work_items: Mapping[str, Item], make_task: Callable[[Mapping[str, Any], str | None], str]
) -> dict[str, str]:
    """A task for each work item, below the task of its parent, which has a lower id."""
    tasks: dict[str, str] = {}
    for id, item in work_items.items():
        said = {"Name": item.fields["System.Title"], "Description": item.fields["System.Description"]}
        tasks[id] = make_task(said, tasks[item.parent] if item.parent else None)
    return tasks


def in_step(rules: PairRules, work_item: Item, task: Item) -> SyncLink:
    """The link of two items that say the same."""
    items = {BOARDS: work_item, PPM: task}
    fields = {side: intents.by_rule(named(rules.active), side, item.fields) for side, item in items.items()}
    reserved = create.reserved("", NAME, f"{BOARDS}:{work_item.id}", BOARDS, work_item.id, Copy())
    return replace(
        reserved,
        state=SyncState.SYNCED,
        ids={side: item.id for side, item in items.items()},
        baseline={
            rule.key: {side: kept(rule.end(side), fields[side][rule.key]) for side in SIDES} for rule in rules.active
        },
        parents=dict.fromkeys(SIDES, f"{BOARDS}:{work_item.parent}" if work_item.parent else NONE),
        versions={side: item.version for side, item in items.items()},
        urls={side: item.url for side, item in items.items()},
    )


class Known:
    """`Secrets` and `Authenticator` of the simulators."""

    remedy = ""

    def __init__(self, token: str) -> None:
        self._token = token

    def get(self, name: str) -> Secret:
        return Secret(self._token)

    refresh = get

    def credential(self) -> Credential:
        return Credential("Basic " + b64encode(f":{self._token}".encode()).decode(), self._token)

    def renewed(self, refused: Credential) -> None:
        return None


def _renaming(id: str, title: str) -> Write:
    return Write("PATCH", f"_apis/wit/workitems/{id}", [{"op": "add", "path": "/fields/System.Title", "value": title}])


def now() -> datetime:
    return datetime.now(UTC)
