"""What the tests of every preset share: made-up bodies, how they are read, and how an expected push is written down."""

import json
import re
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.errors import NoTicket
from shared.model import Comment, Push
from shared.tickets.mapping import Sender, the_ticket, understand
from shared.tickets.preset import PRESETS, preset
from tests.tickets.recorded import recording

FIXTURES = Path(__file__).parents[2] / "fixtures" / "itsm"
RECEIVED = datetime(2026, 3, 3, tzinfo=UTC)

# {{a}} #{a} ${a} $(a) $a$ $a: the placeholders of all products.
PLACEHOLDER = re.compile(r"\{\{.*?\}\}|#\{.*?\}|\$\{.*?\}|\$\(.*?\)|\$[A-Za-z][\w ]*\$|\$[A-Za-z]\w*")


def at(hour: int, minute: int = 0, second: int = 0, millisecond: int = 0) -> datetime:
    """A moment of the day on which all made-up tickets live."""
    return datetime(2026, 3, 2, hour, minute, second, millisecond * 1000, tzinfo=UTC)


def fixtures(kind: str = "*") -> list[str]:
    """The names of made-up bodies, `<kind>.<form>`."""
    return sorted(file.stem for file in FIXTURES.glob(f"{kind}.*.json"))


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def sender(headers: dict[str, str] | None = None, base_url: str = "") -> Sender:
    return Sender(headers or {}, RECEIVED, "hash", base_url)


def read(kind: str, document: Any, headers: dict[str, str] | None = None, base_url: str = "") -> Push:
    """The one ticket in a body."""
    return the_ticket(document, preset(kind), sender(headers, base_url))


def read_fixture(name: str, headers: dict[str, str] | None = None, base_url: str = "") -> Push:
    return read(name.split(".")[0], fixture(name), headers, base_url)


def read_all(kind: str, document: Any) -> list[Push | NoTicket]:
    """Each ticket of a batch."""
    return understand(document, preset(kind), sender())


def tickets(name: str, headers: dict[str, str] | None = None, base_url: str = "") -> list[Push | None]:
    """Each ticket in a made-up body, as if it had come alone; None in the place of what is none."""
    found = understand(fixture(name), preset(name.split(".")[0]), sender(headers, base_url))
    alone = {"received_at": RECEIVED, "body_hash": "hash"}
    return [None if isinstance(each, NoTicket) else replace(each, **alone) for each in found]


def read_recording(name: str) -> list[Push | NoTicket]:
    kind, document, headers = recording(name)
    return understand(document, preset(kind), sender(headers))


def push(ticket_id: str, fields: dict[str, str], **rest: Any) -> Push:
    return Push(ticket_id, RECEIVED, "hash", fields, **rest)


def commented(*comments: Comment) -> dict[str, str]:
    """Comments as the fields of a push."""
    return {f"comment:{each.id}": json.dumps(asdict(each), ensure_ascii=False) for each in comments}


def page(kind: str) -> str:
    """The documentation page beside the preset."""
    return (PRESETS / f"{kind}.md").read_text(encoding="utf-8")


def templates(kind: str) -> list[str]:
    """What an administrator pastes into the product."""
    return blocks(kind, "Send", "json")


def blocks(kind: str, heading: str, language: str) -> list[str]:
    """The blocks of code under a heading of the page."""
    section = page(kind).split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", section, flags=re.DOTALL | re.MULTILINE)


def filled(template: str, values: dict[str, str]) -> Any:
    """The template with a value for every placeholder, as the product would send it."""
    return json.loads(PLACEHOLDER.sub(lambda found: values[found[0]], template))
