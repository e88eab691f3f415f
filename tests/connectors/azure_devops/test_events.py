"""What an event of a service hook points at, in every shape in which they come."""

import codecs
import json
from typing import Any

import pytest

from shared.connectors.azure_devops.events import Event, event
from shared.errors import Refused

IN_FABRIKAM = {"System.TeamProject": "Fabrikam", "System.Title": "Printer"}


def found(kind: str, resource: Any) -> Event:
    return event(json.dumps({"eventType": f"workitem.{kind}", "resource": resource}).encode())


@pytest.mark.parametrize("kind", ["created", "deleted", "restored", "commented"])
def test_the_resource_is_the_item_itself(kind: str) -> None:
    assert found(kind, {"id": 5, "rev": 1, "fields": IN_FABRIKAM}) == Event(5, ("Fabrikam",))


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        pytest.param(
            {"id": 2, "workItemId": 0, "fields": {}, "revision": {"id": 5, "fields": IN_FABRIKAM}},
            Event(5, ("Fabrikam",)),
            id="fields",
        ),
        pytest.param(
            {"id": 2, "workItemId": 5, "relations": {"added": []}, "revision": {"id": 5, "fields": IN_FABRIKAM}},
            Event(5, ("Fabrikam",)),
            id="links alone",
        ),
        pytest.param(
            {
                "id": 2,
                "workItemId": 5,
                "fields": {"System.TeamProject": {"oldValue": "Tailwind", "newValue": "Fabrikam"}},
                "revision": {"id": 5, "fields": IN_FABRIKAM},
            },
            Event(5, ("Fabrikam", "Tailwind")),
            id="moved to another project",
        ),
        pytest.param({"id": 2, "workItemId": 5}, Event(5, ()), id="without its revision"),
        pytest.param({"id": 2, "workItemId": 0}, Event(None, ()), id="without any item"),
    ],
)
def test_the_resource_of_an_update_is_the_update(resource: Any, expected: Event) -> None:
    assert found("updated", resource) == expected


@pytest.mark.parametrize(
    "told",
    [
        {"eventType": "git.push", "resource": {"id": 5}},
        {"eventType": "workitem.created", "resource": None},
        {"eventType": "workitem.created", "resource": {"id": "5"}},
        {"eventType": "workitem.created", "resource": {"id": True}},
        {"eventType": "workitem.updated", "resource": {"workItemId": True}},
        {"eventType": "workitem.updated", "resource": {"revision": {"id": True}}},
        {},
        [],
        None,
    ],
)
def test_other_events_are_about_no_work_item(told: Any) -> None:
    assert event(json.dumps(told).encode()) == Event(None, ())


def test_a_byte_order_mark_is_taken_and_what_is_no_json_is_refused() -> None:
    assert event(codecs.BOM_UTF8 + b"{}") == Event(None, ())
    for body in (b"", b"{", b"\xff\xfe", b"[" * 100_000):
        with pytest.raises(Refused) as refused:
            event(body)
        assert refused.value.status == 400
