"""Microsoft's own Python client, unmodified, against the simulator."""

from typing import Any

import pytest

# The client was last released in 2023; its warnings are not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")


def operation(path: str, value: Any, op: str = "add") -> Any:
    from azure.devops.v7_1.work_item_tracking.models import JsonPatchOperation

    return JsonPatchOperation(op=op, path=path, value=value)


def created(clients: Any, title: str, kind: str = "Task", *more: Any) -> Any:
    document = [operation("/fields/System.Title", title), *more]
    return clients.work_items.create_work_item(document, "Fabrikam", kind)


def test_discovery(clients: Any) -> None:
    assert clients.location.get_resource_areas() == []
    data = clients.location.get_connection_data()
    assert data.authenticated_user.provider_display_name == "Boardbridge Service"


def test_create_update_get(clients: Any) -> None:
    made = created(clients, "Router is down", "User Story", operation("/fields/System.AssignedTo", "Norman Paulk"))
    assert made.fields["System.AssignedTo"]["uniqueName"] == "fabrikamfiber16@hotmail.com"
    document = [operation("/rev", made.rev, "test"), operation("/fields/System.State", "Active")]
    updated = clients.work_items.update_work_item(document, made.id)
    assert (updated.rev, updated.fields["System.State"]) == (2, "Active")
    read = clients.work_items.get_work_item(made.id, project="Fabrikam", expand="All")
    assert (read.rev, read.fields["System.Id"], read.url) == (2, made.id, made.url)


def test_a_stale_revision_is_the_clients_service_error(clients: Any) -> None:
    from azure.devops.exceptions import AzureDevOpsServiceError

    made = created(clients, "a")
    with pytest.raises(AzureDevOpsServiceError) as error:
        clients.work_items.update_work_item([operation("/rev", 9, "test")], made.id)
    assert error.value.type_key == "TestPatchOperationFailedException"


def test_links_updates_and_revisions(clients: Any) -> None:
    parent, child = created(clients, "parent"), created(clients, "child")
    relation = {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": parent.url}
    clients.work_items.update_work_item([operation("/relations/-", relation)], child.id)
    assert clients.work_items.get_work_item(child.id, fields=["System.Parent"]).fields == {"System.Parent": parent.id}
    read = clients.work_items.get_work_item(parent.id, expand="Relations")
    assert [(r.rel, r.attributes["name"]) for r in read.relations] == [("System.LinkTypes.Hierarchy-Forward", "Child")]
    updates = clients.work_items.get_updates(child.id)
    assert [(u.id, u.rev) for u in updates] == [(1, 1), (2, 1)]
    assert updates[1].relations.added[0].url == parent.url
    assert [r.rev for r in clients.work_items.get_revisions(child.id)] == [1]
    assert len(clients.work_items.get_relation_types()) == 21


def test_batch(clients: Any) -> None:
    from azure.devops.v7_1.work_item_tracking.models import WorkItemBatchGetRequest

    ids = [created(clients, str(number)).id for number in range(3)]
    request = WorkItemBatchGetRequest(ids=ids, fields=["System.Title"])
    assert [i.fields["System.Title"] for i in clients.work_items.get_work_items_batch(request)] == ["0", "1", "2"]
    assert [i.id for i in clients.work_items.get_work_items(ids)] == ids


def test_wiql(clients: Any) -> None:
    from azure.devops.v7_1.work_item_tracking.models import TeamContext, Wiql

    made = created(clients, "only this title")
    text = (
        "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND [System.Title] = 'only this title'"
    )
    context = TeamContext(project="Fabrikam", team="Network")
    result = clients.work_items.query_by_wiql(Wiql(query=text), team_context=context, top=10)
    assert [reference.id for reference in result.work_items] == [made.id]
    assert result.query_type == "flat"


def test_artifacts(clients: Any) -> None:
    from azure.devops.v7_1.work_item_tracking.models import ArtifactUriQuery

    link = operation("/relations/-", {"rel": "Hyperlink", "url": "https://itsm/INC009"})
    made = created(clients, "linked", "Bug", link)
    query = ArtifactUriQuery(artifact_uris=["https://itsm/INC009"])
    found = clients.work_items.query_work_items_for_artifact_uris(query, project="Fabrikam")
    assert [r.id for r in found.artifact_uris_query_result["https://itsm/INC009"]] == [made.id]


def test_comments(clients: Any) -> None:
    from azure.devops.v7_1.work_item_tracking.models import CommentCreate, CommentUpdate

    made = created(clients, "talked about")
    comment = clients.work_items.add_comment(CommentCreate(text="first"), "Fabrikam", made.id)
    clients.work_items.update_comment(CommentUpdate(text="second"), "Fabrikam", made.id, comment.id)
    assert [c.text for c in clients.work_items.get_comments("Fabrikam", made.id).comments] == ["second"]
    clients.work_items.delete_comment("Fabrikam", made.id, comment.id)
    assert clients.work_items.get_comments("Fabrikam", made.id).total_count == 0


def test_delete_and_restore(clients: Any) -> None:
    from azure.devops.v7_1.work_item_tracking.models import WorkItemDeleteUpdate

    made = created(clients, "short-lived")
    assert clients.work_items.delete_work_item(made.id, project="Fabrikam").id == made.id
    binned = clients.work_items.get_deleted_work_item_shallow_references(project="Fabrikam")
    assert [reference.id for reference in binned] == [made.id]
    clients.work_items.restore_work_item(WorkItemDeleteUpdate(is_deleted=False), made.id, project="Fabrikam")
    assert clients.work_items.get_work_item(made.id).rev == 3


def test_classification(clients: Any) -> None:
    from azure.devops.v7_1.work_item_tracking.models import WorkItemClassificationNode

    node = WorkItemClassificationNode(name="Core")
    made = clients.work_items.create_or_update_classification_node(node, "Fabrikam", "areas", path="Network")
    assert made.path == "\\Fabrikam\\Area\\Network\\Core"
    tree = clients.work_items.get_classification_node("Fabrikam", "areas", depth=2)
    assert tree.children[0].name == "Network"
    assert len(clients.work_items.get_root_nodes("Fabrikam", depth=1)) == 2
    renamed = WorkItemClassificationNode(name="Kern")
    clients.work_items.update_classification_node(renamed, "Fabrikam", "areas", path="Network/Core")
    clients.work_items.delete_classification_node("Fabrikam", "areas", path="Network/Kern", reclassify_id=tree.id)


def test_types_states_and_fields(clients: Any) -> None:
    assert [t.name for t in clients.work_items.get_work_item_types("Tailwind")][2] == "Product Backlog Item"
    states = clients.work_items.get_work_item_type_states("Tailwind", "Task")
    assert (states[0].name, states[0].category) == ("To Do", "Proposed")
    kind = clients.work_items.get_work_item_type("Tailwind", "Task")
    assert [t.to for t in kind.transitions[""]] == ["To Do"]
    field = clients.work_items.get_work_item_type_field_with_references(
        "Tailwind", "Task", "System.State", expand="all"
    )
    assert field.allowed_values == ["To Do", "In Progress", "Done", "Removed"]
    assert clients.work_items.get_work_item_field("System.Title").type == "string"
    categories = clients.work_items.get_work_item_type_categories("Tailwind")
    assert "Microsoft.RequirementCategory" in [category.reference_name for category in categories]


def test_projects_and_teams(clients: Any) -> None:
    from azure.devops.v7_1.work.models import TeamContext

    assert [p.name for p in clients.core.get_projects()] == ["Fabrikam", "Tailwind", "Contoso-Basic", "Litware"]
    assert clients.core.get_project("Tailwind", include_capabilities=True).default_team.name == "Tailwind Team"
    assert [t.name for t in clients.core.get_teams("Tailwind")] == ["Tailwind Team", "Web", "Data"]
    assert len(clients.core.get_all_teams()) == 15
    context = TeamContext(project="Fabrikam", team="Network")
    values = clients.work.get_team_field_values(context)
    assert (values.default_value, values.values[0].include_children) == ("Fabrikam\\Network", True)
    assert clients.work.get_team_settings(context).default_iteration.name == "Sprint 2"
    [current] = clients.work.get_team_iterations(context, timeframe="current")
    assert (current.name, current.attributes.time_frame) == ("Sprint 2", "current")
    assert [b.type for b in clients.work.get_backlogs(context)] == ["portfolio", "portfolio", "requirement", "task"]
    assert clients.work.get_backlog_configurations(context).requirement_backlog.name == "Stories"


def test_changing_team_settings(clients: Any) -> None:
    from azure.devops.v7_1.work.models import TeamContext, TeamFieldValue, TeamFieldValuesPatch, TeamSettingsIteration

    context = TeamContext(project="Fabrikam", team="PMO")
    patch = TeamFieldValuesPatch(
        default_value="Fabrikam\\PMO", values=[TeamFieldValue(include_children=False, value="Fabrikam\\PMO")]
    )
    assert clients.work.update_team_field_values(patch, context).values[0].include_children is False
    first = clients.work.get_team_iterations(context)[0]
    clients.work.delete_team_iteration(context, first.id)
    added = clients.work.post_team_iteration(TeamSettingsIteration(id=first.id), context)
    assert added.path == "Fabrikam\\Sprint 1"
