"""Microsoft's own Python client with projects, teams, people and permissions."""

from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # as in test_official_client.py

AGILE = "adcc42ab-9882-485e-a3ed-7678f01f66bc"


def finished(clients: Any, reference: Any) -> str:
    """Wait as an application does: a few questions are enough here."""
    for _ in range(5):
        status = clients.operations.get_operation(reference.id).status
        if status == "succeeded":
            break
    return status


def test_a_project_from_its_making_to_its_end(clients: Any) -> None:
    from azure.devops.v7_1.core.models import TeamProject

    capabilities = {"versioncontrol": {"sourceControlType": "Git"}, "processTemplate": {"templateTypeId": AGILE}}
    wanted = TeamProject(name="Northwind", visibility="private", capabilities=capabilities)
    assert finished(clients, clients.core.queue_create_project(wanted)) == "succeeded"
    project = clients.core.get_project("Northwind", include_capabilities=True)
    assert project.capabilities["processTemplate"]["templateName"] == "Agile"
    change = TeamProject(description="North and wind")
    assert finished(clients, clients.core.update_project(change, project.id)) == "succeeded"
    assert clients.core.get_project("Northwind").description == "North and wind"
    document = [{"op": "add", "path": "/Alias", "value": "NW"}]
    clients.core.set_project_properties(project.id, document)
    assert [p.value for p in clients.core.get_project_properties(project.id, keys=["Alias"])] == ["NW"]
    assert finished(clients, clients.core.queue_delete_project(project.id)) == "succeeded"
    assert [p.name for p in clients.core.get_projects(state_filter="deleted")] == ["Northwind"]


def test_a_team_from_its_making_to_its_end(clients: Any) -> None:
    from azure.devops.v7_1.core.models import WebApiTeam

    made = clients.core.create_team(WebApiTeam(name="Field Service"), "Fabrikam")
    assert clients.core.update_team(WebApiTeam(description="on the road"), "Fabrikam", made.id).name == "Field Service"
    members = clients.core.get_team_members_with_extended_properties("Fabrikam", made.id)
    assert [(m.identity.display_name, m.is_team_admin) for m in members] == [("Boardbridge Service", True)]
    clients.core.delete_team("Fabrikam", made.id)
    assert made.id not in [team.id for team in clients.core.get_teams("Fabrikam")]


def test_processes(clients: Any) -> None:
    assert [p.name for p in clients.core.get_processes()] == ["Scrum", "Basic", "CMMI", "Agile"]
    assert clients.core.get_process_by_id(AGILE).name == "Agile"
    listed = clients.processes.get_list_of_processes(expand="projects")
    assert {p.name: [project.name for project in p.projects] for p in listed}["CMMI"] == ["Litware"]


def test_people_and_permissions(clients: Any) -> None:
    [norman] = clients.identities.read_identities(search_filter="General", filter_value="norman")
    assert norman.provider_display_name == "Norman Paulk"
    assert clients.identities.read_identity(norman.id).id == norman.id
    assert clients.graph.get_descriptor(norman.id).value == norman.subject_descriptor
    assert clients.graph.get_storage_key(norman.subject_descriptor).value == norman.id
    assert clients.graph.get_user(norman.subject_descriptor).display_name == "Norman Paulk"
    assert len(clients.graph.list_users().graph_users) == 6
    [first, *_] = clients.graph.list_memberships(norman.subject_descriptor)
    assert clients.graph.get_group(first.container_descriptor).display_name == "Fabrikam Team"
    assert clients.graph.get_membership_state(norman.subject_descriptor).active
    namespace = "bb50f182-8e5e-40b8-bc21-e8752a1e7ae2"
    assert clients.security.has_permissions(namespace, 2, "/a") == [True]
