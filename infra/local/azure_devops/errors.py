"""The errors of the service, each with the exact envelope a client sees.

Separate because clients branch on `typeKey` and on the leading TF or VS code: the sentences here are part of the
interface, and everything else in the simulator only names the error. Where no answer of the real service is on
record, the sentence is plain words without a code.
"""

from collections.abc import Mapping
from typing import Any

WEBAPI = "Microsoft.VisualStudio.Services.WebApi"


class ApiError(Exception):
    """An answer that is not a success.

    `type_name` is the .NET class without its assembly; `typeKey` is its last part. `assembly` differs from the
    namespace for a few classes only. `custom` becomes `customProperties` and is left out when None.
    """

    def __init__(
        self,
        status: int,
        message: str,
        type_name: str,
        *,
        assembly: str | None = None,
        event_id: int = 3000,
        error_code: int = 0,
        custom: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.envelope: dict[str, Any] = {
            "$id": "1",
            **({} if custom is None else {"customProperties": custom}),
            "innerException": None,
            "message": message,
            "typeName": f"{type_name}, {assembly or type_name.rpartition('.')[0]}",
            "typeKey": type_name.rpartition(".")[2],
            "errorCode": error_code,
            "eventId": event_id,
        }


class Dropped(Exception):
    """The connection is closed without an answer."""


class NoRoute(Exception):
    """The address names nothing at all: plain text, not an envelope (for example work item 0)."""


def expired_token() -> ApiError:
    return ApiError(
        401,
        "Access Denied: The Personal Access Token used has expired.",
        "Microsoft.VisualStudio.Services.Security.AccessCheckException",
        assembly=WEBAPI,
        custom={
            "Descriptor": None,
            "IdentityDisplayName": None,
            "Token": None,
            "RequestedPermissions": 0,
            "NamespaceId": "00000000-0000-0000-0000-000000000000",
        },
    )


def access_denied() -> ApiError:
    return ApiError(
        403,
        "Access Denied: the caller lacks permissions to perform this action on the requested resource.",
        "Microsoft.VisualStudio.Services.Security.AccessCheckException",
        assembly=WEBAPI,
    )


def unauthorized() -> ApiError:
    return ApiError(
        401,
        "TF400813: The user '' is not authorized to access this resource.",
        "Microsoft.TeamFoundation.Framework.Server.UnauthorizedRequestException",
    )


def bad_argument(message: str) -> ApiError:
    return ApiError(400, message, "Microsoft.VisualStudio.Services.Common.VssPropertyValidationException", event_id=0)


def no_version(method: str) -> ApiError:
    return ApiError(
        400,
        f'No api-version was supplied for the "{method}" request. The version must be supplied either as part of the '
        'Accept header (e.g. "application/json; api-version=1.0") or as a query parameter (e.g. "?api-version=1.0").',
        f"{WEBAPI}.VssVersionNotSpecifiedException",
    )


def bad_version(version: str, highest: str) -> ApiError:
    return ApiError(
        400,
        f"The requested REST API version of {version} is out of range for this server. The latest REST API version "
        f"this server supports is {highest}.",
        f"{WEBAPI}.VssVersionOutOfRangeException",
    )


def preview_only(version: str) -> ApiError:
    return ApiError(
        400,
        f'The requested version "{version}" of the resource is under preview. The -preview flag must be supplied in '
        f'the api-version for such requests. For example: "{version}-preview"',
        f"{WEBAPI}.VssInvalidPreviewVersionException",
    )


def bad_content_type(content_type: str, method: str, accepted: str, status: int = 400) -> ApiError:
    return ApiError(
        status,
        f'The request indicated a Content-Type of "{content_type}" for method type "{method}" which is not supported. '
        f"Valid content types for this method are: {accepted}.",
        f"{WEBAPI}.VssRequestContentTypeNotSupportedException",
    )


def throttled(resource: str) -> ApiError:
    return ApiError(
        429,
        "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource "
        f"{resource} in namespace contoso.",
        "Microsoft.TeamFoundation.Framework.Server.RequestBlockedException",
    )


def unavailable(status: int) -> ApiError:
    return ApiError(
        status,
        "The service is currently unavailable. Try again later.",
        "Microsoft.VisualStudio.Services.Common.VssServiceException",
        assembly="Microsoft.VisualStudio.Services.Common",
    )


def stopped(organisation: str) -> ApiError:
    return ApiError(
        503,
        f"TF24668: The following team project collection is stopped: {organisation}. Start the collection and then "
        "try again. Administrator Reason: This Azure DevOps organization has been deactivated due to inactivity. For "
        "more information please visit aka.ms/adofootprintreduction",
        "Microsoft.VisualStudio.Services.Common.VssServiceException",
        assembly="Microsoft.VisualStudio.Services.Common",
    )
