"""Routes are tried in order; each one passed over says why."""

import pytest

from shared.configuration import parse
from shared.tickets.routing import decide

BASE = {
    "connections": {
        "contoso": {"kind": "azure_devops", "url": "https://dev.azure.com/contoso", "secret": "pat"},
        "servicenow": {"kind": "servicenow"},
        "jira": {"kind": "jira"},
    },
    "triage": {"project": "Fabrikam", "area": "Fabrikam\\Triage", "type": "Issue", "tags": ["unrouted"]},
}


def route(name="r", **given):
    return {"name": name, "project": "Fabrikam", "team": "Network", "type": "Bug", **given}


def decision(fields, *routes, connection="servicenow"):
    return decide(
        fields, connection, parse({**BASE, "routes": list(routes)}, ["servicenow", "jira"], lambda kind, fields: None)
    )


@pytest.mark.parametrize(
    ("when", "fields", "matches"),
    [
        ({}, {}, True),
        ({"team": "Network"}, {"team": "Network"}, True),
        ({"team": "network"}, {"team": " NETWORK "}, True),
        ({"team": "Network"}, {"team": "Networks"}, False),
        ({"team": "Net*"}, {"team": "Networks"}, True),
        ({"team": "[EU] Net*"}, {"team": "[EU] Network"}, True),
        ({"team": "[EU] Net*"}, {"team": "E Network"}, False),
        ({"team": ["Web", "Network"]}, {"team": "Network"}, True),
        ({"team": "Network"}, {}, False),
        ({"team": ""}, {"team": ""}, True),
        ({"team": "*"}, {"team": ""}, True),
        ({"labels": "urgent"}, {"labels": "vip; urgent"}, True),
        ({"labels": "urgent"}, {"labels": "not urgent"}, False),
        ({"team": "Network", "kind": "incident"}, {"team": "Network", "kind": "problem"}, False),
        ({"priority": 1}, {"priority": "1"}, True),
    ],
)
def test_conditions(when, fields, matches):
    assert (decision(fields, route(when=when)).route == "r") is matches


def test_the_first_route_that_matches_decides():
    assert decision({"team": "a"}, route("one", when={"team": "b"}), route("two"), route("three")).route == "two"


def test_every_route_passed_over_says_why():
    result = decision(
        {"team": "Payroll"},
        route("jira only", connections=["jira"]),
        route("network", when={"team": ["Network", "Web"]}),
        route("by kind", when={"kind": "incident"}),
    )
    assert result.route == "triage"
    assert result.why == "none of 3 routes matched"
    assert result.passed_over == (
        ("jira only", "it takes tickets from 'jira', not from 'servicenow'"),
        ("network", "team is 'Payroll', not 'Network' or 'Web'"),
        ("by kind", "the ticket says nothing of kind, which must be 'incident'"),
    )


def test_a_match_says_why():
    assert decision({"team": "Network"}, route(when={"team": "net*"})).why == "team is 'Network'"
    assert decision({}, route()).why == "it takes every ticket"
    assert decision({}, route(connections=["servicenow"])).why == "it takes every ticket from 'servicenow'"


def test_without_routes_everything_goes_to_triage():
    result = decision({})
    assert (result.route, result.why, result.destination.area) == ("triage", "there are no routes", "Fabrikam\\Triage")
