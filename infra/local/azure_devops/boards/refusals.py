"""Why a work item, a path, a link or a query is refused, in the words of the service.

Where no answer of the real service is on record, the sentence is plain words without a code.
"""

from infra.local.azure_devops.errors import WEBAPI, ApiError

WIT = "Microsoft.TeamFoundation.WorkItemTracking.Server"

# Bits of `fieldStatusCode`, in the order their names appear in `fieldStatusFlags`.
FIELD_STATUS = {
    "required": 0x1,
    "readOnly": 0x2,
    "hasValues": 0x4,
    "limitedToValues": 0x8,
    "invalidType": 0x40000,
    "invalidEmpty": 0x80000,
    "invalidListValue": 0x400000,
    "invalidTooLong": 0x2000000,
}


def stale_revision(actual: int, expected: object) -> ApiError:
    return failed_test("/rev", actual, expected)


def revision_mismatch() -> ApiError:
    """A race lost inside the server."""
    return ApiError(
        409,
        "TF26071: This work item has been changed by someone else since you opened it. You will need to refresh it "
        "and discard your changes.",
        f"{WIT}.WorkItemRevisionMismatchException",
        event_id=3200,
    )


def failed_test(path: str, actual: object, expected: object) -> ApiError:
    return ApiError(
        412,
        f"VS403351: Test Operation for path {path} failed, value {actual} was not equal to test value {expected}.",
        f"{WEBAPI}.Patch.TestPatchOperationFailedException",
        assembly=WEBAPI,
    )


def bad_patch(message: str) -> ApiError:
    return ApiError(400, message, f"{WEBAPI}.VssPropertyValidationException", assembly=WEBAPI)


def missing_item(item_id: int) -> ApiError:
    return ApiError(
        404,
        f"TF401232: Work item {item_id} does not exist, or you do not have permissions to read it.",
        f"{WIT}.WorkItemUnauthorizedAccessException",
        event_id=3200,
    )


def missing_type(name: str, project: str) -> ApiError:
    return ApiError(
        404,
        f"VS402323: Work item type {name} does not exist in project {project} "
        "or you do not have permission to access it.",
        f"{WIT}.WorkItemTypeNotFoundException",
        event_id=3200,
    )


def missing_comment(comment_id: int) -> ApiError:
    return ApiError(
        404,
        f"The comment {comment_id} does not exist.",
        f"{WIT}.WorkItemCommentNotFoundException",
        event_id=3200,
    )


def missing_revision(item_id: int, rev: int) -> ApiError:
    return ApiError(
        404,
        f"Work item {item_id} has no revision {rev}.",
        f"{WIT}.WorkItemRevisionNotFoundException",
        event_id=3200,
    )


def too_many_revisions(item_id: int, revisions: int, limit: int) -> ApiError:
    return ApiError(
        500,
        f"Work item {item_id} has {revisions} revisions, but currently, when updating via the API, only work items "
        f"with up to {limit:,} revisions are supported.",
        f"{WIT}.WorkItemRevisionLimitExceededException",
        event_id=3200,
    )


def too_many_links(item_id: int, limit: int) -> ApiError:
    return ApiError(
        400,
        f"Work item {item_id} cannot have more than {limit:,} links.",
        f"{WIT}.WorkItemLinksLimitExceededException",
        event_id=3200,
    )


def dates_not_increasing() -> ApiError:
    return ApiError(
        400,
        "VS402625: Dates must be increasing with each revision.",
        f"{WIT}.WorkItemDatesNotIncreasingException",
        event_id=3200,
    )


def unknown_field(name: str, status: int = 400) -> ApiError:
    return ApiError(
        status, f"TF51535: Cannot find field {name}.", f"{WIT}.WorkItemTrackingFieldDefinitionNotFoundException"
    )


def unknown_identity(reference_name: str, name: str, value: str) -> ApiError:
    return ApiError(
        400,
        f"The identity value '{value}' for field '{name}' is an unknown identity.",
        f"{WIT}.WorkItemFieldInvalidException",
        assembly=f"{WIT}, Version=14.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a",
        error_code=600171,
        event_id=3200,
        custom={"ReferenceName": reference_name},
    )


def bad_tree_name(item_id: int, reference_name: str) -> ApiError:
    return ApiError(
        400,
        f"TF401347: Invalid tree name given for work item {item_id}, field '{reference_name}'.",
        f"{WIT}.WorkItemFieldInvalidTreeNameException",
        event_id=3200,
        custom={"ReferenceName": reference_name},
    )


def broken_rule(reference_name: str, message: str, *flags: str) -> ApiError:
    """One field that a rule of its type refuses; `flags` are names of FIELD_STATUS."""
    return ApiError(
        400,
        message,
        f"{WIT}.RuleValidationException",
        event_id=3200,
        custom={
            "FieldReferenceName": None,
            "FieldStatusFlags": "none",
            "ErrorMessage": message,
            "FieldStatusCode": 0,
            "RuleValidationErrors": [
                {
                    "fieldReferenceName": reference_name,
                    "fieldStatusFlags": ", ".join(flags),
                    "errorMessage": message,
                    "fieldStatusCode": sum(FIELD_STATUS[flag] for flag in flags),
                    "ruleValidationErrors": None,
                }
            ],
        },
    )


def required_field(reference_name: str, name: str) -> ApiError:
    message = f"TF401320: Rule Error for field {name}. Error code: Required, InvalidEmpty."
    return broken_rule(reference_name, message, "required", "invalidEmpty")


def second_parent(rel_name: str, source: int, target: int) -> ApiError:
    return ApiError(
        400,
        f"TF201036: You cannot add a {rel_name} link between work items {source} and {target} because a work item can "
        "have only one Parent link.",
        f"{WIT}.WorkItemLinkAddExtraParentException",
        event_id=3200,
    )


def circular_link(rel_name: str, source: int, target: int) -> ApiError:
    return ApiError(
        400,
        f"TF201035: You cannot add a {rel_name} link between work items {source} and {target} because it would create "
        "a circular relationship.",
        f"{WIT}.WorkItemLinkCircularException",
        event_id=3200,
    )


def duplicate_link(source: int, target: int) -> ApiError:
    return ApiError(
        400,
        f"A link between work items {source} and {target} of this type already exists.",
        f"{WIT}.WorkItemLinkInvalidException",
        event_id=3200,
    )


def bad_link(message: str) -> ApiError:
    return ApiError(400, message, f"{WIT}.WorkItemLinkInvalidException", event_id=3200)


def new_tag_refused(project_id: str) -> ApiError:
    return ApiError(
        403,
        "TF401289: The current user does not have permissions to create tags.",
        "Microsoft.VisualStudio.Services.Security.AccessCheckException",
        assembly=WEBAPI,
        custom={
            "Descriptor": "Microsoft.IdentityModel.Claims.ClaimsIdentity;contoso\\boardbridge@contoso.com",
            "IdentityDisplayName": None,
            "Token": f"/{project_id}",
            "RequestedPermissions": 2,
            "NamespaceId": "bb50f182-8e5e-40b8-bc21-e8752a1e7ae2",
        },
    )


def too_many_ids(limit: int) -> ApiError:
    return ApiError(
        400,
        f"VS403474: The number of work item ids requested exceeds the limit of {limit}.",
        f"{WIT}.WorkItemTrackingBatchLimitExceededException",
        event_id=3200,
    )


def expand_with_fields() -> ApiError:
    return ApiError(
        400,
        "The expand parameter can not be used with the fields parameter.",
        "Microsoft.VisualStudio.Services.Common.VssPropertyValidationException",
        event_id=0,
    )


def bad_query(message: str) -> ApiError:
    """WIQL that cannot be run; `message` starts with its TF code where one is known."""
    return ApiError(400, message, f"{WIT}.WorkItemTrackingQueryException", event_id=3200)


def query_too_large(limit: int) -> ApiError:
    return ApiError(
        400,
        f"VS402337: The number of work items returned exceeds the size limit of {limit}.",
        f"{WIT}.WorkItemTrackingQueryResultSizeLimitExceededException",
        event_id=3200,
    )


def missing_path(kind: str, source: str) -> ApiError:
    """An area or iteration path in a query; `source` is the path as the query writes it."""
    return bad_query(f"TF51011: The specified {kind} path does not exist. The error is caused by «{source}».")


def bad_team_macro(message: str) -> ApiError:
    """@CurrentIteration where no team can be found: not a bad request, as the service answers it."""
    return ApiError(500, message, f"{WIT}.WorkItemTrackingQueryException", event_id=3200)


def query_timed_out() -> ApiError:
    return ApiError(
        400,
        "VS402335: The timeout period (30 seconds) elapsed prior to completion of the query or the server is not "
        "responding.",
        f"{WIT}.WorkItemTrackingQueryTimeoutException",
        event_id=3200,
    )


def missing_query(path_or_id: str) -> ApiError:
    return ApiError(
        404,
        f"TF401243: The query {path_or_id} does not exist, or you do not have permission to read it.",
        f"{WIT}.QueryItems.QueryItemNotFoundException",
        assembly=WIT,
        event_id=3200,
    )


def bad_query_item(message: str) -> ApiError:
    """A stored query or folder that cannot be kept as asked; `message` starts with its TF code where one is known."""
    return ApiError(400, message, f"{WIT}.LegacyQueryItemException", event_id=3200)
