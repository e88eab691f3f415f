"""Tasks as the simulator keeps them: what it computes, refuses, tidies up and leaves to people."""

from typing import Any

import pytest

from infra.local.ppm_express.fields import GROUPS
from tests.local.ppm_express.conftest import Client

MONDAY, FRIDAY = "2026-05-04T00:00:00Z", "2026-05-08T00:00:00Z"  # the clock stands at noon of this Monday
BACKLOG = [{"id": GROUPS["Backlog"], "name": "Backlog"}]
PRIYA = {"id": "20000000-0000-4000-8000-000000000001", "fullName": "Priya Planner", "imageId": None}
NOBODY = "ffffffff-0000-4000-8000-000000000000"


def dates(attributes: dict[str, Any]) -> tuple[str | None, str | None, int | None]:
    start, due = attributes.get("StartDate"), attributes.get("DueDate")
    return start and start[5:10], due and due[5:10], attributes.get("Duration")


def test_a_new_task_lasts_today_and_stands_in_the_backlog(client: Client) -> None:
    task = client.create()
    assert task["sourceType"] == "Ppmx"
    assert task["attributes"] == {
        "Name": "Printer",
        "StartDate": MONDAY,
        "DueDate": MONDAY,
        "Duration": 1,
        "Group": BACKLOG,
        "Progress": 0,
        "Status": "Not Started",
    }
    assert client.get(client.tasks) == [task] == [client.get(f"{client.tasks}/{task['id']}")]


@pytest.mark.parametrize(
    ("updates", "after"),
    [
        ({"StartDate": "2026-05-05"}, ("05-05", "05-11", 5)),
        ({"StartDate": "2026-05-09"}, ("05-11", "05-15", 5)),
        ({"DueDate": "2026-05-06"}, ("05-04", "05-06", 3)),
        ({"DueDate": "2026-05-10"}, ("05-04", "05-10", 5)),
        ({"Duration": 7}, ("05-04", "05-12", 7)),
        ({"StartDate": "2026-05-07", "DueDate": "2026-05-12"}, ("05-07", "05-12", 4)),
        ({"StartDate": "2026-05-07", "Duration": 2}, ("05-07", "05-08", 2)),
        ({"DueDate": "2026-05-12", "Duration": 2}, ("05-11", "05-12", 2)),
        ({"StartDate": "2026-05-05", "DueDate": "2026-05-29", "Duration": 2}, ("05-05", "05-06", 2)),
        ({"StartDate": None}, (None, "05-08", None)),
        ({"DueDate": None}, ("05-04", None, None)),
        ({"Duration": None}, ("05-04", "05-08", None)),
    ],
)
def test_start_due_date_and_duration_recompute_one_another(
    client: Client, updates: dict[str, Any], after: tuple[Any, ...]
) -> None:
    """Five working days before, from Monday to Friday."""
    task = client.create(StartDate=MONDAY, DueDate=FRIDAY)
    assert dates(client.patch(task["id"], **updates)) == after


def test_holidays_are_no_working_days(client: Client) -> None:
    client.control.holidays("2026-05-05")
    task = client.create(StartDate=MONDAY, Duration=2)
    assert dates(task["attributes"]) == ("05-04", "05-06", 2)


@pytest.mark.parametrize(
    ("updates", "status"),
    [
        ({"Progress": 0}, "Not Started"),
        ({"Progress": 40.4}, "In Progress"),
        ({"Progress": 100}, "Completed"),
        ({"StartDate": "2026-04-01", "DueDate": "2026-04-02"}, "Late"),
    ],
)
def test_the_status_is_calculated(client: Client, updates: dict[str, Any], status: str) -> None:
    assert client.patch(client.create()["id"], **updates)["Status"] == status


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ({"Name": "  Calm  "}, {"Name": "Calm"}),
        ({"Progress": 33.4}, {"Progress": 33}),
        ({"Effort": "8.123"}, {"Effort": 8.12}),
        ({"AssignedTo": [{"id": PRIYA["id"]}]}, {"AssignedTo": [PRIYA]}),
        ({"Labels": ["risk", "legal"]}, {"Labels": ["legal", "risk"]}),
        ({"Customer Reference": "C-1"}, {"Customer Reference": "C-1"}),
    ],
)
def test_values_are_tidied_up(client: Client, written: dict[str, Any], kept: dict[str, Any]) -> None:
    shown = client.patch(client.create()["id"], **written)
    assert {key: shown[key] for key in kept} == kept


@pytest.mark.parametrize("nothing", [None, "", []])
def test_an_attribute_without_a_value_is_not_shown(client: Client, nothing: Any) -> None:
    task = client.create(Priority="High", Labels=["risk"])
    shown = client.patch(task["id"], Priority=nothing, Labels=nothing)
    assert not {"Priority", "Labels"} & shown.keys()


@pytest.mark.parametrize(
    ("updates", "field", "message"),
    [
        ({"Colour": "red"}, "Colour", "There is no field 'Colour'."),
        ({"Status": "Completed"}, "Status", "The field 'Status' is read-only."),
        ({"Progress": 101}, "Progress", "The field 'Progress' takes values from 0 to 100."),
        ({"Priority": "Urgent"}, "Priority", "'Urgent' is not a value of the field 'Priority'."),
        ({"StartDate": "soon"}, "StartDate", "The value of the field 'Start Date' is not valid."),
        ({"Name": 3}, "Name", "The value of the field 'Name' is not valid."),
        ({"DueDate": "2026-05-01"}, "DueDate", "The Due Date must not be before the Start Date."),
        (
            {"AssignedTo": [{"id": NOBODY}]},
            "AssignedTo",
            f"The field 'Assigned To' refers to the resource {NOBODY}, which is not here.",
        ),
    ],
)
def test_a_refusal_names_the_field_and_changes_nothing(
    client: Client, updates: dict[str, Any], field: str, message: str
) -> None:
    task = client.create(StartDate=MONDAY, DueDate=FRIDAY)
    assert client.refused(task["id"], Description="x", **updates) == (field, message)
    assert client.get(f"{client.tasks}/{task['id']}") == task


def test_tasks_stand_under_one_another_without_circles(client: Client) -> None:
    top, low = client.create(), client.create()
    assert client.patch(low["id"], Parent=[{"id": top["id"]}])["Parent"] == [{"id": top["id"], "name": "Printer"}]
    for parent in (top["id"], low["id"]):
        assert client.refused(top["id"], Parent=[{"id": parent}])[1] == "A task cannot be moved below itself."
    client.control.move(low["id"], None)
    assert "Parent" not in client.get(f"{client.tasks}/{low['id']}")["attributes"]


def test_only_people_delete_and_what_is_below_goes_too(client: Client) -> None:
    top, other = client.create()["id"], client.create()["id"]
    client.create(Parent=[{"id": top}])
    client.session.hooks["response"].clear()  # the swagger has no such call, so no answer to it either
    assert client("DELETE", f"{client.tasks}/{top}").status_code == 404
    client.control.delete(top)
    assert [task["id"] for task in client.get(client.tasks)] == [other]


def test_a_task_from_elsewhere_refuses_the_api_and_not_people(client: Client) -> None:
    task = client.control.create({"Name": "Story"}, source="VSTS")
    answer = client("PATCH", f"{client.tasks}/{task}", {"updates": {"Name": "x"}})
    assert (answer.status_code, "VSTS" in answer.json()["errorMessage"]) == (400, True)
    client.control.edit(task, {"Name": "Renamed"})
    shown = client.get(f"{client.tasks}/{task}")
    assert (shown["attributes"]["Name"], shown["sourceType"]) == ("Renamed", "VSTS")


def test_a_milestone_makes_a_key_date(client: Client) -> None:
    client.create(IsMilestone=True, DueDate=FRIDAY)
    (date,) = client.get(f"projects/{client.ppm.project}/keydates")
    assert date["attributes"] == {"Name": "Printer", "Date": FRIDAY}
    assert client.get(f"projects/{client.ppm.project}/keydates/{date['id']}") == date


def test_a_tenant_can_have_other_fields(client: Client) -> None:
    task = client.create(Priority="High")
    client.control.fields(without=["Priority"], read_only=["Name"], ignored=["Effort"])
    assert "Priority" not in {field["key"] for field in client.get("Fields/Task")}
    assert "Priority" not in client.get(f"{client.tasks}/{task['id']}")["attributes"]
    assert client.refused(task["id"], Name="x")[0] == "Name"
    assert "Effort" not in client.patch(task["id"], Effort=3)


def test_what_a_write_replaced_unseen_is_remembered(client: Client) -> None:
    task = client.create(Name="Printer")["id"]
    client.patch(task, Name="Calm printer")
    assert client.control.edit(task, {"Name": "Mended", "Effort": 3}) == {"Name": "Calm printer", "Effort": None}
    client.get(client.tasks)  # a list, in which nobody looked at it
    client.patch(task, Name="Quiet printer")
    assert client.control.overwritten() == ["Mended"]
    assert [shown["attributes"]["Name"] for shown in client.control.tasks()] == ["Quiet printer"]
