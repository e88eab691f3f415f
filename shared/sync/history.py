"""What was written where, from what to what, and why; and what taking it back would write. Pure.

An intent becomes history in the save that settles it, so every write that landed is told once, whoever died meanwhile.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from shared.links import Asked, Intent, SyncLink, Trace, Write
from shared.model import FieldType, SideName
from shared.sync.intents import Stored
from shared.sync.merge import Decision, Verdict
from shared.sync.parents import CHOSEN, NONE, ParentDecision, Views
from shared.sync.rules import End, FieldRule, other
from shared.sync.values import kept

CREATED, DELETED, PARENT = "created", "deleted", "parent"  # what was written, besides fields
UNDO = "undo"
EDITED_SINCE = "edited since, so it is left as it is"
UNMAPPED = "not mapped any more, so it is left as it is"

type Refusals = Mapping[SideName, str]
"""By side, why it did not take what it was sent."""


def of_intent(
    link: SyncLink, stored: Stored, views: Views, refused: Refusals, refused_moves: Refusals, at: datetime
) -> Iterator[Write]:
    """What became of the link's intent: what landed, with the value as it was stored, and what was refused.

    `refused` and `refused_moves` say by side why fields and parents were not taken. What neither landed nor was refused
    has not happened, and is not told.
    """
    intent = link.intent or Intent()
    for key, field in intent.fields.items():
        for side, sent in field.sent.items():
            landed = key in stored.get(side, {})
            if landed or side in refused:
                after = stored[side][key] if landed else sent
                yield _write(link, side, key, field.before.get(side), after, field.policy, field.why, at,
                             intent.asked, "" if landed else refused[side])  # fmt: skip
    for side, parent in intent.parent.sent.items() if intent.parent else ():
        landed = views.get(side) == parent
        if intent.parent and (landed or side in refused_moves):
            yield _write(link, side, PARENT, intent.parent.shown[side], parent, intent.parent.policy, intent.parent.why,
                         at, intent.asked, "" if landed else refused_moves[side])  # fmt: skip


def of_item(link: SyncLink, side: SideName, what: str, after: Any, why: str, at: datetime) -> Write:
    """An item was `CREATED` (`after` is what it was made with, by rule key) or `DELETED`."""
    asked = link.intent.asked if link.intent else Asked()
    return _write(link, side, what, None, after, "", why, at, asked, "")


def _write(
    link: SyncLink,
    side: SideName,
    what: str,
    before: Any,
    after: Any,
    policy: str,
    why: str,
    at: datetime,
    asked: Asked,
    refused: str,
) -> Write:
    """Its id follows from what it says and the versions it was planned on, so that repeating a save repeats nothing."""
    said = [link.id, dict(link.versions), side, what, after, asked.plan, refused]
    text = json.dumps(said, sort_keys=True, default=str)
    id = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Write(id, link.id, side, link.ids.get(side, ""), what, before, after, policy, why, at, asked, refused)


# ---------------------------------------------------------------- taking back


def undone(
    rule: FieldRule, traces: Iterable[Trace], shown: Mapping[SideName, Any], baseline: Mapping[SideName, Any] | None
) -> Decision:
    """The values from before, on each side that still shows what we left there.

    Afterwards both sides are agreed to differ: neither has changed, so nothing follows until somebody edits one. What
    was edited on the other side since the plan was applied stays news.
    """
    traces = [trace for trace in traces if trace.what == rule.key]
    sent = {
        trace.side: _as_written(rule.end(trace.side), trace.before)
        for trace in traces
        if kept(rule.end(trace.side), shown[trace.side]) == kept(rule.end(trace.side), trace.after)
    }
    if not sent:
        return Decision(rule, Verdict.NONE, shown, policy=UNDO, why=EDITED_SINCE)
    known = {side: value for side, value in (baseline or {}).items() if side not in sent}
    return Decision(rule, Verdict(other(next(iter(sent)))), shown, sent, None, UNDO, _taken_back(traces[0]), known)


def _as_written(end: End, value: Any) -> Any:
    """A value as a side showed it, as it is written: what clears a list is an empty one."""
    cleared = [] if end.type is FieldType.TAGS and end.written_as == "list" else None
    return cleared if kept(end, value) is None else value


def unmoved(trace: Trace, views: Views, dead: Iterable[str], baseline: Views) -> ParentDecision:
    """The parent from before, where the item still stands where we put it, and that parent is still there."""
    if views.get(trace.side) != trace.after:
        return ParentDecision(Verdict.NONE, views, why=EDITED_SINCE)
    if trace.before != NONE and trace.before in dead:
        return ParentDecision(Verdict.NONE, views, why="the parent from before is gone, so it is left where it is")
    sent = {trace.side: trace.before}
    known = {side: parent for side, parent in baseline.items() if side not in sent}
    return ParentDecision(Verdict(other(trace.side)), views, sent, None, CHOSEN, _taken_back(trace), known=known)


def _taken_back(trace: Trace) -> str:
    return f"plan {trace.plan} is taken back"
