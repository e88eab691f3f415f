"""What an answer of Azure DevOps means for us: its errors, sorted by what to do next.

Separate and pure, so that the table of codes can be read and tested in one place. The code that leads a message
(`TF401232:`) and `typeKey` decide, then the status; the text is kept for people and decides only where Microsoft gave
the error no code.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from shared.connectors.http import Answer, pause_seconds, unavailable
from shared.errors import (
    BoardbridgeError,
    InDoubt,
    NotFound,
    NotLetIn,
    Park,
    RetryLater,
    Stale,
    StopConnection,
    Throttled,
)

THROTTLED_SECONDS = 60.0
BUSY_SECONDS = 30.0

STALE = {"VS403351", "TF26071", "TestPatchOperationFailedException", "WorkItemRevisionMismatchException"}
THROTTLED = {"TF400733"}
BUSY = {"VS402335", "VS402490", "VS402491"}
ORGANISATION_STOPPED = {"TF24668"}
OUR_MISTAKE = {
    "VssInvalidPreviewVersionException",
    "VssRequestContentTypeNotSupportedException",
    "VssVersionNotSpecifiedException",
    "VssVersionOutOfRangeException",
}
# How Microsoft Entra says no. The first three are conditional access: its own code, and those of a blocked sign-in and
# of one from an unmanaged device (learn.microsoft.com, "Microsoft Entra authentication and authorization error codes").
POLICY = re.compile(r"VS403463|conditional access|AADSTS53\d{3}", re.IGNORECASE)
ENTRA = re.compile(r"(VS403463|AADSTS\d+)\b[^<>\r\n]*")
ON_A_PAGE = re.compile(ENTRA.pattern + r"|[^<>\r\n]*\bconditional access policy\b[^<>\r\n]*", re.IGNORECASE)
TOO_MANY_REVISIONS = re.compile(r"only work items with up to [\d,.]+ revisions are supported", re.IGNORECASE)


def sign_in(answer: Answer) -> str | None:
    """Why our credential was not taken, in Azure DevOps's words where it has any; None if it was.

    A refused token answers 401, but as often a sign-in page: 203 with HTML, HTML on a 200, or a redirect to one. A
    conditional access policy answers with its own code, or with a page that names it.
    """
    if said := _entra(answer):
        return said
    if answer.status == 401:
        return _message(answer) or "Azure DevOps refused the token (401 without a word)"
    if 300 <= answer.status < 400:
        host = urlsplit(answer.headers.get("Location", "")).hostname or "an unnamed place"
        return f"Azure DevOps sent us to {host} to sign in ({answer.status})"
    if answer.status == 203 or (answer.status < 300 and _is_html(answer)):
        return f"Azure DevOps answered with its sign-in page ({answer.status})"
    return None


def refused(said: str, remedy: str, connection: str) -> NotLetIn:
    """The error of a refusal, `said` being what `sign_in` read; `remedy` is for whatever is the token's own fault."""
    if POLICY.search(said):
        exempt = "exempt the account, or let the policy trust the outgoing IP addresses of this app"
        found = "its sign-in log names the policy"
        return NotLetIn(
            said, f"Ask an administrator of Microsoft Entra: {exempt}; {found}.", connection, by_policy=True
        )
    if said.startswith("TF400813"):
        member = "See that the account is a member of the organisation with an access level"
        return NotLetIn(said, f"{member}, and that the token is good. {remedy}", connection)
    return NotLetIn(said, remedy, connection)


def failure(answer: Answer, *, writes: bool, connection: str, now: datetime) -> Exception | None:
    """What to raise for an answer to an accepted credential; None for a success.

    `writes`: the request would have changed something. A `RuntimeError` says that the request itself was malformed,
    which no operator can put right.
    """
    if answer.status < 300:
        return None
    envelope = _envelope(answer)
    message = _message(answer) or f"Azure DevOps answered {answer.status}"
    codes = {message.split(":", 1)[0], str(envelope.get("typeKey", ""))}
    reason = _with_broken_rules(message, envelope)
    return _by_code(codes, answer, reason, writes, connection, now) or _by_status(answer, reason, writes, now)


def _by_code(
    codes: set[str], answer: Answer, reason: str, writes: bool, connection: str, now: datetime
) -> Exception | None:
    if codes & OUR_MISTAKE:
        return RuntimeError(reason)
    if codes & STALE:
        return Stale(reason)
    if codes & ORGANISATION_STOPPED:
        return StopConnection(reason, connection)
    if codes & THROTTLED:  # "the request has been canceled": nothing was written
        return Throttled(reason, pause_seconds(answer.headers, now) or THROTTLED_SECONDS)
    if codes & BUSY:
        return InDoubt(reason) if writes and answer.status >= 500 else RetryLater(reason, BUSY_SECONDS)
    if TOO_MANY_REVISIONS.search(reason):
        return Park(reason)
    return None


def _by_status(answer: Answer, reason: str, writes: bool, now: datetime) -> Exception:
    if answer.status in (405, 415):
        return RuntimeError(reason)
    if answer.status == 404:
        return NotFound(reason)
    if answer.status in (409, 412):
        return Stale(reason)
    after_seconds = pause_seconds(answer.headers, now) or (THROTTLED_SECONDS if answer.status == 429 else BUSY_SECONDS)
    return unavailable(answer, reason, writes=writes, after_seconds=after_seconds) or Park(reason)


def unreadable(writes: bool) -> BoardbridgeError:
    """The error of a success that is not JSON: something between us and Azure DevOps made it up."""
    reason = "the answer is not JSON, so it does not come from Azure DevOps"
    return InDoubt(reason) if writes else RetryLater(reason, BUSY_SECONDS)


def _with_broken_rules(message: str, envelope: Mapping[str, Any]) -> str:
    """The message and, when a work item breaks several rules at once, every one of them."""
    properties = envelope.get("customProperties") or {}
    broken = (rule.get("errorMessage") for rule in properties.get("RuleValidationErrors") or ())
    return "; ".join(dict.fromkeys(text for text in (message, *broken) if text))


def _entra(answer: Answer) -> str | None:
    """What Microsoft Entra says: on a page anywhere, in an error at its beginning, where no field's value can be."""
    if _is_html(answer):
        found = ON_A_PAGE.search(answer.body.decode("utf-8", "replace"))
    else:
        found = ENTRA.match(_message(answer)) if answer.status >= 300 else None
    return found[0].strip() if found else None


def _message(answer: Answer) -> str:
    """Azure DevOps's own sentence: from the envelope, plain text or a header; "" if it said nothing."""
    if message := _envelope(answer).get("message"):
        return str(message)
    if answer.headers.get("Content-Type", "").startswith("text/plain"):
        return answer.body.decode("utf-8-sig", "replace").strip()
    return unquote(answer.headers.get("X-TFS-ServiceError", ""))


def _envelope(answer: Answer) -> Mapping[str, Any]:
    try:
        document = json.loads(answer.body.decode("utf-8-sig"))  # TF24668 comes with a byte order mark
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _is_html(answer: Answer) -> bool:
    return "html" in answer.headers.get("Content-Type", "").lower() or answer.body.lstrip()[:1] == b"<"
