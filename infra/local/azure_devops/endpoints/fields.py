"""The fields of the organisation and what each can be asked."""

from typing import Any

from infra.local.azure_devops.boards.process import Field, catalogue
from infra.local.azure_devops.boards.refusals import unknown_field
from infra.local.azure_devops.routing import Call, Endpoints, Location

endpoints = Endpoints()

FIELDS = Location(
    "b51fd764-e5c2-4b9b-aaf7-3395cf4bdd94",
    "wit",
    "fields",
    "{project}/_apis/{area}/{resource}/{fieldNameOrRefName}",
    3,
)

EQUALITY = {"Equals": "=", "NotEquals": "<>"}
ORDER = {"GreaterThan": ">", "LessThan": "<", "GreaterThanEquals": ">=", "LessThanEquals": "<="}
LISTS = {"In": "In", "NotIn": "Not In"}
TREE = {"Under": "Under", "NotUnder": "Not Under"}
TEXT = {"Contains": "Contains", "NotContains": "Does Not Contain"}
WORDS = {"ContainsWords": "Contains Words", "NotContainsWords": "Does Not Contain Words"}
EMPTY = {"IsEmpty": "Is Empty", "IsNotEmpty": "Is Not Empty"}
EVER = {"Ever": "Was Ever"}
OPERATIONS = {
    "treePath": TREE | EQUALITY | LISTS,
    "string": EQUALITY | ORDER | TEXT | LISTS | EVER,
    "plainText": TEXT | WORDS | EMPTY,
    "html": TEXT | WORDS | EMPTY,
    "history": TEXT | WORDS,
    "boolean": EQUALITY,
}


@endpoints("GET", FIELDS, name="fields.list")
def list_fields(call: Call) -> dict[str, Any]:
    shown = [field_json(call, field) for field in catalogue().fields]
    return {"count": len(shown), "value": shown}


@endpoints("GET", FIELDS, "fieldNameOrRefName", name="fields.get")
def get_field(call: Call) -> dict[str, Any]:
    field = catalogue().find(call.route["fieldNameOrRefName"])
    if field is None:
        raise unknown_field(call.route["fieldNameOrRefName"], 404)
    return field_json(call, field)


def field_json(call: Call, field: Field) -> dict[str, Any]:
    operations = OPERATIONS.get(field.type, EQUALITY | ORDER | LISTS | EVER)
    return {
        "name": field.name,
        "referenceName": field.reference_name,
        "type": field.type,
        "usage": "workItem",
        "readOnly": field.read_only,
        "canSortBy": not field.long_text,
        "isQueryable": True,
        "supportedOperations": [
            {"referenceName": f"SupportedOperations.{word}", "name": name} for word, name in operations.items()
        ],
        "isIdentity": field.identity,
        "isPicklist": bool(field.values),
        "isPicklistSuggested": False,
        "url": f"{call.base}/_apis/wit/fields/{field.reference_name}",
    }
