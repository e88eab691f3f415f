"""One tenant: its projects with their tasks, its people, its webhooks and tokens, and the rules they are changed by.

Knows no HTTP. Ids are counted rather than drawn, so that two runs are alike.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from infra.local.ppm_express.calendar import Calendar, Schedule, Unschedulable
from infra.local.ppm_express.fields import DATES, GROUPS, TASK_FIELDS, Field, Invalid, shown

PPMX = "Ppmx"
SOURCES = (PPMX, "O365Group", "VSTS", "Jira", "File", "O365Planner", "O365User", "Spo", "O365TeamsChannel", "PpmxTime")
SCOPES = ("Projects:Read", "Projects:Write", "Resources:Read")
MOST_WEBHOOKS = 50
PROJECT = "10000000-0000-4000-8000-000000000001"  # the one that is there from the start
PEOPLE = {"Priya Planner": "priya@contoso.example", "Omar Owner": "omar@contoso.example"}
SCHEDULE = {"StartDate": "start", "DueDate": "due", "Duration": "duration"}

type Clock = Callable[[], datetime]
type Listener = Callable[[str, str, str], None]  # event type, project, task


class Refused(Exception):
    """An answer other than success, with the vendor's error document."""

    def __init__(self, status: int, message: str, errors: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.document = {
            "errorMessage": message,
            "developerMessage": message,
            "errors": [{"fieldName": name, "message": words} for name, words in errors],
        }


@dataclass(slots=True)
class Task:
    id: str
    attributes: dict[str, Any]
    source: str = PPMX
    shown: dict[str, Any] = field(default_factory=dict)  # as the API last told it, by itself or in answer to a write

    def document(self) -> dict[str, Any]:
        """Attributes without a value are left out, as the vendor's examples do."""
        attributes = {key: value for key, value in self.attributes.items() if value is not None}
        return {"id": self.id, "attributes": attributes, "sourceType": self.source}

    @property
    def parent(self) -> str | None:
        references = self.attributes.get("Parent")
        return references[0]["id"] if references else None


@dataclass(slots=True)
class Project:
    id: str
    attributes: dict[str, Any]
    tasks: dict[str, Task] = field(default_factory=dict)
    key_dates: dict[str, dict[str, Any]] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {"id": self.id, "attributes": self.attributes}


@dataclass(slots=True)
class Token:
    value: str
    expires_at: datetime
    scopes: tuple[str, ...] = SCOPES


class Tenant:
    """`listeners` are told of every change to a task. `ignored` are fields that the API accepts and does not write.

    `overwritten` are the values that writes of the API replaced without having been shown them: without conditional
    writes, nobody else ever knows.
    """

    def __init__(self, name: str, token: str, clock: Clock) -> None:
        self.name = name
        self.clock = clock
        self.token = Token(token, clock() + timedelta(days=90))
        self.calendar = Calendar()
        self.fields = {field.key: field for field in TASK_FIELDS}
        self.ignored: set[str] = set()
        self.overwritten: list[Any] = []
        self.listeners: list[Listener] = []
        self.webhooks: dict[str, dict[str, Any]] = {}
        self._counts = {kind: count(1) for kind in range(1, 6)}
        self.projects: dict[str, Project] = {}
        self.resources: dict[str, dict[str, Any]] = {}
        self.create_project({"Name": "PMO"})
        for full_name, mail in PEOPLE.items():
            self.create_resource({"Name": full_name, "Email": mail})

    # ---------------------------------------------------------------- projects and people

    def create_project(self, attributes: Mapping[str, Any]) -> Project:
        project = Project(self._id(1), _named(attributes))
        self.projects[project.id] = project
        return project

    def project(self, id: str) -> Project:
        return _found(self.projects, id, "Project")

    def create_resource(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        id = self._id(2)
        self.resources[id] = {"id": id, "attributes": _named(attributes)}
        return self.resources[id]

    def resource(self, id: str) -> dict[str, Any]:
        return _found(self.resources, id, "Resource")

    # ---------------------------------------------------------------- tasks

    def task(self, project: str, id: str) -> Task:
        return _found(self.project(project).tasks, id, "Task")

    def create_task(self, project: str, wanted: Mapping[str, Any], source: str = PPMX, *, by_api: bool = False) -> Task:
        home = self.project(project)
        wanted = self._heeded(wanted) if by_api else wanted
        start = shown(self.calendar.from_day(self.clock().date()))
        task = Task(self._id(3), {"StartDate": start, "Duration": 1, "Group": _group("Backlog"), "Progress": 0}, source)
        self._apply(home, task, {"Duration": 1, **wanted} if not {*SCHEDULE} & {*wanted} else wanted)
        if not task.attributes.get("Name"):
            raise _invalid(Invalid("Name", "The field 'Name' is required."))
        home.tasks[task.id] = task
        self._tell("Task:Created", home, task)
        return task

    def update_task(self, project: str, id: str, updates: Mapping[str, Any], *, by_api: bool = False) -> Task:
        """People may change what comes from elsewhere too: there, where it comes from."""
        home, task = self.project(project), self.task(project, id)
        if by_api:
            if task.source != PPMX:
                message = f"The task is synchronized from {task.source} and cannot be changed in PPM Express."
                raise Refused(400, message)
            updates = self._heeded(updates)
            unseen = {key for key in updates if task.attributes.get(key) != task.shown.get(key)}
            self.overwritten += [task.attributes.get(key) for key in unseen]
        changed = Task(task.id, dict(task.attributes), task.source)
        self._apply(home, changed, updates)
        if changed.attributes != task.attributes:
            task.attributes = changed.attributes
            self._tell("Task:Updated", home, task)
        return task

    def delete_task(self, project: str, id: str) -> None:
        """As a person does it: with everything below."""
        home = self.project(project)
        task = self.task(project, id)
        for child in [child.id for child in home.tasks.values() if child.parent == id]:
            self.delete_task(project, child)
        del home.tasks[id]
        self._tell("Task:Deleted", home, task)

    def _heeded(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in wanted.items() if key not in self.ignored}

    def _apply(self, home: Project, task: Task, wanted: Mapping[str, Any]) -> None:
        """All of `wanted` or, where something is refused, nothing."""
        known = {key: self.fields.get(key) for key in wanted}
        try:
            kept = {key: self._kept(home, field, key, wanted[key]) for key, field in known.items()}
            if any(self._below(home, task.id, parent["id"]) for parent in kept.get("Parent") or ()):
                raise Invalid("Parent", "A task cannot be moved below itself.")
            task.attributes |= kept
            self._reschedule(task, kept)
        except Invalid as invalid:
            raise _invalid(invalid) from invalid
        task.attributes["Status"] = self._status(task)
        if kept.get("IsMilestone"):
            self._add_key_date(home, task)

    def _kept(self, home: Project, field: Field | None, key: str, value: Any) -> Any:
        if field is None:
            raise Invalid(key, f"There is no field '{key}'.")
        if field.read_only:
            raise Invalid(key, f"The field '{field.label}' is read-only.")

        def find(kind: str, id: str) -> dict[str, Any] | None:
            if kind == "task":
                return {"id": id, "name": home.tasks[id].attributes["Name"]} if id in home.tasks else None
            person = self.resources.get(id)
            return person and {"id": id, "fullName": person["attributes"]["Name"], "imageId": None}

        return field.kept(value, find)

    def _below(self, home: Project, task: str, parent: str | None) -> bool:
        while parent is not None and parent != task:
            parent = home.tasks[parent].parent if parent in home.tasks else None
        return parent is not None

    def _reschedule(self, task: Task, written: Mapping[str, Any]) -> None:
        names = {SCHEDULE[key] for key in written if key in SCHEDULE}
        if not names:
            return
        start, due = (_day(task.attributes.get(key)) for key in DATES)
        try:
            schedule = self.calendar.rescheduled(Schedule(start, due, task.attributes.get("Duration")), names)
        except Unschedulable:
            raise Invalid("DueDate", "The Due Date must not be before the Start Date.") from None
        task.attributes["StartDate"] = schedule.start and shown(schedule.start)
        task.attributes["DueDate"] = schedule.due and shown(schedule.due)
        task.attributes["Duration"] = schedule.duration

    def _status(self, task: Task) -> str:
        """Calculated, from progress and dates."""
        progress, due = task.attributes.get("Progress") or 0, _day(task.attributes.get("DueDate"))
        if progress == 100:
            return "Completed"
        if due and due < self.clock().date():
            return "Late"
        return "In Progress" if progress else "Not Started"

    def _add_key_date(self, home: Project, task: Task) -> None:
        id = self._id(4)
        attributes = {"Name": task.attributes["Name"], "Date": task.attributes.get("DueDate")}
        home.key_dates[id] = {"id": id, "attributes": attributes}

    def _tell(self, event: str, home: Project, task: Task) -> None:
        for listener in self.listeners:
            listener(event, home.id, task.id)

    # ---------------------------------------------------------------- webhooks and the token

    def create_webhook(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        if missing := [name for name in ("url", "httpVerb", "eventTypes", "headers") if name not in wanted]:
            raise Refused(400, "Webhook not valid", [(name, f"'{name}' is required.") for name in missing])
        if len(self.webhooks) >= MOST_WEBHOOKS:
            raise Refused(400, f"The tenant has {MOST_WEBHOOKS} webhooks already, which is the most it can have.")
        id = self._id(5)
        self.webhooks[id] = {name: wanted[name] for name in ("eventTypes", "headers", "httpVerb", "url")} | {"id": id}
        return self.webhooks[id]

    def webhook(self, id: str) -> dict[str, Any]:
        return _found(self.webhooks, id, "Webhook")

    def me(self) -> dict[str, Any]:
        expires = self.token.expires_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        token = {"id": f"{'6':0<8}-0000-4000-8000-000000000001", "name": "Boardbridge", "expirationDate": expires}
        return {
            "id": f"{'7':0<8}-0000-4000-8000-000000000001",
            "logonAccount": "bridge@contoso.example",
            "email": "bridge@contoso.example",
            "token": {**token, "scopes": list(self.token.scopes)},
        }

    def _id(self, kind: int) -> str:
        return f"{kind}0000000-0000-4000-8000-{next(self._counts[kind]):012x}"


def _found[T](things: Mapping[str, T], id: str, what: str) -> T:
    if id not in things:
        raise Refused(404, f"{what} not found")
    return things[id]


def _named(attributes: Mapping[str, Any]) -> dict[str, Any]:
    if not attributes.get("Name"):
        raise _invalid(Invalid("Name", "The field 'Name' is required."))
    return dict(attributes)


def _invalid(invalid: Invalid) -> Refused:
    return Refused(400, "The request is not valid.", [(invalid.field, invalid.message)])


def _day(text: str | None) -> date | None:
    return datetime.fromisoformat(text).date() if text else None


def _group(name: str) -> list[dict[str, str]]:
    return [{"id": GROUPS[name], "name": name}]
