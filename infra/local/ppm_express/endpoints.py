"""The calls of the API: which there are, what each needs of the token, and what it answers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.ppm_express.tenant import Project, Refused, Task, Tenant

ENTITIES = ("Project", "Program", "Portfolio", "Resource", "KeyDate", "Challenge", "Idea", "Task", "Roadmap", "Issue")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`scope` is what the token must allow; none where any token will do. Segments in braces reach `answer` by name."""

    method: str
    path: str
    scope: str
    answer: Callable[..., Any]
    status: int = 200

    def match(self, method: str, path: str) -> Mapping[str, str] | None:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, path, re.IGNORECASE) if method == self.method else None
        return found and found.groupdict()


def _part(body: Any, name: str) -> Mapping[str, Any]:
    part = body.get(name) if isinstance(body, dict) else None
    if not isinstance(part, dict):
        raise Refused(400, f"The request has no '{name}'.")
    return part


def _within(tenant: Tenant, id: str) -> Project:
    """The project whose tasks or key dates are listed or added to; the swagger knows no 404 there."""
    if id not in tenant.projects:
        raise Refused(403, "Operation not allowed")
    return tenant.projects[id]


def _tasks(tenant: Tenant, body: Any, id: str) -> Any:
    return [_document(tenant, task) for task in _within(tenant, id).tasks.values()]


def _key_dates(tenant: Tenant, body: Any, id: str) -> Any:
    return list(_within(tenant, id).key_dates.values())


def _task(tenant: Tenant, body: Any, id: str, task: str) -> Any:
    return _shown(tenant, tenant.task(id, task))


def _create_task(tenant: Tenant, body: Any, id: str) -> Any:
    project = _within(tenant, id).id
    return _shown(tenant, tenant.create_task(project, _part(body, "attributes"), by_api=True))


def _update_task(tenant: Tenant, body: Any, id: str, task: str) -> Any:
    updates = _part(body, "updates")
    return _shown(tenant, tenant.update_task(id, task, updates, by_api=True))


def _shown(tenant: Tenant, task: Task) -> dict[str, Any]:
    task.shown = dict(task.attributes)
    return _document(tenant, task)


def _document(tenant: Tenant, task: Task) -> dict[str, Any]:
    document = task.document()
    attributes = {key: value for key, value in document["attributes"].items() if key in tenant.fields}
    return {**document, "attributes": attributes}


def _fields(tenant: Tenant, body: Any, entity: str) -> Any:
    if entity.casefold() not in {name.casefold() for name in ENTITIES}:
        raise Refused(400, f"Entity '{entity}' is not supported.")
    if entity.casefold() != "task":
        return [{"key": "Name", "label": "Name", "type": "Text", "isMultiChoice": False, "isReadonly": False}]
    return [field.described() for field in tenant.fields.values()]


def _update_project(tenant: Tenant, body: Any, id: str) -> Any:
    tenant.project(id).attributes |= _part(body, "updates")
    return tenant.project(id).document()


def _update_resource(tenant: Tenant, body: Any, id: str) -> Any:
    tenant.resource(id)["attributes"] |= _part(body, "updates")
    return tenant.resource(id)


def _key_date(tenant: Tenant, body: Any, id: str, key_date: str) -> Any:
    dates = tenant.project(id).key_dates
    if key_date not in dates:
        raise Refused(404, "Key date not found")
    return dates[key_date]


def _delete_webhooks(tenant: Tenant, body: Any, id: str = "") -> None:
    if id:
        tenant.webhooks.pop(id, None)
    else:
        tenant.webhooks.clear()


READ, WRITE, STAFF, ANY = "Projects:Read", "Projects:Write", "Resources:Read", ""

ALL = (
    Endpoint("GET", "/me", ANY, lambda tenant, body: tenant.me()),
    Endpoint("GET", "/fields/{entity}", ANY, _fields),
    Endpoint("GET", "/projects", READ, lambda tenant, body: [each.document() for each in tenant.projects.values()]),
    Endpoint(
        "POST",
        "/projects",
        WRITE,
        lambda tenant, body: tenant.create_project(_part(body, "attributes")).document(),
        201,
    ),
    Endpoint("GET", "/projects/{id}", READ, lambda tenant, body, id: tenant.project(id).document()),
    Endpoint("PATCH", "/projects/{id}", WRITE, _update_project),
    Endpoint("GET", "/projects/{id}/tasks", READ, _tasks),
    Endpoint("POST", "/projects/{id}/tasks", WRITE, _create_task, 201),
    Endpoint("GET", "/projects/{id}/tasks/{task}", READ, _task),
    Endpoint("PATCH", "/projects/{id}/tasks/{task}", WRITE, _update_task),
    Endpoint("GET", "/projects/{id}/keydates", READ, _key_dates),
    Endpoint("GET", "/projects/{id}/keydates/{key_date}", READ, _key_date),
    Endpoint("GET", "/resources", STAFF, lambda tenant, body: list(tenant.resources.values())),
    Endpoint("POST", "/resources", WRITE, lambda tenant, body: tenant.create_resource(_part(body, "attributes")), 201),
    Endpoint("GET", "/resources/{id}", STAFF, lambda tenant, body, id: tenant.resource(id)),
    Endpoint("PATCH", "/resources/{id}", WRITE, _update_resource),
    # The list, and the delete of all, are on the vendor's help page about webhooks and not in the swagger.
    Endpoint("GET", "/webhooks", ANY, lambda tenant, body: list(tenant.webhooks.values())),
    Endpoint("DELETE", "/webhooks", ANY, _delete_webhooks, 204),
    Endpoint("POST", "/webhooks", ANY, lambda tenant, body: tenant.create_webhook(body or {}), 201),
    Endpoint("GET", "/webhooks/{id}", ANY, lambda tenant, body, id: tenant.webhook(id)),
    Endpoint("DELETE", "/webhooks/{id}", ANY, _delete_webhooks, 204),
)
