"""People and teams as the identity service finds them, and what the caller may do.

In the real service these calls have a host of their own; here they are answered beside the others.
"""

from typing import Any

from infra.local.azure_devops.boards.identities import Identity
from infra.local.azure_devops.boards.organisation import Project, Team
from infra.local.azure_devops.boards.organisation_refusals import missing_identity
from infra.local.azure_devops.endpoints.graph import group_descriptor
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Call, Endpoints, Location

endpoints = Endpoints()

IDENTITIES = Location("28010c54-d0c0-4c89-a5b0-1c9e188b9fb7", "IMS", "Identities", "_apis/{resource}/{identityId}")
SELF = Location("4bb02b5b-c120-4be2-b68e-21f7c50a4b82", "IMS", "self", "_apis/identities/{resource}")
PERMISSIONS = Location(
    "dd3b8bd6-c7fc-4cbd-929a-933d9c011c9d",
    "Security",
    "Permissions",
    "_apis/{resource}/{securityNamespaceId}/{permissions}",
    2,
)
EVALUATION = Location(
    "cf1faa59-1b63-4448-bf04-13d981a46f5d", "Security", "PermissionEvaluationBatch", "_apis/security/{resource}"
)

# The namespace of tags and its permission to create them, which the rules of a simulator may take away.
TAGGING, CREATE_TAG = "bb50f182-8e5e-40b8-bc21-e8752a1e7ae2", 2
# What `searchFilter` looks at.
WORDS = {
    "general": ("uniqueName", "displayName"),
    "displayname": ("displayName",),
    "accountname": ("uniqueName",),
    "mailaddress": ("uniqueName",),
}


@endpoints("GET", SELF, name="identities.self")
def myself(call: Call) -> dict[str, Any]:
    who = call.caller
    return {"id": who.id, "displayName": who.display_name, "domain": "", "accountName": who.unique_name}


@endpoints("GET", IDENTITIES, name="identities.search")
def search(call: Call) -> dict[str, Any]:
    """By `identityIds`, by `descriptors` or `subjectDescriptors`, or `filterValue` by `searchFilter`."""
    if listed := call.query.get("identityids"):
        wanted = listed.lower().split(",")
        found = [each for each in _everyone(call) if each["id"] in wanted]
    elif listed := call.query.get("descriptors") or call.query.get("subjectdescriptors"):
        wanted = listed.split(",")
        found = [each for each in _everyone(call) if {each["descriptor"], each["subjectDescriptor"]} & set(wanted)]
    else:
        found = _filtered(call)
    return {"count": len(found), "value": found}


@endpoints("GET", IDENTITIES, "identityId", name="identities.get")
def get(call: Call) -> dict[str, Any]:
    wanted = call.route["identityId"]
    for each in _everyone(call):
        if wanted.lower() == each["id"] or wanted in (each["descriptor"], each["subjectDescriptor"]):
            return each
    raise missing_identity(wanted)


@endpoints("GET", PERMISSIONS, "securityNamespaceId", "permissions", name="permissions.check")
def has_permissions(call: Call) -> dict[str, Any]:
    """One answer for each of the `tokens`, which `delimiter` separates."""
    tokens = call.query.get("tokens", "").split(call.query.get("delimiter") or ",")
    allowed = _allowed(call, call.route["securityNamespaceId"], int(call.number("permissions")))
    return {"count": len(tokens), "value": [allowed] * len(tokens)}


@endpoints("POST", EVALUATION, name="permissions.check_batch")
def has_permissions_batch(call: Call) -> dict[str, Any]:
    evaluations = call.record.get("evaluations")
    if not isinstance(evaluations, list):
        raise bad_argument("A value is required for 'evaluations'.")
    shown = [
        each | {"value": _allowed(call, str(each.get("securityNamespaceId")), int(each.get("permissions") or 0))}
        for each in evaluations
    ]
    return call.record | {"evaluations": shown}


def _allowed(call: Call, namespace: str, permissions: int) -> bool:
    refused = call.world.rules.refuse_new_tags and namespace.lower() == TAGGING and permissions & CREATE_TAG
    return not refused


def _filtered(call: Call) -> list[dict[str, Any]]:
    kind, wanted = call.query.get("searchfilter", "").lower(), call.query.get("filtervalue", "").casefold()
    if kind not in WORDS or not wanted:
        raise bad_argument(f"'searchFilter' is one of {', '.join(WORDS)}, and 'filterValue' what to look for.")
    people = [person for person in call.world.directory.people if _matches(person, WORDS[kind], wanted)]
    shown = [_person(person) for person in people]
    if "displayName" in WORDS[kind]:
        shown += [team for team in _teams(call) if wanted in team["providerDisplayName"].casefold()]
    return shown


def _matches(person: Identity, words: tuple[str, ...], wanted: str) -> bool:
    values = {"uniqueName": person.unique_name, "displayName": person.display_name}
    return any(wanted in values[word].casefold() for word in words)


def _everyone(call: Call) -> list[dict[str, Any]]:
    return [*(_person(person) for person in call.world.directory.people), *_teams(call)]


def _teams(call: Call) -> list[dict[str, Any]]:
    return [_team(project, team) for project in call.world.organisation.projects for team in project.teams]


def _person(person: Identity) -> dict[str, Any]:
    return {
        "id": person.id,
        "descriptor": f"Microsoft.IdentityModel.Claims.ClaimsIdentity;{person.unique_name}",
        "subjectDescriptor": person.descriptor,
        "providerDisplayName": person.display_name,
        "isActive": True,
        "members": [],
        "memberOf": [],
        "memberIds": [],
        "properties": {
            "SchemaClassName": {"$type": "System.String", "$value": "User"},
            "Account": {"$type": "System.String", "$value": person.unique_name},
            "Mail": {"$type": "System.String", "$value": person.unique_name},
        },
        "resourceVersion": 2,
        "metaTypeId": 0,
    }


def _team(project: Project, team: Team) -> dict[str, Any]:
    return {
        "id": team.id,
        "descriptor": f"Microsoft.TeamFoundation.Identity;{team.id}",
        "subjectDescriptor": group_descriptor(team),
        "providerDisplayName": f"[{project.name}]\\{team.name}",
        "isActive": True,
        "isContainer": True,
        "members": [],
        "memberOf": [],
        "memberIds": [person.id for person in team.members],
        "properties": {"SchemaClassName": {"$type": "System.String", "$value": "Group"}},
        "resourceVersion": 2,
        "metaTypeId": 255,
    }
