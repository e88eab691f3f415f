"""A signature proves knowledge of a secret, and nothing that can stand in a header does harm.

The vectors were computed by OpenSSL (`openssl dgst -sha256 -hmac <secret> <file>`), not by what is tested here.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tickets.preset import kinds, preset
from shared.tickets.signatures import Scheme, wrong_password, wrong_signature, wrong_token
from tests.tickets.recorded import names, recording

BODY = '{"title":"Größe"}'.encode()
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
HEX = Scheme("X-Hub-Signature", prefix="sha256=")
STAMPED = Scheme("X-Signature", encoding="base64", timestamp="X-Timestamp", signed="{timestamp}{body}")

# algorithm, encoding, what is signed before the body, and OpenSSL's answer for BODY under the secret `s3cret`.
VECTORS = [
    ("sha256", "hex", "", "d381f71a1142a7b95633e36938421770f6ed3672d9df544c6b7ab052dd0f3144"),
    ("sha1", "hex", "", "8b8321da9dc03a4b3013865c5f37939cb101bdef"),
    ("sha256", "base64", "", "04H3GhFCp7lWM+NpOEIXcPbtNnLZ31RMa3qwUt0PMUQ="),
    ("sha1", "base64", "", "i4Mh2p3AOkswE4ZcXzeTnLEBve8="),
    ("sha256", "base64", "2026-03-02T08:00:00Z", "CQFcaeKVvY5m/4YJa9bF93JF/Jphbq0s0U1MHAjOhg8="),
    ("sha256", "hex", "2026-03-02T08:00:00Z", "09015c69e295bd8e66ff86096bd6c5f77245fc9a616ead2cd14d4c1c08ce860f"),
]


def wrong(scheme: Scheme, headers: Mapping[str, str], *secrets: str, body: bytes = BODY) -> str | None:
    return wrong_signature(scheme, secrets or ("s3cret",), body, headers, NOW)


@pytest.mark.parametrize(("algorithm", "encoding", "stamp", "vector"), VECTORS)
@pytest.mark.parametrize("prefix", ["", "sha256=", "v1="])
def test_the_right_secret_is_recognised_and_any_other_is_not(algorithm, encoding, stamp, vector, prefix) -> None:
    scheme = Scheme("X-Signature", algorithm, encoding, prefix, "x-stamp" if stamp else "", "{timestamp}{body}")
    headers = {"x-signature": prefix + vector, "x-stamp": stamp}
    assert wrong(scheme, headers) is None
    assert wrong(scheme, headers | {"x-signature": f" {prefix}{vector} "}) is None
    for bad in (prefix + vector[:-1], prefix + vector + vector[-1], f"other={vector}", ""):
        assert wrong(scheme, headers | {"x-signature": bad}) == "the signature in X-Signature does not fit the body"
    assert wrong(scheme, headers, "s3cret!")
    assert wrong(scheme, headers, body=BODY + b" ")


def test_hexadecimal_digits_may_be_of_either_case_and_base64_may_not() -> None:
    assert wrong(HEX, {"x-hub-signature": "sha256=" + VECTORS[0][3].upper()}) is None
    assert wrong(Scheme("X-S", encoding="base64"), {"x-s": VECTORS[2][3].swapcase()})


def test_any_of_several_secrets_may_have_made_any_of_several_signatures() -> None:
    old, new = (hmac.digest(secret, BODY, "sha256").hex() for secret in (b"old", b"new"))
    scheme = Scheme("X-PagerDuty-Signature", prefix="v1=")
    both = {"x-pagerduty-signature": f"v1={old}, v1={new}"}
    assert wrong(scheme, both, "old") is wrong(scheme, both, "new") is wrong(scheme, both, "x", "new") is None
    assert wrong(scheme, {"x-pagerduty-signature": f"v1={new}"}, "old", "new") is None
    assert wrong(scheme, {"x-pagerduty-signature": f"v0={old},v1=00"}, "old", "new")


@pytest.mark.parametrize(
    ("seconds", "taken"), [(0, True), (299, True), (-299, True), (301, False), (-301, False), (86400, False)]
)
def test_a_signed_moment_may_be_five_minutes_away(seconds, taken) -> None:
    for told in ((NOW - timedelta(seconds=seconds)).isoformat(), str(int(NOW.timestamp()) - seconds)):
        signature = base64.b64encode(hmac.digest(b"s3cret", told.encode() + BODY, "sha256")).decode()
        said = wrong(STAMPED, {"x-signature": signature, "x-timestamp": told})
        assert (
            said is None
            if taken
            else said == (f"it was signed at {told}, more than 5 minutes from now: check the sender's clock")
        )


def test_a_moment_that_is_missing_unreadable_or_another_than_the_signed_one_is_refused() -> None:
    signature = {"x-signature": VECTORS[4][3]}
    assert wrong(STAMPED, signature | {"x-timestamp": VECTORS[4][2]}) is None
    assert wrong(STAMPED, signature) == "the moment of signing in X-Timestamp is missing"
    assert wrong(STAMPED, signature | {"x-timestamp": "now"}) == "the moment of signing in X-Timestamp cannot be read"
    assert wrong(STAMPED, signature | {"x-timestamp": "2026-03-02T08:00:01Z"})


def test_an_empty_secret_proves_nothing() -> None:
    given = hmac.digest(b"", BODY, "sha256").hex()
    assert wrong(Scheme("X-S"), {"x-s": given}, "")
    assert wrong_token("X-T", "", ("",), {"x-t": ""})
    assert wrong_password("", ("",), {"authorization": "Basic Og=="})


@given(st.none() | st.text() | st.sampled_from(["sha256=", "sha256=zz", "sha256=é", "\ud800", ",,,", "Basic é"]))
def test_rubbish_proves_nothing(given: str | None) -> None:
    headers = {} if given is None else {"x-hub-signature": given, "x-signature": given, "authorization": given}
    assert wrong(HEX, headers)
    assert wrong(STAMPED, headers | {"x-timestamp": given or ""})
    assert wrong_token("Authorization", "Bearer ", ("s3cret",), headers)
    assert wrong_password("ann", ("s3cret",), headers)


def test_a_token_is_shown_in_any_header_after_its_prefix() -> None:
    secrets = ("old", "new")
    assert wrong_token("Authorization", "Bearer ", secrets, {"authorization": "Bearer new"}) is None
    assert wrong_token("X-Api-Key", "", secrets, {"x-api-key": "old"}) is None
    assert wrong_token("X-Api-Key", "", secrets, {"x-api-key": "older"}) == (
        "the token in X-Api-Key is not the one agreed on"
    )
    assert wrong_token("X-Api-Key", "", secrets, {}) == "the token in X-Api-Key is missing"
    assert wrong_token("Authorization", "Bearer ", secrets, {"authorization": "new"})


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("Basic YW5uOm5ldw==", None),  # ann:new
        ("basic YW5uOm5ldw==", None),
        ("Basic YW5uOm9sZA==", None),  # ann:old
        ("Basic Ym9iOm5ldw==", "user name and password are not the ones agreed on"),  # bob:new
        ("Basic ann:new", "Authorization is not Basic as it should be: base64 of user:password"),
        ("Bearer new", "user name and password in Authorization (Basic) are missing"),
        ("", "user name and password in Authorization (Basic) are missing"),
    ],
)
def test_a_user_name_and_a_password_are_shown_as_basic(shown, said) -> None:
    assert wrong_password("ann", ("old", "new"), {"authorization": shown}) == said


def test_the_presets_of_products_that_sign_say_how() -> None:
    signing = {kind: Scheme(**preset(kind).signature) for kind in kinds() if preset(kind).signature}
    assert {"zendesk", "pagerduty", "zammad", "jira"} <= signing.keys()
    assert all(scheme.header for scheme in signing.values())


@pytest.mark.skipif("rt.live-create" not in names(), reason="the recordings are not on this machine")
@pytest.mark.parametrize("name", [name for name in names() if name.startswith("rt.live")])
def test_recorded_signatures_are_recognised(name: str) -> None:
    _, body, headers = recording(name)
    raw = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert wrong(HEX, headers, body=raw) is None
    assert wrong(HEX, headers, "another", body=raw)
