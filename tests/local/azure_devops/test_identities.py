"""Who there is and what the caller may do: identities, Graph, permissions."""

from typing import Any

import pytest

from tests.local.azure_devops.client import Client

PREVIEW = {"api-version": "7.1-preview.1"}
TAGGING = "bb50f182-8e5e-40b8-bc21-e8752a1e7ae2"


@pytest.mark.parametrize(
    ("kind", "value", "names"),
    [
        ("General", "norman", ["Norman Paulk"]),
        ("General", "fabrikamfiber16@hotmail.com", ["Norman Paulk"]),
        ("MailAddress", "fabrikamfiber3@hotmail.com", ["Chuck Reinhart"]),
        ("AccountName", "BOARDBRIDGE@contoso.com", ["Boardbridge Service"]),
        ("DisplayName", "service desk", ["[Fabrikam]\\Service Desk"]),
        ("DisplayName", "fabrikamfiber3@hotmail.com", []),
        ("General", "nobody", []),
    ],
)
def test_searching(client: Client, kind: str, value: str, names: list[str]) -> None:
    found = client.get("_apis/identities", searchFilter=kind, filterValue=value)["value"]
    assert [each["providerDisplayName"] for each in found] == names


def test_a_person_is_the_same_everywhere(client: Client) -> None:
    assigned = client.create(assigned="Norman Paulk")["fields"]["System.AssignedTo"]
    identity = client.get(f"_apis/identities/{assigned['id']}")
    assert identity["subjectDescriptor"] == assigned["descriptor"]
    assert client.get("_apis/identities", identityIds=assigned["id"])["value"] == [identity]
    assert client.get("_apis/identities", subjectDescriptors=assigned["descriptor"])["value"] == [identity]
    descriptor = client.get(f"_apis/graph/descriptors/{assigned['id']}", **PREVIEW)["value"]
    assert descriptor == assigned["descriptor"]
    assert client.get(f"_apis/graph/storagekeys/{descriptor}", **PREVIEW)["value"] == assigned["id"]
    user = client.get(f"_apis/graph/users/{descriptor}", **PREVIEW)
    assert (user["displayName"], user["mailAddress"]) == ("Norman Paulk", "fabrikamfiber16@hotmail.com")
    assert client.get("_apis/identities/self")["accountName"] == "boardbridge@contoso.com"


def test_groups_are_teams(client: Client) -> None:
    groups = client.get("_apis/graph/groups", **PREVIEW)["value"]
    web = next(group for group in groups if group["principalName"] == "[Tailwind]\\Web")
    down = client.get(f"_apis/graph/memberships/{web['descriptor']}", direction="down", **PREVIEW)["value"]
    users = client.get("_apis/graph/users", **PREVIEW)["value"]
    assert [line["memberDescriptor"] for line in down] == [user["descriptor"] for user in users]
    up = client.get(f"_apis/graph/memberships/{users[1]['descriptor']}", **PREVIEW)["value"]
    assert len(up) == 15
    assert client.get(f"_apis/graph/groups/{web['descriptor']}", **PREVIEW) == web
    assert client.get(f"_apis/graph/membershipstates/{users[1]['descriptor']}", **PREVIEW)["active"] is True
    body = {"query": "raisa", "subjectKind": ["User"]}
    assert client("POST", "_apis/graph/subjectquery", body, params=PREVIEW).json()["count"] == 1
    keys = {"lookupKeys": [{"descriptor": web["descriptor"]}]}
    assert list(client("POST", "_apis/graph/subjectlookup", keys, params=PREVIEW).json()["value"]) == [
        web["descriptor"]
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("_apis/identities", 400),
        ("_apis/identities?searchFilter=Shoe&filterValue=44", 400),
        ("_apis/identities/3b0c1fc5-2a19-4b0e-8e0a-0a8a4c6d6f1e", 404),
        ("_apis/graph/users/aad.nobody", 404),
        ("_apis/graph/groups/vssgp.nobody", 404),
        ("_apis/graph/descriptors/nobody", 404),
    ],
)
def test_refusals(client: Client, path: str, status: int) -> None:
    assert client("GET", path, params=PREVIEW).status_code == status


@pytest.mark.parametrize(("refused", "expected"), [(False, [True, True]), (True, [False, True])])
def test_permissions_follow_the_rules(client: Client, refused: bool, expected: list[bool]) -> None:
    client.control.rules(refuse_new_tags=refused)
    areas = "83e28ad4-2d72-4ceb-97b0-c7726d5502c3"

    def allowed(namespace: str) -> Any:
        return client.get(f"_apis/permissions/{namespace}/2", tokens="/a,/b")["value"]

    assert [allowed(TAGGING)[0], allowed(areas)[1]] == expected
    evaluations = [{"securityNamespaceId": each, "token": "/", "permissions": 2} for each in (TAGGING, areas)]
    body = {"alwaysAllowAdministrators": False, "evaluations": evaluations}
    answer = client("POST", "_apis/security/permissionevaluationbatch", body).json()
    assert [each["value"] for each in answer["evaluations"]] == expected
