"""Bodies that real ITSM products sent, where this machine has them: they are not part of the project.

`BOARDBRIDGE_DATA` names the folder; without it `shared/data` beside the checkout is tried.
"""

import json
import os
from pathlib import Path
from typing import Any

from shared.tickets.preset import kinds

BESIDE = Path(__file__).parents[3] / "shared" / "data"
FOLDER = Path(os.environ.get("BOARDBRIDGE_DATA", BESIDE)) / "itsm"
KINDS = {
    "bmchelix": "bmc_helix",
    "djangohelpdesk": "django_helpdesk",
    "freshservice": "freshservice",
    "ivanti": "ivanti",
    "jira": "jira",
    "pagerduty": "pagerduty",
    "rt": "request_tracker",
    "sdplus": "manageengine_servicedesk_plus",
    "servicenow": "servicenow",
    "topdesk": "topdesk",
    "zammad": "zammad",
    "zendesk": "zendesk",
}


def names() -> list[str]:
    """The recordings whose product has a preset, without `.json`; none where there is no data."""
    return sorted(file.stem for file in FOLDER.glob("*.json") if KINDS.get(file.name.split(".")[0]) in kinds())


def recording(name: str) -> tuple[str, Any, dict[str, str]]:
    """Kind, body and headers (names in lower case) of one recording."""
    document = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8-sig"))
    kind = KINDS[name.split(".")[0]]
    if document.keys() != {"headers", "body"}:
        return kind, document, {}
    return kind, document["body"], {header.lower(): value for header, value in document["headers"].items()}
