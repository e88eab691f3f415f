"""States, required fields, pick lists, paths: what a write is refused for, and in which words."""

from typing import Any

import pytest

from tests.local.azure_devops.client import Client, add, remove


def rule(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 400, answer.text
    assert answer.json()["typeKey"] == "RuleValidationException"
    assert answer.json()["eventId"] == 3200
    errors = answer.json()["customProperties"]["RuleValidationErrors"]
    assert len(errors) == 1
    return errors[0]


def test_a_state_the_type_lacks(client: Client) -> None:
    client.create()
    message = "The field 'State' contains the value 'Resolved' that is not in the list of supported values"
    assert client.patch(1, add("System.State", "Resolved")).json() == {
        "$id": "1",
        "customProperties": {
            "FieldReferenceName": None,
            "FieldStatusFlags": "none",
            "ErrorMessage": message,
            "FieldStatusCode": 0,
            "RuleValidationErrors": [
                {
                    "fieldReferenceName": "System.State",
                    "fieldStatusFlags": "required, hasValues, limitedToValues, invalidListValue",
                    "errorMessage": message,
                    "fieldStatusCode": 4194317,
                    "ruleValidationErrors": None,
                }
            ],
        },
        "innerException": None,
        "message": message,
        "typeName": "Microsoft.TeamFoundation.WorkItemTracking.Server.RuleValidationException, "
        "Microsoft.TeamFoundation.WorkItemTracking.Server",
        "typeKey": "RuleValidationException",
        "errorCode": 0,
        "eventId": 3200,
    }


@pytest.mark.parametrize(
    ("project", "kind"),
    [
        ("Fabrikam", "Epic"),
        ("Fabrikam", "User Story"),
        ("Fabrikam", "Bug"),
        ("Fabrikam", "Test Case"),
        ("Tailwind", "Product Backlog Item"),
        ("Tailwind", "Task"),
        ("Tailwind", "Impediment"),
    ],
)
def test_every_listed_transition_is_allowed_and_a_new_item_starts_in_the_initial_state(
    client: Client, project: str, kind: str
) -> None:
    described = client.get(f"{project}/_apis/wit/workitemtypes/{kind}")
    transitions = {source: [t["to"] for t in targets] for source, targets in described["transitions"].items()}
    assert len(transitions[""]) == 1
    id = client.create(project=project, kind=kind)["id"]
    walk = [state for source, targets in transitions.items() if source for state in (source, *targets, source)]
    for state in walk:
        assert client.change(id, add("System.State", state))["fields"]["System.State"] == state
    for state in transitions.keys() - {"", *transitions[""]}:
        answer = client.post_item([add("System.Title", "x"), add("System.State", state)], kind=kind, project=project)
        assert rule(answer)["fieldReferenceName"] == "System.State"


def test_restricted_transitions(client: Client) -> None:
    client.control.rules(transitions={"User Story": {"New": ["Active"]}})
    client.create(kind="User Story")
    assert rule(client.patch(1, add("System.State", "Closed")))["fieldStatusCode"] == 4194317
    client.change(1, add("System.State", "Active"))
    client.change(1, add("System.State", "Closed"))
    described = client.get("Fabrikam/_apis/wit/workitemtypes/User Story")["transitions"]
    assert [t["to"] for t in described["New"]] == ["New", "Active"]


def test_an_item_in_a_retired_state_refuses_every_change(client: Client) -> None:
    client.create(kind="Bug")
    client.change(1, add("System.State", "Resolved"))
    client.control.rules(retired_states={"Bug": ["Resolved"]})
    assert rule(client.patch(1, add("System.Title", "only the title")))["fieldReferenceName"] == "System.State"
    assert client.item(1)["fields"]["System.State"] == "Resolved"
    client.change(1, add("System.State", "Closed"), add("System.Title", "out of it"))
    states = client.get("Fabrikam/_apis/wit/workitemtypes/Bug/states")["value"]
    assert [state["name"] for state in states] == ["New", "Active", "Closed"]


def test_a_required_field(client: Client) -> None:
    error = rule(client.post_item([add("System.Description", "no title")]))
    assert error == {
        "fieldReferenceName": "System.Title",
        "fieldStatusFlags": "required, invalidEmpty",
        "errorMessage": "TF401320: Rule Error for field Title. Error code: Required, InvalidEmpty.",
        "fieldStatusCode": 524289,
        "ruleValidationErrors": None,
    }
    client.create()
    assert rule(client.patch(1, remove("/fields/System.Title")))["fieldStatusCode"] == 524289


def test_a_field_required_in_a_state(client: Client) -> None:
    effort = "Microsoft.VSTS.Scheduling.Effort"
    client.control.rules(require=[{"type": "Feature", "state": "Active", "field": effort}])
    client.create(kind="Feature")
    error = rule(client.patch(1, add("System.State", "Active")))
    assert error["errorMessage"] == "TF401320: Rule Error for field Effort. Error code: Required, InvalidEmpty."
    client.change(1, add("System.State", "Active"), add(effort, 3))
    client.create(kind="Task")
    client.change(2, add("System.State", "Active"))


@pytest.mark.parametrize(
    ("field", "value", "flag"),
    [
        ("Microsoft.VSTS.Common.Priority", 5, "invalidListValue"),
        ("Microsoft.VSTS.Common.Priority", "high", "invalidType"),
        ("Microsoft.VSTS.Scheduling.RemainingWork", "much", "invalidType"),
        ("Microsoft.VSTS.Scheduling.StartDate", "tomorrow", "invalidType"),
        ("System.Title", "x" * 256, "invalidTooLong"),
        ("System.Description", "x" * 1_000_001, "invalidTooLong"),
        ("System.ChangedDate", "2026-01-01T00:00:00Z", "readOnly"),
        ("System.Rev", 7, "readOnly"),
    ],
)
def test_values_a_field_refuses(client: Client, field: str, value: Any, flag: str) -> None:
    client.create()
    assert flag in rule(client.patch(1, add(field, value)))["fieldStatusFlags"]


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("Microsoft.VSTS.Common.Priority", "1", 1),
        ("Microsoft.VSTS.Scheduling.RemainingWork", "4", 4),
        ("Microsoft.VSTS.Scheduling.RemainingWork", 2.5, 2.5),
        ("Microsoft.VSTS.Scheduling.StartDate", "2026-03-31T20:36:26.230+02:00", "2026-03-31T18:36:26.23Z"),
        ("Microsoft.VSTS.Scheduling.StartDate", "2026-03-31", "2026-03-31T00:00:00Z"),
        ("System.Title", "x" * 255, "x" * 255),
        ("system.description", "found in any case", "found in any case"),
    ],
)
def test_values_are_stored_in_the_type_of_their_field(client: Client, field: str, value: Any, stored: Any) -> None:
    client.create()
    fields = client.change(1, add(field, value))["fields"]
    assert {name.casefold(): value for name, value in fields.items()}[field.casefold()] == stored


@pytest.mark.parametrize("field", ["System.AreaPath", "System.IterationPath"])
def test_a_path_that_does_not_exist(client: Client, field: str) -> None:
    answer = client.post_item([add("System.Title", "x"), add(field, "Fabrikam\\Nope")])
    assert (answer.status_code, answer.json()["typeKey"]) == (400, "WorkItemFieldInvalidTreeNameException")
    assert answer.json()["message"] == f"TF401347: Invalid tree name given for work item -1, field '{field}'."
    client.create()
    assert "work item 1," in client.patch(1, add(field, "Tailwind\\Web")).json()["message"]


def test_an_unknown_type(client: Client) -> None:
    assert client.post_item([add("System.Title", "x")], kind="Story").status_code == 404


def test_new_tags_may_be_refused(client: Client) -> None:
    client.create(tags="known")
    client.control.rules(refuse_new_tags=True)
    client.create(tags="KNOWN")
    answer = client.patch(1, add("System.Tags", "new"))
    assert (answer.status_code, answer.json()["typeKey"]) == (403, "AccessCheckException")
    assert answer.json()["message"] == "TF401289: The current user does not have permissions to create tags."
    assert client.item(1)["fields"]["System.Tags"] == "known"


def test_bypassing_rules_lets_anything_in_that_later_edits_refuse(client: Client) -> None:
    client.create()
    answer = client.patch(1, add("System.State", "Nope"), add("System.AssignedTo", "Invalid Value"), bypassRules="true")
    assert (answer.status_code, answer.json()["fields"]["System.State"]) == (200, "Nope")
    assert answer.json()["fields"]["System.AssignedTo"] == "Invalid Value"
    assert rule(client.patch(1, add("System.Title", "b")))["fieldReferenceName"] == "System.State"


def test_a_change_of_state_is_dated_and_reasoned(client: Client) -> None:
    client.create(kind="User Story")
    active = client.change(1, add("System.State", "Active"))["fields"]
    assert active["System.Reason"] == "Moved to state Active"
    assert active["Microsoft.VSTS.Common.ActivatedBy"]["uniqueName"] == "boardbridge@contoso.com"
    assert active["Microsoft.VSTS.Common.StateChangeDate"] == active["System.ChangedDate"]
    resolved = client.change(1, add("System.State", "Resolved"))["fields"]
    assert resolved["Microsoft.VSTS.Common.ActivatedDate"] == active["Microsoft.VSTS.Common.ActivatedDate"]
    assert "Microsoft.VSTS.Common.ResolvedDate" in resolved
    closed = client.change(1, add("System.State", "Closed"))["fields"]
    assert "Microsoft.VSTS.Common.ClosedDate" in closed
    reopened = client.change(1, add("System.State", "Active"))["fields"]
    assert "Microsoft.VSTS.Common.ClosedDate" not in reopened


def test_an_item_with_too_many_revisions_is_not_changed_any_more(client: Client) -> None:
    client.control.rules(revision_limit=2)
    client.create()
    client.change(1, add("System.Title", "b"))
    answer = client.patch(1, add("System.Title", "c"))
    assert answer.status_code == 500
    assert answer.json()["message"].endswith("only work items with up to 2 revisions are supported.")


def test_rules_are_replaced_whole_and_unknown_names_refused(client: Client) -> None:
    answer = client.session.put(f"{client.url.rpartition('/')[0]}/_simulator/rules", json={"nope": 1}, timeout=10)
    assert (answer.status_code, answer.json()["message"].startswith("Unknown: nope.")) == (400, True)
