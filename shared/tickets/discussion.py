"""What is said about a ticket: which of its comments the work item shows, and what of ours comes back as an echo.

A comment is an aspect of the ticket like its title, `comment:<id>`, so that it is copied once, and again only after it
was edited. Pure.
"""

import hashlib
import html
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from shared.model import Comment, Ticket
from shared.tickets.mapping import COMMENT, comments_of
from shared.tickets.rich_text import essence, safe_html

END_OF_HEAD = "</b></p>"
COPY = "[ticket]"  # how every comment begins that we copied to the board
# Markup of some products has backslashes before brackets.
OUR_MARK = re.compile(r"\\?\[azure-devops:\d+(?:/(?P<comment>\d+))?\\?\]")


def said(fields: Mapping[str, str], copied: str, told: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """What the discussion of the work item is to show, as HTML, oldest first, each under an aspect of its own.

    `told` is what the ticket heard from us, which is not said back.
    """
    shown = {
        f"{COMMENT}{comment.id}": _comment(comment)
        for comment in comments_of(fields)
        if comment.body and (copied == "all" or (copied == "public" and comment.public))
        if not is_echo(comment, told)
    }
    if fields.get("deleted") == "true":
        shown[f"{COMMENT}deleted"] = f"{COPY} The ticket was deleted."
    if merged := fields.get("merged_into"):
        shown[f"{COMMENT}merged"] = f"{COPY} The ticket was merged into {html.escape(merged)}."
    return shown


def is_echo(comment: Comment, told: Mapping[str, str]) -> bool:
    """Whether a comment is one that we wrote on the ticket: it begins with our mark, and with nobody's words added."""
    text = essence(comment.body)
    ours = OUR_MARK.match(text)
    if not ours:
        return False
    id = ours["comment"]
    return id is None or words(text) in (told.get(f"{COMMENT}{id}"), told.get(f"{COMMENT}{id}?"))


def words(text: str) -> str:
    """What is left of a text in any markup, as a short hash: its letters and digits."""
    return digest("".join(filter(str.isalnum, essence(text))))


def is_copy(html_on_board: str) -> bool:
    """Whether a comment on the board is one that we copied there."""
    return essence(html_on_board).removeprefix("edited: ").startswith(COPY)


def mark(work_item_id: int, comment_id: int | None = None) -> str:
    """How every text begins that we write on a ticket, so that it is known again."""
    return f"[azure-devops:{work_item_id}{'' if comment_id is None else f'/{comment_id}'}]"


def new(wanted: Mapping[str, str], due: Collection[str], baseline: Mapping[str, str]) -> str | None:
    """What is still to be said, in one comment: one revision, whatever came together. Edited text is said again."""
    texts = [
        f"<p><i>edited:</i></p>{text}" if aspect in baseline else text
        for aspect, text in wanted.items()
        if aspect in due and aspect.startswith(COMMENT)
    ]
    return "<hr>".join(texts) or None


def digest(text: str) -> str:
    """What a comment says, as baselines keep it: shorter than elsewhere, for there may be hundreds.

    Without its head: who said it and when is written one way in a push and another way in what is read back.
    """
    words = essence(text.partition(END_OF_HEAD)[2] or text)
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def without_told(ticket: Ticket, baseline: Mapping[str, str]) -> Ticket:
    """The ticket without the words of comments that the work item shows already: they would only be carried along.

    That they were said, and at which place in history, stays known, or an older push would say them again.
    """
    told = said({name: each.value for name, each in ticket.said.items()}, "all")
    shown = {aspect for aspect, text in told.items() if baseline.get(aspect) == digest(text)}
    kept = {name: replace(each, value="") if name in shown else each for name, each in ticket.said.items()}
    return replace(ticket, said=kept)


def _comment(comment: Comment) -> str:
    """Who said it where and when, and what, so that nobody takes it for the service's own words."""
    told = (comment.author or "somebody", "" if comment.public else "internal", comment.at)
    head = html.escape(f"{COPY} {', '.join(filter(None, told))}:", quote=False)
    return f"<p><b>{head}{END_OF_HEAD}{safe_html(comment.body, comment.format)}"
