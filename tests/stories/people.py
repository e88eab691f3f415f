"""People at work on one side of a pair, as worlds know them: they see items, edit, move and clone them.

Each kind of people knows one product, and what a field rule of the pair is called there. What a person replaced is told
by the product itself, never by an earlier look: the sync is at work at the same time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import requests

from infra.local.azure_devops.running import Control as BoardControl
from infra.local.ppm_express.running import Control as PpmControl

PARENT_LINK, HYPERLINK = "System.LinkTypes.Hierarchy-Reverse", "Hyperlink"
PERSON = "Jamal Hartnett <fabrikamfiber4@hotmail.com>"
READ_ONLY = ("Status", "Duration")  # the one is calculated, and of three dates two may be written
CHANGED_MEANWHILE = 412
IDS_PER_READ = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """An item as it is shown to people; `values` by the names of field rules."""

    values: Mapping[str, Any]
    parent: str | None


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit replaced, and what the product made of what was typed."""

    replaced: Any
    kept: Any


class People(Protocol):
    def items(self) -> Mapping[str, Seen]:
        """All items that are not in a bin, by id."""
        ...

    def see(self, id: str) -> Seen: ...

    def add(self, values: Mapping[str, Any], parent: str | None) -> str:
        """The id of a new item."""
        ...

    def edit(self, id: str, rule: str, value: Any) -> Edited:
        """Type a value into a field; texts are plain, as a person thinks of them."""
        ...

    def move(self, id: str, parent: str | None) -> bool:
        """Put an item under another; False if the product refuses, as it does a circle."""
        ...

    def clone(self, id: str) -> str:
        """Copy an item with all that it says, our marker included; the copy's id."""
        ...

    def footprint(self) -> Any:
        """What differs after any write to the side, whoever made it."""
        ...


class BoardPeople:
    """Team members in one project of the Azure DevOps simulator. `fields` by rule; those in `rich` are HTML.

    All callers are one identity there, so people sign their work with another name.
    """

    def __init__(
        self, url: str, token: str, control: BoardControl, project: str, kind: str, fields: Mapping[str, str]
    ) -> None:
        self._url = url
        self._control = control
        self._project = project
        self._kind = kind
        self._fields = fields
        self._http = requests.Session()
        self._http.auth = ("", token)

    def close(self) -> None:
        self._http.close()

    def items(self) -> Mapping[str, Seen]:
        query = f"SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = '{self._project}'"
        ids = [item["id"] for item in self._call("POST", "_apis/wit/wiql", {"query": query}).json()["workItems"]]
        batches = [ids[start : start + IDS_PER_READ] for start in range(0, len(ids), IDS_PER_READ)]
        found = [
            item
            for batch in batches
            for item in self._call("POST", "_apis/wit/workitemsbatch", {"ids": batch, "$expand": "all"}).json()["value"]
        ]
        return {str(item["id"]): self._seen(item) for item in found}

    def see(self, id: str) -> Seen:
        return self._seen(self._item(id))

    def add(self, values: Mapping[str, Any], parent: str | None) -> str:
        patch = [_set(self._fields[rule], self._typed(rule, value)) for rule, value in values.items()]
        return self._made([*patch, *self._under(parent)])

    def edit(self, id: str, rule: str, value: Any) -> Edited:
        field = self._fields[rule]
        while True:
            before = self._item(id)
            answer = self._patch(id, before["rev"], [_set(field, self._typed(rule, value))])
            if answer.status_code != CHANGED_MEANWHILE:
                answer.raise_for_status()
                return Edited(before["fields"].get(field), answer.json()["fields"].get(field))

    def move(self, id: str, parent: str | None) -> bool:
        before = self._item(id)
        relations = before.get("relations", [])
        former = [place for place, relation in enumerate(relations) if relation["rel"] == PARENT_LINK]
        taken_away = [{"op": "remove", "path": f"/relations/{place}"} for place in former]
        return self._patch(id, before["rev"], [*taken_away, *self._under(parent)]).ok

    def clone(self, id: str) -> str:
        original = self._item(id)
        said = [_set(field, original["fields"].get(field)) for field in self._fields.values()]
        links = [link for link in original.get("relations", []) if link["rel"] == HYPERLINK]
        return self._made([*said, *({"op": "add", "path": "/relations/-", "value": link} for link in links)])

    def delete(self, id: str) -> None:
        """Into the recycle bin."""
        self._call("DELETE", f"_apis/wit/workitems/{id}").raise_for_status()

    def restore(self, id: str) -> None:
        path = f"{self._project}/_apis/wit/recycleBin/{id}"
        self._call("PATCH", path, {"isDeleted": False}).raise_for_status()

    def footprint(self) -> Any:
        """By calls, because not every write makes a revision."""
        counts = self._control.counts()
        return {name: counts.get(name, 0) for name in ("work_items.create", "work_items.update", "work_items.delete")}

    def _item(self, id: str) -> dict[str, Any]:
        answer = self._call("GET", f"_apis/wit/workitems/{id}?$expand=all")
        answer.raise_for_status()
        return answer.json()

    def _seen(self, item: Mapping[str, Any]) -> Seen:
        parent = item["fields"].get("System.Parent")
        values = {rule: item["fields"].get(field) for rule, field in self._fields.items()}
        return Seen(values, None if parent is None else str(parent))

    def _typed(self, rule: str, value: Any) -> Any:
        return f"<div>{value}</div>" if self._fields[rule] == "System.Description" else value

    def _under(self, parent: str | None) -> list[dict[str, Any]]:
        if parent is None:
            return []
        url = f"{self._url}/_apis/wit/workItems/{parent}"
        return [{"op": "add", "path": "/relations/-", "value": {"rel": PARENT_LINK, "url": url}}]

    def _made(self, patch: list[dict[str, Any]]) -> str:
        answer = self._send("POST", f"{self._project}/_apis/wit/workitems/${self._kind}", patch)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def _patch(self, id: str, rev: int, patch: list[dict[str, Any]]) -> requests.Response:
        test = {"op": "test", "path": "/rev", "value": rev}
        return self._send("PATCH", f"_apis/wit/workitems/{id}", [test, *patch])

    def _send(self, method: str, path: str, patch: list[dict[str, Any]]) -> requests.Response:
        signed = [*patch, _set("System.ChangedBy", PERSON)]
        headers = {"Content-Type": "application/json-patch+json"}
        return self._http.request(
            method,
            f"{self._url}/{path}",
            params={"api-version": "7.1", "bypassRules": "true"},
            json=signed,
            headers=headers,
            timeout=30,
        )

    def _call(self, method: str, path: str, body: Any = None) -> requests.Response:
        params = {"api-version": "7.1"}
        return self._http.request(method, f"{self._url}/{path}", params=params, json=body, timeout=30)


class PpmPeople:
    """People of one project in the PPM Express simulator. `fields` by rule."""

    def __init__(self, control: PpmControl, project: str, fields: Mapping[str, str]) -> None:
        self._control = control
        self._project = project
        self._fields = fields

    def items(self) -> Mapping[str, Seen]:
        return {task["id"]: self._seen(task["attributes"]) for task in self._control.tasks(project=self._project)}

    def see(self, id: str) -> Seen:
        return self.items()[id]

    def add(self, values: Mapping[str, Any], parent: str | None) -> str:
        under = {"Parent": [{"id": parent}]} if parent else {}
        named = {self._fields[rule]: value for rule, value in values.items()}
        return self._control.create({**named, **under}, project=self._project)

    def edit(self, id: str, rule: str, value: Any) -> Edited:
        before = self._control.edit(id, {self._fields[rule]: value}, project=self._project)
        return Edited(before[self._fields[rule]], value.strip() if isinstance(value, str) else value)

    def move(self, id: str, parent: str | None) -> bool:
        try:
            self._control.move(id, parent, project=self._project)
        except requests.HTTPError:
            return False
        return True

    def clone(self, id: str) -> str:
        original = next(task for task in self._control.tasks(project=self._project) if task["id"] == id)
        said = {key: value for key, value in original["attributes"].items() if key not in (*READ_ONLY, "Parent")}
        return self._control.create(said, project=self._project)

    def footprint(self) -> Any:
        return sum(asked.startswith(("POST", "PATCH")) for asked in self._control.requests())

    def _seen(self, attributes: Mapping[str, Any]) -> Seen:
        parent = attributes.get("Parent")
        values = {rule: attributes.get(field) for rule, field in self._fields.items()}
        return Seen(values, parent[0]["id"] if parent else None)


def _set(field: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": f"/fields/{field}", "value": value}
