"""The plainest client: one session, one method per verb, nothing hidden. Used by the simulator's own tests.

Every answer it gets is held against Microsoft's specifications, where this machine has them.
"""

from typing import Any

import requests

from infra.local.azure_devops.running import Control, RunningSimulator
from tests.local.azure_devops.specifications import check

JSON_PATCH = {"Content-Type": "application/json-patch+json"}


class Client:
    def __init__(self, simulator: RunningSimulator) -> None:
        self.url = simulator.url
        self.control: Control = simulator.control
        self.session = requests.Session()
        self.session.auth = ("", simulator.token)
        self.session.hooks["response"].append(check)

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """`path` is behind the organisation; api-version 7.1 unless it names one."""
        params = {"api-version": "7.1"} | options.pop("params", {})
        options.setdefault("timeout", 10)
        options.setdefault("allow_redirects", False)
        return self.session.request(method, f"{self.url}/{path}", json=body, params=params, **options)

    def get(self, path: str, **params: Any) -> Any:
        answer = self("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def create(
        self, title: str = "Router is down", *, kind: str = "Task", project: str = "Fabrikam", **fields: Any
    ) -> Any:
        """A new item; `fields` are short names, such as `state` or `areapath`."""
        operations = [add("System.Title", title), *(add(_name(word), value) for word, value in fields.items())]
        answer = self.post_item(operations, kind=kind, project=project)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post_item(self, operations: list[Any], *, kind: str = "Task", project: str = "Fabrikam") -> requests.Response:
        return self("POST", f"{project}/_apis/wit/workitems/${kind}", operations, headers=JSON_PATCH)

    def patch(self, item: int, *operations: Any, **params: Any) -> requests.Response:
        return self("PATCH", f"_apis/wit/workitems/{item}", list(operations), headers=JSON_PATCH, params=params)

    def change(self, item: int, *operations: Any) -> Any:
        answer = self.patch(item, *operations)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def item(self, item: int, **params: Any) -> Any:
        return self.get(f"_apis/wit/workitems/{item}", **params)

    def query(self, where: str, *, path: str = "Fabrikam/_apis/wit/wiql", **params: Any) -> list[int]:
        text = f"SELECT [System.Id] FROM WorkItems WHERE {where}"
        answer = self("POST", path, {"query": text}, params=params)
        assert answer.status_code == 200, answer.text
        return [found["id"] for found in answer.json()["workItems"]]

    def link(self, rel: str, target: int, comment: str | None = None) -> dict[str, Any]:
        """The operation that links to another item."""
        attributes = {} if comment is None else {"attributes": {"comment": comment}}
        url = f"{self.url}/_apis/wit/workItems/{target}"
        return {"op": "add", "path": "/relations/-", "value": {"rel": rel, "url": url} | attributes}


def _name(word: str) -> str:
    return {
        "state": "System.State",
        "area": "System.AreaPath",
        "iteration": "System.IterationPath",
        "assigned": "System.AssignedTo",
        "tags": "System.Tags",
        "description": "System.Description",
        "priority": "Microsoft.VSTS.Common.Priority",
    }[word]


def add(field: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": f"/fields/{field}", "value": value}


def replace(field: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": f"/fields/{field}", "value": value}


def remove(path: str) -> dict[str, Any]:
    return {"op": "remove", "path": path}


def expect_rev(rev: int) -> dict[str, Any]:
    return {"op": "test", "path": "/rev", "value": rev}


def hyperlink(url: str, comment: str | None = None) -> dict[str, Any]:
    attributes = {} if comment is None else {"attributes": {"comment": comment}}
    return {"op": "add", "path": "/relations/-", "value": {"rel": "Hyperlink", "url": url} | attributes}
