"""Answers of a small Redmine, made up, in the shapes of the real one."""

from typing import Any

from shared.connectors.redmine.side import RedmineSide
from tests.connectors.canned import Canned, answer
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import KeptSecrets

US, JANE = {"id": 5, "name": "Board Bridge"}, {"id": 6, "name": "Jane Doe"}
BUG, TASK = {"id": 1, "name": "Bug"}, {"id": 2, "name": "Task"}
NEW, CLOSED = {"id": 1, "name": "New", "is_closed": False}, {"id": 5, "name": "Closed", "is_closed": True}
NORMAL, HIGH = {"id": 2, "name": "Normal"}, {"id": 3, "name": "High"}
MARKER = "https://bridge.example/links/boards%3A12"


def marker_field(*trackers: dict[str, Any]) -> dict[str, Any]:
    described = {"customized_type": "issue", "field_format": "link", "is_filter": True, "multiple": False}
    return {"id": 1, "name": "Boardbridge", "trackers": list(trackers), **described}


def catalogue(*custom_fields: dict[str, Any], sample: Any = None) -> list[Any]:
    """What is asked before anything else. Without `custom_fields`, our user is no administrator."""
    project = {"id": 9, "identifier": "pmo", "trackers": [BUG, TASK], "issue_categories": []}
    on_issues = [{"id": 1, "name": "Boardbridge", "value": ""}] if sample is None else sample
    return [
        answer(200, {"user": US}),
        answer(200, {"project": {**project, "issue_custom_fields": []}}),
        answer(200, {"issue_statuses": [NEW, CLOSED]}),
        answer(200, {"issue_priorities": [NORMAL, HIGH]}),
        answer(200, {"versions": []}),
        answer(200, {"custom_fields": custom_fields}) if custom_fields else answer(403),
        answer(200, {"issues": [{"id": 1, "custom_fields": on_issues}]}),
    ]


def issue(id: int = 17, *journals: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": id,
        "project": {"id": 9, "name": "PMO"},
        "tracker": BUG,
        "status": NEW,
        "priority": NORMAL,
        "subject": "Calm printers",
        "description": None,
        "due_date": None,
        "done_ratio": 0,
        "custom_fields": [{"id": 1, "name": "Boardbridge", "value": MARKER}],
        "created_on": "2026-05-04T10:00:00Z",
        "updated_on": "2026-05-04T11:00:00Z",
        "journals": list(journals),
        **fields,
    }


def journal(id: int, user: dict[str, Any], *details: tuple[str, str, Any, Any]) -> dict[str, Any]:
    words = ("property", "name", "old_value", "new_value")
    return {
        "id": id,
        "user": user,
        "notes": "",
        "details": [dict(zip(words, detail, strict=True)) for detail in details],
    }


def shows(*args: Any, **fields: Any) -> Any:
    return answer(200, {"issue": issue(*args, **fields)})


def redmine(network: Canned, secrets: KeptSecrets | None = None, clock: VirtualClock | None = None) -> RedmineSide:
    return RedmineSide(
        "https://redmine.example/",
        "pmo",
        secrets or KeptSecrets(redmine="ap1-key"),
        "redmine",
        connection="pmo",
        clock=clock or VirtualClock(),
        adapter=network,
    )
