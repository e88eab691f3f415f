"""Keys: legal in Table Storage, never the same for two ids, and readable back."""

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.connectors.azure_storage.keys import MAX_KEY_LENGTH, SEPARATOR, key

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_legal(id: str) -> None:
    assert set(key(id)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~=")
    assert SEPARATOR not in key(id)


@given(ANY_TEXT)
def test_reversible_unless_long(id: str) -> None:
    encoded = key(id)
    assert "==" in encoded or unquote(encoded.replace("=", "%"), errors="surrogatepass") == id
    assert ("==" in encoded) == (len(quote(id, safe="", errors="surrogatepass")) > MAX_KEY_LENGTH)


@given(st.text(min_size=380, max_size=420), st.text(max_size=2))
def test_long_ids_stay_short_and_apart(id: str, more: str) -> None:
    assert len(key(id)) <= MAX_KEY_LENGTH
    assert (key(id) == key(id + more)) == (more == "")


@pytest.mark.parametrize(
    ("id", "expected"),
    [
        ("INC0010023", "INC0010023"),
        ("", ""),
        ("a/b|c d", "a=2Fb=7Cc=20d"),
        ("=2F", "=3D2F"),
        ("ü", "=C3=BC"),
        ("x" * 400, "x" * 400),
        ("x" * 401, "x" * 300 + "==257d2e9bd85ba7902e8b8accd833319a4d78332321d320ef3aaa05270ee9f416"),
    ],
)
def test_keys_are_for_ever(id: str, expected: str) -> None:
    assert key(id) == expected
