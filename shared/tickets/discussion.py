"""What is said about a ticket: which of its comments the work item shows, and what of ours comes back as an echo.

A comment is an aspect of the ticket like its title, `comment:<id>`, so that it is copied once, and again only after it
was edited. Pure.
"""

import hashlib
import html
import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from shared.model import Comment, Ticket
from shared.tickets.mapping import COMMENT, comments_of
from shared.tickets.rich_text import essence, safe_html

COPY = "[ticket]"  # how every comment begins that we copied to the board
# Markup of some products has backslashes before brackets.
OUR_MARK = re.compile(r"\\?\[azure-devops:\d+(/\d+)?\\?\]")


def said(fields: Mapping[str, str], copied: str) -> dict[str, str]:
    """What the discussion of the work item is to show, as HTML, oldest first, each under an aspect of its own."""
    told = {
        f"{COMMENT}{comment.id}": _comment(comment)
        for comment in comments_of(fields)
        if (copied == "all" or (copied == "public" and comment.public)) and not is_ours(comment)
    }
    if fields.get("deleted") == "true":
        told[f"{COMMENT}deleted"] = f"{COPY} The ticket was deleted."
    if merged := fields.get("merged_into"):
        told[f"{COMMENT}merged"] = f"{COPY} The ticket was merged into {html.escape(merged)}."
    return told


def is_ours(comment: Comment) -> bool:
    """Whether we wrote it ourselves, to tell the ticket of the board: it begins with our mark."""
    return bool(OUR_MARK.match(essence(comment.body)))


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
    """A comment as baselines keep it: shorter than elsewhere, for there may be hundreds."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def without_told(ticket: Ticket, baseline: Mapping[str, str]) -> Ticket:
    """The ticket without the text of comments that the work item shows already: they would only be carried along."""
    told = said({name: each.value for name, each in ticket.said.items()}, "all")
    shown = {aspect for aspect, text in told.items() if baseline.get(aspect) == digest(text)}
    return replace(ticket, said={name: each for name, each in ticket.said.items() if name not in shown})


def _comment(comment: Comment) -> str:
    """Who said it where and when, and what, so that nobody takes it for the service's own words."""
    told = (comment.author or "somebody", "" if comment.public else "internal", comment.at)
    head = html.escape(f"{COPY} {', '.join(filter(None, told))}:", quote=False)
    return f"<p><b>{head}</b></p>{safe_html(comment.body, comment.format)}"
