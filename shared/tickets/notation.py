"""How ITSM products write things down: text, whole numbers, moments, names and references, rich text.

Every function takes any JSON value and answers None where that value says nothing of the kind; none of them raises.
Separate from `mapping`, which knows where things are; here is only how they are written.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # products write "never" as the epoch or a moment after it
FIRST_MILLISECONDS = 100_000_000_000  # as milliseconds 1973, as seconds the year 5138: a larger count is milliseconds

# Nobody reads these and not every store takes them: control characters but tab and line feed, halves of characters.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
LONGEST_MOMENT = 40
IDENTIFIER = re.compile(r"[0-9a-f]{32}")  # a ServiceNow sys_id
NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,9})?")
BLOCKS = {"doc", "paragraph", "heading", "listItem", "codeBlock", "blockquote", "panel", "tableRow", "rule", "taskItem"}


def text(value: Any) -> str | None:
    """One clean string: trimmed, `1.0` as `1`, a list joined by `; `, an object as JSON. None for None."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case list():
            return "; ".join(part for item in value if (part := text(item)))
        case dict():
            value = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return UNPRINTABLE.sub("", re.sub(r"\r\n?", "\n", str(value))).strip()


def whole_number(value: Any) -> int | None:
    """A count from 0 up to what 63 bits hold, written as number or text: `4`, `4.0`, `"4"`, `"4.0"`."""
    match = re.fullmatch(r"(\d{1,19})(\.0+)?", text(value) or "")
    number = int(match[1]) if match else None
    return number if number is not None and number < 2**63 else None


def moment(value: Any) -> datetime | None:
    """A moment in UTC: ISO 8601 and its relatives, or a count of seconds or milliseconds since 1970.

    Without a zone it is UTC. `2019-1-30 15:51:34,870`, `2019-02-15T19:15:40.477-0800`, `1550286940507` are all read.
    """
    written = text(value) or ""
    if len(written) > LONGEST_MOMENT:
        return None
    try:
        if NUMBER.fullmatch(written):
            count = float(written)
            found = EPOCH + timedelta(seconds=count / 1000 if abs(count) >= FIRST_MILLISECONDS else count)
        else:
            found = datetime.fromisoformat(_iso(written))
            found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found >= EARLIEST else None


def milliseconds(value: Any) -> int | None:
    """The same moment as milliseconds since 1970."""
    found = moment(value)
    return None if found is None else (found - EPOCH) // timedelta(milliseconds=1)


def shown(value: Any) -> Any:
    """What a person would read: the display value of a ServiceNow field, a Jira object's name, plain text as is.

    None where only an identifier is given: `{link, value}` or a bare sys_id. An empty field stays empty.
    """
    match value:
        case {"display_value": name} | {"displayName": name} | {"name": name}:
            return name
        case {"link": _}:
            return None
        case {"value": name}:
            return shown(name)
        case dict():
            return None
        case list():
            return [shown(item) for item in value]
        case str() if IDENTIFIER.fullmatch(value):
            return None
    return value


def stored(value: Any) -> Any:
    """What the product keeps: the `value` of a ServiceNow field, the value itself where it is given plain."""
    match value:
        case {"value": kept}:
            return kept
        case dict():
            return None
    return value


def reference(value: Any) -> str | None:
    """The identifier of a referenced record: from `value`, from the end of `link`, or a bare sys_id; "" if cleared."""
    match value:
        case {"value": str(identifier)}:
            return identifier
        case {"link": str(link)}:
            return link.rsplit("/", 1)[-1]
        case str() if not value or IDENTIFIER.fullmatch(value):
            return value
    return None


def prose(value: Any) -> Any:
    """Plain text of an Atlassian Document; any other text as it is."""
    if not isinstance(value, dict):
        return value
    return _prose(value).strip() if value.get("type") == "doc" else None


def _prose(node: Any) -> str:
    match node:
        case {"type": "text", "text": str(written)}:
            return written
        case {"type": "hardBreak"}:
            return "\n"
        case {"attrs": {"text": str(written)} | {"url": str(written)}}:
            return written
        case {"type": kind, **rest}:
            content = rest.get("content")
            inner = "".join(map(_prose, content)) if isinstance(content, list) else ""
            if kind == "listItem":
                inner = f"- {inner}"
            return inner if kind not in BLOCKS or inner.endswith("\n") else f"{inner}\n"
    return ""


def _iso(written: str) -> str:
    """Closer to ISO 8601: two digits for a lone one, no space before the zone, an offset for UTC."""
    written = re.sub(r"(?<=[-T ])(\d)(?=[-T :]|$)", r"0\1", written)
    return re.sub(r"\s*(?:UTC|\s([+-]\d{2}:?\d{2}))$", lambda zone: zone[1] or "+00:00", written)
