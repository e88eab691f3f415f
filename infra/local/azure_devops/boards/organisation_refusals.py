"""Why a project, a team, an area or iteration, a tag, a file or a person is refused, in the words of the service.

Where no answer of the real service is on record, the sentence is plain words without a code.
"""

from infra.local.azure_devops.errors import WEBAPI, ApiError

WIT = "Microsoft.TeamFoundation.WorkItemTracking.Server"
CORE = "Microsoft.TeamFoundation.Core.WebApi"


def missing_project(name: str) -> ApiError:
    return ApiError(
        404,
        f"TF200016: The following project does not exist: {name}. Verify that the name of the project is correct and "
        "that the project exists on the specified Azure DevOps Server.",
        f"{CORE}.ProjectDoesNotExistWithNameException",
    )


def missing_team(name: str) -> ApiError:
    return ApiError(
        404,
        f"The team with id '{name}' does not exist, or you do not have permissions to access it.",
        f"{CORE}.TeamNotFoundException",
    )


def duplicate_team(name: str) -> ApiError:
    return ApiError(409, f"A team with the name '{name}' already exists.", f"{CORE}.TeamAlreadyExistsException")


def duplicate_project(name: str) -> ApiError:
    return ApiError(
        400,
        f"TF200019: The following project already exists on the Azure DevOps Server: {name}. You cannot create a new "
        "project with the same name as an existing project.",
        f"{CORE}.ProjectAlreadyExistsException",
    )


def missing_process(id: str) -> ApiError:
    return ApiError(404, f"The process with id '{id}' does not exist.", f"{CORE}.ProcessNotFoundException")


def missing_operation(id: str) -> ApiError:
    return ApiError(
        404,
        f"The operation with id '{id}' does not exist.",
        "Microsoft.VisualStudio.Services.Operations.OperationNotFoundException",
    )


def missing_tag(name: str) -> ApiError:
    return ApiError(404, f"The tag '{name}' does not exist.", f"{CORE}.TagNotFoundException")


def duplicate_tag(name: str) -> ApiError:
    return ApiError(409, f"A tag with the name '{name}' already exists.", f"{CORE}.DuplicateTagNameException")


def missing_attachment(id: str) -> ApiError:
    return ApiError(404, f"The attachment '{id}' does not exist.", f"{WIT}.AttachmentNotFoundException", event_id=3200)


def attachment_too_large(limit: int) -> ApiError:
    return ApiError(
        400, f"An attachment may have {limit:,} bytes at most.", f"{WIT}.AttachmentTooLargeException", event_id=3200
    )


def missing_identity(id: str) -> ApiError:
    return ApiError(
        404,
        f"The identity '{id}' does not exist.",
        "Microsoft.VisualStudio.Services.Identity.IdentityNotFoundException",
        assembly=WEBAPI,
    )


def bad_node(message: str) -> ApiError:
    return ApiError(400, message, f"{WIT}.Metadata.ClassificationNodeInvalidException", assembly=WIT, event_id=3200)


def missing_node(path: str) -> ApiError:
    return ApiError(
        404,
        f"The specified area or iteration path is invalid: {path}.",
        f"{WIT}.Metadata.ClassificationNodeDoesNotExistException",
        assembly=WIT,
        event_id=3200,
    )


def duplicate_node(name: str) -> ApiError:
    return ApiError(
        409,
        f"VS402371: Classification node name {name} is already in use by a different node under parent node. "
        "Choose a different name and try again.",
        f"{WIT}.Metadata.ClassificationNodeDuplicateNameException",
        assembly=WIT,
        event_id=3200,
    )


def no_default_value() -> ApiError:
    return ApiError(
        400, "DefaultValue", "Microsoft.TeamFoundation.Work.WebApi.Exceptions.TeamFieldArgumentNullException",
        assembly="Microsoft.TeamFoundation.Work.WebApi", event_id=0,
    )  # fmt: skip


def no_backlog_iteration() -> ApiError:
    return ApiError(
        400,
        "TF400497: The backlog iteration path that you specified is no longer valid.",
        "Microsoft.Azure.Boards.Agile.Common.Exceptions.InvalidTeamSettingsException",
        assembly="Microsoft.Azure.Boards.Agile.Common",
    )
