"""The configuration is taken as a whole or refused with every fault, each with its path and what to fix."""

import copy
from collections.abc import Mapping

import pytest

from shared import configuration
from shared.configuration import Configuration, FieldMapping, audience_faults, live_faults, owns
from shared.errors import Refused
from shared.model import Team

WITH_API = ["servicenow", "jira", "freshservice", "zendesk"]
KINDS = [*WITH_API, "generic"]


def extend(kind: str, fields: Mapping[str, str]) -> None:
    if "a[" in fields.values():
        raise ValueError("a[ is not a JMESPath expression")


def law(mapping: FieldMapping) -> tuple[tuple[str, str], ...]:
    return (("values.broken", "it breaks the law"),) if "broken" in mapping.values else ()


def parse(document: object) -> Configuration:
    return configuration.parse(
        document, KINDS, extend, WITH_API, hosts=["127.0.0.1"], reserved=["boardbridge-events"], law=law
    )


GOOD = {
    "connections": {
        "contoso": {"kind": "azure_devops", "url": "https://dev.azure.com/contoso", "secret": "azure-devops-pat"},
        "servicenow": {
            "kind": "servicenow",
            "url": "https://contoso.service-now.com",
            "signature": {"header": "X-Signature", "secret": "servicenow-hmac"},
            "fields": {"service": "business_service.display_value"},
            "statuses": {"Awaiting vendor": "in_progress"},
            "priorities": {"P1": 1},
        },
    },
    "teams": [{"project": "Fabrikam", "team": "PMO", "audience": "project"}],
    "routes": [
        {"name": "network", "connections": ["servicenow"], "when": {"team": "Network"}, "project": "Fabrikam",
         "team": "Network", "type": "Bug", "iteration": "current", "parent": 12, "tags": ["itsm"]},
        {"name": "plans", "project": "Fabrikam", "area": "Fabrikam\\PMO", "type": "Task", "audience": "project"},
    ],
    "triage": {"project": "Fabrikam", "area": "Fabrikam\\Triage", "type": "Issue"},
}  # fmt: skip


def changed(path: str, value: object) -> dict:
    """GOOD with the value at a dotted path replaced, or taken out when it is `...`."""
    document = copy.deepcopy(GOOD)
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    place = document
    for part in way:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return document


def faults(document: object) -> dict[str, str]:
    with pytest.raises(Refused) as refused:
        parse(document)
    assert refused.value.status == 400
    return dict(refused.value.faults)


def test_a_good_document_is_taken():
    taken = parse(GOOD)
    assert taken.boards[0] == "contoso"
    assert list(taken.itsm) == ["servicenow"]
    assert taken.routes[0].when == {"team": "Network"}


@pytest.mark.parametrize(
    ("path", "value", "fault_path", "fix"),
    [
        ("triage", ..., "triage", "needed"),
        ("triage/type", ..., "triage.type", "needed"),
        ("triage/colour", "red", "triage.colour", "spelling"),
        ("routes/0/audience", "everyone", "routes[0].audience", "technical"),
        ("routes/1/name", "network", "routes[1].name", "already"),
        ("routes/0/connections", ["remedy"], "routes[0].connections", "no ITSM connection 'remedy': servicenow"),
        ("routes/0/connections", ["contoso"], "routes[0].connections", "no ITSM connection 'contoso'"),
        ("routes/0/team", ..., "routes[0]", "an area or a team"),
        ("routes/1/area", "Tailwind\\Web", "routes[1].area", "not in project 'Fabrikam'"),
        ("routes/0/iteration", "Tailwind\\Sprint 1", "routes[0].iteration", "not in project 'Fabrikam'"),
        ("routes/0/tags", ["a;b"], "routes[0].tags", "cannot be a tag"),
        ("routes/0/parent", 0, "routes[0].parent", "greater than 0"),
        ("routes/0/priorities", {"P1": 5}, "routes[0].priorities.P1", "less than or equal to 4"),
        ("connections/contoso/url", "http://dev.azure.com/contoso", "connections.contoso.url", "https://"),
        ("connections/contoso/secret", ..., "connections.contoso.secret", "Key Vault secret"),
        ("connections/contoso/secret", "x" * 52, "connections.contoso.secret", "looks like a token"),
        ("connections/contoso/secret", "my secret", "connections.contoso.secret", "letters, digits and dashes"),
        ("connections/servicenow/kind", "remedy", "connections.servicenow.kind", "azure_devops, freshservice, generic"),
        ("connections/servicenow/kind", ..., "connections.servicenow.kind", "needed"),
        ("connections/servicenow/fields", {"x": "a["}, "connections.servicenow.fields.x", "JMESPath"),
        ("connections/servicenow/statuses", {"9": "done"}, "connections.servicenow.statuses.9", "in_progress"),
        ("connections/Service Now", {"kind": "servicenow"}, "connections.Service Now", "lower-case"),
        ("connections/servicenow/url", "https://u:pw@x.example", "connections.servicenow.url", "without a user name"),
        ("routes/0/when", {"team": {"name": "x"}}, "routes[0].when.team", "list"),
        ("routes/0/when", {"team": []}, "routes[0].when.team", "at least 1"),
        ("connections/contoso", ..., "connections", "exactly one"),
    ],
)  # fmt: skip
def test_each_fault_names_its_path_and_what_to_fix(path, value, fault_path, fix):
    found = faults(changed(path, value))
    assert fault_path in found, found
    assert fix in found[fault_path]


def test_all_faults_are_listed_at_once():
    document = changed("triage/type", ...)
    document["connections"]["servicenow"]["kind"] = "remedy"
    document["routes"][0]["audience"] = "everyone"
    assert {"triage.type", "connections.servicenow.kind", "routes[0].audience"} <= faults(document).keys()


@pytest.mark.parametrize("document", [None, [], "text", {}, {"connections": []}, {"connections": {"a": None}}])
def test_rubbish_is_refused_not_a_crash(document):
    with pytest.raises(Refused):
        parse(document)


def test_a_connection_named_by_a_number_is_told_to_quote_it():
    document = copy.deepcopy(GOOD)
    document["connections"][12345678901] = {"kind": "servicenow"}
    assert "in quotes" in faults(document)["connections.12345678901"]


def test_local_addresses_may_be_plain_http():
    assert parse(changed("connections/contoso/url", "http://127.0.0.1:7081/contoso"))


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("ftp://contoso.example", "write a full https:// address"),
        ("contoso.example", "write a full https:// address"),
        ("http://localhost.example", "write a full https:// address"),
        ("http://127.0.0.1@contoso.example", "write a full https:// address"),
        ("https://contoso.example/a\nb", "without spaces"),
        ("https://contoso.example/a b", "without spaces"),
        ("https://contoso.example\\x", "without spaces"),
        ("https://\x00contoso.example", "without spaces"),
        ("https://contoso.example/?x=1", "leave out what begins with ? or #"),
        ("https://contoso.example#x", "leave out what begins with ? or #"),
        ("https://user@contoso.example", "without a user name"),
        ("https://[bad", "write the host with"),
        ("https://[::1]", "write the host with"),
        ("https://", "write the host with"),
        ("https:///path", "write the host with"),
        ("https://..", "write the host with"),
        ("https://contoso.example:abc", "from 1 to 65535"),
        ("https://contoso.example:", "from 1 to 65535"),
        ("https://contoso.example:0", "from 1 to 65535"),
        ("https://contoso.example:70000", "from 1 to 65535"),
        ("https://contoso.example:\u0664", "from 1 to 65535"),
        ("https://contoso.example/a/../b", "without . and .."),
        ("https://contoso.example/.", "without . and .."),
        ("https://contoso.example/a/%2E%2e", "without . and .."),
    ],
)
def test_what_is_no_address_is_told_what_to_write(url: str, fix: str) -> None:
    assert fix in faults(changed("connections/servicenow/url", url))["connections.servicenow.url"]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://contoso.example:8443/helpdesk/", "https://contoso.example:8443/helpdesk"),
        ("https://Contoso.example/@contoso/v1.0", "https://Contoso.example/@contoso/v1.0"),
        ("https://contoso.example:65535", "https://contoso.example:65535"),
        ("https://help_desk.example/Störungen", "https://help_desk.example/Störungen"),
        ("http://localhost:7081", "http://localhost:7081"),
    ],
)
def test_an_address_is_taken_without_the_slash_at_its_end(url: str, kept: str) -> None:
    assert parse(changed("connections/servicenow/url", url)).itsm["servicenow"].url == kept


def test_a_managed_identity_needs_no_secret():
    document = changed("connections/contoso/secret", ...)
    document["connections"]["contoso"]["authentication"] = "managed_identity"
    assert parse(document)


NETWORK = Team("Fabrikam", "Network", "Fabrikam\\Network", (("Fabrikam\\Network", True),))
PMO = Team("Fabrikam", "PMO", "Fabrikam\\PMO", (("Fabrikam\\PMO", True),))


@pytest.mark.parametrize(
    ("areas", "area", "owned"),
    [
        ((("F\\Net", True),), "F\\Net", True),
        ((("F\\Net", True),), "f\\net\\Core", True),
        ((("F\\Net", False),), "F\\Net\\Core", False),
        ((("F\\Net", True),), "F\\Network", False),
        ((), "F", False),
    ],
)
def test_a_team_owns_whole_path_segments(areas, area, owned):
    assert owns(Team("F", "t", None, areas), area) is owned


@pytest.mark.parametrize("target", [{"area": "Fabrikam\\Network\\Core"}, {"area": None, "team": "Network"}])
def test_a_project_only_route_into_a_technical_area_is_refused_naming_both(target):
    document = copy.deepcopy(GOOD)
    document["routes"][1].update(target)
    [(path, fix)] = audience_faults(parse(document), {"Fabrikam": [NETWORK, PMO]})
    assert path == "routes[1]"
    assert "'plans'" in fix and "'Network'" in fix


def test_a_project_team_may_own_the_area_of_a_project_only_route():
    assert audience_faults(parse(GOOD), {"Fabrikam": [NETWORK, PMO]}) == []
    unlisted = changed("teams", [])
    assert audience_faults(parse(unlisted), {"Fabrikam": [NETWORK, PMO]})  # teams are technical unless listed


def test_the_organisation_is_asked_for_projects_teams_and_default_areas():
    homeless = Team("Fabrikam", "Network", None, ())
    assert live_faults(parse(GOOD), {"Fabrikam": [NETWORK, PMO]}) == []
    assert {path for path, _ in live_faults(parse(GOOD), {"Fabrikam": None})} == {
        "routes[0].project", "routes[1].project", "triage.project"}  # fmt: skip
    assert "Network" in dict(live_faults(parse(GOOD), {"Fabrikam": [PMO]}))["routes[0].team"]
    assert "no default area" in dict(live_faults(parse(GOOD), {"Fabrikam": [homeless, PMO]}))["routes[0].team"]


# ---------------------------------------------------------------- senders, access, answers

ACCESS = {"user": "boardbridge", "secret": "servicenow-password"}


@pytest.mark.parametrize(
    ("more", "fault_path", "fix"),
    [
        ({"kind": "jira", "access": ACCESS}, "access", "cannot be read back; only those of servicenow"),
        ({"kind": "auto", "access": ACCESS}, "access", "cannot be read back"),
        ({"access": ACCESS, "url": None}, "url", "give the product's address"),
        ({"answers": {}}, "access", "give an account of the product"),
        ({"access": ACCESS, "answers": {"states": {"Done": "6"}}}, "answers.states.Done", "Completed"),
        ({"access": {"secret": "x" * 60}}, "access.secret", "this looks like a token"),
        ({"signature": {"secret": []}}, "signature.secret", "at least 1"),
        ({"signature": {"secret": ["good", "not good"]}}, "signature.secret[1]", "letters, digits and dashes"),
        ({"signature": {"secret": "a", "header": ""}}, "signature.header", "pattern"),
        ({"signature": {"secret": "a", "signed": "{timestamp}"}}, "signature.signed", "with {body} in it"),
        ({"signature": {"secret": "a", "timestamp": "X-Time"}}, "signature.signed", "put {timestamp} into it"),
        ({"token": {"secret": "a"}, "basic": {"user": "b", "secret": "c"}}, "token", "one Authorization header"),
        ({"fields": {"comment:x": "title"}}, "fields.comment:x", "small letters"),
    ],
)
def test_a_connection_that_cannot_work_is_refused_where_it_cannot(more, fault_path, fix):
    connection = {"kind": "servicenow", "url": "https://contoso.service-now.com"} | more
    document = changed("connections/servicenow", {k: v for k, v in connection.items() if v is not None})
    with pytest.raises(Refused) as refused:
        configuration.parse(document, [*KINDS, "auto"], extend, ["servicenow"])
    told = dict(refused.value.faults)
    assert fix in told[f"connections.servicenow.{fault_path}"], told


def test_a_connection_with_everything_is_taken():
    document = changed("connections/servicenow", {
        "kind": "servicenow", "url": "https://contoso.service-now.com",
        "signature": {"secret": ["old", "new"], "timestamp": "X-Time", "signed": "{timestamp}.{body}"},
        "token": {"secret": "t", "header": "X-Token"}, "basic": {"user": "b", "secret": "p"}, "access": ACCESS,
        "answers": {"states": {"Completed": {"status": "6", "more": {"close_code": "Solved"}}, "Removed": ""}},
    })  # fmt: skip
    taken = configuration.parse(document, KINDS, extend, ["servicenow"]).itsm["servicenow"]
    assert taken.signature.secret == ("old", "new")
    assert taken.answers.states["Completed"].more == {"close_code": "Solved"}


@pytest.mark.parametrize(("path", "value"), [("triage/project", ".."), ("triage/type", ""), ("routes/0/team", " ")])
def test_a_name_that_can_be_no_name_is_refused(path, value):
    told = faults(changed(path, value))
    assert any("as it is shown there" in fix for fix in told.values())


def test_the_most_that_any_destination_copies_of_comments_is_known():
    assert parse(GOOD).comments == "public"
    assert parse(changed("routes/0/comments", "all")).comments == "all"


# ---------------------------------------------------------------- pairs

SERVICENOW = {"kind": "servicenow", "url": "https://fabrikam.service-now.com"}
PPM = {"kind": "ppm_express", "url": "https://api-us.ppm.express/@contoso/v1.0", "secret": "ppm-token"}
PAIR = {
    "name": "roadmap",
    "boards": {"projects": "Fabrikam"},
    "ppm": {"connection": "ppm", "project": "p1"},
    "fields": [
        {"name": "title", "boards": "System.Title", "ppm": "Name"},
        {
            "name": "state",
            "boards": "System.State",
            "ppm": "Step",
            "values": {"todo": {"boards": "New", "ppm": "Open"}},
        },
    ],
}


def paired(pair: Mapping = PAIR, *more: Mapping, ppm: Mapping = PPM) -> dict:
    return GOOD | {"connections": {**GOOD["connections"], "ppm": ppm}, "pairs": [pair, *more]}


def test_a_pair_is_taken_with_what_follows_from_nothing_said():
    taken = parse(paired())
    assert list(taken.ppm) == ["ppm"]
    assert "ppm" not in taken.itsm
    pair = taken.pair("roadmap")
    assert pair is not None
    assert pair.boards.projects == ("Fabrikam",)
    assert (pair.fields[0].boards.field, pair.fields[0].direction, pair.fields[0].policy) == (
        "System.Title", "both", "ask")  # fmt: skip
    assert pair.fields[1].values["todo"].boards == ("New",)
    assert taken.pair("nowhere") is None


@pytest.mark.parametrize(
    ("change", "path", "fix"),
    [
        ({"name": "Road Map"}, "name", "lower-case"),
        ({"ppm": {"connection": "contoso", "project": "p1"}}, "ppm.connection", "no PPM connection 'contoso': ppm"),
        ({"boards": {"projects": []}}, "boards.projects", "at least 1"),
        ({"boards": {"projects": ["Fabrikam"], "home": "Other"}}, "boards.home", "Fabrikam"),
        ({"hierarchy": {"policy": "newest"}}, "hierarchy.policy", "boards"),
        ({"limits": {"deletions_share": 2}}, "limits.deletions_share", "less than or equal to 1"),
        ({"zone": "Mars/Olympus"}, "zone", "write one like Europe/Berlin"),
        ({"fields": [PAIR["fields"][0]] * 2}, "fields[1].name", "2 fields are called 'title'"),
        ({"fields": [{"name": "t", "boards": "A"}]}, "fields[0].ppm", "needed"),
        ({"fields": [{**PAIR["fields"][0], "direction": "left"}]}, "fields[0].direction", "both"),
        ({"fields": [{**PAIR["fields"][1], "values": {"broken": {}}}]}, "fields[0].values.broken", "the law"),
        (
            {"fields": [{**PAIR["fields"][1], "values": {"a": {"boards": ["X", "Y"]}, "b": {"boards": "y"}}}]},
            "fields[0].values",
            "boards says 'y' for 2 things",
        ),
    ],
)
def test_each_fault_of_a_pair_names_its_path(change, path, fix):
    found = faults(paired(PAIR | change))
    assert f"pairs[0].{path}" in found, found
    assert fix in found[f"pairs[0].{path}"]


def test_a_value_map_that_is_switched_off_may_be_broken():
    off = {**PAIR["fields"][1], "values": {"broken": {}}, "active": False}
    assert parse(paired(PAIR | {"fields": [off]}))


def test_two_pairs_share_neither_name_nor_ppm_project():
    found = faults(paired(PAIR, PAIR))
    assert found.keys() == {f"pairs[{n}].{what}" for n in (0, 1) for what in ("name", "ppm.project")}


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.7/@contoso",
        "https://169.254.169.254/metadata",
        "https://ppm.express.evil.example/v1.0",
        "https://evil.example\\.visualstudio.com",
        "https://evil.example?.visualstudio.com",
        "https://localhost/v1.0",
        "http://api-us.ppm.express/@contoso/v1.0",
        "https://user@api-us.ppm.express/v1.0",
    ],
)
def test_boards_and_ppm_tools_are_at_known_hosts_only(url):
    assert "connections.ppm.url" in faults(paired(ppm=PPM | {"url": url}))
    assert "connections.contoso.url" in faults(changed("connections/contoso/url", url))


@pytest.mark.parametrize(
    "url", ["https://dev.azure.com/contoso", "https://contoso.visualstudio.com", "http://127.0.0.1:7/x"]
)
def test_known_hosts_are_taken_however_they_are_written(url):
    assert parse(changed("connections/contoso/url", url))


INTERNAL = [
    "https://10.0.0.7",
    "https://169.254.169.254/metadata/identity",
    "https://2852039166",  # 169.254.169.254 as one number
    "https://0xa9fea9fe",
    "https://0251.0376.0251.0376",
    "https://[::1]",
    "https://[::ffff:169.254.169.254]",
    "https://localhost.",
    "https://LOCALHOST",
    "https://dev.azure.com.",
    "https://dev.azure.com.evil.example",
    "https://dev.azure.com@10.0.0.7",
    "https://dev.azure.com:x@10.0.0.7",
    "https://dev.azure.com\\@10.0.0.7",
    "https://10.0.0.7#.visualstudio.com",
    "https://10.0.0.7?.visualstudio.com",
    "https://10.0.0.7\\.visualstudio.com",
    "https://visualstudio.com",
    "https://evilvisualstudio.com",
    "https://xn--dev-azure-com.example",
    "https://dev\u3002azure.com.evil.example",
    "https://\u24d3ev.azure.com",  # a letter that some normalise
    "//dev.azure.com",
    "file:///etc/passwd",
    "http://169.254.169.254",
]


@pytest.mark.parametrize("url", INTERNAL)
def test_nothing_is_asked_of_an_address_that_is_not_a_known_one(url):
    access = {"kind": "servicenow", "url": url, "access": {"user": "bridge", "secret": "password"}}
    assert "connections.ppm.url" in faults(paired(ppm=PPM | {"url": url}))
    assert "connections.contoso.url" in faults(changed("connections/contoso/url", url))
    assert "connections.servicenow.url" in faults(changed("connections/servicenow", access))


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("servicenow", "https://contoso.service-now.com"),
        ("jira", "https://contoso.atlassian.net"),
        ("freshservice", "https://contoso.freshservice.com"),
        ("zendesk", "https://contoso.zendesk.com"),
    ],
)
def test_products_that_are_asked_are_at_their_vendors_or_where_a_deployment_says(kind, url):
    access = {"kind": kind, "access": {"user": "bridge", "secret": "password"}}
    assert parse(changed("connections/servicenow", access | {"url": url}))
    for elsewhere in (url + ".contoso.example", "https://dev.azure.com/contoso"):
        document = changed("connections/servicenow", access | {"url": elsewhere})
        assert "ALLOWED_HOSTS" in faults(document)["connections.servicenow.url"]
    only_links = {"kind": kind, "url": "https://tickets.intranet.example"}
    assert parse(changed("connections/servicenow", only_links))


def test_a_deployment_adds_hosts():
    document = paired(ppm={"kind": "redmine", "url": "https://redmine.contoso.example", "secret": "key"})
    assert "connections.ppm.url" in faults(document)
    assert configuration.parse(document, KINDS, extend, hosts=["*.Contoso.example"])


# ---------------------------------------------------------------- one secret, one account


@pytest.mark.parametrize(
    ("connection", "path"),
    [
        (PPM | {"secret": "azure-devops-pat"}, "secret"),
        (PPM | {"secret": "Azure-DevOps-PAT"}, "secret"),  # Key Vault does not tell case apart
        (PPM | {"secret": "servicenow-hmac"}, "secret"),  # of the pushes of another
        (SERVICENOW | {"access": {"secret": "azure-devops-pat"}}, "access.secret"),
        (SERVICENOW | {"signature": {"secret": ["own", "azure-devops-pat"]}}, "signature.secret"),
        (SERVICENOW | {"token": {"secret": "azure-devops-pat"}}, "token.secret"),
        (SERVICENOW | {"basic": {"user": "u", "secret": "azure-devops-pat"}}, "basic.secret"),
    ],
)
def test_the_secret_of_an_account_is_named_by_nothing_else(connection, path):
    assert "name one of its own" in faults(changed("connections/other", connection))[f"connections.other.{path}"]


def test_both_that_name_one_secret_are_told():
    found = faults(changed("connections/other", PPM | {"secret": "azure-devops-pat"}))
    assert found.keys() == {"connections.other.secret", "connections.contoso.secret"}
    assert "'contoso'" in found["connections.other.secret"]


def test_one_account_may_serve_many_connections_to_one_product():
    document = changed("connections/first", PPM)
    document["connections"]["second"] = PPM | {"url": "https://api-us.ppm.express/@fabrikam/v1.0"}
    assert parse(document)


def test_pushes_may_be_signed_with_the_secret_of_another_s_and_of_the_own_account():
    shared = {"kind": "generic", "signature": {"header": "X-Signature", "secret": "servicenow-hmac"}}
    assert parse(changed("connections/other", shared))
    own = {"basic": {"user": "u", "secret": "password"}, "access": {"user": "u", "secret": "password"}}
    assert parse(changed("connections/other", SERVICENOW | own))


@pytest.mark.parametrize(
    ("connection", "path"),
    [
        (PPM | {"secret": "boardbridge-events"}, "secret"),
        (SERVICENOW | {"access": {"secret": "boardbridge-events"}}, "access.secret"),
        (SERVICENOW | {"signature": {"secret": "Boardbridge-Events"}}, "signature.secret"),
    ],
)
def test_the_secret_of_our_own_webhooks_is_nobody_s(connection, path):
    found = faults(changed("connections/other", connection))
    assert "our own webhooks" in found[f"connections.other.{path}"]
