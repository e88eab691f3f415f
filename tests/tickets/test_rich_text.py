"""Text from anywhere becomes safe HTML, and HTML becomes text again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tickets.rich_text import plain, safe_html


@pytest.mark.parametrize(
    ("body", "body_format", "expected"),
    [
        (None, "text", None),
        ("a < b & c\r\nd", "text", "a &lt; b &amp; c<br>d"),
        ("<p onclick='x()'>hi<script>alert(1)</script></p>", "html", "<p>hi</p>"),
        ("<a href='javascript:x()'>y</a>", "html", '<a rel="noopener noreferrer">y</a>'),
        ("<script>alert(1)</script>", "text", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("if a < b and c > d\nthen", "auto", "if a &lt; b and c &gt; d<br>then"),
        ("<p>one<script>x()</script></p>", "auto", "<p>one</p>"),
        ("one<BR/>two", "auto", "one<br>two"),
        (
            "by Joe <joe@example.com>\n<srv01> down</end>",
            "auto",
            "by Joe &lt;joe@example.com&gt;<br>&lt;srv01&gt; down&lt;/end&gt;",
        ),
        ("<p>by Joe <joe@example.com></p>", "html", "<p>by Joe &lt;joe@example.com&gt;</p>"),
        ("<p><font color=red>hot</font><o:p></o:p></p>", "html", "<p>hot</p>"),
    ],
)
def test_descriptions_are_safe(body, body_format, expected):
    assert safe_html(body, body_format) == expected


@given(st.text())
def test_no_html_gets_a_script_through(text):
    safe = safe_html(f"<div>{text}<script>alert(1)</script></div>", "html")
    assert "<script" not in safe.lower()


@pytest.mark.parametrize(
    ("rich", "expected"),
    [
        ("<p>one</p><p>two &amp; three</p>", "one\ntwo & three"),
        ("a<br/>b<BR>c", "a\nb\nc"),
        ("<ul><li>x</li><li>y</li></ul>", "x\ny"),
        ("<script>alert(1)</script>fine", "fine"),
        ("", ""),
    ],
)
def test_html_as_plain_text_keeps_its_lines(rich, expected):
    assert plain(rich) == expected
