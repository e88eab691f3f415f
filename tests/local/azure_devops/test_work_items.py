"""Create, change and read: shapes, atomicity, revisions."""

import re
from typing import Any

import pytest

from infra.local.azure_devops.clock import moment
from tests.local.azure_devops.client import Client, add, expect_rev, hyperlink, remove, replace

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z")


def test_create(client: Client) -> None:
    item = client.create("Router is down", kind="User Story", area="Fabrikam\\Network")
    fields = item["fields"]
    assert (item["id"], item["rev"], item["multilineFieldsFormat"]) == (1, 1, {})
    assert list(fields) == [
        "System.AreaPath",
        "System.TeamProject",
        "System.IterationPath",
        "System.WorkItemType",
        "System.State",
        "System.Reason",
        "System.CreatedDate",
        "System.CreatedBy",
        "System.ChangedDate",
        "System.ChangedBy",
        "System.CommentCount",
        "System.Title",
        "Microsoft.VSTS.Common.StateChangeDate",
        "Microsoft.VSTS.Common.Priority",
        "Microsoft.VSTS.Common.ValueArea",
    ]
    assert fields["System.AreaPath"] == "Fabrikam\\Network"
    assert STAMP.fullmatch(fields["System.CreatedDate"])
    assert (
        fields["System.CreatedDate"] == fields["System.ChangedDate"] == fields["Microsoft.VSTS.Common.StateChangeDate"]
    )
    assert fields["System.CreatedBy"]["uniqueName"] == "boardbridge@contoso.com"
    project = client.get("_apis/projects/Fabrikam")["id"]
    assert item["url"] == f"{client.url}/{project}/_apis/wit/workItems/1"
    assert item["_links"]["html"]["href"] == f"{client.url}/{project}/_workitems/edit/1"


@pytest.mark.parametrize(
    ("project", "kind", "state"),
    [
        ("Fabrikam", "Bug", "New"),
        ("Fabrikam", "Issue", "Active"),
        ("Tailwind", "Task", "To Do"),
        ("Tailwind", "Bug", "New"),
    ],
)
def test_a_new_item_is_in_its_initial_state(client: Client, project: str, kind: str, state: str) -> None:
    assert client.create(project=project, kind=kind)["fields"]["System.State"] == state


def test_ids_count_over_the_organisation(client: Client) -> None:
    assert [client.create(project=project)["id"] for project in ("Fabrikam", "Tailwind", "Fabrikam")] == [1, 2, 3]


def test_an_item_is_only_seen_through_its_own_project(client: Client) -> None:
    client.create()
    assert client("GET", "Fabrikam/_apis/wit/workitems/1").status_code == 200
    answer = client("GET", "Tailwind/_apis/wit/workitems/1")
    assert (answer.status_code, answer.json()["message"][:8]) == (404, "TF401232")


@pytest.mark.parametrize(
    ("expand", "has_id", "has_relations"),
    [
        (None, False, False),
        ("none", False, False),
        ("0", False, False),
        ("Relations", False, True),
        ("1", False, True),
        ("fields", True, False),
        ("2", True, False),
        ("LINKS", False, False),
        ("3", False, False),
        ("All", True, True),
        ("4", True, True),
    ],
)
def test_expand(client: Client, expand: str | None, has_id: bool, has_relations: bool) -> None:
    parent = client.create()["id"]
    child = client.create()["id"]
    client.change(child, client.link("System.LinkTypes.Hierarchy-Reverse", parent))
    item = client.item(child, **({"$expand": expand} if expand else {}))
    assert ("System.Id" in item["fields"]) == has_id
    assert ("relations" in item) == has_relations
    with_parent = has_id or has_relations
    assert item["fields"].get("System.Parent") == (parent if with_parent else None)
    [listed] = client.get("_apis/wit/workitems", ids=child, **({"$expand": expand} if expand else {}))["value"]
    assert ("_links" in listed) == (str(expand).lower() in ("links", "3", "all", "4"))
    if expand == "All":
        assert item["fields"]["System.RevisedDate"] == "9999-01-01T00:00:00Z"
        assert item["fields"]["System.AreaLevel1"] == "Fabrikam"
        assert item["fields"]["System.Watermark"] == 2


def test_fields_select_and_exclude_expand(client: Client) -> None:
    client.create(description="x")
    item = client.item(1, fields="System.Title,system.state,System.Parent,System.Tags,System.Id")
    assert item["fields"] == {"System.Title": "Router is down", "System.State": "New", "System.Id": 1}
    answer = client("GET", "_apis/wit/workitems/1", params={"fields": "System.Title", "$expand": "relations"})
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "The expand parameter can not be used with the fields parameter.",
    )
    answer = client("GET", "_apis/wit/workitems/1", params={"fields": "System.Nope"})
    assert answer.json()["message"] == "TF51535: Cannot find field System.Nope."


def test_a_patch_bumps_the_revision_and_dates(client: Client) -> None:
    before = client.create()
    after = client.change(1, expect_rev(1), add("System.Title", "Router is up"))
    assert after["rev"] == 2
    assert moment(after["fields"]["System.ChangedDate"]) > moment(before["fields"]["System.ChangedDate"])
    assert after["fields"]["System.CreatedDate"] == before["fields"]["System.CreatedDate"]
    assert after["fields"]["Microsoft.VSTS.Common.StateChangeDate"] == before["fields"]["System.CreatedDate"]


def test_a_patch_that_changes_nothing_makes_no_revision_unless_told(client: Client) -> None:
    client.create()
    assert client.change(1, add("System.Title", "Router is down"))["rev"] == 1
    client.control.rules(revision_without_change=True)
    assert client.change(1, add("System.Title", "Router is down"))["rev"] == 2


def test_a_stale_revision(client: Client) -> None:
    client.create()
    client.change(1, add("System.Title", "b"))
    answer = client.patch(1, expect_rev(1), add("System.Title", "c"))
    assert answer.status_code == 412
    assert answer.json() == {
        "$id": "1",
        "innerException": None,
        "message": "VS403351: Test Operation for path /rev failed, value 2 was not equal to test value 1.",
        "typeName": "Microsoft.VisualStudio.Services.WebApi.Patch.TestPatchOperationFailedException, "
        "Microsoft.VisualStudio.Services.WebApi",
        "typeKey": "TestPatchOperationFailedException",
        "errorCode": 0,
        "eventId": 3000,
    }
    assert client.item(1)["fields"]["System.Title"] == "b"


@pytest.mark.parametrize(
    "bad",
    [
        add("System.Nope", 1),
        add("System.AreaPath", "Nope"),
        add("System.AssignedTo", "nobody@nowhere"),
        add("Microsoft.VSTS.Common.Priority", 9),
        remove("/relations/1"),
        expect_rev(7),
        {"op": "move", "path": "/fields/System.Title"},
    ],
    ids=lambda bad: f"{bad['op']} {bad['path']}",
)
def test_a_patch_counts_whole_or_not_at_all(client: Client, bad: dict[str, Any]) -> None:
    client.create()
    answer = client.patch(1, add("System.Title", "changed"), hyperlink("https://itsm/1"), bad)
    assert answer.status_code in (400, 412)
    item = client.item(1, **{"$expand": "all"})
    assert (item["rev"], item["fields"]["System.Title"], item.get("relations")) == (1, "Router is down", None)
    found = client("POST", "_apis/wit/artifacturiquery", {"artifactUris": ["https://itsm/1"]}).json()
    assert found["artifactUrisQueryResult"] == {"https://itsm/1": []}


@pytest.mark.parametrize("clearing", [remove("/fields/System.Description"), add("System.Description", "")])
def test_empty_fields_are_left_out(client: Client, clearing: dict[str, Any]) -> None:
    client.create(description="<p>x</p>")
    assert "System.Description" not in client.change(1, clearing)["fields"]


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ('<p style="color: red">A &amp; B</p>', '<p style="color: red">A &amp; B</p>'),
        ("a<script>alert(1)</script>b", "ab"),
        ("a\n\nb  c", "a\n\nb  c"),
    ],
)
def test_html_keeps_its_wording_without_scripts(client: Client, text: str, stored: str) -> None:
    assert client.create(description=text)["fields"]["System.Description"] == stored


def test_markdown_is_kept_as_written_and_is_one_way(client: Client) -> None:
    markdown = {"op": "add", "path": "/multilineFieldsFormat/System.Description", "value": "Markdown"}
    text = "# A\n<script>kept</script>"
    client.create()
    item = client.change(1, add("System.Description", text), markdown)
    assert item["multilineFieldsFormat"] == {"System.Description": "markdown"}
    assert item["fields"]["System.Description"] == text
    answer = client.patch(1, markdown | {"value": "Html"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("start", "operation", "result"),
    [
        (None, add("System.Tags", "a; b"), "a; b"),
        ("a; b", add("System.Tags", "c"), "a; b; c"),
        ("a; b", add("System.Tags", "A;c"), "a; b; c"),
        ("a; b", replace("System.Tags", "c"), "c"),
        ("a; b", replace("System.Tags", "c;;c; C "), "c"),
        ("a; b", remove("/fields/System.Tags"), None),
    ],
)
def test_tags(client: Client, start: str | None, operation: dict[str, Any], result: str | None) -> None:
    client.create(**({"tags": start} if start else {}))
    assert client.change(1, operation)["fields"].get("System.Tags") == result


@pytest.mark.parametrize(
    "value",
    [
        "fabrikamfiber4@hotmail.com",
        "Jamal Hartnett",
        "Jamal Hartnett <FabrikamFiber4@hotmail.com>",
        {"uniqueName": "fabrikamfiber4@hotmail.com"},
    ],
)
def test_people_are_found_by_name_or_mail(client: Client, value: Any) -> None:
    person = client.create(assigned=value)["fields"]["System.AssignedTo"]
    assert (person["displayName"], person["uniqueName"]) == ("Jamal Hartnett", "fabrikamfiber4@hotmail.com")
    by_descriptor = client.create(assigned={"descriptor": person["descriptor"]})
    assert by_descriptor["fields"]["System.AssignedTo"] == person


def test_a_person_by_id_alone_is_silently_nobody(client: Client) -> None:
    id = client.create(assigned="Jamal Hartnett")["fields"]["System.AssignedTo"]["id"]
    assert "System.AssignedTo" not in client.change(1, add("System.AssignedTo", {"id": id}))["fields"]


def test_an_unknown_person(client: Client) -> None:
    answer = client.post_item([add("System.Title", "x"), add("System.AssignedTo", "x@y")])
    assert answer.status_code == 400
    assert answer.json() == {
        "$id": "1",
        "customProperties": {"ReferenceName": "System.AssignedTo"},
        "innerException": None,
        "message": "The identity value 'x@y' for field 'Assigned To' is an unknown identity.",
        "typeName": "Microsoft.TeamFoundation.WorkItemTracking.Server.WorkItemFieldInvalidException, "
        "Microsoft.TeamFoundation.WorkItemTracking.Server, Version=14.0.0.0, Culture=neutral, "
        "PublicKeyToken=b03f5f7f11d50a3a",
        "typeKey": "WorkItemFieldInvalidException",
        "errorCode": 600171,
        "eventId": 3200,
    }


def test_validate_only_stores_nothing(client: Client) -> None:
    client.create()
    answer = client.patch(1, add("System.Title", "b"), validateOnly="true")
    assert (answer.status_code, answer.json()["rev"], answer.json()["fields"]["System.Title"]) == (200, 1, "b")
    assert "System.ChangedDate" not in answer.json()["fields"]
    assert client.item(1)["fields"]["System.Title"] == "Router is down"
    assert client.patch(1, add("System.State", "Nope"), validateOnly="true").status_code == 400


def test_history_is_a_comment_of_its_revision(client: Client) -> None:
    client.create()
    said = client.change(1, add("System.History", "Called the office"))
    assert (said["fields"]["System.History"], said["fields"]["System.CommentCount"]) == ("Called the office", 1)
    assert "System.History" not in client.change(1, add("System.Title", "b"))["fields"]


def test_list_and_batch(client: Client) -> None:
    for number in range(3):
        client.create(f"item {number}")
    listed = client.get("_apis/wit/workitems", ids="3,1", fields="System.Title")
    assert listed == {
        "count": 2,
        "value": [
            {
                "id": id,
                "rev": 1,
                "fields": {"System.Title": f"item {id - 1}"},
                "url": f"{client.url}/_apis/wit/workItems/{id}",
            }
            for id in (3, 1)
        ],
    }
    batch = client("POST", "_apis/wit/workitemsbatch", {"ids": [3, 1], "fields": ["System.Title"]})
    assert batch.json() == listed
    project = client.get("_apis/projects/Fabrikam")["id"]
    scoped = client("POST", "Fabrikam/_apis/wit/workitemsbatch", {"ids": [3]}).json()["value"][0]
    assert scoped["url"] == f"{client.url}/{project}/_apis/wit/workItems/3"
    expanded = client("POST", "_apis/wit/workitemsbatch", {"ids": [3], "$expand": "All"}).json()["value"][0]
    assert expanded["fields"]["System.Id"] == 3


def test_a_missing_item_fails_the_list_or_is_null(client: Client) -> None:
    client.create()
    answer = client("POST", "_apis/wit/workitemsbatch", {"ids": [1, 99]})
    assert (answer.status_code, answer.json()["typeKey"]) == (404, "WorkItemUnauthorizedAccessException")
    answer = client("POST", "_apis/wit/workitemsbatch", {"ids": [1, 99], "errorPolicy": "omit"})
    assert [entry and entry["id"] for entry in answer.json()["value"]] == [1, None]


@pytest.mark.parametrize("count", [200, 201])
def test_at_most_200_ids(client: Client, count: int) -> None:
    ids = list(range(1, count + 1))
    answers = [
        client("POST", "_apis/wit/workitemsbatch", {"ids": ids, "errorPolicy": "omit"}),
        client("GET", "_apis/wit/workitems", params={"ids": ",".join(map(str, ids)), "errorPolicy": "omit"}),
    ]
    for answer in answers:
        assert answer.status_code == (200 if count == 200 else 400)
        assert count == 200 or answer.json()["message"].startswith("VS403474")


def test_revisions_and_as_of(client: Client) -> None:
    first = client.create("one", kind="User Story")
    client.create("child")
    client.change(1, add("System.Title", "two"))
    client.change(1, client.link("System.LinkTypes.Hierarchy-Forward", 2))
    revisions = client.get("_apis/wit/workitems/1/revisions")["value"]
    assert [(r["rev"], r["fields"]["System.Title"]) for r in revisions] == [(1, "one"), (2, "two")]
    assert client.get("_apis/wit/workitems/1/revisions/1")["fields"]["System.Title"] == "one"
    then = client.item(1, asOf=first["fields"]["System.CreatedDate"], **{"$expand": "relations"})
    assert (then["rev"], then["fields"]["System.Title"], "relations" in then) == (1, "one", False)
    answer = client("GET", "_apis/wit/workitems/1", params={"asOf": "2001-01-01"})
    assert answer.status_code == 404


def test_updates_say_old_and_new(client: Client) -> None:
    client.create("one")
    client.change(1, add("System.Title", "two"), add("System.State", "Active"))
    first, second = client.get("_apis/wit/workitems/1/updates")["value"]
    assert first["fields"]["System.Rev"] == {"newValue": 1}
    assert second["fields"]["System.Rev"] == {"oldValue": 1, "newValue": 2}
    assert second["fields"]["System.Title"] == {"oldValue": "one", "newValue": "two"}
    assert second["fields"]["System.Watermark"] == {"oldValue": 1, "newValue": 2}
    assert "System.CreatedDate" not in second["fields"]
    assert first["revisedDate"] == second["fields"]["System.ChangedDate"]["newValue"]
    assert second["revisedDate"] == "9999-01-01T00:00:00Z"
    page = client.get("_apis/wit/workitems/1/updates", **{"$top": 1, "$skip": 1})
    assert (page["count"], page["value"]) == (1, [second])


def test_an_item_may_change_its_type_and_project(client: Client) -> None:
    client.create(kind="Task")
    changed = client.change(1, add("System.WorkItemType", "Bug"), add("System.State", "New"))
    assert (changed["id"], changed["rev"], changed["fields"]["System.WorkItemType"]) == (1, 2, "Bug")
    moved = client.change(
        1,
        add("System.TeamProject", "Tailwind"),
        add("System.AreaPath", "Tailwind"),
        add("System.IterationPath", "Tailwind"),
    )
    assert (moved["id"], moved["rev"], moved["fields"]["System.TeamProject"]) == (1, 3, "Tailwind")
    assert client("GET", "Fabrikam/_apis/wit/workitems/1").status_code == 404


def test_artifacts_find_items_by_address(client: Client) -> None:
    client.create()
    client.create()
    client.change(1, hyperlink("https://itsm/INC001"))
    client.change(2, hyperlink("https://itsm/INC001"))
    client.change(2, hyperlink("https://itsm/INC002"))
    body = {"artifactUris": ["https://itsm/INC001", "https://itsm/INC002", "https://itsm/none"]}

    def found() -> dict[str, list[int]]:
        answer = client("POST", "Fabrikam/_apis/wit/artifacturiquery", body).json()["artifactUrisQueryResult"]
        return {uri.rpartition("/")[2]: [item["id"] for item in items] for uri, items in answer.items()}

    assert found() == {"INC001": [1, 2], "INC002": [2], "none": []}
    client.change(1, remove("/relations/0"))
    client("DELETE", "_apis/wit/workitems/2")
    assert found() == {"INC001": [], "INC002": [], "none": []}
    other = client("POST", "Tailwind/_apis/wit/artifacturiquery", body).json()["artifactUrisQueryResult"]
    assert not any(other.values())
