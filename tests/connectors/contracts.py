"""What every implementation of the `Boards` port keeps, as one test class.

A subclass gives the fixtures `boards` (empty, with the organisation of `tests.memory.organisation`) and `people`, by
whom the same organisation is used and administered.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import pytest

from shared.errors import NotFound, Park, Stale
from shared.model import Hyperlink, StateCategory, Team, WorkItem, WorkItemChange, WorkItemDraft
from shared.ports import Boards

TITLE, STATE, TAGS, AREA = "System.Title", "System.State", "System.Tags", "System.AreaPath"
DESCRIPTION, HISTORY = "System.Description", "System.History"
PRIORITY = "Microsoft.VSTS.Common.Priority"
MARKER = Hyperlink("https://bridge.example/api/tickets/snow/INC001?a=1&b=%2F", "the ticket")


type Later = Callable[[], None]


def story(title: str = "Printer on fire", *links: Hyperlink, parent: int | None = None, **fields: Any) -> WorkItemDraft:
    return WorkItemDraft("Fabrikam", "User Story", {TITLE: title, **fields}, links, parent)


def change(item: WorkItem, **changes: Any) -> WorkItemChange:
    return WorkItemChange(item.id, item.rev, **changes)


def changes(boards: Boards, cursor: str | None) -> tuple[set[int], str]:
    """All of the feed after `cursor`, and where it ends now."""
    found: set[int] = set()
    more = True
    while more:
        batch = boards.changed(cursor)
        found.update(batch.ids)
        cursor, more = batch.cursor, batch.more
    assert cursor is not None
    return found, cursor


class People(Protocol):
    """What others do in the organisation. Areas are given by path."""

    def delete(self, id: int) -> None:
        """Move a work item to the recycle bin."""
        ...

    def comment(self, id: int, html: str) -> int:
        """Comment on a work item as Jamal Hartnett; the comment's id."""
        ...

    def delete_comment(self, id: int, comment: int) -> None: ...

    def rename_area(self, area: str, name: str) -> None: ...

    def move_area(self, area: str, below: str) -> None: ...

    def delete_area(self, area: str, into: str) -> None:
        """Its work items go to the area `into`."""
        ...

    def refuse_new_tags(self) -> None:
        """Take away the right to create tags."""
        ...


class BoardsContract:
    @pytest.fixture
    @abstractmethod
    def boards(self) -> Boards: ...

    @pytest.fixture
    @abstractmethod
    def people(self, boards: Boards) -> People: ...

    @pytest.fixture
    @abstractmethod
    def later(self) -> Later:
        """Lets so much time pass that nothing is remembered any more."""

    # ---------------------------------------------------------------- create and read

    def test_create_gives_the_work_item_as_it_can_be_read(self, boards: Boards) -> None:
        epic = boards.create(WorkItemDraft("Fabrikam", "Epic", {TITLE: "Calm printers"}))
        fields = {AREA: "Fabrikam\\Service Desk", TAGS: "itsm; printer", PRIORITY: 1, DESCRIPTION: "<p>It smokes</p>"}
        item = boards.create(story("Druckerstörung & <more>", MARKER, parent=epic.id, **fields))

        assert item == boards.work_item(item.id)
        assert (item.rev, item.project, item.type, item.parent) == (1, "Fabrikam", "User Story", epic.id)
        assert item.hyperlinks == (MARKER,)
        assert item.url.startswith("http")
        assert item.url.endswith(f"/_workitems/edit/{item.id}")
        assert {name: item.fields[name] for name in fields} == fields
        assert item.fields[TITLE] == "Druckerstörung & <more>"
        assert item.fields[STATE] == "New"

    def test_every_create_makes_another_work_item(self, boards: Boards) -> None:
        first, second = boards.create(story("Twice", MARKER)), boards.create(story("Twice", MARKER))
        assert first.id < second.id
        assert boards.find_by_hyperlink([MARKER.url])[MARKER.url] == (first.id, second.id)

    @pytest.mark.parametrize(
        ("draft", "error", "names"),
        [
            (WorkItemDraft("Nowhere", "Bug", {TITLE: "x"}), NotFound, "Nowhere"),
            (WorkItemDraft("Fabrikam", "Saga", {TITLE: "x"}), Park, "Saga"),
            (story(**{AREA: "Fabrikam\\Nowhere"}), Park, "System.AreaPath"),
            (story(**{"System.IterationPath": "Fabrikam\\Nowhere"}), Park, "System.IterationPath"),
            (story(**{"Custom.Nothing": "x"}), Park, "Custom.Nothing"),
            (story(**{STATE: "Baking"}), Park, "Baking"),
            (story(title=""), Park, "Title"),
            (story(parent=999_999), NotFound, "999999"),
        ],
    )
    def test_a_refused_draft_leaves_nothing_behind(
        self, boards: Boards, draft: WorkItemDraft, error: type[Park], names: str
    ) -> None:
        marked = WorkItemDraft(draft.project, draft.type, draft.fields, (MARKER,), draft.parent)
        with pytest.raises(error, match=names):
            boards.create(marked)
        assert boards.find_by_hyperlink([MARKER.url]) == {MARKER.url: ()}

    def test_what_is_not_there_is_not_found(self, boards: Boards, people: People) -> None:
        item = boards.create(story())
        people.delete(item.id)
        for missing in (item.id, item.id + 1):
            with pytest.raises(NotFound, match=str(missing)):
                boards.work_item(missing)
            with pytest.raises(NotFound, match=str(missing)):
                boards.update(WorkItemChange(missing, 1, {TITLE: "x"}))

    # ---------------------------------------------------------------- update

    def test_update_writes_exactly_the_change(self, boards: Boards) -> None:
        before = boards.create(story("Before", MARKER, **{DESCRIPTION: "kept", PRIORITY: 3}))
        after = boards.update(change(before, fields={TITLE: "After", STATE: "Active", AREA: "Fabrikam\\Network"}))

        assert after == boards.work_item(before.id)
        assert after.rev == before.rev + 1
        assert (after.fields[TITLE], after.fields[STATE], after.fields[AREA]) == (
            "After",
            "Active",
            "Fabrikam\\Network",
        )
        assert (after.fields[DESCRIPTION], after.fields[PRIORITY]) == ("kept", 3)
        assert after.hyperlinks == (MARKER,)

    def test_a_stale_change_writes_nothing(self, boards: Boards) -> None:
        first = boards.create(story(**{TAGS: "a"}))
        now = boards.update(change(first, fields={TITLE: "Somebody was first"}))
        stale_changes = (
            change(first, fields={TITLE: "Late"}),
            change(first, fields={TAGS: "b"}),
            change(first, add_hyperlinks=(MARKER,)),
        )
        for stale in stale_changes:
            with pytest.raises(Stale, match=str(now.rev)):
                boards.update(stale)
        assert boards.work_item(first.id) == now

    def test_a_refused_change_writes_nothing(self, boards: Boards) -> None:
        item = boards.create(story())
        with pytest.raises(Park, match="Baking"):
            boards.update(change(item, fields={TITLE: "After", STATE: "Baking"}, add_hyperlinks=(MARKER,)))
        assert boards.work_item(item.id) == item

    @pytest.mark.parametrize(
        ("had", "wanted"),
        [("", "a; b"), ("a", "b"), ("a; b", "b; c"), ("a; b", "a"), ("A", "a"), ("a; b", ""), ("", "")],
    )
    def test_tags_become_what_is_given(self, boards: Boards, had: str, wanted: str) -> None:
        item = boards.create(story(**{TAGS: had}))
        after = boards.update(change(item, fields={TAGS: wanted, TITLE: "Tagged"}))
        assert set(after.fields.get(TAGS, "").split("; ")) == set(wanted.split("; "))

    @pytest.mark.parametrize("name", [DESCRIPTION, "System.AssignedTo", PRIORITY])
    def test_an_empty_string_clears(self, boards: Boards, name: str) -> None:
        value = {DESCRIPTION: "text", "System.AssignedTo": "fabrikamfiber4@hotmail.com", PRIORITY: 1}[name]
        item = boards.create(story(**{name: value}))
        after = boards.update(change(item, fields={name: ""}))
        assert name not in after.fields
        again = boards.update(change(after, fields={name: "", TITLE: "Cleared what is clear"}))
        assert name not in again.fields

    def test_hyperlinks_come_and_go(self, boards: Boards) -> None:
        one, two, three, four = (Hyperlink(f"https://itsm.example/{n}", f"link {n}") for n in range(1, 5))
        item = boards.create(story("Linked", one, two, three, parent=boards.create(story("Parent")).id))
        after = boards.update(
            change(item, add_hyperlinks=(four, two), remove_hyperlinks=(one.url, three.url, "https://never.example/"))
        )
        assert set(after.hyperlinks) == {two, four}
        assert after.rev == item.rev + 1
        assert after.parent == item.parent
        assert boards.find_by_hyperlink([one.url, four.url]) == {one.url: (), four.url: (item.id,)}

    def test_the_parent_is_replaced_and_makes_no_revision(self, boards: Boards) -> None:
        first, second = boards.create(story("First")), boards.create(story("Second"))
        item = boards.create(story("Child", MARKER))
        for parent in (first, second, second):
            after = boards.update(change(item, parent=parent.id))
            assert (after.parent, after.rev) == (parent.id, item.rev)
        assert boards.work_item(item.id).parent == second.id
        moved = boards.update(change(item, fields={TITLE: "Moved"}, remove_hyperlinks=(MARKER.url,), parent=first.id))
        assert (moved.parent, moved.hyperlinks, moved.fields[TITLE]) == (first.id, (), "Moved")

    def test_a_circle_of_parents_is_refused(self, boards: Boards) -> None:
        top = boards.create(story("Top"))
        middle = boards.create(story("Middle", parent=top.id))
        with pytest.raises(Park, match="circular"):
            boards.update(change(top, parent=middle.id))

    def test_a_work_item_moves_to_another_project(self, boards: Boards) -> None:
        item = boards.create(WorkItemDraft("Fabrikam", "Bug", {TITLE: "Wrong project"}, (MARKER,)))
        place = dict.fromkeys(("System.TeamProject", AREA, "System.IterationPath"), "Tailwind")
        moved = boards.update(change(item, fields={**place, STATE: "Committed"}))
        assert (moved.id, moved.project, moved.fields[STATE]) == (item.id, "Tailwind", "Committed")
        assert boards.find_by_hyperlink([MARKER.url]) == {MARKER.url: (item.id,)}

    # ---------------------------------------------------------------- history and search

    def test_a_revision_is_what_it_left(self, boards: Boards) -> None:
        item = boards.create(story("One"))
        boards.update(change(boards.update(change(item, fields={TITLE: "Two"})), fields={TITLE: "Three"}))
        titles = [boards.revision(item.id, rev).fields[TITLE] for rev in (1, 2, 3)]
        assert titles == ["One", "Two", "Three"]
        with pytest.raises(NotFound):
            boards.revision(item.id, 4)

    def test_the_search_finds_live_bearers_by_exact_url(self, boards: Boards, people: People) -> None:
        longer = Hyperlink(MARKER.url + "0")
        gone, first, second = (boards.create(story(title, MARKER)) for title in ("Gone", "First", "Second"))
        other = boards.create(story("Other", longer))
        people.delete(gone.id)
        urls = [MARKER.url, longer.url, *(f"https://nobody.example/{n}" for n in range(198))]
        found = boards.find_by_hyperlink(urls)
        assert list(found) == urls
        assert found[MARKER.url] == (first.id, second.id)
        assert found[longer.url] == (other.id,)
        assert not any(found[url] for url in urls[2:])

    def test_a_search_takes_up_to_200_urls(self, boards: Boards) -> None:
        assert boards.find_by_hyperlink([]) == {}
        with pytest.raises(ValueError, match="200"):
            boards.find_by_hyperlink([f"https://itsm.example/{n}" for n in range(201)])

    # ---------------------------------------------------------------- what the organisation is like

    def test_a_check_of_a_working_organisation_raises_nothing(self, boards: Boards) -> None:
        boards.check()

    def test_a_type_has_states_transitions_and_fields(self, boards: Boards) -> None:
        type = boards.work_item_type("Fabrikam", "User Story")
        assert type.name == "User Story"
        assert type.states == {
            "New": StateCategory.PROPOSED,
            "Active": StateCategory.IN_PROGRESS,
            "Resolved": StateCategory.IN_PROGRESS,
            "Closed": StateCategory.COMPLETED,
            "Removed": StateCategory.REMOVED,
        }
        assert type.transitions[""] == ("New",)
        assert "Active" in type.transitions["New"]
        assert {TITLE, STATE, AREA, DESCRIPTION, PRIORITY} <= type.fields
        bug = boards.work_item_type("Fabrikam", "Bug")
        assert bug.states["Resolved"] is StateCategory.RESOLVED
        assert "Microsoft.VSTS.TCM.ReproSteps" in bug.fields

    def test_an_unknown_type_names_those_there_are(self, boards: Boards) -> None:
        with pytest.raises(NotFound, match=r"Saga.*User Story"):
            boards.work_item_type("Fabrikam", "Saga")
        with pytest.raises(NotFound, match="Nowhere"):
            boards.work_item_type("Nowhere", "Bug")

    def test_teams_own_areas(self, boards: Boards) -> None:
        teams = {team.name: team for team in boards.teams("Tailwind")}
        assert len({team.id for team in teams.values() if team.id}) == len(teams)
        assert {name: replace(team, id="") for name, team in teams.items()} == {
            "Tailwind Team": Team("Tailwind", "Tailwind Team", "Tailwind", (("Tailwind", False),)),
            "Web": Team("Tailwind", "Web", "Tailwind\\Web", (("Tailwind\\Web", True),)),
            "Data": Team("Tailwind", "Data", "Tailwind\\Data", (("Tailwind\\Data", True),)),
        }
        with pytest.raises(NotFound, match="Nowhere"):
            boards.teams("Nowhere")

    @pytest.mark.parametrize("team", [None, "Fabrikam Team", "Service Desk"])
    def test_the_current_iteration_is_a_path(self, boards: Boards, team: str | None) -> None:
        assert boards.current_iteration("Fabrikam", team) == "Fabrikam\\Sprint 2"

    def test_an_unknown_team_is_not_found(self, boards: Boards) -> None:
        with pytest.raises(NotFound, match="Nobody"):
            boards.current_iteration("Fabrikam", "Nobody")

    def test_areas_are_known_by_what_outlives_their_names(self, boards: Boards) -> None:
        areas = boards.areas("Fabrikam")
        assert set(areas.values()) == {
            "Fabrikam",
            "Fabrikam\\Network",
            "Fabrikam\\Service Desk",
            "Fabrikam\\Platform",
            "Fabrikam\\PMO",
            "Fabrikam\\Triage",
        }
        assert next(iter(areas.values())) == "Fabrikam"
        assert boards.areas("Fabrikam") == areas
        with pytest.raises(NotFound, match="Nowhere"):
            boards.areas("Nowhere")

    def test_iterations_come_root_first(self, boards: Boards) -> None:
        root, *sprints = boards.iterations("Tailwind")
        assert root == "Tailwind"
        assert {f"Tailwind\\Sprint {number}" for number in (1, 2, 3)} <= set(sprints)
        with pytest.raises(NotFound, match="Nowhere"):
            boards.iterations("Nowhere")

    def test_nobody_is_interested_in_the_case_of_projects_and_types(self, boards: Boards) -> None:
        assert boards.areas("fabrikam") == boards.areas("Fabrikam")
        assert [team.name for team in boards.teams("FABRIKAM")] == [team.name for team in boards.teams("Fabrikam")]
        assert boards.work_item_type("fabrikam", "user story").name == "User Story"

    # ---------------------------------------------------------------- what becomes of areas

    def identifier(self, boards: Boards, path: str) -> str:
        return next(identifier for identifier, area in boards.areas("Fabrikam").items() if area == path)

    @pytest.mark.parametrize(
        ("act", "path"),
        [
            (lambda people: people.rename_area("Fabrikam\\Network", "Lines"), "Fabrikam\\Lines"),
            (lambda people: people.move_area("Fabrikam\\Network", "Fabrikam\\PMO"), "Fabrikam\\PMO\\Network"),
        ],
    )
    def test_an_area_keeps_its_identifier_and_its_work_items_make_no_revision(
        self, boards: Boards, people: People, later: Later, act: Callable[[People], None], path: str
    ) -> None:
        item = boards.create(story(**{AREA: "Fabrikam\\Network"}))
        identifier, (_, end) = self.identifier(boards, "Fabrikam\\Network"), changes(boards, None)
        act(people)
        later()
        assert boards.areas("Fabrikam")[identifier] == path
        now = boards.work_item(item.id)
        assert (now.fields[AREA], now.rev) == (path, item.rev)
        assert boards.revision(item.id, 1).fields[AREA] == path
        assert changes(boards, end)[0] == set()
        network = next(team for team in boards.teams("Fabrikam") if team.name == "Network")
        assert (network.default_area, network.areas) == (path, ((path, True),))

    def test_work_items_of_a_deleted_area_move_by_a_revision(
        self, boards: Boards, people: People, later: Later
    ) -> None:
        inside = boards.create(story(**{AREA: "Fabrikam\\Network"}))
        beside = boards.create(story(**{AREA: "Fabrikam\\Platform"}))
        identifier, (_, end) = self.identifier(boards, "Fabrikam\\Network"), changes(boards, None)
        people.delete_area("Fabrikam\\Network", "Fabrikam\\Triage")
        later()
        assert identifier not in boards.areas("Fabrikam")
        now = boards.work_item(inside.id)
        assert (now.fields[AREA], now.rev) == ("Fabrikam\\Triage", inside.rev + 1)
        assert boards.work_item(beside.id) == beside
        assert changes(boards, end)[0] == {inside.id}
        network = next(team for team in boards.teams("Fabrikam") if team.name == "Network")
        assert (network.default_area, network.areas) == (None, ())

    # ---------------------------------------------------------------- tags

    def test_a_project_has_the_tags_that_were_given(self, boards: Boards) -> None:
        boards.create(story(**{TAGS: "Calm; printer"}))
        boards.create(story(**{TAGS: "calm"}))
        assert {"Calm", "printer"} <= boards.tags("Fabrikam")
        assert "calm" not in boards.tags("Fabrikam")
        assert "Calm" not in boards.tags("Tailwind")
        with pytest.raises(NotFound, match="Nowhere"):
            boards.tags("Nowhere")

    def test_new_tags_may_be_refused(self, boards: Boards, people: People) -> None:
        boards.create(story(**{TAGS: "Calm"}))
        assert boards.may_create_tags("Fabrikam")
        people.refuse_new_tags()
        assert not boards.may_create_tags("Fabrikam")
        assert boards.create(story(**{TAGS: "calm"})).rev == 1
        with pytest.raises(Park, match="TF401289"):
            boards.create(story(**{TAGS: "Calm; stormy"}))
        with pytest.raises(NotFound, match="Nowhere"):
            boards.may_create_tags("Nowhere")

    # ---------------------------------------------------------------- comments

    def test_comments_come_oldest_first_without_those_taken_back(self, boards: Boards, people: People) -> None:
        item = boards.create(story())
        assert boards.comments(item.id) == ()
        first, second, third = (people.comment(item.id, f"<p>{word}</p>") for word in ("One", "Two", "Three"))
        spoken = boards.work_item(item.id)
        people.delete_comment(item.id, second)
        assert (spoken.rev, boards.work_item(item.id).rev) == (4, 5)
        comments = boards.comments(item.id)
        assert [(each.id, each.html) for each in comments] == [(first, "<p>One</p>"), (third, "<p>Three</p>")]
        assert {each.author for each in comments} == {"Jamal Hartnett"}
        people.delete(item.id)
        with pytest.raises(NotFound, match=str(item.id)):
            boards.comments(item.id)

    def test_what_is_said_in_a_patch_is_a_comment_and_belongs_to_its_revision_alone(self, boards: Boards) -> None:
        born = boards.create(story(**{HISTORY: "<p>First</p>"}))
        said = boards.update(change(born, fields={HISTORY: "<p>Again</p>", TITLE: "Said"}))
        same = boards.update(change(said, fields={HISTORY: "<p>Again</p>"}))
        boards.update(change(same, fields={TITLE: "Silent"}))
        assert [each.html for each in boards.comments(born.id)] == ["<p>First</p>", "<p>Again</p>", "<p>Again</p>"]
        spoken = [boards.revision(born.id, rev).fields.get(HISTORY) for rev in (1, 2, 3, 4)]
        assert spoken == ["<p>First</p>", "<p>Again</p>", "<p>Again</p>", None]

    # ---------------------------------------------------------------- the feed

    def test_the_feed_begins_now(self, boards: Boards) -> None:
        boards.create(story("Before"))
        first = boards.changed(None)
        assert (first.ids, first.more) == ((), False)
        assert changes(boards, first.cursor)[0] == set()

    def test_the_feed_names_whatever_made_a_revision(self, boards: Boards, people: People) -> None:
        quiet, edited, spoken, deleted = (boards.create(story()) for _ in range(4))
        _, end = changes(boards, None)
        boards.update(change(boards.update(change(edited, fields={TITLE: "Two"})), fields={TITLE: "Three"}))
        people.comment(spoken.id, "<p>Look</p>")
        people.delete(deleted.id)
        created = boards.create(story())
        boards.update(change(quiet, parent=created.id))
        assert changes(boards, end)[0] == {edited.id, spoken.id, deleted.id, created.id}

    def test_a_place_in_the_feed_can_be_returned_to(self, boards: Boards) -> None:
        _, start = changes(boards, None)
        first = boards.create(story())
        seen, middle = changes(boards, start)
        second = boards.create(story())
        assert seen == {first.id}
        assert changes(boards, middle)[0] == {second.id}
        assert changes(boards, start)[0] == {first.id, second.id}
