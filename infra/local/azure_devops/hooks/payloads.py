"""Events as a receiver reads them: an envelope with a sentence in three formats and the work item in it.

People are display strings. In `workitem.updated` the resource is the update: its `id` is the update's number, and the
item is `workItemId` and `revision.id`.
"""

from typing import Any
from urllib.parse import quote
from uuid import uuid4

from infra.local.azure_devops.boards.identities import Identity
from infra.local.azure_devops.boards.journal import Change
from infra.local.azure_devops.boards.links import RelationChanges
from infra.local.azure_devops.boards.organisation import guid
from infra.local.azure_devops.boards.patch import draft_new
from infra.local.azure_devops.boards.store import Revision, Update, WorkItem
from infra.local.azure_devops.clock import stamp
from infra.local.azure_devops.endpoints.render import ItemView, update
from infra.local.azure_devops.hooks.catalogue import EVENT_TYPES, PUBLISHER
from infra.local.azure_devops.hooks.events import Event
from infra.local.azure_devops.routing import Call


class Display(ItemView):
    def value(self, value: Any) -> Any:
        return str(value) if isinstance(value, Identity) else value


def envelope(event: Event, call: Call) -> dict[str, Any]:
    """The whole event. Its `id` is new: two calls make two events."""
    organisation = call.world.organisation
    return {
        "id": str(uuid4()),
        "eventType": event.type,
        "publisherId": PUBLISHER,
        "scope": "all",
        "message": _sentence(event, call),
        "detailedMessage": _sentence(event, call),
        "resource": _update(event, call) if event.type == "workitem.updated" else _item(event, call),
        "resourceVersion": "1.0",
        "resourceContainers": {
            "collection": {"id": guid(organisation.name, "collection")},
            "account": {"id": organisation.id},
            "project": {"id": event.project.id},
        },
        "createdDate": stamp(call.world.clock()),
    }


def _sentence(event: Event, call: Call) -> dict[str, str]:
    kind, title = event.revision.fields["System.WorkItemType"], event.revision.fields.get("System.Title", "")
    name = f"{kind} #{event.item.id}"
    rest = f"({title}) {EVENT_TYPES[event.type].verb} {event.change.update.by.display_name}."
    url = f"{call.base}/web/wi.aspx?pcguid={guid(call.world.organisation.name, 'collection')}&id={event.item.id}"
    return {
        "text": f"{name} {rest}\r\n({url})",
        "html": f'<a href="{url}">{name}</a> {rest}',
        "markdown": f"[{name}]({url}) {rest}",
    }


def _item(event: Event, call: Call) -> dict[str, Any]:
    """The item as the change left it; a deleted one is addressed in the recycle bin."""
    url = f"{call.base}/{event.project.id}/_apis/wit"
    if event.type == "workitem.deleted":
        own = f"{url}/recycleBin/{event.item.id}"
        links = {"self": {"href": own}}
    else:
        own = f"{url}/workItems/{event.item.id}"
        links = {
            "self": {"href": own},
            "workItemUpdates": {"href": f"{own}/updates"},
            "workItemRevisions": {"href": f"{own}/revisions"},
        }
    kind = quote(event.revision.fields["System.WorkItemType"])
    links |= {"workItemType": {"href": f"{url}/workItemTypes/{kind}"}, "fields": {"href": f"{url}/fields"}}
    shown = Display(call).revision(event.item, event.revision)
    shown["fields"].pop("System.IsDeleted", None)
    return shown | {"_links": links, "url": own}


def _update(event: Event, call: Call) -> dict[str, Any]:
    item = f"{call.base}/{event.project.id}/_apis/wit/workItems/{event.item.id}"
    view = Display(call)
    shown = update(view, event.item, event.change.update)
    if "fields" in shown:
        shown["fields"] = {
            name: {side: str(value) for side, value in values.items()} for name, values in shown["fields"].items()
        }
    return shown | {
        "revisedBy": ItemView(call).value(event.change.update.by),
        "_links": {
            "self": {"href": shown["url"]},
            "parent": {"href": item},
            "workItemUpdates": {"href": f"{item}/updates"},
        },
        "url": shown["url"],
        "revision": view.revision(event.item, event.revision),
    }


def sample(event_type: str, call: Call) -> dict[str, Any]:
    """An event that never happened, for who wants to try a receiver."""
    project = call.world.organisation.projects[0]
    kind = next(iter(project.process.types.values()))
    now = stamp(call.world.clock())
    fields = draft_new(project, kind).fields | {
        "System.Title": "Some great new idea!",
        "System.CreatedDate": now,
        "System.CreatedBy": call.caller,
        "System.ChangedDate": now,
        "System.ChangedBy": call.caller,
        "System.History": "This is a great new idea",
    }
    item = WorkItem(5, [Revision(1, fields, {}, 1)])
    change = Change("updated", item, Update(1, 1, call.caller, now, True, RelationChanges((), (), ())))
    return envelope(Event(event_type, change, project, item.current, frozenset()), call)
