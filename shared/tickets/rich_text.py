"""Text between products: safe HTML for the board, and what two texts say once their markup is put aside.

Separate from `planning` because descriptions, comments and comparisons all need it. Pure.
"""

import hashlib
import html
import re
from typing import Any

import nh3

LONGEST_PLAIN = 400  # characters of a value that a baseline keeps as it is
# Elements that the sanitiser drops, as opposed to words in angle brackets, which are text: <joe@example.com>.
DROPPED = (
    "html head body title meta link base style script noscript template form input button select option textarea label "
    "font iframe object embed svg math video audio source canvas o:p"
)
ELEMENT = "|".join(sorted({*nh3.ALLOWED_TAGS, *DROPPED.split()}))
LOOKS_LIKE_HTML = re.compile(rf"</(?:{ELEMENT})\s*>|<br\s*/?>", re.IGNORECASE)
NO_ELEMENT = re.compile(rf"<(?!/?(?:{ELEMENT})[\s/>]|!--)", re.IGNORECASE)


def safe_html(body: str | None, body_format: str) -> str | None:
    """A text as safe HTML; None stays None.

    `body_format` is `text`, `html`, or `auto` for products that send either.
    """
    if body is None:
        return None
    if body_format == "html" or (body_format == "auto" and LOOKS_LIKE_HTML.search(body)):
        return nh3.clean(NO_ELEMENT.sub("&lt;", body))
    return html.escape(body.strip(), quote=False).replace("\r\n", "\n").replace("\n", "<br>")


def same_text(left: Any, right: Any) -> bool:
    """Whether two field values say the same to a reader: servers trim text and rewrite HTML on save."""
    return essence(left) == essence(right)


def essence(value: Any) -> str:
    """What a value says to a reader, on one line: no markup, single spaces."""
    text = "" if value is None else str(value)
    if "<" in text or "&" in text:
        text = html.unescape(nh3.clean(re.sub(r"<(br|/p|/div|/li)\b[^>]*>", " ", text), tags=set()))
    return " ".join(text.split())


def plain(rich: str) -> str:
    """HTML as plain text with its line breaks."""
    lines = re.sub(r"<(br|/p|/div|/li)\b[^>]*>", "\n", rich, flags=re.IGNORECASE)
    return html.unescape(nh3.clean(lines, tags=set())).strip()


def digest(value: str) -> str:
    """A text as baselines keep it: short ones as they are."""
    if len(value) <= LONGEST_PLAIN:
        return value
    return "sha256:" + hashlib.sha256(value.encode()).hexdigest()
