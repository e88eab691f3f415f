"""The Redmine that the other tests use: what it keeps, and who is who."""

import pytest

from infra.local.azurite import free_ports
from infra.local.redmine import Redmine

pytestmark = pytest.mark.real


def test_issues_outlive_a_restart(redmine: Redmine) -> None:
    project = redmine.create_project()
    id = redmine.create_issue(project, "Calm printers ☕")
    with Redmine(free_ports(1)[0], redmine.directory) as again:
        shown = again.start().issue(id)
    assert (shown["subject"], shown["author"]["name"]) == ("Calm printers ☕", "Jane Doe")


def test_people_say_and_do_things_that_show(redmine: Redmine) -> None:
    project = redmine.create_project()
    parent, child = redmine.create_issue(project, "Parent"), redmine.create_issue(project, "Child")
    redmine.edit_custom_field(child, "Risk", "high")
    redmine.comment(child, "Looking")
    redmine.move(child, parent)
    shown = redmine.issue(child, "journals")
    assert shown["parent"] == {"id": int(parent)}
    assert [entry["notes"] for entry in shown["journals"]] == ["", "Looking", ""]
    assert {"id": redmine.custom_field("Risk"), "name": "Risk", "value": "high"} in shown["custom_fields"]
    assert [entry["id"] for entry in redmine.issue(parent, "children")["children"]] == [int(child)]
