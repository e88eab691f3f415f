"""Microsoft's own Python client, unmodified: everything it can do with queries."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.azure_devops.running import RunningSimulator

# The client was last released in 2023; its warnings are not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")

BUGS = "SELECT [System.Id], [System.Title] FROM WorkItems WHERE [System.WorkItemType] = 'Bug' ORDER BY [System.Id]"
TREE = (
    "SELECT [System.Id] FROM WorkItemLinks WHERE [Source].[System.WorkItemType] = 'Bug' AND "
    "[System.Links.LinkType] = 'System.LinkTypes.Hierarchy-Forward' MODE (Recursive)"
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A simulator of its own: the client caches what it discovers for the whole process."""
    with pytest.MonkeyPatch.context() as patch, RunningSimulator() as simulator:
        cache: Path = tmp_path_factory.mktemp("azure-devops-cache")
        patch.setenv("AZURE_DEVOPS_CACHE_DIR", str(cache))
        from azure.devops.connection import Connection
        from azure.devops.v7_1.work_item_tracking.models import JsonPatchOperation
        from msrest.authentication import BasicAuthentication

        connection = Connection(base_url=simulator.url, creds=BasicAuthentication("", simulator.token))
        client = connection.clients_v7_1.get_work_item_tracking_client()
        for _ in range(2):
            title = JsonPatchOperation(op="add", path="/fields/System.Title", value="Login is broken")
            client.create_work_item([title], "Fabrikam", "Bug")
        yield client


def test_the_life_of_a_query(client: Any) -> None:
    from azure.devops.v7_1.work_item_tracking.models import QueryBatchGetRequest, QueryHierarchyItem

    folder = client.create_query(QueryHierarchyItem(name="Team", is_folder=True), "Fabrikam", "Shared Queries")
    made = client.create_query(QueryHierarchyItem(name="Bugs", wiql=BUGS), "Fabrikam", "Shared Queries/Team")
    assert (made.path, made.query_type, made.wiql) == ("Shared Queries/Team/Bugs", "flat", BUGS)
    assert made.clauses.operator.reference_name == "SupportedOperations.Equals"
    roots = client.get_queries("Fabrikam", depth=2, expand="wiql")
    assert roots[1].children[0].children[0].wiql == BUGS
    assert client.get_query("Fabrikam", "Shared Queries/Team/Bugs").id == made.id
    assert [each.id for each in client.search_queries("Fabrikam", "bug").value] == [made.id]
    request = QueryBatchGetRequest(ids=[made.id], error_policy="omit")
    assert [each.name for each in client.get_queries_batch(request, "Fabrikam")] == ["Bugs"]
    assert client.update_query(QueryHierarchyItem(name="All bugs"), "Fabrikam", made.id).name == "All bugs"
    moved = client.create_query(QueryHierarchyItem(id=made.id), "Fabrikam", "My Queries")
    assert moved.path == "My Queries/All bugs"
    client.delete_query("Fabrikam", made.id)
    assert client.get_query("Fabrikam", made.id, include_deleted=True).is_deleted
    back = client.update_query(QueryHierarchyItem(is_deleted=False), "Fabrikam", made.id)
    assert not back.is_deleted
    client.delete_query("Fabrikam", folder.id)


def test_queries_run_by_id_and_by_text(client: Any) -> None:
    from azure.devops.v7_1.work_item_tracking.models import (
        QueryHierarchyItem,
        TeamContext,
        TemporaryQueryRequestModel,
        Wiql,
    )

    made = client.create_query(QueryHierarchyItem(name="Run me", wiql=BUGS), "Fabrikam", "My Queries")
    temporary = client.create_temp_query(TemporaryQueryRequestModel(wiql=BUGS), "Fabrikam")
    for id in (made.id, temporary.id):
        assert [item.id for item in client.query_by_id(id).work_items] == [1, 2]
    network = TeamContext(project="Fabrikam", team="Network")
    assert [item.id for item in client.query_by_id(made.id, network, top=1).work_items] == [1]
    client.get_query_result_count(made.id)  # of an answer to HEAD the client reads nothing
    tree = client.query_by_wiql(Wiql(query=TREE), network)
    assert (tree.query_type, tree.query_result_type, tree.work_items) == ("tree", "workItemLink", None)
    assert [(row.rel, row.source, row.target.id) for row in tree.work_item_relations] == [
        (None, None, 1),
        (None, None, 2),
    ]
