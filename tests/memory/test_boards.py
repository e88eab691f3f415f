"""The in-memory boards keep the contract, and break where a test asks them to."""

from datetime import UTC, datetime

import pytest

from shared.errors import InDoubt, NotFound, RetryLater
from shared.model import WorkItemChange
from tests.connectors.contracts import MARKER, TITLE, BoardsContract, Later, story
from tests.memory.boards import Late, MemoryBoards


def noon() -> datetime:
    return datetime(2026, 5, 4, 12, tzinfo=UTC)


class TestMemoryBoards(BoardsContract):
    @pytest.fixture
    def boards(self) -> MemoryBoards:
        return MemoryBoards(noon)

    @pytest.fixture
    def people(self, boards: MemoryBoards) -> MemoryBoards:
        return boards

    @pytest.fixture
    def later(self) -> Later:
        return lambda: None  # nothing is remembered


class Script:
    """A hook that raises what it was told to, once, at one moment, and keeps what it heard."""

    def __init__(self, moment: str = "", error: Exception | None = None) -> None:
        self.heard: list[str] = []
        self._moment = moment
        self._error = error

    def __call__(self, moment: str) -> None:
        self.heard.append(moment)
        if moment == self._moment and self._error:
            error, self._error = self._error, None
            raise error


def test_the_hook_hears_every_call_before_and_after() -> None:
    script = Script()
    boards = MemoryBoards(noon, script)
    boards.work_item(boards.create(story()).id)
    assert script.heard == [
        "before boards.create",
        "after boards.create",
        "before boards.work_item",
        "after boards.work_item",
    ]


@pytest.mark.parametrize(("moment", "created"), [("before", 0), ("after", 1)])
def test_a_create_fails_before_or_after_it_was_done(moment: str, created: int) -> None:
    boards = MemoryBoards(noon, Script(f"{moment} boards.create", RetryLater("broken", 1)))
    with pytest.raises(RetryLater):
        boards.create(story("Once", MARKER))
    assert len(boards.find_by_hyperlink([MARKER.url])[MARKER.url]) == created


def test_a_late_create_lands_when_told() -> None:
    boards = MemoryBoards(noon, Script("before boards.create", Late(InDoubt("no answer"))))
    with pytest.raises(InDoubt):
        boards.create(story("Late", MARKER))
    assert boards.live() == ()
    assert boards.land_late() == 1
    assert [item.fields[TITLE] for item in boards.live()] == ["Late"]
    assert boards.land_late() == 0


def test_a_late_update_is_refused_if_somebody_wrote_meanwhile() -> None:
    boards = MemoryBoards(noon, Script("before boards.update", Late(InDoubt("no answer"))))
    item = boards.create(story())
    with pytest.raises(InDoubt):
        boards.update(WorkItemChange(item.id, item.rev, {TITLE: "Late"}))
    boards.edit(item.id, {TITLE: "Somebody's"})
    assert boards.land_late() == 0
    assert boards.work_item(item.id).fields[TITLE] == "Somebody's"


def test_people_edit_move_and_delete() -> None:
    boards = MemoryBoards(noon)
    parent, item = boards.create(story("Parent")), boards.create(story("Child"))
    assert boards.edit(item.id, {TITLE: "Edited"}).fields["System.ChangedBy"]["displayName"] == "Jamal Hartnett"
    assert boards.move(item.id, parent.id).rev == 2
    boards.delete(item.id)
    with pytest.raises(NotFound):
        boards.work_item(item.id)
