"""What a person sees of a ticket's work item on the board, in the words in which fixtures expect it."""

import re
from collections.abc import Mapping
from typing import Any

from infra.local.clients import Board
from shared.tickets.rich_text import essence

REPRO_STEPS = "Microsoft.VSTS.TCM.ReproSteps"  # where the form of a bug shows what describes it
COPIED = re.compile(
    r"\[ticket\] (?:(?P<who>.*?)(?:, (?P<internal>internal))?(?:, [^,]*?)?:</b></p>)?(?P<what>.*)", re.S
)


def seen(board: Board, item: Mapping[str, Any], ours: str) -> dict[str, Any]:
    """The work item, without the links to `ours`: the addresses of the app itself."""
    fields = item["fields"]
    links = [relation["url"] for relation in item.get("relations", ()) if relation["rel"] == "Hyperlink"]
    return {
        "project": fields["System.TeamProject"],
        "area": fields["System.AreaPath"],
        "type": fields["System.WorkItemType"],
        "title": fields["System.Title"],
        "state": fields["System.State"],
        "priority": fields["Microsoft.VSTS.Common.Priority"],
        "description": essence(fields.get(REPRO_STEPS) or fields.get("System.Description")),
        "tags": [tag for tag in fields.get("System.Tags", "").split("; ") if tag],
        "hyperlinks": [url for url in links if not url.startswith(ours)],
        "discussion": [
            remark for comment in board.comments(item["id"]) for remark in map(_remark, comment.split("<hr>"))
        ],
    }


def to_compare(seen: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """`seen` with its description cut to the part that is expected, where that is in it, and its type as the list of
    types that are expected, where it is one of several."""
    part, types = expected["description"], expected["type"]
    return {
        **seen,
        "description": part if part and part in seen["description"] else seen["description"],
        "type": types if isinstance(types, list) and seen["type"] in types else seen["type"],
    }


def bearing(items: list[dict[str, Any]], address: str) -> list[int]:
    """The work items that link to a ticket's status address."""
    return [
        item["id"]
        for item in items
        if any(relation["url"].startswith(f"{address}?link=") for relation in item.get("relations", ()))
    ]


def _remark(html: str) -> str:
    """`Ann Lee: It works` or `Ann Lee (internal): It works`, of a copied comment."""
    copied = COPIED.search(html)
    if copied is None:
        return essence(html)
    who, internal, what = copied["who"], copied["internal"], essence(copied["what"])
    return f"{who}{' (internal)' if internal else ''}: {what}" if who else what
