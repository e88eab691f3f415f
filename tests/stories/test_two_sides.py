"""Short stories of a plan and a board, each told twice: with two sides in memory, and by the connectors to simulators.

`two_sides/*.yaml` are the stories, `telling/words.py` says in which words they are told.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from shared.errors import Refused
from tests.stories.telling import words
from tests.stories.telling.judging import differences, wrong
from tests.stories.telling.memory import MemoryGround
from tests.stories.telling.sight import seen
from tests.stories.telling.simulated import SimulatedGround, Simulators
from tests.stories.telling.stage import Stage, Untold
from tests.stories.telling.words import VERBS, Step, Story, Unreadable

FILES = sorted(Path(__file__).with_name("two_sides").glob("*.yaml"))
STORIES = {file.stem: words.read(file) for file in FILES}


def on(ground: str) -> list[object]:
    """The stories for a ground, each marked where the product does not do yet what is expected."""
    return [
        pytest.param(
            story, id=name, marks=pytest.mark.xfail(reason=story.fails[ground]) if ground in story.fails else ()
        )
        for name, story in STORIES.items()
        if ground == "memory" or not story.only_in_memory
    ]


@pytest.fixture(scope="module")
def simulators() -> Iterator[Simulators]:
    with Simulators() as running:
        yield running


def holds(stage: Stage) -> None:
    """The story ends as it is told, and stays so."""
    stage.tell(stage.story.steps)
    assert not (found := differences(stage.story.end, seen(stage))), "\n".join(found)
    assert not stage.writes_more(), "a further sweep writes nothing"
    assert not differences(stage.story.end, seen(stage)), "a further sweep changes nothing"


@pytest.mark.parametrize("story", on("memory"))
def test_a_story_holds_in_memory(story: Story):
    holds(Stage(story, MemoryGround))


@pytest.mark.parametrize("story", on("simulators"))
def test_a_story_holds_with_the_simulators(story: Story, simulators: Simulators):
    stage = Stage(story, lambda story, clock: SimulatedGround(simulators, story, clock))
    try:
        holds(stage)
    finally:
        stage.ground.close()


# ---------------------------------------------------------------- the stories themselves


def ends_as_told(story: Story, steps: Iterable[Step]) -> bool:
    stage = Stage(story, MemoryGround)
    try:
        stage.tell(steps)
    except (Untold, Refused):
        return False
    return differences(story.end, seen(stage)) == []


TRUE = [pytest.param(story, id=name) for name, story in STORIES.items() if "memory" not in story.fails]


@pytest.mark.parametrize("story", TRUE)
def test_a_story_without_one_of_its_deeds_is_another_one(story: Story):
    deeds = [step for step in story.steps if step.deed]
    without = {str(deed): [step for step in story.steps if step is not deed] for deed in deeds}
    assert [deed for deed, steps in without.items() if ends_as_told(story, steps)] == []


@pytest.mark.parametrize("story", TRUE)
def test_a_story_told_wrong_in_one_word_is_noticed(story: Story):
    stage = Stage(story, MemoryGround)
    stage.tell(story.steps)
    shown = seen(stage)
    assert [told for told in wrong(story.end) if not differences(told, shown)] == []


def test_there_are_thirty_stories_of_a_page_each():
    assert len(STORIES) >= 30
    assert [file.name for file in FILES if not 10 <= len(file.read_text().splitlines()) <= 30] == []
    assert [name for name, times in Counter(story.sentence for story in STORIES.values()).items() if times > 1] == []


def test_every_word_is_told_somewhere():
    told = {step.verb.removeprefix("board ").removeprefix("plan ") for s in STORIES.values() for step in s.steps}
    assert {verb.removeprefix("board ").removeprefix("plan ") for verb in VERBS} == told


TOLD = {
    "story": "A rename goes over",
    "in step": "Basket",
    "steps": [{"board edits": "Basket", "title": "Cart"}, "sweep"],
    "end": {"board": "Cart", "plan": "Cart"},
}
MISTOLD = [
    ({"and then": 1}, "a story has no 'and then'"),
    ({"story": None, "steps": []}, "nobody does anything"),
    ({"steps": [{"board edit": "Basket"}]}, "nobody knows what 'board edit' means: do you mean 'board edits'?"),
    ({"steps": [{"board edits": "Basket", "name": "Cart"}]}, "'board edits' has no 'name'"),
    ({"steps": [{"board moves": "Basket"}]}, "'board moves' lacks 'under'"),
    ({"steps": [{"token expires": "tool"}]}, "'token expires' speaks of the board or the plan, not of 'tool'"),
    ({"steps": [["sweep"]]}, "'['sweep']' is no step: write who does what"),
    ({"end": {"bord": "Cart"}}, "the end has no 'bord': do you mean 'board'?"),
    ({"end": {"board": "Cart {colour: red}"}}, "board, 'Cart' has no 'colour'"),
    ({"end": {"board": "Cart {state"}}, "board: 'Cart {state' is no item: write a title, and what it says in braces"),
    ({"board": "Cart\n   Wheel"}, "board: 'Wheel' is indented by something else than 2 blanks below its parent"),
    ({"end": {"plan": "Cart {source: Jira}"}}, "plan, 'Cart' has no 'source'"),
    ({"board": "Cart (alone)"}, "where 'Cart' stands at first says whether it is linked"),
    ({"board": "Basket"}, "'Basket' is on the board twice"),
    ({"pair": {"colour": "red"}}, "pair has no 'colour'"),
    ({"pair": {"fields": {"titel": "ask"}}}, "a pair has no field 'titel': do you mean 'title'?"),
    ({"pair": {"fields": {"title": "mine"}}}, "'mine' of 'title' is neither a policy nor a direction"),
    ({"awkward": {"plan": {"bites": True}}}, "'plan' cannot be awkward by bites"),
    ({"awkward": {"board": {"trims": ["title"]}}}, "say why 'board' is so `only in memory`"),
    ({"fails": {"azure": "because"}}, "`fails` says why by ground: memory or simulators"),
]


@pytest.mark.parametrize(("slip", "sentence"), MISTOLD)
def test_a_slip_of_the_pen_is_told(slip: dict[str, object], sentence: str):
    with pytest.raises(Unreadable, match=re.escape(sentence)):
        words.story(TOLD | slip)


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ([{"board edits": "Basket", "title": "Basket"}], "'board edits Basket' did nothing"),
        ([{"board edits": "Cart", "title": "Basket"}], "there is no 'Cart' on the board"),
        ([{"board moves": "Basket", "under": "Shop"}], "there is no 'Shop' on the board"),
        (["sweep"], "a sweep found nothing to do"),
        ([{"plan loses the answer": "update"}], "it never came to this: after ppm.update"),
    ],
)
def test_a_step_that_does_nothing_fails(steps: list[object], sentence: str):
    story = words.story(TOLD | {"steps": [*steps, {"board edits": "Basket", "title": "Cart"}]})
    with pytest.raises(Untold, match=re.escape(sentence)):
        Stage(story, MemoryGround).tell(story.steps)
