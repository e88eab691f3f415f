"""When a team's iterations are: which is past, current or future. The macro @currentIteration and the list both ask."""

from datetime import datetime, timedelta
from typing import Literal

from infra.local.azure_devops.boards.organisation import Node, Team
from infra.local.azure_devops.clock import moment

DAY = timedelta(days=1)


def time_frame(team: Team, node: Node, now: datetime) -> Literal["past", "current", "future"]:
    """The finish date is the iteration's last day. Of undated iterations the first is current, the rest future."""
    if node.start is None or node.finish is None:
        undated = [n for n in team.iterations if n.start is None or n.finish is None]
        return "current" if undated[:1] == [node] else "future"
    if now >= moment(node.finish) + DAY:
        return "past"
    return "current" if now >= moment(node.start) else "future"


def sprint(team: Team, now: datetime, offset: int = 0) -> Node | None:
    """The team's current iteration, or the one so many places after it in the order of dates; None where none is."""
    in_order = sorted(team.iterations, key=lambda node: (node.start is None, node.start or "", node.path))
    current = next((n for n, node in enumerate(in_order) if time_frame(team, node, now) == "current"), None)
    if current is None or not 0 <= current + offset < len(in_order):
        return None
    return in_order[current + offset]
