"""The table of what Azure DevOps answers and what we do next, and the recorded answers held against it."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.connectors.azure_devops.errors import failure, refused, sign_in, unreadable
from shared.connectors.http import Answer
from shared.errors import InDoubt, NotFound, Park, RetryLater, Stale, StopConnection, Throttled
from tests.connectors.azure_devops.recorded import recorded

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def envelope(message: str, type_key: str = "", **more: Any) -> bytes:
    return json.dumps({"$id": "1", "message": message, "typeKey": type_key, **more}).encode()


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def judged(given: Answer, writes: bool) -> Exception | None:
    return failure(given, writes=writes, connection="boards", now=NOW)


STALE_REVISION = envelope(
    "VS403351: Test Operation for path /rev failed, value 4 was not equal to test value 3.",
    "TestPatchOperationFailedException",
)
BROKEN_RULES = envelope(
    "TF401320: Rule Error for field Effort. Error code: Required, InvalidEmpty.",
    "RuleValidationException",
    customProperties={
        "RuleValidationErrors": [
            {"errorMessage": "TF401320: Rule Error for field Effort. Error code: Required, InvalidEmpty."},
            {"errorMessage": "TF401320: Rule Error for field Risk. Error code: Required, InvalidEmpty."},
        ]
    },
)
STOPPED = envelope("TF24668: The following team project collection is stopped: Contoso.", "VssServiceException")
BLOCKED = envelope("TF400733: The request has been canceled: Request was blocked due to exceeding usage.")
TOO_MANY = envelope(
    "Work item 5 has 10001 revisions, but currently, when updating via the API, only work items with up to 10,000 "
    "revisions are supported."
)

# status, body, error of a read, error of a write, words of the reason
TABLE = [
    (200, b"{}", None, None, ""),
    (204, b"", None, None, ""),
    (412, STALE_REVISION, Stale, Stale, "value 4 was not equal to test value 3"),
    (400, STALE_REVISION, Stale, Stale, "VS403351"),
    (409, envelope("TF26071: changed", "WorkItemRevisionMismatchException"), Stale, Stale, "TF26071"),
    (409, b"", Stale, Stale, "409"),
    (400, BROKEN_RULES, Park, Park, r"field Effort.*; .*field Risk"),
    (400, envelope("TF401347: Invalid tree name", "WorkItemFieldInvalidTreeNameException"), Park, Park, "TF401347"),
    (400, envelope("TF51535: Cannot find field X."), Park, Park, "TF51535"),
    (400, envelope("The identity value 'x' is an unknown identity.", errorCode=600171), Park, Park, "identity"),
    (400, envelope("TF201036: only one Parent", "WorkItemLinkAddExtraParentException"), Park, Park, "TF201036"),
    (400, b"<html>Bad request</html>", Park, Park, "^Azure DevOps answered 400$"),
    (403, envelope("TF401289: no permissions to create tags.", "AccessCheckException"), Park, Park, "create tags"),
    (404, envelope("TF401232: Work item 7 does not exist"), NotFound, NotFound, "TF401232"),
    (404, envelope("TF200016: The following project does not exist: X."), NotFound, NotFound, "TF200016"),
    (500, TOO_MANY, Park, Park, "10,000"),
    (429, BLOCKED, Throttled, Throttled, "TF400733"),
    (503, BLOCKED, Throttled, Throttled, "TF400733"),
    (429, b"", Throttled, Throttled, "429"),
    (400, envelope("VS402335: The timeout period elapsed."), RetryLater, RetryLater, "VS402335"),
    (500, envelope("VS402490: x"), RetryLater, InDoubt, "VS402490"),
    (500, envelope("VS402491: x"), RetryLater, InDoubt, "VS402491"),
    (500, b"", RetryLater, InDoubt, "500"),
    (502, b"<html>Bad gateway</html>", RetryLater, InDoubt, "^Azure DevOps answered 502$"),
    (503, b"", RetryLater, InDoubt, "503"),
    (503, b"\xef\xbb\xbf" + STOPPED, StopConnection, StopConnection, "TF24668.*is stopped: Contoso"),
    (400, envelope("...", "VssRequestContentTypeNotSupportedException"), RuntimeError, RuntimeError, ""),
    (400, envelope("...", "VssVersionNotSpecifiedException"), RuntimeError, RuntimeError, ""),
    (415, b"", RuntimeError, RuntimeError, "415"),
    (405, b"", RuntimeError, RuntimeError, "405"),
]


@pytest.mark.parametrize(("status", "body", "of_read", "of_write", "says"), TABLE)
def test_what_to_do_next(
    status: int, body: bytes, of_read: type[Exception] | None, of_write: type[Exception] | None, says: str
) -> None:
    for writes, expected in ((False, of_read), (True, of_write)):
        error = judged(answer(status, body, Content_Type="application/json; charset=utf-8"), writes)
        if expected is None:
            assert error is None
        else:
            assert type(error) is expected
            assert re.search(says, str(error))


def test_a_wait_that_is_named_is_kept_and_one_that_is_not_is_ours() -> None:
    waits = [
        judged(answer(429, BLOCKED, Retry_After="120"), True),
        judged(answer(429, BLOCKED), True),
        judged(answer(503, b"", Retry_After="9"), False),
        judged(answer(503), False),
    ]
    assert [getattr(wait, "after_seconds", None) for wait in waits] == [120, 60, 9, 30]


def test_the_stopped_organisation_is_the_connection_that_stops() -> None:
    error = judged(answer(503, STOPPED), False)
    assert isinstance(error, StopConnection)
    assert error.connection == "boards"


def test_a_sentence_may_be_plain_text_or_in_a_header() -> None:
    text = judged(answer(404, b"The controller for path '/x' was not found", Content_Type="text/plain"), False)
    header = judged(answer(503, b"", **{"X-TFS-ServiceError": "TF24668%3A%20It%20is%20stopped"}), False)
    assert str(text) == "The controller for path '/x' was not found"
    assert isinstance(header, StopConnection)
    assert str(header) == "TF24668: It is stopped"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (answer(401, envelope("Access Denied: The Personal Access Token used has expired.")), "used has expired"),
        (answer(401, envelope("TF400813: The user '' is not authorized to access this resource.")), "TF400813"),
        (answer(401, WWW_Authenticate='Basic realm="https://x.app.visualstudio.com/"'), "401 without a word"),
        (answer(401, b'{"count":0,"value":[]}'), "401 without a word"),
        (answer(203, b"<html>Sign In</html>", Content_Type="text/html"), "sign-in page.*203"),
        (answer(203, b"", Content_Type="application/json"), "sign-in page.*203"),
        (answer(200, b"\r\n<!DOCTYPE html>"), "sign-in page.*200"),
        (answer(200, b"x", Content_Type="text/html; charset=utf-8"), "sign-in page.*200"),
        (answer(302, Location="https://spsprodcin2.vssps.visualstudio.com/_signin?code=1"), "spsprodcin2.*302"),
        (answer(307), "an unnamed place"),
    ],
)
def test_a_refused_credential_in_every_shape(given: Answer, says: str) -> None:
    assert re.search(says, sign_in(given) or "")


POLICY_FAILED = "VS403463: The conditional access policy defined by your Microsoft Entra administrator has failed."
BLOCKED_SIGN_IN = "AADSTS53003: Access has been blocked by Conditional Access policies."
OTHER_TENANT = "AADSTS50020: User account does not exist in tenant 'Contoso'."


@pytest.mark.parametrize(
    ("given", "says", "by_policy"),
    [
        (answer(401, envelope(POLICY_FAILED)), POLICY_FAILED, True),
        (answer(403, envelope(POLICY_FAILED)), POLICY_FAILED, True),
        (answer(203, f"<html><title>{POLICY_FAILED}</title></html>".encode()), POLICY_FAILED, True),
        (answer(200, f"<p>Sorry. {BLOCKED_SIGN_IN}</p>".encode(), Content_Type="text/html"), BLOCKED_SIGN_IN, True),
        (answer(403, b"<p>You fail a conditional access policy.</p>"), "You fail a conditional access policy.", True),
        (answer(401, envelope(OTHER_TENANT)), OTHER_TENANT, False),
    ],
)
def test_microsoft_entra_is_heard_wherever_it_speaks(given: Answer, says: str, by_policy: bool) -> None:
    said = sign_in(given)
    assert said == says
    assert refused(said, "Renew it.", "boards").by_policy == by_policy


def test_what_a_policy_refuses_no_other_token_mends() -> None:
    assert "administrator of Microsoft Entra" in refused(POLICY_FAILED, "Renew it.", "boards").remedy
    assert refused("TF400813: The user 'x' is not authorized.", "Renew it.", "boards").remedy.endswith("Renew it.")


@pytest.mark.parametrize(
    "given",
    [
        answer(200, envelope(POLICY_FAILED), Content_Type="application/json"),
        answer(400, envelope(f"The field 'Title' contains the value '{POLICY_FAILED}'")),
    ],
)
def test_a_work_item_may_speak_of_policies(given: Answer) -> None:
    assert sign_in(given) is None


@pytest.mark.parametrize("status", [200, 204, 400, 403, 404, 412, 429, 500, 503])
def test_other_answers_are_no_refusal(status: int) -> None:
    assert sign_in(answer(status, b"{}", Content_Type="application/json")) is None


def test_a_redirect_is_named_without_its_query() -> None:
    assert "code" not in str(sign_in(answer(302, Location="https://login.example/_signin?code=1")))


def test_a_success_that_is_no_json() -> None:
    assert type(unreadable(writes=True)) is InDoubt
    assert type(unreadable(writes=False)) is RetryLater


# ---------------------------------------------------------------- recorded answers, where they are


def test_every_recorded_error_is_understood() -> None:
    errors = json.loads((recorded() / "all_error_responses.json").read_text())["errors"]
    verdicts = {}
    for error in errors:
        body = error["body"] if isinstance(error["body"], str) else json.dumps(error["body"])
        headers = {name.title(): value for name, value in error["response_headers"].items()}
        given = Answer(error["status"], headers, body.encode())
        verdict = "sign in" if sign_in(given) else type(judged(given, error["method"] != "GET")).__name__
        verdicts.setdefault(error["status"], set()).add(verdict)
    assert verdicts == {400: {"Park"}, 401: {"sign in"}, 404: {"NotFound"}, 503: {"StopConnection"}}


def test_every_quoted_error_is_understood() -> None:
    errors = json.loads((recorded() / "error_bodies.json").read_text())["errors"]
    verdicts = []
    for error in errors:
        status = error["status"] if isinstance(error["status"], int) else 400
        given = Answer(status, {}, json.dumps(error["body"]).encode())
        verdicts.append("sign in" if sign_in(given) else type(judged(given, writes=True)).__name__)
    assert set(verdicts) == {"Park", "NotFound", "sign in", "RuntimeError", "Throttled"}
    assert verdicts.count("RuntimeError") == 1
