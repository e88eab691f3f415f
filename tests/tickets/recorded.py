"""Bodies that real ITSM products sent, where this machine has them: they are not part of the project.

`BOARDBRIDGE_DATA` names the folder; without it `shared/data` beside the checkout is tried.
"""

import json
import os
from pathlib import Path
from typing import Any

BESIDE = Path(__file__).parents[3] / "shared" / "data"
FOLDER = Path(os.environ.get("BOARDBRIDGE_DATA", BESIDE)) / "itsm"
KINDS = {"servicenow": "servicenow", "jira": "jira", "rt": "request_tracker"}


def names() -> list[str]:
    """The recordings whose product has a preset, without `.json`; none where there is no data."""
    return sorted(file.stem for file in FOLDER.glob("*.json") if file.name.split(".")[0] in KINDS)


def recording(name: str) -> tuple[str, Any, dict[str, str]]:
    """Kind, body and headers (names in lower case) of one recording."""
    document = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8-sig"))
    kind = KINDS[name.split(".")[0]]
    if kind != "request_tracker":
        return kind, document, {}
    return kind, document["body"], {header.lower(): value for header, value in document["headers"].items()}
