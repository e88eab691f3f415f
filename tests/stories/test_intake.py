"""What an ITSM product is answered, and that a 2xx means stored."""

import json
from uuid import uuid4

import pytest

from infra.local.clients import wait_for
from tests.stories.conftest import SIGNING_SECRET


def ticket(**more) -> dict:
    return {"id": uuid4().hex, "title": "VPN down", "team": "Network", "status": "open", "version": 1, **more}


def test_a_push_is_answered_202_with_a_status_address_and_so_is_its_repeat(product):
    body = ticket()
    first, again = product.push("generic", body), product.push("generic", body)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.headers["location"] == again.headers["location"] == first.json()["status_url"]
    assert product.settled(first.json()["status_url"], "synced")["version_applied"] == "1"


@pytest.mark.parametrize(
    ("connection", "body", "headers", "status", "says"),
    [
        ("generic", b'{"id": ', {}, 400, "line 1, column 8"),
        ("generic", b'{"id": "\xff"}', {}, 400, "not UTF-8"),
        ("generic", b"\x1f\x8b\x08", {"Content_Encoding": "gzip"}, 415, "not as gzip"),
        ("generic", b"<ticket/>", {"Content_Type": "application/xml"}, 415, "application/json"),
        ("nowhere", b"{}", {}, 404, "servicenow"),
        ("contoso", b"{}", {}, 404, "no ITSM connection 'contoso'"),
        ("generic", b'{"title": "no id"}', {}, 422, "quarantine"),
        ("servicenow", b'{"result": {}}', {}, 422, "quarantine"),
        ("generic", b'"just a text"', {}, 422, "quarantine"),
        ("generic", b'[{"title": "one"}, {"title": "other"}]', {}, 422, "ticket 2 of 2"),
        ("generic", b'{"id": "1", "body": "a "quoted" word"}', {}, 400, "quarantine"),
        ("rt", b"{}", {}, 401, "is missing"),
        ("rt", b"{}", {"X_Hub_Signature": "sha256=00"}, 401, "does not fit"),
        ("generic", b'{"id": "1", "body": "' + b"x" * 600_000 + b'"}', {}, 413, "512 KiB"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_answered_with_what_is_wrong(product, connection, body, headers, status, says):
    answer = product.push(connection, body, **headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert says in answer.json()["detail"]


def test_a_body_without_a_ticket_is_kept_with_what_was_looked_for(product):
    mark = uuid4().hex
    answer = product.push("generic", {"subject": mark})
    kept = next(q for q in product.get("quarantine").json()["quarantine"] if mark in q["body"])
    assert kept["id"] in answer.json()["detail"]
    assert kept["connection"] == "generic"
    assert kept["looked_for"] == answer.json()["faults"]


def test_tickets_of_one_body_have_fates_of_their_own(product):
    body = [ticket(), {"title": "no id"}, ticket(title="other")]
    answer = product.push("generic", body)
    assert (answer.status_code, "location" in answer.headers) == (202, False)
    one, other, broken = answer.json()["tickets"]
    assert [product.settled(told["status_url"], "synced")["title"] for told in (one, other)] == ["VPN down", "other"]
    assert broken["result"] == "quarantined"
    assert broken["reason"].startswith("ticket 2 of 3: no generic ticket in this body: looked at `id`")
    repeated = product.push("generic", body).json()["tickets"]
    assert [told.get("ticket") for told in repeated] == [body[0]["id"], body[2]["id"], None]


def test_json_is_taken_however_it_is_called_and_whatever_stands_before_it(product):
    body = b"\xef\xbb\xbf" + json.dumps(ticket()).encode()
    assert product.push("generic", body, Content_Type="text/plain").status_code == 202


def test_a_good_signature_opens_also_after_the_secret_was_rotated(cloud, product):
    ticket = {"id": uuid4().int % 10**9, "subject": "x", "status": "new"}
    body = {"transaction_id": 5, "event": "Create", "ticket": ticket}
    assert product.push("rt", body, secret=SIGNING_SECRET).status_code == 202
    cloud.key_vault.rotate("signing-secret", "n3w")
    try:
        # The vault is asked again at once for a signature that does not fit, but at most every few seconds.
        wait_for(lambda: product.push("rt", body, secret="n3w").status_code, lambda status: status == 202, "taken")
        assert product.push("rt", body, secret=SIGNING_SECRET).status_code == 401
    finally:
        cloud.key_vault.rotate("signing-secret", SIGNING_SECRET)
        status = lambda: product.push("rt", body, secret=SIGNING_SECRET).status_code  # noqa: E731
        wait_for(status, lambda status: status == 202, "the old secret taken again")


@pytest.mark.parametrize("id", ["INC/1 #?ü |", "a\\b", "q%2Fb", "q/b", "50%20off", "..", "line\u2028break"])
def test_ids_with_any_character_are_found_again(product, id):
    id += uuid4().hex[:6] if id != ".." else ""
    status = product.push("generic", ticket(id=id)).json()["status_url"]
    assert product.settled(status, "synced")["ticket"] == id


def test_slashes_in_an_id_may_be_encoded_in_its_address(product):
    product.push("generic", ticket(id="INC/7/8"))
    assert product.get("tickets/generic/INC%2F7%2f8").json()["ticket"] == "INC/7/8"


def test_a_ticket_that_never_came_is_not_found(product):
    answer = product.get("tickets/generic/never")
    assert (answer.status_code, answer.json()["detail"]) == (404, "no ticket 'never' has come from 'generic'")


def test_explain_shows_the_work_item_that_is_then_written(product, board):
    body = ticket(title="Explain me", priority="high", body="<p>a<script>b</script></p>", url="https://x.example/1")
    told = product.explain("generic", json.dumps(body).encode()).json()
    assert told["route"] == "network"
    assert told["why"] == "team is 'Network'"
    why = "the ticket says nothing of kind, which must be 'project_task'"
    assert told["passed_over"] == [{"route": "office", "why": why}]
    settled = product.settled(product.push("generic", body).json()["status_url"], "synced")
    written = board.work_item(settled["work_item"]["id"])
    assert {name: written["fields"][name] for name in told["work_item"]["fields"]} == told["work_item"]["fields"]
    links = [(r["url"], r["attributes"]["comment"]) for r in written["relations"] if r["rel"] == "Hyperlink"]
    assert sorted(links) == sorted((link["url"], link["comment"]) for link in told["work_item"]["hyperlinks"])


def test_explain_takes_the_connection_in_the_body_too(product):
    envelope = {"connection": "generic", "body": ticket()}
    answer = product._session.post(f"{product.url}/api/routes/explain", json=envelope, timeout=10)
    assert answer.json()["route"] == "network"
    assert product.explain("", b"{}").status_code == 404
    assert product._session.post(f"{product.url}/api/routes/explain", json=ticket(), timeout=10).status_code == 400
