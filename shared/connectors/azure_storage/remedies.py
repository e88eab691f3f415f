"""What a failure of Azure Storage asks for. Separate, because tables and queue fail in the same words.

no answer, 408, 429, 5xx, being deleted   RetryLater
401, 403                                  RetryLater, naming the roles to grant: it heals without a restart
404, 409, 412                             Stale: somebody else created, changed or removed it first
413                                       Refused
anything else                             a fault of ours: the SDK's error goes on as it is
"""

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from shared.errors import Refused, RetryLater, Stale

RETRY_SECONDS = 5.0
ROLE_RETRY_SECONDS = 60.0  # a new role assignment takes minutes to be seen

_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_LOST_RACE = frozenset({404, 409, 412})


@contextmanager
def remedies(where: str) -> Iterator[None]:
    """Turns the SDK's errors into this product's. `where` names the table or queue in the sentence."""
    try:
        yield
    except ClientAuthenticationError as error:
        raise _not_allowed(where, error) from error
    except HttpResponseError as error:
        raise _remedy(where, error) from error
    except AzureError as error:
        raise RetryLater(f"{where}: no answer from storage. {error.message}", RETRY_SECONDS) from error


def error_code(error: HttpResponseError) -> str:
    """The service's own code, such as `TableNotFound`; empty where it gave none."""
    header = error.response.headers.get("x-ms-error-code") if error.response is not None else None
    code = getattr(error, "error_code", None) or header or ""
    return str(getattr(code, "value", code))


def _remedy(where: str, error: HttpResponseError) -> Exception:
    reason = f"{where}: {error.message}"
    if error.status_code in _PASSING or error_code(error).endswith("BeingDeleted"):
        return RetryLater(reason, RETRY_SECONDS)
    if error.status_code in _LOST_RACE:
        return Stale(reason)
    if error.status_code == 403:
        return _not_allowed(where, error)
    if error.status_code == 413:
        return Refused(413, reason)
    return error


def _not_allowed(where: str, error: HttpResponseError) -> RetryLater:
    return RetryLater(
        f"{where}: storage refuses this app. Grant its identity Storage Table Data Contributor and Storage Queue Data "
        f"Contributor on the account. {error.message}",
        ROLE_RETRY_SECONDS,
    )
