"""Our marker in a description, for tenants without a field for it: a line at its end that only people see. No I/O."""

import re
from collections.abc import Sequence
from html import escape, unescape

_LINE = re.compile(r"\s*(?:<div>)?\[Boardbridge: (\S+?)\](?:</div>)?")


def marked(text: str, urls: Sequence[str], *, rich: bool) -> str:
    """The text with a line for each URL; `rich` text is HTML."""
    if rich:
        return text + "".join(f"<div>[Boardbridge: {escape(url, quote=False)}]</div>" for url in urls)
    lines = "\n".join(f"[Boardbridge: {url}]" for url in urls)
    return f"{text}\n\n{lines}" if text and lines else text or lines


def unmarked(text: str) -> str:
    """The text as it was before."""
    return _LINE.sub("", text)


def urls_in(text: str, *, rich: bool) -> tuple[str, ...]:
    return tuple(unescape(url) if rich else url for url in _LINE.findall(text))
