"""A signature proves knowledge of the secret, and nothing that can stand in a header does harm."""

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tickets.signatures import verify
from tests.tickets.recorded import names, recording

BODY = '{"title":"Größe"}'.encode()


def sign(secret: str, body: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.digest(secret.encode(), body, algorithm)


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("prefix", ["", "sha256="])
def test_the_right_secret_is_recognised_and_any_other_is_not(algorithm, encoding, prefix) -> None:
    digest = sign("s3cret", BODY, algorithm)
    given = prefix + (digest.hex() if encoding == "hex" else base64.b64encode(digest).decode())
    form = {"algorithm": algorithm, "encoding": encoding, "prefix": prefix}
    assert verify("s3cret", BODY, given, **form)
    assert verify("s3cret", BODY, f" {given} ", **form)
    assert not verify("s3cret!", BODY, given, **form)
    assert not verify("s3cret", BODY + b" ", given, **form)
    assert not verify("s3cret", BODY, given[:-1], **form)
    assert not verify("s3cret", BODY, given + given[-1], **form)


def test_hexadecimal_digits_may_be_of_either_case_and_base64_may_not() -> None:
    digest = sign("s3cret", BODY)
    given = base64.b64encode(digest).decode()
    assert verify(
        "s3cret", BODY, "sha256=" + digest.hex().upper(), algorithm="sha256", encoding="hex", prefix="sha256="
    )
    assert not verify("s3cret", BODY, given.swapcase(), algorithm="sha256", encoding="base64", prefix="")


def test_the_prefix_is_part_of_the_agreement() -> None:
    given = sign("s3cret", BODY).hex()
    assert not verify("s3cret", BODY, given, algorithm="sha256", encoding="hex", prefix="sha256=")
    assert not verify("s3cret", BODY, "sha1=" + given, algorithm="sha256", encoding="hex", prefix="sha256=")


def test_an_empty_secret_verifies_nothing() -> None:
    given = hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    assert not verify("", BODY, given, algorithm="sha256", encoding="hex", prefix="")


@given(st.none() | st.text() | st.sampled_from(["sha256=", "sha256=zz", "sha256=é", "\ud800"]))
def test_rubbish_is_no_signature(given: str | None) -> None:
    for encoding in ("hex", "base64"):
        assert verify("s3cret", BODY, given, algorithm="sha256", encoding=encoding, prefix="sha256=") is False
        assert verify("s3cret", BODY, given, algorithm="sha1", encoding=encoding, prefix="") is False


@pytest.mark.parametrize("name", [name for name in names() if name.startswith("rt.")])
def test_signatures_that_request_tracker_sent(name: str) -> None:
    _, document, headers = recording(name)
    body = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    signature = headers["x-hub-signature"]
    assert verify("s3cret", body, signature, algorithm="sha256", encoding="hex", prefix="sha256=")
