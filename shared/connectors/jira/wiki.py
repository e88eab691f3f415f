"""Plain text in Jira's wiki markup, which REST 2 takes for the text of a comment.

Apart from the calls because it is about characters only. Cloud keeps another format and gives markup back in its own
spelling, so text is compared without backslashes.
"""

import re

URL = re.compile(r"(https?://\S+)")
MARKUP = re.compile(r"[\\{}\[\]*_^~|]|(?<!\w)[-+](?=\S)|!(?=\S)|\?(?=\?)|^#", re.MULTILINE)
ESCAPED = re.compile(r"\\((?!\s)[\W_])")


def escaped(text: str) -> str:
    """Markup that a reader sees as `text`; addresses stay as they are, or they would lead nowhere."""
    parts = URL.split(text)
    return "".join(part if URL.fullmatch(part) else MARKUP.sub(r"\\\g<0>", part) for part in parts)


def unescaped(markup: str) -> str:
    return ESCAPED.sub(r"\1", markup)
