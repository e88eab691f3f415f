"""Plain text of what was written in Request Tracker, whose own editor makes HTML of everything.

Apart from the calls because it is about characters only.
"""

from html.parser import HTMLParser
from typing import Any


def plain(content: str, content_type: str) -> str:
    if content_type != "text/html":
        return content
    reader = _Reader()
    reader.feed(content)
    reader.close()
    return "".join(reader.text).strip()


class _Reader(HTMLParser):
    """Keeps the text, and a line break where a block ends."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "br":
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "div", "li", "tr"):
            self.text.append("\n")
