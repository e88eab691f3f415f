"""What a task's document says, whatever a tenant leaves out or puts in."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.connectors.ppm_express.metadata import TaskFields, task_fields
from shared.connectors.ppm_express.tasks import changed_at, refuse_impossible, version_of
from shared.errors import Circular


def fields(*documents: dict[str, Any]) -> TaskFields:
    return task_fields(documents)


def described(key: str, type: str, label: str = "") -> dict[str, Any]:
    return {"key": key, "label": label or key, "type": type, "isReadonly": True}


@pytest.mark.parametrize(
    ("task", "same"),
    [
        ({"attributes": {"Name": "A", "Labels": ["x"]}, "sourceType": "Ppmx"}, True),
        ({"sourceType": "Ppmx", "attributes": {"Labels": ["x"], "Name": "A"}}, True),
        ({"attributes": {"Name": "A", "Labels": ["x"], "Effort": None, "Group": []}, "sourceType": "Ppmx"}, True),
        ({"attributes": {"Name": "A", "Labels": ["x"], "Progress": 0}, "sourceType": "Ppmx"}, False),
        ({"attributes": {"Name": "B", "Labels": ["x"]}, "sourceType": "Ppmx"}, False),
        ({"attributes": {"Name": "A", "Labels": ["x"]}, "sourceType": "VSTS"}, False),
    ],
)
def test_a_version_stands_for_what_a_task_shows(task: dict[str, Any], same: bool) -> None:
    version = version_of({"id": "1", "attributes": {"Name": "A", "Labels": ["x"]}, "sourceType": "Ppmx"})
    assert (version_of({"id": "1", **task}) == version) is same
    assert not version.isdigit()


def test_a_circle_of_others_is_not_ours() -> None:
    above = {"1": None, "2": "3", "3": "2", "4": "1"}
    tasks = {id: {"id": id, "attributes": {"Parent": parent and [{"id": parent}]}} for id, parent in above.items()}
    parent = fields(described("Parent", "Task"))
    refuse_impossible("1", "2", tasks.get, parent)
    for below in ("1", "4"):
        with pytest.raises(Circular):
            refuse_impossible("1", below, tasks.get, parent)


@pytest.mark.parametrize(
    ("shows", "moment"),
    [
        ("2026-05-04T12:00:00Z", datetime(2026, 5, 4, 12, tzinfo=UTC)),
        ("2026-05-04T12:00:00", datetime(2026, 5, 4, 12, tzinfo=UTC)),
        (None, None),
    ],
)
def test_a_task_tells_when_it_changed_where_the_tenant_has_a_field_for_it(shows: str | None, moment: Any) -> None:
    task = {"id": "1", "attributes": {"f9": shows}}
    assert changed_at(task, fields(described("f9", "DateTime", "Last Modified"))) == moment
    assert changed_at(task, fields(described("f9", "DateTime", "Last Seen"))) is None
