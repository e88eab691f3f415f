"""What a rich text says to its reader, and plain words as each side's mark-up; what only looks different is the same.

Formatting does not cross between kinds of mark-up: words and line breaks do.
"""

import html
import re

import nh3

BREAKS = re.compile(r"<(br|/p|/div|/li|/h[1-6]|/tr)\b[^>]*>", re.IGNORECASE)


def readable(value: str, format: str) -> str:
    """The words with their line breaks; `format` is `html`, `text` or `textile`."""
    if format == "html":
        value = html.unescape(nh3.clean(BREAKS.sub("\n", value), tags=set()))
    lines = (" ".join(line.split()) for line in value.splitlines())
    return "\n".join(line for line in lines if line)


def marked_up(words: str, format: str) -> str:
    """Plain words as a side takes them. Textile takes them as they are: what it would format, it formats."""
    if format != "html":
        return words
    return "<br>".join(html.escape(line, quote=False) for line in words.splitlines())
