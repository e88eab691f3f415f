"""The simulators of Azure DevOps and PPM Express over HTTP, met by the product through its connectors."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Self

import requests

from infra.local.azure_devops.running import RunningSimulator
from infra.local.clients import Board
from infra.local.ppm_express.running import RunningPpmExpress
from infra.local.ppm_express.tenant import PEOPLE, PROJECT, Task
from shared.connectors.azure_devops.auth import PersonalAccessToken
from shared.connectors.azure_devops.side import AzureDevOpsSide, Organisation
from shared.connectors.ppm_express.api import PpmExpressApi
from shared.connectors.ppm_express.side import PpmExpressSide
from shared.model import Item, SideName
from shared.ports import Clock
from shared.sync.rules import BOARDS, PPM
from tests.connectors.itsm_contracts import KeptSecrets
from tests.stories.telling.ground import HIDDEN, KEYS, PLAN, PROJECTS, key
from tests.stories.telling.words import Story

PERSON, THEIR_TOKEN = "Jamal Hartnett", "a-person"
PARENT = "System.LinkTypes.Hierarchy-Reverse"
TAGS = "System.Tags"
LOST = {"create": "POST .*/tasks$", "update": "PATCH .*/tasks/"}
MIDNIGHT = "T00:00:00Z"


class Simulators:
    """Both servers, running; their time is that of the story that is told."""

    def __init__(self) -> None:
        self.clock: Clock = lambda: datetime.now(UTC)
        self.boards = RunningSimulator(clock=lambda: self.clock())
        self.ppm = RunningPpmExpress(clock=lambda: self.clock())
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self._running.enter_context(self.boards)
        self._running.enter_context(self.ppm)
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()


class SimulatedGround:
    """Both simulators, reset, with the connectors to them."""

    def __init__(self, simulators: Simulators, story: Story, clock: Clock) -> None:
        simulators.clock = clock
        self._boards, self._ppm = simulators.boards.control, simulators.ppm.control
        self._tenant = simulators.ppm
        self._boards.reset()
        self._ppm.reset()
        self._boards.token(also=THEIR_TOKEN)
        self._ppm.fields(ignored=[key(PPM, field) for field in story.awkward.get("plan", {}).get("ignores", ())])
        self._board = People(simulators.boards.url)
        self._lost: dict[int, str] = {}
        self._hidden: dict[str, Task] = {}
        self.secrets = KeptSecrets(boards=simulators.boards.token, ppm=simulators.ppm.token)
        pat = PersonalAccessToken(self.secrets, "boards", "boards")
        self._organisation = Organisation(simulators.boards.url, pat, connection="boards", clock=clock)
        self._api = PpmExpressApi(simulators.ppm.url, self.secrets, "ppm", connection="ppm", clock=clock)
        self.sides = {
            BOARDS: AzureDevOpsSide(self._organisation, PROJECTS),
            PPM: PpmExpressSide(self._api, PROJECT),
        }

    def close(self) -> None:
        self._organisation.close()
        self._api.close()
        self._board.close()

    def look(self, side: SideName) -> Mapping[str, Item]:
        if side is BOARDS:
            return {str(each["id"]): _of_work_item(each) for each in self._board.work_items(self._board.everything())}
        hidden = {id: replace(_of_task(task), read_only=HIDDEN) for id, task in self._hidden.items()}
        return {id: _of_task(task) for id, task in self._tasks.items()} | hidden

    def add(
        self, side: SideName, fields: Mapping[str, Any], kind: str, parent: str | None, project: str, source: str
    ) -> str:
        if side is BOARDS:
            return self._board.create(project, kind, fields, parent)
        more = {"Parent": [{"id": parent}]} if parent else {}
        return self._ppm.create({**self._attributes(fields), **more}, source=source or "Ppmx")

    def edit(self, side: SideName, id: str, fields: Mapping[str, Any]) -> None:
        if side is BOARDS:
            self._board.set(id, fields)
        else:
            self._ppm.edit(id, self._attributes(fields))

    def move(self, side: SideName, id: str, parent: str | None) -> None:
        if side is BOARDS:
            self._board.move(id, parent)
        else:
            self._ppm.move(id, parent)

    def delete(self, side: SideName, id: str) -> None:
        if side is BOARDS:
            self._board.call("DELETE", f"_apis/wit/workitems/{id}")
        else:
            self._ppm.delete(id)

    def restore(self, side: SideName, id: str) -> None:
        assert side is BOARDS, "what is deleted in PPM Express is gone"
        self._board.call("PATCH", f"_apis/wit/recyclebin/{id}", {"isDeleted": False})

    def clone(self, side: SideName, id: str) -> str:
        if side is BOARDS:
            return self._board.clone(id)
        return self._ppm.create({k: v for k, v in self._tasks[id].attributes.items() if k not in ("Status", "Group")})

    def hide(self, side: SideName, id: str, *, hidden: bool) -> None:
        assert side is PPM, "the board shows everything"
        if hidden:
            self._hidden[id] = self._tasks.pop(id)
        else:
            self._tasks[id] = self._hidden.pop(id)

    def transfer(self, id: str, project: str) -> None:
        paths = dict.fromkeys(("System.TeamProject", "System.AreaPath", "System.IterationPath"), project)
        self._board.set(id, paths)

    def lose_answer(self, side: SideName, write: str) -> None:
        if side is BOARDS:
            call = f"work_items.{write}"
            self._lost[self._boards.fault(call=call, when="after", status="drop", times=1)] = call
        else:
            self._ppm.fault(LOST[write], when="after", status="drop")

    def expire(self, side: SideName) -> None:
        if side is BOARDS:
            self._boards.token(value="renewed")
            self._boards.token(also=THEIR_TOKEN)
        else:
            self._ppm.token(value="renewed")

    def renew(self, side: SideName) -> None:
        self.secrets.values[side] = "renewed"

    @property
    def in_wait(self) -> list[str]:
        boards = [self._lost[each["id"]] for each in self._boards.faults() if not each["struck"]]
        return boards + [fault.call for fault in self._tenant.faults.in_force]

    @property
    def writes(self) -> int:
        calls = self._boards.counts()
        boards = sum(calls.get(f"work_items.{write}", 0) for write in ("create", "update", "delete"))
        return boards + sum(not asked.startswith("GET") for asked in self._ppm.requests() if "/_sim" not in asked)

    @property
    def _tasks(self) -> dict[str, Task]:
        return self._tenant.tenant.project(PROJECT).tasks

    def _attributes(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """As `Control` takes them: a person by reference."""
        ids = {person["attributes"]["Email"]: id for id, person in self._tenant.tenant.resources.items()}
        owner = key(PPM, "owner")
        return {k: [{"id": ids[value]}] if k == owner and value else value for k, value in fields.items()}


class People(Board):
    """Team members on the board: what they write is theirs, and not ours."""

    def __init__(self, url: str) -> None:
        super().__init__(url, THEIR_TOKEN)

    def create(
        self, project: str, kind: str, fields: Mapping[str, Any], parent: str | None, links: Sequence[Any] = ()
    ) -> str:
        above = [self._link(parent)] if parent else []
        return str(self._write("POST", f"{project}/_apis/wit/workitems/${kind}", fields, [*above, *links])["id"])

    def set(self, id: str, fields: Mapping[str, Any]) -> None:
        self._write("PATCH", f"_apis/wit/workitems/{id}", fields)

    def move(self, id: str, parent: str | None) -> None:
        relations = self.work_item(int(id)).get("relations", [])
        old = [{"op": "remove", "path": f"/relations/{n}"} for n, r in enumerate(relations) if r["rel"] == PARENT]
        new = [_added("/relations/-", self._link(parent))] if parent else []
        self._patch("PATCH", f"_apis/wit/workitems/{id}", [*old, *new])

    def clone(self, id: str) -> str:
        """As "Create copy of work item" does it, links included."""
        original = self.work_item(int(id))
        fields = {name: original["fields"][name] for name in KEYS[BOARDS] if name in original["fields"]}
        links = [{"rel": link["rel"], "url": link["url"]} for link in original.get("relations", [])]
        return self.create(
            original["fields"]["System.TeamProject"], original["fields"]["System.WorkItemType"], fields, None, links
        )

    def call(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        answer = self._session.request(
            method,
            f"{self.url}/{path}{'&' if '?' in path else '?'}api-version=7.1",
            json=body,
            headers={"Content-Type": content_type},
            timeout=10,
        )
        if not answer.ok:
            raise requests.HTTPError(answer.text, response=answer)
        return answer.json() if answer.content else None

    def _write(self, method: str, path: str, fields: Mapping[str, Any], links: Sequence[Any] = ()) -> Any:
        said = {name: "; ".join(value) if isinstance(value, list) else value for name, value in fields.items()}
        return self._patch(
            method,
            path,
            [
                *(_added(f"/fields/{name}", "" if value is None else value) for name, value in said.items()),
                *(_added("/relations/-", link) for link in links),
            ],
        )

    def _patch(self, method: str, path: str, operations: Sequence[Any]) -> Any:
        by = _added("/fields/System.ChangedBy", PERSON)
        return self.call(method, f"{path}?bypassRules=true", [*operations, by], "application/json-patch+json")

    def _link(self, parent: str) -> Mapping[str, str]:
        return {"rel": PARENT, "url": f"{self.url}/_apis/wit/workItems/{parent}"}


def _added(path: str, value: Any) -> Mapping[str, Any]:
    return {"op": "add", "path": path, "value": value}


def _of_work_item(json: Mapping[str, Any]) -> Item:
    fields = json["fields"]
    parent = fields.get("System.Parent")
    return Item(
        id=str(json["id"]),
        fields={name: _plain(name, fields.get(name)) for name in KEYS[BOARDS]},
        parent=str(parent) if parent else None,
        kind=fields["System.WorkItemType"],
        project=fields["System.TeamProject"],
    )


def _plain(name: str, value: Any) -> Any:
    if name == TAGS and value:
        return value.split("; ")
    return value["uniqueName"] if isinstance(value, Mapping) else value


def _of_task(task: Task) -> Item:
    return Item(
        id=task.id,
        fields={name: _simple(task.attributes.get(name)) for name in KEYS[PPM]},
        parent=task.parent,
        kind="Task",
        project=PLAN,
    )


def _simple(value: Any) -> Any:
    """A day without its midnight, and people by their mail."""
    match value:
        case str() if value.endswith(MIDNIGHT):
            return value.removesuffix(MIDNIGHT)
        case [{"fullName": _}, *_]:
            mails = [PEOPLE[person["fullName"]] for person in value]
            return mails[0] if len(mails) == 1 else mails
    return value
