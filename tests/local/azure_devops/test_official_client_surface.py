"""How much of Microsoft's Python client works: every method the simulator claims is called, the others are listed.

Beside `test_official_client.py`, which goes the ways an application goes.
"""

import inspect
import re
from io import BytesIO
from typing import Any

import pytest

from infra.local.azure_devops.endpoints import ALL
from tests.local.azure_devops.test_official_client import created, operation

pytestmark = pytest.mark.filterwarnings("ignore")

# What belongs to boards, plans, process customisation, e-mail, GitHub and servers of one's own.
REFUSED = {
    "WorkItemTrackingClient": {
        "create_work_item_field",
        "delete_work_item_field",
        "get_github_connection_repositories",
        "get_github_connections",
        "migrate_projects_process",
        "send_mail",
        "update_github_connection_repos",
        "update_work_item_field",
    },
    "WorkClient": {
        "create_plan",
        "delete_plan",
        "get_board",
        "get_board_card_rule_settings",
        "get_board_card_settings",
        "get_board_chart",
        "get_board_charts",
        "get_board_columns",
        "get_board_mapping_parent_items",
        "get_board_rows",
        "get_board_user_settings",
        "get_boards",
        "get_column_suggested_values",
        "get_columns",
        "get_delivery_timeline_data",
        "get_plan",
        "get_plans",
        "get_row_suggested_values",
        "get_work_item_columns",
        "set_board_options",
        "update_board_card_rule_settings",
        "update_board_card_settings",
        "update_board_chart",
        "update_board_columns",
        "update_board_rows",
        "update_board_user_settings",
        "update_columns",
        "update_plan",
        "update_taskboard_card_rule_settings",
        "update_taskboard_card_settings",
        "update_work_item_column",
    },
    "CoreClient": {
        "create_connected_service",
        "create_or_update_proxy",
        "delete_proxy",
        "get_connected_service_details",
        "get_connected_services",
        "get_proxies",
        "remove_project_avatar",
        "set_project_avatar",
    },
}


def test_what_is_refused_is_known(clients: Any) -> None:
    """A method is claimed when discovery lists its location and the location takes its HTTP method."""
    claimed = {(endpoint.location.id, endpoint.method) for module in ALL for endpoint in module.all}
    for client in (clients.work_items, clients.work, clients.core):
        refused = set()
        for name, method in inspect.getmembers(type(client), inspect.isfunction):
            source = inspect.getsource(method)
            verb, location = re.search(r"http_method='(\w+)'", source), re.search(r"location_id='([\w-]+)'", source)
            if name in vars(type(client)) and verb and location and (location[1], verb[1]) not in claimed:
                refused.add(name)
        assert refused == REFUSED[type(client).__name__]


def team(name: str = "Network") -> Any:
    from azure.devops.v7_1.work.models import TeamContext

    return TeamContext(project="Fabrikam", team=name)


def text(stream: Any) -> bytes:
    return b"".join(stream)


def test_stored_queries(clients: Any) -> None:
    from azure.devops.v7_1.work_item_tracking.models import QueryBatchGetRequest, QueryHierarchyItem

    wit, made = clients.work_items, created(clients, "found by a stored query")
    wiql = "SELECT [System.Id] FROM WorkItems WHERE [System.Title] = 'found by a stored query'"
    folder = wit.create_query(QueryHierarchyItem(name="Reports", is_folder=True), "Fabrikam", "Shared Queries")
    query = wit.create_query(QueryHierarchyItem(name="Mine", wiql=wiql), "Fabrikam", folder.id)
    assert [each.id for each in wit.query_by_id(query.id).work_items] == [made.id]
    assert wit.get_query("Fabrikam", "Shared Queries/Reports/Mine", expand="wiql").wiql == wiql
    assert wit.update_query(QueryHierarchyItem(name="Yours"), "Fabrikam", query.id).name == "Yours"
    assert [root.name for root in wit.get_queries("Fabrikam", depth=2)] == ["My Queries", "Shared Queries"]
    assert [each.name for each in wit.search_queries("Fabrikam", "Your").value] == ["Yours"]
    batch = QueryBatchGetRequest(ids=[query.id])
    assert [each.id for each in wit.get_queries_batch(batch, "Fabrikam")] == [query.id]
    wit.get_query_result_count(query.id)
    temporary = wit.create_temp_query({"wiql": wiql}, "Fabrikam")
    assert [each.id for each in wit.query_by_id(temporary.id).work_items] == [made.id]
    wit.delete_query("Fabrikam", query.id)
    back = wit.update_query(QueryHierarchyItem(is_deleted=False), "Fabrikam", query.id)
    assert not back.is_deleted


def test_comments_in_full(clients: Any) -> None:
    from azure.devops.v7_1.work_item_tracking.models import CommentCreate, CommentUpdate

    wit, made = clients.work_items, created(clients, "talked about")
    comment = wit.add_work_item_comment(CommentCreate(text="**first**"), "Fabrikam", made.id, "markdown")
    place = ("Fabrikam", made.id, comment.id)
    wit.update_work_item_comment(CommentUpdate(text="second"), *place, "markdown")
    assert wit.get_comment(*place).text == "second"
    assert [each.version for each in wit.get_comment_versions(*place)] == [2, 1]
    assert wit.get_comment_version(*place, 1).text == "**first**"
    assert [each.id for each in wit.get_comments_batch("Fabrikam", made.id, [comment.id]).comments] == [comment.id]
    wit.create_comment_reaction(*place, "like")
    assert [each.count for each in wit.get_comment_reactions(*place)] == [1]
    assert [each.display_name for each in wit.get_engaged_users(*place, "like")] == ["Boardbridge Service"]
    wit.delete_comment_reaction(*place, "like")
    assert [each.count for each in wit.get_comment_reactions(*place) or []] in ([], [0])


def test_tags(clients: Any) -> None:
    from azure.devops.v7_1.work_item_tracking.models import WorkItemTagDefinition

    wit = clients.work_items
    created(clients, "tagged", "Task", operation("/fields/System.Tags", "one; two"))
    assert {"one", "two"} <= {each.name for each in wit.get_tags("Fabrikam")}
    assert wit.get_tag("Fabrikam", "one").name == "one"
    assert wit.update_tag(WorkItemTagDefinition(name="uno"), "Fabrikam", "one").name == "uno"
    wit.delete_tag("Fabrikam", "two")
    assert "two" not in {each.name for each in wit.get_tags("Fabrikam")}


def test_attachments(clients: Any) -> None:
    wit = clients.work_items
    made = wit.create_attachment(BytesIO(b"what happened"), project="Fabrikam", file_name="log.txt")
    assert text(wit.get_attachment_content(made.id, project="Fabrikam", file_name="log.txt")) == b"what happened"
    assert text(wit.get_attachment_zip(made.id, project="Fabrikam", file_name="log.txt"))
    link = operation("/relations/-", {"rel": "AttachedFile", "url": made.url})
    assert created(clients, "with a log", "Task", link).rev == 1


def test_deleting_for_good(clients: Any) -> None:
    from azure.devops.v7_1.work_item_tracking.models import WorkItemDeleteBatchRequest

    wit, ids = clients.work_items, [created(clients, str(number)).id for number in range(3)]
    wit.delete_work_items(WorkItemDeleteBatchRequest(ids=ids[:2]))
    wit.delete_work_item(ids[2])
    assert wit.get_deleted_work_item(ids[0]).name == "0"
    assert [each.id for each in wit.get_deleted_work_items(ids, project="Fabrikam")] == ids
    wit.destroy_work_item(ids[0])
    left = [each.id for each in wit.get_deleted_work_item_shallow_references(project="Fabrikam")]
    assert ids[0] not in left
    assert ids[1] in left


def test_one_of_each(clients: Any) -> None:
    wit, made = clients.work_items, created(clients, "read one by one")
    assert wit.get_revision(made.id, 1).rev == 1
    assert wit.get_update(made.id, 1).rev == 1
    assert wit.get_relation_type("System.LinkTypes.Related").name == "Related"
    assert "System.Title" in [each.reference_name for each in wit.get_work_item_fields()]
    root = wit.get_root_nodes("Fabrikam")[0]
    assert [each.id for each in wit.get_classification_nodes("Fabrikam", [root.id])] == [root.id]
    assert wit.get_work_item_template("Fabrikam", "Task").fields["System.State"] == "New"
    assert wit.get_work_item_type_category("Fabrikam", "Microsoft.BugCategory").name == "Bug Category"
    fields = wit.get_work_item_type_fields_with_references("Fabrikam", "Task", expand="all")
    assert "System.State" in [each.reference_name for each in fields]
    assert [each.id for each in wit.get_work_item_next_states_on_checkin_action([made.id])] == [made.id]


def test_the_reporting_feeds_are_answered(clients: Any) -> None:
    """The client's models of them are empty, so that it shows nothing of what it was told."""
    from azure.devops.v7_1.work_item_tracking.models import ReportingWorkItemRevisionsFilter

    wit = clients.work_items
    wit.read_reporting_revisions_get(project="Fabrikam", include_deleted=True)
    wit.read_reporting_revisions_post(ReportingWorkItemRevisionsFilter(), project="Fabrikam")
    wit.get_reporting_links_by_link_type(project="Fabrikam")
    wit.read_reporting_discussions(project="Fabrikam")


def test_iterations_and_capacities(clients: Any) -> None:
    from azure.devops.v7_1.work.models import (
        Activity,
        CapacityPatch,
        DateRange,
        TeamMemberCapacityIdentityRef,
        TeamSettingsDaysOffPatch,
    )

    work, [current] = clients.work, clients.work.get_team_iterations(team(), "current")
    assert work.get_team_iteration(team(), current.id).name == "Sprint 2"
    person = clients.core.get_team_members_with_extended_properties("Fabrikam", "Network")[0].identity
    patch = CapacityPatch(activities=[Activity(capacity_per_day=6, name="Development")], days_off=[])
    work.update_capacity_with_identity_ref(patch, team(), current.id, person.id)
    assert work.get_capacity_with_identity_ref(team(), current.id, person.id).activities[0].capacity_per_day == 6
    whole = work.get_capacities_with_identity_ref_and_totals(team(), current.id)
    assert whole.total_capacity_per_day == 6
    assert work.get_total_iteration_capacities("Fabrikam", current.id).total_iteration_capacity_per_day == 6
    member = TeamMemberCapacityIdentityRef(team_member={"id": person.id}, activities=[], days_off=[])
    assert len(work.replace_capacities_with_identity_ref([member], team(), current.id)) == 1
    day = DateRange(start=current.attributes.start_date, end=current.attributes.start_date)
    work.update_team_days_off(TeamSettingsDaysOffPatch(days_off=[day]), team(), current.id)
    assert len(work.get_team_days_off(team(), current.id).days_off) == 1


def test_backlogs_and_their_order(clients: Any) -> None:
    from azure.devops.v7_1.work.models import ReorderOperation

    work, level = clients.work, "Microsoft.RequirementCategory"
    place = [
        operation("/fields/System.AreaPath", "Fabrikam\\PMO"),
        operation("/fields/System.IterationPath", "Fabrikam\\Sprint 2"),
    ]
    first, second = (created(clients, title, "User Story", *place).id for title in ("first", "second"))
    move = ReorderOperation(ids=[second], previous_id=0, next_id=first)
    assert [each.id for each in work.reorder_backlog_work_items(move, team("PMO"))] == [second]
    listed = work.get_backlog_level_work_items(team("PMO"), level).work_items
    assert [each.target.id for each in listed] == [second, first]
    [current] = work.get_team_iterations(team("PMO"), "current")
    inside = work.get_iteration_work_items(team("PMO"), current.id).work_item_relations
    assert {each.target.id for each in inside} == {first, second}
    back = ReorderOperation(ids=[second], previous_id=first)
    work.reorder_iteration_work_items(back, team("PMO"), current.id)
    listed = work.get_backlog_level_work_items(team("PMO"), level).work_items
    assert [each.target.id for each in listed] == [first, second]
    assert work.get_backlog(team(), level).name == "Stories"
    assert work.get_process_configuration("Fabrikam").requirement_backlog.name == "Stories"


def test_team_settings(clients: Any) -> None:
    from azure.devops.v7_1.work.models import TeamSettingsPatch

    patch = TeamSettingsPatch(bugs_behavior="asTasks", working_days=["monday"])
    changed = clients.work.update_team_settings(patch, team("PMO"))
    assert (changed.bugs_behavior, changed.working_days) == ("asTasks", ["monday"])


def test_teams_come_and_go(clients: Any) -> None:
    from azure.devops.v7_1.core.models import WebApiTeam

    core = clients.core
    made = core.create_team(WebApiTeam(name="Night shift"), "Fabrikam")
    assert core.get_team("Fabrikam", made.id).name == "Night shift"
    assert core.update_team(WebApiTeam(name="Day shift"), "Fabrikam", made.id).name == "Day shift"
    core.delete_team("Fabrikam", made.id)
    assert "Day shift" not in [each.name for each in core.get_teams("Fabrikam")]


def test_projects_come_and_go(clients: Any) -> None:
    from azure.devops.v7_1.core.models import JsonPatchOperation, TeamProject

    core = clients.core
    basic = next(each for each in core.get_processes() if each.name == "Basic")
    assert core.get_process_by_id(basic.id).name == "Basic"
    capabilities = {
        "versioncontrol": {"sourceControlType": "Git"},
        "processTemplate": {"templateTypeId": basic.id},
    }
    core.queue_create_project(TeamProject(name="Short-lived", capabilities=capabilities))
    made = core.get_project("Short-lived")
    core.update_project(TeamProject(description="not for long"), made.id)
    note = JsonPatchOperation(op="add", path="/Note", value="x")
    core.set_project_properties(made.id, [note])
    assert [each.value for each in core.get_project_properties(made.id, keys=["Note"])] == ["x"]
    core.queue_delete_project(made.id)
    assert "Short-lived" not in [each.name for each in core.get_projects()]


def test_templates(clients: Any) -> None:
    from azure.devops.v7_1.work_item_tracking.models import TeamContext, WorkItemTemplate

    wit, context = clients.work_items, TeamContext(project="Fabrikam", team="Network")
    filled = WorkItemTemplate(name="Outage", work_item_type_name="Bug", fields={"System.Tags": "outage"})
    made = wit.create_template(filled, context)
    assert wit.get_template(context, made.id).fields == {"System.Tags": "outage"}
    assert [each.id for each in wit.get_templates(context, "bug")] == [made.id]
    assert wit.get_templates(context, "Task") == []
    filled.name = "Big outage"
    assert wit.replace_template(filled, context, made.id).name == "Big outage"
    wit.delete_template(context, made.id)
    assert wit.get_templates(context) == []


def test_the_organisation_and_the_caller(clients: Any) -> None:
    wit, made = clients.work_items, created(clients, "written last")
    assert wit.get_recent_activity_data()[0].id == made.id
    assert "Pull Request" in [each.link_type for each in wit.get_work_artifact_link_types()]
    icons = [each.id for each in wit.get_work_item_icons()]
    assert wit.get_work_item_icon_json(icons[0]).id == icons[0]
    assert text(wit.get_work_item_icon_svg(icons[0], color="cc293d")).startswith(b"<svg")
    assert text(wit.get_work_item_icon_xaml(icons[0], color="cc293d")).startswith(b"<Rectangle")
    [collection] = clients.core.get_project_collections()
    assert clients.core.get_project_collection(collection.id).state == "Started"
