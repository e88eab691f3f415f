"""Azure DevOps as a side against the simulated organisation: the contract, and what only this side has."""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from infra.local.azure_devops.running import RunningSimulator
from shared.connectors.azure_devops import translate
from shared.connectors.azure_devops.batching import SharedCalls
from shared.connectors.azure_devops.side import AzureDevOpsSide, Organisation
from shared.connectors.http import Credential
from shared.errors import InDoubt, NotFound, Park, Stale
from shared.model import FieldType, Item, ItemChange, ItemDraft, Move, StateCategory
from tests.connectors.side_contract import MARKER, Facts, SideContract, news, read

TITLE, STATE, TAGS, BODY = "System.Title", "System.State", "System.Tags", "System.Description"
ASSIGNED, AREA, ITERATION = "System.AssignedTo", "System.AreaPath", "System.IterationPath"
PRIORITY = "Microsoft.VSTS.Common.Priority"
POINTS = "Microsoft.VSTS.Scheduling.StoryPoints"
TARGET = "Microsoft.VSTS.Scheduling.TargetDate"
JAMAL, NORMAN = "fabrikamfiber4@hotmail.com", "fabrikamfiber16@hotmail.com"
JSON_PATCH = "application/json-patch+json"

FACTS = Facts(
    project="Fabrikam",
    kind="User Story",
    title=TITLE,
    body=BODY,
    values={
        STATE: ("New", "Active"),
        TAGS: (["itsm", "printer"], ["printer", "quiet"]),
        PRIORITY: (1, 3),
        POINTS: (2, 3.5),
        ASSIGNED: (JAMAL, NORMAN),
        AREA: ("Fabrikam\\Network", "Fabrikam\\Service Desk"),
    },
    types={
        BODY: FieldType.RICH_TEXT,
        STATE: FieldType.STATE,
        TAGS: FieldType.TAGS,
        PRIORITY: FieldType.NUMBER,
        POINTS: FieldType.NUMBER,
        ASSIGNED: FieldType.IDENTITY,
        AREA: FieldType.PICKLIST,
    },
)


def now() -> datetime:
    return datetime.now(UTC)


class Token:
    remedy = "Renew it."

    def credential(self) -> Credential:
        return Credential("Basic " + b64encode(b":local-pat").decode(), "local-pat")

    def renewed(self, refused: Credential) -> Credential | None:
        return None


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with RunningSimulator() as running:
        yield running


@pytest.fixture
def organisation(simulator: RunningSimulator) -> Iterator[Organisation]:
    simulator.control.reset()
    organisation = Organisation(simulator.url, Token(), connection="boards", clock=now)
    yield organisation
    organisation.close()


@pytest.fixture
def side(organisation: Organisation) -> AzureDevOpsSide:
    return AzureDevOpsSide(organisation, ["Fabrikam"])


@pytest.fixture
def people(simulator: RunningSimulator, side: AzureDevOpsSide) -> "SimulatedPeople":
    return SimulatedPeople(simulator)


class SimulatedPeople:
    """Jamal Hartnett, by calls of his own."""

    def __init__(self, simulator: RunningSimulator) -> None:
        self._url = simulator.url

    def create(self, title: str, project: str = "Fabrikam", kind: str = "User Story", links: Any = ()) -> str:
        operations = [_add(TITLE, title), *({"op": "add", "path": "/relations/-", "value": link} for link in links)]
        return str(self._patch("POST", f"{project}/_apis/wit/workitems/${kind}", operations)["id"])

    def edit(self, id: str, fields: Mapping[str, Any]) -> None:
        self._patch("PATCH", f"_apis/wit/workitems/{id}", [_add(name, value) for name, value in fields.items()])

    def move(self, id: str, parent: str | None) -> None:
        relations = self._call("GET", f"_apis/wit/workitems/{id}?$expand=relations").get("relations", [])
        old = [n for n, relation in enumerate(relations) if relation["rel"].endswith("Hierarchy-Reverse")]
        url = f"{self._url}/_apis/wit/workItems/{parent}"
        link = {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": url}
        new = [{"op": "add", "path": "/relations/-", "value": link}] if parent else []
        operations = [*({"op": "remove", "path": f"/relations/{n}"} for n in old), *new]
        self._call("PATCH", f"_apis/wit/workitems/{id}", operations, JSON_PATCH)

    def delete(self, id: str) -> None:
        self._call("DELETE", f"_apis/wit/workitems/{id}")

    def destroy(self, id: str) -> None:
        self._call("DELETE", f"_apis/wit/workitems/{id}?destroy=true")

    def restore(self, id: str) -> None:
        self._call("PATCH", f"_apis/wit/recyclebin/{id}", {"isDeleted": False})

    def _patch(self, method: str, path: str, operations: list[Any]) -> Any:
        by = _add("System.ChangedBy", JAMAL)
        return self._call(method, f"{path}?bypassRules=true", [*operations, by], JSON_PATCH)

    def _call(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        answer = requests.request(
            method,
            f"{self._url}/{path}",
            params={"api-version": "7.1"},
            json=body,
            headers={"Content-Type": content_type},
            auth=("", "local-pat"),
            timeout=5,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None


def _add(name: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": f"/fields/{name}", "value": value}


class TestAzureDevOpsSide(SideContract):
    many = 205

    @pytest.fixture
    def side(self, side: AzureDevOpsSide) -> AzureDevOpsSide:
        return side

    @pytest.fixture
    def people(self, people: SimulatedPeople) -> SimulatedPeople:
        return people

    @pytest.fixture
    def facts(self) -> Facts:
        return FACTS


def make(side: AzureDevOpsSide, title: str = "Calm printers", parent: str | None = None, **fields: Any) -> Item:
    return side.create(ItemDraft("Fabrikam", "User Story", {TITLE: title, **fields}, MARKER, parent), FACTS.keys)


def calls(simulator: RunningSimulator, *, of: str) -> int:
    return simulator.control.counts().get(of, 0)


# ---------------------------------------------------------------- fields


def test_fields_say_what_they_may_hold(side: AzureDevOpsSide) -> None:
    fields = side.fields()
    assert {"New", "Active", "Resolved", "Closed"} <= set(fields[STATE].choices)
    assert next(iter(fields[STATE].categories)) == "Closed", "a state that every type has comes first"
    assert fields[STATE].categories["Resolved"] is StateCategory.IN_PROGRESS, "as most types have it; bugs do not"
    assert fields[PRIORITY].choices == ("1", "2", "3", "4")
    assert "Fabrikam\\Network" in fields[AREA].choices
    assert fields[ITERATION].choices[0] == "Fabrikam"
    risk = fields["Microsoft.VSTS.Common.Risk"]
    assert (risk.type, risk.choices) == (FieldType.PICKLIST, ("1 - High", "2 - Medium", "3 - Low"))
    assert fields[ASSIGNED].choices == ()
    assert fields["System.CreatedDate"].read_only
    assert (fields[TARGET].type, fields[TARGET].label) == (FieldType.DATE, "Target Date")
    assert fields["Microsoft.VSTS.Scheduling.RemainingWork"].type is FieldType.DURATION
    assert "System.History" not in fields
    assert "Microsoft.VSTS.CMMI.TaskType" not in fields, "no type of Fabrikam has it"


def test_a_side_of_several_projects_has_the_fields_of_all(organisation: Organisation) -> None:
    fields = AzureDevOpsSide(organisation, ["Fabrikam", "Tailwind"]).fields()
    assert {"Active", "Committed"} <= set(fields[STATE].choices)
    assert {"Fabrikam\\Network", "Tailwind\\Web"} <= set(fields[AREA].choices)
    assert {fields[STATE].categories[name] for name in ("Active", "Committed")} == {StateCategory.IN_PROGRESS}
    assert {POINTS, "Microsoft.VSTS.Scheduling.Effort"} <= set(fields)


def test_fields_are_asked_for_once_a_minute(simulator: RunningSimulator, side: AzureDevOpsSide) -> None:
    first = side.fields()
    simulator.control.forget_requests()
    assert side.fields() == first
    assert simulator.control.counts() == {}


# ---------------------------------------------------------------- values


@pytest.mark.parametrize("given", [["b", "c"], "b; c", "b;c", ["c", "b"]])
def test_tags_become_what_is_given(side: AzureDevOpsSide, given: Any) -> None:
    item = make(side, **{TAGS: ["a", "b"]})
    after = side.update(ItemChange(item.id, item.version, {TAGS: given}), [TAGS])
    assert sorted(after.fields[TAGS]) == ["b", "c"]


@pytest.mark.parametrize(("name", "empty"), [(TAGS, []), (TAGS, ""), (ASSIGNED, ""), (POINTS, None), (BODY, "")])
def test_what_is_cleared_is_shown_empty(side: AzureDevOpsSide, name: str, empty: Any) -> None:
    item = make(side, **{TAGS: ["a"], ASSIGNED: JAMAL, POINTS: 3, BODY: "text"})
    after = side.update(ItemChange(item.id, item.version, {name: empty}), [name])
    assert after.fields == {name: None}
    assert read(side, item.id, name).fields == {name: None}


def test_a_type_has_no_opinion_on_what_it_does_not_know(side: AzureDevOpsSide, people: SimulatedPeople) -> None:
    epic, work = people.create("Epic", kind="Epic"), "Microsoft.VSTS.Scheduling.RemainingWork"
    assert read(side, epic, TITLE, BODY, POINTS, work, TARGET).fields == {TITLE: "Epic", BODY: None, TARGET: None}


def test_a_person_can_be_named_by_descriptor(organisation: Organisation, side: AzureDevOpsSide) -> None:
    item = make(side, **{ASSIGNED: JAMAL})
    person = organisation.api.get(f"_apis/wit/workitems/{item.id}")["fields"][ASSIGNED]
    item = side.update(ItemChange(item.id, item.version, {ASSIGNED: ""}), [ASSIGNED])
    text = {ASSIGNED: person["descriptor"], TITLE: person["descriptor"]}
    after = side.update(ItemChange(item.id, item.version, text), [ASSIGNED, TITLE])
    assert after.fields == {ASSIGNED: JAMAL, TITLE: person["descriptor"]}


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        (FieldType.TEXT, " Calm  printers ", "Calm printers", True),
        (FieldType.TEXT, "Calm printers", "calm printers", False),
        (FieldType.TEXT, "", None, True),
        (FieldType.RICH_TEXT, "<div>It <b>smokes</b></div>", "<p>It smokes</p>\n", True),
        (FieldType.RICH_TEXT, "a &amp; b", "a & b", True),
        (FieldType.RICH_TEXT, "<p></p>", "", True),
        (FieldType.RICH_TEXT, "It smokes", "It burns", False),
        (FieldType.NUMBER, 8, 8.0, True),
        (FieldType.NUMBER, "8", 8.0, True),
        (FieldType.NUMBER, "some", 8.0, False),
        (FieldType.DURATION, 7.5, 8, False),
        (FieldType.DATE, "2026-03-01T00:00:00Z", "2026-03-01T01:00:00+01:00", True),
        (FieldType.DATE, "2026-03-01", "2026-03-01T00:00:00Z", True),
        (FieldType.DATE, "2026-03-01", "2026-03-02", False),
        (FieldType.DATE, "soon", "2026-03-02", False),
        (FieldType.IDENTITY, "Jamal@Example.com", "jamal@example.com", True),
        (FieldType.TAGS, ["b", "A"], "a; b", True),
        (FieldType.TAGS, [], None, True),
        (FieldType.TAGS, ["a"], ["a", "b"], False),
        (FieldType.STATE, "Active", "active", False),
        (FieldType.PICKLIST, True, True, True),
    ],
)
def test_values_are_compared_as_a_reader_would(kind: FieldType, one: Any, other: Any, same: bool) -> None:
    assert translate.same(kind, one, other) is same
    assert translate.same(kind, other, one) is same


# ---------------------------------------------------------------- projects


def test_an_item_that_left_the_projects_is_read_only(side: AzureDevOpsSide, people: SimulatedPeople) -> None:
    item = make(side)
    people.edit(
        item.id,
        {
            "System.TeamProject": "Tailwind",
            AREA: "Tailwind",
            ITERATION: "Tailwind",
            "System.WorkItemType": "Bug",
            STATE: "New",
        },
    )
    gone = read(side, item.id, TITLE)
    assert (gone.project, gone.fields) == ("Tailwind", {TITLE: "Calm printers"})
    assert "'Tailwind'" in gone.read_only
    assert gone.foreign
    assert item.id not in side.everything()
    assert side.find([MARKER]) == {MARKER: (item.id,)}, "or it would be made once more"


def test_nothing_is_made_outside_the_projects(side: AzureDevOpsSide) -> None:
    with pytest.raises(Park, match="'Tailwind' is not one of this pair's projects: Fabrikam"):
        side.create(ItemDraft("Tailwind", "Bug", {TITLE: "x"}, MARKER), [])


def test_items_of_several_projects_are_one_side(organisation: Organisation, people: SimulatedPeople) -> None:
    both = AzureDevOpsSide(organisation, ["fabrikam", "Tailwind"])
    _, cursor = news(both, None)
    ours = [people.create("Ours"), people.create("Ours too", "Tailwind", "Feature")]
    people.create("Theirs", "Litware", "Bug")
    assert sorted(both.everything()) == sorted(ours)
    assert news(both, cursor)[0] == set(ours)
    assert {item.read_only for item in both.read(ours, []).values()} == {""}


def test_a_project_with_a_quote_in_its_name_is_only_a_name(organisation: Organisation) -> None:
    assert list(AzureDevOpsSide(organisation, ["O'Reilly", "Fabrikam"]).everything()) == []


def test_a_large_scope_is_listed_page_by_page(
    simulator: RunningSimulator,
    side: AzureDevOpsSide,
    people: SimulatedPeople,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.connectors.azure_devops.selection.IDS_PER_QUERY", 2)
    made = [people.create(f"Printer {n}") for n in range(4)]
    assert list(side.everything()) == made
    assert calls(simulator, of="wiql.run") == 3


# ---------------------------------------------------------------- reading and writing


@pytest.mark.parametrize("id", ["", "abc", "-1", "99999999999999", "1.5"])
def test_what_cannot_be_a_work_item_is_not_found(side: AzureDevOpsSide, id: str) -> None:
    assert side.read([id], [TITLE]) == {}
    with pytest.raises(NotFound):
        side.put_in_bin(id, "1")


def test_what_fails_after_a_write_leaves_it_in_doubt(simulator: RunningSimulator, side: AzureDevOpsSide) -> None:
    simulator.control.fault(call="types.list", status=503, times=1)
    with pytest.raises(InDoubt, match="was written"):
        make(side)
    (id,) = side.find([MARKER])[MARKER]
    assert read(side, id, TITLE).fields == {TITLE: "Calm printers"}


def test_an_edit_of_fields_is_one_call(simulator: RunningSimulator, side: AzureDevOpsSide) -> None:
    item = make(side)
    simulator.control.forget_requests()
    side.update(ItemChange(item.id, item.version, {TITLE: "After"}), [TITLE])
    assert simulator.control.counts() == {"work_items.update": 1}


def test_a_move_leaves_other_links_alone(
    organisation: Organisation, simulator: RunningSimulator, side: AzureDevOpsSide, people: SimulatedPeople
) -> None:
    one, two, child = make(side, "One"), make(side, "Two"), people.create("Child")
    related = {"rel": "System.LinkTypes.Related", "url": f"{simulator.url}/_apis/wit/workItems/{child}"}
    theirs = {"rel": "Hyperlink", "url": "https://wiki.example/page"}
    below = {"rel": "System.LinkTypes.Hierarchy-Forward", "url": f"{simulator.url}/_apis/wit/workItems/{child}"}
    id = people.create("Linked", links=[related, theirs, below])
    item = side.read([id], [])[id]
    for parent in (one.id, two.id, None):
        item = side.update(ItemChange(id, item.version, move=Move(parent)), [])
        assert item.parent == parent
    assert item.markers == ("https://wiki.example/page",)
    relations = organisation.api.get(f"_apis/wit/workitems/{id}", {"$expand": "relations"})["relations"]
    assert sorted(relation["rel"] for relation in relations) == [
        "Hyperlink",
        "System.LinkTypes.Hierarchy-Forward",
        "System.LinkTypes.Related",
    ]


def test_a_parent_that_came_in_between_is_a_lost_race(
    side: AzureDevOpsSide, people: SimulatedPeople, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No revision tells of it, so only the refusal of a second parent does."""
    one, two, item = make(side, "One"), make(side, "Two"), make(side, "Item")
    look = SharedCalls.work_items

    def look_and_be_late(calls: SharedCalls, ids: Sequence[int]) -> Any:
        seen = look(calls, ids)
        people.move(item.id, one.id)
        return seen

    monkeypatch.setattr(SharedCalls, "work_items", look_and_be_late)
    with pytest.raises(Stale, match="TF201036"):
        side.update(ItemChange(item.id, item.version, move=Move(two.id)), [])
    monkeypatch.undo()
    assert read(side, item.id).parent == one.id


def test_a_move_of_an_item_that_was_edited_is_stale(side: AzureDevOpsSide, people: SimulatedPeople) -> None:
    parent, item = make(side, "Parent"), make(side)
    people.edit(item.id, {TITLE: "Edited"})
    with pytest.raises(Stale):
        side.update(ItemChange(item.id, item.version, move=Move(parent.id)), [])
    assert read(side, item.id).parent is None


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_a_create_in_doubt_is_found_by_its_marker(
    simulator: RunningSimulator, side: AzureDevOpsSide, when: str, made: int
) -> None:
    simulator.control.fault(call="work_items.create", when=when, status="drop", times=1)
    with pytest.raises(InDoubt):
        make(side)
    assert len(side.find([MARKER])[MARKER]) == made


def test_many_side_by_side_are_few_calls(simulator: RunningSimulator, side: AzureDevOpsSide) -> None:
    items = [make(side, f"Printer {n}") for n in range(24)]
    simulator.control.latency(seconds=0.05)
    simulator.control.forget_requests()

    def edit(item: Item) -> str:
        now = read(side, item.id, TITLE)
        return side.update(ItemChange(item.id, now.version, {TITLE: f"{now.fields[TITLE]}!"}), [TITLE]).fields[TITLE]

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(edit, items)) == [f"Printer {n}!" for n in range(24)]
    simulator.control.latency()
    outer = calls(simulator, of="work_items.batch") + calls(simulator, of="batch")
    assert calls(simulator, of="work_items.update") == 24
    assert outer < 24


def test_what_is_in_the_bin_already_stays_there(
    simulator: RunningSimulator, side: AzureDevOpsSide, people: SimulatedPeople
) -> None:
    item = make(side)
    people.delete(item.id)
    side.put_in_bin(item.id, item.version)
    assert calls(simulator, of="work_items.delete") == 1
    people.restore(item.id)


@pytest.mark.parametrize("status", [200, 204])
def test_a_deletion_is_taken_with_and_without_words(
    simulator: RunningSimulator, side: AzureDevOpsSide, status: int
) -> None:
    simulator.control.rules(delete_status=status)
    item = make(side)
    side.put_in_bin(item.id, item.version)
    assert read(side, item.id).in_bin


def test_a_deletion_without_an_answer_is_in_doubt(simulator: RunningSimulator, side: AzureDevOpsSide) -> None:
    item = make(side)
    simulator.control.fault(call="work_items.delete", when="after", status="drop", times=1)
    with pytest.raises(InDoubt):
        side.put_in_bin(item.id, item.version)
    assert read(side, item.id).in_bin


def test_an_item_in_the_bin_shows_its_title(side: AzureDevOpsSide, people: SimulatedPeople) -> None:
    item = make(side, "Calm printers")
    people.delete(item.id)
    deleted = read(side, item.id, TITLE, STATE)
    assert (deleted.fields, deleted.kind, deleted.project) == ({TITLE: "Calm printers"}, "User Story", "Fabrikam")
    with pytest.raises(NotFound, match="recycle bin"):
        side.update(ItemChange(item.id, item.version, move=Move(None)), [])


# ---------------------------------------------------------------- history


def test_what_the_server_made_of_our_words_is_told(side: AzureDevOpsSide) -> None:
    item = make(side)
    side.update(ItemChange(item.id, item.version, {TAGS: "b; a", ASSIGNED: JAMAL, POINTS: 3}), [])
    asked = {TAGS: ["A", "B"], ASSIGNED: JAMAL.upper(), POINTS: "3.0", TITLE: "Never", "Custom.Nothing": "x"}
    assert side.written_by_us(item.id, item.version, asked) == {TAGS: ["b", "a"], ASSIGNED: JAMAL, POINTS: 3}


def test_history_knows_what_we_cleared_and_from_the_first_revision_on(side: AzureDevOpsSide) -> None:
    item = make(side, "First", **{BODY: "It smokes"})
    side.update(ItemChange(item.id, item.version, {BODY: ""}), [])
    assert side.written_by_us(item.id, item.version, {BODY: "", TITLE: "First"}) == {BODY: None}
    assert side.written_by_us(item.id, "", {BODY: "It smokes", TITLE: "First"}) == {BODY: "It smokes", TITLE: "First"}


def test_history_is_read_to_its_end(
    side: AzureDevOpsSide, people: SimulatedPeople, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.connectors.azure_devops.side.ROWS_PER_PAGE", 2)
    item, parent = make(side), make(side)
    people.move(item.id, parent.id)
    for n in range(4):
        people.edit(item.id, {TITLE: f"Edit {n}"})
    now = read(side, item.id)
    side.update(ItemChange(item.id, now.version, {TITLE: "Ours"}), [])
    assert side.written_by_us(item.id, item.version, {TITLE: "Ours"}) == {TITLE: "Ours"}
    assert side.written_by_us(item.id, now.version, {TITLE: "Ours"}) == {TITLE: "Ours"}
    assert side.written_by_us(item.id, read(side, item.id).version, {TITLE: "Ours"}) == {}


# ---------------------------------------------------------------- the feed


def test_a_quiet_feed_costs_two_calls(simulator: RunningSimulator, side: AzureDevOpsSide) -> None:
    make(side)
    _, cursor = news(side, None)
    simulator.control.forget_requests()
    for _ in range(2):
        feed = side.changed(cursor)
        assert (feed.ids, feed.more) == ((), False)
        cursor = feed.cursor
    assert simulator.control.counts() == {"reporting.revisions": 2, "reporting.links": 2}


def test_a_long_feed_comes_in_batches(
    simulator: RunningSimulator, side: AzureDevOpsSide, people: SimulatedPeople
) -> None:
    _, cursor = news(side, None)
    made = [people.create(f"Printer {n}") for n in range(5)]
    people.move(made[0], made[1])
    simulator.control.rules(feed_page_limit=2)
    simulator.control.forget_requests()
    first = side.changed(cursor)
    assert (set(first.ids), first.more) == ({made[0], made[1]}, True)
    assert news(side, first.cursor)[0] == set(made[2:])
    counts = simulator.control.counts()
    assert (counts["reporting.revisions"], counts["reporting.links"]) == (3, 1)


def test_the_child_of_a_link_is_what_changed(side: AzureDevOpsSide, people: SimulatedPeople) -> None:
    parent, child = people.create("Parent"), people.create("Child")
    _, cursor = news(side, None)
    people.move(child, parent)
    assert news(side, cursor)[0] == {child}


def test_children_of_other_projects_are_not_ours(side: AzureDevOpsSide, people: SimulatedPeople) -> None:
    parent, child, theirs = (
        people.create("Parent"),
        people.create("Child"),
        people.create("Theirs", "Litware", "Bug"),
    )
    _, cursor = news(side, None)
    people.move(theirs, parent)
    people.move(child, theirs)
    assert news(side, cursor)[0] == {child}


def test_children_of_what_was_deleted_or_destroyed_are_told(side: AzureDevOpsSide, people: SimulatedPeople) -> None:
    parent, child = people.create("Parent"), people.create("Child")
    people.move(child, parent)
    _, cursor = news(side, None)
    people.delete(parent)
    found, cursor = news(side, cursor)
    assert found == {parent, child}
    assert read(side, child).parent is None
    people.restore(parent)
    assert news(side, cursor)[0] == {parent, child}
    assert read(side, child).parent == parent


def test_what_shows_late_is_told_late(
    simulator: RunningSimulator, side: AzureDevOpsSide, people: SimulatedPeople
) -> None:
    parent, child = people.create("Parent"), people.create("Child")
    _, cursor = news(side, None)
    simulator.control.lag(revisions=3600, links=3600)
    people.edit(parent, {TITLE: "After"})
    people.move(child, parent)
    found, cursor = news(side, cursor)
    assert found == set()
    simulator.control.lag()
    assert news(side, cursor)[0] == {parent, child}


@pytest.mark.parametrize("minutes", [-4, 4])
def test_the_feed_begins_at_the_servers_now(simulator: RunningSimulator, people: SimulatedPeople, minutes: int) -> None:
    people.move(people.create("Child"), people.create("Parent"))
    wrong = Organisation(simulator.url, Token(), connection="b", clock=lambda: now() + timedelta(minutes=minutes))
    side = AzureDevOpsSide(wrong, ["Fabrikam"])
    cursor = side.changed(None).cursor
    made = people.create("After")
    assert news(side, cursor)[0] == {made}
    wrong.close()


@pytest.mark.parametrize("cursor", ["", "17", "{}", '{"revisions":"1"}', '{"revisions":"x","links":"1","behind":[]}'])
def test_a_cursor_of_nobody_is_refused(side: AzureDevOpsSide, cursor: str) -> None:
    with pytest.raises(Park):
        side.changed(cursor)
