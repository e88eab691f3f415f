"""What is peculiar to ServiceNow: requests as they are sent, tables of classes, journals, and its ways to refuse."""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from infra.local.products.servicenow import ServiceNow
from shared.connectors.servicenow.api import ServiceNowItsm
from shared.errors import Park
from shared.model import TicketAddress
from shared.tickets.mapping import Sender, the_ticket
from shared.tickets.preset import preset
from tests.connectors.canned import Canned, answer
from tests.connectors.clock import VirtualClock
from tests.connectors.itsm_contracts import MARK, URL, KeptSecrets

ID = "9d385017c611228701d22104cc95c371"


@pytest.fixture
def product(clock: VirtualClock) -> Iterator[ServiceNow]:
    with ServiceNow(clock=clock) as product:
        yield product


@pytest.fixture
def itsm(product: ServiceNow, clock: VirtualClock) -> Iterator[ServiceNowItsm]:
    secrets = KeptSecrets(snow=product.secret)
    itsm = ServiceNowItsm(product.url, secrets, "snow", product.user, connection="snow", clock=clock)
    yield itsm
    itsm.close()


def canned(network: Canned, clock: VirtualClock, user: str | None = "bridge") -> ServiceNowItsm:
    secrets = KeptSecrets(snow="s3cret")
    return ServiceNowItsm(
        "https://acme.service-now.com/", secrets, "snow", user, connection="snow", clock=clock, adapter=network
    )


def asked(network: Canned) -> list[tuple[str, str, dict[str, str]]]:
    """Method, path and parameters of each request."""
    return [
        (
            request.method,
            urlsplit(request.url).path,
            {name: v for name, (v,) in parse_qs(urlsplit(request.url).query).items()},
        )
        for request in network.requests
    ]


# ---------------------------------------------------------------- requests


def test_a_ticket_is_read_from_the_table_of_its_class_with_labels_and_values(clock: VirtualClock) -> None:
    record = {"sys_id": {"display_value": ID, "value": ID}, "work_notes": {"display_value": "all of it", "value": ""}}
    network = Canned(answer(200, {"result": record}))
    document = canned(network, clock).read(TicketAddress(ID, "problem"), comments=False)
    assert document == {"result": {"sys_id": {"display_value": ID, "value": ID}}}
    assert asked(network) == [
        (
            "GET",
            f"/api/now/table/problem/{ID}",
            {"sysparm_display_value": "all", "sysparm_exclude_reference_link": "true"},
        )
    ]
    assert network.requests[0].headers["Authorization"] == "Basic YnJpZGdlOnMzY3JldA=="


def test_a_token_without_a_user_is_a_bearer_token(clock: VirtualClock) -> None:
    network = Canned(answer(200, {"result": []}))
    canned(network, clock, user=None).check()
    assert network.requests[0].headers["Authorization"] == "Bearer s3cret"


def test_changes_are_asked_for_in_utc_by_class_and_in_order(clock: VirtualClock) -> None:
    network = Canned(answer(200, {"result": []}, {"X-Total-Count": "0"}))
    since = datetime.fromisoformat("2026-05-04T13:30:59.9+02:00")
    assert list(canned(network, clock).changed_since(since, comments=True)) == []
    ((_, path, parameters),) = asked(network)
    assert path == "/api/now/table/task"
    assert parameters["sysparm_query"] == (
        "sys_class_nameINincident,problem,problem_task,change_request,change_task,sc_request,sc_req_item,sc_task"
        "^sys_updated_on>=2026-05-04 11:30:59^ORDERBYsys_updated_on^ORDERBYsys_id"
    )


@pytest.mark.parametrize(("public", "field"), [(True, "comments"), (False, "work_notes")])
def test_a_comment_is_written_to_the_journal_of_its_audience(clock: VirtualClock, public: bool, field: str) -> None:
    network = Canned(answer(200, {"result": {"sys_id": ID}}))
    canned(network, clock).comment(TicketAddress(ID, "incident"), "New fuse", public=public)
    assert asked(network) == [("PATCH", f"/api/now/table/incident/{ID}", {"sysparm_fields": "sys_id"})]
    assert network.bodies == [{field: "New fuse"}]


@pytest.mark.parametrize("kind", ["", "sys_user", "../sys_user", "u_our_own_task"])
def test_a_kind_that_is_no_table_of_tickets_is_looked_up(clock: VirtualClock, kind: str) -> None:
    network = Canned(
        answer(200, {"result": {"sys_class_name": "u_our_own_task"}}), answer(200, {"result": {"sys_id": ID}})
    )
    canned(network, clock).comment(TicketAddress(ID, kind), "x", public=False)
    assert [path for _, path, _ in asked(network)] == [
        f"/api/now/table/task/{ID}",
        f"/api/now/table/u_our_own_task/{ID}",
    ]


def test_text_between_code_marks_is_not_shown_as_html(product: ServiceNow, itsm: ServiceNowItsm) -> None:
    id = product.create_ticket("Printer on fire")
    itsm.comment(TicketAddress(id), "see [code]<img>[/CODE] [codes]", public=True)
    assert product.comments(id)[-1].text == "see [ code]<img>[ /CODE] [codes]"


# ---------------------------------------------------------------- what is read


def test_times_are_those_in_utc_and_names_those_displayed(
    product: ServiceNow, itsm: ServiceNowItsm, clock: VirtualClock
) -> None:
    id = product.create_ticket("Printer on fire", assignment_group="Hardware", caller_id="Ann Other")
    for address in (TicketAddress(id, "incident"), TicketAddress(id)):
        push = the_ticket(itsm.read(address, comments=False), preset("servicenow"), Sender({}, clock(), "hash"))
        assert push.changed_at == clock()
        assert (push.fields["team"], push.fields["requester"]) == ("Hardware", "Ann Other")


def test_changed_tickets_of_all_classes_have_the_fields_of_their_class(
    product: ServiceNow, itsm: ServiceNowItsm, clock: VirtualClock
) -> None:
    kinds = ("sc_task", "incident", "change_request", "incident")
    ids = []
    for kind in kinds:
        ids.append(product.create_ticket(kind, sys_class_name=kind))
        clock.pass_by(1)
    product.create_ticket("Not for everyone", sys_class_name="sn_si_incident")
    changed = [document["result"] for document in itsm.changed_since(VirtualClock()(), comments=False)]
    assert [record["sys_id"]["value"] for record in changed] == ids
    assert ["caller_id" in record for record in changed] == [False, True, False, True]
    assert ["risk" in record for record in changed] == [False, False, True, False]


def test_records_that_the_account_may_not_see_end_no_list(
    product: ServiceNow, itsm: ServiceNowItsm, clock: VirtualClock
) -> None:
    since = clock()
    product.hidden = {product.create_ticket(f"Secret {n}") for n in range(250)}
    clock.pass_by(1)
    id = product.create_ticket("Printer on fire")
    (changed,) = itsm.changed_since(since, comments=True)
    assert changed["result"]["sys_id"]["value"] == id


def test_a_record_that_goes_while_it_is_read_is_left_out(clock: VirtualClock) -> None:
    change = {"sys_id": ID, "sys_class_name": "incident", "sys_updated_on": "2026-05-04 12:00:00"}
    network = Canned(answer(200, {"result": [change]}, {"X-Total-Count": "1"}), answer(200, {"result": []}))
    assert list(canned(network, clock).changed_since(clock(), comments=False)) == []


def test_what_is_no_comment_is_left_out_of_the_journal(product: ServiceNow, itsm: ServiceNowItsm) -> None:
    id = product.create_ticket("Printer on fire")
    product.update(id, approval_history=f"Approved {MARK}")
    assert itsm.read(TicketAddress(id), comments=True)["comments_list"] == []
    assert not itsm.has_comment(TicketAddress(id), MARK)


def test_a_mark_is_told_from_one_in_other_letters(product: ServiceNow, itsm: ServiceNowItsm) -> None:
    id = product.create_ticket("Printer on fire")
    itsm.comment(TicketAddress(id), MARK.upper(), public=False)
    assert not itsm.has_comment(TicketAddress(id), MARK)


def test_pages_without_a_count_are_read_until_one_is_short(clock: VirtualClock) -> None:
    def entries(count: int) -> list[dict[str, str]]:
        return [{"sys_id": str(n), "element_id": ID} for n in range(count)]

    record = {"sys_id": {"display_value": ID, "value": ID}}
    network = Canned(*(answer(200, {"result": found}) for found in (record, entries(1000), entries(1))))
    document = canned(network, clock).read(TicketAddress(ID, "incident"), comments=True)
    assert len(document["comments_list"]) == 1001
    assert [parameters["sysparm_offset"] for _, _, parameters in asked(network)[1:]] == ["0", "1000"]


def test_a_page_of_changes_takes_one_more_call_for_all_its_comments(
    product: ServiceNow, itsm: ServiceNowItsm, clock: VirtualClock
) -> None:
    since = clock()
    for n in range(40):
        product.comment(product.create_ticket(f"Ticket {n}"), f"Note {n}", public=False)
    changed = list(itsm.changed_since(since, comments=True))
    notes = {document["result"]["short_description"]["value"]: document["comments_list"] for document in changed}
    assert all([entry["value"] for entry in notes[f"Ticket {n}"]] == [f"Note {n}"] for n in range(40))
    assert product.asked() == 3


# ---------------------------------------------------------------- introduce


def test_an_introduction_is_one_write(product: ServiceNow, itsm: ServiceNowItsm) -> None:
    id = product.create_ticket("Printer on fire")
    itsm.introduce(TicketAddress(id, "incident"), 4711, URL)
    assert product.asked("PATCH") == 1
    ticket = product.ticket(id)
    assert (ticket["correlation_id"], ticket["correlation_display"]) == ("azure-devops:4711", "Azure DevOps")


def test_a_work_item_made_anew_is_introduced_in_place_of_the_old(product: ServiceNow, itsm: ServiceNowItsm) -> None:
    id = product.create_ticket("Printer on fire", correlation_id="azure-devops:471")
    itsm.introduce(TicketAddress(id), 4711, URL)
    assert product.ticket(id)["correlation_id"] == "azure-devops:4711"
    assert len(product.comments(id)) == 1


def test_the_correlation_of_another_integration_stays(product: ServiceNow, itsm: ServiceNowItsm) -> None:
    id = product.create_ticket("Printer on fire", correlation_id="monitoring-17", correlation_display="Monitoring")
    for _ in range(2):
        itsm.introduce(TicketAddress(id), 4711, URL)
    ticket = product.ticket(id)
    assert (ticket["correlation_id"], ticket["correlation_display"]) == ("monitoring-17", "Monitoring")
    assert [URL in remark.text and not remark.public for remark in product.comments(id)] == [True]


def test_an_account_that_may_not_correlate_writes_its_note_once(product: ServiceNow, itsm: ServiceNowItsm) -> None:
    id = product.create_ticket("Printer on fire")
    product.read_only = {"correlation_id", "correlation_display"}
    for _ in range(2):
        itsm.introduce(TicketAddress(id), 4711, URL)
    assert len(product.comments(id)) == 1


# ---------------------------------------------------------------- status


def test_a_status_that_is_there_already_is_not_written(product: ServiceNow, itsm: ServiceNowItsm) -> None:
    id = product.create_ticket("Printer on fire", state="2")
    itsm.set_status(TicketAddress(id), "2", {})
    assert product.asked("PATCH") == 0


def test_a_refused_status_is_parked_with_the_words_of_the_instance(product: ServiceNow, itsm: ServiceNowItsm) -> None:
    id = product.create_ticket("Printer on fire")
    with pytest.raises(Park, match="Resolution code, Resolution notes are mandatory"):
        itsm.set_status(TicketAddress(id), "6", {"close_code": "Solved (Permanently)"})
    assert product.ticket(id)["state"] == "1"


def test_a_status_that_is_ignored_in_silence_is_parked(product: ServiceNow, itsm: ServiceNowItsm) -> None:
    id = product.create_ticket("Printer on fire")
    product.read_only = {"state"}
    with pytest.raises(Park, match="left the state at 1"):
        itsm.set_status(TicketAddress(id), "2", {})


def test_an_unknown_table_is_parked_with_the_words_of_the_instance(clock: VirtualClock) -> None:
    refused = {"error": {"message": "Invalid table task", "detail": None}, "status": "failure"}
    with pytest.raises(Park, match="ServiceNow: Invalid table task"):
        canned(Canned(answer(400, refused)), clock).check()
