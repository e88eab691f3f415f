"""Graph: people and groups by their descriptors. Read only; teams are the groups.

In the real service these calls have a host of their own; here they are answered beside the others.
"""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from infra.local.azure_devops.boards.identities import Identity
from infra.local.azure_devops.boards.organisation import Project, Team
from infra.local.azure_devops.boards.organisation_refusals import missing_identity
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Call, Endpoints, Location

endpoints = Endpoints()


def _location(id: str, resource: str, template: str) -> Location:
    return Location(id, "Graph", resource, "_apis/{area}/" + template, released="0.0")


USERS = _location("005e26ec-6b77-4e4f-a986-b3827bf241f5", "Users", "{resource}/{userDescriptor}")
GROUPS = _location("ebbe6af8-0b91-4c13-8cf1-777c14858188", "Groups", "{resource}/{groupDescriptor}")
DESCRIPTORS = _location("048aee0a-7072-4cde-ab73-7af77b1e0b4e", "Descriptors", "{resource}/{storageKey}")
STORAGE_KEYS = _location("eb85f8cc-f0f6-4264-a5b1-ffe2e4d4801f", "StorageKeys", "{resource}/{subjectDescriptor}")
MEMBERSHIPS = _location("e34b6394-6b30-4435-94a9-409a5eef3e31", "Memberships", "{resource}/{subjectDescriptor}")
STATES = _location("1ffe5c94-1144-4191-907b-d0211cad36a8", "MembershipStates", "{resource}/{subjectDescriptor}")
SUBJECTS = _location("4dd4d168-11f2-48c4-83e8-756fa0de027c", "SubjectLookup", "{resource}")
SUBJECT_QUERY = _location("05942c89-006a-48ce-bb79-baeb8abf99c6", "SubjectQuery", "{resource}")


@endpoints("GET", USERS, name="graph.users")
def list_users(call: Call) -> dict[str, Any]:
    shown = [_user(call, person) for person in call.world.directory.people]
    return {"count": len(shown), "value": shown}


@endpoints("GET", USERS, "userDescriptor", name="graph.user")
def get_user(call: Call) -> dict[str, Any]:
    return _user(call, _person(call, call.route["userDescriptor"]))


@endpoints("GET", GROUPS, name="graph.groups")
def list_groups(call: Call) -> dict[str, Any]:
    shown = [_group(call, project, team) for project, team in _teams(call)]
    return {"count": len(shown), "value": shown}


@endpoints("GET", GROUPS, "groupDescriptor", name="graph.group")
def get_group(call: Call) -> dict[str, Any]:
    return _group(call, *_team(call, call.route["groupDescriptor"]))


@endpoints("GET", DESCRIPTORS, "storageKey", name="graph.descriptor")
def get_descriptor(call: Call) -> dict[str, Any]:
    """A person's or team's id as a descriptor."""
    wanted = call.route["storageKey"].lower()
    known = {person.id: person.descriptor for person in call.world.directory.people}
    known |= {team.id: group_descriptor(team) for _, team in _teams(call)}
    if wanted not in known:
        raise missing_identity(wanted)
    return _with_self(call, {"value": known[wanted]}, f"Descriptors/{wanted}")


@endpoints("GET", STORAGE_KEYS, "subjectDescriptor", name="graph.storage_key")
def get_storage_key(call: Call) -> dict[str, Any]:
    wanted = call.route["subjectDescriptor"]
    known = {person.descriptor: person.id for person in call.world.directory.people}
    known |= {group_descriptor(team): team.id for _, team in _teams(call)}
    if wanted not in known:
        raise missing_identity(wanted)
    return _with_self(call, {"value": known[wanted]}, f"StorageKeys/{wanted}")


@endpoints("GET", MEMBERSHIPS, "subjectDescriptor", name="graph.memberships")
def memberships(call: Call) -> dict[str, Any]:
    """Up: the groups a person is in. Down: the people in a group."""
    subject = call.route["subjectDescriptor"]
    if call.query.get("direction", "up").lower() in ("down", "2"):
        _, team = _team(call, subject)
        pairs = [(subject, person.descriptor) for person in team.members]
    else:
        person = _person(call, subject)
        pairs = [(group_descriptor(team), subject) for _, team in _teams(call) if person in team.members]
    shown = [{"containerDescriptor": container, "memberDescriptor": member} for container, member in pairs]
    return {"count": len(shown), "value": shown}


@endpoints("GET", STATES, "subjectDescriptor", name="graph.membership_state")
def membership_state(call: Call) -> dict[str, Any]:
    person = _person(call, call.route["subjectDescriptor"])
    return _with_self(call, {"active": True}, f"MembershipStates/{person.descriptor}")


@endpoints("POST", SUBJECTS, name="graph.lookup")
def lookup(call: Call) -> dict[str, Any]:
    """The subjects of `lookupKeys`, by descriptor; those there are not are left out."""
    keys = [str(each.get("descriptor")) for each in call.record.get("lookupKeys") or []]
    return {"value": {each["descriptor"]: each for each in _subjects(call) if each["descriptor"] in keys}}


@endpoints("POST", SUBJECT_QUERY, name="graph.query")
def query(call: Call) -> dict[str, Any]:
    """People and groups whose name or mail begins with `query`; `subjectKind` says which of them."""
    wanted = str(call.record.get("query") or "").casefold()
    if not wanted:
        raise bad_argument("A value is required for 'query'.")
    kinds = [str(kind).lower() for kind in call.record.get("subjectKind") or ("User", "Group")]
    shown = [
        each
        for each in _subjects(call)
        if each["subjectKind"] in kinds
        and any(str(each[name]).casefold().startswith(wanted) for name in ("displayName", "mailAddress"))
    ]
    return {"count": len(shown), "value": shown}


def group_descriptor(team: Team) -> str:
    return "vssgp." + b64encode(team.id.encode()).decode().rstrip("=")


def _subjects(call: Call) -> list[dict[str, Any]]:
    people = [_user(call, person) for person in call.world.directory.people]
    return people + [_group(call, project, team) for project, team in _teams(call)]


def _teams(call: Call) -> Iterator[tuple[Project, Team]]:
    for project in call.world.organisation.projects:
        for team in project.teams:
            yield project, team


def _person(call: Call, descriptor: str) -> Identity:
    for person in call.world.directory.people:
        if person.descriptor == descriptor:
            return person
    raise missing_identity(descriptor)


def _team(call: Call, descriptor: str) -> tuple[Project, Team]:
    for project, team in _teams(call):
        if group_descriptor(team) == descriptor:
            return project, team
    raise missing_identity(descriptor)


def _user(call: Call, person: Identity) -> dict[str, Any]:
    shown = {
        "subjectKind": "user",
        "metaType": "member",
        "domain": call.world.organisation.id,
        "principalName": person.unique_name,
        "mailAddress": person.unique_name,
        "origin": "aad",
        "originId": person.id,
        "displayName": person.display_name,
        "descriptor": person.descriptor,
    }
    return _with_self(call, shown, f"Users/{person.descriptor}")


def _group(call: Call, project: Project, team: Team) -> dict[str, Any]:
    shown = {
        "subjectKind": "group",
        "description": team.description,
        "domain": f"vstfs:///Classification/TeamProject/{project.id}",
        "principalName": f"[{project.name}]\\{team.name}",
        "mailAddress": None,
        "origin": "vsts",
        "originId": team.id,
        "displayName": team.name,
        "descriptor": group_descriptor(team),
    }
    return _with_self(call, shown, f"Groups/{shown['descriptor']}")


def _with_self(call: Call, shown: dict[str, Any], path: str) -> dict[str, Any]:
    url = f"{call.base}/_apis/graph/{path}"
    return shown | {"url": url, "_links": {"self": {"href": url}}}
