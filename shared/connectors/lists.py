"""The members of a list that comes as one long JSON document, one by one as the document comes.

Separate from `rest.py` because it is about text alone. It reads every member by the standard library's own decoder: who
compares what a list says of an item with what the item says alone, by `json.loads`, must not see two things. (Another
parser may round numbers and mend texts in its own ways.)
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

DECODER = json.JSONDecoder()
SPACE = re.compile(r"[ \t\n\r]*")
LONGEST_VALUE = 2**24  # characters; what is malformed is not looked for an end of beyond them
AFTER_A_VALUE = (",", "]", "}", ":", " ", "\n", "\r", "\t")  # what ends a number, which else might go on


def members(chunks: Iterable[bytes], name: str) -> Iterator[Any]:
    """The members of the list `name` in a JSON object. Holds one of them and a chunk, whatever their number.

    Raises `ValueError` where the document is malformed, ends too early or has no such list: perhaps after many members,
    so nobody may take them for all before the end.
    """
    text = _Text(chunks)
    listed = False
    text.take("{")
    more = text.peek() != "}"
    while more:
        key = text.value()
        text.take(":")
        if key == name:
            listed = True
            yield from _members(text)
        else:
            text.value()
        more = text.take(",}") == ","
    if not listed or text.peek():
        raise ValueError(f"this is no object with the list '{name}'")


def _members(text: "_Text") -> Iterator[Any]:
    text.take("[")
    more = text.peek() != "]"
    if not more:
        text.take("]")
    while more:
        yield text.value()
        more = text.take(",]") == ","


class _Text:
    """What has come of a text and is not read yet."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._coming = codecs.iterdecode(chunks, "utf-8-sig")
        self._text = ""
        self._at = 0

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            self._at = SPACE.match(self._text, self._at).end()
            if self._at < len(self._text) or not self._grow():
                return self._text[self._at : self._at + 1]

    def take(self, expected: str) -> str:
        """The next character, one of those `expected`."""
        found = self.peek()
        if not found or found not in expected:
            raise ValueError(f"'{found}' where one of '{expected}' is expected")
        self._at += 1
        return found

    def value(self) -> Any:
        self.peek()
        while True:
            with suppress(ValueError, RecursionError):  # it may not be here as a whole yet
                value, end = DECODER.raw_decode(self._text, self._at)
                if self._text.startswith(AFTER_A_VALUE, end):
                    self._at = end
                    return value
            if len(self._text) - self._at > LONGEST_VALUE or not self._grow():
                raise ValueError("the text is cut short, or malformed")

    def _grow(self) -> bool:
        """To twice the length, so that a long value is not tried too often."""
        rest = [self._text[self._at :]]
        wanted = 2 * len(rest[0]) or 1
        while sum(map(len, rest)) < wanted and (piece := next(self._coming, "")):
            rest.append(piece)
        self._text, self._at = "".join(rest), 0
        return len(rest) > 1
