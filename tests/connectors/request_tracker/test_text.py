"""Plain text of what was written in Request Tracker."""

import pytest

from shared.connectors.request_tracker.text import plain


@pytest.mark.parametrize(
    ("content", "content_type", "text"),
    [
        ("a <b> & c\n", "text/plain", "a <b> & c\n"),
        ("<p>Cannot <b>connect</b> &amp; print</p>", "text/html", "Cannot connect & print"),
        ("<div>one</div><ul><li>two<br />three</li></ul>", "text/html", "one\ntwo\nthree"),
        ("1 < 2 &unknown; <p>cut &am", "text/html", "1 < 2 &unknown; cut &am"),
    ],
)
def test_text_stays_and_markup_becomes_text(content: str, content_type: str, text: str) -> None:
    assert plain(content, content_type) == text
