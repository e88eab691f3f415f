"""What a ticket asks of its work item, and the smallest change that brings the work item there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.configuration import Destination
from shared.errors import Park
from shared.model import Hyperlink, StateCategory, WorkItem, WorkItemChange, WorkItemType
from shared.tickets import planning

PROPOSED, IN_PROGRESS, RESOLVED, COMPLETED, REMOVED = StateCategory
STORY = WorkItemType(
    name="User Story",
    states={"New": PROPOSED, "Active": IN_PROGRESS, "Resolved": RESOLVED, "Closed": COMPLETED, "Removed": REMOVED},
    transitions={"": ("New",), "New": ("Active", "Removed"), "Active": ("Resolved", "New"),
                 "Resolved": ("Closed", "Active"), "Closed": ("Active",), "Removed": ("New",)},
    fields=frozenset({"System.Title", "System.Description", planning.PRIORITY}),
)  # fmt: skip
BUG = WorkItemType("Bug", {"New": PROPOSED, "Done": COMPLETED}, {"": ("New",), "New": ("Done",), "Done": ("New",)},
                   frozenset({planning.REPRO_STEPS}))  # fmt: skip
TO_NETWORK = Destination(
    project="Fabrikam", team="Network", type="User Story", tags=("itsm",), priorities={"Urgent": 1}
)
FIELDS = {"number": "INC1", "title": "VPN down", "body": "no <b>route</b>\nto host", "priority": "urgent",
          "status_category": "open", "url": "https://x/INC1"}  # fmt: skip
LINK = Hyperlink("https://x/INC1", "INC1 in servicenow")
AREA = "Fabrikam\\Network"


def wishes(destination=TO_NETWORK, **fields):
    return planning.wishes({**FIELDS, **fields}, "sys1", destination, AREA)


def item(**given) -> WorkItem:
    fields = {"System.Title": "VPN down", "System.AreaPath": "Fabrikam\\Network", "System.State": "New",
              "System.TeamProject": "Fabrikam", "System.Description": "no &lt;b&gt;route&lt;/b&gt;<br>to host",
              "System.Tags": "itsm", planning.PRIORITY: 1}  # fmt: skip
    links = given.pop("hyperlinks", (LINK,))
    parent = given.pop("parent", None)
    return WorkItem(7, 3, "Fabrikam", "User Story", fields | given.pop("fields", {}), links, parent)


def change(wanted, baseline, now, type=STORY, iteration=None, link=LINK):
    return planning.change(wanted, baseline, now, type, wanted["area"], iteration, link)


def test_a_draft_has_everything_the_ticket_asks_for_in_the_initial_state():
    draft = planning.draft(wishes(), STORY, AREA, "Fabrikam\\Sprint 1", (LINK,))
    assert draft.fields == {
        "System.Title": "VPN down",
        "System.AreaPath": "Fabrikam\\Network",
        "System.IterationPath": "Fabrikam\\Sprint 1",
        "System.Description": "no &lt;b&gt;route&lt;/b&gt;<br>to host",
        "System.Tags": "itsm",
        planning.PRIORITY: 1,
    }
    assert (draft.project, draft.type, draft.hyperlinks) == ("Fabrikam", "User Story", (LINK,))


def test_bugs_get_repro_steps_and_no_field_that_the_type_lacks():
    fields = planning.draft(wishes(), BUG, AREA, None, ()).fields
    assert planning.REPRO_STEPS in fields
    assert not {"System.Description", planning.PRIORITY, "System.IterationPath"} & fields.keys()


@pytest.mark.parametrize(
    ("title", "number", "expected"),
    [
        ("VPN\n down\t", "INC1", "VPN down"),
        ("", "INC1", "INC1"),
        ("", "", "sys1"),
        ("x" * 300, "INC1", "x" * 254 + "…"),
    ],
)
def test_titles(title, number, expected):
    assert wishes(title=title, number=number)["title"] == expected


@pytest.mark.parametrize(
    ("priority", "level", "expected"),
    [("urgent", None, "1"), ("URGENT", "3", "1"), ("odd", "3", "3"), ("odd", None, None)],
)
def test_priorities_come_from_the_route_then_the_preset_and_are_never_guessed(priority, level, expected):
    fields = {"priority": priority} | ({"priority_level": level} if level else {})
    assert planning.wishes(fields, "sys1", TO_NETWORK, "Fabrikam").get("priority") == expected


def test_an_unknown_status_is_no_wish():
    assert "state" not in planning.wishes({"status": "Awaiting moon"}, "sys1", TO_NETWORK, "Fabrikam")


@pytest.mark.parametrize(
    ("status", "type", "category"),
    [("open", STORY, PROPOSED), ("in_progress", STORY, IN_PROGRESS), ("resolved", STORY, RESOLVED),
     ("closed", STORY, COMPLETED), ("cancelled", STORY, REMOVED),
     ("in_progress", BUG, PROPOSED), ("resolved", BUG, COMPLETED), ("cancelled", BUG, COMPLETED)],
)  # fmt: skip
def test_a_status_becomes_the_nearest_category_that_the_type_has(status, type, category):
    assert planning.category(type, status) == category


def test_an_open_ticket_may_become_a_type_that_starts_in_progress():
    issue = WorkItemType("Issue", {"Active": IN_PROGRESS, "Closed": COMPLETED}, {"": ("Active",)}, frozenset())
    assert planning.category(issue, "open") == IN_PROGRESS


def test_a_type_without_a_fitting_category_parks_naming_it():
    with pytest.raises(Park, match="'Odd' has no state of category Completed"):
        planning.category(WorkItemType("Odd", {"New": PROPOSED}, {}, frozenset()), "closed")


def test_only_what_the_ticket_changed_is_written():
    baseline = planning.fingerprint(wishes())
    on_the_board = item(fields={"System.Title": "edited by the team", "System.State": "Active", planning.PRIORITY: 4})
    assert change(wishes(), baseline, on_the_board)[0] is None
    written, after = change(wishes(priority="odd", priority_level="2"), baseline, on_the_board)
    assert written == WorkItemChange(7, 3, {planning.PRIORITY: 2})
    assert after == planning.fingerprint(wishes(priority="odd", priority_level="2"))


def test_what_the_work_item_shows_already_is_not_written_but_becomes_the_baseline():
    wanted = wishes(title="Renamed")
    written, after = change(wanted, planning.fingerprint(wishes()), item(fields={"System.Title": "Renamed"}))
    assert written is None
    assert planning.unmet(wanted, after) == set()


def test_html_that_the_server_rewrote_is_not_written_again():
    wanted = wishes(body="<p>one</p><p>two</p>", body_format="html")
    stored = "<p>one</p>\n<p>two</p>\n"
    assert change(wanted, planning.fingerprint(wishes()), item(fields={"System.Description": stored}))[0] is None


@pytest.mark.parametrize(
    ("present", "baseline", "wanted", "result"),
    [
        ("team; itsm", "itsm", ("itsm", "vip"), "team; itsm; vip"),
        ("team; itsm; old", "itsm; old", ("itsm",), "team; itsm"),
        ("ITSM", "", ("itsm",), None),
        ("", "", ("a", "b"), "a; b"),
        ("old", "old", ("new",), "new"),
    ],
)
def test_tags_are_merged_not_replaced(present, baseline, wanted, result):
    target = wishes(TO_NETWORK.model_copy(update={"tags": wanted}))
    before = {**planning.fingerprint(target), "tags": baseline}
    written, _ = change(target, before, item(fields={"System.Tags": present}))
    assert (written and written.fields.get("System.Tags")) == result


@pytest.mark.parametrize(
    ("current", "status", "step", "arrived"),
    [
        ("New", "in_progress", "Active", True),
        ("New", "closed", "Active", False),
        ("Active", "closed", "Resolved", False),
        ("Resolved", "closed", "Closed", True),
        ("Closed", "closed", None, True),
        ("Closed", "open", "Active", False),
        ("Closed", "resolved", "Active", False),
    ],
)
def test_a_state_is_approached_by_legal_transitions(current, status, step, arrived):
    wanted = wishes(status_category=status)
    baseline = {**planning.fingerprint(wanted), "state": "something else"}
    written, after = change(wanted, baseline, item(fields={"System.State": current}))
    assert (written.fields.get("System.State") if written else None) == step
    assert ("state" not in planning.unmet(wanted, after)) is arrived


def test_a_state_without_a_way_parks():
    stuck = WorkItemType("Stuck", {"New": PROPOSED, "Done": COMPLETED}, {"": ("New",)}, frozenset())
    with pytest.raises(Park, match="no way from the state 'New'"):
        change(wishes(status_category="closed"), {}, item(), stuck)


def test_a_changed_ticket_address_replaces_its_hyperlink_and_leaves_others():
    wanted = wishes(url="https://x/new")
    now = item(hyperlinks=(LINK, Hyperlink("https://wiki/page")))
    written, _ = change(wanted, planning.fingerprint(wishes()), now, link=Hyperlink("https://x/new"))
    assert (written.add_hyperlinks, written.remove_hyperlinks) == ((Hyperlink("https://x/new"),), ("https://x/INC1",))


def test_a_move_to_another_project_leaves_its_area_and_iteration_in_the_same_patch():
    target = Destination(project="Tailwind", area="Tailwind\\Web", type="User Story")
    wanted = planning.wishes(FIELDS, "sys1", target, "Tailwind\\Web")
    written, _ = change(wanted, planning.fingerprint(wishes()), item())
    assert written.fields["System.TeamProject"] == "Tailwind"
    assert written.fields["System.AreaPath"] == "Tailwind\\Web"
    assert written.fields["System.IterationPath"] == "Tailwind"


def test_the_current_iteration_is_wanted_anew_when_the_team_changes_not_when_the_sprint_does():
    current = TO_NETWORK.model_copy(update={"iteration": "current"})
    elsewhere = current.model_copy(update={"team": "Web"})
    baseline = planning.fingerprint(wishes(current))
    assert planning.unmet(wishes(current), baseline) == set()
    assert planning.unmet(wishes(elsewhere), baseline) == {"iteration"}


def test_what_the_ticket_clears_is_cleared():
    untagged = TO_NETWORK.model_copy(update={"tags": ()})
    wanted = wishes(untagged, body="", url="")
    written, after = change(wanted, planning.fingerprint(wishes()), item(), link=None)
    assert written.fields == {"System.Description": "", "System.Tags": ""}
    assert written.remove_hyperlinks == ("https://x/INC1",)
    assert planning.unmet(wanted, after) == set()


def test_what_the_ticket_never_had_clears_nothing_that_the_team_wrote():
    fields = {name: value for name, value in FIELDS.items() if name != "body"}
    baseline = planning.fingerprint(planning.wishes(fields, "sys1", TO_NETWORK, "Fabrikam\\Network"))
    assert planning.unmet(wishes(body=""), baseline) == set()


def test_a_parent_is_set_once():
    target = wishes(TO_NETWORK.model_copy(update={"parent": 12}))
    assert change(target, {}, item())[0].parent == 12
    assert change(target, planning.fingerprint({**target, "parent": ""}), item(parent=12))[0] is None


def test_a_landed_write_is_known_by_its_values_even_if_the_server_rewrote_them():
    written, _ = change(wishes(title="New title", body="<p>x</p>" * 200, body_format="html"),
                        planning.fingerprint(wishes()), item())  # fmt: skip
    intent = planning.intent_fields(written)
    stored = item(fields={**written.fields, "System.Description": "<p>x</p>\n" * 200, "System.Title": " New title"})
    assert planning.landed(intent, stored)
    assert not planning.landed(intent, item())
    assert not planning.landed({}, item()), "a write of links only leaves nothing to know it by"


def test_the_baseline_after_a_create_lacks_a_state_that_is_not_the_initial_one():
    assert planning.unmet(wishes(), planning.met_by_creating(wishes(), STORY)) == set()
    closed = wishes(status_category="closed")
    assert planning.unmet(closed, planning.met_by_creating(closed, STORY)) == {"state"}


wish_values = st.fixed_dictionaries(
    {"title": st.sampled_from(["VPN down", "VPN up"]), "status_category": st.sampled_from(list(planning.CATEGORIES)),
     "priority_level": st.sampled_from("1234"), "priority": st.just("odd"),
     "body": st.sampled_from(["", "text", "a <b>bold</b> text", "x" * 1000])})  # fmt: skip


@given(wish_values, wish_values, st.sampled_from(list(STORY.states)))
def test_writing_the_changes_one_after_another_meets_every_wish(before, after, state):
    baseline, now = planning.fingerprint(wishes(**before)), item(fields={"System.State": state})
    wanted = wishes(**after)
    for _ in range(6):
        if not planning.unmet(wanted, baseline):
            break
        written, baseline = change(wanted, baseline, now)
        if written:
            now = item(fields={**now.fields, **written.fields})
    assert planning.unmet(wanted, baseline) == set()
