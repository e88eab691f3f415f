"""`bypassRules`: invalid values get in, and who made or changed an item, and when, can be set."""

from typing import Any

import pytest

from tests.local.azure_devops.client import JSON_PATCH, Client, add

LONG_AGO = "2020-01-01T00:00:00Z"


def made(client: Client, *operations: Any) -> Any:
    document = [add("System.Title", "imported"), *operations]
    path = "Fabrikam/_apis/wit/workitems/$Task"
    return client("POST", path, document, headers=JSON_PATCH, params={"bypassRules": "true"})


def test_an_item_can_be_made_in_the_past_by_somebody_else(client: Client) -> None:
    answer = made(
        client,
        add("System.CreatedDate", LONG_AGO),
        add("System.CreatedBy", "fabrikamfiber16@hotmail.com"),
        add("System.ChangedDate", "2020-01-02T00:00:00Z"),
        add("System.ChangedBy", "Chuck Reinhart"),
    )
    assert answer.status_code == 200
    fields = answer.json()["fields"]
    assert (fields["System.CreatedDate"], fields["System.ChangedDate"]) == (LONG_AGO, "2020-01-02T00:00:00Z")
    assert fields["System.CreatedBy"]["displayName"] == "Norman Paulk"
    assert fields["System.ChangedBy"]["displayName"] == "Chuck Reinhart"
    [update] = client.get("_apis/wit/workitems/1/updates")["value"]
    assert update["revisedBy"]["displayName"] == "Chuck Reinhart"
    assert client.change(1, add("System.Title", "now"))["fields"]["System.CreatedDate"] == LONG_AGO


@pytest.mark.parametrize("changed", ["2020-01-02T00:00:00Z", "2019-12-31T00:00:00Z"])
def test_dates_increase(client: Client, changed: str) -> None:
    made(client, add("System.CreatedDate", LONG_AGO), add("System.ChangedDate", "2020-01-02T00:00:00Z"))
    answer = client.patch(1, add("System.ChangedDate", changed), bypassRules="true")
    assert (answer.status_code, answer.json()["message"][:9]) == (400, "VS402625:")
    assert client.item(1)["rev"] == 1


def test_an_item_is_not_changed_before_it_is_made(client: Client) -> None:
    answer = made(client, add("System.CreatedDate", "2020-01-02"), add("System.ChangedDate", LONG_AGO))
    assert (answer.status_code, answer.json()["message"][:9]) == (400, "VS402625:")


def test_the_making_of_an_item_cannot_be_moved_later(client: Client) -> None:
    """It is ignored, not refused."""
    before = client.create()["fields"]["System.CreatedDate"]
    answer = client.patch(1, add("System.CreatedDate", LONG_AGO), bypassRules="true")
    assert (answer.status_code, answer.json()["fields"]["System.CreatedDate"]) == (200, before)


def test_a_person_nobody_knows_is_kept_as_a_name(client: Client) -> None:
    fields = made(client, add("System.ChangedBy", "Left Long Ago")).json()["fields"]
    assert fields["System.ChangedBy"]["displayName"] == "Left Long Ago"


@pytest.mark.parametrize("field", ["System.CreatedDate", "System.ChangedBy", "System.CreatedBy", "System.ChangedDate"])
def test_without_bypassing_these_fields_are_read_only(client: Client, field: str) -> None:
    client.create()
    answer = client.patch(1, add(field, LONG_AGO))
    assert (answer.status_code, answer.json()["typeKey"]) == (400, "RuleValidationException")
